/* bind.h - from a compiled Hamiltonian with its coefficients in the frame to a problem in numbers. */
#ifndef BACKENDS_MACHINE_BIND_H
#define BACKENDS_MACHINE_BIND_H

#include "ir/problem.h"
#include "runtime/abi.h"

/* The problem of one sample, after `coefficients`. Spins keep their numbers. Where {0, 1} and {-1, 1} arrays meet, all
 * become {-1, 1}. ISG_INVALID beyond 2^31 - 1 spins. */
isg_status bind_problem(const isg_abi_hamiltonian *h, const isg_abi_context *context, const isg_allocator *allocator,
                        problem *out, isg_error *error);

/* The part of a problem over `spins` (ascending), all others held at `state`: their couplings are folded into the fields. Its
 * offset is 0, its origins are the listed spins in order. rows are those of p. local: scratch [p->spins], holding
 * PROBLEM_NO_SPIN everywhere before and after. */
isg_status bind_part(const problem *p, const problem_rows *rows, const uint32_t *spins, int64_t count, const int8_t *state,
                     uint32_t *local, problem *out, isg_error *error);

#endif
