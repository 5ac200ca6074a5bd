/* product.c - sums of products as matrix products (codegen.h).
 *
 * Coefficients like sum[d] q[t, i, d] * k[t, j, d] are, for each t, the product of a matrix with another's transpose. Where a
 * loop over [t, i, j] evaluates such sums, the matrices are computed by the runtime's matrix product before the loops over i
 * and j, one t at a time, and the sums become reads of them, in either order of i and j: a symmetrised coefficient needs one
 * product. Numbers are float32 then, as the operands are; small sums stay in double, in index order.
 *
 * A map that only couplings read, as QAMA's J[t, i, j], is not stored: where they read it, its expression is evaluated.
 */
#include "backends/native/product.h"

/* Multiplications below which the double loop is kept; and the edge of the blocks that a large matrix is gone over in, so that
 * reads across it stay in the cache. */
enum { PRODUCT_MULTIPLICATIONS_MIN = 8192, BLOCK = 32, BLOCKED_FROM = 128 };

/* ---- recognition ---- */

static bool is_index(const codegen *g, ir_expr e, ir_index index)
{
    const ir_expr_data *x = ir_expr_get(g->m, e);
    return x->kind == EXPR_INDEX && x->index == index;
}

/* An axis with one place alone does not vary: its subscript may be the number, and is not looked at. */
bool product_axis_varies(const codegen *g, const product *p, uint32_t axis)
{
    return ir_value_get(g->m, p->first->value)->type.dim[axis] != 1;
}

/* A float32 value whose subscripts are indices, the last of them `inner` over its whole axis. */
static bool is_factor(const codegen *g, const ir_expr_data *x, ir_index inner)
{
    if (x->kind != EXPR_ELEMENT || x->arg_count < 2 || !is_index(g, x->args[x->arg_count - 1], inner))
        return false;
    ir_type type = ir_value_get(g->m, x->value)->type;
    for (uint32_t i = 0; i + 1 < x->arg_count; i++) {
        bool one_place = i + 2 < x->arg_count && type.dim[i] == 1;
        if (!one_place && (ir_expr_get(g->m, x->args[i])->kind != EXPR_INDEX || is_index(g, x->args[i], inner)))
            return false;
    }
    return type.elem == IR_F32 && type.dim[type.rank - 1] == ir_index_extent(g->m, inner);
}

/* Whether the leading subscripts of both are the same indices, of axes of the same sizes. */
static bool same_leading(const codegen *g, const product *p)
{
    ir_type first = ir_value_get(g->m, p->first->value)->type, second = ir_value_get(g->m, p->second->value)->type;
    for (uint32_t i = 0; i < p->batch; i++)
        if (first.dim[i] != second.dim[i] ||
            (first.dim[i] != 1 && !is_index(g, p->second->args[i], ir_expr_get(g->m, p->first->args[i])->index)))
            return false;
    return true;
}

/* Fills what a product is made of, but its place. */
bool product_match(const codegen *g, const ir_expr_data *x, product *p)
{
    if (x->kind != EXPR_SUM_OVER || x->index_count != 1 || x->condition)
        return false;
    const ir_expr_data *body = ir_expr_get(g->m, x->args[0]);
    if (body->kind != EXPR_MULTIPLY)
        return false;
    p->first = ir_expr_get(g->m, body->args[0]);
    p->second = ir_expr_get(g->m, body->args[1]);
    if (!is_factor(g, p->first, x->indices[0]) || !is_factor(g, p->second, x->indices[0]) ||
        p->first->arg_count != p->second->arg_count)
        return false;
    p->batch = p->first->arg_count - 2;
    if (!same_leading(g, p))
        return false;
    p->rows = ir_value_get(g->m, p->first->value)->type.dim[p->batch];
    p->columns = ir_value_get(g->m, p->second->value)->type.dim[p->batch];
    p->inner = ir_index_extent(g->m, x->indices[0]);
    int64_t work;
    return !__builtin_mul_overflow(p->rows, p->columns, &work) && !__builtin_mul_overflow(work, p->inner, &work) &&
           work >= PRODUCT_MULTIPLICATIONS_MIN;
}

static bool has_product(const codegen *g, ir_expr e)
{
    product p;
    const ir_expr_data *x = ir_expr_get(g->m, e);
    if (product_match(g, x, &p))
        return true;
    for (uint32_t i = 0; i < x->arg_count; i++)
        if (has_product(g, x->args[i]))
            return true;
    return false;
}

