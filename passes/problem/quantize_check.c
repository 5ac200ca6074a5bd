/* quantize_check.c - recomputes from the two problems what pass_quantize reports, but for the verdict. */
#include "passes/problem/problem_pass.h"

#include <math.h>
#include <string.h>

typedef struct count {
    double error_up, error_down, largest, magnitude;
    int64_t fields_lost, couplings_lost;
} count;

static void count_error(count *c, double before, double after, double scale)
{
    double error = before - scale * after;
    c->largest = fmax(c->largest, fabs(error));
    c->magnitude += fabs(before);
    if (error > 0)
        c->error_up += error;
    else
        c->error_down -= error;
}

static bool on_grid(const grid *g, double value)
{
    return value >= g->min && value <= g->max && (g->real ? value == (float)value : value == floor(value));
}

/* Both lists are sorted: what is missing after became zero. */
static const char *compare_couplings(const problem *before, const problem *after, double scale, count *c)
{
    int64_t next = 0;
    for (int64_t k = 0; k < before->coupling_count; k++) {
        problem_coupling e = before->couplings[k];
        bool kept =
            next < after->coupling_count && after->couplings[next].first == e.first && after->couplings[next].second == e.second;
        double value = kept ? after->couplings[next++].value : 0;
        c->couplings_lost += !kept;
        if (kept && value == 0)
            return "a coupling of zero was written";
        if (value * e.value < 0)
            return "a coupling changed its sign";
        count_error(c, e.value, value, scale);
    }
    return next == after->coupling_count ? NULL : "a coupling appeared";
}

static const char *compare_fields(const problem *before, const problem *after, double scale, count *c)
{
    for (int64_t i = 0; i < before->spins; i++) {
        if (after->fields[i] * before->fields[i] < 0 || (before->fields[i] == 0 && after->fields[i] != 0))
            return "a field changed its sign";
        c->fields_lost += before->fields[i] != 0 && after->fields[i] == 0;
        count_error(c, before->fields[i], after->fields[i], scale);
    }
    return NULL;
}

static const char *check_limits(const problem *after, const quantize_settings *quantize)
{
    for (int64_t i = 0; i < after->spins; i++) {
        if (after->fields[i] != 0 && !on_grid(&quantize->fields, after->fields[i]))
            return "a field is not on the grid";
        double sum = 0;
        if (quantize->sum_min == 0 && quantize->sum_max == 0)
            continue;
        for (int64_t k = 0; k < after->coupling_count; k++)
            if (after->couplings[k].first == i || after->couplings[k].second == i)
                sum += after->couplings[k].value;
        if (sum < quantize->sum_min || sum > quantize->sum_max)
            return "the couplings at a spin exceed their limit";
    }
    for (int64_t k = 0; k < after->coupling_count; k++)
        if (!on_grid(&quantize->couplings, after->couplings[k].value))
            return "a coupling is not on the grid";
    return NULL;
}

const char *check_quantize(const problem *before, const problem *after, const quantize_settings *quantize,
                           const quantize_info *info)
{
    if (before->spins != after->spins || before->domain != after->domain || before->ancilla != after->ancilla ||
        after->offset != 0)
        return "more changed than the numbers";
    if (before->origin_count != after->origin_count ||
        (after->origin_count &&
         memcmp(before->origins, after->origins, (size_t)after->origin_count * sizeof *after->origins) != 0))
        return "the origins changed";
    if (!(info->scale > 0) || info->offset != before->offset)
        return "no scale, or not the offset";
    count c = {0};
    const char *wrong = compare_couplings(before, after, info->scale, &c);
    if (!wrong)
        wrong = compare_fields(before, after, info->scale, &c);
    if (!wrong)
        wrong = check_limits(after, quantize);
    if (wrong)
        return wrong;
    if (c.couplings_lost != info->loss.couplings_lost || c.fields_lost != info->loss.fields_lost)
        return "the report counts other losses";
    double bound = before->domain == PROBLEM_BINARY ? fmax(c.error_up, c.error_down) : c.error_up + c.error_down;
    double slack = 0x1p-50 * c.magnitude; /* of this evaluation */
    if (bound > info->loss.bound + slack || c.largest > info->loss.largest_error + slack)
        return "the errors exceed the bound";
    return info->loss.rounding_bound <= info->loss.bound ? NULL : "the bounds contradict each other";
}
