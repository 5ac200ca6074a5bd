/* tensors.c - the tensor operations of the graph: calls of pieces with constant shapes, which the optimiser inlines and
 * specialises, and generated loops where broadcasting or index notation shapes them. */
#include "backends/native/codegen.h"
#include "runtime/abi.h"

static ir_type type_of(codegen *g, ir_value v)
{
    return ir_value_get(g->m, v)->type;
}

static int64_t elements(codegen *g, ir_value v)
{
    return ir_type_elements(type_of(g, v));
}

static int64_t last_dim(ir_type t)
{
    return t.rank ? t.dim[t.rank - 1] : 1;
}

/* The product of the first `count` dimensions. */
static int64_t leading(ir_type t, int32_t count)
{
    int64_t n = 1;
    for (int32_t i = 0; i < count; i++)
        n *= t.dim[i];
    return n;
}

static int64_t attribute_integer(codegen *g, ir_op op, const char *key)
{
    double number = 0;
    ir_expr_is_number(g->m, ir_op_attribute(g->m, op, key)->expr, &number);
    return (int64_t)number;
}

static l_value address_or_null(codegen *g, ir_value v)
{
    return v ? gen_value_address(g, v) : l_null(g);
}

/* ---- elementwise ---- */

static void unary(codegen *g, const ir_op_data *op, const char *piece)
{
    l_value args[] = {gen_value_address(g, op->operands[0]), gen_value_address(g, op->results[0]),
                      l_i64(g, elements(g, op->results[0]))};
    l_call(g, piece, args, 3);
}

typedef struct broadcast {
    ir_type shape;                                         /* of the result */
    int32_t depth, levels;                                 /* loops, outermost first */
    int64_t extent[ISG_MAX_RANK], stride[3][ISG_MAX_RANK]; /* operand 0, operand 1, result */
    l_value at[3], base[3];
    ir_opcode code;
} broadcast;

static l_value arithmetic(codegen *g, ir_opcode code, l_value a, l_value b)
{
    switch (code) {
    case OP_ADD:
        return LLVMBuildFAdd(g->builder, a, b, "");
    case OP_SUBTRACT:
        return LLVMBuildFSub(g->builder, a, b, "");
    case OP_MULTIPLY:
        return LLVMBuildFMul(g->builder, a, b, "");
    default:
        return LLVMBuildFDiv(g->builder, a, b, "");
    }
}

static void broadcast_level(codegen *g, broadcast *b);

static void broadcast_body(codegen *g, l_value index, void *context)
{
    broadcast inner = *(broadcast *)context;
    for (int k = 0; k < 3; k++)
        inner.at[k] = l_add_scaled(g, inner.at[k], index, inner.stride[k][inner.depth]);
    inner.depth++;
    broadcast_level(g, &inner);
}

static void broadcast_level(codegen *g, broadcast *b)
{
    if (b->depth < b->levels) {
        l_loop(g, b->extent[b->depth], broadcast_body, b);
        return;
    }
    l_value x = l_load_at(g, g->f32, b->base[0], b->at[0]), y = l_load_at(g, g->f32, b->base[1], b->at[1]);
    l_store_at(g, g->f32, arithmetic(g, b->code, x, y), b->base[2], b->at[2]);
}

/* Strides of an operand along the result's axes: 0 where it is repeated. */
static void broadcast_strides(ir_type operand, ir_type result, int64_t *stride)
{
    int64_t step = 1;
    for (int32_t axis = result.rank - 1, own = operand.rank - 1; axis >= 0; axis--, own--) {
        stride[axis] = own >= 0 && operand.dim[own] != 1 ? step : 0;
        if (own >= 0)
            step *= operand.dim[own];
    }
}

/* Neighbouring axes that every operand walks alike become one loop. */
static void merge_levels(broadcast *b)
{
    int32_t kept = 0;
    for (int32_t axis = 0; axis < b->shape.rank; axis++) {
        int64_t extent = b->shape.dim[axis];
        bool merges = kept > 0;
        for (int k = 0; k < 3 && merges; k++)
            merges = b->stride[k][kept - 1] == b->stride[k][axis] * extent;
        int32_t to = merges ? kept - 1 : kept++;
        b->extent[to] = merges ? b->extent[to] * extent : extent;
        for (int k = 0; k < 3; k++)
            b->stride[k][to] = b->stride[k][axis];
    }
    b->levels = kept;
}

