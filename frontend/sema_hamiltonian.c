/* sema_hamiltonian.c - the statements of a Hamiltonian. */
#include "frontend/sema.h"

typedef struct body {
    ast_item *item;
    const ast_statement *spin, *minimize, *result; /* the first of each */
    bool broken;                                   /* a statement was lost: what is missing may be it */
    symbol *energy;                                /* stands for the minimised expression in the search for misplaced spins */
} body;

/* The expression of a binder, evaluated only where its condition holds; `faults_to` as in sema.h. */
static void guarded_expr(sema *s, ast_expr *value, ast_expr *condition, symbol *faults_to)
{
    if (condition)
        sema_condition(s, condition);
    s->guarded = condition != NULL;
    s->faults_to = faults_to;
    sema_expr(s, value);
    s->faults_to = NULL;
    s->guarded = false;
}

static void refuse_broken(ast_expr *value, ast_expr *condition)
{
    if (condition && condition->sort == SORT_POISON)
        sema_poison(value);
}

static void index_statement(sema *s, ast_statement *st)
{
    bool good = !st->broken && sema_whole(s, st->value, "the range of an index", 0);
    st->symbols = ARENA_ARRAY(s->arena, symbol *, st->names.count);
    for (uint32_t i = 0; i < st->names.count; i++) {
        st->symbols[i] = scope_bind(s, good ? SYMBOL_INDEX : SYMBOL_POISON, st->names.at[i]);
        st->symbols[i]->value = st->value;
    }
}

static bool is_domain(const ast_statement *st, double low, double high)
{
    return st->domain.count == 2 && st->domain.at[0]->number == low && st->domain.at[1]->number == high;
}

static void domain(sema *s, ast_statement *st)
{
    bool numbers = true;
    for (uint32_t i = 0; i < st->domain.count; i++)
        numbers &= sema_constant(s, st->domain.at[i], "a value of a domain") && st->domain.at[i]->is_number;
    st->lowest = numbers && is_domain(st, -1, 1) ? -1 : 0;
    if (numbers && (is_domain(st, 0, 1) || is_domain(st, -1, 1)))
        return;
    ir_span span = ast_join(st->domain.at[0]->span, st->domain.at[st->domain.count - 1]->span);
    sema_error(s, span, "the domain of a spin is {0, 1} or {-1, 1}");
}

static void spin(sema *s, body *b, ast_statement *st)
{
    if (!b->spin)
        b->spin = st;
    bool good = !st->broken;
    if (good) {
        domain(s, st);
        st->symbols = sema_bind_indices(s, &st->names);
        sema_unbind(st->symbols, st->names.count);
        for (uint32_t i = 0; i < st->names.count; i++)
            good &= st->symbols[i] != NULL;
    }
    st->symbol = scope_bind(s, good ? SYMBOL_SPIN : SYMBOL_POISON, st->name);
    st->symbol->rank = (int)st->names.count;
    st->broken |= !good;
}

/* A name without indices for a constant can stand where a constant is needed. */
static void be_constant_let(ast_statement *st)
{
    if (st->subscripted || st->condition || st->value->sort != SORT_CONSTANT)
        return;
    st->symbol->is_constant = true;
    st->symbol->is_number = st->value->is_number;
    st->symbol->number = st->value->number;
    st->symbol->size = st->value->size;
    st->symbol->value = st->value;
}

static void let(sema *s, ast_statement *st)
{
    if (st->tuple) {
        if (!st->broken)
            sema_error(s, st->span, "'let (...)' takes the results of a call, which stands in a model or fn");
        for (uint32_t i = 0; i < st->names.count; i++)
            scope_bind(s, SYMBOL_POISON, st->names.at[i]);
        st->broken = true;
        return;
    }
    /* Bound behind its expression; made here, for the misplaced spins that are found on the way. */
    symbol *holder = scope_new(s, SYMBOL_TENSOR, st->name);
    bool good = !st->broken;
    if (good) {
        st->symbols = sema_bind_indices(s, &st->names);
        guarded_expr(s, st->value, st->condition, holder);
        refuse_broken(st->value, st->condition);
        sema_unbind(st->symbols, st->names.count);
        for (uint32_t i = 0; i < st->names.count; i++)
            good &= st->symbols[i] != NULL;
        good &= st->value->sort != SORT_POISON;
    }
    st->symbol = scope_bind(s, good ? SYMBOL_TENSOR : SYMBOL_POISON, st->name);
    st->symbol->rank = (int)st->names.count;
    if (!good)
        return;
    st->symbol->has_spin = st->value->has_spin;
    st->symbol->faults = holder->faults;
    st->symbol->uses = holder->uses;
    be_constant_let(st);
}

static void minimize(sema *s, body *b, ast_statement *st)
{
    if (b->minimize) {
        diagnostic *d = sema_error(s, st->span, "a second 'minimize'");
        diagnostic_note_at(s->diagnostics, d, b->minimize->span, "the first is here");
        if (!st->broken)
            guarded_expr(s, st->value, NULL, NULL);
        st->broken = true;
        return;
    }
    b->minimize = st;
    b->energy = scope_new(s, SYMBOL_POISON, (ast_name){0, st->span});
    if (!st->broken)
        guarded_expr(s, st->value, NULL, b->energy);
}

