/* lanes_work.h - reads side by side (lanes.h) of a Hamiltonian whose couplings are told one by one in double: lists of neighbours
 * and changes in bytes, where the numbers allow that.
 *
 * They do where all of them are whole, times one small power of two, and no field leaves a byte: then no spin has more than 126
 * neighbours either. Lists are made in two passes over the couplings: the first measures, the second fills in. All in one block
 * of the caller's memory.
 */
#ifndef KERNELS_LANES_WORK_H
#define KERNELS_LANES_WORK_H

#include "backends/native/kernels/dense_work.h"
#include "backends/native/kernels/lanes.h"

enum { LANES_WORK_HEAD = 128, LANES_MOST_NEIGHBOURS = 128, LANES_MOST_SPINS = 1 << 16 };

typedef struct lanes_work {
    lanes l;
    double scale;           /* of the numbers to the coefficients */
    double unit;            /* what a flip changes a value by */
    double greatest, least; /* of the spins' typical changes in energy: what a ladder spans */
    int8_t *base, *change;
    uint32_t *neighbour;
    int64_t *row_start;
} lanes_work;

_Static_assert(sizeof(lanes_work) <= LANES_WORK_HEAD, "the head's place");

/* Of one spin, while couplings are measured: in the place of its values. */
typedef struct lanes_sums {
    double size, sum, square; /* of |J|, J, J^2 */
    int64_t count;
} lanes_sums;

_Static_assert(sizeof(lanes_sums) <= LANES_READS, "the sums' place");

/* The first pass. */
typedef struct lanes_measure {
    lanes_sums *sums; /* [spins] */
    int32_t digits;   /* binary, behind the point; DENSE_MOST_DIGITS + 1: too many, or a sum too large, and no more is summed */
} lanes_measure;

/* Places in lists for so many couplings of so many spins, rows filled up. */
static inline int64_t lanes_entries(int64_t spins, int64_t couplings)
{
    int64_t most = spins * LANES_MOST_NEIGHBOURS, needed = 2 * couplings + (LANES_ROW_STEP - 1) * spins;
    return needed < most ? needed : most;
}

static inline int64_t lanes_limit_bytes(int64_t spins)
{
    return (spins + LANES_PAIR - 1) / LANES_PAIR * LANES_LIMIT_BYTES;
}

static inline int64_t lanes_work_bytes(int64_t spins, int64_t entries)
{
    return LANES_WORK_HEAD + (spins + 1) * LANES_READS + lanes_limit_bytes(spins) + (spins + 2) * 8 + entries * 5 + spins;
}

/* ---- making lists ---- */

static inline lanes_measure lanes_work_open(char *work, int64_t spins, int64_t entries)
{
    lanes_work *w = (lanes_work *)(void *)work;
    char *value = work + LANES_WORK_HEAD, *limit = value + (spins + 1) * LANES_READS, *rows = limit + lanes_limit_bytes(spins);
    char *lists = rows + (spins + 2) * 8;
    w->row_start = (int64_t *)(void *)rows;
    w->neighbour = (uint32_t *)(void *)lists;
    w->change = (int8_t *)lists + entries * 4;
    w->base = w->change + entries;
    w->l = (lanes){.spins = spins,
                   .row_start = w->row_start,
                   .neighbour = w->neighbour,
                   .change = w->change,
                   .base = w->base,
                   .value = (int8_t *)value,
                   .limit = (int8_t *)limit,
                   .step = -1};
    lanes_measure m = {(lanes_sums *)(void *)value, 0};
    for (int64_t i = 0; i < spins; i++)
        m.sums[i] = (lanes_sums){0, 0, 0, 0};
    return m;
}

static inline void lanes_measure_number(lanes_measure *m, double value)
{
    while (m->digits <= DENSE_MOST_DIGITS && dense_fraction(value, (double)(1 << m->digits)) != 0)
        m->digits++;
}

static inline void lanes_measure_coupling(lanes_measure *m, int64_t first, int64_t second, double value)
{
    if (value == 0 || m->digits > DENSE_MOST_DIGITS)
        return;
    lanes_measure_number(m, value);
    for (int end = 0; end < 2; end++) {
        lanes_sums *s = &m->sums[end ? second : first];
        s->size += dense_size(value);
        s->sum += value;
        s->square += value * value;
        s->count++;
        m->digits = s->size <= BYTES_LARGEST ? m->digits : DENSE_MOST_DIGITS + 1;
    }
}

