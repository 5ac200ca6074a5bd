/* test_inspect_landscape.c - what isg inspect says of energies: levels against brute force, reads and their states against
 * the problem, the temperature of the chain against the Boltzmann distribution. */
#include "inspect/landscape.h"
#include "tests/unit/inspect_check.h"

/* ---- enumeration ------------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void state_of(const problem *p, uint32_t bits, int8_t *state)
{
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = bits >> i & 1 ? 1 : p->domain == PROBLEM_BINARY ? 0 : -1;
}

/* What rounding the energy of a state is to be measured by: the sizes of the terms that are not zero there. */
static double size_in(const problem *p, uint32_t bits)
{
    int8_t state[16];
    double size = fabs(p->offset);
    state_of(p, bits, state);
    for (int64_t i = 0; i < p->spins; i++)
        size += fabs(p->fields[i] * state[i]);
    for (int64_t c = 0; c < p->coupling_count; c++)
        size += fabs(p->couplings[c].value * (state[p->couplings[c].first] * state[p->couplings[c].second]));
    return size;
}

/* Against all energies, summed one by one and sorted. */
static void test_enumeration(void)
{
    random_source r = random_open(3);
    for (int k = 0; k < rounds(400); k++) {
        int kind, spins = k < 13 ? k : random_below(&r, 13);
        problem p;
        CHECK(!random_problem(&r, NULL, spins, &kind, &p, &error), "%s", error.message);
        static double energies[1 << 13];
        double size = 0;
        uint32_t lowest = 0;
        for (uint32_t bits = 0; bits < 1u << spins; bits++) {
            int8_t state[16];
            state_of(&p, bits, state);
            energies[bits] = problem_energy(&p, state);
            lowest = energies[bits] < energies[lowest] ? bits : lowest;
        }
        for (int i = 0; i < spins; i++)
            size += fabs(p.fields[i]);
        for (int64_t c = 0; c < p.coupling_count; c++)
            size += fabs(p.couplings[c].value);
        qsort(energies, (size_t)1 << spins, sizeof *energies, by_number);
        enumeration e;
        enumerate(&p, &e);
        uint32_t at = 0;
        for (int32_t l = 0; l < e.count && kind != 5 && kind != 6; l++) { /* these have levels closer than any sum is exact */
            uint32_t next = at;
            while (next < 1u << spins && energies[next] <= energies[at] + 1e-10 * size)
                next++;
            CHECK(fabs(e.levels[l].energy - energies[at]) <= 2e-10 * size && e.levels[l].states == next - at,
                  "round %d, level %d: %.17g with %lld states, not %.17g with %u", k, (int)l, e.levels[l].energy,
                  (long long)e.levels[l].states, energies[at], next - at);
            at = next;
        }
        CHECK(e.count == ENUMERATE_LEVELS || at == 1u << spins || kind == 5 || kind == 6, "round %d: %d levels", k, (int)e.count);
        CHECK(e.levels[0].energy <= energies[0] + 1e-12 * size_in(&p, lowest), "round %d: %.17g, not %.17g", k,
              e.levels[0].energy, energies[0]);
        problem_close(&p);
    }
}

/* Twelve fields of -1 and a coupling beside which they are nothing: the best states have eleven spins up, 2 of them, and -11. */
static void test_huge_coupling(void)
{
    problem p = open_problem(PROBLEM_BINARY, 12);
    for (int i = 0; i < 12; i++)
        p.fields[i] = -1;
    couple(&p, 3, 8, 6e38);
    settle(&p);
    enumeration e;
    enumerate(&p, &e);
    CHECK(e.levels[0].energy == -11 && e.levels[0].states == 2 && e.levels[1].energy == -10 && e.levels[1].states == 21,
          "%.17g of %lld states, %.17g of %lld", e.levels[0].energy, (long long)e.levels[0].states, e.levels[1].energy,
          (long long)e.levels[1].states);
    observe_settings settings = {.reads = 20, .sweeps = 30};
    observation o;
    CHECK(!observe_problem(&p, &settings, &o, &error), "%s", error.message);
    landscape l = landscape_of(&p, &o, NULL, &memory);
    CHECK(l.proven && l.reference == -11 && l.tie < 1e-6, "%.17g, %s", l.reference, l.how);
    observation_close(&o);
    problem_close(&p);

    /* In {-1, 1} no double holds both: the state is told right all the same. */
    problem spin = open_problem(PROBLEM_SPIN, 12);
    for (int i = 0; i < 12; i++)
        spin.fields[i] = i % 2 ? 1 : -1;
    couple(&spin, 3, 8, -6e38);
    spin.fields[3] = 4;
    settle(&spin);
    enumerate(&spin, &e);
    CHECK(e.levels[0].state == 0x455 && e.levels[0].energy == -6e38, "%x", e.levels[0].state);
    problem_close(&spin);
}

