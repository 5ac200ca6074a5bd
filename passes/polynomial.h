/* polynomial.h - inside lower-hamiltonian: polynomials in spins, in index notation.
 *
 * A monomial is the sum over its indices, where its condition holds, of coefficient * product of spins.
 * Expanding an energy gives a list of them; canonical.c then brings each to the form of an ir_term.
 */
#ifndef PASSES_POLYNOMIAL_H
#define PASSES_POLYNOMIAL_H

#include "ir/ir.h"

/* What one energy may expand into, and what may be looked at and made on the way there. */
enum {
    MONOMIAL_SPINS_MAX = 8,
    POLYNOMIAL_MONOMIALS_MAX = 20000,
    POLYNOMIAL_WORK_MAX = 300000,
    POLYNOMIAL_EXPRS_MAX = 500000,
    POLYNOMIAL_FAULTS_MAX = 100, /* a fault in a let is met at each of its uses */
    POLYNOMIAL_DEPTH_MAX = 5000  /* expressions in one another, through maps; the expansion is recursive */
};

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
    ir_span span;           /* the energy */
    const bool *reads;      /* by value: one of `spins`, or a map that reads one, itself or through maps */
    uint32_t value_count;   /* of `reads`; values made later read none */
    uint32_t exprs_before;  /* of the module, when the expansion began */
    uint64_t work;          /* expressions expanded and monomials made so far */
    uint32_t depth;         /* expressions around the one being expanded */
    uint32_t faults;        /* reported so far */
    bool failed;            /* an error was reported */
    bool exhausted;         /* the energy became too large; no more is expanded */
} spin_scope;

/* The number of the spin array that `v` is, or -1. */
int spin_scope_array(const spin_scope *s, ir_value v);
/* Whether the expression reads a spin, itself or through maps; needs only m and reads. */
bool spin_scope_reads(const spin_scope *s, ir_expr e);

/* Expands `e`; maps that read spins are substituted, bound indices are fresh. Reports every fault, and an energy that
 * becomes too large. */
polynomial polynomial_expand(spin_scope *s, ir_expr e);

/* Merges the spins of a product that are the same one: x*x = x, s*s = 1. */
void monomial_reduce(spin_scope *s, monomial *t);

/* Brings the monomials to canonical terms, adding up like ones: x*x = x or s*s = 1, no spin paired with
 * itself, each symmetric pair once, indices without a spin summed in the coefficient. Reports degrees above 2. */
term_list polynomial_canonical(spin_scope *s, polynomial p);

#endif
