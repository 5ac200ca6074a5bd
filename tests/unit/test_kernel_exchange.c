/* test_kernel_exchange.c - exchanges within groups and across families (kernels/exchange.h), over rows and over lists of
 * neighbours (kernels/lists.h), and the single flips beside them: the exact distribution after one
 * sweep from one state, the Boltzmann distribution kept, and moves with seeded faults told from what the kernel does. */
#include "runtime_check.h"

#include "backends/native/kernels/exchange_span.h"

#include <math.h>

enum { SPINS_MAX = 10, STATES_MAX = 1 << SPINS_MAX, FAMILIES_MAX = 2 };

/* ---- problems -------------------------------------------------------------------------------- */

typedef enum numbers { FRACTIONS, WHOLE, WHOLE_LARGE } numbers; /* kept as float, in 8 bits, in 16 */

typedef struct row {
    const char *name;
    int64_t spins, lowest;
    numbers numbers;
    int64_t families, crosses;
    exchange_family family[FAMILIES_MAX];
    int64_t masked; /* pairs of a group whose numbers differ by it have no penalty */
    uint32_t start; /* the state that single sweeps begin with */
} row;

/* Families: base, members, groups, member_stride, group_stride. */
static const row rows[] = {
    {"a one-hot row of five", 5, 0, FRACTIONS, 1, 0, {{0, 5, 1, 1, 5}}, 0, 02},
    {"three groups of three", 9, 0, FRACTIONS, 1, 0, {{0, 3, 3, 1, 3}}, 0, 0124},
    {"the group's axis first", 9, 0, WHOLE, 1, 0, {{0, 3, 3, 3, 1}}, 0, 0653},
    {"of {-1, 1}", 9, -1, FRACTIONS, 1, 0, {{0, 3, 3, 1, 3}}, 0, 0362},
    {"a group full, one empty", 9, 0, FRACTIONS, 1, 0, {{0, 3, 3, 1, 3}}, 0, 0701},
    {"spins of no group, before and behind", 9, -1, WHOLE, 1, 0, {{2, 3, 2, 1, 3}}, 0, 0423},
    {"pairs side by side left out", 8, 0, FRACTIONS, 1, 0, {{0, 4, 2, 1, 4}}, 1, 0x5a},
    {"two families apart", 10, 0, WHOLE_LARGE, 2, 0, {{0, 5, 1, 1, 5}, {5, 5, 1, 1, 5}}, 0, 0x12a},
    {"rows and columns", 9, 0, FRACTIONS, 2, 1, {{0, 3, 3, 1, 3}, {0, 3, 3, 3, 1}}, 0, 0124},
    {"rows and columns, whole numbers", 9, -1, WHOLE, 2, 1, {{0, 3, 3, 1, 3}, {0, 3, 3, 3, 1}}, 0, 0142},
    {"rows and columns, not square", 8, 0, WHOLE_LARGE, 2, 1, {{0, 4, 2, 1, 4}, {0, 2, 4, 4, 1}}, 0, 0x12},
    {"rows and columns with pairs left out", 10, 0, FRACTIONS, 2, 1, {{0, 5, 2, 1, 5}, {0, 2, 5, 5, 1}}, 2, 0x0c9},
};
enum { ROWS = sizeof rows / sizeof *rows };

typedef struct model {
    const row *row;
    double linear[SPINS_MAX], coupling[SPINS_MAX * SPINS_MAX], energy[STATES_MAX];
    bool within[SPINS_MAX][SPINS_MAX]; /* of one group */
    double unit;                       /* temperatures are in its units */
    char *work, *lists, *memory;       /* of rows, of lists, of exchanges */
    bool listed;                       /* which of the two is used */
} model;

static uint64_t random_word = 1;

static double random_number(void) /* in [-1, 1) */
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (double)(random_word >> 11) * 0x1p-52 - 1;
}

