/* runtime_dense.h - a compiled program written by hand: a dense Hamiltonian over the ABI's callbacks.
 *
 *   E(x) = sum_{i<j} J_ij x_i x_j + sum_i h_i x_i + offset
 *
 * Inputs: J f32[N, N] (the upper triangle is used), h f32[N], offset f32. Outputs: x f32[N], energy
 * f32. Spins [0, DENSE_SPLIT), half of them unless defined, and the rest form two groups when DENSE_GROUPS is 2 (the couplings
 * between them must be 0). Define DENSE_SPINS, DENSE_LOWEST and DENSE_GROUPS before including.
 */
#include "runtime/abi.h"
#include "runtime/philox.h"

#include <math.h>
#include <string.h>

#ifndef DENSE_SPLIT
#define DENSE_SPLIT (DENSE_SPINS / 2)
#endif
enum { N = DENSE_SPINS, GROUP_SPLIT = DENSE_SPLIT };

typedef struct dense_frame {
    float J[N][N], h[N], offset;
    double couplings[N][N], fields[N], constant;
    int8_t state[N];
    float x[N], energy;
} dense_frame;

typedef struct dense_tables {
    int8_t lowest[N];
    uint32_t group[N];
} dense_tables;

static int dense_delay_us; /* each sweep sleeps so long */
#include <unistd.h>

static const dense_frame *frame_of(const isg_abi_context *c)
{
    return (const dense_frame *)(const void *)c->frame;
}

static void dense_fill_tables(isg_abi_context *c)
{
    dense_tables *t = (dense_tables *)(void *)c->tables;
    for (int i = 0; i < N; i++) {
        t->lowest[i] = DENSE_LOWEST;
        t->group[i] = i >= GROUP_SPLIT;
    }
}

static int32_t dense_coefficients(isg_abi_context *c)
{
    dense_frame *f = (dense_frame *)(void *)c->frame;
    f->constant = f->offset;
    for (int i = 0; i < N; i++) {
        f->fields[i] = f->h[i];
        if (f->h[i] > 1e30f) { /* stands for an overflow on the way */
            c->fault_position = i;
            return ISG_FAULT_NOT_FINITE;
        }
        for (int j = 0; j < N; j++)
            f->couplings[i][j] = i < j ? f->J[i][j] : i > j ? f->J[j][i] : 0;
    }
    return ISG_FAULT_NONE;
}

static void dense_fields(const isg_abi_context *c, const int8_t *state, double *field)
{
    const dense_frame *f = frame_of(c);
    for (int i = 0; i < N; i++) {
        field[i] = f->fields[i];
        for (int j = 0; j < N; j++)
            field[i] += f->couplings[i][j] * state[j];
    }
}

static void dense_flip(const dense_frame *f, int8_t *state, double *field, int i)
{
    int change = state[i] == 1 ? DENSE_LOWEST - 1 : 1 - DENSE_LOWEST;
    state[i] = (int8_t)(state[i] + change);
    for (int j = 0; j < N; j++)
        field[j] += f->couplings[i][j] * change;
}

static double dense_gain(const int8_t *state, const double *field, int i)
{
    return (state[i] == 1 ? DENSE_LOWEST - 1 : 1 - DENSE_LOWEST) * field[i];
}

/* The workspace is the fields. */
static void dense_prepare(const isg_abi_context *c, void *workspace)
{
    (void)c;
    (void)workspace;
}

static void dense_start(const isg_abi_context *c, void *workspace, const int8_t *state)
{
    dense_fields(c, state, workspace);
}

static uint64_t dense_sweep(const isg_abi_context *c, void *workspace, int8_t *state, double beta, const uint32_t key[2],
                            uint32_t sweep)
{
    double *field = workspace;
    uint32_t draw[4];
    uint64_t flips = 0;
    if (dense_delay_us)
        usleep((useconds_t)dense_delay_us);
    for (int i = 0; i < N; i++) {
        if (i % 4 == 0)
            philox_sweep_block(key, sweep, (uint32_t)i / 4, draw);
        double change = dense_gain(state, field, i);
        if (change <= 0 || (change * beta < 23 && (draw[i % 4] + 0.5) * 0x1p-32 < exp(-change * beta))) {
            dense_flip(frame_of(c), state, field, i);
            flips++;
        }
    }
    return flips;
}

