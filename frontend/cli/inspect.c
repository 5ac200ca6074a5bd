/* inspect.c - isg inspect: what a Hamiltonian is, and what it does. */
#include "backends/machine/problem_anneal.h"
#include "backends/matrix/matrix.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_data.h"
#include "inspect/document.h"
#include "inspect/machine_view.h"
#include "inspect/model_run.h"
#include "inspect/page/page.h"
#include "inspect/text.h"
#include "runtime/file.h"
#include "runtime/tensor.h"

#include <stddef.h>
#include <string.h>

typedef struct inspect_options {
    const char *weights, *target, *from, *diff, *output;
    text_list inputs;
    int format;
    int32_t sample, reads, sweeps;
    uint64_t seed;
} inspect_options;

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML };

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(inspect_options, weights), 0, 0},
    {"input", "NAME=FILE.npy", "an input, samples first; once for each input. Without any, only what needs no numbers",
     OPTION_LIST, offsetof(inspect_options, inputs), 0, 0},
    {"sample", "K", "the sample to look at (default 0)", OPTION_NUMBER, offsetof(inspect_options, sample), 0, 0},
    {"target", "NAME", "what that machine would make of it (isg targets lists them), or a .yaml of your own", OPTION_TEXT,
     offsetof(inspect_options, target), 0, 0},
    {"from", "FORMAT", "a problem file's format, where its name does not tell", OPTION_TEXT, offsetof(inspect_options, from), 0, 0},
    {"reads", "R", "independent anneals to measure by (default 64, less for large problems)", OPTION_NUMBER,
     offsetof(inspect_options, reads), 1, 0},
    {"sweeps", "S", "sweeps over all spins in each (default 128, less for large problems)", OPTION_NUMBER,
     offsetof(inspect_options, sweeps), 1, 0},
    {"seed", "N", "of the random numbers (default 0)", OPTION_SEED, offsetof(inspect_options, seed), 0, 0},
    {"format", "text|json|html", "for people, for programs, or one page that a browser opens without a network", OPTION_CHOICE, offsetof(inspect_options, format), 0, 0},
    {"output", "OUT", "write there instead of to stdout", OPTION_TEXT, offsetof(inspect_options, output), 0, 'o'},
    {0},
};

static const option_table table = {
    "MODEL.attn|PROBLEM",
    "Shows the Hamiltonians of a model, or a problem from a file: the terms and where they are written, how couplings and fields\n"
    "are spread, what is decided beforehand, the spectrum, how hard the annealing is and what it finds. A model without --input\n"
    "is shown by its structure alone. A file ending in .attn is a model, any other a problem.",
    "examples:\n"
    "  isg inspect mis.attn\n"
    "  isg inspect digits.attn --weights digits.safetensors --input patches=patches.npy --sample 3\n"
    "  isg inspect G22.txt --from rudy --format json -o G22.json",
    rows,
};

/* Everything an inspection holds. */
typedef struct session {
    cli *cli;
    const inspect_options *options;
    const char *path;
    compilation compilation;
    run_file *inputs;
    native_program *native;
    isg_program *program;
    run_data data;
    int64_t samples;
    machine *machine;
    machine_settings machine_settings;
    const char *machine_refuses; /* why the target cannot run the model; NULL: it can, or there is none */
    model_run run;
    problem problem;
    observation observation;
    json_t *document;
} session;

static bool is_model(const char *path)
{
    size_t length = strlen(path);
    return length >= 5 && !strcmp(path + length - 5, ".attn");
}

/* ---- the document ----------------------------------------------------------------------------- */

static json_t *subject(session *s, const char *kind, const char *name, const char *format, json_t *sources)
{
    arena *a = &s->cli->arena;
    const inspect_options *o = s->options;
    const observation *x = s->run.anneals && s->run.probes.anneals ? &s->run.anneals[0].observation : &s->observation;
    json_t *value = value_object(a);
    value_put(a, value, "kind", value_text(a, kind));
    value_put(a, value, "name", value_text(a, name));
    value_put(a, value, "file", value_text(a, s->path));
    value_put(a, value, "format", value_text(a, format));
    value_put(a, value, "sources", sources);
    value_put(a, value, "samples", s->data.input_count ? value_count(a, s->samples) : value_null());
    value_put(a, value, "sample", s->data.input_count ? value_count(a, o->sample) : value_null());
    value_put(a, value, "target", value_text(a, o->target ? s->compilation.target->name : NULL));
    value_put(a, value, "seed", value_seed(a, o->seed));
    value_put(a, value, "reads", value_count(a, x->reads));
    value_put(a, value, "sweeps", value_count(a, x->sweeps));
    return value;
}

