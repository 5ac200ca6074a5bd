/* autocorrelation.h - how long a series remembers.
 *
 * The integrated autocorrelation time tau = 1/2 + sum_t rho(t), in steps of the series: 2 tau steps count for one independent
 * measurement. The sum ends at the first window M >= 5 tau(M) (N. Madras, A. D. Sokal, J. Stat. Phys. 50 (1988) 109,
 * appendix C), where the error is tau * sqrt(2 (2M + 1) / N).
 */
#ifndef INSPECT_AUTOCORRELATION_H
#define INSPECT_AUTOCORRELATION_H

#include <stdbool.h>
#include <stdint.h>

typedef struct autocorrelation {
    double tau, error;
    bool known; /* false: the series is constant, too short for what it remembers, or alternates so that tau comes out as 0 */
} autocorrelation;

autocorrelation autocorrelation_of(const double *series, int64_t count);

#endif
