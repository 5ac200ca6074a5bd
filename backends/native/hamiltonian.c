/* hamiltonian.c - the functions of one Hamiltonian that the runtime's solver calls (isg_abi_hamiltonian).
 *
 * coefficients fills h and J in the frame; scales reads them anew, energy the fields made of them, in double. What changes states
 * is in flips.c and moves.c. All are specialised to the shapes and the terms.
 */
#include "backends/native/codegen.h"
#include "runtime/abi.h"

l_value gen_frame_at(codegen *g, int64_t offset)
{
    return l_bytes(g, g->v_frame, offset);
}

const char *gen_function_name(codegen *g, const hamiltonian_plan *h, const char *part)
{
    return arena_format(g->arena, "%s_%u_%s", ir_text(g->m, ir_op_attribute(g->m, h->op, "name")->name), h->index, part);
}

/* ---- coefficients ---- */

typedef struct term_store {
    const hamiltonian_plan *h;
    const ir_term *term;
    const term_plan *plan; /* of a quadratic term */
} term_store;

static l_value position(codegen *g, const term_plan *t, const ir_index *order)
{
    l_value at = l_i64(g, 0);
    for (uint32_t k = 0; k < t->order_count; k++)
        at = l_add(g, l_mul(g, at, l_i64(g, ir_index_extent(g->m, order[k]))), l_bound(g, order[k]));
    return at;
}

/* The order with the first's own indices and the second's own exchanged. */
static void exchange_order(const term_plan *t, ir_index *order)
{
    uint32_t own = t->shared + t->first_only, others = t->order_count - own, at = t->shared;
    for (uint32_t i = 0; i < t->shared; i++)
        order[i] = t->order[i];
    for (uint32_t i = 0; i < others; i++)
        order[at++] = t->order[own + i];
    for (uint32_t i = 0; i < t->first_only; i++)
        order[at++] = t->order[t->shared + i];
}

static void store_coupling(codegen *g, const term_store *s, l_value v_coefficient)
{
    const term_plan *t = s->plan;
    l_value base = gen_frame_at(g, t->coefficients);
    l_store_at(g, g->f64, v_coefficient, base, position(g, t, t->order));
    if (t->form != TERM_ROWS)
        return;
    ir_index exchanged[2 * ISG_MAX_RANK];
    exchange_order(t, exchanged);
    if (!t->symmetric)
        base = gen_frame_at(g, t->transposed);
    l_store_at(g, g->f64, v_coefficient, base, position(g, t, exchanged));
}

static void store_term(codegen *g, void *context)
{
    term_store *s = context;
    l_value v_coefficient = gen_expr(g, s->term->coefficient);
    if (s->term->spin_count == 0)
        l_add_to(g, gen_frame_at(g, s->h->offset), v_coefficient);
    else if (s->term->spin_count == 1)
        l_add_to(g, l_at(g, g->f64, gen_frame_at(g, s->h->fields), gen_spin_number(g, s->h, &s->term->spins[0])), v_coefficient);
    else
        store_coupling(g, s, v_coefficient);
}

static void store_term_if(codegen *g, void *context)
{
    term_store *s = context;
    l_if(g, gen_condition(g, s->term->condition), store_term, s);
}

static void zero_fill(codegen *g, int64_t offset, int64_t doubles)
{
    LLVMBuildMemSet(g->builder, gen_frame_at(g, offset), LLVMConstInt(g->i8, 0, 0), l_i64(g, doubles * 8), 8);
}

static void clear_coefficients(codegen *g, const hamiltonian_plan *h)
{
    zero_fill(g, h->fields, h->layout.count);
    zero_fill(g, h->offset, 1);
    if (h->list_size)
        zero_fill(g, h->list_coefficients, h->list_size);
    for (uint32_t i = 0; i < h->term_count; i++) {
        if (h->terms[i].form == TERM_LIST || term_is_product(g, &h->terms[i]))
            continue;
        zero_fill(g, h->terms[i].coefficients, h->terms[i].size);
        if (h->terms[i].transposed >= 0)
            zero_fill(g, h->terms[i].transposed, h->terms[i].size);
    }
}

