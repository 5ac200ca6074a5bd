/* fit.c - isg fit: does a model fit the machines there are, what does it lose, what does it cost? One row a machine and
 * Hamiltonian. */
#include "backends/machine/fit.h"
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_data.h"
#include "runtime/program.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

typedef struct fit_options {
    const char *weights;
    text_list inputs, targets;
    int format; /* position in "text|json" */
    int32_t passes, reads, sweeps, threads, samples;
    uint64_t seed;
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
    {"seed", "N", "of the random numbers (default 0)", OPTION_SEED, offsetof(fit_options, seed), 0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(fit_options, threads), 0, 0},
    {"format", "text|json", "for people, or for programs", OPTION_CHOICE, offsetof(fit_options, format), 0, 0},
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Says for each machine whether the model's Hamiltonians fit, in how many parts and rounds, and what a sample costs in\n"
    "machine time where a source gives one. With --input, samples are solved within the machine's limits and natively:\n"
    "spins that presolve fixes, couplings lost to precision, a bound on the energy error, the gap, and how many spins agree.",
    "examples:\n"
    "  isg fit digits.attn --weights digits.safetensors\n"
    "  isg fit digits.attn --weights digits.safetensors --input patches=patches.npy --target stanford-cim-100",
    rows,
};

/* One machine after the other; the model is compiled to terms anew for each, since parts differ. */
typedef struct fitting {
    cli *cli;
    const fit_options *options;
    const char *path;
    run_file *inputs;
    json_t *list; /* --format json */
} fitting;

/* What one machine needs; closed in reverse order. */
typedef struct trial {
    compilation compilation;
    native_program *native;
    isg_program *program;
    run_data data;
    fit_run *run;
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
    const machine_settings settings = {
        .target = t->compilation.target, .passes = o->passes, .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed};
    const isg_abi_program *abi = native_program_abi(t->native);
    if (fit_open(&t->run, t->compilation.module, &settings, abi->hamiltonian_count, c->allocator, &error))
        return cli_fail_error(c, &error);
    program_set_solver(t->program, fit_solve, t->run);
    const isg_run_options run = {.threads = o->threads, .seed = o->seed};
    if (isg_run(t->program, t->data.inputs, t->data.input_count, NULL, 0, &run, NULL, &error))
        return cli_fail_error(c, &error);
    return EXIT_DONE;
}

/* ---- showing ---- */

static const char *count_text(arena *a, int64_t n)
{
    return n == INT64_MAX ? "any" : arena_format(a, "%lld", (long long)n);
}

static const char *percent(arena *a, double share)
{
    return isnan(share) ? "-" : arena_format(a, "%.3g %%", 100 * share);
}

static const char *seconds_text(arena *a, double seconds)
{
    if (isnan(seconds))
        return "-";
    return seconds < 1 ? arena_format(a, "%.3g ms", 1000 * seconds) : arena_format(a, "%.3g s", seconds);
}

static void show_header(const fitting *f)
{
    printf("%-20s %-12s %6s %9s %6s %7s %9s", "target", "hamiltonian", "spins", "holds", "parts", "rounds", "time");
    if (f->options->inputs.count)
        printf(" %8s %8s %10s %9s %7s", "fixed", "lost", "bound", "gap", "agree");
    printf("  verdict\n");
}

static void show_row(const fitting *f, const target *t, const fit_row *r)
{
    arena *a = &f->cli->arena;
    printf("%-20s %-12s %6s %9s %6u %7u %9s", t->name, r->hamiltonian, count_text(a, r->spins_needed),
           count_text(a, r->spins_available), (unsigned)r->parts, (unsigned)r->rounds, seconds_text(a, r->seconds));
    if (f->options->inputs.count)
        printf(" %8s %8s %10s %9s %7s", percent(a, r->fixed), percent(a, r->couplings_lost),
               isnan(r->error_bound) ? "-" : arena_format(a, "%.3g", r->error_bound), percent(a, r->gap),
               percent(a, r->agreement));
    printf("  %s\n", fit_verdict_names[r->verdict]);
    if (r->advice)
        printf("%-20s   %s\n", "", r->advice);
}

