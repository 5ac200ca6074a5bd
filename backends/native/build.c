/* build.c - small helpers over the LLVM builder (codegen.h). */
#include "backends/native/codegen.h"

#include <string.h>

void l_open(codegen *g, const ir_module *m, arena *a, LLVMContextRef context, LLVMModuleRef module)
{
    *g = (codegen){.m = m, .arena = a, .context = context, .module = module};
    LLVMSetModuleIdentifier(module, "isinglass", strlen("isinglass"));
    LLVMSetSourceFileName(module, "isinglass", strlen("isinglass"));
    g->builder = LLVMCreateBuilderInContext(context);
    g->void_type = LLVMVoidTypeInContext(context);
    g->i1 = LLVMInt1TypeInContext(context);
    g->i8 = LLVMInt8TypeInContext(context);
    g->i32 = LLVMInt32TypeInContext(context);
    g->i64 = LLVMInt64TypeInContext(context);
    g->f32 = LLVMFloatTypeInContext(context);
    g->f64 = LLVMDoubleTypeInContext(context);
    g->ptr = LLVMPointerTypeInContext(context, 0);
    l_type fields[] = {g->ptr, g->ptr, g->ptr, g->ptr, g->i64}; /* isg_abi_context */
    g->context_type = LLVMStructTypeInContext(context, fields, 5, 0);
}

l_value l_i64(codegen *g, int64_t n)
{
    return LLVMConstInt(g->i64, (uint64_t)n, 1);
}

l_value l_i32(codegen *g, int32_t n)
{
    return LLVMConstInt(g->i32, (uint64_t)(int64_t)n, 1);
}

l_value l_f64(codegen *g, double x)
{
    return LLVMConstReal(g->f64, x);
}

l_value l_f32(codegen *g, double x)
{
    return LLVMConstReal(g->f32, (float)x);
}

l_value l_null(codegen *g)
{
    return LLVMConstPointerNull(g->ptr);
}

l_value l_add(codegen *g, l_value a, l_value b)
{
    return LLVMBuildNSWAdd(g->builder, a, b, "");
}

l_value l_mul(codegen *g, l_value a, l_value b)
{
    return LLVMBuildNSWMul(g->builder, a, b, "");
}

l_value l_add_scaled(codegen *g, l_value a, l_value index, int64_t stride)
{
    if (stride == 0)
        return a;
    l_value scaled = stride == 1 ? index : l_mul(g, index, l_i64(g, stride));
    return a ? l_add(g, a, scaled) : scaled;
}

l_value l_at(codegen *g, l_type element, l_value base, l_value index)
{
    return LLVMBuildInBoundsGEP2(g->builder, element, base, &index, 1, "");
}

l_value l_bytes(codegen *g, l_value base, int64_t offset)
{
    return l_at(g, g->i8, base, l_i64(g, offset));
}

l_value l_load(codegen *g, l_type type, l_value address)
{
    return LLVMBuildLoad2(g->builder, type, address, "");
}

void l_store(codegen *g, l_value value, l_value address)
{
    LLVMBuildStore(g->builder, value, address);
}

l_value l_load_at(codegen *g, l_type type, l_value base, l_value index)
{
    return l_load(g, type, l_at(g, type, base, index));
}

void l_store_at(codegen *g, l_type type, l_value value, l_value base, l_value index)
{
    l_store(g, value, l_at(g, type, base, index));
}

void l_add_to(codegen *g, l_value address, l_value f64_value)
{
    l_store(g, LLVMBuildFAdd(g->builder, l_load(g, g->f64, address), f64_value, ""), address);
}

l_block l_new_block(codegen *g, const char *name)
{
    return LLVMAppendBasicBlockInContext(g->context, g->function, name);
}

void l_enter(codegen *g, l_block block)
{
    LLVMPositionBuilderAtEnd(g->builder, block);
}

l_value l_call(codegen *g, const char *piece, const l_value *args, unsigned count)
{
    l_value callee = LLVMGetNamedFunction(g->module, piece);
    return LLVMBuildCall2(g->builder, LLVMGlobalGetValueType(callee), callee, (l_value *)args, count, "");
}

/* ---- loops and branches ---- */

void l_loop_range(codegen *g, l_value from, l_value to, l_body body, void *context)
{
    l_block b_before = LLVMGetInsertBlock(g->builder), b_body = l_new_block(g, "loop"), b_after = l_new_block(g, "after");
    LLVMBuildCondBr(g->builder, LLVMBuildICmp(g->builder, LLVMIntSLT, from, to, ""), b_body, b_after);
    l_enter(g, b_body);
    l_value v_index = LLVMBuildPhi(g->builder, g->i64, "");
    LLVMAddIncoming(v_index, &from, &b_before, 1);
    body(g, v_index, context);
    l_value v_next = l_add(g, v_index, l_i64(g, 1));
    l_block b_last = LLVMGetInsertBlock(g->builder);
    LLVMAddIncoming(v_index, &v_next, &b_last, 1);
    LLVMBuildCondBr(g->builder, LLVMBuildICmp(g->builder, LLVMIntSLT, v_next, to, ""), b_body, b_after);
    l_enter(g, b_after);
}

