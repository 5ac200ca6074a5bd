/* program.c - the whole program: a function a step, and the ABI record that describes it to the runtime (abi.h). */
#include "backends/native/codegen.h"
#include "runtime/abi.h"
#include "runtime/anneal.h"
#include "runtime/weights.h"

#include <string.h>

_Static_assert(sizeof(isg_abi_tensor) == 8 + 2 * 4 + 8 * (ISG_MAX_RANK + 1), "tensor_record builds this layout");
_Static_assert(sizeof(isg_abi_hamiltonian) == 25 * 8, "hamiltonian_record builds this layout");
_Static_assert(sizeof(isg_abi_step) == 16, "step_record builds this layout");
_Static_assert(sizeof(isg_abi_program) == 8 + 4 * 4 + 17 * 8, "program_record builds this layout");

typedef ARENA_LIST(l_value) value_list;

/* Operations in one function: the optimiser's time grows faster than a function does. */
enum { STEP_OPERATIONS_MAX = 128 };

typedef struct program {
    codegen *g;
    value_list steps, hamiltonians;
    l_value run; /* the step being filled, or NULL */
    uint32_t step_count;
    uint32_t operations; /* in that step */
    hamiltonian_plan *plans;
    uint32_t plan_count;
} program;

/* ---- constants ---- */

static l_value text_constant(codegen *g, const char *text)
{
    l_value data = LLVMConstStringInContext2(g->context, text, strlen(text), 0);
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), "text");
    LLVMSetInitializer(global, data);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    return global;
}

static l_value record(codegen *g, l_value *fields, unsigned count)
{
    return LLVMConstStructInContext(g->context, fields, count, 0);
}

/* A private constant array of records; NULL pointer when empty. */
static l_value table(codegen *g, value_list records, const char *name)
{
    if (!records.count)
        return l_null(g);
    l_value data = LLVMConstArray2(LLVMTypeOf(records.at[0]), records.at, records.count);
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), name);
    LLVMSetInitializer(global, data);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    return global;
}

static l_value tensor_record(codegen *g, const char *name, ir_type type, int64_t offset)
{
    l_value shape[ISG_MAX_RANK];
    for (int32_t i = 0; i < ISG_MAX_RANK; i++)
        shape[i] = l_i64(g, i < type.rank ? type.dim[i] : 0);
    l_value fields[] = {text_constant(g, name), l_i32(g, type.elem == IR_I32 ? ISG_I32 : ISG_F32), l_i32(g, type.rank),
                        LLVMConstArray2(g->i64, shape, ISG_MAX_RANK), l_i64(g, offset)};
    return record(g, fields, 5);
}

/* Without those that no run will call; what nothing refers to is not compiled. */
static hamiltonian_functions needed_functions(const codegen *g, const hamiltonian_plan *h, hamiltonian_functions f)
{
    const native_runs *runs = g->runs;
    if (!runs)
        return f;
    int32_t reads = runs->reads ? runs->reads : ANNEAL_DEFAULT_READS;
    bool side_by_side = runs->solver != ISG_DESCENT && anneal_side_by_side((uint64_t)h->groups, reads);
    if (!side_by_side || !h->moves.few_couplings)
        f.couplings = NULL;
    if (runs->solver == ISG_DESCENT)
        f.moves = (move_functions){0};
    else if (f.moves.span)
        f.scales = NULL;
    if (f.moves.start_reads && side_by_side)
        f.moves.lean = f.moves.start = f.moves.sweep = f.moves.estimate = NULL;
    else
        f.moves.start_reads = f.moves.sweep_reads = f.moves.finish_reads = NULL;
    return f;
}

static l_value or_null(codegen *g, l_value function)
{
    return function ? function : l_null(g);
}