static double random_coefficient(const row *r)
{
    double x = random_number();
    return r->numbers == FRACTIONS ? x : r->numbers == WHOLE ? rint(4 * x) : rint(400 * x);
}

static void couple(model *m, int64_t i, int64_t j, double value)
{
    m->coupling[i * m->row->spins + j] += value;
    m->coupling[j * m->row->spins + i] += value;
}

static void couple_groups(model *m, const exchange_family *f)
{
    for (int64_t g = 0; g < f->groups; g++)
        for (int64_t k = 0; k < f->members; k++)
            for (int64_t l = 0; l < k; l++) {
                int64_t i = f->base + g * f->group_stride + k * f->member_stride,
                        j = f->base + g * f->group_stride + l * f->member_stride;
                m->within[i][j] = m->within[j][i] = true;
                if (!m->row->masked || k - l != m->row->masked)
                    couple(m, i, j, m->unit);
            }
}

/* Bit i of `state`: spin i is raised. */
static double energy_of(const model *m, uint32_t state)
{
    double energy = 0, value[SPINS_MAX];
    for (int64_t i = 0; i < m->row->spins; i++) {
        value[i] = state >> i & 1 ? 1 : (double)m->row->lowest;
        energy += m->linear[i] * value[i];
        for (int64_t j = 0; j < i; j++)
            energy += m->coupling[i * m->row->spins + j] * value[i] * value[j];
    }
    return energy;
}

static void make_lists(model *m)
{
    int64_t spins = m->row->spins, capacity = 4 * spins * spins;
    m->lists = m->lists ? m->lists : aligned_alloc(64, (size_t)(lists_bytes(spins, capacity) + 63) / 64 * 64);
    lists *l = lists_place(m->lists, spins, capacity, m->row->lowest);
    lists_making making = lists_begin(l);
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < 2 * spins * spins; k++) { /* each in two parts, far apart and in no order */
            int64_t i = k * 7 % (spins * spins) / spins, j = k * 7 % (spins * spins) % spins;
            double half = m->coupling[i * spins + j] / 2;
            if (i < j)
                pass ? lists_fill(&making, i, j, half) : lists_count(&making, i, j, half);
        }
        if (!pass)
            lists_counted(&making, m->linear);
    }
    lists_finish(l, m->linear, m->row->lowest);
}

static model make_model(const row *r, bool listed)
{
    model m = {.row = r, .listed = listed, .unit = r->numbers == FRACTIONS ? 1 : r->numbers == WHOLE ? 4 : 400};
    exchange e = {.count = r->families, .crosses = r->crosses};
    dense_couplings couplings = {.spins = r->spins, .value = m.coupling};
    for (int64_t i = 0; i < r->spins; i++) {
        m.linear[i] = random_coefficient(r);
        for (int64_t j = 0; j < i; j++)
            couple(&m, i, j, random_coefficient(r));
    }
    for (int64_t f = 0; f < r->families; f++) {
        e.family[f] = r->family[f];
        couple_groups(&m, &r->family[f]);
    }
    m.work = aligned_alloc(64, (size_t)(dense_work_bytes(r->spins) + 63) / 64 * 64);
    m.memory = aligned_alloc(64, (size_t)(exchange_bytes(r->spins) + 63) / 64 * 64);
    memcpy(m.memory, &e, sizeof e);
    dense_work_prepare(m.work, m.linear, &couplings, r->lowest);
    make_lists(&m);
    for (uint32_t state = 0; state < 1u << r->spins; state++)
        m.energy[state] = energy_of(&m, state);
    return m;
}

static void close_model(model *m)
{
    free(m->work);
    free(m->lists);
    free(m->memory);
}

/* ---- the moves by their definition, with faults ------------------------------------------------ */

typedef enum fault {
    RIGHT,
    SIGN,      /* of the energy */
    HOTTER,    /* by 5 % */
    FORGETFUL, /* the coupling of the two places is not taken off */
    FIRST,     /* always the first raised member moves */
    ELSEWHERE, /* the spin's own place cannot be drawn */
    ASKEW,     /* crossings cost what two relocations would */
    FAULTS
} fault;

