/* test_inspect.c - the analyses of isg inspect, each against a second way to know: eigenvalues against LAPACK and closed forms,
 * levels against brute force, the relaxation bound against the exact gap, shares and autocorrelation against known cases, health
 * lines on made cases, and every allocation that may fail. */
#include "inspect/diff.h"
#include "inspect/document.h"
#include "inspect/eigen.h"
#include "inspect/health.h"
#include "inspect/heat_map.h"
#include "inspect/interval.h"
#include "inspect/landscape.h"
#include "inspect/machine_view.h"
#include "inspect/spectrum.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <float.h>

static arena memory;
static jmp_buf no_memory;
static isg_error error;

static int rounds(int full)
{
    const char *quick = getenv("ISG_TEST_QUICK");
    return quick && *quick && *quick != '0' ? full / 10 + 1 : full;
}

static problem open_problem(problem_domain domain, int64_t spins)
{
    problem p;
    CHECK(!problem_open(&p, NULL, domain, spins, &error), "%s", error.message);
    return p;
}

static void couple(problem *p, int64_t a, int64_t b, double value)
{
    CHECK(!problem_add_coupling(p, a, b, value, &error), "%s", error.message);
}

static void settle(problem *p)
{
    CHECK(!problem_settle(p, NULL, &error), "%s", error.message);
}

/* Numbers of ordinary sizes, of `degree` couplings a spin on average. */
static problem random_graph(random_source *r, problem_domain domain, int spins, double degree)
{
    problem p = open_problem(domain, spins);
    for (int i = 0; i < spins; i++) {
        p.fields[i] = random_unit(r);
        for (int j = 0; j < i; j++)
            if (random_unit(r) < 2 * degree / spins - 1)
                couple(&p, i, j, random_unit(r));
    }
    settle(&p);
    return p;
}

/* ---- eigenvalues ------------------------------------------------------------------------------ */

static void check_extremes(const problem *p, double smallest, double largest, const char *what)
{
    for (int dense = 0; dense < 2; dense++) {
        eigen_extremes e;
        CHECK(!eigen_find(p, dense ? INT64_MAX : 0, &e, &error), "%s", error.message);
        CHECK(e.converged && fabs(e.largest - largest) < 1e-6 && fabs(e.smallest - smallest) < 1e-6,
              "%s, %s: %.12g and %.12g, not %.12g and %.12g", what, e.dense ? "LAPACK" : "ARPACK", e.smallest, e.largest,
              smallest, largest);
    }
}

static void test_known_spectra(void)
{
    enum { N = 150 };
    const double pi = acos(-1);
    problem complete = open_problem(PROBLEM_SPIN, N), ring = open_problem(PROBLEM_SPIN, N), star = open_problem(PROBLEM_SPIN, N),
            none = open_problem(PROBLEM_SPIN, N), pair = open_problem(PROBLEM_SPIN, 2), path = open_problem(PROBLEM_SPIN, N);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++)
            couple(&complete, i, j, 1);
        couple(&ring, i, (i + 1) % N, -2);
        if (i)
            couple(&star, 0, i, 0.5);
        if (i)
            couple(&path, i - 1, i, 1);
    }
    couple(&pair, 0, 1, -3);
    problem *all[] = {&complete, &ring, &star, &none, &pair, &path};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        settle(all[k]);
    check_extremes(&complete, -1, N - 1, "the complete graph");
    check_extremes(&ring, -4, 4, "a ring of even length");
    check_extremes(&star, -0.5 * sqrt(N - 1), 0.5 * sqrt(N - 1), "a star");
    check_extremes(&none, 0, 0, "no couplings");
    check_extremes(&pair, -3, 3, "a pair");
    check_extremes(&path, -2 * cos(pi / (N + 1)), 2 * cos(pi / (N + 1)), "a path");
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        problem_close(all[k]);
}

