/* dense_work.h - the dense kernels in a program's workspace: rows in the least type that will do, chosen and filled.
 *
 * The workspace is a head, rows and base, fields and turn, in places for float32, which is the widest. Coefficients are taken
 * times a power of two. Whole numbers, after that, stay exact. Others are rounded to 16 bits where what a field loses by it
 * is far below the coldest temperature, and to float32 where it is not; a read's end is polished and judged in double.
 */
#ifndef KERNELS_DENSE_WORK_H
#define KERNELS_DENSE_WORK_H

#include "backends/native/kernels/dense_fill.h"
#include "backends/native/kernels/exchange.h"

enum { DENSE_WORK_HEAD = 128, DENSE_RENEWAL_SWEEPS = 1024 };

/* Rounded couplings lie between these and twice as much, or lower where they were guessed too large: many rows can be added up
 * in 16 bits. */
#define DENSE_ROUNDED_SIZE 1024
/* How much of a spin's least typical change in energy the fields may lose by rounding: a twenty-fifth of the temperatures that
 * ladders end at. */
#define DENSE_ROUNDED_LOSS 2e-3
/* Of an energy that was summed up in float32, relative to the sum of its parts' sizes. */
#define DENSE_FLOAT_ERROR 1e-5

typedef struct dense_work {
    dense d;
    double scale;           /* of the rows' numbers to the coefficients */
    int32_t rounded;        /* whole numbers that were not */
    double greatest, least; /* of the spins' typical changes in energy: what a ladder spans */
    double swing;           /* root of the sum of squares of the spins' largest |J_ij| */
} dense_work;

_Static_assert(sizeof(dense_work) <= DENSE_WORK_HEAD, "the head's place");

static inline int64_t dense_work_bytes(int64_t spins)
{
    return DENSE_WORK_HEAD + dense_bytes(spins, DENSE_FLOAT) + dense_state_bytes(spins, DENSE_FLOAT);
}

/* Behind these: couplings in double, while rows are gathered from single ones. */
static inline int64_t dense_gather_bytes(int64_t spins)
{
    return spins * spins * 8;
}

/* ---- preparing ---- */

static inline void dense_work_place(dense_work *w, const dense_couplings *c, int64_t lowest, dense_numbers numbers,
                                    double largest)
{
    char *work = (char *)w + DENSE_WORK_HEAD;
    w->d = dense_place(c->spins, numbers, (int32_t)(1 - lowest), largest * w->scale, work);
    dense_place_state(&w->d, work + dense_bytes(c->spins, DENSE_FLOAT));
}

/* The root of the mean square of what the field of a spin is off by when rows are rounded to whole numbers: each by the root of
 * 1/12, one in two counts, times what a flip changes; and the same for its base. */
static inline double dense_rounding(int64_t spins, int64_t lowest)
{
    return (double)(1 - lowest) * sqrt((double)(spins + 1) / 24);
}

/* By the size of the rows that are known so far; if others turn out larger, once more by theirs. Returns whether the numbers
 * can be rounded to 16 bits. */
static inline int dense_round(dense_work *w, dense_sizes *s, const double *linear, const dense_couplings *c, int64_t lowest)
{
    int fits = 0;
    for (int tries = 0; tries < 2 && !fits; tries++) {
        w->scale = DENSE_ROUNDED_SIZE * dense_unit(s->largest);
        dense_work_place(w, c, lowest, DENSE_INT16, 1);
        *s = dense_fill(&w->d, linear, c, lowest, w->scale, &fits);
    }
    dense_work_place(w, c, lowest, DENSE_INT16, s->largest + 0.5 / w->scale);
    w->rounded = 1;
    double least = w->greatest > 0 ? w->least : s->least;
    return fits && dense_rounding(c->spins, lowest) <= DENSE_ROUNDED_LOSS * least * w->scale;
}

/* Exactly where they are whole times 2^digits, else in float32. */
static inline void dense_take(dense_work *w, dense_sizes *s, const double *linear, const dense_couplings *c, int64_t lowest,
                              int32_t digits)
{
    int whole = digits <= DENSE_MOST_DIGITS;
    w->scale = (double)(1 << (whole ? digits : 0));
    dense_numbers numbers = dense_choose(whole, s->largest * w->scale, s->reach * w->scale);
    if (numbers == DENSE_FLOAT)
        w->scale = dense_unit(s->largest_number);
    dense_work_place(w, c, lowest, numbers, s->largest);
    *s = dense_fill(&w->d, linear, c, lowest, w->scale, 0);
    w->rounded = 0;
}

