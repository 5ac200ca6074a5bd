/* terms.c - how the couplings of an anneal are stored, and the loops over them (codegen.h).
 *
 * A quadratic term couples spins[0] and spins[1]. Its indices are of three kinds: shared by both, of the first
 * only, of the second only. With plain indices as subscripts, a spin's neighbours through the term are one row:
 * its own coordinates fix the shared and its own indices, and the row runs over the other's. So the
 * coefficients are stored as rows, [shared, first only, second only]; QAMA's J[t, i, j] is just that, and its
 * head penalty needs one number. When the two spins can trade places one symmetric array serves both. Terms with other
 * subscripts (x[i] * x[i + 1], x[0] * x[i]) share one list of pairs (list.c).
 */
#include "backends/native/codegen.h"

/* ---- planning ---- */

/* Otherwise it is a number, on an axis with one place. */
static bool by_index(const codegen *g, const ir_spin_ref *ref, uint32_t axis)
{
    return ir_expr_get(g->m, ref->subscripts[axis])->kind == EXPR_INDEX;
}

static int axis_of(const codegen *g, const ir_spin_ref *ref, ir_index index)
{
    for (uint32_t i = 0; i < ref->subscript_count; i++)
        if (by_index(g, ref, i) && ir_expr_get(g->m, ref->subscripts[i])->index == index)
            return (int)i;
    return -1;
}

/* Each subscript an index of its own that runs over the whole axis: a row begins at every spin of the array. Where an axis has
 * one place alone, its number does as well. */
static bool plain_indices(const codegen *g, const hamiltonian_plan *h, const ir_spin_ref *ref)
{
    const ir_spins *array = (const ir_spins *)ir_op_attribute(g->m, h->op, "spins")->list + ref->array;
    for (uint32_t i = 0; i < ref->subscript_count; i++) {
        const ir_expr_data *x = ir_expr_get(g->m, ref->subscripts[i]);
        if (x->kind == EXPR_NUMBER && x->number == 0 && ir_index_extent(g->m, array->indices[i]) == 1)
            continue;
        if (x->kind != EXPR_INDEX || axis_of(g, ref, x->index) != (int)i ||
            ir_index_extent(g->m, x->index) != ir_index_extent(g->m, array->indices[i]))
            return false;
    }
    return true;
}

static void order_rows(const codegen *g, term_plan *t)
{
    const ir_spin_ref *first = &t->term->spins[0], *second = &t->term->spins[1];
    for (int pass = 0; pass < 2; pass++) /* the shared ones, then the first's own */
        for (uint32_t i = 0; i < first->subscript_count; i++) {
            ir_index index = ir_expr_get(g->m, first->subscripts[i])->index;
            if (!by_index(g, first, i))
                continue;
            bool shared = axis_of(g, second, index) >= 0;
            if (shared == (pass == 0)) {
                t->order[t->order_count++] = index;
                shared ? t->shared++ : t->first_only++;
            }
        }
    for (uint32_t i = 0; i < second->subscript_count; i++) {
        ir_index index = ir_expr_get(g->m, second->subscripts[i])->index;
        if (by_index(g, second, i) && axis_of(g, first, index) < 0)
            t->order[t->order_count++] = index;
    }
}

/* The indices that tell the two spins of a pair apart on an axis: one of the first's own against one of the second's. */
static bool own_pair(const codegen *g, const ir_expr_data *x, const term_plan *t)
{
    const ir_expr_data *p = ir_expr_get(g->m, x->args[0]), *q = ir_expr_get(g->m, x->args[1]);
    if (p->kind != EXPR_INDEX || q->kind != EXPR_INDEX)
        return false;
    int a = axis_of(g, &t->term->spins[0], p->index), b = axis_of(g, &t->term->spins[1], q->index);
    return a >= 0 && a == b && p->index != q->index;
}

/* Whether the condition lets at most one of the two orders of a pair through: a < b on some axis, or the
 * lexicographic order that lower-hamiltonian writes, a < b or (a == b and ...). */
