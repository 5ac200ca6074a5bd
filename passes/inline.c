/* inline.c - the pass `inline`: from every function of the files to the one model, without calls.
 *
 * Requires: stage calls. Establishes: stage graph; the module has one function, the chosen model; each
 * call is replaced by its callee's body with fresh values and indices, after a `bind` that stands for
 * the callee's shape names. Options are replaced by their values, `member` is folded into `group`, and
 * every operation knows through its site which calls it came from.
 */
#include "passes/pass.h"

#include <string.h>

/* What calls may unfold to, so that a few lines of calls of calls cannot take all memory. */
enum { MAX_OPERATIONS = 100000, MAX_EXPRESSIONS = 400000, MAX_CALL_DEPTH = 256, MAX_EXPRESSION_DEPTH = 5000 };

typedef struct inliner {
    ir_module *m;
    ir_function *model;   /* being made */
    ir_value *value_of;   /* by value of the callee: its value here. No function is active twice, so one array serves all. */
    uint32_t value_count; /* values before the pass */
    uint32_t expr_limit;
    bool too_large; /* reported */
} inliner;

typedef struct symbol {
    ir_name name;
    ir_expr value;
} symbol;

/* One body being copied. */
typedef struct frame {
    inliner *in;
    const ir_function *callee;
    const struct frame *outer;
    uint32_t site;
    uint32_t depth;
    ARENA_LIST(symbol) symbols; /* shape names and options */
} frame;

/* ---- values and expressions ---- */

static ir_value poison_value(inliner *in, ir_name name, ir_span span, uint32_t site)
{
    ir_op op = ir_op_new(in->m, OP_POISON, NULL, 0, 1, name, span);
    ir_op_get(in->m, op)->site = site;
    ir_value v = ir_op_result(in->m, op, 0);
    ir_value_get(in->m, v)->type.elem = IR_POISON;
    ARENA_PUSH(in->m->arena, &in->model->ops, op);
    return v;
}

static ir_value value_here(const frame *f, ir_value v)
{
    return v < f->in->value_count ? f->in->value_of[v] : 0;
}

static ir_expr symbol_value(const frame *f, const ir_expr_data *use)
{
    ir_module *m = f->in->m;
    for (uint32_t i = 0; i < f->symbols.count; i++) {
        if (f->symbols.at[i].name != use->name)
            continue;
        ir_expr_data value = *ir_expr_get(m, f->symbols.at[i].value);
        if (value.kind != EXPR_NUMBER && value.kind != EXPR_ELEMENT)
            return f->symbols.at[i].value;
        value.span = use->span; /* faults belong where the name is used */
        return ir_expr_new(m, value);
    }
    return ir_expr_new(m, (ir_expr_data){.kind = EXPR_POISON, .span = use->span});
}

static ir_expr expr_here(ir_module *m, ir_expr e, void *context)
{
    const frame *f = context;
    ir_expr_data data = *ir_expr_get(m, e);
    if (data.kind == EXPR_SYMBOL)
        return symbol_value(f, &data);
    if (data.kind != EXPR_ELEMENT)
        return e;
    data.value = value_here(f, data.value);
    if (!data.value)
        data = (ir_expr_data){.kind = EXPR_POISON, .span = data.span};
    return ir_expr_new(m, data);
}

/* ---- calls ---- */

/* Whether a value holds integers, as far as its origin tells: an i32 input, however its axes are arranged. */
static bool is_integer(const ir_module *m, ir_value v)
{
    for (;;) {
        const ir_value_data *data = ir_value_get(m, v);
        if (!data->op)
            return data->type.elem == IR_I32;
        const ir_op_data *op = ir_op_get(m, data->op);
        if (op->code != OP_TRANSPOSE && op->code != OP_SPLIT_HEADS && op->code != OP_MERGE_HEADS)
            return false;
        v = op->operands[0];
    }
}

static ir_function *find_function(const ir_module *m, ir_name name)
{
    for (uint32_t i = 0; i < m->functions.count; i++)
        if (m->functions.at[i]->name == name && m->functions.at[i]->kind != FUNCTION_MODEL)
            return m->functions.at[i];
    return NULL;
}

static bool is_active(const frame *f, const ir_function *callee)
{
    for (; f; f = f->outer)
        if (f->callee == callee)
            return true;
    return false;
}

/* The shape names of a signature, in order of first appearance. */
static uint32_t shape_names(const ir_function *callee, ir_name *names)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < callee->parameters.count; p++) {
        const ir_type *type = &callee->parameters.at[p].type;
        for (int32_t d = 0; d < type->rank; d++) {
            uint32_t i = 0;
            while (i < count && IR_DIM_NAMED(names[i]) != type->dim[d])
                i++;
            if (type->dim[d] < 0 && i == count)
                names[count++] = IR_DIM_NAME(type->dim[d]);
        }
    }
    return count;
}

