/* test_dense.c - the dense kernels: the same states and fields to the bit as one spin after the other, on every level of
 * processor and in every type of number; the sampled distribution against exact enumeration, with faults that it must see;
 * extremes. */
#include "backends/native/kernels/dense.h"
#include "backends/solve/dense_level.h"
#include "runtime/threshold.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <float.h>

static int rounds(int usual)
{
    return getenv("ISG_TEST_FULL") ? usual * 20 : getenv("ISG_TEST_QUICK") ? (usual + 9) / 10 : usual;
}

static const char *const type_names[] = {"float", "int16", "int8"};

/* ---- problems ---- */

enum { MOST_SPINS = 1100 };

typedef struct whole_graph {
    int spins, change; /* 2: -1 and 1 */
    double h[MOST_SPINS], J[MOST_SPINS][MOST_SPINS];
} whole_graph;

/* Whole numbers up to `size`, or, where it is 0, numbers about 1. */
static void fill_graph(whole_graph *g, random_source *r, int spins, int change, int size)
{
    g->spins = spins;
    g->change = change;
    for (int i = 0; i < spins; i++) {
        g->h[i] = size ? random_below(r, 2 * size + 1) - size : random_unit(r);
        g->J[i][i] = 0;
        for (int j = 0; j < i; j++)
            g->J[i][j] = g->J[j][i] = size ? random_below(r, 2 * size + 1) - size : random_unit(r);
    }
}

static double base_of(const whole_graph *g, int i)
{
    double base = g->h[i];
    for (int j = 0; j < g->spins && g->change == 2; j++)
        base -= g->J[i][j];
    return base;
}

static double energy_of(const whole_graph *g, uint32_t bits)
{
    double e = 0, v[32];
    for (int i = 0; i < g->spins; i++)
        v[i] = bits >> i & 1 ? 1 : 1 - g->change;
    for (int i = 0; i < g->spins; i++) {
        e += g->h[i] * v[i];
        for (int j = 0; j < i; j++)
            e += g->J[i][j] * v[i] * v[j];
    }
    return e;
}

static void measure_graph(const whole_graph *g, double *largest, double *reach)
{
    *largest = *reach = 0;
    for (int i = 0; i < g->spins; i++) {
        double sum = fabs(g->h[i]);
        for (int j = 0; j < g->spins; j++) {
            sum += fabs(g->J[i][j]);
            *largest = fmax(*largest, fabs(g->J[i][j]));
        }
        *reach = fmax(*reach, sum);
    }
}

/* ---- a kernel and its memory ---- */

typedef struct dense_memory {
    dense d;
    void *shared, *state;
} dense_memory;

static dense_memory open_dense(const whole_graph *g, dense_numbers numbers)
{
    double largest, reach;
    measure_graph(g, &largest, &reach);
    size_t shared = (size_t)dense_bytes(g->spins, numbers), state = (size_t)dense_state_bytes(g->spins, numbers);
    CHECK(shared % DENSE_LINE == 0 && state % DENSE_LINE == 0, "%zu and %zu bytes", shared, state);
    dense_memory m = {.shared = aligned_alloc(DENSE_LINE, shared), .state = aligned_alloc(DENSE_LINE, state)};
    memset(m.shared, 0, shared);
    memset(m.state, 0, state);
    m.d = dense_place(g->spins, numbers, g->change, largest, m.shared);
    dense_place_state(&m.d, m.state);
    for (int i = 0; i < g->spins; i++) {
        for (int j = 0; j < g->spins; j++)
            dense_set(&m.d, i, j, g->J[i][j]);
        dense_fill_base(&m.d, i, base_of(g, i));
    }
    return m;
}

static void close_dense(dense_memory *m)
{
    free(m->shared);
    free(m->state);
}

static void start(const dense_level *level, const dense *d, const uint32_t key[2])
{
    for (int64_t i = 0; i < d->spins; i++) {
        uint32_t draws[4];
        philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)(i / 4), draws);
        d->turn[i] = draws[i % 4] >> 31 ? -1 : 1;
    }
    level->fields(d);
}

static double field_of(const dense *d, int64_t i)
{
    return d->numbers == DENSE_INT8    ? ((const int16_t *)d->fields)[i]
           : d->numbers == DENSE_INT16 ? ((const int32_t *)d->fields)[i]
                                       : ((const float *)d->fields)[i];
}

/* ---- one spin after the other ---- */

typedef struct scalar {
    const whole_graph *g;
    int8_t turn[MOST_SPINS];
    float field[MOST_SPINS];
} scalar;

static void scalar_flip(scalar *s, int i)
{
    for (int j = 0; j < s->g->spins; j++)
        if (j != i)
            s->field[j] += (float)s->g->J[i][j] * (float)(s->turn[i] * s->g->change);
    s->turn[i] = (int8_t)-s->turn[i];
}

