/* fold_expr.c - one node of an expression, folded (fold.h).
 *
 * Only what double arithmetic gives anyway is replaced: constants, x * 1, x / 1, x + 0. A zero factor
 * stays, because what it multiplies may turn out not to be finite, and the run reports that.
 */
#include "passes/constant.h"
#include "passes/fold.h"

#include <math.h>

static bool is_number(const ir_module *m, ir_expr e, double number)
{
    double value;
    return ir_expr_is_number(m, e, &value) && value == number;
}

/* Arithmetic and comparisons of numbers alone. */
static ir_expr fold_numbers(ir_module *m, ir_expr e, const ir_expr_data *data)
{
    double ignored, number;
    for (uint32_t i = 0; i < data->arg_count; i++)
        if (!ir_expr_is_number(m, data->args[i], &ignored))
            return e;
    if (!ir_expr_evaluate(m, e, NULL, NULL, 0, &number) || !isfinite(number))
        return e;
    return ir_number(m, number, data->span);
}

static ir_expr fold_arithmetic(ir_module *m, ir_expr e, const ir_expr_data *data)
{
    ir_expr a = data->args[0], b = data->arg_count > 1 ? data->args[1] : 0;
    const ir_expr_data inner = *ir_expr_get(m, a);
    switch (data->kind) {
    case EXPR_NEGATE:
        if (inner.kind == EXPR_NEGATE)
            return inner.args[0];
        break;
    case EXPR_ADD:
        if (is_number(m, a, 0))
            return b;
        if (is_number(m, b, 0))
            return a;
        break;
    case EXPR_SUBTRACT:
        if (is_number(m, b, 0))
            return a;
        break;
    case EXPR_MULTIPLY:
        if (is_number(m, a, 1))
            return b;
        if (is_number(m, b, 1))
            return a;
        break;
    case EXPR_DIVIDE:
        if (is_number(m, b, 1))
            return a;
        break;
    default:
        break;
    }
    return fold_numbers(m, e, data);
}

static ir_expr fold_comparison(ir_module *m, ir_expr e, const ir_expr_data *data)
{
    const ir_expr_data a = *ir_expr_get(m, data->args[0]), b = *ir_expr_get(m, data->args[1]);
    if (a.kind != EXPR_INDEX || b.kind != EXPR_INDEX || a.index != b.index)
        return fold_numbers(m, e, data);
    bool holds = data->kind == EXPR_EQUAL || data->kind == EXPR_LESS_EQUAL || data->kind == EXPR_GREATER_EQUAL;
    return ir_number(m, holds, data->span);
}

/* `and` with a decided side is the other one, or false; `or` the same the other way round. */
static ir_expr fold_connective(ir_module *m, ir_expr e, const ir_expr_data *data)
{
    double number;
    for (uint32_t i = 0; i < 2; i++)
        if (ir_expr_is_number(m, data->args[i], &number)) {
            bool decides = (number != 0) == (data->kind == EXPR_OR);
            return decides ? ir_number(m, data->kind == EXPR_OR, data->span) : data->args[1 - i];
        }
    return e;
}

static ir_expr fold_where(ir_module *m, ir_expr e, const ir_expr_data *data)
{
    double holds;
    if (ir_expr_is_number(m, data->args[0], &holds))
        return holds != 0 ? data->args[1] : ir_number(m, 0, data->span);
    return is_number(m, data->args[1], 0) ? data->args[1] : e;
}

static ir_expr fold_reduction(ir_module *m, ir_expr e, ir_expr_data data)
{
    double holds, number;
    bool sum = data.kind == EXPR_SUM_OVER;
    for (uint32_t i = 0; sum && i < data.index_count; i++)
        if (ir_index_extent(m, data.indices[i]) == 0)
            return ir_number(m, 0, data.span);
    if (sum && is_number(m, data.args[0], 0))
        return data.args[0];
    if (data.condition && ir_expr_is_number(m, data.condition, &holds)) {
        if (holds == 0)
            return sum ? ir_number(m, 0, data.span) : e;
        data.condition = 0;
        e = ir_expr_new(m, data);
    }
    return constant_evaluate(m, e, &number) && isfinite(number) ? ir_number(m, number, data.span) : e;
}

ir_expr fold_node(ir_module *m, ir_expr e, void *context)
{
    const fold *f = context;
    ir_expr_data data = *ir_expr_get(m, e);
    switch (data.kind) {
    case EXPR_ELEMENT:
        if (f->values[data.value].known)
            return ir_number(m, f->values[data.value].number, data.span);
        if (!f->values[data.value].replacement)
            return e;
        data.value = f->values[data.value].replacement;
        return ir_expr_new(m, data);
    case EXPR_SUM_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        return fold_reduction(m, e, data);
    case EXPR_WHERE:
        return fold_where(m, e, &data);
    case EXPR_AND:
    case EXPR_OR:
        return fold_connective(m, e, &data);
    case EXPR_EQUAL:
    case EXPR_NOT_EQUAL:
    case EXPR_LESS:
    case EXPR_LESS_EQUAL:
    case EXPR_GREATER:
    case EXPR_GREATER_EQUAL:
        return fold_comparison(m, e, &data);
    default:
        return data.arg_count ? fold_arithmetic(m, e, &data) : e;
    }
}
