/* solver.h - one anneal_solve at work; shared by anneal.c and small_groups.c. */
#ifndef RUNTIME_SOLVER_H
#define RUNTIME_SOLVER_H

#include "runtime/anneal.h"
#include "runtime/exact.h"
#include "runtime/schedule.h"

/* Groups are told apart, and solved exactly, only in Hamiltonians of at most so many spins, so that the
 * scratch memory stays small. */
enum { SMALL_GROUPS_MAX_SPINS = 4096 };

/* Descent after a read ends where no flip gains; the limit only stops rounding from going in circles.
 * After a cancellation it is cut short. */
enum { MAX_DESCENT_SWEEPS = 1000, HURRIED_DESCENT_SWEEPS = 4 };

/* Group moves end by as many sweeps at no temperature as change anything, but no more than these. */
enum { QUENCH_SWEEPS = 12 };
#define NO_TEMPERATURE 1e300 /* as an inverse temperature */

/* Estimated energies closer than this, relative to their size, may come in any order in double. */
#define READ_RESOLUTION 1e-5

/* Fewer reads than this are annealed one after the other. */
enum { READS_SIDE_BY_SIDE_MIN = 6 };

/* Of ISG_ABI_READS reads side by side, or READS_MAX (few_couplings.c). */
enum { READS_MAX = 64 };
typedef struct reads_memory {
    int8_t *states; /* [reads][spins] */
    uint32_t keys[2 * ISG_ABI_READS];
    double energy[READS_MAX];
    char *lanes; /* of few_couplings.c; NULL: not for this Hamiltonian */
} reads_memory;

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
    reads_memory reads;
    uint64_t attempts;
} solver;

static inline uint32_t solver_group(const solver *s, uint64_t spin)
{
    return s->group ? s->group[spin] : 0;
}

/* Greedy sweeps from the current state until one flips nothing or `limit` were made. `field` gets its fields. */
void solver_descend(solver *s, double threshold, int64_t limit, bool heed_cancel);

bool solver_cancelled(const solver *s);

/* A random state, from the draws of a read's key. */
void solver_random_state(const solver *s, const uint32_t key[2], int8_t *state);
/* The current state, with its fields, is that in which a read ended; tells whoever asked for them. */
void solver_tell_read(solver *s, int32_t read);
void solver_take_state(solver *s, const int8_t *state); /* it becomes the current one */
/* The current state becomes the answer, of unknown energy, in the groups that are not solved yet. */
void solver_keep_start(solver *s);
/* That answer is to be beaten: a cancelled read may be worse. */
void solver_judge_start(solver *s);
/* Its energies; overwrites `field`. */
void solver_energy_of_best(solver *s, double *energy);
/* Takes over the groups in which the current state, whose fields are known, is better, or, with ties, as good. */
void solver_keep_best(solver *s, bool ties);

/* How many sweeps a read takes at most, and the inverse temperature of sweep k. */
int64_t solver_sweeps(const solver *s);
double solver_beta(const solver *s, const schedule *ladder, const double roots[SCHEDULE_ROOTS], int64_t k);

/* narrow.c: narrows the ladder for later reads, when the current state is a minimum and `field` its fields. */
void solver_narrow(solver *s, schedule *ladder);

/* reads.c: whether the reads are annealed side by side, and doing so. */
bool solver_reads_side_by_side(const solver *s);
void solver_anneal_reads(solver *s, const schedule *ladder);
/* Polishes the reads from read `from` on that have ended, with states and energies in s->reads, and may be the best, and keeps
 * the best; all are polished when somebody is told of every read. `least` is the least such energy met so far. */
void solver_judge_reads(solver *s, int32_t from, int32_t count, int64_t descent_limit, double *least);

/* few_couplings.c: memory for it; 0: none is needed. Whether the couplings are such that it takes them, and then annealing. */
size_t solver_lanes_bytes(const isg_abi_hamiltonian *h);
bool solver_has_few_couplings(solver *s);
void solver_anneal_few_couplings(solver *s);

/* small_groups.c: solves every group of at most EXACT_MAX_SPINS spins exactly into `best`, `best_energy`
 * and marks it `solved`. True when that was all of them, or it was cancelled. */
bool solver_small_groups(solver *s);

#endif
