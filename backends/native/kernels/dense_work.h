/* dense_work.h - the dense kernels in a program's workspace: from coefficients in double to rows in the least type that holds
 * them.
 *
 * The workspace is a head, rows and base, fields and turn, in places for float32, which is the widest. Coefficients are taken
 * times a power of two: the least that makes all of them whole, where that leaves them small, else what brings the largest
 * near 1.
 */
#ifndef KERNELS_DENSE_WORK_H
#define KERNELS_DENSE_WORK_H

#include "backends/native/kernels/exchange.h"

enum { DENSE_WORK_HEAD = 128, DENSE_MOST_DIGITS = 8, DENSE_RENEWAL_SWEEPS = 1024 };

typedef struct dense_work {
    dense d;
    double scale;           /* of the rows' numbers to the coefficients */
    double greatest, least; /* of the spins' typical changes in energy: what a ladder spans */
} dense_work;

_Static_assert(sizeof(dense_work) <= DENSE_WORK_HEAD, "the head's place");

/* Symmetric [spins, spins] of the coefficients of a term, and what all pairs have in addition. */
typedef struct dense_couplings {
    int64_t spins;
    const double *value; /* NULL: none */
    double uniform;
} dense_couplings;

static inline int64_t dense_work_bytes(int64_t spins)
{
    return DENSE_WORK_HEAD + dense_bytes(spins, DENSE_FLOAT) + dense_state_bytes(spins, DENSE_FLOAT);
}

/* Behind these: couplings in double, while rows are gathered from single ones. */
static inline int64_t dense_gather_bytes(int64_t spins)
{
    return spins * spins * 8;
}

/* ---- measuring ---- */

typedef struct dense_sizes {
    double largest, reach; /* of |J_ij|; of |h_i| + sum_j |J_ij| */
    double largest_number; /* of these and |h_i| */
    double greatest, least;
    int32_t digits; /* binary digits behind the point, up to DENSE_MOST_DIGITS + 1: too many */
} dense_sizes;

/* Eight sums side by side, of every eighth number: as fast as the numbers come. */
typedef double dense_f64x8 __attribute__((vector_size(64)));
typedef int64_t dense_i64x8 __attribute__((vector_size(64)));
typedef struct dense_row_sums {
    dense_f64x8 sum, size, square, largest;
} dense_row_sums;

VECTOR_INLINE double dense_total(dense_f64x8 x)
{
    return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7]));
}

VECTOR_INLINE double dense_size(double x)
{
    return x < 0 ? -x : x;
}

VECTOR_INLINE void dense_add_sizes(dense_row_sums *s, dense_f64x8 x)
{
    dense_f64x8 size = (dense_f64x8)((dense_i64x8)x & INT64_MAX);
    dense_i64x8 larger = size > s->largest;
    s->sum += x;
    s->size += size;
    s->square += x * x;
    s->largest = (dense_f64x8)(((dense_i64x8)size & larger) | ((dense_i64x8)s->largest & ~larger));
}

VECTOR_INLINE double dense_coupling(const dense_couplings *c, int64_t i, int64_t j)
{
    return i == j ? 0 : (c->value ? c->value[i * c->spins + j] : 0) + c->uniform;
}

static inline dense_row_sums dense_sum_row(const dense_couplings *c, int64_t i)
{
    dense_row_sums s = {{0}, {0}, {0}, {0}};
    for (int64_t j = 0; j < c->spins; j += 8) {
        dense_f64x8 x;
        if (c->value && c->uniform == 0 && j + 8 <= c->spins) /* the diagonal holds 0 */
            __builtin_memcpy(&x, c->value + i * c->spins + j, sizeof x);
        else
            for (int k = 0; k < 8; k++)
                x[k] = j + k < c->spins ? dense_coupling(c, i, j + k) : 0;
        dense_add_sizes(&s, x);
    }
    return s;
}

