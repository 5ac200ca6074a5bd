/* expression.c - index notation to code: doubles, conditions, and whole numbers for subscripts. */
#include "backends/native/codegen.h"

#include <math.h>

/* ---- whole numbers ---- */

/* Made of indices, whole numbers, + - * alone, so that 64-bit arithmetic is exact. */
static bool is_integer(const ir_module *m, ir_expr e)
{
    const ir_expr_data *x = ir_expr_get(m, e);
    switch (x->kind) {
    case EXPR_NUMBER:
        return x->number == floor(x->number) && fabs(x->number) < 9e15;
    case EXPR_INDEX:
        return true;
    case EXPR_NEGATE:
        return is_integer(m, x->args[0]);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
        return is_integer(m, x->args[0]) && is_integer(m, x->args[1]);
    default:
        return false;
    }
}

l_value gen_integer(codegen *g, ir_expr e)
{
    const ir_expr_data x = *ir_expr_get(g->m, e);
    if (!is_integer(g->m, e))
        return LLVMBuildFPToSI(g->builder, gen_expr(g, e), g->i64, "");
    switch (x.kind) {
    case EXPR_NUMBER:
        return l_i64(g, (int64_t)x.number);
    case EXPR_INDEX:
        return l_bound(g, x.index);
    case EXPR_NEGATE:
        return LLVMBuildNSWNeg(g->builder, gen_integer(g, x.args[0]), "");
    case EXPR_ADD:
        return l_add(g, gen_integer(g, x.args[0]), gen_integer(g, x.args[1]));
    case EXPR_SUBTRACT:
        return LLVMBuildNSWSub(g->builder, gen_integer(g, x.args[0]), gen_integer(g, x.args[1]), "");
    default:
        return l_mul(g, gen_integer(g, x.args[0]), gen_integer(g, x.args[1]));
    }
}

/* ---- conditions: no side effects, so both sides of and/or are evaluated ---- */

static l_value compare(codegen *g, const ir_expr_data *x, LLVMIntPredicate whole, LLVMRealPredicate real)
{
    if (is_integer(g->m, x->args[0]) && is_integer(g->m, x->args[1]))
        return LLVMBuildICmp(g->builder, whole, gen_integer(g, x->args[0]), gen_integer(g, x->args[1]), "");
    return LLVMBuildFCmp(g->builder, real, gen_expr(g, x->args[0]), gen_expr(g, x->args[1]), "");
}

l_value gen_condition(codegen *g, ir_expr e)
{
    if (!e)
        return NULL;
    const ir_expr_data x = *ir_expr_get(g->m, e);
    switch (x.kind) {
    case EXPR_EQUAL:
        return compare(g, &x, LLVMIntEQ, LLVMRealOEQ);
    case EXPR_NOT_EQUAL:
        return compare(g, &x, LLVMIntNE, LLVMRealUNE);
    case EXPR_LESS:
        return compare(g, &x, LLVMIntSLT, LLVMRealOLT);
    case EXPR_LESS_EQUAL:
        return compare(g, &x, LLVMIntSLE, LLVMRealOLE);
    case EXPR_GREATER:
        return compare(g, &x, LLVMIntSGT, LLVMRealOGT);
    case EXPR_GREATER_EQUAL:
        return compare(g, &x, LLVMIntSGE, LLVMRealOGE);
    case EXPR_AND:
        return LLVMBuildAnd(g->builder, gen_condition(g, x.args[0]), gen_condition(g, x.args[1]), "");
    case EXPR_OR:
        return LLVMBuildOr(g->builder, gen_condition(g, x.args[0]), gen_condition(g, x.args[1]), "");
    case EXPR_NOT:
        return LLVMBuildNot(g->builder, gen_condition(g, x.args[0]), "");
    default: /* a number: true unless 0 */
        return LLVMBuildFCmp(g->builder, LLVMRealUNE, gen_expr(g, e), l_f64(g, 0), "");
    }
}

/* ---- elements of values ---- */

l_value gen_value_address(codegen *g, ir_value v)
{
    slot s = g->slots[v];
    return l_bytes(g, s.space == SLOT_WEIGHTS ? g->v_weights : g->v_frame, s.offset);
}

static l_value element(codegen *g, const ir_expr_data *x)
{
    if (g->inlined[x->value])
        return gen_inlined(g, x);
    ir_type type = ir_value_get(g->m, x->value)->type;
    l_value at = l_i64(g, 0);
    for (uint32_t i = 0; i < x->arg_count; i++)
        at = l_add(g, l_mul(g, at, l_i64(g, type.dim[i])), gen_integer(g, x->args[i]));
    l_value base = gen_value_address(g, x->value);
    row_map rows = g->row_maps[x->value];
    if (rows.term) {
        l_value v = gen_row_number(g, rows.term, base, at);
        return rows.factor == 1 ? v : LLVMBuildFMul(g->builder, v, l_f64(g, rows.factor), "");
    }
    switch (type.elem) {
    case IR_F64:
        return l_load_at(g, g->f64, base, at);
    case IR_F32:
        return LLVMBuildFPExt(g->builder, l_load_at(g, g->f32, base, at), g->f64, "");
    case IR_SPIN:
        return LLVMBuildSIToFP(g->builder, l_load_at(g, g->i8, base, at), g->f64, "");
    default:
        return LLVMBuildSIToFP(g->builder, l_load_at(g, g->i32, base, at), g->f64, "");
    }
}

