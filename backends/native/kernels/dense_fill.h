/* dense_fill.h - dense rows (dense.h) from coefficients: what sizes the coefficients have, and rows, base and the spins' typical
 * changes in energy in one pass over them. Coefficients are double, or float32 where they are products; in float32 those are also
 * laid out where rows are rounded to 16 bits, twice as many at a time.
 */
#ifndef KERNELS_DENSE_FILL_H
#define KERNELS_DENSE_FILL_H

#include "backends/native/kernels/dense.h"

double sqrt(double);

enum { DENSE_MOST_DIGITS = 8 };

/* In standard deviations, what a row's rounding may sum up to. */
#define DENSE_NOISE 6

/* Symmetric [spins, spins] of the coefficients of a term, in double or in float32, and what all pairs have in addition. */
typedef struct dense_couplings {
    int64_t spins;
    const double *value; /* NULL: none */
    const float *narrow; /* instead; NULL: none */
    double uniform;
} dense_couplings;

/* ---- measuring ---- */

typedef struct dense_sizes {
    double largest, reach; /* of |J_ij|; of |h_i| + sum_j |J_ij| */
    double largest_number; /* of these and |h_i| */
    double largest_square; /* the sum of the squares of the rows' largest; of filled rows: as they are stored */
    double greatest, least;
    int32_t digits; /* binary digits behind the point, up to DENSE_MOST_DIGITS + 1: too many */
} dense_sizes;

/* Sixteen sums side by side, of every sixteenth number: as fast as the numbers come. */
typedef int64_t dense_i64x16 __attribute__((vector_size(128)));
typedef uint64_t dense_u64x16 __attribute__((vector_size(128)));

/* Of one row and the spin's own field. */
typedef struct dense_row {
    double linear, sum, square, largest;
    double size; /* sum of |J_ij|; of filled rows: no less */
    double lost; /* by rounding */
} dense_row;

enum { DENSE_LANES = 16 };

typedef double dense_f64x8 __attribute__((vector_size(64)));
typedef double dense_f64x4 __attribute__((vector_size(32)));

VECTOR_INLINE double dense_total(f64x16 x)
{
    dense_f64x8 eight =
        __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
    dense_f64x4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
    return (four[0] + four[1]) + (four[2] + four[3]);
}

VECTOR_INLINE f64x16 dense_larger(f64x16 largest, f64x16 x)
{
    f64x16 size = (f64x16)((dense_i64x16)x & INT64_MAX);
    dense_i64x16 larger = size > largest;
    return (f64x16)(((dense_i64x16)size & larger) | ((dense_i64x16)largest & ~larger));
}

