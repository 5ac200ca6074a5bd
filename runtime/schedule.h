/* schedule.h - the temperatures of an anneal, from the sizes of the coefficients.
 *
 * Inverse temperatures rise geometrically from `hot` to `cold`. They are computed with correctly rounded
 * operations alone (no exp or pow), so that they are the same numbers with every C library.
 */
#ifndef RUNTIME_SCHEDULE_H
#define RUNTIME_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

/* Per spin, as isg_abi_hamiltonian.scales gives them; `lowest` is 0 for {0, 1} and -1 for {-1, 1}. */
typedef struct schedule_scales {
    size_t spins;
    const double *largest, *coupling_sum, *coupling_square, *linear;
    const int8_t *lowest;
} schedule_scales;

#define SCHEDULE_LARGEST_BETA 1e300

typedef struct schedule {
    double hot, cold; /* inverse temperatures, finite; both 0 when nothing depends on the spins */
} schedule;

schedule schedule_make(const schedule_scales *scales);

/* The same from the greatest and the least of the spins' typical energy changes; both 0: nothing depends on the spins. */
schedule schedule_spanning(double greatest, double least);

/* The inverse temperature of sweep 0 <= k < sweeps. */
double schedule_beta(const schedule *s, int32_t k, int32_t sweeps);

/* The same to the bit, from roots made once: for sweeps that take no longer than those roots. */
enum { SCHEDULE_ROOTS = 40 };
void schedule_make_roots(const schedule *s, double roots[SCHEDULE_ROOTS]);
double schedule_beta_from(const schedule *s, const double roots[SCHEDULE_ROOTS], int32_t k, int32_t sweeps);

#endif
