/* test_runtime_mixed.c - a program of 40 spins in {-1, 1}: a group of 10, solved exactly, beside one of 30,
 * which is annealed. */
#define DENSE_SPINS 40
#define DENSE_LOWEST (-1)
#define DENSE_GROUPS 2
#define DENSE_SPLIT 10
#include "runtime_check.h"
#include "runtime_dense.h"

#include "runtime/program.h"
#include "runtime/tensor.h"

static const isg_abi_program abi = DENSE_PROGRAM;
static float J[1][N][N], h[1][N], offset[1] = {3}, x[1][N], energy[1];

static double energy_of(const float *state, int first, int end)
{
    double sum = 0;
    for (int i = first; i < end; i++) {
        sum += (double)(h[0][i] * state[i]);
        for (int j = i + 1; j < end; j++)
            sum += (double)(J[0][i][j] * state[i] * state[j]);
    }
    return sum;
}

static double small_ground(void)
{
    double lowest = INFINITY;
    for (uint32_t state = 0; state < 1u << DENSE_SPLIT; state++) {
        float spins[DENSE_SPLIT];
        for (int i = 0; i < DENSE_SPLIT; i++)
            spins[i] = state >> i & 1 ? 1 : -1;
        lowest = fmin(lowest, energy_of(spins, 0, DENSE_SPLIT));
    }
    return lowest;
}

int main(void)
{
    int64_t shape[] = {1, N, N};
    isg_named_tensor inputs[] = {{"J", tensor_contiguous(ISG_F32, 3, shape, J)},
                                 {"h", tensor_contiguous(ISG_F32, 2, shape, h)},
                                 {"offset", tensor_contiguous(ISG_F32, 1, shape, offset)}};
    isg_named_tensor outputs[] = {{"x", tensor_contiguous(ISG_F32, 2, shape, x)},
                                  {"energy", tensor_contiguous(ISG_F32, 1, shape, energy)}};
    isg_program *p = NULL;
    isg_error error = {0};
    CHECK(!program_open_abi(&abi, NULL, 0, NULL, NULL, &p, &error), "%s", error.message);
    for (uint32_t trial = 0; trial < 20; trial++) {
        for (uint32_t i = 0; i < N; i++)
            for (uint32_t j = i; j < N; j++) {
                const uint32_t key[2] = {trial, 2}, counter[4] = {i, j, 0, 0};
                uint32_t out[4];
                philox4x32(counter, key, out);
                float value = (float)(out[0] % 2001) / 1000 - 1;
                *(i == j ? &h[0][i] : &J[0][i][j]) = i == j || (i < DENSE_SPLIT) == (j < DENSE_SPLIT) ? value : 0;
            }
        isg_report report;
        CHECK(!isg_run(p, inputs, 3, outputs, 2, &(isg_run_options){.reads = 200, .sweeps = 300}, NULL, &error), "%s",
              error.message);
        float strong = energy[0];
        CHECK(!isg_run(p, inputs, 3, outputs, 2, NULL, &report, &error), "%s", error.message);
        CHECK(fabs(energy_of(x[0], 0, DENSE_SPLIT) - small_ground()) < 1e-5, "trial %u: the small group", trial);
        CHECK(fabs(3 + energy_of(x[0], 0, DENSE_SPLIT) + energy_of(x[0], DENSE_SPLIT, N) - (double)energy[0]) < 1e-4);
        CHECK(fabs(report.hamiltonians[0].energy_mean - (double)energy[0]) < 1e-5);
        CHECK(energy[0] <= strong + 0.05f * fabsf(strong), "trial %u: %g, with more effort %g", trial, (double)energy[0],
              (double)strong);
    }
    isg_close(p);
    return check_done();
}
