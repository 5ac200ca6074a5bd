/* verify.c - does a module keep the promises of its stage (ir.h)? Run between passes; a fault is a defect
 * of the pass before, or of a hand-written text. */
#include "ir/verifier.h"
#include "ir/text.h"

#include <string.h>

bool verifier_fail(verifier *v, const char *format, ...)
{
    if (v->fault)
        return false;
    va_list list;
    va_start(list, format);
    const char *message = arena_vformat(v->arena, format, list);
    va_end(list);
    if (v->op) {
        const char *result = v->op->result_count ? ir_text(v->module, ir_value_get(v->module, v->op->results[0])->name) : "";
        message = arena_format(v->arena, "%s%s%s: %s", ir_op_rows[v->op->code].text, *result ? " %" : "", result, message);
    }
    if (v->function)
        message = arena_format(v->arena, "@%s: %s", ir_text(v->module, v->function->name), message);
    v->fault = message;
    return false;
}

/* ---- values and types ---- */

bool verifier_value(verifier *v, ir_value value, const char *what)
{
    if (!value || value >= v->module->values.count)
        return verifier_fail(v, "%s reads a value that does not exist", what);
    if (v->defined_in[value] != v->function_number)
        return verifier_fail(v, "%s reads %%%s, which is not defined before", what,
                             ir_text(v->module, ir_value_get(v->module, value)->name));
    return true;
}

static bool check_type(verifier *v, ir_type type, const char *what)
{
    bool shapeless = type.elem == IR_UNKNOWN || type.elem == IR_POISON || type.elem == IR_GROUP;
    if (type.elem > IR_GROUP || type.rank < 0 || type.rank > ISG_MAX_RANK || (shapeless && type.rank))
        return verifier_fail(v, "%s has a malformed type", what);
    for (int32_t i = 0; i < type.rank; i++) {
        if (type.dim[i] < 0 && v->module->stage != STAGE_CALLS)
            return verifier_fail(v, "%s has a dimension without a size", what);
        if (type.dim[i] < 0 && (uint64_t)-type.dim[i] >= v->module->names.count)
            return verifier_fail(v, "%s has a malformed dimension", what);
    }
    if (v->module->stage >= STAGE_ISING && type.elem == IR_UNKNOWN)
        return verifier_fail(v, "%s has no type", what);
    if (v->module->stage >= STAGE_ISING && !shapeless && ir_type_elements(type) < 0)
        return verifier_fail(v, "%s has more than 2^31 elements", what);
    return true;
}

static bool define(verifier *v, ir_value value, ir_op op)
{
    if (!value || value >= v->module->values.count)
        return verifier_fail(v, "a result does not exist");
    const ir_value_data *data = ir_value_get(v->module, value);
    if (v->defined_in[value])
        return verifier_fail(v, "%%%s is defined twice", ir_text(v->module, data->name));
    if (data->op != op)
        return verifier_fail(v, "%%%s does not know its definition", ir_text(v->module, data->name));
    v->defined_in[value] = v->function_number;
    return check_type(v, data->type, op ? "a result" : "a parameter");
}

/* ---- operands and attributes ---- */

static bool may_be_absent(ir_opcode code, uint32_t position)
{
    return (code == OP_LAYERNORM && position >= 1) || (code == OP_LINEAR && position == 2);
}

static bool check_counts(verifier *v)
{
    const ir_op_row *row = &ir_op_rows[v->op->code];
    int operands = (int)v->op->operand_count;
    if (operands < row->min_operands || (row->max_operands >= 0 && operands > row->max_operands))
        return verifier_fail(v, "%d operands", operands);
    if (row->results >= 0 && v->op->result_count != (uint32_t)row->results)
        return verifier_fail(v, "%u results instead of %d", v->op->result_count, row->results);
    for (uint32_t i = 0; i < v->op->operand_count; i++) {
        if (!v->op->operands[i] && may_be_absent(v->op->code, i))
            continue;
        if (!verifier_value(v, v->op->operands[i], "an operand"))
            return false;
    }
    return true;
}