static void scalar_start(scalar *s, const whole_graph *g, const int8_t *turn)
{
    s->g = g;
    for (int i = 0; i < g->spins; i++) {
        s->turn[i] = 1;
        s->field[i] = (float)base_of(g, i);
    }
    for (int i = 0; i < g->spins; i++)
        if (turn[i] < 0)
            scalar_flip(s, i);
}

static int64_t scalar_sweep(scalar *s, const uint32_t key[2], uint32_t sweep, double temperature)
{
    int64_t flips = 0;
    float factor = temperature < 1e37 ? (float)temperature : 1e37f;
    for (int i = 0; i < s->g->spins; i++) {
        uint32_t draws[4];
        philox_sweep_block(key, sweep, (uint32_t)i / 4, draws);
        if (s->turn[i] * s->field[i] <= threshold_of(draws[i % 4]) * factor) {
            scalar_flip(s, i);
            flips++;
        }
    }
    return flips;
}

/* Sweeps down a ladder, in step with the reference. */
static void compare(const whole_graph *g, dense_numbers numbers, const dense_level *level, double hot, uint32_t seed)
{
    static scalar s;
    dense_memory m = open_dense(g, numbers);
    uint32_t key[2] = {seed, 3};
    start(level, &m.d, key);
    scalar_start(&s, g, m.d.turn);
    bool equal = true;
    for (uint32_t k = 0; k < 12 && equal; k++, hot *= 0.5) {
        int64_t flips = level->sweep(&m.d, key, k, hot), expected = scalar_sweep(&s, key, k, hot);
        equal = flips == expected;
        for (int i = 0; i < g->spins; i++)
            equal = equal && m.d.turn[i] == s.turn[i] && field_of(&m.d, i) == s.field[i];
        CHECK(equal, "%s, %d spins, sweep %d: other spins or fields, %lld flips for %lld", type_names[numbers], g->spins, (int)k,
              (long long)flips, (long long)expected);
    }
    close_dense(&m);
}

/* The least type and all wider ones. */
static void compare_types(const whole_graph *g, bool whole, double hot, uint32_t seed)
{
    const dense_level *levels[DENSE_LEVELS];
    int count = dense_levels(levels);
    double largest, reach;
    measure_graph(g, &largest, &reach);
    for (int type = DENSE_FLOAT; type <= (int)dense_choose(whole, largest, reach); type++)
        for (int k = 0; k < count; k++)
            compare(g, (dense_numbers)type, levels[k], hot, seed);
}

static void test_sequence(void)
{
    static const int sizes[] = {0, 1, 3, 31, 40, 127, 128, 1000};
    static whole_graph g;
    random_source r = random_open(1);
    for (int k = 0; k < rounds(400); k++) {
        int spins = k % 3 ? 1 + random_below(&r, 140) : 1 + k % 70, size = sizes[random_below(&r, 8)];
        fill_graph(&g, &r, spins, 1 + random_below(&r, 2), size);
        compare_types(&g, size > 0, (size ? size : 1) * 4.0, (uint32_t)k);
    }
    for (int k = 0; k < rounds(16); k++) { /* about the end of a span, and some of several spans */
        int spins = k % 8 ? DENSE_SPAN - 60 + random_below(&r, 120) : MOST_SPINS - random_below(&r, 120);
        fill_graph(&g, &r, spins, 1 + k % 2, sizes[k % 8]);
        compare_types(&g, k % 8 > 0, 1 + 8 * sizes[k % 8], (uint32_t)k);
    }
}

/* ---- extremes ---- */

static void test_types(void)
{
    CHECK(dense_choose(1, 127, 32767) == DENSE_INT8, "at the end of 8 bits");
    CHECK(dense_choose(1, 128, 128) == DENSE_INT16 && dense_choose(1, 1, 32768) == DENSE_INT16, "beyond 8 bits");
    CHECK(dense_choose(1, 32767, 0x1p30) == DENSE_INT16, "at the end of 16 bits");
    CHECK(dense_choose(1, 32768, 32768) == DENSE_FLOAT && dense_choose(1, 1, 0x1p30 + 1) == DENSE_FLOAT, "beyond 16 bits");
    CHECK(dense_choose(0, 1, 1) == DENSE_FLOAT, "not whole");
}

/* All couplings as large as can be, and fields that reach the end of their type on either side. */
static void test_extremes(void)
{
    static whole_graph g;
    random_source r = random_open(2);
    for (int sign = -1; sign <= 1; sign += 2)
        for (int change = 1; change <= 2; change++) {
            fill_graph(&g, &r, 258, change, 1);
            for (int i = 0; i < 258; i++) {
                for (int j = 0; j < 258; j++)
                    g.J[i][j] = i == j ? 0 : sign * 127;
                g.h[i] = i % 3 ? -sign * 128 : sign * 128; /* 257 * 127 + 128 = 32767 */
            }
            compare_types(&g, true, 30000, 5);
            compare_types(&g, true, 1e300, 6);
            for (int i = 0; i < 258; i++)
                for (int j = 0; j < 258; j++)
                    g.J[i][j] = i == j ? 0 : sign * 32767;
            compare_types(&g, true, 1e6, 7);
        }
    fill_graph(&g, &r, 1, 2, 1);
    g.h[0] = -32767;
    compare_types(&g, true, 32767, 8);
    for (int spins = 1; spins < 200; spins += 66) { /* nothing to decide by: all flip in every sweep */
        fill_graph(&g, &r, spins, 1, 1);
        memset(g.J, 0, sizeof g.J);
        memset(g.h, 0, sizeof g.h);
        compare_types(&g, true, 1, 9);
        compare_types(&g, true, 0, 10);
        compare_types(&g, true, INFINITY, 11);
    }
}

