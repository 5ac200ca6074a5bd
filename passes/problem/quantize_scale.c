/* quantize_scale.c - the search for the energy of one grid step.
 *
 * A coarse step loses small numbers, a fine one cuts off large ones. The step is chosen to make the sum of squared
 * errors least: in spins of -1 and 1 that is the variance of the energy error over all states. Candidates are
 *   - the greatest common divisor of all numbers, which loses nothing where the grid is wide enough,
 *   - steps that put one of the numbers (32 quantiles of them) exactly on a grid point,
 *   - a geometric ladder,
 * judged on a sample of the numbers; the best few are then fitted by least squares and judged on all of them.
 *
 * No number is cut off, but for one kind: at some spin it outweighs all others together, and still does on the grid. In
 * every ground state, before and after, that term then has its lowest value, whatever its size.
 */
#include "passes/problem/quantize.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <stdlib.h>

enum { SAMPLE_MOST = 1024, ANCHORS = 32, LADDER = 160, LIMIT_STEPS = 32, CANDIDATES_MOST = 1600, FINALISTS = 8 };

typedef struct search {
    const problem *in;
    const quantize_settings *settings;
    double *sums;   /* [2 * spins] */
    double least;   /* finest step that cuts off nothing that it must not */
    double largest; /* of all numbers, the unit of squared errors */
    int64_t count;  /* numbers that are not zero */
    double *sample; /* [SAMPLE_MOST]: by size, couplings and fields together */
    char *is_field; /* [SAMPLE_MOST] */
    int64_t sampled;
    double *candidates, *costs; /* [CANDIDATES_MOST] */
    int64_t candidate_count;
} search;

/* ---- limits ---- */

/* Finest step at which `value` is rounded into the grid; DBL_TRUE_MIN where any does. */
static double finest_for(const grid *g, double value)
{
    double edge = value > 0 ? grid_most(g) : -grid_least(g);
    return fmax(fabs(value) / (g->real ? edge : edge + 0.49), DBL_TRUE_MIN);
}

/* sums: at each spin |field| and |couplings| together. */
static void sum_sizes(const problem *in, double *sums)
{
    for (int64_t i = 0; i < in->spins; i++)
        sums[i] = fabs(in->fields[i]);
    for (int64_t k = 0; k < in->coupling_count; k++) {
        sums[in->couplings[k].first] += fabs(in->couplings[k].value);
        sums[in->couplings[k].second] += fabs(in->couplings[k].value);
    }
}

/* More than all others at its spin, by a margin that the sum's rounding cannot reach. */
static bool outweighs(double value, double sum)
{
    return 2 * fabs(value) > sum * (1 + 0x1p-20);
}

/* A cut-off number must outweigh the others at a spin where it does in the problem. */
static bool may_clip(double value, double steps, double sum, double sum_steps)
{
    return outweighs(value, sum) && 2 * fabs(steps) >= sum_steps + 1;
}

static bool sums_in_limits(const problem *in, const quantize_settings *settings, double scale, double *sums)
{
    if (settings->sum_min == 0 && settings->sum_max == 0)
        return true;
    memset(sums, 0, (size_t)in->spins * sizeof *sums);
    for (int64_t k = 0; k < in->coupling_count; k++) {
        double steps = grid_point(&settings->couplings, in->couplings[k].value, scale);
        sums[in->couplings[k].first] += steps;
        sums[in->couplings[k].second] += steps;
    }
    for (int64_t i = 0; i < in->spins; i++)
        if (!(sums[i] >= settings->sum_min && sums[i] <= settings->sum_max))
            return false;
    return true;
}

