/* machine.c - block coordinate descent over the parts of a schedule, on a machine's simulator (machine.h). */
#include "backends/machine/machine.h"

#include "backends/machine/prepare.h"
#include "backends/machine/problem_anneal.h"
#include "backends/machine/rounds.h"
#include "ir/problem_hash.h"
#include "passes/problem/exact_sum.h"
#include "runtime/cim.h"
#include "runtime/error.h"
#include "runtime/memory.h"

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
    const program_solve *request;
    rounds rounds;
    machine_tally tally;
} solving;

/* ---- one part ---- */

static isg_status simulate(const solving *s, const problem *p, uint64_t seed, int32_t reads, int8_t *state, isg_error *error)
{
    const machine_settings *m = &s->machine->settings;
    double energy;
    if (m->target->kind == TARGET_CIM) {
        cim_settings settings = {.reads = reads,
                                 .steps = machine_sweeps(m),
                                 .seed = seed,
                                 .cancelled = s->request->cancelled,
                                 .cancel_context = s->request->cancel_context};
        isg_status status = cim_solve(p, &settings, state, &energy, error);
        return status == ISG_INCOMPLETE ? ISG_OK : status; /* the best so far is an answer */
    }
    anneal_settings settings = {.solver = ISG_ANNEAL,
                                .reads = reads,
                                .sweeps = machine_sweeps(m),
                                .seed = seed,
                                .cancelled = s->request->cancelled,
                                .cancel_context = s->request->cancel_context};
    return problem_anneal(p, &settings, state, &energy, error);
}

static isg_status judge_answers(const solving *s, const prepared *ready, rounds_judge *judge, int8_t *state, isg_error *error)
{
    char hash[SHA256_TEXT];
    int32_t answers = ready->machine.spins == 0 ? 1 : machine_answers(&s->machine->settings);
    problem_hash(&ready->machine, hash);
    uint64_t seed = rounds_part_seed(s->machine->settings.seed, hash);
    for (int32_t k = 0; k < answers; k++) {
        int32_t share = machine_share(&s->machine->settings, k);
        isg_status status = ISG_OK;
        if (ready->machine.spins)
            status = simulate(s, &ready->machine, rounds_answer_seed(seed, k), share, state, error);
        if (status)
            return status;
        rounds_judge_answer(judge, &ready->machine, state);
    }
    return ISG_OK;
}

static void tally_run(solving *s, const prepared *p)
{
    machine_tally *t = &s->tally;
    bool first = s->rounds.pass == 0;
    t->runs += p->machine.spins > 0;
    t->spins_sent += p->machine.spins - (p->machine.ancilla >= 0);
    t->spins_fixed += p->presolve.fixed;
    t->first_spins_fixed += first ? p->presolve.fixed : 0;
    if (!p->quantized)
        return;
    t->couplings += p->couplings;
    t->couplings_lost += p->couplings_lost;
    t->fields_lost += p->fields_lost;
    t->runs_without_couplings += p->couplings > 0 && p->couplings == p->couplings_lost;
    t->largest_bound = p->quantize.loss.bound > t->largest_bound ? p->quantize.loss.bound : t->largest_bound;
    t->bound_sum += first ? p->quantize.loss.bound : 0;
}

static isg_status tally_usual_loss(solving *s, const problem *part, isg_error *error)
{
    int64_t couplings, lost;
    if (!s->machine->settings.with_usual_loss || s->rounds.pass)
        return ISG_OK;
    isg_status status = prepare_usual_loss(part, s->machine->settings.target, &couplings, &lost, error);
    s->tally.usual_couplings += couplings;
    s->tally.usual_lost += lost;
    return status;
}

/* What the machine makes of the part is judged. */
static isg_status run_part(solving *s, const problem *part, rounds_judge *judge, isg_error *error)
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
    size_t sent = (size_t)ready.machine.spins;
    int8_t *state = memory_take_zeroed(a, sent, 1);
    status = state ? judge_answers(s, &ready, judge, state, error) : error_no_memory(error);
    memory_release(a, state, sent, 1);
    prepared_close(&ready);
    return status;
}

