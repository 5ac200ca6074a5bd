/* test_inspect_numbers.c - a problem in numbers and in a word: health lines on made cases, fixed spins against brute force,
 * bits, heat maps and names. */
#include "inspect/health.h"
#include "inspect/heat_map.h"
#include "tests/unit/inspect_check.h"

/* ---- health ----------------------------------------------------------------------------------- */

static void check_health(const problem *p, const target *t, health_verdict verdict, const char *line)
{
    numbers n;
    CHECK(!numbers_find(p, t, &memory, &n, &error), "%s", error.message);
    health h = health_of(p, t, &n, &memory);
    CHECK(h.verdict == verdict && strstr(h.line, line), "%s: %s", health_names[h.verdict], h.line);
    numbers_close(&n);
}

static void test_made_cases(void)
{
    problem empty = open_problem(PROBLEM_BINARY, 0), one = open_problem(PROBLEM_SPIN, 1), free = open_problem(PROBLEM_SPIN, 5);
    settle(&empty);
    settle(&one);
    settle(&free);
    check_health(&empty, NULL, HEALTH_EMPTY, "empty: there are no spins");
    check_health(&one, NULL, HEALTH_ONE_SPIN, "without a field");
    one.fields[0] = 2;
    check_health(&one, NULL, HEALTH_ONE_SPIN, "decided by its field");
    check_health(&free, NULL, HEALTH_NO_TERMS, "all states of the 5 spins have the same energy");
    free.fields[3] = 1;
    check_health(&free, NULL, HEALTH_FIELDS_ONLY, "1 of 5 spins follow their fields");

    problem fields = open_problem(PROBLEM_BINARY, 512);
    for (int i = 0; i < 512; i++)
        fields.fields[i] = i % 2 ? 1 : -1;
    settle(&fields);
    check_health(&fields, NULL, HEALTH_FIELDS_ONLY, "all 512 spins are decided by their fields alone; annealing adds nothing");
    couple(&fields, 3, 4, 0.25);
    settle(&fields);
    check_health(&fields, NULL, HEALTH_DECIDED, "all 512 spins are decided by their fields alone; annealing adds nothing");

    random_source r = random_open(7);
    problem couplings = random_graph(&r, PROBLEM_SPIN, 40, 39);
    check_health(&couplings, NULL, HEALTH_HEALTHY, "healthy: ");
    memset(couplings.fields, 0, sizeof(double) * 40);
    check_health(&couplings, NULL, HEALTH_COUPLINGS_ONLY, "couplings alone");
    problem apart = open_problem(PROBLEM_SPIN, 80);
    for (int64_t k = 0; k < couplings.coupling_count; k++) {
        const problem_coupling *c = &couplings.couplings[k];
        couple(&apart, c->first, c->second, c->value);
        couple(&apart, 40 + c->first, 40 + c->second, c->value);
    }
    settle(&apart);
    check_health(&apart, NULL, HEALTH_DISCONNECTED, "disconnected: 2 parts that nothing couples, the largest of 40 spins");

    diagnostics d;
    diagnostics_open(&d, &memory);
    const target *coarse = target_find(&d, NULL, "stanford-cim-100"), *fine = target_find(&d, NULL, "qboson-cim-550");
    problem mixed = open_problem(PROBLEM_SPIN, 40);
    for (int64_t k = 0; k < couplings.coupling_count; k++)
        couple(&mixed, couplings.couplings[k].first, couplings.couplings[k].second, k % 2 ? 100 : -1);
    settle(&mixed);
    check_health(&mixed, coarse, HEALTH_ERASED, "stanford-cim-100 erases ");
    check_health(&mixed, fine, HEALTH_COUPLINGS_ONLY, "couplings alone");
    check_health(&mixed, NULL, HEALTH_COUPLINGS_ONLY, "couplings alone");
    problem *all[] = {&empty, &one, &free, &fields, &couplings, &apart, &mixed};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        problem_close(all[k]);
}

/* ---- numbers ---------------------------------------------------------------------------------- */

static problem plus_minus(int spins)
{
    random_source r = random_open(8);
    problem p = open_problem(PROBLEM_SPIN, spins);
    for (int i = 0; i < spins; i++)
        for (int j = 0; j < i; j++)
            couple(&p, i, j, random_below(&r, 2) ? 1 : -1);
    settle(&p);
    return p;
}

