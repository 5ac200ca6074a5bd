/* flips.c - loops over spins, and what changes them one at a time in double: local fields, greedy descent, and the
 * Metropolis sweep for Hamiltonians that no faster kernel takes.
 */
#include "backends/native/codegen.h"

/* ---- loops over the spins of an array, with their coordinates ---- */

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

void gen_each_spin(codegen *g, spin_loop *s)
{
    for (s->array = 0; s->array < s->h->layout.array_count; s->array++)
        if (s->h->layout.size[s->array] > 0)
            spin_loop_from(g, s);
}

l_value gen_spin_value(codegen *g, const spin_loop *s)
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
    gen_update_fields(g, c->s->h, c->s->array, c->s->coordinates, c->s->v_spin, c->s->v_field, c->v_value, false);
}

static void contribute_if_set(codegen *g, spin_loop *s)
{
    contribution c = {s, gen_spin_value(g, s)};
    bool binary = s->h->layout.lowest[s->array] == 0;
    l_if(g, binary ? LLVMBuildFCmp(g->builder, LLVMRealUNE, c.v_value, l_f64(g, 0), "") : NULL, contribute, &c);
}

l_value gen_fields(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "fields"), g->void_type, extra, 2);
    l_prefer_small(g);
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = contribute_if_set};
    LLVMBuildMemCpy(g->builder, s.v_field, 8, gen_frame_at(g, h->fields), 8, l_i64(g, h->layout.count * 8));
    gen_each_spin(g, &s);
    gen_add_rows(g, h, s.v_state, s.v_field);
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
    gen_update_fields(g, s->h, s->array, s->coordinates, s->v_spin, s->v_field, f->v_delta, true);
}

/* The step to the spin's other value: 1 - 2x, or -2s. */
static l_value step(codegen *g, const spin_loop *s)
{
    bool binary = s->h->layout.lowest[s->array] == 0;
    return LLVMBuildFSub(g->builder, l_f64(g, binary ? 1 : 0), LLVMBuildFMul(g->builder, l_f64(g, 2), gen_spin_value(g, s), ""),
                         "");
}

static void try_flip(codegen *g, spin_loop *s)
{
    flips *f = s->context;
    f->s = s;
    f->v_delta = step(g, s);
    l_value v_energy = LLVMBuildFMul(g->builder, f->v_delta, l_load_at(g, g->f64, s->v_field, s->v_spin), ""), v_accept;
    if (f->v_beta) {
        l_value v_threshold = l_load_at(g, g->f32, gen_frame_at(g, s->h->thresholds), s->v_spin);
        v_threshold = LLVMBuildFPExt(g->builder, v_threshold, g->f64, "");
        v_accept = LLVMBuildFCmp(g->builder, LLVMRealOLE, LLVMBuildFMul(g->builder, v_energy, f->v_beta, ""), v_threshold, "");
    } else {
        l_value v_limit = LLVMBuildFNeg(g->builder, f->v_greedy_threshold, "");
        v_accept = LLVMBuildFCmp(g->builder, LLVMRealOLT, v_energy, v_limit, "");
    }
    l_if(g, v_accept, flip, f);
}

l_value gen_single_flips(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->f64, g->ptr, g->i32};
    l_value f = l_begin_function(g, gen_function_name(g, h, "sweep"), g->i64, extra, 5);
    l_value args[] = {LLVMGetParam(f, 4), LLVMGetParam(f, 5), l_i64(g, (h->layout.count + 3) / 4),
                      gen_frame_at(g, h->thresholds)};
    l_call(g, "piece_thresholds", args, 4);
    flips flips = {.v_count = l_variable(g, g->i64, l_i64(g, 0)), .v_beta = LLVMGetParam(f, 3)};
    spin_loop s = {.h = h, .v_field = LLVMGetParam(f, 1), .v_state = LLVMGetParam(f, 2), .body = try_flip, .context = &flips};
    gen_each_spin(g, &s);
    l_end_function(g, l_load(g, g->i64, flips.v_count));
    return f;
}

l_value gen_descend(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr, g->ptr, g->f64};
    l_value f = l_begin_function(g, gen_function_name(g, h, "descend"), g->i64, extra, 3);
    flips flips = {.v_count = l_variable(g, g->i64, l_i64(g, 0)), .v_greedy_threshold = LLVMGetParam(f, 3)};
    spin_loop s = {.h = h, .v_state = LLVMGetParam(f, 1), .v_field = LLVMGetParam(f, 2), .body = try_flip, .context = &flips};
    gen_each_spin(g, &s);
    l_end_function(g, l_load(g, g->i64, flips.v_count));
    return f;
}
