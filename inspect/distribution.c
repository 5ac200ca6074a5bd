/* distribution.c - see distribution.h. */
#include "inspect/distribution.h"

#include <math.h>

/* The bin of a number between low and high; each is divided before the difference is taken, for that may overflow. */
static int32_t bin_of(const histogram *h, double number)
{
    double width = h->high / DISTRIBUTION_BINS - h->low / DISTRIBUTION_BINS;
    double at = (number / DISTRIBUTION_BINS - h->low / DISTRIBUTION_BINS) / width * DISTRIBUTION_BINS;
    return at >= h->bins - 1 ? h->bins - 1 : at > 0 ? (int32_t)at : 0;
}

histogram histogram_of(const double *numbers, int64_t count)
{
    histogram h = {.low = INFINITY, .high = -INFINITY};
    if (!count)
        return (histogram){0};
    for (int64_t i = 0; i < count; i++) {
        h.low = fmin(h.low, numbers[i]);
        h.high = fmax(h.high, numbers[i]);
    }
    bool wide = h.high / DISTRIBUTION_BINS - h.low / DISTRIBUTION_BINS > 0;
    h.bins = wide ? DISTRIBUTION_BINS : 1;
    for (int64_t i = 0; i < count; i++)
        h.counts[wide ? bin_of(&h, numbers[i]) : 0]++;
    return h;
}

distribution distribution_of(const double *numbers, int64_t count)
{
    distribution d = {.count = count, .histogram = histogram_of(numbers, count)};
    if (!count)
        return d;
    d.min = d.histogram.low;
    d.max = d.histogram.high;
    double largest = fmax(fabs(d.min), fabs(d.max)), sum = 0, squares = 0;
    for (int64_t i = 0; i < count && largest > 0; i++) {
        double relative = numbers[i] / largest;
        sum += relative;
        squares += relative * relative;
    }
    for (int64_t i = 0; i < count; i++)
        d.zeros += numbers[i] == 0;
    d.mean = sum / (double)count * largest;
    d.rms = sqrt(squares / (double)count) * largest;
    return d;
}

json_t *histogram_value(arena *a, const histogram *h)
{
    if (!h->bins)
        return value_null();
    json_t *value = value_object(a);
    value_put(a, value, "low", value_number(a, h->low));
    value_put(a, value, "high", value_number(a, h->high));
    value_put(a, value, "counts", value_counts(a, h->counts, h->bins));
    return value;
}

json_t *distribution_value(arena *a, const distribution *d)
{
    json_t *value = value_object(a);
    value_put(a, value, "count", value_count(a, d->count));
    value_put(a, value, "zeros", value_count(a, d->zeros));
    value_put(a, value, "min", value_number(a, d->min));
    value_put(a, value, "max", value_number(a, d->max));
    value_put(a, value, "mean", value_number(a, d->mean));
    value_put(a, value, "rms", value_number(a, d->rms));
    value_put(a, value, "histogram", histogram_value(a, &d->histogram));
    return value;
}
