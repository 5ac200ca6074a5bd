/* group_prepare.h - what group.h anneals with, from the coefficients: base energies and rows in float32, in units of a power of
 * two, and how far energies spread that a group chooses between.
 */
#ifndef KERNELS_GROUP_PREPARE_H
#define KERNELS_GROUP_PREPARE_H

#include "backends/native/kernels/group.h"

/* The power of two at or below |largest|, between 2^-1022 and 2^1023; 1 for 0. */
VECTOR_INLINE double group_unit(double largest)
{
    union {
        double x;
        uint64_t bits;
    } u = {largest};
    u.bits &= 0x7ff0000000000000u;
    if (u.bits == 0)
        u.bits = largest == 0 ? 0x3ff0000000000000u : 0x0010000000000000u;
    return u.x;
}

/* The couplings' numbers, of either kind. */
typedef struct group_numbers {
    const void *at;
    int64_t bytes; /* of each: 8 or 4 */
} group_numbers;

VECTOR_INLINE double group_number(group_numbers x, int64_t i)
{
    return x.bytes == 8 ? ((const double *)x.at)[i] : (double)((const float *)x.at)[i];
}

/* The largest magnitude of `largest` and all x, by its bits: a whole number's maximum is found in any order. */
VECTOR_INLINE double group_largest_f64(const double *x, int64_t count, double largest)
{
    union {
        double x;
        uint64_t bits;
    } most = {largest}, u;
    for (int64_t i = 0; i < count; i++) {
        u.x = x[i];
        uint64_t size = u.bits & INT64_MAX;
        most.bits = size > most.bits ? size : most.bits;
    }
    return most.x;
}

VECTOR_INLINE float group_largest_f32(const float *x, int64_t count)
{
    union {
        float x;
        uint32_t bits;
    } most = {0}, u;
    for (int64_t i = 0; i < count; i++) {
        u.x = x[i];
        uint32_t size = u.bits & INT32_MAX;
        most.bits = size > most.bits ? size : most.bits;
    }
    return most.x;
}

VECTOR_INLINE double group_largest(group_numbers x, int64_t count, double largest)
{
    if (x.bytes == 8)
        return group_largest_f64(x.at, count, largest);
    double narrow = group_largest_f32(x.at, count);
    return narrow > largest ? narrow : largest;
}

VECTOR_INLINE float group_lane_sum(f32x16 x)
{
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++)
        sum += x[lane];
    return sum;
}

/* One spin's row, its numbers from `first` on, in float32, padded; returns the sum of squares. */
VECTOR_INLINE float group_row(group_numbers from, int64_t first, float *to, int64_t count, int64_t padded, double scale)
{
    f32x16 squares = {0};
    const double *wide = (const double *)from.at + (from.bytes == 8 ? first : 0);
    const float *narrow = (const float *)from.at + (from.bytes == 4 ? first : 0);
    for (int64_t i = 0; i < count && from.bytes == 8; i++)
        to[i] = (float)(wide[i] * scale);
    for (int64_t i = 0; i < count && from.bytes == 4; i++)
        to[i] = (float)((double)narrow[i] * scale);
    for (int64_t i = count; i < padded; i++)
        to[i] = 0;
    for (int64_t i = 0; i < padded; i += LANES)
        squares = squares + load_f32(to + i) * load_f32(to + i);
    return group_lane_sum(squares);
}

VECTOR_INLINE float *group_field_of(char *work, const group_layout *l, int64_t member)
{
    return (float *)(void *)(work + l->field) + member * l->padded;
}

/* A group is redrawn as a whole, so less heat turns it over than single flips need: so much of it. Of 1/2 to 1, 3/4 finds most
 * best states of QAMA problems of 392 spins at 20 to 200 sweeps, and is as good or better with 4,096. */
static const float group_heat = 0.75f;

/* How far energies spread that a group chooses between, without what all its members share: for each spin the root of the
 * squares of its row and of its field's distance from the group's mean. In the workspace's `field` are the fields, in `spread`
 * the sums of squares of the rows, in units of energy changes. */
VECTOR_INLINE void group_span(char *work, const group_layout *l)
{
    group_head *head = (group_head *)(void *)(work + l->head);
    const float *squares = (const float *)(const void *)(work + l->spread);
    float greatest = 0, least = __builtin_inff();
    for (int64_t g = 0; g < l->groups; g++) {
        float mean = 0;
        for (int64_t m = 0; m < l->members; m++)
            mean += group_field_of(work, l, m)[g] / (float)l->members;
        for (int64_t m = 0; m < l->members; m++) {
            float off = group_field_of(work, l, m)[g] - mean, square = squares[m * l->padded + g] + off * off;
            greatest = square > greatest ? square : greatest;
            least = square > 0 && square < least ? square : least;
        }
    }
    int penalty_alone = !(greatest > 0);
    head->greatest = penalty_alone ? head->gamma : group_heat * __builtin_sqrtf(greatest);
    head->least = penalty_alone ? head->gamma : __builtin_sqrtf(least);
}

/* linear: h by spin number; coupling: J[m][g][g'], symmetric in the groups, of the shape's numbers, or NULL; uniform >= 0: the
 * coupling of any two members of a group. With b = (s - lowest) / step,
 *   E = sum over raised of step (h + lowest (sum J + (members - 1) uniform)) + pairs of step^2 J, step^2 uniform, + const. */
VECTOR_INLINE void group_prepare(char *work, const group_layout *l, const double *linear, const void *coupling, double uniform)
{
    group_head *head = (group_head *)(void *)(work + l->head);
    float *base = (float *)(void *)(work + l->base), *row = (float *)(void *)(work + l->row);
    float *spread = (float *)(void *)(work + l->spread);
    double low = (double)l->shape.lowest, step = 1 - low;
    const group_numbers couplings = {coupling, l->shape.rows};
    double largest = group_largest_f64(linear, l->members * l->groups, uniform);
    if (l->shape.rows)
        largest = group_largest(couplings, l->members * l->groups * l->groups, largest);
    head->unit = group_unit(largest);
    double scale = 1 / head->unit, within = low * (double)(l->members - 1) * (uniform * scale);
    head->gamma = (float)(uniform * scale * (step * step));
    for (int64_t m = 0; m < l->members; m++)
        for (int64_t g = 0; g < l->padded; g++) {
            int64_t at = m * l->padded + g;
            base[at] = spread[at] = group_field_of(work, l, m)[g] = 0;
            if (g >= l->groups)
                continue;
            double field = linear[m * l->shape.member_stride + g * l->shape.group_stride] * scale, sum = within;
            if (l->shape.rows) {
                int64_t from = (m * l->groups + g) * l->groups;
                float squares = group_row(couplings, from, row + (m * l->groups + g) * l->padded, l->groups, l->padded,
                                          scale * (step * step));
                spread[at] = low == 0 ? squares : 0.25f * squares;
                for (int64_t i = 0; low != 0 && i < l->groups; i++)
                    sum += low * (group_number(couplings, from + i) * scale);
            }
            group_field_of(work, l, m)[g] = (float)(step * field);
            base[at] = (float)(step * (field + sum));
        }
    group_span(work, l);
}

#endif
