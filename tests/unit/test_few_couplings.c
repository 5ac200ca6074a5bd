/* test_few_couplings.c - annealing side by side where couplings are few, whole and small: answers against enumeration, what is
 * left to a program's own moves, reads that are told of, cancelling, the sampled distribution and what faults do to it. */
#include "backends/machine/problem_anneal.h"
#include "backends/native/kernels/lanes_work.h"
#include "runtime/lane_level.h"
#include "runtime/solver.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

static isg_error error;

static int rounds(int all)
{
    const char *text = getenv("ISG_TEST_QUICK");
    return text && *text && *text != '0' ? (all + 9) / 10 : all;
}

enum { SPINS_MAX = 14 };

/* Numbers times `unit`; 0: not whole. */
static problem make(random_source *r, int spins, double unit, int largest)
{
    problem p;
    CHECK(!problem_open(&p, NULL, random_below(r, 2) ? PROBLEM_SPIN : PROBLEM_BINARY, spins, &error), "%s", error.message);
    for (int i = 0; i < spins; i++) {
        p.fields[i] = unit > 0 ? unit * (random_below(r, 2 * largest + 1) - largest) : random_unit(r);
        for (int j = 0; j < i; j++) {
            double value = unit > 0 ? unit * (random_below(r, 2 * largest + 1) - largest) : random_unit(r);
            if (random_below(r, 3) && value != 0)
                CHECK(!problem_add_coupling(&p, j, i, value, &error), "%s", error.message);
        }
    }
    if (spins > 1)
        CHECK(!problem_add_coupling(&p, 0, 1, unit > 0 ? unit : 0.3, &error), "%s", error.message);
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    return p;
}

static void state_of(const problem *p, uint32_t bits, int8_t *state)
{
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = bits >> i & 1 ? 1 : p->domain == PROBLEM_SPIN ? -1 : 0;
}

static double lowest_energy(const problem *p)
{
    double lowest = INFINITY;
    int8_t state[SPINS_MAX];
    for (uint32_t bits = 0; bits < 1u << p->spins; bits++) {
        state_of(p, bits, state);
        lowest = fmin(lowest, problem_energy(p, state));
    }
    return lowest;
}

typedef struct told {
    const problem *p;
    int32_t reads;
    double lowest;
} told;

static void tell(void *context, int32_t read, const int8_t *state, double energy)
{
    told *t = context;
    CHECK(read == t->reads, "read %d after %d", read, t->reads);
    CHECK(energy == problem_energy(t->p, state), "read %d: %g, not %g", read, energy, problem_energy(t->p, state));
    t->reads++;
    t->lowest = fmin(t->lowest, energy);
}

/* With the couplings offered to the kernel of reads side by side, or not. Returns the energy. */
static double solve(const problem *p, bool few, anneal_settings settings, int8_t *state)
{
    problem_kernels k;
    CHECK(!problem_kernels_open(&k, p, &error), "%s", error.message);
    k.hamiltonian.few_couplings = few ? (uint64_t)p->coupling_count : 0;
    memory_aligned scratch = memory_take_aligned(isg_default_allocator(), anneal_scratch_bytes(&k.hamiltonian));
    memset(scratch.at, 0x5a, anneal_scratch_bytes(&k.hamiltonian));
    anneal_result result = anneal_solve(&k.hamiltonian, &k.context, &settings, scratch.at);
    memcpy(state, k.frame.at + k.hamiltonian.state_offset, (size_t)p->spins);
    memory_release_aligned(isg_default_allocator(), &scratch);
    problem_kernels_close(&k);
    CHECK(fabs(result.energy - problem_energy(p, state)) < 1e-9, "%g, not %g", result.energy, problem_energy(p, state));
    return result.energy;
}

