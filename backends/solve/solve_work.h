/* solve_work.h - what the reads of one problem share, and what each thread has of its own: for solve.c and solve_read.c. */
#ifndef BACKENDS_SOLVE_SOLVE_WORK_H
#define BACKENDS_SOLVE_SOLVE_WORK_H

#include "backends/solve/byte_lattice.h"
#include "backends/solve/dense_lattice.h"
#include "backends/solve/kernel.h"
#include "backends/solve/lane_lattice.h"
#include "backends/solve/solve.h"
#include "runtime/schedule.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct solving {
    const problem *p;
    const solve_settings *settings;
    lattice lattice;
    lane_lattice lanes; /* at most one of the three is used */
    byte_lattice bytes;
    dense_lattice dense;
    bool lanes_fit;
    schedule schedule;
    double roots[SCHEDULE_ROOTS]; /* of the schedule */
    int32_t reads, sweeps;
    double deadline;                   /* INFINITY: none */
    atomic_int next_group, reads_done; /* a group: what is annealed at a time */
    atomic_bool stopped, out_of_time;
    _Atomic int64_t sweeps_done;
    pthread_mutex_t progress_mutex;
    double progress_time; /* of the last call; guarded */
} solving;

typedef struct worker {
    solving *s;
    pthread_t thread;
    kernel_state state;
    lane_state lanes;
    byte_state bytes;
    dense_state dense;
    int8_t *best; /* 1: up */
    kernel_energy best_energy;
    int32_t best_read; /* -1: none yet */
    int64_t attempts, flips;
    int64_t unasked; /* spins looked at since the last question */
} worker;

/* Reads that are annealed at a time. */
static inline int32_t solving_group(const solving *s)
{
    return s->lanes.used ? LANES_READS : 1;
}

/* Seconds of a clock that only goes forward. */
double work_clock(void);

/* Anneals the reads of a group and keeps the best of them and of what the worker has. */
void work_group(worker *w, int32_t group);

#endif
