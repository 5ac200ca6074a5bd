/* parse_expr.c - expressions of the text form, by precedence climbing. */
#include "ir/parser.h"

#include <string.h>

static ir_expr parse_at_least(parser *p, text_precedence least);

static ir_expr make(parser *p, uint32_t begin, ir_expr_data data)
{
    uint32_t depth = p->depths.at[data.condition];
    for (uint32_t i = 0; i < data.arg_count; i++)
        if (p->depths.at[data.args[i]] > depth)
            depth = p->depths.at[data.args[i]];
    for (uint32_t i = 0; i < data.index_count; i++) {
        ir_expr extent = ir_index_get(p->module, data.indices[i])->extent;
        if (p->depths.at[extent] > depth)
            depth = p->depths.at[extent];
    }
    data.span = parser_span_from(p, begin);
    if (depth >= TEXT_MAX_DEPTH)
        parser_error(p, data.span, "this expression has more than %d operators above one another", TEXT_MAX_DEPTH);
    else
        depth++;
    ir_expr e = ir_expr_new(p->module, data);
    ARENA_PUSH(p->arena, &p->depths, (uint16_t)depth);
    return e;
}

ir_value parser_value(parser *p)
{
    ir_name name = p->token.name;
    if (p->token.kind != TOKEN_VALUE) {
        parser_expected(p, "a value");
        return 0;
    }
    if (name >= p->values.count || p->values.at[name].function != p->function) {
        parser_error(p, p->token.span, "no value %%%s is defined before this place", p->token.text);
        return 0;
    }
    parser_advance(p);
    return p->values.at[name].value;
}

uint32_t parser_exprs(parser *p, const char *end, uint32_t most, const ir_expr **out)
{
    ARENA_LIST(ir_expr) list = {0};
    while (!p->failed && !parser_at(p, end)) {
        if (list.count == most)
            parser_error(p, p->token.span, "more than %u expressions in this list", most);
        if (list.count)
            parser_expect(p, ",");
        ir_expr e = parser_expr(p);
        ARENA_PUSH(p->arena, &list, e);
    }
    parser_expect(p, end);
    *out = list.at;
    return list.count;
}

static bool in_scope(const parser *p, ir_name name, ir_index *out)
{
    for (uint32_t i = p->scope.count; i-- > 0;)
        if (p->scope.at[i].name == name) {
            *out = p->scope.at[i].index;
            return true;
        }
    return false;
}

/* Names come into scope when all extents are read: an extent stands outside its binder. */
uint32_t parser_indices(parser *p, uint32_t most, const ir_index **out)
{
    ARENA_LIST(ir_index) list = {0};
    while (p->token.kind == TOKEN_NAME) {
        ir_name name = p->token.name;
        ir_span span = p->token.span;
        ir_index other;
        bool again = in_scope(p, name, &other) || text_is_reserved(ir_text(p->module, name));
        for (uint32_t i = 0; i < list.count && !again; i++)
            again = ir_index_get(p->module, list.at[i])->name == name;
        if (again)
            parser_error(p, span, "`%s` cannot name an index here: the name is taken", ir_text(p->module, name));
        if (list.count == most)
            parser_error(p, span, "more than %u indices", most);
        parser_advance(p);
        parser_expect(p, "in");
        ir_expr extent = parser_expr(p);
        ARENA_PUSH(p->arena, &list, ir_index_new(p->module, name, extent, span));
        if (!parser_accept(p, ","))
            break;
    }
    for (uint32_t i = 0; i < list.count; i++) {
        const named_index bound = {ir_index_get(p->module, list.at[i])->name, list.at[i]};
        ARENA_PUSH(p->arena, &p->scope, bound);
    }
    *out = list.at;
    return list.count;
}

static ir_expr parse_reduction(parser *p, uint32_t begin, ir_expr_kind kind)
{
    ir_expr_data data = {.kind = kind, .arg_count = 1};
    uint32_t outer = p->scope.count;
    if (!parser_enter(p))
        return 0;
    data.index_count = parser_indices(p, TEXT_MAX_INDICES, &data.indices);
    if (parser_accept(p, ":"))
        data.condition = parser_expr(p);
    parser_expect(p, "]");
    parser_expect(p, "(");
    ir_expr body = parser_expr(p);
    parser_expect(p, ")");
    parser_leave(p);
    p->scope.count = outer;
    data.args = &body;
    return make(p, begin, data);
}

static ir_expr parse_call(parser *p, uint32_t begin, const char *name)
{
    ir_expr_data data = {.kind = EXPR_KIND_COUNT};
    if (!parser_enter(p))
        return 0;
    data.arg_count = parser_exprs(p, ")", 2, &data.args);
    parser_leave(p);
    for (int kind = 0; kind < EXPR_KIND_COUNT; kind++)
        if (text_functions[kind].text && !strcmp(text_functions[kind].text, name) &&
            text_functions[kind].arg_count == data.arg_count)
            data.kind = (ir_expr_kind)kind;
    if (data.kind == EXPR_KIND_COUNT) {
        parser_error(p, parser_span_from(p, begin), "`%s` does not take %u arguments", name, data.arg_count);
        return 0;
    }
    return make(p, begin, data);
}

