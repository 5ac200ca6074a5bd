/* threshold.h - acceptance thresholds of a Metropolis sweep, from keyed random numbers.
 *
 * A move of energy dE is accepted with probability min(1, exp(-beta dE)): when beta dE <= -log(u) for a uniform u. The thresholds
 * -log(u) of a whole sweep are made at once, in a loop that vectorises. Plain C: the native backend compiles it
 * to bitcode as well, so that both sides draw the same numbers to the bit.
 */
#ifndef RUNTIME_THRESHOLD_H
#define RUNTIME_THRESHOLD_H

#include "runtime/philox.h"

/* p in log(1 + z) = z + z^3 p - z^2 / 2 for 1 + z in [sqrt 1/2, sqrt 2), of a float or a vector of them: the polynomial of
 * Cephes' logf (Moshier, "Methods and Programs for Mathematical Functions"). */
#define THRESHOLD_POLYNOMIAL(p, z)                                                                                               \
    do {                                                                                                                         \
        p = 7.0376836292e-2f * z - 1.1514610310e-1f;                                                                             \
        p = p * z + 1.1676998740e-1f;                                                                                            \
        p = p * z - 1.2420140846e-1f;                                                                                            \
        p = p * z + 1.4249322787e-1f;                                                                                            \
        p = p * z - 1.6668057665e-1f;                                                                                            \
        p = p * z + 2.0000714765e-1f;                                                                                            \
        p = p * z - 2.4999993993e-1f;                                                                                            \
        p = p * z + 3.3333331174e-1f;                                                                                            \
    } while (0)

/* -log(u) for u = (draw >> 8 + 1) / 2^24, never 0. Relative error about 1e-7. */
static inline float threshold_of(uint32_t draw)
{
    union {
        float f;
        uint32_t u;
    } x = {(float)((draw >> 8) + 1)};
    uint32_t shifted = x.u - 0x3f3504f3u; /* sqrt 1/2 */
    int32_t exponent = (int32_t)shifted >> 23;
    x.u -= (uint32_t)exponent << 23;
    float z = x.f - 1.0f, z2 = z * z;
    float p;
    THRESHOLD_POLYNOMIAL(p, z);
    float log_mantissa = z + (p * z * z2 - 0.5f * z2);
    return (float)(24 - exponent) * 0.693147180559945f - log_mantissa;
}

/* out[4 * blocks]: of spins 0, 1, ... in this sweep. */
static inline void threshold_sweep(const uint32_t *__restrict__ key, uint32_t sweep, int64_t blocks, float *__restrict__ out)
{
    for (int64_t block = 0; block < blocks; block++) {
        uint32_t draws[4];
        philox_sweep_block(key, sweep, (uint32_t)block, draws);
        for (int lane = 0; lane < 4; lane++)
            out[4 * block + lane] = threshold_of(draws[lane]);
    }
}

#endif
