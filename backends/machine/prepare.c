/* prepare.c - see prepare.h. */
#include "backends/machine/prepare.h"

#include "runtime/error.h"

#include <math.h>

/* Each step makes a new problem in place of `p`. */
static isg_status replace(problem *p, problem *made, isg_status status)
{
    if (status)
        return status;
    problem_close(p);
    *p = *made;
    return ISG_OK;
}

static isg_status presolve(prepared *out, isg_error *error)
{
    problem made;
    return replace(&out->machine, &made, pass_presolve(&out->machine, NULL, &made, &out->presolve, error));
}

static isg_status to_spin(prepared *out, isg_error *error)
{
    problem made;
    domain_info info;
    return replace(&out->machine, &made, pass_to_spin(&out->machine, &made, &info, error));
}

static bool has_fields(const problem *p)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return true;
    return false;
}

static isg_status place_fields(prepared *out, const target *t, isg_error *error)
{
    problem made;
    if (!has_fields(&out->machine) || t->fields == TARGET_FIELDS_NATIVE)
        return ISG_OK;
    if (t->fields == TARGET_FIELDS_NONE)
        return error_fail(
            error, ISG_INVALID,
            "target '%s' has no fields and no ancilla, but the problem has fields; a target with `fields: ancilla` takes them",
            t->name);
    return replace(&out->machine, &made, pass_ancilla(&out->machine, &made, &out->ancilla, error));
}

static bool negated(const target *t)
{
    const target_format *f = t->format ? target_format_find(t->format) : NULL;
    return f && f->negated;
}

/* In the problem's terms: the limits are those of a matrix that may hold minus the couplings. */
static grid grid_of(const target *t, const target_values *v)
{
    if (negated(t))
        return (grid){.min = -v->max, .max = -v->min, .real = v->bits == 0};
    return (grid){.min = v->min, .max = v->max, .real = v->bits == 0};
}

static void count_entries(const problem *p, int64_t *couplings, int64_t *fields)
{
    *couplings = *fields = 0;
    for (int64_t i = 0; i < p->spins; i++)
        *fields += p->fields[i] != 0;
    for (int64_t k = 0; k < p->coupling_count; k++)
        ++*((int64_t)p->couplings[k].first == p->ancilla || (int64_t)p->couplings[k].second == p->ancilla ? fields : couplings);
}

static isg_status quantize(prepared *out, const prepare_settings *settings, isg_error *error)
{
    const target *t = settings->target;
    if (!t->couplings.limited)
        return ISG_OK;
    quantize_settings q = {.couplings = grid_of(t, &t->couplings),
                           .fields = grid_of(t, t->field_values.limited ? &t->field_values : &t->couplings),
                           .without_verdict = !settings->with_verdict};
    if (t->couplings.sum_min > -1e300 && t->couplings.sum_max < 1e300) {
        q.sum_min = negated(t) ? -t->couplings.sum_max : t->couplings.sum_min;
        q.sum_max = negated(t) ? -t->couplings.sum_min : t->couplings.sum_max;
    }
    problem made;
    out->quantized = true;
    isg_status status = replace(&out->machine, &made, pass_quantize(&out->machine, &q, &made, &out->quantize, error));
    if (status)
        return status;
    int64_t couplings, fields;
    count_entries(&out->machine, &couplings, &fields);
    out->couplings_lost = out->couplings - couplings;
    out->fields_lost = out->fields - fields;
    return ISG_OK;
}

/* What no pass can help. */
static isg_status check_room(const problem *p, const target *t, isg_error *error)
{
    if (p->spins > t->spins)
        return error_fail(error, ISG_INVALID, "target '%s' has %lld spins; this part needs %lld, %lld too many", t->name,
                          (long long)t->spins, (long long)p->spins, (long long)(p->spins - t->spins));
    if (p->coupling_count > t->couplings.count)
        return error_fail(error, ISG_INVALID, "target '%s' takes %lld couplings; this part has %lld, %lld too many", t->name,
                          (long long)t->couplings.count, (long long)p->coupling_count,
                          (long long)(p->coupling_count - t->couplings.count));
    return ISG_OK;
}

isg_status prepare_part(const problem *part, const prepare_settings *settings, prepared *out, isg_error *error)
{
    const target *t = settings->target;
    *out = (prepared){.ancilla = {.ancilla = -1}};
    isg_status status = problem_copy(&out->machine, part, error);
    if (!status && !settings->without_presolve)
        status = presolve(out, error);
    if (!status)
        status = to_spin(out, error);
    if (!status)
        status = place_fields(out, t, error);
    if (!status)
        status = check_room(&out->machine, t, error);
    if (!status)
        count_entries(&out->machine, &out->couplings, &out->fields);
    if (!status)
        status = quantize(out, settings, error);
    if (status)
        prepared_close(out);
    return status;
}

void prepared_close(prepared *p)
{
    problem_close(&p->machine);
}

/* ---- the usual way ---- */

/* Grid units a unit of the problem's numbers, when the largest of them is at the edge. */
static double edge_scale(const problem *p, const target_values *couplings, const target_values *fields)
{
    double scale = INFINITY;
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            scale = fmin(scale, (p->fields[i] > 0 ? fields->max : fields->min) / p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        scale = fmin(scale, (p->couplings[k].value > 0 ? couplings->max : couplings->min) / p->couplings[k].value);
    return scale;
}

isg_status prepare_usual_loss(const problem *part, const target *t, int64_t *couplings, int64_t *lost, isg_error *error)
{
    *couplings = *lost = 0;
    if (!t->couplings.bits)
        return ISG_OK;
    prepared p = {.ancilla = {.ancilla = -1}};
    int64_t fields;
    isg_status status = problem_copy(&p.machine, part, error);
    if (!status)
        status = to_spin(&p, error);
    if (!status)
        status = place_fields(&p, t, error);
    if (!status) {
        double scale = edge_scale(&p.machine, &t->couplings, t->field_values.limited ? &t->field_values : &t->couplings);
        count_entries(&p.machine, couplings, &fields);
        for (int64_t k = 0; k < p.machine.coupling_count; k++) {
            const problem_coupling *c = &p.machine.couplings[k];
            *lost +=
                (int64_t)c->first != p.machine.ancilla && (int64_t)c->second != p.machine.ancilla && rint(c->value * scale) == 0;
        }
    }
    prepared_close(&p);
    return status;
}
