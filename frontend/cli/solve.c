/* solve.c - isg solve: anneal a problem from a file, here or within a machine's limits. */
#include "backends/matrix/matrix.h"
#include "backends/solve/block_solve.h"
#include "backends/solve/solution.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/options.h"
#include "frontend/cli/problem_file.h"
#include "frontend/cli/show.h"
#include "ir/number_text.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/report.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct solve_options {
    const char *from, *target, *time_limit, *report, *output;
    int32_t reads, sweeps, threads;
    option_seed seed;
} solve_options;

static const option_row rows[] = {
    {"from", "FORMAT", "the file's format, where its name does not tell", OPTION_TEXT, offsetof(solve_options, from), 0, 0},
    {"target", "NAME", "solve within that machine's limits, on its simulator (isg targets lists them); a .yaml of your own",
     OPTION_TEXT, offsetof(solve_options, target), 0, 0},
    {"reads", "R", "independent anneals, of which the best counts; by default as the problem's size asks", OPTION_NUMBER,
     offsetof(solve_options, reads), 1, 0},
    {"sweeps", "S", "sweeps over all spins in each read; by default as the problem's size asks", OPTION_NUMBER,
     offsetof(solve_options, sweeps), 1, 0},
    {"seed", "N", "of the random numbers; the same seed gives the same bytes (default 0, or what `isg emit` wrote)",
     OPTION_CHOSEN_SEED, offsetof(solve_options, seed), 0, 0},
    {"time-limit", "SECONDS", "stop then with the best so far, and exit status 3", OPTION_TEXT,
     offsetof(solve_options, time_limit), 0, 0},
    {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(solve_options, threads), 0, 0},
    {"report", "FILE.json", "write energies and times there", OPTION_TEXT, offsetof(solve_options, report), 0, 0},
    {"output", "SOLUTION", "write the solution there, instead of to stdout", OPTION_TEXT, offsetof(solve_options, output), 0,
     'o'},
    {0},
};

static const option_table table = {
    "PROBLEM",
    "Looks for the state of lowest energy of a problem from a file, by simulated annealing. Without -o the energy and the\n"
    "state are printed; for max-cut problems (rudy) the cut as well. SIGINT (Ctrl-C) once stops after the current sweep\n"
    "and writes the best found so far, with exit status 3. Twice stops at once.",
    "examples:\n"
    "  isg solve G22.txt --from rudy --seed 1 -o G22.json\n"
    "  isg solve part.qubo --target qboson-cim-550 --reads 100\n"
    "  isg solve large.coo --reads 1000000 --time-limit 60",
    rows,
    false,
};

/* Everything a solve holds. */
typedef struct session {
    cli *cli;
    const solve_options *options;
    const char *path;
    double seconds; /* the time limit, or 0 */
    problem problem;
    const target *target; /* NULL: this processor */
    bool max_cut;
    bool emitted; /* `isg emit` made the file for this target */
    uint64_t seed;
    char file_hash[SHA256_TEXT];
    int8_t *state;          /* the best; NULL where there are answers */
    target_answers answers; /* of a target that holds the problem */
    block_info blocks;      /* of one that holds it in parts */
    solve_result result;
    double start, solve_seconds;
    bool incomplete;
} session;

/* ---- the problem ----------------------------------------------------------------------------- */

static int read_seconds(session *s)
{
    const char *text = s->options->time_limit;
    char *end;
    if (!text)
        return EXIT_DONE;
    s->seconds = strtod(text, &end);
    if (!*text || *end || !isfinite(s->seconds) || s->seconds <= 0 || text[strspn(text, "0123456789.eE+-")])
        return cli_fail(s->cli, EXIT_USAGE, "--time-limit takes seconds, a number above 0, not '%s'", text);
    return EXIT_DONE;
}

static bool native(const session *s)
{
    return !s->target || s->target->kind == TARGET_NATIVE;
}

/* The answer must not take the question's place, nor the report the answer's. */
static int check_outputs(const session *s)
{
    const solve_options *o = s->options;
    int status = cli_check_kept(s->cli, o->output, s->path, "the problem itself");
    if (!status)
        status = cli_check_kept(s->cli, o->report, s->path, "the problem itself");
    return status ? status : cli_check_apart(s->cli, o->output, o->report, "the solution and the report");
}

/* A file's sidecar may say that the graph stands for another kind of problem. */
static bool is_max_cut(const problem *p)
{
    bool plain = p->domain == PROBLEM_SPIN && p->ancilla < 0;
    for (int64_t i = 0; i < p->spins && plain; i++)
        plain = p->fields[i] == 0;
    return plain;
}

