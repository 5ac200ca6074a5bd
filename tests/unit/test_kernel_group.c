/* test_kernel_group.c - heat bath over groups (kernels/group.h): exact distributions, faults that must be seen, and the same
 * bits on every instruction set. */
#include "runtime_check.h"

#include "backends/native/kernels/group_prepare.h"
#include "backends/native/kernels/group_reads.h"

#include <math.h>

enum { SPINS_MAX = 64 * 64, ACTIVE_MAX = 12 };

/* The kernels as one instruction set has them; every function below is inlined into its caller. */
typedef struct kernels {
    uint64_t (*sweep)(char *work, const group_layout *l, int8_t *state, double beta, const uint32_t *key, uint32_t sweep);
    void (*start_reads)(char *work, const group_layout *l, const int8_t *states);
    uint64_t (*sweep_reads)(char *work, const group_layout *l, double beta, const uint32_t *keys, uint32_t sweep);
    void (*finish_reads)(char *work, const group_layout *l, int8_t *states, double *energy);
} kernels;

#define KERNELS(NAME, TARGET)                                                                                                    \
    TARGET static uint64_t NAME##_sweep(char *work, const group_layout *l, int8_t *state, double beta, const uint32_t *key,      \
                                        uint32_t sweep)                                                                          \
    {                                                                                                                            \
        return group_sweep(work, l, state, beta, key, sweep);                                                                    \
    }                                                                                                                            \
    TARGET static void NAME##_start_reads(char *work, const group_layout *l, const int8_t *states)                               \
    {                                                                                                                            \
        reads_start(work, l, states);                                                                                            \
    }                                                                                                                            \
    TARGET static uint64_t NAME##_sweep_reads(char *work, const group_layout *l, double beta, const uint32_t *keys,              \
                                              uint32_t sweep)                                                                    \
    {                                                                                                                            \
        return reads_sweep(work, l, beta, keys, sweep);                                                                          \
    }                                                                                                                            \
    TARGET static void NAME##_finish_reads(char *work, const group_layout *l, int8_t *states, double *energy)                    \
    {                                                                                                                            \
        reads_finish(work, l, states, energy);                                                                                   \
    }                                                                                                                            \
    static const kernels NAME = {NAME##_sweep, NAME##_start_reads, NAME##_sweep_reads, NAME##_finish_reads};

KERNELS(plain, )
#ifdef __x86_64__
KERNELS(avx2, __attribute__((target("avx2"))))
KERNELS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw"))))
#endif

/* Those that this processor has; returns how many. */
static int kernels_here(const kernels *out[3])
{
    int count = 0;
    out[count++] = &plain;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        out[count++] = &avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        out[count++] = &avx512;
#endif
    return count;
}

/* ---- problems -------------------------------------------------------------------------------- */

typedef struct model {
    group_layout l;
    double *linear, *coupling; /* as group_prepare takes them */
    float *narrow;             /* the same couplings, if the shape has them so */
    double uniform;
    char *work;
    int8_t *state;  /* [spins] */
    int8_t *states; /* [LANES][spins] */
} model;

static uint64_t random_word = 1;

static double uniform_number(void) /* in [-1, 1) */
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_word >> 11) * 0x1p-52 - 1;
}

static model make_model(group_shape shape, double uniform, double scale)
{
    model m = {.l = group_layout_of(shape), .uniform = uniform};
    size_t spins = (size_t)(shape.members * shape.groups);
    m.linear = calloc(spins, sizeof *m.linear);
    m.coupling = calloc(spins * (size_t)shape.groups, sizeof *m.coupling);
    m.narrow = calloc(spins * (size_t)shape.groups, sizeof *m.narrow);
    m.work = aligned_alloc(64, (size_t)reads_layout_of(&m.l).total);
    m.state = malloc(spins);
    m.states = malloc(LANES * spins);
    for (size_t i = 0; i < spins; i++)
        m.linear[i] = scale * uniform_number();
    return m;
}

static void couple(model *m, double scale)
{
    int64_t groups = m->l.groups;
    for (int64_t t = 0; t < m->l.members; t++)
        for (int64_t i = 0; i < groups; i++)
            for (int64_t j = 0; j < i; j++) {
                int64_t at = (t * groups + i) * groups + j, image = (t * groups + j) * groups + i;
                double number = scale * uniform_number();
                m->narrow[at] = m->narrow[image] = (float)number;
                m->coupling[at] = m->coupling[image] = m->l.shape.rows == 4 ? (double)(float)number : number;
            }
}