/* ---- maps that are not stored ---- */

typedef struct use_check {
    const codegen *g;
    ir_value value;
    bool plain;     /* every use so far is an element whose subscripts are indices, but those of axes with one place */
    uint32_t count; /* of uses */
} use_check;

static void check_uses(use_check *c, ir_expr e)
{
    const ir_expr_data *x = e ? ir_expr_get(c->g->m, e) : NULL;
    if (!x)
        return;
    if (x->kind == EXPR_ELEMENT && x->value == c->value) {
        ir_type type = ir_value_get(c->g->m, x->value)->type;
        c->count++;
        for (uint32_t i = 0; i < x->arg_count; i++)
            c->plain &= type.dim[i] == 1 || ir_expr_get(c->g->m, x->args[i])->kind == EXPR_INDEX;
    }
    for (uint32_t i = 0; i < x->arg_count; i++)
        check_uses(c, x->args[i]);
}

static void count_use(ir_value v, void *context)
{
    use_check *c = context;
    c->count += v == c->value;
}

static bool holds_product(const codegen *g, ir_op map)
{
    return ir_op_get(g->m, map)->code == OP_MAP && has_product(g, ir_op_attribute(g->m, map, "elem")->expr);
}

static void check_couplings(use_check *c, ir_op anneal)
{
    ir_attribute terms = *ir_op_attribute(c->g->m, anneal, "terms");
    for (uint32_t k = 0; k < terms.count; k++)
        if (((const ir_term *)terms.list)[k].spin_count == 2)
            check_uses(c, ((const ir_term *)terms.list)[k].coefficient);
}

static bool is_result(const codegen *g, ir_value v)
{
    for (uint32_t i = 0; i < g->model->results.count; i++)
        if (g->model->results.at[i].value == v)
            return true;
    return false;
}

/* Whether the coefficients of couplings are its only readers, by plain subscripts: those of the anneal behind it. */
bool map_is_inlined(const codegen *g, ir_op map)
{
    ir_value v = ir_op_get(g->m, map)->results[0];
    if (!holds_product(g, map) || is_result(g, v))
        return false;
    use_check all = {.g = g, .value = v}, couplings = {.g = g, .value = v, .plain = true};
    for (uint32_t i = 0; i < g->model->ops.count; i++) {
        ir_op user = g->model->ops.at[i];
        ir_op_uses(g->m, user, count_use, &all);
        if (ir_op_get(g->m, user)->code == OP_ANNEAL)
            check_couplings(&couplings, user);
    }
    return couplings.plain && couplings.count && couplings.count == all.count;
}

bool map_may_be_rows(const codegen *g, uint32_t position)
{
    ir_op map = g->model->ops.at[position];
    ir_value v = ir_op_get(g->m, map)->results[0];
    if (!holds_product(g, map) || is_result(g, v))
        return false;
    use_check all = {.g = g, .value = v}, couplings = {.g = g, .value = v, .plain = true};
    uint32_t anneal = position;
    while (anneal < g->model->ops.count && ir_op_get(g->m, g->model->ops.at[anneal])->code == OP_MAP)
        ir_op_uses(g->m, g->model->ops.at[anneal++], count_use, &all);
    if (anneal == g->model->ops.count || ir_op_get(g->m, g->model->ops.at[anneal])->code != OP_ANNEAL)
        return false;
    ir_op_uses(g->m, g->model->ops.at[anneal], count_use, &all);
    check_couplings(&couplings, g->model->ops.at[anneal]);
    bool first = couplings.plain && couplings.count && couplings.count == all.count;
    for (uint32_t i = anneal + 1; first && i < g->model->ops.count; i++) {
        ir_opcode code = ir_op_get(g->m, g->model->ops.at[i])->code;
        all.count = 0;
        ir_op_uses(g->m, g->model->ops.at[i], count_use, &all);
        first = !all.count || code == OP_MAP || code == OP_READOUT;
    }
    return first;
}

typedef struct inlined {
    ir_expr elem;
    l_value result;
} inlined;

static void store_inlined(codegen *g, void *context)
{
    const inlined *e = context;
    l_store(g, gen_expr(g, e->elem), e->result);
}

