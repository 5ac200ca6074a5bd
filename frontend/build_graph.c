/* build_graph.c - the bodies of models and fns: tensor operations and calls. */
#include "frontend/build.h"

#include <string.h>

static ir_value value_of(builder *b, const ast_expr *e);

/* ---- leaves ---- */

static ir_value constant(builder *b, const ast_expr *e)
{
    ir_expr value = build_constant(b, e);
    ir_op op = build_op(b, OP_CONSTANT, NULL, 0, 1, e->span);
    *ir_op_attribute(b->module, op, "value") = (ir_attribute){.present = true, .expr = value};
    return ir_op_result(b->module, op, 0);
}

static ir_value group(builder *b, ir_value of, ast_name name, ir_span span)
{
    ir_op op = of ? build_op(b, OP_MEMBER, &of, 1, 1, span) : build_op(b, OP_GROUP, NULL, 0, 1, span);
    *ir_op_attribute(b->module, op, of ? "name" : "path") = (ir_attribute){.present = true, .name = name.name};
    ir_value value = ir_op_result(b->module, op, 0);
    ir_value_get(b->module, value)->type.elem = IR_GROUP;
    return value;
}

/* As a tensor: what names a parameter is loaded. */
static ir_value tensor(builder *b, const ast_expr *e)
{
    ir_value value = value_of(b, e);
    if (e->sort != SORT_GROUP)
        return value;
    return ir_op_result(b->module, build_op(b, OP_LOAD, &value, 1, 1, e->span), 0);
}

/* ---- calls ---- */

static ir_value builtin_call(builder *b, const ast_expr *e)
{
    const builtin *row = e->builtin;
    ir_value operands[5];
    uint32_t count = 0, position = 0;
    const ast_expr *number = NULL;
    for (uint32_t i = 0; i < e->args.count; i++) {
        const ast_expr *arg = e->args.at[i];
        char form = e->labels.at[i].name ? (row->named == NAMED_TENSOR ? 't' : 'n') : row->operands[position++];
        if (form == 'n')
            number = arg;
        else
            operands[count++] = form == 'p' ? value_of(b, arg) : tensor(b, arg);
    }
    ir_op op = build_op(b, row->code, operands, count, 1, e->span);
    if (!row->key || row->named == NAMED_TENSOR)
        return ir_op_result(b->module, op, 0);
    ir_expr value = number ? build_constant(b, number) : ir_number(b->module, row->preset, e->span);
    *ir_op_attribute(b->module, op, row->key) = (ir_attribute){.present = true, .expr = value};
    return ir_op_result(b->module, op, 0);
}

enum { MAX_CALL_RESULTS = 100000 }; /* a bound on memory: few bytes of text can call for many results */

static bool too_many_results(builder *b, const ast_expr *call)
{
    uint32_t before = b->call_results, results = sema_call_results(call);
    b->call_results = before + results < before ? UINT32_MAX : before + results;
    if (b->call_results <= MAX_CALL_RESULTS)
        return false;
    if (before <= MAX_CALL_RESULTS)
        diagnostics_error(b->module->diagnostics, call->span, "the calls of the program give more than %d results in all",
                          MAX_CALL_RESULTS);
    b->call_results = MAX_CALL_RESULTS + 1;
    return true;
}

/* The call as an op, with all its results. */
static ir_op item_call(builder *b, const ast_expr *e)
{
    const ast_item *callee = e->symbol->item;
    ir_value *operands = ARENA_ARRAY(b->arena, ir_value, e->args.count);
    ir_option *options = ARENA_ARRAY(b->arena, ir_option, e->args.count);
    ir_span *spans = ARENA_ARRAY(b->module->arena, ir_span, e->args.count);
    uint32_t count = 0, option_count = 0;
    for (uint32_t i = 0; i < e->args.count; i++) {
        const ast_expr *arg = e->args.at[i];
        ast_name label = e->labels.at[i];
        if (label.name) {
            options[option_count++] = (ir_option){label.name, build_constant(b, arg), ast_join(label.span, arg->span)};
            continue;
        }
        bool takes_group = callee->header.parameters.at[count].type.type.elem == IR_GROUP;
        spans[count] = arg->span;
        operands[count++] = takes_group ? value_of(b, arg) : tensor(b, arg);
    }
    uint32_t results = sema_call_results(e);
    ir_op op = build_op(b, OP_CALL, operands, count, results, e->span);
    ir_op_get(b->module, op)->operand_spans = spans;
    *ir_op_attribute(b->module, op, "callee") = (ir_attribute){.present = true, .name = callee->name.name};
    if (option_count)
        *ir_op_attribute(b->module, op, "options") = (ir_attribute){.present = true, .list = options, .count = option_count};
    return op;
}

static ir_value call_result(builder *b, const ast_expr *call, uint32_t result)
{
    if (call->sort == SORT_POISON)
        return build_poison(b, call->span);
    if (!call->symbol)
        return builtin_call(b, call);
    if (too_many_results(b, call))
        return build_poison(b, call->span);
    return ir_op_result(b->module, item_call(b, call), result);
}

