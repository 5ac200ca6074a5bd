/* to_binary.c - s = 2x - 1: spins become binary variables.
 *
 *   J s_i s_j = J (4 x_i x_j - 2 x_i - 2 x_j + 1),   h s_i = h (2 x_i - 1)
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"

#include "runtime/error.h"
#include "runtime/memory.h"

static bool add_terms(const problem *in, problem *out, exact_sum *fields, exact_sum *offset)
{
    bool finite = true;
    for (int64_t i = 0; i < in->spins; i++) {
        fields[i].high = 2 * in->fields[i];
        exact_add(offset, -in->fields[i]);
    }
    for (int64_t k = 0; k < in->coupling_count; k++) {
        problem_coupling *c = &out->couplings[k];
        exact_add(&fields[c->first], -2 * c->value);
        exact_add(&fields[c->second], -2 * c->value);
        exact_add(offset, c->value);
        c->value *= 4;
        finite &= isfinite(c->value);
    }
    return finite;
}

isg_status pass_to_binary(const problem *in, problem *out, domain_info *info, isg_error *error)
{
    *info = (domain_info){0};
    isg_status status = problem_copy(out, in, error);
    if (status || in->domain == PROBLEM_BINARY)
        return status;
    info->changed = true;
    out->domain = PROBLEM_BINARY;
    exact_sum *fields = memory_take_zeroed(out->allocator, (size_t)out->spins, sizeof *fields);
    if (!fields) {
        problem_close(out);
        return error_no_memory(error);
    }
    exact_sum offset = {.high = in->offset};
    bool finite = add_terms(in, out, fields, &offset);
    finite &= exact_store(&offset, &out->offset, &info->rounding);
    for (int64_t i = 0; i < out->spins; i++)
        finite &= exact_store(&fields[i], &out->fields[i], &info->rounding);
    memory_release(out->allocator, fields, (size_t)out->spins, sizeof *fields);
    if (finite)
        return ISG_OK;
    problem_close(out);
    return error_fail(error, ISG_INVALID, "numbers too large: in variables of 0 and 1 one is beyond double's range");
}
