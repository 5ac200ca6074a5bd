/* run_data.c - see run_data.h. */
#include "frontend/cli/run_data.h"
#include "runtime/tensor.h"

#include <stdio.h>
#include <string.h>

int run_split_files(cli *c, const char *option, const text_list *texts, run_file **out)
{
    run_file *files = ARENA_ARRAY(&c->arena, run_file, texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        const char *text = texts->at[i], *equals = strchr(text, '=');
        if (!equals || equals == text || !equals[1])
            return cli_fail(c, EXIT_USAGE, "%s takes NAME=FILE.npy, not '%s'", option, text);
        files[i] = (run_file){arena_copy(&c->arena, text, (size_t)(equals - text)), equals + 1};
    }
    *out = files;
    return EXIT_DONE;
}

/* ---- names ----------------------------------------------------------------------------------- */

typedef const isg_port *(*port_at)(const isg_program *p, size_t position);

static const isg_port *find_port(const isg_program *p, port_at at, const char *name)
{
    const isg_port *port;
    for (size_t i = 0; (port = at(p, i)); i++)
        if (!strcmp(port->name, name))
            return port;
    return NULL;
}

/* "f32[batch, 3, 4]" */
static const char *port_text(cli *c, const isg_port *port)
{
    char shape[TENSOR_SHAPE_TEXT];
    tensor_shape_text(port->rank, port->shape, shape);
    return arena_format(&c->arena, "%s[batch%s%s", port->dtype == ISG_I32 ? "i32" : "f32", port->rank ? ", " : "", shape + 1);
}

static int unknown_name(cli *c, const isg_program *p, const char *kind, port_at at, const char *name)
{
    const isg_port *port;
    struct {
        const char **at;
        uint32_t count, capacity;
    } names = {0};
    for (size_t i = 0; (port = at(p, i)); i++)
        ARENA_PUSH(&c->arena, &names, port->name);
    int status = cli_fail(c, EXIT_INPUT, "model '%s' has no %s '%s'", isg_program_name(p), kind, name);
    if (diagnostics_nearest(&c->arena, name, names.at, names.count)) {
        cli_hint_nearest(c, name, names.at, names.count, "", "");
        return status;
    }
    for (size_t i = 0; (port = at(p, i)); i++)
        cli_hint(c, "its %ss: %s, %s", kind, port->name, port_text(c, port));
    return status;
}

static int check_given(cli *c, const isg_program *p, const char *kind, port_at at, const run_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!find_port(p, at, files[i].name))
            return unknown_name(c, p, kind, at, files[i].name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(files[k].name, files[i].name))
                return cli_fail(c, EXIT_INPUT, "%s '%s' is given twice", kind, files[i].name);
    }
    return EXIT_DONE;
}

