/* exact.c - see exact.h.
 *
 * Spins are fixed from the last to the first, -1 before 1, so that states come in order of their
 * numbers. The bound takes every field and every coupling among the spins left at its lowest.
 */
#include "runtime/exact.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

typedef struct search {
    const exact_problem *problem;
    double pairs[EXACT_MAX_SPINS + 1];                  /* sum of |coupling| among the first d spins */
    double field[EXACT_MAX_SPINS + 1][EXACT_MAX_SPINS]; /* [d]: fields of the first d spins, the others being fixed */
    double limit;                                       /* a state must come below */
    double tolerance;
    uint32_t best;
    uint64_t branches;
} search;

static double energy_of(const exact_problem *p, uint32_t state, double *magnitude)
{
    double energy = 0;
    *magnitude = 0;
    for (int i = 0; i < p->spins; i++) {
        double field = p->field[i];
        *magnitude += fabs(field);
        for (int j = 0; j < i; j++) {
            field += state >> j & 1 ? p->coupling[i][j] : -p->coupling[i][j];
            *magnitude += fabs(p->coupling[i][j]);
        }
        energy += state >> i & 1 ? field : -field;
    }
    return energy;
}

/* The first `left` spins are free; the others are fixed in `state`, with `energy` among them. */
static void branch(search *s, int left, uint32_t state, double energy)
{
    if (!left) {
        s->best = state;
        s->limit = energy - s->tolerance;
        return;
    }
    int i = left - 1;
    const double *field = s->field[left], *coupling = s->problem->coupling[i];
    double *next = s->field[i];
    for (int value = -1; value <= 1; value += 2) {
        double fixed = energy + value * field[i], bound = fixed - s->pairs[i];
        s->branches++;
        for (int j = 0; j < i; j++) {
            next[j] = field[j] + value * coupling[j];
            bound -= fabs(next[j]);
        }
        if (bound < s->limit)
            branch(s, i, state | (uint32_t)(value == 1) << i, fixed);
    }
}

uint64_t exact_minimise(const exact_problem *p, uint32_t known, uint32_t *best)
{
    search s = {.problem = p, .best = known};
    double magnitude, energy = energy_of(p, known, &magnitude);
    s.tolerance = EXACT_RESOLUTION * magnitude + DBL_MIN; /* above 0 for the problem of zeros as well */
    s.limit = energy + s.tolerance;                       /* so that the known state, or an earlier one as good, is met again */
    for (int i = 0; i < p->spins; i++) {
        s.field[p->spins][i] = p->field[i];
        s.pairs[i + 1] = s.pairs[i];
        for (int j = 0; j < i; j++)
            s.pairs[i + 1] += fabs(p->coupling[i][j]);
    }
    branch(&s, p->spins, 0, 0);
    *best = s.best;
    return s.branches;
}
