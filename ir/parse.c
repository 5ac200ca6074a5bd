/* parse.c - the text form read back into a module (ir/README.md): places, types, functions, operations.
 *
 * The parser accepts what is well formed; whether it makes sense is the verifier's question.
 */
#include "ir/parser.h"

#include <stdlib.h>
#include <string.h>

/* ---- places ---- */

/* The id of the file of that path; one not known yet is added without its text. */
static uint32_t file_of(parser *p, ir_name path)
{
    while (p->files.count <= path)
        ARENA_PUSH(p->arena, &p->files, 0);
    if (!p->files.at[path])
        p->files.at[path] = diagnostics_add_file(p->module->diagnostics, ir_text(p->module, path), "", 0);
    return p->files.at[path];
}

/* (file:begin-end), the parenthesis being the token. */
static ir_span parse_place(parser *p)
{
    if (!parser_at(p, "(")) {
        parser_expected(p, "`(`");
        return (ir_span){0};
    }
    parser_scan_file_name(p);
    ir_name path = parser_name(p, "a file name");
    if (!p->failed && !path)
        parser_error(p, p->token.span, "a file name is missing");
    parser_expect(p, ":");
    uint32_t begin = (uint32_t)parser_integer(p, UINT32_MAX, "a byte offset");
    parser_expect(p, "-");
    uint32_t end = (uint32_t)parser_integer(p, UINT32_MAX, "a byte offset");
    parser_expect(p, ")");
    return p->failed ? (ir_span){0} : (ir_span){file_of(p, path), begin, end};
}

/* loc(file:begin-end), where it stands. Without one a span stays as it is, a place in this text, unless the text says that all
 * locations are known: then it is nowhere. */
bool parser_loc(parser *p, ir_span *span)
{
    if (!parser_accept(p, "loc")) {
        if (p->located)
            *span = (ir_span){0};
        return false;
    }
    ir_span place = parse_place(p);
    if (!p->failed)
        *span = place;
    return !p->failed;
}

/* from @callee(file:begin-end) from ...: the innermost call first; 0 without any. */
uint32_t parser_sites(parser *p)
{
    uint32_t outermost = p->module->sites.count, calls = 0;
    while (parser_accept(p, "from")) {
        ir_site call = {.callee = p->token.name};
        if (p->token.kind != TOKEN_PATH)
            parser_expected(p, "a function");
        parser_advance(p);
        call.call = parse_place(p);
        call.parent = outermost + calls + 1;
        ARENA_PUSH(p->arena, &p->module->sites, call);
        calls++;
    }
    if (calls)
        p->module->sites.at[outermost + calls - 1].parent = 0;
    return calls && !p->failed ? outermost : 0;
}

/* ---- types ---- */

static int64_t parse_dimension(parser *p)
{
    if (p->token.kind == TOKEN_NUMBER)
        return parser_integer(p, IR_MAX_ELEMENTS, "a size");
    return IR_DIM_NAMED(parser_name(p, "a size or a shape name"));
}

ir_type parser_type(parser *p)
{
    ir_type t = {.elem = IR_UNKNOWN};
    int elem = 0;
    while (elem <= IR_GROUP && !parser_at(p, text_elems[elem]))
        elem++;
    if (elem > IR_GROUP) {
        parser_expected(p, "a type");
        return t;
    }
    parser_advance(p);
    t.elem = (ir_elem)elem;
    if (!parser_accept(p, "["))
        return t;
    do {
        if (t.rank == ISG_MAX_RANK) {
            parser_error(p, p->token.span, "more than %d axes", ISG_MAX_RANK);
            break;
        }
        t.dim[t.rank] = parse_dimension(p);
        t.rank++;
    } while (parser_accept(p, ","));
    parser_expect(p, "]");
    return t;
}

/* ---- values ---- */

/* A name of digits only is the printer's number of a nameless value. */
static ir_name hint_of(const token *t)
{
    return text_is_name(t->text) ? t->name : 0;
}

static void define(parser *p, const token *t, ir_value v)
{
    while (p->values.count <= t->name)
        ARENA_PUSH(p->arena, &p->values, (named_value){0, 0});
    if (p->values.at[t->name].function == p->function)
        parser_error(p, t->span, "%%%s is defined twice", t->text);
    p->values.at[t->name] = (named_value){p->function, v};
}

/* ---- operations ---- */

typedef ARENA_LIST(token) token_list;

