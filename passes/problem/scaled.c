/* scaled.c - see scaled.h. */
#include "passes/problem/scaled.h"

#include "passes/problem/exact_sum.h"

#include "runtime/error.h"
#include "runtime/memory.h"

/* In binary form fields take in their couplings; with this a sum over all ends of all numbers stays below 2^52. */
enum { SCALED_BITS = 47 };

typedef struct build {
    scaled *s;
    const problem *p;
    const int8_t *fixed;
    uint32_t *place;  /* [p->spins]: of a free spin in s */
    exact_sum *field; /* [s->spins]: with the couplings to fixed spins folded in */
    int exponent;     /* a number v becomes v * 2^exponent */
} build;

static bool open_arrays(build *b)
{
    scaled *s = b->s;
    const problem *p = b->p;
    for (int64_t i = 0; i < p->spins; i++)
        s->spins += b->fixed[i] == SPIN_FREE;
    for (int64_t k = 0; k < p->coupling_count; k++)
        s->ends += 2 * (b->fixed[p->couplings[k].first] == SPIN_FREE && b->fixed[p->couplings[k].second] == SPIN_FREE);
    s->spin = memory_take(s->allocator, (size_t)s->spins, sizeof *s->spin);
    s->field = memory_take_zeroed(s->allocator, (size_t)s->spins, sizeof *s->field);
    s->slack = memory_take_zeroed(s->allocator, (size_t)s->spins, sizeof *s->slack);
    s->row_start = memory_take_zeroed(s->allocator, (size_t)s->spins + 2, sizeof *s->row_start);
    s->neighbour = memory_take(s->allocator, (size_t)s->ends, sizeof *s->neighbour);
    s->coupling = memory_take(s->allocator, (size_t)s->ends, sizeof *s->coupling);
    b->place = memory_take(s->allocator, (size_t)p->spins, sizeof *b->place);
    b->field = memory_take_zeroed(s->allocator, (size_t)s->spins, sizeof *b->field);
    return s->spin && s->field && s->slack && s->row_start && s->neighbour && s->coupling && b->place && b->field;
}

static void fold_fields(build *b)
{
    const problem *p = b->p;
    uint32_t count = 0;
    for (int64_t i = 0; i < p->spins; i++)
        if (b->fixed[i] == SPIN_FREE) {
            b->place[i] = count;
            b->s->spin[count] = (uint32_t)i;
            b->field[count++].high = p->fields[i];
        }
    for (int64_t k = 0; k < p->coupling_count; k++) {
        problem_coupling c = p->couplings[k];
        int8_t first = b->fixed[c.first], second = b->fixed[c.second];
        if (first == SPIN_FREE && second != SPIN_FREE)
            exact_add(&b->field[b->place[c.first]], c.value * second);
        else if (first != SPIN_FREE && second == SPIN_FREE)
            exact_add(&b->field[b->place[c.second]], c.value * first);
    }
    for (int64_t i = 0; i < b->s->spins; i++) { /* rounded: high is the value, lost bounds the rest */
        double error, value = exact_round(&b->field[i], &error);
        b->field[i] = (exact_sum){.high = value, .lost = error};
    }
}

static bool is_free(const build *b, const problem_coupling *c)
{
    return b->fixed[c->first] == SPIN_FREE && b->fixed[c->second] == SPIN_FREE;
}

/* False when a sum left the range of doubles. */
static bool choose_exponent(build *b)
{
    const problem *p = b->p;
    double largest = 0, sum = 0;
    for (int64_t i = 0; i < b->s->spins; i++) {
        if (!isfinite(b->field[i].high))
            return false;
        largest = fmax(largest, fabs(b->field[i].high));
    }
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (is_free(b, &p->couplings[k]))
            largest = fmax(largest, fabs(p->couplings[k].value));
    if (largest == 0)
        return true;
    int most = ilogb(largest) + 1, bits;
    for (int64_t i = 0; i < b->s->spins; i++)
        sum += ldexp(fabs(b->field[i].high), -most);
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (is_free(b, &p->couplings[k]))
            sum += ldexp(fabs(p->couplings[k].value), -most);
    frexp(sum, &bits);
    b->exponent = SCALED_BITS - bits - most;
    return true;
}

