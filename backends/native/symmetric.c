/* symmetric.c - couplings that a matrix product gives outright: x[s, i] x[s, j] for i < j with the coefficient
 * a P[s, i, j] + b P[s, j, i] + c, where P is a product (product.c) and a, b, c are numbers. QAMA's J is such, by way of its map.
 *
 * The rows of both directions, and the zeros between, are then written block by block as the product is computed
 * (kernels/symmetric.h), which also looks for numbers that are not finite.
 */
#include "backends/native/kernels/symmetric.h"
#include "backends/native/product.h"

#include <float.h>
#include <math.h>

/* ---- recognition ---- */

typedef struct linear_form {
    double straight, crossed, constant; /* of P[i, j], P[j, i], and without */
    product p;
    bool has_product;
} linear_form;

typedef struct row_indices {
    ir_index first, second;
} row_indices;

static bool linear(const codegen *g, ir_expr e, const renaming *r, row_indices own, linear_form *out);

static bool linear_product(const codegen *g, const renaming *r, row_indices own, product p, linear_form *out)
{
    ir_index row = product_renamed(g, r, ir_expr_get(g->m, p.first->args[p.batch])->index);
    ir_index column = product_renamed(g, r, ir_expr_get(g->m, p.second->args[p.batch])->index);
    for (uint32_t i = 0; i < p.batch; i++)
        if (product_axis_varies(g, &p, i))
            p.batch_index[i] = product_renamed(g, r, ir_expr_get(g->m, p.first->args[i])->index);
    bool straight = row == own.first && column == own.second, crossed = row == own.second && column == own.first;
    *out = (linear_form){.straight = straight, .crossed = crossed, .p = p, .has_product = true};
    return straight || crossed;
}

static bool same_batch(const product *a, const product *b)
{
    for (uint32_t i = 0; i < a->batch; i++)
        if (a->batch_index[i] != b->batch_index[i]) /* 0 both where the axis does not vary */
            return false;
    return product_same(a, b);
}

/* a + scale * b, in a. */
static bool add_scaled(linear_form *a, const linear_form *b, double scale)
{
    if (a->has_product && b->has_product && !same_batch(&a->p, &b->p))
        return false;
    if (b->has_product)
        a->p = b->p;
    a->has_product |= b->has_product;
    a->straight += scale * b->straight;
    a->crossed += scale * b->crossed;
    a->constant += scale * b->constant;
    return true;
}

/* The map's condition must hold wherever i < j does. */
static bool holds_off_diagonal(const codegen *g, const ir_attribute *where, const renaming *r, row_indices own)
{
    if (!where->present)
        return true;
    const ir_expr_data *x = ir_expr_get(g->m, where->expr);
    if (x->kind != EXPR_NOT_EQUAL)
        return false;
    const ir_expr_data *a = ir_expr_get(g->m, x->args[0]), *b = ir_expr_get(g->m, x->args[1]);
    if (a->kind != EXPR_INDEX || b->kind != EXPR_INDEX)
        return false;
    ir_index p = product_renamed(g, r, a->index), q = product_renamed(g, r, b->index);
    return (p == own.first && q == own.second) || (p == own.second && q == own.first);
}

static bool linear_element(const codegen *g, const ir_expr_data *x, const renaming *r, row_indices own, linear_form *out)
{
    if (!g->inlined[x->value])
        return false;
    ir_op map = ir_value_get(g->m, x->value)->op;
    ir_attribute over = *ir_op_attribute(g->m, map, "over");
    const renaming inner = {r, over.list, x, over.count};
    return holds_off_diagonal(g, ir_op_attribute(g->m, map, "where"), &inner, own) &&
           linear(g, ir_op_attribute(g->m, map, "elem")->expr, &inner, own, out);
}

static bool linear_of_two(const codegen *g, const ir_expr_data *x, const renaming *r, row_indices own, linear_form *out)
{
    linear_form b;
    if (!linear(g, x->args[0], r, own, out) || !linear(g, x->args[1], r, own, &b))
        return false;
    if (x->kind == EXPR_ADD || x->kind == EXPR_SUBTRACT)
        return add_scaled(out, &b, x->kind == EXPR_ADD ? 1 : -1);
    if (out->has_product ? b.has_product : x->kind == EXPR_DIVIDE && b.has_product)
        return false;
    double scale = x->kind == EXPR_DIVIDE ? 1 / b.constant : out->has_product ? b.constant : out->constant;
    linear_form sum = {0};
    bool done = add_scaled(&sum, out->has_product || x->kind == EXPR_DIVIDE ? out : &b, scale);
    *out = sum;
    return done;
}

