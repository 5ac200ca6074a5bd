/* compile.h - inside the native backend: one compilation, from a module to optimised code in LLVM's form.
 *
 * compile.c makes the code; load.c runs it in this process, emit.c writes it as a file's bytes.
 */
#ifndef BACKENDS_NATIVE_COMPILE_H
#define BACKENDS_NATIVE_COMPILE_H

#include "backends/native/codegen.h"
#include "backends/native/native.h"
#include "backends/native/ready.h"

#include <llvm-c/Error.h>
#include <llvm-c/Orc.h>
#include <llvm-c/TargetMachine.h>

/* Whatever is not NULL is disposed of at its end. */
typedef struct native_compilation {
    arena scratch;
    const native_options *options;
    LLVMContextRef context;
    bool in_process;          /* the code will run in this process */
    codegen g;                /* its module is the code */
    const ready_piece *ready; /* the pieces that it calls; NULL: it has its own */
    LLVMTargetMachineRef machine;
    char *triple, *cpu, *features;
    isg_error *error;
} native_compilation;

/* Compiles the module for options->processor, to be run in this process or elsewhere, and calls `use` with the result. `use` may
 * set g.module to NULL when it gave it away. Returns its status, or the status of the failure before it. */
typedef isg_status (*native_use)(native_compilation *c, void *context);
isg_status native_with_code(const ir_module *m, const native_options *options, bool in_process, native_use use, void *context,
                            isg_error *error);

/* The code as an object file or as assembly; to be disposed of by the caller. */
isg_status native_generate(native_compilation *c, LLVMCodeGenFileType type, LLVMMemoryBufferRef *out);

/* Fill the error and return its status. `why` may be NULL; the second consumes it. */
isg_status native_fail(isg_error *error, isg_status status, const char *what, const char *why);
isg_status native_fail_llvm(isg_error *error, const char *what, LLVMErrorRef why);

#endif
