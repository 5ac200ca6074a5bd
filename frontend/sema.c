/* sema.c - the items of all files: their names, their bodies, and that no fn calls itself. */
#include "frontend/sema.h"

/* ---- names of items ---- */

static symbol_kind kind_of_item(const ast_item *item)
{
    switch (item->kind) {
    case ITEM_FN:
        return SYMBOL_FN;
    case ITEM_HAMILTONIAN:
        return SYMBOL_HAMILTONIAN;
    case ITEM_MODEL:
        return SYMBOL_MODEL;
    default:
        return SYMBOL_CONST;
    }
}

static void define(sema *s, ast_item *item, ast_name name)
{
    symbol *sym = scope_new(s, kind_of_item(item), name);
    sym->item = item;
    sym->statement = item->statement;
    item->symbol = sym;
    sym->broken_signature = item->broken || item->header.broken;
    if (item->statement && item->statement->broken) {
        sym->kind = SYMBOL_POISON;
        sym->state = CONST_DONE;
    }
    symbol *before = scope_find_item(s, name.name);
    if (name.name == s->pi) {
        sema_error(s, name.span, "'pi' is a constant of the language and cannot be defined");
        return;
    }
    if (before) {
        diagnostic *d = sema_error(s, name.span, "a second definition of '%s'", sema_text(s, name.name));
        diagnostic_note_at(s->diagnostics, d, before->span, "the first is here");
        return;
    }
    s->item_of[name.name] = sym;
    ARENA_PUSH(s->arena, &s->items, sym);
}

static void stray(sema *s, const ast_file *file, const ast_item *item)
{
    if (item->kind == ITEM_STATEMENT && item->statement->kind == STATEMENT_BROKEN)
        scope_lose(s, item->span);
    if (file->syntax_errors)
        return; /* left over by an error that was reported */
    if (item->kind == ITEM_STRAY_BRACE)
        sema_error(s, item->span, "unexpected '}'");
    else
        sema_misplaced(s, item->statement);
}

static void define_items(sema *s, ast_file *file)
{
    s->file = file;
    s->where = IN_FILE;
    for (uint32_t i = 0; i < file->items.count; i++) {
        ast_item *item = file->items.at[i];
        if (item->kind == ITEM_STATEMENT && item->statement->kind == STATEMENT_CONST)
            define(s, item, item->statement->name);
        else if (item->kind == ITEM_STATEMENT && item->statement->kind == STATEMENT_USE)
            continue;
        else if (item->kind == ITEM_STATEMENT || item->kind == ITEM_STRAY_BRACE)
            stray(s, file, item);
        else
            define(s, item, item->name);
    }
}

/* ---- which file sees which ---- */

static void close_sees(sema *s)
{
    uint32_t count = s->files.count;
    for (uint32_t from = 0; from < count; from++) {
        const ast_file *file = s->files.at[from];
        for (uint32_t i = 0; i < file->uses.count; i++) {
            uint32_t used = file->uses.at[i]->position;
            s->sees[(size_t)from * count + used] = true;
            for (uint32_t k = 0; k < count; k++) /* what an import sees is known: it stands before */
                s->sees[(size_t)from * count + k] |= s->sees[(size_t)used * count + k];
        }
    }
}

/* ---- bodies ---- */

/* Signatures first: a call may stand before the definition. */
static void check_signature(sema *s, ast_item *item)
{
    if (item->kind != ITEM_HAMILTONIAN)
        return;
    const ast_results *results = sema_results_of(item);
    item->symbol->broken_signature |= !results || item->broken;
    s->body++;
    for (uint32_t i = 0; results && i < results->count; i++) {
        ir_name name = sema_result_name(&results->at[i]).name;
        item->symbol->broken_signature |= !name || s->marks[MARK_RESULT][name].body == s->body;
        s->marks[MARK_RESULT][name].body = s->body;
    }
}

static void check_item(sema *s, ast_item *item)
{
    if (item->kind == ITEM_STATEMENT && item->statement->kind == STATEMENT_CONST)
        sema_const_item(s, item->symbol);
    if (item->kind == ITEM_MODEL)
        sema_model(s, item);
    if (item->kind != ITEM_FN && item->kind != ITEM_HAMILTONIAN)
        return;
    scope_open(s, item->kind == ITEM_FN ? IN_FN : IN_HAMILTONIAN, item->symbol);
    if (item->header.broken && item->header.span.file)
        scope_lose(s, item->header.span);
    sema_parameters(s, item);
    if (item->kind == ITEM_FN) {
        ARENA_PUSH(s->arena, &s->fns, item->symbol);
        sema_fn(s, item);
    } else {
        sema_hamiltonian(s, item);
    }
}

