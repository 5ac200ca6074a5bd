/* reads.c - annealing ISG_ABI_READS reads side by side, where a program has moves for that.
 *
 * The reads end in states that no group move improves, with energies from float32. Those that may be the best are polished and
 * judged in double like any other read; that is few of them.
 */
#include "backends/native/kernels/vector.h"
#include "runtime/philox.h"
#include "runtime/solver.h"

#include <math.h>

bool anneal_side_by_side(uint64_t groups, int32_t reads)
{
    return groups == 1 && reads >= READS_SIDE_BY_SIDE_MIN;
}

bool solver_reads_side_by_side(const solver *s)
{
    return s->h->start_reads && anneal_side_by_side(s->h->groups, s->settings->reads);
}

_Static_assert((int)ISG_ABI_READS == (int)LANES, "a lane a read");

/* solver_random_state of every read: the draws of all for four spins at once. */
static void random_states(const solver *s, const uint32_t *keys, int8_t *states)
{
    u32x16 key[2], draw[4];
    for (int lane = 0; lane < LANES; lane++) {
        key[0][lane] = keys[2 * lane];
        key[1][lane] = keys[2 * lane + 1];
    }
    for (uint64_t first = 0; first < s->h->spins; first += 4) {
        const u32x16 counter[3] = {u32x16_of(PHILOX_START_SWEEP), u32x16_of((uint32_t)(first / 4)), u32x16_of(0)};
        philox_keyed_lanes(key, counter, draw);
        for (uint64_t i = first; i < first + 4 && i < s->h->spins; i++)
            for (int lane = 0; lane < LANES; lane++)
                states[(uint64_t)lane * s->h->spins + i] = draw[i - first][lane] >> 31 ? 1 : s->lowest[i];
    }
}

/* The starts of the reads first, first + 1, ... */
static void start(solver *s, int32_t first)
{
    reads_memory *r = &s->reads;
    for (int32_t k = 0; k < ISG_ABI_READS; k++)
        philox_read_key(s->settings->seed, s->settings->sample, s->settings->hamiltonian, (uint32_t)(first + k), r->keys + 2 * k);
    random_states(s, r->keys, r->states);
    s->h->start_reads(s->context, s->workspace, r->states);
}

/* False when cancelled on the way. */
static bool sweep_down(solver *s, const schedule *ladder, int32_t count)
{
    uint64_t flips = 1;
    double roots[SCHEDULE_ROOTS];
    schedule_make_roots(ladder, roots);
    for (int64_t k = 0; k < solver_sweeps(s) && (flips || k <= s->settings->sweeps); k++) {
        if (solver_cancelled(s))
            return false;
        flips = s->h->sweep_reads(s->context, s->workspace, solver_beta(s, ladder, roots, k), s->reads.keys, (uint32_t)k);
        s->attempts += s->h->spins * (uint64_t)count;
    }
    return true;
}

void solver_judge_reads(solver *s, int32_t from, int32_t count, int64_t descent_limit, double *least)
{
    reads_memory *r = &s->reads;
    double size = 0;
    bool first = !from;
    for (int32_t k = 0; k < count; k++) {
        *least = r->energy[k] < *least ? r->energy[k] : *least;
        size = fmax(size, fabs(r->energy[k]));
    }
    for (int32_t k = 0; k < count; k++) {
        bool near = r->energy[k] <= *least + READ_RESOLUTION * size;
        if (!near && !s->settings->read_done)
            continue;
        solver_take_state(s, r->states + (uint64_t)k * s->h->spins);
        solver_descend(s, 0, descent_limit, false);
        if (near) {
            solver_keep_best(s, first);
            first = false;
        }
        solver_tell_read(s, from + k);
    }
}

void solver_anneal_reads(solver *s, const schedule *ladder)
{
    double least = INFINITY;
    bool going = true;
    for (int32_t read = 0; read < s->settings->reads && going; read += ISG_ABI_READS) {
        int32_t left = s->settings->reads - read, count = left < ISG_ABI_READS ? left : ISG_ABI_READS;
        start(s, read);
        if (!read) {
            solver_take_state(s, s->reads.states);
            solver_keep_start(s);
        }
        going = sweep_down(s, ladder, count);
        if (!read && !going)
            solver_judge_start(s);
        s->h->finish_reads(s->context, s->workspace, s->reads.states, s->reads.energy);
        solver_judge_reads(s, read, count, going ? MAX_DESCENT_SWEEPS : HURRIED_DESCENT_SWEEPS, &least);
    }
}
