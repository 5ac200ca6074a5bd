/* energy_check.c - checks that a pass kept energies: an evaluator of its own, in twice double's precision. */
#include "passes/problem/check_states.h"
#include "passes/problem/exact_sum.h"

#include "runtime/memory.h"

/* *magnitude grows by what the terms sum to without their signs. */
static exact_sum energy_of(const problem *p, const int8_t *state, double *magnitude)
{
    exact_sum energy = {.high = p->offset};
    *magnitude += fabs(p->offset);
    for (int64_t k = p->coupling_count - 1; k >= 0; k--) {
        problem_coupling c = p->couplings[k];
        exact_add(&energy, c.value * state[c.first] * state[c.second]);
        *magnitude += fabs(c.value);
    }
    for (int64_t i = p->spins - 1; i >= 0; i--) {
        exact_add(&energy, p->fields[i] * state[i]);
        *magnitude += fabs(p->fields[i]);
    }
    return energy;
}

static bool energies_agree(const problem *before, const int8_t *state_before, const problem *after, const int8_t *state_after,
                           double scale, double offset, double tolerance)
{
    double magnitude_before = 0, magnitude_after = 0, rest_before, rest_after;
    exact_sum a = energy_of(before, state_before, &magnitude_before), b = energy_of(after, state_after, &magnitude_after);
    double energy_before = exact_round(&a, &rest_before), energy_after = exact_round(&b, &rest_after);
    if (scale == 1 && offset == 0 && tolerance == 0 && a.lost == 0 && b.lost == 0)
        return energy_before == energy_after;
    double scaled = scale * energy_after + offset, difference = fabs(energy_before - scaled);
    double slack = rest_before + scale * rest_after + 0x1p-90 * (magnitude_before + scale * magnitude_after) +
                   0x1p-51 * (fabs(energy_before) + fabs(scale * energy_after) + fabs(offset));
    return difference <= tolerance * (1 + 0x1p-40) + slack;
}

const char *check_energies(const problem *before, const problem *after, double scale, double offset, double tolerance,
                           const check_settings *settings, isg_status *status)
{
    *status = ISG_OK;
    if (before->origin_count != after->origin_count)
        return "the problems are not of one model: their origins differ in number";
    const isg_allocator *allocator = before->allocator;
    int8_t *state_before = memory_take(allocator, (size_t)before->spins, 1);
    int8_t *state_after = memory_take(allocator, (size_t)after->spins, 1);
    int8_t *model = memory_take(allocator, (size_t)after->origin_count, 1);
    const char *wrong = NULL;
    if (!state_before || !state_after || !model)
        *status = ISG_NO_MEMORY;
    for (int64_t k = 0, count = check_state_count(after, settings); !*status && !wrong && k < count; k++) {
        check_state(after, settings, k, state_after);
        problem_decode(after, state_after, model);
        if (!problem_encode(before, model, state_before))
            wrong = "a state of the new problem maps to none of the old one";
        else if (!energies_agree(before, state_before, after, state_after, scale, offset, tolerance))
            wrong = "a state's energy differs after mapping back";
    }
    memory_release(allocator, state_before, (size_t)before->spins, 1);
    memory_release(allocator, state_after, (size_t)after->spins, 1);
    memory_release(allocator, model, (size_t)after->origin_count, 1);
    return wrong;
}
