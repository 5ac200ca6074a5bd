/* machine.c - block coordinate descent over the parts of a schedule, on a machine's simulator (machine.h). */
#include "backends/machine/machine.h"

#include "backends/machine/bind.h"
#include "backends/machine/descent.h"
#include "backends/machine/prepare.h"
#include "backends/machine/problem_anneal.h"
#include "passes/problem/exact_sum.h"
#include "runtime/cim.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"

#include <math.h>
#include <pthread.h>

struct machine {
    const isg_allocator *allocator;
    arena arena;
    machine_settings settings;
    const machine_schedule *schedules;
    uint64_t count;
    machine_tally *tallies;
    exact_sum *bounds;     /* the tallies' bound_sum, which must not depend on the order of samples */
    pthread_mutex_t mutex; /* guards both */
};

/* One Hamiltonian of one sample at work. */
typedef struct solving {
    machine *machine;
    const machine_schedule *schedule;
    const program_solve *request;
    problem problem;
    problem_rows rows;
    int8_t *state; /* current, in the problem's values */
    int8_t *next;  /* of the round being run */
    uint32_t *local;
    machine_tally tally;
    int32_t pass;
} solving;

/* ---- one part ---- */

/* Answers a machine gives for one part, of which the best by the model's own energy counts: on the grid they may rank otherwise.
 * And starts to choose from: on dense problems in parts, 32 reduce the gap of two to a tenth (512 spins on a machine of 100). */
enum { ANSWERS = 16, STARTS = 32 };

