/* linear_form.h - integer expressions of indices as linear forms: sum of factor * index + constant. */
#ifndef IR_LINEAR_FORM_H
#define IR_LINEAR_FORM_H

#include "ir/ir.h"

enum { LINEAR_FORM_MAX = 8 };

typedef struct linear_form {
    bool linear; /* false: the expression is not of this form, the rest is meaningless */
    uint32_t count;
    ir_index index[LINEAR_FORM_MAX]; /* distinct */
    int64_t factor[LINEAR_FORM_MAX]; /* not zero */
    int64_t constant;
} linear_form;

linear_form linear_form_of(const ir_module *m, ir_expr e);
linear_form linear_form_subtract(linear_form a, linear_form b);
ir_expr linear_form_to_expr(ir_module *m, const linear_form *f, ir_span span);

/* Least and greatest value over the ranges of the indices. False when not linear or a range is unknown. */
bool linear_form_bounds(const ir_module *m, const linear_form *f, int64_t *least, int64_t *greatest);

#endif
