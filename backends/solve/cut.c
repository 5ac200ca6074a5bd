/* cut.c - see cut.h. */
#include "backends/solve/cut.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <math.h>
#include <metis.h>

/* METIS asks for whole weights: the largest coupling gets this one, none gets 0. */
static const double largest_weight = 1000;
enum { COUPLINGS_MAX = 8000000, TRIES = 8 };

typedef struct graph {
    size_t spins, entries;
    idx_t *start, *neighbour, *weight, *part;
} graph;

static bool graph_open(graph *g, const problem *p)
{
    const isg_allocator *a = p->allocator;
    g->start = memory_take(a, g->spins + 1, sizeof *g->start);
    g->neighbour = memory_take(a, g->entries, sizeof *g->neighbour);
    g->weight = memory_take(a, g->entries, sizeof *g->weight);
    g->part = memory_take_zeroed(a, g->spins, sizeof *g->part);
    return g->start && g->neighbour && g->weight && g->part;
}

static void graph_close(graph *g, const problem *p)
{
    const isg_allocator *a = p->allocator;
    memory_release(a, g->start, g->spins + 1, sizeof *g->start);
    memory_release(a, g->neighbour, g->entries, sizeof *g->neighbour);
    memory_release(a, g->weight, g->entries, sizeof *g->weight);
    memory_release(a, g->part, g->spins, sizeof *g->part);
}

static void graph_fill(graph *g, const problem_rows *rows)
{
    double largest = 0;
    for (size_t k = 0; k < g->entries; k++)
        largest = fmax(largest, fabs(rows->value[k]));
    for (size_t i = 0; i <= g->spins; i++)
        g->start[i] = (idx_t)rows->row_start[i];
    for (size_t k = 0; k < g->entries; k++) {
        g->neighbour[k] = (idx_t)rows->neighbour[k];
        g->weight[k] = (idx_t)fmax(1, rint(fabs(rows->value[k]) / largest * largest_weight));
    }
}

static bool within(const graph *g, int64_t *sizes, idx_t parts, int64_t capacity)
{
    memset(sizes, 0, (size_t)parts * sizeof *sizes);
    for (size_t i = 0; i < g->spins; i++)
        if (++sizes[g->part[i]] > capacity)
            return false;
    return true;
}

/* METIS aims at even parts but does not promise them; one part more makes room. sizes: scratch [spins + 2]. */
static bool by_metis(graph *g, int64_t capacity, int64_t *sizes)
{
    idx_t options[METIS_NOPTIONS], spins = (idx_t)g->spins, constraints = 1, severed;
    idx_t parts = (idx_t)((spins + capacity - 1) / capacity);
    if (parts < 2) /* METIS divides by the logarithm of their number */
        return true;
    METIS_SetDefaultOptions(options);
    options[METIS_OPTION_SEED] = 1;
    for (int try = 0; try < TRIES && parts <= spins && capacity > 1; try++, parts++) {
        if (METIS_PartGraphKway(&spins, &constraints, g->start, g->neighbour, NULL, NULL, g->weight, &parts, NULL, NULL, options,
                                &severed, g->part) != METIS_OK)
            return false;
        if (within(g, sizes, parts, capacity))
            return true;
    }
    return false;
}

/* Spins by part, parts by number, the empty ones left out. start serves for counting first. */
static void list_parts(cut_parts *c, const graph *g)
{
    size_t spins = g->spins;
    memset(c->start, 0, (spins + 2) * sizeof *c->start);
    for (size_t i = 0; i < spins; i++)
        c->start[g->part[i] + 2]++;
    for (size_t k = 2; k < spins + 2; k++)
        c->start[k] += c->start[k - 1];
    for (size_t i = 0; i < spins; i++)
        c->spin[c->start[g->part[i] + 1]++] = (uint32_t)i;
    c->count = 0;
    for (size_t k = 1; k < spins + 1; k++)
        if (c->start[k] > c->start[c->count])
            c->start[++c->count] = c->start[k];
}

static void measure(cut_parts *c, const graph *g, const problem *p)
{
    for (int64_t k = 0; k < p->coupling_count; k++) {
        double size = fabs(p->couplings[k].value);
        c->coupling += size;
        c->severed += g->part[p->couplings[k].first] != g->part[p->couplings[k].second] ? size : 0;
    }
}

isg_status cut_open(cut_parts *c, const problem *p, const problem_rows *rows, int64_t capacity, isg_error *error)
{
    graph g = {.spins = (size_t)p->spins, .entries = 2 * (size_t)p->coupling_count};
    *c = (cut_parts){.allocator = p->allocator, .spins = p->spins};
    if (capacity < 1)
        return error_fail(error, ISG_INVALID, "parts of %lld spins hold nothing", (long long)capacity);
    c->start = memory_take_zeroed(c->allocator, g.spins + 2, sizeof *c->start);
    c->spin = memory_take(c->allocator, g.spins, sizeof *c->spin);
    bool complete = c->start && c->spin && graph_open(&g, p);
    if (complete) {
        bool small = p->coupling_count <= COUPLINGS_MAX && p->spins < INT32_MAX / 2;
        if (small && g.entries)
            graph_fill(&g, rows);
        if (!small || !g.entries || !by_metis(&g, capacity, c->start))
            for (size_t i = 0; i < g.spins; i++)
                g.part[i] = (idx_t)((int64_t)i / capacity);
        list_parts(c, &g);
        measure(c, &g, p);
    }
    graph_close(&g, p);
    if (!complete)
        cut_close(c);
    return complete ? ISG_OK : error_no_memory(error);
}

void cut_close(cut_parts *c)
{
    memory_release(c->allocator, c->start, (size_t)c->spins + 2, sizeof *c->start);
    memory_release(c->allocator, c->spin, (size_t)c->spins, sizeof *c->spin);
    *c = (cut_parts){0};
}
