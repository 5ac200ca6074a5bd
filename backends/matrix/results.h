/* results.h - what machines answer: states, best first, as their files give them.
 *
 * Nothing in them is believed: lengths and values are checked, energies left for others to recompute.
 */
#ifndef BACKENDS_MATRIX_RESULTS_H
#define BACKENDS_MATRIX_RESULTS_H

#include "ir/problem.h"

typedef struct matrix_results {
    const isg_allocator *allocator;
    int64_t count, length, capacity; /* states, spins of each; capacity of `states` in bytes */
    int8_t *states;                  /* [count, length], all of {0, 1} or all of {-1, 1} */
    bool binary;                     /* {0, 1}; also where all values are 1 */
    bool document;                   /* bqpjson: the file states the problem too */
    int64_t claim_capacity;
    double *claims; /* [count]: energies as the file has them, unbelieved; NaN where it has none */
} matrix_results;

/* format "kaiwu-json", "bqpjson", or NULL: by content. length: of each state, or -1 for any, all alike. A file without a state is
 * refused. Results are closed with matrix_results_close after success. */
isg_status matrix_read_results(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                               int64_t length, matrix_results *out, isg_error *error);
isg_status matrix_read_results_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t count,
                                     const char *format, int64_t length, matrix_results *out, isg_error *error);
void matrix_results_close(matrix_results *results);

/* Whether a file that begins so has results of a machine: a list, or a bqpjson document. */
bool matrix_results_begin(const char *text, size_t length);

/* State `k` as 1 for the highest value and 0 else, relative to `ancilla` where that is not -1: turned over where the ancilla
 * does not have its highest value. out [length]. */
void matrix_result_state(const matrix_results *results, int64_t k, int64_t ancilla, int8_t *out);

#endif