/* ---- expressions ---- */

static ir_value name_value(builder *b, const ast_expr *e)
{
    return e->symbol && e->symbol->built ? e->symbol->built : build_poison(b, e->span);
}

static ir_value operator_value(builder *b, const ast_expr *e)
{
    static const ir_opcode codes[] = {[AST_NEGATE] = OP_NEGATE,
                                      [AST_ADD] = OP_ADD,
                                      [AST_SUBTRACT] = OP_SUBTRACT,
                                      [AST_MULTIPLY] = OP_MULTIPLY,
                                      [AST_DIVIDE] = OP_DIVIDE};
    ir_value operands[2];
    for (uint32_t i = 0; i < e->args.count; i++)
        operands[i] = tensor(b, e->args.at[i]);
    return ir_op_result(b->module, build_op(b, codes[e->kind], operands, e->args.count, 1, e->span), 0);
}

static ir_value value_of(builder *b, const ast_expr *e)
{
    if (e->sort == SORT_POISON)
        return build_poison(b, e->span);
    if (e->sort == SORT_CONSTANT)
        return constant(b, e);
    switch (e->kind) {
    case AST_NAME:
        return name_value(b, e);
    case AST_PATH:
        return group(b, 0, e->name, e->span);
    case AST_CALL:
        return call_result(b, e, 0);
    case AST_MEMBER:
        if (e->sort == SORT_GROUP)
            return group(b, value_of(b, e->args.at[0]), e->name, e->span);
        return call_result(b, e->args.at[0], e->result);
    default:
        return operator_value(b, e);
    }
}

/* ---- statements ---- */

static void let_tuple(builder *b, const ast_statement *st)
{
    bool good = !st->broken && st->value->kind == AST_CALL && st->value->sort != SORT_POISON && st->names.count &&
                st->symbols[0]->kind == SYMBOL_TENSOR;
    ir_op op = 0;
    ir_value single = 0;
    if (good && st->value->symbol && !too_many_results(b, st->value))
        op = item_call(b, st->value);
    else if (good && !st->value->symbol)
        single = builtin_call(b, st->value);
    for (uint32_t i = 0; st->symbols && i < st->names.count; i++) {
        ir_value value = op ? ir_op_result(b->module, op, i) : single ? single : build_poison(b, st->names.at[i].span);
        st->symbols[i]->built = value;
        build_name(b, value, st->names.at[i]);
    }
}

static void let(builder *b, const ast_statement *st)
{
    if (st->tuple) {
        let_tuple(b, st);
        return;
    }
    if (!st->symbol || st->symbol->is_constant) /* a constant is built where it is used */
        return;
    bool good = !st->broken && st->symbol->kind != SYMBOL_POISON;
    st->symbol->built = good ? value_of(b, st->value) : build_poison(b, st->span);
    build_name(b, st->symbol->built, st->name);
}

static void add_result(builder *b, ast_name name, const ast_expr *value, bool broken, ir_span span)
{
    ir_value result = broken ? build_poison(b, span) : tensor(b, value);
    ARENA_PUSH(b->arena, &b->function->results, ((ir_result){name.name, result, name.name ? name.span : span}));
}

static void add_weight(builder *b, const ast_statement *st)
{
    if (st->broken)
        return;
    ir_weight weight = {st->name.name, st->type.type, st->name.span};
    for (uint32_t i = 0; i < b->module->weights.count; i++) {
        ir_weight before = b->module->weights.at[i];
        if (before.path != weight.path)
            continue;
        if (!ir_type_equal(before.type, weight.type)) {
            diagnostics *d = b->module->diagnostics;
            diagnostic *made =
                diagnostics_error(d, st->span, "'@%s' has another shape elsewhere", ir_text(b->module, weight.path));
            diagnostic_note_at(d, made, before.span, "it is given here");
        }
        return;
    }
    ARENA_PUSH(b->arena, &b->module->weights, weight);
}

/* A function at fault has its results all the same, so that calls of it are well formed. */
static void complete_fn(builder *b, const ast_item *item)
{
    if (item->kind == ITEM_FN && !b->function->results.count)
        add_result(b, (ast_name){0}, NULL, true, item->name.span);
}

void build_graph_body(builder *b, const ast_item *item)
{
    for (uint32_t i = 0; i < item->body.count; i++) {
        const ast_statement *st = item->body.at[i];
        bool broken = st->broken || (st->value && st->value->sort == SORT_POISON);
        if (st->kind == STATEMENT_LET)
            let(b, st);
        else if (st->kind == STATEMENT_PARAM && item->kind == ITEM_MODEL)
            add_weight(b, st);
        else if (st->kind == STATEMENT_OUTPUT && item->kind == ITEM_MODEL && !st->repeated)
            add_result(b, st->name, st->value, broken, st->span);
        else if (st->kind == STATEMENT_RETURN && item->kind == ITEM_FN && !b->function->results.count)
            add_result(b, (ast_name){0}, broken ? NULL : st->results.at[0].value, broken, st->span);
    }
    complete_fn(b, item);
}
