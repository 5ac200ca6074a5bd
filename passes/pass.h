/* pass.h - what a program pass is, and the pipeline they stand in.
 *
 * A pass rewrites the module in place. Faults of the user's program go to the module's diagnostics and
 * the pass goes on, so that one run reports every independent error; operations that an error made
 * meaningless become poison, which every pass steps over in silence.
 */
#ifndef PASSES_PASS_H
#define PASSES_PASS_H

#include "ir/ir.h"

typedef struct pass_options {
    const char *model;         /* which model to compile; NULL when the file has one */
    int64_t machine_variables; /* spins of a model that the target holds at once; 0: any number */
} pass_options;

typedef struct pass {
    const char *name;
    void (*run)(ir_module *m, const pass_options *options);
    ir_stage from, to; /* stage required and stage established */
    const char *doc;
} pass;

extern const pass pass_table[]; /* the whole order; ends with name NULL */
const pass *pass_find(const char *name);

/* Called between passes; NULL members are skipped. */
typedef struct pass_hooks {
    void (*after)(void *context, const pass *p, const ir_module *m); /* --print-after-all */
    void *context;
    bool verify_each;
} pass_hooks;

/* Runs the table from the module's stage until `to` is reached (STAGE_GRAPH: after the first fold). Returns
 * NULL, or what the verifier found after a pass: an internal error; *failed names the pass and `before`
 * is the IR it was given, both for the reproducer. User errors are in the diagnostics, not here. */
const char *pass_run_to(ir_module *m, ir_stage to, const pass_options *options, const pass_hooks *hooks, const char **failed,
                        const char **before);
/* The same for a comma-separated list of names; an unknown one is a user error. */
const char *pass_run_list(ir_module *m, const char *names, const pass_options *options, const pass_hooks *hooks,
                          const char **failed, const char **before);

void pass_inline(ir_module *m, const pass_options *options);
void pass_infer_shapes(ir_module *m, const pass_options *options);
void pass_fold(ir_module *m, const pass_options *options);
void pass_lower_hamiltonian(ir_module *m, const pass_options *options);
void pass_split_independent(ir_module *m, const pass_options *options);
void pass_partition(ir_module *m, const pass_options *options);

#endif
