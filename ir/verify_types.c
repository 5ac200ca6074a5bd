/* verify_types.c - the rules of result types, one function an operation or family. An operation with an
 * operand or result that is unknown, poison or a group is not judged. */
#include "ir/verifier.h"

#include <string.h>

typedef struct typed_op {
    ir_type operand[4]; /* absent: unknown, rank 0 */
    bool present[4];
    ir_type result;
} typed_op;

static bool is_open(ir_type t)
{
    return t.elem == IR_UNKNOWN || t.elem == IR_POISON || t.elem == IR_GROUP;
}

/* The dimensions of a tensor after NumPy broadcasting, over the axes before the last `skip`. */
static bool broadcast(ir_type a, ir_type b, int32_t skip, ir_type *out)
{
    int32_t rank = a.rank > b.rank ? a.rank : b.rank;
    out->rank = rank;
    for (int32_t i = 1 + skip; i <= rank; i++) {
        int64_t x = i <= a.rank ? a.dim[a.rank - i] : 1, y = i <= b.rank ? b.dim[b.rank - i] : 1;
        if (x != y && x != 1 && y != 1)
            return false;
        out->dim[rank - i] = x == 1 ? y : x;
    }
    return true;
}

static bool rule_elementwise(const verifier *v, const typed_op *t)
{
    ir_type expected = t->operand[0];
    if (v->op->operand_count == 2) {
        expected.elem = IR_F32;
        if (t->operand[1].elem != IR_F32 || !broadcast(t->operand[0], t->operand[1], 0, &expected))
            return false;
    }
    return t->operand[0].elem == IR_F32 && ir_type_equal(t->result, expected);
}

static bool rule_to_f32(const typed_op *t)
{
    ir_type expected = t->operand[0];
    expected.elem = IR_F32;
    return t->operand[0].elem == IR_I32 && ir_type_equal(t->result, expected);
}

static bool is_vector_of(ir_type t, int64_t size)
{
    return t.elem == IR_F32 && t.rank == 1 && t.dim[0] == size;
}

static bool rule_layernorm(const typed_op *t)
{
    ir_type x = t->operand[0];
    if (x.elem != IR_F32 || x.rank < 1 || !ir_type_equal(x, t->result))
        return false;
    for (int i = 1; i <= 2; i++)
        if (t->present[i] && !is_vector_of(t->operand[i], x.dim[x.rank - 1]))
            return false;
    return true;
}

static bool rule_linear(const typed_op *t)
{
    ir_type x = t->operand[0], w = t->operand[1], expected = x;
    if (x.elem != IR_F32 || w.elem != IR_F32 || x.rank < 1 || w.rank != 2 || x.dim[x.rank - 1] != w.dim[1])
        return false;
    expected.dim[x.rank - 1] = w.dim[0];
    return ir_type_equal(t->result, expected) && (!t->present[2] || is_vector_of(t->operand[2], w.dim[0]));
}

static bool rule_embedding(const typed_op *t)
{
    ir_type ids = t->operand[0], table = t->operand[1], expected = ids;
    if (ids.elem != IR_I32 || table.elem != IR_F32 || table.rank != 2 || ids.rank == ISG_MAX_RANK)
        return false;
    expected.elem = IR_F32;
    expected.dim[expected.rank++] = table.dim[1];
    return ir_type_equal(t->result, expected);
}

static bool rule_reduce_axis(const verifier *v, const typed_op *t)
{
    ir_type x = t->operand[0], expected = {.elem = IR_F32};
    double axis;
    if (!ir_expr_is_number(v->module, v->op->attributes[0].expr, &axis))
        return true; /* before shapes are inferred */
    if (axis < 0)
        axis += x.rank;
    if (x.elem != IR_F32 || !(axis >= 0 && axis < x.rank))
        return false;
    for (int32_t i = 0; i < x.rank; i++)
        if (i != axis)
            expected.dim[expected.rank++] = x.dim[i];
    return ir_type_equal(t->result, expected);
}

static bool rule_matmul(const typed_op *t)
{
    ir_type a = t->operand[0], b = t->operand[1], expected = {.elem = IR_F32};
    if (a.elem != IR_F32 || b.elem != IR_F32 || a.rank < 2 || b.rank < 2 || a.dim[a.rank - 1] != b.dim[b.rank - 2] ||
        !broadcast(a, b, 2, &expected))
        return false;
    expected.dim[expected.rank - 2] = a.dim[a.rank - 2];
    expected.dim[expected.rank - 1] = b.dim[b.rank - 1];
    return ir_type_equal(t->result, expected);
}

static bool rule_transpose(const typed_op *t)
{
    ir_type expected = t->operand[0];
    if (expected.elem != IR_F32 || expected.rank < 2)
        return false;
    expected.dim[expected.rank - 1] = t->operand[0].dim[expected.rank - 2];
    expected.dim[expected.rank - 2] = t->operand[0].dim[expected.rank - 1];
    return ir_type_equal(t->result, expected);
}

