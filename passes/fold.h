/* fold.h - inside fold: what its files share. */
#ifndef PASSES_FOLD_H
#define PASSES_FOLD_H

#include "passes/pass.h"

/* What was found out about a value. */
typedef struct folded_value {
    bool known;
    double number;        /* known: every element of it is this number */
    ir_value replacement; /* 0, or an earlier value that is the same */
} folded_value;

typedef struct fold {
    ir_module *m;
    folded_value *values; /* by value */
    ir_op *table;         /* of operations met, by hash; open addressing */
    uint32_t table_size;
    ir_op *chain; /* by operation: the next of the same hash */
} fold;

/* fold_expr.c: an ir_expr_mapper; context is the fold. Conditions that are decided become numbers. */
ir_expr fold_node(ir_module *m, ir_expr e, void *context);

/* cse.c: an earlier operation equal to this one, or 0 after noting this one for later. */
ir_op cse_find(fold *f, ir_op op);

#endif