static const char *const fault_names[] = {"none", "sign", "temperature", "coupling", "first raised", "own place", "crossing"};

typedef struct chain {
    const model *m;
    fault fault;
    double beta, *share; /* by state */
} chain;

static double weight_of(const chain *c, double cost)
{
    return exp(c->fault == SIGN ? c->beta * cost : -c->beta * cost / (c->fault == HOTTER ? 1.05 : 1));
}

/* What the spins cost one another where all are raised, beyond a state with some of them. */
static double mutual(const model *m, int64_t i, int64_t j)
{
    double step = (double)(1 - m->row->lowest);
    return step * step * m->coupling[i * m->row->spins + j];
}

static double relocation_cost(const chain *c, uint32_t state, int64_t from, int64_t to)
{
    double cost = c->m->energy[(state & ~(1u << from)) | 1u << to] - c->m->energy[state];
    return c->fault == FORGETFUL && from != to ? cost + mutual(c->m, from, to) : cost;
}

/* Adds to `next` what becomes of the share of one state when one member of the group at `first` is drawn anew. */
static void relocate(const chain *c, const exchange_family *f, int64_t first, uint32_t state, double *next)
{
    int64_t raised = 0;
    for (int64_t k = 0; k < f->members; k++)
        raised += state >> (first + k * f->member_stride) & 1;
    if (raised == 0 || raised == f->members) {
        next[state] += c->share[state];
        return;
    }
    bool moved = false;
    for (int64_t k = 0; k < f->members; k++) {
        int64_t from = first + k * f->member_stride;
        double total = 0, part = c->fault == FIRST ? (double)!moved : 1 / (double)raised;
        if (!(state >> from & 1))
            continue;
        moved = true;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t l = 0; l < f->members; l++) {
                int64_t to = first + l * f->member_stride;
                if ((state >> to & 1 && to != from) || (c->fault == ELSEWHERE && to == from))
                    continue;
                double weight = weight_of(c, relocation_cost(c, state, from, to));
                if (pass)
                    next[(state & ~(1u << from)) | 1u << to] += c->share[state] * part * weight / total;
                total += pass ? 0 : weight;
            }
    }
}

/* The same of one crossing of two raised spins. */
static void cross(const chain *c, const exchange_family *f, uint32_t state, double *next)
{
    int64_t raised[SPINS_MAX], count = 0;
    for (int64_t i = 0; i < c->m->row->spins; i++)
        if (state >> i & 1)
            raised[count++] = i;
    for (int64_t x = 0; x < count * count; x++) {
        int64_t p = raised[x / count] - f->base, q = raised[x % count] - f->base;
        int64_t a = p / f->member_stride % f->members, b = p / f->group_stride % f->groups, d = q / f->member_stride % f->members,
                e = q / f->group_stride % f->groups;
        int64_t r = f->base + a * f->member_stride + e * f->group_stride,
                s = f->base + d * f->member_stride + b * f->group_stride;
        double share = c->share[state] / (double)(count * count), accepted = 0;
        uint32_t to = (state & ~(1u << (p + f->base)) & ~(1u << (q + f->base))) | 1u << r | 1u << s;
        if (a != d && b != e && !(state >> r & 1) && !(state >> s & 1)) {
            double cost = c->m->energy[to] - c->m->energy[state];
            if (c->fault == ASKEW)
                cost -= mutual(c->m, p + f->base, q + f->base) + mutual(c->m, r, s);
            accepted = fmin(1, weight_of(c, cost));
        }
        next[to] += share * accepted;
        next[state] += share * (1 - accepted);
    }
}

