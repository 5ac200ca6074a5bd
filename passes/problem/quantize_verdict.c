/* quantize_verdict.c - is a ground state of the quantised problem one of the problem? Proofs, or no answer.
 *
 * Presolve, asked only for what all optima agree on, fixes spins in both problems. Fixed differently in the two: changed.
 * Fixed alike: they go. The rest falls apart into groups without couplings between them (quantising adds none), and small
 * groups are enumerated in exact integers; all of them kept: kept, one of them changed: changed. Where groups are too
 * large, a ground state of the quantised problem may still be found, as that one has fewer couplings; if flipping one or
 * two spins then lowers the energy of the problem: changed.
 *
 * A problem of spins without fields has with each state its opposite; its ancilla, or first spin, is held at 1.
 */
#include "passes/problem/exact_sum.h"
#include "passes/problem/quantize.h"
#include "passes/problem/scaled.h"

#include "runtime/error.h"
#include "runtime/memory.h"

typedef struct side {
    const problem *p;
    problem_rows rows;
    int8_t *fixed; /* [spins]: what every ground state agrees on */
} side;

typedef struct judge {
    side in, out;
    int64_t spins, most;
    int8_t *common;  /* [spins]: fixed alike in both, or SPIN_FREE */
    uint32_t *group; /* [spins]: of the group at hand */
    char *seen;      /* [spins] */
    int8_t *state;   /* [spins] */
} judge;

/* ---- exact energies of a small group ---- */

typedef struct level_table {
    __int128 field[QUANTIZE_ENUMERATE_MOST], coupling[QUANTIZE_ENUMERATE_MOST][QUANTIZE_ENUMERATE_MOST];
    __int128 slack; /* differences of energies are off by at most this */
} level_table;

/* Fewer than 2^10 numbers, each twice: sums stay below 2^126. */
enum { LEVEL_BITS = 114 };

static __int128 level(double value, int exponent, bool *inexact)
{
    double unit = ldexp(value, exponent), whole = rint(unit);
    *inexact |= ldexp(whole, -exponent) != value;
    return (__int128)whole;
}

/* The group's fields, with what spins outside are fixed to; the sizes of all its numbers. False beyond double's range. */
static bool hold_fields(const side *s, const int8_t *fixed, const uint32_t *group, int count, exact_sum *held, double *largest)
{
    *largest = 0;
    for (int a = 0; a < count; a++) {
        held[a] = (exact_sum){.high = s->p->fields[group[a]]};
        for (int64_t k = s->rows.row_start[group[a]]; k < s->rows.row_start[group[a] + 1]; k++) {
            if (fixed[s->rows.neighbour[k]] != SPIN_FREE)
                exact_add(&held[a], s->rows.value[k] * fixed[s->rows.neighbour[k]]);
            else
                *largest = fmax(*largest, fabs(s->rows.value[k]));
        }
        if (!isfinite(held[a].high + held[a].low))
            return false;
        *largest = fmax(*largest, fmax(fabs(held[a].high), fabs(held[a].low)));
    }
    return true;
}

static void level_field(level_table *t, int a, const exact_sum *held, int exponent)
{
    bool high = false, low = false;
    t->field[a] = level(held->high, exponent, &high) + level(held->low, exponent, &low);
    t->slack += 2 * (high + low);
    if (held->lost != 0) {
        double off = ceil(2 * ldexp(held->lost, exponent));
        t->slack += off < 0x1p100 ? (__int128)off + 1 : (__int128)1 << 100;
    }
}

static bool make_levels(const side *s, const int8_t *fixed, const uint32_t *group, int count, level_table *t)
{
    exact_sum held[QUANTIZE_ENUMERATE_MOST];
    double largest;
    if (!hold_fields(s, fixed, group, count, held, &largest))
        return false;
    int exponent = largest == 0 ? 0 : LEVEL_BITS - ilogb(largest);
    *t = (level_table){0};
    for (int a = 0; a < count; a++) {
        level_field(t, a, &held[a], exponent);
        for (int64_t k = s->rows.row_start[group[a]]; k < s->rows.row_start[group[a] + 1]; k++)
            for (int b = 0; b < count; b++)
                if (group[b] == s->rows.neighbour[k]) {
                    bool inexact = false;
                    t->coupling[a][b] = level(s->rows.value[k], exponent, &inexact);
                    t->slack += inexact;
                }
    }
    return true;
}

/* ---- enumeration ---- */

/* The energy of one problem along the walk through all states that flips one spin a step. */
typedef struct walk {
    const level_table *table;
    __int128 local[QUANTIZE_ENUMERATE_MOST], energy;
} walk;

static walk walk_open(const level_table *t, int count, int lowest)
{
    walk w = {.table = t};
    for (int a = 0; a < count; a++) {
        w.local[a] = t->field[a];
        w.energy += lowest * t->field[a];
        for (int b = 0; b < count; b++) {
            w.local[a] += lowest * t->coupling[a][b];
            if (b < a)
                w.energy += lowest * lowest * t->coupling[a][b];
        }
    }
    return w;
}

