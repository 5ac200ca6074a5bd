/* lanes.h - single flips over sparse whole couplings: Metropolis in index order, sixty-four reads side by side.
 *
 * A spin's values in all reads are one vector of bytes; its field is the sum of its neighbours' vectors, made anew at each look:
 * one load and one sum a neighbour for sixty-four reads, nothing to be kept up to date, no order of spins to be found. Fields
 * are in the smallest unit they change by.
 *
 * Acceptance is that of bytes.h: numbers of a sweep are drawn once, as many as there are spins, and all reads draw on them: at
 * spin 64 b + i read l takes number 64 b + (i + l) % 64. So the numbers of one read's sweep are independent, each is used once,
 * and every read is exactly a Metropolis anneal; two reads never look at a spin with the same number. What they share is that
 * one meets at one spin the number that the other meets at another.
 *
 * Draws, under the key of the sixty-four: numbers as in bytes.h; the start at (PHILOX_START_SWEEP, spin / 2, 3, 0), two words a
 * spin, a bit a read. The states are the same on every processor. Plain functions over the caller's memory.
 */
#ifndef KERNELS_LANES_H
#define KERNELS_LANES_H

#include "backends/native/kernels/bytes.h"

enum { LANES_READS = 64, LANES_ROW_STEP = 4, LANES_PAIR = 2 * LANES_READS, LANES_LIMIT_BYTES = 2 * LANES_PAIR };

typedef struct lanes {
    int64_t spins;
    const int64_t *row_start;  /* [spins + 1], in steps of LANES_ROW_STEP */
    const uint32_t *neighbour; /* times 64; spin `spins` fills up rows */
    const int8_t *change;      /* of the field when the neighbour goes up; NULL: `step` everywhere */
    const int8_t *base;        /* [spins]: fields where all spins are down */
    int8_t *value;             /* [spins + 1, 64]: where the spin is up `step`, else 0; the last row 0 */
    int8_t *limit;             /* [(spins + 127) / 128, 256]: of a sweep, the gains accepted, each 64 of them twice */
    int8_t step;               /* not 0; -1 where there is `change` */
} lanes;

