/* term_probe.h - how to see the coefficients of one term alone.
 *
 * The compiled Hamiltonian gives the sum of its terms. So before a module is compiled for inspection, a probe for each term is
 * put in front of each anneal: an anneal over the same spins with that term only, whose coefficients are read and which is never
 * annealed.
 */
#ifndef INSPECT_TERM_PROBE_H
#define INSPECT_TERM_PROBE_H

#include "inspect/structure.h"
#include "runtime/abi.h"

/* What a Hamiltonian of the compiled program stands for. */
typedef struct probed {
    uint32_t anneal; /* its number among the module's own anneals */
    int32_t term;    /* -1: the anneal itself */
    ir_op op;        /* the module's own anneal */
} probed;

typedef struct probes {
    probed *at; /* by the program's number */
    uint32_t count;
    uint32_t anneals; /* the module's own */
} probes;

/* Puts probes into the module's model, a module at STAGE_ISING or later. */
probes probes_insert(ir_module *m, arena *a);

/* The coefficients of a probe, from the frame: of couplings, of fields or the offset as the term has two, one or no spins. A
 * repeated pair is a value of its own, as are zeros of couplings; a field that is zero is a value for every spin that the term
 * could give one. values is taken from the allocator; release it with memory_release(values, count, sizeof(double)). */
isg_status probe_read(const isg_abi_hamiltonian *h, const isg_abi_context *context, uint32_t spin_count, int64_t combinations,
                      const isg_allocator *allocator, term_numbers *out, isg_error *error);

#endif
