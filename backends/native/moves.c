/* moves.c - the functions that make the moves that move_plan.c has chosen: `prepare`, `start`, `sweep` and the others of
 * isg_abi_hamiltonian that change states.
 */
#include "backends/native/codegen.h"
#include "backends/native/kernels/dense_work.h"
#include "backends/native/ready.h"

/* ---- the functions ---- */

enum { PREPARE, START, SWEEP, START_READS, SWEEP_READS, FINISH_READS, SPAN, ESTIMATE, LEAN };

static l_value begin(codegen *g, const hamiltonian_plan *h, int part)
{
    static const char *const names[] = {"prepare",      "start", "sweep",    "start_reads", "sweep_reads",
                                        "finish_reads", "span",  "estimate", "lean"};
    static const unsigned counts[] = {1, 2, 5, 2, 4, 3, 3, 2, 2};
    l_type usual[] = {g->ptr, g->ptr, g->f64, g->ptr, g->i32}, reads[] = {g->ptr, g->f64, g->ptr, g->i32};
    l_type result = part == SWEEP || part == SWEEP_READS || part == LEAN ? g->i64 : part == ESTIMATE ? g->f64 : g->void_type;
    l_type *extra = part == SWEEP_READS                    ? reads
                    : part == FINISH_READS || part == SPAN ? (l_type[]){g->ptr, g->ptr, g->ptr}
                                                           : usual;
    return l_begin_function(g, gen_function_name(g, h, names[part]), result, extra, counts[part]);
}

/* ---- single flips in double: the workspace is the fields ---- */

static l_value gen_nothing_to_prepare(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, PREPARE);
    l_end_function(g, NULL);
    return f;
}

static l_value gen_start_fields(codegen *g, const hamiltonian_plan *h, l_value v_fields_of)
{
    l_value f = begin(g, h, START);
    l_value args[] = {g->v_context, LLVMGetParam(f, 2), LLVMGetParam(f, 1)};
    LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(v_fields_of), v_fields_of, args, 3, "");
    l_end_function(g, NULL);
    return f;
}

/* ---- heat bath over groups ---- */

enum { SHAPE_ARGUMENTS = 6, PIECE_ARGUMENTS_MAX = 5 + SHAPE_ARGUMENTS };

/* Calls the piece with the arguments and the shape behind them. */
static l_value call_with_shape(codegen *g, const char *piece, const l_value *arguments, unsigned count, const group_shape *s)
{
    l_value all[PIECE_ARGUMENTS_MAX];
    int64_t shape[SHAPE_ARGUMENTS] = {s->members, s->groups, s->member_stride, s->group_stride, s->lowest, s->rows};
    g->needs_bodies |= s->members > READY_MEMBERS_MAX;
    for (unsigned i = 0; i < count; i++)
        all[i] = arguments[i];
    for (unsigned i = 0; i < SHAPE_ARGUMENTS; i++)
        all[count + i] = l_i64(g, shape[i]);
    return l_call(g, piece, all, count + SHAPE_ARGUMENTS);
}

static l_value gen_group_prepare(codegen *g, const hamiltonian_plan *h)
{
    const move_plan *p = &h->moves;
    l_value f = begin(g, h, PREPARE);
    l_value args[] = {LLVMGetParam(f, 1), gen_frame_at(g, h->fields),
                      p->rows ? gen_frame_at(g, p->rows->coefficients) : l_null(g), gen_frame_at(g, p->uniform->coefficients)};
    call_with_shape(g, "piece_group_prepare", args, 4, &p->shape);
    l_end_function(g, NULL);
    return f;
}

/* A function that is one piece: its parameters behind the context, and the shape. */
static l_value gen_group_part(codegen *g, const hamiltonian_plan *h, int part, const char *piece)
{
    l_value f = begin(g, h, part), args[PIECE_ARGUMENTS_MAX];
    unsigned count = LLVMCountParams(f) - 1;
    for (unsigned i = 0; i < count; i++)
        args[i] = LLVMGetParam(f, i + 1);
    l_value result = call_with_shape(g, piece, args, count, &h->moves.shape);
    l_end_function(g, LLVMTypeOf(result) == g->void_type ? NULL : result);
    return f;
}

static move_functions gen_group_moves(codegen *g, const hamiltonian_plan *h)
{
    move_functions f = {.prepare = gen_group_prepare(g, h),
                        .span = gen_group_part(g, h, SPAN, "piece_group_span"),
                        .start = gen_group_part(g, h, START, "piece_group_start"),
                        .sweep = gen_group_part(g, h, SWEEP, "piece_group_sweep")};
    if (h->moves.side_by_side) {
        f.start_reads = gen_group_part(g, h, START_READS, "piece_reads_start");
        f.sweep_reads = gen_group_part(g, h, SWEEP_READS, "piece_reads_sweep");
        f.finish_reads = gen_group_part(g, h, FINISH_READS, "piece_reads_finish");
    }
    return f;
}

/* ---- dense: single flips ---- */

static void gen_families(codegen *g, const hamiltonian_plan *h, l_value v_work)
{
    const move_plan *p = &h->moves;
    for (uint32_t i = 0; i < p->family_count; i++) {
        const exchange_family *f = &p->families[i];
        l_value args[] = {v_work,
                          l_i64(g, p->behind),
                          l_i64(g, i),
                          l_i64(g, f->base),
                          l_i64(g, f->members),
                          l_i64(g, f->groups),
                          l_i64(g, f->member_stride),
                          l_i64(g, f->group_stride),
                          l_i64(g, p->crosses)};
        l_call(g, "piece_exchange_family", args, 9);
    }
}