static void test_numbers(void)
{
    random_source r = random_open(9);
    for (int k = 0; k < rounds(200); k++) {
        problem p = random_graph(&r, random_below(&r, 2) ? PROBLEM_SPIN : PROBLEM_BINARY, 1 + random_below(&r, 11), 3);
        for (int64_t i = 0; i < p.spins; i++)
            p.fields[i] *= 2;
        numbers n;
        CHECK(!numbers_find(&p, NULL, &memory, &n, &error), "%s", error.message);
        double lowest = INFINITY, within = INFINITY; /* of all states; of those with the fixed spins as fixed */
        int64_t fixed = 0, above = 0;
        for (uint32_t bits = 0; bits < 1u << p.spins; bits++) {
            int8_t state[16];
            bool as_fixed = true;
            for (int64_t i = 0; i < p.spins; i++) {
                bool up = bits >> i & 1;
                state[i] = up ? 1 : p.domain == PROBLEM_BINARY ? 0 : -1;
                as_fixed &= n.fixed.value[i] < 0 || n.fixed.value[i] == up;
            }
            double energy = problem_energy(&p, state);
            lowest = fmin(lowest, energy);
            within = as_fixed ? fmin(within, energy) : within;
        }
        for (int64_t i = 0; i < p.spins; i++) {
            fixed += n.fixed.value[i] >= 0;
            above += n.ratios.ratio[i] >= 1;
            CHECK(n.ratios.ratio[i] < 1 + 1e-12 || n.fixed.value[i] >= 0, "round %d: spin %lld is decided and not fixed", k,
                  (long long)i);
        }
        CHECK(within <= lowest + 1e-12, "round %d: fixing costs %g", k, within - lowest);
        CHECK(fixed == n.fixed.info.fixed && fixed + n.fixed.left == p.spins && above == n.ratios.above_one, "round %d", k);
        numbers_close(&n);
        problem_close(&p);
    }
    numbers n;
    problem unit = plus_minus(30);
    CHECK(!numbers_find(&unit, NULL, &memory, &n, &error) && n.bits.needed == 2 && n.bits.range == 1, "%g bits", n.bits.needed);
    numbers_close(&n);
    unit.couplings[7].value = 127; /* one step of 254 levels is lost when one in a hundred may be */
    CHECK(!numbers_find(&unit, NULL, &memory, &n, &error) && fabs(n.bits.needed - (1 + log2(64.5))) < 1e-9 &&
          n.bits.range == 127);
    numbers_close(&n);
    problem_close(&unit);
}

/* The pixels are the couplings, to half a level; beyond 128 spins means of blocks. */
static void test_heat_maps(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    random_source r = random_open(10);
    for (int spins = 1; spins < 400; spins += 37) {
        problem p = random_graph(&r, PROBLEM_SPIN, spins, 30);
        int64_t first = spins / 5, count = spins - first, block = count > 128 ? (count + 127) / 128 : 1,
                side = (count + block - 1) / block;
        json_t *map = heat_map(&memory, &p, first, count);
        CHECK(value_count_at(map, "rows") == side && value_count_at(map, "block") == block, "%d spins", spins);
        double low = value_number_at(map, "low"), high = value_number_at(map, "high");
        const char *text = value_text_at(map, "pixels");
        static double mean[128 * 128];
        memset(mean, 0, sizeof mean);
        for (int64_t k = 0; k < p.coupling_count; k++) {
            int64_t a = p.couplings[k].first - first, b = p.couplings[k].second - first;
            if (a < 0 || b < 0)
                continue;
            double value = p.couplings[k].value;
            int64_t rows = a / block == side - 1 ? count - (side - 1) * block : block,
                    columns = b / block == side - 1 ? count - (side - 1) * block : block;
            mean[a / block * side + b / block] += value / (double)(rows * columns);
            mean[b / block * side + a / block] += value / (double)(rows * columns);
        }
        CHECK(strlen(text) == (size_t)(side * side + 2) / 3 * 4);
        for (int64_t k = 0; k < side * side; k++) {
            const char *four = text + k / 3 * 4;
            uint32_t bits = 0;
            for (int i = 0; i < 4; i++)
                bits = bits << 6 | (four[i] == '=' ? 0 : (uint32_t)(strchr(digits, four[i]) - digits));
            double value = low + (high - low) * (double)(bits >> (16 - 8 * (k % 3)) & 255) / 254;
            CHECK(fabs(value - mean[k]) <= (high - low) / 508 + 1e-12, "%d spins, pixel %lld: %g, not %g", spins, (long long)k,
                  value, mean[k]);
        }
        problem_close(&p);
    }
}

static void test_names(void)
{
    problem p = open_problem(PROBLEM_BINARY, 12);
    spin_names one = spin_names_of_problem(&p, &memory);
    CHECK(!strcmp(spin_name(&one, 11, &memory), "x[i=11]"), "%s", spin_name(&one, 11, &memory));
    named_array arrays[] = {{.name = "x", .first = 0, .count = 6, .rank = 2, .index = {"t", "i"}, .extent = {2, 3}},
                            {.name = "m", .first = 6, .count = 1, .lowest = -1},
                            {.name = "y", .first = 7, .count = 4, .rank = 1, .index = {"k"}, .extent = {4}}};
    spin_names names = {arrays, 3, 11};
    CHECK(!strcmp(spin_name(&names, 5, &memory), "x[t=1, i=2]"), "%s", spin_name(&names, 5, &memory));
    CHECK(!strcmp(spin_name(&names, 6, &memory), "m") && !strcmp(spin_name(&names, 10, &memory), "y[k=3]"));
    problem_close(&p);
}

int main(void)
{
    static void (*const tests[])(void) = {test_made_cases, test_numbers, test_heat_maps, test_names};
    return RUN_TESTS(tests);
}
