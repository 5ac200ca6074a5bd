/* structure.h - what a Hamiltonian is, before any number is known: its terms in index notation, what each couples, the groups
 * of spins that penalties tie together.
 */
#ifndef INSPECT_STRUCTURE_H
#define INSPECT_STRUCTURE_H

#include "inspect/distribution.h"
#include "inspect/spin_names.h"

/* The coefficients of one term, known when inputs are: one a combination of its indices, zeros included. */
typedef struct term_numbers {
    double *values;
    int64_t count; /* of the values */
} term_numbers;

/* A term in index notation, with the sign in front: "- 2 * sum[t, i, j : i < j] J[t, i, j] * x[t, i] * x[t, j]". */
const char *structure_term_text(const ir_module *m, ir_op anneal, const ir_term *term, arena *a);

/* How many combinations of its indices the term runs over. Not *exact when there are too many to look at each: then those that
 * its condition leaves out are counted as well. */
int64_t structure_term_count(const ir_module *m, ir_op anneal, const ir_term *term, arena *a, bool *exact);

/* `terms` of README.md; numbers [terms], or NULL. */
json_t *structure_terms(arena *a, const ir_module *m, ir_op anneal, const term_numbers *numbers);
/* `groups` of README.md. */
json_t *structure_groups(arena *a, const ir_module *m, ir_op anneal);
/* `arrays` of README.md; m is NULL for a problem's. */
json_t *structure_arrays(arena *a, const ir_module *m, ir_op anneal, const spin_names *names);
const char *structure_formula(const ir_module *m, ir_op anneal, arena *a);

#endif