static l_value hamiltonian_record(codegen *g, const hamiltonian_plan *h, hamiltonian_functions f)
{
    l_value fields[] = {text_constant(g, ir_text(g->m, ir_op_attribute(g->m, h->op, "name")->name)),
                        l_i64(g, h->layout.count),
                        l_i64(g, ir_op_attribute(g->m, h->op, "terms")->count),
                        l_i64(g, h->groups),
                        l_i64(g, h->state),
                        l_i64(g, h->lowest),
                        l_i64(g, h->group),
                        f.coefficients,
                        f.fields,
                        f.descend,
                        f.energy,
                        or_null(g, f.scales),
                        or_null(g, f.couplings),
                        l_i64(g, f.couplings ? (int64_t)h->moves.few_couplings : 0),
                        l_i64(g, h->moves.workspace_bytes),
                        text_constant(g, h->moves.text),
                        or_null(g, f.moves.prepare),
                        or_null(g, f.moves.span),
                        or_null(g, f.moves.lean),
                        or_null(g, f.moves.start),
                        or_null(g, f.moves.sweep),
                        or_null(g, f.moves.estimate),
                        or_null(g, f.moves.start_reads),
                        or_null(g, f.moves.sweep_reads),
                        or_null(g, f.moves.finish_reads)};
    return record(g, fields, 25);
}

/* ---- steps ---- */

static void add_step(program *p, l_value run, int64_t hamiltonian)
{
    l_value fields[] = {run ? run : l_null(p->g), l_i64(p->g, hamiltonian)};
    ARENA_PUSH(p->g->arena, &p->steps, record(p->g, fields, 2));
}

static void begin_step(program *p)
{
    if (p->run)
        return;
    codegen *g = p->g;
    p->operations = 0;
    p->run = l_begin_function(g, arena_format(g->arena, "step_%u", p->step_count++), g->i32, NULL, 0);
    l_prefer_small(g);
}

static void end_step(program *p)
{
    if (!p->run)
        return;
    l_end_function(p->g, l_i32(p->g, ISG_FAULT_NONE));
    add_step(p, p->run, 0);
    p->run = NULL;
}

/* The maps standing right before an anneal are its coefficients. */
static uint32_t maps_before(const codegen *g, uint32_t position)
{
    uint32_t count = 0;
    while (count < position && ir_op_get(g->m, g->model->ops.at[position - 1 - count])->code == OP_MAP)
        count++;
    return count;
}

static void gen_anneal(program *p, uint32_t position)
{
    codegen *g = p->g;
    hamiltonian_plan *h = &p->plans[p->plan_count];
    *h = (hamiltonian_plan){.index = p->plan_count++};
    h->map_count = maps_before(g, position);
    h->maps = g->model->ops.at + position - h->map_count;
    end_step(p);
    plan_hamiltonian(g, h, g->model->ops.at[position]);
    plan_maps_in_rows(g, h);
    plan_term_places(g, h);
    plan_map_places(g, h);
    plan_moves(g, h);
    ARENA_PUSH(g->arena, &p->hamiltonians, hamiltonian_record(g, h, needed_functions(g, h, gen_hamiltonian(g, h))));
    for (uint32_t i = 0; i < h->map_count; i++) { /* their rows are written from here on */
        ir_value v = ir_op_get(g->m, h->maps[i])->results[0];
        g->inlined[v] &= !g->row_maps[v].term;
    }
    add_step(p, NULL, h->index);
}

/* Whether the map at `position` belongs to the run of maps that ends in an anneal. */
static bool is_coefficient_map(const codegen *g, uint32_t position)
{
    while (position < g->model->ops.count && ir_op_get(g->m, g->model->ops.at[position])->code == OP_MAP)
        position++;
    return position < g->model->ops.count && ir_op_get(g->m, g->model->ops.at[position])->code == OP_ANNEAL;
}

static void gen_steps(program *p)
{
    codegen *g = p->g;
    for (uint32_t i = 0; i < g->model->ops.count; i++) {
        ir_op op = g->model->ops.at[i];
        switch (ir_op_get(g->m, op)->code) {
        case OP_PARAM:
            break;
        case OP_ANNEAL:
            gen_anneal(p, i);
            break;
        case OP_MAP:
            if (is_coefficient_map(g, i))
                break;
            /* fallthrough */
        default:
            begin_step(p);
            gen_tensor_op(g, op);
            if (++p->operations == STEP_OPERATIONS_MAX)
                end_step(p);
        }
    }
}

/* ---- outputs: float32 in the frame, whatever the value is ---- */