static void step(chain *c, const exchange_family *f, int64_t group) /* < 0: a crossing */
{
    static double next[STATES_MAX];
    uint32_t states = 1u << c->m->row->spins;
    memset(next, 0, sizeof next);
    for (uint32_t state = 0; state < states; state++)
        if (c->share[state] > 0 && group >= 0)
            relocate(c, f, f->base + group * f->group_stride, state, next);
        else if (c->share[state] > 0)
            cross(c, f, state, next);
    memcpy(c->share, next, sizeof next);
}

/* share[state] after one sweep from the row's start. Tries of crossings are as many as spins are raised. */
static void propagate(const model *m, fault fault, double beta, uint32_t sweep, double *share)
{
    chain c = {m, fault, beta, share};
    const row *r = m->row;
    const exchange_family *f = &r->family[sweep % (uint32_t)r->families];
    int64_t raised = __builtin_popcount(r->start);
    memset(share, 0, STATES_MAX * sizeof *share);
    share[r->start] = 1;
    for (int64_t g = 0; g < f->groups; g++)
        step(&c, f, g);
    for (int64_t k = 0; r->crosses && raised > 1 && k < raised; k++)
        step(&c, &r->family[0], -1);
}

/* ---- the kernel ------------------------------------------------------------------------------- */

static const dense *dense_of(const model *m)
{
    return m->listed ? &((const lists *)(const void *)m->lists)->d : &((const dense_work *)(const void *)m->work)->d;
}

static const lists *lists_of(const model *m)
{
    return m->listed ? (const lists *)(const void *)m->lists : NULL;
}

/* In units of the kernel's numbers. */
static double temperature_of(const model *m, double beta)
{
    double scale = m->listed ? lists_of(m)->scale : ((const dense_work *)(const void *)m->work)->scale;
    return scale / (beta * (double)dense_of(m)->change);
}

static uint32_t state_of(const dense *d)
{
    uint32_t state = 0;
    for (int64_t i = 0; i < d->spins; i++)
        state |= (uint32_t)(d->turn[i] < 0) << i;
    return state;
}

static void set_state(const model *m, uint32_t state)
{
    for (int64_t i = 0; i < m->row->spins; i++)
        dense_of(m)->turn[i] = state >> i & 1 ? -1 : 1;
    if (m->listed)
        lists_fields(lists_of(m));
    else
        dense_fields(dense_of(m));
}

static uint32_t sweep_once(const model *m, uint32_t from, double beta, uint32_t key, uint32_t sweep)
{
    uint32_t keys[2] = {key, 11};
    set_state(m, from);
    exchange_sweep((const exchange *)(const void *)m->memory, m->memory, dense_of(m), lists_of(m), keys, sweep,
                   temperature_of(m, beta));
    return state_of(dense_of(m));
}

/* Single flips over lists, in order of the spins. */
static uint32_t flip_once(const model *m, uint32_t from, double beta, uint32_t key)
{
    uint32_t keys[2] = {key, 12};
    set_state(m, from);
    lists_sweep(lists_of(m), keys, 0, temperature_of(m, beta));
    return state_of(dense_of(m));
}

/* How improbable the counts are, in standard deviations: the larger of how far chi squared (Wilson and Hilferty) and the mean
 * energy are off. Infinite where what cannot be was. */
static double deviation(const model *m, const double *share, const int *counts, int chains)
{
    double chi = 0, freedom = -1, rare = 0, rare_counted = 0, mean = 0, square = 0, got = 0;
    for (uint32_t state = 0; state < 1u << m->row->spins; state++) {
        double expected = chains * share[state];
        mean += share[state] * m->energy[state];
        square += share[state] * m->energy[state] * m->energy[state];
        got += counts[state] * m->energy[state] / chains;
        if (expected < 1e-9 && counts[state])
            return INFINITY;
        if (expected < 8) {
            rare += expected;
            rare_counted += counts[state];
            continue;
        }
        chi += (counts[state] - expected) * (counts[state] - expected) / expected;
        freedom++;
    }
    if (rare > 2) {
        chi += (rare_counted - rare) * (rare_counted - rare) / rare;
        freedom++;
    }
    double k = fmax(freedom, 1), variance = square - mean * mean;
    double by_chi = freedom < 1 ? 0 : (cbrt(chi / k) - 1 + 2 / (9 * k)) / sqrt(2 / (9 * k));
    return variance > 1e-9 * square ? fmax(by_chi, fabs(got - mean) / sqrt(variance / chains)) : by_chi;
}

