/* observe.c - see observe.h. */
#include "inspect/observe.h"

#include "backends/machine/problem_anneal.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* Reads * sweeps * (spins + couplings): a few seconds of one processor. */
static const double most_work = 1e9;
enum { FEWEST_READS = 8, FEWEST_SWEEPS = 16, LEAST_CHAIN = 64, BURN_IN = 4, CHAIN_READ = 0x7fffffff };

static double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void choose_effort(const problem *p, const observe_settings *settings, observation *o)
{
    double cost = (double)p->spins + (double)p->coupling_count;
    o->reads = settings->reads ? settings->reads : OBSERVE_READS;
    o->sweeps = settings->sweeps ? settings->sweeps : OBSERVE_SWEEPS;
    o->chain_sweeps = OBSERVE_CHAIN;
    while (!settings->reads && o->reads > FEWEST_READS && (double)o->reads * o->sweeps * cost > most_work)
        o->reads /= 2;
    while (!settings->sweeps && o->sweeps > FEWEST_SWEEPS && (double)o->reads * o->sweeps * cost > most_work)
        o->sweeps /= 2;
    while (o->chain_sweeps > LEAST_CHAIN && o->chain_sweeps * cost > most_work / 2)
        o->chain_sweeps /= 2;
    o->asked = o->reads;
    o->shortened = (!settings->reads && o->reads < OBSERVE_READS) || (!settings->sweeps && o->sweeps < OBSERVE_SWEEPS);
}

/* ---- reads ------------------------------------------------------------------------------------ */

typedef struct reading {
    const problem *p;
    const observe_settings *settings;
    observation *o;
    int8_t *state; /* [spins], in the problem's values */
    double start;
    int32_t told;
} reading;

bool observe_cancelled(const observe_settings *s)
{
    return s->cancelled && s->cancelled(s->cancel_context);
}

static void keep_state(reading *r, int32_t read, const int8_t *state)
{
    int8_t lowest = r->p->domain == PROBLEM_BINARY ? 0 : -1;
    int8_t *up = r->o->up + (size_t)read * (size_t)r->o->spins;
    for (int64_t i = 0; i < r->o->spins; i++) {
        up[i] = state[i] > 0;
        r->state[i] = up[i] ? 1 : lowest;
    }
    r->o->energies[read] = problem_energy(r->p, r->state);
}

/* Reads that a cancellation cut short are no measure of the others. */
static void take_read(void *context, int32_t read, const int8_t *state, double energy)
{
    reading *r = context;
    (void)energy; /* the problem's own sum, so that all energies shown add up alike */
    if (observe_cancelled(r->settings))
        return;
    r->told++;
    r->o->seconds = clock_seconds() - r->start;
    keep_state(r, read, state);
}

static isg_status run_reads(const isg_abi_hamiltonian *h, const isg_abi_context *context, const problem *p,
                            const observe_settings *settings, observation *o, isg_error *error)
{
    size_t bytes = anneal_scratch_bytes(h), spins = (size_t)p->spins;
    memory_aligned scratch = bytes == SIZE_MAX ? (memory_aligned){0} : memory_take_aligned(o->allocator, bytes);
    reading r = {p, settings, o, memory_take(o->allocator, spins, 1), clock_seconds(), 0};
    if (scratch.at && r.state) {
        anneal_settings anneal = {.solver = ISG_ANNEAL,
                                  .reads = o->reads,
                                  .sweeps = o->sweeps,
                                  .seed = settings->seed,
                                  .sample = settings->sample,
                                  .hamiltonian = (uint32_t)settings->number,
                                  .cancelled = settings->cancelled,
                                  .cancel_context = settings->cancel_context,
                                  .read_done = take_read,
                                  .read_context = &r};
        anneal_solve(h, context, &anneal, scratch.at);
        o->reads = r.told;
        o->interrupted = o->reads < o->asked && observe_cancelled(settings);
        /* The answer is better than any read where groups of spins are independent: it goes behind the reads. */
        keep_state(&r, o->reads, (const int8_t *)context->frame + h->state_offset);
    }
    isg_status status = scratch.at && r.state ? ISG_OK : error_no_memory(error);
    if (!status && !o->interrupted && o->reads != o->asked)
        status = error_fail(error, ISG_INTERNAL, "the annealer told of %d reads, not of %d", (int)o->reads, (int)o->asked);
    memory_release(o->allocator, r.state, spins, 1);
    memory_release_aligned(o->allocator, &scratch);
    return status;
}

/* ---- the ladder ------------------------------------------------------------------------------- */

