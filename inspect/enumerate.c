/* enumerate.c - see enumerate.h. */
#include "inspect/enumerate.h"

#include <math.h>
#include <string.h>

static const double tie = 1e-12;

/* high + low, |low| at most half a unit in the last place of high. */
typedef struct exact_sum {
    double high, low;
} exact_sum;

/* The two-sum of D. E. Knuth, The Art of Computer Programming 2, 4.2.2, theorem B; what overflows has no low part. */
static exact_sum sum_of(double a, double b)
{
    double sum = a + b, of_b = sum - a;
    double rest = (a - (sum - of_b)) + (b - of_b);
    return (exact_sum){sum, isfinite(sum) ? rest : 0};
}

static exact_sum add(exact_sum a, exact_sum b)
{
    exact_sum high = sum_of(a.high, b.high), low = sum_of(a.low, b.low);
    high = sum_of(high.high, high.low + low.high);
    return sum_of(high.high, high.low + low.low);
}

static exact_sum times(exact_sum a, int sign)
{
    return (exact_sum){a.high * sign, a.low * sign};
}

static double difference(exact_sum a, exact_sum b)
{
    return a.high == b.high ? a.low - b.low : (a.high - b.high) + (a.low - b.low);
}

/* An energy, a spin's field: what it comes to, and the sizes of the terms it is made of. */
typedef struct weighed {
    exact_sum value;
    double size;
} weighed;

typedef struct walk {
    const problem *p;
    int8_t lowest;
    double coupling[ENUMERATE_SPINS][ENUMERATE_SPINS];
    weighed field[ENUMERATE_SPINS + 1][ENUMERATE_SPINS]; /* after so many choices: h_i + sum_j J_ij v_j of the spins chosen */
    weighed energies[ENUMERATE_LEVELS];                  /* of the levels' states */
    enumeration *out;
} walk;

static void open_walk(walk *w)
{
    const problem *p = w->p;
    for (int64_t i = 0; i < p->spins; i++)
        w->field[0][i] = (weighed){{p->fields[i], 0}, fabs(p->fields[i])};
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        w->coupling[c->first][c->second] = w->coupling[c->second][c->first] = c->value;
    }
}

static void insert(walk *w, int32_t at, weighed energy, uint32_t state)
{
    enumeration *e = w->out;
    e->count += e->count < ENUMERATE_LEVELS;
    memmove(&e->levels[at + 1], &e->levels[at], sizeof e->levels[0] * (size_t)(e->count - 1 - at));
    memmove(&w->energies[at + 1], &w->energies[at], sizeof w->energies[0] * (size_t)(e->count - 1 - at));
    e->levels[at] = (energy_level){.states = 1, .state = state};
    w->energies[at] = energy;
}

/* Puts a state among the levels. One that is pushed out can never come back: what is kept only gets lower. */
static void record(walk *w, weighed energy, uint32_t state)
{
    enumeration *e = w->out;
    int32_t at = e->count;
    for (; at > 0; at--) {
        const weighed *level = &w->energies[at - 1];
        double above = difference(energy.value, level->value);
        if (fabs(above) <= tie * fmax(energy.size, level->size)) {
            e->levels[at - 1].states++;
            if (above < 0) {
                e->levels[at - 1].state = state;
                w->energies[at - 1] = energy;
            }
            return;
        }
        if (!(above < 0)) /* or overflows */
            break;
    }
    if (at < ENUMERATE_LEVELS)
        insert(w, at, energy, state);
}

static void choose(walk *w, int64_t spin, weighed energy, uint32_t state);

/* Adds spin `spin`, at `value`, to the spins chosen. */
static void choose_value(walk *w, int64_t spin, int value, weighed energy, uint32_t state)
{
    const weighed *field = w->field[spin];
    if (value) {
        energy.value = add(energy.value, times(field[spin].value, value));
        energy.size += field[spin].size;
    }
    for (int64_t j = spin + 1; j < w->p->spins; j++) {
        double coupling = w->coupling[spin][j];
        bool felt = value && coupling != 0;
        w->field[spin + 1][j] = field[j];
        if (felt)
            w->field[spin + 1][j] =
                (weighed){add(field[j].value, (exact_sum){coupling * value, 0}), field[j].size + fabs(coupling)};
    }
    choose(w, spin + 1, energy, value == 1 ? state | UINT32_C(1) << spin : state);
}

static void choose(walk *w, int64_t spin, weighed energy, uint32_t state)
{
    if (spin == w->p->spins) {
        record(w, energy, state);
        return;
    }
    choose_value(w, spin, w->lowest, energy, state);
    choose_value(w, spin, 1, energy, state);
}

void enumerate(const problem *p, enumeration *out)
{
    walk w = {.p = p, .lowest = p->domain == PROBLEM_BINARY ? 0 : -1, .out = out};
    int8_t state[ENUMERATE_SPINS];
    *out = (enumeration){0};
    open_walk(&w);
    choose(&w, 0, (weighed){{0, 0}, 0}, 0);
    for (int32_t k = 0; k < out->count; k++) {
        for (int64_t i = 0; i < p->spins; i++)
            state[i] = out->levels[k].state >> i & 1 ? 1 : w.lowest;
        out->levels[k].energy = problem_energy(p, state);
    }
}
