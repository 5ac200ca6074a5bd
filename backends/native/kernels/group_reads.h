/* group_reads.h - heat bath over groups (group.h) for sixteen reads of one problem side by side: lanes are reads.
 *
 * No lane waits for another: each group of each read is drawn once a sweep, from sums over its number of raised members, by
 * one uniform number that is followed down the sums (inverse of the cumulated distribution). What a read does depends on its own
 * key alone.
 */
#ifndef KERNELS_GROUP_READS_H
#define KERNELS_GROUP_READS_H

#include "backends/native/kernels/group.h"

enum { GROUP_READS_MEMBERS_MAX = 10 }; /* as many as one uniform number of 24 bits has states for */

/* Behind the workspace of group.h. */
typedef struct reads_layout {
    int64_t field;  /* float[members][groups][LANES] */
    int64_t raised; /* int32_t[groups][LANES]: bits of the members */
    int64_t total;
} reads_layout;

VECTOR_INLINE reads_layout reads_layout_of(const group_layout *l)
{
    reads_layout r = {.total = l->total};
    r.field = group_take(&r.total, l->members * l->groups * LANES * 4);
    r.raised = group_take(&r.total, l->groups * LANES * 4);
    return r;
}

VECTOR_INLINE f32x16 *reads_field(char *work, const group_layout *l, int64_t member)
{
    return (f32x16 *)(void *)(work + reads_layout_of(l).field) + member * l->groups;
}

VECTOR_INLINE i32x16 *reads_raised(char *work, const group_layout *l)
{
    return (i32x16 *)(void *)(work + reads_layout_of(l).raised);
}

/* ---- one group of every read ---- */

/* The multiplier of the ground states, and k* (group_look). */
VECTOR_INLINE void reads_ground(const f32x16 *field, int64_t members, float gamma, f32x16 *best_out, f32x16 *mu_out)
{
    f32x16 sorted[GROUP_READS_MEMBERS_MAX], best = {0};
    for (int64_t m = 0; m < members; m++)
        sorted[m] = field[m];
    group_sort(sorted, members);
    f32x16 last = f32x16_of(-__builtin_inff()), next = f32x16_of(__builtin_inff());
    for (int64_t k = 0; k < members; k++) {
        i32x16 up = sorted[k] < -gamma * (float)k;
        best = best + select_f32(up, f32x16_of(1), f32x16_of(0));
        last = select_f32(up, sorted[k], last);
        next = select_f32(up, next, min_f32(next, sorted[k]));
    }
    f32x16 low = gamma * (best - 1.0f), high = gamma * best;
    f32x16 mu = -0.5f * (max_f32(last, -high) + min_f32(next, -low));
    *best_out = best;
    *mu_out = min_f32(max_f32(mu, low), high);
}

/* x[index] and x[index - 1] for the index of each lane, 0 outside. */
VECTOR_INLINE void reads_at(const f32x16 *x, int64_t count, i32x16 index, f32x16 *at, f32x16 *before)
{
    *at = *before = f32x16_of(0);
    for (int64_t j = 0; j <= count; j++) {
        i32x16 here = index == (int32_t)j;
        *at = j < count ? select_f32(here, x[j], *at) : *at;
        *before = j > 0 ? select_f32(here, x[j - 1], *before) : *before;
    }
}

/* Where there is no temperature: the members that are raised in the ground state; of equals the first. */
VECTOR_INLINE i32x16 reads_freeze(const f32x16 *field, int64_t members, float gamma)
{
    f32x16 best, mu;
    i32x16 bits = {0};
    reads_ground(field, members, gamma, &best, &mu);
    i32x16 left = __builtin_convertvector(best, i32x16);
    for (int64_t t = 0; t < members; t++) {
        i32x16 up = field[t] + mu < 0.0f;
        bits |= up & (int32_t)(1 << t);
        left = left + up; /* a mask is -1 */
    }
    for (int64_t t = 0; t < members; t++) {
        i32x16 up = (field[t] + mu == 0.0f) & (left > 0);
        bits |= up & (int32_t)(1 << t);
        left = left + up;
    }
    return bits;
}