static void binary(codegen *g, const ir_op_data *op)
{
    broadcast b = {.shape = type_of(g, op->results[0]), .code = op->code};
    ir_value values[] = {op->operands[0], op->operands[1], op->results[0]};
    for (int k = 0; k < 3; k++) {
        b.base[k] = gen_value_address(g, values[k]);
        b.at[k] = l_i64(g, 0);
        broadcast_strides(type_of(g, values[k]), b.shape, b.stride[k]);
    }
    merge_levels(&b);
    broadcast_level(g, &b);
}

/* ---- by axis ---- */

static void reduce_axis(codegen *g, ir_op handle, const ir_op_data *op)
{
    ir_type t = type_of(g, op->operands[0]);
    int64_t axis = attribute_integer(g, handle, "axis");
    if (axis < 0)
        axis += t.rank;
    int64_t n = t.dim[axis], outer = leading(t, (int32_t)axis), inner = 1;
    for (int32_t i = (int32_t)axis + 1; i < t.rank; i++)
        inner *= t.dim[i];
    l_value args[] = {gen_value_address(g, op->operands[0]),
                      gen_value_address(g, op->results[0]),
                      l_i64(g, outer),
                      l_i64(g, n),
                      l_i64(g, inner),
                      l_f64(g, op->code == OP_MEAN ? 1 / (double)n : 1)};
    l_call(g, "piece_reduce", args, 6);
}

static void softmax(codegen *g, const ir_op_data *op)
{
    ir_type t = type_of(g, op->operands[0]);
    int64_t n = last_dim(t);
    if (!elements(g, op->operands[0]))
        return;
    l_value args[] = {gen_value_address(g, op->operands[0]), gen_value_address(g, op->results[0]),
                      l_i64(g, elements(g, op->operands[0]) / n), l_i64(g, n)};
    l_call(g, "piece_softmax", args, 4);
}

static void layernorm(codegen *g, ir_op handle, const ir_op_data *op)
{
    ir_type t = type_of(g, op->operands[0]);
    double eps = 0;
    ir_expr_is_number(g->m, ir_op_attribute(g->m, handle, "eps")->expr, &eps);
    l_value args[] = {gen_value_address(g, op->operands[0]),
                      address_or_null(g, op->operands[1]),
                      address_or_null(g, op->operand_count > 2 ? op->operands[2] : 0),
                      gen_value_address(g, op->results[0]),
                      l_i64(g, leading(t, t.rank - 1)),
                      l_i64(g, last_dim(t)),
                      l_f64(g, eps)};
    l_call(g, "piece_layernorm", args, 7);
}

static void linear(codegen *g, const ir_op_data *op)
{
    ir_type x = type_of(g, op->operands[0]), w = type_of(g, op->operands[1]);
    l_value args[] = {g->v_services,
                      gen_value_address(g, op->operands[0]),
                      gen_value_address(g, op->operands[1]),
                      address_or_null(g, op->operand_count > 2 ? op->operands[2] : 0),
                      gen_value_address(g, op->results[0]),
                      l_i64(g, leading(x, x.rank - 1)),
                      l_i64(g, w.dim[1]),
                      l_i64(g, w.dim[0])};
    l_call(g, "piece_linear", args, 8);
}

static void embedding(codegen *g, const ir_op_data *op)
{
    ir_type table = type_of(g, op->operands[1]);
    l_value args[] = {gen_value_address(g, op->operands[0]),
                      gen_value_address(g, op->operands[1]),
                      gen_value_address(g, op->results[0]),
                      l_i64(g, elements(g, op->operands[0])),
                      l_i64(g, table.dim[0]),
                      l_i64(g, table.dim[1])};
    l_fault_if(g, l_call(g, "piece_embedding", args, 6), ISG_FAULT_ID_RANGE);
}

/* ---- matrix products, over broadcast leading axes ---- */

typedef struct matrices {
    broadcast walk; /* over the leading axes; strides count matrices */
    int64_t rows, columns, inner;
} matrices;

static void matmul_level(codegen *g, matrices *p);

