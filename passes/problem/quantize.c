/* quantize.c - to the numbers that a machine can hold, and what that loses.
 *
 * The scale comes from a search (quantize_scale.c), the verdict from proofs (quantize_verdict.c); rounding, counting and
 * the bound are here. With x in {0, 1} a state's error is a sum of some of the entries' errors, so that those of one
 * sign bound it; with s in {-1, 1} all of them do.
 */
#include "passes/problem/quantize.h"

#include "passes/problem/exact_sum.h"

#include "runtime/error.h"
#include "runtime/memory.h"

typedef struct tally {
    double up, down;                   /* sums of errors by sign, */
    double rounding_up, rounding_down; /* and of those without the clipped */
} tally;

static void note_error(const grid *g, double value, double steps, double scale, quantize_loss *loss, tally *t)
{
    double error = fma(-scale, steps, value);
    bool clipped = steps != grid_round(g, value, scale);
    loss->clipped += clipped;
    loss->largest_error = fmax(loss->largest_error, fabs(error));
    bound_add(error > 0 ? &t->up : &t->down, fabs(error));
    if (!clipped)
        bound_add(error > 0 ? &t->rounding_up : &t->rounding_down, fabs(error));
}

static void settle_bounds(problem_domain domain, const tally *t, quantize_loss *loss)
{
    bool binary = domain == PROBLEM_BINARY;
    loss->bound = binary ? fmax(t->up, t->down) : t->up;
    loss->rounding_bound = binary ? fmax(t->rounding_up, t->rounding_down) : t->rounding_up;
    if (!binary) {
        bound_add(&loss->bound, t->down);
        bound_add(&loss->rounding_bound, t->rounding_down);
    }
}

/* In place. */
static void round_all(problem *p, const quantize_settings *settings, double scale, quantize_loss *loss)
{
    tally t = {0};
    for (int64_t i = 0; i < p->spins; i++) {
        double value = p->fields[i];
        if (value == 0)
            continue;
        p->fields[i] = grid_point(&settings->fields, value, scale) + 0.0; /* no -0 */
        loss->fields++;
        loss->fields_lost += p->fields[i] == 0;
        note_error(&settings->fields, value, p->fields[i], scale, loss, &t);
    }
    int64_t kept = 0;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        problem_coupling c = p->couplings[k];
        double value = c.value;
        c.value = grid_point(&settings->couplings, value, scale);
        note_error(&settings->couplings, value, c.value, scale, loss, &t);
        if (c.value != 0)
            p->couplings[kept++] = c;
    }
    loss->couplings = p->coupling_count;
    loss->couplings_lost = p->coupling_count - kept;
    p->coupling_count = kept;
    settle_bounds(p->domain, &t, loss);
}

static isg_status check_grid(const problem *in, const grid *g, bool field, isg_error *error)
{
    const char *what = field ? "fields" : "couplings";
    if (!(g->min <= 0 && g->max >= 0 && g->min < g->max))
        return error_fail(error, ISG_INVALID, "no grid for %s: min %g, max %g", what, g->min, g->max);
    if (!g->real && (g->min != rint(g->min) || g->max != rint(g->max) || g->max > 0x1p53 || g->min < -0x1p53))
        return error_fail(error, ISG_INVALID, "a grid of integers for %s needs integer ends up to 2^53: min %g, max %g", what,
                          g->min, g->max);
    bool above = false, below = false;
    for (int64_t k = 0, count = field ? in->spins : in->coupling_count; k < count; k++) {
        double value = field ? in->fields[k] : in->couplings[k].value;
        above |= value > 0;
        below |= value < 0;
    }
    if ((above && g->max == 0) || (below && g->min == 0))
        return error_fail(error, ISG_INVALID, "the problem has %s %s, the machine has none",
                          above && g->max == 0 ? "positive" : "negative", what);
    return ISG_OK;
}

static isg_status check_settings_of(const problem *in, const quantize_settings *settings, isg_error *error)
{
    bool fields = false;
    for (int64_t i = 0; i < in->spins; i++)
        fields |= in->fields[i] != 0;
    if (in->ancilla >= 0 && (in->domain == PROBLEM_BINARY || fields)) /* opposite states would cease to be alike */
        return error_fail(error, ISG_INVALID, "with an ancilla a problem is quantised in spins of -1 and 1 without fields");
    if (settings->sum_min > 0 || settings->sum_max < 0)
        return error_fail(error, ISG_INVALID, "limits of a spin's sum of couplings must enclose 0: %g to %g", settings->sum_min,
                          settings->sum_max);
    isg_status status = check_grid(in, &settings->couplings, false, error);
    return status || !fields ? status : check_grid(in, &settings->fields, true, error);
}

/* ---- what presolve would do ---- */

static isg_status look_ahead(const problem *in, const quantize_settings *settings, quantize_info *info, isg_error *error)
{
    problem smaller, rounded;
    presolve_info presolve;
    isg_status status = pass_presolve(in, NULL, &smaller, &presolve, error);
    if (status)
        return status;
    info->presolve_fixed = presolve.fixed;
    quantize_settings plain = *settings;
    plain.without_verdict = true;
    quantize_info after;
    status = pass_quantize(&smaller, &plain, &rounded, &after, error);
    problem_close(&smaller);
    if (status)
        return status;
    problem_close(&rounded);
    info->after_presolve = after.loss;
    return ISG_OK;
}

static isg_status judge(const problem *in, const problem *out, const quantize_settings *settings, quantize_info *info,
                        isg_error *error)
{
    info->lost_to_fields = quantize_lost_to_fields(in, settings);
    info->fields_dwarf_couplings = info->lost_to_fields > info->loss.couplings / 10;
    isg_status status = ISG_OK;
    if (info->fields_dwarf_couplings)
        status = look_ahead(in, settings, info, error);
    if (status)
        return status;
    if (info->loss.bound == 0) {
        info->verdict = VERDICT_KEPT;
        return ISG_OK;
    }
    int64_t most = settings->enumerate ? settings->enumerate : QUANTIZE_ENUMERATE;
    most = most < QUANTIZE_ENUMERATE_MOST ? most : QUANTIZE_ENUMERATE_MOST;
    return quantize_judge(in, out, most, &info->verdict, error);
}

isg_status pass_quantize(const problem *in, const quantize_settings *settings, problem *out, quantize_info *info,
                         isg_error *error)
{
    *info = (quantize_info){.offset = in->offset};
    isg_status status = check_settings_of(in, settings, error);
    if (!status)
        status = quantize_find_scale(in, settings, &info->scale, error);
    if (!status)
        status = problem_copy(out, in, error);
    if (status)
        return status;
    out->offset = 0;
    round_all(out, settings, info->scale, &info->loss);
    if (!settings->without_verdict)
        status = judge(in, out, settings, info, error);
    if (status)
        problem_close(out);
    return status;
}