typedef struct output_copy {
    ir_type type;
    l_value from, to;
} output_copy;

static void copy_element(codegen *g, l_value index, void *context)
{
    output_copy *c = context;
    l_type type = c->type.elem == IR_F64 ? g->f64 : c->type.elem == IR_F32 ? g->f32 : c->type.elem == IR_SPIN ? g->i8 : g->i32;
    l_value v = l_load_at(g, type, c->from, index);
    if (c->type.elem == IR_F64)
        v = LLVMBuildFPTrunc(g->builder, v, g->f32, "");
    else if (c->type.elem != IR_F32)
        v = LLVMBuildSIToFP(g->builder, v, g->f32, "");
    l_store_at(g, g->f32, v, c->to, index);
}

static value_list gen_outputs(program *p)
{
    codegen *g = p->g;
    value_list outputs = {0};
    for (uint32_t i = 0; i < g->model->results.count; i++) {
        ir_result result = g->model->results.at[i];
        ir_type type = ir_value_get(g->m, result.value)->type;
        slot s = g->slots[result.value];
        if (type.elem != IR_F32 || s.space != SLOT_FRAME) {
            begin_step(p);
            s = (slot){SLOT_FRAME, layout_take(&g->frame_bytes, ir_type_elements(type) * 4)};
            output_copy c = {type, gen_value_address(g, result.value), l_bytes(g, g->v_frame, s.offset)};
            l_loop(g, ir_type_elements(type), copy_element, &c);
            type.elem = IR_F32;
        }
        ARENA_PUSH(g->arena, &outputs, tensor_record(g, ir_text(g->m, result.name), type, s.offset));
    }
    end_step(p);
    return outputs;
}

/* ---- tables ---- */

static void copy_labels(codegen *g, const hamiltonian_plan *h)
{
    l_value *labels = ARENA_ARRAY(g->arena, l_value, (size_t)h->layout.count);
    for (int64_t i = 0; i < h->layout.count; i++)
        labels[i] = LLVMConstInt(g->i32, h->label[i], 0);
    l_value data = LLVMConstArray2(g->i32, labels, (uint64_t)h->layout.count);
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), "groups");
    LLVMSetInitializer(global, data);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMBuildMemCpy(g->builder, l_bytes(g, g->v_tables, h->group), 4, global, 4, l_i64(g, h->layout.count * 4));
}

static l_value gen_tables(program *p)
{
    codegen *g = p->g;
    l_value f = l_begin_function(g, "tables", g->void_type, NULL, 0);
    l_prefer_small(g);
    for (uint32_t i = 0; i < p->plan_count; i++) {
        const hamiltonian_plan *h = &p->plans[i];
        for (uint32_t k = 0; k < h->layout.array_count; k++)
            LLVMBuildMemSet(g->builder, l_bytes(g, g->v_tables, h->lowest + h->layout.base[k]),
                            LLVMConstInt(g->i8, (uint64_t)(int64_t)h->layout.lowest[k], 1), l_i64(g, h->layout.size[k]), 1);
        if (h->groups > 1)
            copy_labels(g, h);
        gen_neighbour_list(g, h);
    }
    l_end_function(g, NULL);
    return f;
}

/* ---- the record ---- */

static value_list input_records(codegen *g)
{
    value_list inputs = {0};
    for (uint32_t i = 0; i < g->model->parameters.count; i++) {
        ir_parameter in = g->model->parameters.at[i];
        ARENA_PUSH(g->arena, &inputs, tensor_record(g, ir_text(g->m, in.name), in.type, g->slots[in.value].offset));
    }
    return inputs;
}

typedef ARENA_LIST(isg_abi_tensor) tensor_list;

