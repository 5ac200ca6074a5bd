/* solution.h - our own result file: the answers to one problem.
 *
 * JSON, one object; the same bytes for the same problem, settings and seed, on any number of threads:
 *
 *   format      "isinglass-solution"
 *   version     1
 *   problem     {sha256: of its numbers (problem_hash.h), file_sha256: of the file it was read from, or null, spins, domain:
 *               "binary" or "spin"}
 *   target      where it was solved
 *   seed, reads, sweeps, complete (false: interrupted or out of time)
 *   energy      of the first solution; a whole number, exact, where all of the problem's numbers are whole
 *   cut         of the first solution, for max-cut problems only
 *   solutions   [{energy, state: [spins values, 0 and 1 or -1 and 1]}], lowest energy first
 *
 * A seed of 2^63 and more is a string, as in reports.
 */
#ifndef BACKENDS_SOLVE_SOLUTION_H
#define BACKENDS_SOLVE_SOLUTION_H

#include "ir/problem_hash.h"

enum { SOLUTION_VERSION = 1, SOLUTION_NUMBER_TEXT = 40 };

typedef struct solution {
    const problem *problem;
    const char *file_hash; /* SHA-256 in hexadecimal, or NULL */
    const char *target;
    uint64_t seed;
    int32_t reads, sweeps;
    bool complete;
    bool max_cut;
    int32_t count;
    const int8_t *const *states; /* [count] of [spins] */
} solution;

isg_status solution_write(const solution *s, const isg_io *io, const char *path, isg_error *error);

/* The energy of a state as decimal digits: exact where the problem's numbers are whole and their magnitudes sum to less than
 * 2^62, else of problem_energy, with 17 significant digits, or "null" where that is not finite. */
void solution_energy(const problem *p, const int8_t *state, char text[SOLUTION_NUMBER_TEXT]);

/* The weight between the two sides of a state, in the same form: couplings are the weights of edges. */
void solution_cut(const problem *p, const int8_t *state, char text[SOLUTION_NUMBER_TEXT]);

/* SHA-256 of a file's bytes. */
isg_status solution_hash_file(const isg_io *io, const char *path, char text[SHA256_TEXT], isg_error *error);

#endif
