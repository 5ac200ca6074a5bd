/* numbers.c - see numbers.h. */
#include "inspect/numbers.h"

#include "backends/machine/prepare.h"
#include "inspect/heat_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- ratios and parts ------------------------------------------------------------------------- */

static spin_ratios find_ratios(const problem *spin, arena *a)
{
    spin_ratios r = {.ratio = ARENA_ARRAY(a, double, (size_t)spin->spins)};
    double *sum = ARENA_ARRAY(a, double, (size_t)spin->spins);
    for (int64_t k = 0; k < spin->coupling_count; k++) {
        sum[spin->couplings[k].first] += fabs(spin->couplings[k].value);
        sum[spin->couplings[k].second] += fabs(spin->couplings[k].value);
    }
    for (int64_t i = 0; i < spin->spins; i++) {
        r.ratio[i] = sum[i] > 0 ? fabs(spin->fields[i]) / sum[i] : INFINITY;
        r.above_one += r.ratio[i] >= 1;
        r.without_couplings += !(sum[i] > 0);
    }
    return r;
}

static uint32_t find_root(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static void find_components(const problem *p, arena *a, numbers *n)
{
    uint32_t *parent = ARENA_ARRAY(a, uint32_t, (size_t)p->spins);
    int64_t *size = ARENA_ARRAY(a, int64_t, (size_t)p->spins);
    for (int64_t i = 0; i < p->spins; i++)
        parent[i] = (uint32_t)i;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        uint32_t first = find_root(parent, p->couplings[k].first), second = find_root(parent, p->couplings[k].second);
        parent[first > second ? first : second] = first > second ? second : first;
    }
    for (int64_t i = 0; i < p->spins; i++) {
        int64_t *of = &size[find_root(parent, (uint32_t)i)];
        n->components += ++*of == 1;
        n->largest_component = *of > n->largest_component ? *of : n->largest_component;
    }
}

/* ---- presolve --------------------------------------------------------------------------------- */

static void mark(const problem *after, int8_t *value)
{
    for (int64_t i = 0; i < after->origin_count; i++)
        value[i] = after->origins[i].spin == PROBLEM_NO_SPIN ? after->origins[i].value : -1;
}

/* Presolve sets the spins that nothing acts on too. */
static void count_fixed(const problem *p, arena *a, fixed_spins *f)
{
    bool *acted_on = ARENA_ARRAY(a, bool, (size_t)p->spins);
    for (int64_t k = 0; k < p->coupling_count; k++)
        acted_on[p->couplings[k].first] = acted_on[p->couplings[k].second] = true;
    for (int64_t i = 0; i < p->spins; i++) {
        f->by[i] = p->fields[i] != 0 || acted_on[i] ? f->by[i] : FIXED_BY_NOTHING;
        f->count[f->by[i]] += f->value[i] >= 0;
    }
}

/* Presolve twice, without and with roof duality, for its record does not say which spin fell to which. Spins of a problem that
 * has origins of its own are those of the problem: the copy's origins are its spins. */
static isg_status find_fixed(const problem *p, arena *a, fixed_spins *f, isg_error *error)
{
    const presolve_settings fields_only = {.without_roof = true};
    problem own, after;
    presolve_info info;
    isg_status status = problem_open(&own, p->allocator, p->domain, p->spins, error);
    if (status)
        return status;
    own.ancilla = -1;
    memcpy(own.fields, p->fields, sizeof *p->fields * (size_t)p->spins);
    for (int64_t k = 0; k < p->coupling_count && !status; k++)
        status = problem_add_coupling(&own, p->couplings[k].first, p->couplings[k].second, p->couplings[k].value, error);
    f->value = ARENA_ARRAY(a, int8_t, (size_t)p->spins);
    f->by = ARENA_ARRAY(a, fixed_by, (size_t)p->spins);
    if (!status)
        status = pass_presolve(&own, &fields_only, &after, &info, error);
    if (!status) {
        mark(&after, f->value);
        for (int64_t i = 0; i < p->spins; i++)
            f->by[i] = f->value[i] >= 0 ? FIXED_BY_FIELD : FIXED_BY_ROOF;
        problem_close(&after);
        status = pass_presolve(&own, NULL, &after, &f->info, error);
    }
    if (!status) {
        mark(&after, f->value);
        count_fixed(p, a, f);
        f->left = after.spins;
        problem_close(&after);
    }
    problem_close(&own);
    return status;
}

