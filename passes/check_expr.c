/* check_expr.c - what a completed expression evaluates to wherever it is reached (infer.h): subscripts
 * stay within their axes, constants are finite, nothing divides by zero, and no mean, minimum or maximum
 * is of nothing. What a false condition guards is not evaluated and so not checked. */
#include "passes/constant.h"
#include "passes/index_range.h"
#include "passes/infer.h"

#include <math.h>

/* What the value of an expression depends on. */
typedef enum dependence {
    ON_NOTHING, /* a constant */
    ON_INDICES,
    ON_DATA,
    ON_ERROR /* reported */
} dependence;

typedef struct checker {
    infer *in;
    index_scope scope;
    bool failed;
} checker;

static dependence check(checker *c, ir_expr e);

static bool reached(checker *c)
{
    index_witness w;
    c->scope.trials_left = &c->in->value_trials_left;
    return index_scope_find(&c->scope, 0, INDEX_ANY, 0, &w) != INDEX_NEVER;
}

static bool finds(checker *c, ir_expr e, index_test test, index_witness *w)
{
    c->scope.trials_left = &c->in->value_trials_left;
    return index_scope_find(&c->scope, e, test, 0, w) == INDEX_FOUND;
}

static const char *at_witness(checker *c, const index_witness *w)
{
    return *w->where ? arena_format(c->in->m->arena, " where %s", w->where) : "";
}

/* ---- finite values ---- */

static const char *reason(const ir_module *m, const ir_expr_data *data)
{
    double divisor;
    switch (data->kind) {
    case EXPR_DIVIDE:
        return constant_evaluate(m, data->args[1], &divisor) && divisor != 0 ? "it overflows" : "division by zero";
    case EXPR_SQRT:
        return "square root of a negative number";
    case EXPR_LOG:
        return "logarithm of a number that is not positive";
    default:
        return "it overflows";
    }
}

static bool is_finite_constant(const ir_module *m, ir_expr e)
{
    double number;
    return !constant_evaluate(m, e, &number) || isfinite(number);
}

/* The innermost part of a constant that is not finite. */
static ir_expr find_culprit(const ir_module *m, ir_expr e)
{
    for (;;) {
        const ir_expr_data data = *ir_expr_get(m, e);
        uint32_t i = 0;
        while (i < data.arg_count && (data.index_count || is_finite_constant(m, data.args[i])))
            i++;
        if (i == data.arg_count)
            return e;
        e = data.args[i];
    }
}

/* A largest constant part of an expression. */
static dependence check_constant(checker *c, ir_expr e)
{
    ir_module *m = c->in->m;
    if (is_finite_constant(m, e) || !reached(c))
        return ON_NOTHING;
    const ir_expr_data culprit = *ir_expr_get(m, find_culprit(m, e));
    infer_error(c->in, culprit.span, "this constant is not finite: %s", reason(m, &culprit));
    return ON_ERROR;
}

/* A division, or a function that is not finite everywhere, of indices. */
static dependence check_indexed(checker *c, ir_expr e)
{
    index_witness w;
    const ir_expr_data data = *ir_expr_get(c->in->m, e);
    bool risky = data.kind == EXPR_DIVIDE || data.kind == EXPR_SQRT || data.kind == EXPR_LOG || data.kind == EXPR_EXP;
    if (!risky || !finds(c, e, INDEX_NOT_FINITE, &w))
        return ON_INDICES;
    infer_error(c->in, data.span, "this is not finite%s: %s", at_witness(c, &w), reason(c->in->m, &data));
    return ON_ERROR;
}

static dependence check_divisor(checker *c, const ir_expr_data *division, dependence divisor)
{
    index_witness w;
    if (divisor > ON_INDICES || !finds(c, division->args[1], INDEX_ZERO, &w))
        return ON_DATA;
    infer_error(c->in, division->span, "division by zero%s", at_witness(c, &w));
    return ON_ERROR;
}

/* ---- subscripts ---- */

static bool check_subscript(checker *c, ir_expr e, int64_t size)
{
    index_witness w;
    const ir_expr_data data = *ir_expr_get(c->in->m, e);
    if (data.kind == EXPR_INDEX && ir_index_extent(c->in->m, data.index) >= 0 && ir_index_extent(c->in->m, data.index) <= size)
        return true;
    if (index_scope_is_within(&c->scope, e, size))
        return true;
    c->scope.trials_left = &c->in->trials_left;
    index_answer answer = index_scope_find(&c->scope, e, INDEX_OUTSIDE, size, &w);
    if (answer == INDEX_NEVER)
        return true;
    if (answer == INDEX_UNDECIDED) {
        diagnostic *d = infer_error(c->in, data.span, "cannot tell whether this subscript stays within its axis of size %lld",
                                    (long long)size);
        diagnostic_hint(c->in->m->diagnostics, d,
                        "more than %d combinations of indices would have to be tried; use a simpler condition",
                        (int)INDEX_TRIALS_MAX);
        return false;
    }
    bool whole = floor(w.value) == w.value;
    diagnostic *d = infer_error(
        c->in, data.span, whole ? "subscript %.15g%s is beyond its axis of size %lld" : "subscript %.15g%s is not a whole number",
        w.value, at_witness(c, &w), (long long)size);
    if (whole && size)
        diagnostic_hint(c->in->m->diagnostics, d, "subscripts run from 0 to %lld", (long long)size - 1);
    return false;
}