static bool orders_pair(const codegen *g, ir_expr e, const term_plan *t)
{
    if (!e)
        return false;
    const ir_expr_data *x = ir_expr_get(g->m, e);
    switch (x->kind) {
    case EXPR_LESS:
    case EXPR_GREATER:
        return own_pair(g, x, t);
    case EXPR_AND:
        return orders_pair(g, x->args[0], t) || orders_pair(g, x->args[1], t);
    case EXPR_OR: {
        const ir_expr_data *less = ir_expr_get(g->m, x->args[0]), *tie = ir_expr_get(g->m, x->args[1]);
        if (less->kind != EXPR_LESS || tie->kind != EXPR_AND || !own_pair(g, less, t))
            return false;
        const ir_expr_data *equal = ir_expr_get(g->m, tie->args[0]);
        return equal->kind == EXPR_EQUAL && ir_expr_equal(g->m, equal->args[0], less->args[0], NULL, NULL, 0) &&
               ir_expr_equal(g->m, equal->args[1], less->args[1], NULL, NULL, 0) && orders_pair(g, tie->args[1], t);
    }
    default:
        return false;
    }
}

/* The axis on which a comparison tells the two spins apart, by an index of the first's own and one of the second's own; -1. */
static int own_axis(const codegen *g, const ir_expr_data *x, const term_plan *t)
{
    return own_pair(g, x, t) ? axis_of(g, &t->term->spins[0], ir_expr_get(g->m, x->args[0])->index) : -1;
}

/* The axes compared by a condition that is exactly a lexicographic order, a < b or (a == b and ...): it lets each two different
 * spins through in one order. 0 for any other condition. */
static uint32_t ordered_axes(const codegen *g, ir_expr e, const term_plan *t)
{
    const ir_expr_data *x = ir_expr_get(g->m, e);
    if (x->kind == EXPR_LESS || x->kind == EXPR_GREATER)
        return own_axis(g, x, t) < 0 ? 0 : 1u << own_axis(g, x, t);
    if (x->kind != EXPR_OR || !orders_pair(g, e, t))
        return 0;
    const ir_expr_data *tie = ir_expr_get(g->m, x->args[1]);
    uint32_t first = ordered_axes(g, x->args[0], t), rest = ordered_axes(g, tie->args[1], t);
    return rest && !(first & rest) ? first | rest : 0;
}

uint32_t term_own_axes(const codegen *g, const term_plan *t)
{
    uint32_t own = 0;
    if (t->form == TERM_LIST || !t->symmetric)
        return 0;
    for (uint32_t i = 0; i < t->term->spins[0].subscript_count; i++) {
        if (!by_index(g, &t->term->spins[0], i)) /* then neither is the other's */
            continue;
        ir_index a = ir_expr_get(g->m, t->term->spins[0].subscripts[i])->index;
        ir_index b = ir_expr_get(g->m, t->term->spins[1].subscripts[i])->index;
        own |= (uint32_t)(a != b) << i;
    }
    return own;
}

bool term_meets_all(const codegen *g, const term_plan *t)
{
    return ordered_axes(g, t->term->condition, t) == term_own_axes(g, t);
}

/* Same array, each axis either the same index or one of the first's own against one of the second's own with the same
 * range, and every pair met in one order only. */
static bool rows_symmetric(const codegen *g, const term_plan *t)
{
    const ir_spin_ref *first = &t->term->spins[0], *second = &t->term->spins[1];
    if (first->array != second->array || t->first_only == 0 || !orders_pair(g, t->term->condition, t))
        return false;
    for (uint32_t i = 0; i < first->subscript_count; i++) {
        if (by_index(g, first, i) != by_index(g, second, i))
            return false;
        if (!by_index(g, first, i))
            continue;
        ir_index a = ir_expr_get(g->m, first->subscripts[i])->index, b = ir_expr_get(g->m, second->subscripts[i])->index;
        if (a != b && (axis_of(g, second, a) >= 0 || axis_of(g, first, b) >= 0))
            return false;
        if (ir_index_extent(g->m, a) != ir_index_extent(g->m, b))
            return false;
    }
    return true;
}

static bool constant_over_indices(const codegen *g, const ir_term *term)
{
    for (uint32_t i = 0; i < term->index_count; i++)
        if (ir_expr_uses_index(g->m, term->coefficient, term->indices[i]))
            return false;
    return true;
}

