/* build_ir.c - functions, their parameters and options, and constants. */
#include "frontend/build.h"

ir_op build_op(builder *b, ir_opcode code, const ir_value *operands, uint32_t count, uint32_t results, ir_span span)
{
    ir_op op = ir_op_new(b->module, code, operands, count, results, 0, span);
    ARENA_PUSH(b->arena, &b->function->ops, op);
    return op;
}

ir_value build_poison(builder *b, ir_span span)
{
    ir_value value = ir_op_result(b->module, build_op(b, OP_POISON, NULL, 0, 1, span), 0);
    ir_value_get(b->module, value)->type.elem = IR_POISON;
    return value;
}

void build_name(builder *b, ir_value value, ast_name name)
{
    ir_value_data *data = ir_value_get(b->module, value);
    if (data->name || !name.name)
        return;
    data->name = name.name;
    data->span = name.span;
}

/* ---- constants ---- */

ir_expr_kind build_kind(const ast_expr *e)
{
    static const ir_expr_kind kinds[] = {
        [AST_NEGATE] = EXPR_NEGATE,
        [AST_ADD] = EXPR_ADD,
        [AST_SUBTRACT] = EXPR_SUBTRACT,
        [AST_MULTIPLY] = EXPR_MULTIPLY,
        [AST_DIVIDE] = EXPR_DIVIDE,
        [AST_EQUAL] = EXPR_EQUAL,
        [AST_NOT_EQUAL] = EXPR_NOT_EQUAL,
        [AST_LESS] = EXPR_LESS,
        [AST_LESS_EQUAL] = EXPR_LESS_EQUAL,
        [AST_GREATER] = EXPR_GREATER,
        [AST_GREATER_EQUAL] = EXPR_GREATER_EQUAL,
        [AST_AND] = EXPR_AND,
        [AST_OR] = EXPR_OR,
        [AST_NOT] = EXPR_NOT,
    };
    if (e->kind == AST_CALL)
        return e->args.count == 2 ? e->builtin->two : e->builtin->one;
    return kinds[e->kind];
}

/* Made once: a program may name it often. */
ir_expr build_symbol_value(builder *b, symbol *sym)
{
    if (!sym->expr)
        sym->expr = build_constant(b, sym->value);
    return sym->expr;
}

static ir_expr symbol_constant(builder *b, const ast_expr *e)
{
    if (e->symbol && e->symbol->value) /* a let stands for its expression */
        return build_symbol_value(b, e->symbol);
    return ir_expr_new(b->module, (ir_expr_data){.kind = EXPR_SYMBOL, .name = e->name.name, .span = e->span});
}

ir_expr build_constant(builder *b, const ast_expr *e)
{
    if (e->sort == SORT_POISON)
        return ir_expr_new(b->module, (ir_expr_data){.kind = EXPR_POISON, .span = e->span});
    if (e->is_number)
        return ir_number(b->module, e->number, e->span);
    if (e->kind == AST_NAME)
        return symbol_constant(b, e);
    ir_expr args[2];
    for (uint32_t i = 0; i < e->args.count && i < 2; i++)
        args[i] = build_constant(b, e->args.at[i]);
    return ir_expr_new(b->module,
                       (ir_expr_data){.kind = build_kind(e), .args = args, .arg_count = e->args.count, .span = e->span});
}

/* ---- functions ---- */

static void add_parameter(builder *b, ast_name name, ir_type type, symbol *sym)
{
    ir_value value = ir_value_new(b->module, type, name.name, name.span);
    ARENA_PUSH(b->arena, &b->function->parameters, ((ir_parameter){name.name, type, value, name.span}));
    sym->built = value;
}

static void add_header(builder *b, const ast_item *item)
{
    for (uint32_t i = 0; i < item->header.parameters.count; i++) {
        const ast_parameter *p = &item->header.parameters.at[i];
        add_parameter(b, p->name, p->type.type, p->symbol);
    }
    for (uint32_t i = 0; item->kind == ITEM_HAMILTONIAN && i < item->header.options.count; i++) {
        const ast_parameter *p = &item->header.options.at[i];
        if (p->symbol->repeated)
            continue;
        ARENA_PUSH(b->arena, &b->function->options, ((ir_option){p->name.name, build_constant(b, p->value), p->name.span}));
    }
}

static void add_inputs(builder *b, const ast_item *item)
{
    for (uint32_t i = 0; i < item->body.count; i++)
        if (item->body.at[i]->kind == STATEMENT_INPUT && !item->body.at[i]->symbol->repeated)
            add_parameter(b, item->body.at[i]->name, item->body.at[i]->type.type, item->body.at[i]->symbol);
}

static bool is_function(const ast_item *item)
{
    return item->kind == ITEM_FN || item->kind == ITEM_HAMILTONIAN || item->kind == ITEM_MODEL;
}

static void build_function(builder *b, const ast_item *item)
{
    ir_function *f = ARENA_NEW(b->arena, ir_function);
    f->kind = item->kind == ITEM_FN ? FUNCTION_FN : item->kind == ITEM_MODEL ? FUNCTION_MODEL : FUNCTION_HAMILTONIAN;
    f->name = item->name.name;
    f->span = item->name.span;
    ARENA_PUSH(b->arena, &b->module->functions, f);
    b->function = f;
    if (item->kind == ITEM_MODEL)
        add_inputs(b, item);
    else
        add_header(b, item);
    if (item->kind == ITEM_HAMILTONIAN)
        build_hamiltonian_body(b, item);
    else
        build_graph_body(b, item);
}

void build_module(const sema *s)
{
    builder b = {.sema = s, .module = s->module, .arena = s->arena};
    s->module->stage = STAGE_CALLS;
    for (uint32_t i = 0; i < s->files.count; i++) {
        for (uint32_t k = 0; k < s->files.at[i]->items.count; k++) {
            const ast_item *item = s->files.at[i]->items.at[k];
            bool first = is_function(item) && scope_find_item(s, item->name.name) == item->symbol;
            bool chosen = item->kind != ITEM_MODEL || i + 1 == s->files.count;
            if (first && chosen)
                build_function(&b, item);
        }
    }
}