/* Arguments as the signature declares them: integers become floats where floats are declared. */
static ir_value *convert_arguments(frame *callee, const ir_op_data *call, const frame *caller)
{
    ir_module *m = callee->in->m;
    uint32_t count = callee->callee->parameters.count;
    ir_value *arguments = ARENA_ARRAY(m->arena, ir_value, count);
    for (uint32_t i = 0; i < count; i++) {
        ir_value v = i < call->operand_count ? value_here(caller, call->operands[i]) : 0;
        ir_span span = call->operand_spans && i < call->operand_count ? call->operand_spans[i] : call->span;
        if (!v)
            v = poison_value(callee->in, 0, span, caller->site);
        if (callee->callee->parameters.at[i].type.elem == IR_F32 && is_integer(m, v)) {
            ir_op op = ir_op_new(m, OP_TO_F32, &v, 1, 1, 0, span);
            ir_op_get(m, op)->site = caller->site;
            ARENA_PUSH(m->arena, &callee->in->model->ops, op);
            v = ir_op_result(m, op, 0);
        }
        arguments[i] = v;
    }
    return arguments;
}

static void add_bind(frame *callee, const ir_op_data *call, const ir_value *arguments)
{
    ir_module *m = callee->in->m;
    const ir_function *function = callee->callee;
    uint32_t count = function->parameters.count;
    ir_name *names = ARENA_ARRAY(m->arena, ir_name, (size_t)count * ISG_MAX_RANK);
    uint32_t name_count = shape_names(function, names);
    ir_op op = ir_op_new(m, OP_BIND, arguments, count, name_count, 0, call->span);
    ir_parameter *signature = ARENA_ARRAY(m->arena, ir_parameter, count);
    for (uint32_t i = 0; i < count; i++) {
        signature[i] = function->parameters.at[i];
        signature[i].value = 0;
    }
    ir_op_data *data = ir_op_get(m, op);
    data->site = callee->site;
    data->operand_spans = call->operand_spans;
    data->attributes[0] = (ir_attribute){.present = true, .name = function->name};
    data->attributes[1] = (ir_attribute){.present = true, .list = signature, .count = count};
    ARENA_PUSH(m->arena, &callee->in->model->ops, op);
    for (uint32_t i = 0; i < name_count; i++) {
        ir_value v = ir_op_result(m, op, i);
        ir_value_get(m, v)->name = names[i];
        ARENA_PUSH(m->arena, &callee->symbols, ((symbol){names[i], ir_element(m, v, NULL, 0, call->span)}));
    }
}

static const ir_option *given_option(const ir_op_data *call, ir_name name)
{
    const ir_option *options = call->attributes[1].list;
    for (uint32_t i = 0; call->attributes[1].present && i < call->attributes[1].count; i++)
        if (options[i].name == name)
            return &options[i];
    return NULL;
}

/* Given options are expressions of the caller, defaults of the callee. */
static void add_options(frame *callee, const ir_op_data *call, const frame *caller)
{
    ir_module *m = callee->in->m;
    for (uint32_t i = 0; i < callee->callee->options.count; i++) {
        ir_option option = callee->callee->options.at[i];
        const ir_option *given = given_option(call, option.name);
        ir_expr value = given ? ir_expr_map(m, given->value, true, expr_here, (void *)caller)
                              : ir_expr_map(m, option.value, true, expr_here, callee);
        ARENA_PUSH(m->arena, &callee->symbols, ((symbol){option.name, value}));
    }
}

static void copy_body(frame *f);

static bool is_too_large(inliner *in, ir_span span)
{
    if (!in->too_large && (in->model->ops.count > MAX_OPERATIONS || in->m->exprs.count > in->expr_limit)) {
        diagnostics_error(in->m->diagnostics, span,
                          "the program is too large once its calls are expanded (the limit is %d operations)",
                          (int)MAX_OPERATIONS);
        in->too_large = true;
    }
    return in->too_large;
}

static void poison_results(frame *caller, const ir_op_data *call)
{
    for (uint32_t i = 0; i < call->result_count; i++) {
        const ir_value_data old = *ir_value_get(caller->in->m, call->results[i]);
        caller->in->value_of[call->results[i]] = poison_value(caller->in, old.name, old.span, caller->site);
    }
}

static bool can_expand(frame *caller, const ir_op_data *call, const ir_function *callee)
{
    inliner *in = caller->in;
    if (!callee || is_active(caller, callee) || is_too_large(in, call->span))
        return false; /* the frontend reported unknown names and recursion */
    if (caller->depth < MAX_CALL_DEPTH)
        return true;
    diagnostics_error(in->m->diagnostics, call->span, "calls are nested more than %d deep", (int)MAX_CALL_DEPTH);
    return false;
}

