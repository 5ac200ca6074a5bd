/* bytes.h - single flips over sparse whole couplings: Metropolis in a fixed order, sixty-four spins at a look.
 *
 * Spins are reordered into blocks of 64 of which no two are coupled: those of a block that are accepted flip together, and it is
 * exactly a sweep of one spin after the other. Fields are bytes, in the smallest unit they change by, and a flip adds to the
 * bytes of its neighbours, or, where spins have many, a whole row of bytes to all.
 *
 * Acceptance without logarithms: a gain of k > 0 units costs exp(-k x), so a spin with the draw u of 16 bits takes gains up to
 * the number of levels k with u < floor(65536 exp(-k x) + r). r, uniform in [0, 1), is drawn once a sweep: it makes each
 * probability exact, where rounding alone would be off by 2^-17.
 *
 * Draws: word pairs at counters (sweep, 16 * pair of blocks + lane, 1, 0); r at (sweep, 0, 2, 0). The states are the same on
 * every processor. Plain functions over the caller's memory.
 */
#ifndef KERNELS_BYTES_H
#define KERNELS_BYTES_H

#include "backends/native/kernels/vector.h"
#include "runtime/philox.h"

enum { BYTES_BLOCK = 64, BYTES_LEVELS = 126, BYTES_LARGEST = 126, BYTES_PADDING = 127, BYTES_ROW_STEP = 4 };

typedef struct bytes {
    int64_t blocks;            /* even */
    const int8_t *rows;        /* [64 * blocks + 1, 64 * blocks]: of all changes, the last row 0; NULL: in lists, as follows */
    const int64_t *row_start;  /* [blocks]: of the block's first row; rows of a block are equally long, one after the other */
    const int32_t *row_length; /* [blocks], in steps of BYTES_ROW_STEP */
    const uint32_t *neighbour; /* places; the place 64 * blocks fills up rows */
    const int8_t *change;      /* of the neighbour's field when the spin goes up; NULL: `step` everywhere */
    int8_t step;
    const int8_t *base; /* [64 * blocks + 64]: fields where all spins are down; padding BYTES_PADDING */
    int8_t *field;      /* [64 * blocks + 64] */
    int8_t *up;         /* [64 * blocks]: -1 where a spin is up, else 0 */
} bytes;

typedef int8_t bytes_i8x64 __attribute__((vector_size(64)));
typedef int8_t bytes_i8x32 __attribute__((vector_size(32)));
typedef uint16_t bytes_u16x32 __attribute__((vector_size(64)));
typedef int16_t bytes_i16x32 __attribute__((vector_size(64)));

/* Of one sweep. */
typedef struct bytes_levels {
    int32_t always; /* gains accepted whatever the draw */
    int32_t count;
    uint16_t below[BYTES_LEVELS]; /* of the levels after those: draws below are accepted */
} bytes_levels;

/* exp(-x) for x >= 0, to 1e-10, by operations that are the same everywhere. */
static inline double bytes_exp_minus(double x)
{
    if (!(x < 40))
        return 0;
    double r = -x / 1024, e = 1 + r * (1 + r / 2 * (1 + r / 3 * (1 + r / 4 * (1 + r / 5 * (1 + r / 6)))));
    for (int k = 0; k < 10; k++)
        e *= e;
    return e;
}

/* x: what one unit of gain costs, over the temperature. */
static inline void bytes_make_levels(const uint32_t key[2], uint32_t sweep, double x, bytes_levels *out)
{
    uint32_t counter[4] = {sweep, 0, 2, 0}, draw[4];
    philox4x32(counter, key, draw);
    double ratio = bytes_exp_minus(x), p = ratio, rounding = draw[0] * 0x1p-32;
    out->always = out->count = 0;
    for (int k = 0; k < BYTES_LEVELS; k++, p *= ratio) {
        uint32_t below = (uint32_t)(65536 * p + rounding);
        if (below >= 65536)
            out->always++;
        else if (below)
            out->below[out->count++] = (uint16_t)below;
        else
            break;
    }
}

VECTOR_INLINE uint64_t bytes_bits(bytes_i8x64 mask)
{
#ifdef __clang__
    typedef _Bool bits __attribute__((ext_vector_type(64)));
    bits b = __builtin_convertvector(mask, bits);
    uint64_t word;
    __builtin_memcpy(&word, &b, sizeof word);
    return word;
#else
    uint64_t word = 0;
    for (int lane = 0; lane < BYTES_BLOCK; lane++)
        word |= (uint64_t)(mask[lane] & 1) << lane;
    return word;
#endif
}

/* The largest gains that the spins of two blocks accept. */
VECTOR_INLINE void bytes_limits(const uint32_t key[2], uint32_t sweep, uint32_t pair, const bytes_levels *levels,
                                bytes_i8x64 out[2])
{
    u32x16 words[4], counter[3] = {u32x16_of(sweep), (u32x16)lane_numbers() + 16 * pair, u32x16_of(1)};
    philox_lanes(key, counter, words);
    bytes_u16x32 draw[4];
    bytes_i16x32 limit[4];
    __builtin_memcpy(draw, words, sizeof draw);
    for (int v = 0; v < 4; v++)
        limit[v] = (bytes_i16x32){0} + (int16_t)levels->always;
    for (int k = 0; k < levels->count; k++) {
        bytes_u16x32 below = (bytes_u16x32){0} + levels->below[k];
        for (int v = 0; v < 4; v++)
            limit[v] -= (bytes_i16x32)(draw[v] < below);
    }
    for (int v = 0; v < 4; v++) {
        bytes_i8x32 half = __builtin_convertvector(limit[v], bytes_i8x32);
        __builtin_memcpy((char *)out + v * sizeof half, &half, sizeof half);
    }
}

