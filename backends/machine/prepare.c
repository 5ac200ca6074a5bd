/* prepare.c - see prepare.h. */
#include "backends/machine/prepare.h"

#include "runtime/error.h"

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

static grid grid_of(const target_values *v)
{
    return (grid){.min = v->min, .max = v->max, .real = v->bits == 0};
}

static isg_status quantize(prepared *out, const prepare_settings *settings, isg_error *error)
{
    const target *t = settings->target;
    if (!t->couplings.limited)
        return ISG_OK;
    quantize_settings q = {.couplings = grid_of(&t->couplings),
                           .fields = grid_of(t->field_values.limited ? &t->field_values : &t->couplings),
                           .without_verdict = !settings->with_verdict};
    if (t->couplings.sum_min > -1e300 && t->couplings.sum_max < 1e300) {
        q.sum_min = t->couplings.sum_min;
        q.sum_max = t->couplings.sum_max;
    }
    problem made;
    out->quantized = true;
    return replace(&out->machine, &made, pass_quantize(&out->machine, &q, &made, &out->quantize, error));
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
    if (!status && out->machine.spins > t->spins)
        status = error_fail(error, ISG_INVALID, "target '%s' has %lld spins; this part needs %lld", t->name, (long long)t->spins,
                            (long long)out->machine.spins);
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