/* ---- bits ------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest at the edge of the grid, one in a hundred below half a step. A target of b bits reaches 2^(b-1) - 1 steps on either
 * side of zero: two bits for couplings all alike. */
static coupling_bits find_bits(const problem *spin, arena *a)
{
    int64_t count = spin->coupling_count;
    double *sizes = ARENA_ARRAY(a, double, (size_t)count);
    if (!count)
        return (coupling_bits){0};
    for (int64_t k = 0; k < count; k++)
        sizes[k] = fabs(spin->couplings[k].value);
    qsort(sizes, (size_t)count, sizeof *sizes, by_size);
    double steps = fmax(1, sizes[count - 1] / 2 / sizes[count / 100]);
    return (coupling_bits){.needed = 1 + log2(steps + 1), .range = sizes[count - 1] / sizes[0]};
}

/* ---- the target's grid ------------------------------------------------------------------------ */

/* As the machine would get the problem, were it large enough. A machine that has no fields at all takes none: nothing is known.
 */
static isg_status find_quantisation(const problem *p, const target *t, numbers *n, isg_error *error)
{
    if (!t || !t->couplings.limited)
        return ISG_OK;
    target large = *t;
    large.spins = large.couplings.count = INT64_MAX;
    prepare_settings settings = {.target = &large, .with_verdict = true};
    prepared ready;
    isg_status status = prepare_part(p, &settings, &ready, error);
    if (status)
        return status == ISG_INVALID ? ISG_OK : status;
    n->quantised = ready.quantized;
    n->quantisation = ready.quantize;
    n->couplings_sent = ready.couplings;
    n->couplings_lost = ready.couplings_lost;
    n->fields_sent = ready.fields;
    n->fields_lost = ready.fields_lost;
    prepared_close(&ready);
    return ISG_OK;
}

static void release_problem(void *what)
{
    problem_close(what);
}

isg_status numbers_find(const problem *p, const target *t, arena *a, numbers *out, isg_error *error)
{
    domain_info domain;
    arena_duty *duty = arena_at_close(a, release_problem);
    problem *spin = ARENA_NEW(a, problem);
    *out = (numbers){.spin = spin, .duty = duty};
    isg_status status = pass_to_spin(p, spin, &domain, error);
    if (status)
        return status;
    duty->what = spin;
    for (int64_t i = 0; i < p->spins; i++) {
        out->fields += p->fields[i] != 0;
        out->spin_fields |= spin->fields[i] != 0;
    }
    find_components(p, a, out);
    out->ratios = find_ratios(spin, a);
    out->bits = find_bits(spin, a);
    status = find_fixed(p, a, &out->fixed, error);
    if (!status)
        status = find_quantisation(p, t, out, error);
    if (status)
        numbers_close(out);
    return status;
}