/* ---- recursion ---- */

enum { UNVISITED, ON_THE_WAY, FINISHED };

static void report_recursion(sema *s, ast_expr *call, symbol *const *way, uint32_t length)
{
    const symbol *callee = call->symbol;
    symbol *caller = way[length - 1];
    sema_poison(call);
    if (caller->recursion == callee)
        return;
    caller->recursion = callee;
    diagnostic *d = sema_error(s, call->span, caller == callee ? "fn '%s' calls itself" : "fn '%s' calls itself through '%s'",
                               sema_text(s, callee->name), sema_text(s, caller->name));
    diagnostic_note_at(s->diagnostics, d, callee->span, "fns are expanded at each call, so '%s' would never end",
                       sema_text(s, callee->name));
}

/* Depth first from one fn, with a stack of its own: chains of calls may be long. */
static void search_recursion(sema *s, symbol *from)
{
    ARENA_LIST(symbol *) way = {0};
    ARENA_PUSH(s->arena, &way, from);
    from->visited = ON_THE_WAY;
    while (way.count) {
        symbol *top = way.at[way.count - 1];
        if (top->next_call == top->calls.count) {
            top->visited = FINISHED;
            way.count--;
            continue;
        }
        ast_expr *call = top->calls.at[top->next_call++];
        if (call->symbol->visited == ON_THE_WAY) {
            report_recursion(s, call, way.at, way.count);
        } else if (call->symbol->visited == UNVISITED) {
            call->symbol->visited = ON_THE_WAY;
            ARENA_PUSH(s->arena, &way, call->symbol);
        }
    }
}

/* ---- the whole ---- */

static void require_model(sema *s, const ast_file *main_file)
{
    bool found = main_file->syntax_errors || main_file->item_lost;
    for (uint32_t i = 0; i < main_file->items.count; i++)
        found |= main_file->items.at[i]->kind == ITEM_MODEL;
    if (found)
        return;
    uint32_t end = (uint32_t)s->diagnostics->files.at[main_file->file - 1].length;
    diagnostic *d = sema_error(s, (ir_span){main_file->file, end, end}, "the file has no model");
    diagnostic_hint(s->diagnostics, d, "a model says what is compiled: model NAME { input ...; output ...; }");
}

void sema_check(sema *s, ir_module *m, ast_files files, bool names_lost)
{
    *s = (sema){.module = m, .arena = m->arena, .diagnostics = m->diagnostics, .files = files, .names_lost = names_lost};
    s->pi = ir_intern_text(m, "pi");
    for (uint32_t i = 0; builtin_at(i); i++) {
        ir_intern_text(m, builtin_at(i)->name);
        if (builtin_at(i)->key)
            ir_intern_text(m, builtin_at(i)->key);
    }
    ir_intern_text(m, "params");
    s->name_count = m->names.count;
    s->item_of = ARENA_ARRAY(s->arena, symbol *, s->name_count);
    s->local_of = ARENA_ARRAY(s->arena, symbol *, s->name_count);
    s->local_body = ARENA_ARRAY(s->arena, uint32_t, s->name_count);
    for (int i = 0; i < MARK_COUNT; i++)
        s->marks[i] = arena_take(s->arena, s->name_count, sizeof *s->marks[i]);
    s->sees = ARENA_ARRAY(s->arena, bool, (size_t)files.count *files.count);
    close_sees(s);
    for (uint32_t i = 0; i < files.count; i++)
        define_items(s, files.at[i]);
    for (uint32_t i = 0; i < files.count; i++)
        for (uint32_t k = 0; k < files.at[i]->items.count; k++)
            check_signature(s, files.at[i]->items.at[k]);
    for (uint32_t i = 0; i < files.count; i++) {
        s->file = files.at[i];
        for (uint32_t k = 0; k < files.at[i]->items.count; k++)
            check_item(s, files.at[i]->items.at[k]);
    }
    for (uint32_t i = 0; i < s->fns.count; i++)
        if (s->fns.at[i]->visited == UNVISITED)
            search_recursion(s, s->fns.at[i]);
    require_model(s, files.at[files.count - 1]);
}
