/* test_kernel_symmetric.c - rows from products (kernels/symmetric.h) against their definition, for sizes around those of tiles
 * and blocks; numbers that are not finite; nothing written beyond the rows. */
#include "runtime_check.h"

#include "backends/native/kernels/symmetric.h"

#include <math.h>

enum { DEPTH = 3, GUARD = 64 };
static const double guard = 1234567.5;

/* Exact for the small whole numbers of these tests. */
static void product(int32_t transposed_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                    int64_t ldb, float *c, int64_t ldc)
{
    CHECK(transposed_b && lda >= k && ldb >= k && ldc >= n, "a product of [%d, %d]", (int)m, (int)n);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += a[i * lda + l] * b[j * ldb + l];
            c[i * ldc + j] = sum;
        }
}

static const isg_abi_services services = {.sgemm = product};

typedef struct rows {
    int64_t n;
    float *first, *second, *work;
    symmetric_kind kind;
    void *out; /* [n, n] of the kind's numbers, aligned to 64, and GUARD more */
} rows;

static double number_at(const rows *r, int64_t at)
{
    return r->kind == SYMMETRIC_F64 ? ((const double *)r->out)[at] : ((const float *)r->out)[at];
}

static void set_number(rows *r, int64_t at, double number)
{
    tile_store(r->out, at, number, r->kind);
}

static void *take(size_t bytes)
{
    void *block = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
    if (!block)
        abort();
    return block;
}

static rows make_rows(int64_t n, symmetric_kind kind)
{
    rows r = {.n = n, .kind = kind};
    r.first = take((size_t)(n * DEPTH) * sizeof *r.first);
    r.second = take((size_t)(n * DEPTH) * sizeof *r.second);
    r.work = take((size_t)symmetric_work_size(n) * sizeof *r.work);
    r.out = take((size_t)(n * n + GUARD) * sizeof(double));
    for (int64_t i = 0; i < n * DEPTH; i++) {
        r.first[i] = (float)(i * 7 % 23 - 11);
        r.second[i] = (float)(i * i * 5 % 31 - 15);
    }
    for (int64_t i = 0; i < n * n + GUARD; i++)
        set_number(&r, i, i < n * n ? NAN : guard);
    return r;
}

static void close_rows(rows *r)
{
    free(r->first);
    free(r->second);
    free(r->work);
    free(r->out);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < DEPTH; d++)
        sum += (double)a[d] * b[d];
    return sum;
}

static double wanted(const rows *r, const symmetric_form *f, int64_t i, int64_t j)
{
    if (i > j)
        return wanted(r, f, j, i);
    const float *a = r->first + i * DEPTH, *b = r->first + j * DEPTH;
    double number = f->straight * dot(a, r->second + j * DEPTH) + f->crossed * dot(b, r->second + i * DEPTH) + f->constant;
    return i == j ? 0 : r->kind == SYMMETRIC_F64 ? number : (double)(float)number;
}

static bool fill_rows(const rows *r, const symmetric_form *form)
{
    return symmetric_rows(&services, r->first, r->second, r->work, r->out, r->n, DEPTH, form, r->kind);
}

static int64_t count_wrong(const rows *r, const symmetric_form *f)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t j = 0; j < r->n; j++)
            wrong += number_at(r, i * r->n + j) != wanted(r, f, i, j);
    for (int64_t i = 0; i < GUARD; i++)
        wrong += number_at(r, r->n * r->n + i) != guard;
    return wrong;
}

static void test_sizes(void)
{
    static const int64_t sizes[] = {0, 1, 2, 15, 16, 17, 33, 48, 49, 255, 256, 257, 272, 392, 513, 520};
    const symmetric_form forms[] = {{0.1, 0.1, 0}, {0.75, -0.3, 1.0 / 3}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int f = 0; f < 6; f++) {
            symmetric_kind kind = (symmetric_kind)(f / 2);
            const symmetric_form *form = &forms[f % 2];
            rows r = make_rows(sizes[k], kind == SYMMETRIC_F32_STREAMED && sizes[k] % TILE ? SYMMETRIC_F32 : kind);
            CHECK(!fill_rows(&r, form), "%d rows: not finite", (int)r.n);
            CHECK(count_wrong(&r, form) == 0, "%d rows, case %d: %d wrong", (int)r.n, f, (int)count_wrong(&r, form));
            close_rows(&r);
        }
}

/* The product overflows at one place: a fault anywhere but on the diagonal. */
static void test_not_finite(void)
{
    static const int64_t places[][2] = {{0, 1},    {3, 11},    {11, 3},    {15, 16},  {40, 271},
                                        {271, 40}, {270, 271}, {100, 100}, {271, 271}};
    const symmetric_form form = {0.5, 0.25, 0};
    for (size_t k = 0; k < 3 * (sizeof places / sizeof *places); k++) {
        const int64_t *place = places[k / 3];
        rows r = make_rows(272, (symmetric_kind)(k % 3));
        memset(r.first, 0, (size_t)(r.n * DEPTH) * sizeof *r.first);
        memset(r.second, 0, (size_t)(r.n * DEPTH) * sizeof *r.second);
        r.first[place[0] * DEPTH] = 1e30f;
        r.second[place[1] * DEPTH] = 1e30f;
        bool bad = fill_rows(&r, &form);
        CHECK(bad == (place[0] != place[1]), "an overflow at %d, %d: %s", (int)place[0], (int)place[1],
              bad ? "seen" : "not seen");
        close_rows(&r);
    }
}

/* The product is finite, and what is made of it in double; in float32 it is not. */
static void test_not_finite_in_f32(void)
{
    static const int64_t sizes[] = {32, 5}; /* within tiles, and beside them */
    const symmetric_form form = {4, 4, 0};
    for (int k = 0; k < 4; k++) {
        rows r = make_rows(sizes[k % 2], k / 2 ? SYMMETRIC_F32 : SYMMETRIC_F64);
        r.first[3 * DEPTH] = r.second[2 * DEPTH] = 1.5e19f;
        CHECK(fill_rows(&r, &form) == (r.kind == SYMMETRIC_F32), "%d rows of kind %d", (int)r.n, (int)r.kind);
        close_rows(&r);
    }
}

/* Blocks are whole tiles, alike in size, and no more than n. */
static void test_blocks(void)
{
    for (int64_t n = 0; n < 3000; n++) {
        int64_t edge = symmetric_block_edge(n);
        CHECK(edge <= SYMMETRIC_BLOCK_MAX && edge <= n, "%d rows: blocks of %d", (int)n, (int)edge);
        CHECK(edge == n || edge % TILE == 0, "%d rows: blocks of %d", (int)n, (int)edge);
        CHECK(!symmetric_streamed(n) || n * sizeof(float) % 64 == 0, "%d rows are not aligned", (int)n);
    }
}

int main(void)
{
    test_sizes();
    test_not_finite();
    test_not_finite_in_f32();
    test_blocks();
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
