/* dense_level.c - the kernels, compiled once for each level of processor: DENSE_LEVEL is its name in C. */
#include "backends/native/kernels/bytes.h"
#include "backends/native/kernels/dense.h"
#include "backends/native/kernels/lanes.h"

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

static void lane_start(const lanes *b, const uint32_t key[2])
{
    lanes_start(b, key);
}

static int64_t lane_sweep(const lanes *b, const uint32_t key[2], uint32_t number, double x, uint64_t counted)
{
    return lanes_sweep(b, key, number, x, counted);
}

static int64_t lane_descend(const lanes *b, uint64_t counted)
{
    return lanes_descend(b, counted);
}

static void lane_energies(const lanes *b, int32_t energy[LANES_READS])
{
    lanes_energies(b, energy);
}

const dense_level NAME(dense_level_, DENSE_LEVEL) = {.fields = fields,
                                                     .sweep = sweep,
                                                     .descend = descend,
                                                     .byte_fields = byte_fields,
                                                     .byte_sweep = byte_sweep,
                                                     .lane_start = lane_start,
                                                     .lane_sweep = lane_sweep,
                                                     .lane_descend = lane_descend,
                                                     .lane_energies = lane_energies};
