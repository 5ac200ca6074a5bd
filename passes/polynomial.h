/* polynomial.h - inside lower-hamiltonian: polynomials in spins, in index notation.
 *
 * A monomial is the sum over its indices, where its condition holds, of coefficient * product of spins.
 * Expanding an energy gives a list of them; canonical.c then brings each to the form of an ir_term.
 */
#ifndef PASSES_POLYNOMIAL_H
#define PASSES_POLYNOMIAL_H

#include "ir/ir.h"

enum { MONOMIAL_SPINS_MAX = 16, POLYNOMIAL_MONOMIALS_MAX = 20000 };

typedef ARENA_LIST(ir_index) index_list;
typedef ARENA_LIST(ir_expr) expr_list;

typedef struct monomial {
    index_list indices;
    expr_list conditions; /* all must hold */
    ir_expr coefficient;  /* 0: one */
    ir_spin_ref spins[MONOMIAL_SPINS_MAX];
    uint32_t spin_count;
    ir_span span; /* the product in the source */
} monomial;

typedef ARENA_LIST(monomial) polynomial;
typedef ARENA_LIST(ir_term) term_list;

/* The Hamiltonian being lowered: its spin arrays, and which values depend on them. */
typedef struct spin_scope {
    ir_module *m;
    const ir_value *spins; /* array k is value spins[k] */
    uint32_t spin_count;
    const ir_spins *arrays; /* the same, described */
    bool failed;            /* an error was reported */
} spin_scope;

/* The number of the spin array that `v` is, or -1. */
int spin_scope_array(const spin_scope *s, ir_value v);
/* Whether the expression reads a spin, itself or through maps. */
bool spin_scope_reads(const spin_scope *s, ir_expr e);

/* Expands `e`; maps that read spins are substituted, bound indices are fresh. */
polynomial polynomial_expand(spin_scope *s, ir_expr e);

/* Brings the monomials to canonical terms, adding up like ones: x*x = x or s*s = 1, no spin paired with
 * itself, each symmetric pair once, indices without a spin summed in the coefficient. Reports degrees above 2. */
term_list polynomial_canonical(spin_scope *s, polynomial p);

#endif
