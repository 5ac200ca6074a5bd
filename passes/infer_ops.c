/* infer_ops.c - the shape rules of tensor operations (infer.h), one function a rule. */
#include "passes/infer.h"

#include <math.h>
#include <string.h>

static ir_value operand(const infer *in, ir_op op, uint32_t position)
{
    return ir_op_get(in->m, op)->operands[position];
}

static ir_type operand_type(const infer *in, ir_op op, uint32_t position)
{
    return type_of(in, operand(in, op, position));
}

static ir_span span_of(const infer *in, ir_op op)
{
    return ir_op_get(in->m, op)->span;
}

static const char *type_text(infer *in, ir_type t)
{
    return shape_text(in, t.dim, t.rank);
}

static const char *name_of(const infer *in, ir_op op)
{
    return ir_op_rows[ir_op_get(in->m, op)->code].text;
}

static void set_operands(infer *in, ir_op op, const ir_value *operands, uint32_t count)
{
    ir_value *copy = ARENA_ARRAY(in->m->arena, ir_value, count);
    memcpy(copy, operands, count * sizeof *copy);
    ir_op_get(in->m, op)->operands = copy;
    ir_op_get(in->m, op)->operand_count = count;
}

/* All operands as float32 tensors. */
static bool float_operands(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    ir_value *operands = ARENA_ARRAY(in->m->arena, ir_value, data.operand_count);
    for (uint32_t i = 0; i < data.operand_count; i++) {
        ir_elem elem = data.operands[i] ? type_of(in, data.operands[i]).elem : IR_F32;
        if (elem != IR_F32 && elem != IR_I32) {
            infer_error(in, data.span,
                        elem == IR_GROUP ? "'%s' needs a tensor, not a group of parameters" : "'%s' needs a tensor of the model",
                        name_of(in, op));
            return false;
        }
        operands[i] = elem == IR_I32 ? infer_as_float(in, data.operands[i], data.span) : data.operands[i];
    }
    set_operands(in, op, operands, data.operand_count);
    return true;
}

static void result(infer *in, ir_op op, int32_t rank, const int64_t *dim)
{
    infer_result(in, op, ir_type_make(IR_F32, rank, dim));
}

static bool needs_rank(infer *in, ir_op op, int32_t least, const char *what)
{
    ir_type t = operand_type(in, op, 0);
    if (t.rank >= least)
        return true;
    infer_error(in, span_of(in, op), "'%s' needs %s, not shape %s", name_of(in, op), what, type_text(in, t));
    return false;
}

/* ---- elementwise ---- */

static known_number constant_of(const infer *in, ir_value v)
{
    return v < in->value_count ? in->constants[v] : (known_number){0};
}

static double compute(ir_opcode code, double a, double b)
{
    switch (code) {
    case OP_ADD:
        return a + b;
    case OP_SUBTRACT:
        return a - b;
    case OP_MULTIPLY:
        return a * b;
    case OP_DIVIDE:
        return a / b;
    case OP_NEGATE:
        return -a;
    case OP_EXP:
        return exp(a);
    case OP_SQRT:
        return sqrt(a);
    default: /* GELU, RELU, TANH are finite where their operand is; their value is not needed here */
        return NAN;
    }
}

/* A scalar computed from constants is a constant itself, and has to be finite. */
static bool check_constant(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    known_number a = constant_of(in, data.operands[0]), b = data.operand_count > 1 ? constant_of(in, data.operands[1]) : a;
    if (data.code == OP_DIVIDE && b.known && b.number == 0) {
        infer_error(in, data.span, "division by zero");
        return false;
    }
    bool smooth = data.code == OP_GELU || data.code == OP_RELU || data.code == OP_TANH;
    if (!a.known || !b.known || smooth)
        return true;
    double number = compute(data.code, a.number, b.number);
    if (!isfinite((float)number)) {
        infer_error(in, data.span, "this constant is not finite: %s",
                    data.code == OP_SQRT ? "square root of a negative number" : "it overflows");
        return false;
    }
    if (data.results[0] < in->value_count)
        in->constants[data.results[0]] = (known_number){true, number};
    return true;
}

/* NumPy's rule; `skip` axes at the end are left out of it. */
static bool broadcast(const ir_type *a, const ir_type *b, int32_t skip, ir_type *out)
{
    out->rank = (a->rank > b->rank ? a->rank : b->rank);
    for (int32_t i = skip; i < out->rank; i++) { /* from the last axis on */
        int64_t x = i < a->rank ? a->dim[a->rank - 1 - i] : 1, y = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[out->rank - 1 - i] = x == 1 ? y : x;
    }
    return true;
}