static void prepare(model *m)
{
    const void *couplings[] = {[0] = NULL, [4] = m->narrow, [8] = m->coupling};
    group_prepare(m->work, &m->l, m->linear, couplings[m->l.shape.rows], m->uniform);
}

static void close_model(model *m)
{
    free(m->linear);
    free(m->coupling);
    free(m->narrow);
    free(m->work);
    free(m->state);
    free(m->states);
}

static int64_t spin_of(const model *m, int64_t member, int64_t group)
{
    return member * m->l.shape.member_stride + group * m->l.shape.group_stride;
}

/* The energy as the coefficients state it. */
static double energy_of(const model *m, const int8_t *state)
{
    double energy = 0;
    for (int64_t g = 0; g < m->l.groups; g++)
        for (int64_t t = 0; t < m->l.members; t++) {
            double field = m->linear[spin_of(m, t, g)];
            for (int64_t u = 0; u < t; u++)
                field += m->uniform * state[spin_of(m, u, g)];
            for (int64_t j = 0; j < g; j++)
                field += m->coupling[(t * m->l.groups + g) * m->l.groups + j] * state[spin_of(m, t, j)];
            energy += field * state[spin_of(m, t, g)];
        }
    return energy;
}

/* ---- the exact distribution ------------------------------------------------------------------ */

/* Bit g * members + t of `bits`: member t of group g. */
static void set_state(const model *m, uint32_t bits)
{
    for (int64_t g = 0; g < m->l.groups; g++)
        for (int64_t t = 0; t < m->l.members; t++)
            m->state[spin_of(m, t, g)] = bits >> (g * m->l.members + t) & 1 ? 1 : (int8_t)m->l.shape.lowest;
}

static uint32_t bits_of(const model *m, const int8_t *state)
{
    uint32_t bits = 0;
    for (int64_t g = 0; g < m->l.groups; g++)
        for (int64_t t = 0; t < m->l.members; t++)
            bits |= (uint32_t)(state[spin_of(m, t, g)] == 1) << (g * m->l.members + t);
    return bits;
}

/* share[state] after `sweeps` sequential heat baths over the groups, from all-lowest. */
static void propagate(model *m, double beta, int sweeps, double *share)
{
    uint32_t spins = (uint32_t)(m->l.members * m->l.groups), states = 1u << spins, members = (uint32_t)m->l.members;
    double *energy = malloc(states * sizeof *energy);
    for (uint32_t bits = 0; bits < states; bits++) {
        set_state(m, bits);
        energy[bits] = energy_of(m, m->state);
        share[bits] = bits == 0;
    }
    for (int step = 0; step < sweeps * (int)m->l.groups; step++) {
        uint32_t group = (uint32_t)(step % (int)m->l.groups), mask = ((1u << members) - 1) << (group * members);
        for (uint32_t rest = 0; rest < states; rest++) {
            if (rest & mask)
                continue;
            double least = INFINITY, weight = 0, all = 0;
            for (uint32_t k = 0; k < 1u << members; k++)
                least = fmin(least, energy[rest | k << (group * members)]);
            for (uint32_t k = 0; k < 1u << members; k++) {
                weight += exp(-beta * (energy[rest | k << (group * members)] - least));
                all += share[rest | k << (group * members)];
            }
            for (uint32_t k = 0; k < 1u << members; k++) {
                uint32_t bits = rest | k << (group * members);
                share[bits] = all * exp(-beta * (energy[bits] - least)) / weight;
            }
        }
    }
    free(energy);
}

/* Beyond it chance goes once in about 10^5 (Wilson and Hilferty's approximation). */
static double chi_limit(double freedom)
{
    double k = freedom < 1 ? 1 : freedom, z = 1 - 2 / (9 * k) + 4.3 * sqrt(2 / (9 * k));
    return k * z * z * z;
}

