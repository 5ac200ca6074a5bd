/* autocorrelation.c - see autocorrelation.h. */
#include "inspect/autocorrelation.h"

#include <math.h>

static double mean_of(const double *series, int64_t count)
{
    double sum = 0;
    for (int64_t i = 0; i < count; i++)
        sum += series[i] - series[0];
    return series[0] + sum / (double)count;
}

static double covariance(const double *series, int64_t count, double mean, int64_t lag)
{
    double sum = 0;
    for (int64_t i = 0; i + lag < count; i++)
        sum += (series[i] - mean) * (series[i + lag] - mean);
    return sum / (double)(count - lag);
}

autocorrelation autocorrelation_of(const double *series, int64_t count)
{
    if (count < 16)
        return (autocorrelation){0};
    double mean = mean_of(series, count), variance = covariance(series, count, mean, 0), tau = 0.5;
    double largest = 0;
    for (int64_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(series[i]));
    if (!isfinite(variance) || !(sqrt(variance) > 1e-12 * largest))
        return (autocorrelation){0};
    for (int64_t lag = 1; lag < count / 4; lag++) {
        tau += covariance(series, count, mean, lag) / variance;
        if ((double)lag >= 5 * tau)
            return (autocorrelation){tau, tau * sqrt(2 * (2 * (double)lag + 1) / (double)count), tau > 0};
    }
    return (autocorrelation){0};
}
