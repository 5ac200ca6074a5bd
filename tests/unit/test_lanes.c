/* test_lanes.c - sixty-four reads of a sparse whole problem side by side: their layout, each read the same as a plain sweep on
 * every level of processor, energies, the sampled distribution and what faults do to it, solving with them, lack of memory. */
#include "backends/solve/lane_lattice.h"
#include "backends/solve/solve.h"
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
    lane_lattice b;
    lane_state s;
} fixture;

static void open_fixture(fixture *f)
{
    CHECK(!problem_settle(&f->p, NULL, &error), "%s", error.message);
    CHECK(!lattice_open(&f->l, &f->p, &error), "%s", error.message);
    CHECK(lane_lattice_fits(&f->l), "does not fit");
    CHECK(!lane_lattice_open(&f->b, &f->l, &f->p, &error), "%s", error.message);
    CHECK(lane_state_open(&f->s, &f->b, &f->l), "no memory");
}

static void close_fixture(fixture *f)
{
    lane_state_close(&f->s, &f->l);
    lane_lattice_close(&f->b, &f->l);
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
        f->p.fields[i] = largest > 1 || spins == 1 ? random_below(r, 5) - 2 + (spins == 1) * 3 : 0;
    for (int k = 0; k < spins * neighbours / 2; k++)
        couple(f, random_below(r, spins), random_below(r, spins), largest > 1 ? random_below(r, 2 * largest + 1) - largest : 1);
}

/* ---- one read among them --------------------------------------------------------------------- */

/* Every coupling is in both rows, and what fills rows up does nothing. */
static void check_rows(const fixture *f)
{
    const lanes *b = &f->b.layout;
    for (int64_t i = 0; i < f->l.spins; i++) {
        int64_t sum = 0, own = 0, count = 0;
        for (int64_t k = b->row_start[i]; k < b->row_start[i + 1]; k++) {
            bool filler = b->neighbour[k] == f->l.spins * LANES_READS;
            CHECK(filler || b->neighbour[k] % LANES_READS == 0, "spin %ld", (long)i);
            CHECK(!filler || !b->change || !b->change[k], "spin %ld", (long)i);
            count += !filler;
            sum += filler ? 0 : (b->change ? b->change[k] : b->step) * (int64_t)(b->neighbour[k] / LANES_READS + 1);
        }
        for (int64_t k = f->l.row_start[i]; k < f->l.row_start[i + 1]; k++)
            own += (int8_t)(f->l.change.whole[k] / f->l.quantum) * (int64_t)(f->l.neighbour[k] + 1);
        CHECK(count == f->l.row_start[i + 1] - f->l.row_start[i] && sum == own, "spin %ld: %ld neighbours", (long)i, (long)count);
        CHECK(b->row_start[i] % LANES_ROW_STEP == 0, "spin %ld", (long)i);
    }
}

static int64_t plain_field(const fixture *f, const int8_t *up, int64_t spin)
{
    int64_t field = f->l.base.whole[spin];
    for (int64_t k = f->l.row_start[spin]; k < f->l.row_start[spin + 1]; k++)
        field += up[f->l.neighbour[k]] ? f->l.change.whole[k] : 0;
    return field;
}

static void plain_start(const fixture *f, const uint32_t key[2], int read, int8_t *up)
{
    for (int64_t i = 0; i < f->l.spins; i++) {
        uint32_t counter[4] = {PHILOX_START_SWEEP, (uint32_t)(i / 2), 3, 0}, words[4];
        philox4x32(counter, key, words);
        up[i] = words[i % 2 * 2 + read / 32] >> read % 32 & 1;
    }
}

/* What the sweep of one read is said to be, one spin after the other, with fields summed anew. */
static int64_t plain_sweep(const fixture *f, const uint32_t key[2], uint32_t sweep, double temperature, int read, int8_t *up)
{
    const lattice *l = &f->l;
    bytes_levels levels;
    int64_t flips = 0;
    bytes_make_levels(key, sweep, l->unit * (double)l->quantum / temperature, &levels);
    for (int64_t i = 0; i < l->spins; i++) {
        int64_t number = i / 64 * 64 + (i + read) % 64, in_pair = number % 128;
        uint32_t counter[4] = {sweep, (uint32_t)(16 * (number / 128) + in_pair % 32 / 2), 1, 0}, words[4];
        philox4x32(counter, key, words);
        uint32_t draw = words[in_pair / 32] >> 16 * (in_pair % 2) & 0xffff;
        int64_t field = plain_field(f, up, i), limit = levels.always;
        for (int k = 0; k < levels.count; k++)
            limit += draw < levels.below[k];
        if ((up[i] ? -field : field) <= limit * l->quantum) {
            up[i] = (int8_t)!up[i];
            flips++;
        }
    }
    return flips;
}