static token_list parse_result_names(parser *p)
{
    token_list names = {0};
    while (p->token.kind == TOKEN_VALUE) {
        ARENA_PUSH(p->arena, &names, p->token);
        parser_advance(p);
        if (!parser_accept(p, ","))
            break;
    }
    if (names.count)
        parser_expect(p, "=");
    return names;
}

static ir_opcode parse_opcode(parser *p)
{
    for (int code = OP_NONE + 1; code < OP_COUNT; code++)
        if (parser_accept(p, ir_op_rows[code].text))
            return (ir_opcode)code;
    const char *texts[OP_COUNT];
    for (int code = 0; code < OP_COUNT; code++)
        texts[code] = ir_op_rows[code].text;
    const char *nearest = diagnostics_nearest(p->arena, p->token.text, texts + 1, OP_COUNT - 1);
    if (nearest && p->token.kind == TOKEN_NAME)
        parser_error(p, p->token.span, "unknown operation `%s`; did you mean `%s`?", p->token.text, nearest);
    parser_expected(p, "an operation");
    return OP_NONE;
}

/* Operands end with the line, so that one without any is not given the next line's results. */
static uint32_t parse_operands(parser *p, const ir_value **out)
{
    ARENA_LIST(ir_value) list = {0};
    while (!p->token.first_in_line && (p->token.kind == TOKEN_VALUE || parser_at(p, "_"))) {
        ir_value operand = parser_accept(p, "_") ? 0 : parser_value(p);
        ARENA_PUSH(p->arena, &list, operand);
        if (!parser_accept(p, ","))
            break;
    }
    *out = list.at;
    return list.count;
}

static void parse_attributes(parser *p, ir_op op, ir_opcode code)
{
    const ir_attribute_row *rows = ir_op_rows[code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++) {
        ir_attribute attribute = {.present = false};
        if (parser_accept(p, rows[i].key))
            parser_attribute(p, rows[i].kind, &attribute);
        else if (!rows[i].optional)
            parser_expected(p, arena_format(p->arena, "`%s`", rows[i].key));
        ir_op_get(p->module, op)->attributes[i] = attribute;
    }
}

static void parse_result_types(parser *p, const token_list *names, ir_op op)
{
    uint32_t count = 0;
    if (!parser_accept(p, ":"))
        return;
    ir_span span = p->token.span;
    do {
        ir_type type = parser_type(p);
        if (count < names->count)
            ir_value_get(p->module, ir_op_result(p->module, op, count))->type = type;
        count++;
    } while (parser_accept(p, ","));
    if (count != names->count)
        parser_error(p, span, "%u types for %u results", count, names->count);
}

/* as (file:begin-end), (file:begin-end): where each result is named. */
static void parse_result_places(parser *p, ir_op op)
{
    uint32_t count = ir_op_get(p->module, op)->result_count;
    if (!parser_accept(p, "as"))
        return;
    for (uint32_t i = 0; i < count && !p->failed; i++) {
        if (i)
            parser_expect(p, ",");
        ir_span span = parse_place(p);
        ir_value_get(p->module, ir_op_result(p->module, op, i))->span = span;
    }
}

static ir_op parse_op(parser *p)
{
    uint32_t begin = p->token.span.begin;
    token_list names = parse_result_names(p);
    ir_opcode code = parse_opcode(p);
    const ir_value *operands;
    uint32_t operand_count = parse_operands(p, &operands);
    ir_op op = ir_op_new(p->module, code, operands, operand_count, names.count, 0, (ir_span){0});
    parse_attributes(p, op, code);
    parse_result_types(p, &names, op);
    ir_span span = parser_span_from(p, begin);
    bool located = parser_loc(p, &span); /* before the results, which it is the place of */
    for (uint32_t i = 0; i < names.count; i++) {
        ir_value v = ir_op_result(p->module, op, i);
        ir_value_get(p->module, v)->name = hint_of(&names.at[i]);
        ir_value_get(p->module, v)->span = span;
        define(p, &names.at[i], v);
    }
    ir_op_get(p->module, op)->span = span;
    if (located) {
        parse_result_places(p, op);
        ir_op_get(p->module, op)->site = parser_sites(p);
    }
    p->scope.count = p->array_count = 0;
    return op;
}

/* ---- functions and the module ---- */

