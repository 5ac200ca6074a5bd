/* interval.h - how sure a measured share is, and the time to solution that follows from it. */
#ifndef INSPECT_INTERVAL_H
#define INSPECT_INTERVAL_H

#include <stdint.h>

typedef struct interval {
    double value, low, high;
} interval;

/* hits of trials, with Wilson's score interval at 95 % (E. B. Wilson, JASA 22 (1927) 209): unlike the usual one it stays
 * in 0..1 and says something at 0 hits and at all. Of no trials 0, in 0..1. */
interval interval_of_share(int64_t hits, int64_t trials);

/* What must be spent so that with probability 0.99 one trial at least succeeds, when one costs `cost` and succeeds with
 * probability p: cost * max(1, ln 0.01 / ln(1 - p)) (Ronnow et al., Science 345 (2014) 420). The ends are those of p, turned
 * round; INFINITY where p is 0. */
interval interval_to_solution(interval p, double cost);

#endif