/* An index, a function, a reduction or poison: what begins with a name. */
static ir_expr parse_named(parser *p)
{
    const token word = p->token;
    ir_index index;
    parser_advance(p);
    if (!strcmp(word.text, "poison"))
        return make(p, word.span.begin, (ir_expr_data){.kind = EXPR_POISON});
    if (in_scope(p, word.name, &index))
        return make(p, word.span.begin, (ir_expr_data){.kind = EXPR_INDEX, .index = index});
    for (int kind = 0; kind < EXPR_KIND_COUNT; kind++) {
        if (text_reductions[kind] && !strcmp(text_reductions[kind], word.text) && parser_accept(p, "["))
            return parse_reduction(p, word.span.begin, (ir_expr_kind)kind);
        if (text_functions[kind].text && !strcmp(text_functions[kind].text, word.text) && parser_accept(p, "("))
            return parse_call(p, word.span.begin, word.text);
    }
    parser_error(p, word.span, "no index `%s` is in scope", word.text);
    return 0;
}

static ir_expr parse_element(parser *p)
{
    uint32_t begin = p->token.span.begin;
    ir_expr_data data = {.kind = EXPR_ELEMENT, .value = parser_value(p)};
    if (parser_accept(p, "[") && parser_enter(p)) {
        data.arg_count = parser_exprs(p, "]", ISG_MAX_RANK, &data.args);
        parser_leave(p);
    }
    return make(p, begin, data);
}

static ir_expr parse_primary(parser *p)
{
    uint32_t begin = p->token.span.begin;
    ir_expr_data data = {.kind = EXPR_NUMBER, .number = p->token.number, .name = p->token.name};
    switch (p->token.kind) {
    case TOKEN_NUMBER:
        parser_advance(p);
        data.name = 0;
        return make(p, begin, data);
    case TOKEN_SYMBOL:
        parser_advance(p);
        data.kind = EXPR_SYMBOL;
        return make(p, begin, data);
    case TOKEN_NAME:
        return parse_named(p);
    case TOKEN_VALUE:
        return parse_element(p);
    default:
        break;
    }
    if (!parser_accept(p, "(")) {
        parser_expected(p, "an expression");
        return 0;
    }
    if (!parser_enter(p))
        return 0;
    ir_expr e = parser_expr(p);
    parser_leave(p);
    parser_expect(p, ")");
    return e;
}

/* A minus right before a number belongs to it. */
static ir_expr parse_negation(parser *p, uint32_t begin)
{
    if (p->token.kind == TOKEN_NUMBER) {
        ir_expr_data data = {.kind = EXPR_NUMBER, .number = -p->token.number};
        parser_advance(p);
        return make(p, begin, data);
    }
    if (!parser_enter(p))
        return 0;
    ir_expr argument = parse_at_least(p, PRECEDENCE_UNARY);
    parser_leave(p);
    return make(p, begin, (ir_expr_data){.kind = EXPR_NEGATE, .args = &argument, .arg_count = 1});
}

static ir_expr parse_prefix(parser *p, text_precedence least)
{
    uint32_t begin = p->token.span.begin;
    if (parser_accept(p, "-"))
        return parse_negation(p, begin);
    if (least > PRECEDENCE_NOT || !parser_accept(p, "not"))
        return parse_primary(p);
    if (!parser_enter(p))
        return 0;
    ir_expr argument = parse_at_least(p, PRECEDENCE_NOT);
    parser_leave(p);
    return make(p, begin, (ir_expr_data){.kind = EXPR_NOT, .args = &argument, .arg_count = 1});
}

/* The infix operator at the token, if it binds at least that tightly. */
static ir_expr_kind infix_at(const parser *p, text_precedence least)
{
    for (int kind = 0; kind < EXPR_KIND_COUNT; kind++)
        if (text_operators[kind].text && text_operators[kind].precedence >= least && parser_at(p, text_operators[kind].text))
            return (ir_expr_kind)kind;
    return EXPR_KIND_COUNT;
}

static ir_expr parse_at_least(parser *p, text_precedence least)
{
    uint32_t begin = p->token.span.begin;
    ir_expr left = parse_prefix(p, least);
    while (!p->failed) {
        ir_expr_kind kind = infix_at(p, least);
        if (kind == EXPR_KIND_COUNT)
            break;
        text_precedence precedence = text_operators[kind].precedence;
        parser_advance(p);
        ir_expr args[] = {left, parse_at_least(p, precedence + 1)};
        left = make(p, begin, (ir_expr_data){.kind = kind, .args = args, .arg_count = 2});
        if (precedence == PRECEDENCE_COMPARISON && infix_at(p, precedence) != EXPR_KIND_COUNT &&
            text_operators[infix_at(p, precedence)].precedence == precedence)
            parser_error(p, p->token.span, "comparisons do not chain; join them with `and`");
    }
    return left;
}

ir_expr parser_expr(parser *p)
{
    return parse_at_least(p, PRECEDENCE_OR);
}
