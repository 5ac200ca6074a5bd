/* problem.h - the problem: one concrete Hamiltonian in numbers, and the map back to the model's spins.
 *
 *   E(v) = offset + sum_i field[i] v_i + sum_{i<j} coupling_ij v_i v_j,   v_i in {0, 1} or {-1, 1}
 *
 * A problem owns its arrays, taken from its allocator; passes make new problems and leave the old ones alone. Couplings
 * are sorted by (first, second), each pair once, first < second, none zero. Sizes are int64_t; a problem has at
 * most 2^31 - 1 spins.
 *
 * `origins` says what became of each spin of the model (or file) that the problem was bound from, whatever passes
 * came between, so that a state of the problem always gives a state of the model.
 */
#ifndef IR_PROBLEM_H
#define IR_PROBLEM_H

#include "runtime/isinglass.h"

#include <stdbool.h>

typedef enum problem_domain { PROBLEM_BINARY, PROBLEM_SPIN } problem_domain;

typedef struct problem_coupling {
    uint32_t first, second;
    double value;
} problem_coupling;

#define PROBLEM_NO_SPIN UINT32_MAX

/* Model spin i is `fixed` (spin == PROBLEM_NO_SPIN) to its lowest value or, with `value` 1, its highest; or it follows
 * problem spin `spin`: highest when that is, the other way round with `value` -1. */
typedef struct problem_origin {
    uint32_t spin;
    int8_t value;  /* fixed: 0 lowest, 1 highest; following: 1 alike, -1 opposite */
    int8_t lowest; /* of the model spin: 0 or -1 */
} problem_origin;

typedef struct problem {
    const isg_allocator *allocator;
    problem_domain domain;
    int64_t spins;
    double *fields; /* [spins] */
    int64_t coupling_count, coupling_capacity;
    problem_coupling *couplings;
    double offset;
    int64_t ancilla; /* the spin that stands for +1, or -1 */
    int64_t origin_count;
    problem_origin *origins;
} problem;

/* Zero fields, no couplings, offset 0, each origin following the spin of its number. */
isg_status problem_open(problem *p, const isg_allocator *allocator, problem_domain domain, int64_t spins, isg_error *error);
void problem_close(problem *p);
isg_status problem_copy(problem *to, const problem *from, isg_error *error);

/* Adds to the coupling of two different spins; couplings may come in any order and repeat until problem_settle,
 * which sorts, sums what stands twice and drops zeros. *merged, if not NULL, counts the repeats. */
isg_status problem_add_coupling(problem *p, int64_t a, int64_t b, double value, isg_error *error);
isg_status problem_settle(problem *p, int64_t *merged, isg_error *error);

/* In index order, in double: fields first, then couplings. state[i] in {0, 1} or {-1, 1}. */
double problem_energy(const problem *p, const int8_t *state);

/* The model's spins ({0, 1} or {-1, 1} as each origin says) from a state of the problem. With an ancilla the state is read
 * relative to it. */
void problem_decode(const problem *p, const int8_t *state, int8_t *model_state);

/* The way back: the state of the problem, its ancilla at 1, that decodes to a state of the model. False when the model's
 * state says otherwise of a fixed spin, or of one that follows another; the state is then made from the rest. Spins that no
 * model spin follows are set to their lowest value. */
bool problem_encode(const problem *p, const int8_t *model_state, int8_t *state);

/* row_start [spins + 1], neighbour and value [2 * coupling_count]: both directions of every coupling. */
typedef struct problem_rows {
    int64_t *row_start;
    uint32_t *neighbour;
    double *value;
} problem_rows;
isg_status problem_rows_open(problem_rows *r, const problem *p, isg_error *error);
void problem_rows_close(problem_rows *r, const problem *p);

#endif
