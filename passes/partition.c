/* partition.c - cuts Hamiltonians to what the target machine holds.
 *
 * Requires: stage `ising`. Establishes: stage `scheduled`: an anneal with more spins than the machine has variables states its
 * parts, what each severs, and the round it runs in. One that fits is left as it is.
 *
 * Candidates are cuts along each axis of each spin array, cuts between spins that constant penalties tie together, and METIS on
 * the pattern. The best severs the fewest ties - a group that must be decided together, like the heads at one token, is
 * useless in pieces - and among those the fewest couplings. Parts that are not coupled share a round.
 *
 * Severed couplings are not lost: a part is solved with all other spins held, their couplings folded into its fields.
 */
#include "passes/partition.h"

static bool better(const cut *a, const cut *b)
{
    if (!b->part)
        return true;
    if (a->severed_ties != b->severed_ties)
        return a->severed_ties < b->severed_ties;
    return a->severed != b->severed ? a->severed < b->severed : a->count < b->count;
}

static void consider(const partition_problem *p, cut candidate, cut *best)
{
    partition_weigh(p, &candidate);
    if (better(&candidate, best))
        *best = candidate;
}

static cut best_cut(const partition_problem *p)
{
    const ir_spins *arrays = ir_op_attribute(p->m, p->op, "spins")->list;
    cut best = {0}, candidate = {0};
    cut_units units;
    for (uint32_t k = 0; k < p->layout.array_count; k++)
        for (uint32_t axis = 0; axis < arrays[k].index_count; axis++)
            if (partition_axis_units(p, k, axis, &units) && partition_fill(p, &units, &candidate))
                consider(p, candidate, &best);
    partition_tied_units(p, &units);
    if (partition_fill(p, &units, &candidate))
        consider(p, candidate, &best);
    if ((!best.part || best.severed_ties) && partition_metis(p, &candidate))
        consider(p, candidate, &best);
    if (!best.part) { /* nothing respects the structure: cut it in order */
        for (int64_t i = 0; i < p->layout.count; i++)
            units.unit[i] = (uint32_t)i;
        units.count = (uint32_t)p->layout.count;
        if (partition_fill(p, &units, &candidate))
            consider(p, candidate, &best);
    }
    return best;
}

/* ---- rounds: parts that are coupled differ, in order of the parts ---- */

enum { GRAPH_PARTS_MAX = 4096 }; /* beyond, every part gets a round of its own */

typedef struct part_graph {
    const uint32_t *part;
    uint32_t count;
    bool *coupled; /* [count][count]; NULL beyond GRAPH_PARTS_MAX */
    int64_t *severed;
} part_graph;

static bool couple_parts(void *context, uint32_t first, uint32_t second)
{
    part_graph *g = context;
    uint32_t a = g->part[first], b = g->part[second];
    if (a != b) {
        if (g->coupled)
            g->coupled[(size_t)a * g->count + b] = g->coupled[(size_t)b * g->count + a] = true;
        g->severed[a]++;
        g->severed[b]++;
    }
    return true;
}

static void assign_rounds(const part_graph *g, ir_part *parts, arena *a)
{
    bool *taken = ARENA_ARRAY(a, bool, (size_t)g->count + 1);
    for (uint32_t i = 0; i < g->count; i++) {
        parts[i].severed = g->severed[i];
        parts[i].round = g->coupled ? 0 : i;
    }
    for (uint32_t i = 0; i < g->count && g->coupled; i++) {
        for (uint32_t k = 0; k < g->count; k++)
            taken[k] = false;
        for (uint32_t k = 0; k < i; k++)
            taken[parts[k].round] |= g->coupled[(size_t)i * g->count + k];
        while (taken[parts[i].round])
            parts[i].round++;
    }
}

/* ---- boxes: a part's spins as few blocks of the arrays ---- */