static void refuse(codegen *g, const hamiltonian_plan *h)
{
    g->refused = arena_format(g->arena, "Hamiltonian '%s': a term has more than 2^31 couplings with coefficients of their own",
                              ir_text(g->m, ir_op_attribute(g->m, h->op, "name")->name));
}

/* The size of the term's index space; a term with more than can be stored makes the program refused. */
static int64_t index_space(codegen *g, const hamiltonian_plan *h, const ir_term *term)
{
    int64_t size = 1;
    for (uint32_t i = 0; i < term->index_count; i++)
        if (__builtin_mul_overflow(size, ir_index_extent(g->m, term->indices[i]), &size))
            size = INT64_MAX;
    if (size <= TERM_COEFFICIENTS_MAX)
        return size;
    refuse(g, h);
    return 0;
}

static void plan_term(codegen *g, hamiltonian_plan *h, term_plan *t, const ir_term *term)
{
    *t = (term_plan){.term = term, .size = 1, .transposed = -1};
    if (!plain_indices(g, h, &term->spins[0]) || !plain_indices(g, h, &term->spins[1])) {
        plan_listed(h, t, index_space(g, h, t->term));
        if (h->list_size > TERM_COEFFICIENTS_MAX) {
            refuse(g, h);
            h->list_size = t->size = 0;
        }
        return;
    }
    order_rows(g, t);
    t->symmetric = rows_symmetric(g, t);
    t->form = constant_over_indices(g, term) ? TERM_UNIFORM : TERM_ROWS;
    if (t->form == TERM_ROWS)
        t->size = index_space(g, h, term);
}

int64_t term_number_bytes(const term_plan *t)
{
    return t->narrow ? 4 : 8;
}

void plan_term_places(codegen *g, hamiltonian_plan *h)
{
    for (uint32_t k = 0; k < h->term_count; k++) {
        term_plan *t = &h->terms[k];
        if (t->form == TERM_LIST) /* plan_list does */
            continue;
        t->narrow = term_is_narrow_product(g, t);
        t->coefficients = layout_take(&g->frame_bytes, t->size * term_number_bytes(t));
        if (t->form == TERM_ROWS && !t->symmetric)
            t->transposed = layout_take(&g->frame_bytes, t->size * 8);
    }
}

void plan_hamiltonian(codegen *g, hamiltonian_plan *h, ir_op op)
{
    h->op = op;
    h->layout = spin_layout_of(g->m, op, g->arena);
    h->fields = layout_take(&g->frame_bytes, h->layout.count * 8);
    h->offset = layout_take(&g->frame_bytes, 8);
    h->thresholds = layout_take(&g->frame_bytes, (h->layout.count + 3) / 4 * 16);
    h->state = layout_take(&g->frame_bytes, h->layout.count);
    h->lowest = layout_take(&g->tables_bytes, h->layout.count);
    h->label = ARENA_ARRAY(g->arena, uint32_t, (size_t)h->layout.count);
    h->groups = ir_op_attribute(g->m, op, "groups")->number;
    h->groups = h->groups > 1 ? spin_groups(g->m, op, g->arena, h->label) : 1;
    h->group = h->groups > 1 ? layout_take(&g->tables_bytes, h->layout.count * 4) : 0;
    const ir_op_data *data = ir_op_get(g->m, op);
    for (uint32_t k = 0; k < data->result_count; k++)
        g->slots[data->results[k]] = (slot){SLOT_FRAME, h->state + h->layout.base[k]};
    ir_attribute terms = *ir_op_attribute(g->m, op, "terms");
    h->terms = ARENA_ARRAY(g->arena, term_plan, terms.count);
    for (uint32_t i = 0; i < terms.count; i++) {
        const ir_term *term = (const ir_term *)terms.list + i;
        if (term->spin_count == 2)
            plan_term(g, h, &h->terms[h->term_count++], term);
    }
    plan_list(g, h);
}

/* ---- positions ---- */

