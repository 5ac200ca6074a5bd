/* schedule.c - see schedule.h. */
#include "runtime/schedule.h"

#include <float.h>
#include <math.h>

/* Temperatures in units of a spin's typical energy change. A quarter is hot enough that small clusters
 * still turn over (on QAMA problems anything from 1/16 to 1/2 does nearly as well); at a twentieth of the
 * smallest scale little moves but what descent would do as well (on random dense and sparse problems, independent sets and QAMA
 * colder ends were worse, as they leave fewer sweeps to the temperatures between). Below 1e-4 of the largest scale a ladder would
 * spend its sweeps on spins that descent sets right. */
static const double hot_fraction = 0.25, cold_fraction = 0.05, narrowest = 1e-4;

/* The energy change of flipping spin i among random others: its change of value times the root of h^2 +
 * sum J^2, taken relative to the largest so that squares neither vanish nor overflow. */
static double typical_change(const schedule_scales *s, size_t i)
{
    double largest = s->largest[i], change = 1.0 - s->lowest[i];
    if (!(largest > 0))
        return 0;
    double linear = s->linear[i] / largest, root = sqrt(s->coupling_square[i]) / largest;
    double sum = s->coupling_sum[i] / largest;
    if (!(root < sum)) /* squares that overflowed; the sum bounds the root */
        root = sum;
    double relative = sqrt(linear * linear + root * root);
    if (!(relative >= 1)) /* squares that vanished */
        relative = 1;
    double typical = change * relative * largest;
    return typical < DBL_MAX ? typical : DBL_MAX;
}

static double inverse(double temperature)
{
    double beta = 1 / temperature;
    return beta < SCHEDULE_LARGEST_BETA ? beta : SCHEDULE_LARGEST_BETA;
}

schedule schedule_spanning(double greatest, double least)
{
    if (!(greatest > 0))
        return (schedule){0};
    if (least < greatest * (narrowest / cold_fraction))
        least = greatest * (narrowest / cold_fraction);
    return (schedule){.hot = inverse(hot_fraction * greatest), .cold = inverse(cold_fraction * least)};
}

schedule schedule_make(const schedule_scales *scales)
{
    double greatest = 0, least = DBL_MAX;
    for (size_t i = 0; i < scales->spins; i++) {
        double typical = typical_change(scales, i);
        if (!(typical > 0))
            continue;
        greatest = typical > greatest ? typical : greatest;
        least = typical < least ? typical : least;
    }
    return schedule_spanning(greatest, least);
}

/* ratio^(k / last) as a product of repeated square roots, one for each binary digit of the fraction. */
static double root_power(const double roots[SCHEDULE_ROOTS], int64_t k, int64_t last)
{
    double result = 1;
    for (int bit = 0; bit < SCHEDULE_ROOTS && k; bit++) {
        k *= 2;
        if (k >= last) {
            k -= last;
            result *= roots[bit];
        }
    }
    return result;
}

void schedule_make_roots(const schedule *s, double roots[SCHEDULE_ROOTS])
{
    double root = s->hot > 0 ? s->cold / s->hot : 1;
    for (int bit = 0; bit < SCHEDULE_ROOTS; bit++)
        roots[bit] = root = sqrt(root);
}

double schedule_beta_from(const schedule *s, const double roots[SCHEDULE_ROOTS], int32_t k, int32_t sweeps)
{
    if (k >= sweeps - 1)
        return s->cold;
    return k <= 0 || !(s->hot > 0) ? s->hot : s->hot * root_power(roots, k, sweeps - 1);
}

double schedule_beta(const schedule *s, int32_t k, int32_t sweeps)
{
    double roots[SCHEDULE_ROOTS];
    schedule_make_roots(s, roots);
    return schedule_beta_from(s, roots, k, sweeps);
}
