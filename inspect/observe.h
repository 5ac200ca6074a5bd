/* observe.h - anneals a Hamiltonian many times over and writes down what every read came to.
 *
 * The reads are those of the annealer (runtime/anneal.h), with the same randomness, so that what is observed is what a run
 * does. A chain at one temperature follows, for the autocorrelation of the energy.
 */
#ifndef INSPECT_OBSERVE_H
#define INSPECT_OBSERVE_H

#include "inspect/autocorrelation.h"
#include "ir/problem.h"
#include "runtime/abi.h"
#include "runtime/schedule.h"

enum { OBSERVE_READS = 64, OBSERVE_SWEEPS = 128, OBSERVE_CHAIN = 4096 };

typedef struct observe_settings {
    int32_t reads, sweeps; /* 0: OBSERVE_READS, OBSERVE_SWEEPS, less where a problem is large */
    uint64_t seed;
    int64_t sample;                         /* keys the randomness, */
    uint64_t number;                        /* as does that of the Hamiltonian in the program */
    bool (*cancelled)(const void *context); /* asked once a sweep; may be NULL */
    const void *cancel_context;
} observe_settings;

bool observe_cancelled(const observe_settings *settings);

typedef struct observation {
    const isg_allocator *allocator;
    int64_t spins;
    int32_t reads, sweeps;
    int32_t asked;     /* reads that were meant to be; fewer have ended where it was interrupted */
    bool shortened;    /* fewer than usual, for the problem is large */
    bool interrupted;  /* cancelled before all was done */
    double *energies;  /* [reads + 1]: of the problem, in the order of the reads; the last is the answer's */
    int8_t *up;        /* [reads + 1][spins]: 1 where a spin is at its highest value */
    double seconds;    /* all reads together */
    const char *moves; /* of the annealer, in plain words; the program's, or of a problem static */
    schedule ladder;
    double chain_beta; /* of the chain: half way down the ladder */
    int32_t chain_sweeps;
    autocorrelation chain;
    double chain_mean; /* of its energies */
} observation;

/* `p` is the problem that h stands for, spin by spin. The coefficients are in the frame; the best state is left there. When
 * cancelled, the answer is the best so far, the reads are those that ended before, and the chain is not known. Close with
 * observation_close, after failures too. */
isg_status observe(const isg_abi_hamiltonian *h, const isg_abi_context *context, const problem *p,
                   const observe_settings *settings, observation *out, isg_error *error);
/* Of a problem alone. */
isg_status observe_problem(const problem *p, const observe_settings *settings, observation *out, isg_error *error);
void observation_close(observation *o);

const int8_t *observation_state(const observation *o, int32_t read); /* up [spins] */

#endif