static bool check_options(verifier *v, const ir_option *options, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!verifier_expr(v, options[i].value, "an option"))
            return false;
        for (uint32_t k = 0; k < i; k++)
            if (options[k].name == options[i].name)
                return verifier_fail(v, "option `%s` is given twice", ir_text(v->module, options[i].name));
    }
    return true;
}

static bool check_spins(verifier *v, const ir_spins *spins, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t outer = v->scope.count;
        if (spins[i].index_count > ISG_MAX_RANK || !verifier_indices(v, spins[i].indices, spins[i].index_count))
            return verifier_fail(v, "a spin array has more than %d axes", ISG_MAX_RANK);
        v->scope.count = outer;
        if (spins[i].lowest != 0 && spins[i].lowest != -1)
            return verifier_fail(v, "spins have values other than {0, 1} and {-1, 1}");
    }
    if (v->op->result_count != count)
        return verifier_fail(v, "%u results for %u spin arrays", v->op->result_count, count);
    return true;
}

static bool check_box(verifier *v, const ir_box *box, int64_t *spins)
{
    const ir_attribute *arrays = &v->op->attributes[1];
    if (box->array >= arrays->count)
        return verifier_fail(v, "a part names a spin array that is not there");
    const ir_spins *array = (const ir_spins *)arrays->list + box->array;
    int64_t size = 1;
    if (box->rank != array->index_count)
        return verifier_fail(v, "a part gives %u ranges for %u axes", box->rank, array->index_count);
    for (uint32_t k = 0; k < box->rank; k++) {
        if (box->begin[k] < 0 || box->begin[k] > box->end[k] || box->end[k] > ir_index_extent(v->module, array->indices[k]))
            return verifier_fail(v, "a part's range %lld:%lld is beyond its axis", (long long)box->begin[k],
                                 (long long)box->end[k]);
        if (__builtin_mul_overflow(size, box->end[k] - box->begin[k], &size))
            return verifier_fail(v, "a part has more spins than can be counted");
    }
    return !__builtin_add_overflow(*spins, size, spins) || verifier_fail(v, "a part has more spins than can be counted");
}

static bool boxes_overlap(const ir_box *a, const ir_box *b)
{
    bool overlap = a->array == b->array;
    for (uint32_t k = 0; k < a->rank && overlap; k++)
        overlap = a->begin[k] < b->end[k] && b->begin[k] < a->end[k];
    return overlap;
}

/* Boxes that do not overlap and have as many spins as there are hold every spin once. */
static bool check_parts(verifier *v, const ir_part *parts, uint32_t count)
{
    int64_t covered = 0, spins = 0;
    for (uint32_t i = 0; i < v->op->result_count; i++)
        spins += ir_type_elements(ir_value_get(v->module, v->op->results[i])->type);
    ARENA_LIST(const ir_box *) boxes = {0};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t b = 0; b < parts[i].box_count; b++) {
            const ir_box *box = &parts[i].boxes[b];
            if (!check_box(v, box, &covered))
                return false;
            for (uint32_t k = 0; k < boxes.count; k++)
                if (boxes_overlap(box, boxes.at[k]))
                    return verifier_fail(v, "a spin is in two parts");
            ARENA_PUSH(v->arena, &boxes, box);
        }
    return covered == spins || verifier_fail(v, "the parts hold %lld of %lld spins", (long long)covered, (long long)spins);
}