/* By how much the mean energy of the states counted is off, in standard errors. */
static double energy_deviation(model *m, const double *share, const int *counts, int chains)
{
    double mean = 0, square = 0, got = 0;
    for (uint32_t bits = 0; bits < 1u << (m->l.members * m->l.groups); bits++) {
        set_state(m, bits);
        double energy = energy_of(m, m->state);
        mean += share[bits] * energy;
        square += share[bits] * energy * energy;
        got += counts[bits] * energy / chains;
    }
    return fabs(got - mean) / sqrt((square - mean * mean) / chains);
}

/* counts[state] of chains from all-lowest, each with a key of its own. */
static void count_ends(model *m, const kernels *k, double beta, int sweeps, int chains, int *counts)
{
    for (int chain = 0; chain < chains; chain++) {
        uint32_t key[2] = {(uint32_t)chain, 7};
        set_state(m, 0);
        group_start(m->work, &m->l, m->state);
        for (int i = 0; i < sweeps; i++)
            k->sweep(m->work, &m->l, m->state, beta, key, (uint32_t)i);
        counts[bits_of(m, m->state)]++;
    }
}

static void count_ends_of_reads(model *m, const kernels *k, double beta, int sweeps, int chains, int *counts)
{
    size_t spins = (size_t)(m->l.members * m->l.groups);
    double energy[LANES];
    for (int chain = 0; chain < chains; chain += LANES) {
        uint32_t keys[2 * LANES];
        for (int lane = 0; lane < LANES; lane++) {
            keys[2 * lane] = (uint32_t)(chain + lane);
            keys[2 * lane + 1] = 8;
        }
        memset(m->states, (int)m->l.shape.lowest, LANES * spins);
        k->start_reads(m->work, &m->l, m->states);
        for (int i = 0; i < sweeps; i++)
            k->sweep_reads(m->work, &m->l, beta, keys, (uint32_t)i);
        k->finish_reads(m->work, &m->l, m->states, energy);
        for (int lane = 0; lane < LANES && chain + lane < chains; lane++)
            counts[bits_of(m, m->states + (size_t)lane * spins)]++;
    }
}

typedef void (*count_function)(model *m, const kernels *k, double beta, int sweeps, int chains, int *counts);

/* Whether chains are distributed as they must be, by every state's count and by the mean energy. The fault seeded: the
 * kernel runs at `factor` times the inverse temperature. */
static bool distribution_holds(model *m, count_function count, const kernels *k, double beta, double factor, int sweeps,
                               int chains)
{
    uint32_t states = 1u << (m->l.members * m->l.groups);
    double *share = malloc(states * sizeof *share), chi = 0, rare = 0, rare_counted = 0, freedom = -1;
    int *counts = calloc(states, sizeof *counts);
    propagate(m, beta, sweeps, share);
    count(m, k, beta * factor, sweeps, chains, counts);
    for (uint32_t bits = 0; bits < states; bits++) {
        double expected = chains * share[bits];
        if (expected < 8) {
            rare += expected;
            rare_counted += counts[bits];
            continue;
        }
        chi += (counts[bits] - expected) * (counts[bits] - expected) / expected;
        freedom++;
    }
    if (rare > 1) {
        chi += (rare_counted - rare) * (rare_counted - rare) / rare;
        freedom++;
    }
    bool holds = chi < chi_limit(freedom) && energy_deviation(m, share, counts, chains) < 4.5;
    free(share);
    free(counts);
    return holds;
}

/* Hot, medium and cold; one sweep, which shows the transition probabilities, and several. */
static void test_distribution(count_function count)
{
    static const group_shape shapes[] = {
        {3, 4, 4, 1, 0, 8}, {4, 3, 1, 4, -1, 4},   {2, 5, 5, 1, 0, 8},
        {8, 1, 1, 1, 0, 0}, {10, 1, 1, 10, -1, 0}, {5, 2, 2, 1, 0, 4},
    };
    static const double betas[] = {0.2, 1, 3};
    bool full = getenv("ISG_TEST_FULL"), quick = getenv("ISG_TEST_QUICK");
    int chains = full ? 400000 : quick ? 1600 : 8000, seen_hotter = 0, seen_sign = 0, runs = 0;
    const kernels *here[3];
    int kinds = kernels_here(here);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int b = 0; b < 3; b++) {
            model m = make_model(shapes[i], i % 2 ? 0.3 : 1.1, 1);
            const kernels *k = here[(i + (size_t)b) % (size_t)kinds];
            couple(&m, shapes[i].rows ? 0.8 : 0);
            prepare(&m);
            for (int sweeps = 1; sweeps <= 4; sweeps += 3)
                CHECK(distribution_holds(&m, count, k, betas[b], 1, sweeps, chains), "shape %zu, beta %g, %d sweeps", i, betas[b],
                      sweeps);
            seen_hotter += !distribution_holds(&m, count, k, betas[b], 1 / 1.05, 2, chains);
            seen_sign += !distribution_holds(&m, count, k, betas[b], -1, 2, chains);
            runs++;
            close_model(&m);
        }
    CHECK(seen_sign == runs, "a wrong sign was seen in %d of %d runs", seen_sign, runs);
    CHECK(quick || seen_hotter >= runs / 3, "temperature x 1.05 was seen in %d of %d runs", seen_hotter, runs);
}