void l_loop(codegen *g, int64_t count, l_body body, void *context)
{
    if (count == 1)
        body(g, l_i64(g, 0), context);
    else if (count > 1)
        l_loop_range(g, l_i64(g, 0), l_i64(g, count), body, context);
}

void l_if(codegen *g, l_value condition, l_action body, void *context)
{
    if (!condition) {
        body(g, context);
        return;
    }
    l_block b_then = l_new_block(g, "then"), b_after = l_new_block(g, "after");
    LLVMBuildCondBr(g->builder, condition, b_then, b_after);
    l_enter(g, b_then);
    body(g, context);
    LLVMBuildBr(g->builder, b_after);
    l_enter(g, b_after);
}

l_value l_variable(codegen *g, l_type type, l_value initial)
{
    l_block b_here = LLVMGetInsertBlock(g->builder), b_entry = LLVMGetEntryBasicBlock(g->function);
    l_value first = LLVMGetFirstInstruction(b_entry);
    if (first)
        LLVMPositionBuilderBefore(g->builder, first);
    else
        l_enter(g, b_entry);
    l_value address = LLVMBuildAlloca(g->builder, type, "");
    l_enter(g, b_here);
    l_store(g, initial, address);
    return address;
}

/* ---- functions ---- */

enum { EXTRA_MAX = 6 };

static l_value context_field(codegen *g, unsigned field)
{
    return l_load(g, g->ptr, LLVMBuildStructGEP2(g->builder, g->context_type, g->v_context, field, ""));
}

static void mark(codegen *g, const char *attribute, unsigned at)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(attribute, strlen(attribute));
    LLVMAddAttributeAtIndex(g->function, at, LLVMCreateEnumAttribute(g->context, kind, 0));
}

/* Pointers that a function is handed never overlap: the runtime keeps states, fields and frames apart. */
l_value l_begin_function(codegen *g, const char *name, l_type result, const l_type *extra, unsigned extra_count)
{
    l_type types[1 + EXTRA_MAX] = {g->ptr};
    for (unsigned i = 0; i < extra_count; i++)
        types[1 + i] = extra[i];
    g->function = LLVMAddFunction(g->module, name, LLVMFunctionType(result, types, 1 + extra_count, 0));
    LLVMSetLinkage(g->function, LLVMInternalLinkage);
    mark(g, "nounwind", (unsigned)LLVMAttributeFunctionIndex);
    for (unsigned i = 0; i <= extra_count; i++)
        if (types[i] == g->ptr)
            mark(g, "noalias", 1 + i);
    g->binding_count = 0;
    l_enter(g, l_new_block(g, "entry"));
    g->v_context = LLVMGetParam(g->function, 0);
    g->v_frame = context_field(g, 0);
    g->v_weights = context_field(g, 1);
    g->v_tables = context_field(g, 2);
    g->v_services = context_field(g, 3);
    return g->function;
}

void l_prefer_small(codegen *g)
{
    mark(g, "optsize", (unsigned)LLVMAttributeFunctionIndex);
}

void l_end_function(codegen *g, l_value result)
{
    if (result)
        LLVMBuildRet(g->builder, result);
    else
        LLVMBuildRetVoid(g->builder);
}

void l_fault_if(codegen *g, l_value position, int32_t fault)
{
    l_block b_fault = l_new_block(g, "fault"), b_after = l_new_block(g, "after");
    LLVMBuildCondBr(g->builder, LLVMBuildICmp(g->builder, LLVMIntSGE, position, l_i64(g, 0), ""), b_fault, b_after);
    l_enter(g, b_fault);
    l_store(g, position, LLVMBuildStructGEP2(g->builder, g->context_type, g->v_context, 4, ""));
    LLVMBuildRet(g->builder, l_i32(g, fault));
    l_enter(g, b_after);
}

/* ---- index variables ---- */

void l_bind(codegen *g, ir_index index, l_value value)
{
    if (g->binding_count < BINDINGS_MAX)
        g->bindings[g->binding_count++] = (binding){index, value};
}

l_value l_bound(codegen *g, ir_index index)
{
    for (uint32_t i = g->binding_count; i-- > 0;)
        if (g->bindings[i].index == index)
            return g->bindings[i].value;
    return LLVMGetPoison(g->i64);
}

typedef struct index_loop {
    const ir_index *indices;
    uint32_t count;
    l_action body;
    void *context;
} index_loop;

static void index_loop_body(codegen *g, l_value index, void *context)
{
    index_loop *loop = context;
    uint32_t depth = g->binding_count;
    l_bind(g, loop->indices[0], index);
    l_loop_indices(g, loop->indices + 1, loop->count - 1, loop->body, loop->context);
    g->binding_count = depth;
}

void l_loop_indices(codegen *g, const ir_index *indices, uint32_t count, l_action body, void *context)
{
    if (!count) {
        body(g, context);
        return;
    }
    index_loop loop = {indices, count, body, context};
    l_loop(g, ir_index_extent(g->m, indices[0]), index_loop_body, &loop);
}
