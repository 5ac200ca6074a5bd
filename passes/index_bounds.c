/* index_bounds.c - what linear arithmetic alone says of an index expression (index_range.h): the ranges
 * of the indices, narrowed by conditions on one index, and conditions on the very same combination of
 * indices, such as `j <= i` for the subscript `i - j`. */
#include "passes/index_range.h"

#include <math.h>
#include <string.h>

/* constant + sum of factor[k] * index k; all whole numbers. */
typedef struct linear {
    double constant;
    double factor[INDEX_SCOPE_MAX];
} linear;

typedef struct bounds {
    double low, high;
} bounds;

enum { MAX_DEPTH = 64 }; /* deeper expressions count as not linear */

static bool make_linear(const index_scope *s, ir_expr e, uint32_t depth, linear *out);

/* out = a + sign * b */
static void add_linear(const index_scope *s, const linear *a, const linear *b, double sign, linear *out)
{
    out->constant = a->constant + sign * b->constant;
    for (uint32_t i = 0; i < s->indices.count; i++)
        out->factor[i] = a->factor[i] + sign * b->factor[i];
}

static bool is_constant(const index_scope *s, const linear *a)
{
    for (uint32_t i = 0; i < s->indices.count; i++)
        if (a->factor[i] != 0)
            return false;
    return true;
}

static bool linear_binary(const index_scope *s, const ir_expr_data *data, uint32_t depth, linear *out)
{
    linear a, b;
    if (!make_linear(s, data->args[0], depth, &a) || !make_linear(s, data->args[1], depth, &b))
        return false;
    if (data->kind != EXPR_MULTIPLY) {
        add_linear(s, &a, &b, data->kind == EXPR_ADD ? 1 : -1, out);
        return true;
    }
    if (!is_constant(s, &a) && !is_constant(s, &b))
        return false;
    const linear *factor = is_constant(s, &a) ? &a : &b, *scaled = factor == &a ? &b : &a;
    linear zero = {0};
    add_linear(s, &zero, scaled, factor->constant, out);
    return true;
}

static bool make_linear(const index_scope *s, ir_expr e, uint32_t depth, linear *out)
{
    const ir_expr_data data = *ir_expr_get(s->m, e);
    linear a, zero = {0};
    memset(out, 0, sizeof *out);
    if (depth > MAX_DEPTH)
        return false;
    switch (data.kind) {
    case EXPR_NUMBER:
        out->constant = data.number;
        return floor(data.number) == data.number && fabs(data.number) < 1e15;
    case EXPR_INDEX:
        for (uint32_t i = 0; i < s->indices.count; i++)
            if (s->indices.at[i] == data.index) {
                out->factor[i] = 1;
                return true;
            }
        return false;
    case EXPR_NEGATE:
        if (!make_linear(s, data.args[0], depth + 1, &a))
            return false;
        add_linear(s, &zero, &a, -1, out);
        return true;
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
        return linear_binary(s, &data, depth + 1, out);
    default:
        return false;
    }
}

/* What the comparison says of left - right, as bounds. */
static bool comparison_bounds(ir_expr_kind kind, bounds *out)
{
    *out = (bounds){-INFINITY, INFINITY};
    switch (kind) {
    case EXPR_EQUAL:
        *out = (bounds){0, 0};
        return true;
    case EXPR_LESS:
        out->high = -1;
        return true;
    case EXPR_LESS_EQUAL:
        out->high = 0;
        return true;
    case EXPR_GREATER:
        out->low = 1;
        return true;
    case EXPR_GREATER_EQUAL:
        out->low = 0;
        return true;
    default:
        return false;
    }
}

/* left - right of a condition, and its bounds; false when it is no linear inequality. */
static bool condition_bounds(const index_scope *s, ir_expr condition, linear *difference, bounds *out)
{
    const ir_expr_data data = *ir_expr_get(s->m, condition);
    linear left, right;
    if (!comparison_bounds(data.kind, out) || !make_linear(s, data.args[0], 0, &left) || !make_linear(s, data.args[1], 0, &right))
        return false;
    add_linear(s, &left, &right, -1, difference);
    return true;
}

static void narrow(bounds *b, double low, double high)
{
    b->low = low > b->low ? low : b->low;
    b->high = high < b->high ? high : b->high;
}

/* When `a` reads one index alone, its range follows from the bounds of `a`. */
static void narrow_single(const index_scope *s, const linear *a, bounds of_a, bounds *ranges)
{
    uint32_t only = 0, count = 0;
    for (uint32_t i = 0; i < s->indices.count; i++)
        if (a->factor[i] != 0) {
            only = i;
            count++;
        }
    if (count != 1)
        return;
    double f = a->factor[only], x = (of_a.low - a->constant) / f, y = (of_a.high - a->constant) / f;
    narrow(&ranges[only], ceil(f > 0 ? x : y), floor(f > 0 ? y : x));
}

/* When `a` is e or -e up to a constant, its bounds are bounds of e. */
static void narrow_same(const index_scope *s, const linear *e, const linear *a, bounds of_a, bounds *of_e)
{
    bool same = true, negated = true;
    for (uint32_t i = 0; i < s->indices.count; i++) {
        same &= a->factor[i] == e->factor[i];
        negated &= a->factor[i] == -e->factor[i];
    }
    if (same)
        narrow(of_e, of_a.low - a->constant + e->constant, of_a.high - a->constant + e->constant);
    else if (negated)
        narrow(of_e, a->constant - of_a.high + e->constant, a->constant - of_a.low + e->constant);
}

bool index_scope_is_within(const index_scope *s, ir_expr e, int64_t size)
{
    linear form, difference;
    bounds ranges[INDEX_SCOPE_MAX], of_condition, of_e = {-INFINITY, INFINITY};
    if (s->indices.count > INDEX_SCOPE_MAX || !make_linear(s, e, 0, &form))
        return false;
    for (uint32_t i = 0; i < s->indices.count; i++)
        ranges[i] = (bounds){0, (double)ir_index_extent(s->m, s->indices.at[i]) - 1};
    for (uint32_t c = 0; c < s->conditions.count; c++) {
        if (!condition_bounds(s, s->conditions.at[c], &difference, &of_condition))
            continue;
        narrow_single(s, &difference, of_condition, ranges);
        narrow_same(s, &form, &difference, of_condition, &of_e);
    }
    double low = form.constant, high = form.constant;
    for (uint32_t i = 0; i < s->indices.count; i++) {
        double x = form.factor[i] * ranges[i].low, y = form.factor[i] * ranges[i].high;
        low += x < y ? x : y;
        high += x < y ? y : x;
    }
    narrow(&of_e, low, high);
    return of_e.low >= 0 && of_e.high < (double)size;
}