/* Draws the bits of the raised members; u in (0, 1). `bits_per_energy` is beta / log 2. */
VECTOR_INLINE i32x16 reads_draw(const f32x16 *field, int64_t members, float gamma, float bits_per_energy, f32x16 u)
{
    enum { WIDTH = GROUP_READS_MEMBERS_MAX + 1 };
    f32x16 best, mu, sums[WIDTH][WIDTH], down[WIDTH], up[WIDTH], level[WIDTH], total = {0};
    reads_ground(field, members, gamma, &best, &mu);
    sums[0][0] = f32x16_of(1);
    for (int64_t t = 0; t < members; t++) {
        f32x16 shifted = field[t] + mu, toggle = exp2_minus(bits_per_energy * abs_f32(shifted));
        i32x16 ground_up = shifted < 0.0f;
        down[t] = select_f32(ground_up, toggle, f32x16_of(1));
        up[t] = select_f32(ground_up, f32x16_of(1), toggle);
        sums[t + 1][0] = down[t] * sums[t][0];
        for (int64_t k = 1; k <= t; k++)
            sums[t + 1][k] = down[t] * sums[t][k] + up[t] * sums[t][k - 1];
        sums[t + 1][t + 1] = up[t] * sums[t][t];
    }
    for (int64_t k = 0; k <= members; k++) {
        f32x16 cost = ((float)k - best) * (0.5f * gamma * (best + ((float)k - 1.0f)) - mu);
        level[k] = exp2_minus(bits_per_energy * max_f32(cost, f32x16_of(0)));
        total = total + level[k] * sums[members][k];
    }
    /* Rounding may leave a target behind the last level: those lanes take the best one. */
    f32x16 target = u * total, scale = f32x16_of(1);
    i32x16 number = __builtin_convertvector(best, i32x16), done = {0};
    for (int64_t k = 0; k <= members; k++) {
        f32x16 weight = level[k] * sums[members][k];
        i32x16 here = ~done & (target <= weight);
        number = select_i32(here, i32x16_of((int32_t)k), number);
        scale = select_f32(here, level[k], scale);
        done |= here;
        target = select_f32(done, target, target - weight);
    }
    i32x16 bits = {0};
    for (int64_t t = members; t-- > 0;) {
        f32x16 lower, upper;
        reads_at(sums[t], t + 1, number, &lower, &upper);
        lower = scale * down[t] * lower;
        upper = up[t] * upper;
        i32x16 raise = (target > lower) & (upper > 0.0f);
        bits |= raise & (int32_t)(1 << t);
        target = select_f32(raise, target - lower, target);
        scale = scale * select_f32(raise, up[t], down[t]);
        number = number + raise; /* a mask is -1 */
    }
    return bits;
}

/* ---- the functions ---- */

/* states: int8_t[LANES][spins]. */
VECTOR_INLINE void reads_start(char *work, const group_layout *l, const int8_t *states)
{
    int64_t spins = l->members * l->groups;
    const float *base = (const float *)(const void *)(work + l->base), *row = (const float *)(const void *)(work + l->row);
    i32x16 *raised = reads_raised(work, l);
    for (int64_t g = 0; g < l->groups; g++)
        raised[g] = i32x16_of(0);
    for (int64_t m = 0; m < l->members; m++) {
        f32x16 *field = reads_field(work, l, m);
        for (int64_t g = 0; g < l->groups; g++)
            field[g] = f32x16_of(base[m * l->padded + g]);
        for (int64_t g = 0; g < l->groups; g++) {
            f32x16 up;
            for (int lane = 0; lane < LANES; lane++)
                up[lane] = states[lane * spins + m * l->shape.member_stride + g * l->shape.group_stride] == 1 ? 1 : 0;
            raised[g] |= (up != 0.0f) & (int32_t)(1 << m);
            const float *from = row + (m * l->groups + g) * l->padded;
            for (int64_t i = 0; l->shape.rows && i < l->groups; i++)
                field[i] = field[i] + up * from[i];
        }
    }
}

