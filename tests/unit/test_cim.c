/* test_cim.c - the simulator of a coherent Ising machine: known optima, the same bits again, limits, cancelling, lack of memory.
 * Tries on the golden cases: 10, with ISG_TEST_FULL=1 100, with ISG_TEST_QUICK=1 1. */
#include "runtime/cim.h"
#include "runtime/philox.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <time.h>

static isg_error error;

/* ---- golden cases ---- */

/* The numbers of one of our own .npy files of 8-byte numbers; *count of them. */
static void *read_npy(const char *folder, const char *name, int64_t *count)
{
    char path[512];
    snprintf(path, sizeof path, "tests/goldens/%s/%s.npy", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    unsigned char head[10];
    void *numbers = NULL;
    if (fread(head, 1, 10, file) == 10 && !fseek(file, 0, SEEK_END)) {
        long start = 10 + head[8] + 256 * head[9], bytes = ftell(file) - start;
        numbers = malloc((size_t)bytes + 1);
        fseek(file, start, SEEK_SET);
        *count = bytes / 8;
        if (!numbers || fread(numbers, 1, (size_t)bytes, file) != (size_t)bytes)
            abort();
    }
    fclose(file);
    return numbers;
}

/* QAMA as tests/goldens/README.md states it, in variables of 0 and 1; false when the case has no exact answer. */
static bool open_golden(const char *name, problem *p, double *optimum)
{
    int64_t couplings = 0, spins = 0, count;
    double *j = read_npy(name, "J", &couplings), *h = read_npy(name, "h", &spins), *coef = read_npy(name, "coef", &count);
    double *energy = read_npy(name, "x_energy", &count);
    int64_t *exact = read_npy(name, "x_is_exact", &count);
    bool there = j && h && coef && energy && exact && exact[0];
    if (there) {
        int64_t tokens = couplings / spins;
        CHECK(!problem_open(p, NULL, PROBLEM_BINARY, spins, &error), "%s", error.message);
        for (int64_t a = 0; a < spins; a++) {
            p->fields[a] = -coef[1] * (double)tokens * h[a];
            for (int64_t b = 0; b < a; b++) {
                double value = a / tokens == b / tokens   ? -2 * coef[0] * j[a * tokens + b % tokens]
                               : a % tokens == b % tokens ? 2 * coef[4]
                                                          : 0;
                CHECK(!problem_add_coupling(p, a, b, value, &error), "%s", error.message);
            }
        }
        CHECK(!problem_settle(p, NULL, &error), "%s", error.message);
        *optimum = energy[0];
    }
    free(j);
    free(h);
    free(coef);
    free(energy);
    free(exact);
    return there;
}

static double solve(const problem *p, const cim_settings *settings, int8_t *state)
{
    double energy = NAN;
    isg_status status = cim_solve(p, settings, state, &energy, &error);
    CHECK(!status, "%s", error.message);
    CHECK(energy == problem_energy(p, state), "energy %.17g of a state with %.17g", energy, problem_energy(p, state));
    return energy;
}

/* The best of 100 reads is the optimum in 99 % of tries. */
static void test_goldens(void)
{
    static const char *const names[] = {"v2_deg_n1",   "v2_deg_t1_n1", "v2_deg_zeroV", "v2_deg_zeroall",  "v2_t1_n22_d8",
                                        "v2_t1_n4_d4", "v2_t2_n11_d8", "v2_t2_n4_d4",  "v2_t2_n6_d4_coef"};
    int tries = getenv("ISG_TEST_FULL") ? 100 : getenv("ISG_TEST_QUICK") ? 1 : 10;
    for (size_t c = 0; c < sizeof names / sizeof *names; c++) {
        problem p;
        double optimum;
        bool opened = open_golden(names[c], &p, &optimum);
        CHECK(opened, "%s cannot be read", names[c]);
        if (!opened)
            continue;
        int found = 0;
        int8_t state[64];
        for (int k = 0; k < tries; k++) {
            cim_settings settings = {.reads = 100, .steps = 500, .seed = (uint64_t)k};
            double energy = solve(&p, &settings, state);
            CHECK(energy > optimum - 1e-9, "%s: %.12g is below the optimum", names[c], energy);
            found += energy < optimum + 1e-9;
        }
        CHECK(100 * found >= 99 * tries, "%s: %d of %d tries", names[c], found, tries);
        problem_close(&p);
    }
}

/* ---- G1: a maximum cut ---- */

static void test_g1(void)
{
    const char *shared = getenv("ISG_SHARED");
    char path[1024];
    snprintf(path, sizeof path, "%s/data/G1.txt", shared ? shared : "../shared");
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("no %s: skipped\n", path);
        return;
    }
    int nodes, edges;
    problem p;
    CHECK(fscanf(file, "%d %d", &nodes, &edges) == 2, "no header");
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, nodes, &error), "%s", error.message);
    for (int k = 0, a, b, weight; k < edges; k++) {
        CHECK(fscanf(file, "%d %d %d", &a, &b, &weight) == 3, "line %d", k + 2);
        CHECK(!problem_add_coupling(&p, a - 1, b - 1, weight, &error), "%s", error.message);
    }
    fclose(file);
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    cim_settings settings = {.reads = 100, .seed = 1};
    int8_t state[1000];
    clock_t begin = clock();
    double cut = (edges - solve(&p, &settings, state)) / 2;
    printf("G1: cut %.0f, 100 reads, %.2f s\n", cut, (double)(clock() - begin) / CLOCKS_PER_SEC);
    CHECK(cut >= 11600, "cut %.0f", cut);
    problem_close(&p);
}

