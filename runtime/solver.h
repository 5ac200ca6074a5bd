/* solver.h - one anneal_solve at work; shared by anneal.c and small_groups.c. */
#ifndef RUNTIME_SOLVER_H
#define RUNTIME_SOLVER_H

#include "runtime/anneal.h"
#include "runtime/exact.h"

/* Groups are told apart, and solved exactly, only in Hamiltonians of at most so many spins, so that the
 * scratch memory stays small. */
enum { SMALL_GROUPS_MAX_SPINS = 4096 };

/* The arrays lie in the scratch memory, all but `best`, which is the frame's state. */
typedef struct solver {
    const isg_abi_hamiltonian *h;
    const isg_abi_context *context;
    const anneal_settings *settings;
    const int8_t *lowest;
    const uint32_t *group; /* NULL: one group */
    int8_t *best;
    void *workspace;                                                   /* of the program's moves */
    int8_t *state;                                                     /* [spins] */
    double *field, *largest, *coupling_sum, *coupling_square, *linear; /* [spins] */
    double *energy, *best_energy;                                      /* [groups + 1], the offset last */
    char *improved, *solved;                                           /* [groups] */
    uint32_t *slot;                                                    /* [spins]: place in its group */
    uint32_t *group_size, *group_first;                                /* [groups]: how many spins, and the first of them */
    double *column;                                                    /* [EXACT_MAX_SPINS][spins] */
    uint64_t attempts;
} solver;

static inline uint32_t solver_group(const solver *s, uint64_t spin)
{
    return s->group ? s->group[spin] : 0;
}

/* Greedy sweeps from the current state until one flips nothing or `limit` were made. */
void solver_descend(solver *s, double threshold, int64_t limit, bool heed_cancel);

bool solver_cancelled(const solver *s);

/* small_groups.c: solves every group of at most EXACT_MAX_SPINS spins exactly into `best`, `best_energy`
 * and marks it `solved`. True when that was all of them, or it was cancelled. */
bool solver_small_groups(solver *s);

#endif
