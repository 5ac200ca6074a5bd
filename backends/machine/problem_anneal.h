/* problem_anneal.h - the runtime's annealer on a problem in numbers.
 *
 * A compiled Hamiltonian brings kernels made for its terms; a problem gets these, over its rows of neighbours. The schedule, the
 * keyed randomness and the reads are the same code (runtime/anneal.h).
 */
#ifndef BACKENDS_MACHINE_PROBLEM_ANNEAL_H
#define BACKENDS_MACHINE_PROBLEM_ANNEAL_H

#include "ir/problem.h"
#include "runtime/anneal.h"
#include "runtime/memory.h"

/* A problem as the annealer sees any Hamiltonian: its kernels, and the context they are called with. The state lies at
 * hamiltonian.state_offset of the frame. Borrows the problem. */
typedef struct problem_kernels {
    const problem *problem;
    isg_abi_hamiltonian hamiltonian;
    isg_abi_context context;
    memory_aligned frame, tables;
    size_t threshold_count;
} problem_kernels;
isg_status problem_kernels_open(problem_kernels *k, const problem *p, isg_error *error);
void problem_kernels_close(problem_kernels *k);

/* state[spins], in the problem's values, gets the best state found; *energy its energy in double. */
isg_status problem_anneal(const problem *p, const anneal_settings *settings, int8_t *state, double *energy, isg_error *error);

#endif
