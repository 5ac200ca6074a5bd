/* group.h - heat bath over groups of spins tied by a penalty on their number, sixteen groups at a time.
 *
 * Spins are numbered (member, group). Within a group the members interact only through their number k of raised spins, by
 * gamma k (k - 1) / 2 with gamma > 0; between groups by rows: member m of one group with member m of the others. F[m][g] is the
 * energy of raising spin (m, g) without its group's penalty, in units of a power of two that keeps float32 in range.
 *
 * A move redraws a whole group from its exact conditional distribution given all other spins. README.md derives it: with the
 * multiplier mu of the group's ground state, f' = F + mu, state S of k members has the weight
 *     prod over t of (1 where t is as in the ground state, else w_t = exp(-beta |f'_t|))
 *       x c_k = exp(-beta [g(k) - g(k*) - mu (k - k*)]),
 * all factors <= 1. Lanes are groups; those that change are taken one by one in order, and the groups behind are looked at anew:
 * exactly the sequential heat bath in order of the groups.
 */
#ifndef KERNELS_GROUP_H
#define KERNELS_GROUP_H

#include "backends/native/kernels/vector.h"
#include "runtime/philox.h"

enum { GROUP_MEMBERS_MAX = 64 };

/* What is known when a program is compiled. Spin (m, g) has the number m * member_stride + g * group_stride. */
typedef struct group_shape {
    int64_t members, groups, member_stride, group_stride;
    int64_t lowest; /* 0 or -1: of {0, 1} or {-1, 1} */
    int64_t rows;   /* bytes of a number of the rows that couple groups: 8, double; 4, float32; 0: there are none */
} group_shape;

/* The workspace: offsets in bytes, multiples of 64. */
typedef struct group_layout {
    group_shape shape;
    int64_t members, groups, padded; /* groups rounded up to whole vectors */
    int64_t head, base, field, row, raised, ground, margin, stamp, spread, sums, total;
} group_layout;

typedef struct group_head {
    double unit; /* energies in the workspace times `unit` are those of the coefficients */
    float gamma;
    float greatest, least; /* what a ladder is to span (group_span) */
    uint32_t version;      /* of the fields: counts groups that changed */
} group_head;

typedef uint64_t group_bits; /* bit m: member m */

VECTOR_INLINE int64_t group_take(int64_t *total, int64_t bytes)
{
    int64_t at = *total;
    *total += (bytes + 63) & ~INT64_C(63);
    return at;
}

VECTOR_INLINE group_layout group_layout_of(group_shape shape)
{
    group_layout l = {.shape = shape, .members = shape.members, .groups = shape.groups};
    int64_t members = shape.members;
    l.padded = (shape.groups + LANES - 1) / LANES * LANES;
    l.head = group_take(&l.total, sizeof(group_head));
    l.base = group_take(&l.total, members * l.padded * 4);
    l.field = group_take(&l.total, members * l.padded * 4);
    l.row = group_take(&l.total, shape.rows ? members * shape.groups * l.padded * 4 : 0);
    l.raised = group_take(&l.total, l.padded * 8);
    l.ground = group_take(&l.total, l.padded * 8);
    l.margin = group_take(&l.total, l.padded * 4);
    l.stamp = group_take(&l.total, l.padded / LANES * 4);
    l.spread = group_take(&l.total, members * l.padded * 4);
    l.sums = group_take(&l.total, (members + 1) * (members + 1) * 4 * LANES);
    return l;
}

/* ---- sorting the members' energies, lane by lane ---- */

#define GROUP_EXCHANGE(a, b)                                                                                                     \
    do {                                                                                                                         \
        i32x16 in_order = x[a] < x[b];                                                                                           \
        f32x16 least = select_f32(in_order, x[a], x[b]);                                                                         \
        x[b] = select_f32(in_order, x[b], x[a]);                                                                                 \
        x[a] = least;                                                                                                            \
    } while (0)

VECTOR_INLINE void group_sort_4(f32x16 *x)
{
    GROUP_EXCHANGE(0, 1);
    GROUP_EXCHANGE(2, 3);
    GROUP_EXCHANGE(0, 2);
    GROUP_EXCHANGE(1, 3);
    GROUP_EXCHANGE(1, 2);
}

