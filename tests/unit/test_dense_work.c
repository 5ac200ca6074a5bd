/* test_dense_work.c - dense rows from coefficients in double: which type they get, what rounding leaves of them, and whether
 * estimates of energies are as good as they say. */
#include "backends/native/kernels/dense_work.h"
#include "runtime/memory.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <math.h>

enum { MOST_SPINS = 600 };

typedef struct graph {
    int spins, lowest; /* 0 or -1 */
    bool in_f32;       /* the couplings come in float32 */
    float narrow[MOST_SPINS * MOST_SPINS];
    double uniform;
    double h[MOST_SPINS], J[MOST_SPINS * MOST_SPINS]; /* [spins, spins] */
    char *work;
} graph;

static graph g;

/* Numbers up to `size`, whole ones or any. */
static void fill(random_source *r, int spins, int lowest, double size, bool whole)
{
    g.spins = spins;
    g.lowest = lowest;
    g.uniform = 0;
    for (int i = 0; i < spins; i++)
        for (int j = 0; j <= i; j++) {
            double x = size * random_unit(r);
            x = g.in_f32 ? (double)(float)x : x;
            g.J[i * spins + j] = g.J[j * spins + i] = i == j ? 0 : whole ? rint(x) : x;
        }
    for (int i = 0; i < spins; i++) {
        double x = size * random_unit(r);
        g.h[i] = whole ? rint(x) : x;
    }
}

static const dense_work *prepare(bool stored)
{
    dense_couplings c = {.spins = g.spins,
                         .value = stored && !g.in_f32 ? g.J : NULL,
                         .narrow = stored && g.in_f32 ? g.narrow : NULL,
                         .uniform = g.uniform};
    for (int i = 0; i < g.spins * g.spins; i++)
        g.narrow[i] = (float)g.J[i];
    dense_work_prepare(g.work, g.h, &c, g.lowest);
    return (const dense_work *)(const void *)g.work;
}

static double coupling(int i, int j)
{
    return i == j ? 0 : g.J[i * g.spins + j] + g.uniform;
}

static double row_number(const dense *d, int64_t i, int64_t j)
{
    if (d->numbers == DENSE_INT8)
        return ((const int8_t *)d->rows)[i * d->stride + j];
    return d->numbers == DENSE_INT16 ? ((const int16_t *)d->rows)[i * d->stride + j]
                                     : ((const float *)d->rows)[i * d->stride + j];
}

static double base_number(const dense *d, int64_t i)
{
    if (d->numbers == DENSE_INT8)
        return ((const int16_t *)d->base)[i];
    return d->numbers == DENSE_INT16 ? ((const int32_t *)d->base)[i] : (double)((const float *)d->base)[i];
}

/* Every number within half a step of what it stands for, `step` in units of the rows; padding 0; sums that fit. */
static void check_rows(const dense_work *w, double step, const char *what)
{
    const dense *d = &w->d;
    double worst = 0, worst_base = 0, largest = 0, padding = 0;
    for (int i = 0; i < g.spins; i++) {
        double base = g.h[i];
        for (int j = 0; j < g.spins; j++) {
            double number = row_number(d, i, j);
            worst = fmax(worst, fabs(number - coupling(i, j) * w->scale));
            largest = fmax(largest, fabs(number));
            base += g.lowest * coupling(i, j);
        }
        worst_base = fmax(worst_base, fabs(base_number(d, i) - base * w->scale) / fmax(1, fabs(base * w->scale)));
        for (int64_t j = g.spins; j < d->stride; j++)
            padding = fmax(padding, fabs(row_number(d, i, j)));
    }
    CHECK(worst <= step / 2 * (1 + 1e-9), "%s: a number is %g off", what, worst);
    CHECK(worst_base <= fmax(step / 2, 1e-6), "%s: a base is %g off", what, worst_base);
    CHECK(padding == 0, "%s: padding of %g", what, padding);
    CHECK(d->numbers == DENSE_FLOAT || d->batch * largest <= (d->numbers == DENSE_INT8 ? 127 : 32767), "%s: %d rows of %g", what,
          d->batch, largest);
}

/* The typical sizes by their definition. */
static void check_span(const dense_work *w, const char *what)
{
    double greatest = 0, least = INFINITY;
    for (int i = 0; i < g.spins; i++) {
        double mean = g.h[i], root = 0;
        for (int j = 0; j < g.spins; j++) {
            mean += g.lowest ? 0 : coupling(i, j) / 2;
            root = hypot(root, coupling(i, j) * (g.lowest ? 1 : 0.5));
        }
        double typical = (1 - g.lowest) * hypot(mean, root);
        greatest = fmax(greatest, typical);
        least = typical > 0 ? fmin(least, typical) : least;
    }
    double error = g.in_f32 ? 1e-6 : 1e-12;
    CHECK(fabs(w->greatest - greatest) <= error * greatest && fabs(w->least - least) <= error * least, "%s: %.17g and %.17g",
          what, w->greatest, w->least);
}

