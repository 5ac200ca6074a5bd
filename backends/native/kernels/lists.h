/* lists.h - single flips over spins with few neighbours each: Metropolis in index order, sixteen spins at a look.
 *
 * As dense.h, but a flip changes the fields of the spin's neighbours alone. Numbers are float32 in units of a power of two. The
 * lists are made from the couplings as they come, in any order, several of one pair added up; those of 0 are left out, so that
 * what a condition or a mask in the data excludes costs nothing. Each list is in order of the neighbours' numbers.
 */
#ifndef KERNELS_LISTS_H
#define KERNELS_LISTS_H

#include "backends/native/kernels/dense.h"

enum { LISTS_HEAD = 256, LISTS_RENEWAL_SWEEPS = 1024 };

double sqrt(double);

/* Of an energy that was summed up in float32, relative to the sum of its parts' sizes. */
#define LISTS_ERROR 1e-5

typedef struct lists {
    dense d;      /* of DENSE_FLOAT: base, fields and turn, no rows */
    double scale; /* of the numbers to the coefficients */
    double greatest, least;
    double swing;       /* root of the sum of squares of the lists' largest sizes */
    int64_t *start;     /* [spins + 2]: spin i's neighbours are start[i] .. start[i + 1] - 1 */
    int32_t *neighbour; /* [capacity] */
    float *value;
} lists;

_Static_assert(sizeof(lists) <= LISTS_HEAD, "the head's place");

static inline int64_t lists_starts_bytes(int64_t spins)
{
    return ((spins + 2) * 8 + 63) / 64 * 64;
}

static inline int64_t lists_ends_bytes(int64_t capacity)
{
    return (capacity * 4 + 63) / 64 * 64;
}

/* capacity: of neighbours of all spins, twice the couplings that may come. */
static inline int64_t lists_bytes(int64_t spins, int64_t capacity)
{
    return LISTS_HEAD + lists_starts_bytes(spins) + 2 * lists_ends_bytes(capacity) + dense_padded(spins) * 4 +
           dense_state_bytes(spins, DENSE_FLOAT);
}

static inline lists *lists_place(char *work, int64_t spins, int64_t capacity, int64_t lowest)
{
    lists *l = (lists *)(void *)work;
    char *at = work + LISTS_HEAD;
    *l = (lists){
        .d = {.spins = spins, .padded = dense_padded(spins), .numbers = DENSE_FLOAT, .change = (int32_t)(1 - lowest), .batch = 1},
        .scale = 1};
    l->start = (int64_t *)(void *)at;
    l->neighbour = (int32_t *)(void *)(at += lists_starts_bytes(spins));
    l->value = (float *)(void *)(at += lists_ends_bytes(capacity));
    l->d.base = at += lists_ends_bytes(capacity);
    dense_place_state(&l->d, at + l->d.padded * 4);
    return l;
}

/* ---- making the lists: every coupling is told twice, to be counted and to be filled in ---- */

/* As isg_abi_hamiltonian.couplings tells of them. */
typedef struct lists_making {
    lists *l;
    double largest; /* of the couplings */
} lists_making;

static inline lists_making lists_begin(lists *l)
{
    for (int64_t i = 0; i < l->d.spins + 2; i++)
        l->start[i] = 0;
    return (lists_making){l, 0};
}

static inline void lists_count(lists_making *m, int64_t first, int64_t second, double value)
{
    if (value == 0)
        return;
    m->l->start[first + 2]++;
    m->l->start[second + 2]++;
    m->largest = dense_size(value) > m->largest ? dense_size(value) : m->largest;
}

/* Between the two: `linear` of the spins. */
static inline void lists_counted(lists_making *m, const double *linear)
{
    double largest = m->largest;
    for (int64_t i = 0; i < m->l->d.spins; i++)
        largest = dense_size(linear[i]) > largest ? dense_size(linear[i]) : largest;
    m->l->scale = dense_unit(largest);
    for (int64_t i = 1; i < m->l->d.spins + 2; i++)
        m->l->start[i] += m->l->start[i - 1];
}

static inline void lists_fill(lists_making *m, int64_t first, int64_t second, double value)
{
    if (value == 0)
        return;
    int64_t a = m->l->start[first + 1]++, b = m->l->start[second + 1]++;
    m->l->neighbour[a] = (int32_t)second;
    m->l->neighbour[b] = (int32_t)first;
    m->l->value[a] = m->l->value[b] = (float)(value * m->l->scale);
}

/* Shell's sort of one list by neighbour, stable or not: what has the same neighbour is added up in double. */
static inline void lists_sort(lists *l, int64_t from, int64_t to)
{
    int64_t gap = 1;
    while (gap < (to - from) / 3)
        gap = 3 * gap + 1;
    for (; gap > 0; gap /= 3)
        for (int64_t i = from + gap; i < to; i++) {
            int32_t neighbour = l->neighbour[i];
            float value = l->value[i];
            int64_t k = i;
            for (; k >= from + gap && l->neighbour[k - gap] > neighbour; k -= gap) {
                l->neighbour[k] = l->neighbour[k - gap];
                l->value[k] = l->value[k - gap];
            }
            l->neighbour[k] = neighbour;
            l->value[k] = value;
        }
}

