/* index_range.h - which values index expressions take where they are evaluated.
 *
 * A scope holds the indices of the enclosing binders and the conditions that guard a place. A question
 * is answered exactly: by linear bounds where they suffice, else by trying the combinations of the
 * indices that matter, within a budget that the whole pass shares.
 */
#ifndef PASSES_INDEX_RANGE_H
#define PASSES_INDEX_RANGE_H

#include "ir/ir.h"

enum { INDEX_SCOPE_MAX = 64, INDEX_TRIALS_MAX = 10000000 };

typedef struct index_scope {
    const ir_module *m;
    ARENA_LIST(ir_index) indices;
    ARENA_LIST(ir_expr) conditions; /* all hold here; none is an `and` */
    int64_t *trials_left;
} index_scope;

typedef struct index_mark {
    uint32_t indices, conditions;
} index_mark;

/* Extents must be numbers. A condition of 0 stands for none. */
void index_scope_enter(index_scope *s, const ir_index *indices, uint32_t count, ir_expr condition);
index_mark index_scope_mark(const index_scope *s);
void index_scope_leave(index_scope *s, index_mark to);

typedef enum index_test {
    INDEX_ANY,     /* any combination at all */
    INDEX_OUTSIDE, /* the expression is not a whole number from 0 to size-1 */
    INDEX_ZERO,    /* it is 0 */
    INDEX_NOT_FINITE
} index_test;

typedef enum index_answer { INDEX_NEVER, INDEX_FOUND, INDEX_UNDECIDED } index_answer;

/* The first combination, in the order of the scope, that the test holds for. */
typedef struct index_witness {
    double value;      /* of the expression */
    const char *where; /* "i = 7, j = 0"; empty without indices; in the arena */
} index_witness;

/* Looks for a combination that is reached and passes the test. `e` is of numbers, indices of the scope
 * and arithmetic (0 for INDEX_ANY); `size` serves INDEX_OUTSIDE. */
index_answer index_scope_find(index_scope *s, ir_expr e, index_test test, int64_t size, index_witness *out);

/* Whether linear bounds alone show that e is a whole number from 0 to size-1. */
bool index_scope_is_within(const index_scope *s, ir_expr e, int64_t size);

#endif
