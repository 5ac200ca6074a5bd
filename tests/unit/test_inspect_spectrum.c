/* test_inspect_spectrum.c - the spectra of isg inspect: eigenvalues against LAPACK and closed forms, the relaxation bound
 * against the exact gap. */
#include "inspect/eigen.h"
#include "inspect/spectrum.h"
#include "tests/unit/inspect_check.h"

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

int main(void)
{
    static void (*const tests[])(void) = {test_known_spectra, test_random_spectra, test_relaxation};
    return RUN_TESTS(tests);
}
