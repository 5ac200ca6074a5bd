/* few_couplings.c - annealing sixty-four reads side by side where couplings are few, whole and small
 * (backends/native/kernels/lanes.h).
 *
 * Which numbers a program has shows with the data alone, so this is no part of its code: the couplings are asked for one by one,
 * and where they will not do, or reads are few, the program's own moves are taken.
 */
#include "backends/native/kernels/lanes_work.h"
#include "runtime/lane_level.h"
#include "runtime/philox.h"
#include "runtime/solver.h"

#include <math.h>
#include <string.h>

_Static_assert((int)READS_MAX == (int)LANES_READS, "memory for the reads side by side");

static int64_t entries_of(const isg_abi_hamiltonian *h)
{
    uint64_t most = h->spins * LANES_MOST_NEIGHBOURS;
    return lanes_entries((int64_t)h->spins, (int64_t)(h->few_couplings < most ? h->few_couplings : most));
}

size_t solver_lanes_bytes(const isg_abi_hamiltonian *h)
{
    if (!h->few_couplings || !h->couplings || h->groups != 1 || h->spins > LANES_MOST_SPINS)
        return 0;
    return (size_t)lanes_work_bytes((int64_t)h->spins, entries_of(h));
}

/* ---- whether they are few -------------------------------------------------------------------- */

static void measure_coupling(void *measure, int64_t first, int64_t second, double value)
{
    lanes_measure_coupling(measure, first, second, value);
}

static void add_coupling(void *work, int64_t first, int64_t second, double value)
{
    lanes_work_add(work, first, second, value);
}

static bool whole(const double *numbers, uint64_t count)
{
    double scale = 1 << DENSE_MOST_DIGITS;
    for (uint64_t i = 0; i < count; i++)
        if (dense_fraction(numbers[i], scale) != 0)
            return false;
    return true;
}

/* Fields are looked at first: most numbers that are not whole show there. */
bool solver_has_few_couplings(solver *s)
{
    const isg_abi_hamiltonian *h = s->h;
    if (!s->reads.lanes || !anneal_side_by_side(h->groups, s->settings->reads))
        return false;
    memcpy(s->state, s->lowest, h->spins);
    h->fields(s->context, s->state, s->field);
    if (!whole(s->field, h->spins))
        return false;
    lanes_measure m = lanes_work_open(s->reads.lanes, (int64_t)h->spins, entries_of(h));
    h->couplings(s->context, measure_coupling, &m);
    if (!lanes_work_lay_out(s->reads.lanes, &m, s->field, 1 - s->lowest[0]))
        return false;
    h->couplings(s->context, add_coupling, s->reads.lanes);
    lanes_work_close((lanes_work *)(void *)s->reads.lanes);
    return true;
}

/* ---- annealing ------------------------------------------------------------------------------- */

typedef struct few_couplings {
    const lanes_work *w;
    const lane_level *level;
    double hot, cold; /* temperatures */
} few_couplings;

/* The hot end is what excitations of a minimum say (narrow.c), of one that the first start descends to. The cold end is in units
 * of the least change of energy there may be, between two of them by the least typical change. Temperatures fall evenly. On
 * independent sets, weighted and plain cuts and a flat spin glass that found lower energies than geometric ladders between ends
 * from the sizes of couplings. */
static const double cold_quantum = 0.23, cold_quantum_most = 0.4, cold_typical = 0.058;

static void choose_temperatures(solver *s, few_couplings *f)
{
    schedule ladder = schedule_spanning(f->w->greatest, f->w->least);
    for (int32_t k = 0; k < MAX_DESCENT_SWEEPS && f->level->descend(&f->w->l, 1) && !solver_cancelled(s); k++)
        s->attempts += s->h->spins;
    lanes_work_give(f->w, 0, s->state, s->lowest[0]);
    s->h->fields(s->context, s->state, s->field);
    solver_narrow(s, &ladder);
    double quantum = f->w->unit / f->w->scale, cold = fmax(cold_quantum * quantum, cold_typical * f->w->least);
    f->hot = ladder.hot > 0 ? 1 / ladder.hot : cold;
    f->cold = fmin(fmin(cold, cold_quantum_most * quantum), f->hot);
}

static double temperature(const solver *s, const few_couplings *f, int32_t k)
{
    int32_t last = s->settings->sweeps - 1;
    return k < last ? f->hot + (f->cold - f->hot) * k / last : f->cold;
}

/* False when cancelled on the way. */
static bool sweep_down(solver *s, const few_couplings *f, const uint32_t key[2], int32_t count)
{
    uint64_t counted = count < LANES_READS ? ((uint64_t)1 << count) - 1 : UINT64_MAX;
    for (int32_t k = 0; k < s->settings->sweeps; k++) {
        if (solver_cancelled(s))
            return false;
        f->level->sweep(&f->w->l, key, (uint32_t)k, lanes_work_cost(f->w, temperature(s, f, k)), counted);
        s->attempts += s->h->spins * (uint64_t)count;
    }
    for (int32_t k = 0; k < MAX_DESCENT_SWEEPS && f->level->descend(&f->w->l, counted) && !solver_cancelled(s); k++)
        s->attempts += s->h->spins * (uint64_t)count;
    return true;
}

/* Of the first reads of the sixty-four. */
static void take_energies(solver *s, const few_couplings *f, int32_t count)
{
    int32_t twice[LANES_READS];
    f->level->energies(&f->w->l, twice);
    for (int32_t k = 0; k < count; k++)
        s->reads.energy[k] = twice[k] * f->w->unit / (2 * f->w->scale);
}

/* Energies are exact: the first of the lowest is the best, and double only confirms it. Whoever asks is told of every read. */
static void judge(solver *s, const few_couplings *f, int32_t from, int32_t count, int64_t descent_limit, double *least)
{
    int32_t lowest = 0;
    take_energies(s, f, count);
    for (int32_t k = 0; k < count; k++) {
        lowest = s->reads.energy[k] < s->reads.energy[lowest] ? k : lowest;
        if (s->settings->read_done)
            lanes_work_give(f->w, k, s->reads.states + (uint64_t)k * s->h->spins, s->lowest[0]);
    }
    if (s->settings->read_done) {
        solver_judge_reads(s, from, count, descent_limit, least);
    } else if (s->reads.energy[lowest] < *least) {
        *least = s->reads.energy[lowest];
        lanes_work_give(f->w, lowest, s->state, s->lowest[0]);
        solver_descend(s, 0, descent_limit, false);
        solver_keep_best(s, !from);
    }
}

void solver_anneal_few_couplings(solver *s)
{
    const lane_level *levels[LANE_LEVELS];
    double least = INFINITY;
    bool going = true;
    few_couplings f = {.w = (const lanes_work *)(const void *)s->reads.lanes};
    lane_levels(levels);
    f.level = levels[0];
    for (int32_t read = 0; read < s->settings->reads && going; read += LANES_READS) {
        int32_t left = s->settings->reads - read, count = left < LANES_READS ? left : LANES_READS;
        uint32_t key[2];
        philox_read_key(s->settings->seed, s->settings->sample, s->settings->hamiltonian, (uint32_t)read, key);
        f.level->start(&f.w->l, key);
        if (!read) {
            lanes_work_give(f.w, 0, s->state, s->lowest[0]);
            solver_keep_start(s);
            choose_temperatures(s, &f);
            f.level->start(&f.w->l, key);
        }
        going = sweep_down(s, &f, key, count);
        if (!read && !going)
            solver_judge_start(s);
        judge(s, &f, read, count, going ? MAX_DESCENT_SWEEPS : HURRIED_DESCENT_SWEEPS, &least);
    }
}