/* Notes what flips of a spin of this field of its own typically cost (dense_typical). */
static inline void lanes_note_typical(lanes_work *w, const lanes_sums *s, double linear)
{
    double mean = w->unit > 1 ? linear : linear + s->sum / 2, share = w->unit > 1 ? 1 : 0.25;
    double typical = w->unit * sqrt(mean * mean + share * s->square);
    w->greatest = typical > w->greatest ? typical : w->greatest;
    w->least = typical > 0 && (w->least == 0 || typical < w->least) ? typical : w->least;
}

/* Between the passes; 0 where the numbers do not fit, and then there is no second. down: fields where all spins are down; unit: 1
 * for {0, 1}, 2 for {-1, 1}. row_start[i + 1] becomes where row i begins. */
static inline int lanes_work_lay_out(char *work, lanes_measure *m, const double *down, int64_t unit)
{
    lanes_work *w = (lanes_work *)(void *)work;
    int64_t spins = w->l.spins, at = 0;
    for (int64_t i = 0; i < spins && m->digits <= DENSE_MOST_DIGITS; i++)
        lanes_measure_number(m, down[i]);
    if (m->digits > DENSE_MOST_DIGITS)
        return 0;
    w->scale = (double)(1 << m->digits);
    w->unit = (double)unit;
    w->greatest = w->least = 0;
    for (int64_t i = 0; i < spins; i++) {
        double linear = unit > 1 ? down[i] + m->sums[i].sum : down[i];
        if (!((dense_size(linear) + m->sums[i].size) * w->scale <= BYTES_LARGEST))
            return 0;
        lanes_note_typical(w, &m->sums[i], linear);
    }
    w->row_start[0] = 0;
    for (int64_t i = 0; i < spins; i++) {
        w->base[i] = (int8_t)(down[i] * w->scale);
        w->row_start[i + 1] = at;
        at += (m->sums[i].count + LANES_ROW_STEP - 1) / LANES_ROW_STEP * LANES_ROW_STEP;
    }
    return 1;
}

/* The second pass: row_start[i + 1] moves to where row i ends. Changes are taken modulo 256, as fields are. */
static inline void lanes_work_add(lanes_work *w, int64_t first, int64_t second, double value)
{
    if (value == 0)
        return;
    int64_t in_first = w->row_start[first + 1]++, in_second = w->row_start[second + 1]++;
    w->neighbour[in_first] = (uint32_t)second * LANES_READS;
    w->neighbour[in_second] = (uint32_t)first * LANES_READS;
    w->change[in_first] = w->change[in_second] = (int8_t)(int32_t)(value * w->scale * w->unit);
}

/* Where all changes are the same, they need not be read. */
static inline void lanes_work_close(lanes_work *w)
{
    int64_t spins = w->l.spins;
    int8_t differ = 0, first = 0;
    for (int64_t i = 0; i < spins; i++) {
        int64_t begin = i ? (w->row_start[i] + LANES_ROW_STEP - 1) / LANES_ROW_STEP * LANES_ROW_STEP : 0;
        for (int64_t k = begin; k < w->row_start[i + 1]; k++) {
            first = first ? first : w->change[k];
            differ |= w->change[k] ^ first;
        }
    }
    for (int64_t i = 0; i < spins; i++)
        for (; w->row_start[i + 1] % LANES_ROW_STEP; w->row_start[i + 1]++) {
            w->neighbour[w->row_start[i + 1]] = (uint32_t)spins * LANES_READS;
            w->change[w->row_start[i + 1]] = 0;
        }
    if (!differ) {
        w->l.change = 0;
        w->l.step = first ? first : 1;
    }
}

/* ---- states ---- */

/* The state of one read from, or into, 1 where a spin is up and `lowest` where it is down. */
static inline void lanes_work_put(const lanes_work *w, int64_t read, const int8_t *state)
{
    for (int64_t i = 0; i < w->l.spins; i++)
        w->l.value[i * LANES_READS + read] = state[i] == 1 ? w->l.step : 0;
    w->l.value[w->l.spins * LANES_READS + read] = 0;
}

static inline void lanes_work_give(const lanes_work *w, int64_t read, int8_t *state, int8_t lowest)
{
    for (int64_t i = 0; i < w->l.spins; i++)
        state[i] = w->l.value[i * LANES_READS + read] ? 1 : lowest;
}

/* What one unit of gain costs, over the temperature. */
static inline double lanes_work_cost(const lanes_work *w, double temperature)
{
    return w->unit / (w->scale * temperature);
}

#endif
