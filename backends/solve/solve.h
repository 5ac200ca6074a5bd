/* solve.h - annealing a problem in numbers, as fast as a bare list of couplings allows.
 *
 * `reads` independent anneals from random states over a geometric ladder of temperatures, each followed by a descent; the lowest
 * (energy, read) wins. Reads are spread over threads. Randomness is keyed by seed, read, sweep and spin, so that the
 * answer is the same on any number of threads, unless it is cut short.
 */
#ifndef BACKENDS_SOLVE_SOLVE_H
#define BACKENDS_SOLVE_SOLVE_H

#include "ir/problem.h"

typedef struct solve_settings {
    int32_t reads, sweeps; /* 0: by the problem's size: less than a second of one processor, more for large problems */
    int32_t threads;       /* 0: all processors */
    uint64_t seed;
    bool as_it_stands; /* target_solve: the problem is what the machine takes; answers stay as the machine gives them */
    double seconds;    /* wall time from the call on, after which the best so far is the answer; 0: no limit */
    bool (*cancelled)(
        const void *context); /* asked by every thread once in at most one sweep or a few microseconds; may be NULL */
    const void *cancel_context;
    void (*progress)(void *context, int64_t done, int64_t total); /* sweeps, of all reads; one call at a time; may be NULL */
    void *progress_context;
} solve_settings;

typedef struct solve_result {
    double energy;         /* problem_energy of the state */
    int32_t read;          /* that found it */
    int32_t reads, sweeps; /* of the plan */
    int32_t threads;
    int32_t reads_done; /* to their end */
    int64_t attempts;   /* spins looked at */
    int64_t flips;
    bool out_of_time;
} solve_result;

/* state[spins] in the problem's values. ISG_INCOMPLETE when cancelled or out of time: state and result then hold the best so far,
 * never worse than the first start after a descent's first steps; error says which it was. */
isg_status solve_problem(const problem *p, const solve_settings *settings, int8_t *state, solve_result *result, isg_error *error);

#endif
