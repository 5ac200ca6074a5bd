/* polynomial.c - expands an energy into monomials in spins (polynomial.h). */
#include "passes/polynomial.h"

int spin_scope_array(const spin_scope *s, ir_value v)
{
    for (uint32_t i = 0; i < s->spin_count; i++)
        if (s->spins[i] == v)
            return (int)i;
    return -1;
}

/* ---- which expressions read spins ---- */

typedef struct reads_search {
    const spin_scope *scope;
    bool found;
} reads_search;

static void look_for_spin(const ir_module *m, ir_expr e, void *context)
{
    reads_search *search = context;
    const ir_expr_data *x = ir_expr_get(m, e);
    if (x->kind == EXPR_ELEMENT && x->value < search->scope->value_count && search->scope->reads[x->value])
        search->found = true;
}

bool spin_scope_reads(const spin_scope *s, ir_expr e)
{
    reads_search search = {.scope = s};
    ir_expr_walk(s->m, e, look_for_spin, &search);
    return search.found;
}

/* ---- arithmetic on polynomials ---- */

static ir_expr times(ir_module *m, ir_expr a, ir_expr b, ir_span span)
{
    return !a ? b : !b ? a : ir_binary(m, EXPR_MULTIPLY, a, b, span);
}

static void add_condition(spin_scope *s, monomial *t, ir_expr condition)
{
    if (condition)
        ARENA_PUSH(s->m->arena, &t->conditions, condition);
}

static monomial copy_monomial(spin_scope *s, const monomial *from)
{
    monomial t = *from;
    t.indices = (index_list){0};
    t.conditions = (expr_list){0};
    for (uint32_t i = 0; i < from->indices.count; i++)
        ARENA_PUSH(s->m->arena, &t.indices, from->indices.at[i]);
    for (uint32_t i = 0; i < from->conditions.count; i++)
        ARENA_PUSH(s->m->arena, &t.conditions, from->conditions.at[i]);
    return t;
}

static void fail(spin_scope *s, ir_span span, const char *message)
{
    diagnostics_error(s->m->diagnostics, span, "%s", message);
    s->failed = true;
    s->exhausted |= ++s->faults > POLYNOMIAL_FAULTS_MAX;
}

/* Whether the energy may still grow, at `span`, to so many monomials. Lets that read others twice double it at each
 * step, so what is too large stops the whole expansion, not only the sum or product at hand. */
static bool may_grow(spin_scope *s, uint64_t monomials, ir_span span)
{
    if (s->exhausted)
        return false;
    bool large = monomials > POLYNOMIAL_MONOMIALS_MAX, deep = s->depth > POLYNOMIAL_DEPTH_MAX;
    bool costly = s->work > POLYNOMIAL_WORK_MAX || s->m->exprs.count - s->exprs_before > POLYNOMIAL_EXPRS_MAX;
    s->exhausted = large || deep || costly;
    if (s->exhausted)
        fail(s, large ? span : s->span, deep ? "the energy nests too deeply" : "the energy expands into too many terms");
    return !s->exhausted;
}

static bool add_spin(spin_scope *s, monomial *t, ir_spin_ref spin)
{
    if (t->spin_count == MONOMIAL_SPINS_MAX)
        monomial_reduce(s, t);
    if (t->spin_count == MONOMIAL_SPINS_MAX)
        return false;
    t->spins[t->spin_count++] = spin;
    return true;
}

/* The product keeps both sides' bindings; every expansion of a binder made fresh indices, so they do not clash.
 * False when it has too many spins. */
static bool monomial_times(spin_scope *s, const monomial *a, const monomial *b, ir_span span, monomial *t)
{
    *t = copy_monomial(s, a);
    for (uint32_t i = 0; i < b->indices.count; i++)
        ARENA_PUSH(s->m->arena, &t->indices, b->indices.at[i]);
    for (uint32_t i = 0; i < b->conditions.count; i++)
        add_condition(s, t, b->conditions.at[i]);
    t->coefficient = times(s->m, a->coefficient, b->coefficient, span);
    t->span = span;
    for (uint32_t i = 0; i < b->spin_count; i++)
        if (!add_spin(s, t, b->spins[i]))
            return false;
    return true;
}

static polynomial polynomial_new(spin_scope *s, uint64_t capacity)
{
    return (polynomial){.at = ARENA_ARRAY(s->m->arena, monomial, capacity), .capacity = (uint32_t)capacity};
}

static polynomial product(spin_scope *s, polynomial a, polynomial b, ir_span span)
{
    uint64_t count = (uint64_t)a.count * b.count;
    s->work += count;
    if (!may_grow(s, count, span))
        return (polynomial){0};
    polynomial p = polynomial_new(s, count);
    for (uint32_t i = 0; i < a.count; i++)
        for (uint32_t j = 0; j < b.count; j++)
            if (!monomial_times(s, &a.at[i], &b.at[j], span, &p.at[p.count++])) {
                fail(s, span, "this product has too many spins; a term of degree 2 is the most that is possible");
                return (polynomial){0};
            }
    return p;
}

static polynomial sum(spin_scope *s, polynomial a, polynomial b, ir_span span)
{
    s->work += b.count;
    if (!may_grow(s, (uint64_t)a.count + b.count, span))
        return (polynomial){0};
    for (uint32_t i = 0; i < b.count; i++)
        ARENA_PUSH(s->m->arena, &a, b.at[i]);
    return a;
}

static void negate(spin_scope *s, polynomial p, ir_span span)
{
    for (uint32_t i = 0; i < p.count; i++) {
        ir_expr c = p.at[i].coefficient ? p.at[i].coefficient : ir_number(s->m, 1, span);
        p.at[i].coefficient = ir_unary(s->m, EXPR_NEGATE, c, span);
    }
}