static bool can_have(const row *r, fault fault)
{
    int64_t most = 0; /* raised in one group */
    for (int64_t f = 0; f < r->families; f++)
        for (int64_t g = 0; g < r->family[f].groups; g++) {
            int64_t raised = 0;
            for (int64_t k = 0; k < r->family[f].members; k++)
                raised += r->start >> (r->family[f].base + g * r->family[f].group_stride + k * r->family[f].member_stride) & 1;
            most = raised > most && raised < r->family[f].members ? raised : most;
        }
    return fault == ASKEW ? r->crosses : fault == FIRST ? most > 1 : true;
}

/* From one state, at three temperatures and with each family: what the kernel comes to is what the moves by their definition come
 * to, and not what they do with a fault. */
static void test_transitions(int chains)
{
    static const double betas[] = {0.3, 1, 2.5};
    static double share[STATES_MAX];
    int seen[FAULTS] = {0}, runs[FAULTS] = {0};
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const row *r = &rows[i / 2];
        model m = make_model(r, i % 2);
        for (size_t b = 0; b < sizeof betas / sizeof *betas; b++)
            for (uint32_t sweep = 0; sweep < r->families; sweep++) {
                int counts[STATES_MAX] = {0};
                double beta = betas[b] / m.unit;
                for (int k = 0; k < chains; k++)
                    counts[sweep_once(&m, r->start, beta, (uint32_t)k, sweep)]++;
                for (int f = RIGHT; f < FAULTS; f++) {
                    propagate(&m, (fault)f, beta, sweep, share);
                    double off = deviation(&m, share, counts, chains);
                    CHECK(f != RIGHT || off < 4.5, "%s, beta %g, family %u: off by %g", r->name, betas[b], sweep, off);
                    runs[f] += can_have(r, (fault)f);
                    seen[f] += off > 4.5;
                }
            }
        close_model(&m);
    }
    for (int f = SIGN; f < FAULTS; f++)
        CHECK(f == HOTTER ? getenv("ISG_TEST_QUICK") || seen[f] >= runs[f] / 4 : seen[f] >= runs[f] / 2,
              "fault '%s' was seen in %d of %d runs", fault_names[f], seen[f], runs[f]);
}

/* ---- single flips over lists ------------------------------------------------------------------- */

/* Of one spin after the other, by Metropolis' rule. */
static void propagate_flips(const model *m, fault fault, double beta, double *share)
{
    chain c = {m, fault, beta, share};
    uint32_t states = 1u << m->row->spins;
    memset(share, 0, STATES_MAX * sizeof *share);
    share[m->row->start] = 1;
    for (int64_t k = 0; k < m->row->spins; k++) {
        uint32_t bit = 1u << (fault == FIRST ? m->row->spins - 1 - k : k);
        for (uint32_t state = 0; state < states; state++)
            if (!(state & bit)) {
                double up = fmin(1, weight_of(&c, m->energy[state | bit] - m->energy[state]));
                double down = fmin(1, weight_of(&c, m->energy[state] - m->energy[state | bit]));
                double change = share[state] * up - share[state | bit] * down;
                share[state] -= change;
                share[state | bit] += change;
            }
    }
}

