/* print_expr.c - expressions as text, with as few parentheses as their precedence allows. */
#include "ir/printer.h"

#include <math.h>
#include <string.h>

/* ---- writing ---- */

void printer_write(printer *p, const char *text)
{
    for (; *text; text++)
        ARENA_PUSH(p->arena, &p->text, *text);
}

void printer_format(printer *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printer_write(p, arena_vformat(p->arena, format, list));
    va_end(list);
}

const char *printer_finish(printer *p)
{
    ARENA_PUSH(p->arena, &p->text, '\0');
    return p->text.at;
}

void printer_quoted(printer *p, const char *text)
{
    printer_write(p, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f) {
            printer_format(p, "\\x%02x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            ARENA_PUSH(p->arena, &p->text, '\\');
        ARENA_PUSH(p->arena, &p->text, *text);
    }
    printer_write(p, "\"");
}

void printer_name(printer *p, const char *name)
{
    if (text_is_name(name))
        printer_write(p, name);
    else
        printer_quoted(p, name);
}

void printer_path(printer *p, const char *path)
{
    printer_write(p, "@");
    if (text_is_path(path))
        printer_write(p, path);
    else
        printer_quoted(p, path);
}

void printer_value(printer *p, ir_value v)
{
    const ir_module *m = p->module;
    ir_name hint = v < m->values.count ? ir_value_get(m, v)->name : 0;
    if (p->value_names && v < m->values.count && p->value_names[v])
        printer_format(p, "%%%s", p->value_names[v]);
    else if (hint)
        printer_format(p, "%%%s", ir_text(m, hint));
    else
        printer_format(p, "%%%u", v);
}

/* ---- indices ---- */

static bool index_name_taken(const printer *p, const char *name)
{
    for (uint32_t i = 0; i < p->scope.count; i++)
        if (!strcmp(p->scope.at[i].name, name))
            return true;
    return text_is_reserved(name);
}

/* A nameless index is called i. */
static const char *index_name(printer *p, ir_index index)
{
    const char *base = ir_text(p->module, ir_index_get(p->module, index)->name);
    if (!text_is_name(base))
        base = "i";
    const char *name = base;
    for (int suffix = 1; index_name_taken(p, name); suffix++)
        name = arena_format(p->arena, "%s.%d", base, suffix);
    return name;
}

void printer_indices(printer *p, const ir_index *indices, uint32_t count)
{
    uint32_t outer = p->scope.count;
    for (uint32_t i = 0; i < count; i++) {
        const printed_index bound = {indices[i], index_name(p, indices[i])};
        ARENA_PUSH(p->arena, &p->scope, bound);
    }
    for (uint32_t i = 0; i < count; i++) {
        printer_format(p, "%s%s in ", i ? ", " : "", p->scope.at[outer + i].name);
        printer_expr(p, ir_index_get(p->module, indices[i])->extent);
    }
}

static void print_index(printer *p, ir_index index)
{
    for (uint32_t i = p->scope.count; i-- > 0;)
        if (p->scope.at[i].index == index) {
            printer_write(p, p->scope.at[i].name);
            return;
        }
    const char *name = index < p->module->indices.count ? ir_text(p->module, ir_index_get(p->module, index)->name) : "";
    printer_write(p, *name ? name : "i");
}

/* ---- expressions ---- */

static text_precedence precedence_of(const ir_expr_data *data)
{
    if (text_operators[data->kind].text)
        return text_operators[data->kind].precedence;
    if (data->kind == EXPR_NOT)
        return PRECEDENCE_NOT;
    if (data->kind == EXPR_NEGATE || (data->kind == EXPR_NUMBER && signbit(data->number)))
        return PRECEDENCE_UNARY;
    return PRECEDENCE_PRIMARY;
}

static void print_at_least(printer *p, ir_expr e, text_precedence least)
{
    bool parentheses = precedence_of(ir_expr_get(p->module, e)) < least;
    if (parentheses)
        printer_write(p, "(");
    printer_expr(p, e);
    if (parentheses)
        printer_write(p, ")");
}

static void print_infix(printer *p, const ir_expr_data *data)
{
    const text_operator *op = &text_operators[data->kind];
    bool associates = op->precedence != PRECEDENCE_COMPARISON;
    print_at_least(p, data->args[0], associates ? op->precedence : op->precedence + 1);
    printer_format(p, " %s ", op->text);
    print_at_least(p, data->args[1], op->precedence + 1);
}

/* -1 is a number and -(1) the negation of one. */
static void print_negation(printer *p, const ir_expr_data *data)
{
    const ir_expr_data *argument = ir_expr_get(p->module, data->args[0]);
    bool unsigned_number = argument->kind == EXPR_NUMBER && !signbit(argument->number);
    printer_write(p, "-");
    print_at_least(p, data->args[0], unsigned_number ? PRECEDENCE_PRIMARY + 1 : PRECEDENCE_UNARY);
}

static void print_reduction(printer *p, const ir_expr_data *data)
{
    uint32_t outer = p->scope.count;
    printer_format(p, "%s[", text_reductions[data->kind]);
    printer_indices(p, data->indices, data->index_count);
    if (data->condition) {
        printer_write(p, " : ");
        printer_expr(p, data->condition);
    }
    printer_write(p, "] (");
    printer_expr(p, data->args[0]);
    printer_write(p, ")");
    p->scope.count = outer;
}

void printer_list(printer *p, const ir_expr *exprs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printer_write(p, i ? ", " : "");
        printer_expr(p, exprs[i]);
    }
}

static void print_element(printer *p, const ir_expr_data *data)
{
    printer_value(p, data->value);
    if (!data->arg_count)
        return;
    printer_write(p, "[");
    printer_list(p, data->args, data->arg_count);
    printer_write(p, "]");
}

static void print_number(printer *p, double number)
{
    char text[32];
    text_format_number(text, number);
    printer_write(p, text);
}

void printer_expr(printer *p, ir_expr e)
{
    const ir_expr_data data = *ir_expr_get(p->module, e);
    if (text_operators[data.kind].text) {
        print_infix(p, &data);
    } else if (text_functions[data.kind].text) {
        printer_format(p, "%s(", text_functions[data.kind].text);
        printer_list(p, data.args, data.arg_count);
        printer_write(p, ")");
    } else if (text_reductions[data.kind]) {
        print_reduction(p, &data);
    } else if (data.kind == EXPR_NUMBER) {
        print_number(p, data.number);
    } else if (data.kind == EXPR_SYMBOL) {
        printer_write(p, "$");
        printer_name(p, ir_text(p->module, data.name));
    } else if (data.kind == EXPR_INDEX) {
        print_index(p, data.index);
    } else if (data.kind == EXPR_ELEMENT) {
        print_element(p, &data);
    } else if (data.kind == EXPR_NEGATE) {
        print_negation(p, &data);
    } else if (data.kind == EXPR_NOT) {
        printer_write(p, "not ");
        print_at_least(p, data.args[0], PRECEDENCE_NOT);
    } else {
        printer_write(p, "poison");
    }
}

const char *ir_print_expr(const ir_module *m, ir_expr e)
{
    printer p = {.module = m, .arena = m->arena};
    printer_expr(&p, e);
    return printer_finish(&p);
}
