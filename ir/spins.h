/* spins.h - the spins of an anneal: their numbering, and which of them are coupled at all.
 *
 * Spins are numbered 0 .. count-1: arrays in order of declaration, row-major within.
 */
#ifndef IR_SPINS_H
#define IR_SPINS_H

#include "ir/ir.h"

typedef struct spin_layout {
    uint32_t array_count;
    int64_t *base; /* [array_count]: the number of the array's first spin */
    int64_t (*stride)[ISG_MAX_RANK];
    int64_t *size;   /* [array_count] */
    int32_t *lowest; /* [array_count]: 0 or -1 */
    int64_t count;
} spin_layout;

/* In the arena `a`. The extents must be numbers. */
spin_layout spin_layout_of(const ir_module *m, ir_op anneal, arena *a);

/* Labels the connected groups of spins, counting a coupling wherever a term's condition lets one be, whatever
 * its coefficient: label[count], groups numbered in order of their first spin. Returns the number of groups. A
 * problem too large to settle within a few million steps counts as one group. */
int64_t spin_groups(const ir_module *m, ir_op anneal, arena *a, uint32_t *label);

#endif
