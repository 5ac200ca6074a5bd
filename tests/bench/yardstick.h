/* yardstick.h - a plain annealer, the measure of the bench: neighbour lists, one spin at a time, in index order.
 *
 * As good as such a solver gets without knowing the problem's structure: fields are kept up to date, so that a look at a
 * spin is a product and a comparison; what cannot be accepted is rejected without a random number; acceptance is
 * precomputed; the neighbours of a spin lie together. Compiled with -O3 -march=native.
 * E(s) = sum_i h_i s_i + sum_{i<j} J_ij s_i s_j, s_i in {-1, 1}.
 *
 * Numbers are double, float, or, where all of h and J are whole and small, 32-bit integers.
 */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H

#include <stdint.h>

enum { YARDSTICK_DOUBLE, YARDSTICK_FLOAT, YARDSTICK_WHOLE };

typedef struct yardstick yardstick;

/* row_start[spins + 1], neighbour and coupling [row_start[spins]]: both directions. NULL: no memory. */
yardstick *yardstick_open(int32_t number, int64_t spins, const int64_t *row_start, const int32_t *neighbour,
                          const double *coupling, const double *field);
void yardstick_close(yardstick *y);

/* One read from a random state: `sweeps` sweeps from inverse temperature hot to cold, geometrically or, with `linear`, in
 * equal steps, then a descent. Returns the seconds of CPU time of this thread; state[spins] is the last. */
double yardstick_run(yardstick *y, int64_t sweeps, double hot, double cold, int32_t linear, uint64_t seed, int8_t *state,
                     int64_t *flips);

#endif
