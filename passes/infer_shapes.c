/* infer_shapes.c - the pass `infer-shapes`.
 *
 * Requires: stage graph, after inline. Establishes: every value has a type; expressions have complete
 * elements, explicit reductions and numbers as extents; `bind`, `group` and `load` are gone, and
 * parameters are `param` operations. Every rule about shapes, ranges and integers is checked. Running it
 * again changes nothing. What it does to each operation is in infer.h and the files named there.
 */
#include "passes/constant.h"
#include "passes/index_range.h"
#include "passes/infer.h"

#include <math.h>

/* ---- shared helpers ---- */

diagnostic *infer_error(infer *in, ir_span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = arena_vformat(in->m->arena, format, list);
    va_end(list);
    diagnostic *d = diagnostics_error(in->m->diagnostics, span, "%s", message);
    for (uint32_t site = in->site; site; site = in->m->sites.at[site].parent) {
        const ir_site *s = &in->m->sites.at[site];
        diagnostic_note_at(in->m->diagnostics, d, s->call, "in this call of '%s'", ir_text(in->m, s->callee));
    }
    return d;
}

const char *shape_text(infer *in, const int64_t *dim, int32_t rank)
{
    const char *text = "";
    for (int32_t i = 0; i < rank; i++)
        text = arena_format(in->m->arena, "%s%s%lld", text, i ? ", " : "", (long long)dim[i]);
    return arena_format(in->m->arena, "[%s]", text);
}

ir_type type_of(const infer *in, ir_value v)
{
    return ir_value_get(in->m, v)->type;
}

known_number known_element(const infer *in, ir_value v)
{
    return v < in->value_count ? in->numbers[v] : (known_number){0};
}

void infer_push(infer *in, ir_op op)
{
    ARENA_PUSH(in->m->arena, &in->ops, op);
}

void infer_poison(infer *in, ir_op op)
{
    ir_op_data *data = ir_op_get(in->m, op);
    *data = (ir_op_data){
        .code = OP_POISON, .results = data->results, .result_count = data->result_count, .span = data->span, .site = data->site};
    for (uint32_t i = 0; i < data->result_count; i++)
        ir_value_get(in->m, data->results[i])->type = (ir_type){.elem = IR_POISON};
}

void infer_result(infer *in, ir_op op, ir_type type)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    if (ir_type_elements(type) < 0) {
        infer_error(in, data.span, "a tensor of shape %s has more than 2^31 elements", shape_text(in, type.dim, type.rank));
        type = (ir_type){.elem = IR_POISON};
    }
    ir_value_get(in->m, data.results[0])->type = type;
}

ir_value infer_as_float(infer *in, ir_value v, ir_span span)
{
    ir_op op = ir_op_new(in->m, OP_TO_F32, &v, 1, 1, 0, span);
    ir_op_get(in->m, op)->site = in->site;
    ir_type type = type_of(in, v);
    type.elem = IR_F32;
    infer_result(in, op, type);
    infer_push(in, op);
    return ir_op_result(in->m, op, 0);
}

/* ---- operations given by expressions ---- */

static void note_number(infer *in, ir_value v, double number)
{
    if (v < in->value_count)
        in->numbers[v] = (known_number){true, number};
}

/* A scalar `map` of constants is its number wherever it is read, so that what is computed from it is
 * checked as a constant too. */
static void note_constant_map(infer *in, const ir_op_data *map)
{
    const ir_attribute *where = &map->attributes[1];
    double holds = 1, number = 0;
    if (where->present && !constant_evaluate(in->m, where->expr, &holds))
        return;
    if (holds == 0 || (constant_evaluate(in->m, map->attributes[2].expr, &number) && isfinite(number)))
        note_number(in, map->results[0], number);
}

static bool infer_constant_op(infer *in, ir_op op)
{
    ir_attribute value = ir_op_get(in->m, op)->attributes[0];
    ir_span span = ir_expr_get(in->m, value.expr)->span;
    double number;
    if (!infer_constant(in, &value.expr, &number))
        return false;
    if (!isfinite((float)number)) {
        infer_error(in, span, "the constant %.15g is beyond the range of float32", number);
        return false;
    }
    ir_value v = ir_op_result(in->m, op, 0);
    if (v < in->value_count)
        in->constants[v] = (known_number){true, number};
    ir_op_get(in->m, op)->attributes[0] = value;
    infer_result(in, op, (ir_type){.elem = IR_F32});
    note_number(in, v, (float)number);
    return true;
}

static void refuse_tensor_element(infer *in, ir_value v, ir_span span, const shape *s, bool indexed)
{
    const char *name = ir_text(in->m, ir_value_get(in->m, v)->name), *text = shape_text(in, s->dim, s->rank);
    name = *name ? arena_format(in->m->arena, "'%s'", name) : "the value";
    diagnostic *d =
        infer_error(in, span, "%s%s is a tensor of shape %s, not a number", indexed ? "each element of " : "", name, text);
    diagnostic_hint(in->m->diagnostics, d, "%s, or reduce it with dot, sum, mean, min or max",
                    indexed ? "give it more indices" : "name its elements with indices");
}

