/* emit.c - isg emit: a model's Hamiltonians as matrix files for a machine, in a directory that `isg decode` goes on with. */
#include "backends/matrix/matrix.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/problem_file.h"
#include "frontend/cli/run_data.h"
#include "frontend/cli/show_session.h"
#include "ir/text.h"
#include "runtime/program.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct emit_options {
    const char *weights, *target, *format, *samples, *output;
    text_list inputs;
    int32_t passes, threads;
    uint64_t seed;
    bool allow_trivial;
} emit_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(emit_options, weights), 0, 0},
    {"input", "NAME=FILE.npy", "an input, samples first; once for each input", OPTION_LIST, offsetof(emit_options, inputs), 0, 0},
    {"target", "NAME", "the machine (isg targets lists them), or a .yaml of your own", OPTION_TEXT,
     offsetof(emit_options, target), 0, 0},
    {"samples", "A:B", "the samples from A up to but not B, counted from 0; either may be left out (default: all)", OPTION_TEXT,
     offsetof(emit_options, samples), 0, 0},
    {"passes", "P", "where the machine holds a model in parts: how often to go over all of them (default 4)", OPTION_NUMBER,
     offsetof(emit_options, passes), 1, 0},
    {"format", "FMT", "of the matrices, instead of the target's own (isg convert --help lists them)", OPTION_TEXT,
     offsetof(emit_options, format), 0, 0},
    {"seed", "N", "of the random numbers (default 0)", OPTION_SEED, offsetof(emit_options, seed), 0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(emit_options, threads), 0, 0},
    {"allow-trivial", NULL, "emit matrices without couplings too", OPTION_FLAG, offsetof(emit_options, allow_trivial), 0, 0},
    {"output", "SESSION_DIR", "the directory to make", OPTION_TEXT, offsetof(emit_options, output), 0, 'o'},
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Writes what a machine is to solve as matrix files, one a part of the model and sample, into a directory that holds all\n"
    "that is needed to go on, here or on another computer. The loop, for machines reached through a web page or a queue:\n\n"
    "  1. isg emit     writes SESSION_DIR/round-000/\n"
    "  2. you          upload these matrices, wait, and download a result for each\n"
    "  3. isg decode   reads the results, some or all of them; when a round is whole it writes the next one, or the\n"
    "                  model's outputs\n\n"
    "Parts that presolve settles need no machine and have no file. Equal matrices are written once.",
    "examples:\n"
    "  isg emit digits.attn --weights digits.safetensors --input patches=patches.npy --samples 0:64 \\\n"
    "           --target qboson-cim-550 -o digits-session\n"
    "  isg decode digits-session --results downloads/*.json --output logits=logits.npy\n\n"
    "To rehearse without a machine, let its simulator answer:\n"
    "  for m in digits-session/round-000/*.csv; do isg solve \"$m\" --target qboson-cim-550 -o \"${m%.csv}.solution.json\"; "
    "done\n"
    "  isg decode digits-session --results digits-session/round-000/*.solution.json --output logits=logits.npy",
    rows,
    true,
};

/* Everything an emit holds; closed in reverse order. */
typedef struct emission {
    cli *cli;
    const emit_options *options;
    run_file *inputs;
    compilation compilation;
    target target; /* with the format asked for */
    const source_file *target_file;
    native_program *native;
    isg_program *program;
    const machine_schedule *schedules;
    const char **names; /* of the Hamiltonians */
    uint64_t hamiltonians;
    run_data data;
    int64_t first;
    session *session;
} emission;

/* ---- options ------------------------------------------------------------------------------------- */

static int check_options(const emission *e)
{
    const emit_options *o = e->options;
    const char *missing = !o->target ? "--target NAME" : !o->output ? "-o SESSION_DIR" : NULL;
    if (missing) {
        cli_fail(e->cli, EXIT_USAGE, "%s is missing", missing);
        cli_hint(e->cli, o->target ? "`isg emit --help` shows how it is used" : "`isg targets` lists the machines");
        return EXIT_USAGE;
    }
    return problem_file_format(e->cli, "--format", o->format);
}

/* Digits up to `end`, or the default where there is none. */
static bool read_bound(const char *text, const char *end, int64_t *out)
{
    if (text == end)
        return true;
    if (end - text > 15 || strspn(text, "0123456789") < (size_t)(end - text))
        return false;
    *out = strtoll(text, NULL, 10);
    return true;
}

static int choose_samples(emission *e)
{
    const char *text = e->options->samples;
    int64_t begin = 0, end = e->data.batch;
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!text)
        return EXIT_DONE;
    if (!colon || !read_bound(text, colon, &begin) || !read_bound(colon + 1, text + strlen(text), &end))
        return cli_fail(e->cli, EXIT_USAGE, "--samples takes A:B, whole numbers from 0, not '%s'", text);
    if (begin >= end)
        return cli_fail(e->cli, EXIT_INPUT, "--samples %s: no sample; A:B is from A up to but not B", text);
    if (end > e->data.batch)
        return cli_fail(e->cli, EXIT_INPUT, "--samples %s: the inputs have samples 0:%lld", text, (long long)e->data.batch);
    for (size_t i = 0; i < e->data.input_count; i++) {
        isg_tensor *t = &e->data.inputs[i].tensor;
        t->data = (char *)t->data + begin * t->strides[0];
        t->shape[0] = end - begin;
    }
    e->first = begin;
    e->data.batch = end - begin;
    return EXIT_DONE;
}

/* ---- the program --------------------------------------------------------------------------------- */

