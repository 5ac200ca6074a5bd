/* exchange.h - moves that keep how many members of a group are raised, beside the single flips of dense.h.
 *
 * A penalty on pairs of a group, a one-hot choice for one, walls single flips in: between two good states lie bad ones. Two moves
 * go around them. Both leave the Boltzmann distribution as it is, whatever else couples the spins:
 *
 *  - relocation: one raised member of a group, any of them alike, is lowered and one of the others or itself raised instead,
 * drawn from the exact conditional distribution over all places that are free. From each of these states the same set is met with
 * the same probability, one in the number raised, so that this is a heat bath;
 *  - crossing, where groups of two families cross in one spin each, as rows and columns of an assignment: raised (a, b) and (c,
 * d) become (a, d) and (c, b), by Metropolis' rule. Of the raised spins each pair is as likely before as after, and all groups
 *    keep their number.
 *
 * Energies are in units of a flip's change of value times the numbers of the fields, in double: whole numbers are exact.
 */
#ifndef KERNELS_EXCHANGE_H
#define KERNELS_EXCHANGE_H

#include "backends/native/kernels/lists.h"
#include "runtime/philox.h"

enum { EXCHANGE_FAMILIES_MAX = 4, EXCHANGE_HEAD = 256 };

/* Times the difference of two fields of 32 bits, as large as they may be, this is a finite float. */
#define EXCHANGE_COLDEST 1e28

/* Groups of one penalty: member m of group g is spin base + m * member_stride + g * group_stride. */
typedef struct exchange_family {
    int64_t base, members, groups, member_stride, group_stride;
} exchange_family;

typedef struct exchange {
    exchange_family family[EXCHANGE_FAMILIES_MAX];
    int64_t count;
    int64_t crosses; /* families 0 and 1 cross: the groups of each are the members of the other */
} exchange;

_Static_assert(sizeof(exchange) <= EXCHANGE_HEAD, "the head's place");

/* The head, a weight and an index of each spin, or two numbers in double (exchange_span.h); to be aligned as vectors are. */
static inline int64_t exchange_bytes(int64_t spins)
{
    return EXCHANGE_HEAD + 2 * dense_padded(spins) * 8;
}

typedef struct exchange_pass {
    const dense *d; /* without rows where there are lists */
    const lists *l; /* NULL: rows */
    const uint32_t *key;
    uint32_t sweep;
    float cold; /* 1 / temperature */
    float *weight;
    int32_t *raised;
    int64_t flips;
} exchange_pass;

/* ---- fields ---- */

VECTOR_INLINE double exchange_field(const dense *d, int64_t spin)
{
    if (d->numbers == DENSE_INT8)
        return ((const int16_t *)d->fields)[spin];
    return d->numbers == DENSE_INT16 ? ((const int32_t *)d->fields)[spin] : (double)((const float *)d->fields)[spin];
}

VECTOR_INLINE double exchange_row_coupling(const dense *d, int64_t i, int64_t j)
{
    int64_t at = i * d->stride + j;
    return d->numbers == DENSE_INT8    ? ((const int8_t *)d->rows)[at]
           : d->numbers == DENSE_INT16 ? ((const int16_t *)d->rows)[at]
                                       : ((const float *)d->rows)[at];
}

static inline double exchange_list_coupling(const lists *l, int64_t i, int64_t j)
{
    int64_t from = l->start[i], to = l->start[i + 1];
    while (from < to) {
        int64_t middle = (from + to) / 2;
        from = l->neighbour[middle] < j ? middle + 1 : from;
        to = l->neighbour[middle] < j ? to : middle;
    }
    return from < l->start[i + 1] && l->neighbour[from] == j ? (double)l->value[from] : 0;
}

/* The same for spins asked for in order of their numbers: *at goes along the list, from its start. */
VECTOR_INLINE double exchange_next_coupling(const lists *l, int64_t i, int64_t j, int64_t *at)
{
    while (*at < l->start[i + 1] && l->neighbour[*at] < j)
        ++*at;
    return *at < l->start[i + 1] && l->neighbour[*at] == j ? (double)l->value[*at] : 0;
}

/* What raising one adds to the other's field. */
VECTOR_INLINE double exchange_coupling(const exchange_pass *p, int64_t i, int64_t j)
{
    return p->d->change * (p->l ? exchange_list_coupling(p->l, i, j) : exchange_row_coupling(p->d, i, j));
}

