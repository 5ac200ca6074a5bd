/* exact.h - the ground state of a small problem, by depth-first branch and bound over its states. */
#ifndef RUNTIME_EXACT_H
#define RUNTIME_EXACT_H

#include <stdint.h>

/* Even without any pruning 2^22 states take a few tens of milliseconds. */
enum { EXACT_MAX_SPINS = 22 };

/* Of the sum of all numbers' sizes: energies that differ by no more are taken for equal. */
#define EXACT_RESOLUTION 1e-12

/* E(s) = sum_i field[i] s_i + sum_{j<i} coupling[i][j] s_i s_j over s in {-1, 1}. */
typedef struct exact_problem {
    int spins; /* 1 .. EXACT_MAX_SPINS */
    double field[EXACT_MAX_SPINS];
    double coupling[EXACT_MAX_SPINS][EXACT_MAX_SPINS]; /* read where j < i */
} exact_problem;

/* Bit i of *best is set where s_i = 1. Of states within EXACT_RESOLUTION of each other the one of the
 * smallest number wins. `known` is a state to compare with from the start, a good one to prune early.
 * Returns the number of branches looked at. */
uint64_t exact_minimise(const exact_problem *p, uint32_t known, uint32_t *best);

#endif
