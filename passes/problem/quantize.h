/* quantize.h - what the files of pass_quantize share. */
#ifndef PASSES_PROBLEM_QUANTIZE_H
#define PASSES_PROBLEM_QUANTIZE_H

#include "passes/problem/problem_pass.h"

#include <float.h>
#include <math.h>

static inline double grid_least(const grid *g)
{
    return g->real ? fmax(g->min, -(double)FLT_MAX) : g->min;
}

static inline double grid_most(const grid *g)
{
    return g->real ? fmin(g->max, (double)FLT_MAX) : g->max;
}

/* The nearest grid point to value / scale, without regard to the grid's ends. */
static inline double grid_round(const grid *g, double value, double scale)
{
    double steps = value / scale;
    return g->real ? (fabs(steps) <= FLT_MAX ? (float)steps : steps) : rint(steps);
}

static inline double grid_clip(const grid *g, double steps)
{
    return fmin(fmax(steps, grid_least(g)), grid_most(g));
}

static inline double grid_point(const grid *g, double value, double scale)
{
    return grid_clip(g, grid_round(g, value, scale));
}

/* quantize_scale.c */
isg_status quantize_find_scale(const problem *in, const quantize_settings *settings, double *scale, isg_error *error);
/* Whether the sums are in their limits and what is clipped may be. sums [2 * in->spins]: scratch. */
bool quantize_fits(const problem *in, const quantize_settings *settings, double scale, double *sums);
/* Couplings, those to the ancilla left out, that become zero with the largest number at the edge of the grid, over what do with
 * the largest of these couplings there; 0 unless a field, or a coupling to the ancilla, is the largest. */
int64_t quantize_lost_to_fields(const problem *in, const quantize_settings *settings);

/* quantize_verdict.c: `out` as quantised from `in`, not without error. */
isg_status quantize_judge(const problem *in, const problem *out, int64_t enumerate, quantize_verdict *verdict, isg_error *error);

/* presolve.c: the fixing alone. fixed [in->spins] holds values or SPIN_FREE (scaled.h), also on the way in. */
isg_status presolve_fix(const problem *in, const presolve_settings *settings, int8_t *fixed, presolve_info *info,
                        isg_error *error);

#endif