static void expand_call(frame *caller, const ir_op_data *call)
{
    inliner *in = caller->in;
    ir_module *m = in->m;
    const ir_function *function = find_function(m, call->attributes[0].name);
    if (!can_expand(caller, call, function)) {
        poison_results(caller, call);
        return;
    }
    ARENA_PUSH(m->arena, &m->sites, ((ir_site){call->span, function->name, caller->site}));
    frame callee = {.in = in, .callee = function, .outer = caller, .site = m->sites.count - 1, .depth = caller->depth + 1};
    ir_value *arguments = convert_arguments(&callee, call, caller);
    add_bind(&callee, call, arguments);
    add_options(&callee, call, caller);
    for (uint32_t i = 0; i < function->parameters.count; i++)
        in->value_of[function->parameters.at[i].value] = arguments[i];
    copy_body(&callee);
    for (uint32_t i = 0; i < call->result_count; i++) {
        const ir_value_data old = *ir_value_get(m, call->results[i]);
        ir_value v = i < function->results.count ? value_here(&callee, function->results.at[i].value) : 0;
        in->value_of[call->results[i]] = v ? v : poison_value(in, old.name, old.span, caller->site);
    }
}

/* ---- other operations ---- */

/* `member` of a group is the group of the longer path; of anything else it is poison. */
static void copy_member(frame *f, const ir_op_data *old, ir_op_data *made)
{
    ir_module *m = f->in->m;
    ir_value group = value_here(f, old->operands[0]);
    const ir_op_data *of = group ? ir_op_get(m, ir_value_get(m, group)->op) : NULL;
    made->operands = NULL;
    made->operand_count = 0;
    made->attributes[0] = (ir_attribute){0};
    if (!of || of->code != OP_GROUP) {
        made->code = OP_POISON;
        return;
    }
    made->code = OP_GROUP;
    char *path = arena_format(m->arena, "%s.%s", ir_text(m, of->attributes[0].name), ir_text(m, old->attributes[0].name));
    made->attributes[0] = (ir_attribute){.present = true, .name = ir_intern_text(m, path)};
}

static bool depends_on_poison(const frame *f, const ir_op_data *old)
{
    for (uint32_t i = 0; i < old->operand_count; i++)
        if (old->operands[i] && !value_here(f, old->operands[i]))
            return true;
    return false;
}

static void copy_results(frame *f, const ir_op_data *old, ir_op op)
{
    ir_module *m = f->in->m;
    for (uint32_t i = 0; i < old->result_count; i++) {
        const ir_value_data result = *ir_value_get(m, old->results[i]);
        ir_value v = ir_op_result(m, op, i);
        ir_value_get(m, v)->name = result.name;
        ir_value_get(m, v)->span = result.span;
        if (ir_op_get(m, op)->code == OP_POISON)
            ir_value_get(m, v)->type.elem = IR_POISON;
        f->in->value_of[old->results[i]] = v;
    }
}

static void copy_op(frame *f, ir_op_data old)
{
    ir_module *m = f->in->m;
    ir_value *operands = ARENA_ARRAY(m->arena, ir_value, old.operand_count);
    for (uint32_t i = 0; i < old.operand_count; i++)
        operands[i] = old.operands[i] ? value_here(f, old.operands[i]) : 0;
    ir_op op = ir_op_new(m, old.code, operands, old.operand_count, old.result_count, 0, old.span);
    ir_op_data made = *ir_op_get(m, op);
    memcpy(made.attributes, old.attributes, sizeof made.attributes);
    made.operand_spans = old.operand_spans;
    made.site = f->site;
    if (old.code == OP_MEMBER)
        copy_member(f, &old, &made);
    else if (depends_on_poison(f, &old))
        made = (ir_op_data){OP_POISON, .results = made.results, .result_count = made.result_count, .span = old.span,
                            .site = f->site};
    *ir_op_get(m, op) = made;
    ir_op_map_exprs(m, op, true, expr_here, f);
    copy_results(f, &old, op);
    ARENA_PUSH(m->arena, &f->in->model->ops, op);
}

static void copy_body(frame *f)
{
    for (uint32_t i = 0; i < f->callee->ops.count; i++) {
        const ir_op_data old = *ir_op_get(f->in->m, f->callee->ops.at[i]);
        if (old.code == OP_CALL)
            expand_call(f, &old);
        else
            copy_op(f, old);
    }
}

/* ---- the model ---- */

static void list_models(ir_module *m, diagnostic *d)
{
    const char *list = "";
    for (uint32_t i = 0; i < m->functions.count; i++)
        if (m->functions.at[i]->kind == FUNCTION_MODEL)
            list = arena_format(m->arena, "%s%s%s", list, *list ? ", " : "", ir_text(m, m->functions.at[i]->name));
    if (*list)
        diagnostic_hint(m->diagnostics, d, "the models are: %s", list);
}