static json_t *document(session *s, json_t *subject_value, json_t *hamiltonians)
{
    arena *a = &s->cli->arena;
    json_t *value = value_object(a);
    value_put(a, value, "version", value_count(a, 1));
    value_put(a, value, "subject", subject_value);
    value_put(a, value, "hamiltonians", hamiltonians);
    return value;
}

/* ---- models ----------------------------------------------------------------------------------- */

/* The sample alone. */
static int keep_sample(session *s)
{
    int64_t at = s->options->sample;
    s->samples = s->data.batch;
    if (at >= s->data.batch)
        return cli_fail(s->cli, EXIT_INPUT, "--sample %lld: the inputs have %lld samples, 0 the first", (long long)at,
                        (long long)s->data.batch);
    for (size_t i = 0; i < s->data.input_count; i++) {
        isg_tensor *t = &s->data.inputs[i].tensor;
        t->data = (char *)t->data + at * t->strides[0];
        t->shape[0] = 1;
    }
    return EXIT_DONE;
}

static int compile_program(session *s)
{
    isg_error error;
    const native_options native = {.optimise = 2};
    const safetensors *weights = &s->compilation.weights;
    if (native_compile(s->compilation.module, &native, &s->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(&s->compilation, "native", error.message, ir_print(s->compilation.module, true));
        return cli_fail_error(s->cli, &error);
    }
    const isg_abi_program *abi = native_program_abi(s->native);
    if (!s->options->weights && abi->parameter_count && !abi->weights) {
        int status = cli_fail(s->cli, EXIT_INPUT, "model '%s' has %llu parameters, '@%s' the first, and no weights were given",
                              abi->model, (unsigned long long)abi->parameter_count, abi->parameters[0].name);
        cli_hint(s->cli, "give them with --weights FILE.safetensors");
        return status;
    }
    if (program_open_abi(abi, weights->tensors, weights->count, s->cli->allocator, s->cli->io, &s->program, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static int run_sample(session *s)
{
    isg_error error;
    const isg_run_options options = {.threads = 1, .seed = s->options->seed, .first_sample = s->options->sample};
    program_set_solver(s->program, model_run_solve, &s->run);
    if (isg_run(s->program, s->data.inputs, s->data.input_count, NULL, 0, &options, NULL, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static const target *machine_target(const session *s)
{
    const target *t = s->compilation.target;
    return t && t->kind != TARGET_NATIVE ? t : NULL;
}

/* Before the probes are in, which are none of the machine's business. */
static int open_machine(session *s)
{
    const inspect_options *o = s->options;
    isg_error error;
    s->machine_settings = (machine_settings){.target = machine_target(s), .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed};
    if (!s->machine_settings.target)
        return EXIT_DONE;
    isg_status status = machine_open(&s->machine, s->compilation.module, &s->machine_settings, s->cli->allocator, &error);
    if (status == ISG_INVALID) {
        s->machine_refuses = arena_format(&s->cli->arena, "%s", error.message);
        return EXIT_DONE;
    }
    return status ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

static int observe_model(session *s)
{
    cli *c = s->cli;
    const inspect_options *o = s->options;
    int status = open_machine(s);
    if (status)
        return status;
    const observe_settings settings = {.reads = o->reads, .sweeps = o->sweeps, .seed = o->seed};
    s->run = model_run_open(s->compilation.module, probes_insert(s->compilation.module, &c->arena), &settings, s->machine,
                            c->allocator, &c->arena);
    status = compile_program(s);
    if (!status)
        status = run_check_names(c, s->program, s->inputs, o->inputs.count, NULL, 0);
    if (!status)
        status = run_data_open(&s->data, c, s->program, s->inputs, o->inputs.count, NULL, 0, false);
    if (!status)
        status = keep_sample(s);
    return status ? status : run_sample(s);
}

/* Inputs as float32, C order. */
static sample_input *sample_inputs(session *s)
{
    arena *a = &s->cli->arena;
    sample_input *list = ARENA_ARRAY(a, sample_input, s->data.input_count);
    for (size_t i = 0; i < s->data.input_count; i++) {
        isg_tensor one = tensor_at(&s->data.inputs[i].tensor, 0);
        int64_t count = 1;
        isg_error error;
        list[i] = (sample_input){.name = s->data.inputs[i].name, .rank = one.rank};
        for (int32_t k = 0; k < one.rank; k++)
            count *= list[i].shape[k] = one.shape[k];
        float *data = ARENA_ARRAY(a, float, (size_t)count);
        tensor_to_f32(&one, (tensor_origin){.kind = "input", .name = list[i].name, .sample = 0}, data, &error);
        list[i].data = data;
    }
    return list;
}

/* Parts without numbers too; what the machine makes of them only with. */
static int view_anneal(session *s, ir_op op, uint32_t number, machine_view *out)
{
    arena *a = &s->cli->arena;
    const target *t = machine_target(s);
    const observed_anneal *x = s->run.anneals ? &s->run.anneals[number] : NULL;
    isg_error error;
    *out = (machine_view){0};
    if (!t)
        return EXIT_DONE;
    const machine_parts parts = machine_parts_of(s->compilation.module, op, a);
    out->partition = machine_partition_value(a, &parts, t, x ? &x->problem : NULL);
    if (s->machine_refuses)
        out->machine = machine_refused_value(a, t, s->machine_refuses);
    if (!x || !x->machine_state)
        return EXIT_DONE;
    const machine_answer answer = {.up = x->machine_state,
                                   .energy = x->machine_energy,
                                   .passes = (int32_t)machine_tally_of(s->machine, number).passes,
                                   .reads = machine_reads(&s->machine_settings),
                                   .sweeps = machine_sweeps(&s->machine_settings)};
    if (machine_answer_value(a, &parts, t, &x->problem, &answer, observation_state(&x->observation, x->observation.reads),
                             x->observation.energies[x->observation.reads], &out->machine, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static int describe_anneal(session *s, ir_op op, uint32_t number, json_t *list)
{
    arena *a = &s->cli->arena;
    const ir_module *m = s->compilation.module;
    const observed_anneal *x = s->run.anneals ? &s->run.anneals[number] : NULL;
    measured numbers = {0};
    json_t *value;
    isg_error error;
    if (x)
        numbers = (measured){.problem = &x->problem,
                             .observation = &x->observation,
                             .terms = x->terms,
                             .inputs = sample_inputs(s),
                             .input_count = (uint32_t)s->data.input_count};
    int status = view_anneal(s, op, number, &numbers.view);
    if (status)
        return status;
    if (document_of_anneal(a, m, op, x ? x->moves : NULL, machine_target(s), &numbers, &value, &error))
        return cli_fail_error(s->cli, &error);
    value_push(a, list, value);
    return EXIT_DONE;
}

static int inspect_model(session *s)
{
    arena *a = &s->cli->arena;
    const inspect_options *o = s->options;
    int status = run_split_files(s->cli, "--input", &o->inputs, &s->inputs);
    if (!status)
        status = compile_load_model(&s->compilation, s->path, o->weights);
    if (!status)
        status = compile_find_target(&s->compilation, o->target);
    if (!status)
        status = compile_to(&s->compilation, STAGE_SCHEDULED);
    if (status)
        return status;
    ir_module *m = s->compilation.module;
    const ir_function *model = m->functions.at[0];
    ARENA_LIST(ir_op) anneals = {0};
    for (uint32_t i = 0; i < model->ops.count; i++)
        if (ir_op_get(m, model->ops.at[i])->code == OP_ANNEAL)
            ARENA_PUSH(a, &anneals, model->ops.at[i]);
    json_t *sources = document_sources(a, m), *list = value_array(a);
    if (o->inputs.count)
        status = observe_model(s);
    for (uint32_t k = 0; k < anneals.count && !status; k++)
        status = describe_anneal(s, anneals.at[k], k, list);
    if (!status)
        s->document = document(s, subject(s, "model", ir_text(m, model->name), NULL, sources), list);
    return status;
}

/* ---- problems --------------------------------------------------------------------------------- */

static int view_problem(session *s, machine_view *out)
{
    arena *a = &s->cli->arena;
    const inspect_options *o = s->options;
    const target *t = machine_target(s);
    const observation *x = &s->observation;
    machine_parts parts;
    machine_answer answer;
    isg_error error;
    *out = (machine_view){0};
    if (!t)
        return EXIT_DONE;
    if (machine_parts_of_problem(&s->problem, t, a, &parts, &error))
        return cli_fail_error(s->cli, &error);
    out->partition = machine_partition_value(a, &parts, t, &s->problem);
    isg_status status = machine_ask(&s->problem, t, o->reads, o->sweeps, o->seed, a, &answer, &error);
    if (status == ISG_INVALID)
        out->machine = machine_refused_value(a, t, error.message);
    else if (!status)
        status = machine_answer_value(a, &parts, t, &s->problem, &answer, observation_state(x, x->reads), x->energies[x->reads],
                                      &out->machine, &error);
    return status && status != ISG_INVALID ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

static int inspect_problem(session *s)
{
    cli *c = s->cli;
    const inspect_options *o = s->options;
    isg_error error;
    matrix_notes notes;
    if (o->weights || o->inputs.count)
        return cli_fail(c, EXIT_USAGE, "%s goes with a model, a file ending in .attn; '%s' is taken for a problem",
                        o->weights ? "--weights" : "--input", s->path);
    int status = compile_find_target(&s->compilation, o->target);
    if (status)
        return status;
    if (matrix_read_file(c->allocator, c->io, s->path, o->from, &s->problem, &notes, &error))
        return cli_fail_error(c, &error);
    const observe_settings settings = {.reads = o->reads, .sweeps = o->sweeps, .seed = o->seed};
    if (observe_problem(&s->problem, &settings, &s->observation, &error))
        return cli_fail_error(c, &error);
    measured numbers = {.problem = &s->problem, .observation = &s->observation};
    status = view_problem(s, &numbers.view);
    if (status)
        return status;
    json_t *list = value_array(&c->arena), *value;
    if (document_of_problem(&c->arena, "problem", "single flips, spin by spin in order", machine_target(s), &numbers, &value, &error))
        return cli_fail_error(c, &error);
    value_push(&c->arena, list, value);
    const char *slash = strrchr(s->path, '/');
    s->document = document(s, subject(s, "problem", slash ? slash + 1 : s->path, notes.format, value_array(&c->arena)), list);
    return EXIT_DONE;
}

/* ---- the command ------------------------------------------------------------------------------ */

static int write_page(session *s)
{
    cli *c = s->cli;
    isg_error error;
    char *html;
    size_t length;
    const char *json = document_text(&c->arena, s->document);
    if (page_write(c->allocator, json, strlen(json), &html, &length, &error))
        return cli_fail_error(c, &error);
    int status = cli_write_text(c, s->options->output, html);
    page_free(c->allocator, html, length);
    return status;
}

static int write_document(session *s)
{
    arena *a = &s->cli->arena;
    if (s->options->format == FORMAT_HTML)
        return write_page(s);
    const char *text = s->options->format == FORMAT_JSON ? document_text(a, s->document) : text_of_document(a, s->document);
    return cli_write_text(s->cli, s->options->output, text);
}

static void session_close(session *s)
{
    if (s->data.cli)
        run_data_close(&s->data);
    if (s->run.anneals)
        model_run_close(&s->run);
    if (s->observation.allocator)
        observation_close(&s->observation);
    if (s->problem.allocator)
        problem_close(&s->problem);
    if (s->program)
        isg_close(s->program);
    machine_close(s->machine);
    if (s->native)
        native_program_close(s->native);
    json_decref(s->document);
    compilation_close(&s->compilation);
}

int cli_inspect(cli *c, int argc, char **argv)
{
    inspect_options o = {0};
    session s = {.cli = c, .options = &o};
    int status = options_parse(c, &table, argc, argv, &o, &s.path);
    if (status != OPTIONS_GO_ON)
        return status;
    compilation_open(&s.compilation, c);
    status = is_model(s.path) ? inspect_model(&s) : inspect_problem(&s);
    if (!status)
        status = write_document(&s);
    session_close(&s);
    return status;
}