static void walk_flip(walk *w, int count, int spin, int change)
{
    w->energy += change * w->local[spin];
    for (int b = 0; b < count; b++)
        w->local[b] += change * w->table->coupling[spin][b];
}

typedef struct optima {
    __int128 least_in, second_in; /* lowest energies of two states, equal ones too */
    __int128 least_out;
    __int128 worst_of_best; /* highest energy in the problem among the ground states of the quantised one */
    uint32_t state;         /* one of those; bit a set where the group's spin a is high */
} optima;

static void note_state(optima *o, const walk *in, const walk *out, uint32_t state)
{
    if (in->energy < o->least_in) {
        o->second_in = o->least_in;
        o->least_in = in->energy;
    } else if (in->energy < o->second_in) {
        o->second_in = in->energy;
    }
    if (out->energy < o->least_out) {
        o->least_out = out->energy;
        o->worst_of_best = in->energy;
        o->state = state;
    } else if (out->energy == o->least_out && in->energy > o->worst_of_best) {
        o->worst_of_best = in->energy;
    }
}

static optima enumerate(const level_table *in, const level_table *out, int count, int lowest)
{
    const __int128 beyond = (__int128)1 << 126;
    walk a = walk_open(in, count, lowest), b = walk_open(out, count, lowest);
    optima o = {.least_in = beyond, .second_in = beyond, .least_out = beyond};
    uint32_t state = 0;
    note_state(&o, &a, &b, state);
    for (uint32_t k = 1; k < (uint32_t)1 << count; k++) {
        int spin = __builtin_ctz(k), change = state >> spin & 1 ? lowest - 1 : 1 - lowest;
        state ^= (uint32_t)1 << spin;
        walk_flip(&a, count, spin, change);
        walk_flip(&b, count, spin, change);
        note_state(&o, &a, &b, state);
    }
    return o;
}

/* What the enumeration proves, given what the tables may be off by. */
static quantize_verdict compare_optima(const optima *o, const level_table *in, const level_table *out)
{
    if (out->slack != 0)
        return VERDICT_UNKNOWN;
    if (o->worst_of_best > o->least_in + in->slack)
        return VERDICT_CHANGED;
    bool certain = in->slack == 0 || o->second_in > o->least_in + in->slack; /* or there is one ground state */
    return o->worst_of_best == o->least_in && certain ? VERDICT_KEPT : VERDICT_UNKNOWN;
}

/* ---- groups ---- */

/* The free spins that couplings of `s` join to `first`; all are marked seen. */
static int64_t collect_group(judge *j, const side *s, const int8_t *fixed, uint32_t first)
{
    int64_t count = 1;
    j->group[0] = first;
    j->seen[first] = 1;
    for (int64_t next = 0; next < count; next++)
        for (int64_t k = s->rows.row_start[j->group[next]]; k < s->rows.row_start[j->group[next] + 1]; k++) {
            uint32_t neighbour = s->rows.neighbour[k];
            if (fixed[neighbour] == SPIN_FREE && !j->seen[neighbour]) {
                j->seen[neighbour] = 1;
                j->group[count++] = neighbour;
            }
        }
    return count;
}

static int lowest_of(const judge *j)
{
    return j->in.p->domain == PROBLEM_BINARY ? 0 : -1;
}

static quantize_verdict judge_group(const judge *j, int count)
{
    level_table in, out;
    if (!make_levels(&j->in, j->common, j->group, count, &in) || !make_levels(&j->out, j->common, j->group, count, &out))
        return VERDICT_UNKNOWN;
    optima o = enumerate(&in, &out, count, lowest_of(j));
    return compare_optima(&o, &in, &out);
}

static quantize_verdict judge_groups(judge *j)
{
    quantize_verdict verdict = VERDICT_KEPT;
    memset(j->seen, 0, (size_t)j->spins);
    for (int64_t i = 0; i < j->spins && verdict != VERDICT_CHANGED; i++) {
        if (j->common[i] != SPIN_FREE || j->seen[i])
            continue;
        int64_t count = collect_group(j, &j->in, j->common, (uint32_t)i);
        quantize_verdict group = count > j->most ? VERDICT_UNKNOWN : judge_group(j, (int)count);
        if (group != VERDICT_KEPT)
            verdict = group;
    }
    return verdict;
}

enum { PAIRS_WORK = 50000000 }; /* couplings to look at, for flips of two spins */

/* ---- a witness: a ground state of the quantised problem that a few flips improve in the problem ---- */

/* Into j->state; false when a group is too large. */
static bool solve_quantised(judge *j)
{
    memset(j->seen, 0, (size_t)j->spins);
    memcpy(j->state, j->out.fixed, (size_t)j->spins);
    for (int64_t i = 0; i < j->spins; i++) {
        if (j->out.fixed[i] != SPIN_FREE || j->seen[i])
            continue;
        int64_t count = collect_group(j, &j->out, j->out.fixed, (uint32_t)i);
        level_table out;
        if (count > j->most || !make_levels(&j->out, j->out.fixed, j->group, (int)count, &out) || out.slack != 0)
            return false;
        optima o = enumerate(&out, &out, (int)count, lowest_of(j));
        for (int64_t a = 0; a < count; a++)
            j->state[j->group[a]] = o.state >> a & 1 ? 1 : (int8_t)lowest_of(j);
    }
    return true;
}

