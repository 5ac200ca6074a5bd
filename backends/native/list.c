/* list.c - the terms whose subscripts are not plain indices: one list of pairs for all of them.
 *
 * Which spins meet does not depend on the data, so the pairs, and each spin's neighbours among them, are tables made once a
 * program; a pair whose condition does not hold is marked there. What changes with the data is one array of coefficients.
 * Code is a loop over the list, however many terms there are: terms without indices, of which a model may have hundreds, are
 * constants of the program and cost no code of their own.
 */
#include "backends/native/codegen.h"

/* ---- planning ---- */

void plan_listed(hamiltonian_plan *h, term_plan *t, int64_t size)
{
    t->form = TERM_LIST;
    for (uint32_t i = 0; i < t->term->index_count; i++)
        t->order[t->order_count++] = t->term->indices[i];
    t->size = size;
    t->list_first = h->list_size;
    h->list_size += t->size;
}

void plan_list(codegen *g, hamiltonian_plan *h)
{
    if (h->list_size == 0)
        return;
    h->list_pairs = layout_take(&g->tables_bytes, 2 * h->list_size * 4);
    h->list_start = layout_take(&g->tables_bytes, (h->layout.count + 2) * 8);
    h->list_neighbour = layout_take(&g->tables_bytes, 2 * h->list_size * 4);
    h->list_slot = layout_take(&g->tables_bytes, 2 * h->list_size * 4);
    h->list_coefficients = layout_take(&g->frame_bytes, h->list_size * 8);
    for (uint32_t i = 0; i < h->term_count; i++)
        if (h->terms[i].form == TERM_LIST)
            h->terms[i].coefficients = h->list_coefficients + h->terms[i].list_first * 8;
}

/* ---- terms without indices ---- */

/* Spin numbers of a term that says them outright. A coupling of arrays without axes is not of the list. */
static bool constant_spins(codegen *g, const hamiltonian_plan *h, const ir_term *term, uint32_t *spins)
{
    bool coupling = term->spin_count == 2, subscripts = false;
    for (uint32_t i = 0; i < term->spin_count; i++)
        subscripts |= term->spins[i].subscript_count > 0;
    if (term->index_count || term->condition || (coupling && !subscripts))
        return false;
    for (uint32_t i = 0; i < term->spin_count; i++) {
        l_value v_spin = gen_spin_number(g, h, &term->spins[i]);
        if (!LLVMIsAConstantInt(v_spin))
            return false;
        spins[i] = (uint32_t)LLVMConstIntGetZExtValue(v_spin);
    }
    return true;
}

bool term_is_single(codegen *g, const hamiltonian_plan *h, const ir_term *term, double *coefficient, uint32_t *spins)
{
    return constant_spins(g, h, term, spins) && ir_expr_evaluate(g->m, term->coefficient, NULL, NULL, 0, coefficient);
}

static l_value private_array(codegen *g, l_value data)
{
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), "list");
    LLVMSetInitializer(global, data);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    return global;
}

typedef ARENA_LIST(l_value) constant_list;

static l_value constants(codegen *g, l_type type, const constant_list *list)
{
    return private_array(g, LLVMConstArray2(type, list->at, list->count));
}

/* Single terms in a row, from `at` on, as many as there are: those of one kind, linear or listed. Returns their number. */
typedef struct single_run {
    constant_list spins, coefficients;
    uint32_t count;
} single_run;

static single_run collect(codegen *g, const hamiltonian_plan *h, const ir_term *terms, uint32_t count)
{
    single_run r = {0};
    double coefficient;
    uint32_t spins[2];
    while (r.count < count && terms[r.count].spin_count == terms[0].spin_count &&
           term_is_single(g, h, &terms[r.count], &coefficient, spins)) {
        for (uint32_t i = 0; i < terms[0].spin_count; i++)
            ARENA_PUSH(g->arena, &r.spins, LLVMConstInt(g->i32, spins[i], 0));
        ARENA_PUSH(g->arena, &r.coefficients, l_f64(g, coefficient));
        r.count++;
    }
    return r;
}

uint32_t gen_single_fields(codegen *g, const hamiltonian_plan *h, const ir_term *terms, uint32_t count)
{
    single_run r = collect(g, h, terms, count);
    if (r.count) {
        l_value args[] = {gen_frame_at(g, h->fields), constants(g, g->i32, &r.spins), constants(g, g->f64, &r.coefficients),
                          l_i64(g, r.count)};
        l_call(g, "piece_add_at", args, 4);
    }
    return r.count;
}

uint32_t gen_single_couplings(codegen *g, const hamiltonian_plan *h, const term_plan *t, const ir_term *terms, uint32_t count)
{
    single_run r = collect(g, h, terms, count);
    if (r.count)
        LLVMBuildMemCpy(g->builder, gen_frame_at(g, t->coefficients), 8, constants(g, g->f64, &r.coefficients), 8,
                        l_i64(g, (int64_t)r.count * 8));
    return r.count;
}

/* ---- tables ---- */

typedef struct pair_store {
    const hamiltonian_plan *h;
    const term_plan *t;
} pair_store;

static void store_pair(codegen *g, void *context)
{
    const pair_store *s = context;
    l_value at = l_i64(g, 0), base = l_bytes(g, g->v_tables, s->h->list_pairs);
    for (uint32_t k = 0; k < s->t->order_count; k++)
        at = l_add(g, l_mul(g, at, l_i64(g, ir_index_extent(g->m, s->t->order[k]))), l_bound(g, s->t->order[k]));
    at = l_mul(g, l_add(g, at, l_i64(g, s->t->list_first)), l_i64(g, 2));
    for (int i = 0; i < 2; i++) {
        l_value v_spin = gen_spin_number(g, s->h, &s->t->term->spins[i]);
        l_store_at(g, g->i32, LLVMBuildTrunc(g->builder, v_spin, g->i32, ""), base, l_add(g, at, l_i64(g, i)));
    }
}

