/* test_solve.c - solving problems in numbers: ground states by enumeration, equal answers on any number of threads, the sampled
 * distribution, interruption, targets, result files, lack of memory at every site. */
#include "backends/solve/block_solve.h"
#include "backends/solve/cut.h"
#include "backends/solve/kernel.h"
#include "backends/solve/solution.h"
#include "passes/problem/check_states.h"
#include "runtime/memory.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <time.h>

static isg_error error;

static int rounds(int full)
{
    const char *quick = getenv("ISG_TEST_QUICK");
    return quick && *quick && *quick != '0' ? full / 20 : full;
}

static problem make_random(random_source *r, int spins, int *kind)
{
    problem p;
    CHECK(!random_problem(r, NULL, spins, kind, &p, &error), "%s", error.message);
    return p;
}

static void set_state(const problem *p, uint32_t bits, int8_t *state)
{
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = bits >> i & 1 ? 1 : p->domain == PROBLEM_SPIN ? -1 : 0;
}

static double lowest_energy(const problem *p)
{
    double lowest = INFINITY;
    int8_t state[32];
    for (uint32_t bits = 0; bits < 1u << p->spins; bits++) {
        set_state(p, bits, state);
        lowest = fmin(lowest, problem_energy(p, state));
    }
    return lowest;
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Numbers of many sizes at once, where an anneal promises little, are looked at for validity alone. */
static void test_ground_states(void)
{
    random_source r = random_open(1);
    for (int k = 0; k < rounds(2000); k++) {
        int kind, spins = random_below(&r, 12);
        problem p = make_random(&r, spins, &kind);
        int8_t state[16];
        solve_result result;
        solve_settings settings = {.reads = 20, .sweeps = 100, .threads = 1, .seed = (uint64_t)k};
        CHECK(!solve_problem(&p, &settings, state, &result, &error), "%s", error.message);
        double lowest = lowest_energy(&p);
        CHECK(result.energy == problem_energy(&p, state), "round %d", k);
        CHECK(result.energy >= lowest, "round %d", k);
        if (kind != 5 && kind != 6)
            CHECK(result.energy <= lowest + 1e-9 * fabs(lowest) + 1e-9, "round %d, kind %d, %d spins: %.17g, lowest %.17g", k,
                  kind, spins, result.energy, lowest);
        problem_close(&p);
    }
}

static void test_threads(void)
{
    static const int32_t counts[] = {2, 3, 8};
    random_source r = random_open(2);
    for (int k = 0; k < rounds(100); k++) {
        int kind, spins = 1 + random_below(&r, 60);
        problem p = make_random(&r, spins, &kind);
        int8_t first[64] = {0}, state[64];
        solve_result one, result;
        solve_settings settings = {
            .reads = 1 + random_below(&r, 12), .sweeps = 1 + random_below(&r, 30), .threads = 1, .seed = 7};
        CHECK(!solve_problem(&p, &settings, first, &one, &error), "%s", error.message);
        for (int t = 0; t < 3; t++) {
            settings.threads = counts[t];
            CHECK(!solve_problem(&p, &settings, state, &result, &error), "%s", error.message);
            CHECK(!memcmp(state, first, (size_t)spins), "round %d, %d threads", k, counts[t]);
            CHECK(result.read == one.read && result.flips == one.flips, "round %d, %d threads", k, counts[t]);
        }
        problem_close(&p);
    }
}

static void test_trivial(void)
{
    for (int domain = 0; domain < 2; domain++)
        for (int64_t spins = 0; spins < 3; spins++)
            for (int field = -1; field <= 1; field++) {
                problem p;
                int8_t state[4] = {9, 9, 9, 9};
                solve_result result;
                solve_settings settings = {.seed = 3};
                CHECK(!problem_open(&p, NULL, domain ? PROBLEM_SPIN : PROBLEM_BINARY, spins, &error), "%s", error.message);
                for (int64_t i = 0; i < spins; i++)
                    p.fields[i] = field;
                p.offset = 0.5;
                CHECK(!solve_problem(&p, &settings, state, &result, &error), "%s", error.message);
                CHECK(result.energy == lowest_energy(&p), "%d spins, field %d: %g", (int)spins, field, result.energy);
                CHECK(state[spins] == 9, "written behind the end");
                problem_close(&p);
            }
}

static void test_refusals(void)
{
    problem p;
    int8_t state[2];
    solve_result result;
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, 2, &error), "%s", error.message);
    static const solve_settings bad[] = {{.reads = -1}, {.sweeps = -1}, {.threads = -1}, {.seconds = -1}, {.seconds = NAN}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(solve_problem(&p, &bad[i], state, &result, &error) == ISG_INVALID, "settings %d", (int)i);
    static const double numbers[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        p.fields[1] = numbers[i];
        CHECK(solve_problem(&p, &(solve_settings){0}, state, &result, &error) == ISG_INVALID, "number %d", i);
    }
    problem_close(&p);
}

