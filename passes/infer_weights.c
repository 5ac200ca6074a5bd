/* infer_weights.c - parameters: from paths to typed `param` operations (infer.h). */
#include "passes/infer.h"

#include <string.h>

const char *infer_group_path(const infer *in, ir_value group)
{
    const ir_op_data *op = ir_op_get(in->m, ir_value_get(in->m, group)->op);
    return op->code == OP_GROUP ? ir_text(in->m, op->attributes[0].name) : NULL;
}

static const ir_weight *find_weight(const infer *in, const char *path)
{
    ir_name name = ir_intern_text(in->m, path);
    for (uint32_t i = 0; i < in->m->weights.count; i++)
        if (in->m->weights.at[i].path == name)
            return &in->m->weights.at[i];
    return NULL;
}

/* Whether some parameter lies below the path. */
static bool is_group(const infer *in, const char *path)
{
    size_t length = strlen(path);
    for (uint32_t i = 0; i < in->m->weights.count; i++) {
        const char *weight = ir_text(in->m, in->m->weights.at[i].path);
        if (!strncmp(weight, path, length) && weight[length] == '.')
            return true;
    }
    return false;
}

/* The nearest of all paths and of the groups they lie in. */
static const char *nearest_path(infer *in, const char *path)
{
    arena *a = in->m->arena;
    struct {
        const char **at;
        uint32_t count, capacity;
    } candidates = {0};
    for (uint32_t i = 0; i < in->m->weights.count; i++) {
        const char *weight = ir_text(in->m, in->m->weights.at[i].path);
        ARENA_PUSH(a, &candidates, weight);
        const char *dot = strrchr(weight, '.');
        if (dot)
            ARENA_PUSH(a, &candidates, arena_copy(a, weight, (size_t)(dot - weight)));
    }
    return diagnostics_nearest(a, path, candidates.at, candidates.count);
}

static void report_unknown(infer *in, ir_span span, const char *path)
{
    diagnostics *d = in->m->diagnostics;
    if (!in->m->weights_known) {
        diagnostic *e = infer_error(in, span, "the shape of '@%s' is not known", path);
        diagnostic_hint(d, e, "give the weights with --weights, or state the shape: param @%s: f32[...];", path);
        return;
    }
    diagnostic *e = infer_error(in, span, "the weights have no parameter '@%s'", path);
    const char *nearest = nearest_path(in, path);
    if (nearest)
        diagnostic_hint(d, e, "did you mean '@%s'?", nearest);
}

/* Without a weights file, faults wait until it is known which member of the group is read. */
bool infer_group(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    const char *path = ir_text(in->m, data.attributes[0].name);
    if (in->m->weights_known && !find_weight(in, path) && !is_group(in, path)) {
        report_unknown(in, data.span, path);
        return false;
    }
    infer_result(in, op, (ir_type){.elem = IR_GROUP});
    return true;
}

bool infer_param(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    const char *path = ir_text(in->m, data.attributes[0].name);
    const ir_weight *weight = find_weight(in, path);
    if (!weight) {
        report_unknown(in, data.span, path);
        return false;
    }
    if (weight->type.elem == IR_POISON)
        return false;
    infer_result(in, op, weight->type);
    return type_of(in, data.results[0]).elem != IR_POISON;
}

bool infer_load(infer *in, ir_op op)
{
    const ir_op_data data = *ir_op_get(in->m, op);
    const char *path = infer_group_path(in, data.operands[0]);
    if (!path) {
        infer_error(in, data.span, "only a parameter can be loaded");
        return false;
    }
    if (!find_weight(in, path) && !is_group(in, path)) {
        report_unknown(in, data.span, path);
        return false;
    }
    if (!find_weight(in, path)) {
        diagnostic *d = infer_error(in, data.span, "'@%s' is a group of parameters, not a tensor", path);
        const char *weight = arena_format(in->m->arena, "%s.weight", path);
        if (find_weight(in, weight))
            diagnostic_hint(in->m->diagnostics, d, "did you mean '@%s'?", weight);
        return false;
    }
    ir_op_data *made = ir_op_get(in->m, op);
    made->code = OP_PARAM;
    made->operands = NULL;
    made->operand_count = 0;
    made->attributes[0] = (ir_attribute){.present = true, .name = ir_intern_text(in->m, path)};
    return infer_param(in, op);
}

ir_value infer_member(infer *in, ir_value group, const char *name, ir_span span)
{
    ir_module *m = in->m;
    const char *path = arena_format(m->arena, "%s.%s", infer_group_path(in, group), name);
    if (!find_weight(in, path))
        return 0;
    ir_op op = ir_op_new(m, OP_PARAM, NULL, 0, 1, 0, span);
    ir_op_data *data = ir_op_get(m, op);
    data->site = in->site;
    data->attributes[0] = (ir_attribute){.present = true, .name = ir_intern_text(m, path)};
    if (!infer_param(in, op))
        infer_poison(in, op);
    infer_push(in, op);
    return ir_op_result(m, op, 0);
}

bool infer_member_missing(infer *in, ir_value group, const char *name)
{
    ir_span span = ir_op_get(in->m, ir_value_get(in->m, group)->op)->span;
    const char *path = infer_group_path(in, group);
    if (!find_weight(in, path) || is_group(in, path)) {
        report_unknown(in, span, arena_format(in->m->arena, "%s.%s", path, name));
        return false;
    }
    diagnostic *d = infer_error(in, span, "'@%s' is a parameter, and a group with '%s' is needed", path, name);
    const char *dot = strrchr(path, '.');
    if (dot && !strcmp(dot + 1, name))
        diagnostic_hint(in->m->diagnostics, d, "did you mean '@%.*s'?", (int)(dot - path), path);
    return false;
}
