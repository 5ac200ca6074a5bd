/* lattice.c - see lattice.h. */
#include "backends/solve/lattice.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No field of an exact lattice is larger. Exponents are tried up to the largest: enough for what has few binary digits. */
static const double largest_field = 1 << 29;
enum { MOST_DIGITS = 24 };

/* Temperatures in units of a spin's typical energy change, unit * sqrt(h^2 + sum J^2): a mean-field glass freezes at a half of
 * it. On the max-cut problems G1, G22 and G43 a start between 0.35 and 0.5 and an end between 0.15 and 0.25 quanta find the best
 * cuts most often, in geometric steps as in linear ones. Below the cold end nothing moves but what a descent would do as well. */
static const double hot_fraction = 0.4, cold_fraction = 0.01, narrowest = 1e-4;
/* The cold end in units of the smallest energy change there is, where that is known: between these, by the least typical change.
 * Graphs of many neighbours a node are done earlier: at 0.35 quanta, of which a flip costs at least one, a descent does the rest.
 */
static const double cold_quantum = 0.2, cold_quantum_most = 0.35, cold_typical = 0.05;

/* ---- numbers --------------------------------------------------------------------------------- */

typedef struct number_sizes {
    double largest; /* of all magnitudes */
    int32_t digits; /* binary digits behind the point, at most MOST_DIGITS + 1 */
    bool finite;
} number_sizes;

/* Nearly all numbers of nearly all problems that are whole are small as well: those take no call. */
static bool is_whole(double value)
{
    return fabs(value) < 0x1p31 ? value == (int32_t)value : value == rint(value);
}

static inline void measure(number_sizes *s, double value)
{
    double size = fabs(value);
    s->finite = s->finite && size <= DBL_MAX;
    s->largest = size > s->largest ? size : s->largest;
    if (s->digits == 0 && is_whole(value))
        return;
    while (s->digits <= MOST_DIGITS && s->finite && !is_whole(ldexp(value, s->digits)))
        s->digits++;
}

/* Powers of two whose reciprocals are numbers as well are multiplied by; the result is the same. */
typedef struct number_scale {
    int32_t exponent;
    double factor; /* 0: none */
} number_scale;

static number_scale scale_of(int32_t exponent)
{
    return (number_scale){.exponent = exponent, .factor = abs(exponent) < 1000 ? ldexp(1, exponent) : 0};
}

static double scaled(number_scale s, double value)
{
    return s.factor > 0 ? value * s.factor : ldexp(value, s.exponent);
}

double lattice_number(const lattice *l, double value)
{
    return scaled(scale_of(l->exponent), value);
}

/* ---- sums over the neighbours of each spin ---------------------------------------------------- */

typedef struct spin_sums {
    double sum, size, square; /* of J_ij, |J_ij|, J_ij^2 over j, in problem numbers times the scale */
} spin_sums;

static void add_coupling(spin_sums *s, double value)
{
    s->sum += value;
    s->size += fabs(value);
    s->square += value * value;
}

static void add_couplings(spin_sums *sums, const problem *p, number_scale scale)
{
    for (int64_t k = 0; k < p->coupling_count; k++) {
        double value = scaled(scale, p->couplings[k].value);
        add_coupling(&sums[p->couplings[k].first], value);
        add_coupling(&sums[p->couplings[k].second], value);
    }
}

/* Where all couplings are one small whole number, their sums are multiples of it, to the bit. False where they are not; sums are
 * 0 then as before. */
static bool sum_alike(const problem *p, spin_sums *sums)
{
    double value = p->coupling_count ? p->couplings[0].value : 0.5, most = 1 << 20;
    bool alike = fabs(value) <= most && is_whole(value);
    for (int64_t k = 0; k < p->coupling_count && alike; k++) {
        alike = p->couplings[k].value == value;
        sums[p->couplings[k].first].size++;
        sums[p->couplings[k].second].size++;
    }
    for (int64_t i = 0; i < p->spins; i++) {
        double count = alike ? sums[i].size : 0;
        sums[i] = (spin_sums){.sum = count * value, .size = count * fabs(value), .square = count * value * value};
    }
    return alike;
}