/* The model to compile; NULL after reporting why there is none. With several and none named, the first
 * is taken all the same, so that its other faults are found. */
static const ir_function *choose_model(ir_module *m, const char *name)
{
    const ir_function *first = NULL, *second = NULL;
    for (uint32_t i = 0; i < m->functions.count; i++) {
        const ir_function *f = m->functions.at[i];
        if (f->kind != FUNCTION_MODEL)
            continue;
        if (name && !strcmp(ir_text(m, f->name), name))
            return f;
        if (!first)
            first = f;
        else if (!second)
            second = f;
    }
    if (!first) {
        if (!m->diagnostics->error_count) /* else the frontend said so */
            diagnostics_error(m->diagnostics, (ir_span){0}, "there is no model to compile");
        return NULL;
    }
    if (name) {
        list_models(m, diagnostics_error(m->diagnostics, (ir_span){0}, "there is no model named '%s'", name));
        return NULL;
    }
    if (second)
        list_models(m, diagnostics_error(m->diagnostics, second->span, "several models: choose one with --model NAME"));
    return first;
}

/* Deep expressions are refused here, before anything walks them recursively. Operands are made before
 * their expression, so one sweep over the array finds every depth. */
static void limit_expression_depth(ir_module *m)
{
    uint32_t *depth = ARENA_ARRAY(m->arena, uint32_t, m->exprs.count);
    for (uint32_t e = 1; e < m->exprs.count; e++) {
        ir_expr_data *data = &m->exprs.at[e];
        uint32_t deepest = depth[data->condition];
        for (uint32_t i = 0; i < data->arg_count; i++)
            deepest = depth[data->args[i]] > deepest ? depth[data->args[i]] : deepest;
        for (uint32_t i = 0; i < data->index_count; i++) {
            uint32_t extent = depth[ir_index_get(m, data->indices[i])->extent];
            deepest = extent > deepest ? extent : deepest;
        }
        depth[e] = deepest + 1;
        if (depth[e] <= MAX_EXPRESSION_DEPTH)
            continue;
        diagnostics_error(m->diagnostics, data->span, "this expression is nested more than %d deep", (int)MAX_EXPRESSION_DEPTH);
        *data = (ir_expr_data){.kind = EXPR_POISON, .span = data->span};
        depth[e] = 0;
    }
}

/* An input of a model has its shape in numbers; the frontend sees to it, text may not. */
static ir_parameter check_input(ir_module *m, ir_parameter p)
{
    bool named = p.type.elem == IR_GROUP;
    for (int32_t d = 0; d < p.type.rank; d++)
        named |= p.type.dim[d] < 0;
    if (named) {
        diagnostics_error(m->diagnostics, p.span, "the shape of input '%s' must be given in numbers", ir_text(m, p.name));
        p.type = (ir_type){.elem = IR_POISON};
        ir_value_get(m, p.value)->type = p.type;
    }
    return p;
}

static ir_function *begin_model(ir_module *m, const ir_function *from)
{
    ir_function *model = ARENA_NEW(m->arena, ir_function);
    model->kind = FUNCTION_MODEL;
    model->name = from ? from->name : ir_intern_text(m, "none");
    if (from) {
        model->span = from->span;
        for (uint32_t i = 0; i < from->parameters.count; i++)
            ARENA_PUSH(m->arena, &model->parameters, check_input(m, from->parameters.at[i]));
    }
    return model;
}

static void copy_model(inliner *in, const ir_function *from)
{
    ir_module *m = in->m;
    for (uint32_t i = 0; i < from->parameters.count; i++)
        in->value_of[from->parameters.at[i].value] = from->parameters.at[i].value;
    frame f = {.in = in, .callee = from};
    copy_body(&f);
    for (uint32_t i = 0; i < from->results.count; i++) {
        ir_result result = from->results.at[i];
        result.value = value_here(&f, result.value);
        if (!result.value)
            result.value = poison_value(in, 0, result.span, 0);
        ARENA_PUSH(m->arena, &in->model->results, result);
    }
}

void pass_inline(ir_module *m, const pass_options *options)
{
    const ir_function *from = choose_model(m, options->model);
    inliner in = {.m = m, .model = begin_model(m, from), .value_count = m->values.count};
    in.value_of = ARENA_ARRAY(m->arena, ir_value, in.value_count);
    limit_expression_depth(m);
    in.expr_limit = m->exprs.count > (UINT32_MAX - MAX_EXPRESSIONS) / 4 ? UINT32_MAX : m->exprs.count * 4 + MAX_EXPRESSIONS;
    if (from)
        copy_model(&in, from);
    m->functions.count = 0;
    ARENA_PUSH(m->arena, &m->functions, in.model);
    m->stage = STAGE_GRAPH;
}
