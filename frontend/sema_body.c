/* sema_body.c - parameter lists, and the statements of models and fns. */
#include "frontend/sema.h"

/* ---- parameter lists ---- */

static symbol_kind kind_of_type(ir_elem elem)
{
    return elem == IR_POISON ? SYMBOL_POISON : elem == IR_GROUP ? SYMBOL_GROUP : SYMBOL_TENSOR;
}

static void option(sema *s, ast_item *item, ast_parameter *p)
{
    /* A default may use the shape names and the options before it. */
    bool good = sema_constant(s, p->value, "the default of an option");
    p->symbol = scope_bind(s, good ? SYMBOL_OPTION : SYMBOL_POISON, p->name);
    item->symbol->broken_signature |= !good;
}

void sema_parameters(sema *s, ast_item *item)
{
    for (uint32_t i = 0; i < item->header.parameters.count; i++) {
        ast_parameter *p = &item->header.parameters.at[i];
        p->symbol = scope_bind(s, SYMBOL_TENSOR, p->name);
        sema_type(s, &p->type, true);
        if (p->type.type.elem == IR_GROUP && item->kind == ITEM_HAMILTONIAN) {
            sema_error(s, p->type.span, "a hamiltonian takes tensors, not groups of parameters");
            p->type.type = (ir_type){.elem = IR_POISON};
        }
        p->symbol->kind = kind_of_type(p->type.type.elem);
        p->symbol->rank = p->type.type.rank;
        item->symbol->broken_signature |= p->symbol->kind == SYMBOL_POISON;
    }
    if (item->kind == ITEM_FN && item->header.options.count)
        sema_error(s, item->header.options.at[0].name.span, "an fn has no options; a hamiltonian has");
    for (uint32_t i = 0; i < item->header.options.count; i++)
        option(s, item, &item->header.options.at[i]);
}

/* ---- statements ---- */

static const struct {
    const char *text, *place;
} statement_forms[] = {
    [STATEMENT_BROKEN] = {"", ""},
    [STATEMENT_USE] = {"use", "at the top of a file"},
    [STATEMENT_CONST] = {"const", "at the top of a file"},
    [STATEMENT_INPUT] = {"input", "in a model"},
    [STATEMENT_PARAM] = {"param", "in a model"},
    [STATEMENT_LET] = {"let", "in a model, fn or hamiltonian"},
    [STATEMENT_OUTPUT] = {"output", "in a model"},
    [STATEMENT_INDEX] = {"index", "in a hamiltonian"},
    [STATEMENT_SPIN] = {"spin", "in a hamiltonian"},
    [STATEMENT_MINIMIZE] = {"minimize", "in a hamiltonian"},
    [STATEMENT_RETURN] = {"return", "in an fn or hamiltonian"},
};

static const char *place_here(const sema *s)
{
    switch (s->where) {
    case IN_MODEL:
        return "in a model";
    case IN_FN:
        return "in an fn";
    case IN_HAMILTONIAN:
        return "in a hamiltonian";
    default:
        return "outside of a body";
    }
}

/* Whatever names it has are bound, so that their uses are silent. */
void sema_misplaced(sema *s, const ast_statement *st)
{
    if (st->kind == STATEMENT_BROKEN) {
        scope_lose(s, st->span);
        return;
    }
    const char *text = statement_forms[st->kind].text;
    diagnostic *d = sema_error(s, st->span, "'%s' stands %s, not %s", text, statement_forms[st->kind].place, place_here(s));
    if (st->kind == STATEMENT_CONST)
        diagnostic_hint(s->diagnostics, d, "inside a body, a name is bound with 'let'");
    if (s->where == IN_MODEL && st->kind == STATEMENT_RETURN)
        diagnostic_hint(s->diagnostics, d, "a model gives its results with 'output NAME = ...;'");
    if (s->where == IN_FILE)
        return;
    bool binds = st->kind == STATEMENT_CONST || st->kind == STATEMENT_INPUT || st->kind == STATEMENT_SPIN;
    if (binds && !scope_find_local(s, st->name.name))
        scope_bind(s, SYMBOL_POISON, st->name);
    for (uint32_t i = 0; st->kind == STATEMENT_INDEX && i < st->names.count; i++)
        if (!scope_find_local(s, st->names.at[i].name))
            scope_bind(s, SYMBOL_POISON, st->names.at[i]);
}

static void bind_value(sema *s, ast_statement *st)
{
    const ast_expr *value = st->value;
    ast_sort sort = st->broken ? SORT_POISON : value->sort;
    symbol_kind kind = sort == SORT_POISON ? SYMBOL_POISON : sort == SORT_GROUP ? SYMBOL_GROUP : SYMBOL_TENSOR;
    st->symbol = scope_bind(s, kind, st->name);
    if (sort != SORT_CONSTANT)
        return;
    st->symbol->is_constant = true;
    st->symbol->is_number = value->is_number;
    st->symbol->number = value->number;
    st->symbol->size = value->size;
    st->symbol->value = st->value;
}

static void note_results(sema *s, diagnostic *d, const ast_expr *call)
{
    if (!call->symbol)
        return;
    const ast_results *results = call->symbol->kind == SYMBOL_HAMILTONIAN ? sema_results_of(call->symbol->item) : NULL;
    diagnostic_note_at(s->diagnostics, d, results ? results->at[0].value->span : call->symbol->span, "they are returned here");
}