/* ---- the same bits ---- */

static void test_reads_are_keyed(cim_method method)
{
    random_source r = random_open(7);
    problem p;
    int kind;
    CHECK(!random_problem(&r, NULL, 40, &kind, &p, &error), "%s", error.message);
    cim_settings whole = {.method = method, .reads = 40, .steps = 60, .seed = 5, .sample = 3}, part = whole;
    int8_t state[40], other[40];
    double energy = solve(&p, &whole, state), best = INFINITY;
    CHECK(energy == solve(&p, &whole, other) && !memcmp(state, other, 40), "a second run differs");
    for (part.first_read = 0; part.first_read < 40; part.first_read += part.reads) {
        part.reads = part.first_read == 0 ? 3 : part.first_read == 3 ? 20 : 17;
        best = fmin(best, solve(&p, &part, other));
    }
    CHECK(best == energy, "reads depend on their company: %.17g, %.17g", best, energy);
    whole.sample = 4;
    whole.reads = 1;
    part.sample = 3;
    part.first_read = 0;
    part.reads = 1;
    whole.steps = part.steps = 1;
    solve(&p, &whole, state);
    solve(&p, &part, other);
    CHECK(memcmp(state, other, 40) != 0, "samples share their randomness");
    problem_close(&p);
}

/* Small random problems of all kinds of numbers against enumeration. */
static void test_random(uint64_t seed)
{
    random_source r = random_open(seed);
    problem p;
    int kind, spins = random_below(&r, 11);
    CHECK(!random_problem(&r, NULL, spins, &kind, &p, &error), "%s", error.message);
    cim_settings settings = {.reads = 64, .steps = 300, .seed = seed};
    int8_t state[16], best[16];
    double energy = solve(&p, &settings, best), least = INFINITY, magnitude = 0;
    for (int64_t k = 0; k < (int64_t)1 << spins; k++) {
        for (int i = 0; i < spins; i++)
            state[i] = k >> i & 1 ? 1 : p.domain == PROBLEM_BINARY ? 0 : -1;
        double e = problem_energy(&p, state);
        least = fmin(least, e);
        magnitude = fmax(magnitude, fabs(e));
    }
    /* Floats tell sizes apart down to a ten-millionth; of numbers of any size only the largest count. */
    CHECK(energy <= least + 1e-7 * magnitude, "seed %llu, %d spins, kind %d: %.17g, least %.17g", (unsigned long long)seed, spins,
          kind, energy, least);
    problem_close(&p);
}

