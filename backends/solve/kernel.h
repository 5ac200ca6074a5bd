/* kernel.h - sweeps over a lattice: plain functions over flat arrays.
 *
 * turn[i] is 1 where spin i is down and -1 where it is up, so that turn * field * unit is the energy change of its flip. All
 * arrays are padded; a padding spin's limit is below any change, so that it never flips.
 */
#ifndef BACKENDS_SOLVE_KERNEL_H
#define BACKENDS_SOLVE_KERNEL_H

#include "backends/solve/lattice.h"

/* Spins at a time: their limits are made in one go, and stay in the nearest cache. */
enum { KERNEL_CHUNK = 2048 };

typedef struct kernel_state {
    lattice_numbers turn, field; /* [padded] */
    lattice_numbers limit;       /* [KERNEL_CHUNK] */
} kernel_state;

/* Spins at random (philox.h, "the start"), and their fields. */
void kernel_start(const lattice *l, const uint32_t key[2], kernel_state *s);

/* The fields anew from the spins. */
void kernel_fields(const lattice *l, kernel_state *s);

/* One Metropolis sweep in index order at a temperature in lattice energies; returns the flips. */
int64_t kernel_sweep(const lattice *l, const uint32_t key[2], uint32_t number, double temperature, kernel_state *s);

/* One sweep that flips what lowers the energy. */
int64_t kernel_descend(const lattice *l, kernel_state *s);

/* The energy over that of all spins down, in lattice numbers divided by the unit. */
typedef struct kernel_energy {
    int64_t whole; /* of an exact lattice; else 0 */
    double real;
} kernel_energy;
kernel_energy kernel_energy_of(const lattice *l, const kernel_state *s);
bool kernel_lower(kernel_energy a, kernel_energy b);

#endif