/* ---- kernels --------------------------------------------------------------------------------- */

typedef struct kernel_memory {
    lattice l;
    kernel_state s;
} kernel_memory;

static kernel_memory open_kernel(const problem *p)
{
    kernel_memory m;
    CHECK(!lattice_open(&m.l, p, &error), "%s", error.message);
    size_t bytes = lattice_number_bytes(&m.l), padded = (size_t)m.l.padded + 1;
    m.s.turn.any = calloc(padded, bytes);
    m.s.field.any = calloc(padded, bytes);
    m.s.limit.any = calloc(KERNEL_CHUNK, bytes);
    return m;
}

static void close_kernel(kernel_memory *m)
{
    free(m->s.turn.any);
    free(m->s.field.any);
    free(m->s.limit.any);
    lattice_close(&m->l);
}

static uint32_t bits_of(const kernel_memory *m)
{
    uint32_t bits = 0;
    for (int64_t i = 0; i < m->l.spins; i++)
        bits |= (uint32_t)(m->l.exact ? m->s.turn.whole[i] < 0 : m->s.turn.real[i] < 0) << i;
    return bits;
}

/* The lattice's energies are the problem's, over that of all spins down. */
static void test_energies(void)
{
    random_source r = random_open(3);
    for (int k = 0; k < rounds(2000); k++) {
        int kind, spins = random_below(&r, 30);
        problem p = make_random(&r, spins, &kind);
        kernel_memory m = open_kernel(&p);
        uint32_t key[2] = {(uint32_t)k, 5};
        int8_t state[32], down[32];
        kernel_start(&m.l, key, &m.s);
        for (uint32_t sweep = 0; sweep < 5; sweep++)
            kernel_sweep(&m.l, key, sweep, m.l.hot, &m.s);
        if (!m.l.exact)
            kernel_fields(&m.l, &m.s);
        set_state(&p, bits_of(&m), state);
        set_state(&p, 0, down);
        kernel_energy e = kernel_energy_of(&m.l, &m.s);
        double expected = problem_energy(&p, state) - problem_energy(&p, down), size = fabs(p.offset);
        double got = ldexp(m.l.exact ? (double)e.whole : e.real, -m.l.exponent) * m.l.unit;
        for (int64_t i = 0; i < p.spins; i++)
            size += fabs(p.fields[i]);
        for (int64_t i = 0; i < p.coupling_count; i++)
            size += fabs(p.couplings[i].value);
        CHECK(fabs(got - expected) <= 1e-12 * size, "round %d, kind %d: %.17g, not %.17g", k, kind, got, expected);
        CHECK((kind != 0 && kind != 1 && kind != 4) || m.l.exact, "round %d, kind %d", k, kind);
        close_kernel(&m);
        problem_close(&p);
    }
}

/* What Metropolis sweeps in index order make of random starts, exactly. */
static void propagate(const problem *p, double temperature, int sweeps, double *share)
{
    uint32_t states = 1u << p->spins;
    int8_t state[8];
    double energy[256], next[256];
    for (uint32_t bits = 0; bits < states; bits++) {
        set_state(p, bits, state);
        energy[bits] = problem_energy(p, state);
        share[bits] = 1.0 / states;
    }
    for (int64_t step = 0; step < sweeps * p->spins; step++) {
        memset(next, 0, sizeof next);
        for (uint32_t bits = 0; bits < states; bits++) {
            uint32_t other = bits ^ 1u << step % p->spins;
            double accepted = fmin(1, exp((energy[bits] - energy[other]) / temperature));
            next[other] += share[bits] * accepted;
            next[bits] += share[bits] * (1 - accepted);
        }
        memcpy(share, next, states * sizeof *share);
    }
}

/* Independent chains at one temperature end in states distributed as they must be: after a few sweeps as the transition
 * probabilities say, and after many, where no two energies are alike, as Boltzmann says. Both types of number. */
