/* prepare.c - see prepare.h. */
#include "backends/matrix/prepare.h"

#include "passes/problem/problem_pass.h"
#include "runtime/error.h"

#include <inttypes.h>
#include <math.h>

void prepare_close(matrix_prepared *r)
{
    if (r->owned)
        problem_close(&r->made);
    r->owned = false;
}

/* The next step starts from what the last one made. */
static isg_status take(matrix_prepared *r, isg_status status, const problem *made)
{
    if (status)
        return status;
    prepare_close(r);
    r->made = *made;
    r->owned = true;
    r->sheet.p = &r->made;
    return ISG_OK;
}

/* ---- domain and ancilla ---------------------------------------------------------------------- */

static bool couplings_keep_digits(const problem *p)
{
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (p->couplings[k].value / 4 * 4 != p->couplings[k].value)
            return false;
    return true;
}

static isg_status change_domain(matrix_prepared *r, problem_domain domain, const char *path, isg_error *error)
{
    problem made;
    domain_info info;
    const problem *p = r->sheet.p;
    if (p->domain == domain)
        return ISG_OK;
    r->sheet.sidecar->needed = true;
    if (domain == PROBLEM_SPIN && !couplings_keep_digits(p))
        return error_fail(error, ISG_INVALID, "%.250s: a coupling is too near to 0 to be divided by 4", path);
    isg_status status = take(r, (domain == PROBLEM_SPIN ? pass_to_spin : pass_to_binary)(p, &made, &info, error), &made);
    if (!status && info.rounding != 0)
        r->sheet.sidecar->field_count = r->sheet.p->spins;
    return status;
}

/* Whether the last spin is an ancilla that pass_ancilla would put there again. */
static bool ancilla_can_drop(const problem *p)
{
    bool coupled = false;
    if (p->domain != PROBLEM_SPIN || p->ancilla < 0 || p->ancilla != p->spins - 1)
        return false;
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return false;
    for (int64_t k = 0; k < p->coupling_count && !coupled; k++)
        coupled = p->couplings[k].second == (uint32_t)p->ancilla;
    return coupled;
}

static isg_status drop_ancilla(matrix_prepared *r, isg_error *error)
{
    problem made;
    ancilla_info info;
    r->sheet.sidecar->ancilla = ANCILLA_DROPPED;
    r->sheet.sidecar->needed = true;
    return take(r, pass_drop_ancilla(r->sheet.p, &made, &info, error), &made);
}

/* A spin of its own even where the problem has an ancilla beside its fields, so that both can be told apart again. */
static isg_status add_ancilla(matrix_prepared *r, isg_error *error)
{
    problem made;
    ancilla_info info;
    r->bare = *r->sheet.p;
    r->bare.ancilla = -1;
    isg_status status = take(r, pass_ancilla(&r->bare, &made, &info, error), &made);
    if (!status && info.added) {
        r->sheet.sidecar->ancilla = ANCILLA_ADDED;
        r->sheet.sidecar->needed = true;
    }
    return status;
}

/* ---- the grid -------------------------------------------------------------------------------- */

typedef struct grid_search {
    const matrix_format *format;
    double unit;
    bool whole; /* all numbers are whole and within the grid as they are */
} grid_search;

static void meet_number(grid_search *g, double value)
{
    const matrix_format *f = g->format;
    g->whole &= value == floor(value) && value >= f->grid_min && value <= f->grid_max;
    double a = fabs(value), b = g->unit; /* the greatest common divisor; fmod is exact */
    while (b != 0) {
        double rest = fmod(a, b);
        a = b;
        b = rest;
    }
    g->unit = a;
}

static bool on_grid(const matrix_format *f, double value, double unit)
{
    double steps = value / unit;
    return steps >= f->grid_min && steps <= f->grid_max && steps * unit == value;
}

