/* sema_call.c - calls in models and fns: of built-in functions, fns and Hamiltonians, and the results of
 * a call by name. */
#include "frontend/sema.h"

/* ---- what a call gives ---- */

const ast_results *sema_results_of(const ast_item *item)
{
    for (uint32_t i = 0; i < item->body.count; i++)
        if (item->body.at[i]->kind == STATEMENT_RETURN && !item->body.at[i]->broken)
            return &item->body.at[i]->results;
    return NULL;
}

ast_name sema_result_name(const ast_result *result)
{
    return result->target && (result->target->kind == AST_NAME || result->target->kind == AST_ELEMENT) ? result->target->name
                                                                                                       : (ast_name){0};
}

uint32_t sema_call_results(const ast_expr *call)
{
    if (call->kind != AST_CALL || call->sort == SORT_POISON)
        return 0;
    if (!call->symbol || call->symbol->kind == SYMBOL_FN)
        return 1;
    const ast_results *results = sema_results_of(call->symbol->item);
    return results ? results->count : 0;
}

/* ---- arguments ---- */

static void check_all(sema *s, ast_expr *e)
{
    for (uint32_t i = 0; i < e->args.count; i++)
        sema_expr(s, e->args.at[i]);
}

static uint32_t count_positional(const ast_expr *e)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < e->args.count; i++)
        count += !e->labels.at[i].name;
    return count;
}

/* Arguments by position come first; a name is given once. */
static bool check_order(sema *s, const ast_expr *e)
{
    bool good = true;
    for (uint32_t i = 0; i < e->args.count; i++) {
        ast_name label = e->labels.at[i];
        if (!label.name && i && e->labels.at[i - 1].name) {
            sema_error(s, e->args.at[i]->span, "arguments by position stand before arguments by name");
            good = false;
        }
        for (uint32_t k = 0; label.name && k < i && k < 256; k++) {
            if (e->labels.at[k].name != label.name)
                continue;
            diagnostic *d = sema_error(s, label.span, "'%s' is given twice", sema_text(s, label.name));
            diagnostic_note_at(s->diagnostics, d, e->labels.at[k].span, "it is given first here");
            good = false;
            break;
        }
    }
    return good;
}

static bool check_group(sema *s, ast_expr *arg, const char *callee)
{
    if (arg->sort == SORT_GROUP || arg->sort == SORT_POISON)
        return arg->sort == SORT_GROUP;
    diagnostic *d = sema_error(s, arg->span, "'%s' takes a group of parameters here", callee);
    diagnostic_hint(s->diagnostics, d, "a group is named by its path in the weights, like @blocks.0.ffn");
    return false;
}

/* ---- built-in functions ---- */

static const char *number_of(sema *s, uint32_t count, const char *what)
{
    return arena_format(s->arena, "%u %s%s", count, what, count == 1 ? "" : "s");
}

static bool check_count(sema *s, const ast_expr *e, uint32_t wanted, const char *named)
{
    uint32_t given = count_positional(e);
    if (given == wanted)
        return true;
    diagnostic *d = sema_error(s, e->span, "'%s' takes %s, but %u %s given", sema_text(s, e->name.name),
                               number_of(s, wanted, "argument"), given, given == 1 ? "is" : "are");
    if (given > wanted && named)
        diagnostic_hint(s->diagnostics, d, "'%s' is given by name: %s = ...", named, named);
    if (e->symbol)
        diagnostic_note_at(s->diagnostics, d, e->symbol->span, "'%s' is defined here", sema_text(s, e->name.name));
    return false;
}

static bool named_argument(sema *s, ast_expr *e, const builtin *b, uint32_t at)
{
    ast_name label = e->labels.at[at];
    ast_expr *arg = e->args.at[at];
    bool known = b->named != NAMED_NONE && ir_intern_text(s->module, b->key) == label.name;
    if (!known) {
        diagnostic *d = sema_error(s, label.span, "'%s' has no argument named '%s'", b->name, sema_text(s, label.name));
        if (b->named != NAMED_NONE)
            diagnostic_hint(s->diagnostics, d, "it has '%s'", b->key);
        return false;
    }
    if (b->named == NAMED_TENSOR || arg->sort == SORT_POISON)
        return arg->sort != SORT_POISON;
    const char *what = arena_format(s->arena, "'%s'", b->key);
    return b->named == NAMED_NUMBER ? sema_whole(s, arg, what, -ISG_MAX_RANK) : sema_constant(s, arg, what);
}

