/* run_sample.c - one sample through a program's steps: inputs in, code and annealing, outputs out. */
#include "runtime/anneal.h"
#include "runtime/blas.h"
#include "runtime/error.h"
#include "runtime/run_state.h"
#include "runtime/tensor.h"

#include <string.h>

static isg_status load_inputs(const run *r, int64_t position, char *frame, isg_error *error)
{
    const isg_abi_program *abi = r->program->abi;
    for (uint64_t i = 0; i < abi->input_count; i++) {
        isg_tensor sample = tensor_at(r->inputs[i], position);
        tensor_origin origin = {.kind = "input", .name = abi->inputs[i].name, .sample = position};
        void *to = frame + abi->inputs[i].offset;
        isg_status status = abi->inputs[i].dtype == ISG_F32 ? tensor_to_f32(&sample, origin, to, error)
                                                            : tensor_to_i32(&sample, origin, to, error);
        if (status)
            return status;
    }
    return ISG_OK;
}

static void store_outputs(const run *r, int64_t position, const char *frame)
{
    const isg_abi_program *abi = r->program->abi;
    for (uint64_t i = 0; i < abi->output_count; i++)
        if (r->outputs[i]) {
            isg_tensor sample = tensor_at(r->outputs[i], position);
            tensor_from_f32(&sample, (const float *)(const void *)(frame + abi->outputs[i].offset));
        }
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* The only input of integers, if there is just one: what holds the ids of an embedding. */
static const isg_abi_tensor *only_integer_input(const isg_abi_program *abi)
{
    const isg_abi_tensor *found = NULL;
    for (uint64_t i = 0; i < abi->input_count; i++)
        if (abi->inputs[i].dtype == ISG_I32) {
            if (found)
                return NULL;
            found = &abi->inputs[i];
        }
    return found;
}

static isg_status id_out_of_range(const run_worker *w, int64_t sample, int64_t position, int64_t place, isg_error *error)
{
    const isg_abi_tensor *ids = only_integer_input(w->run->program->abi);
    int64_t count = 0, index[ISG_MAX_RANK + 1] = {position};
    if (ids)
        tensor_count(ids->rank, ids->shape, &count);
    if (place < 0 || place >= count || ids->rank == ISG_MAX_RANK)
        return error_fail(error, ISG_INVALID, "sample %lld: an embedding id is out of range, at position %lld of its ids",
                          (long long)sample, (long long)place);
    int32_t id;
    memcpy(&id, w->frame + ids->offset + 4 * place, sizeof id);
    for (int i = ids->rank - 1; i >= 0; i--) {
        index[i + 1] = place % ids->shape[i];
        place /= ids->shape[i];
    }
    char where[TENSOR_SHAPE_TEXT];
    return error_fail(error, ISG_INVALID, "sample %lld: input '%s' at %s is %d, an embedding id out of range", (long long)sample,
                      ids->name, tensor_shape_text(ids->rank + 1, index, where), id);
}

static isg_status fault(const run_worker *w, int32_t code, const char *hamiltonian, int64_t position, int64_t place,
                        isg_error *error)
{
    int64_t sample = position + w->run->options.first_sample;
    if (code == ISG_FAULT_ID_RANGE)
        return id_out_of_range(w, sample, position, place, error);
    if (code != ISG_FAULT_NOT_FINITE)
        return error_fail(error, ISG_INTERNAL, "sample %lld: the program stopped with unknown fault %d", (long long)sample, code);
    if (!hamiltonian)
        return error_fail(error, ISG_INVALID, "sample %lld: a value became NaN or infinite", (long long)sample);
    if (place < 0)
        return error_fail(error, ISG_INVALID, "sample %lld: Hamiltonian '%s': its offset is NaN or infinite", (long long)sample,
                          hamiltonian);
    return error_fail(error, ISG_INVALID, "sample %lld: Hamiltonian '%s': a coefficient of spin %lld is NaN or infinite",
                      (long long)sample, hamiltonian, (long long)place);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static isg_status solve_elsewhere(run_worker *w, isg_abi_context *context, uint64_t number, int64_t position, isg_error *error)
{
    run *r = w->run;
    double start = run_clock();
    program_solve request = {.hamiltonian = &r->program->abi->hamiltonians[number],
                             .context = context,
                             .number = number,
                             .sample = position + r->options.first_sample,
                             .energy = &r->energies[number * (uint64_t)r->batch + (uint64_t)position],
                             .cancelled = run_cancelled,
                             .cancel_context = r,
                             .stop = &w->stopped};
    isg_status status = r->program->solver(r->program->solver_context, &request, error);
    w->efforts[number].seconds += run_clock() - start;
    return status;
}

static isg_status solve(run_worker *w, isg_abi_context *context, uint64_t number, int64_t position, isg_error *error)
{
    run *r = w->run;
    const isg_abi_hamiltonian *h = &r->program->abi->hamiltonians[number];
    double start = run_clock();
    int32_t code = h->coefficients(context);
    double middle = run_clock();
    w->seconds_coefficients += middle - start;
    if (code)
        return fault(w, code, h->name, position, context->fault_position, error);
    if (r->program->solver)
        return solve_elsewhere(w, context, number, position, error);
    anneal_settings settings = {.solver = r->options.solver,
                                .reads = r->options.reads,
                                .sweeps = r->options.sweeps,
                                .exact = r->default_effort,
                                .seed = r->options.seed,
                                .sample = position + r->options.first_sample,
                                .hamiltonian = (uint32_t)number,
                                .cancelled = run_cancelled,
                                .cancel_context = r};
    anneal_result result = anneal_solve(h, context, &settings, w->scratch);
    w->efforts[number].attempts += result.attempts;
    w->efforts[number].seconds += run_clock() - middle;
    r->energies[number * (uint64_t)r->batch + (uint64_t)position] = result.energy;
    return ISG_OK;
}

isg_status run_sample(run_worker *w, int64_t position, isg_error *error)
{
    const isg_program *p = w->run->program;
    isg_abi_context context = {.frame = w->frame,
                               .weights = program_weights(p),
                               .tables = p->tables.at,
                               .services = blas_services(),
                               .fault_position = -1};
    isg_status status = load_inputs(w->run, position, w->frame, error);
    w->stopped = false;
    for (uint64_t i = 0; !status && !w->stopped && i < p->abi->step_count; i++) {
        const isg_abi_step *step = &p->abi->steps[i];
        int32_t code = step->run ? step->run(&context) : 0;
        if (code)
            status = fault(w, code, NULL, position, context.fault_position, error);
        else if (!step->run)
            status = solve(w, &context, step->hamiltonian, position, error);
    }
    if (!status && !w->stopped)
        store_outputs(w->run, position, w->frame);
    return status;
}
