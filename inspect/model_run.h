/* model_run.h - one sample of a model, its Hamiltonians observed on the way.
 *
 * A program_solver (runtime/program.h) that binds each Hamiltonian to its numbers, anneals it many times, lets the target's
 * simulator at it too, and goes on with the annealer's best state.
 */
#ifndef INSPECT_MODEL_RUN_H
#define INSPECT_MODEL_RUN_H

#include "backends/machine/machine.h"
#include "inspect/observe.h"
#include "inspect/term_probe.h"

/* One Hamiltonian of the model. */
typedef struct observed_anneal {
    ir_op op;
    bool bound; /* the run reached it */
    bool late;  /* an earlier one was cut short, and its state unfinished */
    problem problem;
    observation observation;
    term_numbers *terms; /* [term_count] */
    uint32_t term_count;
    const char *moves;     /* of the compiled program */
    int8_t *machine_state; /* [spins]: 1 where up; NULL without a machine, and when cancelled */
    double machine_energy; /* of the problem */
} observed_anneal;

typedef struct model_run {
    const isg_allocator *allocator;
    const ir_module *module;
    probes probes;
    observe_settings settings;
    machine *machine;         /* NULL: none */
    observed_anneal *anneals; /* [probes.anneals], in the arena */
} model_run;

model_run model_run_open(const ir_module *m, probes p, const observe_settings *settings, machine *machine,
                         const isg_allocator *allocator, arena *a);
void model_run_close(model_run *r);

isg_status model_run_solve(void *run, const program_solve *request, isg_error *error);

#endif
