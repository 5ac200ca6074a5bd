/* fit.c - isg fit: does a model fit the machines there are, what does it lose, what does it cost? One row a machine and
 * Hamiltonian. */
#include "backends/machine/fit.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/fit_show.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_data.h"
#include "runtime/program.h"

#include <stdatomic.h>
#include <stddef.h>

typedef struct fit_options {
    const char *weights;
    text_list inputs, targets;
    int format; /* position in "text|json" */
    int32_t passes, reads, sweeps, threads, samples;
    option_seed seed;
} fit_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(fit_options, weights), 0, 0},
    {"input", "NAME=FILE.npy", "an input, samples first; with all inputs, losses are measured", OPTION_LIST,
     offsetof(fit_options, inputs), 0, 0},
    {"target", "NAME", "a machine to try, or a .yaml of your own; all of `isg targets` unless given", OPTION_LIST,
     offsetof(fit_options, targets), 0, 0},
    {"samples", "K", "measure on the first K samples (default 4)", OPTION_NUMBER, offsetof(fit_options, samples), 1, 0},
    {"passes", "P", "how often to go over all parts (default 4)", OPTION_NUMBER, offsetof(fit_options, passes), 1, 0},
    {"reads", "R", "runs of the simulator, a part", OPTION_NUMBER, offsetof(fit_options, reads), 1, 0},
    {"sweeps", "S", "steps of the simulator, a run", OPTION_NUMBER, offsetof(fit_options, sweeps), 1, 0},
    {"seed", "N", "of the random numbers (default 0)", OPTION_CHOSEN_SEED, offsetof(fit_options, seed), 0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(fit_options, threads), 0, 0},
    {"format", "text|json", "for people, or for programs", OPTION_CHOICE, offsetof(fit_options, format), 0, 0},
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Says for each machine whether the model's Hamiltonians fit, in how many parts and rounds, and what a sample costs in\n"
    "machine time where a source gives one. With --input, samples are solved within the machine's limits and natively:\n"
    "spins that presolve fixes, couplings lost to precision, a bound on the energy error, the gap, and how many spins agree.\n"
    "SIGINT (Ctrl-C) once shows what was measured until then, with exit status 3. Twice stops at once.",
    "examples:\n"
    "  isg fit digits.attn --weights digits.safetensors\n"
    "  isg fit digits.attn --weights digits.safetensors --input patches=patches.npy --target stanford-cim-100",
    rows,
    true,
};

/* One machine after the other; the model is compiled to terms anew for each, since parts differ. */
typedef struct fitting {
    cli *cli;
    const fit_options *options;
    const char *path;
    run_file *inputs;
    fit_lines lines;
    bool incomplete; /* interrupted: not all was measured */
} fitting;

/* What one machine needs; closed in reverse order. */
typedef struct trial {
    compilation compilation;
    native_program *native;
    isg_program *program;
    run_data data;
    fit_run *run;
    int64_t samples; /* to be measured */
    atomic_bool stopped;
} trial;

static void close_trial(trial *t)
{
    if (t->data.cli)
        run_data_close(&t->data);
    fit_close(t->run);
    if (t->program)
        isg_close(t->program);
    if (t->native)
        native_program_close(t->native);
    compilation_close(&t->compilation);
}

static machine_settings settings_of(const fitting *f, const trial *t)
{
    const fit_options *o = f->options;
    return (machine_settings){
        .target = t->compilation.target, .passes = o->passes, .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed.value};
}

/* ---- measuring ---- */