/* Adds a row's couplings to the sums of both spins of each, its own spin's in registers. Returns the largest size of them, or -1
 * where they are not all whole numbers below 2^31. */
static double sum_row(const problem_coupling *c, const problem_coupling *end, spin_sums *sums)
{
    spin_sums own = sums[c->first], *const to = &sums[c->first];
    double largest = 0;
    bool whole = true;
    for (; c < end; c++) {
        double value = c->value, size = fabs(value);
        largest = size > largest ? size : largest;
        whole &= size < 0x1p31 && value == (int32_t)value;
        add_coupling(&own, value);
        add_coupling(&sums[c->second], value);
    }
    *to = own;
    return whole ? largest : -1;
}

/* The sizes, and the sums without a scale: one pass is all that whole numbers need. */
static number_sizes measure_all(const problem *p, spin_sums *sums)
{
    number_sizes s = {.finite = true};
    for (int64_t i = 0; i < p->spins; i++)
        measure(&s, p->fields[i]);
    if (sum_alike(p, sums)) {
        measure(&s, p->couplings[0].value);
        return s;
    }
    const problem_coupling *const end = p->couplings + p->coupling_count;
    for (const problem_coupling *row = p->couplings, *next = row; row < end; row = next) {
        while (next < end && next->first == row->first)
            next++;
        double largest = sum_row(row, next, sums);
        s.largest = fmax(s.largest, largest);
        for (; largest < 0 && row < next; row++)
            measure(&s, row->value);
    }
    return s;
}

static void add_again(spin_sums *sums, const problem *p, number_scale scale)
{
    memset(sums, 0, (size_t)p->spins * sizeof *sums);
    add_couplings(sums, p, scale);
}

/* With the couplings' share doubled: base and the changes stay within it as well. */
static bool fields_fit(const problem *p, const spin_sums *sums, number_scale scale)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (!(fabs(scaled(scale, p->fields[i])) + 2 * sums[i].size <= largest_field))
            return false;
    return true;
}

/* The largest of an inexact lattice's numbers is near 1. */
static void choose_numbers(lattice *l, const problem *p, const number_sizes *s, spin_sums *sums)
{
    if (s->digits <= MOST_DIGITS) {
        l->exponent = s->digits;
        if (s->digits)
            add_again(sums, p, scale_of(s->digits));
        l->exact = fields_fit(p, sums, scale_of(s->digits));
        if (l->exact)
            return;
    }
    int exponent = 0;
    frexp(s->largest, &exponent);
    l->exponent = -exponent;
    add_again(sums, p, scale_of(l->exponent));
}

static void set(const lattice *l, lattice_numbers numbers, int64_t at, double value)
{
    if (l->exact)
        numbers.whole[at] = (int32_t)value;
    else
        numbers.real[at] = value;
}

static void fill_base(lattice *l, const problem *p, const number_sizes *s, const spin_sums *sums)
{
    number_scale scale = scale_of(l->exponent);
    l->largest = scaled(scale, s->largest);
    for (int64_t i = 0; i < l->padded; i++) {
        double field = i < l->spins ? scaled(scale, p->fields[i]) : 0, sum = i < l->spins ? sums[i].sum : 0;
        set(l, l->base, i, field - (p->domain == PROBLEM_SPIN ? sum : 0));
        if (i < l->spins)
            l->reach = fmax(l->reach, fabs(field) + sums[i].size);
    }
}

/* ---- temperatures ---------------------------------------------------------------------------- */

static double typical_change(const lattice *l, const problem *p, const spin_sums *sums, int64_t spin)
{
    double field = scaled(scale_of(l->exponent), p->fields[spin]), mean = field, square = sums[spin].square;
    if (p->domain == PROBLEM_BINARY) {
        mean = field + sums[spin].sum / 2;
        square /= 4;
    }
    return l->unit * sqrt(mean * mean + square);
}

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a < 0 ? -a : a;
}

