/* vector.h - sixteen numbers at a time: what the annealing kernels are written with.
 *
 * Vectors of the compiler's own (gcc's and clang's vector_size), which it splits for the processor. All operations are
 * elementwise, products are never fused with sums (-ffp-contract=off), exp and log are the polynomials below: so the results are
 * the same bits with AVX-512, AVX2, SSE2 and NEON. Plain C without libc: the native backend compiles it to bitcode.
 */
#ifndef KERNELS_VECTOR_H
#define KERNELS_VECTOR_H

#include "runtime/threshold.h"

#include <stdint.h>

enum { LANES = 16 };

typedef float f32x16 __attribute__((vector_size(64)));
typedef int32_t i32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef uint64_t u64x8 __attribute__((vector_size(64)));
typedef int8_t i8x16 __attribute__((vector_size(16)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef int16_t i16x32 __attribute__((vector_size(64)));
typedef double f64x16 __attribute__((vector_size(128)));

#define VECTOR_INLINE static inline __attribute__((always_inline))

/* ---- making and taking apart ---- */

VECTOR_INLINE f32x16 f32x16_of(float x)
{
    return x - (f32x16){0}; /* x for every x, -0 included */
}

VECTOR_INLINE i32x16 i32x16_of(int32_t x)
{
    return x + (i32x16){0};
}

VECTOR_INLINE u32x16 u32x16_of(uint32_t x)
{
    return x + (u32x16){0};
}

VECTOR_INLINE i32x16 lane_numbers(void)
{
    return (i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

/* From and to memory of any alignment. */
VECTOR_INLINE f32x16 load_f32(const float *from)
{
    f32x16 x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

VECTOR_INLINE void store_f32(float *to, f32x16 x)
{
    __builtin_memcpy(to, &x, sizeof x);
}

VECTOR_INLINE i8x16 load_i8(const int8_t *from)
{
    i8x16 x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

VECTOR_INLINE void store_i8(int8_t *to, i8x16 x)
{
    __builtin_memcpy(to, &x, sizeof x);
}

/* ---- masks: lanes of all ones or zeros, as comparisons give them ---- */

VECTOR_INLINE f32x16 select_f32(i32x16 mask, f32x16 yes, f32x16 no)
{
    return (f32x16)(((i32x16)yes & mask) | ((i32x16)no & ~mask));
}

VECTOR_INLINE i32x16 select_i32(i32x16 mask, i32x16 yes, i32x16 no)
{
    return (yes & mask) | (no & ~mask);
}

VECTOR_INLINE f32x16 min_f32(f32x16 a, f32x16 b)
{
    return select_f32(a < b, a, b);
}

VECTOR_INLINE f32x16 max_f32(f32x16 a, f32x16 b)
{
    return select_f32(a > b, a, b);
}

VECTOR_INLINE f32x16 abs_f32(f32x16 x)
{
    return (f32x16)((i32x16)x & 0x7fffffff);
}

/* Bit l: lane l of the mask. */
VECTOR_INLINE uint32_t mask_bits(i32x16 mask)
{
#ifdef __clang__
    typedef _Bool bits __attribute__((ext_vector_type(16)));
    bits b = __builtin_convertvector(mask, bits);
    uint16_t word;
    __builtin_memcpy(&word, &b, sizeof word);
    return word;
#else
    uint32_t word = 0;
    for (int lane = 0; lane < LANES; lane++)
        word |= ((uint32_t)mask[lane] & 1) << lane;
    return word;
#endif
}

VECTOR_INLINE int any_lane(i32x16 mask)
{
    return mask_bits(mask) != 0;
}

/* ---- exponential and logarithm ---- */

/* exp(-x) for x >= 0, to about 2 units of the last place; 0 from x = 87 on, and for x = infinity. The polynomial is that of
 * Cephes' expf (Moshier, "Methods and Programs for Mathematical Functions"). */
VECTOR_INLINE f32x16 exp_minus(f32x16 x)
{
    i32x16 vanishes = ~(x < 87.0f);
    x = -select_f32(vanishes, f32x16_of(0), x);
    f32x16 whole = x * 1.44269504088896341f + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest integer */
    u32x16 power = (u32x16)whole - 0x4b400000u;
    whole = whole - 12582912.0f;
    f32x16 r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    f32x16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    return (f32x16)((i32x16)((u32x16)p + (power << 23)) & ~vanishes);
}

/* 2^-x for x >= 0, to about 2 units of the last place; 2^-126 from there on, and for x = infinity. The polynomial is that of
 * Cephes' exp2f. */
VECTOR_INLINE f32x16 exp2_minus(f32x16 x)
{
    x = select_f32(x < 126.0f, x, f32x16_of(126.0f));
    f32x16 whole = x + 12582912.0f; /* 1.5 * 2^23: rounds to the nearest integer */
    f32x16 r = (whole - 12582912.0f) - x, p = r * 1.535336188319500e-4f + 1.339887440266574e-3f;
    p = p * r + 9.618437357674640e-3f;
    p = p * r + 5.550332471162809e-2f;
    p = p * r + 2.402264791363012e-1f;
    p = p * r + 6.931472028550421e-1f;
    p = p * r + 1.0f;
    return (f32x16)((u32x16)p - ((u32x16)whole << 23));
}

/* -log(u) for u = (draw >> 8 + 1) / 2^24: threshold_of of runtime/threshold.h, to the bit. */
VECTOR_INLINE f32x16 minus_log(u32x16 draw)
{
    u32x16 x = (u32x16) __builtin_convertvector((i32x16)(draw >> 8) + 1, f32x16);
    i32x16 exponent = (i32x16)(x - 0x3f3504f3u) >> 23; /* sqrt 1/2 */
    f32x16 z = (f32x16)(x - ((u32x16)exponent << 23)) - 1.0f, z2 = z * z;
    f32x16 p;
    THRESHOLD_POLYNOMIAL(p, z);
    f32x16 log_mantissa = z + (p * z * z2 - 0.5f * z2);
    return __builtin_convertvector(24 - exponent, f32x16) * 0.693147180559945f - log_mantissa;
}

/* u in (0, 1): (draw >> 8 + 1/2) / 2^24, exact. */
VECTOR_INLINE f32x16 uniform(u32x16 draw)
{
    return (__builtin_convertvector((i32x16)(draw >> 8), f32x16) + 0.5f) * 0x1p-24f;
}

/* ---- keyed random numbers (runtime/philox.h) ---- */

/* The 64-bit products of sixteen lanes with a number, by halves; in the form that the compiler makes the least of: even and odd
 * lanes apart (lanes count from the low end), or all of them widened. */
VECTOR_INLINE void multiply_wide(u32x16 x, uint32_t by, u32x16 *low, u32x16 *high)
{
#ifdef __clang__
    const uint64_t half = 0xffffffff;
    u64x8 even = ((u64x8)x & half) * by, odd = ((u64x8)x >> 32) * by;
    *low = (u32x16)((even & half) | (odd << 32));
    *high = (u32x16)((even >> 32) | (odd & ~half));
#else
    typedef uint64_t u64x16 __attribute__((vector_size(128)));
    u64x16 product = __builtin_convertvector(x, u64x16) * by;
    *low = __builtin_convertvector(product, u32x16);
    *high = __builtin_convertvector(product >> 32, u32x16);
#endif
}

/* Philox4x32-10 at sixteen counters (counter[0], counter[1], counter[2], 0), each lane with its own key: sixty-four draws,
 * out[word][lane]. */
VECTOR_INLINE void philox_keyed_lanes(const u32x16 key[2], const u32x16 counter[3], u32x16 out[4])
{
    u32x16 c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = {0}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        u32x16 low0, high0, low1, high1;
        multiply_wide(c0, 0xD2511F53u, &low0, &high0);
        multiply_wide(c2, 0xCD9E8D57u, &low1, &high1);
        c0 = high1 ^ c1 ^ k0;
        c2 = high0 ^ c3 ^ k1;
        c1 = low1;
        c3 = low0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The same with one key for all. */
VECTOR_INLINE void philox_lanes(const uint32_t key[2], const u32x16 counter[3], u32x16 out[4])
{
    u32x16 keys[2] = {u32x16_of(key[0]), u32x16_of(key[1])};
    philox_keyed_lanes(keys, counter, out);
}

/* Lanes of two vectors in turns: of their first halves, of their second halves. */
VECTOR_INLINE u32x16 vector_low(u32x16 a, u32x16 b)
{
    return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

VECTOR_INLINE u32x16 vector_high(u32x16 a, u32x16 b)
{
    return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/* The draws of spins 64 * block .. 64 * block + 63 in one sweep, as philox_sweep_block numbers them: out[k] is of spins
 * 64 * block + 16 * k + lane. */
VECTOR_INLINE void philox_sweep_64(const uint32_t key[2], uint32_t sweep, uint32_t block, u32x16 out[4])
{
    u32x16 w[4], counter[3] = {u32x16_of(sweep), (u32x16)lane_numbers() + 16 * block, u32x16_of(0)};
    philox_lanes(key, counter, w);
    for (int half = 0; half < 2; half++) { /* words 0 and 1, 2 and 3 of eight spins' blocks, then those of four each */
        u32x16 a = half ? vector_high(w[0], w[1]) : vector_low(w[0], w[1]),
               b = half ? vector_high(w[2], w[3]) : vector_low(w[2], w[3]);
        out[2 * half] = (u32x16)__builtin_shufflevector((u64x8)a, (u64x8)b, 0, 8, 1, 9, 2, 10, 3, 11);
        out[2 * half + 1] = (u32x16)__builtin_shufflevector((u64x8)a, (u64x8)b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

#endif
