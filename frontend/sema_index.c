/* sema_index.c - index notation: elements, sums, conditions and the functions of a Hamiltonian. */
#include "frontend/sema.h"

static bool outside(sema *s, ast_expr *e, const char *what, const char *hint)
{
    if (s->where == IN_HAMILTONIAN)
        return false;
    diagnostic *d = sema_error(s, e->span, "%s in a hamiltonian only", what);
    if (hint)
        diagnostic_hint(s->diagnostics, d, "%s", hint);
    sema_poison(e);
    return true;
}

/* ---- indices ---- */

static symbol *find_index(sema *s, ast_name name)
{
    symbol *sym = scope_find(s, name.name);
    if (!sym) {
        scope_unknown(s, name, WANT_INDEX, "undeclared index");
        return NULL;
    }
    if (sym->kind == SYMBOL_INDEX)
        return sym;
    if (sym->kind != SYMBOL_POISON) {
        diagnostic *d = sema_error(s, name.span, "'%s' is a %s, not an index", sema_text(s, name.name), scope_describe(sym));
        diagnostic_note_at(s->diagnostics, d, sym->span, "'%s' is bound here", sema_text(s, name.name));
    }
    return NULL;
}

symbol **sema_bind_indices(sema *s, const ast_names *names)
{
    symbol **indices = ARENA_ARRAY(s->arena, symbol *, names->count);
    for (uint32_t i = 0; i < names->count; i++) {
        ast_name name = names->at[i];
        symbol *sym = find_index(s, name);
        if (sym && sym->bound) {
            diagnostic *d = sema_error(s, name.span, "index '%s' already has a value here", sema_text(s, name.name));
            diagnostic_note_at(s->diagnostics, d, sym->bound_at, "it is bound here");
            sym = NULL;
        }
        if (sym) {
            sym->bound = true;
            sym->bound_at = name.span;
        }
        indices[i] = sym;
    }
    if (names->count > ISG_MAX_RANK)
        sema_error(s, names->at[ISG_MAX_RANK].span, "at most %d indices can be bound at once", ISG_MAX_RANK);
    return indices;
}

void sema_unbind(symbol **indices, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (indices[i])
            indices[i]->bound = false;
}

/* ---- subscripts and conditions ---- */

/* The first part that is neither an index nor a constant. */
static const ast_expr *find_offender(const ast_expr *e)
{
    if (e->kind == AST_NAME || e->kind == AST_ELEMENT || e->kind == AST_SUM)
        return e->sort == SORT_TENSOR ? e : NULL;
    if (e->kind == AST_CALL && (e->sort == SORT_INTEGER || !e->args.count))
        return e;
    for (uint32_t i = 0; i < e->args.count; i++) {
        const ast_expr *found = find_offender(e->args.at[i]);
        if (found)
            return found;
    }
    return NULL;
}

static void integer_expr(sema *s, ast_expr *e, const char *what)
{
    symbol *faults_to = s->faults_to;
    s->faults_to = NULL; /* a spin is refused here for another reason */
    sema_expr(s, e);
    s->faults_to = faults_to;
    if (e->sort == SORT_POISON)
        return;
    const ast_expr *offender = find_offender(e);
    if (!offender)
        return;
    const char *of = sema_text(s, offender->name.name);
    if (offender->kind == AST_SUM)
        sema_error(s, offender->span, "%s of indices and constants only, not of a sum", what);
    else if (offender->kind == AST_CALL)
        sema_error(s, offender->span, "%s of indices and constants only, not of the function '%s'", what, of);
    else
        sema_error(s, offender->span, "%s of indices and constants only; '%s' is a %s", what, of,
                   offender->symbol ? scope_describe(offender->symbol) : "tensor");
    sema_poison(e);
}

void sema_subscript(sema *s, ast_expr *e)
{
    integer_expr(s, e, "a subscript is an expression");
}

void sema_condition(sema *s, ast_expr *e)
{
    if (e->kind == AST_BROKEN)
        return;
    bool comparison = e->kind >= AST_EQUAL && e->kind <= AST_GREATER_EQUAL;
    bool poison = false;
    for (uint32_t i = 0; i < e->args.count; i++) {
        if (comparison)
            integer_expr(s, e->args.at[i], "a condition compares expressions");
        else
            sema_condition(s, e->args.at[i]);
        poison |= e->args.at[i]->sort == SORT_POISON;
    }
    e->sort = poison ? SORT_POISON : SORT_INTEGER;
}

/* ---- spins ---- */

void sema_spin_use(sema *s, const ast_expr *e, symbol *sym)
{
    if (sym->kind != SYMBOL_SPIN && !sym->has_spin)
        return;
    ((ast_expr *)e)->has_spin = true;
    if (!s->faults_to)
        return;
    if (s->barrier.message)
        ARENA_PUSH(s->arena, &s->faults_to->faults, s->barrier);
    if (sym->kind != SYMBOL_SPIN)
        ARENA_PUSH(s->arena, &s->faults_to->uses, sym);
}

/* ---- elements ---- */