int run_check_names(cli *c, const isg_program *p, const run_file *inputs, size_t input_count, const run_file *outputs,
                    size_t output_count)
{
    const isg_port *port;
    int status = check_given(c, p, "input", isg_input, inputs, input_count);
    if (!status)
        status = check_given(c, p, "output", isg_output, outputs, output_count);
    if (status)
        return status;
    for (size_t i = 0; (port = isg_input(p, i)); i++) {
        bool given = false;
        for (size_t k = 0; k < input_count; k++)
            given |= !strcmp(inputs[k].name, port->name);
        if (given)
            continue;
        status = cli_fail(c, EXIT_INPUT, "input '%s' is missing: %s", port->name, port_text(c, port));
        cli_hint(c, "give it as --input %s=FILE.npy", port->name);
    }
    return status;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

/* The runtime checks shapes as well; here the file can be named, and what is likely wrong. */
static int check_shape(run_data *d, const run_file *file, const isg_port *port, const isg_tensor *t)
{
    char shape[TENSOR_SHAPE_TEXT];
    size_t bytes = sizeof *t->shape * (size_t)port->rank;
    if (t->rank == port->rank + 1 && !memcmp(t->shape + 1, port->shape, bytes))
        return EXIT_DONE;
    int status = cli_fail(d->cli, EXIT_INPUT, "%s: input '%s' has shape %s; the model needs %s", file->path, file->name,
                          tensor_shape_text(t->rank, t->shape, shape), port_text(d->cli, port));
    if (t->rank == port->rank && !memcmp(t->shape, port->shape, bytes))
        cli_hint(d->cli, "the first axis counts samples: a single one has 1 there");
    return status;
}

static int read_inputs(run_data *d, const run_file *files, size_t count)
{
    cli *c = d->cli;
    isg_error error;
    d->arrays = ARENA_ARRAY(&c->arena, npy_array, count);
    d->inputs = ARENA_ARRAY(&c->arena, isg_named_tensor, count);
    for (size_t i = 0; i < count; i++) {
        if (npy_read_file(c->allocator, c->io, files[i].path, &d->arrays[i], &error))
            return cli_fail_error(c, &error);
        d->input_count = i + 1;
        const isg_tensor *t = &d->arrays[i].tensor;
        d->inputs[i] = (isg_named_tensor){files[i].name, *t};
        int status = check_shape(d, &files[i], find_port(d->program, isg_input, files[i].name), t);
        if (status)
            return status;
        if (i && t->shape[0] != d->batch)
            return cli_fail(c, EXIT_INPUT, "input '%s' has %lld samples, but input '%s' has %lld", files[i].name,
                            (long long)t->shape[0], files[0].name, (long long)d->batch);
        d->batch = t->shape[0];
    }
    return EXIT_DONE;
}

/* ---- outputs --------------------------------------------------------------------------------- */

static int make_output(run_data *d, const isg_port *port, const char *path)
{
    cli *c = d->cli;
    int64_t shape[ISG_MAX_RANK] = {d->batch}, count;
    if (port->rank + 1 > ISG_MAX_RANK)
        return cli_fail(c, EXIT_INPUT, "output '%s' has %d axes; with the samples that is more than %d", port->name, port->rank,
                        ISG_MAX_RANK);
    memcpy(shape + 1, port->shape, sizeof *shape * (size_t)port->rank);
    if (!tensor_count(port->rank + 1, shape, &count))
        return cli_fail(c, EXIT_INPUT, "output '%s' of %lld samples is too large", port->name, (long long)d->batch);
    size_t bytes = (size_t)count * sizeof(float);
    void *data = c->allocator->resize(c->allocator->context, NULL, 0, bytes ? bytes : 1);
    if (!data)
        return cli_fail(c, EXIT_INPUT, "out of memory: output '%s' takes %zu bytes", port->name, bytes);
    size_t at = d->output_count++;
    d->outputs[at] = (isg_named_tensor){port->name, tensor_contiguous(ISG_F32, port->rank + 1, shape, data)};
    d->output_paths[at] = path;
    d->output_bytes[at] = bytes ? bytes : 1;
    return EXIT_DONE;
}

/* In the program's order, so that the first output, when it is there, comes first. */
static int make_outputs(run_data *d, const run_file *files, size_t count, bool want_first)
{
    cli *c = d->cli;
    const isg_port *port;
    d->outputs = ARENA_ARRAY(&c->arena, isg_named_tensor, isg_output_count(d->program));
    d->output_paths = ARENA_ARRAY(&c->arena, const char *, isg_output_count(d->program));
    d->output_bytes = ARENA_ARRAY(&c->arena, size_t, isg_output_count(d->program));
    for (size_t i = 0; (port = isg_output(d->program, i)); i++) {
        const char *path = NULL;
        for (size_t k = 0; k < count; k++)
            if (!strcmp(files[k].name, port->name))
                path = files[k].path;
        int status = path || (want_first && i == 0) ? make_output(d, port, path) : EXIT_DONE;
        if (status)
            return status;
    }
    return EXIT_DONE;
}

int run_data_open(run_data *d, cli *c, const isg_program *p, const run_file *inputs, size_t input_count, const run_file *outputs,
                  size_t output_count, bool want_first)
{
    *d = (run_data){.cli = c, .program = p, .batch = 1};
    int status = read_inputs(d, inputs, input_count);
    return status ? status : make_outputs(d, outputs, output_count, want_first);
}

void run_data_close(run_data *d)
{
    const isg_allocator *a = d->cli->allocator;
    for (size_t i = 0; i < d->input_count; i++)
        npy_free(a, &d->arrays[i]);
    for (size_t i = 0; i < d->output_count; i++)
        a->resize(a->context, d->outputs[i].tensor.data, d->output_bytes[i], 0);
}

const isg_tensor *run_data_first(const run_data *d)
{
    return &d->outputs[0].tensor;
}

int run_data_write(const run_data *d)
{
    cli *c = d->cli;
    isg_error error;
    for (size_t i = 0; i < d->output_count; i++)
        if (d->output_paths[i] && npy_write_file(c->allocator, c->io, d->output_paths[i], &d->outputs[i].tensor, &error))
            return cli_fail_error(c, &error);
    return EXIT_DONE;
}
