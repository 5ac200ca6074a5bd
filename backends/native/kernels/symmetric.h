/* symmetric.h - the rows of a symmetric matrix from the product of one matrix with another's transpose: out[i, j] = out[j, i] =
 * straight P[i, j] + crossed P[j, i] + constant for i < j, and 0 for i = j.
 *
 * The product is made block by block, each with its mirror image, in memory that stays in the cache. From there it is read
 * once in tiles of 16 x 16, turned in registers, and every row element is written once: the rows are all that goes to memory.
 *
 * Without a constant the rows are float32, as the product is: that is what all later readers take, energies in double among them.
 * A constant may be much larger than what it is added to, so with one they are double.
 */
#ifndef NATIVE_KERNELS_SYMMETRIC_H
#define NATIVE_KERNELS_SYMMETRIC_H

#include "backends/native/kernels/vector.h"
#include "runtime/abi.h"

#include <stdbool.h>
#include <string.h>

/* A block and its image take half a megabyte: as large as second-level caches have room for, so that packing operands costs
 * little. Rows that exceed what caches keep go past them. */
enum { TILE = 16, SYMMETRIC_BLOCK_MAX = 256, SYMMETRIC_STREAMED_FROM = 1024 };

/* Edge of the blocks, alike in size; a multiple of TILE where there are several. */
static inline int64_t symmetric_block_edge(int64_t n)
{
    int64_t blocks = (n + SYMMETRIC_BLOCK_MAX - 1) / SYMMETRIC_BLOCK_MAX;
    return blocks <= 1 ? n : ((n + blocks - 1) / blocks + TILE - 1) / TILE * TILE;
}

/* float32 numbers that symmetric_rows works in. */
static inline int64_t symmetric_work_size(int64_t n)
{
    int64_t edge = symmetric_block_edge(n);
    return edge * edge * (n > edge ? 2 : 1);
}

/* Whether rows of float32 are written past the caches: long ones whose parts of 64 bytes are aligned when the first is. */
static inline bool symmetric_streamed(int64_t n)
{
    return n >= SYMMETRIC_STREAMED_FROM && n % TILE == 0;
}

typedef struct symmetric_form {
    double straight, crossed, constant;
} symmetric_form;

/* What rows consist of, and whether they go past the caches: known where the functions are called. */
typedef enum symmetric_kind { SYMMETRIC_F64, SYMMETRIC_F32, SYMMETRIC_F32_STREAMED } symmetric_kind;

/* ---- tiles ---- */

/* Only the turn is worth its code unrolled; the rest is compiled with every program, and waits for memory. */
#ifdef __clang__
#define TILE_UNROLLED _Pragma("clang loop unroll(full)")
#define TILE_ROLLED _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define TILE_UNROLLED
#define TILE_ROLLED
#endif

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

/* to[i][j] = from[j * stride + i] */
VECTOR_INLINE void tile_turn(const float *from, int64_t stride, f32x16 to[TILE])
{
    f32x16 rows[TILE];
    TILE_UNROLLED
    for (int i = 0; i < TILE; i++)
        memcpy(&rows[i], from + i * stride, sizeof rows[i]);
    TILE_UNROLLED
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, i, 8, LOWER_8, UPPER_8);
    TILE_UNROLLED
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, (i & 3) | (i & 4) << 1, 4, LOWER_4, UPPER_4);
    TILE_UNROLLED
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, (i & 1) | (i & 6) << 1, 2, LOWER_2, UPPER_2);
    TILE_UNROLLED
    for (int i = 0; i < 8; i++)
        TILE_EXCHANGE(rows, i << 1, 1, LOWER_1, UPPER_1);
    memcpy(to, rows, sizeof rows);
}

/* Sixteen numbers of a row, from the number `at` on. Lanes of the result are not 0 where what is stored is not finite. */
VECTOR_INLINE i32x16 tile_row_store(void *rows, int64_t at, f64x16 value, symmetric_kind kind)
{
    f32x16 narrow = __builtin_convertvector(value, f32x16);
    if (kind == SYMMETRIC_F64) {
        memcpy((double *)rows + at, &value, sizeof value);
        return __builtin_convertvector(value - value != 0, i32x16);
    }
#ifdef __clang__
    typedef f32x16 whole_line __attribute__((aligned(64)));
    if (kind == SYMMETRIC_F32_STREAMED)
        __builtin_nontemporal_store(narrow, (whole_line *)(void *)((float *)rows + at));
    else
#endif
        memcpy((float *)rows + at, &narrow, sizeof narrow);
    return narrow - narrow != 0;
}

/* One number; returns what is stored. */
VECTOR_INLINE double tile_store(void *rows, int64_t at, double value, symmetric_kind kind)
{
    if (kind == SYMMETRIC_F64)
        return ((double *)rows)[at] = value;
    return ((float *)rows)[at] = (float)value;
}

/* ---- blocks ---- */

/* A block of the product, own [rows, columns], and its mirror image, other [columns, rows], with the factor of each; and
 * where it goes in rows of n: its first number. A block on the diagonal is its own image. */