/* ---- results ---- */

static ast_names target_indices(sema *s, ast_expr *target, bool *good)
{
    ast_names names = {0};
    for (uint32_t i = 0; target->kind == AST_ELEMENT && i < target->args.count; i++) {
        if (target->args.at[i]->kind == AST_NAME) {
            ARENA_PUSH(s->arena, &names, target->args.at[i]->name);
        } else {
            if (target->args.at[i]->kind != AST_BROKEN)
                sema_error(s, target->args.at[i]->span, "a result's subscripts are indices: y[i, j] = ...");
            *good = false;
        }
    }
    return names;
}

static void result(sema *s, ast_result *r)
{
    bool named = r->target && (r->target->kind == AST_NAME || r->target->kind == AST_ELEMENT);
    if (!named && !(r->target && r->target->kind == AST_BROKEN)) {
        diagnostic *d = sema_error(s, r->target ? r->target->span : r->value->span, "a result of a hamiltonian has a name");
        diagnostic_hint(s->diagnostics, d, "write it as name[indices] = expression");
    }
    bool good = named;
    if (!named) {
        r->repeated = true;
        sema_poison(r->value);
        return;
    }
    ast_names indices = target_indices(s, r->target, &good);
    r->repeated = !sema_once(s, MARK_RESULT, r->target->name, "result");
    r->index_symbols = sema_bind_indices(s, &indices);
    if (good) { /* else its indices are not known */
        guarded_expr(s, r->value, r->condition, NULL);
        refuse_broken(r->value, r->condition);
    }
    sema_unbind(r->index_symbols, indices.count);
    for (uint32_t i = 0; i < indices.count; i++)
        good &= r->index_symbols[i] != NULL;
    if (!good)
        sema_poison(r->value);
}

static void results(sema *s, body *b, ast_statement *st)
{
    if (b->result) {
        diagnostic *d = sema_error(s, st->span, "a second 'return'");
        diagnostic_note_at(s->diagnostics, d, b->result->span,
                           "the first is here; one 'return' gives all results: return a = ..., b = ...;");
        st->broken = true;
        return;
    }
    b->result = st;
    for (uint32_t i = 0; !st->broken && i < st->results.count; i++)
        result(s, &st->results.at[i]);
}

/* ---- the whole ---- */

static void statement(sema *s, body *b, ast_statement *st)
{
    b->broken |= st->kind == STATEMENT_BROKEN;
    switch (st->kind) {
    case STATEMENT_INDEX:
        index_statement(s, st);
        return;
    case STATEMENT_SPIN:
        spin(s, b, st);
        return;
    case STATEMENT_LET:
        let(s, st);
        return;
    case STATEMENT_MINIMIZE:
        minimize(s, b, st);
        return;
    case STATEMENT_RETURN:
        results(s, b, st);
        return;
    default:
        sema_misplaced(s, st);
    }
}

static void check_complete(sema *s, const body *b)
{
    const char *name = sema_text(s, b->item->name.name);
    ir_span span = b->item->name.span;
    if (b->broken)
        return;
    if (!b->spin)
        sema_error(s, span, "hamiltonian '%s' has no 'spin'", name);
    if (!b->minimize)
        sema_error(s, span, "hamiltonian '%s' has no 'minimize'", name);
    if (!b->result)
        sema_error(s, span, "hamiltonian '%s' returns nothing", name);
}

/* Spins in divisors and functions are faults in what is minimised: its expression and the lets behind it. */
static void report_spin_faults(sema *s, symbol *energy)
{
    ARENA_LIST(symbol *) pending = {0};
    ARENA_PUSH(s->arena, &pending, energy);
    for (uint32_t at = 0; at < pending.count; at++) {
        symbol *sym = pending.at[at];
        for (uint32_t i = 0; i < sym->faults.count; i++) {
            diagnostic *d = sema_error(s, sym->faults.at[i].span, "%s", sym->faults.at[i].message);
            if (sym != energy)
                diagnostic_note_at(s->diagnostics, d, energy->span, "it is minimised here");
        }
        for (uint32_t i = 0; i < sym->uses.count; i++) {
            if (sym->uses.at[i]->visited)
                continue;
            sym->uses.at[i]->visited = 1;
            ARENA_PUSH(s->arena, &pending, sym->uses.at[i]);
        }
    }
}

void sema_hamiltonian(sema *s, ast_item *item)
{
    body b = {.item = item, .broken = item->broken};
    for (uint32_t i = 0; i < item->body.count; i++)
        statement(s, &b, item->body.at[i]);
    check_complete(s, &b);
    if (b.energy)
        report_spin_faults(s, b.energy);
    if (!b.result || b.result->broken || item->broken)
        item->symbol->broken_signature = true;
}
