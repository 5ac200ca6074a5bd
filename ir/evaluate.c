/* evaluate.c - the value of an expression over numbers (ir.h), in double arithmetic and in the order
 * the expression states, so that folding never changes a result. */
#include "ir/expr_apply.h"

#include <math.h>

/* Indices with their present values, innermost binder first. */
typedef struct binding {
    const struct binding *outer;
    const ir_index *indices;
    const double *values;
    uint32_t count;
} binding;

enum { MAX_NODES = 1 << 24 }; /* visited before an expression counts as not constant */

typedef struct evaluator {
    const ir_module *module;
    int64_t nodes_left;
} evaluator;

static bool evaluate(evaluator *v, ir_expr e, const binding *scope, double *out);

static bool lookup(const binding *scope, ir_index index, double *out)
{
    for (; scope; scope = scope->outer)
        for (uint32_t i = 0; i < scope->count; i++)
            if (scope->indices[i] == index) {
                *out = scope->values[i];
                return true;
            }
    return false;
}

/* One combination of a reduction's indices: adds it to *total unless the condition is false. */
static bool accumulate(evaluator *v, const ir_expr_data *data, const binding *scope, double *total)
{
    double value = 1;
    if (data->condition && !evaluate(v, data->condition, scope, &value))
        return false;
    if (value == 0)
        return true;
    if (!evaluate(v, data->args[0], scope, &value))
        return false;
    if (data->kind == EXPR_SUM_OVER)
        *total += value;
    else
        *total = ir_expr_apply(data->kind == EXPR_MIN_OVER ? EXPR_MIN : EXPR_MAX, *total, value);
    return true;
}

/* Advances a row-major odometer; false after the last combination. */
static bool advance(double *at, const double *extents, uint32_t count)
{
    for (uint32_t i = count; i-- > 0; at[i] = 0)
        if (++at[i] < extents[i])
            return true;
    return false;
}

static bool reduce(evaluator *v, const ir_expr_data *data, const binding *scope, double *out)
{
    double extents[64], at[64] = {0}; /* more than any text may nest in one binder */
    bool empty = false;
    if (data->index_count > 64)
        return false;
    for (uint32_t i = 0; i < data->index_count; i++) {
        if (!evaluate(v, ir_index_get(v->module, data->indices[i])->extent, scope, &extents[i]))
            return false;
        if (!(extents[i] >= 0) || floor(extents[i]) != extents[i])
            return false;
        empty |= extents[i] == 0;
    }
    *out = data->kind == EXPR_SUM_OVER ? 0 : data->kind == EXPR_MIN_OVER ? INFINITY : -INFINITY;
    const binding inner = {scope, data->indices, at, data->index_count};
    if (empty)
        return true;
    do {
        if (--v->nodes_left < 0 || !accumulate(v, data, &inner, out))
            return false;
    } while (advance(at, extents, data->index_count));
    return true;
}

static bool evaluate_lazily(evaluator *v, const ir_expr_data *data, const binding *scope, double *out)
{
    double first;
    if (!evaluate(v, data->args[0], scope, &first))
        return false;
    bool decided = data->kind == EXPR_OR ? first != 0 : first == 0;
    if (decided) {
        *out = data->kind == EXPR_OR;
        return true;
    }
    if (!evaluate(v, data->args[1], scope, out))
        return false;
    if (data->kind != EXPR_WHERE)
        *out = *out != 0;
    return true;
}

static bool evaluate(evaluator *v, ir_expr e, const binding *scope, double *out)
{
    const ir_expr_data data = *ir_expr_get(v->module, e);
    double a, b = 0;
    if (!e || --v->nodes_left < 0)
        return false;
    switch (data.kind) {
    case EXPR_NUMBER:
        *out = data.number;
        return true;
    case EXPR_INDEX:
        return lookup(scope, data.index, out);
    case EXPR_AND:
    case EXPR_OR:
    case EXPR_WHERE:
        return evaluate_lazily(v, &data, scope, out);
    case EXPR_SUM_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        return reduce(v, &data, scope, out);
    default:
        break;
    }
    if (!ir_expr_operands(data.kind) || !evaluate(v, data.args[0], scope, &a) ||
        (ir_expr_operands(data.kind) == 2 && !evaluate(v, data.args[1], scope, &b)))
        return false;
    *out = ir_expr_apply(data.kind, a, b);
    return true;
}

bool ir_expr_evaluate(const ir_module *m, ir_expr e, const ir_index *free_indices, const double *index_values, uint32_t count,
                      double *out)
{
    evaluator v = {m, MAX_NODES};
    const binding scope = {NULL, free_indices, index_values, count};
    return evaluate(&v, e, &scope, out);
}
