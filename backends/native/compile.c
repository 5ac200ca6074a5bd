/* compile.c - from a module to code that runs or to a file's bytes (native.h): generation, linking of the pieces,
 * optimisation, and LLVM's just-in-time linker or assembler. */
#include "backends/native/native.h"

#include "backends/native/codegen.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char native_pieces_begin[], native_pieces_end[]; /* pieces.c as bitcode; see pieces_bitcode.c */

struct native_program {
    LLVMOrcLLJITRef jit;
    const isg_abi_program *abi;
};

/* One compilation; whatever is not NULL is ours to dispose of. */
typedef struct compilation {
    arena scratch;
    LLVMOrcThreadSafeContextRef context;
    codegen g;
    LLVMTargetMachineRef machine;
    char *cpu, *features;
    isg_error *error;
} compilation;

static isg_status fail(isg_error *error, isg_status status, const char *what, const char *why)
{
    if (error) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s%s%s", what, why ? ": " : "", why ? why : "");
    }
    return status;
}

static isg_status fail_llvm(isg_error *error, const char *what, LLVMErrorRef why)
{
    char *text = LLVMGetErrorMessage(why); /* consumes why */
    isg_status status = fail(error, ISG_INTERNAL, what, text);
    LLVMDisposeErrorMessage(text);
    return status;
}

/* ---- the processor ---- */

static isg_status open_machine(compilation *c, const native_options *options)
{
    if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter())
        return fail(c->error, ISG_INTERNAL, "LLVM has no code generator for this processor", NULL);
    char *triple = LLVMGetDefaultTargetTriple(), *why = NULL;
    c->cpu = options && options->processor ? LLVMCreateMessage(options->processor) : LLVMGetHostCPUName();
    c->features = options && options->processor ? LLVMCreateMessage("") : LLVMGetHostCPUFeatures();
    LLVMTargetRef target;
    if (LLVMGetTargetFromTriple(triple, &target, &why)) {
        isg_status status = fail(c->error, ISG_INTERNAL, "LLVM does not know this processor", why);
        LLVMDisposeMessage(why);
        LLVMDisposeMessage(triple);
        return status;
    }
    c->machine =
        LLVMCreateTargetMachine(target, triple, c->cpu, c->features, LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    LLVMDisposeMessage(triple);
    return c->machine ? ISG_OK : fail(c->error, ISG_INTERNAL, "LLVM cannot make code for this processor", c->cpu);
}

/* LLVM's permission to use 512-bit registers; it follows from avx512f and no processor reports it. */
static bool is_processor_feature(const char *name, size_t length)
{
    return !(length == 7 && !memcmp(name, "evex512", 7));
}

/* The positive features among "+a,-b,+c", as "a,c": what the runtime checks before it calls the code. */
static const char *needed_features(arena *a, const char *features)
{
    char *needed = arena_take(a, strlen(features) + 1, 1), *to = needed;
    for (const char *from = features; *from;) {
        const char *end = from + strcspn(from, ",");
        if (*from == '+' && is_processor_feature(from + 1, (size_t)(end - from - 1))) {
            if (to != needed)
                *to++ = ',';
            memcpy(to, from + 1, (size_t)(end - from - 1));
            to += end - from - 1;
        }
        from = *end ? end + 1 : end;
    }
    *to = 0;
    return needed;
}

/* ---- generation ---- */

static void replace_attribute(LLVMValueRef f, const char *name, const char *value)
{
    LLVMRemoveStringAttributeAtIndex(f, (unsigned)LLVMAttributeFunctionIndex, name, (unsigned)strlen(name));
    if (*value)
        LLVMAddTargetDependentFunctionAttr(f, name, value);
}

/* Pieces were compiled for any processor of the family; here all code is for the chosen one, and only the
 * ABI record is seen from outside. */
static void adopt_functions(compilation *c)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(c->g.module); f; f = LLVMGetNextFunction(f)) {
        if (LLVMIsDeclaration(f))
            continue;
        LLVMSetLinkage(f, LLVMInternalLinkage);
        replace_attribute(f, "target-cpu", c->cpu);
        replace_attribute(f, "target-features", c->features);
        replace_attribute(f, "tune-cpu", c->cpu);
    }
}