/* Batcher's merge of two sorted halves of eight. */
VECTOR_INLINE void group_sort_8(f32x16 *x)
{
    group_sort_4(x);
    group_sort_4(x + 4);
    GROUP_EXCHANGE(0, 4);
    GROUP_EXCHANGE(1, 5);
    GROUP_EXCHANGE(2, 6);
    GROUP_EXCHANGE(3, 7);
    GROUP_EXCHANGE(2, 4);
    GROUP_EXCHANGE(3, 5);
    GROUP_EXCHANGE(1, 2);
    GROUP_EXCHANGE(3, 4);
    GROUP_EXCHANGE(5, 6);
}

/* Batcher's odd-even merge sort of any number (Knuth, "The Art of Computer Programming" 3, 5.2.2 M). */
VECTOR_INLINE void group_sort_any(f32x16 *x, int64_t count)
{
    for (int64_t p = 1; p < count; p *= 2)
        for (int64_t k = p; k >= 1; k /= 2)
            for (int64_t j = k % p; j + k < count; j += 2 * k)
                for (int64_t i = 0; i < k && i + j + k < count; i++)
                    if ((i + j) / (2 * p) == (i + j + k) / (2 * p))
                        GROUP_EXCHANGE(i + j, i + j + k);
}

/* x has room for 4 or 8 when there are no more. */
VECTOR_INLINE void group_sort(f32x16 *x, int64_t count)
{
    if (count > 8) {
        group_sort_any(x, count);
        return;
    }
    for (int64_t m = count; m < 8; m++)
        x[m] = f32x16_of(__builtin_inff());
    if (count <= 4)
        group_sort_4(x);
    else
        group_sort_8(x);
}

/* ---- the ground states of sixteen groups ---- */

typedef struct group_view {
    f32x16 shifted[GROUP_MEMBERS_MAX]; /* f' = F + mu */
    f32x16 best, mu;                   /* k*, and its multiplier */
    f32x16 margin;                     /* least |f'| */
    i32x16 ground_low, ground_high;    /* bits of the members with f' < 0 */
} group_view;

/* k* is the number of k >= 1 with f_(k) + gamma (k - 1) < 0 for the sorted energies; mu may be anything between
 * max(-f_(k*+1), gamma (k* - 1)) and min(-f_(k*), gamma k*), and is taken from the middle of the outer interval. */
VECTOR_INLINE void group_look(group_view *v, const float *field, int64_t members, int64_t padded, float gamma)
{
    f32x16 sorted[GROUP_MEMBERS_MAX], best = {0};
    for (int64_t m = 0; m < members; m++)
        sorted[m] = v->shifted[m] = load_f32(field + m * padded);
    group_sort(sorted, members);
    f32x16 last = f32x16_of(-__builtin_inff()), next = f32x16_of(__builtin_inff());
    for (int64_t k = 0; k < members; k++) {
        i32x16 up = sorted[k] < -gamma * (float)k;
        best = select_f32(up, f32x16_of((float)(k + 1)), best);
        last = select_f32(up, sorted[k], last);
        next = select_f32(up, next, min_f32(next, sorted[k]));
    }
    f32x16 low = gamma * (best - 1.0f), high = gamma * best;
    f32x16 mu = -0.5f * (max_f32(last, -high) + min_f32(next, -low));
    v->best = best;
    v->mu = min_f32(max_f32(mu, low), high);
    v->margin = f32x16_of(__builtin_inff());
    v->ground_low = v->ground_high = i32x16_of(0);
    for (int64_t m = 0; m < members; m++) {
        v->shifted[m] = v->shifted[m] + v->mu;
        i32x16 up = v->shifted[m] < 0.0f;
        v->margin = min_f32(v->margin, abs_f32(v->shifted[m]));
        if (m < 32)
            v->ground_low |= up & (int32_t)(1u << (m & 31));
        else
            v->ground_high |= up & (int32_t)(1u << (m & 31));
    }
}