/* Member m of group g of the reads where `delta` is 1 or -1 is raised or lowered. */
VECTOR_INLINE void reads_change(char *work, const group_layout *l, int64_t m, int64_t g, f32x16 delta)
{
    f32x16 *field = reads_field(work, l, m);
    const float *row = (const float *)(const void *)(work + l->row) + (m * l->groups + g) * l->padded;
    for (int64_t i = 0; l->shape.rows && i < l->groups; i++)
        field[i] = field[i] + delta * row[i];
}

/* The draws of groups 4 block .. 4 block + 3, each for every read. */
VECTOR_INLINE void reads_draws(const u32x16 key[2], uint32_t sweep, uint32_t block, u32x16 out[4])
{
    u32x16 counter[3] = {u32x16_of(sweep), u32x16_of(block), u32x16_of(3)};
    philox_keyed_lanes(key, counter, out);
}

/* keys: of each read. Returns the number of spins changed, in all reads. */
VECTOR_INLINE uint64_t reads_sweep(char *work, const group_layout *l, double beta, const uint32_t *keys, uint32_t sweep)
{
    const group_head *head = (const group_head *)(const void *)(work + l->head);
    double scaled = beta * head->unit * 1.44269504088896341;
    int frozen = !(scaled < 1e30);
    float bits_per_energy = (float)(frozen ? 1e30 : scaled), gamma = head->gamma;
    i32x16 *raised = reads_raised(work, l);
    uint64_t flips = 0;
    u32x16 key[2], draws[4];
    for (int lane = 0; lane < LANES; lane++) {
        key[0][lane] = keys[2 * lane];
        key[1][lane] = keys[2 * lane + 1];
    }
    for (int64_t g = 0; g < l->groups; g++) {
        f32x16 field[GROUP_READS_MEMBERS_MAX];
        if (g % 4 == 0 && !frozen)
            reads_draws(key, sweep, (uint32_t)(g / 4), draws);
        for (int64_t m = 0; m < l->members; m++)
            field[m] = reads_field(work, l, m)[g];
        i32x16 bits = frozen ? reads_freeze(field, l->members, gamma)
                             : reads_draw(field, l->members, gamma, bits_per_energy, uniform(draws[g % 4]));
        i32x16 changed = bits ^ raised[g];
        raised[g] = bits;
        if (!any_lane(changed != 0))
            continue;
        for (int64_t m = 0; m < l->members; m++) {
            i32x16 here = (changed & (int32_t)(1 << m)) != 0;
            uint32_t lanes = mask_bits(here);
            if (!lanes)
                continue;
            flips += (uint64_t)__builtin_popcount(lanes);
            i32x16 up = (bits & (int32_t)(1 << m)) != 0;
            reads_change(work, l, m, g, select_f32(here, select_f32(up, f32x16_of(1), f32x16_of(-1)), f32x16_of(0)));
        }
    }
    return flips;
}

/* The states, and how their energies compare: up to a constant, and to rounding in float32. */
VECTOR_INLINE void reads_finish(char *work, const group_layout *l, int8_t *states, double *energy)
{
    const group_head *head = (const group_head *)(const void *)(work + l->head);
    const float *base = (const float *)(const void *)(work + l->base);
    const i32x16 *raised = reads_raised(work, l);
    int64_t spins = l->members * l->groups;
    f64x16 sum = {0};
    for (int64_t g = 0; g < l->groups; g++) {
        f32x16 count = {0};
        for (int64_t m = 0; m < l->members; m++) {
            i32x16 up = (raised[g] & (int32_t)(1 << m)) != 0;
            f32x16 twice = reads_field(work, l, m)[g] + base[m * l->padded + g];
            sum += __builtin_convertvector(select_f32(up, 0.5f * twice, f32x16_of(0)), f64x16);
            count = count + select_f32(up, f32x16_of(1), f32x16_of(0));
            for (int lane = 0; lane < LANES; lane++)
                states[lane * spins + m * l->shape.member_stride + g * l->shape.group_stride] =
                    up[lane] ? 1 : (int8_t)l->shape.lowest;
        }
        sum += __builtin_convertvector(0.5f * head->gamma * count * (count - 1.0f), f64x16);
    }
    for (int lane = 0; lane < LANES; lane++)
        energy[lane] = sum[lane] * head->unit;
}

#endif
