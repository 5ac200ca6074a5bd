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

#endif