static void test_distribution(void)
{
    enum { CHAINS = 20000, SPINS = 5 };
    random_source r = random_open(4);
    for (int k = 0; k < 12; k++) {
        int sweeps = k < 8 ? 1 + k : 40;
        bool whole = k % 4 < 2;
        problem p;
        CHECK(!problem_open(&p, NULL, k % 2 ? PROBLEM_SPIN : PROBLEM_BINARY, SPINS, &error), "%s", error.message);
        for (int i = 0; i < SPINS; i++) {
            p.fields[i] = whole ? random_below(&r, 5) - 2 : random_unit(&r);
            for (int j = 0; j < i; j++)
                CHECK(!problem_add_coupling(&p, j, i, whole ? random_below(&r, 5) - 2 : random_unit(&r), &error), "%s",
                      error.message);
        }
        CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
        kernel_memory m = open_kernel(&p);
        CHECK(m.l.exact == whole, "problem %d", k);
        double temperature = whole ? 2 : 0.7, share[1 << SPINS], sum = 0, chi = 0;
        int counts[1 << SPINS] = {0};
        for (uint32_t chain = 0; chain < CHAINS; chain++) {
            uint32_t key[2] = {chain, (uint32_t)k};
            kernel_start(&m.l, key, &m.s);
            for (uint32_t sweep = 0; sweep < (uint32_t)sweeps; sweep++)
                kernel_sweep(&m.l, key, sweep, ldexp(temperature, m.l.exponent), &m.s);
            counts[bits_of(&m)]++;
        }
        propagate(&p, temperature, sweeps, share);
        for (uint32_t bits = 0; bits < 1u << SPINS; bits++) {
            double expected = CHAINS * share[bits];
            chi += expected > 0 ? (counts[bits] - expected) * (counts[bits] - expected) / expected : counts[bits];
        }
        for (uint32_t bits = 0; bits < 1u << SPINS; bits++) {
            int8_t state[SPINS];
            set_state(&p, bits, state);
            sum += exp(-problem_energy(&p, state) / temperature);
        }
        for (uint32_t bits = 0; bits < 1u << SPINS && k >= 8 && !whole; bits++) {
            int8_t state[SPINS];
            set_state(&p, bits, state);
            double boltzmann = exp(-problem_energy(&p, state) / temperature) / sum;
            CHECK(fabs(share[bits] - boltzmann) < 1e-6, "problem %d: %g, not %g", k, share[bits], boltzmann);
        }
        CHECK(chi < 70, "problem %d: chi squared %g at 31 degrees of freedom", k, chi); /* beyond 1 in 10^4 */
        close_kernel(&m);
        problem_close(&p);
    }
}

/* ---- stopping -------------------------------------------------------------------------------- */

static bool count_down(const void *context)
{
    atomic_int *left = (atomic_int *)(uintptr_t)context;
    return atomic_fetch_sub(left, 1) <= 0;
}

static problem large_problem(int spins)
{
    random_source r = random_open(5);
    problem p;
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, spins, &error), "%s", error.message);
    for (int k = 0; k < 10 * spins; k++) {
        int a = random_below(&r, spins), b = random_below(&r, spins);
        if (a != b)
            CHECK(!problem_add_coupling(&p, a, b, random_below(&r, 2) ? 1 : -1, &error), "%s", error.message);
    }
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    return p;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void test_stopping(void)
{
    problem p = large_problem(3000);
    int8_t *state = malloc(3000);
    solve_result result;
    for (int k = 0; k < rounds(40) + 5; k++) {
        atomic_int left = k < 5 ? k : k * 7;
        solve_settings settings = {
            .reads = 1000000, .sweeps = 50, .threads = 1 + k % 3, .cancelled = count_down, .cancel_context = &left};
        CHECK(solve_problem(&p, &settings, state, &result, &error) == ISG_INCOMPLETE, "round %d", k);
        CHECK(strstr(error.message, "interrupted after"), "%s", error.message);
        CHECK(!result.out_of_time && result.energy == problem_energy(&p, state), "round %d", k);
        CHECK(result.energy < -8000, "round %d: a descent at least, %g", k, result.energy);
    }
    double begin = now();
    solve_settings settings = {.reads = 1000000, .sweeps = 1000, .threads = 2, .seconds = 0.1};
    CHECK(solve_problem(&p, &settings, state, &result, &error) == ISG_INCOMPLETE, "no time limit");
    CHECK(result.out_of_time && strstr(error.message, "out of time after"), "%s", error.message);
    CHECK(now() - begin >= 0.1, "too early");
    CHECK(result.energy == problem_energy(&p, state), "%g", result.energy);
    free(state);
    problem_close(&p);
}

