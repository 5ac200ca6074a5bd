/* presolve.c - fixes spins whose value in some ground state can be told, and folds them away.
 *
 * Rounds of two steps, until one fixes nothing. Dominance: a spin whose field is at least the sum of its couplings goes
 * against its field; its neighbours' fields take it in and are looked at again, from a queue, in time linear in the couplings.
 * Roof duality (roof_duality.c) on what is left. Both reason in integers with slack for what these round (scaled.h); each
 * round scales anew, so that small numbers come into sight once large ones are gone.
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"
#include "passes/problem/quantize.h"
#include "passes/problem/roof_duality.h"
#include "passes/problem/scaled.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <stdlib.h>

typedef struct presolve {
    const problem *in;
    const presolve_settings *settings;
    presolve_info *info;
    int8_t *fixed; /* [in->spins]: a value, or SPIN_FREE */
    isg_error *error;
} presolve;

static void fix(presolve *p, uint32_t spin, bool high)
{
    p->fixed[spin] = high ? 1 : p->in->domain == PROBLEM_BINARY ? 0 : -1;
    p->info->fixed++;
}

/* ---- dominance ---- */

typedef struct dominance {
    presolve *p;
    scaled *s;
    int64_t *sum; /* [spins]: of |coupling| to free neighbours */
    char *done;   /* [spins]: fixed */
    char *queued;
    uint32_t *queue; /* [spins]: a ring */
    int64_t first, waiting;
} dominance;

static void enqueue(dominance *d, uint32_t i)
{
    if (d->queued[i] || d->done[i])
        return;
    d->queued[i] = 1;
    d->queue[(d->first + d->waiting++) % d->s->spins] = i;
}

static bool dominates(const dominance *d, uint32_t i)
{
    int64_t gain = 2 * (llabs(d->s->field[i]) - d->sum[i]) - d->s->slack[i];
    return gain > 0 || (gain == 0 && !d->p->settings->strict);
}

static void take_in(dominance *d, uint32_t i)
{
    bool high = d->s->field[i] < 0;
    fix(d->p, d->s->spin[i], high);
    d->p->info->by_dominance++;
    d->done[i] = 1;
    for (int64_t k = d->s->row_start[i]; k < d->s->row_start[i + 1]; k++) {
        uint32_t j = d->s->neighbour[k];
        d->s->field[j] += high ? d->s->coupling[k] : -d->s->coupling[k];
        d->sum[j] -= llabs(d->s->coupling[k]);
        enqueue(d, j);
    }
}

static void run_queue(dominance *d)
{
    for (int64_t i = 0; i < d->s->spins; i++) {
        for (int64_t k = d->s->row_start[i]; k < d->s->row_start[i + 1]; k++)
            d->sum[i] += llabs(d->s->coupling[k]);
        enqueue(d, (uint32_t)i);
    }
    while (d->waiting) {
        uint32_t i = d->queue[d->first];
        d->first = (d->first + 1) % d->s->spins;
        d->waiting--;
        d->queued[i] = 0;
        if (dominates(d, i))
            take_in(d, i);
    }
}

static isg_status fix_dominant(presolve *p, scaled *s)
{
    const isg_allocator *a = s->allocator;
    size_t spins = (size_t)s->spins;
    dominance d = {.p = p,
                   .s = s,
                   .sum = memory_take_zeroed(a, spins, sizeof *d.sum),
                   .done = memory_take_zeroed(a, spins, 1),
                   .queued = memory_take_zeroed(a, spins, 1),
                   .queue = memory_take(a, spins, sizeof *d.queue)};
    bool lacking = !d.sum || !d.done || !d.queued || !d.queue;
    if (!lacking)
        run_queue(&d);
    memory_release(a, d.sum, spins, sizeof *d.sum);
    memory_release(a, d.done, spins, 1);
    memory_release(a, d.queued, spins, 1);
    memory_release(a, d.queue, spins, sizeof *d.queue);
    return lacking ? error_no_memory(p->error) : ISG_OK;
}

/* ---- roof duality ---- */

static isg_status fix_roof(presolve *p, const scaled *s)
{
    int64_t most = p->settings->roof_couplings ? p->settings->roof_couplings : PRESOLVE_ROOF_COUPLINGS;
    if (p->settings->without_roof || s->ends / 2 > most || s->spins > PRESOLVE_ROOF_SPINS) {
        p->info->roof = p->settings->without_roof ? ROOF_OFF : ROOF_TOO_LARGE;
        return ISG_OK;
    }
    int8_t *value = memory_take(s->allocator, (size_t)s->spins, 1);
    if (!value)
        return error_no_memory(p->error);
    roof_outcome outcome;
    isg_status status = roof_duality(s, value, &outcome, p->error);
    if (p->info->roof != ROOF_DONE || outcome == ROOF_UNPROVEN)
        p->info->roof = outcome;
    for (int64_t i = 0; i < s->spins && !status; i++)
        if (value[i]) {
            fix(p, s->spin[i], value[i] > 0);
            p->info->by_roof++;
        }
    memory_release(s->allocator, value, (size_t)s->spins, 1);
    return status;
}

/* ---- rounds ---- */

static isg_status run_step(presolve *p, bool roof)
{
    scaled s;
    isg_status status = scaled_open(&s, p->in, p->fixed, p->error);
    if (status)
        return status;
    status = roof ? fix_roof(p, &s) : fix_dominant(p, &s);
    scaled_close(&s);
    return status;
}

static isg_status run_rounds(presolve *p)
{
    isg_status status = ISG_OK;
    int64_t before;
    do {
        int64_t step;
        p->info->rounds++;
        before = p->info->fixed;
        do {
            step = p->info->fixed;
            status = run_step(p, false);
        } while (!status && p->info->fixed > step);
        if (!status)
            status = run_step(p, true);
    } while (!status && p->info->fixed > before);
    return status;
}