static bool all_on_grid(const matrix_format *f, const problem *p, double unit)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (!on_grid(f, p->fields[i], unit))
            return false;
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (!on_grid(f, p->couplings[k].value, unit))
            return false;
    return true;
}

static isg_status refuse_grid(const matrix_format *f, const char *path, isg_error *error)
{
    return error_fail(error, ISG_INVALID,
                      "%.250s: %s holds whole numbers from %g to %g, and no scale takes all of this problem's there without "
                      "changing an energy; `isg emit` quantises and reports what is lost",
                      path, f->name, f->grid_min, f->grid_max);
}

/* Numbers that are whole stay as they are; others are measured by their greatest common divisor. */
static isg_status find_unit(matrix_prepared *r, const matrix_format *f, const char *path, isg_error *error)
{
    const problem *p = r->sheet.p;
    grid_search g = {.format = f, .whole = true};
    double most = fmax(-f->grid_min, f->grid_max), largest = 0;
    if (r->sheet.sidecar->field_count)
        return refuse_grid(f, path, error);
    for (int64_t i = 0; i < p->spins; i++)
        largest = fmax(largest, fabs(p->fields[i]));
    for (int64_t k = 0; k < p->coupling_count; k++)
        largest = fmax(largest, fabs(p->couplings[k].value));
    for (int64_t i = 0; i < p->spins && (g.unit == 0 || largest / g.unit <= most); i++)
        meet_number(&g, p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count && (g.unit == 0 || largest / g.unit <= most || g.whole); k++)
        meet_number(&g, p->couplings[k].value);
    double unit = g.whole || g.unit == 0 ? 1 : g.unit, scale = unit / f->grid_energy;
    if (!all_on_grid(f, p, unit) || scale * f->grid_energy != unit)
        return refuse_grid(f, path, error);
    r->sheet.unit = unit;
    r->sheet.sidecar->scale = scale;
    r->sheet.sidecar->needed |= scale != 1;
    return ISG_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool origins_are_plain(const problem *p)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    for (int64_t i = 0; i < p->origin_count; i++)
        if (p->origins[i].spin != (uint32_t)i || p->origins[i].value != 1 || p->origins[i].lowest != lowest)
            return false;
    return p->origin_count == p->spins;
}

static isg_status check_finite(const problem *p, const char *path, isg_error *error)
{
    bool finite = isfinite(p->offset);
    for (int64_t i = 0; i < p->spins; i++)
        finite &= isfinite(p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        finite &= isfinite(p->couplings[k].value);
    return finite ? ISG_OK : error_fail(error, ISG_INVALID, "%.250s: the problem has a number that is not finite", path);
}

isg_status prepare_open(matrix_prepared *r, const matrix_format *f, const char *path, const problem *p, const matrix_names *names,
                        matrix_sidecar *sidecar, isg_error *error)
{
    *r = (matrix_prepared){
        .sheet = {.p = p, .names = names && names->count == p->spins ? names : NULL, .unit = 1, .sidecar = sidecar}};
    sidecar->spins = p->spins;
    sidecar->needed |= (p->offset != 0 && !f->offset) || p->ancilla >= 0;
    isg_status status = check_finite(p, path, error);
    if (!origins_are_plain(p)) {
        sidecar->origin_count = p->origin_count ? p->origin_count : 1;
        sidecar->needed = true;
    }
    if (!status && f->drops_ancilla && ancilla_can_drop(p))
        status = drop_ancilla(r, error);
    if (!status && f->domain != FORMAT_EITHER)
        status = change_domain(r, f->domain == FORMAT_SPIN ? PROBLEM_SPIN : PROBLEM_BINARY, path, error);
    if (!status && !f->fields)
        status = add_ancilla(r, error);
    if (!status && f->grid_energy != 0)
        status = find_unit(r, f, path, error);
    if (!status && f->drops_ancilla)
        sidecar->needed |= p->domain == PROBLEM_SPIN; /* the file itself is binary */
    if (status)
        prepare_close(r);
    return status;
}
