/* canonical.c - brings monomials to the canonical terms of an anneal (polynomial.h).
 *
 * Each monomial goes through the same steps: conditions are split and decided, indices with one value or
 * tied by an equation are substituted, coinciding spins are reduced, the rest is split into "the two spins
 * are the same one" (of lower degree) and "they differ". A quadratic term whose two spins can trade places is
 * folded onto one order of its indices, so that each pair occurs once. Like terms are added up.
 */
#include "passes/conditions.h"
#include "passes/polynomial.h"

typedef struct canonical {
    spin_scope *s;
    ir_module *m;
    term_list terms;
    ARENA_LIST(bool) is_void; /* of each term, so far */
} canonical;

static void process(canonical *c, monomial t);

/* ---- substitution of indices ---- */

static void substitute(canonical *c, monomial *t, uint32_t position, ir_expr by)
{
    ir_index from = t->indices.at[position];
    ir_module *m = c->m;
    index_list indices = {0};
    expr_list conditions = {0};
    for (uint32_t i = 0; i < t->indices.count; i++)
        if (i != position)
            ARENA_PUSH(m->arena, &indices, t->indices.at[i]);
    for (uint32_t i = 0; i < t->conditions.count; i++)
        ARENA_PUSH(m->arena, &conditions, ir_expr_substitute(m, t->conditions.at[i], &from, &by, 1));
    t->indices = indices;
    t->conditions = conditions;
    if (t->coefficient)
        t->coefficient = ir_expr_substitute(m, t->coefficient, &from, &by, 1);
    for (uint32_t k = 0; k < t->spin_count; k++) {
        ir_spin_ref *ref = &t->spins[k];
        ir_expr *subscripts = ARENA_ARRAY(m->arena, ir_expr, ref->subscript_count);
        for (uint32_t i = 0; i < ref->subscript_count; i++)
            subscripts[i] = ir_expr_substitute(m, ref->subscripts[i], &from, &by, 1);
        ref->subscripts = subscripts;
    }
}

static ir_expr zero(canonical *c, ir_span span)
{
    return ir_number(c->m, 0, span);
}

/* Substitutes the first index that one of the equations determines. */
static bool use_equation(canonical *c, monomial *t)
{
    for (uint32_t k = 0; k < t->conditions.count; k++) {
        comparison q = comparison_of(c->m, t->conditions.at[k]);
        if (q.kind != EXPR_EQUAL)
            continue;
        for (uint32_t i = 0; i < t->indices.count; i++) {
            uint32_t at = 0;
            while (at < q.difference.count && q.difference.index[at] != t->indices.at[i])
                at++;
            if (at == q.difference.count || (q.difference.factor[at] != 1 && q.difference.factor[at] != -1))
                continue;
            /* difference = f * i + rest = 0, so i = -rest / f = i - f * difference. */
            linear_form self = {.linear = true, .count = 1, .index = {t->indices.at[i]}, .factor = {1}};
            linear_form opposite = linear_form_subtract((linear_form){.linear = true}, q.difference);
            linear_form solved = linear_form_subtract(self, q.difference.factor[at] == 1 ? q.difference : opposite);
            ir_span span = ir_expr_get(c->m, t->conditions.at[k])->span;
            ir_expr by = linear_form_to_expr(c->m, &solved, span);
            ir_expr extent = ir_number(c->m, (double)ir_index_extent(c->m, t->indices.at[i]), span);
            substitute(c, t, i, by);
            ARENA_PUSH(c->m->arena, &t->conditions, ir_binary(c->m, EXPR_GREATER_EQUAL, by, zero(c, span), span));
            ARENA_PUSH(c->m->arena, &t->conditions, ir_binary(c->m, EXPR_LESS, by, extent, span));
            return true;
        }
    }
    return false;
}

