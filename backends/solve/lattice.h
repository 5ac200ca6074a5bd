/* lattice.h - a problem laid out for single-flip annealing.
 *
 * Every spin is down or up, -1 or 1 in one domain, 0 or 1 in the other. With v the spins' values its field is
 * field_i = h_i + sum_j J_ij v_j, in lattice numbers: those of the problem times 2^exponent. Then
 *
 *   field_i = base_i + sum of change_ij over the neighbours that are up,
 *   energy(v) - energy(all down) = unit / 2 * sum of (base_i + field_i) over the spins that are up,
 *
 * and a flip of spin i changes the energy by unit * field_i on the way up, by its negative on the way down.
 *
 * Where the numbers can be made whole and stay small, the lattice is exact: 32-bit integers, energies in 64. Otherwise numbers
 * are doubles, the largest of them near 1, so that no sum overflows.
 */
#ifndef BACKENDS_SOLVE_LATTICE_H
#define BACKENDS_SOLVE_LATTICE_H

#include "ir/problem.h"

/* Fields are padded to whole blocks, for kernels that look at a block at once. */
enum { LATTICE_BLOCK = 16 };

typedef union lattice_numbers {
    void *any;
    int32_t *whole; /* of an exact lattice */
    double *real;
} lattice_numbers;

typedef struct lattice {
    const isg_allocator *allocator;
    int64_t spins, padded, entries;
    bool exact;
    int32_t exponent;
    double unit;            /* 2 for -1 and 1, 1 for 0 and 1 */
    int64_t quantum;        /* of an exact lattice: all of base and change are multiples of it; at least 1 */
    double largest, reach;  /* of all |J_ij|; of all |h_i| + sum_j |J_ij|, which no field exceeds */
    int64_t *row_start;     /* [spins + 2], the last unused */
    uint32_t *neighbour;    /* [entries], both directions of every coupling */
    lattice_numbers base;   /* [padded] */
    lattice_numbers change; /* [entries] */
    double hot, cold;       /* temperatures to begin and end at, as energies in lattice numbers; 0: no energy depends on a spin */
} lattice;

/* ISG_INVALID where a number is not finite. */
isg_status lattice_open(lattice *l, const problem *p, isg_error *error);

/* In two steps: all but row_start, neighbour and change, and those. When the second fails, the lattice is closed. */
isg_status lattice_measure(lattice *l, const problem *p, isg_error *error);
isg_status lattice_fill(lattice *l, const problem *p, isg_error *error);

/* A number of the problem in lattice numbers. */
double lattice_number(const lattice *l, double value);
void lattice_close(lattice *l);

/* Bytes of one number. */
static inline size_t lattice_number_bytes(const lattice *l)
{
    return l->exact ? sizeof(int32_t) : sizeof(double);
}

#endif
