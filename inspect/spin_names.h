/* spin_names.h - spins by name: x[t=3, i=17]. */
#ifndef INSPECT_SPIN_NAMES_H
#define INSPECT_SPIN_NAMES_H

#include "ir/problem.h"
#include "ir/spins.h"

typedef struct named_array {
    const char *name;
    int64_t first, count; /* its spins are first .. first + count - 1, row-major */
    int32_t lowest;       /* 0 or -1 */
    uint32_t rank;
    const char *index[ISG_MAX_RANK];
    int64_t extent[ISG_MAX_RANK];
    ir_span span; /* where it is declared; nowhere in a problem */
} named_array;

typedef struct spin_names {
    const named_array *arrays;
    uint32_t array_count;
    int64_t spins;
} spin_names;

/* In the arena. Index names that stand twice in an array get a number. */
spin_names spin_names_of_anneal(const ir_module *m, ir_op anneal, arena *a);
/* One array, x for {0, 1} and s for {-1, 1}, with one index i. */
spin_names spin_names_of_problem(const problem *p, arena *a);

const char *spin_name(const spin_names *names, int64_t spin, arena *a);
const named_array *spin_array(const spin_names *names, int64_t spin); /* the array it is in */

#endif