VECTOR_INLINE bytes_i8x64 lanes_load(const int8_t *from)
{
    bytes_i8x64 x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

VECTOR_INLINE void lanes_store(int8_t *to, bytes_i8x64 x)
{
    __builtin_memcpy(to, &x, sizeof x);
}

/* Lane l: -1 where bit l is set, else 0. */
VECTOR_INLINE bytes_i8x64 lanes_mask(uint64_t word)
{
#ifdef __clang__
    typedef _Bool bits __attribute__((ext_vector_type(64)));
    bits b;
    __builtin_memcpy(&b, &word, sizeof b);
    return -__builtin_convertvector(b, bytes_i8x64);
#else
    bytes_i8x64 mask;
    for (int lane = 0; lane < LANES_READS; lane++)
        mask[lane] = (int8_t) - (int8_t)(word >> lane & 1);
    return mask;
#endif
}

VECTOR_INLINE bytes_i8x64 lanes_field(const lanes *b, int64_t spin)
{
    bytes_i8x64 field[4] = {(bytes_i8x64){0} + b->base[spin], {0}, {0}, {0}};
    const uint32_t *neighbour = b->neighbour;
    int64_t end = b->row_start[spin + 1];
    if (!b->change)
        for (int64_t k = b->row_start[spin]; k < end; k += LANES_ROW_STEP)
            for (int j = 0; j < LANES_ROW_STEP; j += 2) {
                uint64_t two; /* read at once; in either order */
                __builtin_memcpy(&two, neighbour + k + j, sizeof two);
                field[j] += lanes_load(b->value + (uint32_t)two);
                field[j + 1] += lanes_load(b->value + (two >> 32));
            }
    else
        for (int64_t k = b->row_start[spin]; k < end; k += LANES_ROW_STEP)
            for (int j = 0; j < LANES_ROW_STEP; j++)
                field[j] += lanes_load(b->value + neighbour[k + j]) & ((bytes_i8x64){0} + b->change[k + j]);
    return (field[0] + field[1]) + (field[2] + field[3]);
}

/* What a flip of the spin gains, or costs, in all reads. */
VECTOR_INLINE bytes_i8x64 lanes_gain(const lanes *b, int64_t spin, bytes_i8x64 value)
{
    bytes_i8x64 up = (bytes_i8x64)(value != 0);
    return (lanes_field(b, spin) ^ up) - up;
}

/* Flips the spin in the reads of the mask; returns those reads as bits. */
VECTOR_INLINE uint64_t lanes_flip(const lanes *b, int64_t spin, bytes_i8x64 value, bytes_i8x64 accepted)
{
    lanes_store(b->value + spin * LANES_READS, value ^ (accepted & ((bytes_i8x64){0} + b->step)));
    return bytes_bits(accepted);
}

static inline void lanes_make_limits(const lanes *b, const uint32_t key[2], uint32_t sweep, double x)
{
    bytes_levels levels;
    bytes_make_levels(key, sweep, x, &levels);
    for (int64_t pair = 0; pair * LANES_PAIR < b->spins; pair++) {
        bytes_i8x64 limit[2];
        bytes_limits(key, sweep, (uint32_t)pair, &levels, limit);
        for (int v = 0; v < 4; v++)
            lanes_store(b->limit + pair * LANES_LIMIT_BYTES + v * LANES_READS, limit[v / 2]);
    }
}

/* One sweep; x: what one unit of gain costs, over the temperature. Returns the flips of the reads whose bits are in `counted`. */
static inline int64_t lanes_sweep(const lanes *b, const uint32_t key[2], uint32_t sweep, double x, uint64_t counted)
{
    int64_t flips = 0;
    lanes_make_limits(b, key, sweep, x);
    for (int64_t i = 0; i < b->spins; i++) {
        bytes_i8x64 value = lanes_load(b->value + i * LANES_READS);
        bytes_i8x64 limit = lanes_load(b->limit + i / LANES_READS * LANES_PAIR + i % LANES_READS);
        bytes_i8x64 accepted = (bytes_i8x64)(lanes_gain(b, i, value) <= limit);
        flips += __builtin_popcountll(lanes_flip(b, i, value, accepted) & counted);
    }
    return flips;
}

/* One sweep that flips what lowers the energy. */
static inline int64_t lanes_descend(const lanes *b, uint64_t counted)
{
    int64_t flips = 0;
    for (int64_t i = 0; i < b->spins; i++) {
        bytes_i8x64 value = lanes_load(b->value + i * LANES_READS);
        bytes_i8x64 accepted = (bytes_i8x64)(lanes_gain(b, i, value) < 0);
        flips += __builtin_popcountll(lanes_flip(b, i, value, accepted) & counted);
    }
    return flips;
}

/* Spins at random. */
static inline void lanes_start(const lanes *b, const uint32_t key[2])
{
    for (int64_t first = 0; first < b->spins; first += 2 * LANES) {
        u32x16 words[4],
            counter[3] = {u32x16_of(PHILOX_START_SWEEP), (u32x16)lane_numbers() + (uint32_t)(first / 2), u32x16_of(3)};
        philox_lanes(key, counter, words);
        for (int i = 0; i < 2 * LANES && first + i < b->spins; i++) {
            uint64_t word = words[i % 2 * 2][i / 2] | (uint64_t)words[i % 2 * 2 + 1][i / 2] << 32;
            lanes_store(b->value + (first + i) * LANES_READS, lanes_mask(word) & ((bytes_i8x64){0} + b->step));
        }
    }
    lanes_store(b->value + b->spins * LANES_READS, (bytes_i8x64){0});
}

/* Of each read, the sum of (base + field) over the spins that are up: twice what its energy is over that of all spins down. At
 * most 2^22 spins. */
static inline void lanes_energies(const lanes *b, int32_t energy[LANES_READS])
{
    typedef int16_t i16x64 __attribute__((vector_size(128)));
    enum { SPINS = 128 }; /* 128 * 2 * 126 is within 16 bits */
    for (int lane = 0; lane < LANES_READS; lane++)
        energy[lane] = 0;
    for (int64_t first = 0; first < b->spins; first += SPINS) {
        i16x64 sum = {0};
        for (int64_t i = first; i < b->spins && i < first + SPINS; i++) {
            bytes_i8x64 up = (bytes_i8x64)(lanes_load(b->value + i * LANES_READS) != 0);
            sum += __builtin_convertvector(lanes_field(b, i) & up, i16x64);
            sum += __builtin_convertvector(up & ((bytes_i8x64){0} + b->base[i]), i16x64);
        }
        for (int lane = 0; lane < LANES_READS; lane++)
            energy[lane] += sum[lane];
    }
}

#endif