l_value gen_spin_number(codegen *g, const hamiltonian_plan *h, const ir_spin_ref *ref)
{
    l_value at = l_i64(g, h->layout.base[ref->array]);
    for (uint32_t i = 0; i < ref->subscript_count; i++)
        at = l_add_scaled(g, at, gen_integer(g, ref->subscripts[i]), h->layout.stride[ref->array][i]);
    return at;
}

/* Row-major position in the storage order; with `transposed`, the second's own indices before the first's. */
static l_value storage_position(codegen *g, const term_plan *t, bool transposed)
{
    uint32_t own = t->shared + t->first_only, count = t->order_count;
    l_value at = l_i64(g, 0);
    for (uint32_t k = 0; k < count; k++) {
        uint32_t from = k;
        if (transposed && k >= t->shared)
            from = k < t->shared + (count - own) ? own + (k - t->shared) : k - (count - own);
        at = l_add(g, l_mul(g, at, l_i64(g, ir_index_extent(g->m, t->order[from]))), l_bound(g, t->order[from]));
    }
    return at;
}

l_value gen_row_number(codegen *g, const term_plan *t, l_value base, l_value at)
{
    l_value v = l_load_at(g, t->narrow ? g->f32 : g->f64, base, at);
    return t->narrow ? LLVMBuildFPExt(g->builder, v, g->f64, "") : v;
}

static l_value coefficient_at(codegen *g, const term_plan *t, bool transposed)
{
    if (t->form == TERM_UNIFORM)
        return l_load(g, g->f64, l_bytes(g, g->v_frame, t->coefficients));
    l_value base = l_bytes(g, g->v_frame, transposed ? t->transposed : t->coefficients);
    return gen_row_number(g, t, base, storage_position(g, t, transposed));
}

/* ---- every coupling of a term ---- */

typedef struct each_coupling {
    const hamiltonian_plan *h;
    const term_plan *t;
    coupling_body body;
    void *context;
} each_coupling;

static void visit_coupling(codegen *g, void *context)
{
    each_coupling *e = context;
    coupling c = {gen_spin_number(g, e->h, &e->t->term->spins[0]), gen_spin_number(g, e->h, &e->t->term->spins[1]),
                  coefficient_at(g, e->t, false)};
    e->body(g, &c, e->context);
}

static void visit_if_holds(codegen *g, void *context)
{
    each_coupling *e = context;
    l_if(g, gen_condition(g, e->t->term->condition), visit_coupling, e);
}

void gen_each_coupling(codegen *g, const hamiltonian_plan *h, const term_plan *t, coupling_body body, void *context)
{
    each_coupling e = {h, t, body, context};
    if (t->form == TERM_LIST) {
        if (t->list_first == 0 && h->list_size > 0 && t->size > 0)
            gen_each_listed(g, h, body, context);
        return;
    }
    l_loop_indices(g, t->term->indices, t->term->index_count, visit_if_holds, &e);
}

/* ---- the neighbours of one spin ---- */

typedef struct update {
    const hamiltonian_plan *h;
    const term_plan *t;
    int role; /* which of the term's spins is the one that changed */
    l_value v_field, v_delta;
} update;

/* The term's condition read in both directions: the pair is stored once but met from either end. */
static l_value condition_either_way(codegen *g, const term_plan *t)
{
    l_value holds = gen_condition(g, t->term->condition);
    if (!holds || !t->symmetric)
        return holds;
    uint32_t depth = g->binding_count;
    for (uint32_t i = 0; i < t->first_only; i++) {
        ir_index a = t->order[t->shared + i], b = t->order[t->shared + t->first_only + i];
        l_value v_a = l_bound(g, a), v_b = l_bound(g, b);
        l_bind(g, a, v_b);
        l_bind(g, b, v_a);
    }
    l_value other = gen_condition(g, t->term->condition);
    g->binding_count = depth;
    return LLVMBuildOr(g->builder, holds, other, "");
}

static void update_neighbour(codegen *g, void *context)
{
    update *u = context;
    l_value v_neighbour = gen_spin_number(g, u->h, &u->t->term->spins[1 - u->role]);
    l_value v_change = LLVMBuildFMul(g->builder, coefficient_at(g, u->t, u->role == 1), u->v_delta, "");
    l_value v_holds = u->t->form == TERM_UNIFORM ? condition_either_way(g, u->t) : NULL; /* rows hold 0 there */
    if (v_holds)
        v_change = LLVMBuildSelect(g->builder, v_holds, v_change, l_f64(g, 0), "");
    l_add_to(g, l_at(g, g->f64, u->v_field, v_neighbour), v_change);
}