static bool linear(const codegen *g, ir_expr e, const renaming *r, row_indices own, linear_form *out)
{
    const ir_expr_data *x = ir_expr_get(g->m, e);
    product p = {0};
    linear_form inner;
    *out = (linear_form){0};
    if (ir_expr_evaluate(g->m, e, NULL, NULL, 0, &out->constant))
        return true;
    if (product_match(g, x, &p))
        return linear_product(g, r, own, p, out);
    switch (x->kind) {
    case EXPR_ELEMENT:
        return linear_element(g, x, r, own, out);
    case EXPR_NEGATE:
        return linear(g, x->args[0], r, own, &inner) && add_scaled(out, &inner, -1);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
    case EXPR_DIVIDE:
        return linear_of_two(g, x, r, own, out);
    default:
        return false;
    }
}

/* Whether the condition is first < second, no more and no less. */
static bool is_less(const codegen *g, ir_expr condition, row_indices own)
{
    const ir_expr_data *x = condition ? ir_expr_get(g->m, condition) : NULL;
    if (!x || x->kind != EXPR_LESS)
        return false;
    const ir_expr_data *a = ir_expr_get(g->m, x->args[0]), *b = ir_expr_get(g->m, x->args[1]);
    return a->kind == EXPR_INDEX && b->kind == EXPR_INDEX && a->index == own.first && b->index == own.second;
}

/* Whether the product is that of the term's shared indices, in their order. */
static bool over_shared(const codegen *g, const term_plan *t, const product *p)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->shared; i++) {
        if (ir_index_extent(g->m, t->order[i]) == 1)
            continue;
        while (at < p->batch && !product_axis_varies(g, p, at))
            at++;
        if (at == p->batch || p->batch_index[at++] != t->order[i])
            return false;
    }
    while (at < p->batch && !product_axis_varies(g, p, at))
        at++;
    return at == p->batch;
}

/* Whether the form is finite wherever the product is: that alone is looked at. */
static bool stays_finite(const linear_form *f)
{
    return isfinite((fabs(f->straight) + fabs(f->crossed)) * FLT_MAX + fabs(f->constant));
}

static bool recognise(const codegen *g, const term_plan *t, linear_form *out)
{
    if (t->form != TERM_ROWS || !t->symmetric || t->first_only != 1 || t->order_count != t->shared + 2)
        return false;
    const row_indices own = {t->order[t->shared], t->order[t->shared + 1]};
    int64_t extent = ir_index_extent(g->m, own.first);
    return is_less(g, t->term->condition, own) && linear(g, t->term->coefficient, NULL, own, out) && out->has_product &&
           out->p.rows == extent && out->p.columns == extent && over_shared(g, t, &out->p) && stays_finite(out);
}

bool term_is_product(const codegen *g, const term_plan *t)
{
    linear_form form;
    return recognise(g, t, &form);
}

/* Of such a size that rounding to float32 is all that it loses: neither overflow nor numbers too small. */
static bool usual_size(double factor)
{
    return factor == 0 || (fabs(factor) >= 0x1p-64 && fabs(factor) <= 0x1p64);
}

bool term_is_narrow_product(const codegen *g, const term_plan *t)
{
    linear_form form;
    return recognise(g, t, &form) && form.constant == 0 && usual_size(form.straight) && usual_size(form.crossed);
}

/* ---- maps in rows ---- */

/* Whether the product's axes that vary are, in their order, indices of the same extents as in `with`. */
static bool same_extents(const codegen *g, const product *p, const product *with)
{
    for (uint32_t i = 0; i < p->batch; i++)
        if (product_axis_varies(g, p, i) &&
            ir_index_extent(g->m, p->batch_index[i]) != ir_index_extent(g->m, with->batch_index[i]))
            return false;
    return true;
}

/* Whether the map, [shared..., i, j], is symmetric, 0 for i = j, and a product over its own leading indices in their order. */
static bool symmetric_map(const codegen *g, ir_op map, linear_form *out)
{
    ir_attribute over = *ir_op_attribute(g->m, map, "over");
    const ir_attribute *where = ir_op_attribute(g->m, map, "where");
    const ir_index *indices = over.list;
    if (over.count < 2 || !where->present)
        return false;
    const row_indices own = {indices[over.count - 2], indices[over.count - 1]};
    if (!holds_off_diagonal(g, where, NULL, own) || !linear(g, ir_op_attribute(g->m, map, "elem")->expr, NULL, own, out) ||
        !out->has_product || out->straight != out->crossed || out->p.rows != ir_index_extent(g->m, own.first) ||
        out->p.columns != ir_index_extent(g->m, own.second))
        return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i + 2 < over.count; i++) {
        while (at < out->p.batch && !product_axis_varies(g, &out->p, at))
            at++;
        bool one_place = ir_index_extent(g->m, indices[i]) == 1;
        if (!one_place && (at == out->p.batch || out->p.batch_index[at++] != indices[i]))
            return false;
    }
    return true;
}