static isg_status link_pieces(compilation *c)
{
    LLVMMemoryBufferRef bytes = LLVMCreateMemoryBufferWithMemoryRange(
        native_pieces_begin, (size_t)(native_pieces_end - native_pieces_begin), "pieces", 0);
    LLVMModuleRef pieces;
    bool broken = LLVMParseBitcodeInContext2(c->g.context, bytes, &pieces);
    LLVMDisposeMemoryBuffer(bytes);
    if (broken)
        return fail(c->error, ISG_INTERNAL, "the built-in pieces cannot be read", NULL);
    LLVMSetTarget(c->g.module, LLVMGetTarget(pieces));
    LLVMSetDataLayout(c->g.module, LLVMGetDataLayoutStr(pieces));
    if (LLVMLinkModules2(c->g.module, pieces)) /* consumes pieces */
        return fail(c->error, ISG_INTERNAL, "the built-in pieces cannot be linked", NULL);
    return ISG_OK;
}

static isg_status verify(compilation *c)
{
    char *why = NULL;
    isg_status status = ISG_OK;
    if (LLVMVerifyModule(c->g.module, LLVMReturnStatusAction, &why))
        status = fail(c->error, ISG_INTERNAL, "the generated code is malformed", why);
    LLVMDisposeMessage(why);
    return status;
}

static isg_status optimise(compilation *c, const native_options *options)
{
    static const char *const pipelines[] = {"default<O0>", "default<O1>", "default<O2>", "default<O3>"};
    int level = options ? options->optimise : 2;
    LLVMPassBuilderOptionsRef tuning = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopVectorization(tuning, 1);
    LLVMPassBuilderOptionsSetSLPVectorization(tuning, 1);
    LLVMPassBuilderOptionsSetLoopInterleaving(tuning, 1);
    LLVMErrorRef why = LLVMRunPasses(c->g.module, pipelines[level < 0 ? 0 : level > 3 ? 3 : level], c->machine, tuning);
    LLVMDisposePassBuilderOptions(tuning);
    return why ? fail_llvm(c->error, "optimisation failed", why) : ISG_OK;
}

static isg_status generate(compilation *c, const ir_module *m, const native_options *options)
{
    isg_status status = open_machine(c, options);
    if (status)
        return status;
    c->context = LLVMOrcCreateNewThreadSafeContext();
    l_open(&c->g, m, &c->scratch, LLVMOrcThreadSafeContextGetContext(c->context));
    c->g.cpu_features = needed_features(&c->scratch, c->features);
    if ((status = link_pieces(c)))
        return status;
    gen_program(&c->g);
    if (c->g.refused)
        return fail(c->error, ISG_INVALID, c->g.refused, NULL);
    adopt_functions(c);
    if ((status = verify(c)))
        return status;
    return optimise(c, options);
}

static void close_compilation(compilation *c)
{
    if (c->g.builder)
        LLVMDisposeBuilder(c->g.builder);
    if (c->g.module)
        LLVMDisposeModule(c->g.module);
    if (c->context)
        LLVMOrcDisposeThreadSafeContext(c->context);
    if (c->machine)
        LLVMDisposeTargetMachine(c->machine);
    LLVMDisposeMessage(c->cpu);
    LLVMDisposeMessage(c->features);
    arena_close(&c->scratch);
}

/* ---- in this process ---- */

static isg_status create_jit(compilation *c, LLVMOrcLLJITRef *jit)
{
    LLVMOrcJITTargetMachineBuilderRef host;
    LLVMErrorRef why = LLVMOrcJITTargetMachineBuilderDetectHost(&host);
    if (why)
        return fail_llvm(c->error, "this processor was not recognised", why);
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(builder, host);
    if ((why = LLVMOrcCreateLLJIT(jit, builder))) /* consumes builder */
        return fail_llvm(c->error, "the just-in-time linker failed", why);
    LLVMOrcDefinitionGeneratorRef process;
    why = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(*jit), NULL, NULL);
    if (why)
        return fail_llvm(c->error, "the symbols of this process cannot be searched", why);
    LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(*jit), process);
    return ISG_OK;
}