/* What flipping the spin changes in the problem's energy; the coupling to `besides` counts as if that were flipped before. */
static exact_sum flip_gain(const judge *j, uint32_t spin, int64_t besides)
{
    const side *s = &j->in;
    int change = j->state[spin] == 1 ? lowest_of(j) - 1 : 1 - lowest_of(j);
    exact_sum gain = {.high = change * s->p->fields[spin]};
    for (int64_t k = s->rows.row_start[spin]; k < s->rows.row_start[spin + 1]; k++) {
        uint32_t other = s->rows.neighbour[k];
        int value = other != besides ? j->state[other] : j->state[other] == 1 ? lowest_of(j) : 1;
        exact_add(&gain, s->rows.value[k] * (change * value));
    }
    return gain;
}

static bool is_surely_negative(const exact_sum *s)
{
    double error, value = exact_round(s, &error);
    return isfinite(value) && value + error < 0;
}

static bool flips_improve(const judge *j)
{
    const side *s = &j->in;
    for (uint32_t i = 0; i < j->spins; i++) {
        exact_sum one = flip_gain(j, i, -1);
        if (is_surely_negative(&one))
            return true;
    }
    double ends = 2.0 * (double)s->p->coupling_count;
    bool pairs = ends * ends / (double)j->spins < PAIRS_WORK;
    for (uint32_t i = 0; i < j->spins && pairs; i++) {
        exact_sum one = flip_gain(j, i, -1);
        for (int64_t k = s->rows.row_start[i]; k < s->rows.row_start[i + 1]; k++) {
            if (s->rows.neighbour[k] < i)
                continue;
            exact_sum two = flip_gain(j, s->rows.neighbour[k], i);
            exact_add(&two, one.high);
            exact_add(&two, one.low);
            two.lost += one.lost;
            if (is_surely_negative(&two))
                return true;
        }
    }
    return false;
}

/* ---- the whole ---- */

static bool has_fields(const problem *p)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return true;
    return false;
}

static isg_status open_side(side *s, const problem *p, int64_t held, isg_error *error)
{
    *s = (side){.p = p};
    s->fixed = memory_take(p->allocator, (size_t)p->spins, 1);
    if (!s->fixed)
        return error_no_memory(error);
    memset(s->fixed, SPIN_FREE, (size_t)p->spins);
    if (held >= 0)
        s->fixed[held] = 1;
    isg_status status = problem_rows_open(&s->rows, p, error);
    if (status)
        return status;
    presolve_settings settings = {.strict = true};
    presolve_info info;
    return presolve_fix(p, &settings, s->fixed, &info, error);
}

static void close_side(side *s)
{
    if (!s->p)
        return;
    problem_rows_close(&s->rows, s->p);
    memory_release(s->p->allocator, s->fixed, (size_t)s->p->spins, 1);
}

static quantize_verdict find_verdict(judge *j)
{
    for (int64_t i = 0; i < j->spins; i++) {
        int8_t in = j->in.fixed[i], out = j->out.fixed[i];
        if (in != SPIN_FREE && out != SPIN_FREE && in != out)
            return VERDICT_CHANGED;
        j->common[i] = in == out ? in : SPIN_FREE;
    }
    quantize_verdict verdict = judge_groups(j);
    if (verdict == VERDICT_UNKNOWN && solve_quantised(j) && flips_improve(j))
        verdict = VERDICT_CHANGED;
    return verdict;
}

isg_status quantize_judge(const problem *in, const problem *out, int64_t enumerate, quantize_verdict *verdict, isg_error *error)
{
    *verdict = VERDICT_UNKNOWN;
    if (out->coupling_count == 0 && !has_fields(out)) { /* every state is a ground state, but not of a problem with numbers */
        *verdict = in->coupling_count == 0 && !has_fields(in) ? VERDICT_KEPT : VERDICT_CHANGED;
        return ISG_OK;
    }
    const isg_allocator *a = in->allocator;
    size_t spins = (size_t)in->spins;
    bool alike = in->domain == PROBLEM_SPIN && !has_fields(in) && !has_fields(out);
    int64_t held = !alike ? -1 : in->ancilla >= 0 ? in->ancilla : 0;
    judge j = {.spins = in->spins, .most = enumerate};
    isg_status status = open_side(&j.in, in, held, error);
    if (!status)
        status = open_side(&j.out, out, held, error);
    j.common = memory_take(a, spins, 1);
    j.group = memory_take(a, spins, sizeof *j.group);
    j.seen = memory_take(a, spins, 1);
    j.state = memory_take(a, spins, 1);
    if (!status && (!j.common || !j.group || !j.seen || !j.state))
        status = error_no_memory(error);
    if (!status)
        *verdict = find_verdict(&j);
    memory_release(a, j.common, spins, 1);
    memory_release(a, j.group, spins, sizeof *j.group);
    memory_release(a, j.seen, spins, 1);
    memory_release(a, j.state, spins, 1);
    close_side(&j.in);
    close_side(&j.out);
    return status;
}
