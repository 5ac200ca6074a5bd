/* heat_map.c - see heat_map.h. */
#include "inspect/heat_map.h"

#include <math.h>

/* Entries summed by block, both triangles; couplings are sorted by their first spin. */
static double *sum_blocks(arena *a, const problem *p, int64_t first, int64_t count, int64_t block, int64_t side)
{
    double *sums = ARENA_ARRAY(a, double, (size_t)(side * side));
    int64_t low = 0, high = p->coupling_count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (p->couplings[middle].first < (uint64_t)first)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->coupling_count && p->couplings[low].first < (uint64_t)(first + count); low++) {
        const problem_coupling *c = &p->couplings[low];
        if (c->second >= (uint64_t)(first + count))
            continue;
        int64_t row = ((int64_t)c->first - first) / block, column = ((int64_t)c->second - first) / block;
        sums[row * side + column] += c->value;
        sums[column * side + row] += c->value;
    }
    return sums;
}

json_t *heat_map(arena *a, const problem *p, int64_t first, int64_t count)
{
    int64_t block = count > HEAT_MAP_SIDE ? (count + HEAT_MAP_SIDE - 1) / HEAT_MAP_SIDE : 1, side = (count + block - 1) / block;
    double *mean = sum_blocks(a, p, first, count, block, side), high = 0;
    for (int64_t k = 0; k < side * side; k++) {
        int64_t row = k / side, column = k % side;
        int64_t height = row == side - 1 ? count - row * block : block,
                width = column == side - 1 ? count - column * block : block;
        mean[k] /= (double)(height * width);
        high = fmax(high, fabs(mean[k]));
    }
    uint8_t *pixels = arena_take(a, (size_t)(side * side), 1);
    for (int64_t k = 0; k < side * side; k++)
        pixels[k] = (uint8_t)(high > 0 ? rint((mean[k] / high + 1) * (HEAT_MAP_LEVELS / 2)) : HEAT_MAP_LEVELS / 2);
    json_t *value = value_object(a);
    value_put(a, value, "rows", value_count(a, side));
    value_put(a, value, "columns", value_count(a, side));
    value_put(a, value, "block", value_count(a, block));
    value_put(a, value, "low", value_number(a, -high));
    value_put(a, value, "high", value_number(a, high));
    value_put(a, value, "pixels", value_base64(a, pixels, (size_t)(side * side)));
    return value;
}