/* False when the sum is empty. */
static bool settle_indices(canonical *c, monomial *t)
{
    for (;;) {
        uint32_t single = t->indices.count;
        for (uint32_t i = 0; i < t->indices.count; i++) {
            int64_t extent = ir_index_extent(c->m, t->indices.at[i]);
            if (extent == 0)
                return false;
            if (extent == 1)
                single = i;
        }
        if (single < t->indices.count) {
            substitute(c, t, single, zero(c, t->span));
            continue;
        }
        if (!conditions_flatten(c->m, &t->conditions))
            return false;
        if (!use_equation(c, t))
            return true;
    }
}

/* ---- coinciding spins ---- */

static linear_form axis_difference(canonical *c, const ir_spin_ref *a, const ir_spin_ref *b, uint32_t axis)
{
    return linear_form_subtract(linear_form_of(c->m, a->subscripts[axis]), linear_form_of(c->m, b->subscripts[axis]));
}

static bool axis_same(canonical *c, const ir_spin_ref *a, const ir_spin_ref *b, uint32_t axis)
{
    linear_form d = axis_difference(c, a, b, axis);
    if (d.linear)
        return d.count == 0 && d.constant == 0;
    return ir_expr_equal(c->m, a->subscripts[axis], b->subscripts[axis], NULL, NULL, 0);
}

static bool same_spin(canonical *c, const ir_spin_ref *a, const ir_spin_ref *b)
{
    if (a->array != b->array)
        return false;
    for (uint32_t axis = 0; axis < a->subscript_count; axis++)
        if (!axis_same(c, a, b, axis))
            return false;
    return true;
}

static void remove_spin(monomial *t, uint32_t at)
{
    for (t->spin_count--; at < t->spin_count; at++)
        t->spins[at] = t->spins[at + 1];
}

/* x*x = x, s*s = 1. */
static void merge_coinciding(canonical *c, monomial *t, uint32_t a, uint32_t b)
{
    bool binary = c->s->arrays[t->spins[a].array].lowest == 0;
    remove_spin(t, b);
    if (!binary)
        remove_spin(t, a);
}

static void reduce(canonical *c, monomial *t)
{
    for (uint32_t a = 0; a < t->spin_count; a++)
        for (uint32_t b = a + 1; b < t->spin_count; b++)
            if (same_spin(c, &t->spins[a], &t->spins[b])) {
                merge_coinciding(c, t, a, b);
                reduce(c, t);
                return;
            }
}

void monomial_reduce(spin_scope *s, monomial *t)
{
    canonical c = {.s = s, .m = s->m};
    reduce(&c, t);
}

static bool never_zero(canonical *c, const monomial *t, const linear_form *difference)
{
    if (!difference->linear)
        return false;
    int64_t least, greatest;
    if (linear_form_bounds(c->m, difference, &least, &greatest) && (least > 0 || greatest < 0))
        return true;
    uint32_t at;
    ir_expr_kind relation = conditions_relation(c->m, &t->conditions, difference, &at);
    return relation == EXPR_NOT_EQUAL || relation == EXPR_LESS || relation == EXPR_GREATER;
}

static bool known_distinct(canonical *c, const monomial *t, const ir_spin_ref *a, const ir_spin_ref *b)
{
    for (uint32_t axis = 0; axis < a->subscript_count; axis++) {
        linear_form d = axis_difference(c, a, b, axis);
        if (never_zero(c, t, &d))
            return true;
    }
    return false;
}

static monomial copy_conditions(canonical *c, const monomial *from)
{
    monomial t = *from;
    t.conditions = (expr_list){0};
    for (uint32_t i = 0; i < from->conditions.count; i++)
        ARENA_PUSH(c->m->arena, &t.conditions, from->conditions.at[i]);
    return t;
}

/* i <= j and i != j is i < j. */
static bool sharpen(canonical *c, monomial *t, const ir_spin_ref *a, const ir_spin_ref *b, uint32_t axis)
{
    linear_form d = axis_difference(c, a, b, axis);
    uint32_t at;
    ir_expr_kind relation = d.linear ? conditions_relation(c->m, &t->conditions, &d, &at) : EXPR_KIND_COUNT;
    if (relation != EXPR_LESS_EQUAL && relation != EXPR_GREATER_EQUAL)
        return false;
    ir_expr_kind sharp = relation == EXPR_LESS_EQUAL ? EXPR_LESS : EXPR_GREATER;
    t->conditions.at[at] = ir_binary(c->m, sharp, a->subscripts[axis], b->subscripts[axis], t->span);
    return true;
}