static void check_states(const fixture *f, int8_t *const *up, int first, int end, const char *when)
{
    int8_t *got = malloc((size_t)f->l.spins);
    for (int read = first; read < end; read++) {
        lane_state_give(&f->s, read, got);
        CHECK(!memcmp(got, up[read], (size_t)f->l.spins), "%s: read %d", when, read);
    }
    free(got);
}

/* The lowest of the first reads, by energies summed anew. */
static void check_lowest(const fixture *f, int8_t *const *up, int32_t count)
{
    kernel_energy energy, lowest = {.whole = INT64_MAX};
    int32_t at = -1, got = lane_state_lowest(&f->s, &f->b, &f->l, count, &energy);
    for (int32_t read = 0; read < count; read++) {
        kernel_energy e = {0};
        for (int64_t i = 0; i < f->l.spins; i++)
            e.whole += up[read][i] ? f->l.base.whole[i] + plain_field(f, up[read], i) : 0;
        e.whole /= 2;
        if (kernel_lower(e, lowest)) {
            lowest = e;
            at = read;
        }
    }
    CHECK(got == at && energy.whole == lowest.whole, "read %d at %ld, not %d at %ld", got, (long)energy.whole, at,
          (long)lowest.whole);
}

static void compare(fixture *f, uint32_t round, int8_t **up)
{
    uint32_t key[2] = {round, 78};
    f->b.level->start(&f->s.b, key);
    for (int read = 0; read < LANES_READS; read++)
        plain_start(f, key, read, up[read]);
    check_states(f, up, 0, LANES_READS, "start");
    for (uint32_t sweep = 0; sweep < 6; sweep++) {
        double temperature = f->l.hot * pow(f->l.cold / f->l.hot, sweep / 5.0) * (sweep ? 1 : 1e6);
        uint64_t counted = sweep % 2 ? UINT64_MAX : 0x8000000000000421;
        int64_t expected = 0, flips = lane_state_sweep(&f->s, &f->b, &f->l, key, sweep, temperature, counted);
        for (int read = 0; read < LANES_READS; read++) {
            int64_t own = plain_sweep(f, key, sweep, temperature, read, up[read]);
            expected += counted >> read & 1 ? own : 0;
        }
        CHECK(flips == expected, "round %u, sweep %u: %ld flips, not %ld", round, sweep, (long)flips, (long)expected);
        check_states(f, up, 0, LANES_READS, "sweep");
    }
    check_lowest(f, up, 1 + (int32_t)(round % LANES_READS));
    int64_t flips = 0, sweeps = 0;
    while ((flips = f->b.level->descend(&f->s.b, UINT64_MAX)) > 0 && sweeps < 1000)
        sweeps++;
    CHECK(!flips, "no end to a descent");
    for (int read = 0; read < LANES_READS; read++) {
        lane_state_give(&f->s, read, up[read]);
        for (int64_t i = 0; i < f->l.spins; i++)
            CHECK(plain_field(f, up[read], i) * (up[read][i] ? -1 : 1) >= 0, "read %d: spin %ld may descend", read, (long)i);
    }
    check_lowest(f, up, LANES_READS);
}

/* On every level that this processor has. */
static void test_reads(void)
{
    static const int sizes[] = {1, 2, 31, 64, 65, 127, 128, 129, 300};
    random_source r = random_open(1);
    const lane_level *levels[LANE_LEVELS];
    int count = lane_levels(levels), alike = 0, rounds = quick() ? 9 : 36;
    for (int round = 0; round < rounds; round++) {
        fixture f = {0};
        int spins = sizes[round % 9];
        make_graph(&f, &r, spins,
                   spins == 1  ? 0
                   : round % 4 ? 1 + random_below(&r, 12)
                               : 24,
                   round % 3 ? 1 + random_below(&r, 4) : 1);
        if (spins > 1)
            couple(&f, 0, 1, 1); /* something to anneal at the least */
        open_fixture(&f);
        check_rows(&f);
        alike += !f.b.layout.change;
        int8_t *up[LANES_READS];
        for (int read = 0; read < LANES_READS; read++)
            up[read] = malloc((size_t)spins);
        for (int level = 0; level < count; level++) {
            f.b.level = levels[level];
            compare(&f, (uint32_t)round, up);
        }
        for (int read = 0; read < LANES_READS; read++)
            free(up[read]);
        close_fixture(&f);
    }
    CHECK(alike && alike < rounds, "%d problems of %d have one weight", alike, rounds);
}

