/* constant.h - evaluating constants at compile time, within reason. */
#ifndef PASSES_CONSTANT_H
#define PASSES_CONSTANT_H

#include "ir/ir.h"

/* As ir_expr_evaluate without free indices, but false as well for sums that would take long. */
bool constant_evaluate(const ir_module *m, ir_expr e, double *out);

#endif
