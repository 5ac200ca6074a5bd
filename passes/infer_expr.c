/* infer_expr.c - types expressions in index notation (infer.h).
 *
 * An expression may stand for a tensor until a reduction or its end: `q[t, i]` of a [T, N, D] tensor is
 * its last axis. Here every reduction becomes a *_OVER with fresh indices, and the elements below it get
 * the missing subscripts.
 */
#include "passes/infer.h"

#include <math.h>

/* Appends subscripts to every element that misses some. */
typedef struct tail {
    const ir_index *indices;
    uint32_t count;
} tail;

static ir_expr complete_element(ir_module *m, ir_expr e, void *context)
{
    const tail *t = context;
    const ir_expr_data data = *ir_expr_get(m, e);
    if (data.kind != EXPR_ELEMENT)
        return e;
    int32_t rank = ir_value_get(m, data.value)->type.rank;
    if (data.arg_count + t->count != (uint32_t)rank)
        return e; /* complete already */
    ir_expr *subscripts = ARENA_ARRAY(m->arena, ir_expr, rank);
    for (uint32_t i = 0; i < (uint32_t)rank; i++)
        subscripts[i] = i < data.arg_count ? data.args[i] : ir_index_ref(m, t->indices[i - data.arg_count], data.span);
    return ir_element(m, data.value, subscripts, (uint32_t)rank, data.span);
}

static shape join_shapes(infer *in, shape a, shape b, ir_span span)
{
    if (a.poison || b.poison)
        return (shape){.poison = true};
    if (!a.rank || !b.rank)
        return a.rank ? a : b;
    bool same = a.rank == b.rank;
    for (int32_t i = 0; same && i < a.rank; i++)
        same = a.dim[i] == b.dim[i];
    if (same)
        return a;
    infer_error(in, span, "shapes %s and %s do not match", shape_text(in, a.dim, a.rank), shape_text(in, b.dim, b.rank));
    return (shape){.poison = true};
}

/* ---- reductions of all remaining axes ---- */

static ir_expr poison_expr(ir_module *m, ir_span span)
{
    return ir_expr_new(m, (ir_expr_data){.kind = EXPR_POISON, .span = span});
}

static ir_expr reduce_over(ir_module *m, ir_expr_kind kind, const ir_index *indices, uint32_t count, ir_expr body, ir_span span)
{
    return ir_expr_new(
        m, (ir_expr_data){.kind = kind, .args = &body, .arg_count = 1, .indices = indices, .index_count = count, .span = span});
}

/* The reduction of `body`, whose shape is s, over all its axes. */
static ir_expr reduce_all(infer *in, ir_expr_kind kind, ir_expr body, shape s, ir_span span)
{
    ir_module *m = in->m;
    ir_index indices[ISG_MAX_RANK];
    double count = 1;
    for (int32_t i = 0; i < s.rank; i++) {
        indices[i] = ir_index_new(m, ir_intern_text(m, "d"), ir_number(m, (double)s.dim[i], span), span);
        count *= (double)s.dim[i];
    }
    tail t = {indices, (uint32_t)s.rank};
    body = ir_expr_map(m, body, false, complete_element, &t);
    ir_expr_kind over = kind == EXPR_MIN_ALL ? EXPR_MIN_OVER : kind == EXPR_MAX_ALL ? EXPR_MAX_OVER : EXPR_SUM_OVER;
    ir_expr e = reduce_over(m, over, indices, (uint32_t)s.rank, body, span);
    if (kind == EXPR_MEAN_ALL)
        e = ir_binary(m, EXPR_DIVIDE, e, ir_number(m, count, span), span);
    if (count == 0 && (kind == EXPR_MEAN_ALL || over != EXPR_SUM_OVER))
        ARENA_PUSH(m->arena, &in->of_nothing, e);
    return e;
}

