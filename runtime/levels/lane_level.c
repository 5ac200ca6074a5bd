/* lane_level.c - the kernel, compiled once for each level of processor: LANE_LEVEL is its name in C. */
#include "runtime/lane_level.h"

#include "backends/native/kernels/lanes.h"

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)

static void start(const lanes *b, const uint32_t key[2])
{
    lanes_start(b, key);
}

static int64_t sweep(const lanes *b, const uint32_t key[2], uint32_t number, double x, uint64_t counted)
{
    return lanes_sweep(b, key, number, x, counted);
}

static int64_t descend(const lanes *b, uint64_t counted)
{
    return lanes_descend(b, counted);
}

static void energies(const lanes *b, int32_t energy[LANES_READS])
{
    lanes_energies(b, energy);
}

const lane_level NAME(lane_level_, LANE_LEVEL) = {.start = start, .sweep = sweep, .descend = descend, .energies = energies};
