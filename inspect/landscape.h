/* landscape.h - what reads came to: their energies, the lowest states and how they differ, and how often an anneal succeeds. */
#ifndef INSPECT_LANDSCAPE_H
#define INSPECT_LANDSCAPE_H

#include "inspect/enumerate.h"
#include "inspect/observe.h"
#include "inspect/value.h"

enum { LANDSCAPE_STATES = 16, LANDSCAPE_ENERGIES = 4096, LANDSCAPE_LISTED = 200000 };

/* A state that reads ended in. */
typedef struct found_state {
    double energy;
    int32_t read;  /* the first that ended there */
    int32_t count; /* reads */
} found_state;

typedef struct landscape {
    found_state *states; /* distinct, lowest first; of equal energies the earlier read's first */
    int32_t count;
    int32_t lowest_states, lowest_reads; /* of the lowest energy, give or take rounding */
    bool enumerated;
    enumeration exact;
    bool proven;      /* `reference` is known to be the ground state's energy */
    double reference; /* the lowest energy known */
    const char *how;  /* "exact" or "best found" */
    double tie;       /* energies closer to the lowest are the same */
} landscape;

/* settled [spins], 1 where a spin is at its highest value: a state that presolve proves to be the best; NULL where it leaves
 * spins. Arrays in the arena. */
landscape landscape_of(const problem *p, const observation *o, const int8_t *settled, arena *a);

json_t *landscape_value(arena *a, const problem *p, const observation *o, const landscape *l); /* LANDSCAPE of README.md */
json_t *measured_value(arena *a, const observation *o, const landscape *l);                    /* MEASURED */
json_t *landscape_up(arena *a, const int8_t *up, int64_t spins); /* numbers of the spins that are up */

#endif
