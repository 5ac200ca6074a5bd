/* spins.c - see spins.h. Groups are found by union-find over the index space of the quadratic terms. */
#include "ir/spins.h"

enum { GROUP_STEPS_MAX = 4000000 };

spin_layout spin_layout_of(const ir_module *m, ir_op anneal, arena *a)
{
    ir_attribute spins = *ir_op_attribute(m, anneal, "spins");
    const ir_spins *arrays = spins.list;
    spin_layout l = {.array_count = spins.count,
                     .base = ARENA_ARRAY(a, int64_t, spins.count),
                     .stride = arena_take(a, spins.count, sizeof *l.stride),
                     .size = ARENA_ARRAY(a, int64_t, spins.count),
                     .lowest = ARENA_ARRAY(a, int32_t, spins.count)};
    for (uint32_t k = 0; k < spins.count; k++) {
        int64_t size = 1;
        for (uint32_t i = arrays[k].index_count; i-- > 0;) {
            l.stride[k][i] = size;
            size *= ir_index_extent(m, arrays[k].indices[i]);
        }
        l.base[k] = l.count;
        l.size[k] = size;
        l.lowest[k] = arrays[k].lowest;
        l.count += size;
    }
    return l;
}

typedef struct grouping {
    const ir_module *m;
    const spin_layout *layout;
    uint32_t *parent;
    int64_t groups, steps;
    const ir_term *term;
    bool coarse; /* indices of the first spin alone take only their first and last value */
    double *values;
} grouping;

static uint32_t find(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* The smaller root stays, so that a group's root is its first spin. */
static void join(grouping *g, uint32_t a, uint32_t b)
{
    a = find(g->parent, a);
    b = find(g->parent, b);
    if (a == b)
        return;
    g->parent[a > b ? a : b] = a > b ? b : a;
    g->groups--;
}

static bool spin_number(const grouping *g, const ir_spin_ref *ref, uint32_t *out)
{
    int64_t at = g->layout->base[ref->array];
    for (uint32_t i = 0; i < ref->subscript_count; i++) {
        double value;
        if (!ir_expr_evaluate(g->m, ref->subscripts[i], g->term->indices, g->values, g->term->index_count, &value))
            return false;
        at += (int64_t)value * g->layout->stride[ref->array][i];
    }
    *out = (uint32_t)at;
    return at >= 0 && at < g->layout->count;
}

static void visit_pair(grouping *g)
{
    const ir_term *t = g->term;
    double holds = 1;
    uint32_t a, b;
    if (t->condition && !ir_expr_evaluate(g->m, t->condition, t->indices, g->values, t->index_count, &holds))
        holds = 1;
    if (holds != 0 && spin_number(g, &t->spins[0], &a) && spin_number(g, &t->spins[1], &b))
        join(g, a, b);
}

static bool ref_uses(const ir_module *m, const ir_spin_ref *ref, ir_index index)
{
    for (uint32_t i = 0; i < ref->subscript_count; i++)
        if (ir_expr_uses_index(m, ref->subscripts[i], index))
            return true;
    return false;
}

static void visit_from(grouping *g, uint32_t depth)
{
    if (g->groups <= 1 || g->steps > GROUP_STEPS_MAX)
        return;
    if (depth == g->term->index_count) {
        g->steps++;
        visit_pair(g);
        return;
    }
    ir_index index = g->term->indices[depth];
    int64_t extent = ir_index_extent(g->m, index), step = 1;
    if (g->coarse && extent > 2 && !ref_uses(g->m, &g->term->spins[1], index))
        step = extent - 1;
    for (int64_t v = 0; v < extent; v += step) {
        g->values[depth] = (double)v;
        visit_from(g, depth + 1);
    }
}

static void visit_terms(grouping *g, const ir_attribute *terms)
{
    for (uint32_t i = 0; i < terms->count; i++) {
        g->term = (const ir_term *)terms->list + i;
        if (g->term->spin_count == 2)
            visit_from(g, 0);
    }
}

int64_t spin_groups(const ir_module *m, ir_op anneal, arena *a, uint32_t *label)
{
    spin_layout layout = spin_layout_of(m, anneal, a);
    ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    uint32_t deepest = 0;
    for (uint32_t i = 0; i < terms.count; i++)
        if (((const ir_term *)terms.list)[i].index_count > deepest)
            deepest = ((const ir_term *)terms.list)[i].index_count;
    grouping g = {.m = m, .layout = &layout, .parent = ARENA_ARRAY(a, uint32_t, (size_t)layout.count), .groups = layout.count};
    g.values = ARENA_ARRAY(a, double, deepest);
    for (int64_t i = 0; i < layout.count; i++)
        g.parent[i] = (uint32_t)i;
    g.coarse = true; /* a star from the first and last spin of each row joins most problems in linear time */
    visit_terms(&g, &terms);
    g.coarse = false;
    visit_terms(&g, &terms);
    if (g.steps > GROUP_STEPS_MAX)
        g.groups = layout.count > 0;
    uint32_t next = 0;
    for (int64_t i = 0; i < layout.count; i++)
        label[i] = g.groups <= 1 ? 0 : find(g.parent, (uint32_t)i) == i ? next++ : label[find(g.parent, (uint32_t)i)];
    return g.groups;
}
