/* prepare.h - a part of a problem, made into what a machine takes.
 *
 * The one place where a target's limits become numbers: the simulator runs what comes out of here, and a file for the
 * machine holds the same.
 */
#ifndef BACKENDS_MACHINE_PREPARE_H
#define BACKENDS_MACHINE_PREPARE_H

#include "backends/target.h"
#include "passes/problem/problem_pass.h"

/* What was done: presolve, to-spin, ancilla where the machine has no fields, quantize where its values are limited. */
typedef struct prepared {
    problem machine; /* what the machine gets; problem_decode gives the part's spins */
    presolve_info presolve;
    ancilla_info ancilla;
    quantize_info quantize;
    bool quantized;
    /* Of the part after presolve, not zero, and of these rounded to zero. Couplings to the ancilla are fields here, which is what
     * they stand for; quantize.loss counts them as couplings. */
    int64_t couplings, couplings_lost, fields, fields_lost;
} prepared;

typedef struct prepare_settings {
    const target *target;
    bool with_verdict; /* whether the ground state survives, by enumeration where that can be told */
    bool without_presolve;
} prepare_settings;

/* Close with prepared_close. ISG_INVALID where the machine cannot take the problem at all (fields on a machine without, or
 * more spins than it has); the message says what is short by how much. */
isg_status prepare_part(const problem *part, const prepare_settings *settings, prepared *out, isg_error *error);
void prepared_close(prepared *p);

/* What the usual way would lose, which is no presolve and a grid whose edge is the largest number: the part's couplings, and how
 * many of them become zero. Both 0 where the machine has no grid. */
isg_status prepare_usual_loss(const problem *part, const target *t, int64_t *couplings, int64_t *lost, isg_error *error);

#endif