/* An answer's own seed: the machine has no memory between runs. */
static uint64_t answer_seed(const solving *s, uint32_t part, int32_t answer)
{
    uint32_t counter[4] = {(uint32_t)s->pass, part, (uint32_t)s->request->number, (uint32_t)answer}, out[4];
    uint32_t key[2] = {(uint32_t)s->machine->settings.seed, (uint32_t)(s->machine->settings.seed >> 32)};
    philox4x32(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

static isg_status simulate(const solving *s, const problem *p, uint64_t seed, int32_t reads, int8_t *state, isg_error *error)
{
    const machine_settings *m = &s->machine->settings;
    double energy;
    if (m->target->kind == TARGET_CIM) {
        cim_settings settings = {.reads = reads,
                                 .steps = machine_sweeps(m),
                                 .seed = seed,
                                 .sample = s->request->sample,
                                 .cancelled = s->request->cancelled,
                                 .cancel_context = s->request->cancel_context};
        isg_status status = cim_solve(p, &settings, state, &energy, error);
        return status == ISG_INCOMPLETE ? ISG_OK : status; /* the best so far is an answer */
    }
    anneal_settings settings = {.solver = ISG_ANNEAL,
                                .reads = reads,
                                .sweeps = machine_sweeps(m),
                                .seed = seed,
                                .sample = s->request->sample,
                                .cancelled = s->request->cancelled,
                                .cancel_context = s->request->cancel_context};
    return problem_anneal(p, &settings, state, &energy, error);
}

/* Memory for the answers of one part. */
typedef struct answer_memory {
    int8_t *state;   /* of the machine's spins */
    int8_t *decoded; /* of the part's */
    double *field;
    problem_rows rows; /* of the part */
} answer_memory;

/* The best answer, mapped back to the part and descended from, in `best`. */
static isg_status best_answer(const solving *s, const problem *part, const prepared *ready, uint32_t number, answer_memory *m,
                              int8_t *best, isg_error *error)
{
    int32_t reads = machine_reads(&s->machine->settings);
    int32_t answers = ready->machine.spins == 0 ? 1 : reads < ANSWERS ? reads : ANSWERS;
    double lowest = INFINITY;
    for (int32_t k = 0; k < answers; k++) {
        int32_t share = reads / answers + (k < reads % answers);
        isg_status status = ISG_OK;
        if (ready->machine.spins)
            status = simulate(s, &ready->machine, answer_seed(s, number, k), share, m->state, error);
        if (status)
            return status;
        problem_decode(&ready->machine, m->state, m->decoded);
        descent(part, &m->rows, m->decoded, m->field);
        double energy = problem_energy(part, m->decoded);
        if (k == 0 || energy < lowest) {
            lowest = energy;
            memcpy(best, m->decoded, (size_t)part->spins);
        }
    }
    return ISG_OK;
}

static void tally_run(solving *s, const prepared *p)
{
    machine_tally *t = &s->tally;
    t->runs += p->machine.spins > 0;
    t->spins_sent += p->machine.spins - (p->machine.ancilla >= 0);
    t->spins_fixed += p->presolve.fixed;
    t->first_spins_fixed += s->pass == 0 ? p->presolve.fixed : 0;
    if (!p->quantized)
        return;
    t->couplings += p->couplings;
    t->couplings_lost += p->couplings_lost;
    t->fields_lost += p->fields_lost;
    t->runs_without_couplings += p->couplings > 0 && p->couplings == p->couplings_lost;
    t->largest_bound = p->quantize.loss.bound > t->largest_bound ? p->quantize.loss.bound : t->largest_bound;
    t->bound_sum += s->pass == 0 ? p->quantize.loss.bound : 0;
}

static isg_status tally_usual_loss(solving *s, const problem *part, isg_error *error)
{
    int64_t couplings, lost;
    if (!s->machine->settings.with_usual_loss || s->pass)
        return ISG_OK;
    isg_status status = prepare_usual_loss(part, s->machine->settings.target, &couplings, &lost, error);
    s->tally.usual_couplings += couplings;
    s->tally.usual_lost += lost;
    return status;
}

/* `found` gets the part's spins in its own values. */
static isg_status run_part(solving *s, const problem *part, uint32_t number, int8_t *found, isg_error *error)
{
    const isg_allocator *a = s->machine->allocator;
    prepare_settings settings = {.target = s->machine->settings.target};
    prepared ready;
    isg_status status = tally_usual_loss(s, part, error);
    if (!status)
        status = prepare_part(part, &settings, &ready, error);
    if (status)
        return status;
    tally_run(s, &ready);
    size_t sent = (size_t)ready.machine.spins, spins = (size_t)part->spins;
    answer_memory m = {.state = memory_take_zeroed(a, sent, 1),
                       .decoded = memory_take(a, spins, 1),
                       .field = memory_take(a, spins, sizeof *m.field)};
    status = m.state && m.decoded && m.field ? problem_rows_open(&m.rows, part, error) : error_no_memory(error);
    if (!status) {
        status = best_answer(s, part, &ready, number, &m, found, error);
        problem_rows_close(&m.rows, part);
    }
    memory_release(a, m.state, sent, 1);
    memory_release(a, m.decoded, spins, 1);
    memory_release(a, m.field, spins, sizeof *m.field);
    prepared_close(&ready);
    return status;
}

/* Takes over the part's answer where it lowers the energy of the part as the model states it. */
static void accept(solving *s, const problem *part, const machine_part *where, const int8_t *held, const int8_t *found,
                   bool *changed)
{
    if (!(problem_energy(part, found) < problem_energy(part, held)))
        return;
    for (int64_t i = 0; i < where->count; i++)
        s->next[where->spins[i]] = found[i];
    *changed = true;
}

static isg_status improve(solving *s, uint32_t number, bool *changed, isg_error *error)
{
    const machine_part *where = &s->schedule->parts[number];
    const isg_allocator *a = s->machine->allocator;
    problem part;
    isg_status status = bind_part(&s->problem, &s->rows, where->spins, where->count, s->state, s->local, &part, error);
    if (status)
        return status;
    int8_t *held = memory_take(a, (size_t)where->count, 1), *found = memory_take(a, (size_t)where->count, 1);
    status = held && found ? run_part(s, &part, number, found, error) : error_no_memory(error);
    if (!status) {
        for (int64_t i = 0; i < where->count; i++)
            held[i] = s->state[where->spins[i]];
        accept(s, &part, where, held, found, changed);
    }
    memory_release(a, held, (size_t)where->count, 1);
    memory_release(a, found, (size_t)where->count, 1);
    problem_close(&part);
    return status;
}

/* ---- passes and rounds ---- */

static bool cancelled(const solving *s)
{
    return s->request->cancelled && s->request->cancelled(s->request->cancel_context);
}

static isg_status run_pass(solving *s, bool *changed, isg_error *error)
{
    isg_status status = ISG_OK;
    for (uint32_t i = 0; i < s->schedule->part_count && !status && !cancelled(s); i++) {
        status = improve(s, i, changed, error);
        bool round_ends = i + 1 == s->schedule->part_count || s->schedule->parts[i + 1].round != s->schedule->parts[i].round;
        if (round_ends && s->problem.spins)
            memcpy(s->state, s->next, (size_t)s->problem.spins);
    }
    return status;
}

/* One part alone sees everything at once: another pass would send the same problem again. */
static isg_status run_passes(solving *s, isg_error *error)
{
    int32_t passes = s->machine->settings.passes ? s->machine->settings.passes : MACHINE_DEFAULT_PASSES;
    isg_status status = ISG_OK;
    bool changed = true;
    if (s->schedule->part_count == 1)
        passes = 1;
    for (s->pass = 0; s->pass < passes && changed && !status; s->pass++) {
        changed = false;
        status = run_pass(s, &changed, error);
        s->tally.passes++;
    }
    return status;
}

/* ---- one sample ---- */

/* Starts 0 and 1 are all-lowest and all-highest, the others random, keyed like reads. */
static void fill_start(const solving *s, uint32_t number, int8_t *state)
{
    int8_t lowest = s->problem.domain == PROBLEM_BINARY ? 0 : -1;
    uint32_t key[2], draws[4] = {0};
    philox_read_key(s->machine->settings.seed, s->request->sample, (uint32_t)s->request->number, number, key);
    for (int64_t i = 0; i < s->problem.spins; i++) {
        if (i % 4 == 0)
            philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)(i / 4), draws);
        state[i] = number == 1 || (number > 1 && draws[i % 4] >> 31) ? 1 : lowest;
    }
}