static bool check_attribute(verifier *v, const ir_attribute_row *row, const ir_attribute *a)
{
    switch (row->kind) {
    case ATTR_EXPR:
        return strcmp(row->key, "where") ? verifier_expr(v, a->expr, row->key) : verifier_condition(v, a->expr, row->key);
    case ATTR_NAME:
    case ATTR_PATH:
        return a->name < v->module->names.count || verifier_fail(v, "`%s` is no name", row->key);
    case ATTR_INDICES:
        if (a->count > ISG_MAX_RANK)
            return verifier_fail(v, "more than %d indices", ISG_MAX_RANK);
        return verifier_indices(v, a->list, a->count);
    case ATTR_OPTIONS:
        return check_options(v, a->list, a->count);
    case ATTR_DOMAIN:
        return a->number == 0 || a->number == -1 || verifier_fail(v, "a domain is 0 or -1");
    case ATTR_COUNT:
        return a->number >= 0 || verifier_fail(v, "`%s` is negative", row->key);
    case ATTR_SPINS:
        return check_spins(v, a->list, a->count);
    case ATTR_PARTS:
        return check_parts(v, a->list, a->count);
    case ATTR_TERMS:
        return verifier_terms(v, v->op->attributes[1].list, v->op->attributes[1].count, a->list, a->count);
    case ATTR_SIGNATURE:
        break;
    }
    return true;
}

static bool check_attributes(verifier *v)
{
    const ir_attribute_row *rows = ir_op_rows[v->op->code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++) {
        const ir_attribute *a = &v->op->attributes[i];
        if (!a->present && !rows[i].optional)
            return verifier_fail(v, "`%s` is missing", rows[i].key);
        if (a->present && !check_attribute(v, &rows[i], a))
            return false;
    }
    v->scope.count = 0;
    return true;
}

/* ---- what only some operations promise ---- */

static bool check_call(verifier *v)
{
    const ir_function *callee = NULL;
    for (uint32_t i = 0; i < v->module->functions.count; i++)
        if (v->module->functions.at[i]->name == v->op->attributes[0].name)
            callee = v->module->functions.at[i];
    if (!callee || callee->kind == FUNCTION_MODEL)
        return verifier_fail(v, "there is no function @%s", ir_text(v->module, v->op->attributes[0].name));
    if (v->op->operand_count != callee->parameters.count)
        return verifier_fail(v, "%u operands for %u parameters", v->op->operand_count, callee->parameters.count);
    if (v->op->result_count != callee->results.count)
        return verifier_fail(v, "%u results instead of %u", v->op->result_count, callee->results.count);
    return true;
}

static bool check_bind(verifier *v)
{
    const ir_parameter *parameters = v->op->attributes[1].list;
    uint32_t count = v->op->attributes[1].count, names = 0;
    for (uint32_t p = 0; p < count; p++)
        for (int32_t i = 0; i < parameters[p].type.rank; i++) {
            bool first = parameters[p].type.dim[i] < 0;
            for (uint32_t q = 0; q <= p && first; q++)
                for (int32_t k = 0; k < (q == p ? i : parameters[q].type.rank) && first; k++)
                    first = parameters[q].type.dim[k] != parameters[p].type.dim[i];
            names += first;
        }
    if (v->op->operand_count != count)
        return verifier_fail(v, "%u operands for a signature of %u", v->op->operand_count, count);
    if (v->op->result_count != names)
        return verifier_fail(v, "%u results for %u shape names", v->op->result_count, names);
    return true;
}

static bool check_minimize(verifier *v)
{
    for (uint32_t i = 0; i < v->op->operand_count; i++) {
        ir_op source = ir_value_get(v->module, v->op->operands[i])->op;
        ir_opcode code = source ? ir_op_get(v->module, source)->code : OP_NONE;
        if (code != OP_SPIN && code != OP_POISON)
            return verifier_fail(v, "an operand is not a spin array");
    }
    return true;
}

static bool check_op(verifier *v, ir_op op)
{
    const ir_op_data data = *ir_op_get(v->module, op);
    v->op = &data;
    if (data.code == OP_NONE || data.code >= OP_COUNT)
        return verifier_fail(v, "no such operation");
    if (!(ir_op_rows[data.code].stages & 1u << v->module->stage))
        return verifier_fail(v, "not legal at stage %s", text_stages[v->module->stage]);
    if (!check_counts(v) || !check_attributes(v))
        return false;
    if ((data.code == OP_CALL && !check_call(v)) || (data.code == OP_BIND && !check_bind(v)) ||
        (data.code == OP_MINIMIZE && !check_minimize(v)))
        return false;
    for (uint32_t i = 0; i < data.result_count; i++)
        if (!define(v, data.results[i], op))
            return false;
    bool good = verifier_types(v);
    v->op = NULL;
    return good;
}