bool quantize_fits(const problem *in, const quantize_settings *settings, double scale, double *sums)
{
    double *steps = sums + in->spins;
    if (!(scale > 0 && scale <= DBL_MAX) || !sums_in_limits(in, settings, scale, sums))
        return false;
    sum_sizes(in, sums);
    for (int64_t i = 0; i < in->spins; i++)
        steps[i] = in->fields[i] == 0 ? 0 : fabs(grid_point(&settings->fields, in->fields[i], scale));
    for (int64_t k = 0; k < in->coupling_count; k++) {
        problem_coupling c = in->couplings[k];
        double size = fabs(grid_point(&settings->couplings, c.value, scale));
        steps[c.first] += size;
        steps[c.second] += size;
    }
    for (int64_t i = 0; i < in->spins; i++) {
        double wanted = grid_round(&settings->fields, in->fields[i], scale), got = grid_clip(&settings->fields, wanted);
        if (in->fields[i] != 0 && wanted != got && !may_clip(in->fields[i], got, sums[i], steps[i]))
            return false;
    }
    for (int64_t k = 0; k < in->coupling_count; k++) {
        problem_coupling c = in->couplings[k];
        double wanted = grid_round(&settings->couplings, c.value, scale), got = grid_clip(&settings->couplings, wanted);
        if (wanted != got && !may_clip(c.value, got, sums[c.first], steps[c.first]) &&
            !may_clip(c.value, got, sums[c.second], steps[c.second]))
            return false;
    }
    return true;
}

/* *plain: finest step without cutting off; *finest: without cutting off what does not outweigh others. */
static void find_limits(const search *s, double *plain, double *finest)
{
    const problem *in = s->in;
    *plain = *finest = DBL_TRUE_MIN;
    sum_sizes(in, s->sums);
    for (int64_t i = 0; i < in->spins; i++)
        if (in->fields[i] != 0) {
            double step = finest_for(&s->settings->fields, in->fields[i]);
            *plain = fmax(*plain, step);
            if (!outweighs(in->fields[i], s->sums[i]))
                *finest = fmax(*finest, step);
        }
    for (int64_t k = 0; k < in->coupling_count; k++) {
        problem_coupling c = in->couplings[k];
        double step = finest_for(&s->settings->couplings, c.value);
        *plain = fmax(*plain, step);
        if (!outweighs(c.value, s->sums[c.first]) && !outweighs(c.value, s->sums[c.second]))
            *finest = fmax(*finest, step);
    }
}

/* The finest step of a ladder that fits: from `finest` up to what cuts off nothing, then on for the sake of the sums. */
static double find_least(const search *s)
{
    double plain, finest;
    find_limits(s, &plain, &finest);
    double start = fmax(finest, plain * 0x1p-40), step = plain;
    for (int k = 0; k < LIMIT_STEPS && start < plain; k++) {
        step = plain * exp2(-log2(plain / start) * (LIMIT_STEPS - k) / LIMIT_STEPS);
        if (quantize_fits(s->in, s->settings, step, s->sums))
            return step;
    }
    step = plain;
    for (int k = 0; k < 4000 && step < DBL_MAX / 2; k++, step *= k < 200 ? 1.01 : 1.25)
        if (quantize_fits(s->in, s->settings, step, s->sums))
            return step;
    return plain;
}

/* ---- the cost of a step ---- */

static double squared_error(const search *s, const grid *g, double value, double scale)
{
    double wanted = grid_round(g, value, scale);
    if (wanted != grid_clip(g, wanted))
        return 0; /* where that is allowed it changes no ground state */
    double error = fma(-scale, wanted, value) / s->largest;
    return error * error;
}

static double cost_on_sample(const search *s, double scale)
{
    double cost = 0;
    for (int64_t k = 0; k < s->sampled; k++)
        cost += squared_error(s, s->is_field[k] ? &s->settings->fields : &s->settings->couplings, s->sample[k], scale);
    return cost;
}

/* *fitted: the step that suits the same grid points best. */
static double cost_on_all(const search *s, double scale, double *fitted)
{
    double cost = 0, product = 0, square = 0;
    for (int64_t i = 0; i < s->in->spins + s->in->coupling_count; i++) {
        bool field = i < s->in->spins;
        const grid *g = field ? &s->settings->fields : &s->settings->couplings;
        double value = field ? s->in->fields[i] : s->in->couplings[i - s->in->spins].value;
        if (value == 0)
            continue;
        cost += squared_error(s, g, value, scale);
        double steps = grid_point(g, value, scale);
        if (steps == grid_round(g, value, scale)) {
            product += steps * (value / s->largest);
            square += steps * steps;
        }
    }
    *fitted = square > 0 ? product / square * s->largest : scale;
    return cost;
}

