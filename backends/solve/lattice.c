/* lattice.c - see lattice.h. */
#include "backends/solve/lattice.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <float.h>
#include <math.h>

/* No field of an exact lattice is larger. Exponents are tried up to the largest: enough for what has few binary digits. */
static const double largest_field = 1 << 29;
enum { MOST_DIGITS = 24 };

/* Temperatures in units of a spin's typical energy change, unit * sqrt(h^2 + sum J^2): a mean-field glass freezes at a half of
 * it. On the max-cut problems G1, G22 and G43 a start between 0.35 and 0.5 and an end between 0.15 and 0.25 quanta find the best
 * cuts most often, in geometric steps as in linear ones. Below the cold end nothing moves but what a descent would do as well. */
static const double hot_fraction = 0.4, cold_fraction = 0.01, narrowest = 1e-4;
/* The cold end in units of the smallest energy change there is, where that is known. */
static const double cold_quantum = 0.2;

/* ---- numbers --------------------------------------------------------------------------------- */

typedef struct number_sizes {
    double largest; /* of all magnitudes */
    int32_t digits; /* binary digits behind the point, at most MOST_DIGITS + 1 */
    bool finite;
} number_sizes;

static void measure(number_sizes *s, double value)
{
    double size = fabs(value);
    s->finite = s->finite && isfinite(value);
    s->largest = size > s->largest ? size : s->largest;
    while (s->digits <= MOST_DIGITS && s->finite && ldexp(value, s->digits) != rint(ldexp(value, s->digits)))
        s->digits++;
}

static number_sizes measure_all(const problem *p)
{
    number_sizes s = {.finite = true};
    for (int64_t i = 0; i < p->spins; i++)
        measure(&s, p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        measure(&s, p->couplings[k].value);
    return s;
}

/* The bound on each field, with the couplings' share doubled: base and the changes stay within it as well. */
static bool fields_fit(const problem *p, const problem_rows *rows, int32_t digits)
{
    for (int64_t i = 0; i < p->spins; i++) {
        double sum = fabs(p->fields[i]);
        for (int64_t k = rows->row_start[i]; k < rows->row_start[i + 1]; k++)
            sum += 2 * fabs(rows->value[k]);
        if (!(ldexp(sum, digits) <= largest_field))
            return false;
    }
    return true;
}

static void choose_numbers(lattice *l, const problem *p, const problem_rows *rows, const number_sizes *s)
{
    l->exact = s->digits <= MOST_DIGITS && fields_fit(p, rows, s->digits);
    int exponent = 0;
    frexp(s->largest, &exponent);
    l->exponent = l->exact ? s->digits : -exponent;
}

/* ---- filling --------------------------------------------------------------------------------- */

static void set(lattice *l, lattice_numbers numbers, int64_t at, double value)
{
    if (l->exact)
        numbers.whole[at] = (int32_t)value;
    else
        numbers.real[at] = value;
}

static void fill(lattice *l, const problem *p, const problem_rows *rows)
{
    for (int64_t i = 0; i < l->spins; i++) {
        double base = ldexp(p->fields[i], l->exponent);
        for (int64_t k = rows->row_start[i]; k < rows->row_start[i + 1]; k++) {
            double value = ldexp(rows->value[k], l->exponent);
            set(l, l->change, k, p->domain == PROBLEM_SPIN ? 2 * value : value);
            base -= p->domain == PROBLEM_SPIN ? value : 0;
        }
        set(l, l->base, i, base);
    }
    for (int64_t i = l->spins; i < l->padded; i++)
        set(l, l->base, i, 0);
}

/* ---- temperatures ---------------------------------------------------------------------------- */

static double typical_change(const lattice *l, const problem *p, const problem_rows *rows, int64_t spin)
{
    double field = ldexp(p->fields[spin], l->exponent), mean = p->domain == PROBLEM_BINARY ? field : 0, square = 0;
    for (int64_t k = rows->row_start[spin]; k < rows->row_start[spin + 1]; k++) {
        double value = ldexp(rows->value[k], l->exponent);
        mean += p->domain == PROBLEM_BINARY ? value / 2 : 0;
        square += p->domain == PROBLEM_BINARY ? value * value / 4 : value * value;
    }
    mean = p->domain == PROBLEM_BINARY ? mean : field;
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

/* Every field of an exact lattice is a multiple of this. */
static int64_t quantum(const lattice *l)
{
    int64_t divisor = 0;
    for (int64_t i = 0; i < l->spins && divisor != 1; i++)
        divisor = common_divisor(divisor, l->base.whole[i]);
    for (int64_t k = 0; k < l->entries && divisor != 1; k++)
        divisor = common_divisor(divisor, l->change.whole[k]);
    return divisor;
}

static void choose_temperatures(lattice *l, const problem *p, const problem_rows *rows)
{
    double greatest = 0, least = DBL_MAX;
    for (int64_t i = 0; i < l->spins; i++) {
        double typical = typical_change(l, p, rows, i);
        greatest = typical > greatest ? typical : greatest;
        least = typical > 0 && typical < least ? typical : least;
    }
    if (!(greatest > 0))
        return;
    l->hot = hot_fraction * greatest;
    l->cold = fmax(cold_fraction * least, narrowest * greatest);
    if (l->exact)
        l->cold = fmax(l->cold, cold_quantum * l->unit * (double)quantum(l));
    l->cold = fmin(l->cold, l->hot);
}

/* ---- opening --------------------------------------------------------------------------------- */

static isg_status take_numbers(lattice *l, isg_error *error)
{
    l->base.any = memory_take(l->allocator, (size_t)l->padded, lattice_number_bytes(l));
    l->change.any = memory_take(l->allocator, (size_t)l->entries, lattice_number_bytes(l));
    return l->base.any && l->change.any ? ISG_OK : error_no_memory(error);
}

isg_status lattice_open(lattice *l, const problem *p, isg_error *error)
{
    *l = (lattice){.allocator = p->allocator, .spins = p->spins, .entries = 2 * p->coupling_count};
    l->padded = (p->spins + LATTICE_BLOCK - 1) / LATTICE_BLOCK * LATTICE_BLOCK;
    l->unit = p->domain == PROBLEM_SPIN ? 2 : 1;
    number_sizes sizes = measure_all(p);
    if (!sizes.finite)
        return error_fail(error, ISG_INVALID, "the problem has a number that is not finite");
    problem_rows rows;
    isg_status status = problem_rows_open(&rows, p, error);
    if (status)
        return status;
    choose_numbers(l, p, &rows, &sizes);
    status = take_numbers(l, error);
    if (!status) {
        fill(l, p, &rows);
        choose_temperatures(l, p, &rows);
    }
    l->row_start = rows.row_start;
    l->neighbour = rows.neighbour;
    memory_release(p->allocator, rows.value, (size_t)l->entries, sizeof *rows.value);
    if (status)
        lattice_close(l);
    return status;
}

void lattice_close(lattice *l)
{
    memory_release(l->allocator, l->row_start, (size_t)l->spins + 2, sizeof *l->row_start);
    memory_release(l->allocator, l->neighbour, (size_t)l->entries, sizeof *l->neighbour);
    memory_release(l->allocator, l->base.any, (size_t)l->padded, lattice_number_bytes(l));
    memory_release(l->allocator, l->change.any, (size_t)l->entries, lattice_number_bytes(l));
    *l = (lattice){0};
}
