/* enumerate.c - see enumerate.h. */
#include "inspect/enumerate.h"

#include <math.h>
#include <string.h>

/* The energy is summed anew so often that rounding does not pile up. */
enum { REFRESH = 4096 };

typedef struct walk {
    const problem *p;
    double coupling[ENUMERATE_SPINS][ENUMERATE_SPINS];
    double field[ENUMERATE_SPINS]; /* h_i + sum_j J_ij v_j */
    int8_t state[ENUMERATE_SPINS];
    uint32_t bits;
    double energy, tie; /* energies closer than `tie` are the same level */
    enumeration *out;
} walk;

static void start(walk *w)
{
    const problem *p = w->p;
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    double sizes = 0;
    for (int64_t i = 0; i < p->spins; i++) {
        w->state[i] = lowest;
        w->field[i] = p->fields[i];
        sizes += fabs(p->fields[i]);
    }
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        w->coupling[c->first][c->second] = w->coupling[c->second][c->first] = c->value;
        w->field[c->first] += c->value * lowest;
        w->field[c->second] += c->value * lowest;
        sizes += fabs(c->value);
    }
    w->tie = 1e-10 * sizes;
    w->energy = problem_energy(p, w->state);
}

static void flip(walk *w, int spin)
{
    double step = w->p->domain == PROBLEM_BINARY ? 1 - 2 * w->state[spin] : -2 * w->state[spin];
    w->energy += step * w->field[spin];
    w->state[spin] = (int8_t)(w->state[spin] + (int)step);
    w->bits ^= UINT32_C(1) << spin;
    for (int64_t j = 0; j < w->p->spins; j++)
        w->field[j] += w->coupling[spin][j] * step;
}

/* Puts the current state among the levels. One that is pushed out can never come back: what is kept only gets lower. */
static void record(walk *w)
{
    enumeration *e = w->out;
    bool full = e->count == ENUMERATE_LEVELS;
    if (full && w->energy > e->levels[e->count - 1].energy + w->tie)
        return;
    int at = e->count;
    while (at > 0 && w->energy < e->levels[at - 1].energy - w->tie)
        at--;
    if (at > 0 && w->energy <= e->levels[at - 1].energy + w->tie) {
        e->levels[at - 1].states++;
        return;
    }
    if (at == ENUMERATE_LEVELS)
        return;
    int moved = (full ? e->count - 1 : e->count) - at;
    memmove(&e->levels[at + 1], &e->levels[at], sizeof e->levels[0] * (size_t)moved);
    e->levels[at] = (energy_level){problem_energy(w->p, w->state), 1, w->bits};
    e->count += !full;
}

void enumerate(const problem *p, enumeration *out)
{
    walk w = {.p = p, .out = out};
    *out = (enumeration){0};
    start(&w);
    record(&w);
    for (uint32_t k = 1; k < UINT32_C(1) << p->spins; k++) {
        flip(&w, __builtin_ctz(k));
        if (k % REFRESH == 0)
            w.energy = problem_energy(p, w.state);
        record(&w);
    }
}
