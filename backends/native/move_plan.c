/* move_plan.c - which moves a sweep makes, chosen by the form of the terms. README.md tells how terms become moves. */
#include "backends/native/codegen.h"
#include "backends/native/kernels/dense_work.h"

/* ---- planning: groups ---- */

/* Sixteen reads' fields stay in the first-level cache, or nearly; beyond, reads one after the other are as fast. */
enum { SIDE_BY_SIDE_SPINS_MAX = 1024 };

static const ir_spins *spin_array_at(const codegen *g, const hamiltonian_plan *h, uint32_t array)
{
    return (const ir_spins *)ir_op_attribute(g->m, h->op, "spins")->list + array;
}

static const ir_spins *spin_array(const codegen *g, const hamiltonian_plan *h)
{
    return spin_array_at(g, h, 0);
}

/* Whether the axes of the mask stand side by side, so that they can be walked with one stride. */
static bool adjacent(uint32_t axes)
{
    uint32_t lowest = axes & -axes;
    return (axes & (axes + lowest)) == 0;
}

static int64_t extent_of(const codegen *g, const ir_spins *array, uint32_t axes)
{
    int64_t extent = 1;
    for (uint32_t i = 0; i < array->index_count; i++)
        if (axes >> i & 1)
            extent *= ir_index_extent(g->m, array->indices[i]);
    return extent;
}

/* The stride of the last axis of the mask. */
static int64_t stride_in(const hamiltonian_plan *h, uint32_t array, uint32_t axes)
{
    return axes ? h->layout.stride[array][31 - __builtin_clz(axes)] : 0;
}

static int64_t stride_of(const hamiltonian_plan *h, uint32_t axes)
{
    return stride_in(h, 0, axes);
}

/* A penalty, the same for each two spins that agree on some axes. */
static bool is_penalty(const codegen *g, const term_plan *t)
{
    const ir_expr_data *coefficient = ir_expr_get(g->m, t->term->coefficient);
    return t->form == TERM_UNIFORM && coefficient->kind == EXPR_NUMBER && coefficient->number > 0 && term_own_axes(g, t) &&
           term_meets_all(g, t);
}

/* One array, one penalty within groups, and at most one term of rows, which couples the same member of different groups. */
static bool find_group_terms(const codegen *g, const hamiltonian_plan *h, move_plan *p)
{
    for (uint32_t i = 0; i < h->term_count; i++) {
        const term_plan *t = &h->terms[i];
        if (t->size == 0)
            continue;
        if (!p->uniform && is_penalty(g, t))
            p->uniform = t;
        else if (!p->rows && t->form == TERM_ROWS)
            p->rows = t;
        else
            return false;
    }
    return p->uniform != NULL && h->layout.array_count == 1;
}

static const char *axes_text(codegen *g, const ir_spins *array, uint32_t all)
{
    const char *text = "";
    for (uint32_t i = 0; i < array->index_count; i++)
        text = arena_format(g->arena, "%s%s%s", text, i ? ", " : "",
                            all >> i & 1 ? "*" : ir_text(g->m, ir_index_get(g->m, array->indices[i])->name));
    return arena_format(g->arena, "%s[%s]", ir_text(g->m, array->name), text);
}

static bool plan_groups(codegen *g, hamiltonian_plan *h)
{
    move_plan p = {.form = MOVES_GROUPS};
    if (!find_group_terms(g, h, &p))
        return false;
    const ir_spins *array = spin_array(g, h);
    uint32_t members = term_own_axes(g, p.uniform), groups = ((1u << array->index_count) - 1) & ~members;
    uint32_t row_axes = p.rows ? term_own_axes(g, p.rows) : groups;
    if (!adjacent(members) || !adjacent(groups) || row_axes != groups)
        return false;
    p.shape = (group_shape){.members = extent_of(g, array, members),
                            .groups = extent_of(g, array, groups),
                            .member_stride = stride_of(h, members),
                            .group_stride = stride_of(h, groups),
                            .lowest = array->lowest,
                            .rows = p.rows ? term_number_bytes(p.rows) : 0};
    if (p.shape.members < 2 || p.shape.members > GROUP_MEMBERS_MAX || p.shape.groups < 1)
        return false;
    group_layout layout = group_layout_of(p.shape);
    p.side_by_side = p.shape.members <= GROUP_READS_MEMBERS_MAX && h->layout.count <= SIDE_BY_SIDE_SPINS_MAX;
    p.workspace_bytes = p.side_by_side ? reads_layout_of(&layout).total : layout.total;
    p.text = arena_format(g->arena, "heat bath over %s: %lld groups of %lld spins", axes_text(g, array, members),
                          (long long)p.shape.groups, (long long)p.shape.members);
    h->moves = p;
    return true;
}