static void matmul_body(codegen *g, l_value index, void *context)
{
    matrices inner = *(matrices *)context;
    for (int k = 0; k < 3; k++)
        inner.walk.at[k] = l_add_scaled(g, inner.walk.at[k], index, inner.walk.stride[k][inner.walk.depth]);
    inner.walk.depth++;
    matmul_level(g, &inner);
}

static void matmul_level(codegen *g, matrices *p)
{
    if (p->walk.depth < p->walk.levels) {
        l_loop(g, p->walk.extent[p->walk.depth], matmul_body, p);
        return;
    }
    const int64_t size[] = {p->rows * p->inner, p->inner * p->columns, p->rows * p->columns};
    l_value args[7] = {g->v_services};
    for (int k = 0; k < 3; k++)
        args[1 + k] = l_at(g, g->f32, p->walk.base[k], l_mul(g, p->walk.at[k], l_i64(g, size[k])));
    args[4] = l_i64(g, p->rows);
    args[5] = l_i64(g, p->columns);
    args[6] = l_i64(g, p->inner);
    l_call(g, "piece_matmul", args, 7);
}

static void matmul(codegen *g, const ir_op_data *op)
{
    ir_type a = type_of(g, op->operands[0]), b = type_of(g, op->operands[1]), c = type_of(g, op->results[0]);
    matrices p = {.rows = a.dim[a.rank - 2], .columns = b.dim[b.rank - 1], .inner = a.dim[a.rank - 1]};
    ir_value values[] = {op->operands[0], op->operands[1], op->results[0]};
    ir_type leads[] = {a, b, c};
    for (int k = 0; k < 3; k++)
        leads[k].rank -= 2;
    p.walk.shape = leads[2];
    for (int k = 0; k < 3; k++) {
        p.walk.base[k] = gen_value_address(g, values[k]);
        p.walk.at[k] = l_i64(g, 0);
        broadcast_strides(leads[k], leads[2], p.walk.stride[k]);
    }
    merge_levels(&p.walk);
    matmul_level(g, &p);
}

/* ---- rearrangements ---- */

static void transpose(codegen *g, const ir_op_data *op)
{
    ir_type t = type_of(g, op->operands[0]);
    l_value args[] = {gen_value_address(g, op->operands[0]), gen_value_address(g, op->results[0]),
                      l_i64(g, leading(t, t.rank - 2)), l_i64(g, t.dim[t.rank - 2]), l_i64(g, t.dim[t.rank - 1])};
    l_call(g, "piece_transpose", args, 5);
}

/* [N, T, D] -> [T, N, D] when splitting (a = T), and back when merging (a = N). */
static void swap_axes(codegen *g, const ir_op_data *op, int64_t a, int64_t b, int64_t d)
{
    l_value args[] = {gen_value_address(g, op->operands[0]), gen_value_address(g, op->results[0]), l_i64(g, a), l_i64(g, b),
                      l_i64(g, d)};
    l_call(g, "piece_swap_axes", args, 5);
}

static void split_heads(codegen *g, const ir_op_data *op)
{
    ir_type y = type_of(g, op->results[0]); /* [T, N, D] */
    swap_axes(g, op, y.dim[1], y.dim[0], y.dim[2]);
}

static void merge_heads(codegen *g, const ir_op_data *op)
{
    ir_type x = type_of(g, op->operands[0]); /* [T, N, D] */
    swap_axes(g, op, x.dim[0], x.dim[1], x.dim[2]);
}

static void attention(codegen *g, const ir_op_data *op)
{
    ir_type q = type_of(g, op->operands[0]), v = type_of(g, op->operands[2]);
    int64_t scores = layout_take(&g->frame_bytes, q.dim[1] * v.dim[1] * 4);
    l_value args[] = {g->v_services,
                      gen_value_address(g, op->operands[0]),
                      gen_value_address(g, op->operands[1]),
                      gen_value_address(g, op->operands[2]),
                      address_or_null(g, op->operand_count > 3 ? op->operands[3] : 0),
                      gen_value_address(g, op->results[0]),
                      l_bytes(g, g->v_frame, scores),
                      l_i64(g, q.dim[0]),
                      l_i64(g, q.dim[1]),
                      l_i64(g, v.dim[1]),
                      l_i64(g, q.dim[2]),
                      l_i64(g, v.dim[2])};
    l_call(g, "piece_attention", args, 12);
}

