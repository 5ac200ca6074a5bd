/* load.c - running a program in this process (native.h): an object file, linked by LLVM's just-in-time linker with the pieces
 * that are ready here (ready.h). A shared object has its own, which give the same bits. */
#include "backends/native/compile.h"

#include <llvm-c/LLJIT.h>

#include <stdlib.h>
#include <string.h>

struct native_program {
    LLVMOrcLLJITRef jit;
    const isg_abi_program *abi;
    size_t functions;
};

static isg_status create_jit(native_compilation *c, LLVMOrcLLJITRef *jit)
{
    LLVMErrorRef why = LLVMOrcCreateLLJIT(jit, NULL);
    if (why)
        return native_fail_llvm(c->error, "the just-in-time linker failed", why);
    LLVMOrcDefinitionGeneratorRef process;
    why = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&process, LLVMOrcLLJITGetGlobalPrefix(*jit), NULL, NULL);
    if (why)
        return native_fail_llvm(c->error, "the symbols of this process cannot be searched", why);
    LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(*jit), process);
    return ISG_OK;
}

static isg_status define_ready(native_compilation *c, LLVMOrcLLJITRef jit)
{
    size_t count = 0;
    while (c->ready[count].name)
        count++;
    LLVMOrcCSymbolMapPair *symbols = ARENA_ARRAY(&c->scratch, LLVMOrcCSymbolMapPair, count);
    for (size_t i = 0; i < count; i++) {
        const ready_piece *p = &c->ready[i];
        symbols[i].Name = LLVMOrcLLJITMangleAndIntern(jit, p->name);
        symbols[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)p->code;
        symbols[i].Sym.Flags = (LLVMJITSymbolFlags){LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0};
    }
    LLVMErrorRef why = LLVMOrcJITDylibDefine(LLVMOrcLLJITGetMainJITDylib(jit), LLVMOrcAbsoluteSymbols(symbols, count));
    return why ? native_fail_llvm(c->error, "the built-in pieces cannot be linked", why) : ISG_OK;
}

static size_t count_functions(LLVMModuleRef module)
{
    size_t count = 0;
    for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f))
        count += !LLVMIsDeclaration(f);
    return count;
}

static bool is_this_architecture(const native_compilation *c)
{
    char *here = LLVMGetDefaultTargetTriple();
    size_t length = strcspn(here, "-");
    bool same = strcspn(c->triple, "-") == length && !memcmp(c->triple, here, length);
    LLVMDisposeMessage(here);
    return same;
}

static isg_status load(native_compilation *c, void *context)
{
    native_program *p = context;
    LLVMMemoryBufferRef object;
    if (!is_this_architecture(c))
        return native_fail(c->error, ISG_INVALID, "the program is for another processor and cannot run here", c->triple);
    p->functions = count_functions(c->g.module);
    isg_status status = create_jit(c, &p->jit);
    if (!status && c->ready)
        status = define_ready(c, p->jit);
    if (!status)
        status = native_generate(c, LLVMObjectFile, &object);
    if (status)
        return status;
    LLVMErrorRef why = LLVMOrcLLJITAddObjectFile(p->jit, LLVMOrcLLJITGetMainJITDylib(p->jit), object); /* consumes object */
    if (why)
        return native_fail_llvm(c->error, "the code cannot be loaded", why);
    LLVMOrcExecutorAddress address = 0;
    if ((why = LLVMOrcLLJITLookup(p->jit, &address, ISG_ABI_SYMBOL)))
        return native_fail_llvm(c->error, "the code cannot be linked", why);
    p->abi = (const isg_abi_program *)(uintptr_t)address;
    return ISG_OK;
}

isg_status native_compile(const ir_module *m, const native_options *options, native_program **out, isg_error *error)
{
    *out = NULL;
    native_program *p = calloc(1, sizeof *p);
    if (!p)
        return native_fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    isg_status status = native_with_code(m, options, true, load, p, error);
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

size_t native_program_functions(const native_program *p)
{
    return p->functions;
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
