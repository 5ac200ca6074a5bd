/* exchange_span.h - the energies that exchanges choose between: what a ladder of temperatures spans where spins come in groups.
 *
 * A penalty on a group's pairs says how many are raised, not which. With it in the span a ladder begins as hot as the penalty is
 * high, far above where the choice is made, and most of its sweeps are lost. So for a spin of a group what counts is
 *
 *   root of (variance of the field that the spins outside its groups make + (mean of its own field less its groups' means)^2)
 *
 * with each of those spins raised as often as one in its group. Of the greatest that is taken, and of the least root mean square
 * of any group: a choice is between its members, of which one may well be near the mean. Where groups do not cross, the best of
 * all members is chosen whatever the other groups choose, and few couplings make strong clusters: measured on grids of one-hot
 * choices, that asks for temperatures four times as high. Permutations of all kinds do best with the root as it is.
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
    const dense_couplings *couplings;
    const double *linear;
    int64_t lowest;
    double *mean, *square; /* [spins]: of the energy of raising one */
    double greatest, least;
} exchange_scales;

static inline void exchange_widen(exchange_scales *s, double square)
{
    double size = sqrt(square);
    s->greatest = size > s->greatest ? size : s->greatest;
    s->least = size > 0 && (s->least == 0 || size < s->least) ? size : s->least;
}

/* Without the other members of its groups. A spin of no group is measured as any other (dense_typical_square). */
static inline void exchange_measure(exchange_scales *s, int64_t spin)
{
    dense_row row = dense_sum_row(s->couplings, spin, s->linear[spin]);
    double sum = row.sum, square = row.square, change = (double)(1 - s->lowest), share = 0.5;
    int64_t families = 0;
    for (int64_t i = 0; i < s->e->count; i++) {
        const exchange_family *f = &s->e->family[i];
        int64_t group = exchange_group(f, spin);
        for (int64_t m = 0; group >= 0 && m < f->members; m++) {
            double coupling = dense_coupling(s->couplings, spin, exchange_member(f, group, m));
            sum -= coupling;
            square -= coupling * coupling;
        }
        families += group >= 0;
        share = group < 0 || share * (double)f->members < 1 ? share : 1 / (double)f->members;
    }
    s->mean[spin] = change * (s->linear[spin] + sum * ((double)s->lowest + change * share));
    s->square[spin] = change * change * change * change * share * (1 - share) * (square > 0 ? square : 0);
    if (families == 0)
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
    double total = 0;
    for (int64_t m = 0; m < f->members; m++) {
        int64_t spin = exchange_member(f, group, m);
        double square = s->mean[spin] * s->mean[spin] + s->square[spin];
        total += square / (double)f->members;
        s->greatest = square > s->greatest * s->greatest ? sqrt(square) : s->greatest;
    }
    exchange_widen(s, total);
}

/* Both 0 where nothing but the penalties is left. `memory` as for exchange_sweep. */
static inline void exchange_span(const exchange *e, char *memory, const dense_couplings *couplings, const double *linear,
                                 int64_t lowest, double *greatest, double *least)
{
    double *room = (double *)(void *)(memory + EXCHANGE_HEAD);
    exchange_scales s = {e, couplings, linear, lowest, room, room + couplings->spins, 0, 0};
    for (int64_t spin = 0; spin < couplings->spins; spin++)
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
