/* run.c - isg run: compile a model, run it on a batch from files. */
#include "backends/machine/machine.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_data.h"
#include "frontend/cli/show.h"
#include "frontend/cli/show_machine.h"
#include "runtime/program.h"

#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct run_options {
    const char *weights, *labels, *report, *target;
    text_list inputs, outputs;
    int solver; /* isg_solver */
    int32_t reads, sweeps, threads, first_sample, passes;
    uint64_t seed;
} run_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(run_options, weights), 0, 0},
    {"input", "NAME=FILE.npy", "an input, samples first; once for each input", OPTION_LIST, offsetof(run_options, inputs), 0, 0},
    {"output", "NAME=FILE.npy", "where to write an output", OPTION_LIST, offsetof(run_options, outputs), 0, 0},
    {"labels", "FILE.npy", "the right class of each sample: reports the accuracy of the first output", OPTION_TEXT,
     offsetof(run_options, labels), 0, 0},
    {"target", "NAME", "run within that machine's limits, simulated (isg targets lists them), or a .yaml of your own",
     OPTION_TEXT, offsetof(run_options, target), 0, 0},
    {"passes", "P", "on a machine that holds a model in parts: how often to go over all of them (default 4)", OPTION_NUMBER,
     offsetof(run_options, passes), 1, 0},
    {"solver", "anneal|descent", "simulated annealing, or the quick deterministic descent", OPTION_CHOICE,
     offsetof(run_options, solver), 0, 0},
    {"reads", "R", "independent anneals of each problem, of which the best counts", OPTION_NUMBER, offsetof(run_options, reads),
     1, 0},
    {"sweeps", "S", "sweeps over all spins in each read", OPTION_NUMBER, offsetof(run_options, sweeps), 1, 0},
    {"seed", "N", "of the random numbers; the same seed gives the same bytes (default 0)", OPTION_SEED,
     offsetof(run_options, seed), 0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(run_options, threads), 0, 0},
    {"first-sample", "K", "the number of the first sample, when the batch is a part of a larger one", OPTION_NUMBER,
     offsetof(run_options, first_sample), 0, 0},
    {"report", "FILE.json", "write energies, times and accuracy there", OPTION_TEXT, offsetof(run_options, report), 0, 0},
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
};

/* Everything a run holds; closed in reverse order. */
typedef struct session {
    cli *cli;
    const run_options *options;
    run_file *inputs, *outputs;
    compilation compilation;
    native_program *native;
    machine_settings machine_settings;
    machine *machine; /* NULL: the model runs on this processor alone */
    isg_program *program;
    run_data data;
    npy_array labels;
    isg_report report;
    report_context context;
    double start;
    bool incomplete;
} session;

/* ---- interruption ---------------------------------------------------------------------------- */

static isg_program *volatile interruptible; /* what a signal handler can reach */

static void interrupt(int signal_number)
{
    (void)signal_number;
    isg_program *p = interruptible;
    if (p)
        isg_cancel(p);
}

