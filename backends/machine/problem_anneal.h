/* problem_anneal.h - the runtime's annealer on a problem in numbers.
 *
 * A compiled Hamiltonian brings kernels made for its terms; a problem gets these, over its rows of neighbours. The schedule, the
 * keyed randomness and the reads are the same code (runtime/anneal.h).
 */
#ifndef BACKENDS_MACHINE_PROBLEM_ANNEAL_H
#define BACKENDS_MACHINE_PROBLEM_ANNEAL_H

#include "ir/problem.h"
#include "runtime/anneal.h"

/* state[spins], in the problem's values, gets the best state found; *energy its energy in double. */
isg_status problem_anneal(const problem *p, const anneal_settings *settings, int8_t *state, double *energy, isg_error *error);

#endif