/* Sixty-four equal members: the number raised has a known distribution. */
static void test_many_members(void)
{
    enum { MEMBERS = 64, CHAINS = 3000 };
    static const double betas[] = {0.05, 0.5, 5};
    for (int b = 0; b < 3; b++) {
        model m = make_model((group_shape){MEMBERS, 1, 1, MEMBERS, 0, 0}, 0.25, 0);
        double share[MEMBERS + 1], total = 0, chi = 0, freedom = -1;
        int counts[MEMBERS + 1] = {0};
        for (int i = 0; i < MEMBERS; i++)
            m.linear[i] = -2;
        prepare(&m);
        for (int k = 0; k <= MEMBERS; k++)
            total += share[k] = exp(lgamma(MEMBERS + 1) - lgamma(k + 1) - lgamma(MEMBERS - k + 1) -
                                    betas[b] * (-2.0 * k + 0.125 * k * (k - 1.0)));
        for (uint32_t chain = 0; chain < CHAINS; chain++) {
            int raised = 0;
            memset(m.state, 0, MEMBERS);
            group_start(m.work, &m.l, m.state);
            plain_sweep(m.work, &m.l, m.state, betas[b], (uint32_t[]){chain, 1}, 0);
            for (int i = 0; i < MEMBERS; i++)
                raised += m.state[i];
            counts[raised]++;
        }
        for (int k = 0; k <= MEMBERS; k++) {
            double expected = CHAINS * share[k] / total;
            if (expected >= 5) {
                chi += (counts[k] - expected) * (counts[k] - expected) / expected;
                freedom++;
            } else {
                CHECK(counts[k] < 30 + 10 * expected, "%d raised: %d times, not %g", k, counts[k], expected);
            }
        }
        CHECK(chi < chi_limit(freedom), "beta %g: chi squared %g of %g", betas[b], chi, freedom);
        close_model(&m);
    }
}

/* ---- the same everywhere, and consistent ----------------------------------------------------- */

static void random_start(model *m)
{
    for (int64_t i = 0; i < m->l.members * m->l.groups; i++)
        m->state[i] = uniform_number() < 0 ? 1 : (int8_t)m->l.shape.lowest;
    group_start(m->work, &m->l, m->state);
}

/* The fields of the workspace are those of the state, in the workspace's units. */
static void check_fields(const model *m)
{
    double step = 1 - (double)m->l.shape.lowest, unit = ((const group_head *)(const void *)m->work)->unit;
    for (int64_t g = 0; g < m->l.groups; g++)
        for (int64_t t = 0; t < m->l.members; t++) {
            double field = m->linear[spin_of(m, t, g)], got;
            field += (double)(m->l.shape.lowest * (m->l.members - 1)) * m->uniform;
            for (int64_t j = 0; j < m->l.groups; j++)
                field += m->coupling[(t * m->l.groups + g) * m->l.groups + j] * m->state[spin_of(m, t, j)];
            got = ((const float *)(const void *)(m->work + m->l.field))[t * m->l.padded + g];
            CHECK(fabs(got - step * field / unit) < 1e-3, "member %d of group %d: %g, not %g", (int)t, (int)g, got,
                  step * field / unit);
        }
}

