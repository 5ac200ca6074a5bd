/* partition_cuts.c - candidate cuts of an anneal (partition.h). */
#include "passes/partition.h"

#include <string.h>

bool partition_is_tie(const partition_problem *p, const ir_term *term)
{
    double number;
    return term->spin_count == 2 && ir_expr_is_number(p->m, term->coefficient, &number) && number > 0;
}

/* ---- along an axis ---- */

static int axis_of_index(const partition_problem *p, const ir_spin_ref *ref, ir_index index)
{
    for (uint32_t i = 0; i < ref->subscript_count; i++) {
        const ir_expr_data *x = ir_expr_get(p->m, ref->subscripts[i]);
        if (x->kind == EXPR_INDEX && x->index == index)
            return (int)i;
    }
    return -1;
}

/* A term that has one index on the chosen axis of one array names the axis of the other. */
static bool follow_axis(const partition_problem *p, const ir_term *term, int from, uint32_t *axes)
{
    const ir_spin_ref *known = &term->spins[from], *other = &term->spins[1 - from];
    if (axes[known->array] == PARTITION_UNKNOWN || axes[other->array] != PARTITION_UNKNOWN)
        return false;
    const ir_expr_data *x = ir_expr_get(p->m, known->subscripts[axes[known->array]]);
    int axis = x->kind == EXPR_INDEX ? axis_of_index(p, other, x->index) : -1;
    if (axis < 0)
        return false;
    axes[other->array] = (uint32_t)axis;
    return true;
}

static bool choose_axes(const partition_problem *p, uint32_t array, uint32_t axis, uint32_t *axes)
{
    for (uint32_t k = 0; k < p->layout.array_count; k++)
        axes[k] = PARTITION_UNKNOWN;
    axes[array] = axis;
    for (bool more = true; more;) {
        more = false;
        for (uint32_t i = 0; i < p->term_count; i++)
            if (p->terms[i].spin_count == 2)
                more |= follow_axis(p, &p->terms[i], 0, axes) || follow_axis(p, &p->terms[i], 1, axes);
    }
    for (uint32_t k = 0; k < p->layout.array_count; k++)
        if (axes[k] == PARTITION_UNKNOWN && p->layout.size[k] > 0)
            return false;
    return true;
}

bool partition_axis_units(const partition_problem *p, uint32_t array, uint32_t axis, cut_units *out)
{
    const ir_spins *arrays = ir_op_attribute(p->m, p->op, "spins")->list;
    uint32_t *axes = ARENA_ARRAY(p->m->arena, uint32_t, p->layout.array_count);
    if (!choose_axes(p, array, axis, axes))
        return false;
    out->unit = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)p->layout.count);
    out->count = 0;
    for (uint32_t k = 0; k < p->layout.array_count; k++) {
        if (!p->layout.size[k])
            continue;
        int64_t stride = p->layout.stride[k][axes[k]], extent = ir_index_extent(p->m, arrays[k].indices[axes[k]]);
        for (int64_t i = 0; i < p->layout.size[k]; i++)
            out->unit[p->layout.base[k] + i] = (uint32_t)(i / stride % extent);
        out->count = extent > out->count ? (uint32_t)extent : out->count;
    }
    return true;
}

/* ---- along ties ---- */

static uint32_t find(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

static bool join(void *context, uint32_t first, uint32_t second)
{
    uint32_t *parent = context, a = find(parent, first), b = find(parent, second);
    parent[a > b ? a : b] = a > b ? b : a;
    return true;
}

void partition_tied_units(const partition_problem *p, cut_units *out)
{
    uint32_t *parent = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)p->layout.count);
    out->unit = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)p->layout.count);
    out->count = 0;
    for (int64_t i = 0; i < p->layout.count; i++)
        parent[i] = (uint32_t)i;
    for (uint32_t i = 0; i < p->term_count; i++)
        if (partition_is_tie(p, &p->terms[i]))
            coupling_walk(p->m, &p->layout, &p->terms[i], false, p->m->arena, join, parent);
    for (int64_t i = 0; i < p->layout.count; i++) {
        uint32_t root = find(parent, (uint32_t)i);
        out->unit[i] = root == (uint32_t)i ? out->count++ : out->unit[root];
    }
}

/* ---- filling ---- */

/* Parts needed when none may exceed `limit`; fills `part_of_unit` on the way. */
static uint32_t fill_to(const int64_t *size, uint32_t units, int64_t limit, uint32_t *part_of_unit)
{
    uint32_t part = 0;
    int64_t filled = 0;
    for (uint32_t u = 0; u < units; u++) {
        if (filled && filled + size[u] > limit) {
            part++;
            filled = 0;
        }
        filled += size[u];
        part_of_unit[u] = part;
    }
    return part + 1;
}

bool partition_fill(const partition_problem *p, const cut_units *units, cut *out)
{
    int64_t *size = ARENA_ARRAY(p->m->arena, int64_t, units->count), largest = 0;
    uint32_t *part_of_unit = ARENA_ARRAY(p->m->arena, uint32_t, units->count);
    for (int64_t i = 0; i < p->layout.count; i++)
        size[units->unit[i]]++;
    for (uint32_t u = 0; u < units->count; u++)
        largest = size[u] > largest ? size[u] : largest;
    if (largest > p->capacity)
        return false;
    out->count = fill_to(size, units->count, p->capacity, part_of_unit);
    int64_t low = largest, high = p->capacity; /* the least limit with as few parts makes them even */
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (fill_to(size, units->count, middle, part_of_unit) > out->count)
            low = middle + 1;
        else
            high = middle;
    }
    fill_to(size, units->count, high, part_of_unit);
    out->part = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)p->layout.count);
    for (int64_t i = 0; i < p->layout.count; i++)
        out->part[i] = part_of_unit[units->unit[i]];
    return true;
}

/* ---- weighing ---- */

typedef struct weighing {
    const uint32_t *part;
    int64_t severed;
} weighing;

static bool count_severed(void *context, uint32_t first, uint32_t second)
{
    weighing *w = context;
    w->severed += w->part[first] != w->part[second];
    return true;
}

void partition_weigh(const partition_problem *p, cut *c)
{
    c->severed = c->severed_ties = 0;
    for (uint32_t i = 0; i < p->term_count; i++) {
        if (p->terms[i].spin_count != 2)
            continue;
        weighing w = {.part = c->part};
        coupling_walk(p->m, &p->layout, &p->terms[i], false, p->m->arena, count_severed, &w);
        c->severed += w.severed;
        c->severed_ties += partition_is_tie(p, &p->terms[i]) ? w.severed : 0;
    }
}