static bool check_builtin_arguments(sema *s, ast_expr *e, const builtin *b)
{
    bool good = true, named = false;
    uint32_t position = 0;
    for (uint32_t i = 0; i < e->args.count; i++) {
        ast_expr *arg = e->args.at[i];
        good &= arg->sort != SORT_POISON;
        if (e->labels.at[i].name) {
            named = true;
            good &= named_argument(s, e, b, i);
            continue;
        }
        char form = b->operands[position++];
        if (form == 'p')
            good &= check_group(s, arg, b->name);
        else if (form == 'n' && arg->sort != SORT_POISON)
            good &= sema_whole(s, arg, arena_format(s->arena, "the number of %s", b->key), 1);
    }
    if (b->named == NAMED_NUMBER && !named) {
        diagnostic *d = sema_error(s, e->span, "'%s' needs '%s'", b->name, b->key);
        diagnostic_hint(s->diagnostics, d, "give it by name: %s(..., %s = ...)", b->name, b->key);
        good = false;
    }
    return good;
}

/* A function of numbers gives a constant. */
static bool is_constant_call(const ast_expr *e, const builtin *b)
{
    if (!builtin_is_scalar(b, e->args.count))
        return false;
    for (uint32_t i = 0; i < e->args.count; i++)
        if (e->args.at[i]->sort != SORT_CONSTANT || e->labels.at[i].name)
            return false;
    return true;
}

static void call_builtin(sema *s, ast_expr *e, const builtin *b)
{
    e->builtin = b;
    check_all(s, e);
    if (is_constant_call(e, b)) {
        e->sort = SORT_CONSTANT;
        sema_fold(s, e);
        return;
    }
    e->sort = SORT_TENSOR;
    if (b->code == OP_NONE) {
        bool poison = false;
        for (uint32_t i = 0; i < e->args.count; i++)
            poison |= e->args.at[i]->sort == SORT_POISON;
        if (!poison)
            sema_error(s, e->span, "'%s' takes tensors in a hamiltonian only, elsewhere constants", b->name);
        sema_poison(e);
        return;
    }
    uint32_t wanted = 0;
    while (b->operands[wanted])
        wanted++;
    if (!check_order(s, e) || !check_count(s, e, wanted, b->named == NAMED_NONE ? NULL : b->key) ||
        !check_builtin_arguments(s, e, b))
        sema_poison(e);
}

/* ---- fns and Hamiltonians ---- */

static const ast_parameter *find_option(const ast_item *item, ir_name name)
{
    for (uint32_t i = 0; i < item->header.options.count; i++)
        if (item->header.options.at[i].name.name == name)
            return &item->header.options.at[i];
    return NULL;
}

static ir_name option_at(const void *list, uint32_t position)
{
    return ((const ast_parameters *)list)->at[position].name.name;
}

static bool unknown_option(sema *s, const symbol *callee, ast_name label)
{
    const ast_parameters *options = &callee->item->header.options;
    diagnostic *d = sema_error(s, label.span, "'%s' has no option '%s'", sema_text(s, callee->name), sema_text(s, label.name));
    scope_suggest_of(s, d, label.name, option_at, options, options->count);
    diagnostic_note_at(s->diagnostics, d, callee->span, "'%s' is defined here", sema_text(s, callee->name));
    return false;
}

static bool check_item_arguments(sema *s, ast_expr *e, const symbol *callee)
{
    bool good = true;
    uint32_t position = 0;
    for (uint32_t i = 0; i < e->args.count; i++) {
        ast_expr *arg = e->args.at[i];
        ast_name label = e->labels.at[i];
        good &= arg->sort != SORT_POISON;
        if (label.name) {
            if (!find_option(callee->item, label.name))
                good &= unknown_option(s, callee, label);
            else if (arg->sort != SORT_POISON)
                good &= sema_constant(s, arg, arena_format(s->arena, "option '%s'", sema_text(s, label.name)));
            continue;
        }
        const ast_parameter *parameter = &callee->item->header.parameters.at[position++];
        if (parameter->type.name.name == ir_intern_text(s->module, "params"))
            good &= check_group(s, arg, sema_text(s, callee->name));
    }
    return good;
}

