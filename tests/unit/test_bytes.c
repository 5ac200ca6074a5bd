/* test_bytes.c - the kernel of sparse whole couplings: its layout, the same states as a plain sweep and on every level of
 * processor, the sampled distribution and what faults do to it, lack of memory. */
#include "backends/solve/byte_lattice.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

static isg_error error;

static bool quick(void)
{
    const char *text = getenv("ISG_TEST_QUICK");
    return text && *text && *text != '0';
}

typedef struct fixture {
    problem p;
    lattice l;
    byte_lattice b;
    byte_state s;
    kernel_state k;
} fixture;

static void open_fixture(fixture *f)
{
    CHECK(!problem_settle(&f->p, NULL, &error), "%s", error.message);
    CHECK(!lattice_open(&f->l, &f->p, &error), "%s", error.message);
    CHECK(!byte_lattice_open(&f->b, &f->l, &error), "%s", error.message);
    CHECK(byte_state_open(&f->s, &f->b, &f->l), "no memory");
    f->k.turn.any = calloc((size_t)f->l.padded, sizeof(int32_t));
    f->k.field.any = calloc((size_t)f->l.padded, sizeof(int32_t));
}

static void close_fixture(fixture *f)
{
    free(f->k.turn.any);
    free(f->k.field.any);
    byte_state_close(&f->s, &f->l);
    byte_lattice_close(&f->b, &f->l);
    lattice_close(&f->l);
    problem_close(&f->p);
}

static void couple(fixture *f, int64_t a, int64_t b, double value)
{
    if (a != b && value != 0)
        CHECK(!problem_add_coupling(&f->p, a, b, value, &error), "%s", error.message);
}

