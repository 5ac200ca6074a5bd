/* native.h - the native backend: from a module at STAGE_ISING to machine code, by LLVM.
 *
 * Everything LLVM stays behind this header and in this folder.
 */
#ifndef BACKENDS_NATIVE_NATIVE_H
#define BACKENDS_NATIVE_NATIVE_H

#include "ir/ir.h"
#include "runtime/abi.h"

/* What every run of a program will ask of this processor: what such runs never call is left out of the program. Other runs are
 * refused, or, of more reads, annealed one read after the other. */
typedef struct native_runs {
    isg_solver solver;
    int32_t reads; /* as in isg_run_options: 0 is the default number */
} native_runs;

typedef struct native_options {
    const char *processor;           /* a name of processors.h; NULL: this one */
    int optimise;                    /* 0..3 */
    const isg_named_tensor *weights; /* embedded in the program, every parameter of it; NULL: they are given at open */
    size_t weight_count;
    const native_runs *runs; /* NULL: anything */
    bool self_contained;     /* native_compile: with pieces of its own, as files have them, where ready ones would do */
} native_options;

typedef struct native_program native_program; /* owns the code */

/* Compiles and loads the module's model into this process. The module is not changed. ISG_INVALID for a processor of another
 * architecture. */
isg_status native_compile(const ir_module *m, const native_options *options, native_program **out, isg_error *error);
const isg_abi_program *native_program_abi(const native_program *p);
size_t native_program_functions(const native_program *p); /* how many were compiled for it */
void native_program_close(native_program *p);

typedef enum native_format { NATIVE_LLVM_TEXT, NATIVE_BITCODE, NATIVE_ASSEMBLY, NATIVE_OBJECT, NATIVE_LIBRARY } native_format;

/* NATIVE_LIBRARY is a shared object, made by a linker of this machine (link.h); ISG_IO where there is none.
 * The code as text or bytes in *bytes, *length, to be released with native_bytes_free. */
isg_status native_emit(const ir_module *m, const native_options *options, native_format format, char **bytes, size_t *length,
                       isg_error *error);
void native_bytes_free(char *bytes);

#endif