/* Where the passes begin: the best of greedy descents. What is held in the first rounds then resembles an answer; from bare
 * extremes the parts would answer a question nobody asks. A whole problem holds nothing: two starts do, for the worst case. */
static isg_status start(solving *s, const isg_allocator *a, isg_error *error)
{
    size_t spins = (size_t)s->problem.spins;
    double *field = memory_take(a, spins, sizeof *field), lowest = INFINITY;
    if (!field)
        return error_no_memory(error);
    for (uint32_t k = 0; k < (s->schedule->part_count > 1 ? STARTS : 2) && spins; k++) {
        fill_start(s, k, s->next);
        descent(&s->problem, &s->rows, s->next, field);
        double energy = problem_energy(&s->problem, s->next);
        if (k == 0 || energy < lowest) {
            lowest = energy;
            memcpy(s->state, s->next, spins);
        }
    }
    if (spins)
        memcpy(s->next, s->state, spins);
    memory_release(a, field, spins, sizeof *field);
    return ISG_OK;
}

static isg_status open_solving(solving *s, const isg_allocator *a, isg_error *error)
{
    isg_status status = bind_problem(s->request->hamiltonian, s->request->context, a, &s->problem, error);
    if (!status)
        status = problem_rows_open(&s->rows, &s->problem, error);
    if (status)
        return status;
    size_t spins = (size_t)s->problem.spins;
    s->state = memory_take(a, spins, 1);
    s->next = memory_take(a, spins, 1);
    s->local = memory_take(a, spins, sizeof *s->local);
    if (!s->state || !s->next || !s->local)
        return error_no_memory(error);
    for (size_t i = 0; i < spins; i++)
        s->local[i] = PROBLEM_NO_SPIN;
    return start(s, a, error);
}

static void close_solving(solving *s, const isg_allocator *a)
{
    size_t spins = (size_t)s->problem.spins;
    memory_release(a, s->state, spins, 1);
    memory_release(a, s->next, spins, 1);
    memory_release(a, s->local, spins, sizeof *s->local);
    if (s->rows.row_start)
        problem_rows_close(&s->rows, &s->problem);
    problem_close(&s->problem);
}

static isg_status deliver(solving *s, isg_error *error)
{
    const isg_abi_hamiltonian *h = s->request->hamiltonian;
    const isg_allocator *a = s->machine->allocator;
    int8_t *state = (int8_t *)s->request->context->frame + h->state_offset;
    double *energy = memory_take_zeroed(a, h->groups + 1, sizeof *energy), sum = 0;
    if (!energy)
        return error_no_memory(error);
    problem_decode(&s->problem, s->state, state);
    h->energy(s->request->context, state, energy);
    for (uint64_t g = 0; g <= h->groups; g++)
        sum += energy[g];
    *s->request->energy = sum;
    memory_release(a, energy, h->groups + 1, sizeof *energy);
    return ISG_OK;
}

