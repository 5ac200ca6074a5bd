/* build_hamiltonian.c - the body of a Hamiltonian: spins, maps, what is minimised, and the results, all in
 * index notation. */
#include "frontend/build.h"

static ir_expr expr_of(builder *b, const ast_expr *e);

static ir_expr poison_expr(builder *b, ir_span span)
{
    return ir_expr_new(b->module, (ir_expr_data){.kind = EXPR_POISON, .span = span});
}

/* ---- indices ---- */

/* Each binder has indices of its own; the symbol refers to those of the innermost one. */
static ir_index *bind(builder *b, symbol *const *symbols, const ir_span *spans, uint32_t count)
{
    ir_index *indices = ARENA_ARRAY(b->arena, ir_index, count);
    for (uint32_t i = 0; i < count; i++) {
        ir_expr extent = build_symbol_value(b, symbols[i]);
        indices[i] = ir_index_new(b->module, symbols[i]->name, extent, spans[i]);
        symbols[i]->index = indices[i];
    }
    return indices;
}

static ir_span *spans_of(builder *b, const ast_names *names)
{
    ir_span *spans = ARENA_ARRAY(b->arena, ir_span, names->count);
    for (uint32_t i = 0; i < names->count; i++)
        spans[i] = names->at[i].span;
    return spans;
}

/* ---- expressions ---- */

/* In subscripts and conditions a let stands for its constant. */
static ir_expr integer_of(builder *b, const ast_expr *e)
{
    if (e->sort == SORT_POISON)
        return poison_expr(b, e->span);
    if (e->kind == AST_NAME && e->symbol && e->symbol->value && e->symbol->kind == SYMBOL_TENSOR)
        return build_constant(b, e);
    if (e->kind == AST_NAME || e->kind == AST_NUMBER)
        return expr_of(b, e);
    ir_expr args[2];
    for (uint32_t i = 0; i < e->args.count && i < 2; i++)
        args[i] = integer_of(b, e->args.at[i]);
    return ir_expr_new(b->module,
                       (ir_expr_data){.kind = build_kind(e), .args = args, .arg_count = e->args.count, .span = e->span});
}

static ir_expr name_expr(builder *b, const ast_expr *e)
{
    const symbol *sym = e->symbol;
    if (!sym || sym->kind == SYMBOL_CONST)
        return ir_number(b->module, e->number, e->span);
    if (sym->kind == SYMBOL_INDEX)
        return ir_index_ref(b->module, sym->index, e->span);
    if (sym->kind == SYMBOL_SHAPE || sym->kind == SYMBOL_OPTION)
        return ir_expr_new(b->module, (ir_expr_data){.kind = EXPR_SYMBOL, .name = sym->name, .span = e->span});
    return ir_element(b->module, sym->built, NULL, 0, e->span);
}

static ir_expr element_expr(builder *b, const ast_expr *e)
{
    ir_expr *subscripts = ARENA_ARRAY(b->arena, ir_expr, e->args.count);
    for (uint32_t i = 0; i < e->args.count; i++)
        subscripts[i] = integer_of(b, e->args.at[i]);
    return ir_element(b->module, e->symbol->built, subscripts, e->args.count, e->span);
}

static ir_expr sum_expr(builder *b, const ast_expr *e)
{
    ir_index *indices = bind(b, e->index_symbols, spans_of(b, &e->indices), e->indices.count);
    ir_expr condition = e->condition ? integer_of(b, e->condition) : 0;
    ir_expr body = expr_of(b, e->args.at[0]);
    return ir_expr_new(b->module, (ir_expr_data){.kind = EXPR_SUM_OVER,
                                                 .args = &body,
                                                 .arg_count = 1,
                                                 .indices = indices,
                                                 .index_count = e->indices.count,
                                                 .condition = condition,
                                                 .span = e->span});
}

static ir_expr expr_of(builder *b, const ast_expr *e)
{
    if (e->sort == SORT_POISON)
        return poison_expr(b, e->span);
    switch (e->kind) {
    case AST_NUMBER:
        return ir_number(b->module, e->number, e->span);
    case AST_NAME:
        return name_expr(b, e);
    case AST_ELEMENT:
        return element_expr(b, e);
    case AST_SUM:
        return sum_expr(b, e);
    default:
        break;
    }
    ir_expr args[2];
    for (uint32_t i = 0; i < e->args.count && i < 2; i++)
        args[i] = expr_of(b, e->args.at[i]);
    return ir_expr_new(b->module,
                       (ir_expr_data){.kind = build_kind(e), .args = args, .arg_count = e->args.count, .span = e->span});
}

/* ---- statements ---- */

static void set_over(builder *b, ir_op op, const ir_index *indices, uint32_t count)
{
    *ir_op_attribute(b->module, op, "over") = (ir_attribute){.present = true, .list = indices, .count = count};
}

