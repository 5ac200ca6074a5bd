/* machine.h - runs the Hamiltonians of a program within a machine's limits, on a simulator of that machine.
 *
 * Parts and rounds are those of the scheduled module. A Hamiltonian is solved by block coordinate descent: a part is
 * prepared (prepare.h) with all other spins held, solved, mapped back, and kept if it lowers the energy of the Hamiltonian
 * as the model states it; so a pass never raises that energy. The passes begin from the best of
 * some greedy descents, made by the host from both extremes and from random states. Every answer is first descended from greedily
 * in exact numbers, as the host of a real machine would: it costs next to nothing and undoes flips that only the grid asked for.
 * It ends after a pass that changes nothing, or after `passes`. Parts of one round do not see each other's results, as they would
 * not on the machine.
 */
#ifndef BACKENDS_MACHINE_MACHINE_H
#define BACKENDS_MACHINE_MACHINE_H

#include "backends/target.h"
#include "ir/ir.h"
#include "runtime/program.h"

/* MACHINE_ANSWERS: for one part, of which the best by the model's own energy counts: on the grid they may rank otherwise. */
enum { MACHINE_DEFAULT_PASSES = 4, MACHINE_ANSWERS = 16 };

typedef struct machine_settings {
    const target *target;
    int32_t passes;        /* at most; 0: MACHINE_DEFAULT_PASSES */
    int32_t reads, sweeps; /* of the simulator, a part; 0: its defaults */
    uint64_t seed;
    bool with_usual_loss; /* tally what preparing the usual way would lose */
} machine_settings;

/* What the machine did for one Hamiltonian, summed over samples. */
typedef struct machine_tally {
    int64_t samples;
    int64_t runs; /* parts given to the machine: presolve had left something */
    int64_t passes;
    int64_t spins_sent;        /* ancillas left out */
    int64_t spins_fixed;       /* by presolve */
    int64_t first_spins_fixed; /* in first passes only */
    int64_t couplings, couplings_lost, fields_lost;
    int64_t usual_couplings, usual_lost; /* prepare_usual_loss, in first passes; with_usual_loss only */
    int64_t runs_without_couplings;      /* runs whose couplings were all lost to precision, though there were some */
    double largest_bound;                /* on the energy error of one part */
    double bound_sum;                    /* of a first pass over all parts, summed over samples */
} machine_tally;

typedef struct machine_part {
    uint32_t round;
    int64_t count;
    const uint32_t *spins; /* ascending */
} machine_part;

typedef struct machine_schedule {
    const machine_part *parts; /* in order of rounds */
    uint32_t part_count, round_count;
    int64_t spins;
} machine_schedule;

typedef struct machine machine;

/* The schedule of an anneal at STAGE_SCHEDULED, in the arena. */
machine_schedule machine_schedule_of(const ir_module *m, ir_op anneal, arena *a);

/* Whether every part fits, and the topology couples all to all; otherwise ISG_INVALID with what is short by how much and
 * what would help. */
isg_status machine_check(const machine_schedule *s, const target *t, const char *hamiltonian, isg_error *error);

/* Of the module's only model, one for each anneal in order of the program, each as machine_check wants it. In the arena, also the
 * array. */
isg_status machine_schedules_of(const ir_module *m, const target *t, arena *a, const machine_schedule **out, uint64_t *count,
                                isg_error *error);

/* For the program's only model, whose anneals are its Hamiltonians in order. The module must outlive the machine. */
isg_status machine_open(machine **out, const ir_module *m, const machine_settings *settings, const isg_allocator *allocator,
                        isg_error *error);
void machine_close(machine *x);

/* A program_solver (program.h) whose context is the machine. Safe on several threads at once. */
isg_status machine_solve(void *machine, const program_solve *request, isg_error *error);
/* The same in two steps: *tally is this sample's alone. */
isg_status machine_solve_untallied(machine *x, const program_solve *request, machine_tally *tally, isg_error *error);
void machine_tally_add(machine *x, uint64_t number, const machine_tally *tally);

/* Anneals that one run of a part takes, defaults filled in, and the simulator's steps in each. */
int32_t machine_reads(const machine_settings *settings);
int32_t machine_sweeps(const machine_settings *settings);
int32_t machine_answers(const machine_settings *settings);               /* MACHINE_ANSWERS, or fewer reads */
int32_t machine_share(const machine_settings *settings, int32_t answer); /* of the reads: the best of these is the answer */
int32_t machine_passes(const machine_settings *settings);

/* Of Hamiltonian `number`, over all samples solved so far. */
machine_tally machine_tally_of(const machine *x, uint64_t number);
const machine_schedule *machine_schedule_at(const machine *x, uint64_t number);

#endif