static void test_same_bits(void)
{
    static const group_shape shapes[] = {{8, 49, 49, 1, 0, 8},  {3, 17, 1, 3, -1, 4},  {2, 1, 1, 2, 0, 8},
                                         {5, 16, 16, 1, -1, 0}, {20, 18, 18, 1, 0, 4}, {40, 3, 3, 1, 0, 8},
                                         {64, 5, 1, 64, 0, 4},  {12, 70, 70, 1, 0, 8}};
    const kernels *here[3];
    int count = kernels_here(here);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        model m = make_model(shapes[i], 0.7, 1);
        size_t spins = (size_t)(shapes[i].members * shapes[i].groups);
        couple(&m, shapes[i].rows ? 0.5 : 0);
        prepare(&m);
        random_start(&m);
        int8_t *start = malloc(spins), *expected = malloc(spins);
        memcpy(start, m.state, spins);
        for (int f = 0; f < count; f++) {
            uint64_t flips = 0;
            memcpy(m.state, start, spins);
            group_start(m.work, &m.l, m.state);
            for (uint32_t k = 0; k < 30; k++)
                flips += here[f]->sweep(m.work, &m.l, m.state, 0.1 * pow(1.2, k), (uint32_t[]){3, 4}, k);
            check_fields(&m);
            CHECK(flips > 0, "nothing moved");
            if (f == 0)
                memcpy(expected, m.state, spins);
            CHECK(!memcmp(expected, m.state, spins), "shape %zu: kind %d differs", i, f);
        }
        free(start);
        free(expected);
        close_model(&m);
    }
}

/* Reads side by side: the same bits everywhere, each lane whatever it is on its own, and energies that compare. */
static void test_same_reads(void)
{
    static const group_shape shapes[] = {{8, 49, 49, 1, 0, 4}, {3, 17, 1, 3, -1, 8}, {2, 1, 1, 2, 0, 0}, {10, 5, 5, 1, -1, 4}};
    const kernels *here[3];
    int count = kernels_here(here);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        model m = make_model(shapes[i], 0.7, 1);
        size_t spins = (size_t)(shapes[i].members * shapes[i].groups);
        couple(&m, shapes[i].rows ? 0.5 : 0);
        prepare(&m);
        int8_t *start = malloc(LANES * spins), *expected = malloc(LANES * spins);
        uint32_t keys[2 * LANES];
        double energy[LANES];
        for (size_t k = 0; k < LANES * spins; k++)
            start[k] = uniform_number() < 0 ? 1 : (int8_t)shapes[i].lowest;
        for (uint32_t k = 0; k < 2 * LANES; k++)
            keys[k] = k * k;
        for (int f = 0; f < count + 1; f++) { /* once more with two lanes exchanged */
            const kernels *k = here[f < count ? f : 0];
            memcpy(m.states, start, LANES * spins);
            if (f == count) {
                memcpy(m.states, start + 5 * spins, spins);
                memcpy(m.states + 5 * spins, start, spins);
                uint32_t first[2] = {keys[0], keys[1]};
                memcpy(keys, keys + 10, sizeof first);
                memcpy(keys + 10, first, sizeof first);
            }
            k->start_reads(m.work, &m.l, m.states);
            for (uint32_t sweep = 0; sweep < 25; sweep++)
                k->sweep_reads(m.work, &m.l, 0.1 * pow(1.2, sweep), keys, sweep);
            k->finish_reads(m.work, &m.l, m.states, energy);
            if (f == 0)
                memcpy(expected, m.states, LANES * spins);
            CHECK(f == count || !memcmp(expected, m.states, LANES * spins), "shape %zu: kind %d differs", i, f);
            for (int lane = 1; lane < LANES; lane++) {
                double apart = energy_of(&m, m.states + (size_t)lane * spins) - energy_of(&m, m.states);
                CHECK(fabs(energy[lane] - energy[0] - apart) < 1e-3, "lane %d: %g, not %g", lane, energy[lane] - energy[0],
                      apart);
            }
        }
        CHECK(!memcmp(expected, m.states + 5 * spins, spins) && !memcmp(expected + 5 * spins, m.states, spins),
              "shape %zu: a read depends on its lane", i);
        free(start);
        free(expected);
        close_model(&m);
    }
}