static json_t *number(double x)
{
    return isnan(x) || isinf(x) ? json_null() : json_real(x);
}

static void add_json(const fitting *f, const target *t, const fit_row *r)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:i, s:i}", "target", t->name, "hamiltonian", r->hamiltonian, "spins",
                          (json_int_t)r->spins, "spins_needed", (json_int_t)r->spins_needed, "parts", (int)r->parts, "rounds",
                          (int)r->rounds);
    json_object_set_new(o, "spins_available", r->spins_available == INT64_MAX ? json_null() : json_integer(r->spins_available));
    json_object_set_new(o, "seconds", number(r->seconds));
    json_object_set_new(o, "samples", json_integer(r->samples));
    json_object_set_new(o, "fixed", number(r->fixed));
    json_object_set_new(o, "couplings_lost", number(r->couplings_lost));
    json_object_set_new(o, "error_bound", number(r->error_bound));
    json_object_set_new(o, "energy_native", number(r->energy_native));
    json_object_set_new(o, "energy_machine", number(r->energy_machine));
    json_object_set_new(o, "gap", number(r->gap));
    json_object_set_new(o, "agreement", number(r->agreement));
    json_object_set_new(o, "verdict", json_string(fit_verdict_names[r->verdict]));
    json_object_set_new(o, "advice", r->advice ? json_string(r->advice) : json_null());
    json_array_append_new(f->list, o);
}

static void show_rows(const fitting *f, const trial *t)
{
    uint32_t count;
    const target *target = t->compilation.target;
    const fit_row *list = fit_rows(t->compilation.module, target, f->options->passes, t->run, &f->cli->arena, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (f->list)
            add_json(f, target, &list[i]);
        else
            show_row(f, target, &list[i]);
    }
}

/* Whether it can run at all; a machine that cannot is a row with its reason, not an error. */
static bool runs(const trial *t, arena *a)
{
    uint32_t count;
    const fit_row *list = fit_rows(t->compilation.module, t->compilation.target, 0, NULL, a, &count);
    for (uint32_t i = 0; i < count; i++)
        if (list[i].verdict != FIT_FITS && list[i].verdict != FIT_IN_PARTS)
            return false;
    return true;
}

static int try_target(const fitting *f, const char *name)
{
    trial t = {0};
    compilation_open(&t.compilation, f->cli);
    int status = compile_load_model(&t.compilation, f->path, f->options->weights);
    if (!status)
        status = compile_find_target(&t.compilation, name);
    if (!status)
        status = compile_to(&t.compilation, STAGE_SCHEDULED);
    if (!status && f->options->inputs.count && runs(&t, &f->cli->arena))
        status = measure(f, &t);
    if (!status)
        show_rows(f, &t);
    close_trial(&t);
    return status;
}

static int try_all(const fitting *f)
{
    int status = EXIT_DONE;
    for (uint32_t i = 0; i < f->options->targets.count && !status; i++)
        status = try_target(f, f->options->targets.at[i]);
    const char *name;
    for (uint32_t i = 0; !f->options->targets.count && !status && (name = target_library_name(&f->cli->arena, i)); i++)
        status = try_target(f, name);
    return status;
}

int cli_fit(cli *c, int argc, char **argv)
{
    fit_options o = {0};
    fitting f = {.cli = c, .options = &o};
    int status = options_parse(c, &table, argc, argv, &o, &f.path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_split_files(c, "--input", &o.inputs, &f.inputs);
    if (status)
        return status;
    if (o.format)
        f.list = json_array();
    else
        show_header(&f);
    status = try_all(&f);
    if (f.list && !status) {
        json_dumpf(f.list, stdout, JSON_INDENT(2));
        printf("\n");
    }
    json_decref(f.list);
    return status;
}
