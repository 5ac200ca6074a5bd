/* target_solve.h - solving a problem within a machine's limits, on a simulator of that machine. */
#ifndef BACKENDS_SOLVE_TARGET_SOLVE_H
#define BACKENDS_SOLVE_TARGET_SOLVE_H

#include "backends/machine/prepare.h"
#include "backends/solve/solve.h"

/* Answers of a machine that are kept: on its grid they may rank otherwise than in exact numbers. */
enum { TARGET_SOLVE_ANSWERS = 16 };

typedef struct target_answers {
    int32_t count;
    double energy[TARGET_SOLVE_ANSWERS]; /* problem_energy, lowest first, earlier reads before later of equals */
    int8_t *state[TARGET_SOLVE_ANSWERS]; /* [spins] each, in the problem's values */
    int64_t spins;
    const isg_allocator *allocator;
    int64_t spins_fixed; /* by presolve, before the machine saw the problem */
    bool quantized;
    quantize_loss loss;
} target_answers;

/* The problem is prepared (prepare.h) as one part; each read is one run of the machine, under a seed of its own, mapped back
 * and descended from in exact numbers. Settings as solve.h says, but reads and sweeps are the simulator's (steps of a coherent
 * machine), and the reads run one after the other. With `as_it_stands` the problem is one that was prepared already: the machine
 * gets it unchanged, answers are not descended from, and the simulator runs as in `isg run --target`. ISG_INVALID where the
 * machine cannot take the problem. ISG_INCOMPLETE as in solve.h; answers are open after ISG_OK and ISG_INCOMPLETE. */
isg_status target_solve(const problem *p, const target *t, const solve_settings *settings, target_answers *answers,
                        solve_result *result, isg_error *error);
void target_answers_close(target_answers *answers);

#endif