/* ---- reductions: in index order, into a variable ---- */

typedef struct reduction {
    const ir_expr_data *x;
    l_value sum; /* address */
} reduction;

static l_value smaller(codegen *g, LLVMRealPredicate keep, l_value a, l_value b)
{
    return LLVMBuildSelect(g->builder, LLVMBuildFCmp(g->builder, keep, a, b, ""), a, b, "");
}

static void accumulate(codegen *g, void *context)
{
    reduction *r = context;
    l_value item = gen_expr(g, r->x->args[0]), sum = l_load(g, g->f64, r->sum);
    if (r->x->kind == EXPR_SUM_OVER)
        sum = LLVMBuildFAdd(g->builder, sum, item, "");
    else
        sum = smaller(g, r->x->kind == EXPR_MIN_OVER ? LLVMRealOLT : LLVMRealOGT, item, sum);
    l_store(g, sum, r->sum);
}

static void accumulate_if(codegen *g, void *context)
{
    reduction *r = context;
    l_if(g, gen_condition(g, r->x->condition), accumulate, r);
}

static l_value reduce(codegen *g, const ir_expr_data *x)
{
    l_value product = gen_product_element(g, x);
    if (product)
        return product;
    double start = x->kind == EXPR_SUM_OVER ? 0 : x->kind == EXPR_MIN_OVER ? INFINITY : -INFINITY;
    reduction r = {x, l_variable(g, g->f64, l_f64(g, start))};
    l_loop_indices(g, x->indices, x->index_count, accumulate_if, &r);
    return l_load(g, g->f64, r.sum);
}

typedef struct guarded {
    ir_expr e;
    l_value result;
} guarded;

static void store_guarded(codegen *g, void *context)
{
    guarded *w = context;
    l_store(g, gen_expr(g, w->e), w->result);
}

static l_value where(codegen *g, const ir_expr_data *x)
{
    guarded w = {x->args[1], l_variable(g, g->f64, l_f64(g, 0))};
    l_if(g, gen_condition(g, x->args[0]), store_guarded, &w);
    return l_load(g, g->f64, w.result);
}

/* ---- functions of one number: LLVM's own, or libm's ---- */

static l_value libm(codegen *g, const char *name, l_value x)
{
    l_type type = LLVMFunctionType(g->f64, &g->f64, 1, 0);
    l_value callee = LLVMGetNamedFunction(g->module, name);
    if (!callee)
        callee = LLVMAddFunction(g->module, name, type);
    return LLVMBuildCall2(g->builder, type, callee, &x, 1, "");
}

l_value gen_expr(codegen *g, ir_expr e)
{
    const ir_expr_data x = *ir_expr_get(g->m, e);
    switch (x.kind) {
    case EXPR_NUMBER:
        return l_f64(g, x.number);
    case EXPR_INDEX:
        return LLVMBuildSIToFP(g->builder, l_bound(g, x.index), g->f64, "");
    case EXPR_ELEMENT:
        return element(g, &x);
    case EXPR_NEGATE:
        return LLVMBuildFNeg(g->builder, gen_expr(g, x.args[0]), "");
    case EXPR_SUM_OVER:
    case EXPR_MIN_OVER:
    case EXPR_MAX_OVER:
        return reduce(g, &x);
    case EXPR_WHERE:
        return where(g, &x);
    case EXPR_SQRT:
        return libm(g, "llvm.sqrt.f64", gen_expr(g, x.args[0]));
    case EXPR_ABS:
        return libm(g, "llvm.fabs.f64", gen_expr(g, x.args[0]));
    case EXPR_EXP:
        return libm(g, "exp", gen_expr(g, x.args[0]));
    case EXPR_LOG:
        return libm(g, "log", gen_expr(g, x.args[0]));
    case EXPR_TANH:
        return libm(g, "tanh", gen_expr(g, x.args[0]));
    default:
        break;
    }
    if (x.kind >= EXPR_EQUAL && x.kind <= EXPR_NOT)
        return LLVMBuildUIToFP(g->builder, gen_condition(g, e), g->f64, "");
    l_value a = gen_expr(g, x.args[0]), b = gen_expr(g, x.args[1]);
    switch (x.kind) {
    case EXPR_ADD:
        return LLVMBuildFAdd(g->builder, a, b, "");
    case EXPR_SUBTRACT:
        return LLVMBuildFSub(g->builder, a, b, "");
    case EXPR_MULTIPLY:
        return LLVMBuildFMul(g->builder, a, b, "");
    case EXPR_DIVIDE:
        return LLVMBuildFDiv(g->builder, a, b, "");
    case EXPR_MIN:
        return smaller(g, LLVMRealOLT, a, b);
    default:
        return smaller(g, LLVMRealOGT, a, b);
    }
}