static void test_random_spectra(void)
{
    random_source r = random_open(1);
    for (int k = 0; k < rounds(40); k++) {
        problem p = random_graph(&r, PROBLEM_SPIN, 60 + random_below(&r, 240), 1 + 20 * fabs(random_unit(&r)));
        double scale = k % 4 ? 1 : ldexp(1, random_below(&r, 1200) - 600);
        for (int64_t c = 0; c < p.coupling_count; c++)
            p.couplings[c].value *= scale;
        eigen_extremes dense, free, again;
        CHECK(!eigen_find(&p, INT64_MAX, &dense, &error) && !eigen_find(&p, 0, &free, &error) &&
              !eigen_find(&p, 0, &again, &error));
        CHECK(dense.dense && !free.dense && dense.converged && free.converged, "round %d", k);
        CHECK(fabs(dense.largest - free.largest) <= 1e-6 * scale && fabs(dense.smallest - free.smallest) <= 1e-6 * scale,
              "round %d, %lld spins: %.12g %.12g by LAPACK, %.12g %.12g by ARPACK", k, (long long)p.spins, dense.smallest / scale,
              dense.largest / scale, free.smallest / scale, free.largest / scale);
        CHECK(free.residual <= 1e-6 * scale, "round %d: residual %g", k, free.residual / scale);
        CHECK(free.largest == again.largest && free.smallest == again.smallest, "round %d: not the same twice", k);
        problem_close(&p);
    }
}

/* ---- relaxation ------------------------------------------------------------------------------- */

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
            const int *lwork, int *info, size_t, size_t);

/* The spectral gap, times spins, of the heat-bath dynamics of random flips: of its transition matrix made symmetric. */
static double exact_gap(const problem *p, double beta)
{
    enum { MOST = 64 };
    static double matrix[MOST * MOST], values[MOST], work[MOST * 8], energy[MOST];
    int n = 1 << p->spins, info, length = MOST * 8;
    memset(matrix, 0, sizeof matrix);
    for (int s = 0; s < n; s++) {
        int8_t state[8];
        for (int64_t i = 0; i < p->spins; i++)
            state[i] = s >> i & 1 ? 1 : -1;
        energy[s] = problem_energy(p, state);
    }
    for (int s = 0; s < n; s++)
        for (int64_t i = 0; i < p->spins; i++) {
            int t = s ^ 1 << i;
            double change = beta * (energy[t] - energy[s]), to = 1 / (1 + exp(change)) / (double)p->spins;
            matrix[s * n + s] += 1 / (double)p->spins - to;
            matrix[s * n + t] += to * exp(change / 2); /* times the root of the ratio of probabilities */
        }
    dsyev_("N", "U", &n, matrix, &n, values, work, &length, &info, 1, 1);
    CHECK(info == 0);
    return (1 - values[n - 2]) * (double)p->spins;
}

static void test_relaxation(void)
{
    random_source r = random_open(2);
    int bounded = 0;
    for (int k = 0; k < rounds(300); k++) {
        problem p = random_graph(&r, PROBLEM_SPIN, 2 + random_below(&r, 4), 10);
        eigen_extremes e;
        CHECK(!eigen_find(&p, INT64_MAX, &e, &error));
        double width = e.largest - e.smallest, beta = width > 0 ? fabs(random_unit(&r)) * 1.2 / width : 1;
        double sweeps = spectrum_relaxation(width, beta), gap = exact_gap(&p, beta);
        bounded += isfinite(sweeps);
        CHECK(isinf(sweeps) || 1 / gap <= sweeps * (1 + 1e-9), "round %d: relaxation takes %g, the bound says %g", k, 1 / gap,
              sweeps);
        CHECK(isinf(sweeps) == (width * beta >= 1), "round %d", k);
        problem_close(&p);
    }
    CHECK(bounded > rounds(300) / 2);
}

/* ---- enumeration ------------------------------------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
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
        for (uint32_t bits = 0; bits < 1u << spins; bits++) {
            int8_t state[16];
            for (int i = 0; i < spins; i++)
                state[i] = bits >> i & 1 ? 1 : p.domain == PROBLEM_BINARY ? 0 : -1;
            energies[bits] = problem_energy(&p, state);
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
        CHECK(e.levels[0].energy <= energies[0] + 2e-10 * size, "round %d", k);
        problem_close(&p);
    }
}

/* ---- shares, times, memory -------------------------------------------------------------------- */