/* ---- index notation ---- */

typedef struct map_store {
    ir_attribute over;
    ir_expr where, elem;
    l_value base, result; /* result: address of the element's value while it is computed */
    bool f64;
} map_store;

static void map_element(codegen *g, void *context)
{
    map_store *s = context;
    l_store(g, gen_expr(g, s->elem), s->result);
}

static void map_store_element(codegen *g, void *context)
{
    map_store *s = context;
    const ir_index *indices = s->over.list;
    l_value at = l_i64(g, 0), v;
    for (uint32_t i = 0; i < s->over.count; i++)
        at = l_add(g, l_mul(g, at, l_i64(g, ir_index_extent(g->m, indices[i]))),
                   g->bindings[g->binding_count - s->over.count + i].value);
    if (s->where) {
        l_store(g, l_f64(g, 0), s->result);
        l_if(g, gen_condition(g, s->where), map_element, s);
        v = l_load(g, g->f64, s->result);
    } else {
        v = gen_expr(g, s->elem);
    }
    if (s->f64)
        l_store_at(g, g->f64, v, s->base, at);
    else
        l_store_at(g, g->f32, LLVMBuildFPTrunc(g->builder, v, g->f32, ""), s->base, at);
}

static void map(codegen *g, ir_op handle, const ir_op_data *op)
{
    if (g->inlined[op->results[0]])
        return;
    map_store s = {.over = *ir_op_attribute(g->m, handle, "over"),
                   .elem = ir_op_attribute(g->m, handle, "elem")->expr,
                   .base = gen_value_address(g, op->results[0]),
                   .f64 = op->code == OP_MAP};
    const ir_attribute *where = ir_op_attribute(g->m, handle, "where");
    s.where = where->present ? where->expr : 0;
    if (s.where)
        s.result = l_variable(g, g->f64, l_f64(g, 0));
    gen_loop_with_products(g, s.elem, s.over.list, s.over.count, map_store_element, &s);
}

static void constant(codegen *g, ir_op handle, const ir_op_data *op)
{
    double value = 0;
    ir_expr_evaluate(g->m, ir_op_attribute(g->m, handle, "value")->expr, NULL, NULL, 0, &value);
    l_store(g, l_f32(g, value), gen_value_address(g, op->results[0]));
}

void gen_tensor_op(codegen *g, ir_op handle)
{
    const ir_op_data *op = ir_op_get(g->m, handle);
    switch (op->code) {
    case OP_CONSTANT:
        constant(g, handle, op);
        break;
    case OP_TO_F32:
        unary(g, op, "piece_to_f32");
        break;
    case OP_ADD:
    case OP_SUBTRACT:
    case OP_MULTIPLY:
    case OP_DIVIDE:
        binary(g, op);
        break;
    case OP_NEGATE:
        unary(g, op, "piece_negate");
        break;
    case OP_GELU:
        unary(g, op, "piece_gelu");
        break;
    case OP_RELU:
        unary(g, op, "piece_relu");
        break;
    case OP_TANH:
        unary(g, op, "piece_tanh");
        break;
    case OP_EXP:
        unary(g, op, "piece_exp");
        break;
    case OP_SQRT:
        unary(g, op, "piece_sqrt");
        break;
    case OP_SOFTMAX:
        softmax(g, op);
        break;
    case OP_LAYERNORM:
        layernorm(g, handle, op);
        break;
    case OP_LINEAR:
        linear(g, op);
        break;
    case OP_EMBEDDING:
        embedding(g, op);
        break;
    case OP_MEAN:
    case OP_SUM:
        reduce_axis(g, handle, op);
        break;
    case OP_MATMUL:
        matmul(g, op);
        break;
    case OP_TRANSPOSE:
        transpose(g, op);
        break;
    case OP_SPLIT_HEADS:
        split_heads(g, op);
        break;
    case OP_MERGE_HEADS:
        merge_heads(g, op);
        break;
    case OP_ATTENTION:
        attention(g, op);
        break;
    case OP_MAP:
    case OP_READOUT:
        map(g, handle, op);
        break;
    default: /* param: already in the weights */
        break;
    }
}