static isg_status find_ladder(const isg_abi_hamiltonian *h, const isg_abi_context *context, observation *o, isg_error *error)
{
    double *scales = memory_take(o->allocator, h->spins, 4 * sizeof *scales);
    if (!scales)
        return error_no_memory(error);
    schedule_scales s = {.spins = h->spins,
                         .largest = scales,
                         .coupling_sum = scales + h->spins,
                         .coupling_square = scales + 2 * h->spins,
                         .linear = scales + 3 * h->spins,
                         .lowest = (const int8_t *)context->tables + h->lowest_offset};
    h->scales(context, scales, scales + h->spins, scales + 2 * h->spins, scales + 3 * h->spins);
    o->ladder = schedule_make(&s);
    o->chain_beta = sqrt(o->ladder.hot) * sqrt(o->ladder.cold);
    memory_release(o->allocator, scales, h->spins, 4 * sizeof *scales);
    return ISG_OK;
}

/* ---- the chain -------------------------------------------------------------------------------- */

typedef struct chain_memory {
    memory_aligned workspace;
    int8_t *state;
    double *energies, *groups, *field;
} chain_memory;

static void run_chain(const isg_abi_hamiltonian *h, const isg_abi_context *context, const observe_settings *settings,
                      observation *o, const chain_memory *m)
{
    uint32_t key[2];
    int32_t burn_in = o->chain_sweeps / BURN_IN;
    philox_read_key(settings->seed, settings->sample, (uint32_t)settings->number, CHAIN_READ, key);
    memcpy(m->state, context->frame + h->state_offset, h->spins);
    h->prepare(context, m->workspace.at);
    h->start(context, m->workspace.at, m->state);
    for (int32_t k = 0; k < burn_in + o->chain_sweeps; k++) {
        o->interrupted |= observe_cancelled(settings);
        if (o->interrupted)
            return;
        h->sweep(context, m->workspace.at, m->state, o->chain_beta, key, (uint32_t)k);
        if (k < burn_in)
            continue;
        h->fields(context, m->state, m->field);
        h->energy(context, m->state, m->field, m->groups);
        double sum = 0;
        for (uint64_t g = 0; g < h->groups; g++)
            sum += m->groups[g];
        m->energies[k - burn_in] = sum + m->groups[h->groups];
        o->chain_mean += m->energies[k - burn_in] / o->chain_sweeps;
    }
    o->chain = autocorrelation_of(m->energies, o->chain_sweeps);
}

static isg_status follow_chain(const isg_abi_hamiltonian *h, const isg_abi_context *context, const observe_settings *settings,
                               observation *o, isg_error *error)
{
    const isg_allocator *a = o->allocator;
    size_t sweeps = (size_t)o->chain_sweeps;
    if (!(o->chain_beta > 0))
        return ISG_OK;
    chain_memory m = {.workspace = memory_take_aligned(a, h->workspace_bytes),
                      .state = memory_take(a, h->spins, 1),
                      .energies = memory_take(a, sweeps, sizeof(double)),
                      .groups = memory_take(a, h->groups + 1, sizeof(double)),
                      .field = memory_take(a, h->spins, sizeof(double))};
    bool room = m.workspace.at && m.state && m.energies && m.groups && m.field;
    if (room)
        run_chain(h, context, settings, o, &m);
    memory_release_aligned(a, &m.workspace);
    memory_release(a, m.state, h->spins, 1);
    memory_release(a, m.energies, sweeps, sizeof(double));
    memory_release(a, m.groups, h->groups + 1, sizeof(double));
    memory_release(a, m.field, h->spins, sizeof(double));
    return room ? ISG_OK : error_no_memory(error);
}

/* ---- all of it -------------------------------------------------------------------------------- */

isg_status observe(const isg_abi_hamiltonian *h, const isg_abi_context *context, const problem *p,
                   const observe_settings *settings, observation *o, isg_error *error)
{
    *o = (observation){.allocator = p->allocator, .spins = p->spins, .moves = h->moves};
    choose_effort(p, settings, o);
    isg_status status = find_ladder(h, context, o, error);
    if (status)
        return status;
    o->energies = memory_take(o->allocator, (size_t)o->asked + 1, sizeof *o->energies);
    o->up = memory_take(o->allocator, (size_t)o->asked + 1, (size_t)(o->spins ? o->spins : 1));
    if (!o->energies || !o->up)
        return error_no_memory(error);
    status = run_reads(h, context, p, settings, o, error);
    return status ? status : follow_chain(h, context, settings, o, error);
}

isg_status observe_problem(const problem *p, const observe_settings *settings, observation *o, isg_error *error)
{
    problem_kernels k;
    *o = (observation){.allocator = p->allocator, .spins = p->spins};
    isg_status status = problem_kernels_open(&k, p, error);
    if (status)
        return status;
    status = observe(&k.hamiltonian, &k.context, p, settings, o, error);
    problem_kernels_close(&k);
    return status;
}

void observation_close(observation *o)
{
    memory_release(o->allocator, o->energies, (size_t)o->asked + 1, sizeof *o->energies);
    memory_release(o->allocator, o->up, (size_t)o->asked + 1, (size_t)(o->spins ? o->spins : 1));
    o->energies = NULL;
    o->up = NULL;
}

const int8_t *observation_state(const observation *o, int32_t read)
{
    return o->up + (size_t)read * (size_t)o->spins;
}
