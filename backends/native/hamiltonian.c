/* hamiltonian.c - the functions of one Hamiltonian that the runtime's solver calls (isg_abi_hamiltonian).
 *
 * coefficients fills h and J in the frame; fields, sweep, descend work on a state and its local fields; energy
 * and scales read h and J anew. All are specialised to the shapes and the terms.
 */
#include "backends/native/codegen.h"
#include "runtime/abi.h"

static l_value frame_at(codegen *g, int64_t offset)
{
    return l_bytes(g, g->v_frame, offset);
}

static const char *function_name(codegen *g, const hamiltonian_plan *h, const char *part)
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
    l_value base = frame_at(g, t->coefficients);
    l_store_at(g, g->f64, v_coefficient, base, position(g, t, t->order));
    if (t->form != TERM_ROWS)
        return;
    ir_index exchanged[2 * ISG_MAX_RANK];
    exchange_order(t, exchanged);
    if (!t->symmetric)
        base = frame_at(g, t->transposed);
    l_store_at(g, g->f64, v_coefficient, base, position(g, t, exchanged));
}

static void store_term(codegen *g, void *context)
{
    term_store *s = context;
    l_value v_coefficient = gen_expr(g, s->term->coefficient);
    if (s->term->spin_count == 0)
        l_add_to(g, frame_at(g, s->h->offset), v_coefficient);
    else if (s->term->spin_count == 1)
        l_add_to(g, l_at(g, g->f64, frame_at(g, s->h->fields), gen_spin_number(g, s->h, &s->term->spins[0])), v_coefficient);
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
    LLVMBuildMemSet(g->builder, frame_at(g, offset), LLVMConstInt(g->i8, 0, 0), l_i64(g, doubles * 8), 8);
}

static void clear_coefficients(codegen *g, const hamiltonian_plan *h)
{
    zero_fill(g, h->fields, h->layout.count);
    zero_fill(g, h->offset, 1);
    for (uint32_t i = 0; i < h->term_count; i++) {
        zero_fill(g, h->terms[i].coefficients, h->terms[i].size);
        if (h->terms[i].transposed >= 0)
            zero_fill(g, h->terms[i].transposed, h->terms[i].size);
    }
}

static void fill_coefficients(codegen *g, const hamiltonian_plan *h)
{
    ir_attribute terms = *ir_op_attribute(g->m, h->op, "terms");
    uint32_t quadratic = 0;
    for (uint32_t i = 0; i < terms.count; i++) {
        term_store s = {.h = h, .term = (const ir_term *)terms.list + i};
        if (s.term->spin_count == 2)
            s.plan = &h->terms[quadratic++];
        if (s.plan && s.plan->form == TERM_UNIFORM)
            l_store(g, gen_expr(g, s.term->coefficient), frame_at(g, s.plan->coefficients));
        else
            l_loop_indices(g, s.term->indices, s.term->index_count, store_term_if, &s);
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

static l_value first_not_finite(codegen *g, int64_t offset, int64_t count)
{
    l_value args[] = {frame_at(g, offset), l_i64(g, count)};
    return l_call(g, "piece_first_not_finite", args, 2);
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
    l_value f = l_begin_function(g, function_name(g, h, "coefficients"), g->i32, NULL, 0);
    for (uint32_t i = 0; i < h->map_count; i++)
        gen_tensor_op(g, h->maps[i]);
    clear_coefficients(g, h);
    fill_coefficients(g, h);
    l_fault_if(g, first_not_finite(g, h->fields, h->layout.count), ISG_FAULT_NOT_FINITE);
    for (uint32_t i = 0; i < h->term_count; i++) {
        const term_plan *t = &h->terms[i];
        if (t->size == 0)
            continue;
        l_value bad = first_not_finite(g, t->coefficients, t->size);
        l_fault_if(g, spin_of_position(g, h, t, bad), ISG_FAULT_NOT_FINITE);
    }
    check_offset(g, h);
    l_end_function(g, l_i32(g, ISG_FAULT_NONE));
    return f;
}

/* ---- loops over the spins of an array, with their coordinates ---- */

typedef struct spin_loop spin_loop;
typedef void (*spin_body)(codegen *g, spin_loop *s);
struct spin_loop {
    const hamiltonian_plan *h;
    uint32_t array, depth;
    l_value coordinates[ISG_MAX_RANK];
    l_value v_spin, v_state, v_field; /* the spin's number; the state and fields of all */
    spin_body body;
    void *context;
};

static void spin_loop_level(codegen *g, l_value index, void *context);

static void spin_loop_from(codegen *g, spin_loop *s)
{
    const ir_spins *array = (const ir_spins *)ir_op_attribute(g->m, s->h->op, "spins")->list + s->array;
    if (s->depth < array->index_count) {
        l_loop(g, ir_index_extent(g->m, array->indices[s->depth]), spin_loop_level, s);
        return;
    }
    s->v_spin = l_i64(g, s->h->layout.base[s->array]);
    for (uint32_t i = 0; i < s->depth; i++)
        s->v_spin = l_add_scaled(g, s->v_spin, s->coordinates[i], s->h->layout.stride[s->array][i]);
    s->body(g, s);
}

static void spin_loop_level(codegen *g, l_value index, void *context)
{
    spin_loop *s = context;
    s->coordinates[s->depth++] = index;
    spin_loop_from(g, s);
    s->depth--;
}

static void each_spin(codegen *g, spin_loop *s)
{
    for (s->array = 0; s->array < s->h->layout.array_count; s->array++)
        if (s->h->layout.size[s->array] > 0)
            spin_loop_from(g, s);
}

static l_value spin_value(codegen *g, const spin_loop *s)
{
    return LLVMBuildSIToFP(g->builder, l_load_at(g, g->i8, s->v_state, s->v_spin), g->f64, "");
}

/* ---- fields ---- */

typedef struct contribution {
    spin_loop *s;
    l_value v_value;
} contribution;

static void contribute(codegen *g, void *context)
{
    contribution *c = context;
    gen_update_fields(g, c->s->h, c->s->array, c->s->coordinates, c->s->v_spin, c->s->v_field, c->v_value);
}

static void contribute_if_set(codegen *g, spin_loop *s)
{
    contribution c = {s, spin_value(g, s)};
    bool binary = s->h->layout.lowest[s->array] == 0;
    l_if(g, binary ? LLVMBuildFCmp(g->builder, LLVMRealUNE, c.v_value, l_f64(g, 0), "") : NULL, contribute, &c);
}

static l_value gen_fields(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr};
    l_value f = l_begin_function(g, function_name(g, h, "fields"), g->void_type, extra, 2);
    l_prefer_small(g);
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = contribute_if_set};
    LLVMBuildMemCpy(g->builder, s.v_field, 8, frame_at(g, h->fields), 8, l_i64(g, h->layout.count * 8));
    each_spin(g, &s);
    l_end_function(g, NULL);
    return f;
}

