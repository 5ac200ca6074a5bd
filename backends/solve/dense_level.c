/* dense_level.c - the kernels, compiled once for each level of processor: DENSE_LEVEL is its name in C. */
#include "backends/native/kernels/bytes.h"
#include "backends/native/kernels/dense.h"

#include "backends/solve/dense_level.h"

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)

static void fields(const dense *d)
{
    dense_fields(d);
}

static int64_t sweep(const dense *d, const uint32_t key[2], uint32_t number, double temperature)
{
    return dense_sweep(d, key, number, temperature);
}

static int64_t descend(const dense *d)
{
    return dense_descend(d);
}

static void byte_fields(const bytes *b)
{
    bytes_fields(b);
}

static int64_t byte_sweep(const bytes *b, const uint32_t key[2], uint32_t number, double x)
{
    return bytes_sweep(b, key, number, x);
}

const dense_level NAME(dense_level_, DENSE_LEVEL) = {
    .fields = fields, .sweep = sweep, .descend = descend, .byte_fields = byte_fields, .byte_sweep = byte_sweep};