/* ---- drawing one group from its distribution ---- */

typedef struct group_draws {
    uint32_t key[2], counter[4], words[4];
    int next;
} group_draws;

/* In (0, 1), fine near 0. */
VECTOR_INLINE float group_uniform(uint32_t draw)
{
    return ((float)draw + 0.5f) * 0x1p-32f;
}

VECTOR_INLINE float group_draw(group_draws *d)
{
    if (d->next == 4) {
        philox4x32(d->counter, d->key, d->words);
        d->counter[3]++;
        d->next = 0;
    }
    return group_uniform(d->words[d->next++]);
}

typedef struct group_weights {
    f32x16 toggle[GROUP_MEMBERS_MAX];    /* w_t */
    f32x16 level[GROUP_MEMBERS_MAX + 1]; /* c_k */
    f32x16 excited;                      /* probability of any other state than the ground state */
    f32x16 *sums;                        /* [t][k]: the weight of k raised members among the first t */
} group_weights;

VECTOR_INLINE void group_weigh(const group_view *v, int64_t members, float gamma, float beta, group_weights *w)
{
    int64_t width = members + 1;
    f32x16 total = {0}, raised = {0}, ground_weight = {0}, *sums = w->sums;
    sums[0] = f32x16_of(1);
    for (int64_t t = 0; t < members; t++) {
        i32x16 up = v->shifted[t] < 0.0f;
        f32x16 toggle = exp_minus(beta * abs_f32(v->shifted[t]));
        f32x16 down_weight = select_f32(up, toggle, f32x16_of(1)), up_weight = select_f32(up, f32x16_of(1), toggle);
        const f32x16 *from = sums + t * width;
        f32x16 *to = sums + (t + 1) * width;
        w->toggle[t] = toggle;
        raised = raised + select_f32(up, f32x16_of(1), f32x16_of(0));
        to[0] = down_weight * from[0];
        for (int64_t k = 1; k <= t; k++)
            to[k] = down_weight * from[k] + up_weight * from[k - 1];
        to[t + 1] = up_weight * from[t];
    }
    for (int64_t k = 0; k <= members; k++) {
        f32x16 from_best = (float)k - v->best;
        f32x16 cost = from_best * (0.5f * gamma * (v->best + ((float)k - 1.0f)) - v->mu);
        w->level[k] = exp_minus(beta * max_f32(cost, f32x16_of(0)));
        total = total + w->level[k] * sums[members * width + k];
        ground_weight = select_f32(raised == (float)k, w->level[k], ground_weight);
    }
    w->excited = max_f32(total - ground_weight, f32x16_of(0)) / total;
}

/* A state of one lane's group, given that it is not the ground state. The walk goes back through the sums; as long as it
 * has followed the ground state, what is left of that is taken out of the sums. */
VECTOR_INLINE group_bits group_other_state(const group_weights *w, group_bits ground, int lane, int64_t members,
                                           group_draws *draws)
{
    const float *sums = (const float *)w->sums;
    const float *toggle = (const float *)w->toggle + lane, *level = (const float *)w->level + lane;
    int64_t width = members + 1, ground_count = __builtin_popcountll(ground), k = 0;
    float total = 0, sum = 0;
    for (int64_t j = 0; j <= members; j++) {
        float weight = sums[(members * width + j) * LANES + lane] - (j == ground_count ? 1.0f : 0.0f);
        total += level[j * LANES] * (weight > 0 ? weight : 0);
    }
    float target = group_draw(draws) * total;
    for (int64_t j = 0; j <= members; j++) {
        float weight = sums[(members * width + j) * LANES + lane] - (j == ground_count ? 1.0f : 0.0f);
        weight = level[j * LANES] * (weight > 0 ? weight : 0);
        k = weight > 0 ? j : k;
        sum += weight;
        if (weight > 0 && sum >= target)
            break;
    }
    group_bits state = 0;
    int on_ground = k == ground_count;
    for (int64_t t = members; t-- > 0;) {
        int64_t ground_up = ground >> t & 1;
        int64_t kept_k = k - ground_up, toggled_k = k - !ground_up;
        float kept = kept_k >= 0 && kept_k <= t ? sums[(t * width + kept_k) * LANES + lane] - (on_ground ? 1.0f : 0.0f) : 0;
        float toggled = toggled_k >= 0 && toggled_k <= t ? toggle[t * LANES] * sums[(t * width + toggled_k) * LANES + lane] : 0;
        kept = kept > 0 ? kept : 0;
        int keep = kept > 0 && (!(toggled > 0) || group_draw(draws) * (kept + toggled) < kept);
        int64_t up = keep ? ground_up : !ground_up;
        state |= (group_bits)up << t;
        on_ground &= keep;
        k = keep ? kept_k : toggled_k;
    }
    return state;
}