/* ---- candidates ---- */

static int by_size(const void *a, const void *b)
{
    double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x > y) - (x < y);
}

/* Evenly from all numbers, and the largest. */
static void take_sample(search *s)
{
    const problem *in = s->in;
    int64_t seen = 0;
    s->largest = 0;
    for (int64_t i = 0; i < in->spins + in->coupling_count; i++) {
        double value = i < in->spins ? in->fields[i] : in->couplings[i - in->spins].value;
        s->count += value != 0;
        s->largest = fmax(s->largest, fabs(value));
    }
    for (int64_t i = 0; i < in->spins + in->coupling_count; i++) {
        double value = i < in->spins ? in->fields[i] : in->couplings[i - in->spins].value;
        if (value == 0)
            continue;
        int64_t place = s->count <= SAMPLE_MOST ? seen : seen * SAMPLE_MOST / s->count;
        if (place >= s->sampled) {
            s->sample[s->sampled] = value;
            s->is_field[s->sampled++] = i < in->spins;
        }
        seen++;
    }
}

static void add_candidate(search *s, double step)
{
    if (step >= s->least && step <= s->largest * 2 && s->candidate_count < CANDIDATES_MOST)
        s->candidates[s->candidate_count++] = step;
}

static void add_aligned(search *s, double *sorted)
{
    memcpy(sorted, s->sample, (size_t)s->sampled * sizeof *sorted);
    qsort(sorted, (size_t)s->sampled, sizeof *sorted, by_size);
    for (int64_t a = 0; a < ANCHORS; a++) {
        double size = fabs(sorted[(s->sampled - 1) * (ANCHORS - 1 - a) / (ANCHORS - 1)]);
        double most = floor(size / s->least);
        for (int64_t k = 0; k < 40 && (double)k < most; k++)
            add_candidate(s, size / (most - (double)k)); /* fine ones */
        for (int64_t k = 1; k <= 6 && (double)k < most - 40; k++)
            add_candidate(s, size / (double)k); /* coarse ones */
    }
}

static double divisor_of_all(const search *s)
{
    double divisor = 0;
    for (int64_t i = 0; i < s->in->spins + s->in->coupling_count; i++) {
        double a = fabs(i < s->in->spins ? s->in->fields[i] : s->in->couplings[i - s->in->spins].value), b = divisor;
        while (b != 0) { /* Euclid; fmod is exact */
            double rest = fmod(a, b);
            a = b;
            b = rest;
        }
        divisor = a;
        if (divisor < s->least)
            return 0;
    }
    return divisor;
}

/* Of the candidates the best few on the sample, fitted, on all numbers. */
static double choose(search *s)
{
    for (int64_t k = 0; k < s->candidate_count; k++)
        s->costs[k] = cost_on_sample(s, s->candidates[k]);
    double best = s->least, unused, best_cost = cost_on_all(s, best, &unused);
    for (int round = 0; round < FINALISTS; round++) {
        int64_t next = -1;
        for (int64_t k = 0; k < s->candidate_count; k++)
            if (s->costs[k] >= 0 && (next < 0 || s->costs[k] < s->costs[next] ||
                                     (s->costs[k] == s->costs[next] && s->candidates[k] > s->candidates[next])))
                next = k;
        if (next < 0)
            break;
        s->costs[next] = -1;
        double step = s->candidates[next];
        for (int fit = 0; fit < 3; fit++) {
            double fitted, cost = cost_on_all(s, step, &fitted);
            if ((cost < best_cost || (cost == best_cost && step > best)) && quantize_fits(s->in, s->settings, step, s->sums)) {
                best = step;
                best_cost = cost;
            }
            step = fitted;
        }
    }
    return best;
}

