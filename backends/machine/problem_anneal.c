/* problem_anneal.c - kernels over a problem's rows for the runtime's annealer (problem_anneal.h). */
#include "backends/machine/problem_anneal.h"

#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"
#include "runtime/threshold.h"

#include <math.h>

/* What the frame begins with: the kernels find the problem there. The state follows at STATE_OFFSET. */
typedef struct row_frame {
    const problem *p;
    problem_rows rows;
    float *thresholds; /* [spins rounded up to 4] */
} row_frame;

enum { STATE_OFFSET = 128 };
_Static_assert(sizeof(row_frame) <= STATE_OFFSET, "the state stands behind the frame's head");

static const row_frame *frame_of(const isg_abi_context *context)
{
    return (const row_frame *)(const void *)context->frame;
}

static int32_t coefficients(isg_abi_context *context)
{
    (void)context; /* they are in the problem */
    return ISG_FAULT_NONE;
}

static void update(const problem_rows *rows, int64_t spin, double delta, double *field)
{
    for (int64_t k = rows->row_start[spin]; k < rows->row_start[spin + 1]; k++)
        field[rows->neighbour[k]] += rows->value[k] * delta;
}

static void fields(const isg_abi_context *context, const int8_t *state, double *field)
{
    const row_frame *f = frame_of(context);
    if (f->p->spins)
        memcpy(field, f->p->fields, (size_t)f->p->spins * sizeof *field);
    for (int64_t i = 0; i < f->p->spins; i++)
        if (state[i])
            update(&f->rows, i, state[i], field);
}

/* The step to a spin's other value. */
static double step_of(const problem *p, int8_t value)
{
    return p->domain == PROBLEM_BINARY ? 1 - 2 * value : -2 * value;
}

static void flip(const row_frame *f, int64_t spin, double step, int8_t *state, double *field)
{
    state[spin] = (int8_t)(state[spin] + (int)step);
    update(&f->rows, spin, step, field);
}

/* The workspace is the fields. */
static void prepare(const isg_abi_context *context, void *workspace)
{
    (void)context;
    (void)workspace;
}

static void start(const isg_abi_context *context, void *workspace, const int8_t *state)
{
    fields(context, state, workspace);
}

static uint64_t sweep(const isg_abi_context *context, void *workspace, int8_t *state, double beta, const uint32_t key[2],
                      uint32_t number)
{
    const row_frame *f = frame_of(context);
    double *field = workspace;
    uint64_t flips = 0;
    threshold_sweep(key, number, (f->p->spins + 3) / 4, f->thresholds);
    for (int64_t i = 0; i < f->p->spins; i++) {
        double step = step_of(f->p, state[i]);
        if (step * field[i] * beta <= (double)f->thresholds[i]) {
            flip(f, i, step, state, field);
            flips++;
        }
    }
    return flips;
}

static uint64_t descend(const isg_abi_context *context, int8_t *state, double *field, double threshold)
{
    const row_frame *f = frame_of(context);
    uint64_t flips = 0;
    for (int64_t i = 0; i < f->p->spins; i++) {
        double step = step_of(f->p, state[i]);
        if (step * field[i] < -threshold) {
            flip(f, i, step, state, field);
            flips++;
        }
    }
    return flips;
}

static void energy(const isg_abi_context *context, const int8_t *state, const double *field, double *out)
{
    const problem *p = frame_of(context)->p;
    (void)field; /* the sum as all problems have it */
    out[0] = problem_energy(p, state) - p->offset;
    out[1] = p->offset;
}

static void scales(const isg_abi_context *context, double *largest, double *coupling_sum, double *coupling_square, double *linear)
{
    const row_frame *f = frame_of(context);
    for (int64_t i = 0; i < f->p->spins; i++) {
        linear[i] = f->p->fields[i];
        largest[i] = fabs(linear[i]);
        coupling_sum[i] = coupling_square[i] = 0;
        for (int64_t k = f->rows.row_start[i]; k < f->rows.row_start[i + 1]; k++) {
            double size = fabs(f->rows.value[k]);
            largest[i] = size > largest[i] ? size : largest[i];
            coupling_sum[i] += size;
            coupling_square[i] += size * size;
        }
    }
}