static int read_problem(session *s)
{
    cli *c = s->cli;
    isg_error error;
    matrix_notes notes;
    if (matrix_read_file(c->allocator, c->io, s->path, s->options->from, &s->problem, &notes, &error))
        return cli_fail_error(c, &error);
    s->max_cut = !strcmp(notes.format, "rudy") && is_max_cut(&s->problem);
    s->emitted = notes.mark.there && s->target && !strcmp(notes.mark.machine, s->target->name);
    s->seed = s->options->seed.given ? s->options->seed.value : notes.mark.seed;
    problem_file_notes(c, s->path, &notes);
    if (s->options->output && solution_hash_file(c->io, s->path, s->file_hash, &error))
        return cli_fail_error(c, &error);
    return EXIT_DONE;
}

/* ---- solving --------------------------------------------------------------------------------- */

/* With an ancilla a state and its opposite are one answer: that in which the ancilla reads 1. */
static void turn_to_ancilla(const problem *p, int8_t *state)
{
    if (p->ancilla < 0 || p->domain != PROBLEM_SPIN || state[p->ancilla] > 0)
        return;
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = (int8_t)-state[i];
}

/* In parts, by a target that does not hold the problem whole. */
static bool in_parts(const session *s)
{
    return !native(s) && s->target->topology.kind == TOPOLOGY_COMPLETE && block_needed(&s->problem, s->target);
}

static isg_status solve_one(session *s, const solve_settings *settings, isg_error *error)
{
    s->state = memory_take(s->problem.allocator, (size_t)s->problem.spins, 1);
    if (!s->state)
        return error_no_memory(error);
    isg_status status = native(s) ? solve_problem(&s->problem, settings, s->state, &s->result, error)
                                  : block_solve(&s->problem, s->target, settings, s->state, &s->result, &s->blocks, error);
    if (!status || status == ISG_INCOMPLETE)
        turn_to_ancilla(&s->problem, s->state);
    return status;
}

static isg_status solve_whole(session *s, const solve_settings *settings, isg_error *error)
{
    isg_status status = target_solve(&s->problem, s->target, settings, &s->answers, &s->result, error);
    for (int32_t i = 0; i < s->answers.count; i++)
        turn_to_ancilla(&s->problem, s->answers.state[i]);
    return status;
}

static int solve(session *s)
{
    const solve_options *o = s->options;
    isg_error error;
    show_progress_bar bar = {.start = cli_seconds(), .what = native(s) ? "sweeps" : in_parts(s) ? "parts" : "runs"};
    solve_settings settings = {.reads = o->reads,
                               .sweeps = o->sweeps,
                               .threads = o->threads,
                               .seed = s->seed,
                               .as_it_stands = s->emitted,
                               .seconds = s->seconds,
                               .cancelled = interrupt_came};
    if (!s->cli->quiet && isatty(STDERR_FILENO)) {
        settings.progress = show_progress;
        settings.progress_context = &bar;
    }
    interrupt_heed();
    isg_status status = native(s) || in_parts(s) ? solve_one(s, &settings, &error) : solve_whole(s, &settings, &error);
    show_progress_end(&bar);
    s->solve_seconds = cli_seconds() - bar.start;
    s->incomplete = status == ISG_INCOMPLETE;
    if (!status)
        return EXIT_DONE;
    int failed = cli_fail_error(s->cli, &error);
    if (status == ISG_INVALID && !native(s))
        cli_hint(s->cli, "`isg targets` lists machines and what they hold; without --target this processor solves it");
    return failed;
}

/* ---- results --------------------------------------------------------------------------------- */

static const int8_t *best_state(const session *s)
{
    return s->state ? s->state : s->answers.state[0];
}

static void print_solution(const session *s)
{
    char number[SOLUTION_NUMBER_TEXT];
    const int8_t *state = best_state(s);
    solution_energy(&s->problem, state, number);
    printf("energy %s\n", number);
    if (s->max_cut) {
        solution_cut(&s->problem, state, number);
        printf("cut %s\n", number);
    }
    printf("state ");
    for (int64_t i = 0; i < s->problem.spins; i++)
        putchar(s->problem.domain == PROBLEM_BINARY ? '0' + state[i] : state[i] < 0 ? '-' : '+');
    putchar('\n');
}

