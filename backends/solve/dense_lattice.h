/* dense_lattice.h - a lattice in which most spins are coupled to most others, as whole rows (backends/native/kernels/dense.h).
 *
 * Sweeps of an exact lattice take the same decisions as those of kernel.h, to the bit, in a fraction of the time. Otherwise rows
 * are float32, and used where that resolves the coldest temperature: what a sweep leaves is finished in double by kernel.h.
 */
#ifndef BACKENDS_SOLVE_DENSE_LATTICE_H
#define BACKENDS_SOLVE_DENSE_LATTICE_H

#include "backends/native/kernels/dense.h"
#include "backends/solve/dense_level.h"
#include "backends/solve/kernel.h"
#include "runtime/memory.h"

typedef struct dense_lattice {
    bool used;  /* false: the lattice is too sparse, its temperatures too low for float32, or it has none */
    bool exact; /* rows and fields are whole: nothing else is needed to finish */
    dense rows;
    memory_aligned memory;
    const dense_level *level;
} dense_lattice;

/* One worker's. */
typedef struct dense_state {
    dense d;
    memory_aligned memory;
} dense_state;

/* So many couplings that whole rows are cheaper than lists of neighbours. */
bool dense_lattice_pays(int64_t spins, int64_t couplings);

/* The lattice needs to be measured alone, and filled where the rows then are not exact. */
isg_status dense_lattice_open(dense_lattice *d, const lattice *l, const problem *p, isg_error *error);
void dense_lattice_close(dense_lattice *d, const lattice *l);

bool dense_state_open(dense_state *s, const dense_lattice *d, const lattice *l);
void dense_state_close(dense_state *s, const lattice *l);

/* As kernel_start, kernel_sweep and, of exact rows, kernel_descend. */
void dense_state_start(const dense_state *s, const dense_lattice *d, const uint32_t key[2]);
int64_t dense_state_sweep(const dense_state *s, const dense_lattice *d, const lattice *l, const uint32_t key[2], uint32_t number,
                          double temperature);

int64_t dense_state_descend(const dense_state *s, const dense_lattice *d);

/* The state as kernel.h has it, with its fields where the lattice is exact. */
void dense_state_give(const dense_state *s, const lattice *l, kernel_state *to);

#endif
