/* anneal.c - see anneal.h. */
#include "runtime/anneal.h"
#include "runtime/philox.h"
#include "runtime/schedule.h"
#include "runtime/solver.h"

#include <math.h>
#include <string.h>

static const int64_t max_solver_sweeps = INT64_C(1) << 40;

static bool add_bytes(size_t *total, uint64_t count, size_t size)
{
    size_t bytes;
    return !__builtin_mul_overflow(count, size, &bytes) && !__builtin_add_overflow(bytes, 63, &bytes) &&
           !__builtin_add_overflow(*total, bytes & ~(size_t)63, total);
}

static bool tells_groups(const isg_abi_hamiltonian *h)
{
    return h->spins <= SMALL_GROUPS_MAX_SPINS;
}

size_t anneal_scratch_bytes(const isg_abi_hamiltonian *h)
{
    size_t total = 0;
    bool fits = h->groups < UINT64_MAX && add_bytes(&total, h->workspace_bytes, 1);
    for (int i = 0; i < 5; i++)
        fits = fits && add_bytes(&total, h->spins, sizeof(double));
    for (int i = 0; i < 2; i++)
        fits = fits && add_bytes(&total, h->groups + 1, sizeof(double)) && add_bytes(&total, h->groups, 1);
    fits = fits && add_bytes(&total, h->spins, 1);
    if (h->start_reads)
        fits = fits && add_bytes(&total, h->spins, ISG_ABI_READS);
    if (solver_lanes_bytes(h))
        fits = fits && add_bytes(&total, h->spins, READS_MAX) && add_bytes(&total, solver_lanes_bytes(h), 1);
    if (tells_groups(h))
        fits = fits && add_bytes(&total, h->spins, sizeof(uint32_t)) && add_bytes(&total, h->groups, sizeof(uint32_t)) &&
               add_bytes(&total, h->groups, sizeof(uint32_t)) && add_bytes(&total, h->spins, EXACT_MAX_SPINS * sizeof(double));
    return fits ? total : SIZE_MAX;
}

static void *carve(char **scratch, uint64_t count, size_t size)
{
    void *at = *scratch;
    *scratch += (count * size + 63) & ~(size_t)63;
    return at;
}

static solver open_solver(const isg_abi_hamiltonian *h, const isg_abi_context *context, const anneal_settings *settings,
                          char *scratch)
{
    solver s = {.h = h, .context = context, .settings = settings};
    s.lowest = (const int8_t *)context->tables + h->lowest_offset;
    s.group = h->groups > 1 ? (const uint32_t *)(const void *)(context->tables + h->group_offset) : NULL;
    s.best = (int8_t *)context->frame + h->state_offset;
    s.workspace = carve(&scratch, h->workspace_bytes, 1);
    s.field = carve(&scratch, h->spins, sizeof(double));
    s.largest = carve(&scratch, h->spins, sizeof(double));
    s.coupling_sum = carve(&scratch, h->spins, sizeof(double));
    s.coupling_square = carve(&scratch, h->spins, sizeof(double));
    s.linear = carve(&scratch, h->spins, sizeof(double));
    s.energy = carve(&scratch, h->groups + 1, sizeof(double));
    s.best_energy = carve(&scratch, h->groups + 1, sizeof(double));
    s.state = carve(&scratch, h->spins, 1);
    s.reads.states = h->start_reads ? carve(&scratch, h->spins, ISG_ABI_READS) : NULL;
    if (solver_lanes_bytes(h)) {
        s.reads.states = carve(&scratch, h->spins, READS_MAX);
        s.reads.lanes = carve(&scratch, solver_lanes_bytes(h), 1);
    }
    s.improved = carve(&scratch, h->groups, 1);
    s.solved = carve(&scratch, h->groups, 1);
    memset(s.solved, 0, h->groups);
    if (tells_groups(h)) {
        s.slot = carve(&scratch, h->spins, sizeof *s.slot);
        s.group_size = carve(&scratch, h->groups, sizeof *s.group_size);
        s.group_first = carve(&scratch, h->groups, sizeof *s.group_first);
        s.column = carve(&scratch, h->spins, EXACT_MAX_SPINS * sizeof *s.column);
    }
    return s;
}

bool solver_cancelled(const solver *s)
{
    return s->settings->cancelled && s->settings->cancelled(s->settings->cancel_context);
}

static double total_energy(const solver *s, const double *energy)
{
    double total = 0;
    for (uint64_t g = 0; g < s->h->groups; g++)
        total += energy[g];
    return total + energy[s->h->groups];
}

