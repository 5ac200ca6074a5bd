/* enumerate.h - the lowest energies of a small problem, by going through all its states.
 *
 * In Gray code order (F. Gray, US patent 2632058): each step turns one spin, whose energy change its field tells.
 */
#ifndef INSPECT_ENUMERATE_H
#define INSPECT_ENUMERATE_H

#include "ir/problem.h"

enum { ENUMERATE_SPINS = 24, ENUMERATE_LEVELS = 32 };

typedef struct energy_level {
    double energy;  /* problem_energy of `state` */
    int64_t states; /* that have it, give or take rounding (1e-10 of the sum of all coefficients' sizes) */
    uint32_t state; /* one of them: bit i set where spin i is at its highest value */
} energy_level;

typedef struct enumeration {
    int32_t count; /* levels, lowest first; fewer than ENUMERATE_LEVELS only when there are no more */
    energy_level levels[ENUMERATE_LEVELS];
} enumeration;

/* At most ENUMERATE_SPINS spins. */
void enumerate(const problem *p, enumeration *out);

#endif
