/* decode.c - isg decode: results of a machine into a session, and on to the next round's matrices or the model's outputs. */
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/run_data.h"
#include "frontend/cli/show_session.h"
#include "ir/number_text.h"
#include "runtime/program.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct decode_options {
    text_list results, more, outputs;
    const char *report;
    int32_t threads;
} decode_options;

static const option_row rows[] = {
    {"[RESULTS...]", NULL, "", OPTION_REST, offsetof(decode_options, more), 0, 0},
    {"results", "[PART=]FILE", "results of the machine, or of isg solve -o; more files may follow", OPTION_LIST,
     offsetof(decode_options, results), 0, 0},
    {"output", "NAME=FILE.npy", "where to write an output, once all is solved", OPTION_LIST, offsetof(decode_options, outputs), 0,
     0},
    {"report", "FILE.json", "write energies and times there, once all is solved", OPTION_TEXT, offsetof(decode_options, report),
     0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(decode_options, threads), 0, 0},
    {0},
};

static const option_table table = {
    "SESSION_DIR",
    "Goes on with a session that `isg emit` began: reads results, some or all of a round's, in any order. When a round\n"
    "is whole, the next round's matrices are written, or, when nothing is left to solve, the model's outputs; without --output\n"
    "the first one is printed. Without results it says what is missing.\n\n"
    "Results of `isg solve -o` say which matrix they answer. For others a part is named, PART=FILE, or their names\n"
    "begin with the matrix's: sample-00000-part-00.json. Results are checked and energies recomputed; what is at fault is "
    "refused\n"
    "with file and place, and the session stays as it was. The same results twice change nothing.",
    "examples:\n"
    "  isg decode digits-session --results downloads/*.json\n"
    "  isg decode digits-session --results round-000/sample-00003-part-01=result-17.json\n"
    "  isg decode digits-session --output logits=logits.npy        once all is solved",
    rows,
    false,
};

/* Everything a decode holds; closed in reverse order. */
typedef struct decoding {
    cli *cli;
    const decode_options *options;
    run_file *outputs;
    session *session;
    compilation compilation;
    target target;
    native_program *native;
    isg_program *program;
    const machine_schedule *schedules;
    uint64_t hamiltonians;
    run_data data;
    session_taking taking;
    double start, seconds_compile, seconds_solve;
} decoding;

static const char *path_of(decoding *d, const char *name)
{
    return arena_format(&d->cli->arena, "%s/%s", session_facts_of(d->session).folder, name);
}

/* ---- what is to be written ----------------------------------------------------------------------- */

/* Nothing is written over what the session lives from. */
static int check_path(decoding *d, const char *path)
{
    static const char *const own[] = {"session.json", "state.bin", "program.ising", "target.yaml", "weights.safetensors"};
    bool taken = false;
    const char *name;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        taken |= cli_same_file(path, path_of(d, own[i]));
    for (size_t i = 0; (name = session_input(d->session, i)); i++)
        taken |= cli_same_file(path, path_of(d, arena_format(&d->cli->arena, "inputs/%s.npy", name)));
    return taken ? cli_fail(d->cli, EXIT_INPUT, "%s: is a file of the session, which needs it; choose another name", path)
                 : EXIT_DONE;
}

static int check_paths(decoding *d)
{
    int status = d->options->report ? check_path(d, d->options->report) : EXIT_DONE;
    for (size_t i = 0; i < d->options->outputs.count && !status; i++) {
        status = check_path(d, d->outputs[i].path);
        if (!status)
            status = cli_check_apart(d->cli, d->outputs[i].path, d->options->report, "an output and the report");
        for (size_t k = 0; k < i && !status; k++)
            status = cli_check_apart(d->cli, d->outputs[k].path, d->outputs[i].path, "two outputs");
    }
    return status;
}

/* ---- results ------------------------------------------------------------------------------------- */