/* A state that is said to be proven and is not: what lies below it is the reference, and nothing is exact. */
static void test_wrong_proof(void)
{
    problem p = open_problem(PROBLEM_BINARY, 30);
    int8_t settled[30] = {0};
    for (int i = 0; i < 30; i++)
        p.fields[i] = i % 3 - 1;
    settle(&p);
    observe_settings settings = {.reads = 4, .sweeps = 30};
    observation o;
    CHECK(!observe_problem(&p, &settings, &o, &error), "%s", error.message);
    landscape wrong = landscape_of(&p, &o, settled, &memory);
    for (int i = 0; i < 30; i++)
        settled[i] = i % 3 == 0;
    landscape right = landscape_of(&p, &o, settled, &memory);
    CHECK(!wrong.proven && wrong.reference == -10 && !strcmp(wrong.how, "best found"), "%s", wrong.how);
    CHECK(right.proven && right.reference == -10 && !strcmp(right.how, "exact"), "%s", right.how);
    observation_close(&o);
    problem_close(&p);
}

/* ---- reads ------------------------------------------------------------------------------------ */

static void check_landscape(const problem *p, const observation *o, int k)
{
    landscape l = landscape_of(p, o, NULL, &memory);
    int8_t state[16];
    int32_t reads = 0;
    for (int32_t i = 0; i < o->reads + 1; i++) {
        for (int64_t s = 0; s < p->spins; s++)
            state[s] = observation_state(o, i)[s] ? 1 : p->domain == PROBLEM_BINARY ? 0 : -1;
        CHECK(problem_energy(p, state) == o->energies[i], "round %d, read %d", k, (int)i);
        CHECK(o->energies[o->reads] <= o->energies[i], "round %d: the answer is no better than read %d", k, (int)i);
    }
    for (int32_t i = 0; i < l.count; i++) {
        reads += l.states[i].count;
        CHECK(!i || l.states[i].energy >= l.states[i - 1].energy, "round %d", k);
        for (int32_t j = 0; j < i && p->spins; j++)
            CHECK(memcmp(observation_state(o, l.states[i].read), observation_state(o, l.states[j].read), (size_t)p->spins),
                  "round %d: a state is there twice", k);
    }
    CHECK(reads == o->reads && l.proven && l.reference <= o->energies[o->reads] + l.tie, "round %d", k);
    json_t *value = landscape_value(&memory, p, o, &l), *measured = measured_value(&memory, o, &l);
    int64_t exact = value_count_at(json_array_get(value_at(value, "exact.levels"), 0), "states");
    CHECK(value_count_at(value, "degeneracy.states") <= exact || value_number_at(measured, "success.p") == 0, "round %d", k);
    const json_t *hamming = value_at(value, "hamming"), *states = value_at(value, "states");
    for (size_t i = 0; i < json_array_size(states); i++)
        for (size_t j = 0; j < i; j++) {
            int64_t apart = json_integer_value(json_array_get(json_array_get(hamming, i), j)), up = 0;
            for (int64_t s = 0; s < p->spins; s++)
                up += observation_state(o, l.states[i].read)[s] != observation_state(o, l.states[j].read)[s];
            CHECK(apart == up && apart > 0, "round %d", k);
        }
}

/* The chain is at the temperature it says: its mean energy is that of the Boltzmann distribution. */
static void test_chain(void)
{
    random_source r = random_open(14);
    for (int k = 0; k < rounds(20); k++) {
        problem p = random_graph(&r, PROBLEM_SPIN, 6, 4);
        for (int64_t c = 0; c < p.coupling_count; c++)
            p.couplings[c].value *= 0.2; /* one valley: a chain that is caught in another would tell of that alone */
        observe_settings settings = {.reads = 1, .sweeps = 10, .seed = (uint64_t)k};
        observation o;
        CHECK(!observe_problem(&p, &settings, &o, &error), "%s", error.message);
        double sum = 0, mean = 0, square = 0;
        for (uint32_t bits = 0; bits < 64; bits++) {
            int8_t state[6];
            for (int i = 0; i < 6; i++)
                state[i] = bits >> i & 1 ? 1 : -1;
            double energy = problem_energy(&p, state), weight = exp(-o.chain_beta * (energy - o.energies[o.reads]));
            sum += weight;
            mean += weight * energy;
            square += weight * energy * energy;
        }
        mean /= sum;
        double error_of_mean = sqrt(fmax(0, square / sum - mean * mean) * 2 * o.chain.tau / o.chain_sweeps);
        CHECK(!o.chain.known || fabs(o.chain_mean - mean) < 6 * error_of_mean + 2e-3, "round %d: mean energy %g, not %g +- %g", k,
              o.chain_mean, mean, error_of_mean);
        observation_close(&o);
        problem_close(&p);
    }
}