/* ---- planning: dense ---- */

/* Rows in float32 take a gigabyte a worker at the most, and with what gathers them 200 megabytes. Up to SMALL spins whole rows
 * are worth it whatever the couplings; above, where a row's numbers are no more than COST times the neighbours. */
enum { DENSE_SPINS_MAX = 16384, DENSE_GATHERED_MAX = 4096, DENSE_SPINS_SMALL = 1024, DENSE_COST = 20 };

/* Own axes that hold all spins; the others have one place each. Nothing is coupled where they hold one. */
static bool couples_all(const codegen *g, const hamiltonian_plan *h, const term_plan *t)
{
    return extent_of(g, spin_array(g, h), term_own_axes(g, t)) == h->layout.count && term_meets_all(g, t);
}

static bool couples_none(const codegen *g, const hamiltonian_plan *h, const term_plan *t)
{
    uint32_t own = term_own_axes(g, t);
    return t->size == 0 || (own && extent_of(g, spin_array(g, h), own) == 1 && term_meets_all(g, t));
}

static bool find_dense_terms(const codegen *g, const hamiltonian_plan *h, move_plan *p)
{
    for (uint32_t i = 0; i < h->term_count && h->layout.array_count == 1; i++) {
        const term_plan *t = &h->terms[i];
        if (couples_none(g, h, t))
            continue;
        const term_plan **place = t->form == TERM_ROWS ? &p->rows : t->form == TERM_UNIFORM ? &p->uniform : NULL;
        if (!place || *place || !couples_all(g, h, t))
            return false;
        *place = t;
    }
    return p->rows || p->uniform;
}

static bool of_one_domain(const hamiltonian_plan *h)
{
    for (uint32_t i = 1; i < h->layout.array_count; i++)
        if (h->layout.lowest[i] != h->layout.lowest[0])
            return false;
    return h->layout.array_count > 0;
}

/* In the index spaces of the terms, whatever their conditions leave of them. */
static double pairs_of(const codegen *g, const hamiltonian_plan *h)
{
    double all = 0;
    for (uint32_t i = 0; i < h->term_count; i++) {
        double pairs = 1;
        for (uint32_t k = 0; k < h->terms[i].term->index_count; k++)
            pairs *= (double)ir_index_extent(g->m, h->terms[i].term->indices[k]);
        all += pairs;
    }
    return all;
}

static bool gathering_pays(const codegen *g, const hamiltonian_plan *h)
{
    double ends = 2 * pairs_of(g, h), spins = (double)h->layout.count;
    return spins <= DENSE_SPINS_SMALL || (spins <= DENSE_GATHERED_MAX && ends * DENSE_COST >= spins * spins);
}

/* Couplings of their own for each two spins of a group, as a penalty that comes with the data has. Where rows are too long, moves
 * within such groups do no harm even if it is none. */
static bool may_be_penalty(const codegen *g, const hamiltonian_plan *h, const term_plan *t)
{
    uint32_t own = term_own_axes(g, t);
    return t->form == TERM_ROWS && own && term_meets_all(g, t) && !gathering_pays(g, h) &&
           extent_of(g, spin_array_at(g, h, t->term->spins[0].array), own) < h->layout.count;
}

/* Of penalties whose groups can be walked with two strides. */
static bool family_of(const codegen *g, const hamiltonian_plan *h, const term_plan *t, exchange_family *f)
{
    uint32_t array = t->term->spins[0].array;
    if (!is_penalty(g, t) && !may_be_penalty(g, h, t))
        return false;
    const ir_spins *spins = spin_array_at(g, h, array);
    uint32_t members = term_own_axes(g, t), groups = ((1u << spins->index_count) - 1) & ~members;
    if (!adjacent(members) || !adjacent(groups) || extent_of(g, spins, members) < 2)
        return false;
    *f = (exchange_family){.base = h->layout.base[array],
                           .members = extent_of(g, spins, members),
                           .groups = extent_of(g, spins, groups),
                           .member_stride = stride_in(h, array, members),
                           .group_stride = stride_in(h, array, groups)};
    return true;
}

