/* fit.h - does a model fit a machine, what does it lose there, and what does it cost?
 *
 * Without data: spins, parts, rounds, machine time. With data: every sample's Hamiltonians are solved twice, by the native
 * annealer and within the machine's limits, on the same coefficients; the model goes on with the native answer, so that later
 * Hamiltonians are compared on equal terms too.
 */
#ifndef BACKENDS_MACHINE_FIT_H
#define BACKENDS_MACHINE_FIT_H

#include "backends/machine/machine.h"

typedef enum fit_verdict {
    FIT_FITS,
    FIT_IN_PARTS,
    FIT_NEEDS_EMBEDDING,
    FIT_NEEDS_FIELDS,    /* the machine has none, and no ancilla to stand for them */
    FIT_LOSES_PRECISION, /* fits, whole or in parts, but most couplings are lost, or all of a run's */
    FIT_TOO_SMALL        /* cannot run at all */
} fit_verdict;
extern const char *const fit_verdict_names[];

/* Of one Hamiltonian on one machine. What was not measured is NaN. */
typedef struct fit_row {
    const char *hamiltonian;
    int64_t spins_needed, spins_available; /* the largest part and its ancilla; INT64_MAX: unlimited */
    int64_t spins;                         /* of the Hamiltonian */
    uint32_t parts, rounds;
    double anneals;                       /* of the machine a sample: runs of parts times reads; at most, until measured */
    double seconds;                       /* machine time a sample: anneals * run_seconds; NaN when that is not published */
    int64_t samples;                      /* measured on; 0: none */
    double fixed;                         /* spins fixed by presolve in the first pass, of all, 0..1 */
    double couplings_lost;                /* of the couplings sent, those to an ancilla left out, 0..1 */
    double usual_lost;                    /* what no presolve and a grid set by the largest number would lose, 0..1 */
    double error_bound;                   /* on the energy of all parts together, a pass; mean over samples */
    double energy_native, energy_machine; /* mean over samples */
    double gap;                           /* (machine - native) / |native| */
    double agreement;                     /* of the spins, 0..1 */
    fit_verdict verdict;
    const char *advice; /* what would help, or NULL */
} fit_row;

typedef struct fit_run fit_run;

/* Opens a measurement for the module's model on a machine. The module is at STAGE_SCHEDULED for that target. */
isg_status fit_open(fit_run **out, const ir_module *m, const machine_settings *settings, uint64_t hamiltonians,
                    const isg_allocator *allocator, isg_error *error);
void fit_close(fit_run *f);

/* A program_solver whose context is the fit_run. A sample that is cancelled on the way does not count. */
isg_status fit_solve(void *fit, const program_solve *request, isg_error *error);

/* The rows of the module's Hamiltonians on the settings' target, texts and all in the arena; `measured` may be NULL. */
fit_row *fit_rows(const ir_module *m, const machine_settings *settings, const fit_run *measured, arena *a, uint32_t *count);

#endif