static void add_tally(machine *x, uint64_t number, const machine_tally *t)
{
    machine_tally *to = &x->tallies[number];
    pthread_mutex_lock(&x->mutex);
    to->samples++;
    to->runs += t->runs;
    to->passes += t->passes;
    to->spins_sent += t->spins_sent;
    to->spins_fixed += t->spins_fixed;
    to->first_spins_fixed += t->first_spins_fixed;
    to->usual_couplings += t->usual_couplings;
    to->usual_lost += t->usual_lost;
    to->couplings += t->couplings;
    to->couplings_lost += t->couplings_lost;
    to->fields_lost += t->fields_lost;
    to->runs_without_couplings += t->runs_without_couplings;
    to->largest_bound = t->largest_bound > to->largest_bound ? t->largest_bound : to->largest_bound;
    exact_add(&x->bounds[number], t->bound_sum);
    pthread_mutex_unlock(&x->mutex);
}

isg_status machine_solve(void *context, const program_solve *request, isg_error *error)
{
    machine *x = context;
    solving s = {.machine = x, .schedule = &x->schedules[request->number], .request = request};
    isg_status status = open_solving(&s, x->allocator, error);
    if (!status)
        status = run_passes(&s, error);
    if (!status)
        status = deliver(&s, error);
    if (!status)
        add_tally(x, request->number, &s.tally);
    close_solving(&s, x->allocator);
    return status;
}

/* ---- opening ---- */

static isg_status schedule_all(machine *x, const ir_module *m, isg_error *error)
{
    const ir_function *model = m->functions.at[0];
    machine_schedule *schedules = ARENA_ARRAY(&x->arena, machine_schedule, model->ops.count);
    for (uint32_t i = 0; i < model->ops.count; i++) {
        ir_op op = model->ops.at[i];
        if (ir_op_get(m, op)->code != OP_ANNEAL)
            continue;
        machine_schedule *s = &schedules[x->count++];
        *s = machine_schedule_of(m, op, &x->arena);
        isg_status status = machine_check(s, x->settings.target, ir_text(m, ir_op_attribute(m, op, "name")->name), error);
        if (status)
            return status;
    }
    x->schedules = schedules;
    x->tallies = ARENA_ARRAY(&x->arena, machine_tally, x->count);
    x->bounds = ARENA_ARRAY(&x->arena, exact_sum, x->count);
    return ISG_OK;
}

static isg_status schedule_guarded(machine *x, const ir_module *m, isg_error *error)
{
    jmp_buf no_memory;
    arena_open(&x->arena, x->allocator, &no_memory);
    return setjmp(no_memory) ? error_no_memory(error) : schedule_all(x, m, error);
}

isg_status machine_open(machine **out, const ir_module *m, const machine_settings *settings, const isg_allocator *allocator,
                        isg_error *error)
{
    *out = NULL;
    const isg_allocator *a = allocator ? allocator : isg_default_allocator();
    machine *x = memory_take_zeroed(a, 1, sizeof *x);
    if (!x)
        return error_no_memory(error);
    x->allocator = a;
    x->settings = *settings;
    pthread_mutex_init(&x->mutex, NULL);
    isg_status status = schedule_guarded(x, m, error);
    if (status)
        machine_close(x);
    else
        *out = x;
    return status;
}

void machine_close(machine *x)
{
    if (!x)
        return;
    pthread_mutex_destroy(&x->mutex);
    arena_close(&x->arena);
    memory_release(x->allocator, x, 1, sizeof *x);
}

int32_t machine_reads(const machine_settings *settings)
{
    return settings->reads ? settings->reads : settings->target->kind == TARGET_CIM ? CIM_DEFAULT_READS : ANNEAL_DEFAULT_READS;
}

int32_t machine_sweeps(const machine_settings *settings)
{
    return settings->sweeps ? settings->sweeps : settings->target->kind == TARGET_CIM ? CIM_DEFAULT_STEPS : ANNEAL_DEFAULT_SWEEPS;
}

machine_tally machine_tally_of(const machine *x, uint64_t number)
{
    double rest;
    machine_tally tally = x->tallies[number];
    tally.bound_sum = exact_round(&x->bounds[number], &rest);
    return tally;
}

const machine_schedule *machine_schedule_at(const machine *x, uint64_t number)
{
    return &x->schedules[number];
}