static bool same_family(const exchange_family *a, const exchange_family *b)
{
    return a->base == b->base && a->members == b->members && a->member_stride == b->member_stride;
}

/* The groups of each are the members of the other. */
static bool families_cross(const exchange_family *a, const exchange_family *b)
{
    return a->base == b->base && a->members == b->groups && a->groups == b->members && a->member_stride == b->group_stride &&
           a->group_stride == b->member_stride;
}

static void find_families(codegen *g, const hamiltonian_plan *h, move_plan *p)
{
    for (uint32_t i = 0; i < h->term_count && p->family_count < EXCHANGE_FAMILIES_MAX; i++) {
        const term_plan *t = &h->terms[i];
        exchange_family f;
        bool known = !family_of(g, h, t, &f);
        for (uint32_t k = 0; k < p->family_count && !known; k++)
            known = same_family(&p->families[k], &f);
        if (known)
            continue;
        p->families[p->family_count++] = f;
        p->text = arena_format(g->arena, "%s%s%s", p->text, p->family_count == 1 ? "; exchanges within " : " and ",
                               axes_text(g, spin_array_at(g, h, t->term->spins[0].array), term_own_axes(g, t)));
    }
    p->crosses = p->family_count == 2 && families_cross(&p->families[0], &p->families[1]);
    if (p->crosses)
        p->text = arena_format(g->arena, "%s, and across both", p->text);
    p->behind = (p->workspace_bytes + 63) / 64 * 64;
    if (p->family_count)
        p->workspace_bytes = p->behind + exchange_bytes(h->layout.count);
}

/* ---- planning: lists ---- */

/* Neighbours in all, which take eight bytes each; and a flip's cost for each in numbers of a row, where rows could be gathered.
 */
#define LISTS_ENDS_MAX 33554432.0
enum { LISTS_COST = 12 };

/* Where there are groups, and too many spins for whole rows or few neighbours for that many. */
static bool plan_lists(codegen *g, hamiltonian_plan *h)
{
    move_plan p = {.form = MOVES_LISTS};
    double ends = 2 * pairs_of(g, h), spins = (double)h->layout.count;
    if (ends > LISTS_ENDS_MAX || h->layout.count > INT32_MAX || !of_one_domain(h) ||
        (gathering_pays(g, h) && ends * LISTS_COST > spins * spins))
        return false;
    p.capacity = (int64_t)ends;
    p.workspace_bytes = lists_bytes(h->layout.count, p.capacity);
    p.text = arena_format(g->arena, "single flips, %d spins at a look, over lists of neighbours", LANES);
    find_families(g, h, &p);
    if (p.family_count)
        h->moves = p;
    return p.family_count > 0;
}

static bool plan_dense(codegen *g, hamiltonian_plan *h)
{
    move_plan p = {.form = MOVES_DENSE};
    if (h->layout.count < 2 || h->layout.count > DENSE_SPINS_MAX || !of_one_domain(h))
        return false;
    if (!find_dense_terms(g, h, &p)) {
        p.gathers = true;
        if (!gathering_pays(g, h))
            return false;
    }
    p.workspace_bytes = dense_work_bytes(h->layout.count) + (p.gathers ? dense_gather_bytes(h->layout.count) : 0);
    p.text = arena_format(g->arena, "single flips, %d spins at a look, couplings in 8 or 16 bits where that is fine enough",
                          DENSE_BLOCK);
    if (p.gathers)
        find_families(g, h, &p);
    h->moves = p;
    return true;
}

/* Flips of single spins alone: the runtime may have a faster way, when the numbers are there. */
static void plan_few_couplings(codegen *g, const hamiltonian_plan *h, move_plan *p)
{
    double pairs = pairs_of(g, h);
    if (p->family_count || !of_one_domain(h) || pairs < 1)
        return;
    p->few_couplings = pairs < 1e15 ? (uint64_t)pairs : (uint64_t)1e15;
    p->text = arena_format(g->arena, "%s; many reads side by side where couplings are few and small whole numbers", p->text);
}

void plan_moves(codegen *g, hamiltonian_plan *h)
{
    if (plan_groups(g, h) || plan_lists(g, h))
        return;
    if (!plan_dense(g, h))
        h->moves = (move_plan){.form = MOVES_SINGLE, .workspace_bytes = h->layout.count * 8, .text = "single flips"};
    plan_few_couplings(g, h, &h->moves);
}
