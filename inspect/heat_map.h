/* heat_map.h - couplings as a small picture: at most 128 by 128 bytes, larger matrices as means over square blocks. */
#ifndef INSPECT_HEAT_MAP_H
#define INSPECT_HEAT_MAP_H

#include "inspect/value.h"
#include "ir/problem.h"

enum { HEAT_MAP_SIDE = 128, HEAT_MAP_LEVELS = 254 };

/* MATRIX of README.md: both triangles of the couplings between spins first .. first + count - 1, the diagonal zero. */
json_t *heat_map(arena *a, const problem *p, int64_t first, int64_t count);

#endif