/* ---- on a machine ---------------------------------------------------------------------------- */

static target machine_of(target_kind kind, int64_t spins, int32_t bits, target_fields fields)
{
    double most = ldexp(1, bits - 1);
    target t = {.name = "test",
                .kind = kind,
                .spins = spins,
                .couplings = {.limited = bits != 0,
                              .bits = bits,
                              .min = bits ? -most : -INFINITY,
                              .max = bits ? most - 1 : INFINITY,
                              .sum_min = -INFINITY,
                              .sum_max = INFINITY,
                              .count = INT64_MAX},
                .fields = fields,
                .format = "kaiwu-csv"};
    t.field_values = t.couplings;
    return t;
}

static void check_answers(const problem *p, const target_answers *a, const solve_result *result)
{
    CHECK(a->count >= 1 && a->count <= TARGET_SOLVE_ANSWERS, "%d answers", a->count);
    CHECK(result->energy == a->energy[0], "%g, not %g", result->energy, a->energy[0]);
    for (int32_t i = 0; i < a->count; i++) {
        CHECK(a->energy[i] == problem_energy(p, a->state[i]), "answer %d", i);
        CHECK(i == 0 || a->energy[i - 1] <= a->energy[i], "answer %d", i);
    }
}

static void test_machines(void)
{
    random_source r = random_open(6);
    int found = 0, tried = rounds(100);
    for (int k = 0; k < tried; k++) {
        int kind, spins = random_below(&r, 10);
        problem p = make_random(&r, spins, &kind);
        target t = machine_of(k % 2 ? TARGET_CIM : TARGET_DIGITAL, 11, k % 3 ? 8 : 16,
                              k % 2 ? TARGET_FIELDS_ANCILLA : TARGET_FIELDS_NATIVE);
        solve_settings settings = {.reads = 1 + random_below(&r, 20), .sweeps = 200, .seed = 1};
        target_answers a, again;
        solve_result result;
        isg_status status = target_solve(&p, &t, &settings, &a, &result, &error);
        CHECK(!status, "round %d, kind %d: %s", k, kind, error.message);
        if (!status) {
            check_answers(&p, &a, &result);
            found += result.energy <= lowest_energy(&p) + 1e-9 * fabs(result.energy);
            CHECK(!target_solve(&p, &t, &settings, &again, &result, &error), "%s", error.message);
            CHECK(a.count == again.count && !memcmp(a.state[0], again.state[0], (size_t)spins), "round %d", k);
            target_answers_close(&again);
            target_answers_close(&a);
        }
        problem_close(&p);
    }
    CHECK(found >= tried * 3 / 4, "%d ground states of %d", found, tried);
}

static void test_machine_refusals(void)
{
    problem p = large_problem(40);
    target t = machine_of(TARGET_CIM, 30, 8, TARGET_FIELDS_ANCILLA);
    target_answers a;
    solve_result result;
    solve_settings settings = {.reads = 1000, .seed = 1};
    CHECK(target_solve(&p, &t, &settings, &a, &result, &error) == ISG_INVALID, "more spins than there are");
    CHECK(strstr(error.message, "30 spins"), "%s", error.message);
    t = machine_of(TARGET_ANNEALER, 5640, 0, TARGET_FIELDS_NATIVE);
    t.topology = (target_topology){.kind = TOPOLOGY_PEGASUS, .size = 16};
    CHECK(target_solve(&p, &t, &settings, &a, &result, &error) == ISG_INVALID, "needs embedding");
    CHECK(strstr(error.message, "embedding"), "%s", error.message);
    t = machine_of(TARGET_CIM, 50, 8, TARGET_FIELDS_ANCILLA);
    atomic_int left = 100;
    settings.cancelled = count_down;
    settings.cancel_context = &left;
    CHECK(target_solve(&p, &t, &settings, &a, &result, &error) == ISG_INCOMPLETE, "not cancelled");
    check_answers(&p, &a, &result);
    target_answers_close(&a);
    problem_close(&p);
}

/* ---- in parts -------------------------------------------------------------------------------- */

