/* ast.c - making the nodes of the tree (ast.h). */
#include "frontend/ast.h"

#include <math.h>

ir_span ast_join(ir_span from, ir_span to)
{
    return (ir_span){from.file, from.begin, to.end > from.begin ? to.end : from.end};
}

ast_expr *ast_new(arena *a, ast_kind kind, ir_span span)
{
    ast_expr *e = ARENA_NEW(a, ast_expr);
    e->kind = kind;
    e->span = span;
    e->nesting = e->height = 1;
    return e;
}

ast_expr *ast_named(arena *a, ast_kind kind, ast_name name, ir_span span)
{
    ast_expr *e = ast_new(a, kind, span);
    e->name = name;
    return e;
}

ast_expr *ast_number(arena *a, double number, ir_span span)
{
    ast_expr *e = ast_new(a, isnan(number) ? AST_BROKEN : AST_NUMBER, span);
    e->number = number;
    return e;
}

/* Operators in a row make the tree higher, but are not nesting. */
void ast_measure(ast_expr *e)
{
    uint32_t nesting = e->condition ? e->condition->nesting : 0;
    uint32_t height = e->condition ? e->condition->height : 0;
    for (uint32_t i = 0; i < e->args.count; i++) {
        const ast_expr *arg = e->args.at[i];
        nesting = arg->nesting > nesting ? arg->nesting : nesting;
        height = arg->height > height ? arg->height : height;
    }
    bool in_a_row = (e->kind >= AST_ADD && e->kind <= AST_DIVIDE) || e->kind == AST_AND || e->kind == AST_OR;
    e->nesting = in_a_row ? nesting : nesting + 1;
    e->height = height + 1;
}

ast_expr *ast_unary(arena *a, ast_kind kind, ast_expr *operand, ir_span span)
{
    ast_expr *e = ast_new(a, kind, span);
    ARENA_PUSH(a, &e->args, operand);
    ast_measure(e);
    return e;
}

ast_expr *ast_binary(arena *a, ast_kind kind, ast_expr *left, ast_expr *right)
{
    ast_expr *e = ast_new(a, kind, ast_join(left->span, right->span));
    e->args.at = ARENA_ARRAY(a, ast_expr *, 2);
    e->args.at[0] = left;
    e->args.at[1] = right;
    e->args.count = e->args.capacity = 2;
    ast_measure(e);
    return e;
}

ast_statement *ast_statement_new(arena *a, ast_statement_kind kind, ir_span span)
{
    ast_statement *s = ARENA_NEW(a, ast_statement);
    s->kind = kind;
    s->span = span;
    return s;
}

ast_item *ast_item_new(arena *a, ast_item_kind kind, ast_name name, ir_span span)
{
    ast_item *item = ARENA_NEW(a, ast_item);
    item->kind = kind;
    item->name = name;
    item->span = span;
    return item;
}
