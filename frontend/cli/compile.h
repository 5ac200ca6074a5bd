/* compile.h - from a file to a module at a wanted stage, as the subcommands share it. */
#ifndef CLI_COMPILE_H
#define CLI_COMPILE_H

#include "backends/target.h"
#include "frontend/cli/cli.h"
#include "passes/pass.h"
#include "runtime/safetensors.h"

typedef struct compilation {
    cli *cli;
    diagnostics diagnostics;
    ir_module *module;
    safetensors weights;       /* empty without a weights file */
    const target *target;      /* NULL: this processor */
    int64_t machine_variables; /* as pass_options has it */
    bool print_after_all;
    bool verify_each;
    bool locations;
    const char *loaded; /* the text of the module as it was loaded, for the reproducer */
} compilation;

void compilation_open(compilation *k, cli *c);
void compilation_close(compilation *k);

/* Each returns EXIT_DONE, or the exit status after reporting what is wrong. */
int compile_load_model(compilation *k, const char *path, const char *weights_path); /* weights_path may be NULL */
int compile_load_text(compilation *k, const char *path);                            /* .ising */
int compile_find_target(compilation *k, const char *name); /* sets target; NULL or a native one leaves the spins unlimited */
int compile_to(compilation *k, ir_stage stage);
int compile_passes(compilation *k, const char *names);

/* Shows what was collected; EXIT_INPUT when there are errors. */
int compile_diagnose(compilation *k);

/* reproducer.c: writes a file with the program before the failure and the command that repeats it, says where, and
 * returns EXIT_DEFECT. */
int compile_defect(compilation *k, const char *failed, const char *fault, const char *before);

#endif