/* Adds what a flip does to the fields of its neighbours. */
VECTOR_INLINE void bytes_flip_list(const bytes *b, int64_t row, int32_t length, int8_t up)
{
    const uint32_t *restrict neighbour = b->neighbour + row;
    int8_t *field = b->field;
    if (!b->change) {
        int8_t step = (int8_t)(up ? b->step : -b->step);
        for (int32_t k = 0; k < length; k += BYTES_ROW_STEP)
            for (int j = 0; j < BYTES_ROW_STEP; j++)
                field[neighbour[k + j]] = (int8_t)(field[neighbour[k + j]] + step);
    } else {
        const int8_t *change = b->change + row;
        int8_t down = (int8_t)~up;
        for (int32_t k = 0; k < length; k += BYTES_ROW_STEP)
            for (int j = 0; j < BYTES_ROW_STEP; j++)
                field[neighbour[k + j]] = (int8_t)(field[neighbour[k + j]] + ((change[k + j] ^ down) - down));
    }
}

/* The same of spins of a block, as bits: four rows at a time, the row of zeros behind the last where there are fewer. */
VECTOR_INLINE void bytes_flip_rows(const bytes *b, int64_t block, uint64_t bits)
{
    enum { ROWS = 4 };
    int64_t length = b->blocks * BYTES_BLOCK;
    while (bits) {
        const int8_t *row[ROWS];
        bytes_i8x64 down[ROWS];
        for (int i = 0; i < ROWS; i++, bits &= bits - 1) {
            int64_t place = bits ? block * BYTES_BLOCK + __builtin_ctzll(bits) : length;
            row[i] = b->rows + place * length;
            down[i] = (bytes_i8x64){0} + (int8_t)(bits ? ~b->up[place] : 0);
        }
        for (int64_t at = 0; at < length; at += BYTES_BLOCK) {
            bytes_i8x64 field, change[ROWS];
            __builtin_memcpy(&field, b->field + at, sizeof field);
            for (int i = 0; i < ROWS; i++)
                __builtin_memcpy(&change[i], row[i] + at, sizeof change[i]);
            for (int i = 0; i < ROWS; i++)
                field += (change[i] ^ down[i]) - down[i];
            __builtin_memcpy(b->field + at, &field, sizeof field);
        }
    }
}

/* After the spins of a block given by bits have flipped. */
VECTOR_INLINE void bytes_flip(const bytes *b, int64_t block, uint64_t bits)
{
    if (b->rows)
        bytes_flip_rows(b, block, bits);
    else
        for (; bits; bits &= bits - 1) {
            int lane = __builtin_ctzll(bits);
            bytes_flip_list(b, b->row_start[block] + (int64_t)lane * b->row_length[block], b->row_length[block],
                            b->up[block * BYTES_BLOCK + lane]);
        }
}

VECTOR_INLINE int64_t bytes_sweep_block(const bytes *b, int64_t block, bytes_i8x64 limit)
{
    bytes_i8x64 field, up;
    __builtin_memcpy(&field, b->field + block * BYTES_BLOCK, sizeof field);
    __builtin_memcpy(&up, b->up + block * BYTES_BLOCK, sizeof up);
    bytes_i8x64 accepted = ((field ^ up) - up) <= limit;
    uint64_t bits = bytes_bits(accepted);
    if (!bits)
        return 0;
    up ^= accepted;
    __builtin_memcpy(b->up + block * BYTES_BLOCK, &up, sizeof up);
    bytes_flip(b, block, bits);
    return __builtin_popcountll(bits);
}

/* One sweep; x as above. Returns the flips. */
static inline int64_t bytes_sweep(const bytes *b, const uint32_t key[2], uint32_t sweep, double x)
{
    bytes_levels levels;
    int64_t flips = 0;
    bytes_make_levels(key, sweep, x, &levels);
    for (int64_t pair = 0; pair < b->blocks / 2; pair++) {
        bytes_i8x64 limit[2];
        bytes_limits(key, sweep, (uint32_t)pair, &levels, limit);
        flips += bytes_sweep_block(b, 2 * pair, limit[0]);
        flips += bytes_sweep_block(b, 2 * pair + 1, limit[1]);
    }
    return flips;
}

/* The fields of the spins. */
static inline void bytes_fields(const bytes *b)
{
    for (int64_t i = 0; i < (b->blocks + 1) * BYTES_BLOCK; i++)
        b->field[i] = b->base[i];
    for (int64_t block = 0; block < b->blocks; block++) {
        bytes_i8x64 up;
        __builtin_memcpy(&up, b->up + block * BYTES_BLOCK, sizeof up);
        bytes_flip(b, block, bytes_bits(up));
    }
}

#endif