/* An fn's arguments are given by position. */
static bool check_unnamed(sema *s, const ast_expr *e, const symbol *callee)
{
    for (uint32_t i = 0; i < e->args.count; i++) {
        if (!e->labels.at[i].name)
            continue;
        diagnostic *d = sema_error(s, e->labels.at[i].span, "fn '%s' takes its arguments by position, not '%s' by name",
                                   sema_text(s, callee->name), sema_text(s, e->labels.at[i].name));
        diagnostic_note_at(s->diagnostics, d, callee->span, "'%s' is defined here", sema_text(s, callee->name));
        return false;
    }
    return true;
}

static void call_item(sema *s, ast_expr *e, symbol *callee)
{
    check_all(s, e);
    e->symbol = callee;
    e->sort = SORT_TENSOR;
    if (callee->kind == SYMBOL_POISON || callee->broken_signature) {
        sema_poison(e);
        return;
    }
    if (callee->kind != SYMBOL_FN && callee->kind != SYMBOL_HAMILTONIAN) {
        diagnostic *d =
            sema_error(s, e->name.span, "'%s' is a %s and cannot be called", sema_text(s, callee->name), scope_describe(callee));
        diagnostic_note_at(s->diagnostics, d, callee->span, "'%s' is defined here", sema_text(s, callee->name));
        sema_poison(e);
        return;
    }
    if (s->where == IN_FN && callee->kind == SYMBOL_FN)
        ARENA_PUSH(s->arena, &s->self->calls, e);
    if (callee->kind == SYMBOL_FN && !check_unnamed(s, e, callee)) {
        sema_poison(e);
        return;
    }
    const ast_parameters *options = &callee->item->header.options;
    const char *option = options->count ? sema_text(s, options->at[0].name.name) : NULL;
    if (!check_order(s, e) || !check_count(s, e, callee->item->header.parameters.count, option) ||
        !check_item_arguments(s, e, callee))
        sema_poison(e);
}

/* Items that the file sees win over built-in functions, so that new built-ins change no program. */
void sema_call(sema *s, ast_expr *e)
{
    const builtin *b = builtin_find(sema_text(s, e->name.name));
    symbol *item = scope_find_item(s, e->name.name);
    if (s->where == IN_FILE && !(b && builtin_is_scalar(b, e->args.count))) {
        sema_error(s, e->name.span, "'%s' cannot be called in a constant", sema_text(s, e->name.name));
        sema_poison(e);
    } else if (item && (!b || scope_sees(s, item))) {
        call_item(s, e, item);
    } else if (b) {
        call_builtin(s, e, b);
    } else {
        scope_unknown(s, e->name, WANT_FUNCTION, "unknown function");
        check_all(s, e);
        sema_poison(e);
    }
}

/* ---- members ---- */

static ir_name result_at(const void *list, uint32_t position)
{
    return sema_result_name(&((const ast_results *)list)->at[position]).name;
}

static void result_of(sema *s, ast_expr *e, const ast_expr *call)
{
    const symbol *callee = call->symbol;
    e->sort = SORT_TENSOR;
    if (!callee || callee->kind == SYMBOL_FN) {
        sema_error(s, e->span, "'%s' has no results by name; only a hamiltonian has", sema_text(s, call->name.name));
        sema_poison(e);
        return;
    }
    const ast_results *results = sema_results_of(callee->item);
    uint32_t count = results ? results->count : 0;
    for (e->result = 0; e->result < count; e->result++)
        if (result_at(results, e->result) == e->name.name)
            return;
    sema_poison(e);
    if (!count)
        return;
    diagnostic *d = sema_error(s, e->span, "'%s' has no result '%s'", sema_text(s, callee->name), sema_text(s, e->name.name));
    scope_suggest_of(s, d, e->name.name, result_at, results, count);
    diagnostic_note_at(s->diagnostics, d, results->at[0].value->span, "its results are returned here");
}

void sema_member(sema *s, ast_expr *e)
{
    ast_expr *object = e->args.at[0];
    sema_expr(s, object);
    if (object->sort == SORT_POISON) {
        sema_poison(e);
    } else if (object->sort == SORT_GROUP) {
        e->sort = SORT_GROUP;
    } else if (object->kind == AST_CALL && s->where != IN_HAMILTONIAN) {
        result_of(s, e, object);
    } else {
        diagnostic *d = sema_error(s, e->span, "a %s has no member '%s'", object->sort == SORT_TENSOR ? "tensor" : "constant",
                                   sema_text(s, e->name.name));
        if (s->where != IN_HAMILTONIAN)
            diagnostic_hint(s->diagnostics, d, "a result is taken on the call itself: call(...).%s", sema_text(s, e->name.name));
        sema_poison(e);
    }
}