/* ---- single flips: Metropolis and greedy ---- */

typedef struct flips {
    spin_loop *s;
    l_value v_count;            /* address: flips so far */
    l_value v_beta;             /* Metropolis: accept when dE * beta <= threshold[spin] */
    l_value v_greedy_threshold; /* greedy: accept when dE < -threshold */
    l_value v_delta;
} flips;

static void flip(codegen *g, void *context)
{
    flips *f = context;
    spin_loop *s = f->s;
    l_value at = l_at(g, g->i8, s->v_state, s->v_spin);
    l_value v_change = LLVMBuildFPToSI(g->builder, f->v_delta, g->i8, "");
    l_store(g, LLVMBuildAdd(g->builder, l_load(g, g->i8, at), v_change, ""), at);
    l_store(g, l_add(g, l_load(g, g->i64, f->v_count), l_i64(g, 1)), f->v_count);
    gen_update_fields(g, s->h, s->array, s->coordinates, s->v_spin, s->v_field, f->v_delta);
}

/* The step to the spin's other value: 1 - 2x, or -2s. */
static l_value step(codegen *g, const spin_loop *s)
{
    bool binary = s->h->layout.lowest[s->array] == 0;
    return LLVMBuildFSub(g->builder, l_f64(g, binary ? 1 : 0), LLVMBuildFMul(g->builder, l_f64(g, 2), spin_value(g, s), ""), "");
}

static void try_flip(codegen *g, spin_loop *s)
{
    flips *f = s->context;
    f->s = s;
    f->v_delta = step(g, s);
    l_value v_energy = LLVMBuildFMul(g->builder, f->v_delta, l_load_at(g, g->f64, s->v_field, s->v_spin), ""), v_accept;
    if (f->v_beta) {
        l_value v_threshold = l_load_at(g, g->f32, frame_at(g, s->h->thresholds), s->v_spin);
        v_threshold = LLVMBuildFPExt(g->builder, v_threshold, g->f64, "");
        v_accept = LLVMBuildFCmp(g->builder, LLVMRealOLE, LLVMBuildFMul(g->builder, v_energy, f->v_beta, ""), v_threshold, "");
    } else {
        l_value v_limit = LLVMBuildFNeg(g->builder, f->v_greedy_threshold, "");
        v_accept = LLVMBuildFCmp(g->builder, LLVMRealOLT, v_energy, v_limit, "");
    }
    l_if(g, v_accept, flip, f);
}