static dependence check_element(checker *c, const ir_expr_data *data)
{
    dependence result = ON_DATA;
    ir_type type = type_of(c->in, data->value);
    for (uint32_t i = 0; i < data->arg_count; i++) {
        dependence d = check(c, data->args[i]);
        if (d == ON_NOTHING)
            d = check_constant(c, data->args[i]);
        bool fine = d <= ON_INDICES && i < (uint32_t)type.rank && check_subscript(c, data->args[i], type.dim[i]);
        result = fine ? result : ON_ERROR;
    }
    return result;
}

/* ---- guards ---- */

static bool extents_known(const checker *c, const ir_index *indices, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (ir_index_extent(c->in->m, indices[i]) < 0)
            return false;
    return true;
}

static void check_whole(checker *c, ir_expr e)
{
    dependence d = check(c, e);
    if (d == ON_NOTHING)
        d = check_constant(c, e);
    c->failed |= d == ON_ERROR;
}

/* Checks `e` where it is evaluated for the indices under the condition. */
static void check_guarded(checker *c, const ir_index *indices, uint32_t count, ir_expr condition, ir_expr e)
{
    if (!extents_known(c, indices, count))
        return;
    index_mark mark = index_scope_mark(&c->scope);
    index_scope_enter(&c->scope, indices, count, 0);
    if (condition)
        check_whole(c, condition);
    index_scope_enter(&c->scope, NULL, 0, condition);
    check_whole(c, e);
    index_scope_leave(&c->scope, mark);
}

/* A reduction counts as constant when it is, and is short enough to be computed here. */
static dependence check_reduction(checker *c, ir_expr e, const ir_expr_data *data)
{
    bool before = c->failed;
    c->failed = false;
    check_guarded(c, data->indices, data->index_count, data->condition, data->args[0]);
    bool failed = c->failed;
    c->failed |= before;
    if (failed)
        return ON_ERROR;
    double number;
    return constant_evaluate(c->in->m, e, &number) ? ON_NOTHING : ON_DATA;
}

/* The second operand of `and` and `or` is evaluated only where the first leaves it open. */
static dependence check_lazily(checker *c, const ir_expr_data *data)
{
    ir_module *m = c->in->m;
    check_whole(c, data->args[0]);
    ir_expr guard = data->kind == EXPR_OR ? ir_unary(m, EXPR_NOT, data->args[0], data->span) : data->args[0];
    index_mark mark = index_scope_mark(&c->scope);
    index_scope_enter(&c->scope, NULL, 0, guard);
    check_whole(c, data->args[1]);
    index_scope_leave(&c->scope, mark);
    return ON_DATA;
}

/* ---- every kind ---- */

static bool is_of_nothing(const infer *in, ir_expr e)
{
    for (uint32_t i = 0; i < in->of_nothing.count; i++)
        if (in->of_nothing.at[i] == e)
            return true;
    return false;
}

static dependence refuse_nothing(checker *c, const ir_expr_data *data)
{
    if (!reached(c))
        return ON_DATA;
    const char *name = data->kind == EXPR_MIN_OVER ? "minimum" : data->kind == EXPR_MAX_OVER ? "maximum" : "mean";
    infer_error(c->in, data->span, "%s of nothing: the axes that are left have no elements", name);
    return ON_ERROR;
}

static dependence check_arithmetic(checker *c, ir_expr e, const ir_expr_data *data)
{
    dependence of[2] = {ON_NOTHING, ON_NOTHING}, most = ON_NOTHING;
    for (uint32_t i = 0; i < data->arg_count && i < 2; i++) {
        of[i] = check(c, data->args[i]);
        most = of[i] > most ? of[i] : most;
    }
    for (uint32_t i = 0; most != ON_NOTHING && i < data->arg_count && i < 2; i++)
        if (of[i] == ON_NOTHING && check_constant(c, data->args[i]) == ON_ERROR)
            most = ON_ERROR;
    if (most == ON_INDICES)
        return check_indexed(c, e);
    if (most == ON_DATA && data->kind == EXPR_DIVIDE)
        return check_divisor(c, data, of[1]);
    return most;
}

static dependence check(checker *c, ir_expr e)
{
    const ir_expr_data data = *ir_expr_get(c->in->m, e);
    if (is_of_nothing(c->in, e))
        return refuse_nothing(c, &data);
    switch (data.kind) {
    case EXPR_NUMBER:
        return ON_NOTHING;
    case EXPR_INDEX:
        return ON_INDICES;
    case EXPR_ELEMENT:
        return check_element(c, &data);
    case EXPR_SUM_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        return check_reduction(c, e, &data);
    case EXPR_WHERE:
        check_guarded(c, NULL, 0, data.args[0], data.args[1]);
        return ON_DATA;
    case EXPR_AND:
    case EXPR_OR:
        return check_lazily(c, &data);
    case EXPR_POISON:
        return ON_ERROR;
    default:
        return check_arithmetic(c, e, &data);
    }
}

bool check_expr(infer *in, const ir_index *indices, uint32_t count, ir_expr condition, ir_expr e)
{
    checker c = {.in = in, .scope = {.m = in->m}};
    check_guarded(&c, indices, count, condition, e);
    return !c.failed && extents_known(&c, indices, count);
}