/* Two answers alike where couplings will not do: those of the program's own moves. */
static bool taken(const problem *p, anneal_settings settings)
{
    int8_t one[SPINS_MAX], other[SPINS_MAX];
    problem_kernels k;
    CHECK(!problem_kernels_open(&k, p, &error), "%s", error.message);
    k.hamiltonian.few_couplings = (uint64_t)p->coupling_count;
    char *scratch = malloc(solver_lanes_bytes(&k.hamiltonian) + 1);
    double field[SPINS_MAX];
    solver s = {.h = &k.hamiltonian, .context = &k.context, .settings = &settings, .state = one, .field = field};
    s.lowest = (const int8_t *)k.tables.at;
    s.reads.lanes = solver_lanes_bytes(&k.hamiltonian) ? scratch : NULL;
    bool few = solver_has_few_couplings(&s);
    free(scratch);
    problem_kernels_close(&k);
    if (!few) {
        solve(p, true, settings, one);
        solve(p, false, settings, other);
        CHECK(!memcmp(one, other, (size_t)p->spins), "other moves");
    }
    return few;
}

static const anneal_settings usual = {.solver = ISG_ANNEAL, .reads = 70, .sweeps = 40, .seed = 3};

static void test_answers(void)
{
    random_source r = random_open(1);
    int found = 0, tried = rounds(150);
    for (int k = 0; k < tried; k++) {
        problem p = make(&r, 2 + random_below(&r, SPINS_MAX - 1), k % 3 ? 1 : 0.125, 3);
        anneal_settings settings = usual;
        told t = {&p, 0, INFINITY};
        int8_t state[SPINS_MAX], again[SPINS_MAX];
        CHECK(taken(&p, settings) == (p.coupling_count > 0), "round %d", k);
        double energy = solve(&p, true, settings, state);
        found += energy == lowest_energy(&p);
        settings.read_done = tell;
        settings.read_context = &t;
        CHECK(solve(&p, true, settings, again) == energy, "round %d", k);
        CHECK(!memcmp(state, again, (size_t)p.spins), "round %d: told of, another answer", k);
        CHECK(t.reads == settings.reads && t.lowest == energy, "round %d: %d reads, the lowest %g", k, t.reads, t.lowest);
        settings.reads = 64;
        settings.read_done = NULL;
        CHECK(solve(&p, true, settings, again) >= energy, "round %d: fewer reads, lower", k);
        problem_close(&p);
    }
    CHECK(found >= tried - tried / 20, "%d ground states of %d", found, tried);
}

static void test_left_alone(void)
{
    random_source r = random_open(2);
    for (int k = 0; k < rounds(40); k++) {
        anneal_settings settings = usual;
        double unit = k % 4 == 0 ? 0 : k % 4 == 1 ? 0x1p-9 : k % 4 == 2 ? 40 : 1;
        settings.reads = k % 4 == 3 ? 3 : 70;
        settings.sweeps = 10;
        problem p = make(&r, 8, unit, 3);
        p.fields[2] = k % 4 == 2 ? 121 : p.fields[2];
        CHECK(!taken(&p, settings), "way %d", k % 4);
        problem_close(&p);
    }
}

/* Fields that just fit into a byte, and digits that are just few enough: there they are right, and not beyond. */
static void test_limits(void)
{
    for (int k = 0; k < 8; k++) {
        bool beyond = k % 2, digits = k / 2 % 2;
        problem p;
        int8_t state[SPINS_MAX];
        CHECK(!problem_open(&p, NULL, k < 4 ? PROBLEM_BINARY : PROBLEM_SPIN, 8, &error), "%s", error.message);
        double value = !digits ? 18 : beyond ? -0x1p-9 : -0x1p-8;
        p.fields[0] = !digits ? beyond : k < 4 ? 0 : 7 * value; /* whole where all spins are down */
        for (int i = 1; i < 8; i++) {
            CHECK(!problem_add_coupling(&p, 0, i, value, &error), "%s", error.message);
            p.fields[i] = digits && k >= 4 ? value : 0;
        }
        CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
        CHECK(taken(&p, usual) == !beyond, "way %d", k);
        CHECK(solve(&p, true, usual, state) == lowest_energy(&p), "way %d: not the ground state", k);
        problem_close(&p);
    }
}