static l_value gen_dense_prepare(codegen *g, const hamiltonian_plan *h, l_value v_couplings_of)
{
    const move_plan *p = &h->moves;
    l_value f = begin(g, h, PREPARE);
    l_value v_work = LLVMGetParam(f, 1), v_linear = gen_frame_at(g, h->fields), v_spins = l_i64(g, h->layout.count),
            v_lowest = l_i64(g, h->layout.lowest[0]);
    if (p->gathers) {
        l_value args[] = {g->v_context, v_work, v_linear, v_couplings_of, v_spins, v_lowest, l_i64(g, p->family_count)};
        gen_families(g, h, v_work);
        l_call(g, "piece_dense_gather", args, 7);
    } else {
        l_value v_rows = p->rows ? gen_frame_at(g, p->rows->coefficients) : l_null(g);
        l_value v_uniform = p->uniform ? gen_frame_at(g, p->uniform->coefficients) : l_null(g);
        l_value v_bytes = l_i64(g, p->rows ? term_number_bytes(p->rows) : 0);
        l_value args[] = {v_work, v_linear, v_rows, v_bytes, v_uniform, v_spins, v_lowest};
        l_call(g, "piece_dense_prepare", args, 7);
    }
    l_end_function(g, NULL);
    return f;
}

static l_value gen_dense_span(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, SPAN);
    l_value args[] = {LLVMGetParam(f, 1), LLVMGetParam(f, 2), LLVMGetParam(f, 3)};
    l_call(g, "piece_dense_span", args, 3);
    l_end_function(g, NULL);
    return f;
}

static l_value gen_dense_lean(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, LEAN);
    l_value args[] = {LLVMGetParam(f, 1), LLVMGetParam(f, 2), l_i64(g, h->layout.count), l_i64(g, h->layout.lowest[0])};
    l_end_function(g, l_call(g, "piece_dense_lean", args, 4));
    return f;
}

static l_value gen_dense_start(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, START);
    l_value args[] = {LLVMGetParam(f, 1), LLVMGetParam(f, 2), l_i64(g, h->layout.count)};
    l_call(g, "piece_dense_start", args, 3);
    l_end_function(g, NULL);
    return f;
}

static l_value gen_dense_sweep(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, SWEEP);
    l_value args[] = {LLVMGetParam(f, 1), LLVMGetParam(f, 2),        LLVMGetParam(f, 3),           LLVMGetParam(f, 4),
                      LLVMGetParam(f, 5), l_i64(g, h->layout.count), l_i64(g, h->layout.lowest[0])};
    l_end_function(g, l_call(g, h->moves.family_count ? "piece_exchange_sweep" : "piece_dense_sweep", args, 7));
    return f;
}

static l_value gen_dense_estimate(codegen *g, const hamiltonian_plan *h)
{
    l_value f = begin(g, h, ESTIMATE);
    l_value args[] = {LLVMGetParam(f, 1), LLVMGetParam(f, 2)};
    l_end_function(g, l_call(g, "piece_dense_estimate", args, 2));
    return f;
}

/* ---- lists: single flips and exchanges ---- */

static l_value gen_lists_prepare(codegen *g, const hamiltonian_plan *h, l_value v_couplings_of)
{
    const move_plan *p = &h->moves;
    l_value f = begin(g, h, PREPARE), v_work = LLVMGetParam(f, 1);
    l_value args[] = {g->v_context,
                      v_work,
                      gen_frame_at(g, h->fields),
                      v_couplings_of,
                      l_i64(g, h->layout.count),
                      l_i64(g, h->layout.lowest[0]),
                      l_i64(g, p->capacity),
                      l_i64(g, p->behind)};
    gen_families(g, h, v_work);
    l_call(g, "piece_lists_prepare", args, 8);
    l_end_function(g, NULL);
    return f;
}

/* A function that is one piece: its parameters behind the context. */
static l_value gen_lists_part(codegen *g, const hamiltonian_plan *h, int part, const char *piece)
{
    l_value f = begin(g, h, part), args[6];
    unsigned count = LLVMCountParams(f) - 1;
    for (unsigned i = 0; i < count; i++)
        args[i] = LLVMGetParam(f, i + 1);
    if (part == SWEEP)
        args[count++] = l_i64(g, h->moves.behind);
    l_value result = l_call(g, piece, args, count);
    l_end_function(g, LLVMTypeOf(result) == g->void_type ? NULL : result);
    return f;
}

move_functions gen_moves(codegen *g, const hamiltonian_plan *h, l_value v_fields_of, l_value v_couplings_of)
{
    if (h->moves.form == MOVES_GROUPS)
        return gen_group_moves(g, h);
    if (h->moves.form == MOVES_DENSE)
        return (move_functions){.prepare = gen_dense_prepare(g, h, v_couplings_of),
                                .span = gen_dense_span(g, h),
                                .lean = gen_dense_lean(g, h),
                                .start = gen_dense_start(g, h),
                                .sweep = gen_dense_sweep(g, h),
                                .estimate = gen_dense_estimate(g, h)};
    if (h->moves.form == MOVES_LISTS)
        return (move_functions){.prepare = gen_lists_prepare(g, h, v_couplings_of),
                                .span = gen_lists_part(g, h, SPAN, "piece_lists_span"),
                                .start = gen_lists_part(g, h, START, "piece_lists_start"),
                                .sweep = gen_lists_part(g, h, SWEEP, "piece_lists_sweep"),
                                .estimate = gen_lists_part(g, h, ESTIMATE, "piece_lists_estimate")};
    return (move_functions){
        .prepare = gen_nothing_to_prepare(g, h), .start = gen_start_fields(g, h, v_fields_of), .sweep = gen_single_flips(g, h)};
}
