/* verifier.h - inside the verifier: what it knows while it walks, and its parts. */
#ifndef IR_VERIFIER_H
#define IR_VERIFIER_H

#include "ir/ir.h"

typedef struct verifier {
    const ir_module *module;
    arena *arena;
    const char *fault; /* the first one found */
    const ir_function *function;
    const ir_op_data *op;       /* being checked, or NULL */
    uint32_t function_number;   /* from 1 */
    uint32_t *defined_in;       /* by value: the function whose walk has passed its definition */
    ARENA_LIST(ir_index) scope; /* indices in scope */
} verifier;

/* Keeps the first fault, in front of it the function and the operation; always false. */
bool verifier_fail(verifier *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* verify.c */
bool verifier_value(verifier *v, ir_value value, const char *what); /* defined before this place */

/* verify_expr.c: true when nothing is wrong. */
bool verifier_expr(verifier *v, ir_expr e, const char *what);
bool verifier_condition(verifier *v, ir_expr e, const char *what);
bool verifier_indices(verifier *v, const ir_index *indices, uint32_t count); /* brings them into scope */
bool verifier_terms(verifier *v, const ir_spins *spins, uint32_t spins_count, const ir_term *terms, uint32_t count);

/* verify_types.c: the result types of v->op against its operands, as far as both are known. */
bool verifier_types(verifier *v);

#endif