static void update_through_rows(codegen *g, update *u, const l_value *coordinates)
{
    const ir_spin_ref *own = &u->t->term->spins[u->role];
    uint32_t depth = g->binding_count, others = u->t->order_count - u->t->shared - u->t->first_only;
    for (uint32_t i = 0; i < own->subscript_count; i++)
        if (by_index(g, own, i))
            l_bind(g, ir_expr_get(g->m, own->subscripts[i])->index, coordinates[i]);
    if (u->role == 0)
        l_loop_indices(g, u->t->order + u->t->shared + u->t->first_only, others, update_neighbour, u);
    else
        l_loop_indices(g, u->t->order + u->t->shared, u->t->first_only, update_neighbour, u);
    g->binding_count = depth;
}

/* ---- all neighbours through whole rows ---- */

/* Whether the term couples spins that stand side by side, with a symmetric matrix for each of its shared indices. */
static bool of_whole_rows(const codegen *g, const hamiltonian_plan *h, const term_plan *t)
{
    const ir_spin_ref *first = &t->term->spins[0];
    if (t->form != TERM_ROWS || !t->symmetric || t->first_only != 1)
        return false;
    int axis = axis_of(g, first, t->order[t->shared]);
    return h->layout.stride[first->array][axis] == 1;
}

typedef struct row_sums {
    const hamiltonian_plan *h;
    const term_plan *t;
    l_value v_state, v_field;
} row_sums;

static void add_rows(codegen *g, void *context)
{
    const row_sums *s = context;
    const term_plan *t = s->t;
    uint32_t depth = g->binding_count;
    int64_t n = ir_index_extent(g->m, t->order[t->shared]);
    l_bind(g, t->order[t->shared], l_i64(g, 0));
    l_bind(g, t->order[t->shared + 1], l_i64(g, 0));
    l_value v_spin = gen_spin_number(g, s->h, &t->term->spins[0]), at = storage_position(g, t, false);
    g->binding_count = depth;
    l_value args[] = {l_at(g, t->narrow ? g->f32 : g->f64, l_bytes(g, g->v_frame, t->coefficients), at),
                      l_at(g, g->i8, s->v_state, v_spin), l_at(g, g->f64, s->v_field, v_spin), l_i64(g, n)};
    l_call(g, t->narrow ? "piece_add_rows_f32" : "piece_add_rows", args, 4);
}

void gen_add_rows(codegen *g, const hamiltonian_plan *h, l_value v_state, l_value v_field)
{
    for (uint32_t k = 0; k < h->term_count; k++) {
        row_sums s = {h, &h->terms[k], v_state, v_field};
        if (s.t->size > 0 && of_whole_rows(g, h, s.t))
            l_loop_indices(g, s.t->order, s.t->shared, add_rows, &s);
    }
}

/* ---- the neighbours of one spin, through all terms ---- */

void gen_update_fields(codegen *g, const hamiltonian_plan *h, uint32_t array, const l_value *coordinates, l_value v_spin,
                       l_value v_field, l_value v_delta, bool rows_too)
{
    bool listed = false;
    for (uint32_t k = 0; k < h->term_count; k++) {
        const term_plan *t = &h->terms[k];
        update u = {.h = h, .t = t, .v_field = v_field, .v_delta = v_delta};
        bool first = t->term->spins[0].array == array, second = t->term->spins[1].array == array;
        if (t->size == 0 || (!first && !second) || (!rows_too && of_whole_rows(g, h, t)))
            continue;
        if (t->form == TERM_LIST) {
            if (!listed)
                gen_update_listed(g, h, v_spin, v_field, v_delta);
            listed = true;
            continue;
        }
        if (first)
            update_through_rows(g, &u, coordinates);
        u.role = 1;
        if (second && !t->symmetric)
            update_through_rows(g, &u, coordinates);
    }
}