static void check_cut(const problem *p, const cut_parts *c, int64_t capacity)
{
    int32_t part[64];
    double severed = 0;
    for (int64_t i = 0; i < p->spins; i++)
        part[i] = -1;
    CHECK(c->start[0] == 0 && c->start[c->count] == p->spins, "%d parts", (int)c->count);
    for (int32_t k = 0; k < c->count; k++) {
        CHECK(c->start[k + 1] > c->start[k] && c->start[k + 1] - c->start[k] <= capacity, "part %d", (int)k);
        for (int64_t i = c->start[k]; i < c->start[k + 1]; i++) {
            CHECK(part[c->spin[i]] < 0 && (i == c->start[k] || c->spin[i - 1] < c->spin[i]), "part %d", (int)k);
            part[c->spin[i]] = k;
        }
    }
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (part[p->couplings[k].first] != part[p->couplings[k].second])
            severed += fabs(p->couplings[k].value);
    CHECK(severed == c->severed, "%g, not %g", c->severed, severed);
}

static void test_cuts(void)
{
    random_source r = random_open(8);
    for (int k = 0; k < rounds(400); k++) {
        int kind, spins = random_below(&r, 60), capacity = 1 + random_below(&r, 30);
        problem p = make_random(&r, spins, &kind);
        problem_rows rows;
        cut_parts c;
        CHECK(!problem_rows_open(&rows, &p, &error), "%s", error.message);
        CHECK(!cut_open(&c, &p, &rows, capacity, &error), "%s", error.message);
        check_cut(&p, &c, capacity);
        cut_close(&c);
        CHECK(cut_open(&c, &p, &rows, 0, &error) == ISG_INVALID, "no room");
        problem_rows_close(&rows, &p);
        problem_close(&p);
    }
}

/* Never worse than the descents that it begins with, the same for the same seed, and cut short where it is asked to. */
static void test_blocks(void)
{
    random_source r = random_open(9);
    for (int k = 0; k < rounds(60); k++) {
        int kind, spins = 5 + random_below(&r, 40);
        problem p = make_random(&r, spins, &kind);
        target t = machine_of(k % 2 ? TARGET_CIM : TARGET_DIGITAL, 5 + random_below(&r, 10), 8,
                              k % 2 ? TARGET_FIELDS_ANCILLA : TARGET_FIELDS_NATIVE);
        atomic_int left = 3;
        solve_settings settings = {.reads = 2, .sweeps = 50, .seed = 4};
        solve_result result;
        block_info info;
        int8_t state[64], again[64];
        CHECK(!block_solve(&p, &t, &settings, state, &result, &info, &error), "%s", error.message);
        CHECK(result.energy == problem_energy(&p, state), "round %d", k);
        CHECK(info.parts >= 1 && info.passes >= 1 && info.passes <= BLOCK_DEFAULT_PASSES, "round %d", k);
        CHECK(!block_solve(&p, &t, &settings, again, &result, &info, &error), "%s", error.message);
        CHECK(!memcmp(state, again, (size_t)spins), "round %d", k);
        settings.cancelled = count_down;
        settings.cancel_context = &left;
        settings.reads = 1000;
        CHECK(block_solve(&p, &t, &settings, again, &result, &info, &error) == ISG_INCOMPLETE, "round %d", k);
        CHECK(result.energy == problem_energy(&p, again), "round %d", k);
        problem_close(&p);
    }
}

/* ---- result files ---------------------------------------------------------------------------- */

static void test_numbers(void)
{
    problem p;
    char text[SOLUTION_NUMBER_TEXT];
    int8_t up[3] = {1, 1, 1}, mixed[3] = {1, -1, 1};
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, 3, &error), "%s", error.message);
    CHECK(!problem_add_coupling(&p, 0, 1, 0x1p60, &error) && !problem_add_coupling(&p, 1, 2, 1, &error), "%s", error.message);
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    p.fields[0] = -3;
    solution_energy(&p, up, text);
    CHECK(!strcmp(text, "1152921504606846974"), "%s", text); /* 2^60 - 2: no double */
    solution_cut(&p, mixed, text);
    CHECK(!strcmp(text, "1152921504606846977"), "%s", text);
    p.offset = 0.5;
    p.couplings[0].value = 0.1;
    solution_energy(&p, up, text);
    CHECK(strtod(text, NULL) == problem_energy(&p, up), "%s", text);
    p.fields[0] = INFINITY;
    solution_energy(&p, up, text);
    CHECK(!strcmp(text, "null"), "%s", text);
    problem_close(&p);
}