/* ---- a change ---- */

VECTOR_INLINE int64_t group_change(char *work, const group_layout *l, int8_t *state, int64_t group, group_bits to)
{
    group_bits *raised = (group_bits *)(void *)(work + l->raised) + group, changed = *raised ^ to;
    *raised = to;
    ((group_head *)(void *)(work + l->head))->version++;
    int64_t count = __builtin_popcountll(changed);
    for (; changed; changed &= changed - 1) {
        int64_t m = __builtin_ctzll(changed);
        int8_t value = to >> m & 1 ? 1 : (int8_t)l->shape.lowest;
        state[m * l->shape.member_stride + group * l->shape.group_stride] = value;
        if (!l->shape.rows)
            continue;
        float *field = (float *)(void *)(work + l->field) + m * l->padded;
        const float *row = (const float *)(const void *)(work + l->row) + (m * l->groups + group) * l->padded;
        float sign = to >> m & 1 ? 1.0f : -1.0f;
        for (int64_t i = 0; i < l->padded; i += LANES)
            store_f32(field + i, load_f32(field + i) + sign * load_f32(row + i));
    }
    return count;
}

VECTOR_INLINE void group_start(char *work, const group_layout *l, const int8_t *state)
{
    const float *base = (const float *)(const void *)(work + l->base);
    float *field = (float *)(void *)(work + l->field);
    group_bits *raised = (group_bits *)(void *)(work + l->raised);
    for (int64_t i = 0; i < l->members * l->padded; i += LANES)
        store_f32(field + i, load_f32(base + i));
    for (int64_t g = 0; g < l->padded; g++) {
        raised[g] = 0;
        for (int64_t m = 0; g < l->groups && m < l->members; m++)
            if (state[m * l->shape.member_stride + g * l->shape.group_stride] == 1) {
                const float *row = (const float *)(const void *)(work + l->row) + (m * l->groups + g) * l->padded;
                raised[g] |= (group_bits)1 << m;
                for (int64_t i = 0; l->shape.rows && i < l->padded; i += LANES)
                    store_f32(field + m * l->padded + i, load_f32(field + m * l->padded + i) + load_f32(row + i));
            }
    }
    ((group_head *)(void *)(work + l->head))->version = 1;
    for (int64_t i = 0; i < l->padded / LANES; i++)
        ((uint32_t *)(void *)(work + l->stamp))[i] = 0;
}

/* ---- the sweep ---- */

/* What one sweep of sixteen groups is made with. */
typedef struct group_pass {
    char *work;
    int8_t *state;
    float beta, gamma;
    int64_t first; /* group */
    f32x16 draw;   /* the groups' first draws */
    const uint32_t *key;
    uint32_t sweep;
} group_pass;

/* A bound of the probability that the outcome is not the ground state: of all products of toggles there is at least one, and
 * each is at most `margin` unlikely. */
VECTOR_INLINE f32x16 group_excited_bound(f32x16 margin, int64_t members, float beta)
{
    f32x16 w = exp_minus(beta * margin), power = f32x16_of((float)members) * w;
    for (int64_t m = 1; m < members; m++)
        power = power * (1.0f + w);
    return power;
}

VECTOR_INLINE uint32_t group_differs(const group_bits *a, const group_bits *b)
{
    uint32_t differs = 0;
    for (int lane = 0; lane < LANES; lane++)
        differs |= (uint32_t)(a[lane] != b[lane]) << lane;
    return differs;
}