static l_value gen_sweep(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->f64, g->ptr, g->i32};
    l_value f = l_begin_function(g, function_name(g, h, "sweep"), g->i64, extra, 5);
    l_value args[] = {LLVMGetParam(f, 4), LLVMGetParam(f, 5), l_i64(g, (h->layout.count + 3) / 4), frame_at(g, h->thresholds)};
    l_call(g, "piece_thresholds", args, 4);
    flips flips = {.v_count = l_variable(g, g->i64, l_i64(g, 0)), .v_beta = LLVMGetParam(f, 3)};
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = try_flip, .context = &flips};
    each_spin(g, &s);
    l_end_function(g, l_load(g, g->i64, flips.v_count));
    return f;
}

static l_value gen_descend(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->f64};
    l_value f = l_begin_function(g, function_name(g, h, "descend"), g->i64, extra, 3);
    flips flips = {.v_count = l_variable(g, g->i64, l_i64(g, 0)), .v_greedy_threshold = LLVMGetParam(f, 3)};
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = try_flip, .context = &flips};
    each_spin(g, &s);
    l_end_function(g, l_load(g, g->i64, flips.v_count));
    return f;
}

/* ---- energy: linear terms, then the couplings, each in index order ---- */

typedef struct energy_sum {
    const hamiltonian_plan *h;
    l_value v_state, v_energy, v_single; /* v_single: address of the one sum when there is one group */
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

static void add_linear(codegen *g, spin_loop *s)
{
    l_value v_field = l_load_at(g, g->f64, frame_at(g, s->h->fields), s->v_spin);
    add_energy(g, s->context, s->v_spin, LLVMBuildFMul(g->builder, v_field, spin_value(g, s), ""));
}

static void add_coupling(codegen *g, const coupling *c, void *context)
{
    energy_sum *e = context;
    l_value a = LLVMBuildSIToFP(g->builder, l_load_at(g, g->i8, e->v_state, c->first), g->f64, "");
    l_value b = LLVMBuildSIToFP(g->builder, l_load_at(g, g->i8, e->v_state, c->second), g->f64, "");
    add_energy(g, e, c->first, LLVMBuildFMul(g->builder, c->coefficient, LLVMBuildFMul(g->builder, a, b, ""), ""));
}

static l_value gen_energy(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr};
    l_value f = l_begin_function(g, function_name(g, h, "energy"), g->void_type, extra, 2);
    energy_sum e = {.h = h, .v_state = LLVMGetParam(f, 1), .v_energy = LLVMGetParam(f, 2)};
    LLVMBuildMemSet(g->builder, e.v_energy, LLVMConstInt(g->i8, 0, 0), l_i64(g, h->groups * 8), 8);
    if (h->groups == 1)
        e.v_single = l_variable(g, g->f64, l_f64(g, 0));
    spin_loop s = {.h = h, .v_state = e.v_state, .body = add_linear, .context = &e};
    each_spin(g, &s);
    for (uint32_t i = 0; i < h->term_count; i++)
        gen_each_coupling(g, h, &h->terms[i], add_coupling, &e);
    if (e.v_single)
        l_store(g, l_load(g, g->f64, e.v_single), e.v_energy);
    l_store_at(g, g->f64, l_load(g, g->f64, frame_at(g, h->offset)), e.v_energy, l_i64(g, h->groups));
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
    l_value v_field = l_load_at(g, g->f64, frame_at(g, s->h->fields), s->v_spin);
    l_store_at(g, g->f64, absolute(g, v_field), sums->v_largest, s->v_spin);
    l_store_at(g, g->f64, l_f64(g, 0), sums->v_sum, s->v_spin);
    l_store_at(g, g->f64, l_f64(g, 0), sums->v_square, s->v_spin);
    l_store_at(g, g->f64, v_field, sums->v_linear, s->v_spin);
}

static l_value gen_scales(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->ptr, g->ptr};
    l_value f = l_begin_function(g, function_name(g, h, "scales"), g->void_type, extra, 4);
    l_prefer_small(g);
    scale_sums sums = {LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3), LLVMGetParam(f, 4)};
    spin_loop s = {.h = h, .body = start_scales, .context = &sums};
    each_spin(g, &s);
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
    l_value f = l_begin_function(g, function_name(g, h, "couplings"), g->void_type, extra, 2);
    l_prefer_small(g);
    for (uint32_t i = 0; i < h->term_count; i++)
        gen_each_coupling(g, h, &h->terms[i], visit_one, NULL);
    l_end_function(g, NULL);
    return f;
}

hamiltonian_functions gen_hamiltonian(codegen *g, const hamiltonian_plan *h)
{
    return (hamiltonian_functions){.coefficients = gen_coefficients(g, h),
                                   .fields = gen_fields(g, h),
                                   .sweep = gen_sweep(g, h),
                                   .descend = gen_descend(g, h),
                                   .energy = gen_energy(g, h),
                                   .scales = gen_scales(g, h),
                                   .couplings = gen_couplings(g, h)};
}
