/* block_solve.h - a problem larger than a machine, on a simulator of that machine: block coordinate descent.
 *
 * The graph is cut into parts that the machine holds (cut.h). From the better of two greedy descents on, one part after the other
 * is solved (target_solve.h) with all other spins held, and its best answer kept where it lowers the energy; so no pass raises
 * it. It ends after a pass that changes nothing, or after `passes`.
 */
#ifndef BACKENDS_SOLVE_BLOCK_SOLVE_H
#define BACKENDS_SOLVE_BLOCK_SOLVE_H

#include "backends/solve/target_solve.h"

enum { BLOCK_DEFAULT_PASSES = 4 };

typedef struct block_info {
    int32_t parts, passes;
    double severed, coupling; /* as cut.h says */
} block_info;

/* Whether the problem has more spins than the machine has room for, an ancilla counted where there are fields. */
bool block_needed(const problem *p, const target *t);

/* state[spins]. Settings are those of each part; the time limit is for all. */
isg_status block_solve(const problem *p, const target *t, const solve_settings *settings, int8_t *state, solve_result *result,
                       block_info *info, isg_error *error);

#endif