/* ---- the smaller problem ---- */

/* place [in->spins]: a spin's number in `out`. */
static void place_spins(const presolve *p, problem *out, uint32_t *place)
{
    uint32_t count = 0;
    for (int64_t i = 0; i < p->in->spins; i++)
        place[i] = p->fixed[i] == SPIN_FREE ? count++ : PROBLEM_NO_SPIN;
    for (int64_t i = 0; i < p->in->origin_count; i++) {
        problem_origin o = p->in->origins[i];
        if (o.spin != PROBLEM_NO_SPIN) {
            int8_t fixed = p->fixed[o.spin];
            o.spin = place[o.spin];
            if (o.spin == PROBLEM_NO_SPIN)
                o.value = (fixed == 1) == (o.value == 1);
        }
        out->origins[i] = o;
    }
}

static isg_status fold(presolve *p, problem *out, const uint32_t *place, exact_sum *fields)
{
    const problem *in = p->in;
    exact_sum offset = {.high = in->offset};
    isg_status status = ISG_OK;
    for (int64_t i = 0; i < in->spins; i++) {
        if (place[i] == PROBLEM_NO_SPIN)
            exact_add(&offset, in->fields[i] * p->fixed[i]);
        else
            fields[place[i]].high = in->fields[i];
    }
    for (int64_t k = 0; k < in->coupling_count && !status; k++) {
        problem_coupling c = in->couplings[k];
        uint32_t first = place[c.first], second = place[c.second];
        if (first != PROBLEM_NO_SPIN && second != PROBLEM_NO_SPIN)
            status = problem_add_coupling(out, first, second, c.value, p->error);
        else if (first != PROBLEM_NO_SPIN)
            exact_add(&fields[first], c.value * p->fixed[c.second]);
        else if (second != PROBLEM_NO_SPIN)
            exact_add(&fields[second], c.value * p->fixed[c.first]);
        else
            exact_add(&offset, c.value * p->fixed[c.first] * p->fixed[c.second]);
    }
    bool finite = exact_store(&offset, &out->offset, &p->info->rounding);
    for (int64_t i = 0; i < out->spins; i++)
        finite &= exact_store(&fields[i], &out->fields[i], &p->info->rounding);
    return status   ? status
           : finite ? ISG_OK
                    : error_fail(p->error, ISG_INVALID, "numbers too large: a sum is beyond double's range");
}

/* Room for as many origins as the problem has, whatever its spins. */
static isg_status open_smaller(const presolve *p, problem *out)
{
    isg_status status = problem_open(out, p->in->allocator, p->in->domain, p->in->spins - p->info->fixed, p->error);
    if (status)
        return status;
    problem_origin *origins = memory_take(out->allocator, (size_t)p->in->origin_count, sizeof *origins);
    if (!origins) {
        problem_close(out);
        return error_no_memory(p->error);
    }
    memory_release(out->allocator, out->origins, (size_t)out->origin_count, sizeof *origins);
    out->origins = origins;
    out->origin_count = p->in->origin_count;
    return ISG_OK;
}

static isg_status make_smaller(presolve *p, problem *out)
{
    isg_status status = open_smaller(p, out);
    if (status)
        return status;
    uint32_t *place = memory_take(out->allocator, (size_t)p->in->spins, sizeof *place);
    exact_sum *fields = memory_take_zeroed(out->allocator, (size_t)out->spins, sizeof *fields);
    if (place && fields) {
        place_spins(p, out, place);
        status = fold(p, out, place, fields);
    } else {
        status = error_no_memory(p->error);
    }
    memory_release(out->allocator, place, (size_t)p->in->spins, sizeof *place);
    memory_release(out->allocator, fields, (size_t)out->spins, sizeof *fields);
    if (status)
        problem_close(out);
    return status;
}

isg_status presolve_fix(const problem *in, const presolve_settings *settings, int8_t *fixed, presolve_info *info,
                        isg_error *error)
{
    static const presolve_settings usual;
    *info = (presolve_info){.roof = ROOF_NOTHING};
    presolve p = {.in = in, .settings = settings ? settings : &usual, .info = info, .fixed = fixed, .error = error};
    return run_rounds(&p);
}

static isg_status presolve_plain(const problem *in, const presolve_settings *settings, problem *out, presolve_info *info,
                                 isg_error *error)
{
    presolve p = {.in = in, .info = info, .error = error};
    p.fixed = memory_take(in->allocator, (size_t)in->spins, 1);
    if (!p.fixed)
        return error_no_memory(error);
    memset(p.fixed, SPIN_FREE, (size_t)in->spins);
    isg_status status = presolve_fix(in, settings, p.fixed, info, error);
    if (!status)
        status = make_smaller(&p, out);
    memory_release(in->allocator, p.fixed, (size_t)in->spins, 1);
    return status;
}

isg_status pass_presolve(const problem *in, const presolve_settings *settings, problem *out, presolve_info *info,
                         isg_error *error)
{
    if (in->ancilla < 0)
        return presolve_plain(in, settings, out, info, error);
    problem dropped, smaller; /* states are read relative to the ancilla, and so are fixed spins */
    ancilla_info before, after;
    isg_status status = pass_drop_ancilla(in, &dropped, &before, error);
    if (status)
        return status;
    status = presolve_plain(&dropped, settings, &smaller, info, error);
    problem_close(&dropped);
    if (status)
        return status;
    status = pass_ancilla(&smaller, out, &after, error);
    problem_close(&smaller);
    if (!status) {
        bound_add(&info->rounding, before.rounding);
        bound_add(&info->rounding, after.rounding);
    }
    return status;
}
