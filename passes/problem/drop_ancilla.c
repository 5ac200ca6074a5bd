/* drop_ancilla.c - couplings to the ancilla become fields again: the same energies with one spin less.
 *
 * The ancilla is set to 1, which is how states are read anyway.
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"

#include "runtime/error.h"
#include "runtime/memory.h"

static uint32_t moved(uint32_t spin, uint32_t ancilla)
{
    return spin - (spin > ancilla);
}

static bool fold_couplings(problem *out, uint32_t ancilla, ancilla_info *info)
{
    bool finite = true;
    int64_t kept = 0;
    for (int64_t k = 0; k < out->coupling_count; k++) {
        problem_coupling c = out->couplings[k];
        if (c.first != ancilla && c.second != ancilla) {
            out->couplings[kept++] = (problem_coupling){moved(c.first, ancilla), moved(c.second, ancilla), c.value};
            continue;
        }
        double rest, *field = &out->fields[c.first == ancilla ? c.second : c.first];
        *field = exact_two_sum(*field, c.value, &rest); /* one coupling a spin: one rounding */
        bound_add(&info->rounding, fabs(rest));
        finite &= isfinite(*field);
        info->couplings++;
    }
    out->coupling_count = kept;
    double rest;
    out->offset = exact_two_sum(out->offset, out->fields[ancilla], &rest);
    bound_add(&info->rounding, fabs(rest));
    return finite && isfinite(out->offset);
}

/* Origins that follow the ancilla itself (it was a spin of the model) read 1. */
static void move_origins(problem *out, uint32_t ancilla)
{
    for (int64_t i = 0; i < out->origin_count; i++) {
        problem_origin *o = &out->origins[i];
        if (o->spin == PROBLEM_NO_SPIN)
            continue;
        if (o->spin == ancilla)
            *o = (problem_origin){PROBLEM_NO_SPIN, o->value == 1, o->lowest};
        else
            o->spin = moved(o->spin, ancilla);
    }
}

isg_status pass_drop_ancilla(const problem *in, problem *out, ancilla_info *info, isg_error *error)
{
    *info = (ancilla_info){.ancilla = -1};
    if (in->ancilla >= 0 && in->domain != PROBLEM_SPIN)
        return error_fail(error, ISG_INVALID, "an ancilla is dropped from spins of -1 and 1: run to-spin first");
    isg_status status = problem_copy(out, in, error);
    if (status || in->ancilla < 0)
        return status;
    double *fields = memory_take(out->allocator, (size_t)in->spins - 1, sizeof *fields);
    if (!fields) {
        problem_close(out);
        return error_no_memory(error);
    }
    bool finite = fold_couplings(out, (uint32_t)in->ancilla, info);
    move_origins(out, (uint32_t)in->ancilla);
    for (int64_t i = 0; i < in->spins - 1; i++)
        fields[i] = out->fields[i + (i >= in->ancilla)];
    memory_release(out->allocator, out->fields, (size_t)in->spins, sizeof *fields);
    out->fields = fields;
    out->spins--;
    out->ancilla = -1;
    if (finite)
        return ISG_OK;
    problem_close(out);
    return error_fail(error, ISG_INVALID, "numbers too large: a field is beyond double's range");
}