/* Digits behind the point in the fields alone, not in the couplings, up to what a byte holds. */
static void test_fine_fields(void)
{
    for (int k = 0; k < 4; k++) {
        problem p;
        int8_t state[SPINS_MAX];
        CHECK(!problem_open(&p, NULL, k / 2 ? PROBLEM_SPIN : PROBLEM_BINARY, 5, &error), "%s", error.message);
        p.fields[0] = (62 + k % 2) / 8.0; /* with the couplings 126 or 127 eighths */
        for (int i = 1; i < 5; i++) {
            CHECK(!problem_add_coupling(&p, 0, i, i % 2 ? 2 : -2, &error), "%s", error.message);
            p.fields[i] = (i - 2) / 8.0;
        }
        CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
        CHECK(taken(&p, usual) == !(k % 2), "way %d", k);
        CHECK(solve(&p, true, usual, state) == lowest_energy(&p), "way %d: not the ground state", k);
        problem_close(&p);
    }
}

/* ---- cancelling ------------------------------------------------------------------------------- */

static bool count_down(const void *context)
{
    int *left = (int *)(uintptr_t)context;
    return --*left < 0;
}

static void test_cancelling(void)
{
    random_source r = random_open(3);
    problem p = make(&r, SPINS_MAX, 1, 3);
    for (int at = 0; at < 120; at++) {
        int left = at;
        anneal_settings settings = usual;
        settings.reads = 1000;
        settings.cancelled = count_down;
        settings.cancel_context = &left;
        int8_t state[SPINS_MAX], change[SPINS_MAX];
        double energy = solve(&p, true, settings, state);
        for (int i = 0; i < SPINS_MAX; i++) { /* a descent at the least */
            memcpy(change, state, sizeof change);
            change[i] = (int8_t)(p.domain == PROBLEM_SPIN ? -change[i] : 1 - change[i]);
            CHECK(problem_energy(&p, change) >= energy, "cancelled at %d: spin %d may descend", at, i);
        }
    }
    problem_close(&p);
}

/* ---- the distribution ------------------------------------------------------------------------- */

enum { SPINS = 5, STATES = 1 << SPINS, APART = 16 };

static void note(void *measure, int64_t first, int64_t second, double value)
{
    lanes_measure_coupling(measure, first, second, value);
}

static char *open_work(const problem *p)
{
    int64_t entries = lanes_entries(p->spins, p->coupling_count);
    char *work = aligned_alloc(64, ((size_t)lanes_work_bytes(p->spins, entries) + 63) / 64 * 64);
    double down[SPINS];
    int8_t state[SPINS];
    lanes_measure m = lanes_work_open(work, p->spins, entries);
    state_of(p, 0, state);
    for (int64_t i = 0; i < p->spins; i++)
        down[i] = p->fields[i];
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        note(&m, c->first, c->second, c->value);
        down[c->first] += c->value * state[c->second];
        down[c->second] += c->value * state[c->first];
    }
    CHECK(lanes_work_lay_out(work, &m, down, p->domain == PROBLEM_SPIN ? 2 : 1), "does not fit");
    for (int64_t k = 0; k < p->coupling_count; k++)
        lanes_work_add((lanes_work *)(void *)work, p->couplings[k].first, p->couplings[k].second, p->couplings[k].value);
    lanes_work_close((lanes_work *)(void *)work);
    return work;
}

/* Chi-squared of reads so far apart that they share no random number, after enough sweeps over the `sampled` problem, which is p
 * but where a fault is seeded. */