/* Tiny and huge numbers, zeros, no temperature at all: states stay states, and at no temperature the ground state is found. */
static void test_extremes(void)
{
    static const double scales[] = {0, 5e-324, 1e-310, 1e-200, 1, 1e200, 8e307};
    static const double betas[] = {0, 1e-300, 1, 1e300};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (size_t b = 0; b < sizeof betas / sizeof *betas; b++)
            for (int64_t low = -1; low <= 0; low++) {
                model m = make_model((group_shape){4, 3, 3, 1, low, 8}, scales[s], scales[s]);
                couple(&m, scales[s] / 2);
                prepare(&m);
                random_start(&m);
                for (uint32_t k = 0; k < 20; k++)
                    plain_sweep(m.work, &m.l, m.state, betas[b] / (scales[s] > 1 ? scales[s] : 1), (uint32_t[]){1, 2}, k);
                for (int i = 0; i < 12; i++)
                    CHECK(m.state[i] == 1 || m.state[i] == low, "spin %d is %d", i, m.state[i]);
                uint32_t keys[2 * LANES] = {1, 2};
                double energy[LANES];
                memset(m.states, (int)low, LANES * 12);
                plain.start_reads(m.work, &m.l, m.states);
                for (uint32_t k = 0; k < 20; k++)
                    plain.sweep_reads(m.work, &m.l, betas[b] / (scales[s] > 1 ? scales[s] : 1), keys, k);
                plain.finish_reads(m.work, &m.l, m.states, energy);
                for (int i = 0; i < LANES * 12; i++)
                    CHECK(m.states[i] == 1 || m.states[i] == low, "spin %d is %d", i, m.states[i]);
                for (int lane = 0; lane < LANES; lane++)
                    CHECK(isfinite(energy[lane]) || scales[s] > 1e300, "lane %d: energy %g", lane, energy[lane]);
                close_model(&m);
            }
}

/* At a temperature of nearly nothing a group takes its best state at once. */
static void test_ground_states(void)
{
    for (int trial = 0; trial < 200; trial++) {
        int64_t members = 2 + trial % 9;
        model m = make_model((group_shape){members, 1, 1, members, -(trial & 1), 0}, 0.05 + 0.3 * (trial % 5), 1);
        double least = INFINITY;
        prepare(&m);
        random_start(&m);
        plain_sweep(m.work, &m.l, m.state, 1e9, (uint32_t[]){(uint32_t)trial, 2}, 0);
        double got = energy_of(&m, m.state);
        for (uint32_t bits = 0; bits < 1u << members; bits++) {
            set_state(&m, bits);
            least = fmin(least, energy_of(&m, m.state));
        }
        CHECK(got < least + 1e-5, "trial %d: %g, not %g", trial, got, least);
        close_model(&m);
    }
}

/* Without a temperature every group goes to a state of the least energy, also where members cost the same. */
static void test_frozen_reads(void)
{
    const uint32_t keys[2 * LANES] = {0};
    for (int64_t members = 2; members <= GROUP_READS_MEMBERS_MAX; members++)
        for (int trial = 0; trial < 100; trial++) {
            model m = make_model((group_shape){members, 1, 1, members, trial % 2 - 1, 0}, 1 + trial % 5, 0);
            double least = INFINITY, energy[LANES];
            for (int64_t i = 0; i < members; i++)
                m.linear[i] = rint(6 * uniform_number()) - (double)(trial % 7);
            prepare(&m);
            for (uint32_t bits = 0; bits < 1u << members; bits++) {
                set_state(&m, bits);
                least = fmin(least, energy_of(&m, m.state));
            }
            for (int64_t k = 0; k < LANES * members; k++)
                m.states[k] = uniform_number() < 0 ? 1 : (int8_t)m.l.shape.lowest;
            plain.start_reads(m.work, &m.l, m.states);
            plain.sweep_reads(m.work, &m.l, 1e300, keys, 0);
            plain.finish_reads(m.work, &m.l, m.states, energy);
            for (int lane = 0; lane < LANES; lane++)
                CHECK(fabs(energy_of(&m, m.states + lane * members) - least) < 1e-9, "%d members: %g, not %g", (int)members,
                      energy_of(&m, m.states + lane * members), least);
            close_model(&m);
        }
}

int main(void)
{
    test_distribution(count_ends);
    test_distribution(count_ends_of_reads);
    test_many_members();
    test_same_bits();
    test_same_reads();
    test_extremes();
    test_ground_states();
    test_frozen_reads();
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
