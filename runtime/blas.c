/* blas.c - see blas.h. */
#include "runtime/blas.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>

/* Guards OpenBLAS's own process-wide setting, hence process-wide itself. */
static pthread_mutex_t users_mutex = PTHREAD_MUTEX_INITIALIZER;
static int users, threads_before;

void blas_enter(void)
{
    pthread_mutex_lock(&users_mutex);
    if (!users++) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&users_mutex);
}

void blas_leave(void)
{
    pthread_mutex_lock(&users_mutex);
    if (!--users && threads_before != 1)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&users_mutex);
}

/* For what OpenBLAS's 32-bit sizes cannot say, and for k = 0, of which it complains aloud. */
static void plain_product(int32_t transposed_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                          int64_t ldb, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += a[i * lda + l] * (transposed_b ? b[j * ldb + l] : b[l * ldb + j]);
            c[i * ldc + j] = sum;
        }
}

static void sgemm(int32_t transposed_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                  float *c, int64_t ldc)
{
    if (m <= 0 || n <= 0)
        return;
    if (k <= 0 || m > INT_MAX || n > INT_MAX || k > INT_MAX || lda > INT_MAX || ldb > INT_MAX || ldc > INT_MAX) {
        plain_product(transposed_b, m, n, k, a, lda, b, ldb, c, ldc);
        return;
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, transposed_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)lda,
                b, (int)ldb, 0.0f, c, (int)ldc);
}

const isg_abi_services *blas_services(void)
{
    static const isg_abi_services services = {.sgemm = sgemm};
    return &services;
}