/* Terms that are constants go together: how many there are from the i-th on. */
static uint32_t store_singles(codegen *g, const hamiltonian_plan *h, ir_attribute terms, uint32_t i, uint32_t quadratic)
{
    const ir_term *first = (const ir_term *)terms.list + i;
    if (first->spin_count == 1)
        return gen_single_fields(g, h, first, terms.count - i);
    uint32_t listed = 0; /* rows have places of their own for their coefficients */
    while (first->spin_count == 2 && quadratic + listed < h->term_count && h->terms[quadratic + listed].form == TERM_LIST)
        listed++;
    return listed ? gen_single_couplings(g, h, &h->terms[quadratic], first, listed) : 0;
}

/* checked[i]: where the i-th quadratic term's code says whether a coefficient is not finite; NULL: it does not look. */
static void fill_coefficients(codegen *g, const hamiltonian_plan *h, l_value *checked)
{
    ir_attribute terms = *ir_op_attribute(g->m, h->op, "terms");
    uint32_t quadratic = 0;
    for (uint32_t i = 0, singles; i < terms.count; i += singles ? singles : 1) {
        term_store s = {.h = h, .term = (const ir_term *)terms.list + i};
        singles = store_singles(g, h, terms, i, quadratic);
        if (s.term->spin_count == 2)
            s.plan = &h->terms[quadratic];
        if (s.plan)
            quadratic += singles ? singles : 1;
        if (singles)
            continue;
        if (s.plan && (checked[s.plan - h->terms] = gen_product_rows(g, s.plan)))
            continue;
        if (s.plan && s.plan->form == TERM_UNIFORM)
            l_store(g, gen_expr(g, s.term->coefficient), gen_frame_at(g, s.plan->coefficients));
        else
            gen_loop_with_products(g, s.term->coefficient, s.term->indices, s.term->index_count, store_term_if, &s);
    }
}

/* The first spin of the coupling stored at a position: the position's coordinates are its indices. */
static l_value spin_of_position(codegen *g, const hamiltonian_plan *h, const term_plan *t, l_value at)
{
    uint32_t depth = g->binding_count;
    l_value rest = at;
    for (uint32_t k = t->order_count; k-- > 0 && t->form != TERM_UNIFORM;) {
        int64_t extent = ir_index_extent(g->m, t->order[k]);
        l_bind(g, t->order[k], LLVMBuildSRem(g->builder, rest, l_i64(g, extent), ""));
        rest = LLVMBuildSDiv(g->builder, rest, l_i64(g, extent), "");
    }
    l_value v_spin = t->form == TERM_UNIFORM ? l_i64(g, 0) : gen_spin_number(g, h, &t->term->spins[0]);
    g->binding_count = depth;
    return LLVMBuildSelect(g->builder, LLVMBuildICmp(g->builder, LLVMIntSLT, at, l_i64(g, 0), ""), at, v_spin, "");
}

/* The place of a coefficient that is not finite, or -1. */
static l_value first_not_finite(codegen *g, int64_t offset, int64_t count)
{
    l_value args[] = {gen_frame_at(g, offset), l_i64(g, count)};
    return l_call(g, "piece_first_not_finite", args, 2);
}

static l_value first_not_finite_of(codegen *g, const term_plan *t)
{
    l_value args[] = {gen_frame_at(g, t->coefficients), l_i64(g, t->size)};
    return l_call(g, t->narrow ? "piece_first_not_finite_f32" : "piece_first_not_finite", args, 2);
}

typedef struct row_search {
    const term_plan *t;
    l_value at;
} row_search;

static void search_rows(codegen *g, void *context)
{
    const row_search *s = context;
    l_store(g, first_not_finite_of(g, s->t), s->at);
}

/* The same of a term; looked for only where `checked` says that there is one. */
static l_value find_not_finite(codegen *g, const term_plan *t, l_value checked)
{
    if (!checked)
        return first_not_finite_of(g, t);
    row_search s = {t, l_variable(g, g->i64, l_i64(g, -1))};
    l_if(g, LLVMBuildICmp(g->builder, LLVMIntNE, l_load(g, g->i64, checked), l_i64(g, 0), ""), search_rows, &s);
    return l_load(g, g->i64, s.at);
}