static bool rule_binary(infer *in, ir_op op)
{
    ir_type a = operand_type(in, op, 0), b = operand_type(in, op, 1), out;
    if (!float_operands(in, op))
        return false;
    if (!broadcast(&a, &b, 0, &out)) {
        infer_error(in, span_of(in, op), "shapes %s and %s do not broadcast", type_text(in, a), type_text(in, b));
        return false;
    }
    result(in, op, out.rank, out.dim);
    return check_constant(in, op);
}

static bool rule_unary(infer *in, ir_op op)
{
    ir_type t = operand_type(in, op, 0);
    if (!float_operands(in, op))
        return false;
    result(in, op, t.rank, t.dim);
    return check_constant(in, op);
}

static bool rule_to_f32(infer *in, ir_op op)
{
    ir_type t = operand_type(in, op, 0);
    if (t.elem != IR_I32) {
        infer_error(in, span_of(in, op), "'to_f32' needs integers");
        return false;
    }
    result(in, op, t.rank, t.dim);
    return true;
}

static bool rule_softmax(infer *in, ir_op op)
{
    return needs_rank(in, op, 1, "at least one axis") && rule_unary(in, op);
}

/* ---- with parameters ---- */

/* Parameters are named by their path, other tensors in words. */
static const char *parameter_text(infer *in, ir_value v, const char *what)
{
    const ir_op_data *op = ir_op_get(in->m, ir_value_get(in->m, v)->op);
    return op->code == OP_PARAM ? arena_format(in->m->arena, "'@%s'", ir_text(in->m, op->attributes[0].name)) : what;
}

/* Replaces a group operand by its members; an absent member is 0. */
static bool expand_group(infer *in, ir_op op, const char *first, bool first_needed, const char *second)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    ir_value group = data.operands[1];
    if (!group || !infer_group_path(in, group))
        return true; /* expanded before */
    ir_value members[3] = {data.operands[0], infer_member(in, group, first, data.span), 0};
    if (second)
        members[2] = infer_member(in, group, second, data.span);
    if (!members[1] && (first_needed || !members[2]))
        return infer_member_missing(in, group, first);
    set_operands(in, op, members, second ? 3 : 2);
    for (int i = 1; i < 3; i++)
        if (members[i] && type_of(in, members[i]).elem == IR_POISON)
            return false;
    return true;
}

/* An optional vector of parameters as long as `size`. */
static bool check_vector(infer *in, ir_op op, uint32_t position, int64_t size, const char *what)
{
    if (position >= ir_op_get(in->m, op)->operand_count || !operand(in, op, position))
        return true;
    ir_type t = operand_type(in, op, position);
    if (t.rank == 1 && t.dim[0] == size)
        return true;
    infer_error(in, span_of(in, op), "%s has shape %s, but %s needs [%lld]", parameter_text(in, operand(in, op, position), what),
                type_text(in, t), name_of(in, op), (long long)size);
    return false;
}

static bool rule_linear(infer *in, ir_op op)
{
    if (!needs_rank(in, op, 1, "at least one axis") || !expand_group(in, op, "weight", true, "bias") || !float_operands(in, op))
        return false;
    ir_type x = operand_type(in, op, 0), w = operand_type(in, op, 1);
    const char *weight = parameter_text(in, operand(in, op, 1), "the weight");
    if (w.rank != 2) {
        infer_error(in, span_of(in, op), "%s has shape %s, but linear needs [out, in]", weight, type_text(in, w));
        return false;
    }
    if (w.dim[1] != x.dim[x.rank - 1]) {
        infer_error(in, span_of(in, op), "the last axis of shape %s has %lld features, but %s of shape %s takes %lld",
                    type_text(in, x), (long long)x.dim[x.rank - 1], weight, type_text(in, w), (long long)w.dim[1]);
        return false;
    }
    if (!check_vector(in, op, 2, w.dim[0], "the bias"))
        return false;
    x.dim[x.rank - 1] = w.dim[0];
    result(in, op, x.rank, x.dim);
    return true;
}

static bool rule_layernorm(infer *in, ir_op op)
{
    ir_attribute eps = ir_op_get(in->m, op)->attributes[0];
    double number;
    if (!needs_rank(in, op, 1, "at least one axis") || !expand_group(in, op, "weight", false, "bias") ||
        !float_operands(in, op) || !infer_constant(in, &eps.expr, &number))
        return false;
    ir_span span = ir_expr_get(in->m, eps.expr)->span;
    if (!(number >= 0)) {
        infer_error(in, span, "eps must not be negative, but is %.15g", number);
        return false;
    }
    eps.expr = ir_number(in->m, number, span);
    ir_op_get(in->m, op)->attributes[0] = eps;
    ir_type x = operand_type(in, op, 0);
    int64_t size = x.dim[x.rank - 1];
    if (!size) {
        infer_error(in, span_of(in, op), "the last axis of shape %s has no elements to normalise", type_text(in, x));
        return false;
    }
    if (!check_vector(in, op, 1, size, "the weight") || !check_vector(in, op, 2, size, "the bias"))
        return false;
    result(in, op, x.rank, x.dim);
    return true;
}

