/* target_solve.c - see target_solve.h. */
#include "backends/solve/target_solve.h"

#include "backends/machine/descent.h"
#include "backends/machine/problem_anneal.h"
#include "backends/machine/rounds.h"
#include "runtime/cim.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <math.h>
#include <stdatomic.h>
#include <time.h>

typedef struct simulation {
    const problem *p;
    const target *target;
    const solve_settings *settings;
    machine_settings machine; /* as in a run of a model; for a problem that is taken as it stands */
    prepared ready;
    problem_rows rows; /* of p */
    double deadline;
    int32_t reads, sweeps;
    int8_t *machine_state; /* [spins of the machine] */
    int8_t *state;         /* [spins] */
    double *field;         /* [spins] */
} simulation;

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool out_of_time(const simulation *s)
{
    return clock_now() >= s->deadline;
}

static bool cancelled(const void *context)
{
    const simulation *s = context;
    return (s->settings->cancelled && s->settings->cancelled(s->settings->cancel_context)) || out_of_time(s);
}

static isg_status simulate(const simulation *s, int32_t read, isg_error *error)
{
    double energy;
    uint64_t seed = rounds_answer_seed(s->settings->seed, read);
    int32_t share = s->settings->as_it_stands ? machine_share(&s->machine, read) : 1;
    if (!s->ready.machine.spins)
        return ISG_OK;
    if (s->target->kind == TARGET_CIM) {
        cim_settings settings = {.reads = share, .steps = s->sweeps, .seed = seed, .cancelled = cancelled, .cancel_context = s};
        isg_status status = cim_solve(&s->ready.machine, &settings, s->machine_state, &energy, error);
        return status == ISG_INCOMPLETE ? ISG_OK : status; /* the best so far is an answer */
    }
    anneal_settings settings = {
        .solver = ISG_ANNEAL, .reads = share, .sweeps = s->sweeps, .seed = seed, .cancelled = cancelled, .cancel_context = s};
    return problem_anneal(&s->ready.machine, &settings, s->machine_state, &energy, error);
}

/* ---- answers --------------------------------------------------------------------------------- */

static isg_status keep(target_answers *a, double energy, const int8_t *state, isg_error *error)
{
    int32_t at = a->count;
    while (at > 0 && energy < a->energy[at - 1])
        at--;
    if (at == TARGET_SOLVE_ANSWERS)
        return ISG_OK;
    int8_t *room = a->count < TARGET_SOLVE_ANSWERS ? memory_take(a->allocator, (size_t)a->spins, 1) : a->state[a->count - 1];
    if (!room)
        return error_no_memory(error);
    a->count += a->count < TARGET_SOLVE_ANSWERS;
    for (int32_t i = a->count - 1; i > at; i--) {
        a->energy[i] = a->energy[i - 1];
        a->state[i] = a->state[i - 1];
    }
    if (a->spins)
        memcpy(room, state, (size_t)a->spins);
    a->energy[at] = energy;
    a->state[at] = room;
    return ISG_OK;
}

void target_answers_close(target_answers *a)
{
    for (int32_t i = 0; i < a->count; i++)
        memory_release(a->allocator, a->state[i], (size_t)a->spins, 1);
    *a = (target_answers){0};
}

static isg_status run_read(simulation *s, int32_t read, target_answers *answers, isg_error *error)
{
    isg_status status = simulate(s, read, error);
    if (status)
        return status;
    problem_decode(&s->ready.machine, s->machine_state, s->state);
    if (!s->settings->as_it_stands)
        descent(s->p, &s->rows, s->state, s->field);
    return keep(answers, problem_energy(s->p, s->state), s->state, error);
}

