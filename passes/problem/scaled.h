/* scaled.h - the free part of a problem in integers, for proofs that no rounding can spoil.
 *
 *   E(s) = sum_i field[i] s_i + sum_{i<j} coupling_ij s_i s_j,   s_i in {-1, 1}
 *
 * whatever the domain of the problem (s = 1 for its highest value), in units of a power of two of the problem's
 * energy: numbers that are no multiples are rounded, and `slack` makes up for it: flipping a set of spins changes the
 * true energy by what it changes E, give or take the sum of their slacks. All sums of all numbers stay below 2^52.
 */
#ifndef PASSES_PROBLEM_SCALED_H
#define PASSES_PROBLEM_SCALED_H

#include "ir/problem.h"

enum { SPIN_FREE = 2 };

typedef struct scaled {
    const isg_allocator *allocator;
    int64_t spins, ends; /* ends: of couplings, two each */
    uint32_t *spin;      /* [spins]: which of the problem's */
    int64_t *field;      /* [spins] */
    int64_t *slack;      /* [spins] */
    int64_t *row_start;  /* [spins + 1] */
    uint32_t *neighbour; /* [ends] */
    int64_t *coupling;   /* [ends] */
    bool exact;          /* no slack anywhere */
} scaled;

/* fixed [p->spins]: a spin's value, or SPIN_FREE. */
isg_status scaled_open(scaled *s, const problem *p, const int8_t *fixed, isg_error *error);
void scaled_close(scaled *s);

#endif