/* The faults: sign, temperature, and the spins in the wrong order. */
static void test_flips(int chains)
{
    static double share[STATES_MAX];
    int seen[FAULTS] = {0}, runs = 0;
    for (size_t i = 0; i < ROWS; i++, runs++) {
        model m = make_model(&rows[i], true);
        int counts[STATES_MAX] = {0};
        double beta = 0.5 / m.unit;
        for (int k = 0; k < chains; k++)
            counts[flip_once(&m, rows[i].start, beta, (uint32_t)k)]++;
        for (int f = RIGHT; f < FAULTS; f++) {
            propagate_flips(&m, (fault)f, beta, share);
            double off = deviation(&m, share, counts, chains);
            CHECK(f != RIGHT || off < 4.5, "%s: off by %g", rows[i].name, off);
            seen[f] += off > 4.5;
        }
        close_model(&m);
    }
    CHECK(seen[SIGN] == runs && seen[FIRST] >= runs * 2 / 3, "wrong sign: %d, wrong order: %d of %d", seen[SIGN], seen[FIRST],
          runs);
    CHECK(getenv("ISG_TEST_QUICK") || seen[HOTTER] >= runs / 4, "temperature: %d of %d", seen[HOTTER], runs);
}

/* An energy from the kernel's fields is the exact one, but for what all states share. */
static void test_estimate(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        model m = make_model(&rows[i], true);
        for (uint32_t state = 0; state < 1u << rows[i].spins; state += 5) {
            double error;
            set_state(&m, state);
            double off = fabs(lists_estimate(lists_of(&m), &error) - (m.energy[state] - m.energy[0]));
            CHECK(off <= error + 1e-9 && error < 1e-3 * m.unit, "%s: state %o is off by %g, not %g", rows[i].name, state, off,
                  error);
        }
        close_model(&m);
    }
}

/* The same after sweeps from hot to cold, in which a large coupling goes into fields and out of them again. */
static void test_estimate_of_reads(void)
{
    enum { SWEEPS = 900 };
    model m = make_model(&rows[1], true);
    m.linear[0] = m.linear[1] = 0;
    couple(&m, 0, 1, 1e4);
    make_lists(&m);
    for (uint32_t state = 0; state < 1u << m.row->spins; state++)
        m.energy[state] = energy_of(&m, state);
    for (uint32_t key = 0; key < 40; key++) {
        const lists *l = lists_of(&m);
        double error;
        uint32_t state = 0;
        set_state(&m, key);
        for (uint32_t sweep = 0; sweep < SWEEPS; sweep++)
            lists_sweep(l, (uint32_t[]){key, 5}, sweep, l->scale * 1e4 * pow(10, -4.0 * sweep / SWEEPS));
        for (int64_t i = 0; i < m.row->spins; i++)
            state |= (uint32_t)(l->d.turn[i] < 0) << i;
        double off = fabs(lists_estimate(l, &error) - (m.energy[state] - m.energy[0]));
        CHECK(off <= error && error < 1, "state %o is off by %g, not %g", state, off, error);
    }
    close_model(&m);
}

/* ---- the Boltzmann distribution ---------------------------------------------------------------- */

/* States drawn from it, with whatever number raised anywhere, are distributed as before after a sweep, and not where the
 * sweep's temperature is another. */
static void test_kept(int chains)
{
    static double share[STATES_MAX], sum[STATES_MAX];
    int runs = 0, hotter = 0;
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const row *r = &rows[i / 2];
        model m = make_model(r, i % 2);
        uint32_t states = 1u << r->spins;
        double beta = 0.7 / m.unit, least = INFINITY, total = 0;
        memset(share, 0, sizeof share);
        for (uint32_t state = 0; state < states; state++)
            least = fmin(least, m.energy[state]);
        for (uint32_t state = 0; state < states; state++)
            sum[state] = total += share[state] = exp(-beta * (m.energy[state] - least));
        for (uint32_t state = 0; state < states; state++)
            share[state] /= total;
        for (int wrong = 0; wrong < 2; wrong++) {
            int counts[STATES_MAX] = {0};
            for (int k = 0; k < chains; k++) {
                double target = total * (random_number() + 1) / 2;
                uint32_t from = 0;
                for (uint32_t half = states / 2; half; half /= 2)
                    from += sum[from + half - 1] < target ? half : 0;
                for (uint32_t sweep = 0; sweep < r->families; sweep++)
                    from = sweep_once(&m, from, wrong ? beta * 3 : beta, (uint32_t)k, sweep);
                counts[from]++;
            }
            double off = deviation(&m, share, counts, chains);
            CHECK(wrong || off < 4.5, "%s: off by %g standard deviations", r->name, off);
            hotter += wrong && off > 4.5;
        }
        runs++;
        close_model(&m);
    }
    CHECK(hotter >= runs * 9 / 10, "a temperature of a third was seen in %d of %d runs", hotter, runs);
}