/* What does not fit is left to the other kernels. */
static void test_left_alone(void)
{
    for (int way = 0; way < 5; way++) {
        fixture f = {0};
        CHECK(!problem_open(&f.p, NULL, PROBLEM_SPIN, 200, &error), "%s", error.message);
        for (int k = 1; k < 200; k++)
            couple(&f, k - 1, k, way == 1 ? 0.1 : way == 2 ? 0 : 1);
        for (int k = 2; k < 200 && way == 3; k++)
            couple(&f, 0, k, 1); /* a hub */
        f.p.fields[3] = way == 4 ? 125 : 0;
        CHECK(!problem_settle(&f.p, NULL, &error) && !lattice_open(&f.l, &f.p, &error), "%s", error.message);
        CHECK(lane_lattice_fits(&f.l) == (way == 0), "way %d", way);
        lattice_close(&f.l);
        problem_close(&f.p);
    }
}

/* ---- the distribution ------------------------------------------------------------------------ */

enum { SPINS = 5, STATES = 1 << SPINS, COPIES = 64, SWEEPS = 6, FAULTS = 5 };

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

/* What Metropolis sweeps in index order make of random starts. */
static void propagate(const fixture *f, double temperature, double share[STATES])
{
    for (int bits = 0; bits < STATES; bits++)
        share[bits] = 1.0 / STATES;
    for (int step = 0; step < SPINS * SWEEPS; step++) {
        double next[STATES] = {0};
        for (uint32_t bits = 0; bits < STATES; bits++) {
            uint32_t other = bits ^ 1u << step % SPINS;
            double accepted = fmin(1, exp((state_energy(f, bits) - state_energy(f, other)) / temperature));
            next[other] += share[bits] * accepted;
            next[bits] += share[bits] * (1 - accepted);
        }
        memcpy(share, next, sizeof next);
    }
}

static int copy_state(const fixture *f, int copy, int read)
{
    int bits = 0;
    for (int i = 0; i < SPINS; i++)
        bits |= (f->s.b.value[(copy * SPINS + i) * LANES_READS + read] != 0) << i;
    return bits;
}

typedef struct sampled {
    double chi;     /* squared, at STATES - 1 degrees of freedom */
    double overlap; /* of two reads' states being the same, in standard deviations off what it must be */
} sampled;

/* Of all copies, each a chain of its own in one read under every key, another read with each; with a fault, a kernel that is
 * wrong. */
static sampled sample(fixture *f, double temperature, int fault, int keys)
{
    double share[STATES], chi = 0, same = 0, equal = 0, chains = (double)keys * COPIES;
    int counts[STATES] = {0};
    propagate(f, temperature, share);
    temperature *= fault == 1 ? 1.05 : fault == 3 ? 1 / 1.05 : 1;
    if (fault == 2) /* couplings of the wrong sign, around the same middle */
        for (int i = 0; i < SPINS * COPIES; i++) {
            int64_t sum = 0;
            for (int64_t k = f->l.row_start[i]; k < f->l.row_start[i + 1]; k++)
                sum += f->l.change.whole[k] / f->l.quantum;
            f->b.base[i] = (int8_t)(f->b.base[i] + sum);
        }
    for (int64_t k = 0; fault == 2 && f->b.change && k < f->b.entries; k++)
        f->b.change[k] = (int8_t)-f->b.change[k];
    if (fault == 2 && !f->b.change)
        f->s.b.step = (int8_t)-f->s.b.step;
    for (int chain = 0; chain < keys; chain++) {
        uint32_t key[2] = {(uint32_t)chain, 9};
        int read = chain % LANES_READS;
        f->b.level->start(&f->s.b, key);
        for (uint32_t sweep = 0; sweep < SWEEPS; sweep++) /* the last fault: a sweep with the numbers of the one before */
            lane_state_sweep(&f->s, &f->b, &f->l, key, fault == 4 ? sweep / 2 : sweep, ldexp(temperature, f->l.exponent), 0);
        for (int copy = 0; copy < COPIES; copy++) {
            int state = copy_state(f, copy, read);
            counts[state]++;
            same += state == copy_state(f, copy, (read + 32) % LANES_READS);
        }
    }
    for (int bits = 0; bits < STATES; bits++) {
        double expected = chains * share[bits];
        chi += expected > 1e-9 ? (counts[bits] - expected) * (counts[bits] - expected) / expected : counts[bits];
        equal += share[bits] * share[bits];
    }
    return (sampled){chi, (same - chains * equal) / sqrt(chains * equal * (1 - equal))};
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
}