VECTOR_INLINE void group_refresh(const group_pass *p, const group_layout *l, group_view *v)
{
    group_bits *ground = (group_bits *)(void *)(p->work + l->ground) + p->first;
    group_look(v, (const float *)(const void *)(p->work + l->field) + p->first, l->members, l->padded, p->gamma);
    store_f32((float *)(void *)(p->work + l->margin) + p->first, v->margin);
    for (int lane = 0; lane < LANES; lane++)
        ground[lane] = (uint32_t)v->ground_low[lane] | (group_bits)(uint32_t)v->ground_high[lane] << 32;
}

/* Redraws the groups of the lanes >= `from` until one changes; returns the lane behind it, or LANES. */
VECTOR_INLINE int group_first_change(const group_pass *p, const group_layout *l, int from, uint64_t *flips)
{
    group_head *head = (group_head *)(void *)(p->work + l->head);
    uint32_t *stamp = (uint32_t *)(void *)(p->work + l->stamp) + p->first / LANES;
    const group_bits *ground = (const group_bits *)(const void *)(p->work + l->ground) + p->first;
    const group_bits *raised = (const group_bits *)(const void *)(p->work + l->raised) + p->first;
    group_view v;
    int fresh = *stamp != head->version;
    if (fresh) {
        group_refresh(p, l, &v);
        *stamp = head->version;
    }
    f32x16 bound =
        group_excited_bound(load_f32((const float *)(const void *)(p->work + l->margin) + p->first), l->members, p->beta);
    uint32_t behind = 0xffffu << from & (l->groups - p->first < LANES ? (1u << (l->groups - p->first)) - 1 : 0xffffu);
    uint32_t perhaps = mask_bits(p->draw < bound) & behind, other = group_differs(ground, raised) & behind;
    if (!(perhaps | other))
        return LANES;
    group_weights w;
    w.sums = (f32x16 *)(void *)(p->work + l->sums);
    uint32_t excited = 0;
    if (perhaps) {
        if (!fresh)
            group_refresh(p, l, &v);
        group_weigh(&v, l->members, p->gamma, p->beta, &w);
        excited = mask_bits(p->draw < w.excited) & perhaps;
    }
    for (uint32_t left = excited | other; left; left &= left - 1) {
        int lane = __builtin_ctz(left);
        group_bits to = ground[lane];
        if (excited >> lane & 1) {
            group_draws draws = {
                .key = {p->key[0], p->key[1]}, .counter = {p->sweep, (uint32_t)(p->first + lane), 2, 0}, .next = 4};
            to = group_other_state(&w, to, lane, l->members, &draws);
        }
        if (to != raised[lane]) {
            *flips += (uint64_t)group_change(p->work, l, p->state, p->first + lane, to);
            return lane + 1;
        }
    }
    return LANES;
}

VECTOR_INLINE uint64_t group_sweep(char *work, const group_layout *l, int8_t *state, double beta, const uint32_t key[2],
                                   uint32_t sweep)
{
    const group_head *head = (const group_head *)(const void *)(work + l->head);
    double scaled = beta * head->unit;
    group_pass p = {.work = work, .state = state, .key = key, .sweep = sweep, .gamma = head->gamma};
    p.beta = (float)(scaled < 1e30 ? scaled : 1e30);
    uint64_t flips = 0;
    u32x16 draws[4];
    for (p.first = 0; p.first < l->padded; p.first += LANES) {
        if (p.first % (4 * LANES) == 0) {
            u32x16 counter[3] = {u32x16_of(sweep), (u32x16)lane_numbers() + (uint32_t)(p.first / 4), u32x16_of(1)};
            philox_lanes(key, counter, draws);
        }
        u32x16 draw = draws[p.first / LANES % 4];
        p.draw = ((__builtin_convertvector((i32x16)(draw >> 1), f32x16) * 2.0f + 0.5f)) * 0x1p-32f;
        for (int lane = 0; lane < LANES;)
            lane = group_first_change(&p, l, lane, &flips);
    }
    return flips;
}

#endif