static void element_of(sema *s, ast_expr *e, symbol *sym)
{
    if (sym->kind == SYMBOL_POISON) {
        sema_poison(e);
        return;
    }
    bool has_elements = (sym->kind == SYMBOL_TENSOR && !sym->is_constant) || sym->kind == SYMBOL_SPIN;
    if (!has_elements) {
        diagnostic *d =
            sema_error(s, e->name.span, "'%s' is a %s and takes no subscripts", sema_text(s, e->name.name), scope_describe(sym));
        diagnostic_note_at(s->diagnostics, d, sym->span, "'%s' is bound here", sema_text(s, e->name.name));
        sema_poison(e);
        return;
    }
    if (sym->rank >= 0 && e->args.count > (uint32_t)sym->rank) {
        diagnostic *d = sema_error(s, e->span, "'%s' has %d %s, but %u subscripts are given", sema_text(s, e->name.name),
                                   sym->rank, sym->rank == 1 ? "axis" : "axes", e->args.count);
        diagnostic_note_at(s->diagnostics, d, sym->span, "'%s' is bound here", sema_text(s, e->name.name));
        sema_poison(e);
        return;
    }
    sema_spin_use(s, e, sym);
}

void sema_element(sema *s, ast_expr *e)
{
    if (outside(s, e, "subscripts stand", NULL))
        return;
    e->sort = SORT_TENSOR;
    bool poison = false;
    for (uint32_t i = 0; i < e->args.count; i++) {
        sema_subscript(s, e->args.at[i]);
        poison |= e->args.at[i]->sort == SORT_POISON;
    }
    e->symbol = scope_find(s, e->name.name);
    if (e->symbol)
        element_of(s, e, e->symbol);
    else
        scope_unknown(s, e->name, WANT_VALUE, "unknown name");
    if (poison || !e->symbol)
        sema_poison(e);
}

/* ---- sums ---- */

void sema_sum(sema *s, ast_expr *e)
{
    if (outside(s, e, "'sum[...]' stands", "in a model or fn, sum(x, axis = k) adds along an axis"))
        return;
    e->index_symbols = sema_bind_indices(s, &e->indices);
    bool poison = false;
    for (uint32_t i = 0; i < e->indices.count; i++)
        poison |= !e->index_symbols[i];
    bool guarded = s->guarded;
    s->guarded = true; /* a sum over nothing evaluates nothing */
    if (e->condition)
        sema_condition(s, e->condition);
    sema_expr(s, e->args.at[0]);
    s->guarded = guarded;
    sema_unbind(e->index_symbols, e->indices.count);
    e->has_spin = e->args.at[0]->has_spin;
    e->sort = poison || e->args.at[0]->sort == SORT_POISON ? SORT_POISON : SORT_TENSOR;
}

/* ---- functions ---- */

static void check_arguments(sema *s, ast_expr *e, bool keeps_polynomials)
{
    spin_fault outer = s->barrier;
    if (!keeps_polynomials && !outer.message)
        s->barrier = (spin_fault){e->span, "a spin may not stand inside a function in the energy"};
    ast_sort sort = SORT_CONSTANT;
    for (uint32_t i = 0; i < e->args.count; i++) {
        sema_expr(s, e->args.at[i]);
        ast_sort of = e->args.at[i]->sort;
        sort = of == SORT_POISON || sort == SORT_POISON ? SORT_POISON : of > sort ? of : sort;
        e->has_spin |= e->args.at[i]->has_spin;
    }
    s->barrier = outer;
    e->sort = sort;
}

static const char *counts_taken(const builtin *b)
{
    return b->one == EXPR_POISON ? "2 arguments" : b->two == EXPR_POISON ? "1 argument" : "1 or 2 arguments";
}

static void check_form(sema *s, ast_expr *e, const builtin *b)
{
    for (uint32_t i = 0; i < e->args.count; i++) {
        if (!e->labels.at[i].name)
            continue;
        sema_error(s, e->labels.at[i].span, "'%s' takes no argument by name in a hamiltonian", b->name);
        sema_poison(e);
        return;
    }
    ir_expr_kind kind = e->args.count == 1 ? b->one : e->args.count == 2 ? b->two : EXPR_POISON;
    if (kind != EXPR_POISON)
        return;
    sema_error(s, e->span, "'%s' takes %s, but %u %s given", b->name, counts_taken(b), e->args.count,
               e->args.count == 1 ? "is" : "are");
    sema_poison(e);
}

static void not_callable(sema *s, ast_expr *e, const symbol *item)
{
    if (item->kind != SYMBOL_POISON) {
        diagnostic *d = sema_error(s, e->name.span, "'%s' is a %s and cannot be called in a hamiltonian",
                                   sema_text(s, e->name.name), scope_describe(item));
        diagnostic_note_at(s->diagnostics, d, item->span, "'%s' is defined here", sema_text(s, e->name.name));
    }
    check_arguments(s, e, true);
    sema_poison(e);
}

void sema_index_call(sema *s, ast_expr *e)
{
    const builtin *b = builtin_find(sema_text(s, e->name.name));
    const symbol *item = scope_find_item(s, e->name.name);
    if (item && (!b || scope_sees(s, item))) {
        not_callable(s, e, item);
        return;
    }
    if (!b || (b->one == EXPR_POISON && b->two == EXPR_POISON)) {
        if (b)
            sema_error(s, e->name.span, "'%s' is a function of models and cannot be called in a hamiltonian", b->name);
        else
            scope_unknown(s, e->name, WANT_FUNCTION, "unknown function");
        check_arguments(s, e, true);
        sema_poison(e);
        return;
    }
    e->builtin = b;
    check_arguments(s, e, b->keeps_polynomials);
    if (e->sort == SORT_POISON)
        return;
    check_form(s, e, b);
    if (e->sort == SORT_CONSTANT && builtin_is_scalar(b, e->args.count))
        sema_fold(s, e);
    else if (e->sort == SORT_CONSTANT || (e->sort == SORT_INTEGER && b->reduces && e->args.count == 1))
        e->sort = SORT_TENSOR;
}