/* SA_RESETHAND: the second SIGINT has its default action. */
static void on_interrupt(isg_program *program)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    interruptible = program;
    if (program)
        sigaction(SIGINT, &action, NULL);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static int compile_program(session *s, const char *path)
{
    cli *c = s->cli;
    isg_error error = {.status = ISG_INTERNAL};
    native_options native = {.optimise = 2};
    int status = compile_load_model(&s->compilation, path, s->options->weights);
    if (!status)
        status = compile_find_target(&s->compilation, s->options->target);
    if (!status)
        status = compile_to(&s->compilation, STAGE_SCHEDULED);
    if (status)
        return status;
    if (s->compilation.target)
        native.processor = s->compilation.target->processor;
    if (native_compile(s->compilation.module, &native, &s->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(&s->compilation, "native", error.message, ir_print(s->compilation.module, true));
        return cli_fail_error(c, &error);
    }
    s->context.seconds_compile = cli_seconds() - s->start;
    return EXIT_DONE;
}

/* Shapes may come from `param` lines, but numbers only from a file. */
static int check_parameters(session *s)
{
    const isg_abi_program *abi = native_program_abi(s->native);
    if (s->options->weights || !abi->parameter_count || abi->weights)
        return EXIT_DONE;
    int status = cli_fail(s->cli, EXIT_INPUT, "model '%s' has %llu parameters, '@%s' the first, and no weights were given",
                          abi->model, (unsigned long long)abi->parameter_count, abi->parameters[0].name);
    cli_hint(s->cli, "give them with --weights FILE.safetensors");
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
    if (o->solver == ISG_DESCENT)
        return cli_fail(s->cli, EXIT_USAGE, "--solver descent runs on this processor; it does not go with --target %s",
                        o->target);
    s->machine_settings =
        (machine_settings){.target = t, .passes = o->passes, .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed};
    if (machine_open(&s->machine, s->compilation.module, &s->machine_settings, s->cli->allocator, &error))
        return cli_fail_error(s->cli, &error);
    program_set_solver(s->program, machine_solve, s->machine);
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
    if (program_open_abi(abi, weights->tensors, weights->count, s->cli->allocator, s->cli->io, &s->program, &error))
        return cli_fail_error(s->cli, &error);
    return open_machine(s);
}

static int open_data(session *s)
{
    cli *c = s->cli;
    const run_options *o = s->options;
    isg_error error;
    bool want_first = o->labels || !o->outputs.count;
    int status = run_check_names(c, s->program, s->inputs, o->inputs.count, s->outputs, o->outputs.count);
    if (status)
        return status;
    if (o->labels && npy_read_file(c->allocator, c->io, o->labels, &s->labels, &error))
        return cli_fail_error(c, &error);
    status = run_data_open(&s->data, c, s->program, s->inputs, o->inputs.count, s->outputs, o->outputs.count, want_first);
    if (!status && o->labels && (s->labels.tensor.rank != 1 || s->labels.tensor.shape[0] != s->data.batch))
        return cli_fail(c, EXIT_INPUT, "%s: the labels must be one for each of the %lld samples", o->labels,
                        (long long)s->data.batch);
    return status;
}

static int run_program(session *s)
{
    const run_options *o = s->options;
    isg_error error;
    show_progress_bar bar = {.start = cli_seconds()};
    isg_run_options options = {.solver = (isg_solver)o->solver,
                               .reads = o->reads,
                               .sweeps = o->sweeps,
                               .threads = o->threads,
                               .seed = o->seed,
                               .first_sample = o->first_sample};
    if (!s->cli->quiet && isatty(STDERR_FILENO)) {
        options.progress = show_progress;
        options.progress_context = &bar;
    }
    on_interrupt(s->program);
    isg_status status = isg_run(s->program, s->data.inputs, s->data.input_count, s->data.outputs, s->data.output_count, &options,
                                &s->report, &error);
    interruptible = NULL;
    show_progress_end(&bar);
    s->incomplete = status == ISG_INCOMPLETE;
    if (s->machine)
        machine_complete_report(s->machine, &s->machine_settings, &s->report);
    return status ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

/* Of whole results only: what an interruption left out has no class. */
static int find_accuracy(session *s)
{
    isg_error error;
    if (!s->options->labels || s->incomplete)
        return EXIT_DONE;
    if (report_accuracy(s->cli->allocator, run_data_first(&s->data), &s->labels.tensor, &s->context.accuracy, &error))
        return cli_fail(s->cli, EXIT_INPUT, "%s: %s", s->options->labels, error.message);
    s->context.has_accuracy = true;
    return EXIT_DONE;
}

static int write_results(session *s)
{
    cli *c = s->cli;
    isg_error error;
    int status = find_accuracy(s);
    if (!status)
        status = run_data_write(&s->data);
    if (status)
        return status;
    if (!s->options->outputs.count)
        show_array(run_data_first(&s->data));
    s->context.model = isg_program_name(s->program);
    s->context.target = s->compilation.target ? s->compilation.target->name : "native";
    s->context.seed = s->options->seed;
    s->context.seconds_total = cli_seconds() - s->start;
    if (s->options->report && report_write(c->allocator, c->io, s->options->report, &s->report, &s->context, &error))
        return cli_fail_error(c, &error);
    if (!c->quiet)
        show_summary(&s->report, &s->context);
    if (!c->quiet && s->machine)
        show_machine(s->machine, s->compilation.target, &s->report, &c->arena);
    return EXIT_DONE;
}

static int run_steps(session *s, const char *path)
{
    int status = compile_program(s, path);
    if (!status)
        status = open_program(s);
    if (!status)
        status = open_data(s);
    if (!status)
        status = run_program(s);
    if (status && !s->incomplete)
        return status;
    int written = write_results(s);
    return written ? written : status;
}

static void session_close(session *s)
{
    if (s->data.cli)
        run_data_close(&s->data);
    npy_free(s->cli->allocator, &s->labels);
    if (s->program)
        isg_close(s->program);
    machine_close(s->machine);
    if (s->native)
        native_program_close(s->native);
    compilation_close(&s->compilation);
}

int cli_run(cli *c, int argc, char **argv)
{
    run_options o = {0};
    session s = {.cli = c, .options = &o, .start = cli_seconds()};
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_split_files(c, "--input", &o.inputs, &s.inputs);
    if (!status)
        status = run_split_files(c, "--output", &o.outputs, &s.outputs);
    if (status)
        return status;
    compilation_open(&s.compilation, c);
    status = run_steps(&s, path);
    session_close(&s);
    return status;
}
