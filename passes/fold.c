/* fold.c - the pass `fold`.
 *
 * Requires: types, after infer-shapes or at stage ising. Establishes: no constant is left uncomputed, no
 * operation unread, no two operations equal. One walk in order suffices, since operations stand behind
 * what they read; dead code falls to a second walk, backwards. Arithmetic is never reordered, inputs and
 * the order of operations stay.
 */
#include "passes/fold.h"

#include <math.h>
#include <string.h>

/* ---- constants in the graph ---- */

static bool constant_operand(const fold *f, const ir_op_data *data, uint32_t position, double *out)
{
    if (position >= data->operand_count)
        return true;
    const ir_op_data *op = ir_op_get(f->m, ir_value_get(f->m, data->operands[position])->op);
    return op->code == OP_CONSTANT && ir_expr_is_number(f->m, op->attributes[0].expr, out);
}

static bool compute(ir_opcode code, double a, double b, double *out)
{
    switch (code) {
    case OP_ADD:
        *out = a + b;
        return true;
    case OP_SUBTRACT:
        *out = a - b;
        return true;
    case OP_MULTIPLY:
        *out = a * b;
        return true;
    case OP_DIVIDE:
        *out = a / b;
        return true;
    case OP_NEGATE:
        *out = -a;
        return true;
    case OP_RELU:
        *out = a > 0 ? a : 0;
        return true;
    case OP_GELU:
        *out = a * (1 + erf(a / sqrt(2))) / 2;
        return true;
    case OP_TANH:
        *out = tanh(a);
        return true;
    case OP_EXP:
        *out = exp(a);
        return true;
    case OP_SQRT:
        *out = sqrt(a);
        return true;
    default:
        return false;
    }
}

/* An operation on constants is a constant, in double; rounding to float32 comes once, at the end. */
static void fold_constant_op(fold *f, ir_op op)
{
    const ir_op_data data = *ir_op_get(f->m, op);
    double a = 0, b = 0, number;
    if (!data.operand_count || !constant_operand(f, &data, 0, &a) || !constant_operand(f, &data, 1, &b))
        return;
    if (!compute(data.code, a, b, &number) || !isfinite((float)number))
        return;
    ir_expr value = ir_number(f->m, number, data.span);
    ir_op_data *made = ir_op_get(f->m, op);
    made->code = OP_CONSTANT;
    made->operands = NULL;
    made->operand_count = 0;
    memset(made->attributes, 0, sizeof made->attributes);
    made->attributes[0] = (ir_attribute){.present = true, .expr = value};
}

/* x * 1, 1 * x and x / 1 are x, when that has the shape of the result. */
static ir_value same_as_operand(const fold *f, ir_op op)
{
    const ir_op_data data = *ir_op_get(f->m, op);
    if (data.code != OP_MULTIPLY && data.code != OP_DIVIDE)
        return 0;
    ir_type type = ir_value_get(f->m, data.results[0])->type;
    for (uint32_t i = 0; i < 2; i++) {
        double number = 0;
        ir_value kept = data.operands[1 - i];
        bool one = constant_operand(f, &data, i, &number) && number == 1 && (i == 1 || data.code == OP_MULTIPLY);
        if (one && type.elem == IR_F32 && ir_type_equal(ir_value_get(f->m, kept)->type, type))
            return kept;
    }
    return 0;
}

/* ---- operations given by expressions ---- */

/* A condition that was decided: drops it; true when it is false. */
static bool drop_condition(const fold *f, ir_expr *condition)
{
    double holds;
    if (!*condition || !ir_expr_is_number(f->m, *condition, &holds))
        return false;
    *condition = 0;
    return holds == 0;
}

static void fold_map(fold *f, ir_op op)
{
    ir_op_data data = *ir_op_get(f->m, op);
    double number;
    ir_expr condition = data.attributes[1].present ? data.attributes[1].expr : 0;
    if (drop_condition(f, &condition))
        data.attributes[2].expr = ir_number(f->m, 0, data.span);
    bool zero = ir_expr_is_number(f->m, data.attributes[2].expr, &number) && number == 0;
    if (!condition || zero)
        data.attributes[1] = (ir_attribute){0};
    *ir_op_get(f->m, op) = data;
    if (data.attributes[1].present || !ir_expr_is_number(f->m, data.attributes[2].expr, &number))
        return;
    f->values[data.results[0]].known = true;
    f->values[data.results[0]].number = data.code == OP_READOUT ? (double)(float)number : number;
}

/* Whether the term adds anything: not when its condition never holds, it has no combinations, or its
 * coefficient is 0. */
static bool fold_term(const fold *f, ir_term *term)
{
    double coefficient;
    bool empty = drop_condition(f, &term->condition);
    for (uint32_t i = 0; i < term->index_count; i++)
        empty |= ir_index_extent(f->m, term->indices[i]) == 0;
    return !empty && !(ir_expr_is_number(f->m, term->coefficient, &coefficient) && coefficient == 0);
}

