/* scope.c - names: items that all files share, and the names bound in one body. */
#include "frontend/sema.h"

#include <string.h>

enum {
    MAX_SUGGESTIONS = 40, /* errors up to which a near name is looked for */
    MAX_CANDIDATES = 4096,
    MAX_LOOKED_UP = 200 /* errors up to which names are searched in broken text */
};

symbol *scope_new(sema *s, symbol_kind kind, ast_name name)
{
    symbol *sym = ARENA_NEW(s->arena, symbol);
    sym->kind = kind;
    sym->name = name.name;
    sym->span = name.span;
    sym->file = s->file;
    sym->rank = -1;
    return sym;
}

void scope_open(sema *s, sema_where where, symbol *self)
{
    s->where = where;
    s->self = self;
    s->body++;
    s->locals.count = 0;
    s->lost.count = 0;
    s->guarded = false;
    s->barrier = (spin_fault){0};
    s->faults_to = NULL;
}

symbol *scope_find_local(const sema *s, ir_name name)
{
    return name < s->name_count && s->local_body[name] == s->body ? s->local_of[name] : NULL;
}

symbol *scope_find_item(const sema *s, ir_name name)
{
    return name < s->name_count ? s->item_of[name] : NULL;
}

symbol *scope_find(const sema *s, ir_name name)
{
    symbol *local = scope_find_local(s, name);
    return local ? local : scope_find_item(s, name);
}

bool scope_sees(const sema *s, const symbol *item)
{
    return item->file == s->file || s->sees[(size_t)s->file->position * s->files.count + item->file->position];
}

static void put_local(sema *s, symbol *sym)
{
    s->local_of[sym->name] = sym;
    s->local_body[sym->name] = s->body;
    ARENA_PUSH(s->arena, &s->locals, sym);
}

symbol *scope_bind(sema *s, symbol_kind kind, ast_name name)
{
    symbol *sym = scope_new(s, kind, name);
    symbol *before = scope_find_local(s, name.name);
    sym->repeated = true;
    if (name.name == s->pi) {
        sema_error(s, name.span, "'pi' is a constant of the language and cannot be bound");
        return sym;
    }
    if (before && before->unknown) {
        diagnostic_note_at(s->diagnostics, before->unknown, name.span, "'%s' is bound only here", sema_text(s, name.name));
        before = NULL;
    }
    if (before) {
        diagnostic *d = sema_error(s, name.span, "'%s' is already bound", sema_text(s, name.name));
        diagnostic_note_at(s->diagnostics, d, before->span, "%s '%s' is bound here", scope_describe(before),
                           sema_text(s, name.name));
        return sym;
    }
    sym->repeated = false;
    put_local(s, sym);
    return sym;
}

const char *scope_describe(const symbol *sym)
{
    switch (sym->kind) {
    case SYMBOL_CONST:
        return "constant";
    case SYMBOL_FN:
        return "fn";
    case SYMBOL_HAMILTONIAN:
        return "hamiltonian";
    case SYMBOL_MODEL:
        return "model";
    case SYMBOL_SHAPE:
        return "shape name";
    case SYMBOL_OPTION:
        return "option";
    case SYMBOL_TENSOR:
        return sym->is_constant ? "constant" : "tensor";
    case SYMBOL_GROUP:
        return "group of parameters";
    case SYMBOL_INDEX:
        return "index";
    case SYMBOL_SPIN:
        return "spin";
    default:
        return "name";
    }
}

static bool is_wanted(const symbol *sym, scope_want want)
{
    switch (want) {
    case WANT_INDEX:
        return sym->kind == SYMBOL_INDEX;
    case WANT_FUNCTION:
        return sym->kind == SYMBOL_FN || sym->kind == SYMBOL_HAMILTONIAN;
    default:
        return sym->kind == SYMBOL_CONST || sym->kind >= SYMBOL_SHAPE;
    }
}

