/* enumerate.h - the lowest energies of a small problem, by going through all its states.
 *
 * Spin by spin, a tree of choices: a state's energy is the sum of its own terms and never what is left over after others were
 * taken off again, so that a huge term costs nothing to the states that it is absent from. Summed in pairs of doubles (T. J.
 * Dekker, "A floating-point technique for extending the available precision", 1971), as the terms of one state may differ as
 * much.
 */
#ifndef INSPECT_ENUMERATE_H
#define INSPECT_ENUMERATE_H

#include "ir/problem.h"

enum { ENUMERATE_SPINS = 24, ENUMERATE_LEVELS = 32 };

typedef struct energy_level {
    double energy;  /* problem_energy of `state` */
    int64_t states; /* that have it, give or take rounding (1e-12 of the sizes of the terms that are not zero in them) */
    uint32_t state; /* the lowest of them: bit i set where spin i is at its highest value */
} energy_level;

typedef struct enumeration {
    int32_t count; /* levels, lowest first; fewer than ENUMERATE_LEVELS only when there are no more */
    energy_level levels[ENUMERATE_LEVELS];
} enumeration;

/* At most ENUMERATE_SPINS spins. */
void enumerate(const problem *p, enumeration *out);

#endif
