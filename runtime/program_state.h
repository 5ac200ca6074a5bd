/* program_state.h - what an opened program is made of; for program.c and run.c. */
#ifndef RUNTIME_PROGRAM_STATE_H
#define RUNTIME_PROGRAM_STATE_H

#include "runtime/memory.h"
#include "runtime/program.h"

#include <stdatomic.h>

/* isg_cancel turns ACTIVE into CANCELLED in one step, so that it only ever reaches a running run. */
typedef enum run_phase { RUN_IDLE, RUN_ACTIVE, RUN_CANCELLED } run_phase;

/* OpenBLAS keeps one buffer a calling thread, and has 256 of them. */
enum { RUN_THREADS_MAX = 128 };

/* What one worker thread of a run works in. */
typedef struct worker_memory {
    memory_aligned frame, scratch;
} worker_memory;

struct isg_program {
    isg_allocator allocator;
    const isg_abi_program *abi;
    void *library; /* dlopen's handle; NULL: the code is someone else's */
    isg_port *inputs, *outputs;
    isg_hamiltonian_report *reports; /* [hamiltonian_count] */
    memory_aligned weights;          /* empty when they are embedded */
    memory_aligned tables;
    program_solver solver; /* NULL: the annealer */
    void *solver_context;
    atomic_int phase; /* run_phase */
    /* Kept from run to run, for the one that is active: memory fresh from the system costs as much as writing all couplings. */
    worker_memory workers[RUN_THREADS_MAX];
};

static inline const char *program_weights(const isg_program *p)
{
    return p->weights.at ? p->weights.at : p->abi->weights;
}

#endif