static void parse_parameters(parser *p, ir_function *f)
{
    parser_expect(p, "(");
    while (p->token.kind == TOKEN_VALUE) {
        const token name = p->token;
        parser_advance(p);
        parser_expect(p, ":");
        ir_parameter parameter = {.name = hint_of(&name), .type = parser_type(p), .span = name.span};
        parser_loc(p, &parameter.span);
        parameter.value = ir_value_new(p->module, parameter.type, parameter.name, parameter.span);
        define(p, &name, parameter.value);
        ARENA_PUSH(p->arena, &f->parameters, parameter);
        if (!parser_accept(p, ","))
            break;
    }
    if (parser_accept(p, ";")) {
        const ir_option *options;
        uint32_t count = parser_options(p, ")", &options);
        for (uint32_t i = 0; i < count; i++)
            ARENA_PUSH(p->arena, &f->options, options[i]);
    } else {
        parser_expect(p, ")");
    }
}

static void parse_results(parser *p, ir_function *f)
{
    while (!p->failed && !parser_at(p, "}")) {
        if (f->results.count)
            parser_expect(p, ",");
        ir_result result = {.span = p->token.span};
        if (p->token.kind != TOKEN_VALUE) {
            result.name = parser_name(p, "a result");
            parser_expect(p, "=");
        }
        result.value = parser_value(p);
        parser_loc(p, &result.span);
        ARENA_PUSH(p->arena, &f->results, result);
    }
}

static void parse_function(parser *p)
{
    ir_function *f = ARENA_NEW(p->arena, ir_function);
    int kind = 0;
    p->function++;
    while (kind <= FUNCTION_MODEL && !parser_at(p, text_function_kinds[kind]))
        kind++;
    if (kind > FUNCTION_MODEL) {
        parser_expected(p, "`param`, `fn`, `hamiltonian` or `model`");
        return;
    }
    f->kind = (ir_function_kind)kind;
    f->span = p->token.span;
    parser_advance(p);
    f->name = p->token.name;
    if (p->token.kind != TOKEN_PATH)
        parser_expected(p, "the function's name, like @name");
    parser_advance(p);
    parse_parameters(p, f);
    parser_loc(p, &f->span);
    parser_expect(p, "{");
    while (!p->failed && !parser_accept(p, "return")) {
        ir_op op = parse_op(p);
        ARENA_PUSH(p->arena, &f->ops, op);
    }
    parse_results(p, f);
    parser_expect(p, "}");
    ARENA_PUSH(p->arena, &p->module->functions, f);
}

static void parse_weight(parser *p)
{
    ir_weight weight = {.path = p->token.name, .span = p->token.span};
    if (p->token.kind != TOKEN_PATH)
        parser_expected(p, "a path like @a.b.c");
    parser_advance(p);
    parser_expect(p, ":");
    weight.type = parser_type(p);
    parser_loc(p, &weight.span);
    ARENA_PUSH(p->arena, &p->module->weights, weight);
}

static void parse_header(parser *p)
{
    parser_expect(p, "isinglass");
    ir_span version = p->token.span;
    if (parser_integer(p, INT32_MAX, "a version") != 1)
        parser_error(p, version, "this text has another version; this program reads version 1");
    parser_expect(p, "stage");
    int stage = 0;
    while (stage < STAGE_COUNT && !parser_at(p, text_stages[stage]))
        stage++;
    if (stage == STAGE_COUNT)
        parser_expected(p, "`calls`, `graph`, `ising` or `scheduled`");
    parser_advance(p);
    p->module->stage = p->failed ? STAGE_CALLS : (ir_stage)stage;
    if (parser_accept(p, "weights")) {
        parser_expect(p, "known");
        p->module->weights_known = true;
    }
    if (parser_accept(p, "locations")) {
        parser_expect(p, "known");
        p->located = true;
    }
}

ir_module *ir_parse(arena *a, diagnostics *d, uint32_t file)
{
    const source_file *source = &d->files.at[file - 1];
    parser p = {.module = ir_module_new(a, d), .arena = a, .file = file, .text = source->text, .length = source->length};
    if (source->length > TEXT_MAX_BYTES) {
        diagnostics_error(d, (ir_span){file, 0, 0}, "this file is larger than %d MiB", TEXT_MAX_BYTES >> 20);
        return NULL;
    }
    ARENA_PUSH(a, &p.depths, 0);
    for (uint32_t i = 0; i < d->files.count; i++) {
        ir_name path = ir_intern_text(p.module, d->files.at[i].path);
        while (p.files.count <= path)
            ARENA_PUSH(a, &p.files, 0);
        p.files.at[path] = i + 1;
    }
    parser_advance(&p);
    parse_header(&p);
    while (parser_accept(&p, "param"))
        parse_weight(&p);
    while (p.token.kind != TOKEN_END)
        parse_function(&p);
    return p.failed ? NULL : p.module;
}
