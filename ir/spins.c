/* spins.c - see spins.h. Groups are found by union-find over the index space of the quadratic terms. */
#include "ir/spins.h"

#include "ir/coupling_walk.h"

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
    uint32_t *parent;
    int64_t groups, steps;
} grouping;

static uint32_t find(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* The smaller root stays, so that a group's root is its first spin. */
static bool join(void *context, uint32_t first, uint32_t second)
{
    grouping *g = context;
    uint32_t a = find(g->parent, first), b = find(g->parent, second);
    if (a != b) {
        g->parent[a > b ? a : b] = a > b ? b : a;
        g->groups--;
    }
    return g->groups > 1 && ++g->steps < GROUP_STEPS_MAX;
}

static void join_terms(grouping *g, const ir_module *m, const spin_layout *layout, const ir_attribute *terms, bool coarse,
                       arena *a)
{
    for (uint32_t i = 0; i < terms->count && g->groups > 1; i++) {
        const ir_term *term = (const ir_term *)terms->list + i;
        if (term->spin_count == 2)
            coupling_walk(m, layout, term, coarse, a, join, g);
    }
}

int64_t spin_groups(const ir_module *m, ir_op anneal, arena *a, uint32_t *label)
{
    spin_layout layout = spin_layout_of(m, anneal, a);
    ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    grouping g = {.parent = ARENA_ARRAY(a, uint32_t, (size_t)layout.count), .groups = layout.count};
    for (int64_t i = 0; i < layout.count; i++)
        g.parent[i] = (uint32_t)i;
    join_terms(&g, m, &layout, &terms, true, a); /* a star from the first and last spin of each row joins most problems */
    join_terms(&g, m, &layout, &terms, false, a);
    if (g.steps >= GROUP_STEPS_MAX)
        g.groups = layout.count > 0;
    uint32_t next = 0;
    for (int64_t i = 0; i < layout.count; i++)
        label[i] = g.groups <= 1 ? 0 : find(g.parent, (uint32_t)i) == i ? next++ : label[find(g.parent, (uint32_t)i)];
    return g.groups;
}
