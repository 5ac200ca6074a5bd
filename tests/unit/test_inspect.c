/* test_inspect.c - the rest of what isg inspect analyses: shares and autocorrelation against known cases, machines, differences,
 * and every allocation that may fail. */
#include "inspect/autocorrelation.h"
#include "inspect/diff.h"
#include "inspect/document.h"
#include "inspect/distribution.h"
#include "inspect/eigen.h"
#include "inspect/interval.h"
#include "inspect/machine_view.h"
#include "tests/unit/inspect_check.h"

#include <float.h>

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

/* ---- on machines ------------------------------------------------------------------------------ */

static void test_machines(void)
{
    random_source r = random_open(12);
    diagnostics d;
    diagnostics_open(&d, &memory);
    const target *t = target_find(&d, NULL, "stanford-cim-100");
    problem small = random_graph(&r, PROBLEM_SPIN, 30, 29), large = random_graph(&r, PROBLEM_SPIN, 140, 4);
    problem *both[] = {&small, &large};
    const observe_settings settings = {.reads = 4, .sweeps = 200, .seed = 1};
    for (int k = 0; k < 2; k++) {
        const problem *p = both[k];
        machine_parts parts;
        machine_answer answer;
        json_t *value;
        CHECK(!machine_parts_of_problem(p, t, &memory, &parts, &error), "%s", error.message);
        CHECK((parts.schedule->part_count > 1) == (k == 1), "%u parts", parts.schedule->part_count);
        CHECK(!machine_ask(p, t, &settings, &memory, &answer, &error), "%s", error.message);
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
    }
    machine_answer answer;
    const target *sparse = target_find(&d, NULL, "dwave-advantage");
    CHECK(machine_ask(&small, sparse, &settings, &memory, &answer, &error) == ISG_INVALID && strstr(error.message, "embedding"));
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

/* ---- lack of memory for values ---------------------------------------------------------------- */

/* What jansson takes; its call `at` fails. */
static struct {
    long calls, at, held;
} values;

static void *take_value(size_t bytes)
{
    void *block = ++values.calls == values.at ? NULL : malloc(bytes);
    values.held += block != NULL;
    return block;
}

static void release_value(void *block)
{
    values.held -= block != NULL;
    free(block);
}

/* The document of a problem, as text and back; false where memory runs out. */
static bool write_document(const problem *p, const observation *o, const isg_allocator *allocator)
{
    jmp_buf away;
    arena a;
    arena_open(&a, allocator, &away);
    volatile bool there = false;
    if (!setjmp(away)) {
        const measured numbers = {.problem = p, .observation = o};
        json_t *value;
        isg_status status = document_of_problem(&a, "problem", "flips", NULL, &numbers, &value, &error);
        const char *text = status ? "" : document_text(&a, value);
        json_t *again = status ? NULL : value_load(&a, text, strlen(text));
        there = !status && again && json_equal(value, again);
    }
    arena_close(&a);
    return there;
}

static void test_no_memory_for_values(void)
{
    random_source r = random_open(15);
    problem p = random_graph(&r, PROBLEM_SPIN, 30, 5);
    observe_settings settings = {.reads = 2, .sweeps = 3};
    observation o;
    trap t = {0};
    const isg_allocator failing = trap_allocator(&t);
    CHECK(!observe_problem(&p, &settings, &o, &error), "%s", error.message);
    json_set_alloc_funcs(take_value, release_value);
    values.held = values.calls = 0;
    CHECK(write_document(&p, &o, &failing) && values.held == 0 && values.calls > 200, "%ld held of %ld", values.held,
          values.calls);
    const long sites = values.calls, blocks = t.calls;
    for (long at = 1; at <= sites; at += 1 + at / 50) {
        values.calls = 0;
        values.at = at;
        write_document(&p, &o, &failing); /* a text is tried twice */
        CHECK(values.held == 0 && t.held_blocks == 0, "site %ld: %ld held", at, values.held);
    }
    values.at = 0;
    for (long at = 1; at <= blocks; at++) {
        t.at = t.calls + at;
        CHECK(!write_document(&p, &o, &failing) && values.held == 0 && t.held_blocks == 0, "block %ld: %ld held", at,
              values.held);
    }
    json_set_alloc_funcs(malloc, free);
    observation_close(&o);
    problem_close(&p);
}

/* ---- differences ------------------------------------------------------------------------------ */

static json_t *document(double greatest, const char *name)
{
    const char *text =
        arena_format(&memory,
                     "{\"version\": 1, \"subject\": {\"file\": \"%s\"}, \"hamiltonians\": [{\"name\": \"%s\", \"spins\": 4,"
                     " \"numbers\": {\"coupling\": {\"max\": %.17g}}, \"state\": [0, 2]}]}",
                     name, name, greatest);
    return value_load(&memory, text, strlen(text));
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
        json_t *value = value_load(&memory, wrong[k], strlen(wrong[k]));
        CHECK(value && diff_check(value), "%s is taken for an inspection", wrong[k]);
    }
    json_t *right = document(1, "a");
    CHECK(!diff_check(right));
}

int main(void)
{
    static void (*const tests[])(void) = {test_intervals, test_autocorrelation,      test_distributions, test_machines,
                                          test_no_memory, test_no_memory_for_values, test_diff};
    return RUN_TESTS(tests);
}