static uint64_t dense_descend(const isg_abi_context *c, int8_t *state, double *field, double threshold)
{
    uint64_t flips = 0;
    for (int i = 0; i < N; i++)
        if (dense_gain(state, field, i) < -threshold) {
            dense_flip(frame_of(c), state, field, i);
            flips++;
        }
    return flips;
}

/* From the couplings: independent of `field`. */
static void dense_energy(const isg_abi_context *c, const int8_t *state, const double *field, double *energy)
{
    const dense_frame *f = frame_of(c);
    (void)field;
    memset(energy, 0, sizeof *energy * DENSE_GROUPS);
    energy[DENSE_GROUPS] = f->constant;
    for (int i = 0; i < N; i++) {
        double *e = &energy[DENSE_GROUPS == 2 && i >= GROUP_SPLIT];
        *e += f->fields[i] * state[i];
        for (int j = i + 1; j < N; j++)
            *e += f->couplings[i][j] * state[i] * state[j];
    }
}

static void dense_scales(const isg_abi_context *c, double *largest, double *coupling_sum, double *coupling_square, double *linear)
{
    const dense_frame *f = frame_of(c);
    for (int i = 0; i < N; i++) {
        linear[i] = f->fields[i];
        largest[i] = fabs(f->fields[i]);
        coupling_sum[i] = coupling_square[i] = 0;
        for (int j = 0; j < N; j++) {
            double J = f->couplings[i][j];
            largest[i] = fmax(largest[i], fabs(J));
            coupling_sum[i] += fabs(J);
            coupling_square[i] += J * J;
        }
    }
}

static int32_t dense_readout(isg_abi_context *c)
{
    dense_frame *f = (dense_frame *)(void *)c->frame;
    double energy[DENSE_GROUPS + 1], sum = 0;
    dense_energy(c, f->state, NULL, energy);
    for (int g = 0; g <= DENSE_GROUPS; g++)
        sum += energy[g];
    f->energy = (float)sum;
    for (int i = 0; i < N; i++)
        f->x[i] = f->state[i];
    return ISG_FAULT_NONE;
}

static const isg_abi_tensor dense_inputs[] = {
    {.name = "J", .dtype = ISG_F32, .rank = 2, .shape = {N, N}, .offset = offsetof(dense_frame, J)},
    {.name = "h", .dtype = ISG_F32, .rank = 1, .shape = {N}, .offset = offsetof(dense_frame, h)},
    {.name = "offset", .dtype = ISG_F32, .rank = 0, .offset = offsetof(dense_frame, offset)},
};
static const isg_abi_tensor dense_outputs[] = {
    {.name = "x", .dtype = ISG_F32, .rank = 1, .shape = {N}, .offset = offsetof(dense_frame, x)},
    {.name = "energy", .dtype = ISG_F32, .rank = 0, .offset = offsetof(dense_frame, energy)},
};
static const isg_abi_hamiltonian dense_hamiltonian = {
    .name = "dense",
    .spins = N,
    .terms = 2,
    .groups = DENSE_GROUPS,
    .state_offset = offsetof(dense_frame, state),
    .lowest_offset = offsetof(dense_tables, lowest),
    .group_offset = offsetof(dense_tables, group),
    .coefficients = dense_coefficients,
    .fields = dense_fields,
    .descend = dense_descend,
    .energy = dense_energy,
    .scales = dense_scales,
    .workspace_bytes = N * sizeof(double),
    .moves = "single flips",
    .prepare = dense_prepare,
    .start = dense_start,
    .sweep = dense_sweep,
};
static const isg_abi_step dense_steps[] = {{.hamiltonian = 0}, {.run = dense_readout}};
#define DENSE_PROGRAM                                                                                                            \
    {                                                                                                                            \
        .magic = ISG_ABI_MAGIC, .version = ISG_ABI_VERSION, .struct_bytes = sizeof(isg_abi_program),                             \
        .hamiltonian_struct_bytes = sizeof(isg_abi_hamiltonian), .tensor_struct_bytes = sizeof(isg_abi_tensor),                  \
        .cpu_features = "", .model = "dense", .input_count = 3, .output_count = 2, .hamiltonian_count = 1, .step_count = 2,      \
        .inputs = dense_inputs, .outputs = dense_outputs, .hamiltonians = &dense_hamiltonian, .steps = dense_steps,              \
        .frame_bytes = sizeof(dense_frame), .tables_bytes = sizeof(dense_tables), .tables = dense_fill_tables                    \
    }
