/* roof_duality.h - spins whose values a maximum flow proves. */
#ifndef PASSES_PROBLEM_ROOF_DUALITY_H
#define PASSES_PROBLEM_ROOF_DUALITY_H

#include "passes/problem/problem_pass.h"
#include "passes/problem/scaled.h"

/* value [s->spins] becomes -1 or 1 where every ground state has that value, 0 elsewhere: of any state, setting
 * all these spins so lowers the energy unless they are set so. */
isg_status roof_duality(const scaled *s, int8_t *value, roof_outcome *outcome, isg_error *error);

#endif
