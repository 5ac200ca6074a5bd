/* layout.c - gives every value its place: parameters in the weights, all else in the frame. */
#include "backends/native/codegen.h"

int64_t layout_take(int64_t *total, int64_t bytes)
{
    int64_t at = *total;
    *total = (at + bytes + 63) & ~INT64_C(63);
    return at;
}

int64_t element_bytes(ir_elem elem)
{
    switch (elem) {
    case IR_F64:
        return 8;
    case IR_SPIN:
        return 1;
    default:
        return 4;
    }
}

int64_t layout_value_bytes(const codegen *g, ir_value v)
{
    ir_type type = ir_value_get(g->m, v)->type;
    return ir_type_elements(type) * element_bytes(type.elem);
}

/* Two `param` operations of one path share its place. */
static slot param_slot(codegen *g, ir_op op)
{
    ir_name path = ir_op_attribute(g->m, op, "path")->name;
    for (uint32_t i = 0; i < g->model->ops.count && g->model->ops.at[i] != op; i++) {
        ir_op earlier = g->model->ops.at[i];
        if (ir_op_get(g->m, earlier)->code == OP_PARAM && ir_op_attribute(g->m, earlier, "path")->name == path)
            return g->slots[ir_op_result(g->m, earlier, 0)];
    }
    return (slot){SLOT_WEIGHTS, layout_take(&g->weights_bytes, layout_value_bytes(g, ir_op_result(g->m, op, 0)))};
}

void layout_values(codegen *g)
{
    g->slots = ARENA_ARRAY(g->arena, slot, g->m->values.count);
    g->inlined = ARENA_ARRAY(g->arena, bool, g->m->values.count);
    g->row_maps = ARENA_ARRAY(g->arena, row_map, g->m->values.count);
    for (uint32_t i = 0; i < g->m->values.count; i++)
        g->slots[i].offset = -1;
    for (uint32_t i = 0; i < g->model->parameters.count; i++) {
        ir_value v = g->model->parameters.at[i].value;
        g->slots[v] = (slot){SLOT_FRAME, layout_take(&g->frame_bytes, layout_value_bytes(g, v))};
    }
    for (uint32_t i = 0; i < g->model->ops.count; i++) {
        const ir_op_data *op = ir_op_get(g->m, g->model->ops.at[i]);
        if (op->code == OP_ANNEAL)
            continue; /* its results are parts of the state, placed by its plan */
        if (map_is_inlined(g, g->model->ops.at[i]) || map_may_be_rows(g, i)) {
            g->inlined[op->results[0]] = true;
            continue;
        }
        for (uint32_t k = 0; k < op->result_count; k++)
            g->slots[op->results[k]] =
                op->code == OP_PARAM ? param_slot(g, g->model->ops.at[i])
                                     : (slot){SLOT_FRAME, layout_take(&g->frame_bytes, layout_value_bytes(g, op->results[k]))};
    }
}
