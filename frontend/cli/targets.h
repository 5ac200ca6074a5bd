/* targets.h - targets for programs, in JSON. */
#ifndef CLI_TARGETS_H
#define CLI_TARGETS_H

#include "backends/target.h"
#include "frontend/cli/cli.h"

/* On stdout: an object with the keys of the YAML file and what follows from them: `variables`, `topology_spins`,
 * `topology_couplings`, `complete_graph`. Unlimited, unknown and absent are null. With `list` an array of such objects.
 * Returns the exit status. */
int targets_print_json(cli *c, const target *const *targets, uint32_t count, bool list);

#endif