/* [N, T*D] and [T, N, D]. */
static bool is_split(ir_type merged, ir_type split)
{
    return merged.elem == IR_F32 && split.elem == IR_F32 && merged.rank == 2 && split.rank == 3 &&
           merged.dim[0] == split.dim[1] && merged.dim[1] == split.dim[0] * split.dim[2];
}

static bool rule_attention(const typed_op *t)
{
    ir_type q = t->operand[0], k = t->operand[1], value = t->operand[2], keys = t->operand[3], expected = q;
    if (q.elem != IR_F32 || k.elem != IR_F32 || value.elem != IR_F32 || q.rank != 3 || k.rank != 3 || value.rank != 3)
        return false;
    if (q.dim[0] != k.dim[0] || k.dim[0] != value.dim[0] || k.dim[1] != value.dim[1] || q.dim[2] != k.dim[2])
        return false;
    if (t->present[3] && (keys.rank != 2 || keys.dim[0] != k.dim[0] || keys.dim[1] != k.dim[1]))
        return false;
    expected.dim[2] = value.dim[2];
    return ir_type_equal(t->result, expected);
}

static bool has_extents(const verifier *v, ir_type t, ir_elem elem, const ir_index *indices, uint32_t count)
{
    if (t.elem != elem || (uint32_t)t.rank != count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        int64_t extent = ir_index_extent(v->module, indices[i]);
        if (extent >= 0 && extent != t.dim[i])
            return false;
    }
    return true;
}

static bool rule_by_elements(const verifier *v, const typed_op *t, ir_elem elem)
{
    return has_extents(v, t->result, elem, v->op->attributes[0].list, v->op->attributes[0].count);
}

static bool rule_anneal(const verifier *v)
{
    const ir_spins *spins = v->op->attributes[1].list;
    for (uint32_t i = 0; i < v->op->result_count; i++)
        if (!has_extents(v, ir_value_get(v->module, v->op->results[i])->type, IR_SPIN, spins[i].indices, spins[i].index_count))
            return false;
    return true;
}

static bool rule_param(const verifier *v, const typed_op *t)
{
    for (uint32_t i = 0; i < v->module->weights.count; i++)
        if (v->module->weights.at[i].path == v->op->attributes[0].name)
            return ir_type_equal(v->module->weights.at[i].type, t->result);
    return true;
}

static bool keeps_rule(const verifier *v, const typed_op *t)
{
    switch (v->op->code) {
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_MULTIPLY:
    case OP_DIVIDE:
    case OP_NEGATE:
    case OP_GELU:
    case OP_RELU:
    case OP_TANH:
    case OP_EXP:
    case OP_SQRT:
        return rule_elementwise(v, t);
    case OP_SOFTMAX:
        return t->operand[0].rank >= 1 && rule_elementwise(v, t);
    case OP_CONSTANT:
        return t->result.elem == IR_F32 && t->result.rank == 0;
    case OP_TO_F32:
        return rule_to_f32(t);
    case OP_PARAM:
        return rule_param(v, t);
    case OP_LAYERNORM:
        return rule_layernorm(t);
    case OP_LINEAR:
        return rule_linear(t);
    case OP_EMBEDDING:
        return rule_embedding(t);
    case OP_MEAN:
    case OP_SUM:
        return rule_reduce_axis(v, t);
    case OP_MATMUL:
        return rule_matmul(t);
    case OP_TRANSPOSE:
        return rule_transpose(t);
    case OP_SPLIT_HEADS:
        return is_split(t->operand[0], t->result);
    case OP_MERGE_HEADS:
        return is_split(t->result, t->operand[0]);
    case OP_ATTENTION:
        return rule_attention(t);
    case OP_MAP:
        return rule_by_elements(v, t, IR_F64);
    case OP_READOUT:
        return rule_by_elements(v, t, IR_F32);
    case OP_SPIN:
        return rule_by_elements(v, t, IR_SPIN);
    default:
        return true;
    }
}

bool verifier_types(verifier *v)
{
    typed_op t = {0};
    if (v->op->code == OP_ANNEAL)
        return rule_anneal(v) || verifier_fail(v, "the types of the results do not follow from the spin arrays");
    if (v->op->result_count != 1 || v->op->operand_count > 4)
        return true;
    t.result = ir_value_get(v->module, v->op->results[0])->type;
    bool judged = !is_open(t.result) && v->module->stage != STAGE_CALLS;
    for (uint32_t i = 0; i < v->op->operand_count; i++) {
        t.present[i] = v->op->operands[i] != 0;
        if (t.present[i])
            t.operand[i] = ir_value_get(v->module, v->op->operands[i])->type;
        judged &= !t.present[i] || !is_open(t.operand[i]);
    }
    return !judged || keeps_rule(v, &t) || verifier_fail(v, "the type of the result does not follow from the operands");
}