static ir_expr infer_reduction(infer *in, const ir_expr_data *data, const ir_expr *args, const shape *shapes, shape *out)
{
    static const char *const names[] = {
        [EXPR_MEAN_ALL] = "mean", [EXPR_SUM_ALL] = "sum", [EXPR_MIN_ALL] = "min", [EXPR_MAX_ALL] = "max"};
    ir_module *m = in->m;
    bool dot = data->kind == EXPR_DOT;
    out->poison = shapes[0].poison || (dot && shapes[1].poison);
    if (out->poison)
        return poison_expr(m, data->span);
    if (dot) {
        bool scalar = !shapes[0].rank || !shapes[1].rank;
        if (scalar)
            infer_error(in, data->span, "dot needs two tensors of one shape, not %s and %s",
                        shape_text(in, shapes[0].dim, shapes[0].rank), shape_text(in, shapes[1].dim, shapes[1].rank));
        shape joined = scalar ? (shape){.poison = true} : join_shapes(in, shapes[0], shapes[1], data->span);
        out->poison = joined.poison;
        if (out->poison)
            return poison_expr(m, data->span);
        return reduce_all(in, EXPR_DOT, ir_binary(m, EXPR_MULTIPLY, args[0], args[1], data->span), joined, data->span);
    }
    if (shapes[0].rank)
        return reduce_all(in, data->kind, args[0], shapes[0], data->span);
    diagnostic *d = infer_error(in, data->span, "%s of a number: no axis is left to reduce", names[data->kind]);
    diagnostic_hint(m->diagnostics, d, "leave out the subscripts of the axes to be reduced");
    out->poison = true;
    return poison_expr(m, data->span);
}

/* ---- elements and conditions ---- */

static void note_other_kinds(const ir_module *m, ir_expr e, void *context)
{
    bool *found = context;
    ir_expr_kind kind = ir_expr_get(m, e)->kind;
    bool arithmetic = (kind >= EXPR_NEGATE && kind <= EXPR_MAX) || (kind >= EXPR_EQUAL && kind <= EXPR_NOT);
    if (kind != EXPR_NUMBER && kind != EXPR_INDEX && kind != EXPR_POISON && !arithmetic)
        *found = true;
}

/* Subscripts and conditions are of indices and constants alone. */
static bool is_of_indices(infer *in, ir_expr e)
{
    bool others = false;
    ir_expr_walk(in->m, e, note_other_kinds, &others);
    return !others;
}

static ir_expr infer_subscript(infer *in, ir_expr e, shape *out)
{
    shape s;
    ir_span span = ir_expr_get(in->m, e)->span;
    e = infer_expr(in, e, &s);
    out->poison |= s.poison;
    if (!s.poison && !is_of_indices(in, e)) {
        infer_error(in, span, "a subscript is made of indices and constants only");
        out->poison = true;
    }
    return e;
}

static ir_expr infer_element(infer *in, ir_expr e, ir_expr_data data, shape *out)
{
    ir_module *m = in->m;
    known_number number = known_element(in, data.value);
    if (number.known)
        return ir_number(m, number.number, data.span);
    ir_type type = type_of(in, data.value);
    out->poison = type.elem == IR_POISON || type.elem == IR_UNKNOWN;
    ir_expr *subscripts = ARENA_ARRAY(m->arena, ir_expr, data.arg_count);
    bool changed = false;
    for (uint32_t i = 0; i < data.arg_count; i++) {
        subscripts[i] = infer_subscript(in, data.args[i], out);
        changed |= subscripts[i] != data.args[i];
    }
    if (!out->poison && type.elem == IR_GROUP) {
        infer_error(in, data.span, "a group of parameters is not a tensor");
        out->poison = true;
    }
    if (!out->poison && data.arg_count > (uint32_t)type.rank) {
        infer_error(in, data.span, "%u subscripts, but the tensor has shape %s", data.arg_count,
                    shape_text(in, type.dim, type.rank));
        out->poison = true;
    }
    if (out->poison)
        return poison_expr(m, data.span);
    out->rank = type.rank - (int32_t)data.arg_count;
    for (int32_t i = 0; i < out->rank; i++)
        out->dim[i] = type.dim[(uint32_t)i + data.arg_count];
    return changed ? ir_element(m, data.value, subscripts, data.arg_count, data.span) : e;
}

ir_expr infer_condition(infer *in, ir_expr e, bool *poison)
{
    if (!e)
        return 0;
    shape s;
    ir_span span = ir_expr_get(in->m, e)->span;
    e = infer_expr(in, e, &s);
    if (!s.poison && (s.rank || !is_of_indices(in, e))) {
        infer_error(in, span, "a condition compares indices and constants only");
        s.poison = true;
    }
    *poison |= s.poison;
    return e;
}

