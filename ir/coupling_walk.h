/* coupling_walk.h - visits the pairs of spins that a quadratic term couples, whatever the coefficients will be.
 *
 * Subscripts and conditions are compiled to linear forms first, so that a pair costs some ten nanoseconds; what is not linear is
 * evaluated as an expression.
 */
#ifndef IR_COUPLING_WALK_H
#define IR_COUPLING_WALK_H

#include "ir/spins.h"

/* Returns false to stop the walk. */
typedef bool (*coupling_visit)(void *context, uint32_t first, uint32_t second);

/* Pairs in index order. `coarse`: indices of the first spin alone take only their first and last value, which is
 * enough to tell what hangs together. Returns false when `visit` stopped it. */
bool coupling_walk(const ir_module *m, const spin_layout *layout, const ir_term *term, bool coarse, arena *a,
                   coupling_visit visit, void *context);

#endif
