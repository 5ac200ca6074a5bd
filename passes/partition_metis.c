/* partition_metis.c - cuts by METIS, for patterns of couplings without an axis to follow (partition.h). */
#include "passes/partition.h"

#include <metis.h>

enum { METIS_COUPLINGS_MAX = 4000000, METIS_TRIES = 8 };

typedef struct pattern {
    uint32_t *ends; /* pairs */
    int64_t count, capacity;
} pattern;

static bool count_pair(void *context, uint32_t first, uint32_t second)
{
    (void)first, (void)second;
    return ++((pattern *)context)->count <= METIS_COUPLINGS_MAX;
}

static bool take_pair(void *context, uint32_t first, uint32_t second)
{
    pattern *g = context;
    g->ends[2 * g->count] = first;
    g->ends[2 * g->count++ + 1] = second;
    return true;
}

static bool walk_all(const partition_problem *p, pattern *g, coupling_visit visit)
{
    for (uint32_t i = 0; i < p->term_count; i++)
        if (p->terms[i].spin_count == 2 && !coupling_walk(p->m, &p->layout, &p->terms[i], false, p->m->arena, visit, g))
            return false;
    return true;
}

/* Adjacency as METIS wants it. A pair that several terms couple stands several times, which METIS takes as weight. */
static void adjacency(const partition_problem *p, const pattern *g, idx_t **start, idx_t **neighbour)
{
    *start = ARENA_ARRAY(p->m->arena, idx_t, (size_t)p->layout.count + 2);
    *neighbour = ARENA_ARRAY(p->m->arena, idx_t, 2 * (size_t)g->count);
    for (int64_t k = 0; k < 2 * g->count; k++)
        (*start)[g->ends[k] + 2]++;
    for (int64_t i = 1; i < p->layout.count + 2; i++)
        (*start)[i] += (*start)[i - 1];
    for (int64_t k = 0; k < 2 * g->count; k++)
        (*neighbour)[(*start)[g->ends[k] + 1]++] = (idx_t)g->ends[k ^ 1];
}

static bool within_capacity(const partition_problem *p, const idx_t *part, idx_t parts)
{
    int64_t *size = ARENA_ARRAY(p->m->arena, int64_t, (size_t)parts);
    for (int64_t i = 0; i < p->layout.count; i++)
        if (++size[part[i]] > p->capacity)
            return false;
    return true;
}

/* METIS may leave parts empty: the others are numbered anew, in order of their first spins. */
static void number_parts(const partition_problem *p, const idx_t *part, idx_t parts, cut *out)
{
    uint32_t *number = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)parts); /* 0: none yet */
    out->part = ARENA_ARRAY(p->m->arena, uint32_t, (size_t)p->layout.count);
    out->count = 0;
    for (int64_t i = 0; i < p->layout.count; i++) {
        if (!number[part[i]])
            number[part[i]] = ++out->count;
        out->part[i] = number[part[i]] - 1;
    }
}

/* METIS aims at even parts but does not promise them; one part more makes room. With more parts than half the spins it has
 * nothing to choose, and complains on stdout. */
bool partition_metis(const partition_problem *p, cut *out)
{
    pattern g = {0};
    if (!walk_all(p, &g, count_pair) || p->layout.count > INT32_MAX / 2)
        return false;
    g.ends = ARENA_ARRAY(p->m->arena, uint32_t, 2 * (size_t)g.count);
    g.count = 0;
    walk_all(p, &g, take_pair);
    idx_t *start, *neighbour, *part = ARENA_ARRAY(p->m->arena, idx_t, (size_t)p->layout.count);
    adjacency(p, &g, &start, &neighbour);
    idx_t options[METIS_NOPTIONS], spins = (idx_t)p->layout.count, constraints = 1, severed;
    METIS_SetDefaultOptions(options);
    options[METIS_OPTION_SEED] = 1;
    idx_t parts = (idx_t)((p->layout.count + p->capacity - 1) / p->capacity);
    for (int try = 0; try < METIS_TRIES && parts <= spins / 2; try++, parts++) {
        if (METIS_PartGraphKway(&spins, &constraints, start, neighbour, NULL, NULL, NULL, &parts, NULL, NULL, options, &severed,
                                part) != METIS_OK)
            return false;
        if (!within_capacity(p, part, parts))
            continue;
        number_parts(p, part, parts, out);
        return true;
    }
    return false;
}
