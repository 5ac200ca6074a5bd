/* constant.c - evaluating constants within reason (constant.h). */
#include "passes/constant.h"

static const double MAX_COST = 100000; /* visits of nodes */

/* How many nodes evaluation visits at most; above MAX_COST the exact figure does not matter. */
static double cost(const ir_module *m, ir_expr e)
{
    if (!e)
        return 0;
    const ir_expr_data data = *ir_expr_get(m, e);
    double inside = cost(m, data.condition), times = 1;
    for (uint32_t i = 0; i < data.arg_count && inside <= MAX_COST; i++)
        inside += cost(m, data.args[i]);
    for (uint32_t i = 0; i < data.index_count; i++) {
        int64_t extent = ir_index_extent(m, data.indices[i]);
        times *= extent < 0 ? MAX_COST : (double)extent;
    }
    return 1 + inside * times;
}

bool constant_evaluate(const ir_module *m, ir_expr e, double *out)
{
    return cost(m, e) <= MAX_COST && ir_expr_evaluate(m, e, NULL, NULL, 0, out);
}
