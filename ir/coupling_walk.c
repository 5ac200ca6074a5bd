/* coupling_walk.c - see coupling_walk.h. */
#include "ir/coupling_walk.h"

#include "ir/linear_form.h"

/* A whole-number expression: base + sum of factor * value, or an expression to evaluate. */
typedef struct compiled {
    ir_expr expr; /* 0: linear */
    int64_t base;
    const int64_t *factor; /* [index_count] */
} compiled;

typedef struct compiled_condition {
    ir_expr_kind kind; /* a comparison of `difference` with 0 */
    compiled difference;
} compiled_condition;

typedef struct walk {
    const ir_module *m;
    arena *arena;
    const ir_term *term;
    int64_t *values; /* [index_count] */
    double *numbers; /* the same, for what must be evaluated */
    int64_t *step;   /* of each index */
    compiled first, second;
    ARENA_LIST(compiled_condition) conditions;
    ARENA_LIST(ir_expr) others; /* conditions to evaluate */
    coupling_visit visit;
    void *context;
} walk;

static compiled compile_form(walk *w, const linear_form *f)
{
    int64_t *factor = ARENA_ARRAY(w->arena, int64_t, w->term->index_count);
    for (uint32_t k = 0; k < f->count; k++)
        for (uint32_t i = 0; i < w->term->index_count; i++)
            if (w->term->indices[i] == f->index[k])
                factor[i] = f->factor[k];
    return (compiled){.base = f->constant, .factor = factor};
}

static int64_t form_value(const walk *w, const compiled *c)
{
    int64_t value = c->base;
    for (uint32_t i = 0; i < w->term->index_count; i++)
        value += c->factor[i] * w->values[i];
    return value;
}

/* The spin's number as one form, when all its subscripts are linear. */
static compiled compile_spin(walk *w, const spin_layout *layout, const ir_spin_ref *ref)
{
    int64_t *factor = ARENA_ARRAY(w->arena, int64_t, w->term->index_count);
    compiled number = {.base = layout->base[ref->array], .factor = factor};
    for (uint32_t k = 0; k < ref->subscript_count; k++) {
        linear_form f = linear_form_of(w->m, ref->subscripts[k]);
        if (!f.linear)
            return (compiled){.expr = ref->subscripts[k]};
        compiled axis = compile_form(w, &f);
        number.base += axis.base * layout->stride[ref->array][k];
        for (uint32_t i = 0; i < w->term->index_count; i++)
            factor[i] += axis.factor[i] * layout->stride[ref->array][k];
    }
    return number;
}

static void compile_condition(walk *w, ir_expr e)
{
    const ir_expr_data *x = ir_expr_get(w->m, e);
    if (x->kind == EXPR_AND) {
        compile_condition(w, x->args[0]);
        compile_condition(w, x->args[1]);
        return;
    }
    if (x->kind >= EXPR_EQUAL && x->kind <= EXPR_GREATER_EQUAL) {
        linear_form f = linear_form_subtract(linear_form_of(w->m, x->args[0]), linear_form_of(w->m, x->args[1]));
        if (f.linear) {
            compiled_condition c = {x->kind, compile_form(w, &f)};
            ARENA_PUSH(w->arena, &w->conditions, c);
            return;
        }
    }
    ARENA_PUSH(w->arena, &w->others, e);
}

static bool holds(ir_expr_kind kind, int64_t difference)
{
    switch (kind) {
    case EXPR_EQUAL:
        return difference == 0;
    case EXPR_NOT_EQUAL:
        return difference != 0;
    case EXPR_LESS:
        return difference < 0;
    case EXPR_LESS_EQUAL:
        return difference <= 0;
    case EXPR_GREATER:
        return difference > 0;
    default:
        return difference >= 0;
    }
}

static double evaluate(walk *w, ir_expr e)
{
    double value = 0;
    for (uint32_t i = 0; i < w->term->index_count; i++)
        w->numbers[i] = (double)w->values[i];
    ir_expr_evaluate(w->m, e, w->term->indices, w->numbers, w->term->index_count, &value);
    return value;
}

static bool condition_holds(walk *w)
{
    for (uint32_t i = 0; i < w->conditions.count; i++)
        if (!holds(w->conditions.at[i].kind, form_value(w, &w->conditions.at[i].difference)))
            return false;
    for (uint32_t i = 0; i < w->others.count; i++)
        if (evaluate(w, w->others.at[i]) == 0)
            return false;
    return true;
}

static int64_t spin_number(walk *w, const spin_layout *layout, const ir_spin_ref *ref, const compiled *c)
{
    if (!c->expr)
        return form_value(w, c);
    int64_t at = layout->base[ref->array];
    for (uint32_t k = 0; k < ref->subscript_count; k++)
        at += (int64_t)evaluate(w, ref->subscripts[k]) * layout->stride[ref->array][k];
    return at;
}

static bool walk_from(walk *w, const spin_layout *layout, uint32_t depth)
{
    if (depth == w->term->index_count) {
        if (!condition_holds(w))
            return true;
        int64_t first = spin_number(w, layout, &w->term->spins[0], &w->first);
        int64_t second = spin_number(w, layout, &w->term->spins[1], &w->second);
        if (first < 0 || second < 0 || first >= layout->count || second >= layout->count)
            return true;
        return w->visit(w->context, (uint32_t)first, (uint32_t)second);
    }
    int64_t extent = ir_index_extent(w->m, w->term->indices[depth]);
    for (w->values[depth] = 0; w->values[depth] < extent; w->values[depth] += w->step[depth])
        if (!walk_from(w, layout, depth + 1))
            return false;
    return true;
}

static bool ref_uses(const ir_module *m, const ir_spin_ref *ref, ir_index index)
{
    for (uint32_t i = 0; i < ref->subscript_count; i++)
        if (ir_expr_uses_index(m, ref->subscripts[i], index))
            return true;
    return false;
}

bool coupling_walk(const ir_module *m, const spin_layout *layout, const ir_term *term, bool coarse, arena *a,
                   coupling_visit visit, void *context)
{
    walk w = {.m = m, .arena = a, .term = term, .visit = visit, .context = context};
    w.values = ARENA_ARRAY(a, int64_t, term->index_count);
    w.numbers = ARENA_ARRAY(a, double, term->index_count);
    w.step = ARENA_ARRAY(a, int64_t, term->index_count);
    for (uint32_t i = 0; i < term->index_count; i++) {
        int64_t extent = ir_index_extent(m, term->indices[i]);
        w.step[i] = coarse && extent > 2 && !ref_uses(m, &term->spins[1], term->indices[i]) ? extent - 1 : 1;
    }
    w.first = compile_spin(&w, layout, &term->spins[0]);
    w.second = compile_spin(&w, layout, &term->spins[1]);
    if (term->condition)
        compile_condition(&w, term->condition);
    return walk_from(&w, layout, 0);
}
