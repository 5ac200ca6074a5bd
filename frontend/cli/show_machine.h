/* show_machine.h - what `isg run --target` says about the machine. */
#ifndef CLI_SHOW_MACHINE_H
#define CLI_SHOW_MACHINE_H

#include "backends/machine/machine.h"

/* Puts into the report what the machine knows and the runtime does not: reads and sweeps as used, spins fixed by presolve. */
void machine_complete_report(const machine *x, const machine_settings *settings, isg_report *report);

/* On stderr, for each Hamiltonian: parts, rounds, passes, runs, and plainly what was lost to precision. The arena is scratch. */
void show_machine(const machine *x, const target *t, const isg_report *report, arena *a);

#endif