static void fold_anneal(fold *f, ir_op op)
{
    ir_attribute *terms = ir_op_attribute(f->m, op, "terms");
    ir_term *kept = ARENA_ARRAY(f->m->arena, ir_term, terms->count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < terms->count; i++) {
        kept[count] = ((const ir_term *)terms->list)[i];
        count += fold_term(f, &kept[count]);
    }
    terms->list = kept;
    terms->count = count;
}

/* ---- the walk ---- */

static void replace_operands(fold *f, ir_op op)
{
    const ir_op_data data = *ir_op_get(f->m, op);
    ir_value *operands = ARENA_ARRAY(f->m->arena, ir_value, data.operand_count);
    for (uint32_t i = 0; i < data.operand_count; i++) {
        ir_value v = data.operands[i], replacement = f->values[v].replacement;
        operands[i] = replacement ? replacement : v;
    }
    ir_op_get(f->m, op)->operands = operands;
}

static void fold_op(fold *f, ir_op op)
{
    replace_operands(f, op);
    ir_op_map_exprs(f->m, op, false, fold_node, f);
    ir_opcode code = ir_op_get(f->m, op)->code;
    if (code == OP_MAP || code == OP_READOUT)
        fold_map(f, op);
    else if (code == OP_ANNEAL)
        fold_anneal(f, op);
    else
        fold_constant_op(f, op);
    const ir_op_data data = *ir_op_get(f->m, op);
    double number;
    if (data.code == OP_CONSTANT && ir_expr_is_number(f->m, data.attributes[0].expr, &number)) {
        f->values[data.results[0]].known = true;
        f->values[data.results[0]].number = (float)number;
    }
    ir_value same = same_as_operand(f, op);
    ir_op equal = same ? 0 : cse_find(f, op);
    for (uint32_t i = 0; i < data.result_count && (same || equal); i++)
        f->values[data.results[i]].replacement = same ? same : ir_op_result(f->m, equal, i);
}

/* ---- dead code ---- */

typedef struct liveness {
    const ir_module *m;
    bool *live;         /* by operation */
    ir_op *minimize_of; /* by operation: the Hamiltonian of a `spin` */
    ARENA_LIST(ir_op) work;
} liveness;

static void mark_op(liveness *l, ir_op op)
{
    if (!op || l->live[op])
        return;
    l->live[op] = true;
    ARENA_PUSH(l->m->arena, &l->work, op);
}

static void mark_value(ir_value v, void *context)
{
    liveness *l = context;
    mark_op(l, ir_value_get(l->m, v)->op);
}

/* A Hamiltonian lives when something that lives reads one of its spins. */
static void mark_all(liveness *l, const ir_function *f)
{
    for (uint32_t i = 0; i < f->results.count; i++)
        mark_value(f->results.at[i].value, l);
    while (l->work.count) {
        ir_op op = l->work.at[--l->work.count];
        ir_op_uses(l->m, op, mark_value, l);
        mark_op(l, l->minimize_of[op]);
    }
}

static void drop_dead(ir_module *m, ir_function *f)
{
    liveness l = {
        .m = m, .live = ARENA_ARRAY(m->arena, bool, m->ops.count), .minimize_of = ARENA_ARRAY(m->arena, ir_op, m->ops.count)};
    for (uint32_t i = 0; i < f->ops.count; i++) {
        const ir_op_data *data = ir_op_get(m, f->ops.at[i]);
        for (uint32_t k = 0; data->code == OP_MINIMIZE && k < data->operand_count; k++)
            l.minimize_of[ir_value_get(m, data->operands[k])->op] = f->ops.at[i];
        if (data->code == OP_BIND) /* its checks are still to come */
            mark_op(&l, f->ops.at[i]);
    }
    mark_all(&l, f);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < f->ops.count; i++)
        if (l.live[f->ops.at[i]])
            f->ops.at[kept++] = f->ops.at[i];
    f->ops.count = kept;
}

void pass_fold(ir_module *m, const pass_options *options)
{
    (void)options;
    if (!m->functions.count)
        return;
    ir_function *function = m->functions.at[0];
    fold f = {.m = m, .values = ARENA_ARRAY(m->arena, folded_value, m->values.count)};
    for (f.table_size = 64; f.table_size < function->ops.count * 2 && f.table_size < UINT32_MAX / 2;)
        f.table_size *= 2;
    f.table = ARENA_ARRAY(m->arena, ir_op, f.table_size);
    f.chain = ARENA_ARRAY(m->arena, ir_op, m->ops.count);
    for (uint32_t i = 0; i < function->ops.count; i++)
        fold_op(&f, function->ops.at[i]);
    for (uint32_t i = 0; i < function->results.count; i++) {
        ir_result *r = &function->results.at[i];
        if (f.values[r->value].replacement)
            r->value = f.values[r->value].replacement;
    }
    drop_dead(m, function);
}