/* *inexact where the integer is not all there was. */
static int64_t to_integer(const build *b, double value, bool *inexact)
{
    double unit = ldexp(value, b->exponent), whole = rint(unit);
    *inexact = ldexp(whole, -b->exponent) != value;
    return (int64_t)whole;
}

/* Half a unit of rounding weighs twice in a flip of -1 and 1; in binary form E is in quarters of a unit. */
static void scale_fields(build *b)
{
    scaled *s = b->s;
    int64_t binary = b->p->domain == PROBLEM_BINARY ? 2 : 1;
    for (int64_t i = 0; i < s->spins; i++) {
        bool inexact;
        double error = b->field[i].lost;
        s->field[i] += binary * to_integer(b, b->field[i].high, &inexact);
        if (inexact || error != 0)
            s->slack[i] += binary * (1 + (int64_t)fmin(ceil(2 * ldexp(error, b->exponent)), 0x1p40));
    }
}

static void count_ends(build *b)
{
    scaled *s = b->s;
    for (int64_t k = 0; k < b->p->coupling_count; k++) {
        const problem_coupling *c = &b->p->couplings[k];
        if (is_free(b, c)) {
            s->row_start[b->place[c->first] + 2]++;
            s->row_start[b->place[c->second] + 2]++;
        }
    }
    for (int64_t i = 0; i < s->spins; i++)
        s->row_start[i + 2] += s->row_start[i + 1];
}

static void scale_couplings(build *b)
{
    scaled *s = b->s;
    bool binary = b->p->domain == PROBLEM_BINARY;
    int64_t *next = s->row_start + 1;
    for (int64_t k = 0; k < b->p->coupling_count; k++) {
        const problem_coupling *c = &b->p->couplings[k];
        if (!is_free(b, c))
            continue;
        bool inexact;
        int64_t value = to_integer(b, c->value, &inexact);
        uint32_t ends[2] = {b->place[c->first], b->place[c->second]};
        for (int end = 0; end < 2; end++) {
            uint32_t i = ends[end];
            s->neighbour[next[i]] = ends[!end];
            s->coupling[next[i]++] = value;
            s->slack[i] += binary ? 2 * inexact : inexact;
            if (binary)
                s->field[i] += value;
        }
    }
}

isg_status scaled_open(scaled *s, const problem *p, const int8_t *fixed, isg_error *error)
{
    *s = (scaled){.allocator = p->allocator, .exact = true};
    build b = {.s = s, .p = p, .fixed = fixed};
    bool opened = open_arrays(&b), finite = true;
    if (opened) {
        fold_fields(&b);
        finite = choose_exponent(&b);
    }
    if (opened && finite) {
        scale_fields(&b);
        count_ends(&b);
        scale_couplings(&b);
        for (int64_t i = 0; i < s->spins; i++)
            s->exact &= s->slack[i] == 0;
    }
    memory_release(s->allocator, b.place, (size_t)p->spins, sizeof *b.place);
    memory_release(s->allocator, b.field, (size_t)s->spins, sizeof *b.field);
    if (opened && finite)
        return ISG_OK;
    scaled_close(s);
    return opened ? error_fail(error, ISG_INVALID, "numbers too large: a sum is beyond double's range") : error_no_memory(error);
}

void scaled_close(scaled *s)
{
    if (!s->allocator)
        return;
    memory_release(s->allocator, s->spin, (size_t)s->spins, sizeof *s->spin);
    memory_release(s->allocator, s->field, (size_t)s->spins, sizeof *s->field);
    memory_release(s->allocator, s->slack, (size_t)s->spins, sizeof *s->slack);
    memory_release(s->allocator, s->row_start, (size_t)s->spins + 2, sizeof *s->row_start);
    memory_release(s->allocator, s->neighbour, (size_t)s->ends, sizeof *s->neighbour);
    memory_release(s->allocator, s->coupling, (size_t)s->ends, sizeof *s->coupling);
    *s = (scaled){0};
}
