/* dense_level.h - the kernels of backends/native/kernels (dense.h, bytes.h) for the levels of processors there are.
 *
 * All give the same states to the bit; the widest that this processor has is the fastest.
 */
#ifndef BACKENDS_SOLVE_DENSE_LEVEL_H
#define BACKENDS_SOLVE_DENSE_LEVEL_H

#include <stdint.h>

typedef struct dense dense;
typedef struct bytes bytes;

typedef struct dense_level {
    void (*fields)(const dense *d);                                                              /* dense_fields */
    int64_t (*sweep)(const dense *d, const uint32_t key[2], uint32_t sweep, double temperature); /* dense_sweep */
    int64_t (*descend)(const dense *d);                                                          /* dense_descend */
    void (*byte_fields)(const bytes *b);                                                         /* bytes_fields */
    int64_t (*byte_sweep)(const bytes *b, const uint32_t key[2], uint32_t sweep, double x);      /* bytes_sweep */
} dense_level;

/* The levels that this processor can run, widest first. Returns how many, at least 1. */
enum { DENSE_LEVELS = 3 };
int dense_levels(const dense_level *levels[DENSE_LEVELS]);

#endif