static void test_intervals(void)
{
    interval half = interval_of_share(5, 10), none = interval_of_share(0, 10), all = interval_of_share(10, 10);
    CHECK(fabs(half.low - 0.236593) < 1e-6 && fabs(half.high - 0.763407) < 1e-6, "%g %g", half.low, half.high);
    CHECK(none.low == 0 && fabs(none.high - 0.277533) < 1e-6 && all.high == 1 && fabs(all.low - 0.722467) < 1e-6);
    CHECK(interval_of_share(0, 0).low == 0 && interval_of_share(0, 0).high == 1);
    interval time = interval_to_solution((interval){0.5, 0.1, 0.995}, 100);
    CHECK(fabs(time.value - 100 * log(0.01) / log(0.5)) < 1e-9 && time.low == 100 && fabs(time.high - 4370.87) < 0.01, "%g %g %g",
          time.value, time.low, time.high);
    CHECK(isinf(interval_to_solution(none, 1).value) && isinf(interval_to_solution(none, 1).high) &&
          isfinite(interval_to_solution(none, 1).low));
    /* The interval covers the share it was made from as often as it says, give or take. */
    random_source r = random_open(4);
    int covered = 0, trials = 4000;
    for (int k = 0; k < trials; k++) {
        int hits = 0;
        for (int i = 0; i < 50; i++)
            hits += random_unit(&r) < -0.4; /* 0.3 */
        interval i = interval_of_share(hits, 50);
        covered += i.low <= 0.3 && 0.3 <= i.high;
    }
    CHECK(covered > 0.93 * trials && covered < 0.975 * trials, "%d of %d", covered, trials);
}

static void test_autocorrelation(void)
{
    enum { COUNT = 40000 };
    static double series[COUNT];
    static const double rhos[] = {0, 0.5, 0.8, 0.95};
    random_source r = random_open(5);
    for (size_t k = 0; k < sizeof rhos / sizeof *rhos; k++) {
        double x = 0, tau = (1 + rhos[k]) / (1 - rhos[k]) / 2;
        for (int i = 0; i < COUNT; i++) {
            x = rhos[k] * x + random_unit(&r);
            series[i] = 1e6 + x;
        }
        autocorrelation a = autocorrelation_of(series, COUNT);
        CHECK(a.known && fabs(a.tau - tau) < 4 * a.error + 0.02 && a.error < 0.15 * tau, "rho %g: %g +- %g, not %g", rhos[k],
              a.tau, a.error, tau);
    }
    for (int i = 0; i < COUNT; i++)
        series[i] = 3;
    CHECK(!autocorrelation_of(series, COUNT).known && !autocorrelation_of(series, 3).known);
    for (int i = 0; i < 1000; i++)
        series[i] = i; /* remembers longer than it is */
    CHECK(!autocorrelation_of(series, 1000).known);
}