/* Random graphs of some neighbours each; weights up to `largest` in magnitude, fields too. */
static void make_graph(fixture *f, random_source *r, int spins, int neighbours, int largest)
{
    CHECK(!problem_open(&f->p, NULL, random_below(r, 2) ? PROBLEM_SPIN : PROBLEM_BINARY, spins, &error), "%s", error.message);
    for (int i = 0; i < spins; i++)
        f->p.fields[i] = largest > 1 ? random_below(r, 5) - 2 : 0;
    for (int k = 0; k < spins * neighbours / 2; k++)
        couple(f, random_below(r, spins), random_below(r, spins), largest > 1 ? random_below(r, 2 * largest + 1) - largest : 1);
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void check_layout(const fixture *f)
{
    const byte_lattice *b = &f->b;
    int64_t found = 0;
    CHECK(b->layout.blocks % 2 == 0 && b->layout.blocks * BYTES_BLOCK <= 2 * f->l.spins, "%ld blocks", (long)b->layout.blocks);
    for (int64_t place = 0; place < b->layout.blocks * BYTES_BLOCK; place++)
        if (b->spin[place] != UINT32_MAX) {
            CHECK(b->place[b->spin[place]] == place, "place %ld", (long)place);
            found++;
        } else
            CHECK(b->base[place] == BYTES_PADDING, "place %ld", (long)place);
    CHECK(found == f->l.spins, "%ld spins", (long)found);
    for (int64_t i = 0; i < f->l.spins; i++)
        for (int64_t k = f->l.row_start[i]; k < f->l.row_start[i + 1]; k++)
            CHECK(b->place[i] / BYTES_BLOCK != b->place[f->l.neighbour[k]] / BYTES_BLOCK, "spin %ld", (long)i);
}

/* What the sweep is said to be, one spin after the other, with fields summed anew. */
static int64_t plain_sweep(const fixture *f, const uint32_t key[2], uint32_t sweep, double temperature, int8_t *up)
{
    const lattice *l = &f->l;
    bytes_levels levels;
    int64_t flips = 0;
    bytes_make_levels(key, sweep, l->unit * (double)l->quantum / temperature, &levels);
    for (int64_t place = 0; place < f->b.layout.blocks * BYTES_BLOCK; place++) {
        uint32_t spin = f->b.spin[place], in_pair = (uint32_t)(place % 128), words[4];
        uint32_t counter[4] = {sweep, (uint32_t)(16 * (place / 128)) + in_pair % 32 / 2, 1, 0};
        if (spin == UINT32_MAX)
            continue;
        philox4x32(counter, key, words);
        uint32_t draw = words[in_pair / 32] >> 16 * (in_pair % 2) & 0xffff;
        int64_t field = l->base.whole[spin], limit = levels.always;
        for (int64_t k = l->row_start[spin]; k < l->row_start[spin + 1]; k++)
            field += up[l->neighbour[k]] ? l->change.whole[k] : 0;
        for (int k = 0; k < levels.count; k++)
            limit += draw < levels.below[k];
        if ((up[spin] ? -field : field) <= limit * l->quantum) {
            up[spin] = (int8_t)!up[spin];
            flips++;
        }
    }
    return flips;
}

static void check_states(const fixture *f, const int8_t *up, const char *when)
{
    for (int64_t i = 0; i < f->l.spins; i++) {
        int64_t field = f->l.base.whole[i];
        for (int64_t k = f->l.row_start[i]; k < f->l.row_start[i + 1]; k++)
            field += up[f->l.neighbour[k]] ? f->l.change.whole[k] : 0;
        CHECK(f->k.turn.whole[i] == (up[i] ? -1 : 1), "%s: spin %ld", when, (long)i);
        CHECK(f->k.field.whole[i] == field, "%s: field %ld is %d, not %ld", when, (long)i, f->k.field.whole[i], (long)field);
    }
}

/* On every level that this processor has. */
static void test_sweeps(void)
{
    random_source r = random_open(1);
    const dense_level *levels[DENSE_LEVELS];
    int count = dense_levels(levels), used = 0, rows = 0;
    for (int round = 0; round < (quick() ? 6 : 40); round++) {
        fixture f = {0};
        int spins = 128 + random_below(&r, 600), largest = round % 3 ? 1 + random_below(&r, 4) : 1;
        make_graph(&f, &r, spins, round % 4 ? 1 + random_below(&r, 12) : 24, largest);
        open_fixture(&f);
        used += f.b.used;
        rows += f.b.layout.rows != NULL;
        int8_t *up = malloc((size_t)spins);
        for (int level = 0; level < count && f.b.used; level++) {
            uint32_t key[2] = {(uint32_t)round, 77};
            f.b.level = levels[level];
            check_layout(&f);
            byte_state_start(&f.s, &f.b, &f.l, key);
            for (int i = 0; i < spins; i++)
                up[i] = f.s.b.up[f.b.place[i]] != 0;
            byte_state_give(&f.s, &f.b, &f.l, &f.k);
            check_states(&f, up, "start");
            for (uint32_t sweep = 0; sweep < 8; sweep++) {
                double temperature = f.l.hot * pow(f.l.cold / f.l.hot, sweep / 7.0) * (sweep ? 1 : 1e6);
                int64_t flips = byte_state_sweep(&f.s, &f.b, &f.l, key, sweep, temperature);
                CHECK(flips == plain_sweep(&f, key, sweep, temperature, up), "round %d, sweep %u", round, sweep);
                byte_state_give(&f.s, &f.b, &f.l, &f.k);
                check_states(&f, up, "sweep");
            }
        }
        free(up);
        close_fixture(&f);
    }
    CHECK(used > 4 && rows && rows < used, "%d layouts used, %d by rows", used, rows);
}

/* What does not fit is left to the other kernels. */
static void test_left_alone(void)
{
    random_source r = random_open(2);
    for (int way = 0; way < 5; way++) {
        fixture f = {0};
        int spins = way == 0 ? 100 : 256;
        CHECK(!problem_open(&f.p, NULL, PROBLEM_SPIN, spins, &error), "%s", error.message);
        for (int k = 0; k < spins; k++)
            couple(&f, random_below(&r, spins), random_below(&r, spins), way == 1 ? 0.1 : 1);
        for (int k = 1; k < spins && way == 2; k++)
            couple(&f, 0, k, 1); /* a hub */
        for (int k = 0; k < 20 * spins && way == 3; k++)
            couple(&f, random_below(&r, 100), random_below(&r, 100), 1); /* dense */
        if (way == 4)
            f.p.fields[3] = 127;
        open_fixture(&f);
        CHECK(!f.b.used, "way %d", way);
        close_fixture(&f);
    }
}

/* ---- the distribution ------------------------------------------------------------------------ */

enum { SPINS = 5, STATES = 1 << SPINS, COPIES = 64, SWEEPS = 6, FAULTS = 4 };

static double state_energy(const fixture *f, uint32_t bits)
{
    double down = f->p.domain == PROBLEM_SPIN ? -1 : 0, energy = 0;
    for (int i = 0; i < SPINS; i++)
        energy += f->p.fields[i] * (bits >> i & 1 ? 1 : down);
    for (int64_t k = 0; k < f->p.coupling_count; k++) {
        const problem_coupling *c = &f->p.couplings[k];
        if (c->first < SPINS)
            energy += c->value * (bits >> c->first & 1 ? 1 : down) * (bits >> c->second & 1 ? 1 : down);
    }
    return energy;
}

/* What Metropolis sweeps over the spins of one copy, in order of their places, make of random starts. */
static void propagate(const fixture *f, int copy, double temperature, double share[STATES])
{
    int order[SPINS], steps = SPINS * SWEEPS;
    for (int i = 0; i < SPINS; i++) {
        int rank = 0;
        for (int j = 0; j < SPINS; j++)
            rank += f->b.place[copy * SPINS + j] < f->b.place[copy * SPINS + i];
        order[rank] = i;
    }
    for (int bits = 0; bits < STATES; bits++)
        share[bits] = 1.0 / STATES;
    for (int step = 0; step < steps; step++) {
        double next[STATES] = {0};
        for (uint32_t bits = 0; bits < STATES; bits++) {
            uint32_t other = bits ^ 1u << order[step % SPINS];
            double accepted = fmin(1, exp((state_energy(f, bits) - state_energy(f, other)) / temperature));
            next[other] += share[bits] * accepted;
            next[bits] += share[bits] * (1 - accepted);
        }
        memcpy(share, next, sizeof next);
    }
}

/* Chi-squared of all copies, each a chain of its own, under every key; with a fault, a kernel that is wrong. */
static double chi_squared(fixture *f, double temperature, int fault, int keys)
{
    static double expected[COPIES][STATES];
    static int counts[COPIES][STATES];
    double chi = 0;
    memset(counts, 0, sizeof counts);
    for (int copy = 0; copy < COPIES; copy++)
        propagate(f, copy, temperature, expected[copy]);
    if (fault == 1)
        temperature *= 1.05;
    if (fault == 2) /* couplings of the wrong sign: a flip drives the fields the other way */
        f->s.b.step = (int8_t)-f->s.b.step;
    CHECK(!f->b.rows.at, "by rows");
    for (int64_t k = 0; fault == 2 && f->b.change && k < f->b.entries; k++)
        f->b.change[k] = (int8_t)-f->b.change[k];
    if (fault == 3)
        temperature /= 1.05;
    for (int chain = 0; chain < keys; chain++) {
        uint32_t key[2] = {(uint32_t)chain, 9};
        byte_state_start(&f->s, &f->b, &f->l, key);
        for (uint32_t sweep = 0; sweep < SWEEPS; sweep++)
            byte_state_sweep(&f->s, &f->b, &f->l, key, sweep, ldexp(temperature, f->l.exponent));
        for (int copy = 0; copy < COPIES; copy++) {
            int bits = 0;
            for (int i = 0; i < SPINS; i++)
                bits |= (f->s.b.up[f->b.place[copy * SPINS + i]] != 0) << i;
            counts[copy][bits]++;
        }
    }
    /* Of states alike in all copies that share an order of spins; summed over all copies, their shares add up as well. */
    for (int bits = 0; bits < STATES; bits++) {
        double share = 0, seen = 0;
        for (int copy = 0; copy < COPIES; copy++) {
            share += keys * expected[copy][bits];
            seen += counts[copy][bits];
        }
        chi += share > 1e-9 ? (seen - share) * (seen - share) / share : seen;
    }
    return chi;
}

static void make_copies(fixture *f, int number)
{
    random_source r = random_open(100 + (uint64_t)number);
    bool same = number % 3 == 0;
    double fields[SPINS], values[SPINS][SPINS];
    *f = (fixture){0};
    CHECK(!problem_open(&f->p, NULL, number % 2 ? PROBLEM_SPIN : PROBLEM_BINARY, SPINS * COPIES, &error), "%s", error.message);
    for (int i = 0; i < SPINS; i++) {
        fields[i] = random_below(&r, 5) - 2;
        for (int j = 0; j < i; j++)
            values[i][j] = same ? random_below(&r, 3) > 0 : random_below(&r, 5) - 2;
    }
    for (int copy = 0; copy < COPIES; copy++)
        for (int i = 0; i < SPINS; i++) {
            f->p.fields[copy * SPINS + i] = fields[i];
            for (int j = 0; j < i; j++)
                couple(f, copy * SPINS + i, copy * SPINS + j, values[i][j]);
        }
    open_fixture(f);
    CHECK(f->b.used, "problem %d", number);
}

static void test_distribution(void)
{
    for (int number = 0; number < (quick() ? 3 : 6); number++)
        for (int fault = 0; fault < FAULTS; fault++) {
            fixture f;
            make_copies(&f, number);
            double temperature = 1.5 + number % 3;
            int keys = !quick() ? 4000 : fault ? 1500 : 300;
            double chi = chi_squared(&f, temperature, fault, keys);
            if (fault)
                CHECK(chi > 70, "problem %d, fault %d: chi squared %g, not seen", number, fault, chi);
            else
                CHECK(chi < 70, "problem %d: chi squared %g at 31 degrees of freedom", number, chi); /* beyond 1 in 10^4 */
            close_fixture(&f);
        }
}

/* Probabilities of acceptance: averaged over what rounds them, exact. */
static void test_levels(void)
{
    static const double costs[] = {1e-7, 0.001, 0.05, 0.3, 1, 2.5, 5, 11, 13, 39, 50};
    for (size_t c = 0; c < sizeof costs / sizeof *costs; c++) {
        enum { SAMPLES = 20000 };
        double sum[BYTES_LEVELS] = {0};
        for (uint32_t sweep = 0; sweep < SAMPLES; sweep++) {
            uint32_t key[2] = {1, 2};
            bytes_levels levels;
            bytes_make_levels(key, sweep, costs[c], &levels);
            CHECK(levels.always >= 0 && levels.count >= 0 && levels.always + levels.count <= BYTES_LEVELS, "cost %g", costs[c]);
            for (int k = 0; k < levels.always + levels.count; k++)
                sum[k] += k < levels.always ? 65536 : levels.below[k - levels.always];
        }
        for (int k = 0; k < BYTES_LEVELS; k++) {
            double exact = 65536 * exp(-(k + 1) * costs[c]), off = sum[k] / SAMPLES - exact;
            CHECK(fabs(off) < 0.02, "cost %g, level %d: off by %g / 65536", costs[c], k + 1, off);
        }
    }
}

/* ---- lack of memory -------------------------------------------------------------------------- */

static void test_no_memory(void)
{
    random_source r = random_open(3);
    trap t = {0};
    isg_allocator allocator = trap_allocator(&t);
    fixture f = {0};
    make_graph(&f, &r, 300, 6, 2);
    open_fixture(&f);
    f.l.allocator = &allocator;
    for (int way = 0; way < 2; way++) {
        isg_status status = ISG_NO_MEMORY;
        for (long at = 1; status == ISG_NO_MEMORY; at++) {
            byte_lattice b;
            byte_state s = {0};
            t.at = at;
            t.ever_after = way;
            atomic_store(&t.calls, 0);
            status = byte_lattice_open(&b, &f.l, &error);
            if (!status && !byte_state_open(&s, &b, &f.l))
                status = ISG_NO_MEMORY;
            CHECK(status == ISG_OK || status == ISG_NO_MEMORY, "call %ld: %s", at, error.message);
            byte_state_close(&s, &f.l);
            byte_lattice_close(&b, &f.l);
            CHECK(atomic_load(&t.held_blocks) == 0, "call %ld: %ld blocks left", at, atomic_load(&t.held_blocks));
        }
    }
    f.l.allocator = f.p.allocator;
    close_fixture(&f);
}

int main(void)
{
    test_sweeps();
    test_left_alone();
    test_levels();
    test_distribution();
    test_no_memory();
    return check_done();
}
