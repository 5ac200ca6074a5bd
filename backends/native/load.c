/* load.c - running a program in this process (native.h): the object file that a shared object would hold, linked by LLVM's
 * just-in-time linker. So both run the same instructions. */
#include "backends/native/compile.h"

#include <llvm-c/LLJIT.h>

#include <stdlib.h>
#include <string.h>

struct native_program {
    LLVMOrcLLJITRef jit;
    const isg_abi_program *abi;
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
    isg_status status = create_jit(c, &p->jit);
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
    isg_status status = native_with_code(m, options, load, p, error);
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
