/* split_independent.c - finds Hamiltonians whose spins fall apart.
 *
 * Requires: stage `ising`.
 * Establishes: every anneal states its number of uncoupled groups. A group is a problem of its own: the runtime keeps
 * the best read of each, and may solve them apart. The groups themselves are an analysis, recomputed where
 * needed (spins.h); they are not written out, so that the text stays as short as the terms.
 */
#include "ir/spins.h"
#include "passes/pass.h"

void pass_split_independent(ir_module *m, const pass_options *options)
{
    (void)options;
    for (uint32_t f = 0; f < m->functions.count; f++) {
        ir_function *function = m->functions.at[f];
        for (uint32_t i = 0; i < function->ops.count; i++) {
            ir_op op = function->ops.at[i];
            if (ir_op_get(m, op)->code != OP_ANNEAL)
                continue;
            spin_layout layout = spin_layout_of(m, op, m->arena);
            uint32_t *label = ARENA_ARRAY(m->arena, uint32_t, (size_t)layout.count);
            int64_t groups = spin_groups(m, op, m->arena, label);
            *ir_op_attribute(m, op, "groups") = (ir_attribute){.present = true, .number = groups};
        }
    }
}
