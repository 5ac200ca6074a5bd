/* program.h - inside the runtime: programs made from an ABI record in this process (the compiler's
 * just-in-time code), with their weights given as tensors. */
#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include "runtime/abi.h"

#include <stdbool.h>

/* As isg_open, for code already loaded; `abi` must outlive the program. Every parameter of the ABI that
 * is not embedded must be among `weights` with its shape; they are copied. */
isg_status program_open_abi(const isg_abi_program *abi, const isg_named_tensor *weights, size_t weight_count,
                            const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error);

/* Solving a Hamiltonian by something else than the program's own annealer. The coefficients are in the frame; the solver
 * leaves the final state at hamiltonian->state_offset of the frame and its energy, offset included, in *energy. Called from
 * several threads at once. `cancelled` is to be asked now and then; the best so far is still an answer then. */
typedef struct program_solve {
    const isg_abi_hamiltonian *hamiltonian;
    const isg_abi_context *context;
    uint64_t number; /* of the Hamiltonian in the program */
    int64_t sample;  /* index in the input file */
    double *energy;
    bool (*cancelled)(const void *context);
    const void *cancel_context;
    bool *stop; /* set: the sample ends here, without its outputs and without an energy */
} program_solve;
static inline bool program_solve_cancelled(const program_solve *request)
{
    return request->cancelled && request->cancelled(request->cancel_context);
}

typedef isg_status (*program_solver)(void *context, const program_solve *request, isg_error *error);

/* For the runs that follow; NULL: the annealer again. */
void program_set_solver(isg_program *program, program_solver solver, void *context);

/* Checks the stamp alone: magic, version, struct sizes, processor features. */
isg_status program_check_abi(const isg_abi_program *abi, isg_error *error);

#endif