/* Every spin as its mean field has it; those without one are left as they are. */
static void check_lean(const char *what)
{
    static int8_t state[MOST_SPINS];
    int64_t left = 0, wrong = 0;
    memset(state, 7, sizeof state);
    int64_t told = dense_work_lean(g.work, state, g.spins, g.lowest);
    for (int i = 0; i < g.spins; i++) {
        double mean = g.h[i], size = fabs(mean);
        for (int j = 0; j < g.spins && !g.lowest; j++) {
            mean += coupling(i, j) / 2;
            size += fabs(coupling(i, j));
        }
        left += state[i] == 7;
        wrong += fabs(mean) > (g.in_f32 ? 1e-6 : 1e-12) * size && state[i] != (mean < 0 ? 1 : g.lowest);
        wrong += mean == 0 && size == 0 && state[i] != 7;
    }
    CHECK(told == left && !wrong, "%s: %lld of %d spins against their fields, %lld left for %lld", what, (long long)wrong,
          g.spins, (long long)told, (long long)left);
}

static double energy_of(const int8_t *state)
{
    double energy = 0;
    for (int i = 0; i < g.spins; i++) {
        double field = g.h[i];
        for (int j = 0; j < i; j++)
            field += coupling(i, j) * state[j];
        energy += field * state[i];
    }
    return energy;
}

/* Estimates leave out what all states share: differences are compared. */
static void check_estimates(random_source *r, double most_error, const char *what)
{
    static int8_t state[2][MOST_SPINS];
    for (int k = 0; k < 20; k++) {
        double estimate[2], error[2];
        for (int s = 0; s < 2; s++) {
            for (int i = 0; i < g.spins; i++)
                state[s][i] = random_below(r, 2) ? 1 : (int8_t)g.lowest;
            dense_work_start(g.work, state[s], g.spins);
            estimate[s] = dense_work_estimate(g.work, &error[s]);
        }
        double exact = energy_of(state[1]) - energy_of(state[0]), rounding = 1e-9 * (fabs(exact) + 1);
        CHECK(fabs(estimate[1] - estimate[0] - exact) <= error[0] + error[1] + rounding, "%s: %g for %g, said to be within %g",
              what, estimate[1] - estimate[0], exact, error[0] + error[1]);
        CHECK(error[0] <= most_error, "%s: an error of %g tells nothing", what, error[0]);
    }
}

static void check_all(random_source *r, const dense_work *w, dense_numbers numbers, bool rounded, double most_error,
                      const char *what)
{
    CHECK(w->d.numbers == (int32_t)numbers && w->rounded == rounded, "%s: numbers of kind %d", what, w->d.numbers);
    check_rows(w, rounded ? 1 : numbers == DENSE_FLOAT ? 2e-7 * 2 : 0, what);
    check_span(w, what);
    check_lean(what);
    check_estimates(r, most_error, what);
}

static void test_types(random_source *r)
{
    static const int sizes[] = {1, 2, 15, 16, 17, 64, 65, 127, 512, MOST_SPINS};
    for (int k = 0; k < 10; k++)
        for (int lowest = -1; lowest <= 0; lowest++) {
            double square = sizes[k] * sizes[k];
            fill(r, sizes[k], lowest, 3, true);
            check_all(r, prepare(true), DENSE_INT8, false, 0, "small whole numbers");
            memset(g.h, 0, sizeof g.h);
            memset(g.J, 0, sizeof g.J);
            check_all(r, prepare(true), DENSE_INT8, false, 0, "nothing");
            fill(r, sizes[k], lowest, 3000, true);
            g.h[0] = 128; /* beyond 8 bits, were it alone */
            if (sizes[k] > 1)
                g.J[1] = g.J[sizes[k]] = 1000;
            if (sizes[k] > 1)
                check_all(r, prepare(true), DENSE_INT16, false, 0, "whole numbers");
            fill(r, sizes[k], lowest, 1, false);
            if (sizes[k] > 1)
                check_all(r, prepare(true), DENSE_INT16, true, 0.01 * square, "numbers of one size");
            fill(r, sizes[k], lowest, 3, true);
            g.uniform = 0.25;
            if (sizes[k] < 64)
                check_all(r, prepare(true), DENSE_INT8, false, 0, "whole numbers and a quarter");
            g.uniform = 1 / 3.0;
            memset(g.J, 0, sizeof g.J);
            bool small = sizes[k] < 18; /* beyond, rounding shifts all fields alike */
            if (sizes[k] > 1)
                check_all(r, prepare(false), small ? DENSE_INT16 : DENSE_FLOAT, small, 0.01 * square, "the same number for all");
        }
}