/* let (a, b) = call; */
static void bind_tuple(sema *s, ast_statement *st)
{
    bool good = !st->broken && st->value->sort != SORT_POISON;
    if (good && st->value->kind != AST_CALL) {
        sema_error(s, st->value->span, "'let (...)' takes the results of a call, and this is not a call");
        good = false;
    }
    uint32_t results = good ? sema_call_results(st->value) : 0;
    if (results && results != st->names.count) {
        ir_span span = ast_join(st->names.at[0].span, st->names.at[st->names.count - 1].span);
        diagnostic *d = sema_error(s, span, "%u %s bound, but '%s' gives %u %s", st->names.count,
                                   st->names.count == 1 ? "name is" : "names are", sema_text(s, st->value->name.name), results,
                                   results == 1 ? "result" : "results");
        note_results(s, d, st->value);
    }
    good &= results == st->names.count;
    st->symbols = ARENA_ARRAY(s->arena, symbol *, st->names.count);
    for (uint32_t i = 0; i < st->names.count; i++)
        st->symbols[i] = scope_bind(s, good ? SYMBOL_TENSOR : SYMBOL_POISON, st->names.at[i]);
}

static void let(sema *s, ast_statement *st)
{
    if (st->subscripted) {
        diagnostic *d = sema_error(s, ast_join(st->name.span, st->names.at[st->names.count - 1].span),
                                   "'let' with subscripts stands in a hamiltonian only");
        diagnostic_hint(s->diagnostics, d, "here a name stands for a whole tensor: let %s = ...", sema_text(s, st->name.name));
        st->broken = true;
    }
    if (!st->broken)
        sema_expr(s, st->value);
    if (st->condition) {
        sema_error(s, st->condition->span, "'where' stands in a hamiltonian only");
        st->broken = true;
    }
    if (st->tuple)
        bind_tuple(s, st);
    else
        bind_value(s, st);
}

/* ---- models ---- */

static void input(sema *s, ast_statement *st)
{
    if (!st->broken) {
        sema_type(s, &st->type, false);
        if (st->type.type.elem == IR_GROUP) {
            diagnostic *d = sema_error(s, st->type.span, "an input is a tensor, not a group of parameters");
            diagnostic_hint(s->diagnostics, d, "parameters of the weights are named by their path, like @head.weight");
            st->type.type = (ir_type){.elem = IR_POISON};
        }
    } else {
        st->type.type = (ir_type){.elem = IR_POISON};
    }
    st->symbol = scope_bind(s, kind_of_type(st->type.type.elem), st->name);
}

static void param(sema *s, ast_statement *st)
{
    if (st->broken)
        return;
    sema_type(s, &st->type, false);
    if (st->type.type.elem == IR_GROUP)
        sema_error(s, st->type.span, "'param' gives the shape of one parameter, not of a group");
    if (st->type.type.elem == IR_GROUP || st->type.type.elem == IR_POISON)
        st->broken = true;
}

void sema_model(sema *s, ast_item *item)
{
    scope_open(s, IN_MODEL, item->symbol);
    bool broken = item->broken, has_output = false;
    for (uint32_t i = 0; i < item->body.count; i++) {
        ast_statement *st = item->body.at[i];
        broken |= st->kind == STATEMENT_BROKEN;
        switch (st->kind) {
        case STATEMENT_INPUT:
            input(s, st);
            break;
        case STATEMENT_PARAM:
            param(s, st);
            sema_once(s, MARK_PARAM, st->name, "'param' of");
            break;
        case STATEMENT_LET:
            let(s, st);
            break;
        case STATEMENT_OUTPUT:
            if (!st->broken)
                sema_expr(s, st->value);
            st->repeated = !sema_once(s, MARK_RESULT, st->name, "output");
            has_output = true;
            break;
        default:
            sema_misplaced(s, st);
        }
    }
    if (has_output || broken)
        return;
    diagnostic *d = sema_error(s, item->name.span, "model '%s' has no output", sema_text(s, item->name.name));
    diagnostic_hint(s->diagnostics, d, "add 'output NAME = expression;'");
}

/* ---- fns ---- */

static void fn_return(sema *s, ast_statement *st, const ast_statement *first)
{
    if (first) {
        diagnostic *d = sema_error(s, st->span, "a second 'return'");
        diagnostic_note_at(s->diagnostics, d, first->span, "the first is here");
        st->broken = true;
        return;
    }
    if (st->broken)
        return;
    const ast_result *result = &st->results.at[0];
    if (st->results.count > 1 || result->target || result->condition) {
        sema_error(s, st->span, "an fn returns one expression: 'return expression;'");
        st->broken = true;
    }
    for (uint32_t i = 0; i < st->results.count && !result->target; i++)
        sema_expr(s, st->results.at[i].value);
}

void sema_fn(sema *s, ast_item *item)
{
    const ast_statement *returned = NULL;
    bool broken = item->broken;
    for (uint32_t i = 0; i < item->body.count; i++) {
        ast_statement *st = item->body.at[i];
        broken |= st->kind == STATEMENT_BROKEN;
        switch (st->kind) {
        case STATEMENT_LET:
            let(s, st);
            break;
        case STATEMENT_RETURN:
            fn_return(s, st, returned);
            returned = returned ? returned : st;
            break;
        default:
            sema_misplaced(s, st);
        }
    }
    if (!returned && !broken)
        sema_error(s, item->name.span, "fn '%s' returns nothing", sema_text(s, item->name.name));
}
