/* machine_view.h - a Hamiltonian on a machine: the parts it is cut into, what is sent, and what came back. */
#ifndef INSPECT_MACHINE_VIEW_H
#define INSPECT_MACHINE_VIEW_H

#include "backends/machine/machine.h"
#include "inspect/observe.h"
#include "inspect/value.h"
#include "ir/problem.h"

enum { MACHINE_SPINS_LISTED = 16384 };

/* The parts, and where they come from. */
typedef struct machine_parts {
    const machine_schedule *schedule;
    const char *const *texts; /* [part_count], or NULL: "x[0:8, 0:8]" */
    const int64_t *severed;   /* [part_count], or NULL: as the terms state it, for want of numbers */
} machine_parts;

/* What the machine's simulator gave for the problem. */
typedef struct machine_answer {
    const int8_t *up; /* [spins] */
    double energy;
    int32_t passes, reads, sweeps;
} machine_answer;

/* Of a scheduled anneal, in the arena. */
machine_parts machine_parts_of(const ir_module *m, ir_op anneal, arena *a);
/* Of a problem, cut as block_solve cuts it. */
isg_status machine_parts_of_problem(const problem *p, const target *t, arena *a, machine_parts *out, isg_error *error);

/* Runs the problem on the target's simulator, in parts where needed, with the reads, sweeps, seed and cancellation of the
 * settings. ISG_INVALID where the machine cannot take it, ISG_INCOMPLETE, without an answer, when cancelled. answer->up lies in
 * the arena. */
isg_status machine_ask(const problem *p, const target *t, const observe_settings *settings, arena *a, machine_answer *answer,
                       isg_error *error);

/* PARTITION of README.md; p may be NULL. */
json_t *machine_partition_value(arena *a, const machine_parts *parts, const target *t, const problem *p);

/* MACHINE of README.md. What is sent is what the machine gets of each part with all others as in the answer. */
isg_status machine_answer_value(arena *a, const machine_parts *parts, const target *t, const problem *p,
                                const machine_answer *answer, const int8_t *best_up, double best, json_t **out, isg_error *error);
json_t *machine_refused_value(arena *a, const target *t, const char *why);

#endif
