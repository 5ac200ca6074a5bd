/* run.c - isg run: compile a model, run it on a batch from files. */
#include "backends/machine/machine.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_session.h"
#include "frontend/cli/show_machine.h"
#include "runtime/program.h"

#include <stddef.h>

typedef struct run_options {
    const char *weights, *target;
    int32_t passes;
    run_settings run;
} run_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(run_options, weights), 0, 0},
    RUN_DATA_ROWS(run_options),
    {"target", "NAME", "run within that machine's limits, simulated (isg targets lists them), or a .yaml of your own",
     OPTION_TEXT, offsetof(run_options, target), 0, 0},
    {"passes", "P", "on a machine that holds a model in parts: how often to go over all of them (default 4)", OPTION_NUMBER,
     offsetof(run_options, passes), 1, 0},
    RUN_SOLVER_ROWS(run_options),
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Compiles a model for this processor and runs it on a batch of samples. Without --output the first output is\n"
    "printed; large ones by their first rows. SIGINT (Ctrl-C) once stops after the current sweep and writes the best\n"
    "found so far, with exit status 3; samples not reached are NaN. Twice stops at once.",
    "examples:\n"
    "  isg run pick.attn --input gain=gain.npy\n"
    "  isg run digits.attn --weights digits.safetensors --input patches=patches.npy --labels labels.npy \\\n"
    "          --output logits=logits.npy --report report.json",
    rows,
    true,
};

/* Everything a run holds; closed in reverse order. */
typedef struct session {
    run_session run;
    const run_options *options;
    compilation compilation;
    native_program *native;
    machine_settings machine_settings;
    machine *machine; /* NULL: the model runs on this processor alone */
} session;

/* ---- steps ----------------------------------------------------------------------------------- */

/* This processor takes every model whole: passes over parts would change nothing. */
static int check_passes(const session *s)
{
    const target *t = s->compilation.target;
    if (!s->options->passes || (t && t->kind != TARGET_NATIVE))
        return EXIT_DONE;
    int status =
        cli_fail(s->run.cli, EXIT_USAGE, "--passes is for machines that hold a model in parts; this processor holds it whole");
    cli_hint(s->run.cli, "name the machine with --target; `isg targets` lists them");
    return status;
}

static int compile_program(session *s, const char *path)
{
    cli *c = s->run.cli;
    isg_error error = {.status = ISG_INTERNAL};
    const native_runs runs = {(isg_solver)s->options->run.solver, s->options->run.reads};
    native_options native = {.optimise = 2};
    int status = compile_load_model(&s->compilation, path, s->options->weights);
    if (!status)
        status = compile_find_target(&s->compilation, s->options->target);
    if (!status)
        status = check_passes(s);
    if (!status)
        status = compile_to(&s->compilation, STAGE_SCHEDULED);
    if (status)
        return status;
    if (!s->compilation.target || s->compilation.target->kind == TARGET_NATIVE)
        native.runs = &runs;
    if (s->compilation.target)
        native.processor = s->compilation.target->processor;
    if (native_compile(s->compilation.module, &native, &s->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(&s->compilation, "native", error.message, ir_print(s->compilation.module, true));
        return cli_fail_error(c, &error);
    }
    s->run.context.seconds_compile = cli_seconds() - s->run.start;
    return EXIT_DONE;
}

/* Shapes may come from `param` lines, but numbers only from a file. */
static int check_parameters(session *s)
{
    const isg_abi_program *abi = native_program_abi(s->native);
    if (s->options->weights || !abi->parameter_count || abi->weights)
        return EXIT_DONE;
    int status = cli_fail(s->run.cli, EXIT_INPUT, "model '%s' has %llu parameters, '@%s' the first, and no weights were given",
                          abi->model, (unsigned long long)abi->parameter_count, abi->parameters[0].name);
    cli_hint(s->run.cli, "give them with --weights FILE.safetensors");
    return status;
}

/* A machine other than this processor solves the Hamiltonians; the rest of the model runs here. */
static int open_machine(session *s)
{
    const run_options *o = s->options;
    const target *t = s->compilation.target;
    isg_error error;
    if (!t || t->kind == TARGET_NATIVE)
        return EXIT_DONE;
    if (o->run.solver == ISG_DESCENT)
        return cli_fail(s->run.cli, EXIT_USAGE, "--solver descent runs on this processor; it does not go with --target %s",
                        o->target);
    s->machine_settings =
        (machine_settings){.target = t, .passes = o->passes, .reads = o->run.reads, .sweeps = o->run.sweeps, .seed = o->run.seed};
    if (machine_open(&s->machine, s->compilation.module, &s->machine_settings, s->run.cli->allocator, &error))
        return cli_fail_error(s->run.cli, &error);
    program_set_solver(s->run.program, machine_solve, s->machine);
    return EXIT_DONE;
}

static int open_program(session *s)
{
    isg_error error;
    int status = check_parameters(s);
    if (status)
        return status;
    const safetensors *weights = &s->compilation.weights;
    const isg_abi_program *abi = native_program_abi(s->native);
    if (program_open_abi(abi, weights->tensors, weights->count, s->run.cli->allocator, s->run.cli->io, &s->run.program, &error))
        return cli_fail_error(s->run.cli, &error);
    return open_machine(s);
}

static int run_steps(session *s, const char *path)
{
    int status = compile_program(s, path);
    if (!status)
        status = open_program(s);
    if (!status)
        status = run_session_run(&s->run);
    if (s->machine && (!status || s->run.incomplete))
        machine_complete_report(s->machine, &s->machine_settings, &s->run.report);
    if (status && !s->run.incomplete)
        return status;
    const target *t = s->compilation.target;
    int written = run_session_write(&s->run, t ? t->name : "native");
    if (!written && s->machine && !s->run.cli->quiet)
        show_machine(s->machine, t, &s->run.report, &s->run.cli->arena);
    return written ? written : status;
}

static void session_close(session *s)
{
    run_session_close(&s->run);
    isg_close(s->run.program);
    machine_close(s->machine);
    if (s->native)
        native_program_close(s->native);
    compilation_close(&s->compilation);
}

int cli_run(cli *c, int argc, char **argv)
{
    run_options o = {0};
    session s = {.options = &o};
    double start = cli_seconds();
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_session_open(&s.run, c, &o.run, &(run_origin){path, o.weights, "the model itself"}, start);
    if (status)
        return status;
    compilation_open(&s.compilation, c);
    status = run_steps(&s, path);
    session_close(&s);
    return status;
}