static double search_integers(search *s, double *sorted)
{
    s->least = find_least(s);
    double divisor = divisor_of_all(s);
    if (divisor > 0 && quantize_fits(s->in, s->settings, divisor, s->sums)) {
        double unused;
        if (cost_on_all(s, divisor, &unused) == 0)
            return divisor;
    }
    add_aligned(s, sorted);
    double range = fmin(s->largest / s->least, 64);
    for (int k = 0; k < LADDER; k++)
        add_candidate(s, s->least * pow(range, (double)k / LADDER));
    return choose(s);
}

/* The whole range of the machine; where it has no ends, numbers stay as they are if they can. */
static double search_reals(const search *s)
{
    double step = find_least(s), plain, finest;
    find_limits(s, &plain, &finest);
    step = fmax(step, plain);
    const grid *c = &s->settings->couplings, *f = &s->settings->fields;
    bool endless = fmin(c->max, -c->min) >= FLT_MAX && fmin(f->max, -f->min) >= FLT_MAX;
    return endless ? (step <= 1 ? 1 : exp2(ceil(log2(step)))) : step;
}

isg_status quantize_find_scale(const problem *in, const quantize_settings *settings, double *scale, isg_error *error)
{
    const isg_allocator *a = in->allocator;
    search s = {.in = in,
                .settings = settings,
                .sums = memory_take(a, 2 * (size_t)in->spins, sizeof *s.sums),
                .sample = memory_take(a, SAMPLE_MOST, sizeof *s.sample),
                .is_field = memory_take(a, SAMPLE_MOST, 1),
                .candidates = memory_take(a, CANDIDATES_MOST, sizeof *s.candidates),
                .costs = memory_take(a, CANDIDATES_MOST, sizeof *s.costs)};
    double *sorted = memory_take(a, SAMPLE_MOST, sizeof *sorted);
    bool lacking = !s.sums || !s.sample || !s.is_field || !s.candidates || !s.costs || !sorted;
    *scale = 1;
    if (!lacking) {
        take_sample(&s);
        if (s.count)
            *scale = settings->couplings.real || settings->fields.real ? search_reals(&s) : search_integers(&s, sorted);
    }
    memory_release(a, s.sums, 2 * (size_t)in->spins, sizeof *s.sums);
    memory_release(a, s.sample, SAMPLE_MOST, sizeof *s.sample);
    memory_release(a, s.is_field, SAMPLE_MOST, 1);
    memory_release(a, s.candidates, CANDIDATES_MOST, sizeof *s.candidates);
    memory_release(a, s.costs, CANDIDATES_MOST, sizeof *s.costs);
    memory_release(a, sorted, SAMPLE_MOST, sizeof *sorted);
    return lacking ? error_no_memory(error) : ISG_OK;
}

/* ---- diagnosis ---- */

static bool is_field(const problem *in, const problem_coupling *c)
{
    return c->first == (uint32_t)in->ancilla || c->second == (uint32_t)in->ancilla;
}

static int64_t lost_at(const problem *in, const grid *g, double scale)
{
    int64_t lost = 0;
    for (int64_t k = 0; k < in->coupling_count; k++)
        lost += !is_field(in, &in->couplings[k]) && grid_round(g, in->couplings[k].value, scale) == 0;
    return lost;
}

int64_t quantize_lost_to_fields(const problem *in, const quantize_settings *settings)
{
    double by_fields = 0, by_couplings = 0;
    const grid *f = &settings->fields, *c = &settings->couplings;
    for (int64_t i = 0; i < in->spins; i++)
        if (in->fields[i] != 0)
            by_fields = fmax(by_fields, fabs(in->fields[i]) / (in->fields[i] > 0 ? grid_most(f) : -grid_least(f)));
    for (int64_t k = 0; k < in->coupling_count; k++) {
        double value = in->couplings[k].value, *by = is_field(in, &in->couplings[k]) ? &by_fields : &by_couplings;
        *by = fmax(*by, fabs(value) / (value > 0 ? grid_most(c) : -grid_least(c)));
    }
    if (by_fields <= by_couplings || by_couplings == 0)
        return 0;
    return lost_at(in, c, by_fields) - lost_at(in, c, by_couplings);
}