/* `over`, as the axes of a type; false when that is no tensor. */
static bool type_over(infer *in, const ir_attribute *over, ir_elem elem, ir_span span, ir_type *out)
{
    *out = (ir_type){.elem = elem};
    if (over->count > ISG_MAX_RANK) {
        infer_error(in, span, "%u indices, but a tensor has at most %d axes", over->count, ISG_MAX_RANK);
        return false;
    }
    out->rank = (int32_t)over->count;
    const ir_index *indices = over->list;
    bool fine = infer_extents(in, indices, over->count);
    for (uint32_t i = 0; i < over->count; i++)
        out->dim[i] = ir_index_extent(in->m, indices[i]);
    return fine;
}

/* map and readout: the elements over indices, where a condition holds. */
static bool infer_map(infer *in, ir_op op, ir_elem elem)
{
    ir_op_data data = *ir_op_get(in->m, op);
    ir_attribute *over = &data.attributes[0], *where = &data.attributes[1], *element = &data.attributes[2];
    ir_type type;
    shape s;
    bool poison = !type_over(in, over, elem, data.span, &type);
    if (where->present)
        where->expr = infer_condition(in, where->expr, &poison);
    ir_span span = ir_expr_get(in->m, element->expr)->span;
    element->expr = infer_expr(in, element->expr, &s);
    if (!s.poison && s.rank) {
        refuse_tensor_element(in, data.results[0], span, &s, over->count > 0);
        s.poison = true;
    }
    poison |= !check_expr(in, over->list, over->count, where->present ? where->expr : 0, element->expr) || s.poison;
    *ir_op_get(in->m, op) = data;
    if (poison)
        return false;
    infer_result(in, op, type);
    if (data.code == OP_MAP && !over->count)
        note_constant_map(in, &data);
    return true;
}

static bool infer_spin(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    ir_type type;
    if (!type_over(in, &data.attributes[0], IR_SPIN, data.span, &type))
        return false;
    infer_result(in, op, type);
    return true;
}

static bool infer_minimize(infer *in, ir_op op)
{
    ir_attribute energy = ir_op_get(in->m, op)->attributes[1];
    ir_span span = ir_expr_get(in->m, energy.expr)->span;
    shape s;
    energy.expr = infer_expr(in, energy.expr, &s);
    if (!s.poison && s.rank) {
        diagnostic *d = infer_error(in, span, "the energy is a tensor of shape %s, not a number", shape_text(in, s.dim, s.rank));
        diagnostic_hint(in->m->diagnostics, d, "give it more indices, or reduce it with dot, sum, mean, min or max");
        s.poison = true;
    }
    ir_op_get(in->m, op)->attributes[1] = energy;
    return check_expr(in, NULL, 0, 0, energy.expr) && !s.poison;
}

/* ---- the walk ---- */

static bool has_poison_operand(const infer *in, ir_op op)
{
    const ir_op_data *data = ir_op_get(in->m, op);
    for (uint32_t i = 0; i < data->operand_count; i++)
        if (data->operands[i] && type_of(in, data->operands[i]).elem == IR_POISON)
            return true;
    return false;
}

static bool in_failed_call(const infer *in, uint32_t site)
{
    for (; site; site = in->m->sites.at[site].parent)
        if (in->failed_sites[site])
            return true;
    return false;
}

/* A call's arguments are a matter of the caller, so the call itself is no note of its faults. */
static void infer_call(infer *in, ir_op op)
{
    uint32_t site = in->site;
    in->site = in->m->sites.at[site].parent;
    if (!infer_bind(in, op))
        in->failed_sites[site] = site != 0;
    in->site = site;
}

static bool infer_op(infer *in, ir_op op)
{
    switch (ir_op_get(in->m, op)->code) {
    case OP_GROUP:
        return infer_group(in, op);
    case OP_LOAD:
        return infer_load(in, op);
    case OP_PARAM:
        return infer_param(in, op);
    case OP_CONSTANT:
        return infer_constant_op(in, op);
    case OP_MAP:
        return infer_map(in, op, IR_F64);
    case OP_READOUT:
        return infer_map(in, op, IR_F32);
    case OP_SPIN:
        return infer_spin(in, op);
    case OP_MINIMIZE:
        return infer_minimize(in, op);
    default:
        return infer_tensor_op(in, op);
    }
}

static void visit_op(infer *in, ir_op op)
{
    in->site = ir_op_get(in->m, op)->site;
    ir_opcode code = ir_op_get(in->m, op)->code;
    if (in_failed_call(in, in->site)) {
        infer_poison(in, op);
    } else if (code == OP_BIND) {
        infer_call(in, op);
        return;
    } else if (code == OP_POISON || has_poison_operand(in, op) || !infer_op(in, op)) {
        infer_poison(in, op);
    }
    if (code != OP_GROUP)
        infer_push(in, op);
}