/* 0 where times 2^digits it is whole; of what is beyond 2^51 all are. */
VECTOR_INLINE double dense_fraction(double x, double scale)
{
    double scaled = dense_size(x) * scale;
    return scaled < 0x1p51 ? dense_size(scaled - (scaled + 0x1p52 - 0x1p52)) : 0;
}

static inline int dense_row_whole(const dense_couplings *c, int64_t i, double linear, double scale)
{
    int whole = dense_fraction(linear, scale) == 0;
    for (int64_t j = 0; j < c->spins && whole; j++)
        whole = dense_fraction(dense_coupling(c, i, j), scale) == 0;
    return whole;
}

double sqrt(double);

/* In a field of others at random the energy changes by about the change of value times the root of mean^2 + variance. */
VECTOR_INLINE double dense_typical(const dense_row_sums *s, double linear, int64_t lowest)
{
    double mean = lowest ? linear : linear + dense_total(s->sum) / 2, share = lowest ? 1 : 0.25;
    return (double)(1 - lowest) * sqrt(mean * mean + share * dense_total(s->square));
}

static inline dense_sizes dense_measure(const dense_couplings *c, const double *linear, int64_t lowest)
{
    dense_sizes s = {0, 0, 0, 0, 0, 0};
    for (int64_t i = 0; i < c->spins; i++) {
        dense_row_sums row = dense_sum_row(c, i);
        double typical = dense_typical(&row, linear[i], lowest), size = dense_size(linear[i]);
        double reach = dense_total(row.size) + size;
        for (int k = 0; k < 8; k++)
            s.largest = row.largest[k] > s.largest ? row.largest[k] : s.largest;
        s.reach = reach > s.reach ? reach : s.reach;
        s.largest_number = size > s.largest_number ? size : s.largest_number;
        s.greatest = typical > s.greatest ? typical : s.greatest;
        s.least = typical > 0 && (s.least == 0 || typical < s.least) ? typical : s.least;
        while (s.digits <= DENSE_MOST_DIGITS && !dense_row_whole(c, i, linear[i], (double)(1 << s.digits)))
            s.digits++;
    }
    s.largest_number = s.largest > s.largest_number ? s.largest : s.largest_number;
    return s;
}

/* A power of two that takes the number to between 1/2 and 2; 1 for 0. */
static inline double dense_unit(double largest)
{
    union {
        double number;
        uint64_t bits;
    } x = {largest};
    int64_t exponent = (int64_t)(x.bits >> 52 & 0x7ff);
    if (largest == 0)
        return 1;
    x.bits = (uint64_t)(exponent < 2 ? 2044 : exponent > 2044 ? 2 : 2046 - exponent) << 52;
    return x.number;
}

/* ---- the three functions of a program ---- */

/* Type by type, so that the loops have no choice to make. */
#define DENSE_FILL(type)                                                                                                         \
    do {                                                                                                                         \
        type *to = (type *)d->rows + i * d->stride;                                                                              \
        for (int64_t j = 0; j < c->spins; j++)                                                                                   \
            to[j] = (type)(((c->value ? c->value[i * c->spins + j] : 0) + c->uniform) * scale);                                  \
        for (int64_t j = c->spins; j < d->stride; j++)                                                                           \
            to[j] = 0;                                                                                                           \
        to[i] = 0;                                                                                                               \
    } while (0)

static inline void dense_fill_row(const dense *d, int64_t i, const dense_couplings *c, double scale)
{
    if (d->numbers == DENSE_INT8)
        DENSE_FILL(int8_t);
    else if (d->numbers == DENSE_INT16)
        DENSE_FILL(int16_t);
    else
        DENSE_FILL(float);
}

