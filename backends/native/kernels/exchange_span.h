/* exchange_span.h - the energies that exchanges choose between: what a ladder of temperatures spans where spins come in groups.
 *
 * A penalty on a group's pairs says how many are raised, not which. With it in the span a ladder begins as hot as the penalty is
 * high, far above where the choice is made, and most of its sweeps are lost. So for a spin of a group what counts is
 *
 *   root of (variance of the field that the spins outside its groups make + (mean of its own field less its groups' means)^2)
 *
 * with each of those spins raised as often as one in its group. Of the greatest that is taken, and of the least root mean square
 * of any group: a choice is between its members, of which one may well be near the mean. Where groups do not cross, the best of
 * all members is chosen whatever the other groups choose, and few couplings make strong clusters: on grids of one-hot choices
 * four times that did better than once or twice. Assignments, tours and quadratic assignments did worse from twice on.
 */
#ifndef KERNELS_EXCHANGE_SPAN_H
#define KERNELS_EXCHANGE_SPAN_H

#include "backends/native/kernels/dense_work.h"

enum { EXCHANGE_CHOICE = 4 };

/* The group of the family that the spin is in; -1: none. */
VECTOR_INLINE int64_t exchange_group(const exchange_family *f, int64_t spin)
{
    int64_t at = spin - f->base;
    if (at < 0 || at >= f->members * f->groups)
        return -1;
    return f->groups == 1 ? 0 : at / f->group_stride % f->groups;
}

VECTOR_INLINE int64_t exchange_member(const exchange_family *f, int64_t group, int64_t member)
{
    return f->base + group * f->group_stride + member * f->member_stride;
}

typedef struct exchange_scales {
    const exchange *e;
    const dense_couplings *couplings; /* of all pairs, or */
    const lists *lists;               /* of some */
    const double *linear;
    int64_t lowest;
    double *mean, *square; /* [spins]: of the energy of raising one */
    double greatest, least;
    double noise; /* what rounding may leave of means that are equal */
} exchange_scales;

static inline void exchange_widen(exchange_scales *s, double square)
{
    double size = sqrt(square);
    s->greatest = size > s->greatest ? size : s->greatest;
    s->least = size > 0 && (s->least == 0 || size < s->least) ? size : s->least;
}

typedef struct exchange_row {
    double sum, square, share;        /* of its couplings; how often a spin of its groups is raised */
    double left_out, left_out_square; /* of sizes */
    int64_t families, count;          /* count: of couplings left out */
} exchange_row;

static inline void exchange_leave_out(exchange_row *r, double coupling)
{
    r->sum -= coupling;
    r->square -= coupling * coupling;
    r->left_out += dense_size(coupling);
    r->left_out_square += coupling * coupling;
    r->count += coupling != 0;
}

/* Where both sums are what rounding may leave of nothing, there is nothing left. */
static inline void exchange_drop_rounding(exchange_row *r)
{
    double rounding = 0x1p-52 * (double)r->count;
    if (dense_size(r->sum) <= rounding * r->left_out && dense_size(r->square) <= rounding * r->left_out_square)
        r->sum = r->square = 0;
}

static inline double exchange_one_coupling(const exchange_scales *s, int64_t i, int64_t j)
{
    return s->lists ? exchange_list_coupling(s->lists, i, j) / s->lists->scale : dense_coupling(s->couplings, i, j);
}

static inline exchange_row exchange_whole_row(const exchange_scales *s, int64_t spin)
{
    exchange_row r = {.share = 0.5};
    if (!s->lists) {
        dense_row row = dense_sum_row(s->couplings, spin, s->linear[spin]);
        r.sum = row.sum;
        r.square = row.square;
        return r;
    }
    for (int64_t k = s->lists->start[spin]; k < s->lists->start[spin + 1]; k++) {
        double coupling = (double)s->lists->value[k] / s->lists->scale;
        r.sum += coupling;
        r.square += coupling * coupling;
    }
    return r;
}

/* Without the other members of its groups. */
static inline exchange_row exchange_row_of(const exchange_scales *s, int64_t spin)
{
    exchange_row r = exchange_whole_row(s, spin);
    for (int64_t i = 0; i < s->e->count; i++) {
        const exchange_family *f = &s->e->family[i];
        int64_t group = exchange_group(f, spin);
        if (group < 0)
            continue;
        for (int64_t m = 0; m < f->members; m++)
            exchange_leave_out(&r, exchange_one_coupling(s, spin, exchange_member(f, group, m)));
        r.families++;
        r.share = r.share * (double)f->members < 1 ? r.share : 1 / (double)f->members;
    }
    exchange_drop_rounding(&r);
    return r;
}

/* A spin of no group is measured as any other (dense_typical_square). */
static inline void exchange_measure(exchange_scales *s, int64_t spin)
{
    exchange_row r = exchange_row_of(s, spin);
    double change = (double)(1 - s->lowest), square = change * change * (r.square > 0 ? r.square : 0);
    s->mean[spin] = change * (s->linear[spin] + r.sum * ((double)s->lowest + change * r.share));
    s->square[spin] = change * change * r.share * (1 - r.share) * square;
    double noise = 0x1p-40 * change * (dense_size(s->linear[spin]) + dense_size(r.sum));
    s->noise = noise > s->noise ? noise : s->noise;
    if (r.families == 0)
        exchange_widen(s, s->mean[spin] * s->mean[spin] + s->square[spin]);
}

static inline void exchange_take_off_mean(exchange_scales *s, const exchange_family *f, int64_t group)
{
    double mean = 0;
    for (int64_t m = 0; m < f->members; m++)
        mean += s->mean[exchange_member(f, group, m)] / (double)f->members;
    for (int64_t m = 0; m < f->members; m++)
        s->mean[exchange_member(f, group, m)] -= mean;
}

static inline void exchange_widen_group(exchange_scales *s, const exchange_family *f, int64_t group)
{
    double total = 0, largest = 0;
    for (int64_t m = 0; m < f->members; m++) {
        int64_t spin = exchange_member(f, group, m);
        double square = s->mean[spin] * s->mean[spin] + s->square[spin];
        total += square / (double)f->members;
        largest = square > largest ? square : largest;
    }
    if (!(largest > s->noise * s->noise))
        return;
    s->greatest = largest > s->greatest * s->greatest ? sqrt(largest) : s->greatest;
    exchange_widen(s, total);
}

/* Of `couplings`, or of `lists` where these are not NULL. Both 0 where nothing but the penalties is left. `memory` as for
 * exchange_sweep. */
static inline void exchange_span(const exchange *e, char *memory, const dense_couplings *couplings, const lists *lists,
                                 const double *linear, int64_t lowest, double *greatest, double *least)
{
    double *room = (double *)(void *)(memory + EXCHANGE_HEAD);
    int64_t spins = lists ? lists->d.spins : couplings->spins;
    exchange_scales s = {e, couplings, lists, linear, lowest, room, room + spins, 0, 0, 0};
    for (int64_t spin = 0; spin < spins; spin++)
        exchange_measure(&s, spin);
    for (int64_t i = 0; i < e->count; i++)
        for (int64_t g = 0; g < e->family[i].groups; g++)
            exchange_take_off_mean(&s, &e->family[i], g);
    for (int64_t i = 0; i < e->count; i++)
        for (int64_t g = 0; g < e->family[i].groups; g++)
            exchange_widen_group(&s, &e->family[i], g);
    double scale = e->crosses ? 1 : EXCHANGE_CHOICE;
    *greatest = scale * s.greatest;
    *least = scale * s.least;
}

#endif
