/* exact_sum.h - sums of doubles carried to twice the precision, with a bound on what even that loses.
 *
 * The value is high + low; `lost` bounds the rest and stays 0 as long as two doubles can hold the sum. Each addition
 * is Knuth's TwoSum (The Art of Computer Programming 2, 4.2.2, theorem B), twice.
 */
#ifndef PASSES_PROBLEM_EXACT_SUM_H
#define PASSES_PROBLEM_EXACT_SUM_H

#include <math.h>
#include <stdbool.h>

typedef struct exact_sum {
    double high, low, lost;
} exact_sum;

/* a + b = sum + rest exactly, unless it overflows. */
static inline double exact_two_sum(double a, double b, double *rest)
{
    double sum = a + b, b_part = sum - a, a_part = sum - b_part;
    *rest = (a - a_part) + (b - b_part);
    return sum;
}

static inline void exact_add(exact_sum *s, double term)
{
    double rest, lost;
    s->high = exact_two_sum(s->high, term, &rest);
    s->low = exact_two_sum(s->low, rest, &lost);
    if (lost != 0)
        s->lost = nextafter(s->lost + fabs(lost), INFINITY);
}

/* The nearest double; *error, a bound on its distance from the sum, is 0 when it is the sum. */
static inline double exact_round(const exact_sum *s, double *error)
{
    double rest, value = exact_two_sum(s->high, s->low, &rest);
    *error = s->lost == 0 ? fabs(rest) : nextafter(fabs(rest) + s->lost, INFINITY);
    return value;
}

/* For bounds: adds and never rounds down. */
static inline void bound_add(double *bound, double error)
{
    if (error != 0)
        *bound = nextafter(*bound + error, INFINITY);
}

/* Stores the nearest double and adds its error to *bound; false when it is beyond double's range. */
static inline bool exact_store(const exact_sum *s, double *to, double *bound)
{
    double error;
    *to = exact_round(s, &error);
    bound_add(bound, error);
    return isfinite(*to);
}

#endif
