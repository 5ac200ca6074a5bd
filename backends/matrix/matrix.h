/* matrix.h - problem files: reading and writing one concrete problem in the formats of machines and solvers.
 *
 * A format that cannot hold the offset, the domain, the scale, names or the map back to the model's spins gets a
 * sidecar, FILE.isg.json; reading the pair gives the problem back exactly. The sidecar names its file by a hash, so that one
 * left behind by another file is refused, not believed. A file without one is read as its format says, with offset 0,
 * and every node or variable a spin of its own.
 *
 * Readers sum duplicate entries, (i, j) and (j, i) being one, and refuse what is not finite or would not stay so.
 * Messages begin with path:line:column. Files are read piece by piece; nothing is allocated on the word of a header.
 */
#ifndef BACKENDS_MATRIX_MATRIX_H
#define BACKENDS_MATRIX_MATRIX_H

#include "ir/problem.h"

#include <stdbool.h>

/* A file that `isg emit` made for a machine: its numbers are within that machine's limits already, and its runs have a seed. */
enum { MATRIX_MACHINE_NAME = 256 };
typedef struct matrix_mark {
    bool there;
    char machine[MATRIX_MACHINE_NAME]; /* the target's name */
    uint64_t seed;                     /* below 2^53 */
} matrix_mark;

typedef struct matrix_notes {
    const char *format; /* the one that was read, static */
    int64_t duplicates; /* entries that were added to an earlier one */
    int64_t zeros;      /* entries stated as 0 */
    bool sidecar;       /* there was one */
    uint64_t hash;      /* of the file's bytes (matrix_hash) */
    matrix_mark mark;
} matrix_notes;

/* What the file calls its spins: `text` holds one JSON value each, as the file has it ("a", 7, [0,1]), ending in a NUL,
 * at `start[i]`. Zeroed: none, and spins go by their index. */
typedef struct matrix_names {
    const isg_allocator *allocator;
    int64_t count, capacity;
    size_t *start;
    char *text;
    size_t length, text_capacity;
} matrix_names;
void matrix_names_close(matrix_names *names);
const char *matrix_names_at(const matrix_names *names, int64_t spin); /* NULL: none */

/* format NULL: by sidecar, extension, or content. allocator and io may be NULL, notes too. `out` is open on success only
 * (problem_close). */
isg_status matrix_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format, problem *out,
                            matrix_notes *notes, isg_error *error);

/* format NULL: by extension. Whole or not at all, and the sidecar before the file: after a failure between the two the
 * old file is still there, and refused with the new sidecar. */
isg_status matrix_write_file(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                             const problem *p, isg_error *error);

/* The same with names; names may be NULL. matrix_names_close after success. */
isg_status matrix_read_named(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format, problem *out,
                             matrix_names *names, matrix_notes *notes, isg_error *error);
isg_status matrix_write_named(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                              const problem *p, const matrix_names *names, isg_error *error);

/* The same with a mark; names and mark may be NULL. */
isg_status matrix_write_marked(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                               const problem *p, const matrix_names *names, const matrix_mark *mark, isg_error *error);

/* From memory, `path` for messages only; sidecar NULL: none. */
isg_status matrix_read_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t length,
                             const void *sidecar, size_t sidecar_length, const char *format, problem *out, matrix_names *names,
                             matrix_notes *notes, isg_error *error);

/* The formats by name, in the order of the help; ends with NULL. */
extern const char *const matrix_format_names[];
const char *matrix_format_doc(const char *name); /* one line; NULL: no such format */

/* The format that a file to be written is given by its extension; NULL: none. */
const char *matrix_format_of_path(const char *path);

/* FNV-1a, 64 bits, over a whole file. */
#define MATRIX_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t matrix_hash(uint64_t hash, const void *bytes, size_t length);

#endif