/* lowest: 0 or -1. greatest, least: what moves besides single flips make of the span, or 0 where it is that of single flips. */
static inline void dense_work_prepare_spanning(char *work, const double *linear, const dense_couplings *c, int64_t lowest,
                                               double greatest, double least)
{
    dense_work *w = (dense_work *)(void *)work;
    dense_sizes s = dense_measure(c, linear);
    int32_t digits = s.digits;
    w->greatest = greatest;
    w->least = least;
    if (digits <= DENSE_MOST_DIGITS || !dense_round(w, &s, linear, c, lowest))
        dense_take(w, &s, linear, c, lowest, digits);
    w->swing = sqrt(s.largest_square) / w->scale;
    w->greatest = greatest > 0 ? greatest : s.greatest;
    w->least = greatest > 0 ? least : s.least;
    for (int64_t i = c->spins; i < w->d.padded; i++)
        w->d.turn[i] = 1;
}

static inline void dense_work_prepare(char *work, const double *linear, const dense_couplings *c, int64_t lowest)
{
    dense_work_prepare_spanning(work, linear, c, lowest, 0, 0);
}

/* ---- the other functions of a program ---- */

/* After dense_work_prepare alone. Returns how many spins lean neither way, which keep their values. */
static inline int64_t dense_work_lean(const char *work, int8_t *state, int64_t spins, int64_t lowest)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    const int8_t *turn = w->d.turn;
    int64_t left = 0;
    for (int64_t i = 0; i < spins; i++)
        left += turn[i] == 0;
    for (int64_t i = 0; i < spins; i++)
        state[i] = turn[i] < 0 ? 1 : turn[i] > 0 ? (int8_t)lowest : state[i];
    return left;
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
    int8_t *turn = w->d.turn;
    for (int64_t i = 0; i < spins; i++)
        turn[i] = state[i] == 1 ? -1 : 1;
    dense_fields(&w->d);
}

#define DENSE_SUM_RAISED(type)                                                                                                   \
    do {                                                                                                                         \
        const type *base = d->base, *field = d->fields;                                                                          \
        for (int64_t i = 0; i < d->spins; i++) {                                                                                 \
            double down = (double)base[i], up = (double)field[i];                                                                \
            sum += d->turn[i] < 0 ? down + up : 0;                                                                               \
            size += d->turn[i] < 0 ? dense_size(down) + dense_size(up) : 0;                                                      \
        }                                                                                                                        \
    } while (0)

/* What the estimate may be off by at the most: by float32, of summands of this size, and of couplings that went into each field
 * and out of it again; or by rounding, half a step for the base of each raised spin and the coupling of each pair of them. */
static inline double dense_work_error(const dense_work *w, double size)
{
    double raised = 0, change = w->d.change;
    if (w->d.numbers == DENSE_FLOAT)
        return DENSE_FLOAT_ERROR * (size + change * change / 2 * w->swing);
    for (int64_t i = 0; i < w->d.spins && w->rounded; i++)
        raised += w->d.turn[i] < 0;
    return change * raised * (0.5 + 0.25 * change * (raised - 1)) / w->scale;
}

/* The energy above that of all spins down, and what it may be off by. Each raised spin brings its change of value times the mean
 * of its field where all are down, which has none of its couplings to raised ones, and of its field, which has all of them: each
 * coupling counts once. */
static inline double dense_work_estimate(const char *work, double *error)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    const dense *d = &w->d;
    double sum = 0, size = 0;
    if (d->numbers == DENSE_INT8)
        DENSE_SUM_RAISED(int16_t);
    else if (d->numbers == DENSE_INT16)
        DENSE_SUM_RAISED(int32_t);
    else
        DENSE_SUM_RAISED(float);
    double half_step = d->change / (2 * w->scale);
    *error = dense_work_error(w, size * half_step);
    return sum * half_step;
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
        flips += exchange_sweep((const exchange *)(const void *)e, e, &w->d, 0, key, sweep, temperature);
    const int8_t *turn = w->d.turn;
    for (int64_t i = 0; flips && i < spins; i++)
        state[i] = turn[i] < 0 ? 1 : (int8_t)lowest;
    return (uint64_t)flips;
}

#endif