/* Each path once, though several operations may read it. */
static tensor_list list_parameters(codegen *g)
{
    tensor_list list = {0};
    for (uint32_t i = 0; i < g->model->ops.count; i++) {
        ir_op op = g->model->ops.at[i];
        if (ir_op_get(g->m, op)->code != OP_PARAM)
            continue;
        ir_value v = ir_op_result(g->m, op, 0);
        ir_type type = ir_value_get(g->m, v)->type;
        uint32_t k = 0;
        while (k < list.count && list.at[k].offset != (uint64_t)g->slots[v].offset)
            k++;
        if (k < list.count)
            continue;
        isg_abi_tensor t = {.name = ir_text(g->m, ir_op_attribute(g->m, op, "path")->name),
                            .dtype = type.elem == IR_I32 ? ISG_I32 : ISG_F32,
                            .rank = type.rank,
                            .offset = (uint64_t)g->slots[v].offset};
        for (int32_t axis = 0; axis < type.rank; axis++)
            t.shape[axis] = type.dim[axis];
        ARENA_PUSH(g->arena, &list, t);
    }
    return list;
}

static value_list parameter_records(codegen *g, tensor_list parameters)
{
    value_list records = {0};
    for (uint32_t i = 0; i < parameters.count; i++) {
        const isg_abi_tensor *t = &parameters.at[i];
        ir_type type = ir_type_make(t->dtype == ISG_I32 ? IR_I32 : IR_F32, t->rank, t->shape);
        ARENA_PUSH(g->arena, &records, tensor_record(g, t->name, type, (int64_t)t->offset));
    }
    return records;
}

/* The weights as a constant of the program, or NULL when they are given at open. */
static l_value gen_weights(codegen *g, tensor_list parameters)
{
    isg_error error;
    if (!g->given_weights || !parameters.count)
        return l_null(g);
    size_t bytes = (size_t)g->weights_bytes;
    char *image = arena_take(g->arena, bytes, 1);
    memset(image, 0, bytes);
    if (weights_fill(parameters.at, parameters.count, g->given_weights, g->given_weight_count, image, &error)) {
        g->refused = arena_copy(g->arena, error.message, strlen(error.message));
        return l_null(g);
    }
    l_value data = LLVMConstStringInContext2(g->context, image, bytes, 1);
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), "weights");
    LLVMSetInitializer(global, data);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 64);
    return global;
}

static void program_record(program *p, value_list inputs, value_list outputs, tensor_list parameters, l_value tables)
{
    codegen *g = p->g;
    l_value fields[] = {l_i64(g, (int64_t)ISG_ABI_MAGIC),
                        l_i32(g, ISG_ABI_VERSION),
                        l_i32(g, sizeof(isg_abi_program)),
                        l_i32(g, sizeof(isg_abi_hamiltonian)),
                        l_i32(g, sizeof(isg_abi_tensor)),
                        text_constant(g, g->cpu_features),
                        text_constant(g, ir_text(g->m, g->model->name)),
                        l_i64(g, inputs.count),
                        l_i64(g, outputs.count),
                        l_i64(g, parameters.count),
                        l_i64(g, p->hamiltonians.count),
                        l_i64(g, p->steps.count),
                        table(g, inputs, "inputs"),
                        table(g, outputs, "outputs"),
                        table(g, parameter_records(g, parameters), "parameters"),
                        table(g, p->hamiltonians, "hamiltonians"),
                        table(g, p->steps, "steps"),
                        l_i64(g, g->frame_bytes),
                        l_i64(g, g->weights_bytes),
                        l_i64(g, g->tables_bytes),
                        gen_weights(g, parameters),
                        tables};
    l_value data = record(g, fields, sizeof fields / sizeof *fields);
    l_value global = LLVMAddGlobal(g->module, LLVMTypeOf(data), ISG_ABI_SYMBOL);
    LLVMSetInitializer(global, data);
    LLVMSetGlobalConstant(global, 1);
}

void gen_program(codegen *g)
{
    program p = {.g = g};
    g->model = g->m->functions.at[0];
    layout_values(g);
    uint32_t anneals = 0;
    for (uint32_t i = 0; i < g->model->ops.count; i++)
        anneals += ir_op_get(g->m, g->model->ops.at[i])->code == OP_ANNEAL;
    p.plans = ARENA_ARRAY(g->arena, hamiltonian_plan, anneals);
    gen_steps(&p);
    value_list outputs = gen_outputs(&p);
    l_value tables = gen_tables(&p);
    program_record(&p, input_records(g), outputs, list_parameters(g), tables);
}
