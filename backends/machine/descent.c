/* descent.c - see descent.h. */
#include "backends/machine/descent.h"

enum { DESCENT_SWEEPS_MAX = 1000 }; /* only stops rounding from going in circles */

static void start_fields(const problem *p, const int8_t *state, double *field)
{
    for (int64_t i = 0; i < p->spins; i++)
        field[i] = p->fields[i];
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        field[c->first] += c->value * state[c->second];
        field[c->second] += c->value * state[c->first];
    }
}

static bool descend_once(const problem *p, const problem_rows *rows, int8_t *state, double *field)
{
    bool flipped = false;
    for (int64_t i = 0; i < p->spins; i++) {
        int step = p->domain == PROBLEM_BINARY ? 1 - 2 * state[i] : -2 * state[i];
        if (!(step * field[i] < 0))
            continue;
        state[i] = (int8_t)(state[i] + step);
        flipped = true;
        for (int64_t k = rows->row_start[i]; k < rows->row_start[i + 1]; k++)
            field[rows->neighbour[k]] += rows->value[k] * step;
    }
    return flipped;
}

void descent(const problem *p, const problem_rows *rows, int8_t *state, double *field)
{
    start_fields(p, state, field);
    for (int sweep = 0; sweep < DESCENT_SWEEPS_MAX && descend_once(p, rows, state, field); sweep++)
        ;
}