static void store_pair_if(codegen *g, void *context)
{
    pair_store *s = context;
    l_if(g, gen_condition(g, s->t->term->condition), store_pair, s);
}

/* The pairs of the single terms from h->terms[i] on; returns how many terms that were. */
static uint32_t store_single_pairs(codegen *g, const hamiltonian_plan *h, uint32_t i)
{
    constant_list spins = {0};
    uint32_t pair[2], count = 0;
    while (i + count < h->term_count && h->terms[i + count].form == TERM_LIST &&
           constant_spins(g, h, h->terms[i + count].term, pair)) {
        for (int k = 0; k < 2; k++)
            ARENA_PUSH(g->arena, &spins, LLVMConstInt(g->i32, pair[k], 0));
        count++;
    }
    if (count)
        LLVMBuildMemCpy(g->builder, l_bytes(g, g->v_tables, h->list_pairs + h->terms[i].list_first * 8), 4,
                        constants(g, g->i32, &spins), 4, l_i64(g, (int64_t)count * 8));
    return count;
}

void gen_neighbour_list(codegen *g, const hamiltonian_plan *h)
{
    if (h->list_size == 0)
        return;
    l_value pairs = l_bytes(g, g->v_tables, h->list_pairs);
    LLVMBuildMemSet(g->builder, pairs, LLVMConstInt(g->i8, 255, 0), l_i64(g, 2 * h->list_size * 4), 4);
    for (uint32_t i = 0; i < h->term_count;) {
        pair_store s = {h, &h->terms[i]};
        uint32_t singles = store_single_pairs(g, h, i);
        if (!singles && s.t->form == TERM_LIST)
            l_loop_indices(g, s.t->term->indices, s.t->term->index_count, store_pair_if, &s);
        i += singles ? singles : 1;
    }
    l_value args[] = {pairs,
                      l_i64(g, h->list_size),
                      l_bytes(g, g->v_tables, h->list_start),
                      l_i64(g, h->layout.count),
                      l_bytes(g, g->v_tables, h->list_neighbour),
                      l_bytes(g, g->v_tables, h->list_slot)};
    l_call(g, "piece_neighbours", args, 6);
}

/* ---- loops ---- */

static l_value pair_spin(codegen *g, const hamiltonian_plan *h, l_value at, int which)
{
    l_value base = l_bytes(g, g->v_tables, h->list_pairs + which * 4);
    return LLVMBuildSExt(g->builder, l_load(g, g->i32, l_at(g, g->i64, base, at)), g->i64, "");
}

l_value gen_listed_spin(codegen *g, const hamiltonian_plan *h, l_value at)
{
    l_value none = LLVMBuildICmp(g->builder, LLVMIntSLT, at, l_i64(g, 0), "");
    l_value v_spin = pair_spin(g, h, LLVMBuildSelect(g->builder, none, l_i64(g, 0), at, ""), 0);
    return LLVMBuildSelect(g->builder, none, at, v_spin, "");
}

typedef struct listed_loop {
    const hamiltonian_plan *h;
    coupling_body body;
    void *context;
    l_value at, v_first;
} listed_loop;

static void visit_listed(codegen *g, void *context)
{
    const listed_loop *l = context;
    coupling c = {l->v_first, pair_spin(g, l->h, l->at, 1),
                  l_load_at(g, g->f64, gen_frame_at(g, l->h->list_coefficients), l->at)};
    l->body(g, &c, l->context);
}

static void visit_if_coupled(codegen *g, l_value at, void *context)
{
    listed_loop *l = context;
    l->at = at;
    l->v_first = pair_spin(g, l->h, at, 0);
    l_if(g, LLVMBuildICmp(g->builder, LLVMIntSGE, l->v_first, l_i64(g, 0), ""), visit_listed, l);
}

void gen_each_listed(codegen *g, const hamiltonian_plan *h, coupling_body body, void *context)
{
    listed_loop l = {.h = h, .body = body, .context = context};
    l_loop(g, h->list_size, visit_if_coupled, &l);
}

typedef struct listed_update {
    const hamiltonian_plan *h;
    l_value v_field, v_delta;
} listed_update;

static void update_listed(codegen *g, l_value at, void *context)
{
    const listed_update *u = context;
    l_value neighbours = l_bytes(g, g->v_tables, u->h->list_neighbour), slots = l_bytes(g, g->v_tables, u->h->list_slot);
    l_value v_neighbour = LLVMBuildZExt(g->builder, l_load_at(g, g->i32, neighbours, at), g->i64, "");
    l_value v_slot = LLVMBuildZExt(g->builder, l_load_at(g, g->i32, slots, at), g->i64, "");
    l_value v_coefficient = l_load_at(g, g->f64, gen_frame_at(g, u->h->list_coefficients), v_slot);
    l_add_to(g, l_at(g, g->f64, u->v_field, v_neighbour), LLVMBuildFMul(g->builder, v_coefficient, u->v_delta, ""));
}

void gen_update_listed(codegen *g, const hamiltonian_plan *h, l_value v_spin, l_value v_field, l_value v_delta)
{
    listed_update u = {h, v_field, v_delta};
    l_value start = l_bytes(g, g->v_tables, h->list_start);
    l_value from = l_load_at(g, g->i64, start, v_spin), to = l_load_at(g, g->i64, start, l_add(g, v_spin, l_i64(g, 1)));
    l_loop_range(g, from, to, update_listed, &u);
}