static int compile_model(emission *e, const char *path)
{
    compilation *k = &e->compilation;
    const native_options native = {.optimise = 2};
    isg_error error;
    int status = compile_find_target(k, e->options->target);
    if (status)
        return status;
    e->target_file = &k->diagnostics.files.at[k->diagnostics.files.count - 1];
    e->target = *k->target;
    e->target.format = e->options->format ? e->options->format : k->target->format;
    status = compile_load_model(k, path, e->options->weights);
    if (!status)
        status = compile_to(k, STAGE_SCHEDULED);
    if (status)
        return status;
    if (machine_schedules_of(k->module, &e->target, &e->cli->arena, &e->schedules, &e->hamiltonians, &error))
        return cli_fail_error(e->cli, &error);
    if (native_compile(k->module, &native, &e->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(k, "native", error.message, ir_print(k->module, true));
        return cli_fail_error(e->cli, &error);
    }
    return EXIT_DONE;
}

static int open_program(emission *e)
{
    isg_error error;
    const isg_abi_program *abi = native_program_abi(e->native);
    const safetensors *weights = &e->compilation.weights;
    if (!e->options->weights && abi->parameter_count && !abi->weights) {
        cli_fail(e->cli, EXIT_INPUT, "model '%s' has parameters, '@%s' the first, and no weights were given", abi->model,
                 abi->parameters[0].name);
        cli_hint(e->cli, "give them with --weights FILE.safetensors");
        return EXIT_INPUT;
    }
    if (program_open_abi(abi, weights->tensors, weights->count, e->cli->allocator, e->cli->io, &e->program, &error))
        return cli_fail_error(e->cli, &error);
    e->names = ARENA_ARRAY(&e->cli->arena, const char *, e->hamiltonians);
    for (uint64_t i = 0; i < e->hamiltonians; i++)
        e->names[i] = abi->hamiltonians[i].name;
    return EXIT_DONE;
}

static int open_data(emission *e)
{
    int status = run_check_names(e->cli, e->program, e->inputs, e->options->inputs.count, NULL, 0);
    if (!status)
        status = run_data_open(&e->data, e->cli, e->program, e->inputs, e->options->inputs.count, NULL, 0, false);
    return status ? status : choose_samples(e);
}

/* ---- the session --------------------------------------------------------------------------------- */

static int begin(emission *e)
{
    const emit_options *o = e->options;
    isg_error error;
    const session_settings settings = {.folder = o->output,
                                       .target = &e->target,
                                       .target_text = e->target_file->text,
                                       .target_length = e->target_file->length,
                                       .format = e->target.format,
                                       .program = ir_print(e->compilation.module, false),
                                       .weights = o->weights,
                                       .compiled = e->program,
                                       .inputs = e->data.inputs,
                                       .input_count = e->data.input_count,
                                       .hamiltonians = e->names,
                                       .schedules = e->schedules,
                                       .hamiltonian_count = e->hamiltonians,
                                       .first_sample = e->first,
                                       .sample_count = e->data.batch,
                                       .seed = o->seed,
                                       .passes = o->passes,
                                       .allow_trivial = o->allow_trivial};
    if (session_begin(&e->session, &settings, e->cli->allocator, e->cli->io, &error))
        return cli_fail_error(e->cli, &error);
    return EXIT_DONE;
}

static int fill(emission *e)
{
    isg_error error;
    show_progress_bar bar = {.start = cli_seconds()};
    session_run run = {.program = e->program,
                       .schedules = e->schedules,
                       .target = &e->target,
                       .hamiltonian_count = e->hamiltonians,
                       .inputs = e->data.inputs,
                       .input_count = e->data.input_count,
                       .threads = e->options->threads};
    if (!e->cli->quiet && isatty(STDERR_FILENO)) {
        run.progress = show_progress;
        run.progress_context = &bar;
    }
    isg_status status = session_advance(e->session, &run, &error);
    show_progress_end(&bar);
    bool trivial = status == ISG_INVALID && session_facts_of(e->session).trivial && !e->options->allow_trivial;
    if (!status)
        status = session_commit(e->session, &error);
    if (!status)
        return EXIT_DONE;
    session_discard(e->session);
    int failed = cli_fail_error(e->cli, &error);
    if (trivial)
        cli_hint(e->cli, "--allow-trivial emits them all the same; a machine with more bits would keep more couplings");
    else if (status == ISG_INVALID && e->options->format)
        cli_hint(e->cli, "without --format the matrices are in %s, which holds all that target '%s' takes",
                 e->compilation.target->format, e->target.name);
    return failed;
}

static int emit_steps(emission *e, const char *path)
{
    int status = check_options(e);
    if (!status)
        status = compile_model(e, path);
    if (!status)
        status = open_program(e);
    if (!status)
        status = open_data(e);
    if (!status)
        status = begin(e);
    if (!status)
        status = fill(e);
    if (!status && !e->cli->quiet)
        show_session(e->session, false);
    return status;
}

int cli_emit(cli *c, int argc, char **argv)
{
    emit_options o = {0};
    emission e = {.cli = c, .options = &o};
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_split_files(c, "--input", &o.inputs, &e.inputs);
    if (status)
        return status;
    compilation_open(&e.compilation, c);
    status = emit_steps(&e, path);
    session_close(e.session);
    if (e.data.cli)
        run_data_close(&e.data);
    if (e.program)
        isg_close(e.program);
    if (e.native)
        native_program_close(e.native);
    compilation_close(&e.compilation);
    return status;
}
