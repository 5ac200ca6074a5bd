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
    if (search->found || x->kind != EXPR_ELEMENT)
        return;
    if (spin_scope_array(search->scope, x->value) >= 0) {
        search->found = true;
        return;
    }
    ir_op op = ir_value_get(m, x->value)->op;
    if (op && ir_op_get(m, op)->code == OP_MAP)
        ir_expr_walk(m, ir_op_attribute(m, op, "elem")->expr, look_for_spin, search);
}

bool spin_scope_reads(const spin_scope *s, ir_expr e)
{
    reads_search search = {.scope = s};
    if (e)
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
    if (!s->failed)
        diagnostics_error(s->m->diagnostics, span, "%s", message);
    s->failed = true;
}

/* The product keeps both sides' bindings; every expansion of a binder made fresh indices, so they do not clash. */
static monomial monomial_times(spin_scope *s, const monomial *a, const monomial *b, ir_span span)
{
    monomial t = copy_monomial(s, a);
    for (uint32_t i = 0; i < b->indices.count; i++)
        ARENA_PUSH(s->m->arena, &t.indices, b->indices.at[i]);
    for (uint32_t i = 0; i < b->conditions.count; i++)
        add_condition(s, &t, b->conditions.at[i]);
    t.coefficient = times(s->m, a->coefficient, b->coefficient, span);
    for (uint32_t i = 0; i < b->spin_count; i++) {
        if (t.spin_count == MONOMIAL_SPINS_MAX) {
            fail(s, span, "this product of spins is too long");
            break;
        }
        t.spins[t.spin_count++] = b->spins[i];
    }
    t.span = span;
    return t;
}

static polynomial product(spin_scope *s, polynomial a, polynomial b, ir_span span)
{
    polynomial p = {0};
    if ((uint64_t)a.count * b.count > POLYNOMIAL_MONOMIALS_MAX) {
        fail(s, span, "this product expands into too many terms");
        return p;
    }
    for (uint32_t i = 0; i < a.count && !s->failed; i++)
        for (uint32_t j = 0; j < b.count && !s->failed; j++)
            ARENA_PUSH(s->m->arena, &p, monomial_times(s, &a.at[i], &b.at[j], span));
    return p;
}

static void append(spin_scope *s, polynomial *to, polynomial from)
{
    for (uint32_t i = 0; i < from.count; i++)
        ARENA_PUSH(s->m->arena, to, from.at[i]);
    if (to->count > POLYNOMIAL_MONOMIALS_MAX)
        fail(s, to->at[0].span, "the energy expands into too many terms");
}

static void negate(spin_scope *s, polynomial p, ir_span span)
{
    for (uint32_t i = 0; i < p.count; i++) {
        ir_expr c = p.at[i].coefficient ? p.at[i].coefficient : ir_number(s->m, 1, span);
        p.at[i].coefficient = ir_unary(s->m, EXPR_NEGATE, c, span);
    }
}

static polynomial constant(spin_scope *s, ir_expr e)
{
    polynomial p = {0};
    ARENA_PUSH(s->m->arena, &p, ((monomial){.coefficient = e, .span = ir_expr_get(s->m, e)->span}));
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

static polynomial expand_element(spin_scope *s, ir_expr e, const ir_expr_data *x)
{
    int array = spin_scope_array(s, x->value);
    if (array < 0)
        return expand_map(s, ir_value_get(s->m, x->value)->op, x);
    polynomial p = {0};
    monomial t = {.spin_count = 1, .span = ir_expr_get(s->m, e)->span};
    t.spins[0] = (ir_spin_ref){.array = (uint32_t)array, .subscripts = x->args, .subscript_count = x->arg_count};
    ARENA_PUSH(s->m->arena, &p, t);
    return p;
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
    append(s, &a, b);
    return a;
}

polynomial polynomial_expand(spin_scope *s, ir_expr e)
{
    if (!spin_scope_reads(s, e))
        return constant(s, e);
    ir_expr_data x = *ir_expr_get(s->m, e);
    polynomial p;
    switch (x.kind) {
    case EXPR_ELEMENT:
        return expand_element(s, e, &x);
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