/* Splits off the case that the monomial's two spins are one; what stays pairs distinct spins. */
static void split_coincidence(canonical *c, monomial *t, uint32_t p, uint32_t q)
{
    const ir_spin_ref a = t->spins[p], b = t->spins[q];
    monomial same = copy_conditions(c, t);
    *t = copy_conditions(c, t);
    ir_expr differ = 0;
    uint32_t axes = 0, last = 0;
    for (uint32_t axis = 0; axis < a.subscript_count; axis++) {
        if (axis_same(c, &a, &b, axis))
            continue;
        ir_expr x = a.subscripts[axis], y = b.subscripts[axis];
        ARENA_PUSH(c->m->arena, &same.conditions, ir_binary(c->m, EXPR_EQUAL, x, y, t->span));
        ir_expr here = ir_binary(c->m, EXPR_NOT_EQUAL, x, y, t->span);
        differ = differ ? ir_binary(c->m, EXPR_OR, differ, here, t->span) : here;
        axes++;
        last = axis;
    }
    if (axes != 1 || !sharpen(c, t, &a, &b, last))
        ARENA_PUSH(c->m->arena, &t->conditions, differ);
    merge_coinciding(c, &same, p, q);
    process(c, same);
}

/* ---- one order for each pair ---- */

/* The exchange of indices that turns each spin of the pair into the other; count 0 when there is none. */
typedef struct exchange {
    uint32_t count;
    ir_index from[2 * ISG_MAX_RANK];
    ir_expr to[2 * ISG_MAX_RANK];
    uint32_t axes[ISG_MAX_RANK]; /* the axes in which the two spins differ */
    uint32_t axis_count;
} exchange;

static bool exchanges(const ir_module *m, const exchange *x, ir_index index, ir_index other)
{
    for (uint32_t i = 0; i < x->count; i++)
        if (x->from[i] == index || x->from[i] == other)
            return ir_expr_get(m, x->to[i])->index == (x->from[i] == index ? other : index);
    return true;
}

static exchange exchange_of(canonical *c, const ir_spin_ref *a, const ir_spin_ref *b)
{
    exchange x = {0};
    for (uint32_t axis = 0; axis < a->subscript_count; axis++) {
        if (axis_same(c, a, b, axis))
            continue;
        ir_expr_data p = *ir_expr_get(c->m, a->subscripts[axis]), q = *ir_expr_get(c->m, b->subscripts[axis]);
        if (p.kind != EXPR_INDEX || q.kind != EXPR_INDEX || ir_index_extent(c->m, p.index) != ir_index_extent(c->m, q.index) ||
            !exchanges(c->m, &x, p.index, q.index))
            return (exchange){0};
        x.axes[x.axis_count++] = axis;
        x.from[x.count] = p.index;
        x.to[x.count++] = b->subscripts[axis];
        x.from[x.count] = q.index;
        x.to[x.count++] = a->subscripts[axis];
    }
    /* An axis where the spins agree must not mention an exchanged index. */
    for (uint32_t axis = 0; axis < a->subscript_count; axis++)
        for (uint32_t i = 0; i < x.count; i++)
            if (axis_same(c, a, b, axis) && ir_expr_uses_index(c->m, a->subscripts[axis], x.from[i]))
                return (exchange){0};
    return x;
}

static ir_expr exchanged(canonical *c, const exchange *x, ir_expr e)
{
    return e ? ir_expr_substitute(c->m, e, x->from, x->to, x->count) : 0;
}

