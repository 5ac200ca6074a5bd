/* solution_read.h - reading our own result files (solution.h), as distrustfully as anyone else's.
 *
 * Nothing is allocated on the word of the file: states grow as they are read. Whether a claimed energy is right only the problem
 * tells; the claims are given as they stand.
 */
#ifndef BACKENDS_SOLVE_SOLUTION_READ_H
#define BACKENDS_SOLVE_SOLUTION_READ_H

#include "ir/problem_hash.h"

typedef struct solution_file {
    const isg_allocator *allocator;
    char problem_hash[SHA256_TEXT];
    char file_hash[SHA256_TEXT]; /* of the file that the problem was read from; empty: not said */
    int64_t spins;
    problem_domain domain;
    bool complete;
    int64_t count, capacity; /* states; room for so many bytes in `states` */
    int8_t *states;          /* [count, spins], values of the domain */
    int64_t energy_capacity;
    double *energies; /* [count], as claimed; NaN: null */
} solution_file;

/* Messages begin with path:line:column. Closed with solution_file_close after success. */
isg_status solution_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, solution_file *out,
                              isg_error *error);
isg_status solution_read_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t count,
                               solution_file *out, isg_error *error);
void solution_file_close(solution_file *s);

#endif
