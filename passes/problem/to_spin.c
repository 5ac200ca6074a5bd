/* to_spin.c - x = (1 + s) / 2: binary variables become spins.
 *
 *   q x_i x_j = q/4 (1 + s_i + s_j + s_i s_j),   h x_i = h/2 (1 + s_i)
 *
 * Halving is exact but for numbers that become subnormal.
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"

#include "runtime/error.h"
#include "runtime/memory.h"

/* value / divisor, a power of two; *bound grows by what the subnormal range cuts off. */
static double divide(double value, double divisor, double *bound)
{
    double quotient = value / divisor;
    bound_add(bound, fabs(value - quotient * divisor)); /* exact */
    return quotient;
}

static void add_terms(const problem *in, problem *out, exact_sum *fields, exact_sum *offset, double *bound)
{
    for (int64_t i = 0; i < in->spins; i++) {
        fields[i].high = divide(in->fields[i], 2, bound);
        exact_add(offset, fields[i].high);
    }
    for (int64_t k = 0; k < in->coupling_count; k++) {
        problem_coupling c = in->couplings[k];
        double quarter = divide(c.value, 4, bound);
        exact_add(&fields[c.first], quarter);
        exact_add(&fields[c.second], quarter);
        exact_add(offset, quarter);
        if (quarter != 0)
            out->couplings[out->coupling_count++] = (problem_coupling){c.first, c.second, quarter};
    }
}

isg_status pass_to_spin(const problem *in, problem *out, domain_info *info, isg_error *error)
{
    *info = (domain_info){0};
    isg_status status = problem_copy(out, in, error);
    if (status || in->domain == PROBLEM_SPIN)
        return status;
    info->changed = true;
    out->domain = PROBLEM_SPIN;
    exact_sum *fields = memory_take_zeroed(out->allocator, (size_t)out->spins, sizeof *fields);
    if (!fields) {
        problem_close(out);
        return error_no_memory(error);
    }
    exact_sum offset = {.high = in->offset};
    out->coupling_count = 0;
    add_terms(in, out, fields, &offset, &info->rounding);
    bool finite = exact_store(&offset, &out->offset, &info->rounding);
    for (int64_t i = 0; i < out->spins; i++)
        finite &= exact_store(&fields[i], &out->fields[i], &info->rounding);
    memory_release(out->allocator, fields, (size_t)out->spins, sizeof *fields);
    if (finite)
        return ISG_OK;
    problem_close(out);
    return error_fail(error, ISG_INVALID, "numbers too large: in spins of -1 and 1 a field is beyond double's range");
}
