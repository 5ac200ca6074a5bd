/* infer.h - inside infer-shapes: what its files share.
 *
 * infer_shapes.c walks the operations, infer_ops.c has the rules of tensor operations, infer_weights.c
 * those about parameters, infer_bind.c matches arguments with signatures, infer_expr.c types expressions
 * and makes their elements complete, check_expr.c checks what values and subscripts they take.
 */
#ifndef PASSES_INFER_H
#define PASSES_INFER_H

#include "passes/pass.h"

/* A shape, or the absence of one after a reported error. */
typedef struct shape {
    bool poison;
    int32_t rank;
    int64_t dim[ISG_MAX_RANK];
} shape;

/* What is known at compile time of a scalar value. */
typedef struct known_number {
    bool known;
    double number;
} known_number;

typedef struct infer {
    ir_module *m;
    ir_function *function;
    ARENA_LIST(ir_op) ops;   /* the function's operations as they will be */
    uint32_t site;           /* of the operation at work */
    bool *failed_sites;      /* by site: the call did not fit its signature */
    known_number *numbers;   /* by value: scalars that expressions read as a number: shape names, constants, constant `let`s */
    known_number *constants; /* by value: scalars that are computed from constants */
    uint32_t value_count;    /* length of the two */
    ARENA_LIST(ir_value) unsolved;  /* spins whose Hamiltonian became poison */
    ARENA_LIST(ir_expr) of_nothing; /* means, minima and maxima of empty axes, to be refused where reached */
    int64_t trials_left;            /* budget of index_range.h for subscripts */
    int64_t value_trials_left;      /* the same for values; when it is spent, the run-time checks remain */
} infer;

/* An error at `span` in the operation at work, with a note for each call it was inlined from. */
diagnostic *infer_error(infer *in, ir_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));

const char *shape_text(infer *in, const int64_t *dim, int32_t rank); /* "[16, 4]", "[]" */
ir_type type_of(const infer *in, ir_value v);
known_number known_element(const infer *in, ir_value v);

/* Types the result, refusing more than 2^31 elements. */
void infer_result(infer *in, ir_op op, ir_type type);
/* The operation becomes poison; its error was reported. */
void infer_poison(infer *in, ir_op op);
void infer_push(infer *in, ir_op op);

/* A value as float32: itself, or behind a `to_f32`. */
ir_value infer_as_float(infer *in, ir_value v, ir_span span);

/* infer_ops.c: checks and types one tensor operation whose operands are free of poison. False after
 * reporting an error. */
bool infer_tensor_op(infer *in, ir_op op);

/* infer_weights.c */
bool infer_group(infer *in, ir_op op); /* the path exists, as a parameter or a group */
bool infer_load(infer *in, ir_op op);  /* `load` becomes `param` */
bool infer_param(infer *in, ir_op op);
/* The member `name` of the group as a `param`; 0 when the weights have none. */
ir_value infer_member(infer *in, ir_value group, const char *name, ir_span span);
const char *infer_group_path(const infer *in, ir_value group);          /* NULL: not a group */
bool infer_member_missing(infer *in, ir_value group, const char *name); /* reports it; returns false */

/* infer_bind.c: false when the arguments do not fit. */
bool infer_bind(infer *in, ir_op op);

/* infer_expr.c: the expression with complete elements, explicit reductions and numeric extents, and the
 * shape that remains. */
ir_expr infer_expr(infer *in, ir_expr e, shape *out);
/* The same for a condition (0: none); *poison is set after an error. */
ir_expr infer_condition(infer *in, ir_expr e, bool *poison);
/* A constant after shape names are known: its value. False after reporting. */
bool infer_constant(infer *in, ir_expr *e, double *out);
bool infer_integer(infer *in, ir_expr *e, const char *what, int64_t least, int64_t *out);
/* Puts numbers into the extents. */
bool infer_extents(infer *in, const ir_index *indices, uint32_t count);

/* check_expr.c: checks subscripts and constants of a completed expression that is evaluated for every
 * combination of `indices` where `condition` (0: always). False after reporting an error. */
bool check_expr(infer *in, const ir_index *indices, uint32_t count, ir_expr condition, ir_expr e);

#endif