#define EXCHANGE_ADD(row_type, field_type)                                                                                       \
    do {                                                                                                                         \
        const row_type *row = (const row_type *)d->rows + spin * d->stride;                                                      \
        field_type *field = (field_type *)d->fields;                                                                             \
        for (int64_t i = 0; i < d->padded; i++)                                                                                  \
            field[i] = (field_type)(field[i] + (field_type)((field_type)row[i] * (field_type)step));                             \
    } while (0)

static inline void exchange_flip(exchange_pass *p, int64_t spin)
{
    const dense *d = p->d;
    int32_t step = d->turn[spin] * d->change;
    p->flips++;
    if (p->l) {
        lists_flip(p->l, spin);
        return;
    }
    if (d->numbers == DENSE_INT8)
        EXCHANGE_ADD(int8_t, int16_t);
    else if (d->numbers == DENSE_INT16)
        EXCHANGE_ADD(int16_t, int32_t);
    else
        EXCHANGE_ADD(float, float);
    d->turn[spin] = (int8_t)-d->turn[spin];
}

/* A whole number below n, from a draw. */
VECTOR_INLINE int64_t exchange_choice(uint32_t draw, int64_t n)
{
    return (int64_t)((uint64_t)draw * (uint64_t)n >> 32);
}

/* ---- relocation ---- */

/* Weights of all places for the raised spin, in units of the largest; 0 of those that are taken. Returns whether any but its own
 * can be drawn. */
static inline int exchange_weigh(exchange_pass *p, const exchange_family *f, int64_t first, int64_t spin)
{
    const dense *d = p->d;
    double own = exchange_field(d, spin);
    int64_t at = p->l ? p->l->start[spin] : 0;
    float least = 0;
    int some = 0;
    for (int64_t m = 0; m < f->members; m++) {
        int64_t other = first + m * f->member_stride;
        float cost = __builtin_inff();
        if (other == spin)
            cost = 0;
        else if (d->turn[other] > 0) {
            double coupling = p->l ? exchange_next_coupling(p->l, spin, other, &at) : exchange_row_coupling(d, spin, other);
            cost = (float)(exchange_field(d, other) - d->change * coupling - own) * p->cold;
        }
        some |= other != spin && cost < dense_largest_threshold;
        least = cost < least ? cost : least;
        p->weight[m] = cost;
    }
    for (int64_t m = f->members; m % LANES; m++)
        p->weight[m] = __builtin_inff();
    for (int64_t m = 0; some && m < f->members; m += LANES)
        store_f32(p->weight + m, exp_minus(load_f32(p->weight + m) - least));
    return some;
}

static inline void exchange_relocate(exchange_pass *p, const exchange_family *f, int64_t first, const uint32_t draw[4])
{
    int64_t count = 0, to = -1;
    for (int64_t m = 0; m < f->members; m++)
        if (p->d->turn[first + m * f->member_stride] < 0)
            p->raised[count++] = (int32_t)m;
    if (count == 0 || count == f->members)
        return;
    int64_t from = p->raised[exchange_choice(draw[0], count)];
    if (!exchange_weigh(p, f, first, first + from * f->member_stride))
        return;
    float total = 0, sum = 0, u = ((float)(draw[1] >> 8) + 0.5f) * 0x1p-24f;
    for (int64_t m = 0; m < f->members; m++)
        total += p->weight[m];
    for (int64_t m = 0; m < f->members; m++) {
        sum += p->weight[m];
        to = p->weight[m] > 0 ? m : to;
        if (sum >= u * total)
            break;
    }
    if (to == from)
        return;
    exchange_flip(p, first + from * f->member_stride);
    exchange_flip(p, first + to * f->member_stride);
}

/* ---- crossing ---- */

VECTOR_INLINE double exchange_cross_cost(const exchange_pass *x, int64_t p, int64_t q, int64_t r, int64_t s)
{
    const dense *d = x->d;
    double fields = exchange_field(d, r) + exchange_field(d, s) - exchange_field(d, p) - exchange_field(d, q);
    double same = exchange_coupling(x, p, q) + exchange_coupling(x, r, s);
    double across =
        exchange_coupling(x, p, r) + exchange_coupling(x, p, s) + exchange_coupling(x, q, r) + exchange_coupling(x, q, s);
    return fields + same - across;
}