/* a before b in lexicographic order of the differing axes. */
static ir_expr ordered(canonical *c, const exchange *x, const ir_spin_ref *a, const ir_spin_ref *b, ir_span span)
{
    ir_expr result = 0;
    for (uint32_t k = x->axis_count; k-- > 0;) {
        ir_expr p = a->subscripts[x->axes[k]], q = b->subscripts[x->axes[k]];
        ir_expr less = ir_binary(c->m, EXPR_LESS, p, q, span);
        if (result) {
            ir_expr tie = ir_binary(c->m, EXPR_AND, ir_binary(c->m, EXPR_EQUAL, p, q, span), result, span);
            less = ir_binary(c->m, EXPR_OR, less, tie, span);
        }
        result = less;
    }
    return result;
}

/* The relation that the conditions state between the two spins, when one axis alone tells them apart. */
static ir_expr_kind stated_order(canonical *c, const monomial *t, const exchange *x, uint32_t *at)
{
    if (x->axis_count != 1)
        return EXPR_KIND_COUNT;
    linear_form d = axis_difference(c, &t->spins[0], &t->spins[1], x->axes[0]);
    return conditions_relation(c->m, &t->conditions, &d, at);
}

static bool symmetric_conditions(canonical *c, const exchange *x, const expr_list *conditions)
{
    for (uint32_t i = 0; i < conditions->count; i++) {
        ir_expr other = exchanged(c, x, conditions->at[i]);
        bool found = false;
        for (uint32_t j = 0; j < conditions->count && !found; j++)
            found = condition_equal(c->m, other, conditions->at[j]);
        if (!found)
            return false;
    }
    return true;
}

static void drop_condition(expr_list *conditions, uint32_t at)
{
    for (conditions->count--; at < conditions->count; at++)
        conditions->at[at] = conditions->at[at + 1];
}

/* Adds to the coefficient of (a, b) that of (b, a), and keeps a before b. */
static void fold_pair(canonical *c, monomial *t, const exchange *x)
{
    ir_module *m = c->m;
    ir_expr other = exchanged(c, x, t->coefficient);
    expr_list outside = {0};
    if (symmetric_conditions(c, x, &t->conditions)) {
        outside = t->conditions;
    } else {
        ir_expr all = conditions_join(m, &t->conditions);
        other = ir_binary(m, EXPR_WHERE, exchanged(c, x, all), other, t->span);
        t->coefficient = ir_binary(m, EXPR_WHERE, all, t->coefficient, t->span);
    }
    bool equal = ir_expr_equal(m, t->coefficient, other, NULL, NULL, 0);
    t->coefficient = equal ? ir_binary(m, EXPR_MULTIPLY, ir_number(m, 2, t->span), t->coefficient, t->span)
                           : ir_binary(m, EXPR_ADD, t->coefficient, other, t->span);
    ARENA_PUSH(m->arena, &outside, ordered(c, x, &t->spins[0], &t->spins[1], t->span));
    t->conditions = outside;
}

static void order_pair(canonical *c, monomial *t)
{
    if (t->spins[0].array != t->spins[1].array) {
        if (t->spins[0].array > t->spins[1].array) {
            ir_spin_ref first = t->spins[0];
            t->spins[0] = t->spins[1];
            t->spins[1] = first;
        }
        return;
    }
    exchange x = exchange_of(c, &t->spins[0], &t->spins[1]);
    if (!x.count)
        return;
    uint32_t at;
    switch (stated_order(c, t, &x, &at)) {
    case EXPR_LESS:
        return;
    case EXPR_GREATER: { /* trade names, so that the order is "less" everywhere */
        ir_spin_ref first = t->spins[0];
        t->spins[0] = t->spins[1];
        t->spins[1] = first;
        t->conditions.at[at] = ordered(c, &x, &t->spins[0], &t->spins[1], t->span);
        return;
    }
    case EXPR_NOT_EQUAL:
        drop_condition(&t->conditions, at);
        break;
    default:
        break;
    }
    fold_pair(c, t, &x);
}

/* ---- from monomial to term ---- */

static bool spins_use(canonical *c, const monomial *t, ir_index index)
{
    for (uint32_t k = 0; k < t->spin_count; k++)
        for (uint32_t i = 0; i < t->spins[k].subscript_count; i++)
            if (ir_expr_uses_index(c->m, t->spins[k].subscripts[i], index))
                return true;
    return false;
}