void solver_descend(solver *s, double threshold, int64_t limit, bool heed_cancel)
{
    uint64_t flips = 1, all = 0;
    s->h->fields(s->context, s->state, s->field);
    for (int64_t k = 0; k < limit && flips && !(k && heed_cancel && solver_cancelled(s)); k++) {
        s->attempts += s->h->spins;
        flips = s->h->descend(s->context, s->state, s->field, threshold);
        all += flips;
    }
    if (all) /* what flips have added up depends on the way; energies must not */
        s->h->fields(s->context, s->state, s->field);
}

static void take_energy(solver *s, double *energy)
{
    s->h->energy(s->context, s->state, s->field, energy);
}

/* ---- annealing ------------------------------------------------------------------------------- */

void solver_random_state(const solver *s, const uint32_t key[2], int8_t *state)
{
    uint32_t draw[4];
    for (uint64_t i = 0; i < s->h->spins; i++) {
        if (i % 4 == 0)
            philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)(i / 4), draw);
        state[i] = draw[i % 4] >> 31 ? 1 : s->lowest[i];
    }
}

void solver_take_state(solver *s, const int8_t *state)
{
    memcpy(s->state, state, s->h->spins);
}

void solver_keep_best(solver *s, bool ties)
{
    take_energy(s, s->energy);
    for (uint64_t g = 0; g < s->h->groups; g++) {
        s->improved[g] = !s->solved[g] && (s->energy[g] < s->best_energy[g] || (ties && s->energy[g] == s->best_energy[g]));
        if (s->improved[g])
            s->best_energy[g] = s->energy[g];
    }
    s->best_energy[s->h->groups] = s->energy[s->h->groups];
    for (uint64_t i = 0; i < s->h->spins; i++)
        if (s->improved[solver_group(s, i)])
            s->best[i] = s->state[i];
}

void solver_tell_read(solver *s, int32_t read)
{
    if (!s->settings->read_done)
        return;
    take_energy(s, s->energy);
    s->settings->read_done(s->settings->read_context, read, s->state, total_energy(s, s->energy));
}

/* The start of the first read stands as the answer until something is found; what it is worth is looked at only where nothing
 * better is sure to come. */
void solver_keep_start(solver *s)
{
    for (uint64_t g = 0; g < s->h->groups; g++)
        if (!s->solved[g])
            s->best_energy[g] = INFINITY;
    s->best_energy[s->h->groups] = 0;
    for (uint64_t i = 0; i < s->h->spins; i++)
        if (!s->solved[solver_group(s, i)])
            s->best[i] = s->state[i];
}

void solver_energy_of_best(solver *s, double *energy)
{
    s->h->fields(s->context, s->best, s->field);
    s->h->energy(s->context, s->best, s->field, energy);
}

void solver_judge_start(solver *s)
{
    solver_energy_of_best(s, s->energy);
    s->best_energy[s->h->groups] = s->energy[s->h->groups];
    for (uint64_t g = 0; g < s->h->groups; g++)
        if (!s->solved[g])
            s->best_energy[g] = s->energy[g];
}

/* After `prepare`. */
static schedule make_schedule(solver *s)
{
    if (s->h->span) {
        double greatest, least;
        s->h->span(s->context, s->workspace, &greatest, &least);
        return schedule_spanning(greatest, least);
    }
    s->h->scales(s->context, s->largest, s->coupling_sum, s->coupling_square, s->linear);
    schedule_scales scales = {.spins = s->h->spins,
                              .largest = s->largest,
                              .coupling_sum = s->coupling_sum,
                              .coupling_square = s->coupling_square,
                              .linear = s->linear,
                              .lowest = s->lowest};
    return schedule_make(&scales);
}

int64_t solver_sweeps(const solver *s)
{
    return (int64_t)s->settings->sweeps + (s->h->span ? QUENCH_SWEEPS : 0);
}

double solver_beta(const solver *s, const schedule *ladder, const double roots[SCHEDULE_ROOTS], int64_t k)
{
    return k < s->settings->sweeps ? schedule_beta_from(ladder, roots, (int32_t)k, s->settings->sweeps) : NO_TEMPERATURE;
}

/* False when cancelled on the way. */
static bool sweep_down(solver *s, const schedule *ladder, const uint32_t key[2])
{
    uint64_t flips = 1;
    double roots[SCHEDULE_ROOTS];
    schedule_make_roots(ladder, roots);
    s->h->start(s->context, s->workspace, s->state);
    for (int64_t k = 0; k < solver_sweeps(s) && (flips || k <= s->settings->sweeps); k++) {
        if (solver_cancelled(s))
            return false;
        flips = s->h->sweep(s->context, s->workspace, s->state, solver_beta(s, ladder, roots, k), key, (uint32_t)k);
        s->attempts += s->h->spins;
    }
    return true;
}

