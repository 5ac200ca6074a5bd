/* moves.c - which moves a sweep makes, chosen by the form of the terms, and the functions that make them:
 * `prepare`, `start` and `sweep` of isg_abi_hamiltonian. backends/native/README.md tells the forms.
 */
#include "backends/native/codegen.h"

/* ---- planning ---- */

void plan_moves(codegen *g, hamiltonian_plan *h)
{
    (void)g;
    h->moves = (move_plan){MOVES_SINGLE, h->layout.count * 8, "single flips"};
}

/* ---- single flips in double: the workspace is the fields ---- */

static l_value gen_nothing_to_prepare(codegen *g, const hamiltonian_plan *h)
{
    l_type extra[] = {g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "prepare"), g->void_type, extra, 1);
    l_end_function(g, NULL);
    return f;
}

static l_value gen_start_fields(codegen *g, const hamiltonian_plan *h, l_value v_fields_of)
{
    l_type extra[] = {g->ptr, g->ptr};
    l_value f = l_begin_function(g, gen_function_name(g, h, "start"), g->void_type, extra, 2);
    l_value args[] = {g->v_context, LLVMGetParam(f, 2), LLVMGetParam(f, 1)};
    LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(v_fields_of), v_fields_of, args, 3, "");
    l_end_function(g, NULL);
    return f;
}

move_functions gen_moves(codegen *g, const hamiltonian_plan *h, l_value v_fields_of)
{
    return (move_functions){gen_nothing_to_prepare(g, h), gen_start_fields(g, h, v_fields_of), gen_single_flips(g, h)};
}