static inline void exchange_cross(exchange_pass *p, const exchange_family *f, int64_t count, const uint32_t draw[4])
{
    int64_t i = exchange_choice(draw[0], count), j = exchange_choice(draw[1], count);
    int64_t a = p->raised[i] % f->members, b = p->raised[i] / f->members;
    int64_t c = p->raised[j] % f->members, e = p->raised[j] / f->members;
    int64_t from = f->base + a * f->member_stride + b * f->group_stride,
            second = f->base + c * f->member_stride + e * f->group_stride;
    int64_t to = f->base + a * f->member_stride + e * f->group_stride,
            fourth = f->base + c * f->member_stride + b * f->group_stride;
    if (a == c || b == e || p->d->turn[to] < 0 || p->d->turn[fourth] < 0)
        return;
    float cost = (float)exchange_cross_cost(p, from, second, to, fourth) * p->cold;
    if (!(cost <= dense_largest_threshold) || (cost > 0 && cost > minus_log(u32x16_of(draw[2]))[0]))
        return;
    exchange_flip(p, from);
    exchange_flip(p, second);
    exchange_flip(p, to);
    exchange_flip(p, fourth);
    p->raised[i] = (int32_t)(a + e * f->members);
    p->raised[j] = (int32_t)(c + b * f->members);
}

/* As many tries as spins are raised, but no more than there are rows and columns. */
static inline void exchange_cross_all(exchange_pass *p, const exchange_family *f)
{
    int64_t count = 0;
    for (int64_t g = 0; g < f->groups; g++)
        for (int64_t m = 0; m < f->members; m++)
            if (p->d->turn[f->base + m * f->member_stride + g * f->group_stride] < 0)
                p->raised[count++] = (int32_t)(m + g * f->members);
    int64_t most = f->groups + f->members, tries = count < 2 ? 0 : count < most ? count : most;
    for (int64_t k = 0; k < tries; k++) {
        uint32_t counter[4] = {p->sweep, (uint32_t)k, 4, 0}, draw[4];
        philox4x32(counter, p->key, draw);
        exchange_cross(p, f, count, draw);
    }
}

/* ---- a sweep ---- */

/* All groups of one family, family by family from sweep to sweep, and crossings. `memory`: exchange_bytes of the spins, `e` at
 * its head. `l`: NULL where `d` has rows. The temperature is that of dense_sweep. Returns the flips. */
static inline int64_t exchange_sweep(const exchange *e, char *memory, const dense *d, const lists *l, const uint32_t key[2],
                                     uint32_t sweep, double temperature)
{
    float *weight = (float *)(void *)(memory + EXCHANGE_HEAD);
    double cold = 1 / temperature;
    exchange_pass p = {d,
                       l,
                       key,
                       sweep,
                       (float)(cold < EXCHANGE_COLDEST ? cold : EXCHANGE_COLDEST),
                       weight,
                       (int32_t *)(void *)(weight + d->padded),
                       0};
    uint32_t which = sweep % (uint32_t)e->count;
    const exchange_family *f = &e->family[which];
    for (int64_t g = 0; g < f->groups; g++) {
        uint32_t counter[4] = {sweep, (uint32_t)g, 3, 0}, draw[4];
        philox4x32(counter, key, draw);
        exchange_relocate(&p, f, f->base + g * f->group_stride, draw);
    }
    if (e->crosses)
        exchange_cross_all(&p, &e->family[0]);
    return p.flips;
}

/* Single flips over lists, and exchanges: `e` at the head of exchange_bytes. */
static inline int64_t exchange_lists_sweep(const lists *l, char *e, int8_t *state, double beta, const uint32_t key[2],
                                           uint32_t sweep)
{
    double temperature = l->scale / (beta * (double)l->d.change);
    if (sweep % LISTS_RENEWAL_SWEEPS == LISTS_RENEWAL_SWEEPS - 1)
        lists_fields(l);
    int64_t flips = lists_sweep(l, key, sweep, temperature);
    flips += exchange_sweep((const exchange *)(const void *)e, e, &l->d, l, key, sweep, temperature);
    for (int64_t i = 0; i < l->d.spins && flips; i++)
        state[i] = l->d.turn[i] < 0 ? 1 : (int8_t)(1 - l->d.change);
    return flips;
}

#endif
