/* rows.h - local fields from rows of couplings, in double: four rows at a time, so that fields are loaded and stored a quarter as
 * often. Each field takes the rows one by one in their order, as if added singly. Rows between which some are left out are not
 * foreseen by the processor, so the next four are asked for in time.
 */
#ifndef NATIVE_KERNELS_ROWS_H
#define NATIVE_KERNELS_ROWS_H

#include "backends/native/kernels/vector.h"

#include <stddef.h>

enum { ROWS_AT_ONCE = 4 };

/* One coupling, or sixteen, of numbers of 8 bytes or of 4: known where this is called. */
VECTOR_INLINE double rows_number(const void *rows, int64_t bytes, int64_t at)
{
    return bytes == 8 ? ((const double *)rows)[at] : (double)((const float *)rows)[at];
}

VECTOR_INLINE f64x16 rows_sixteen(const void *rows, int64_t bytes, int64_t at)
{
    f64x16 x;
    if (bytes == 4)
        return __builtin_convertvector(load_f32((const float *)rows + at), f64x16);
    __builtin_memcpy(&x, (const double *)rows + at, sizeof x);
    return x;
}

VECTOR_INLINE void rows_ask_for(const void *rows, int64_t bytes, int64_t at)
{
    __builtin_prefetch((const char *)rows + at * bytes);
    if (bytes == 8)
        __builtin_prefetch((const char *)rows + at * bytes + 64);
}

/* field[i] += value[k] rows[row[k], i], k = 0, 1, ... count - 1; rows of n numbers. next: rows soon to come, or NULL. */
VECTOR_INLINE void rows_add(const void *rows, int64_t bytes, const int64_t *row, const double *value, int count,
                            const int64_t *next, double *field, int64_t n)
{
    int64_t i = 0, at[ROWS_AT_ONCE], soon[ROWS_AT_ONCE];
    f64x16 factor[ROWS_AT_ONCE];
    for (int k = 0; k < count; k++) {
        at[k] = row[k] * n;
        soon[k] = next ? next[k] * n : 0;
        factor[k] = value[k] - (f64x16){0};
    }
    for (; i + LANES <= n; i += LANES) {
        f64x16 sum;
        __builtin_memcpy(&sum, field + i, sizeof sum);
        for (int k = 0; k < count; k++)
            sum += rows_sixteen(rows, bytes, at[k] + i) * factor[k];
        for (int k = 0; next && k < count; k++)
            rows_ask_for(rows, bytes, soon[k] + i);
        __builtin_memcpy(field + i, &sum, sizeof sum);
    }
    for (; i < n; i++)
        for (int k = 0; k < count; k++)
            field[i] += rows_number(rows, bytes, at[k] + i) * value[k];
}

/* rows: symmetric [n, n]; state, field: [n]. field += rows state. */
VECTOR_INLINE void rows_add_all(const void *rows, int64_t bytes, const int8_t *state, double *field, int64_t n)
{
    int64_t row[2 * ROWS_AT_ONCE];
    double value[2 * ROWS_AT_ONCE];
    int count = 0, done = 0;
    for (int64_t j = 0; j < n; j++) {
        if (state[j] == 0)
            continue;
        row[count] = j;
        value[count++] = state[j];
        if (count < 2 * ROWS_AT_ONCE)
            continue;
        rows_add(rows, bytes, row, value, ROWS_AT_ONCE, row + ROWS_AT_ONCE, field, n);
        __builtin_memcpy(row, row + ROWS_AT_ONCE, sizeof row / 2);
        __builtin_memcpy(value, value + ROWS_AT_ONCE, sizeof value / 2);
        count = ROWS_AT_ONCE;
    }
    if (count >= ROWS_AT_ONCE)
        rows_add(rows, bytes, row, value, done = ROWS_AT_ONCE, NULL, field, n);
    for (; done < count; done++)
        rows_add(rows, bytes, row + done, value + done, 1, NULL, field, n);
}

#endif
