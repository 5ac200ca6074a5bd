/* build.h - from the checked tree to a module at STAGE_CALLS (ir/README.md says how each thing is spelled). */
#ifndef FRONTEND_BUILD_H
#define FRONTEND_BUILD_H

#include "frontend/sema.h"

void build_module(const sema *s);

/* ---- between build_*.c ---- */

typedef struct builder {
    const sema *sema;
    ir_module *module;
    arena *arena;
    ir_function *function;
    uint32_t call_results; /* of all calls of Hamiltonians */
} builder;

ir_op build_op(builder *b, ir_opcode code, const ir_value *operands, uint32_t count, uint32_t results, ir_span span);
ir_value build_poison(builder *b, ir_span span);
/* Names a value that has no name yet. */
void build_name(builder *b, ir_value value, ast_name name);
/* A constant as an expression of numbers and symbols. */
ir_expr build_constant(builder *b, const ast_expr *e);
/* The constant that a let stands for, or the range of an index. */
ir_expr build_symbol_value(builder *b, symbol *sym);
/* Shared by constants and index notation: the node of an operator or function. */
ir_expr_kind build_kind(const ast_expr *e);
void build_graph_body(builder *b, const ast_item *item);
void build_hamiltonian_body(builder *b, const ast_item *item);

#endif