/* Faults of the temperature take the most keys to be seen. */
static int keys_for(int fault)
{
    if (!quick())
        return 4000;
    return fault == 1 || fault == 3 ? 1500 : 300;
}

static void test_distribution(void)
{
    for (int number = 0; number < (quick() ? 3 : 6); number++)
        for (int fault = 0; fault < (quick() && number != 1 ? 1 : FAULTS); fault++) {
            fixture f;
            make_copies(&f, number);
            double temperature = 1.5 + number % 3;
            sampled s = sample(&f, temperature, fault, keys_for(fault));
            if (fault)
                CHECK(s.chi > 70, "problem %d, fault %d: chi squared %g, not seen", number, fault, s.chi);
            else
                CHECK(s.chi < 70 && fabs(s.overlap) < 4.5,
                      "problem %d: chi squared %g at 31 degrees of freedom; overlap off by %g", number, s.chi,
                      s.overlap); /* beyond 1 in 10^4 */
            close_fixture(&f);
        }
}

/* ---- solving --------------------------------------------------------------------------------- */

/* A read's answer does not depend on how many others there are; reads and answers not on threads. */
static void test_solving(void)
{
    random_source r = random_open(4);
    for (int round = 0; round < (quick() ? 3 : 10); round++) {
        fixture f = {0};
        int spins = 100 + random_below(&r, 300);
        make_graph(&f, &r, spins, 6, round % 2 ? 3 : 1);
        CHECK(!problem_settle(&f.p, NULL, &error), "%s", error.message);
        int8_t *one = malloc((size_t)spins), *other = malloc((size_t)spins);
        double lowest = INFINITY;
        for (int32_t reads = LANE_LATTICE_READS; reads <= 200; reads += 48) {
            solve_settings settings = {.reads = reads, .sweeps = 5 + round, .seed = 7, .threads = 1};
            solve_result result, again;
            CHECK(!solve_problem(&f.p, &settings, one, &result, &error), "%s", error.message);
            CHECK(result.energy == problem_energy(&f.p, one), "%g", result.energy);
            CHECK(result.energy <= lowest, "%d reads: %g, fewer found %g", reads, result.energy, lowest);
            CHECK(result.reads_done == reads && result.read >= 0 && result.read < reads, "read %d", result.read);
            CHECK(result.attempts >= (int64_t)reads * settings.sweeps * spins, "%ld attempts", (long)result.attempts);
            lowest = result.energy;
            settings.threads = 1 + round % 4;
            CHECK(!solve_problem(&f.p, &settings, other, &again, &error), "%s", error.message);
            CHECK(!memcmp(one, other, (size_t)spins) && again.read == result.read && again.flips == result.flips, "%d threads",
                  settings.threads);
        }
        free(one);
        free(other);
        problem_close(&f.p);
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
            lane_lattice b;
            lane_state s = {0};
            t.at = at;
            t.ever_after = way;
            atomic_store(&t.calls, 0);
            status = lane_lattice_open(&b, &f.l, &f.p, &error);
            if (!status && !lane_state_open(&s, &b, &f.l))
                status = ISG_NO_MEMORY;
            CHECK(status == ISG_OK || status == ISG_NO_MEMORY, "call %ld: %s", at, error.message);
            lane_state_close(&s, &f.l);
            lane_lattice_close(&b, &f.l);
            CHECK(atomic_load(&t.held_blocks) == 0, "call %ld: %ld blocks left", at, atomic_load(&t.held_blocks));
        }
    }
    f.l.allocator = f.p.allocator;
    close_fixture(&f);
}

int main(void)
{
    test_reads();
    test_left_alone();
    test_distribution();
    test_solving();
    test_no_memory();
    return check_done();
}
