/* partition.h - inside partition: ways to cut an anneal, and what they sever. */
#ifndef PASSES_PARTITION_H
#define PASSES_PARTITION_H

#include "ir/coupling_walk.h"
#include "passes/pass.h"

#define PARTITION_UNKNOWN UINT32_MAX

/* The spins in units that are not to be cut. Units are numbered in the order in which parts are filled. */
typedef struct cut_units {
    uint32_t *unit; /* [spins] */
    uint32_t count;
} cut_units;

/* The parts that follow, and what they cost. */
typedef struct cut {
    uint32_t *part; /* [spins] */
    uint32_t count;
    int64_t severed_ties; /* couplings cut that are the same constant, positive whatever the data: mutual penalties */
    int64_t severed;      /* couplings cut */
} cut;

typedef struct partition_problem {
    ir_module *m;
    ir_op op;
    spin_layout layout;
    const ir_term *terms;
    uint32_t term_count;
    int64_t capacity;
} partition_problem;

/* Whether the term couples by one constant penalty. */
bool partition_is_tie(const partition_problem *p, const ir_term *term);

/* Units of equal coordinate along one axis of an array; axes that terms index alike follow it. False when some
 * array has no such axis. */
bool partition_axis_units(const partition_problem *p, uint32_t array, uint32_t axis, cut_units *out);
/* Units that constant penalties tie together. */
void partition_tied_units(const partition_problem *p, cut_units *out);
/* METIS on the pattern of couplings (Karypis, Kumar 1998), units being single spins. False when the
 * pattern is too large or METIS fails to respect the capacity. */
bool partition_metis(const partition_problem *p, cut *out);

/* Fills parts with whole units in order, evenly. False when a unit exceeds the capacity. */
bool partition_fill(const partition_problem *p, const cut_units *units, cut *out);
/* Counts what the cut severs. */
void partition_weigh(const partition_problem *p, cut *c);

#endif
