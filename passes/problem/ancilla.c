/* ancilla.c - fields as couplings to one more spin, for machines that have couplings only.
 *
 * h_i s_i becomes h_i s_i s_a. A state and its opposite then have the same energy and mean the same: states are read
 * relative to the ancilla (problem_decode does).
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"

#include "runtime/error.h"
#include "runtime/memory.h"

static bool has_fields(const problem *p)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return true;
    return false;
}

/* A copy with one more spin, without field. */
static isg_status copy_with_spin(const problem *in, problem *out, isg_error *error)
{
    isg_status status = problem_copy(out, in, error);
    if (status)
        return status;
    if (in->spins >= INT32_MAX) {
        problem_close(out);
        return error_fail(error, ISG_INVALID, "no spin is left for the ancilla: the problem has %lld", (long long)in->spins);
    }
    size_t bytes = memory_bytes((size_t)in->spins, sizeof *out->fields);
    double *fields = out->allocator->resize(out->allocator->context, out->fields, bytes,
                                            memory_bytes((size_t)in->spins + 1, sizeof *out->fields));
    if (!fields) {
        problem_close(out);
        return error_no_memory(error);
    }
    out->fields = fields;
    out->fields[out->spins++] = 0;
    return ISG_OK;
}

/* Adds the fields to what couplings to the ancilla there are; problem_settle drops those that cancel. */
static void meet_couplings(problem *out, ancilla_info *info, bool *finite)
{
    double rest;
    for (int64_t k = 0; k < out->coupling_count; k++) {
        problem_coupling *c = &out->couplings[k];
        if (c->first != (uint32_t)out->ancilla && c->second != (uint32_t)out->ancilla)
            continue;
        uint32_t other = c->first == (uint32_t)out->ancilla ? c->second : c->first;
        info->couplings += out->fields[other] != 0;
        c->value = exact_two_sum(c->value, out->fields[other], &rest);
        bound_add(&info->rounding, fabs(rest));
        out->fields[other] = 0;
        *finite &= isfinite(c->value);
    }
    out->offset = exact_two_sum(out->offset, out->fields[out->ancilla], &rest); /* s_a s_a = 1 */
    bound_add(&info->rounding, fabs(rest));
    out->fields[out->ancilla] = 0;
    *finite &= isfinite(out->offset);
}

static isg_status couple(problem *out, ancilla_info *info, isg_error *error)
{
    bool finite = true;
    if (!info->added)
        meet_couplings(out, info, &finite);
    isg_status status = ISG_OK;
    for (int64_t i = 0; i < out->spins && !status; i++)
        if (out->fields[i] != 0) {
            status = problem_add_coupling(out, i, out->ancilla, out->fields[i], error);
            out->fields[i] = 0;
            info->couplings++;
        }
    if (!status && !finite)
        return error_fail(error, ISG_INVALID, "numbers too large: a coupling to the ancilla is beyond double's range");
    return status ? status : problem_settle(out, NULL, error);
}

isg_status pass_ancilla(const problem *in, problem *out, ancilla_info *info, isg_error *error)
{
    *info = (ancilla_info){.ancilla = in->ancilla};
    if (in->domain != PROBLEM_SPIN)
        return error_fail(error, ISG_INVALID, "an ancilla needs spins of -1 and 1: run to-spin first");
    info->added = in->ancilla < 0 && has_fields(in);
    isg_status status = info->added ? copy_with_spin(in, out, error) : problem_copy(out, in, error);
    if (status || !has_fields(in))
        return status;
    if (info->added)
        info->ancilla = out->ancilla = in->spins;
    status = couple(out, info, error);
    if (status)
        problem_close(out);
    return status;
}