static void couplings(const isg_abi_context *context, void (*visit)(void *visitor, int64_t first, int64_t second, double value),
                      void *visitor)
{
    const problem *p = frame_of(context)->p;
    for (int64_t k = 0; k < p->coupling_count; k++)
        visit(visitor, p->couplings[k].first, p->couplings[k].second, p->couplings[k].value);
}

static isg_abi_hamiltonian record_of(const problem *p)
{
    return (isg_abi_hamiltonian){.name = "problem",
                                 .spins = (uint64_t)p->spins,
                                 .terms = 1,
                                 .groups = 1,
                                 .state_offset = STATE_OFFSET,
                                 .coefficients = coefficients,
                                 .fields = fields,
                                 .descend = descend,
                                 .energy = energy,
                                 .scales = scales,
                                 .couplings = couplings,
                                 .workspace_bytes = (uint64_t)p->spins * sizeof(double),
                                 .moves = "single flips",
                                 .prepare = prepare,
                                 .start = start,
                                 .sweep = sweep};
}

isg_status problem_kernels_open(problem_kernels *k, const problem *p, isg_error *error)
{
    row_frame head = {.p = p};
    *k = (problem_kernels){.problem = p, .hamiltonian = record_of(p), .threshold_count = ((size_t)p->spins + 3) / 4 * 4};
    isg_status status = problem_rows_open(&head.rows, p, error);
    if (status)
        return status;
    head.thresholds = memory_take(p->allocator, k->threshold_count, sizeof *head.thresholds);
    k->frame = memory_take_aligned(p->allocator, STATE_OFFSET + (size_t)p->spins);
    k->tables = memory_take_aligned(p->allocator, (size_t)p->spins);
    if (!head.thresholds || !k->frame.at || !k->tables.at) {
        status = error_no_memory(error);
        problem_rows_close(&head.rows, p);
        memory_release(p->allocator, head.thresholds, k->threshold_count, sizeof *head.thresholds);
        memory_release_aligned(p->allocator, &k->tables);
        memory_release_aligned(p->allocator, &k->frame);
        return status;
    }
    memcpy(k->frame.at, &head, sizeof head);
    memset(k->tables.at, p->domain == PROBLEM_BINARY ? 0 : -1, (size_t)p->spins); /* lowest, at offset 0 */
    k->context = (isg_abi_context){.frame = k->frame.at, .tables = k->tables.at};
    return ISG_OK;
}

void problem_kernels_close(problem_kernels *k)
{
    const problem *p = k->problem;
    row_frame head;
    memcpy(&head, k->frame.at, sizeof head);
    problem_rows_close(&head.rows, p);
    memory_release(p->allocator, head.thresholds, k->threshold_count, sizeof *head.thresholds);
    memory_release_aligned(p->allocator, &k->tables);
    memory_release_aligned(p->allocator, &k->frame);
}

isg_status problem_anneal(const problem *p, const anneal_settings *settings, int8_t *state, double *best, isg_error *error)
{
    problem_kernels k;
    isg_status status = problem_kernels_open(&k, p, error);
    if (status)
        return status;
    memory_aligned scratch = memory_take_aligned(p->allocator, anneal_scratch_bytes(&k.hamiltonian));
    if (scratch.at) {
        *best = anneal_solve(&k.hamiltonian, &k.context, settings, scratch.at).energy;
        if (p->spins)
            memcpy(state, k.frame.at + STATE_OFFSET, (size_t)p->spins);
    } else {
        status = error_no_memory(error);
    }
    memory_release_aligned(p->allocator, &scratch);
    problem_kernels_close(&k);
    return status;
}
