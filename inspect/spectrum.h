/* spectrum.h - what the eigenvalues of the couplings say about temperature and time.
 *
 * As spins of {-1, 1}, E(s) = 1/2 s'Js + h's. Single-spin-flip (Glauber) dynamics of exp(-E/T) has a spectral gap of at least
 * (1 - w/T) / n a flip, w = (largest - smallest eigenvalue of J), wherever w < T, whatever the fields are: R. Eldan, F. Koehler,
 * O. Zeitouni, "A spectral condition for spectral gap: fast mixing in high-temperature Ising models", Probab. Theory Relat.
 * Fields 182 (2022) 1035, theorem 1.1 (there J is made positive semidefinite by adding to its diagonal, which changes no
 * probability: hence w). So relaxation takes at most 1 / (1 - w/T) sweeps of n flips. Below T = w the bound says nothing. It
 * is proven for flips of random spins with the heat-bath rule; Metropolis flips no less often.
 */
#ifndef INSPECT_SPECTRUM_H
#define INSPECT_SPECTRUM_H

#include "inspect/eigen.h"
#include "inspect/value.h"
#include "runtime/schedule.h"

/* At most so many sweeps at inverse temperature beta; INFINITY where the bound says nothing. width: largest - smallest. */
double spectrum_relaxation(double width, double beta);

/* SPECTRUM of README.md; the numbers are null where the eigenvalues did not converge. */
json_t *spectrum_value(arena *a, const eigen_extremes *e, const schedule *ladder);

#endif
