/* cut.h - cuts a problem's graph into parts that a machine holds, by METIS, so that little coupling is severed. */
#ifndef BACKENDS_SOLVE_CUT_H
#define BACKENDS_SOLVE_CUT_H

#include "ir/problem.h"

typedef struct cut_parts {
    const isg_allocator *allocator;
    int64_t spins;
    int32_t count;
    int64_t *start;  /* [spins + 2]: of each part in `spin`, and its end; count + 1 are used */
    uint32_t *spin;  /* [spins]: part by part, ascending in each; none is empty */
    double severed;  /* sum of the magnitudes of couplings between parts */
    double coupling; /* and of all */
} cut_parts;

/* Parts of at most `capacity` spins. Where METIS does not find any (or the graph is too large for it), parts are runs of spins in
 * order. Settings and seed are fixed: the same problem gives the same parts. */
isg_status cut_open(cut_parts *c, const problem *p, const problem_rows *rows, int64_t capacity, isg_error *error);
void cut_close(cut_parts *c);

#endif
