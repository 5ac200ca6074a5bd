/* expr_apply.h - what the operators of expressions do to numbers, in double arithmetic, conditions being 0 or 1. */
#ifndef IR_EXPR_APPLY_H
#define IR_EXPR_APPLY_H

#include "ir/ir.h"

#include <math.h>

/* How many numbers an operator takes; 0: it is none (ir_expr_apply knows none of these). */
static inline int ir_expr_operands(ir_expr_kind kind)
{
    if (kind == EXPR_NEGATE || (kind >= EXPR_SQRT && kind <= EXPR_TANH) || kind == EXPR_NOT)
        return 1;
    return (kind >= EXPR_ADD && kind <= EXPR_MAX) || (kind >= EXPR_EQUAL && kind <= EXPR_OR) ? 2 : 0;
}

/* b counts only where there are two operands. */
static inline double ir_expr_apply(ir_expr_kind kind, double a, double b)
{
    switch (kind) {
    case EXPR_NEGATE:
        return -a;
    case EXPR_ADD:
        return a + b;
    case EXPR_SUBTRACT:
        return a - b;
    case EXPR_MULTIPLY:
        return a * b;
    case EXPR_DIVIDE:
        return a / b;
    case EXPR_SQRT:
        return sqrt(a);
    case EXPR_EXP:
        return exp(a);
    case EXPR_LOG:
        return log(a);
    case EXPR_ABS:
        return fabs(a);
    case EXPR_TANH:
        return tanh(a);
    case EXPR_MIN:
        return b < a ? b : a;
    case EXPR_MAX:
        return b > a ? b : a;
    case EXPR_EQUAL:
        return a == b;
    case EXPR_NOT_EQUAL:
        return a != b;
    case EXPR_LESS:
        return a < b;
    case EXPR_LESS_EQUAL:
        return a <= b;
    case EXPR_GREATER:
        return a > b;
    case EXPR_GREATER_EQUAL:
        return a >= b;
    case EXPR_AND:
        return a != 0 && b != 0;
    case EXPR_OR:
        return a != 0 || b != 0;
    default: /* EXPR_NOT */
        return a == 0;
    }
}

#endif