/* The box grown from `at` over spins of the same part not yet in one: first along the last axis, then outward. */
static ir_box grow_box(const partition_problem *p, const cut *c, bool *placed, int64_t *members, uint32_t array, int64_t at)
{
    const ir_spins *arrays = ir_op_attribute(p->m, p->op, "spins")->list;
    ir_box box = {.array = array, .rank = arrays[array].index_count};
    const int64_t *stride = p->layout.stride[array], base = p->layout.base[array];
    uint32_t part = c->part[base + at];
    int64_t block = 1, count = 1; /* spins of one slice grown so far, and of all slices */
    members[0] = at;
    for (uint32_t k = box.rank; k-- > 0;) {
        int64_t extent = ir_index_extent(p->m, arrays[array].indices[k]), first = at / stride[k] % extent;
        box.begin[k] = first;
        box.end[k] = first + 1;
        for (bool fits = true; fits && box.end[k] < extent;) {
            int64_t shift = (box.end[k] - first) * stride[k];
            for (int64_t i = 0; i < block && fits; i++)
                fits = !placed[base + members[i] + shift] && c->part[base + members[i] + shift] == part;
            for (int64_t i = 0; i < block && fits; i++)
                members[count++] = members[i] + shift;
            box.end[k] += fits;
        }
        block = count;
    }
    for (int64_t i = 0; i < count; i++)
        placed[base + members[i]] = true;
    return box;
}

typedef ARENA_LIST(ir_box) box_list;

static void describe(const partition_problem *p, const cut *c, ir_part *parts)
{
    arena *a = p->m->arena;
    bool *placed = ARENA_ARRAY(a, bool, (size_t)p->layout.count);
    int64_t *members = ARENA_ARRAY(a, int64_t, (size_t)p->layout.count); /* of the box being grown */
    box_list *boxes = ARENA_ARRAY(a, box_list, c->count);
    for (uint32_t k = 0; k < p->layout.array_count; k++)
        for (int64_t i = 0; i < p->layout.size[k]; i++)
            if (!placed[p->layout.base[k] + i]) {
                box_list *list = &boxes[c->part[p->layout.base[k] + i]];
                ARENA_PUSH(a, list, grow_box(p, c, placed, members, k, i));
            }
    for (uint32_t i = 0; i < c->count; i++) {
        parts[i].boxes = boxes[i].at;
        parts[i].box_count = boxes[i].count;
    }
}

static void partition_anneal(ir_module *m, ir_op op, int64_t capacity)
{
    ir_attribute terms = *ir_op_attribute(m, op, "terms");
    partition_problem p = {.m = m,
                           .op = op,
                           .layout = spin_layout_of(m, op, m->arena),
                           .terms = terms.list,
                           .term_count = terms.count,
                           .capacity = capacity};
    if (p.layout.count <= capacity)
        return;
    cut best = best_cut(&p);
    if (!best.part)
        return;
    ir_part *parts = ARENA_ARRAY(m->arena, ir_part, best.count);
    part_graph g = {.part = best.part,
                    .count = best.count,
                    .coupled = best.count > GRAPH_PARTS_MAX ? NULL : ARENA_ARRAY(m->arena, bool, (size_t)best.count *best.count),
                    .severed = ARENA_ARRAY(m->arena, int64_t, best.count)};
    for (uint32_t i = 0; i < p.term_count; i++)
        if (p.terms[i].spin_count == 2)
            coupling_walk(m, &p.layout, &p.terms[i], false, m->arena, couple_parts, &g);
    assign_rounds(&g, parts, m->arena);
    describe(&p, &best, parts);
    *ir_op_attribute(m, op, "parts") = (ir_attribute){.present = true, .list = parts, .count = best.count};
}

void pass_partition(ir_module *m, const pass_options *options)
{
    if (options->machine_variables <= 0)
        return;
    for (uint32_t f = 0; f < m->functions.count; f++)
        for (uint32_t i = 0; i < m->functions.at[f]->ops.count; i++) {
            ir_op op = m->functions.at[f]->ops.at[i];
            if (ir_op_get(m, op)->code == OP_ANNEAL)
                partition_anneal(m, op, options->machine_variables);
        }
}