static int64_t quantum(const lattice *l, const problem *p)
{
    int64_t divisor = 0;
    for (int64_t i = 0; i < l->spins && divisor != 1; i++)
        divisor = common_divisor(divisor, l->base.whole[i]);
    for (int64_t k = 0; k < p->coupling_count && divisor != 1; k++)
        divisor = common_divisor(divisor, (int64_t)(l->unit * lattice_number(l, p->couplings[k].value)));
    return divisor ? divisor : 1;
}

static void choose_temperatures(lattice *l, const problem *p, const spin_sums *sums)
{
    double greatest = 0, least = DBL_MAX;
    for (int64_t i = 0; i < l->spins; i++) {
        double typical = typical_change(l, p, sums, i);
        greatest = typical > greatest ? typical : greatest;
        least = typical > 0 && typical < least ? typical : least;
    }
    if (!(greatest > 0))
        return;
    l->hot = hot_fraction * greatest;
    l->cold = fmax(cold_fraction * least, narrowest * greatest);
    if (l->exact) {
        double step = l->unit * (double)l->quantum;
        l->cold = fmax(l->cold, fmin(fmax(cold_quantum * step, cold_typical * least), cold_quantum_most * step));
    }
    l->cold = fmin(l->cold, l->hot);
}

/* ---- opening --------------------------------------------------------------------------------- */

isg_status lattice_measure(lattice *l, const problem *p, isg_error *error)
{
    *l = (lattice){.allocator = p->allocator, .spins = p->spins, .entries = 2 * p->coupling_count};
    l->padded = (p->spins + LATTICE_BLOCK - 1) / LATTICE_BLOCK * LATTICE_BLOCK;
    l->unit = p->domain == PROBLEM_SPIN ? 2 : 1;
    spin_sums *sums = memory_take_zeroed(l->allocator, (size_t)l->spins, sizeof *sums);
    if (!sums)
        return error_no_memory(error);
    number_sizes sizes = measure_all(p, sums);
    if (!sizes.finite) {
        memory_release(l->allocator, sums, (size_t)l->spins, sizeof *sums);
        return error_fail(error, ISG_INVALID, "the problem has a number that is not finite");
    }
    choose_numbers(l, p, &sizes, sums);
    l->base.any = memory_take(l->allocator, (size_t)l->padded, lattice_number_bytes(l));
    if (l->base.any) {
        fill_base(l, p, &sizes, sums);
        l->quantum = l->exact ? quantum(l, p) : 1;
        choose_temperatures(l, p, sums);
    }
    memory_release(l->allocator, sums, (size_t)l->spins, sizeof *sums);
    return l->base.any ? ISG_OK : error_no_memory(error);
}

isg_status lattice_fill(lattice *l, const problem *p, isg_error *error)
{
    problem_rows rows;
    isg_status status = problem_rows_open(&rows, p, error);
    if (!status) {
        l->row_start = rows.row_start;
        l->neighbour = rows.neighbour;
        l->change.any = memory_take(l->allocator, (size_t)l->entries, lattice_number_bytes(l));
        number_scale scale = scale_of(l->exponent);
        for (int64_t k = 0; k < l->entries && l->change.any; k++)
            set(l, l->change, k, l->unit * scaled(scale, rows.value[k]));
        memory_release(p->allocator, rows.value, (size_t)l->entries, sizeof *rows.value);
        status = l->change.any ? ISG_OK : error_no_memory(error);
    }
    if (status)
        lattice_close(l);
    return status;
}

isg_status lattice_open(lattice *l, const problem *p, isg_error *error)
{
    isg_status status = lattice_measure(l, p, error);
    return status ? status : lattice_fill(l, p, error);
}

void lattice_close(lattice *l)
{
    memory_release(l->allocator, l->row_start, (size_t)l->spins + 2, sizeof *l->row_start);
    memory_release(l->allocator, l->neighbour, (size_t)l->entries, sizeof *l->neighbour);
    memory_release(l->allocator, l->base.any, (size_t)l->padded, lattice_number_bytes(l));
    memory_release(l->allocator, l->change.any, (size_t)l->entries, lattice_number_bytes(l));
    *l = (lattice){.allocator = l->allocator};
}
