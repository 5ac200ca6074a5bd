/* interval.c - see interval.h. */
#include "inspect/interval.h"

#include <math.h>

interval interval_of_share(int64_t hits, int64_t trials)
{
    const double z = 1.959963984540054; /* of the normal distribution, 2.5 % lie above */
    double n = (double)trials, p = (double)hits / n;
    if (trials <= 0)
        return (interval){0, 0, 1};
    double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return (interval){p, hits == 0 ? 0 : fmax(0, middle - half), hits == trials ? 1 : fmin(1, middle + half)};
}

static double to_solution(double p, double cost)
{
    if (p <= 0)
        return INFINITY;
    return p >= 0.99 ? cost : cost * log(0.01) / log1p(-p);
}

interval interval_to_solution(interval p, double cost)
{
    return (interval){to_solution(p.value, cost), to_solution(p.high, cost), to_solution(p.low, cost)};
}
