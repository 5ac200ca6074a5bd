/* compile.c - from a module to optimised code (compile.h): the processor, generation, linking of the pieces, optimisation. */
#include "backends/native/compile.h"
#include "backends/processors.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* pieces.c as bitcode, and the declarations of what it defines; see pieces_bitcode.c */
extern const char native_pieces_begin[], native_pieces_end[], native_prototypes_begin[], native_prototypes_end[];

isg_status native_fail(isg_error *error, isg_status status, const char *what, const char *why)
{
    if (error) {
        error->status = status;
        snprintf(error->message, sizeof error->message, "%s%s%s", what, why ? ": " : "", why ? why : "");
    }
    return status;
}

isg_status native_fail_llvm(isg_error *error, const char *what, LLVMErrorRef why)
{
    char *text = LLVMGetErrorMessage(why); /* consumes why */
    isg_status status = native_fail(error, ISG_INTERNAL, what, text);
    LLVMDisposeErrorMessage(text);
    return status;
}

/* ---- the processor ---- */

static void initialise_targets(const char *architecture)
{
    if (!strcmp(architecture, "aarch64")) {
        LLVMInitializeAArch64TargetInfo();
        LLVMInitializeAArch64Target();
        LLVMInitializeAArch64TargetMC();
        LLVMInitializeAArch64AsmPrinter();
    } else {
        LLVMInitializeX86TargetInfo();
        LLVMInitializeX86Target();
        LLVMInitializeX86TargetMC();
        LLVMInitializeX86AsmPrinter();
    }
}

static isg_status choose_processor(native_compilation *c, const char *name)
{
    if (!name) {
        if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter())
            return native_fail(c->error, ISG_INTERNAL, "LLVM has no code generator for this processor", NULL);
        c->triple = LLVMGetDefaultTargetTriple();
        c->cpu = LLVMGetHostCPUName();
        c->features = LLVMGetHostCPUFeatures();
        return ISG_OK;
    }
    const processor *p = processor_find(name);
    if (!p)
        return native_fail(c->error, ISG_INVALID, "unknown processor", name);
    initialise_targets(p->architecture);
    char triple[64];
    snprintf(triple, sizeof triple, "%s-pc-linux-gnu", p->architecture);
    c->triple = LLVMNormalizeTargetTriple(triple);
    c->cpu = LLVMCreateMessage(p->cpu);
    c->features = LLVMCreateMessage(p->features);
    return ISG_OK;
}

static isg_status open_machine(native_compilation *c)
{
    isg_status status = choose_processor(c, c->options ? c->options->processor : NULL);
    if (status)
        return status;
    char *why = NULL;
    LLVMTargetRef target;
    if (LLVMGetTargetFromTriple(c->triple, &target, &why)) {
        status = native_fail(c->error, ISG_INTERNAL, "LLVM does not know this processor", why);
        LLVMDisposeMessage(why);
        return status;
    }
    c->machine = LLVMCreateTargetMachine(target, c->triple, c->cpu, c->features, LLVMCodeGenLevelDefault, LLVMRelocPIC,
                                         LLVMCodeModelDefault);
    return c->machine ? ISG_OK : native_fail(c->error, ISG_INTERNAL, "LLVM cannot make code for this processor", c->cpu);
}

/* Whether code without intrinsics of its own can meet the feature. The others are instructions for systems and special purposes,
 * which virtual machines often hide, and evex512, LLVM's permission to use 512-bit registers, which follows from avx512f. */
static bool is_met(const char *name, size_t length)
{
    static const char *const others[] = {"evex512", "mwaitx",    "sgx",      "pconfig",  "invpcid",  "wbnoinvd", "clzero",
                                         "rdpru",   "pku",       "ptwrite",  "uintr",    "usermsr",  "kl",       "widekl",
                                         "enqcmd",  "hreset",    "lwp",      "waitpkg",  "shstk",    "rdrnd",    "rdseed",
                                         "rdpid",   "serialize", "tsxldtrk", "cldemote", "fsgsbase", "prefetchi"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strlen(others[i]) == length && !memcmp(others[i], name, length))
            return false;
    return true;
}