static isg_status load(compilation *c, void *context)
{
    native_program *p = context;
    isg_status status = create_jit(c, &p->jit);
    if (status)
        return status;
    LLVMOrcThreadSafeModuleRef module = LLVMOrcCreateNewThreadSafeModule(c->g.module, c->context);
    c->g.module = NULL; /* the linker's from here on, even when it fails */
    LLVMErrorRef why = LLVMOrcLLJITAddLLVMIRModule(p->jit, LLVMOrcLLJITGetMainJITDylib(p->jit), module);
    if (why)
        return fail_llvm(c->error, "the code cannot be loaded", why);
    LLVMOrcExecutorAddress address = 0;
    if ((why = LLVMOrcLLJITLookup(p->jit, &address, ISG_ABI_SYMBOL)))
        return fail_llvm(c->error, "the code cannot be linked", why);
    p->abi = (const isg_abi_program *)(uintptr_t)address;
    return ISG_OK;
}

/* Generates and hands the module to `use`, with the scratch arena's way out on lack of memory around both. */
typedef isg_status (*module_use)(compilation *c, void *context);

static isg_status guarded(compilation *c, const ir_module *m, const native_options *options, module_use use, void *context)
{
    jmp_buf no_memory;
    arena_open(&c->scratch, m->arena->allocator, &no_memory);
    if (setjmp(no_memory))
        return fail(c->error, ISG_NO_MEMORY, "out of memory", NULL);
    isg_status status = generate(c, m, options);
    return status ? status : use(c, context);
}

static isg_status compile(const ir_module *m, const native_options *options, module_use use, void *context, isg_error *error)
{
    compilation *c = calloc(1, sizeof *c);
    if (!c)
        return fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    c->error = error;
    isg_status status = guarded(c, m, options, use, context);
    close_compilation(c);
    free(c);
    return status;
}

isg_status native_compile(const ir_module *m, const native_options *options, native_program **out, isg_error *error)
{
    *out = NULL;
    native_program *p = calloc(1, sizeof *p);
    if (!p)
        return fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    isg_status status = compile(m, options, load, p, error);
    if (status)
        native_program_close(p);
    else
        *out = p;
    return status;
}

const isg_abi_program *native_program_abi(const native_program *p)
{
    return p->abi;
}

void native_program_close(native_program *p)
{
    if (p && p->jit) {
        LLVMErrorRef why = LLVMOrcDisposeLLJIT(p->jit);
        if (why)
            LLVMConsumeError(why);
    }
    free(p);
}

/* ---- as bytes ---- */

static isg_status take_bytes(const char *from, size_t count, char **bytes, size_t *length, isg_error *error)
{
    *bytes = malloc(count ? count : 1);
    if (!*bytes)
        return fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    memcpy(*bytes, from, count);
    *length = count;
    return ISG_OK;
}

typedef struct emission {
    native_format format;
    char **bytes;
    size_t *length;
} emission;

static isg_status emit_text(compilation *c, const emission *e)
{
    char *text = LLVMPrintModuleToString(c->g.module);
    isg_status status = take_bytes(text, strlen(text), e->bytes, e->length, c->error);
    LLVMDisposeMessage(text);
    return status;
}

static isg_status emit(compilation *c, void *context)
{
    const emission *e = context;
    LLVMMemoryBufferRef buffer = NULL;
    char *why = NULL;
    LLVMCodeGenFileType type = e->format == NATIVE_ASSEMBLY ? LLVMAssemblyFile : LLVMObjectFile;
    if (e->format == NATIVE_LLVM_TEXT)
        return emit_text(c, e);
    if (e->format == NATIVE_BITCODE)
        buffer = LLVMWriteBitcodeToMemoryBuffer(c->g.module);
    else if (LLVMTargetMachineEmitToMemoryBuffer(c->machine, c->g.module, type, &why, &buffer)) {
        isg_status status = fail(c->error, ISG_INTERNAL, "code generation failed", why);
        LLVMDisposeMessage(why);
        return status;
    }
    isg_status status = take_bytes(LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer), e->bytes, e->length, c->error);
    LLVMDisposeMemoryBuffer(buffer);
    return status;
}

isg_status native_emit(const ir_module *m, const native_options *options, native_format format, char **bytes, size_t *length,
                       isg_error *error)
{
    emission e = {format, bytes, length};
    return compile(m, options, emit, &e, error);
}

void native_bytes_free(char *bytes)
{
    free(bytes);
}