static bool rule_embedding(infer *in, ir_op op)
{
    ir_type ids = operand_type(in, op, 0);
    if (ids.elem != IR_I32 || ids.rank != 1) {
        infer_error(in, span_of(in, op), "'embedding' needs ids of type i32[N], not %s%s", ids.elem == IR_I32 ? "i32" : "f32",
                    type_text(in, ids));
        return false;
    }
    if (!expand_group(in, op, "weight", true, NULL))
        return false;
    ir_type table = operand_type(in, op, 1);
    if (table.rank != 2 || table.elem != IR_F32) {
        infer_error(in, span_of(in, op), "%s has shape %s, but embedding needs [rows, features]",
                    parameter_text(in, operand(in, op, 1), "the table"), type_text(in, table));
        return false;
    }
    int64_t dim[2] = {ids.dim[0], table.dim[1]};
    result(in, op, 2, dim);
    return true;
}

/* ---- by axis ---- */

static bool rule_reduce(infer *in, ir_op op)
{
    ir_attribute attribute = ir_op_get(in->m, op)->attributes[0];
    ir_span span = ir_expr_get(in->m, attribute.expr)->span;
    int64_t axis;
    if (!infer_integer(in, &attribute.expr, "an axis", -ISG_MAX_RANK, &axis) || !float_operands(in, op))
        return false;
    ir_type t = operand_type(in, op, 0);
    if (axis >= t.rank || axis < -t.rank) {
        infer_error(in, span, "axis %lld of shape %s does not exist", (long long)axis, type_text(in, t));
        return false;
    }
    axis += axis < 0 ? t.rank : 0;
    attribute.expr = ir_number(in->m, (double)axis, span);
    ir_op_get(in->m, op)->attributes[0] = attribute;
    if (!t.dim[axis] && ir_op_get(in->m, op)->code == OP_MEAN) {
        infer_error(in, span_of(in, op), "mean of nothing: axis %lld of shape %s has no elements", (long long)axis,
                    type_text(in, t));
        return false;
    }
    memmove(&t.dim[axis], &t.dim[axis + 1], (size_t)(t.rank - 1 - axis) * sizeof t.dim[0]);
    result(in, op, t.rank - 1, t.dim);
    return true;
}

static bool rule_matmul(infer *in, ir_op op)
{
    ir_type a = operand_type(in, op, 0), b = operand_type(in, op, 1), out;
    if (!float_operands(in, op))
        return false;
    if (a.rank < 2 || b.rank < 2) {
        infer_error(in, span_of(in, op), "'matmul' needs at least two axes on both sides, not shapes %s and %s", type_text(in, a),
                    type_text(in, b));
        return false;
    }
    if (a.dim[a.rank - 1] != b.dim[b.rank - 2] || !broadcast(&a, &b, 2, &out)) {
        infer_error(in, span_of(in, op), "shapes %s and %s cannot be multiplied as matrices", type_text(in, a), type_text(in, b));
        return false;
    }
    out.dim[out.rank - 2] = a.dim[a.rank - 2];
    out.dim[out.rank - 1] = b.dim[b.rank - 1];
    result(in, op, out.rank, out.dim);
    return true;
}

/* A rearrangement keeps the type of the elements. */
static bool arranged(infer *in, ir_op op, ir_type t)
{
    if (t.elem != IR_F32 && t.elem != IR_I32)
        return float_operands(in, op);
    infer_result(in, op, t);
    return true;
}

static bool rule_transpose(infer *in, ir_op op)
{
    if (!needs_rank(in, op, 2, "at least two axes"))
        return false;
    ir_type t = operand_type(in, op, 0);
    int64_t last = t.dim[t.rank - 1];
    t.dim[t.rank - 1] = t.dim[t.rank - 2];
    t.dim[t.rank - 2] = last;
    return arranged(in, op, t);
}

