/* draft.h - a problem while it is being read: entries in the order of the file, then a problem.
 *
 * An entry (i, i) is a field. How many spins there are is declared, or follows from the entries.
 */
#ifndef BACKENDS_MATRIX_DRAFT_H
#define BACKENDS_MATRIX_DRAFT_H

#include "backends/matrix/matrix.h"
#include "backends/matrix/stream.h"

struct matrix_sidecar;

typedef struct matrix_draft {
    const isg_allocator *allocator;
    const struct matrix_sidecar *sidecar; /* NULL: none */
    problem_domain domain;
    int64_t spins, spin_limit;
    bool declared;
    double offset;
    int64_t count, capacity, zeros;
    problem_coupling *entries;
    matrix_names names;
} matrix_draft;

void draft_open(matrix_draft *d, const isg_allocator *allocator, problem_domain domain, uint64_t file_bytes);
void draft_close(matrix_draft *d);

/* All false after a failure, which the stream then holds. */
bool draft_declare(matrix_stream *s, matrix_draft *d, int64_t spins);
bool draft_add(matrix_stream *s, matrix_draft *d, int64_t a, int64_t b, double value);
bool draft_add_offset(matrix_stream *s, matrix_draft *d, double value);
bool draft_grow(matrix_stream *s, matrix_draft *d, int64_t count); /* room for so many entries */

/* value times factor; fails where that leaves double's range or loses digits to the subnormal range. */
bool draft_scaled(matrix_stream *s, double factor, double *value);

/* Reads an index within 0 .. spins - 1 where declared, or any that may be, from `base` up. */
bool draft_index(matrix_stream *s, const matrix_draft *d, const char *what, int64_t base, int64_t *out);

/* Moves the entries into a problem; *duplicates as in matrix_notes. */
isg_status draft_finish(matrix_draft *d, const char *path, problem *out, int64_t *duplicates, isg_error *error);

bool names_add(matrix_stream *s, matrix_names *names, const char *text, size_t length);

#endif