static int open_program(const fitting *f, trial *t)
{
    isg_error error;
    const native_options native = {.optimise = 2};
    const safetensors *weights = &t->compilation.weights;
    if (native_compile(t->compilation.module, &native, &t->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(&t->compilation, "native", error.message, ir_print(t->compilation.module, true));
        return cli_fail_error(f->cli, &error);
    }
    const isg_abi_program *abi = native_program_abi(t->native);
    if (program_open_abi(abi, weights->tensors, weights->count, f->cli->allocator, f->cli->io, &t->program, &error))
        return cli_fail_error(f->cli, &error);
    return EXIT_DONE;
}

/* The first samples of every input. */
static void keep_samples(const fitting *f, trial *t)
{
    int64_t most = f->options->samples ? f->options->samples : 4;
    for (size_t i = 0; i < t->data.input_count; i++)
        if (t->data.inputs[i].tensor.shape[0] > most)
            t->data.inputs[i].tensor.shape[0] = most;
    t->samples = t->data.batch < most ? t->data.batch : most;
}

/* An interruption before the run could be cancelled ends it as well. */
static isg_status solve(void *context, const program_solve *request, isg_error *error)
{
    trial *t = context;
    if (!interrupt_came(NULL))
        return fit_solve(t->run, request, error);
    *request->stop = true;
    t->stopped = true;
    return ISG_OK;
}

static int measure(const fitting *f, trial *t)
{
    cli *c = f->cli;
    const fit_options *o = f->options;
    isg_error error;
    int status = open_program(f, t);
    if (!status)
        status = run_check_names(c, t->program, f->inputs, o->inputs.count, NULL, 0);
    if (!status)
        status = run_data_open(&t->data, c, t->program, f->inputs, o->inputs.count, NULL, 0, false);
    if (status)
        return status;
    keep_samples(f, t);
    const machine_settings settings = settings_of(f, t);
    const isg_abi_program *abi = native_program_abi(t->native);
    if (fit_open(&t->run, t->compilation.module, &settings, abi->hamiltonian_count, c->allocator, &error))
        return cli_fail_error(c, &error);
    program_set_solver(t->program, solve, t);
    const isg_run_options run = {.threads = o->threads, .seed = o->seed.value};
    interrupt_cancels(t->program);
    isg_status ended = isg_run(t->program, t->data.inputs, t->data.input_count, NULL, 0, &run, NULL, &error);
    interrupt_cancels(NULL);
    t->stopped |= ended == ISG_INCOMPLETE;
    return ended && ended != ISG_INCOMPLETE ? cli_fail_error(c, &error) : EXIT_DONE;
}

/* ---- rows ---- */

/* What an interruption has left of a measurement; NULL: all of it. */
static const char *interrupted_text(arena *a, const trial *t, const fit_row *row)
{
    if (!t->stopped || row->samples == t->samples)
        return NULL;
    if (!row->samples)
        return "interrupted: not measured";
    return arena_format(a, "interrupted: measured on %lld of %lld samples", (long long)row->samples, (long long)t->samples);
}

static void add_lines(fitting *f, const trial *t)
{
    uint32_t count;
    arena *a = &f->cli->arena;
    const machine_settings settings = settings_of(f, t);
    const fit_row *list = fit_rows(t->compilation.module, &settings, t->run, a, &count);
    for (uint32_t i = 0; i < count; i++) {
        fit_line line = {.target = arena_format(a, "%s", settings.target->name),
                         .row = list[i],
                         .interrupted = interrupted_text(a, t, &list[i])};
        f->incomplete |= line.interrupted != NULL;
        ARENA_PUSH(a, &f->lines, line);
    }
}

/* Whether it can run at all; a machine that cannot is a row with its reason, not an error. */
static bool runs(const fitting *f, const trial *t)
{
    uint32_t count;
    const machine_settings settings = settings_of(f, t);
    const fit_row *list = fit_rows(t->compilation.module, &settings, NULL, &f->cli->arena, &count);
    for (uint32_t i = 0; i < count; i++)
        if (list[i].verdict != FIT_FITS && list[i].verdict != FIT_IN_PARTS)
            return false;
    return true;
}

static int try_target(fitting *f, const char *name)
{
    trial t = {0};
    compilation_open(&t.compilation, f->cli);
    int status = compile_load_model(&t.compilation, f->path, f->options->weights);
    if (!status)
        status = compile_find_target(&t.compilation, name);
    if (!status)
        status = compile_to(&t.compilation, STAGE_SCHEDULED);
    if (!status && f->options->inputs.count && runs(f, &t)) {
        t.samples = 1; /* at least */
        t.stopped = interrupt_came(NULL);
        status = t.stopped ? EXIT_DONE : measure(f, &t);
    }
    if (!status)
        add_lines(f, &t);
    close_trial(&t);
    return status;
}

static int try_all(fitting *f)
{
    int status = EXIT_DONE;
    for (uint32_t i = 0; i < f->options->targets.count && !status; i++)
        status = try_target(f, f->options->targets.at[i]);
    const char *name;
    for (uint32_t i = 0; !f->options->targets.count && !status && (name = target_library_name(&f->cli->arena, i)); i++)
        status = try_target(f, name);
    return status;
}

/* Without inputs nothing is solved. */
static int check_options(const fitting *f)
{
    const fit_options *o = f->options;
    const char *vain = o->samples ? "--samples" : o->sweeps ? "--sweeps" : o->seed.given ? "--seed" : NULL;
    if (o->inputs.count || !vain)
        return EXIT_DONE;
    int status = cli_fail(f->cli, EXIT_USAGE, "%s says nothing of '%s' without inputs", vain, f->path);
    cli_hint(f->cli, "give them with --input NAME=FILE.npy; without any the model is fitted by its structure alone");
    return status;
}

int cli_fit(cli *c, int argc, char **argv)
{
    fit_options o = {0};
    fitting f = {.cli = c, .options = &o};
    int status = options_parse(c, &table, argc, argv, &o, &f.path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = check_options(&f);
    if (!status)
        status = run_split_files(c, "--input", &o.inputs, &f.inputs);
    if (status)
        return status;
    interrupt_heed();
    status = try_all(&f);
    if (status)
        return status;
    if (!o.format)
        fit_show_text(&f.lines, o.inputs.count > 0, &c->arena);
    else if (!fit_show_json(&f.lines))
        return cli_fail(c, EXIT_DEFECT, "no memory for the JSON");
    return f.incomplete ? cli_fail(c, EXIT_INCOMPLETE, "interrupted: the rows show what was measured until then") : EXIT_DONE;
}