/* The two leaves stay functions of their own: a monomial is large, and the recursion around them deep. */
__attribute__((noinline)) static polynomial constant(spin_scope *s, ir_expr e)
{
    polynomial p = polynomial_new(s, 1);
    p.at[p.count++] = (monomial){.coefficient = e, .span = ir_expr_get(s->m, e)->span};
    return p;
}

__attribute__((noinline)) static polynomial one_spin(spin_scope *s, uint32_t array, const ir_expr_data *x)
{
    polynomial p = polynomial_new(s, 1);
    ir_spin_ref spin = {.array = array, .subscripts = x->args, .subscript_count = x->arg_count};
    p.at[p.count++] = (monomial){.spins = {spin}, .spin_count = 1, .span = x->span};
    return p;
}

/* ---- expansion by kind of expression ---- */

static polynomial expand_sum(spin_scope *s, const ir_expr_data *x)
{
    ir_module *m = s->m;
    ir_index *fresh = ARENA_ARRAY(m->arena, ir_index, x->index_count);
    ir_expr *refs = ARENA_ARRAY(m->arena, ir_expr, x->index_count);
    for (uint32_t i = 0; i < x->index_count; i++) {
        ir_index_data d = *ir_index_get(m, x->indices[i]);
        fresh[i] = ir_index_new(m, d.name, d.extent, d.span);
        refs[i] = ir_index_ref(m, fresh[i], d.span);
    }
    ir_expr condition = x->condition ? ir_expr_substitute(m, x->condition, x->indices, refs, x->index_count) : 0;
    polynomial p = polynomial_expand(s, ir_expr_substitute(m, x->args[0], x->indices, refs, x->index_count));
    for (uint32_t k = 0; k < p.count; k++) {
        for (uint32_t i = 0; i < x->index_count; i++)
            ARENA_PUSH(m->arena, &p.at[k].indices, fresh[i]);
        add_condition(s, &p.at[k], condition);
    }
    return p;
}

/* A map that reads spins is a name for a polynomial: its element expression with the subscripts put in. */
static polynomial expand_map(spin_scope *s, ir_op op, const ir_expr_data *x)
{
    ir_module *m = s->m;
    ir_attribute over = *ir_op_attribute(m, op, "over"), where = *ir_op_attribute(m, op, "where");
    ir_expr elem = ir_op_attribute(m, op, "elem")->expr;
    elem = ir_expr_substitute(m, elem, over.list, x->args, x->arg_count);
    polynomial p = polynomial_expand(s, elem);
    if (where.present && where.expr) {
        ir_expr condition = ir_expr_substitute(m, where.expr, over.list, x->args, x->arg_count);
        for (uint32_t k = 0; k < p.count; k++)
            add_condition(s, &p.at[k], condition);
    }
    return p;
}

static polynomial expand_element(spin_scope *s, const ir_expr_data *x)
{
    int array = spin_scope_array(s, x->value);
    return array < 0 ? expand_map(s, ir_value_get(s->m, x->value)->op, x) : one_spin(s, (uint32_t)array, x);
}

static polynomial expand_divide(spin_scope *s, const ir_expr_data *x)
{
    if (spin_scope_reads(s, x->args[1])) {
        fail(s, ir_expr_get(s->m, x->args[1])->span, "a spin may not stand in a divisor of the energy");
        return (polynomial){0};
    }
    polynomial p = polynomial_expand(s, x->args[0]);
    for (uint32_t k = 0; k < p.count; k++) {
        ir_expr c = p.at[k].coefficient ? p.at[k].coefficient : ir_number(s->m, 1, x->span);
        p.at[k].coefficient = ir_binary(s->m, EXPR_DIVIDE, c, x->args[1], x->span);
    }
    return p;
}

static polynomial expand_two(spin_scope *s, const ir_expr_data *x)
{
    polynomial a = polynomial_expand(s, x->args[0]), b = polynomial_expand(s, x->args[1]);
    if (x->kind == EXPR_MULTIPLY)
        return product(s, a, b, x->span);
    if (x->kind == EXPR_SUBTRACT)
        negate(s, b, x->span);
    return sum(s, a, b, x->span);
}

static polynomial expand(spin_scope *s, ir_expr e)
{
    ir_expr_data x = *ir_expr_get(s->m, e);
    polynomial p;
    switch (x.kind) {
    case EXPR_ELEMENT:
        return expand_element(s, &x);
    case EXPR_ADD:
    case EXPR_SUBTRACT:
    case EXPR_MULTIPLY:
        return expand_two(s, &x);
    case EXPR_NEGATE:
        p = polynomial_expand(s, x.args[0]);
        negate(s, p, x.span);
        return p;
    case EXPR_DIVIDE:
        return expand_divide(s, &x);
    case EXPR_SUM_OVER:
        return expand_sum(s, &x);
    case EXPR_WHERE:
        p = polynomial_expand(s, x.args[1]);
        for (uint32_t k = 0; k < p.count; k++)
            add_condition(s, &p.at[k], x.args[0]);
        return p;
    default:
        fail(s, x.span, "a spin may not stand inside a function in the energy");
        return (polynomial){0};
    }
}

polynomial polynomial_expand(spin_scope *s, ir_expr e)
{
    s->work++;
    if (!may_grow(s, 0, ir_expr_get(s->m, e)->span))
        return (polynomial){0};
    if (!spin_scope_reads(s, e))
        return constant(s, e);
    s->depth++;
    polynomial p = expand(s, e);
    s->depth--;
    return p;
}
