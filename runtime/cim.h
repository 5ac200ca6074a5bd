/* cim.h - a simulator of a coherent Ising machine: a network of optical parametric oscillators with feedback, one pulse a
 * spin, whose amplitudes' signs are the spins.
 *
 * CIM_CHAOTIC: amplitude heterogeneity is corrected by error variables, and the target amplitude is modulated by how far the
 * energy is above the best seen (T. Leleu, Y. Yamamoto, P. L. McMahon, K. Aihara, "Destabilization of local minima in analog spin
 * systems by correction of amplitude heterogeneity", Physical Review Letters 122, 040607 (2019)).
 * CIM_SIMPLE: linear amplification with saturation, noise and a rising pump (E. S. Tiunov, A. E. Ulanov, A. I. Lvovsky,
 * "Annealing by simulating the coherent Ising machine", Optics Express 27, 10288 (2019)).
 *
 * As on the machines, fields act through one more pulse, an ancilla; states are read relative to it. Same settings, same bits:
 * every random number is keyed by seed, sample, Hamiltonian, read, step and spin, and nothing depends on the width of vectors.
 */
#ifndef RUNTIME_CIM_H
#define RUNTIME_CIM_H

#include "ir/problem.h"

typedef enum cim_method { CIM_CHAOTIC, CIM_SIMPLE } cim_method;

enum { CIM_DEFAULT_READS = 16, CIM_DEFAULT_STEPS = 2000 };

typedef struct cim_settings {
    cim_method method;
    int32_t reads, steps; /* 0: the default */
    uint64_t seed;
    int64_t sample;                         /* index in the input file; keys the randomness */
    uint32_t hamiltonian;                   /* position in the program; keys the randomness */
    int32_t first_read;                     /* number of the first read; keys the randomness */
    bool (*cancelled)(const void *context); /* asked once a step; may be NULL */
    const void *cancel_context;
} cim_settings;

/* The state of lowest energy that any read passed through, the first of equals: of values -1 and 1, or 0 and 1 for a binary
 * problem; with an ancilla of the problem's own, that one reads 1. *best_energy as problem_energy gives it. ISG_INCOMPLETE when
 * cancelled: the best so far, at least the start. */
isg_status cim_solve(const problem *p, const cim_settings *settings, int8_t *best_state, double *best_energy, isg_error *error);

#endif