static void test_hashes(void)
{
    char one[SHA256_TEXT], two[SHA256_TEXT];
    sha256 h;
    sha256_open(&h);
    sha256_add(&h, "abc", 3);
    sha256_close(&h, one); /* FIPS 180-4, example */
    CHECK(!strcmp(one, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "%s", one);
    problem p = large_problem(20), q;
    CHECK(!problem_copy(&q, &p, &error), "%s", error.message);
    q.fields[3] = -0.0;
    problem_hash(&p, one);
    problem_hash(&q, two);
    CHECK(!strcmp(one, two), "zero has no sign");
    q.offset = 1;
    problem_hash(&q, two);
    CHECK(strcmp(one, two), "the offset counts");
    q.offset = 0;
    q.couplings[5].value += 1;
    problem_hash(&q, two);
    CHECK(strcmp(one, two), "couplings count");
    problem_close(&p);
    problem_close(&q);
}

/* Every failing call of the I/O hook leaves the file that was there, and nothing beside it. */
static void test_failed_writes(void)
{
    problem p = large_problem(20);
    int8_t state[20];
    const int8_t *one = state;
    set_state(&p, 12345, state);
    solution s = {.problem = &p, .target = "na\"tive", .seed = UINT64_MAX, .reads = 1, .sweeps = 1, .count = 1, .states = &one};
    const char *path = scratch_path("solution.json");
    CHECK(!solution_write(&s, NULL, path, &error), "%s", error.message);
    char before[SHA256_TEXT], after[SHA256_TEXT];
    CHECK(!solution_hash_file(NULL, path, before, &error), "%s", error.message);
    s.seed = 1;
    bool failed = true;
    for (long at = 1; failed; at++) {
        io_trap t = {.trap = {.at = at}, .error = -ENOSPC};
        isg_io io = io_trap_hook(&t);
        failed = solution_write(&s, &io, path, &error) != ISG_OK;
        CHECK(!failed || error.status == ISG_IO, "call %ld", at);
        CHECK(t.open_files == 0 && scratch_count() == 1, "call %ld", at);
        if (failed && at < 3)
            CHECK(!solution_hash_file(NULL, path, after, &error) && !strcmp(before, after), "call %ld", at);
    }
    remove(path);
    problem_close(&p);
}

/* ---- lack of memory -------------------------------------------------------------------------- */

static isg_status solve_all(const problem *p, int way)
{
    int8_t state[40];
    solve_result result;
    solve_settings settings = {.reads = 3, .sweeps = 5, .threads = 2};
    if (way == 0)
        return solve_problem(p, &settings, state, &result, &error);
    target t = machine_of(TARGET_CIM, way == 1 ? 100 : 30, 8, TARGET_FIELDS_ANCILLA);
    block_info info;
    if (way == 2)
        return block_solve(p, &t, &settings, state, &result, &info, &error);
    target_answers a;
    isg_status status = target_solve(p, &t, &settings, &a, &result, &error);
    target_answers_close(&a);
    return status;
}

static void test_no_memory(void)
{
    trap t = {0};
    isg_allocator allocator = trap_allocator(&t);
    problem p = large_problem(40), q;
    for (int64_t i = 0; i < p.spins; i++)
        p.fields[i] = i % 3 - 1;
    p.allocator = &allocator; /* which is the default one, counted */
    CHECK(!problem_copy(&q, &p, &error), "%s", error.message);
    p.allocator = isg_default_allocator();
    long held = atomic_load(&t.held_blocks);
    for (int way = 0; way < 6; way++) {
        isg_status status = ISG_NO_MEMORY;
        for (long at = 1; status == ISG_NO_MEMORY; at++) {
            t.at = at;
            t.ever_after = way & 1;
            atomic_store(&t.calls, 0);
            status = solve_all(&q, way / 2);
            CHECK(status == ISG_OK || status == ISG_NO_MEMORY, "way %d, call %ld: %s", way, at, error.message);
            CHECK(atomic_load(&t.held_blocks) == held, "way %d, call %ld: %ld blocks left", way, at,
                  atomic_load(&t.held_blocks) - held);
        }
    }
    t.at = 0;
    problem_close(&q);
    problem_close(&p);
}

int main(void)
{
    test_ground_states();
    test_threads();
    test_trivial();
    test_refusals();
    test_energies();
    test_distribution();
    test_stopping();
    test_machines();
    test_machine_refusals();
    test_cuts();
    test_blocks();
    test_numbers();
    test_hashes();
    test_failed_writes();
    test_no_memory();
    return check_done();
}