static void spin(builder *b, const ast_statement *st)
{
    if (st->broken) {
        st->symbol->built = build_poison(b, st->span);
        build_name(b, st->symbol->built, st->name);
        return;
    }
    ir_index *indices = bind(b, st->symbols, spans_of(b, &st->names), st->names.count);
    ir_op op = build_op(b, OP_SPIN, NULL, 0, 1, st->span);
    set_over(b, op, indices, st->names.count);
    *ir_op_attribute(b->module, op, "domain") = (ir_attribute){.present = true, .number = st->lowest};
    st->symbol->built = ir_op_result(b->module, op, 0);
    build_name(b, st->symbol->built, st->name);
}

/* A map or readout; the op is not yet in the function. */
static ir_op by_elements(builder *b, ir_opcode code, const ir_index *indices, uint32_t count, const ast_expr *value,
                         const ast_expr *condition, ir_span span)
{
    ir_expr where = condition ? integer_of(b, condition) : 0;
    ir_expr elem = expr_of(b, value);
    ir_op op = ir_op_new(b->module, code, NULL, 0, 1, 0, span);
    set_over(b, op, indices, count);
    if (where)
        *ir_op_attribute(b->module, op, "where") = (ir_attribute){.present = true, .expr = where};
    *ir_op_attribute(b->module, op, "elem") = (ir_attribute){.present = true, .expr = elem};
    return op;
}

static void let(builder *b, const ast_statement *st)
{
    if (!st->symbol)
        return;
    if (st->broken || st->symbol->kind == SYMBOL_POISON) {
        st->symbol->built = build_poison(b, st->span);
    } else {
        ir_index *indices = bind(b, st->symbols, spans_of(b, &st->names), st->names.count);
        ir_op op = by_elements(b, OP_MAP, indices, st->names.count, st->value, st->condition, st->span);
        ARENA_PUSH(b->arena, &b->function->ops, op);
        st->symbol->built = ir_op_result(b->module, op, 0);
    }
    build_name(b, st->symbol->built, st->name);
}

/* `energy` NULL: at fault. All spin arrays are operands. */
static void minimize(builder *b, const ast_item *item, const ast_expr *energy, ir_span span)
{
    ARENA_LIST(ir_value) spins = {0};
    for (uint32_t i = 0; i < item->body.count; i++) {
        const ast_statement *st = item->body.at[i];
        if (st->kind == STATEMENT_SPIN && st->symbol->built && !st->broken)
            ARENA_PUSH(b->arena, &spins, st->symbol->built);
    }
    ir_expr value = energy ? expr_of(b, energy) : poison_expr(b, span);
    ir_op op = build_op(b, OP_MINIMIZE, spins.at, spins.count, 0, span);
    *ir_op_attribute(b->module, op, "name") = (ir_attribute){.present = true, .name = item->name.name};
    *ir_op_attribute(b->module, op, "energy") = (ir_attribute){.present = true, .expr = value};
}

static void result(builder *b, const ast_result *r)
{
    ast_name name = sema_result_name(r);
    ir_value value;
    if (r->repeated)
        return;
    if (r->value->sort == SORT_POISON) {
        value = build_poison(b, r->value->span);
    } else {
        uint32_t count = r->target->kind == AST_ELEMENT ? r->target->args.count : 0;
        ir_span *spans = ARENA_ARRAY(b->arena, ir_span, count);
        for (uint32_t i = 0; i < count; i++)
            spans[i] = r->target->args.at[i]->span;
        ir_index *indices = bind(b, r->index_symbols, spans, count);
        ir_op op = by_elements(b, OP_READOUT, indices, count, r->value, r->condition, ast_join(r->target->span, r->value->span));
        ARENA_PUSH(b->arena, &b->function->ops, op);
        value = ir_op_result(b->module, op, 0);
    }
    build_name(b, value, name);
    ARENA_PUSH(b->arena, &b->function->results, ((ir_result){name.name, value, name.span}));
}

/* Spins and lets in their order, then what is minimised, then the results: all that they may read is
 * bound before them. Lets behind `minimize` stay behind it. */
void build_hamiltonian_body(builder *b, const ast_item *item)
{
    const ast_statement *returned = NULL;
    bool minimized = false;
    for (uint32_t i = 0; i < item->body.count; i++)
        if (item->body.at[i]->kind == STATEMENT_SPIN && item->body.at[i]->symbol)
            spin(b, item->body.at[i]);
    for (uint32_t i = 0; i < item->body.count; i++) {
        const ast_statement *st = item->body.at[i];
        if (st->kind == STATEMENT_LET && !st->tuple)
            let(b, st);
        if (st->kind == STATEMENT_RETURN && !st->broken && !returned)
            returned = st;
        if (st->kind != STATEMENT_MINIMIZE || minimized)
            continue;
        minimized = true;
        minimize(b, item, st->broken || st->value->sort == SORT_POISON ? NULL : st->value, st->span);
    }
    if (!minimized)
        minimize(b, item, NULL, item->name.span);
    for (uint32_t i = 0; returned && i < returned->results.count; i++)
        result(b, &returned->results.at[i]);
}
