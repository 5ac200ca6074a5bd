/* partition_check.h - an independent check of what `partition` claims. */
#ifndef PASSES_PARTITION_CHECK_H
#define PASSES_PARTITION_CHECK_H

#include "ir/ir.h"

/* Recomputes from the anneal alone, by evaluating every term at every value of its indices: each spin is in exactly one part, no
 * part holds more than `capacity` spins, parts that a coupling joins run in different rounds, rounds are numbered without gaps,
 * and each part severs as many couplings to others as it says. An anneal without parts must fit whole. NULL when all of it holds,
 * or one line saying what does not (in the arena). */
const char *partition_check(const ir_module *m, ir_op anneal, int64_t capacity, arena *a);

#endif
