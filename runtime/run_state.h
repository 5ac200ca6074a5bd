/* run_state.h - one isg_run at work; shared by run.c, run_bind.c and run_sample.c. */
#ifndef RUNTIME_RUN_STATE_H
#define RUNTIME_RUN_STATE_H

#include "runtime/program_state.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct run {
    isg_program *program;
    const isg_allocator *allocator;
    isg_run_options options; /* defaults filled in */
    bool default_effort;     /* neither reads nor sweeps were asked for */
    int64_t batch;
    const isg_tensor **inputs;  /* [input_count], by position in the program */
    const isg_tensor **outputs; /* [output_count]; NULL where not asked for */
    double *energies;           /* [hamiltonian_count][batch] */
    char *done;                 /* [batch]: the sample has run */
    _Atomic int64_t next_sample;
    _Atomic int64_t fault_sample; /* lowest at fault; INT64_MAX: none */
    _Atomic int64_t done_count;
    pthread_mutex_t progress_mutex; /* guards the two below, and serialises the callback */
    double progress_time;
    int64_t progress_shown;
} run;

/* Work on one Hamiltonian, summed over a worker's samples. */
typedef struct run_effort {
    uint64_t attempts;
    double seconds;
} run_effort;

typedef struct run_worker {
    run *run;
    pthread_t thread;
    char *frame, *scratch; /* the program's */
    run_effort *efforts;   /* [hamiltonian_count] */
    double seconds_coefficients;
    bool stopped;    /* a solver has ended the sample */
    isg_error error; /* of fault_sample; its status is 0 without one */
    int64_t fault_sample;
} run_worker;

/* Finds every tensor by name, and checks shapes, dtypes and the common batch axis. */
isg_status run_bind(run *r, const isg_named_tensor *inputs, size_t input_count, const isg_named_tensor *outputs,
                    size_t output_count, isg_error *error);

/* Runs the sample at `position` of the batch in the worker's memory, and stores its outputs. */
isg_status run_sample(run_worker *w, int64_t position, isg_error *error);

bool run_cancelled(const void *run);
double run_clock(void); /* seconds, monotonic */

#endif