static void test_distributions(void)
{
    static const double numbers[] = {-2, 0, 0, 1, 3, 4};
    distribution d = distribution_of(numbers, 6);
    CHECK(d.count == 6 && d.zeros == 2 && d.min == -2 && d.max == 4 && d.mean == 1 && fabs(d.rms - sqrt(30 / 6.0)) < 1e-15);
    CHECK(d.histogram.bins == DISTRIBUTION_BINS && d.histogram.counts[0] == 1 && d.histogram.counts[DISTRIBUTION_BINS - 1] == 1);
    CHECK(distribution_of(numbers, 0).count == 0 && distribution_of(numbers, 0).histogram.bins == 0);
    CHECK(distribution_of(numbers + 1, 2).histogram.bins == 1 && distribution_of(numbers + 1, 2).histogram.counts[0] == 2);
    static const double wide[] = {-DBL_MAX, DBL_MAX, DBL_MAX};
    distribution w = distribution_of(wide, 3);
    CHECK(isfinite(w.rms) && isfinite(w.mean) && w.histogram.counts[0] == 1 && w.histogram.counts[DISTRIBUTION_BINS - 1] == 2,
          "mean %g rms %g", w.mean, w.rms);
    random_source r = random_open(6);
    double many[1000];
    for (int i = 0; i < 1000; i++)
        many[i] = random_unit(&r);
    histogram h = histogram_of(many, 1000);
    int64_t sum = 0;
    for (int i = 0; i < h.bins; i++)
        sum += h.counts[i];
    CHECK(sum == 1000);
}

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
    CHECK(!numbers_find(&unit, NULL, &memory, &n, &error) && n.bits.needed == 1 && n.bits.range == 1, "%g bits", n.bits.needed);
    numbers_close(&n);
    unit.couplings[7].value = 127; /* one step of 254 levels is lost when one in a hundred may be */
    CHECK(!numbers_find(&unit, NULL, &memory, &n, &error) && fabs(n.bits.needed - (1 + log2(63.5))) < 1e-9 &&
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
        json_decref(map);
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

/* ---- reads ------------------------------------------------------------------------------------ */

static void check_landscape(const problem *p, const observation *o, int k)
{
    landscape l = landscape_of(p, o, false, &memory);
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
    json_decref(value);
    json_decref(measured);
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

/* ---- on machines ------------------------------------------------------------------------------ */

static void test_machines(void)
{
    random_source r = random_open(12);
    diagnostics d;
    diagnostics_open(&d, &memory);
    const target *t = target_find(&d, NULL, "stanford-cim-100");
    problem small = random_graph(&r, PROBLEM_SPIN, 30, 29), large = random_graph(&r, PROBLEM_SPIN, 140, 4);
    problem *both[] = {&small, &large};
    for (int k = 0; k < 2; k++) {
        const problem *p = both[k];
        machine_parts parts;
        machine_answer answer;
        json_t *value;
        CHECK(!machine_parts_of_problem(p, t, &memory, &parts, &error), "%s", error.message);
        CHECK((parts.schedule->part_count > 1) == (k == 1), "%u parts", parts.schedule->part_count);
        CHECK(!machine_ask(p, t, 4, 200, 1, &memory, &answer, &error), "%s", error.message);
        CHECK(!machine_answer_value(&memory, &parts, t, p, &answer, answer.up, answer.energy, &value, &error), "%s",
              error.message);
        CHECK(value_number_at(value, "agreement") == 1 && value_number_at(value, "gap") == 0);
        CHECK(value_count_at(value, "spins_sent") + value_count_at(value, "spins_fixed") == p->spins);
        json_t *partition = machine_partition_value(&memory, &parts, t, p);
        int64_t spins = 0, severed = 0, couplings = value_count_at(partition, "cut.couplings");
        for (size_t i = 0; i < parts.schedule->part_count; i++) {
            spins += value_count_at(json_array_get(value_at(partition, "parts"), i), "spins");
            severed += value_count_at(json_array_get(value_at(partition, "parts"), i), "severed");
        }
        CHECK(spins == p->spins && severed == 2 * couplings && (couplings > 0) == (k == 1), "%lld spins, %lld severed",
              (long long)spins, (long long)severed);
        json_decref(value);
        json_decref(partition);
    }
    machine_answer answer;
    const target *sparse = target_find(&d, NULL, "dwave-advantage");
    CHECK(machine_ask(&small, sparse, 4, 200, 1, &memory, &answer, &error) == ISG_INVALID && strstr(error.message, "embedding"));
    problem_close(&small);
    problem_close(&large);
}

/* ---- lack of memory --------------------------------------------------------------------------- */

static isg_status everything(const problem *p)
{
    observe_settings settings = {.reads = 2, .sweeps = 3};
    observation o = {.allocator = p->allocator};
    eigen_extremes e;
    numbers n;
    isg_status status = observe_problem(p, &settings, &o, &error);
    observation_close(&o);
    if (!status)
        status = eigen_find(p, 0, &e, &error);
    if (!status)
        status = eigen_find(p, INT64_MAX, &e, &error);
    if (!status)
        status = numbers_find(p, NULL, &memory, &n, &error);
    if (!status)
        numbers_close(&n);
    return status;
}

static void test_no_memory(void)
{
    trap t = {0};
    isg_allocator failing = trap_allocator(&t);
    random_source r = random_open(13);
    problem from = random_graph(&r, PROBLEM_BINARY, 60, 5), p;
    CHECK(!problem_open(&p, &failing, PROBLEM_BINARY, 60, &error));
    memcpy(p.fields, from.fields, sizeof(double) * 60);
    for (int64_t k = 0; k < from.coupling_count; k++)
        couple(&p, from.couplings[k].first, from.couplings[k].second, from.couplings[k].value);
    settle(&p);
    long held = t.held_blocks, calls = t.calls;
    CHECK(!everything(&p), "%s", error.message);
    long sites = t.calls - calls;
    CHECK(sites > 20 && t.held_blocks == held, "%ld sites", sites);
    for (long at = 1; at <= sites; at++) {
        t.at = t.calls + at;
        CHECK(everything(&p) == ISG_NO_MEMORY, "site %ld", at);
        CHECK(t.held_blocks == held, "site %ld leaks", at);
    }
    t.at = 0;
    problem_close(&p);
    problem_close(&from);
    CHECK(t.held_blocks == 0 && t.held_bytes == 0);
}

/* ---- differences ------------------------------------------------------------------------------ */

static json_t *document(double greatest, const char *name)
{
    return json_pack("{s:i, s:{s:s}, s:[{s:s, s:i, s:{s:{s:f}}, s:[i,i]}]}", "version", 1, "subject", "file", name,
                     "hamiltonians", "name", name, "spins", 4, "numbers", "coupling", "max", greatest, "state", 0, 2);
}

static void test_diff(void)
{
    json_t *same = diff_of(&memory, document(1.5, "a"), document(1.5, "a"));
    CHECK(json_array_size(value_at(same, "diff.rows")) == 0 && strstr(diff_text(&memory, same), "no difference"));
    json_t *other = diff_of(&memory, document(1.5, "a"), document(1.5000000001, "a"));
    const json_t *row = json_array_get(value_at(other, "diff.rows"), 0);
    CHECK(json_array_size(value_at(other, "diff.rows")) == 1 && !strcmp(value_text_at(row, "what"), "greatest coupling") &&
              !strcmp(value_text_at(row, "left"), "1.5") && !strcmp(value_text_at(row, "right"), "1.5000000001"),
          "%s", diff_text(&memory, other));
    static const char *const wrong[] = {"[]",
                                        "{}",
                                        "{\"version\": 2, \"subject\": {}, \"hamiltonians\": []}",
                                        "{\"version\": 1, \"hamiltonians\": []}",
                                        "{\"version\": 1, \"subject\": {}, \"hamiltonians\": [1]}",
                                        "{\"version\": 1, \"subject\": {}, \"hamiltonians\": [], \"diff\": {}}"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        json_t *value = json_loads(wrong[k], 0, NULL);
        CHECK(value && diff_check(value), "%s is taken for an inspection", wrong[k]);
        json_decref(value);
    }
    json_t *right = document(1, "a");
    CHECK(!diff_check(right));
    json_decref(right);
    json_decref(same);
    json_decref(other);
}

int main(void)
{
    arena_open(&memory, isg_default_allocator(), &no_memory);
    if (setjmp(no_memory)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    test_known_spectra();
    test_random_spectra();
    test_relaxation();
    test_enumeration();
    test_intervals();
    test_autocorrelation();
    test_distributions();
    test_made_cases();
    test_numbers();
    test_heat_maps();
    test_names();
    test_chain();
    test_reads();
    test_machines();
    test_no_memory();
    test_diff();
    arena_close(&memory);
    return check_failures != 0;
}
