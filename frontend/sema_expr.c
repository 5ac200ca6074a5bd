/* sema_expr.c - expressions: names, arithmetic, and where each kind of expression may stand. */
#include "frontend/sema.h"

const char *sema_text(const sema *s, ir_name name)
{
    return ir_text(s->module, name);
}

diagnostic *sema_error(sema *s, ir_span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = arena_vformat(s->arena, format, list);
    va_end(list);
    return diagnostics_error(s->diagnostics, span, "%s", message);
}

void sema_poison(ast_expr *e)
{
    e->sort = SORT_POISON;
    e->is_number = false;
}

static void be_number(ast_expr *e, double number)
{
    e->sort = SORT_CONSTANT;
    e->is_number = true;
    e->number = number;
    e->size = 1;
}

/* A name for a constant stands for its number, or for its expression of shape names. */
static void be_constant(ast_expr *e, const symbol *sym)
{
    e->sort = SORT_CONSTANT;
    e->is_number = sym->is_number;
    e->number = sym->number;
    e->size = sym->size;
}

static void index_name(sema *s, ast_expr *e, const symbol *sym)
{
    e->sort = SORT_INTEGER;
    if (sym->bound)
        return;
    diagnostic *d = sema_error(s, e->span, "index '%s' has no value here", sema_text(s, sym->name));
    diagnostic_hint(s->diagnostics, d, "bind it around the expression: sum[%s], or a subscript on the left of '='",
                    sema_text(s, sym->name));
    sema_poison(e);
}

static void function_name(sema *s, ast_expr *e, const symbol *sym)
{
    diagnostic *d = sema_error(s, e->span, "'%s' is a %s, not a value", sema_text(s, sym->name), scope_describe(sym));
    if (sym->kind != SYMBOL_MODEL)
        diagnostic_hint(s->diagnostics, d, "call it: %s(...)", sema_text(s, sym->name));
    sema_poison(e);
}

static void known_name(sema *s, ast_expr *e, symbol *sym)
{
    if (sym->kind == SYMBOL_CONST)
        sema_const_item(s, sym);
    switch (sym->kind) {
    case SYMBOL_POISON:
        sema_poison(e);
        return;
    case SYMBOL_FN:
    case SYMBOL_HAMILTONIAN:
    case SYMBOL_MODEL:
        function_name(s, e, sym);
        return;
    case SYMBOL_CONST:
        be_constant(e, sym);
        return;
    case SYMBOL_SHAPE:
    case SYMBOL_OPTION:
        e->sort = SORT_CONSTANT;
        e->size = 1;
        return;
    case SYMBOL_TENSOR:
        if (sym->is_constant) {
            be_constant(e, sym);
            return;
        }
        e->sort = SORT_TENSOR;
        sema_spin_use(s, e, sym);
        return;
    case SYMBOL_GROUP:
        e->sort = SORT_GROUP;
        return;
    case SYMBOL_INDEX:
        index_name(s, e, sym);
        return;
    case SYMBOL_SPIN:
        e->sort = SORT_TENSOR;
        sema_spin_use(s, e, sym);
        return;
    }
}

static void name(sema *s, ast_expr *e)
{
    if (e->name.name == s->pi) {
        be_number(e, 3.14159265358979323846);
        return;
    }
    e->symbol = scope_find(s, e->name.name);
    if (e->symbol) {
        known_name(s, e, e->symbol);
        return;
    }
    sema_poison(e);
    const builtin *b = builtin_find(sema_text(s, e->name.name));
    if (b) {
        diagnostic *d = sema_error(s, e->span, "'%s' is a function, not a value", b->name);
        diagnostic_hint(s->diagnostics, d, "call it: %s(...)", b->name);
    } else {
        scope_unknown(s, e->name, WANT_VALUE, "unknown name");
    }
}

static void path(sema *s, ast_expr *e)
{
    if (s->where == IN_MODEL || s->where == IN_FN) {
        e->sort = SORT_GROUP;
        return;
    }
    sema_poison(e);
    if (s->where == IN_FILE) {
        sema_error(s, e->span, "'@%s' is a parameter and known only at run time; a constant is needed here",
                   sema_text(s, e->name.name));
        return;
    }
    diagnostic *d = sema_error(s, e->span, "'@...' stands in a model or fn, not in a hamiltonian");
    diagnostic_hint(s->diagnostics, d, "give the hamiltonian a parameter and pass '@%s' to it", sema_text(s, e->name.name));
}

/* Arithmetic is of the strongest kind among its operands; a group is loaded as a tensor. */
static void arithmetic(sema *s, ast_expr *e)
{
    ast_sort sort = SORT_CONSTANT;
    spin_fault barrier = s->barrier;
    for (uint32_t i = 0; i < e->args.count; i++) {
        ast_expr *arg = e->args.at[i];
        if (e->kind == AST_DIVIDE && i == 1 && !barrier.message)
            s->barrier = (spin_fault){arg->span, "a spin may not stand in a divisor of the energy"};
        sema_expr(s, arg);
        s->barrier = barrier;
        ast_sort of = arg->sort == SORT_GROUP ? SORT_TENSOR : arg->sort;
        sort = of == SORT_POISON || sort == SORT_POISON ? SORT_POISON : of > sort ? of : sort;
        e->has_spin |= arg->has_spin;
    }
    e->sort = sort;
    if (sort == SORT_CONSTANT)
        sema_fold(s, e);
}

void sema_expr(sema *s, ast_expr *e)
{
    switch (e->kind) {
    case AST_NUMBER:
        be_number(e, e->number);
        return;
    case AST_NAME:
        name(s, e);
        return;
    case AST_PATH:
        path(s, e);
        return;
    case AST_CALL:
        if (s->where == IN_HAMILTONIAN)
            sema_index_call(s, e);
        else
            sema_call(s, e);
        return;
    case AST_MEMBER:
        sema_member(s, e);
        return;
    case AST_ELEMENT:
        sema_element(s, e);
        return;
    case AST_SUM:
        sema_sum(s, e);
        return;
    case AST_NEGATE:
    case AST_ADD:
    case AST_SUBTRACT:
    case AST_MULTIPLY:
    case AST_DIVIDE:
        arithmetic(s, e);
        return;
    default: /* conditions stand only where the grammar has them, and are checked there */
        sema_poison(e);
        return;
    }
}
