/* kernel.c - see kernel.h. */
#include "backends/solve/kernel.h"

#include "runtime/threshold.h"

#include <string.h>

/* Compiled for wider vectors as well; the results are the same to the bit. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)
#define KERNEL_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define KERNEL_WIDE
#endif

#define NUMBER int32_t
#define MEMBER whole
#define NAMED(x) x##_whole
#include "backends/solve/kernel_number.h"
#undef NUMBER
#undef MEMBER
#undef NAMED
#define NUMBER double
#define MEMBER real
#define NAMED(x) x##_real
#include "backends/solve/kernel_number.h"

/* ---- limits ---------------------------------------------------------------------------------- */

/* Above every change of an exact lattice's energy: fields are below 2^29. */
static const float largest_limit = 1 << 30;

/* Blocks of four spins, as many as there are lanes in the widest vector: without it the generator would run one by one. */
enum { BLOCKS = 16 };

KERNEL_WIDE
static void draw_thresholds(const uint32_t *key, uint32_t sweep, uint32_t first_block, float *restrict out)
{
    uint32_t draws[4][BLOCKS];
    for (uint32_t b = 0; b < BLOCKS; b++) {
        uint32_t four[4];
        philox_sweep_block(key, sweep, first_block + b, four);
        for (int lane = 0; lane < 4; lane++)
            draws[lane][b] = four[lane];
    }
    for (int b = 0; b < BLOCKS; b++)
        for (int lane = 0; lane < 4; lane++)
            out[4 * b + lane] = threshold_of(draws[lane][b]);
}

/* A change of unit * c is accepted when c <= threshold * temperature / unit; for whole c that is rounded down. */
KERNEL_WIDE
static void limits_whole(const float *restrict threshold, float factor, int32_t *restrict limit, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float bound = threshold[i] * factor;
        limit[i] = (int32_t)(bound < largest_limit ? bound : largest_limit);
    }
}

static void limits_real(const float *restrict threshold, double factor, double *restrict limit, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        limit[i] = (double)threshold[i] * factor;
}

/* Padding does not flip. */
static void make_limits(const lattice *l, const uint32_t *key, uint32_t sweep, int64_t first, int64_t end, double temperature,
                        kernel_state *s)
{
    float threshold[KERNEL_CHUNK];
    int64_t count = end - first;
    for (int64_t i = 0; i < count; i += 4 * BLOCKS)
        draw_thresholds(key, sweep, (uint32_t)((first + i) / 4), threshold + i);
    double factor = temperature / l->unit;
    if (l->exact)
        limits_whole(threshold, (float)factor, s->limit.whole, count);
    else
        limits_real(threshold, factor, s->limit.real, count);
    for (int64_t i = l->spins; i < end; i++)
        if (l->exact)
            s->limit.whole[i - first] = INT32_MIN;
        else
            s->limit.real[i - first] = -1e300;
}

/* ---- over a lattice of either type ----------------------------------------------------------- */

void kernel_fields(const lattice *l, kernel_state *s)
{
    if (l->exact)
        fields_whole(l, s);
    else
        fields_real(l, s);
}

void kernel_start(const lattice *l, const uint32_t key[2], kernel_state *s)
{
    for (int64_t block = 0; block < l->padded / 4; block++) {
        uint32_t draws[4];
        philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)block, draws);
        for (int lane = 0; lane < 4; lane++) {
            int turn = draws[lane] >> 31 ? -1 : 1;
            if (l->exact)
                s->turn.whole[4 * block + lane] = turn;
            else
                s->turn.real[4 * block + lane] = turn;
        }
    }
    kernel_fields(l, s);
}

int64_t kernel_sweep(const lattice *l, const uint32_t key[2], uint32_t number, double temperature, kernel_state *s)
{
    int64_t flips = 0;
    for (int64_t first = 0; first < l->padded; first += KERNEL_CHUNK) {
        int64_t end = l->padded - first < KERNEL_CHUNK ? l->padded : first + KERNEL_CHUNK;
        make_limits(l, key, number, first, end, temperature, s);
        flips += l->exact ? sweep_chunk_whole(l, first, end, s) : sweep_chunk_real(l, first, end, s);
    }
    return flips;
}

int64_t kernel_descend(const lattice *l, kernel_state *s)
{
    return l->exact ? descend_whole(l, s) : descend_real(l, s);
}

kernel_energy kernel_energy_of(const lattice *l, const kernel_state *s)
{
    kernel_energy e = {0};
    for (int64_t i = 0; i < l->spins; i++)
        if (l->exact && s->turn.whole[i] < 0)
            e.whole += (int64_t)l->base.whole[i] + s->field.whole[i];
        else if (!l->exact && s->turn.real[i] < 0)
            e.real += l->base.real[i] + s->field.real[i];
    return (kernel_energy){e.whole / 2, e.real / 2};
}

bool kernel_lower(kernel_energy a, kernel_energy b)
{
    return a.whole < b.whole || (a.whole == b.whole && a.real < b.real);
}