/* Whether a read that ran to its end may still be the best: it has come elsewhere than the best so far, and nowhere higher by its
 * estimate than the `least` that an earlier one surely was. Not asked where somebody wants to see every read. */
static bool may_be_best(solver *s, bool first, double *least)
{
    if (s->settings->read_done || s->h->groups > 1)
        return true;
    if (!first && !memcmp(s->state, s->best, s->h->spins))
        return false;
    if (!s->h->estimate || s->settings->reads == 1)
        return true;
    double error, energy = s->h->estimate(s->context, s->workspace, &error);
    *least = fmin(*least, energy + error);
    return energy - error <= *least;
}

/* The first read begins where the fields lead, as far as they do; the others anywhere. */
static void start_state(solver *s, int32_t read, const uint32_t key[2])
{
    bool leans = !read && s->h->lean;
    if (leans && !s->h->lean(s->context, s->workspace, s->state))
        return;
    solver_random_state(s, key, s->state);
    if (leans)
        s->h->lean(s->context, s->workspace, s->state);
}

static void anneal_reads_in_turn(solver *s, schedule *ladder)
{
    double least = INFINITY;
    bool going = true;
    for (int32_t read = 0; read < s->settings->reads && going; read++) {
        uint32_t key[2];
        philox_read_key(s->settings->seed, s->settings->sample, s->settings->hamiltonian, (uint32_t)read, key);
        start_state(s, read, key);
        if (!read)
            solver_keep_start(s);
        going = sweep_down(s, ladder, key);
        if (!read && !going)
            solver_judge_start(s);
        if (going && !may_be_best(s, !read, &least))
            continue;
        solver_descend(s, 0, going ? MAX_DESCENT_SWEEPS : HURRIED_DESCENT_SWEEPS, false);
        solver_keep_best(s, !read);
        if (!read && s->settings->reads > 1)
            solver_narrow(s, ladder);
        solver_tell_read(s, read);
    }
}

static void anneal_by_moves(solver *s)
{
    s->h->prepare(s->context, s->workspace);
    schedule ladder = make_schedule(s);
    if (solver_reads_side_by_side(s))
        solver_anneal_reads(s, &ladder);
    else
        anneal_reads_in_turn(s, &ladder);
}

static void anneal(solver *s)
{
    if (s->settings->exact && solver_small_groups(s))
        return;
    if (solver_has_few_couplings(s))
        solver_anneal_few_couplings(s);
    else
        anneal_by_moves(s);
    if (!(total_energy(s, s->best_energy) < INFINITY)) /* no read had an energy to compare */
        solver_judge_start(s);
}

/* ---- descent --------------------------------------------------------------------------------- */

static void descend_from_both_ends(solver *s)
{
    s->h->scales(s->context, s->largest, s->coupling_sum, s->coupling_square, s->linear);
    double largest = 0;
    for (uint64_t i = 0; i < s->h->spins; i++)
        largest = fmax(largest, s->largest[i]);
    double threshold = 1e-6 * largest;

    memcpy(s->state, s->lowest, s->h->spins);
    solver_descend(s, threshold, max_solver_sweeps, true);
    solver_keep_start(s);
    solver_keep_best(s, false);
    double first = total_energy(s, s->best_energy);

    memset(s->state, 1, s->h->spins);
    solver_descend(s, threshold, max_solver_sweeps, true);
    take_energy(s, s->energy);
    if (total_energy(s, s->energy) < first - 1e-9 * fmax(1, fabs(first))) {
        memcpy(s->best, s->state, s->h->spins);
        memcpy(s->best_energy, s->energy, (s->h->groups + 1) * sizeof *s->energy);
    }
}

bool anneal_serves(const isg_abi_hamiltonian *h, isg_solver solver, int32_t reads)
{
    if (solver == ISG_DESCENT)
        return h->scales != NULL;
    bool moves =
        h->start_reads && anneal_side_by_side(h->groups, reads) ? h->sweep_reads && h->finish_reads : h->start && h->sweep;
    return h->prepare && moves && (h->span || h->scales);
}

anneal_result anneal_solve(const isg_abi_hamiltonian *h, const isg_abi_context *context, const anneal_settings *settings,
                           char *scratch)
{
    solver s = open_solver(h, context, settings, scratch);
    if (settings->solver == ISG_DESCENT)
        descend_from_both_ends(&s);
    else
        anneal(&s);
    return (anneal_result){.energy = total_energy(&s, s.best_energy), .attempts = s.attempts};
}
