/* conditions.h - inside lower-hamiltonian: what the conditions of a monomial say about its indices. */
#ifndef PASSES_CONDITIONS_H
#define PASSES_CONDITIONS_H

#include "ir/linear_form.h"
#include "passes/polynomial.h"

typedef enum condition_verdict { CONDITION_OPEN, CONDITION_TRUE, CONDITION_FALSE } condition_verdict;

/* A comparison `difference op 0`; kind EXPR_KIND_COUNT when the condition is not one of linear forms. */
typedef struct comparison {
    ir_expr_kind kind;
    linear_form difference;
} comparison;

comparison comparison_of(const ir_module *m, ir_expr condition);
bool linear_form_equal(const linear_form *a, const linear_form *b);
/* a == -b. */
bool linear_form_opposite(const linear_form *a, const linear_form *b);

condition_verdict condition_decide(const ir_module *m, ir_expr condition);
bool condition_equal(const ir_module *m, ir_expr a, ir_expr b);

/* Splits conjunctions and drops what always holds. False when some condition never holds. */
bool conditions_flatten(ir_module *m, expr_list *conditions);

/* Where `difference` stands among the conditions with one of EXPR_NOT_EQUAL, LESS, GREATER, LESS_EQUAL,
 * GREATER_EQUAL: that relation of difference to 0, or EXPR_KIND_COUNT. *at tells which condition. */
ir_expr_kind conditions_relation(const ir_module *m, const expr_list *conditions, const linear_form *difference, uint32_t *at);

ir_expr conditions_join(ir_module *m, const expr_list *conditions); /* 0 when there are none */

#endif
