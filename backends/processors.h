/* processors.h - the processors that code can be made for.
 *
 * The table is made when the compiler is built (processors.cmake): clang says which processors its LLVM knows and which
 * features each has.
 */
#ifndef BACKENDS_PROCESSORS_H
#define BACKENDS_PROCESSORS_H

typedef struct processor {
    const char *name;         /* as in `native-<name>`; NULL ends the table */
    const char *architecture; /* "x86_64" or "aarch64" */
    const char *cpu;          /* LLVM's name */
    const char *features;     /* LLVM's, "+a,-b,+c" */
} processor;

extern const processor processors[];

/* NULL: no such processor. */
const processor *processor_find(const char *name);

#endif