/* A bad offset is fault_position -1: the runtime reads a fault by its code, the place by this. */
static void check_offset(codegen *g, const hamiltonian_plan *h)
{
    l_value bad = LLVMBuildICmp(g->builder, LLVMIntSGE, first_not_finite(g, h->offset, 1), l_i64(g, 0), "");
    l_block b_fault = l_new_block(g, "fault"), b_after = l_new_block(g, "after");
    LLVMBuildCondBr(g->builder, bad, b_fault, b_after);
    l_enter(g, b_fault);
    l_store(g, l_i64(g, -1), LLVMBuildStructGEP2(g->builder, g->context_type, g->v_context, 4, ""));
    LLVMBuildRet(g->builder, l_i32(g, ISG_FAULT_NOT_FINITE));
    l_enter(g, b_after);
}

static l_value gen_coefficients(codegen *g, const hamiltonian_plan *h)
{
    l_value f = l_begin_function(g, gen_function_name(g, h, "coefficients"), g->i32, NULL, 0);
    l_prefer_small(g);
    for (uint32_t i = 0; i < h->map_count; i++)
        gen_tensor_op(g, h->maps[i]);
    clear_coefficients(g, h);
    l_value *checked = ARENA_ARRAY(g->arena, l_value, h->term_count);
    fill_coefficients(g, h, checked);
    l_fault_if(g, first_not_finite(g, h->fields, h->layout.count), ISG_FAULT_NOT_FINITE);
    if (h->list_size)
        l_fault_if(g, gen_listed_spin(g, h, first_not_finite(g, h->list_coefficients, h->list_size)), ISG_FAULT_NOT_FINITE);
    for (uint32_t i = 0; i < h->term_count; i++) {
        const term_plan *t = &h->terms[i];
        if (t->size == 0 || t->form == TERM_LIST)
            continue;
        l_value bad = find_not_finite(g, t, checked[i]);
        l_fault_if(g, spin_of_position(g, h, t, bad), ISG_FAULT_NOT_FINITE);
    }
    check_offset(g, h);
    l_end_function(g, l_i32(g, ISG_FAULT_NONE));
    return f;
}

/* ---- energy ---- */

typedef struct energy_sum {
    const hamiltonian_plan *h;
    l_value v_energy, v_single; /* v_single: address of the one sum when there is one group */
} energy_sum;

static void add_energy(codegen *g, const energy_sum *e, l_value v_spin, l_value v_amount)
{
    if (e->v_single) {
        l_add_to(g, e->v_single, v_amount);
        return;
    }
    l_value v_group = l_load_at(g, g->i32, l_bytes(g, g->v_tables, e->h->group), v_spin);
    l_add_to(g, l_at(g, g->f64, e->v_energy, LLVMBuildZExt(g->builder, v_group, g->i64, "")), v_amount);
}

/* Halves before they are added: the sum of two large numbers stays finite. */
static void add_spin(codegen *g, spin_loop *s)
{
    l_value v_half = l_f64(g, 0.5);
    l_value v_linear = LLVMBuildFMul(g->builder, l_load_at(g, g->f64, gen_frame_at(g, s->h->fields), s->v_spin), v_half, "");
    l_value v_field = LLVMBuildFMul(g->builder, l_load_at(g, g->f64, s->v_field, s->v_spin), v_half, "");
    l_value v_mean = LLVMBuildFAdd(g->builder, v_linear, v_field, "");
    add_energy(g, s->context, s->v_spin, LLVMBuildFMul(g->builder, v_mean, gen_spin_value(g, s), ""));
}

static l_value gen_energy(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "energy"), g->void_type, extra, 3);
    l_prefer_small(g);
    energy_sum e = {.h = h, .v_energy = LLVMGetParam(f, 3)};
    LLVMBuildMemSet(g->builder, e.v_energy, LLVMConstInt(g->i8, 0, 0), l_i64(g, h->groups * 8), 8);
    if (h->groups == 1)
        e.v_single = l_variable(g, g->f64, l_f64(g, 0));
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = add_spin, .context = &e};
    gen_each_spin(g, &s);
    if (e.v_single)
        l_store(g, l_load(g, g->f64, e.v_single), e.v_energy);
    l_store_at(g, g->f64, l_load(g, g->f64, gen_frame_at(g, h->offset)), e.v_energy, l_i64(g, h->groups));
    l_end_function(g, NULL);
    return f;
}