void numbers_close(numbers *n)
{
    problem_close(n->duty->what);
    n->duty->what = NULL;
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

static json_t *ratio_value(arena *a, const spin_ratios *r, int64_t spins)
{
    json_t *value = value_object(a);
    double *finite = ARENA_ARRAY(a, double, (size_t)spins);
    int64_t count = 0;
    for (int64_t i = 0; i < spins; i++)
        if (isfinite(r->ratio[i]))
            finite[count++] = r->ratio[i];
    const distribution d = distribution_of(finite, count);
    value_put(a, value, "distribution", distribution_value(a, &d));
    value_put(a, value, "by_spin", spins <= NUMBERS_SPINS_LISTED ? value_numbers(a, r->ratio, spins) : value_null());
    value_put(a, value, "above_one", value_count(a, r->above_one));
    return value;
}

static json_t *fixed_value(arena *a, const fixed_spins *f, int64_t spins)
{
    static const char *const roofs[] = {"done", "nothing to do", "too large", "unproven", "off"};
    static const char *const whys[] = {"nothing", "field", "roof duality"};
    json_t *value = value_object(a), *list = value_array(a);
    for (int64_t i = 0; i < spins; i++) {
        if (f->value[i] < 0 || json_array_size(list) >= NUMBERS_FIXED_LISTED)
            continue;
        json_t *one = value_object(a);
        value_put(a, one, "spin", value_count(a, i));
        value_put(a, one, "value", value_count(a, f->value[i]));
        value_put(a, one, "why", value_text(a, whys[f->by[i]]));
        value_push(a, list, one);
    }
    value_put(a, value, "count", value_count(a, f->info.fixed));
    value_put(a, value, "by_field", value_count(a, f->count[FIXED_BY_FIELD]));
    value_put(a, value, "by_roof_duality", value_count(a, f->count[FIXED_BY_ROOF]));
    value_put(a, value, "by_nothing", value_count(a, f->count[FIXED_BY_NOTHING]));
    value_put(a, value, "roof_duality", value_text(a, roofs[f->info.roof]));
    value_put(a, value, "spins", list);
    return value;
}

static json_t *bits_value(arena *a, const coupling_bits *bits, const target *t)
{
    json_t *value = value_object(a);
    value_put(a, value, "needed", value_number(a, bits->needed));
    value_put(a, value, "range", value_number(a, bits->range));
    value_put(a, value, "target", t && t->couplings.bits ? value_count(a, t->couplings.bits) : value_null());
    return value;
}

static json_t *quantisation_value(arena *a, const target *t, const numbers *n)
{
    static const char *const verdicts[] = {"unknown", "kept", "changed"};
    const quantize_info *q = &n->quantisation;
    if (!n->quantised)
        return value_null();
    json_t *value = value_object(a);
    value_put(a, value, "bits", t->couplings.bits ? value_count(a, t->couplings.bits) : value_null());
    value_put(a, value, "min", value_number(a, t->couplings.min));
    value_put(a, value, "max", value_number(a, t->couplings.max));
    value_put(a, value, "scale", value_number(a, q->scale));
    value_put(a, value, "couplings", value_count(a, n->couplings_sent));
    value_put(a, value, "couplings_lost", value_count(a, n->couplings_lost));
    value_put(a, value, "fields", value_count(a, n->fields_sent));
    value_put(a, value, "fields_lost", value_count(a, n->fields_lost));
    value_put(a, value, "clipped", value_count(a, q->loss.clipped));
    value_put(a, value, "error_bound", value_number(a, q->loss.bound));
    value_put(a, value, "largest_error", value_number(a, q->loss.largest_error));
    value_put(a, value, "verdict", value_text(a, verdicts[q->verdict]));
    value_put(a, value, "presolved", value_count(a, n->fixed.info.fixed));
    return value;
}

json_t *numbers_value(arena *a, const problem *p, const target *t, const numbers *n)
{
    json_t *value = value_object(a);
    double *couplings = ARENA_ARRAY(a, double, (size_t)p->coupling_count);
    for (int64_t k = 0; k < p->coupling_count; k++)
        couplings[k] = p->couplings[k].value;
    const distribution coupling = distribution_of(couplings, p->coupling_count), field = distribution_of(p->fields, p->spins);
    value_put(a, value, "offset", value_number(a, p->offset));
    value_put(a, value, "coupling", distribution_value(a, &coupling));
    value_put(a, value, "field", distribution_value(a, &field));
    value_put(a, value, "matrix", heat_map(a, p, 0, p->spins));
    value_put(a, value, "ratio", ratio_value(a, &n->ratios, p->spins));
    value_put(a, value, "fixed", fixed_value(a, &n->fixed, p->spins));
    value_put(a, value, "bits", bits_value(a, &n->bits, t));
    value_put(a, value, "quantisation", quantisation_value(a, t, n));
    return value;
}
