/* partition_check.c - see partition_check.h. Shares nothing with the pass but the module: subscripts and conditions are evaluated
 * as expressions, spins are numbered here. */
#include "passes/partition_check.h"

#include <string.h>

typedef struct checking {
    const ir_module *m;
    arena *arena;
    const ir_spins *arrays;
    uint32_t array_count, part_count;
    const ir_part *parts;
    int64_t *base; /* [array_count]: the number of each array's first spin */
    int64_t spins;
    int64_t *part; /* [spins]; -1: in none so far */
    int64_t *severed;
    const char *wrong; /* the first fault */
} checking;

static int64_t extent_of(const checking *c, uint32_t array, uint32_t axis)
{
    return ir_index_extent(c->m, c->arrays[array].indices[axis]);
}

static const char *array_name(const checking *c, uint32_t array)
{
    return ir_text(c->m, c->arrays[array].name);
}

static void number_arrays(checking *c)
{
    c->base = ARENA_ARRAY(c->arena, int64_t, c->array_count);
    for (uint32_t k = 0; k < c->array_count; k++) {
        int64_t size = 1;
        for (uint32_t i = 0; i < c->arrays[k].index_count; i++)
            size *= extent_of(c, k, i);
        c->base[k] = c->spins;
        c->spins += size;
    }
}

/* The spin's number, or -1 where a position is beyond its axis. */
static int64_t spin_at(const checking *c, uint32_t array, const int64_t *position)
{
    int64_t at = 0;
    for (uint32_t i = 0; i < c->arrays[array].index_count; i++) {
        if (position[i] < 0 || position[i] >= extent_of(c, array, i))
            return -1;
        at = at * extent_of(c, array, i) + position[i];
    }
    return c->base[array] + at;
}

/* Counts position[] on, last axis first; false behind the last. */
static bool next_position(int64_t *position, const int64_t *begin, const int64_t *end, uint32_t rank)
{
    for (uint32_t i = rank; i-- > 0;) {
        if (++position[i] < end[i])
            return true;
        position[i] = begin[i];
    }
    return false;
}

static bool is_empty(const int64_t *begin, const int64_t *end, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        if (begin[i] >= end[i])
            return true;
    return false;
}

/* ---- spins in parts ---- */

static void place_box(checking *c, uint32_t part, const ir_box *box, int64_t *placed)
{
    if (box->array >= c->array_count || box->rank != c->arrays[box->array].index_count) {
        c->wrong = arena_format(c->arena, "part %u has a box of no spin array", (unsigned)part);
        return;
    }
    int64_t position[ISG_MAX_RANK];
    memcpy(position, box->begin, sizeof position);
    if (is_empty(box->begin, box->end, box->rank))
        return;
    do {
        int64_t spin = spin_at(c, box->array, position);
        if (spin < 0)
            c->wrong = arena_format(c->arena, "part %u reaches beyond '%s'", (unsigned)part, array_name(c, box->array));
        else if (c->part[spin] >= 0)
            c->wrong = arena_format(c->arena, "spin %lld is in part %lld and in part %u", (long long)spin,
                                    (long long)c->part[spin], (unsigned)part);
        if (c->wrong)
            return;
        c->part[spin] = part;
        ++*placed;
    } while (next_position(position, box->begin, box->end, box->rank));
}

static void place_spins(checking *c, int64_t capacity)
{
    for (uint32_t p = 0; p < c->part_count && !c->wrong; p++) {
        int64_t placed = 0;
        for (uint32_t b = 0; b < c->parts[p].box_count && !c->wrong; b++)
            place_box(c, p, &c->parts[p].boxes[b], &placed);
        if (!c->wrong && placed > capacity)
            c->wrong = arena_format(c->arena, "part %u holds %lld spins, %lld too many", (unsigned)p, (long long)placed,
                                    (long long)(placed - capacity));
        if (!c->wrong && placed == 0)
            c->wrong = arena_format(c->arena, "part %u is empty", (unsigned)p);
    }
    for (int64_t i = 0; i < c->spins && !c->wrong; i++)
        if (c->part[i] < 0)
            c->wrong = arena_format(c->arena, "spin %lld is in no part", (long long)i);
}

static void check_rounds(checking *c)
{
    bool *used = ARENA_ARRAY(c->arena, bool, c->part_count);
    uint32_t rounds = 0;
    for (uint32_t p = 0; p < c->part_count && !c->wrong; p++) {
        uint32_t round = c->parts[p].round;
        if (round >= c->part_count) {
            c->wrong = arena_format(c->arena, "part %u runs in round %u of %u parts", (unsigned)p, (unsigned)round,
                                    (unsigned)c->part_count);
            return;
        }
        used[round] = true;
        rounds = round >= rounds ? round + 1 : rounds;
    }
    for (uint32_t r = 0; r < rounds && !c->wrong; r++)
        if (!used[r])
            c->wrong = arena_format(c->arena, "round %u has no part", (unsigned)r);
}

