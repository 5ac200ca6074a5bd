/* dense.h - single flips over spins that are all coupled: Metropolis in index order, sixty-four spins at a look.
 *
 * With v the spins' values (-1, 1 or 0, 1) the field of a spin is h_i + sum_j J_ij v_j, and a flip changes the energy by turn_i *
 * field_i * (the change of its value); turn is 1 where a spin is down and -1 where it is up. A flip adds or subtracts one row of
 * J to all fields: what an anneal's time goes to. Hence
 *
 *  - a block of 64 spins is tested at once against its acceptance limits, -log(u) * temperature; where even u = 2^-24 would
 *    accept nothing, nothing is drawn (runtime/threshold.h: the draw of a spin does not depend on which others were made);
 *  - the first accepted spin flips, the fields of its block follow, and those behind it are tested again with the same limits:
 *    exactly the sweep of one spin after the other;
 *  - flips wait for the fields that want them: a block first takes what has flipped before it in its span of eight, fields
 *    outside take the span's flips in one pass, each in the order of the flips;
 *  - rows are as narrow as is exact. Whole couplings within 127 and fields within 32,767: 8-bit rows, 16-bit fields; couplings
 *    within 32,767 and fields within 2^30: 16 and 32 bits; otherwise float32. As many whole rows as cannot overflow are summed
 *    in their own type before they are widened.
 *
 * Sums of whole numbers are exact, those of float32 are in a fixed order: the states are the same on every processor, and of all
 * three types where all are exact. Plain functions over the caller's memory, for C and for bitcode.
 */
#ifndef KERNELS_DENSE_H
#define KERNELS_DENSE_H

#include "backends/native/kernels/vector.h"

enum { DENSE_BLOCK = 64, DENSE_SPAN = 8 * DENSE_BLOCK, DENSE_LINE = 64 };

typedef enum dense_numbers { DENSE_FLOAT, DENSE_INT16, DENSE_INT8 } dense_numbers; /* the type of the rows */

typedef struct dense {
    int64_t spins, padded; /* to whole blocks */
    int64_t stride;        /* from row to row, in numbers; rows do not start at like places of the cache */
    int32_t numbers;       /* dense_numbers */
    int32_t change;        /* of a spin's value by a flip up: 2 or 1 */
    int32_t batch;         /* rows that can be summed in their own type; 1: they are widened one by one */
    void *rows;            /* [spins, stride], symmetric, the diagonal 0 as all padding is */
    void *base;            /* [padded] of the fields' type: the fields where all spins are down */
    void *fields;          /* [padded] */
    int8_t *turn;          /* [padded], padding any */
} dense;

/* ---- types and memory ---- */