static void test_reads(void)
{
    random_source r = random_open(11);
    for (int k = 0; k < rounds(100); k++) {
        problem p = random_graph(&r, random_below(&r, 2) ? PROBLEM_SPIN : PROBLEM_BINARY, k < 2 ? k : random_below(&r, 13), 4);
        observe_settings settings = {.reads = 20, .sweeps = 30, .seed = (uint64_t)k};
        observation o, again;
        CHECK(!observe_problem(&p, &settings, &o, &error) && !observe_problem(&p, &settings, &again, &error), "%s",
              error.message);
        CHECK(!memcmp(o.energies, again.energies, sizeof(double) * 21) && o.chain.tau == again.chain.tau,
              "round %d: not the same twice", k);
        check_landscape(&p, &o, k);
        observation_close(&o);
        observation_close(&again);
        problem_close(&p);
    }
}

/* ---- interruption ----------------------------------------------------------------------------- */

typedef struct countdown {
    long asked, left; /* cancelled when that often was asked; below 0: never */
} countdown;

static bool is_out(const void *context)
{
    countdown *c = (countdown *)context;
    return c->asked++ >= c->left && c->left >= 0;
}

/* Of what an uninterrupted observation has, the reads that ended. */
static void check_cut(const problem *p, const observation *cut, const observation *whole, long at)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1, state[64];
    const int8_t *up = observation_state(cut, cut->reads);
    CHECK(cut->interrupted && cut->asked == whole->reads && cut->reads <= cut->asked, "at %ld", at);
    CHECK(!cut->chain.known, "at %ld: a chain that was cut short counts", at);
    CHECK(!memcmp(cut->energies, whole->energies, sizeof(double) * (size_t)cut->reads), "at %ld: other reads", at);
    CHECK(!memcmp(cut->up, whole->up, (size_t)(cut->reads * cut->spins)), "at %ld: other states", at);
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = up[i] ? 1 : lowest;
    CHECK(cut->energies[cut->reads] == problem_energy(p, state), "at %ld: not the answer's energy", at);
    for (int32_t k = 0; k < cut->reads; k++)
        CHECK(cut->energies[cut->reads] <= cut->energies[k], "at %ld: the answer is worse than read %d", at, k);
}

static void test_interruption(void)
{
    random_source r = random_open(17);
    for (int k = 0; k < 4; k++) {
        problem p = random_graph(&r, k % 2 ? PROBLEM_SPIN : PROBLEM_BINARY, 40, k < 2 ? 39 : 4);
        countdown c = {0, -1};
        observe_settings settings = {.reads = k % 2 ? 3 : 40, .sweeps = 5, .cancelled = is_out, .cancel_context = &c};
        observation whole, cut;
        CHECK(!observe_problem(&p, &settings, &whole, &error) && !whole.interrupted, "%s", error.message);
        long all = c.asked, few = 0, some = 0, none = 0;
        for (long at = 0; at < all; at += at < 300 ? 1 : rounds(1) > 1 ? 401 : 97) {
            c = (countdown){0, at};
            CHECK(!observe_problem(&p, &settings, &cut, &error), "at %ld: %s", at, error.message);
            check_cut(&p, &cut, &whole, at);
            none += !cut.reads;
            some += cut.reads && cut.reads < cut.asked;
            few += c.asked > at + 60;
            observation_close(&cut);
        }
        CHECK(none && some && !few, "problem %d: %ld without reads, %ld with some, %ld that went on for long", k, none, some,
              few);
        observation_close(&whole);
        problem_close(&p);
    }
}

int main(void)
{
    static void (*const tests[])(void) = {test_enumeration, test_huge_coupling, test_wrong_proof,
                                          test_chain,       test_reads,         test_interruption};
    return RUN_TESTS(tests);
}