/* Indices that occur in no spin are summed inside the coefficient. */
static void sum_inside(canonical *c, monomial *t)
{
    index_list outer = {0}, inner = {0};
    expr_list outside = {0}, inside = {0};
    for (uint32_t i = 0; i < t->indices.count; i++)
        ARENA_PUSH(c->m->arena, spins_use(c, t, t->indices.at[i]) ? &outer : &inner, t->indices.at[i]);
    if (!inner.count)
        return;
    for (uint32_t k = 0; k < t->conditions.count; k++) {
        bool uses = false;
        for (uint32_t i = 0; i < inner.count; i++)
            uses |= ir_expr_uses_index(c->m, t->conditions.at[k], inner.at[i]);
        ARENA_PUSH(c->m->arena, uses ? &inside : &outside, t->conditions.at[k]);
    }
    t->coefficient = ir_expr_new(c->m, (ir_expr_data){.kind = EXPR_SUM_OVER,
                                                      .args = &t->coefficient,
                                                      .arg_count = 1,
                                                      .indices = inner.at,
                                                      .index_count = inner.count,
                                                      .condition = conditions_join(c->m, &inside),
                                                      .span = t->span});
    t->indices = outer;
    t->conditions = outside;
}

/* Indices in order of first appearance in the spins. */
static void order_indices(canonical *c, monomial *t)
{
    index_list sorted = {0};
    bool taken[64] = {false};
    for (uint32_t k = 0; k < t->spin_count; k++)
        for (uint32_t a = 0; a < t->spins[k].subscript_count; a++)
            for (uint32_t i = 0; i < t->indices.count && i < 64; i++)
                if (!taken[i] && ir_expr_uses_index(c->m, t->spins[k].subscripts[a], t->indices.at[i])) {
                    taken[i] = true;
                    ARENA_PUSH(c->m->arena, &sorted, t->indices.at[i]);
                }
    if (sorted.count == t->indices.count)
        t->indices = sorted;
}

static ir_term to_term(canonical *c, const monomial *t)
{
    ir_term term = {.spin_count = t->spin_count,
                    .indices = t->indices.at,
                    .index_count = t->indices.count,
                    .condition = conditions_join(c->m, &t->conditions),
                    .coefficient = t->coefficient,
                    .span = t->span};
    for (uint32_t k = 0; k < t->spin_count; k++)
        term.spins[k] = t->spins[k];
    return term;
}

/* ---- adding up like terms ---- */

static bool like_terms(canonical *c, const ir_term *a, const ir_term *b)
{
    if (a->spin_count != b->spin_count || a->index_count != b->index_count || !a->condition != !b->condition)
        return false;
    for (uint32_t i = 0; i < a->index_count; i++)
        if (ir_index_extent(c->m, a->indices[i]) != ir_index_extent(c->m, b->indices[i]))
            return false;
    for (uint32_t k = 0; k < a->spin_count; k++) {
        if (a->spins[k].array != b->spins[k].array)
            return false;
        for (uint32_t i = 0; i < a->spins[k].subscript_count; i++)
            if (!ir_expr_equal(c->m, a->spins[k].subscripts[i], b->spins[k].subscripts[i], a->indices, b->indices,
                               a->index_count))
                return false;
    }
    return !a->condition || ir_expr_equal(c->m, a->condition, b->condition, a->indices, b->indices, a->index_count);
}

/* An element that its map's condition rules out is 0: J[t, i, i] where J is given for i != j. */
static ir_expr drop_excluded(ir_module *m, ir_expr e, void *context)
{
    (void)context;
    ir_expr_data x = *ir_expr_get(m, e);
    if (x.kind != EXPR_ELEMENT)
        return e;
    ir_op op = ir_value_get(m, x.value)->op;
    if (!op || ir_op_get(m, op)->code != OP_MAP)
        return e;
    ir_attribute over = *ir_op_attribute(m, op, "over"), where = *ir_op_attribute(m, op, "where");
    if (!where.present || over.count != x.arg_count)
        return e;
    ir_expr condition = ir_expr_substitute(m, where.expr, over.list, x.args, x.arg_count);
    return condition_decide(m, condition) == CONDITION_FALSE ? ir_number(m, 0, x.span) : e;
}