l_value gen_inlined(codegen *g, const ir_expr_data *x)
{
    ir_op map = ir_value_get(g->m, x->value)->op;
    ir_attribute over = *ir_op_attribute(g->m, map, "over");
    const ir_attribute *where = ir_op_attribute(g->m, map, "where");
    l_value subscripts[ISG_MAX_RANK];
    uint32_t depth = g->binding_count;
    for (uint32_t i = 0; i < over.count; i++)
        subscripts[i] = gen_integer(g, x->args[i]);
    for (uint32_t i = 0; i < over.count; i++)
        l_bind(g, ((const ir_index *)over.list)[i], subscripts[i]);
    inlined e = {ir_op_attribute(g->m, map, "elem")->expr, l_variable(g, g->f64, l_f64(g, 0))};
    l_if(g, where->present ? gen_condition(g, where->expr) : NULL, store_inlined, &e);
    g->binding_count = depth;
    return l_load(g, g->f64, e.result);
}

/* ---- the products of a loop ---- */

typedef struct product_loop {
    const ir_index *indices;
    uint32_t count, prefix; /* of the indices, the first are those that the products are computed for one by one */
    product found[PRODUCTS_MAX];
    uint32_t found_count;
    l_action body;
    void *context;
    bool unfit; /* a product varies along with too many indices, or is one too many */
} product_loop;

ir_index product_renamed(const codegen *g, const renaming *r, ir_index index)
{
    for (uint32_t i = 0; r && i < r->count; i++)
        if (r->from[i] == index) {
            const ir_expr_data *subscript = ir_expr_get(g->m, r->element->args[i]);
            return subscript->kind == EXPR_INDEX ? product_renamed(g, r->outer, subscript->index) : 0;
        }
    return index;
}

static int position_in(const product_loop *l, ir_index index)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (l->indices[i] == index)
            return (int)i;
    return -1;
}

bool product_same(const product *a, const product *b)
{
    return a->first->value == b->first->value && a->second->value == b->second->value && a->batch == b->batch;
}

static void note(const codegen *g, product_loop *l, product p, const renaming *r)
{
    for (uint32_t i = 0; i < p.batch; i++) {
        if (!product_axis_varies(g, &p, i))
            continue;
        int at = position_in(l, product_renamed(g, r, ir_expr_get(g->m, p.first->args[i])->index));
        l->unfit |= at < 0;
        p.batch_index[i] = at < 0 ? 0 : l->indices[at];
        l->prefix = at >= (int)l->prefix ? (uint32_t)at + 1 : l->prefix;
    }
    uint32_t i = 0;
    while (i < l->found_count && !product_same(&l->found[i], &p))
        i++;
    if (i < l->found_count) {
        for (uint32_t k = 0; k < p.batch; k++)
            l->unfit |= p.batch_index[k] != l->found[i].batch_index[k];
    } else if (l->found_count < PRODUCTS_MAX) {
        l->found[l->found_count++] = p;
    } else {
        l->unfit = true;
    }
}

static void collect(const codegen *g, product_loop *l, ir_expr e, const renaming *r)
{
    const ir_expr_data *x = ir_expr_get(g->m, e);
    product p = {0};
    if (product_match(g, x, &p)) {
        note(g, l, p, r);
        return;
    }
    if (x->kind == EXPR_ELEMENT && g->inlined[x->value]) {
        ir_op map = ir_value_get(g->m, x->value)->op;
        ir_attribute over = *ir_op_attribute(g->m, map, "over");
        const renaming inner = {r, over.list, x, over.count};
        collect(g, l, ir_op_attribute(g->m, map, "elem")->expr, &inner);
        return;
    }
    for (uint32_t i = 0; i < x->arg_count; i++)
        collect(g, l, x->args[i], r);
}

void product_operands(codegen *g, const product *p, l_value *v_first, l_value *v_second)
{
    l_value at = l_i64(g, 0);
    ir_type type = ir_value_get(g->m, p->first->value)->type;
    for (uint32_t i = 0; i < p->batch; i++)
        if (product_axis_varies(g, p, i))
            at = l_add(g, l_mul(g, at, l_i64(g, type.dim[i])), l_bound(g, p->batch_index[i]));
    *v_first = l_at(g, g->f32, gen_value_address(g, p->first->value), l_mul(g, at, l_i64(g, p->rows * p->inner)));
    *v_second = l_at(g, g->f32, gen_value_address(g, p->second->value), l_mul(g, at, l_i64(g, p->columns * p->inner)));
}