static void note_poison(ir_value v, void *context)
{
    struct {
        infer *in;
        bool found;
    } *search = context;
    search->found |= type_of(search->in, v).elem == IR_POISON;
}

/* A Hamiltonian whose energy is poison has no solution either. */
static void poison_unsolved(infer *in)
{
    for (uint32_t i = 0; i < in->unsolved.count; i++)
        if (ir_value_get(in->m, in->unsolved.at[i])->op)
            infer_poison(in, ir_value_get(in->m, in->unsolved.at[i])->op);
}

/* What reads poison is poison, including what came before the error was found. */
static void spread_poison(infer *in)
{
    ARENA_LIST(ir_op) ops = {0};
    for (uint32_t i = 0; i < in->ops.count; i++) {
        ir_op op = in->ops.at[i];
        struct {
            infer *in;
            bool found;
        } search = {in, false};
        ir_op_uses(in->m, op, note_poison, &search);
        if (search.found)
            infer_poison(in, op);
        if (ir_op_get(in->m, op)->code != OP_POISON || ir_op_get(in->m, op)->result_count)
            ARENA_PUSH(in->m->arena, &ops, op);
    }
    in->ops.at = ops.at;
    in->ops.count = ops.count;
    in->ops.capacity = ops.capacity;
}

/* Every spin array belongs to exactly one Hamiltonian; the frontend sees to it, text may not. */
static void check_spins(infer *in)
{
    uint32_t *hamiltonians = ARENA_ARRAY(in->m->arena, uint32_t, in->m->ops.count);
    for (uint32_t i = 0; i < in->ops.count; i++) {
        const ir_op_data *data = ir_op_get(in->m, in->ops.at[i]);
        for (uint32_t k = 0; data->code == OP_MINIMIZE && k < data->operand_count; k++)
            hamiltonians[ir_value_get(in->m, data->operands[k])->op]++;
    }
    for (uint32_t i = 0; i < in->ops.count; i++) {
        ir_op op = in->ops.at[i];
        const ir_op_data data = *ir_op_get(in->m, op);
        if (data.code != OP_SPIN || hamiltonians[op] == 1)
            continue;
        in->site = data.site;
        infer_error(in, data.span,
                    hamiltonians[op] ? "these spins belong to several Hamiltonians" : "these spins belong to no Hamiltonian");
        infer_poison(in, op);
    }
}

static void walk(infer *in)
{
    for (uint32_t i = 0; i < in->function->ops.count; i++) {
        ir_op op = in->function->ops.at[i];
        const ir_op_data before = *ir_op_get(in->m, op);
        visit_op(in, op);
        bool failed = before.code == OP_MINIMIZE && ir_op_get(in->m, op)->code == OP_POISON;
        for (uint32_t k = 0; failed && k < before.operand_count; k++)
            if (before.operands[k])
                ARENA_PUSH(in->m->arena, &in->unsolved, before.operands[k]);
    }
    poison_unsolved(in);
    check_spins(in);
    spread_poison(in);
}

/* ---- inputs and outputs ---- */

static void check_inputs(infer *in)
{
    for (uint32_t i = 0; i < in->function->parameters.count; i++) {
        ir_parameter *p = &in->function->parameters.at[i];
        if (p->type.elem != IR_POISON && ir_type_elements(p->type) < 0) {
            infer_error(in, p->span, "a tensor of shape %s has more than 2^31 elements",
                        shape_text(in, p->type.dim, p->type.rank));
            p->type = (ir_type){.elem = IR_POISON};
        }
        ir_value_get(in->m, p->value)->type = p->type;
    }
}

/* Outputs are float32. */
static void check_outputs(infer *in)
{
    in->site = 0;
    for (uint32_t i = 0; i < in->function->results.count; i++) {
        ir_result *r = &in->function->results.at[i];
        ir_elem elem = type_of(in, r->value).elem;
        if (elem == IR_I32)
            r->value = infer_as_float(in, r->value, r->span);
        else if (elem != IR_F32 && elem != IR_POISON)
            infer_error(in, r->span, "output '%s' is not a tensor of the model", ir_text(in->m, r->name));
    }
}

void pass_infer_shapes(ir_module *m, const pass_options *options)
{
    (void)options;
    if (!m->functions.count)
        return;
    infer in = {.m = m,
                .function = m->functions.at[0],
                .value_count = m->values.count,
                .trials_left = INDEX_TRIALS_MAX,
                .value_trials_left = INDEX_TRIALS_MAX};
    in.failed_sites = ARENA_ARRAY(m->arena, bool, m->sites.count);
    in.numbers = ARENA_ARRAY(m->arena, known_number, in.value_count);
    in.constants = ARENA_ARRAY(m->arena, known_number, in.value_count);
    check_inputs(&in);
    walk(&in);
    check_outputs(&in);
    in.function->ops.at = in.ops.at;
    in.function->ops.count = in.ops.count;
    in.function->ops.capacity = in.ops.capacity;
}