/* Whether a factor that is 0 makes it 0, by its form alone. */
static bool has_zero_factor(const ir_module *m, ir_expr e)
{
    const ir_expr_data *x = ir_expr_get(m, e);
    switch (x->kind) {
    case EXPR_NUMBER:
        return x->number == 0;
    case EXPR_NEGATE:
    case EXPR_DIVIDE:
    case EXPR_SUM_OVER:
        return has_zero_factor(m, x->args[0]);
    case EXPR_MULTIPLY:
        return has_zero_factor(m, x->args[0]) || has_zero_factor(m, x->args[1]);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
        return has_zero_factor(m, x->args[0]) && has_zero_factor(m, x->args[1]);
    default:
        return false;
    }
}

/* The coincidence of a pair that its coefficient excludes is a term of zeros: it stands nowhere in the source. */
static bool is_void(canonical *c, const ir_term *term)
{
    return has_zero_factor(c->m, ir_expr_map(c->m, term->coefficient, false, drop_excluded, NULL));
}

static void add_term(canonical *c, ir_term term)
{
    ir_module *m = c->m;
    for (uint32_t i = 0; i < c->terms.count; i++) {
        ir_term *like = &c->terms.at[i];
        if (!like_terms(c, like, &term))
            continue;
        ir_expr *to = ARENA_ARRAY(m->arena, ir_expr, term.index_count);
        for (uint32_t k = 0; k < term.index_count; k++)
            to[k] = ir_index_ref(m, like->indices[k], term.span);
        ir_expr more = ir_expr_substitute(m, term.coefficient, term.indices, to, term.index_count);
        if (c->is_void.at[i]) {
            like->span = term.span;
            c->is_void.at[i] = is_void(c, &term);
        }
        like->coefficient = ir_binary(m, EXPR_ADD, like->coefficient, more, like->span);
        return;
    }
    ARENA_PUSH(m->arena, &c->is_void, is_void(c, &term));
    ARENA_PUSH(m->arena, &c->terms, term);
}

static void process(canonical *c, monomial t)
{
    if (!settle_indices(c, &t))
        return;
    reduce(c, &t);
    if (t.spin_count > 2) {
        diagnostic *d = diagnostics_error(c->m->diagnostics, t.span,
                                          "this term has degree %u in the spins; at most 2 is possible", (unsigned)t.spin_count);
        diagnostic_hint(c->m->diagnostics, d, "replace a product of two spins by a spin of its own, tied to them by a penalty");
        c->s->failed = true;
        return;
    }
    if (t.spin_count == 2 && t.spins[0].array == t.spins[1].array && !known_distinct(c, &t, &t.spins[0], &t.spins[1]))
        split_coincidence(c, &t, 0, 1);
    if (!t.coefficient)
        t.coefficient = ir_number(c->m, 1, t.span);
    sum_inside(c, &t);
    if (t.spin_count == 2)
        order_pair(c, &t);
    order_indices(c, &t);
    add_term(c, to_term(c, &t));
}

/* Exact constants are numbers, and terms that are exactly zero are gone. */
static void drop_zeros(canonical *c)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < c->terms.count; i++) {
        ir_term t = c->terms.at[i];
        double value;
        t.coefficient = ir_expr_map(c->m, t.coefficient, false, drop_excluded, NULL);
        if (ir_expr_evaluate(c->m, t.coefficient, NULL, NULL, 0, &value)) {
            if (value == 0)
                continue;
            t.coefficient = ir_number(c->m, value, ir_expr_get(c->m, t.coefficient)->span);
        }
        c->terms.at[kept++] = t;
    }
    c->terms.count = kept;
}

term_list polynomial_canonical(spin_scope *s, polynomial p)
{
    canonical c = {.s = s, .m = s->m};
    for (uint32_t i = 0; i < p.count; i++)
        process(&c, p.at[i]);
    drop_zeros(&c);
    return c.terms;
}
