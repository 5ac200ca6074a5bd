/* pieces_dense.c - the dense kernels as pieces (pieces.c). Optimised when the compiler is built, since shapes hardly matter to them:
 * that takes most of the work off each compilation of a program.
 */
#include "backends/native/kernels/dense_work.h"

void piece_dense_prepare(char *work, const double *linear, const double *coupling, const double *uniform, int64_t spins,
                         int64_t lowest)
{
    dense_couplings couplings = {.spins = spins, .value = coupling, .uniform = uniform ? *uniform : 0};
    dense_work_prepare(work, linear, &couplings, lowest);
}

void piece_dense_start(char *work, const int8_t *state, int64_t spins)
{
    dense_work_start(work, state, spins);
}

int64_t piece_dense_sweep(char *work, int8_t *state, double beta, const uint32_t *key, uint32_t sweep, int64_t spins,
                          int64_t lowest)
{
    return (int64_t)dense_work_sweep(work, state, beta, key, sweep, spins, lowest);
}