static isg_status run_reads(simulation *s, target_answers *answers, solve_result *result, isg_error *error)
{
    isg_status status = ISG_OK;
    bool stop = false;
    for (int32_t read = 0; read < s->reads && !status && !stop; read++) {
        status = run_read(s, read, answers, error);
        stop = cancelled(s);
        result->reads_done += !stop;
        if (s->settings->progress)
            s->settings->progress(s->settings->progress_context, read + 1, s->reads);
    }
    if (status || result->reads_done == s->reads)
        return status;
    result->out_of_time = out_of_time(s);
    return error_fail(error, ISG_INCOMPLETE, "%s after %d of %d reads; this is the best found until then",
                      result->out_of_time ? "out of time" : "interrupted", result->reads_done, s->reads);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static isg_status check(const problem *p, const target *t, isg_error *error)
{
    if (t->topology.kind != TOPOLOGY_COMPLETE)
        return error_fail(
            error, ISG_INVALID,
            "target '%s' couples only neighbouring spins, so a problem of %lld spins needs embedding; an all-to-all "
            "target runs it",
            t->name, (long long)p->spins);
    return ISG_OK;
}

/* The problem's numbers with its own spins for origins: the answers are to be of those, not of a model's. */
static isg_status copy_numbers(const problem *p, problem *own, isg_error *error)
{
    isg_status status = problem_open(own, p->allocator, p->domain, p->spins, error);
    if (status)
        return status;
    if (p->spins)
        memcpy(own->fields, p->fields, (size_t)p->spins * sizeof *own->fields);
    own->offset = p->offset;
    own->ancilla = p->ancilla;
    for (int64_t k = 0; k < p->coupling_count && !status; k++)
        status = problem_add_coupling(own, p->couplings[k].first, p->couplings[k].second, p->couplings[k].value, error);
    if (!status)
        status = problem_settle(own, NULL, error);
    if (status)
        problem_close(own);
    return status;
}

static isg_status prepare(simulation *s, isg_error *error)
{
    problem own;
    isg_status status = copy_numbers(s->p, &own, error);
    if (status)
        return status;
    if (s->settings->as_it_stands) {
        s->ready = (prepared){.machine = own};
        return ISG_OK;
    }
    prepare_settings settings = {.target = s->target};
    status = prepare_part(&own, &settings, &s->ready, error);
    problem_close(&own);
    return status;
}

static isg_status take_memory(simulation *s, isg_error *error)
{
    const isg_allocator *a = s->p->allocator;
    s->machine_state = memory_take_zeroed(a, (size_t)s->ready.machine.spins, 1);
    s->state = memory_take(a, (size_t)s->p->spins, 1);
    s->field = memory_take(a, (size_t)s->p->spins, sizeof *s->field);
    return s->machine_state && s->state && s->field ? ISG_OK : error_no_memory(error);
}

static void release_memory(simulation *s)
{
    const isg_allocator *a = s->p->allocator;
    memory_release(a, s->machine_state, (size_t)s->ready.machine.spins, 1);
    memory_release(a, s->state, (size_t)s->p->spins, 1);
    memory_release(a, s->field, (size_t)s->p->spins, sizeof *s->field);
}

static isg_status solve_prepared(simulation *s, target_answers *answers, solve_result *result, isg_error *error)
{
    isg_status status = problem_rows_open(&s->rows, s->p, error);
    if (status)
        return status;
    status = take_memory(s, error);
    if (!status)
        status = run_reads(s, answers, result, error);
    release_memory(s);
    problem_rows_close(&s->rows, s->p);
    return status;
}

isg_status target_solve(const problem *p, const target *t, const solve_settings *settings, target_answers *answers,
                        solve_result *result, isg_error *error)
{
    simulation s = {.p = p, .target = t, .settings = settings};
    s.deadline = settings->seconds > 0 ? clock_now() + settings->seconds : INFINITY;
    s.machine = (machine_settings){.target = t, .reads = settings->reads, .sweeps = settings->sweeps};
    s.reads = settings->as_it_stands ? machine_answers(&s.machine) : settings->reads ? settings->reads : TARGET_SOLVE_ANSWERS;
    s.sweeps = settings->sweeps || settings->as_it_stands ? machine_sweeps(&s.machine)
               : t->kind == TARGET_CIM                    ? CIM_DEFAULT_STEPS
                                                          : 8 * ANNEAL_DEFAULT_SWEEPS;
    *answers = (target_answers){.spins = p->spins, .allocator = p->allocator};
    int32_t reads = settings->as_it_stands ? machine_reads(&s.machine) : s.reads;
    *result = (solve_result){.reads = reads, .sweeps = s.sweeps, .threads = 1};
    isg_status status = check(p, t, error);
    if (!status)
        status = prepare(&s, error);
    if (status)
        return status;
    status = solve_prepared(&s, answers, result, error);
    answers->spins_fixed = s.ready.presolve.fixed;
    answers->quantized = s.ready.quantized;
    answers->loss = s.ready.quantize.loss;
    prepared_close(&s.ready);
    if (status && status != ISG_INCOMPLETE)
        target_answers_close(answers);
    else
        result->energy = answers->energy[0];
    return status;
}