/* The first rows tell little of the others. */
static void test_late_sizes(random_source *r)
{
    for (int k = 0; k < 4; k++) {
        double factor = k % 2 ? 1e-6 : 1e-2;
        fill(r, 300, -(k / 2), 1, false);
        for (int j = 0; j < 300; j++)
            g.J[j] = g.J[j * 300] = (float)(g.J[j] * factor);
        g.h[0] = 1;
        check_all(r, prepare(true), DENSE_INT16, true, 100, "a small first row");
    }
}

/* What matters to some spins would be lost beside a large coupling. */
static void test_wide(random_source *r)
{
    for (int lowest = -1; lowest <= 0; lowest++) {
        fill(r, 100, lowest, 1, false);
        g.J[1] = g.J[100] = 1e4;
        check_all(r, prepare(true), DENSE_FLOAT, false, 1, "a large coupling");
        fill(r, 100, lowest, g.in_f32 ? 1e-36 : 1e-200, false);
        check_all(r, prepare(true), DENSE_INT16, true, 1, "tiny numbers");
        fill(r, 100, lowest, 1e-3, false);
        g.h[7] = 1e9;
        check_all(r, prepare(true), DENSE_FLOAT, false, 1e5, "a large field");
    }
}

/* Fields that a large coupling went into and out of again, sweep by sweep, have lost more than what they are made of tells. */
static void test_estimates_of_reads(random_source *r)
{
    enum { SWEEPS = 900, PAIRS = 20 };
    static int8_t state[2][MOST_SPINS];
    for (int lowest = -1; lowest <= 0; lowest++) {
        fill(r, 100, lowest, 1, false);
        g.J[1] = g.J[100] = 1e4;
        const dense_work *w = prepare(true);
        CHECK(w->d.numbers == DENSE_FLOAT, "numbers of kind %d", w->d.numbers);
        for (uint32_t k = 0; k < PAIRS; k++) {
            double estimate[2], error[2];
            for (uint32_t s = 0; s < 2; s++) {
                for (int i = 0; i < g.spins; i++)
                    state[s][i] = random_below(r, 2) ? 1 : (int8_t)g.lowest;
                dense_work_start(g.work, state[s], g.spins);
                for (uint32_t sweep = 0; sweep < SWEEPS; sweep++)
                    dense_work_sweep(g.work, state[s], pow(10, sweep * (4.0 / SWEEPS)) / w->greatest, (uint32_t[]){k, s}, sweep,
                                     g.spins, g.lowest, NULL);
                estimate[s] = dense_work_estimate(g.work, &error[s]);
            }
            double exact = energy_of(state[1]) - energy_of(state[0]), off = fabs(estimate[1] - estimate[0] - exact);
            CHECK(off <= error[0] + error[1] + 1e-9 * fabs(exact) && error[0] <= 1, "off by %g, said to be within %g", off,
                  error[0] + error[1]);
        }
    }
}

/* Fields and couplings that take all of their types. */
static void test_full_range(random_source *r)
{
    for (int lowest = -1; lowest <= 0; lowest++) {
        fill(r, 100, lowest, 3, true);
        g.J[1] = g.J[100] = 32767;
        g.h[0] = (1 << 30) - 40000;
        memset(g.work, 0x55, (size_t)dense_work_bytes(g.spins));
        check_all(r, prepare(true), DENSE_INT16, false, 0, "whole numbers of 16 bits and a field of 30");
        fill(r, 100, lowest, 1, false);
        g.J[5 * 100 + 7] = g.J[7 * 100 + 5] = 32766.75 / (2 * DENSE_ROUNDED_SIZE);
        int32_t batch = prepare(true)->d.batch;
        CHECK(batch >= 1, "rows are added up %d at a time", batch);
        if (batch >= 1)
            check_all(r, prepare(true), DENSE_INT16, true, 100, "a coupling of 15 bits and a half");
    }
}

int main(void)
{
    random_source r = random_open(1);
    memory_aligned work = memory_take_aligned(isg_default_allocator(), (size_t)dense_work_bytes(MOST_SPINS));
    g.work = work.at;
    for (int k = 0; k < 2; k++) {
        g.in_f32 = k;
        test_types(&r);
        test_late_sizes(&r);
        test_wide(&r);
        test_estimates_of_reads(&r);
        test_full_range(&r);
    }
    memory_release_aligned(isg_default_allocator(), &work);
    return check_done();
}