/* lowest: 0 or -1. */
static inline void dense_work_prepare(char *work, const double *linear, const dense_couplings *c, int64_t lowest)
{
    dense_sizes s = dense_measure(c, linear, lowest);
    double scale = (double)(1 << (s.digits <= DENSE_MOST_DIGITS ? s.digits : 0));
    dense_numbers numbers = dense_choose(s.digits <= DENSE_MOST_DIGITS, s.largest * scale, s.reach * scale);
    if (numbers == DENSE_FLOAT)
        scale = dense_unit(s.largest_number);
    dense_work *w = (dense_work *)(void *)work;
    w->d = dense_place(c->spins, numbers, (int32_t)(1 - lowest), s.largest * scale, work + DENSE_WORK_HEAD);
    w->scale = scale;
    w->greatest = s.greatest;
    w->least = s.least;
    dense_place_state(&w->d, work + DENSE_WORK_HEAD + dense_bytes(c->spins, DENSE_FLOAT));
    for (int64_t i = 0; i < c->spins; i++) {
        dense_fill_row(&w->d, i, c, scale);
        double sum = 0;
        if (lowest) {
            dense_row_sums row = dense_sum_row(c, i);
            sum = dense_total(row.sum) * scale;
        }
        dense_fill_base(&w->d, i, linear[i] * scale + (double)lowest * sum);
    }
    for (int64_t i = c->spins; i < w->d.padded; i++) {
        dense_fill_base(&w->d, i, 0);
        w->d.turn[i] = 1;
    }
}

typedef struct dense_gathering {
    double *value; /* [spins, spins] */
    int64_t spins;
} dense_gathering;

/* One more coupling; a pair may come several times. */
static inline void dense_work_gather(dense_gathering *g, int64_t first, int64_t second, double value)
{
    g->value[first * g->spins + second] += value;
    g->value[second * g->spins + first] += value;
}

static inline dense_gathering dense_work_gathering(char *work, int64_t spins)
{
    dense_gathering g = {(double *)(void *)(work + dense_work_bytes(spins)), spins};
    for (int64_t i = 0; i < spins * spins; i++)
        g.value[i] = 0;
    return g;
}

static inline void dense_work_start(char *work, const int8_t *state, int64_t spins)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    for (int64_t i = 0; i < spins; i++)
        w->d.turn[i] = state[i] == 1 ? -1 : 1;
    dense_fields(&w->d);
}

#define DENSE_SUM_RAISED(type)                                                                                                   \
    do {                                                                                                                         \
        const type *base = d->base, *field = d->fields;                                                                          \
        for (int64_t i = 0; i < d->spins; i++)                                                                                   \
            sum += d->turn[i] < 0 ? (double)base[i] + (double)field[i] : 0;                                                      \
    } while (0)

/* The energy above that of all spins down. Each raised spin brings its change of value times the mean of its field where all
 * are down, which has none of its couplings to raised ones, and of its field, which has all of them: each coupling counts once.
 */
static inline double dense_work_estimate(const char *work)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    const dense *d = &w->d;
    double sum = 0;
    if (d->numbers == DENSE_INT8)
        DENSE_SUM_RAISED(int16_t);
    else if (d->numbers == DENSE_INT16)
        DENSE_SUM_RAISED(int32_t);
    else
        DENSE_SUM_RAISED(float);
    return sum * d->change / (2 * w->scale);
}

/* `e`, at the head of exchange_bytes of its own: other moves after the single flips. NULL: none. */
static inline uint64_t dense_work_sweep(char *work, int8_t *state, double beta, const uint32_t key[2], uint32_t sweep,
                                        int64_t spins, int64_t lowest, char *e)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    double temperature = w->scale / (beta * (double)(1 - lowest));
    if (w->d.numbers == DENSE_FLOAT && sweep % DENSE_RENEWAL_SWEEPS == DENSE_RENEWAL_SWEEPS - 1)
        dense_fields(&w->d);
    int64_t flips = dense_sweep(&w->d, key, sweep, temperature);
    if (e)
        flips += exchange_sweep((const exchange *)(const void *)e, e, &w->d, key, sweep, temperature);
    for (int64_t i = 0; i < spins && flips; i++)
        state[i] = w->d.turn[i] < 0 ? 1 : (int8_t)lowest;
    return (uint64_t)flips;
}

#endif