static bool rule_split_heads(infer *in, ir_op op)
{
    ir_attribute attribute = ir_op_get(in->m, op)->attributes[0];
    ir_span span = ir_expr_get(in->m, attribute.expr)->span;
    ir_type t = operand_type(in, op, 0);
    int64_t heads;
    if (!infer_integer(in, &attribute.expr, "the number of heads", 1, &heads))
        return false;
    ir_op_get(in->m, op)->attributes[0] = attribute;
    if (t.rank != 2) {
        infer_error(in, span_of(in, op), "'split_heads' needs shape [N, T*D], not %s", type_text(in, t));
        return false;
    }
    if (t.dim[1] % heads) {
        infer_error(in, span, "%lld features cannot be split into %lld heads", (long long)t.dim[1], (long long)heads);
        return false;
    }
    int64_t dim[3] = {heads, t.dim[0], t.dim[1] / heads};
    return arranged(in, op, ir_type_make(t.elem, 3, dim));
}

static bool rule_merge_heads(infer *in, ir_op op)
{
    ir_type t = operand_type(in, op, 0);
    int64_t dim[2] = {t.dim[1], 0};
    if (t.rank != 3) {
        infer_error(in, span_of(in, op), "'merge_heads' needs shape [T, N, D], not %s", type_text(in, t));
        return false;
    }
    if (__builtin_mul_overflow(t.dim[0], t.dim[2], &dim[1])) {
        infer_error(in, span_of(in, op), "merging shape %s gives more than 2^31 elements", type_text(in, t));
        return false;
    }
    return arranged(in, op, ir_type_make(t.elem, 2, dim));
}

/* ---- attention ---- */

static bool refuse_attention(infer *in, ir_op op, uint32_t position, const char *name, const char *needed)
{
    infer_error(in, span_of(in, op), "attention: %s has shape %s, but %s is needed", name,
                type_text(in, operand_type(in, op, position)), needed);
    return false;
}

static bool rule_attention(infer *in, ir_op op)
{
    static const char *const names[] = {"q", "k", "v"};
    arena *a = in->m->arena;
    if (!float_operands(in, op))
        return false;
    for (uint32_t i = 0; i < 3; i++)
        if (operand_type(in, op, i).rank != 3)
            return refuse_attention(in, op, i, names[i], "[T, N, D]");
    ir_type q = operand_type(in, op, 0), k = operand_type(in, op, 1), v = operand_type(in, op, 2);
    long long heads = q.dim[0], keys = k.dim[1];
    if (k.dim[0] != heads || k.dim[2] != q.dim[2])
        return refuse_attention(in, op, 1, "k", arena_format(a, "[%lld, N, %lld]", heads, (long long)q.dim[2]));
    if (v.dim[0] != heads || v.dim[1] != keys)
        return refuse_attention(in, op, 2, "v", arena_format(a, "[%lld, %lld, D]", heads, keys));
    if (ir_op_get(in->m, op)->operand_count == 4 && operand(in, op, 3)) {
        ir_type x = operand_type(in, op, 3);
        if (x.rank != 2 || x.dim[0] != heads || x.dim[1] != keys)
            return refuse_attention(in, op, 3, "keys", arena_format(a, "[%lld, %lld]", heads, keys));
    }
    if (heads && q.dim[1] && (!keys || !q.dim[2])) {
        infer_error(in, span_of(in, op), keys ? "attention over no features" : "attention over no keys");
        return false;
    }
    int64_t dim[3] = {heads, q.dim[1], v.dim[2]};
    result(in, op, 3, dim);
    return true;
}

/* ---- the table ---- */

bool infer_tensor_op(infer *in, ir_op op)
{
    static bool (*const rules[OP_COUNT])(infer * in, ir_op op) = {
        [OP_TO_F32] = rule_to_f32,
        [OP_ADD] = rule_binary,
        [OP_SUBTRACT] = rule_binary,
        [OP_MULTIPLY] = rule_binary,
        [OP_DIVIDE] = rule_binary,
        [OP_NEGATE] = rule_unary,
        [OP_GELU] = rule_unary,
        [OP_RELU] = rule_unary,
        [OP_TANH] = rule_unary,
        [OP_EXP] = rule_unary,
        [OP_SQRT] = rule_unary,
        [OP_SOFTMAX] = rule_softmax,
        [OP_LAYERNORM] = rule_layernorm,
        [OP_LINEAR] = rule_linear,
        [OP_EMBEDDING] = rule_embedding,
        [OP_MEAN] = rule_reduce,
        [OP_SUM] = rule_reduce,
        [OP_MATMUL] = rule_matmul,
        [OP_TRANSPOSE] = rule_transpose,
        [OP_SPLIT_HEADS] = rule_split_heads,
        [OP_MERGE_HEADS] = rule_merge_heads,
        [OP_ATTENTION] = rule_attention,
    };
    ir_opcode code = ir_op_get(in->m, op)->code;
    return !rules[code] || rules[code](in, op);
}