VECTOR_INLINE double dense_size(double x)
{
    return x < 0 ? -x : x;
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

/* `largest` of all |J_ij|, `reach` of all |h_i| + sum_j |J_ij|, both as they will be stored. */
static inline dense_numbers dense_choose(int whole, double largest, double reach)
{
    if (whole && largest <= 127 && reach <= 32767)
        return DENSE_INT8;
    return whole && largest <= 32767 && reach <= 1073741824.0 ? DENSE_INT16 : DENSE_FLOAT;
}

static inline int64_t dense_row_size(int32_t numbers)
{
    return numbers == DENSE_INT8 ? 1 : numbers == DENSE_INT16 ? 2 : 4;
}

static inline int64_t dense_field_size(int32_t numbers)
{
    return numbers == DENSE_INT8 ? 2 : 4;
}

/* Bytes of rows and base, and of fields and turn: whole lines, to be aligned to them. Of no more than 2^30 spins. */
static inline int64_t dense_row_bytes(int64_t padded, int32_t numbers)
{
    int64_t bytes = padded * dense_row_size(numbers);
    return bytes / DENSE_LINE % 2 ? bytes : bytes + DENSE_LINE;
}

static inline int64_t dense_padded(int64_t spins)
{
    return (spins + DENSE_BLOCK - 1) / DENSE_BLOCK * DENSE_BLOCK;
}

static inline int64_t dense_bytes(int64_t spins, int32_t numbers)
{
    int64_t padded = dense_padded(spins);
    return spins * dense_row_bytes(padded, numbers) + padded * dense_field_size(numbers);
}

static inline int64_t dense_state_bytes(int64_t spins, int32_t numbers)
{
    return dense_padded(spins) * (dense_field_size(numbers) + 1);
}

/* Puts rows and base at `memory`, for dense_set and dense_fill_base. `largest` as for dense_choose, `change` as above. */
static inline dense dense_place(int64_t spins, int32_t numbers, int32_t change, double largest, void *memory)
{
    int64_t padded = dense_padded(spins), row = dense_row_bytes(padded, numbers);
    double most = (numbers == DENSE_INT8 ? 127 : 32767) / (largest > 1 ? largest : 1);
    return (dense){.spins = spins,
                   .padded = padded,
                   .stride = row / dense_row_size(numbers),
                   .numbers = numbers,
                   .change = change,
                   .batch = numbers == DENSE_FLOAT || most < 1 ? 1 : (int32_t)most,
                   .rows = memory,
                   .base = (char *)memory + spins * row};
}

/* Puts fields and turn at `memory`: to be filled by turns and dense_fields. One a worker. */
static inline void dense_place_state(dense *d, void *memory)
{
    d->fields = memory;
    d->turn = (int8_t *)memory + d->padded * dense_field_size(d->numbers);
}

/* J_ij, a number that the rows' type holds exactly or, as float, rounded. Every row is to be filled up to the stride. */
static inline void dense_set(const dense *d, int64_t i, int64_t j, double value)
{
    if (d->numbers == DENSE_INT8)
        ((int8_t *)d->rows)[i * d->stride + j] = (int8_t)value;
    else if (d->numbers == DENSE_INT16)
        ((int16_t *)d->rows)[i * d->stride + j] = (int16_t)value;
    else
        ((float *)d->rows)[i * d->stride + j] = (float)value;
}

/* The field of one spin, or one of the padding, where all are down. */
static inline void dense_fill_base(const dense *d, int64_t spin, double value)
{
    if (d->numbers == DENSE_INT8)
        ((int16_t *)d->base)[spin] = (int16_t)value;
    else if (d->numbers == DENSE_INT16)
        ((int32_t *)d->base)[spin] = (int32_t)value;
    else
        ((float *)d->base)[spin] = (float)value;
}

/* A place in a span's flips: so many of them up, or of either kind where they are kept in one row, and down. */
typedef struct dense_mark {
    int32_t up, down;
} dense_mark;

/* The numbers that exist from `first` on, as bits. */
static inline uint64_t dense_valid(const dense *d, int64_t first)
{
    int64_t left = d->spins - first;
    return left >= DENSE_BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

/* ---- limits ---- */

/* -log of the least u: above it nothing is accepted. */
static const float dense_largest_threshold = 24 * 0.693147180559945f;
/* Limits stay finite at any temperature. */
static const float dense_largest_factor = 1e37f;

typedef int8_t dense_i8x32 __attribute__((vector_size(32)));
typedef int16_t dense_i16x32 __attribute__((vector_size(64)));
typedef int8_t dense_i8x64 __attribute__((vector_size(64)));

VECTOR_INLINE i32x16 dense_floor(f32x16 limit, float most)
{
    return __builtin_convertvector(min_f32(limit, f32x16_of(most)), i32x16);
}

/* Of 64 spins: a change in energy of unit * c is accepted when c <= limit. */
VECTOR_INLINE void dense_limits_float(const f32x16 limit[4], f32x16 out[4])
{
    for (int v = 0; v < 4; v++)
        out[v] = limit[v];
}

VECTOR_INLINE void dense_limits_int16(const f32x16 limit[4], i32x16 out[4])
{
    for (int v = 0; v < 4; v++)
        out[v] = dense_floor(limit[v], 1073741824.0f);
}

VECTOR_INLINE void dense_limits_int8(const f32x16 limit[4], dense_i16x32 out[2])
{
    for (int v = 0; v < 4; v++) {
        i16x16 half = __builtin_convertvector(dense_floor(limit[v], 32767.0f), i16x16);
        __builtin_memcpy((char *)out + v * sizeof half, &half, sizeof half);
    }
}

VECTOR_INLINE uint64_t dense_bits16(i32x16 mask)
{
    return mask_bits(mask);
}

VECTOR_INLINE uint64_t dense_bits32(dense_i16x32 mask)
{
#ifdef __clang__
    typedef _Bool bits __attribute__((ext_vector_type(32)));
    bits b = __builtin_convertvector(mask, bits);
    uint32_t word;
    __builtin_memcpy(&word, &b, sizeof word);
    return word;
#else
    uint32_t word = 0;
    for (int lane = 0; lane < 32; lane++)
        word |= ((uint32_t)mask[lane] & 1) << lane;
    return word;
#endif
}

/* ---- the kernels, of each type ---- */

#define NAMED(x) dense_##x##_float
#define ROW float
#define FIELD float
#define WIDTH 16
#define FIELDS f32x16
#define ROWS f32x16
#define TURNS i8x16
#define BITS dense_bits16
#include "backends/native/kernels/dense_number.h"

#define NAMED(x) dense_##x##_int16
#define ROW int16_t
#define FIELD int32_t
#define WIDTH 16
#define FIELDS i32x16
#define ROWS i16x16
#define TURNS i8x16
#define BITS dense_bits16
#define SUMS dense_i16x32
#include "backends/native/kernels/dense_number.h"

#define NAMED(x) dense_##x##_int8
#define ROW int8_t
#define FIELD int16_t
#define WIDTH 32
#define FIELDS dense_i16x32
#define ROWS dense_i8x32
#define TURNS dense_i8x32
#define BITS dense_bits32
#define SUMS dense_i8x64
#include "backends/native/kernels/dense_number.h"

/* The fields anew from base and turn. */
static inline void dense_fields(const dense *d)
{
    if (d->numbers == DENSE_INT8)
        dense_renew_int8(d);
    else if (d->numbers == DENSE_INT16)
        dense_renew_int16(d);
    else
        dense_renew_float(d);
}

static inline int64_t dense_sweep_of(const dense *d, const uint32_t *key, uint32_t sweep, float factor)
{
    if (d->numbers == DENSE_INT8)
        return dense_sweep_int8(d, key, sweep, factor);
    return d->numbers == DENSE_INT16 ? dense_sweep_int16(d, key, sweep, factor) : dense_sweep_float(d, key, sweep, factor);
}

/* One Metropolis sweep at a temperature in units of (the fields' numbers) * (the change of a spin's value). Returns the flips. */
static inline int64_t dense_sweep(const dense *d, const uint32_t key[2], uint32_t sweep, double temperature)
{
    return dense_sweep_of(d, key, sweep, temperature < dense_largest_factor ? (float)temperature : dense_largest_factor);
}

/* One sweep in index order that flips what lowers the energy. Returns the flips. */
static inline int64_t dense_descend(const dense *d)
{
    return dense_sweep_of(d, 0, 0, d->numbers == DENSE_FLOAT ? -0x1p-126f : -1);
}

#endif
