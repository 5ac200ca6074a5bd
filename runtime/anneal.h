/* anneal.h - solving one Hamiltonian of one sample with the kernels that the compiler emitted for it.
 *
 * ISG_ANNEAL: `reads` independent anneals from random states, each followed by greedy descent; per
 * independent group of spins the read of lowest energy wins, the earlier of equals. ISG_DESCENT: greedy
 * descent from all-lowest and from all-highest; the second wins where it is lower by more than 1e-9.
 */
#ifndef RUNTIME_ANNEAL_H
#define RUNTIME_ANNEAL_H

#include "runtime/abi.h"

#include <stdbool.h>

/* On QAMA problems of 392 spins these reach the best known energies to within 0.1 % on average. Where a
 * caller leaves the effort to the runtime, problems of up to EXACT_MAX_SPINS spins are solved exactly. */
enum { ANNEAL_DEFAULT_READS = 32, ANNEAL_DEFAULT_SWEEPS = 64 };

typedef struct anneal_settings {
    isg_solver solver;
    int32_t reads, sweeps; /* at least 1 */
    bool exact;            /* ISG_ANNEAL: groups of at most EXACT_MAX_SPINS spins (exact.h) are solved exactly instead */
    uint64_t seed;
    int64_t sample;                         /* index in the input file; keys the randomness */
    uint32_t hamiltonian;                   /* position in the program; keys the randomness */
    bool (*cancelled)(const void *context); /* asked once a sweep */
    const void *cancel_context;
    /* ISG_ANNEAL: told the final state of every read and its energy, offset included; may be NULL. */
    void (*read_done)(void *context, int32_t read, const int8_t *state, double energy);
    void *read_context;
} anneal_settings;

typedef struct anneal_result {
    double energy;     /* of the final state, offset included */
    uint64_t attempts; /* flips tried */
} anneal_result;

/* Bytes of scratch memory (aligned to 64) that anneal_solve needs; SIZE_MAX when that overflows. */
size_t anneal_scratch_bytes(const isg_abi_hamiltonian *h);

/* Whether so many reads are annealed side by side by a Hamiltonian that has moves for that. */
bool anneal_side_by_side(uint64_t groups, int32_t reads);

/* Whether the Hamiltonian has all functions that such a solution calls; a program compiled for known runs may lack others. */
bool anneal_serves(const isg_abi_hamiltonian *h, isg_solver solver, int32_t reads);

/* Leaves the final state at h->state_offset of the frame. The coefficients must be in the frame. When
 * cancelled, the read in progress is finished by a short descent and the best so far is the answer: never
 * worse than the start. */
anneal_result anneal_solve(const isg_abi_hamiltonian *h, const isg_abi_context *context, const anneal_settings *settings,
                           char *scratch);

#endif