/* Before anything is compiled: a misspelled output must not be noticed days later. */
static int check_outputs(decoding *d)
{
    size_t count = 0;
    while (session_output(d->session, count))
        count++;
    const char **names = ARENA_ARRAY(&d->cli->arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = session_output(d->session, i);
    for (size_t i = 0; i < d->options->outputs.count; i++) {
        bool found = false;
        for (size_t k = 0; k < count; k++)
            found |= !strcmp(names[k], d->outputs[i].name);
        if (found)
            continue;
        int status =
            cli_fail(d->cli, EXIT_INPUT, "model '%s' has no output '%s'", session_facts_of(d->session).model, d->outputs[i].name);
        cli_hint_nearest(d->cli, d->outputs[i].name, names, count, "", "");
        return status;
    }
    return EXIT_DONE;
}

static int take_results(decoding *d)
{
    const decode_options *o = d->options;
    isg_error error;
    size_t count = o->results.count + o->more.count;
    const char **all = ARENA_ARRAY(&d->cli->arena, const char *, count);
    for (size_t i = 0; i < o->results.count; i++)
        all[i] = o->results.at[i];
    for (size_t i = 0; i < o->more.count; i++)
        all[o->results.count + i] = o->more.at[i];
    if (!session_take(d->session, all, count, &d->taking, &error))
        return EXIT_DONE;
    int status = cli_fail_error(d->cli, &error);
    if (error.status == ISG_INVALID && strstr(error.message, ".isg.json:"))
        cli_hint(d->cli, "files named .isg.json lie beside the matrices and are no results: leave them out");
    if (error.status == ISG_INVALID)
        cli_hint(d->cli, "no result of this call was taken; the session is as it was");
    return status;
}

static void show_taking(const decoding *d)
{
    const session_taking *t = &d->taking;
    if (t->known)
        fprintf(stderr, "isg: note: %lld file%s taken before: nothing changed by %s\n", (long long)t->known,
                t->known == 1 ? " was" : "s were", t->known == 1 ? "it" : "them");
    if (t->doubtful)
        fprintf(
            stderr,
            "isg: hint: %s has the bytes of an earlier round's results; if they answer this round too, say so: --results %s=%s\n",
            t->doubtful, t->doubtful_for, t->doubtful);
    if (t->wrong_energies)
        fprintf(stderr, "isg: note: %lld claimed energ%s in %s, %s of %s; what counts is computed here\n",
                (long long)t->wrong_energies, t->wrong_energies == 1 ? "y," : "ies, the first", t->wrong_in,
                t->wrong_energies == 1 ? "is not that" : "are not those", t->wrong_energies == 1 ? "its state" : "their states");
}

/* ---- the program --------------------------------------------------------------------------------- */

static int load_program(decoding *d)
{
    compilation *k = &d->compilation;
    cli *c = d->cli;
    isg_error error;
    int status = compile_find_target(k, path_of(d, "target.yaml"));
    if (!status)
        status = compile_load_text(k, path_of(d, "program.ising"));
    if (status)
        return status;
    d->target = *k->target;
    d->target.format = session_facts_of(d->session).format;
    if (session_facts_of(d->session).has_weights &&
        safetensors_read_file(c->allocator, c->io, path_of(d, "weights.safetensors"), &k->weights, &error))
        return cli_fail_error(c, &error);
    if (k->module->stage != STAGE_SCHEDULED)
        return cli_fail(c, EXIT_INPUT, "%s: not a scheduled program", path_of(d, "program.ising"));
    if (machine_schedules_of(k->module, &d->target, &c->arena, &d->schedules, &d->hamiltonians, &error))
        return cli_fail_error(c, &error);
    return EXIT_DONE;
}

static int open_program(decoding *d)
{
    compilation *k = &d->compilation;
    const native_options native = {.optimise = 2};
    isg_error error;
    if (native_compile(k->module, &native, &d->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(k, "native", error.message, ir_print(k->module, true));
        return cli_fail_error(d->cli, &error);
    }
    const isg_abi_program *abi = native_program_abi(d->native);
    if (program_open_abi(abi, k->weights.tensors, k->weights.count, d->cli->allocator, d->cli->io, &d->program, &error))
        return cli_fail_error(d->cli, &error);
    d->seconds_compile = cli_seconds() - d->start;
    return EXIT_DONE;
}

static int open_data(decoding *d)
{
    size_t count = 0;
    const char *name;
    while (session_input(d->session, count))
        count++;
    run_file *inputs = ARENA_ARRAY(&d->cli->arena, run_file, count);
    for (size_t i = 0; (name = session_input(d->session, i)); i++)
        inputs[i] = (run_file){name, path_of(d, arena_format(&d->cli->arena, "inputs/%s.npy", name))};
    int status = run_check_names(d->cli, d->program, inputs, count, d->outputs, d->options->outputs.count);
    if (!status)
        status = run_data_open(&d->data, d->cli, d->program, inputs, count, d->outputs, d->options->outputs.count,
                               !d->options->outputs.count);
    return status;
}

/* ---- the end ------------------------------------------------------------------------------------- */

/* Of a session without samples there are none. */
static void show_energies(decoding *d, const isg_hamiltonian_report *h)
{
    fprintf(stderr, "  %s: %lld spin%s", h->name, (long long)h->spins, h->spins == 1 ? "" : "s");
    if (!isnan(h->energy_mean))
        fprintf(stderr, ", energy %s on average, %s at least", number_text_in(&d->cli->arena, h->energy_mean, 6),
                number_text_in(&d->cli->arena, h->energy_min, 6));
    fputc('\n', stderr);
}

static int write_report(decoding *d)
{
    isg_error error;
    session_facts f = session_facts_of(d->session);
    isg_hamiltonian_report *list = ARENA_ARRAY(&d->cli->arena, isg_hamiltonian_report, d->hamiltonians);
    isg_report report = {.samples = f.sample_count,
                         .threads = d->options->threads,
                         .seconds_coefficients = 0,
                         .hamiltonian_count = (int64_t)d->hamiltonians,
                         .hamiltonians = list};
    report_context context = {.model = f.model,
                              .target = f.target,
                              .seed = f.seed,
                              .seconds_compile = d->seconds_compile,
                              .seconds_total = cli_seconds() - d->start};
    const isg_abi_program *abi = native_program_abi(d->native);
    for (uint64_t i = 0; i < d->hamiltonians; i++) {
        list[i] = (isg_hamiltonian_report){
            .terms = (int64_t)abi->hamiltonians[i].terms, .flips_per_second = NAN, .fixed_spins_mean = NAN};
        list[i].name = session_hamiltonian(d->session, i, &list[i].spins);
        session_energies(d->session, i, &list[i].energy_mean, &list[i].energy_min);
        if (!d->cli->quiet)
            show_energies(d, &list[i]);
    }
    if (d->options->report && report_write(d->cli->allocator, d->cli->io, d->options->report, &report, &context, &error))
        return cli_fail_error(d->cli, &error);
    return EXIT_DONE;
}

static int write_outputs(decoding *d)
{
    session_facts f = session_facts_of(d->session);
    int status = run_data_write(&d->data);
    if (status) {
        cli_hint(d->cli, "all is solved and kept; `isg decode %s --output NAME=FILE.npy` writes the outputs again", f.folder);
        return status;
    }
    if (!d->options->outputs.count)
        show_array(run_data_first(&d->data));
    if (!d->cli->quiet)
        fprintf(stderr, "%s: %s on %s, samples %lld:%lld, seed %llu: all is solved\n", f.folder, f.model, f.target,
                (long long)f.first_sample, (long long)(f.first_sample + f.sample_count), (unsigned long long)f.seed);
    return write_report(d);
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static int advance(decoding *d)
{
    isg_error error;
    show_progress_bar bar = {.start = cli_seconds()};
    session_run run = {.program = d->program,
                       .schedules = d->schedules,
                       .target = &d->target,
                       .hamiltonian_count = d->hamiltonians,
                       .inputs = d->data.inputs,
                       .input_count = d->data.input_count,
                       .outputs = d->data.outputs,
                       .output_count = d->data.output_count,
                       .threads = d->options->threads};
    if (!d->cli->quiet && isatty(STDERR_FILENO)) {
        run.progress = show_progress;
        run.progress_context = &bar;
    }
    bool was_done = session_facts_of(d->session).done;
    isg_status status = session_advance(d->session, &run, &error);
    show_progress_end(&bar);
    if (!status && !was_done)
        status = session_commit(d->session, &error);
    return status ? cli_fail_error(d->cli, &error) : EXIT_DONE;
}

static int go_on(decoding *d)
{
    isg_error error;
    if (session_check_files(d->session, &error))
        return cli_fail_error(d->cli, &error);
    int status = load_program(d);
    if (!status)
        status = open_program(d);
    if (!status)
        status = open_data(d);
    if (!status)
        status = advance(d);
    if (status)
        return status;
    if (session_facts_of(d->session).done)
        return write_outputs(d);
    if (!d->cli->quiet)
        show_session(d->session, false);
    return EXIT_DONE;
}

static int decode_steps(decoding *d, const char *folder)
{
    isg_error error;
    if (session_open(&d->session, folder, d->cli->allocator, d->cli->io, &error))
        return cli_fail_error(d->cli, &error);
    int status = check_outputs(d);
    if (!status)
        status = check_paths(d);
    if (!status)
        status = take_results(d);
    if (status)
        return status;
    if (!d->cli->quiet)
        show_taking(d);
    session_facts f = session_facts_of(d->session);
    if (f.answered == f.matrices)
        return go_on(d);
    if (d->taking.matrices && session_commit(d->session, &error))
        return cli_fail_error(d->cli, &error);
    if (!d->cli->quiet)
        show_session(d->session, true);
    return EXIT_DONE;
}

int cli_decode(cli *c, int argc, char **argv)
{
    decode_options o = {0};
    decoding d = {.cli = c, .options = &o, .start = cli_seconds()};
    const char *folder;
    int status = options_parse(c, &table, argc, argv, &o, &folder);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_split_files(c, "--output", &o.outputs, &d.outputs);
    if (status)
        return status;
    compilation_open(&d.compilation, c);
    status = decode_steps(&d, folder);
    if (d.data.cli)
        run_data_close(&d.data);
    if (d.program)
        isg_close(d.program);
    if (d.native)
        native_program_close(d.native);
    compilation_close(&d.compilation);
    session_close(d.session);
    return status;
}
