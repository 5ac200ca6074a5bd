/* eigen.c - see eigen.h. */
#include "inspect/eigen.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <arpack/arpack.h>
#include <math.h>
#include <string.h>

/* LAPACK as OpenBLAS has it; Fortran passes the lengths of character arguments behind all others. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a, const int *lda, const double *vl,
             const double *vu, const int *il, const int *iu, const double *abstol, int *m, double *w, double *z, const int *ldz,
             int *isuppz, double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t, size_t);

/* The couplings over the largest of them, so that no product overflows. */
static double largest_coupling(const problem *p)
{
    double largest = 0;
    for (int64_t k = 0; k < p->coupling_count; k++)
        largest = fmax(largest, fabs(p->couplings[k].value));
    return largest;
}

/* ---- dense ------------------------------------------------------------------------------------ */

static isg_status find_dense(const problem *p, double scale, eigen_extremes *out, isg_error *error)
{
    int n = (int)p->spins, found, info, none = 0, work_count = 26 * n, iwork_count = 10 * n;
    size_t square = (size_t)n * (size_t)n;
    double zero = 0;
    double *a = memory_take_zeroed(p->allocator, square + (size_t)(n + work_count), sizeof *a);
    int *whole = memory_take_zeroed(p->allocator, (size_t)(iwork_count + 2 * n), sizeof *whole);
    if (a && whole) {
        double *values = a + square;
        for (int64_t k = 0; k < p->coupling_count; k++)
            a[(size_t)p->couplings[k].first * (size_t)n + p->couplings[k].second] = p->couplings[k].value / scale;
        dsyevr_("N", "A", "L", &n, a, &n, &zero, &zero, &none, &none, &zero, &found, values, NULL, &n, whole + iwork_count,
                values + n, &work_count, whole, &iwork_count, &info, 1, 1, 1);
        out->converged = info == 0;
        if (info == 0)
            *out = (eigen_extremes){
                .largest = scale * values[n - 1], .smallest = scale * values[0], .dense = true, .converged = true};
    }
    isg_status status = a && whole ? ISG_OK : error_no_memory(error);
    memory_release(p->allocator, a, square + (size_t)(n + work_count), sizeof *a);
    memory_release(p->allocator, whole, (size_t)(iwork_count + 2 * n), sizeof *whole);
    return status;
}

/* ---- matrix-free ------------------------------------------------------------------------------ */

/* Enough for a residual of 1e-8 of the largest eigenvalue on random graphs of 10^5 spins. */
enum { LANCZOS_VECTORS = 48, LANCZOS_RESTARTS = 300 };
static const double tolerance = 1e-9;

typedef struct lanczos {
    const problem *p;
    double scale;
    int n, vectors;
    double *residual, *basis, *work, *work_small; /* [n], [n * vectors], [3n], [vectors * (vectors + 8)] */
    size_t taken;
} lanczos;

static void multiply(const lanczos *l, const double *x, double *y)
{
    memset(y, 0, sizeof *y * (size_t)l->n);
    for (int64_t k = 0; k < l->p->coupling_count; k++) {
        const problem_coupling *c = &l->p->couplings[k];
        double value = c->value / l->scale;
        y[c->first] += value * x[c->second];
        y[c->second] += value * x[c->first];
    }
}

/* A fixed vector without symmetries that a matrix could share: the fractions of a multiple of the golden ratio, squared. */
static void fill_start(double *x, int n)
{
    for (int i = 0; i < n; i++) {
        double at = fmod(0.6180339887498949 * (i + 1.0), 1.0);
        x[i] = at * at - 0.3;
    }
}

static double residual_of(const lanczos *l, const double *vector, double value, double *scratch)
{
    double sum = 0, length = 0;
    multiply(l, vector, scratch);
    for (int i = 0; i < l->n; i++) {
        double off = scratch[i] - value * vector[i];
        sum += off * off;
        length += vector[i] * vector[i];
    }
    return length > 0 ? sqrt(sum / length) : INFINITY;
}

static void extract(const lanczos *l, int *iparam, int *ipntr, eigen_extremes *out)
{
    enum { BOTH = 2 };
    int select[LANCZOS_VECTORS], info = 0;
    double values[BOTH];
    dseupd_c(1, "A", select, values, l->basis, l->n, 0, "I", l->n, "BE", BOTH, tolerance, l->residual, l->vectors, l->basis, l->n,
             iparam, ipntr, l->work, l->work_small, l->vectors * (l->vectors + 8), &info);
    if (info != 0 || iparam[4] < BOTH)
        return;
    double low = residual_of(l, l->basis, values[0], l->work), high = residual_of(l, l->basis + l->n, values[1], l->work);
    out->smallest = l->scale * fmin(values[0], values[1]);
    out->largest = l->scale * fmax(values[0], values[1]);
    out->residual = l->scale * fmax(low, high);
    out->converged = true;
}

static void iterate(const lanczos *l, eigen_extremes *out)
{
    int ido = 0, info = 1, ipntr[11] = {0}; /* info: the start vector is given */
    int iparam[11] = {1, 0, LANCZOS_RESTARTS, 1, 0, 0, 1};
    fill_start(l->residual, l->n);
    for (;;) {
        dsaupd_c(&ido, "I", l->n, "BE", 2, tolerance, l->residual, l->vectors, l->basis, l->n, iparam, ipntr, l->work,
                 l->work_small, l->vectors * (l->vectors + 8), &info);
        if (ido != 1 && ido != -1)
            break;
        multiply(l, l->work + ipntr[0] - 1, l->work + ipntr[1] - 1);
    }
    if (info == 0)
        extract(l, iparam, ipntr, out);
}

static isg_status find_matrix_free(const problem *p, double scale, eigen_extremes *out, isg_error *error)
{
    lanczos l = {.p = p, .scale = scale, .n = (int)p->spins, .vectors = LANCZOS_VECTORS};
    size_t n = (size_t)l.n, small = (size_t)l.vectors * (size_t)(l.vectors + 8), total = n * (size_t)(l.vectors + 4) + small;
    double *all = memory_take_zeroed(p->allocator, total, sizeof *all);
    if (!all)
        return error_no_memory(error);
    l.residual = all;
    l.basis = l.residual + n;
    l.work = l.basis + n * (size_t)l.vectors;
    l.work_small = l.work + 3 * n;
    iterate(&l, out);
    memory_release(p->allocator, all, total, sizeof *all);
    return ISG_OK;
}

isg_status eigen_find(const problem *p, int64_t most_dense, eigen_extremes *out, isg_error *error)
{
    double scale = largest_coupling(p);
    *out = (eigen_extremes){.dense = true, .converged = true};
    if (!(scale > 0))
        return ISG_OK;
    *out = (eigen_extremes){0};
    bool dense = p->spins <= most_dense || p->spins <= LANCZOS_VECTORS;
    return dense ? find_dense(p, scale, out, error) : find_matrix_free(p, scale, out, error);
}