/* ---- fields, and extremes ---------------------------------------------------------------------- */

/* Exchanges keep the fields as they are from scratch: whole numbers to the bit, fractions to rounding. No member is lost. */
static void test_fields(void)
{
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const row *r = &rows[i / 2];
        model m = make_model(r, i % 2);
        uint32_t state = r->start;
        for (uint32_t sweep = 0; sweep < 200; sweep++) {
            uint32_t to = sweep_once(&m, state, 0.5 / m.unit, 3, sweep);
            double field[SPINS_MAX];
            for (int64_t k = 0; k < r->spins; k++)
                field[k] = exchange_field(dense_of(&m), k);
            set_state(&m, to);
            for (int64_t k = 0; k < r->spins; k++) {
                double off = fabs(field[k] - exchange_field(dense_of(&m), k));
                CHECK(off <= (r->numbers == FRACTIONS ? 1e-5 : 0), "%s: spin %d is off by %g", r->name, (int)k, off);
            }
            CHECK(__builtin_popcount(to) == __builtin_popcount(state), "%s: %o becomes %o", r->name, state, to);
            state = to;
        }
        close_model(&m);
    }
}

/* From nothing at all to no temperature: always a state; at none, never a worse one. */
static void test_extremes(void)
{
    static const double betas[] = {1e-300, 1e-30, 1, 1e30, 1e300};
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const row *r = &rows[i / 2];
        model m = make_model(r, i % 2);
        for (size_t b = 0; b < sizeof betas / sizeof *betas; b++)
            for (uint32_t key = 0; key < 20; key++) {
                uint32_t to = sweep_once(&m, r->start, betas[b], key, key);
                CHECK(__builtin_popcount(to) == __builtin_popcount(r->start), "%s: %o", r->name, to);
                CHECK(betas[b] < 2 || m.energy[to] <= m.energy[r->start] + 1e-5, "%s: %g from %g", r->name, m.energy[to],
                      m.energy[r->start]);
            }
        close_model(&m);
    }
}

/* Costs as far apart as fields of 32 bits allow: without a temperature the one that is raised goes to the lowest. */
static void test_far_apart(void)
{
    static const double costs[] = {5e8, -5e8, 3e8, 0, 4e8};
    model m = make_model(&rows[0], false);
    dense_couplings couplings = {.spins = 5, .value = m.coupling};
    for (int64_t i = 0; i < 5; i++) {
        m.linear[i] = costs[i];
        for (int64_t j = 0; j < 5; j++)
            m.coupling[i * 5 + j] = i == j ? 0 : 400;
    }
    dense_work_prepare(m.work, m.linear, &couplings, 0);
    CHECK(dense_of(&m)->numbers == DENSE_INT16, "numbers of kind %d", dense_of(&m)->numbers);
    for (uint32_t from = 0; from < 5; from++) {
        uint32_t to = sweep_once(&m, 1u << from, 1e300, 7, from);
        CHECK(to == 1u << 1, "%o becomes %o", 1u << from, to);
    }
    close_model(&m);
}

/* ---- the span of a ladder ---------------------------------------------------------------------- */

static void span_of(model *m, double *greatest, double *least)
{
    dense_couplings couplings = {.spins = m->row->spins, .value = m->coupling};
    exchange e = *(const exchange *)(const void *)m->memory;
    exchange_span(&e, m->memory, m->listed ? NULL : &couplings, lists_of(m), m->linear, m->row->lowest, greatest, least);
}