typedef struct symmetric_block {
    const float *own, *other;
    int64_t rows, columns;
    double own_factor, other_factor, constant;
    void *out;
    int64_t at, n;
} symmetric_block;

/* The tile at (i, j). On the diagonal the factors are for what is behind it; before it they change places, on it may be
 * anything. Lanes are not 0 where a number off the diagonal is not finite. */
VECTOR_INLINE i32x16 symmetric_tile(const symmetric_block *b, int64_t i, int64_t j, bool diagonal, symmetric_kind kind)
{
    typedef int64_t i64x16 __attribute__((vector_size(128)));
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    f32x16 turned[TILE];
    i32x16 bad = {0};
    tile_turn(b->other + j * b->rows + i, b->rows, turned);
    TILE_ROLLED
    for (int row = 0; row < TILE; row++) {
        int on_diagonal = diagonal ? row : -1;
        i32x16 behind = lane > on_diagonal, off = lane != on_diagonal;
        f32x16 own = load_f32(b->own + (i + row) * b->columns + j);
        f64x16 first = __builtin_convertvector(select_f32(behind, own, turned[row]), f64x16);
        f64x16 second = __builtin_convertvector(select_f32(behind, turned[row], own), f64x16);
        f64x16 value = b->own_factor * first + b->other_factor * second + b->constant;
        value = (f64x16)((i64x16)value & __builtin_convertvector(off, i64x16));
        bad |= tile_row_store(b->out, b->at + (i + row) * b->n + j, value, kind);
    }
    return bad;
}

/* The columns from `from` on, and their image, whose first number is the `image`th, one by one. */
VECTOR_INLINE bool symmetric_edge(const symmetric_block *b, int64_t image, int64_t from, bool diagonal, symmetric_kind kind)
{
    bool bad = false;
    for (int64_t i = 0; i < b->rows; i++) {
        bool corner = diagonal && i >= from;
        if (corner)
            tile_store(b->out, b->at + i * b->n + i, 0, kind);
        TILE_ROLLED
        for (int64_t j = corner ? i + 1 : from; j < b->columns; j++) {
            double own = b->own[i * b->columns + j], other = b->other[j * b->rows + i];
            double value = b->own_factor * own + b->other_factor * other + b->constant;
            double stored = tile_store(b->out, b->at + i * b->n + j, value, kind);
            tile_store(b->out, image + j * b->n + i, value, kind);
            bad |= !(stored - stored == 0);
        }
    }
    return bad;
}

/* A block and its image; but on the diagonal, all of the block's rows are whole tiles. */
VECTOR_INLINE bool symmetric_store(const symmetric_block block[2], bool diagonal, symmetric_kind kind)
{
    int64_t rows = block->rows / TILE * TILE, columns = block->columns / TILE * TILE;
    i32x16 bad = {0};
    TILE_ROLLED
    for (int64_t i = 0; i < rows; i += TILE)
        TILE_ROLLED
    for (int64_t j = diagonal ? i : 0; j < columns; j += TILE) {
        bool on_diagonal = diagonal && i == j;
        TILE_ROLLED
        for (int side = 0; side < (on_diagonal ? 1 : 2); side++)
            bad |= symmetric_tile(&block[side], side ? j : i, side ? i : j, on_diagonal, kind);
    }
    return symmetric_edge(block, block[1].at, columns, diagonal, kind) || mask_bits(bad != 0) != 0;
}

/* ---- all rows ---- */

/* first, second: [n, depth]; work: float32 [symmetric_work_size(n)]; out: [n, n] of the kind's numbers, aligned to 64 where
 * streamed. Returns whether a number off the diagonal is not finite. */
VECTOR_INLINE bool symmetric_rows(const isg_abi_services *services, const float *first, const float *second, float *work,
                                  void *out, int64_t n, int64_t depth, const symmetric_form *f, symmetric_kind kind)
{
    int64_t edge = symmetric_block_edge(n);
    bool bad = false;
    TILE_ROLLED
    for (int64_t i = 0; i < n; i += edge)
        TILE_ROLLED
    for (int64_t j = i; j < n; j += edge) {
        int64_t rows = n - i < edge ? n - i : edge, columns = n - j < edge ? n - j : edge;
        float *lower = i == j ? work : work + edge * edge;
        symmetric_block pair[] = {
            {work, lower, rows, columns, f->straight, f->crossed, f->constant, out, i * n + j, n},
            {lower, work, columns, rows, f->crossed, f->straight, f->constant, out, j * n + i, n},
        };
        services->sgemm(1, rows, columns, depth, first + i * depth, depth, second + j * depth, depth, work, columns);
        if (i != j)
            services->sgemm(1, columns, rows, depth, first + j * depth, depth, second + i * depth, depth, lower, rows);
        bad |= symmetric_store(pair, i == j, kind);
    }
    if (kind == SYMMETRIC_F32_STREAMED)
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* what went past the caches is there for other threads as well */
    return bad;
}

#endif
