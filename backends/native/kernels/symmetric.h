/* symmetric.h - the rows of a symmetric matrix from the product of one matrix with another's transpose: out[i, j] = out[j, i] =
 * straight P[i, j] + crossed P[j, i] + constant for i < j, and 0 for i = j.
 *
 * The product is made block by block, each with its mirror image, in memory that stays in the cache. From there it is read
 * once in tiles of 16 x 16, turned in registers, and every row element is written once: the rows are all that goes to memory.
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

/* Whether rows are written past the caches: long ones whose parts of 64 bytes are aligned when the first is. */
static inline bool symmetric_streamed(int64_t n)
{
    return n >= SYMMETRIC_STREAMED_FROM && n % 8 == 0;
}

typedef struct symmetric_form {
    double straight, crossed, constant;
} symmetric_form;

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

VECTOR_INLINE void tile_row_store(double *to, f64x16 value, bool streamed)
{
#ifdef __clang__
    typedef f64x16 whole_lines __attribute__((aligned(64)));
    if (streamed) {
        __builtin_nontemporal_store(value, (whole_lines *)(void *)to);
        return;
    }
#endif
    (void)streamed;
    memcpy(to, &value, sizeof value);
}

/* ---- blocks ---- */

/* A block of the product, own [rows, columns], and its mirror image, other [columns, rows], with the factor of each; and
 * where it goes in rows of n. A block on the diagonal is its own image. */
typedef struct symmetric_block {
    const float *own, *other;
    int64_t rows, columns;
    double own_factor, other_factor, constant;
    double *out;
    int64_t n;
} symmetric_block;

/* The tile at (i, j). On the diagonal the factors are for what is behind it; before it they change places, on it may be
 * anything. Lanes are -1 where one of the block's own numbers is not finite. */
VECTOR_INLINE i32x16 symmetric_tile(const symmetric_block *b, int64_t i, int64_t j, bool diagonal, bool streamed)
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
        bad |= (i32x16)(own - own != 0) & off;
        f64x16 first = __builtin_convertvector(select_f32(behind, own, turned[row]), f64x16);
        f64x16 second = __builtin_convertvector(select_f32(behind, turned[row], own), f64x16);
        f64x16 value = b->own_factor * first + b->other_factor * second + b->constant;
        value = (f64x16)((i64x16)value & __builtin_convertvector(off, i64x16));
        tile_row_store(b->out + (i + row) * b->n + j, value, streamed);
    }
    return bad;
}

/* The columns from `from` on, and their image, one by one. */
static inline bool symmetric_edge(const symmetric_block *b, double *image, int64_t from, bool diagonal)
{
    bool bad = false;
    for (int64_t i = 0; i < b->rows; i++) {
        bool corner = diagonal && i >= from;
        if (corner)
            b->out[i * b->n + i] = 0;
        TILE_ROLLED
        for (int64_t j = corner ? i + 1 : from; j < b->columns; j++) {
            double own = b->own[i * b->columns + j], other = b->other[j * b->rows + i];
            double value = b->own_factor * own + b->other_factor * other + b->constant;
            bad |= !(value - value == 0);
            b->out[i * b->n + j] = image[j * b->n + i] = value;
        }
    }
    return bad;
}

/* A block and its image; but on the diagonal, all of the block's rows are whole tiles. */
static inline bool symmetric_store(const symmetric_block block[2], bool diagonal, bool streamed)
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
            bad |= symmetric_tile(&block[side], side ? j : i, side ? i : j, on_diagonal, streamed);
    }
    return symmetric_edge(block, block[1].out, columns, diagonal) || mask_bits(bad) != 0;
}

/* ---- all rows ---- */

/* first, second: [n, depth]; work: float32 [symmetric_work_size(n)]; out: [n, n], aligned to 64 where streamed. The numbers of
 * the form are so small that finite float32 numbers stay finite. Returns whether a number off the diagonal is not finite. */
static inline bool symmetric_rows(const isg_abi_services *services, const float *first, const float *second, float *work,
                                  double *out, int64_t n, int64_t depth, const symmetric_form *f, bool streamed)
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
            {work, lower, rows, columns, f->straight, f->crossed, f->constant, out + i * n + j, n},
            {lower, work, columns, rows, f->crossed, f->straight, f->constant, out + j * n + i, n},
        };
        services->sgemm(1, rows, columns, depth, first + i * depth, depth, second + j * depth, depth, work, columns);
        if (i != j)
            services->sgemm(1, columns, rows, depth, first + j * depth, depth, second + i * depth, depth, lower, rows);
        bad |= symmetric_store(pair, i == j, streamed);
    }
    if (streamed)
        __atomic_thread_fence(__ATOMIC_SEQ_CST); /* what went past the caches is there for other threads as well */
    return bad;
}

#endif