/* Sorts and merges, and sets the fields of all spins down. */
static inline void lists_finish(lists *l, const double *linear, int64_t lowest)
{
    int64_t kept = 0;
    double squares = 0;
    float *base = l->d.base;
    for (int64_t i = 0; i < l->d.spins; i++) {
        int64_t from = l->start[i], to = l->start[i + 1];
        double field = linear[i] * l->scale, largest = 0;
        lists_sort(l, from, to);
        l->start[i] = kept;
        for (int64_t k = from; k < to; kept++) {
            double value = 0;
            int32_t neighbour = l->neighbour[k];
            for (; k < to && l->neighbour[k] == neighbour; k++)
                value += (double)l->value[k];
            l->neighbour[kept] = neighbour;
            l->value[kept] = (float)value;
            largest = dense_size(value) > largest ? dense_size(value) : largest;
            field += (double)lowest * value;
        }
        base[i] = (float)field;
        squares += largest * largest;
    }
    l->swing = sqrt(squares);
    l->start[l->d.spins] = kept;
    for (int64_t i = l->d.spins; i < l->d.padded; i++) {
        base[i] = 0;
        l->d.turn[i] = 1;
    }
}

/* ---- flips ---- */

static inline void lists_flip(const lists *l, int64_t spin)
{
    float *field = l->d.fields, step = (float)(l->d.turn[spin] * l->d.change);
    for (int64_t k = l->start[spin]; k < l->start[spin + 1]; k++)
        field[l->neighbour[k]] += l->value[k] * step;
    l->d.turn[spin] = (int8_t)-l->d.turn[spin];
}

/* The fields anew from base and turn. */
static inline void lists_fields(const lists *l)
{
    const float *base = l->d.base;
    float *field = l->d.fields;
    for (int64_t i = 0; i < l->d.padded; i++)
        field[i] = base[i];
    for (int64_t i = 0; i < l->d.spins; i++)
        for (int64_t k = l->start[i]; l->d.turn[i] < 0 && k < l->start[i + 1]; k++)
            field[l->neighbour[k]] += l->value[k] * (float)l->d.change;
}

static inline void lists_start(const lists *l, const int8_t *state)
{
    for (int64_t i = 0; i < l->d.spins; i++)
        l->d.turn[i] = state[i] == 1 ? -1 : 1;
    lists_fields(l);
}

VECTOR_INLINE f32x16 lists_costs(const lists *l, int64_t first)
{
    return load_f32((const float *)l->d.fields + first) * __builtin_convertvector(load_i8(l->d.turn + first), f32x16);
}

/* One Metropolis sweep; the temperature and the draws are those of dense_sweep. Returns the flips. */
static inline int64_t lists_sweep(const lists *l, const uint32_t key[2], uint32_t sweep, double temperature)
{
    float factor = temperature < dense_largest_factor ? (float)temperature : dense_largest_factor;
    int64_t flips = 0;
    u32x16 draws[4];
    for (int64_t block = 0; block < l->d.padded; block += DENSE_BLOCK) {
        int drawn = 0;
        for (int64_t first = block; first < block + DENSE_BLOCK && first < l->d.spins; first += LANES) {
            int64_t left = l->d.spins - first;
            uint32_t behind = left < LANES ? (1u << left) - 1 : 0xffffu;
            f32x16 cost = lists_costs(l, first);
            if (!(mask_bits(cost <= dense_largest_threshold * factor) & behind))
                continue;
            if (!drawn)
                philox_sweep_64(key, sweep, (uint32_t)(block / DENSE_BLOCK), draws);
            drawn = 1;
            f32x16 limit = minus_log(draws[(first - block) / LANES]) * factor;
            for (uint32_t accepted; (accepted = mask_bits(cost <= limit) & behind) != 0; cost = lists_costs(l, first)) {
                int lane = __builtin_ctz(accepted);
                lists_flip(l, first + lane);
                behind &= ~0u << lane << 1;
                flips++;
            }
        }
    }
    return flips;
}

/* The energy above that of all spins down, and what it may be off by (dense_work_estimate, dense_work_error). */
static inline double lists_estimate(const lists *l, double *error)
{
    const float *base = l->d.base, *field = l->d.fields;
    double sum = 0, size = 0, half_step = l->d.change / (2 * l->scale);
    for (int64_t i = 0; i < l->d.spins; i++) {
        double down = (double)base[i], up = (double)field[i];
        sum += l->d.turn[i] < 0 ? down + up : 0;
        size += l->d.turn[i] < 0 ? dense_size(down) + dense_size(up) : 0;
    }
    *error = LISTS_ERROR * (size + l->d.change * l->swing) * half_step;
    return sum * half_step;
}

#endif