static double chi_squared(const problem *p, const problem *sampled, double beta, double factor, int keys)
{
    enum { SWEEPS = 24 };
    char *work = open_work(sampled);
    lanes_work *w = (lanes_work *)(void *)work;
    const lane_level *levels[LANE_LEVELS];
    int counts[STATES] = {0};
    int8_t state[SPINS];
    double weight[STATES], total = 0, chi = 0, chains = keys * (double)(LANES_READS / APART);
    lane_levels(levels);
    for (int key = 0; key < keys; key++) {
        uint32_t words[2] = {(uint32_t)key, 11};
        levels[0]->start(&w->l, words);
        for (uint32_t k = 0; k < SWEEPS; k++)
            levels[0]->sweep(&w->l, words, k, lanes_work_cost(w, 1 / (beta * factor)), UINT64_MAX);
        for (int read = 0; read < LANES_READS; read += APART) {
            int bits = 0;
            lanes_work_give(w, read, state, -1);
            for (int i = 0; i < SPINS; i++)
                bits |= (state[i] == 1) << i;
            counts[bits]++;
        }
    }
    for (uint32_t bits = 0; bits < STATES; bits++) {
        state_of(p, bits, state);
        total += weight[bits] = exp(-beta * problem_energy(p, state));
    }
    for (int bits = 0; bits < STATES; bits++) {
        double expected = chains * weight[bits] / total;
        chi += (counts[bits] - expected) * (counts[bits] - expected) / fmax(expected, 1e-9);
    }
    free(work);
    return chi;
}

static void test_distribution(void)
{
    random_source r = random_open(4);
    for (int k = 0; k < 6; k++) {
        problem p = make(&r, SPINS, k % 2 ? 1 : 0.25, 2), turned;
        double beta = k % 2 ? 0.3 : 1.2, chi = chi_squared(&p, &p, beta, 1, rounds(20000));
        CHECK(chi < 75, "problem %d: chi squared %g at 31 degrees of freedom", k, chi);
        if (rounds(10) == 10) {
            chi = chi_squared(&p, &p, beta, 1.05, 20000);
            CHECK(chi > 75, "problem %d: colder by a twentieth, %g, not seen", k, chi);
        }
        CHECK(!problem_copy(&turned, &p, &error), "%s", error.message);
        for (int64_t i = 0; i < p.coupling_count; i++)
            turned.couplings[i].value = -turned.couplings[i].value;
        chi = chi_squared(&p, &turned, beta, 1, rounds(20000));
        CHECK(chi > 75, "problem %d: couplings of the wrong sign, %g, not seen", k, chi);
        problem_close(&turned);
        problem_close(&p);
    }
}

/* States go in as they come out. */
static void test_states(void)
{
    random_source r = random_open(5);
    for (int k = 0; k < rounds(30); k++) {
        problem p = make(&r, SPINS, 0.5, 2);
        char *work = open_work(&p);
        const lanes_work *w = (const lanes_work *)(const void *)work;
        int8_t state[SPINS], back[SPINS], down[SPINS];
        int32_t twice[LANES_READS];
        const lane_level *levels[LANE_LEVELS];
        for (int read = 0; read < LANES_READS; read++) {
            state_of(&p, (uint32_t)read % STATES, state);
            lanes_work_put(w, read, state);
        }
        lane_levels(levels);
        levels[0]->energies(&w->l, twice);
        state_of(&p, 0, down);
        for (int read = 0; read < LANES_READS; read++) {
            state_of(&p, (uint32_t)read % STATES, state);
            lanes_work_give(w, read, back, down[0]);
            CHECK(!memcmp(state, back, sizeof state), "read %d", read);
            double over = problem_energy(&p, state) - problem_energy(&p, down);
            CHECK(twice[read] * w->unit / (2 * w->scale) == over, "read %d: not %g", read, over);
        }
        free(work);
        problem_close(&p);
    }
}

int main(void)
{
    test_answers();
    test_left_alone();
    test_limits();
    test_fine_fields();
    test_cancelling();
    test_distribution();
    test_states();
    return check_done();
}