static int write_solution(session *s)
{
    isg_error error;
    const int8_t *one = s->state;
    solution out = {.problem = &s->problem,
                    .file_hash = s->file_hash,
                    .target = s->target ? s->target->name : "native",
                    .seed = s->seed,
                    .reads = s->result.reads,
                    .sweeps = s->result.sweeps,
                    .complete = !s->incomplete,
                    .max_cut = s->max_cut,
                    .count = s->state ? 1 : s->answers.count,
                    .states = s->state ? &one : (const int8_t *const *)s->answers.state};
    if (!s->options->output) {
        print_solution(s);
        return EXIT_DONE;
    }
    if (solution_write(&out, s->cli->io, s->options->output, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static int write_report(session *s)
{
    isg_error error;
    isg_hamiltonian_report one = {.name = "problem",
                                  .spins = s->problem.spins,
                                  .terms = s->problem.coupling_count,
                                  .energy_mean = s->result.energy,
                                  .energy_min = s->result.energy,
                                  .fixed_spins_mean = native(s) ? 0 : (double)s->answers.spins_fixed};
    if (s->solve_seconds > 0)
        one.flips_per_second = (double)s->result.attempts / s->solve_seconds / s->result.threads;
    const isg_report report = {.samples = 1,
                               .reads = s->result.reads,
                               .sweeps = s->result.sweeps,
                               .threads = s->result.threads,
                               .seconds_anneal = s->solve_seconds,
                               .hamiltonian_count = 1,
                               .hamiltonians = &one};
    const report_context context = {.model = s->path,
                                    .target = s->target ? s->target->name : "native",
                                    .seed = s->seed,
                                    .seconds_total = cli_seconds() - s->start};
    if (s->options->report && report_write(s->cli->allocator, s->cli->io, s->options->report, &report, &context, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static void show_machine(const session *s)
{
    const target_answers *a = &s->answers;
    if (s->blocks.parts)
        fprintf(stderr, "  in %d part%s, %d pass%s; %.4g %% of the couplings' weight lies between parts\n", (int)s->blocks.parts,
                s->blocks.parts == 1 ? "" : "s", (int)s->blocks.passes, s->blocks.passes == 1 ? "" : "es",
                s->blocks.coupling > 0 ? 100 * s->blocks.severed / s->blocks.coupling : 0.0);
    if (!a->count)
        return;
    fprintf(stderr, "  presolve fixed %lld spin%s", (long long)a->spins_fixed, a->spins_fixed == 1 ? "" : "s");
    if (a->quantized)
        fprintf(stderr, "; on the machine's grid %lld of %lld couplings are lost, and no energy is off by more than %s",
                (long long)a->loss.couplings_lost, (long long)a->loss.couplings,
                number_text_in(&s->cli->arena, a->loss.bound, 6));
    fputc('\n', stderr);
}

static void show_result(const session *s)
{
    const solve_result *r = &s->result;
    char energy[SOLUTION_NUMBER_TEXT], cut[SOLUTION_NUMBER_TEXT];
    solution_energy(&s->problem, best_state(s), energy);
    solution_cut(&s->problem, best_state(s), cut);
    fprintf(stderr, "%s: %lld spin%s, %lld coupling%s, %d read%s of %d %s%s, seed %llu, %d thread%s\n", s->path,
            (long long)s->problem.spins, s->problem.spins == 1 ? "" : "s", (long long)s->problem.coupling_count,
            s->problem.coupling_count == 1 ? "" : "s", (int)r->reads, r->reads == 1 ? "" : "s", (int)r->sweeps,
            s->target && s->target->kind == TARGET_CIM ? "step" : "sweep", r->sweeps == 1 ? "" : "s", (unsigned long long)s->seed,
            (int)r->threads, r->threads == 1 ? "" : "s");
    fprintf(stderr, "  energy %s%s%s, %.3f s\n", energy, s->max_cut ? ", cut " : "", s->max_cut ? cut : "", s->solve_seconds);
    show_machine(s);
}

static int run_steps(session *s)
{
    int status = read_seconds(s);
    if (!status)
        status = problem_file_format(s->cli, "--from", s->options->from);
    if (!status)
        status = check_outputs(s);
    if (!status)
        status = problem_file_target(s->cli, s->options->target, &s->target);
    if (!status)
        status = read_problem(s);
    if (!status)
        status = solve(s);
    if (status && !s->incomplete)
        return status;
    int written = write_solution(s);
    if (!written)
        written = write_report(s);
    if (!written && !s->cli->quiet)
        show_result(s);
    return written ? written : status;
}

int cli_solve(cli *c, int argc, char **argv)
{
    solve_options o = {0};
    session s = {.cli = c, .options = &o, .start = cli_seconds()};
    int status = options_parse(c, &table, argc, argv, &o, &s.path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_steps(&s);
    target_answers_close(&s.answers);
    if (s.problem.allocator) {
        memory_release(s.problem.allocator, s.state, (size_t)s.problem.spins, 1);
        problem_close(&s.problem);
    }
    return status;
}