static isg_status improve(solving *s, uint32_t number, isg_error *error)
{
    problem part;
    rounds_judge judge;
    isg_status status = rounds_bind(&s->rounds, number, &part, error);
    if (status)
        return status;
    status = rounds_judge_open(&judge, &s->rounds, number, &part, error);
    if (!status) {
        status = run_part(s, &part, &judge, error);
        if (!status)
            rounds_accept(&s->rounds, number, &part, judge.held, judge.found);
        rounds_judge_close(&judge);
    }
    problem_close(&part);
    return status;
}

/* ---- passes and rounds ---- */

static isg_status run_round(solving *s, isg_error *error)
{
    uint32_t begin, end;
    isg_status status = ISG_OK;
    rounds_parts(&s->rounds, &begin, &end);
    for (uint32_t i = begin; i < end && !status && !program_solve_cancelled(s->request); i++)
        status = improve(s, i, error);
    return status;
}

static isg_status run_rounds(solving *s, isg_error *error)
{
    int32_t passes = machine_passes(&s->machine->settings);
    isg_status status = rounds_start(&s->rounds, s->machine->settings.seed, s->request, error);
    if (!status)
        do
            status = run_round(s, error);
        while (!status && rounds_advance(&s->rounds, passes) && !program_solve_cancelled(s->request));
    s->tally.passes = s->rounds.pass + (s->rounds.round > 0);
    return status;
}

/* ---- one sample ---- */

void machine_tally_add(machine *x, uint64_t number, const machine_tally *t)
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

isg_status machine_solve_untallied(machine *x, const program_solve *request, machine_tally *tally, isg_error *error)
{
    solving s = {.machine = x, .request = request};
    isg_status status = rounds_open(&s.rounds, &x->schedules[request->number], request, x->allocator, error);
    if (!status)
        status = run_rounds(&s, error);
    if (!status)
        status = rounds_deliver(&s.rounds, s.rounds.state, request, error);
    *tally = s.tally;
    rounds_close(&s.rounds);
    return status;
}

isg_status machine_solve(void *context, const program_solve *request, isg_error *error)
{
    machine_tally tally;
    isg_status status = machine_solve_untallied(context, request, &tally, error);
    if (!status)
        machine_tally_add(context, request->number, &tally);
    return status;
}

/* ---- opening ---- */

isg_status machine_schedules_of(const ir_module *m, const target *t, arena *a, const machine_schedule **out, uint64_t *count,
                                isg_error *error)
{
    const ir_function *model = m->functions.at[0];
    machine_schedule *schedules = ARENA_ARRAY(a, machine_schedule, model->ops.count);
    *count = 0;
    for (uint32_t i = 0; i < model->ops.count; i++) {
        ir_op op = model->ops.at[i];
        if (ir_op_get(m, op)->code != OP_ANNEAL)
            continue;
        machine_schedule *s = &schedules[(*count)++];
        *s = machine_schedule_of(m, op, a);
        isg_status status = machine_check(s, t, ir_text(m, ir_op_attribute(m, op, "name")->name), error);
        if (status)
            return status;
    }
    *out = schedules;
    return ISG_OK;
}

static isg_status schedule_all(machine *x, const ir_module *m, isg_error *error)
{
    isg_status status = machine_schedules_of(m, x->settings.target, &x->arena, &x->schedules, &x->count, error);
    if (status)
        return status;
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

int32_t machine_answers(const machine_settings *settings)
{
    int32_t reads = machine_reads(settings);
    return reads < MACHINE_ANSWERS ? reads : MACHINE_ANSWERS;
}

int32_t machine_share(const machine_settings *settings, int32_t answer)
{
    int32_t reads = machine_reads(settings), answers = machine_answers(settings);
    return reads / answers + (answer < reads % answers);
}

int32_t machine_sweeps(const machine_settings *settings)
{
    return settings->sweeps ? settings->sweeps : settings->target->kind == TARGET_CIM ? CIM_DEFAULT_STEPS : ANNEAL_DEFAULT_SWEEPS;
}

int32_t machine_passes(const machine_settings *settings)
{
    return settings->passes ? settings->passes : MACHINE_DEFAULT_PASSES;
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