/* ---- couplings ---- */

static bool evaluate(checking *c, const ir_term *term, ir_expr e, const double *values, double *out)
{
    if (ir_expr_evaluate(c->m, e, term->indices, values, term->index_count, out))
        return true;
    c->wrong = arena_format(c->arena, "cannot evaluate %s", ir_print_expr(c->m, e));
    return false;
}

static int64_t coupled_spin(checking *c, const ir_term *term, const ir_spin_ref *ref, const double *values)
{
    int64_t position[ISG_MAX_RANK] = {0};
    for (uint32_t k = 0; k < ref->subscript_count; k++) {
        double value;
        if (!evaluate(c, term, ref->subscripts[k], values, &value))
            return -1;
        position[k] = (int64_t)value;
    }
    int64_t spin = spin_at(c, ref->array, position);
    if (spin < 0)
        c->wrong = arena_format(c->arena, "a term reaches beyond '%s'", array_name(c, ref->array));
    return spin;
}

static void check_coupling(checking *c, const ir_term *term, const double *values)
{
    double holds = 1;
    if (term->condition && !evaluate(c, term, term->condition, values, &holds))
        return;
    if (holds == 0)
        return;
    int64_t first = coupled_spin(c, term, &term->spins[0], values);
    int64_t second = first < 0 ? -1 : coupled_spin(c, term, &term->spins[1], values);
    if (second < 0 || c->part[first] == c->part[second])
        return;
    int64_t a = c->part[first], b = c->part[second];
    c->severed[a]++;
    c->severed[b]++;
    if (c->parts[a].round == c->parts[b].round)
        c->wrong = arena_format(c->arena, "parts %lld and %lld are coupled and share round %u", (long long)a, (long long)b,
                                (unsigned)c->parts[a].round);
}

static void check_term(checking *c, const ir_term *term)
{
    uint32_t rank = term->index_count;
    int64_t *begin = ARENA_ARRAY(c->arena, int64_t, rank), *end = ARENA_ARRAY(c->arena, int64_t, rank),
            *at = ARENA_ARRAY(c->arena, int64_t, rank);
    double *values = ARENA_ARRAY(c->arena, double, rank);
    for (uint32_t i = 0; i < rank; i++)
        end[i] = ir_index_extent(c->m, term->indices[i]);
    if (is_empty(begin, end, rank))
        return;
    do {
        for (uint32_t i = 0; i < rank; i++)
            values[i] = (double)at[i];
        check_coupling(c, term, values);
    } while (!c->wrong && next_position(at, begin, end, rank));
}

static void check_couplings(checking *c, const ir_attribute *terms)
{
    for (uint32_t i = 0; i < terms->count && !c->wrong; i++) {
        const ir_term *term = (const ir_term *)terms->list + i;
        if (term->spin_count == 2)
            check_term(c, term);
    }
    for (uint32_t p = 0; p < c->part_count && !c->wrong; p++)
        if (c->severed[p] != c->parts[p].severed)
            c->wrong = arena_format(c->arena, "part %u severs %lld couplings, not %lld", (unsigned)p, (long long)c->severed[p],
                                    (long long)c->parts[p].severed);
}

const char *partition_check(const ir_module *m, ir_op anneal, int64_t capacity, arena *a)
{
    ir_attribute spins = *ir_op_attribute(m, anneal, "spins"), parts = *ir_op_attribute(m, anneal, "parts"),
                 terms = *ir_op_attribute(m, anneal, "terms");
    checking c = {.m = m, .arena = a, .arrays = spins.list, .array_count = spins.count};
    number_arrays(&c);
    if (!parts.present)
        return c.spins <= capacity ? NULL
                                   : arena_format(a, "%lld spins are left whole, %lld too many", (long long)c.spins,
                                                  (long long)(c.spins - capacity));
    c.parts = parts.list;
    c.part_count = parts.count;
    c.severed = ARENA_ARRAY(a, int64_t, c.part_count);
    c.part = ARENA_ARRAY(a, int64_t, (size_t)c.spins);
    for (int64_t i = 0; i < c.spins; i++)
        c.part[i] = -1;
    place_spins(&c, capacity);
    if (!c.wrong)
        check_rounds(&c);
    if (!c.wrong)
        check_couplings(&c, &terms);
    return c.wrong;
}