/* ---- odd sizes, cancelling, memory ---- */

static bool cancel_at_once(const void *context)
{
    (void)context;
    return true;
}

static void test_odd(void)
{
    problem p;
    int8_t state[4] = {9, 9, 9, 9};
    cim_settings settings = {.reads = 3, .steps = 20};
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, 0, &error), "%s", error.message);
    p.offset = 2.5;
    CHECK(solve(&p, &settings, state) == 2.5, "an offset alone");
    problem_close(&p);
    CHECK(!problem_open(&p, NULL, PROBLEM_BINARY, 1, &error), "%s", error.message);
    solve(&p, &settings, state);
    p.fields[0] = -1e-300;
    CHECK(solve(&p, &settings, state) == -1e-300 && state[0] == 1, "one variable");
    problem_close(&p);
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, 3, &error), "%s", error.message);
    p.ancilla = 2;
    CHECK(!problem_add_coupling(&p, 0, 1, -1e300, &error) && !problem_add_coupling(&p, 1, 2, 1e300, &error), "%s", error.message);
    CHECK(solve(&p, &settings, state) == -2e300 && state[0] == -1 && state[1] == -1 && state[2] == 1, "%d %d %d", state[0],
          state[1], state[2]);
    settings.cancelled = cancel_at_once;
    double energy;
    CHECK(cim_solve(&p, &settings, state, &energy, &error) == ISG_INCOMPLETE && energy == problem_energy(&p, state), "cancelled");
    settings.reads = -1;
    CHECK(cim_solve(&p, &settings, state, &energy, &error) == ISG_INVALID, "negative reads");
    problem_close(&p);
    CHECK(!problem_open(&p, NULL, PROBLEM_BINARY, 3, &error), "%s", error.message);
    p.fields[0] = p.fields[1] = 1.7e308;
    for (int k = 0; k < 20; k++)
        CHECK(!problem_add_coupling(&p, k % 2, 2, 1.7e308, &error), "%s", error.message);
    settings = (cim_settings){.reads = 1, .steps = 1};
    CHECK(cim_solve(&p, &settings, state, &energy, &error) == ISG_INVALID, "sums beyond double's range");
    problem_close(&p);
}

static void test_memory(void)
{
    for (int ever = 0; ever < 2; ever++)
        for (long at = 1;; at++) {
            trap t = {.ever_after = ever};
            isg_allocator hook = trap_allocator(&t);
            problem p;
            int8_t state[4];
            double energy;
            CHECK(!problem_open(&p, &hook, PROBLEM_BINARY, 4, &error), "%s", error.message);
            CHECK(!problem_add_coupling(&p, 0, 3, 1, &error), "%s", error.message);
            p.fields[1] = 1;
            t.calls = 0;
            t.at = at;
            cim_settings settings = {.reads = 2, .steps = 2};
            isg_status status = cim_solve(&p, &settings, state, &energy, &error);
            bool sprung = t.calls >= at;
            CHECK(status == (sprung ? ISG_NO_MEMORY : ISG_OK), "allocation %ld: status %d", at, status);
            problem_close(&p);
            CHECK(t.held_blocks == 0 && t.held_bytes == 0, "allocation %ld: %ld blocks left", at, (long)t.held_blocks);
            if (!sprung)
                break;
        }
}

int main(void)
{
    test_odd();
    test_memory();
    test_reads_are_keyed(CIM_CHAOTIC);
    test_reads_are_keyed(CIM_SIMPLE);
    for (uint64_t seed = 0; seed < (getenv("ISG_TEST_QUICK") ? 20 : 300); seed++)
        test_random(seed);
    test_goldens();
    test_g1();
    return check_failures != 0;
}