static void compute(codegen *g, const product *p)
{
    l_value v_first, v_second;
    product_operands(g, p, &v_first, &v_second);
    l_value args[] = {g->v_services,        v_first,           v_second, gen_frame_at(g, p->place), l_i64(g, p->rows),
                      l_i64(g, p->columns), l_i64(g, p->inner)};
    l_call(g, "piece_product", args, 7);
}

/* ---- the loops behind the products ---- */

static l_value least(codegen *g, l_value a, l_value b)
{
    return LLVMBuildSelect(g->builder, LLVMBuildICmp(g->builder, LLVMIntSLT, a, b, ""), a, b, "");
}

typedef struct block_loop {
    const product_loop *l;
    int level; /* 0, 1: blocks; 2, 3: within one */
    l_value block[2];
} block_loop;

static void block_level(codegen *g, l_value index, void *context)
{
    block_loop b = *(block_loop *)context;
    const ir_index *own = b.l->indices + b.l->prefix;
    uint32_t depth = g->binding_count;
    if (b.level < 2)
        b.block[b.level] = l_mul(g, index, l_i64(g, BLOCK));
    else
        l_bind(g, own[b.level - 2], index);
    if (++b.level == 4) {
        b.l->body(g, b.l->context);
    } else if (b.level == 1) {
        l_loop(g, (ir_index_extent(g->m, own[1]) + BLOCK - 1) / BLOCK, block_level, &b);
    } else {
        l_value from = b.block[b.level - 2];
        l_value end = l_i64(g, ir_index_extent(g->m, own[b.level - 2]));
        l_loop_range(g, from, least(g, l_add(g, from, l_i64(g, BLOCK)), end), block_level, &b);
    }
    g->binding_count = depth;
}

static void loop_within(codegen *g, const product_loop *l)
{
    const ir_index *own = l->indices + l->prefix;
    uint32_t count = l->count - l->prefix;
    if (count == 2 && ir_index_extent(g->m, own[0]) >= BLOCKED_FROM && ir_index_extent(g->m, own[1]) >= BLOCKED_FROM) {
        block_loop b = {.l = l};
        l_loop(g, (ir_index_extent(g->m, own[0]) + BLOCK - 1) / BLOCK, block_level, &b);
    } else {
        l_loop_indices(g, own, count, l->body, l->context);
    }
}

static void one_batch(codegen *g, void *context)
{
    product_loop *l = context;
    uint32_t before = g->product_count;
    for (uint32_t i = 0; i < l->found_count; i++) {
        compute(g, &l->found[i]);
        g->products[g->product_count++] = l->found[i];
    }
    loop_within(g, l);
    g->product_count = before;
}

void gen_loop_with_products(codegen *g, ir_expr e, const ir_index *indices, uint32_t count, l_action body, void *context)
{
    product_loop l = {.indices = indices, .count = count, .body = body, .context = context};
    collect(g, &l, e, NULL);
    if (l.unfit || !l.found_count || g->product_count) {
        l_loop_indices(g, indices, count, body, context);
        return;
    }
    for (uint32_t i = 0; i < l.found_count; i++)
        l.found[i].place = layout_take(&g->frame_bytes, l.found[i].rows * l.found[i].columns * 4);
    l_loop_indices(g, indices, l.prefix, one_batch, &l);
}

/* Whether the sum's leading subscripts are what the product was computed for. */
static bool in_batch(codegen *g, const product *p, const product *wanted)
{
    for (uint32_t i = 0; i < p->batch; i++)
        if (product_axis_varies(g, p, i) &&
            l_bound(g, ir_expr_get(g->m, wanted->first->args[i])->index) != l_bound(g, p->batch_index[i]))
            return false;
    return true;
}

l_value gen_product_element(codegen *g, const ir_expr_data *x)
{
    product wanted;
    if (!g->product_count || !product_match(g, x, &wanted))
        return NULL;
    for (uint32_t i = 0; i < g->product_count; i++) {
        const product *p = &g->products[i];
        if (!product_same(p, &wanted) || !in_batch(g, p, &wanted))
            continue;
        l_value row = gen_integer(g, wanted.first->args[p->batch]), column = gen_integer(g, wanted.second->args[p->batch]);
        l_value at = l_add(g, l_mul(g, row, l_i64(g, p->columns)), column);
        return LLVMBuildFPExt(g->builder, l_load_at(g, g->f32, gen_frame_at(g, p->place), at), g->f64, "");
    }
    return NULL;
}
