/* symmetric.h - the rows of a symmetric matrix from a product and its transpose, in blocks of 16 x 16: each block is read as
 * rows, turned in registers, and written in both directions.
 */
#ifndef NATIVE_KERNELS_SYMMETRIC_H
#define NATIVE_KERNELS_SYMMETRIC_H

#include "backends/native/kernels/vector.h"

#include <string.h>

enum { TILE = 16 };

/* Rows i and i + H exchange their off-diagonal blocks of H x H: transposition after H = 8, 4, 2, 1 (Eklundh 1972). */
#define TILE_EXCHANGE(rows, i, H, L, U)                                                                                          \
    do {                                                                                                                         \
        f32x16 a = rows[i], b = rows[(i) + (H)];                                                                                 \
        rows[i] = __builtin_shufflevector(a, b, L);                                                                              \
        rows[(i) + (H)] = __builtin_shufflevector(a, b, U);                                                                      \
    } while (0)
#define LOWER_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define UPPER_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31
#define LOWER_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define UPPER_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define LOWER_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define UPPER_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define LOWER_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define UPPER_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31

static inline __attribute__((always_inline)) void tile_turn(f32x16 rows[TILE])
{
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, i, 8, LOWER_8, UPPER_8);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, (i & 3) | (i & 4) << 1, 4, LOWER_4, UPPER_4);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, (i & 1) | (i & 6) << 1, 2, LOWER_2, UPPER_2);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, i << 1, 1, LOWER_1, UPPER_1);
}

/* Lanes are -1 where a number is not finite. */
static inline __attribute__((always_inline)) i32x16 tile_load(f32x16 rows[TILE], const float *from, int64_t stride)
{
    i32x16 bad = {0};
    for (int i = 0; i < TILE; i++) {
        memcpy(&rows[i], from + i * stride, sizeof rows[i]);
        bad |= (i32x16)(rows[i] - rows[i] != 0);
    }
    return bad;
}

static inline __attribute__((always_inline)) void tile_store(double *to, int64_t stride, const f32x16 own[TILE],
                                                             const f32x16 other[TILE], double a, double b, double constant)
{
    for (int i = 0; i < TILE; i++) {
        f64x16 value = a * __builtin_convertvector(own[i], f64x16) + b * __builtin_convertvector(other[i], f64x16) + constant;
        memcpy(to + i * stride, &value, sizeof value);
    }
}

/* The blocks of rows i and columns j, and of rows j and columns i, i + 16 <= j. */
static inline __attribute__((always_inline)) i32x16 symmetric_tile(const float *p, double *out, int64_t n, int64_t i, int64_t j,
                                                                   double straight, double crossed, double constant)
{
    f32x16 upper[TILE], lower[TILE], turned[TILE];
    i32x16 bad = tile_load(upper, p + i * n + j, n);
    bad |= tile_load(lower, p + j * n + i, n);
    memcpy(turned, lower, sizeof turned);
    tile_turn(turned);
    tile_store(out + i * n + j, n, upper, turned, straight, crossed, constant);
    tile_turn(upper);
    tile_store(out + j * n + i, n, lower, upper, crossed, straight, constant);
    return bad;
}

#endif