/* The rows that the map is a multiple of: the form of both is the same but for a factor, to which rounding owes nothing more. */
static const term_plan *rows_of_map(const codegen *g, const hamiltonian_plan *h, ir_op map, double *factor)
{
    linear_form of_map, of_rows;
    if (!symmetric_map(g, map, &of_map))
        return NULL;
    for (uint32_t k = 0; k < h->term_count; k++) {
        const term_plan *t = &h->terms[k];
        if (!recognise(g, t, &of_rows) || of_rows.straight != of_rows.crossed || !product_same(&of_rows.p, &of_map.p) ||
            !same_extents(g, &of_rows.p, &of_map.p))
            continue;
        *factor = of_map.straight / of_rows.straight;
        if (isnormal(*factor) && of_map.constant == *factor * of_rows.constant)
            return t;
    }
    return NULL;
}

void plan_maps_in_rows(codegen *g, const hamiltonian_plan *h)
{
    for (uint32_t i = 0; i < h->map_count; i++) {
        ir_value v = ir_op_get(g->m, h->maps[i])->results[0];
        double factor = 1;
        if (!g->inlined[v] || map_is_inlined(g, h->maps[i]))
            continue;
        const term_plan *t = rows_of_map(g, h, h->maps[i], &factor);
        g->inlined[v] = t;
        g->row_maps[v] = (row_map){t, factor};
    }
}

void plan_map_places(codegen *g, const hamiltonian_plan *h)
{
    for (uint32_t i = 0; i < h->map_count; i++) {
        ir_value v = ir_op_get(g->m, h->maps[i])->results[0];
        const term_plan *t = g->row_maps[v].term;
        if (t)
            g->slots[v] = (slot){SLOT_FRAME, t->coefficients};
        else if (g->slots[v].offset < 0 && !g->inlined[v])
            g->slots[v] = (slot){SLOT_FRAME, layout_take(&g->frame_bytes, layout_value_bytes(g, v))};
    }
}

/* ---- code ---- */

typedef struct rows_store {
    const term_plan *t;
    linear_form form;
    l_value bad;
} rows_store;

static void store_rows(codegen *g, void *context)
{
    const rows_store *s = context;
    l_value at = l_i64(g, 0);
    for (uint32_t i = 0; i < s->t->shared; i++)
        at = l_add(g, l_mul(g, at, l_i64(g, ir_index_extent(g->m, s->t->order[i]))), l_bound(g, s->t->order[i]));
    const product *p = &s->form.p;
    l_value v_first, v_second;
    product_operands(g, p, &v_first, &v_second);
    at = l_mul(g, at, l_i64(g, p->rows * p->rows));
    l_value args[] = {g->v_services,
                      v_first,
                      v_second,
                      gen_frame_at(g, p->place),
                      l_at(g, s->t->narrow ? g->f32 : g->f64, gen_frame_at(g, s->t->coefficients), at),
                      l_i64(g, p->rows),
                      l_i64(g, p->inner),
                      l_f64(g, s->form.straight),
                      l_f64(g, s->form.crossed),
                      l_f64(g, s->form.constant)};
    const char *piece = !s->t->narrow                 ? "piece_symmetric_rows"
                        : symmetric_streamed(p->rows) ? "piece_symmetric_rows_f32_streamed"
                                                      : "piece_symmetric_rows_f32";
    l_value bad = l_call(g, piece, args, s->t->narrow ? 9 : 10);
    l_store(g, LLVMBuildOr(g->builder, l_load(g, g->i64, s->bad), bad, ""), s->bad);
}

l_value gen_product_rows(codegen *g, const term_plan *t)
{
    rows_store s = {.t = t};
    if (!recognise(g, t, &s.form))
        return NULL;
    s.form.p.place = layout_take(&g->frame_bytes, symmetric_work_size(s.form.p.rows) * 4);
    s.bad = l_variable(g, g->i64, l_i64(g, 0));
    l_loop_indices(g, t->order, t->shared, store_rows, &s);
    return s.bad;
}