void scope_suggest_of(sema *s, diagnostic *d, ir_name name, ir_name (*at)(const void *list, uint32_t position), const void *list,
                      uint32_t count)
{
    if (s->diagnostics->error_count > MAX_SUGGESTIONS)
        return;
    count = count < MAX_CANDIDATES ? count : MAX_CANDIDATES;
    const char **candidates = ARENA_ARRAY(s->arena, const char *, count);
    for (uint32_t i = 0; i < count; i++)
        candidates[i] = sema_text(s, at(list, i));
    const char *nearest = diagnostics_nearest(s->arena, sema_text(s, name), candidates, count);
    if (nearest)
        diagnostic_hint(s->diagnostics, d, "did you mean '%s'?", nearest);
}

void scope_suggest(sema *s, diagnostic *d, ir_name name, scope_want want)
{
    if (s->diagnostics->error_count > MAX_SUGGESTIONS)
        return;
    const char **candidates = ARENA_ARRAY(s->arena, const char *, MAX_CANDIDATES);
    size_t count = 0;
    for (uint32_t i = 0; i < s->locals.count && count < MAX_CANDIDATES; i++)
        if (is_wanted(s->locals.at[i], want))
            candidates[count++] = sema_text(s, s->locals.at[i]->name);
    for (uint32_t i = 0; i < s->items.count && count < MAX_CANDIDATES; i++)
        if (is_wanted(s->items.at[i], want))
            candidates[count++] = sema_text(s, s->items.at[i]->name);
    for (uint32_t i = 0; want == WANT_FUNCTION && builtin_at(i) && count < MAX_CANDIDATES; i++)
        if (s->where == IN_HAMILTONIAN ? builtin_at(i)->one != EXPR_POISON || builtin_at(i)->two != EXPR_POISON
                                       : builtin_at(i)->code != OP_NONE)
            candidates[count++] = builtin_at(i)->name;
    const char *nearest = diagnostics_nearest(s->arena, sema_text(s, name), candidates, count);
    if (nearest)
        diagnostic_hint(s->diagnostics, d, "did you mean '%s'?", nearest);
}

void scope_lose(sema *s, ir_span span)
{
    if (s->where == IN_FILE)
        ARENA_PUSH(s->arena, &s->lost_items, span);
    else
        ARENA_PUSH(s->arena, &s->lost, span);
}

static bool is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_word(const sema *s, ir_span span, const char *word)
{
    const source_file *file = &s->diagnostics->files.at[span.file - 1];
    const char *at = file->text + span.begin, *end = file->text + span.end;
    size_t length = strlen(word);
    while ((at = memmem(at, (size_t)(end - at), word, length))) {
        bool begins = at == file->text || !is_word(at[-1]);
        at += length;
        if (begins && (at == file->text + file->length || !is_word(*at)))
            return true;
    }
    return false;
}

/* Whether the name may be bound by text that could not be read. Behind many errors nobody reads on. */
static bool is_lost(const sema *s, ir_name name, scope_want want)
{
    if (s->names_lost && want != WANT_INDEX)
        return true;
    if (s->diagnostics->error_count > MAX_LOOKED_UP)
        return s->lost.count || s->lost_items.count;
    const char *word = sema_text(s, name);
    for (uint32_t i = 0; i < s->lost.count; i++)
        if (has_word(s, s->lost.at[i], word))
            return true;
    for (uint32_t i = 0; i < s->lost_items.count; i++)
        if (has_word(s, s->lost_items.at[i], word))
            return true;
    return false;
}

void scope_unknown(sema *s, ast_name name, scope_want want, const char *format)
{
    if (is_lost(s, name.name, want))
        return;
    diagnostic *d = sema_error(s, name.span, "%s '%s'", format, sema_text(s, name.name));
    scope_suggest(s, d, name.name, want);
    symbol *sym = scope_new(s, SYMBOL_POISON, name);
    sym->unknown = d;
    if (want != WANT_FUNCTION && !scope_find_local(s, name.name))
        put_local(s, sym);
}

bool sema_once(sema *s, sema_mark mark, ast_name name, const char *what)
{
    if (!name.name)
        return false;
    if (s->marks[mark][name.name].body == s->body) {
        diagnostic *d = sema_error(s, name.span, "a second %s '%s'", what, sema_text(s, name.name));
        diagnostic_note_at(s->diagnostics, d, s->marks[mark][name.name].span, "the first is here");
        return false;
    }
    s->marks[mark][name.name].body = s->body;
    s->marks[mark][name.name].span = name.span;
    return true;
}