/* However high the penalties, and whatever all members pay, the span is the same; with twice the rest it is twice as wide. */
static void test_span(void)
{
    for (size_t i = 0; i < 2 * ROWS; i++) {
        const row *r = &rows[i / 2];
        model m = make_model(r, i % 2);
        double greatest, least, other_greatest, other_least;
        span_of(&m, &greatest, &least);
        CHECK(greatest >= least && least > 0, "%s: from %g to %g", r->name, least, greatest);
        bool grouped[SPINS_MAX] = {0};
        for (int64_t k = 0; k < r->spins; k++)
            for (int64_t l = 0; l < r->spins; l++)
                grouped[k] |= m.within[k][l];
        for (int64_t k = 0; k < r->spins; k++) {
            m.linear[k] = 2 * m.linear[k] - (grouped[k] ? 64 * m.unit : 0);
            for (int64_t l = 0; l < r->spins; l++)
                m.coupling[k * r->spins + l] = 2 * m.coupling[k * r->spins + l] + (m.within[k][l] ? 256 * m.unit : 0);
        }
        make_lists(&m);
        span_of(&m, &other_greatest, &other_least);
        double loss = (m.listed ? 1e-3 : 1e-9) * greatest; /* float32 beside high penalties */
        CHECK(fabs(other_greatest - 2 * greatest) < loss && fabs(other_least - 2 * least) < loss,
              "%s: from %g to %g, then from %g to %g", r->name, least, greatest, other_least, other_greatest);
        close_model(&m);
    }
}

/* A field for the members of groups, a coupling within them, and nothing else. */
static void leave_penalties(model *m, double field, double penalty)
{
    for (int64_t k = 0; k < m->row->spins; k++) {
        m->linear[k] = 0;
        for (int64_t l = 0; l < m->row->spins; l++) {
            m->linear[k] = m->within[k][l] ? field : m->linear[k];
            m->coupling[k * m->row->spins + l] = m->within[k][l] ? penalty : 0;
        }
    }
    make_lists(m);
}

/* Penalties alone span nothing, whatever rounding leaves of them; a group without costs adds nothing to what others span. */
static void test_span_of_penalties(void)
{
    for (size_t i = 0; i < 2 * ROWS; i++) {
        model m = make_model(&rows[i / 2], i % 2);
        double greatest, least;
        for (int k = 1; k < 40; k++) {
            leave_penalties(&m, -k / 7.0, k / 3.0);
            span_of(&m, &greatest, &least);
            CHECK(greatest == 0 && least == 0, "%s: penalties alone span %g to %g", m.row->name, least, greatest);
            m.linear[m.row->family[0].base] += 1;
            span_of(&m, &greatest, &least);
            CHECK(least > 0.1 * greatest && greatest > 0.1, "%s: one cost spans %g to %g", m.row->name, least, greatest);
        }
        close_model(&m);
    }
}

/* Where whole numbers take more than the 24 bits of a float. */
static void test_large_fields(void)
{
    int32_t field[] = {(1 << 24) + 1, -(1 << 29) - 1};
    dense d = {.spins = 2, .numbers = DENSE_INT16, .fields = field};
    for (int64_t i = 0; i < 2; i++)
        CHECK(exchange_field(&d, i) == field[i], "%d is taken for %.17g", (int)field[i], exchange_field(&d, i));
}

int main(void)
{
    int chains = getenv("ISG_TEST_FULL") ? 400000 : getenv("ISG_TEST_QUICK") ? 4000 : 20000;
    test_transitions(chains);
    test_flips(chains);
    test_estimate();
    test_estimate_of_reads();
    test_kept(chains);
    test_fields();
    test_extremes();
    test_far_apart();
    test_span();
    test_span_of_penalties();
    test_large_fields();
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