/* ---- functions and the module ---- */

static bool check_results(verifier *v, const ir_function *f)
{
    if (f->kind == FUNCTION_FN && f->results.count != 1)
        return verifier_fail(v, "%u results instead of one", f->results.count);
    for (uint32_t i = 0; i < f->results.count; i++) {
        const ir_result *result = &f->results.at[i];
        if (!verifier_value(v, result->value, "a result"))
            return false;
        if (f->kind != FUNCTION_FN && !result->name)
            return verifier_fail(v, "a result has no name");
        for (uint32_t k = 0; k < i; k++)
            if (f->results.at[k].name == result->name)
                return verifier_fail(v, "two results are named `%s`", ir_text(v->module, result->name));
    }
    return true;
}

static bool check_function(verifier *v, const ir_function *f)
{
    v->function = f;
    v->function_number++;
    for (uint32_t i = 0; i < f->parameters.count; i++) {
        const ir_parameter *p = &f->parameters.at[i];
        if (!define(v, p->value, 0))
            return false;
        if (!ir_type_equal(p->type, ir_value_get(v->module, p->value)->type))
            return verifier_fail(v, "parameter `%s` and its value differ in type", ir_text(v->module, p->name));
        if (p->type.elem == IR_UNKNOWN)
            return verifier_fail(v, "parameter `%s` has no type", ir_text(v->module, p->name));
        if (f->kind == FUNCTION_MODEL && !p->name)
            return verifier_fail(v, "an input has no name");
    }
    if (!check_options(v, f->options.at, f->options.count))
        return false;
    for (uint32_t i = 0; i < f->ops.count; i++)
        if (!check_op(v, f->ops.at[i]))
            return false;
    return check_results(v, f);
}

static bool check_functions(verifier *v)
{
    const ir_module *m = v->module;
    if (m->stage >= STAGE_COUNT)
        return verifier_fail(v, "no such stage");
    if (m->stage != STAGE_CALLS && (m->functions.count != 1 || m->functions.at[0]->kind != FUNCTION_MODEL))
        return verifier_fail(v, "at stage %s there is exactly one function, the model", text_stages[m->stage]);
    bool *used = ARENA_ARRAY(v->arena, bool, m->names.count);
    for (uint32_t i = 0; i < m->functions.count; i++) {
        ir_name name = m->functions.at[i]->name;
        if (!name || name >= m->names.count || used[name])
            return verifier_fail(v, "two functions have the same name, or one has none");
        used[name] = true;
    }
    for (uint32_t i = 0; i < m->functions.count; i++)
        if (!check_function(v, m->functions.at[i]))
            return false;
    return true;
}

static bool check_weights(verifier *v)
{
    const ir_module *m = v->module;
    bool *used = ARENA_ARRAY(v->arena, bool, m->names.count);
    for (uint32_t i = 0; i < m->weights.count; i++) {
        const ir_weight *w = &m->weights.at[i];
        if (!w->path || w->path >= m->names.count || used[w->path])
            return verifier_fail(v, "two parameters have the same path, or one has none");
        used[w->path] = true;
        for (int32_t k = 0; k < w->type.rank && k < ISG_MAX_RANK; k++)
            if (w->type.dim[k] < 0)
                return verifier_fail(v, "the shape of parameter @%s is not all numbers", ir_text(m, w->path));
        if (!check_type(v, w->type, arena_format(v->arena, "parameter @%s", ir_text(m, w->path))))
            return false;
    }
    return true;
}

const char *ir_verify(const ir_module *m)
{
    verifier v = {.module = m, .arena = m->arena};
    v.defined_in = ARENA_ARRAY(m->arena, uint32_t, m->values.count);
    if (check_weights(&v))
        check_functions(&v);
    return v.fault;
}
