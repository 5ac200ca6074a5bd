/* test_runtime_groups.c - a program of 24 spins in {0, 1} in two uncoupled groups: each is solved, or
 * annealed, for itself. */
#define DENSE_SPINS 24
#define DENSE_LOWEST 0
#define DENSE_GROUPS 2
#include "runtime_check.h"
#include "runtime_dense.h"

#include "runtime/program.h"
#include "runtime/tensor.h"

enum { BATCH = 8 };

static const isg_abi_program abi = DENSE_PROGRAM;
static float J[BATCH][N][N], h[BATCH][N], offset[BATCH], x[BATCH][N], energy[BATCH];
static isg_named_tensor inputs[3], outputs[2];

static void fill(void)
{
    uint32_t draws = 0, out[4];
    for (int b = 0; b < BATCH; b++)
        for (int i = 0; i < N; i++)
            for (int j = i; j < N; j++) {
                const uint32_t key[2] = {1, 2}, counter[4] = {draws++, 0, 0, 0};
                philox4x32(counter, key, out);
                float value = (float)(out[0] % 2001) / 1000 - 1;
                if (i == j)
                    h[b][i] = value;
                else if ((i < GROUP_SPLIT) == (j < GROUP_SPLIT))
                    J[b][i][j] = value;
            }
    int64_t shape[] = {BATCH, N, N};
    inputs[0] = (isg_named_tensor){"J", tensor_contiguous(ISG_F32, 3, shape, J)};
    inputs[1] = (isg_named_tensor){"h", tensor_contiguous(ISG_F32, 2, shape, h)};
    inputs[2] = (isg_named_tensor){"offset", tensor_contiguous(ISG_F32, 1, shape, offset)};
    outputs[0] = (isg_named_tensor){"x", tensor_contiguous(ISG_F32, 2, shape, x)};
    outputs[1] = (isg_named_tensor){"energy", tensor_contiguous(ISG_F32, 1, shape, energy)};
}

static double ground_energy(int b, int first)
{
    double lowest = 0;
    for (uint32_t state = 0; state < 1u << GROUP_SPLIT; state++) {
        double sum = 0;
        for (int i = 0; i < GROUP_SPLIT; i++)
            for (int j = i; j < GROUP_SPLIT && state >> i & 1; j++)
                if (state >> j & 1)
                    sum += (double)(i == j ? h[b][first + i] : J[b][first + i][first + j]);
        lowest = fmin(lowest, sum);
    }
    return lowest;
}

int main(void)
{
    isg_program *p = NULL;
    isg_error error = {0};
    fill();
    CHECK(!program_open_abi(&abi, NULL, 0, NULL, NULL, &p, &error), "%s", error.message);
    const isg_run_options rows[] = {{.threads = 1}, {.threads = 3}, {.reads = 100, .sweeps = 100}};
    for (size_t k = 0; k < 3; k++) {
        CHECK(!isg_run(p, inputs, 3, outputs, 2, &rows[k], NULL, &error), "%s", error.message);
        for (int b = 0; b < BATCH; b++) {
            double ground = ground_energy(b, 0) + ground_energy(b, GROUP_SPLIT);
            CHECK(fabs((double)energy[b] - ground) < 1e-5, "row %zu, sample %d: %g, not %g", k, b, (double)energy[b], ground);
        }
    }
    /* No read need be best in both groups: together they are no worse than any single one. */
    float before[BATCH];
    for (int b = 0; b < BATCH; b++)
        before[b] = INFINITY;
    for (int reads = 1; reads < 20; reads++) {
        CHECK(!isg_run(p, inputs, 3, outputs, 2, &(isg_run_options){.reads = reads, .sweeps = 1}, NULL, &error));
        for (int b = 0; b < BATCH; b++) {
            CHECK(energy[b] <= before[b], "%d reads", reads);
            before[b] = energy[b];
        }
    }
    isg_close(p);
    return check_done();
}