VECTOR_INLINE double dense_greatest_lane(f64x16 x)
{
    x = dense_larger(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = dense_larger(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
    x = dense_larger(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
    return x[0] > x[1] ? x[0] : x[1];
}

VECTOR_INLINE double dense_coupling(const dense_couplings *c, int64_t i, int64_t j)
{
    int64_t at = i * c->spins + j;
    return i == j ? 0 : (c->value ? c->value[at] : c->narrow ? (double)c->narrow[at] : 0) + c->uniform;
}

/* Whether the rows are what is stored, with a diagonal of 0, and as which numbers. */
typedef enum dense_plain { DENSE_NOT_PLAIN, DENSE_PLAIN_F64, DENSE_PLAIN_F32 } dense_plain;

VECTOR_INLINE dense_plain dense_plain_of(const dense_couplings *c)
{
    return c->uniform != 0 ? DENSE_NOT_PLAIN : c->value ? DENSE_PLAIN_F64 : c->narrow ? DENSE_PLAIN_F32 : DENSE_NOT_PLAIN;
}

/* J_ij from j on; 0 behind the last. `plain` is known where it is called, so that loops have no choice to make. */
VECTOR_INLINE f64x16 dense_load(const dense_couplings *c, int64_t i, int64_t j, dense_plain plain)
{
    f64x16 x;
    f32x16 narrow;
    double part[DENSE_LANES] = {0};
    if (plain && j + DENSE_LANES <= c->spins) {
        int64_t at = i * c->spins + j;
        if (plain == DENSE_PLAIN_F64) {
            __builtin_memcpy(&x, c->value + at, sizeof x);
            return x;
        }
        __builtin_memcpy(&narrow, c->narrow + at, sizeof narrow);
        return __builtin_convertvector(narrow, f64x16);
    }
    for (int k = 0; k < DENSE_LANES && j + k < c->spins; k++)
        part[k] = dense_coupling(c, i, j + k);
    __builtin_memcpy(&x, part, sizeof x);
    return x;
}

VECTOR_INLINE dense_row dense_sum_row_if(const dense_couplings *c, int64_t i, double linear, dense_plain plain)
{
    f64x16 sum = {0}, size = {0}, square = {0}, largest = {0};
    for (int64_t j = 0; j < c->spins; j += DENSE_LANES) {
        f64x16 x = dense_load(c, i, j, plain);
        sum += x;
        size += (f64x16)((dense_i64x16)x & INT64_MAX);
        square += x * x;
        largest = dense_larger(largest, x);
    }
    return (dense_row){.linear = linear,
                       .sum = dense_total(sum),
                       .square = dense_total(square),
                       .largest = dense_greatest_lane(largest),
                       .size = dense_total(size)};
}

static inline dense_row dense_sum_row(const dense_couplings *c, int64_t i, double linear)
{
    dense_plain plain = dense_plain_of(c);
    return plain == DENSE_PLAIN_F64 ? dense_sum_row_if(c, i, linear, DENSE_PLAIN_F64) : dense_sum_row_if(c, i, linear, plain);
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

/* The mean of a spin's field when the others are at random. */
VECTOR_INLINE double dense_mean(const dense_row *row, int64_t lowest)
{
    return lowest ? row->linear : row->linear + row->sum / 2;
}

/* Then the energy changes by about the change of value times the root of this: mean^2 + variance. */
VECTOR_INLINE double dense_typical_square(const dense_row *row, int64_t lowest)
{
    double mean = dense_mean(row, lowest), share = lowest ? 1 : 0.25;
    return mean * mean + share * row->square;
}

/* Of one more row; not the digits, nor the typical changes. */
VECTOR_INLINE void dense_add_row(dense_sizes *s, const dense_row *row)
{
    double size = dense_size(row->linear), reach = row->size + size;
    double number = row->largest > size ? row->largest : size;
    s->largest = row->largest > s->largest ? row->largest : s->largest;
    s->largest_number = number > s->largest_number ? number : s->largest_number;
    s->largest_square += row->largest * row->largest;
    s->reach = reach > s->reach ? reach : s->reach;
}

/* Without typical changes. Ends early at a row with too many digits: then the sizes are not those of all. */
static inline dense_sizes dense_measure(const dense_couplings *c, const double *linear)
{
    dense_sizes s = {.digits = 0};
    for (int64_t i = 0; i < c->spins && s.digits <= DENSE_MOST_DIGITS; i++) {
        dense_row row = dense_sum_row(c, i, linear[i]);
        dense_add_row(&s, &row);
        while (s.digits <= DENSE_MOST_DIGITS && !dense_row_whole(c, i, linear[i], (double)(1 << s.digits)))
            s.digits++;
    }
    return s;
}

/* ---- rows of each type ---- */

/* Numbers plus this are, as bits, its bits plus the nearest whole number, of halves the even one; up to 2^51. */
#define DENSE_MAGIC 0x1.8p52

typedef int16_t dense_i16x64 __attribute__((vector_size(128)));
typedef int8_t dense_i8x16 __attribute__((vector_size(16)));
typedef int8_t dense_i8x128 __attribute__((vector_size(128)));

/* Sixteen scaled numbers as numbers of a row: whole ones from the low end of `near`, which is x and DENSE_MAGIC. */
VECTOR_INLINE void dense_store(const dense *d, int64_t at, f64x16 x, f64x16 near, dense_numbers numbers)
{
    dense_i8x128 all = (dense_i8x128)near;
    dense_i8x16 bytes = __builtin_shufflevector(all, all, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120);
    dense_i16x64 pairs = (dense_i16x64)near;
    i16x16 words = __builtin_shufflevector(pairs, pairs, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60);
    f32x16 real = __builtin_convertvector(x, f32x16);
    if (numbers == DENSE_INT8)
        __builtin_memcpy((int8_t *)d->rows + at, &bytes, sizeof bytes);
    else if (numbers == DENSE_INT16)
        __builtin_memcpy((int16_t *)d->rows + at, &words, sizeof words);
    else
        __builtin_memcpy((float *)d->rows + at, &real, sizeof real);
}

/* Sums of a row that is being filled. */
typedef struct dense_filling {
    f64x16 sum, square, largest;
    dense_u64x16 kept; /* the whole numbers, and as many times the bits of DENSE_MAGIC */
} dense_filling;

VECTOR_INLINE void dense_fill_sixteen(dense_filling *f, const dense *d, int64_t at, f64x16 x, dense_numbers numbers)
{
    f->sum += x;
    f->square += x * x;
    f->largest = dense_larger(f->largest, x);
    f64x16 near = x + DENSE_MAGIC;
    f->kept += (dense_u64x16)near;
    dense_store(d, at, x, near, numbers);
}

/* Returns sums of the scaled numbers, in the same pass. Those that do not fit become any. */
VECTOR_INLINE dense_row dense_fill_row(const dense *d, int64_t i, const dense_couplings *c, double linear, double scale,
                                       dense_numbers numbers, dense_plain plain)
{
    dense_filling f = {{0}, {0}, {0}, {0}};
    int64_t j = 0, to = i * d->stride;
    union {
        double number;
        uint64_t bits;
    } magic = {DENSE_MAGIC};
    uint64_t kept = -(uint64_t)d->stride * magic.bits;
    for (; j + DENSE_LANES <= c->spins; j += DENSE_LANES)
        dense_fill_sixteen(&f, d, to + j, dense_load(c, i, j, plain) * scale, numbers);
    for (; j < d->stride; j += DENSE_LANES)
        dense_fill_sixteen(&f, d, to + j, dense_load(c, i, j, DENSE_NOT_PLAIN) * scale, numbers);
    for (int k = 0; k < DENSE_LANES; k++)
        kept += f.kept[k];
    dense_row row = {.linear = linear * scale,
                     .sum = dense_total(f.sum),
                     .square = dense_total(f.square),
                     .largest = dense_greatest_lane(f.largest)};
    row.size = row.largest * (double)c->spins;
    row.lost = numbers == DENSE_FLOAT ? 0 : row.sum - (double)(int64_t)kept;
    return row;
}

/* ---- the same of couplings in float32 that are rounded to 16 bits: in their own precision, a chunk's sums at a time ---- */

/* As DENSE_MAGIC, up to 2^22; and how many numbers are summed up in float32: so few that what it costs is far below a step. */
#define DENSE_MAGIC_F32 0x1.8p23f
enum { DENSE_CHUNK = 512 };

typedef struct dense_narrow_filling {
    f32x16 sum, square, largest; /* largest: not scaled, so that it is right whatever the scale */
    u32x16 kept;
} dense_narrow_filling;

VECTOR_INLINE void dense_round_sixteen(dense_narrow_filling *f, int16_t *to, f32x16 x, float scale)
{
    f32x16 scaled = x * scale, near = scaled + DENSE_MAGIC_F32;
    i16x32 pairs = (i16x32)near;
    i16x16 words = __builtin_shufflevector(pairs, pairs, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    f->sum += scaled;
    f->square += scaled * scaled;
    f->largest = max_f32(abs_f32(x), f->largest);
    f->kept += (u32x16)near;
    __builtin_memcpy(to, &words, sizeof words);
}

VECTOR_INLINE f32x16 dense_load_narrow(const float *row, int64_t j, int64_t spins)
{
    f32x16 x = {0};
    if (j + DENSE_LANES <= spins)
        return load_f32(row + j);
    for (int k = 0; k < DENSE_LANES && j + k < spins; k++)
        x[k] = row[j + k];
    return x;
}

VECTOR_INLINE float dense_greatest_f32(f32x16 x)
{
    x = max_f32(x, __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    x = max_f32(x, __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
    x = max_f32(x, __builtin_shufflevector(x, x, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
    return x[0] > x[1] ? x[0] : x[1];
}

typedef struct dense_narrow_sums {
    f64x16 sum, square;
    f32x16 largest;
    u32x16 kept;
} dense_narrow_sums;

/* Vectors by turns into two sums, of which one is made while the other would wait for itself. */
VECTOR_INLINE void dense_round_chunk(dense_narrow_sums *s, int16_t *to, const float *row, int64_t from, int64_t end,
                                     int64_t spins, float scale)
{
    dense_narrow_filling even = {{0}, {0}, {0}, {0}}, odd = even;
    int64_t j = from, whole = end < spins ? end : spins;
    for (; j + 2 * DENSE_LANES <= whole; j += 2 * DENSE_LANES) {
        dense_round_sixteen(&even, to + j, load_f32(row + j), scale);
        dense_round_sixteen(&odd, to + j + DENSE_LANES, load_f32(row + j + DENSE_LANES), scale);
    }
    for (; j < end; j += DENSE_LANES)
        dense_round_sixteen(&even, to + j, dense_load_narrow(row, j, spins), scale);
    s->sum += __builtin_convertvector(even.sum + odd.sum, f64x16);
    s->square += __builtin_convertvector(even.square + odd.square, f64x16);
    s->largest = max_f32(s->largest, max_f32(even.largest, odd.largest));
    s->kept += even.kept + odd.kept;
}

/* row: [spins], linear its spin's own field; to: [stride]. */
static inline dense_row dense_round_row(int16_t *to, int64_t stride, const float *row, int64_t spins, double linear, float scale)
{
    dense_narrow_sums s = {{0}, {0}, {0}, {0}};
    for (int64_t j = 0; j < stride; j += DENSE_CHUNK)
        dense_round_chunk(&s, to, row, j, stride - j < DENSE_CHUNK ? stride : j + DENSE_CHUNK, spins, scale);
    s.kept -= (uint32_t)(stride / DENSE_LANES) * (u32x16)f32x16_of(DENSE_MAGIC_F32);
    dense_row all = {.linear = linear * scale,
                     .sum = dense_total(s.sum),
                     .square = dense_total(s.square),
                     .largest = (double)dense_greatest_f32(s.largest) * scale};
    all.size = all.largest * (double)spins;
    all.lost = all.sum - dense_total(__builtin_convertvector((i32x16)s.kept, f64x16));
    return all;
}

/* Whether the scaled numbers of a row that are rounded to 16 bits fit, and its fields 32; and whether what they lost is noise:
 * equal numbers add it up. */
VECTOR_INLINE int dense_row_fits(const dense_row *row, int64_t spins)
{
    return row->largest <= 32767 && row->size + dense_size(row->linear) <= 1073741824.0 &&
           row->lost * row->lost <= DENSE_NOISE * DENSE_NOISE * (double)(spins + 1) / 12;
}

/* Fills rows and base in one pass over the numbers, and turns with what the spins' mean fields favour, or 0. Returns the sizes,
 * without digits; *fits: whether all numbers fit that are rounded to 16 bits. NULL: they do. */
VECTOR_INLINE dense_sizes dense_fill_as(const dense *d, const double *linear, const dense_couplings *c, int64_t lowest,
                                        double scale, int *fits, dense_numbers numbers, dense_plain plain)
{
    const dense own = *d; /* that nobody else writes: what follows is full of writes */
    const dense_couplings all = *c;
    dense_sizes sizes = {.digits = 0};
    double greatest = 0, least = 0, unit = (double)(1 - lowest) / scale;
    int fit = 1;
    for (int64_t i = 0; i < all.spins; i++) {
        dense_row row = numbers == DENSE_INT16 && plain == DENSE_PLAIN_F32
                            ? dense_round_row((int16_t *)own.rows + i * own.stride, own.stride, all.narrow + i * all.spins,
                                              all.spins, linear[i], (float)scale)
                            : dense_fill_row(&own, i, &all, linear[i], scale, numbers, plain);
        dense_add_row(&sizes, &row);
        double square = dense_typical_square(&row, lowest), mean = dense_mean(&row, lowest);
        greatest = square > greatest ? square : greatest;
        least = square > 0 && (least == 0 || square < least) ? square : least;
        own.turn[i] = mean < 0 ? -1 : mean > 0;
        fit = fit && (!fits || dense_row_fits(&row, all.spins));
        if (!fit)
            continue;
        double base = row.linear + (double)lowest * row.sum;
        dense_fill_base(&own, i, numbers == DENSE_FLOAT ? base : (base + DENSE_MAGIC) - DENSE_MAGIC);
    }
    for (int64_t i = all.spins; i < own.padded; i++)
        dense_fill_base(&own, i, 0);
    if (fits)
        *fits = fit;
    sizes.largest /= scale;
    sizes.reach /= scale;
    sizes.largest_number /= scale;
    sizes.greatest = sqrt(greatest) * unit;
    sizes.least = sqrt(least) * unit;
    return sizes;
}

/* With nothing left to choose within: where there is most to do, couplings as they are stored that are rounded, and otherwise
 * as small code. */
static inline dense_sizes dense_fill(const dense *d, const double *linear, const dense_couplings *c, int64_t lowest, double scale,
                                     int *fits)
{
    dense_plain plain = dense_plain_of(c);
    if (plain == DENSE_PLAIN_F32 && !(scale >= 0x1p-126 && scale <= 0x1p126)) /* no number of theirs to count in */
        plain = DENSE_NOT_PLAIN;
    if (d->numbers == DENSE_INT16 && plain == DENSE_PLAIN_F32)
        return dense_fill_as(d, linear, c, lowest, scale, fits, DENSE_INT16, DENSE_PLAIN_F32);
    if (d->numbers == DENSE_INT16 && plain == DENSE_PLAIN_F64)
        return dense_fill_as(d, linear, c, lowest, scale, fits, DENSE_INT16, DENSE_PLAIN_F64);
    return dense_fill_as(d, linear, c, lowest, scale, fits, (dense_numbers)d->numbers, plain);
}

#endif