/* The positive features among "+a,-b,+c", as "a,c": what the runtime checks before it calls the code. */
static const char *needed_features(arena *a, const char *features)
{
    char *needed = arena_take(a, strlen(features) + 1, 1), *to = needed;
    for (const char *from = features; *from;) {
        const char *end = from + strcspn(from, ",");
        if (*from == '+' && is_met(from + 1, (size_t)(end - from - 1))) {
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
static void adopt_functions(native_compilation *c)
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

/* The pieces' bitcode was made for the processor family of the compiler's own machine, but says nothing that holds there alone:
 * scalars, vectors and pointers in memory are laid out alike on all. */
static void retarget(native_compilation *c, LLVMModuleRef module)
{
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(c->machine);
    LLVMSetModuleDataLayout(module, layout);
    LLVMSetTarget(module, c->triple);
    LLVMDisposeTargetData(layout);
}

static isg_status parse_bitcode(native_compilation *c, const char *begin, const char *end, LLVMModuleRef *out)
{
    LLVMMemoryBufferRef bytes = LLVMCreateMemoryBufferWithMemoryRange(begin, (size_t)(end - begin), "pieces", 0);
    bool broken = LLVMParseBitcodeInContext2(c->context, bytes, out);
    LLVMDisposeMemoryBuffer(bytes);
    if (broken)
        return native_fail(c->error, ISG_INTERNAL, "the built-in pieces cannot be read", NULL);
    retarget(c, *out);
    return ISG_OK;
}

static isg_status link_pieces(native_compilation *c)
{
    LLVMModuleRef pieces;
    isg_status status = parse_bitcode(c, native_pieces_begin, native_pieces_end, &pieces);
    if (!status && LLVMLinkModules2(c->g.module, pieces)) /* consumes pieces */
        status = native_fail(c->error, ISG_INTERNAL, "the built-in pieces cannot be linked", NULL);
    return status;
}

/* The pieces that the program calls: those that are ready, or their bitcode, to be compiled with it. */
static isg_status provide_pieces(native_compilation *c)
{
    if (c->in_process && !c->g.needs_bodies && !(c->options && c->options->self_contained)) {
        c->ready = ready_pieces(c->features);
        return ISG_OK;
    }
    return link_pieces(c);
}

static isg_status verify(native_compilation *c)
{
    char *why = NULL;
    isg_status status = ISG_OK;
    if (LLVMVerifyModule(c->g.module, LLVMReturnStatusAction, &why))
        status = native_fail(c->error, ISG_INTERNAL, "the generated code is malformed", why);
    LLVMDisposeMessage(why);
    return status;
}

static isg_status optimise(native_compilation *c)
{
    static const char *const pipelines[] = {"globaldce,default<O0>", "globaldce,default<O1>", "globaldce,default<O2>",
                                            "globaldce,default<O3>"};
    int level = c->options ? c->options->optimise : 2;
    LLVMPassBuilderOptionsRef tuning = LLVMCreatePassBuilderOptions();
    LLVMPassBuilderOptionsSetLoopVectorization(tuning, 1);
    LLVMPassBuilderOptionsSetSLPVectorization(tuning, 0); /* what is worth vectors is written or looped so */
    LLVMPassBuilderOptionsSetLoopInterleaving(tuning, 1);
    LLVMErrorRef why = LLVMRunPasses(c->g.module, pipelines[level < 0 ? 0 : level > 3 ? 3 : level], c->machine, tuning);
    LLVMDisposePassBuilderOptions(tuning);
    return why ? native_fail_llvm(c->error, "optimisation failed", why) : ISG_OK;
}

static isg_status generate(native_compilation *c, const ir_module *m)
{
    isg_status status = open_machine(c);
    if (status)
        return status;
    c->context = LLVMContextCreate();
    LLVMModuleRef module;
    if ((status = parse_bitcode(c, native_prototypes_begin, native_prototypes_end, &module)))
        return status;
    l_open(&c->g, m, &c->scratch, c->context, module);
    c->g.cpu_features = needed_features(&c->scratch, c->features);
    if (c->options) {
        c->g.given_weights = c->options->weights;
        c->g.given_weight_count = c->options->weight_count;
        c->g.runs = c->options->runs;
    }
    gen_program(&c->g);
    if (c->g.refused)
        return native_fail(c->error, ISG_INVALID, c->g.refused, NULL);
    if ((status = provide_pieces(c)))
        return status;
    adopt_functions(c);
    if ((status = verify(c)))
        return status;
    return optimise(c);
}

static void close_compilation(native_compilation *c)
{
    if (c->g.builder)
        LLVMDisposeBuilder(c->g.builder);
    if (c->g.module)
        LLVMDisposeModule(c->g.module);
    if (c->context)
        LLVMContextDispose(c->context);
    if (c->machine)
        LLVMDisposeTargetMachine(c->machine);
    LLVMDisposeMessage(c->triple);
    LLVMDisposeMessage(c->cpu);
    LLVMDisposeMessage(c->features);
    arena_close(&c->scratch);
}

/* With the scratch arena's way out on lack of memory around it. */
static isg_status guarded(native_compilation *c, const ir_module *m, native_use use, void *context)
{
    jmp_buf no_memory;
    arena_open(&c->scratch, m->arena->allocator, &no_memory);
    if (setjmp(no_memory))
        return native_fail(c->error, ISG_NO_MEMORY, "out of memory", NULL);
    isg_status status = generate(c, m);
    return status ? status : use(c, context);
}

isg_status native_with_code(const ir_module *m, const native_options *options, bool in_process, native_use use, void *context,
                            isg_error *error)
{
    native_compilation *c = calloc(1, sizeof *c);
    if (!c)
        return native_fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    c->options = options;
    c->in_process = in_process;
    c->error = error;
    isg_status status = guarded(c, m, use, context);
    close_compilation(c);
    free(c);
    return status;
}

isg_status native_generate(native_compilation *c, LLVMCodeGenFileType type, LLVMMemoryBufferRef *out)
{
    char *why = NULL;
    if (!LLVMTargetMachineEmitToMemoryBuffer(c->machine, c->g.module, type, &why, out))
        return ISG_OK;
    isg_status status = native_fail(c->error, ISG_INTERNAL, "code generation failed", why);
    LLVMDisposeMessage(why);
    return status;
}