/* ---- every kind ---- */

static bool is_reduction(ir_expr_kind kind)
{
    return kind >= EXPR_DOT && kind <= EXPR_MAX_ALL;
}

/* The shape that operands of these shapes give. */
static shape result_shape(infer *in, const ir_expr_data *data, const shape *shapes)
{
    switch (data->kind) {
    case EXPR_POISON:
        return (shape){.poison = true};
    case EXPR_WHERE:
        return shapes[0].poison ? shapes[0] : shapes[1];
    default:
        if (data->arg_count == 2)
            return join_shapes(in, shapes[0], shapes[1], data->span);
        return data->arg_count == 1 ? shapes[0] : (shape){0};
    }
}

static ir_expr infer_symbol(infer *in, const ir_expr_data *data, shape *out)
{
    infer_error(in, data->span, "the name '%s' has no value here", ir_text(in->m, data->name));
    out->poison = true;
    return poison_expr(in->m, data->span);
}

ir_expr infer_expr(infer *in, ir_expr e, shape *out)
{
    const ir_expr_data old = *ir_expr_get(in->m, e);
    *out = (shape){0};
    if (old.kind == EXPR_ELEMENT)
        return infer_element(in, e, old, out);
    if (old.kind == EXPR_SYMBOL)
        return infer_symbol(in, &old, out);
    ir_expr args[2] = {0};
    shape shapes[2] = {0};
    ir_expr_data data = old;
    bool poison = !infer_extents(in, old.indices, old.index_count);
    data.condition = infer_condition(in, old.condition, &poison);
    bool changed = data.condition != old.condition;
    for (uint32_t i = 0; i < old.arg_count && i < 2; i++) {
        bool condition = old.kind == EXPR_WHERE && i == 0;
        args[i] = condition ? infer_condition(in, old.args[i], &poison) : infer_expr(in, old.args[i], &shapes[i]);
        changed |= args[i] != old.args[i];
    }
    if (is_reduction(old.kind))
        return infer_reduction(in, &old, args, shapes, out);
    *out = result_shape(in, &old, shapes);
    out->poison |= poison;
    data.args = args;
    return changed ? ir_expr_new(in->m, data) : e;
}

/* ---- constants ---- */

bool infer_constant(infer *in, ir_expr *e, double *out)
{
    shape s;
    ir_span span = ir_expr_get(in->m, *e)->span;
    *e = infer_expr(in, *e, &s);
    if (s.poison || !check_expr(in, NULL, 0, 0, *e))
        return false;
    if (s.rank) {
        infer_error(in, span, "a constant is needed here, not a tensor of shape %s", shape_text(in, s.dim, s.rank));
        return false;
    }
    if (ir_expr_evaluate(in->m, *e, NULL, NULL, 0, out))
        return true;
    infer_error(in, span, "a constant is needed here");
    return false;
}

bool infer_integer(infer *in, ir_expr *e, const char *what, int64_t least, int64_t *out)
{
    double number;
    ir_span span = ir_expr_get(in->m, *e)->span;
    if (!infer_constant(in, e, &number))
        return false;
    if (floor(number) != number) {
        infer_error(in, span, "%s must be a whole number, not %.15g", what, number);
        return false;
    }
    if (number < (double)least) {
        infer_error(in, span, "%s must be at least %lld, not %.15g", what, (long long)least, number);
        return false;
    }
    if (number > (double)IR_MAX_ELEMENTS) {
        infer_error(in, span, "%s must be at most 2^31, not %.15g", what, number);
        return false;
    }
    *out = (int64_t)number;
    *e = ir_number(in->m, number, span);
    return true;
}

bool infer_extents(infer *in, const ir_index *indices, uint32_t count)
{
    bool fine = true;
    for (uint32_t i = 0; i < count; i++) {
        const ir_index_data data = *ir_index_get(in->m, indices[i]);
        const char *what = arena_format(in->m->arena, "the range of index '%s'", ir_text(in->m, data.name));
        ir_expr extent = data.extent;
        int64_t number;
        fine &= infer_integer(in, &extent, what, 0, &number);
        ir_index_get(in->m, indices[i])->extent = extent;
    }
    return fine;
}