/* ---- the distribution ------------------------------------------------------------------------- */

enum { SAMPLED = 6, STATES = 1 << SAMPLED };

/* What sweeps in index order make of random starts, exactly. */
static void propagate(const whole_graph *g, double temperature, int sweeps, double *share)
{
    double energy[STATES], next[STATES];
    for (uint32_t bits = 0; bits < STATES; bits++) {
        energy[bits] = energy_of(g, bits);
        share[bits] = 1.0 / STATES;
    }
    for (int step = 0; step < sweeps * SAMPLED; step++) {
        memset(next, 0, sizeof next);
        for (uint32_t bits = 0; bits < STATES; bits++) {
            uint32_t other = bits ^ 1u << step % SAMPLED;
            double accepted = fmin(1, exp((energy[bits] - energy[other]) / temperature));
            next[other] += share[bits] * accepted;
            next[bits] += share[bits] * (1 - accepted);
        }
        memcpy(share, next, sizeof next);
    }
}

/* Against `share`, of independent chains. */
static double chi_squared(const dense *d, const dense_level *level, double temperature, int sweeps, int chains,
                          const double *share, uint32_t seed)
{
    int counts[STATES] = {0};
    double chi = 0;
    for (uint32_t chain = 0; chain < (uint32_t)chains; chain++) {
        uint32_t key[2] = {chain, seed}, bits = 0;
        start(level, d, key);
        for (uint32_t k = 0; k < (uint32_t)sweeps; k++)
            level->sweep(d, key, k, temperature);
        for (int i = 0; i < SAMPLED; i++)
            bits |= (uint32_t)(d->turn[i] < 0) << i;
        counts[bits]++;
    }
    for (int k = 0; k < STATES; k++) {
        double expected = chains * share[k];
        chi += expected > 0 ? (counts[k] - expected) * (counts[k] - expected) / expected : counts[k];
    }
    return chi;
}

/* 63 degrees of freedom: 118 is beyond 1 in 10^5. */
static const double likely = 118;

static void test_distribution(dense_numbers numbers, int change)
{
    enum { SWEEPS = 12 };
    const int chains = rounds(20000);
    static whole_graph g, wrong;
    const dense_level *levels[DENSE_LEVELS];
    double share[STATES], sum = 0, temperature = 1.5 * change;
    random_source r = random_open(7 * (uint64_t)numbers + (uint64_t)change);
    fill_graph(&g, &r, SAMPLED, change, numbers == DENSE_FLOAT ? 0 : 2);
    dense_memory m = open_dense(&g, numbers);
    for (int sweeps = 1; sweeps <= SWEEPS; sweeps += SWEEPS - 1) {
        propagate(&g, temperature, sweeps, share);
        for (int k = 0; k < dense_levels(levels); k++) {
            double chi = chi_squared(&m.d, levels[k], temperature / change, sweeps, chains, share, (uint32_t)k);
            CHECK(chi < likely, "%s, %d sweeps: chi squared %g", type_names[numbers], sweeps, chi);
        }
    }
    for (uint32_t k = 0; k < STATES; k++)
        sum += exp(-energy_of(&g, k) / temperature);
    for (uint32_t k = 0; k < STATES; k++)
        CHECK(fabs(share[k] - exp(-energy_of(&g, k) / temperature) / sum) < 2e-3, "%s: not Boltzmann's share",
              type_names[numbers]);
    /* Faults: a temperature a little too high, a coupling of the other sign. */
    CHECK(chi_squared(&m.d, levels[0], (chains < 20000 ? 1.3 : 1.05) * temperature / change, SWEEPS, 10 * chains, share, 9) >
              likely,
          "%s: a wrong temperature goes unseen", type_names[numbers]);
    wrong = g;
    wrong.J[1][4] = wrong.J[4][1] = g.J[1][4] != 0 ? -g.J[1][4] : 1;
    close_dense(&m);
    m = open_dense(&wrong, numbers);
    CHECK(chi_squared(&m.d, levels[0], temperature / change, SWEEPS, chains, share, 9) > likely, "%s: a wrong sign goes unseen",
          type_names[numbers]);
    close_dense(&m);
}

int main(void)
{
    test_types();
    test_sequence();
    test_extremes();
    for (int type = DENSE_FLOAT; type <= DENSE_INT8; type++)
        for (int change = 1; change <= 2; change++)
            test_distribution((dense_numbers)type, change);
    return check_done();
}
