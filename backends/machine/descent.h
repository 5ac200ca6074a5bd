/* descent.h - greedy descent of a problem's state in exact numbers, to put right what a machine's grid got wrong. */
#ifndef BACKENDS_MACHINE_DESCENT_H
#define BACKENDS_MACHINE_DESCENT_H

#include "ir/problem.h"

/* Flips spins in index order wherever that lowers the energy, until none does. field: scratch [p->spins]. */
void descent(const problem *p, const problem_rows *rows, int8_t *state, double *field);

#endif
