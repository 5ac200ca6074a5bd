/* yardstick.c - see yardstick.h. */
#include "yardstick.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Thresholds -log(u) are a table in the nearest cache; whole numbers have a table of probabilities, made anew each sweep. */
enum { THRESHOLD_BITS = 12, THRESHOLDS = 1 << THRESHOLD_BITS, MOST_DESCENTS = 1000 };
static const double largest_threshold = 9.1;  /* -log(2^-13), the middle of the table's last cell */
static const double least_probability = 22.2; /* -log of what 32 bits cannot tell from 0 */

struct yardstick {
    int32_t number;
    int64_t spins;
    int64_t *row_start;
    int32_t *neighbour;
    void *base, *change, *work;
    int8_t *spin;
    float threshold[THRESHOLDS];
    uint32_t *accept; /* [accepts]: probability of accepting a loss of 2 k, times 2^32 */
    int64_t accepts;
    uint64_t random[2], spare;
    bool has_spare;
};

/* ---- random numbers: xoroshiro128+ (Blackman and Vigna, 2018), two draws a step --------------- */

static inline uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static inline uint64_t step(yardstick *y)
{
    uint64_t a = y->random[0], b = y->random[1], result = a + b;
    b ^= a;
    y->random[0] = rotate(a, 24) ^ b ^ b << 16;
    y->random[1] = rotate(b, 37);
    return result;
}

static inline uint32_t draw(yardstick *y)
{
    if (y->has_spare) {
        y->has_spare = false;
        return (uint32_t)y->spare;
    }
    y->spare = step(y);
    y->has_spare = true;
    return (uint32_t)(y->spare >> 32);
}

static uint64_t split_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* The least gain that may be accepted; above it, accept[-gain] is filled. */
static int32_t prepare_table(yardstick *y, double beta)
{
    int64_t count = (int64_t)fmin(least_probability / (2 * beta) + 1, (double)y->accepts);
    double ratio = exp(-2 * beta), p = 4294967296.0;
    for (int64_t k = 0; k < count; k++, p *= ratio)
        y->accept[k] = p < 4294967295.0 ? (uint32_t)p : 4294967295u;
    return -(int32_t)count;
}

/* ---- the three types of number --------------------------------------------------------------- */

#define NUMBER double
#define NAMED(x) x##_double
#define WHOLE 0
#include "yardstick_number.h"
#undef NUMBER
#undef NAMED
#define NUMBER float
#define NAMED(x) x##_float
#include "yardstick_number.h"
#undef NUMBER
#undef NAMED
#undef WHOLE
#define NUMBER int32_t
#define NAMED(x) x##_whole
#define WHOLE 1
#include "yardstick_number.h"

/* ---- opening --------------------------------------------------------------------------------- */

static int64_t largest_field(const yardstick *y, const double *coupling, const double *field)
{
    double largest = 0;
    for (int64_t i = 0; i < y->spins; i++) {
        double sum = fabs(field[i]);
        for (int64_t k = y->row_start[i]; k < y->row_start[i + 1]; k++)
            sum += fabs(coupling[k]);
        largest = fmax(largest, sum);
    }
    return (int64_t)largest;
}

static void *copy(const void *from, size_t bytes)
{
    void *to = malloc(bytes + 1);
    return to ? memcpy(to, from, bytes) : NULL;
}

void yardstick_close(yardstick *y)
{
    if (!y)
        return;
    void *blocks[] = {y->row_start, y->neighbour, y->base, y->change, y->work, y->spin, y->accept};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        free(blocks[i]);
    free(y);
}

yardstick *yardstick_open(int32_t number, int64_t spins, const int64_t *row_start, const int32_t *neighbour,
                          const double *coupling, const double *field)
{
    yardstick *y = calloc(1, sizeof *y);
    if (!y)
        return NULL;
    size_t size = number == YARDSTICK_DOUBLE ? 8 : 4, entries = (size_t)row_start[spins];
    y->number = number;
    y->spins = spins;
    y->row_start = copy(row_start, (size_t)(spins + 1) * sizeof *row_start);
    y->neighbour = copy(neighbour, entries * sizeof *neighbour);
    y->base = malloc((size_t)spins * size + 1);
    y->work = malloc((size_t)spins * size + 1);
    y->change = malloc(entries * size + 1);
    y->spin = malloc((size_t)spins + 1);
    y->accepts = y->row_start ? largest_field(y, coupling, field) + 1 : 0;
    y->accept = number == YARDSTICK_WHOLE ? malloc((size_t)y->accepts * sizeof *y->accept) : NULL;
    if (!y->row_start || !y->neighbour || !y->base || !y->work || !y->change || !y->spin ||
        (number == YARDSTICK_WHOLE && !y->accept)) {
        yardstick_close(y);
        return NULL;
    }
    for (int k = 0; k < THRESHOLDS; k++)
        y->threshold[k] = (float)-log((k + 0.5) / THRESHOLDS);
    if (number == YARDSTICK_DOUBLE)
        fill_double(y, coupling, field);
    else if (number == YARDSTICK_FLOAT)
        fill_float(y, coupling, field);
    else
        fill_whole(y, coupling, field);
    return y;
}

/* ---- running --------------------------------------------------------------------------------- */

static void start(yardstick *y, uint64_t seed)
{
    y->random[0] = split_mix(&seed);
    y->random[1] = split_mix(&seed);
    y->has_spare = false;
    for (int64_t i = 0; i < y->spins; i++)
        y->spin[i] = draw(y) >> 31 ? 1 : -1;
    if (y->number == YARDSTICK_DOUBLE)
        fields_double(y);
    else if (y->number == YARDSTICK_FLOAT)
        fields_float(y);
    else
        fields_whole(y);
}

static int64_t sweep(yardstick *y, double beta)
{
    return y->number == YARDSTICK_DOUBLE  ? sweep_double(y, beta)
           : y->number == YARDSTICK_FLOAT ? sweep_float(y, beta)
                                          : sweep_whole(y, beta);
}

static double thread_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double yardstick_run(yardstick *y, int64_t sweeps, double hot, double cold, int32_t linear, uint64_t seed, int8_t *state,
                     int64_t *flips)
{
    double begin = thread_seconds(), last = sweeps > 1 ? (double)(sweeps - 1) : 1;
    double ratio = pow(cold / hot, 1 / last), beta = hot;
    *flips = 0;
    start(y, seed);
    for (int64_t k = 0; k < sweeps; k++) {
        *flips += sweep(y, beta);
        beta = linear ? hot + (cold - hot) * (double)(k + 1) / last : beta * ratio;
    }
    if (y->number == YARDSTICK_DOUBLE)
        descend_double(y);
    else if (y->number == YARDSTICK_FLOAT)
        descend_float(y);
    else
        descend_whole(y);
    memcpy(state, y->spin, (size_t)y->spins);
    return thread_seconds() - begin;
}
