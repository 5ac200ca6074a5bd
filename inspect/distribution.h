/* distribution.h - how numbers are spread: least, greatest, mean, root mean square, zeros and a histogram. */
#ifndef INSPECT_DISTRIBUTION_H
#define INSPECT_DISTRIBUTION_H

#include "inspect/value.h"

enum { DISTRIBUTION_BINS = 40 };

typedef struct histogram {
    double low, high;
    int32_t bins; /* 0: nothing was counted; 1: all numbers are the same */
    int64_t counts[DISTRIBUTION_BINS];
} histogram;

typedef struct distribution {
    int64_t count, zeros;
    double min, max, mean, rms; /* 0 of nothing */
    histogram histogram;
} distribution;

/* The numbers must be finite. Sums run in the order given. */
distribution distribution_of(const double *numbers, int64_t count);
/* Bins of equal width from the least to the greatest number, the last one closed. */
histogram histogram_of(const double *numbers, int64_t count);

json_t *distribution_value(arena *a, const distribution *d); /* DISTRIBUTION of README.md */
json_t *histogram_value(arena *a, const histogram *h);       /* null without bins */

#endif