/* ---- scales ---- */

typedef struct scale_sums {
    l_value v_largest, v_sum, v_square, v_linear;
} scale_sums;

static l_value absolute(codegen *g, l_value x)
{
    l_value negative = LLVMBuildFCmp(g->builder, LLVMRealOLT, x, l_f64(g, 0), "");
    return LLVMBuildSelect(g->builder, negative, LLVMBuildFNeg(g->builder, x, ""), x, "");
}

static void scale_spin(codegen *g, const scale_sums *s, l_value v_spin, l_value v_size)
{
    l_value at = l_at(g, g->f64, s->v_largest, v_spin), v_largest = l_load(g, g->f64, at);
    l_value more = LLVMBuildFCmp(g->builder, LLVMRealOGT, v_size, v_largest, "");
    l_store(g, LLVMBuildSelect(g->builder, more, v_size, v_largest, ""), at);
    l_add_to(g, l_at(g, g->f64, s->v_sum, v_spin), v_size);
    l_add_to(g, l_at(g, g->f64, s->v_square, v_spin), LLVMBuildFMul(g->builder, v_size, v_size, ""));
}

static void scale_coupling(codegen *g, const coupling *c, void *context)
{
    l_value v_size = absolute(g, c->coefficient);
    scale_spin(g, context, c->first, v_size);
    scale_spin(g, context, c->second, v_size);
}

static void start_scales(codegen *g, spin_loop *s)
{
    scale_sums *sums = s->context;
    l_value v_field = l_load_at(g, g->f64, gen_frame_at(g, s->h->fields), s->v_spin);
    l_store_at(g, g->f64, absolute(g, v_field), sums->v_largest, s->v_spin);
    l_store_at(g, g->f64, l_f64(g, 0), sums->v_sum, s->v_spin);
    l_store_at(g, g->f64, l_f64(g, 0), sums->v_square, s->v_spin);
    l_store_at(g, g->f64, v_field, sums->v_linear, s->v_spin);
}

static l_value gen_scales(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->ptr, g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "scales"), g->void_type, extra, 4);
    l_prefer_small(g);
    scale_sums sums = {LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3), LLVMGetParam(f, 4)};
    spin_loop s = {.h = h, .body = start_scales, .context = &sums};
    gen_each_spin(g, &s);
    for (uint32_t i = 0; i < h->term_count; i++)
        gen_each_coupling(g, h, &h->terms[i], scale_coupling, &sums);
    l_end_function(g, NULL);
    return f;
}

/* ---- the couplings, one by one ---- */

static void visit_one(codegen *g, const coupling *c, void *context)
{
    l_type types[] = {g->ptr, g->i64, g->i64, g->f64};
    l_value args[] = {LLVMGetParam(g->function, 2), c->first, c->second, c->coefficient};
    (void)context;
    LLVMBuildCall2(g->builder, LLVMFunctionType(g->void_type, types, 4, 0), LLVMGetParam(g->function, 1), args, 4, "");
}

static l_value gen_couplings(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "couplings"), g->void_type, extra, 2);
    l_prefer_small(g);
    for (uint32_t i = 0; i < h->term_count; i++)
        gen_each_coupling(g, h, &h->terms[i], visit_one, NULL);
    l_end_function(g, NULL);
    return f;
}

hamiltonian_functions gen_hamiltonian(codegen *g, const hamiltonian_plan *h)
{
    hamiltonian_functions f = {.coefficients = gen_coefficients(g, h),
                               .fields = gen_fields(g, h),
                               .descend = gen_descend(g, h),
                               .energy = gen_energy(g, h),
                               .scales = gen_scales(g, h),
                               .couplings = gen_couplings(g, h)};
    f.moves = gen_moves(g, h, f.fields, f.couplings);
    return f;
}
