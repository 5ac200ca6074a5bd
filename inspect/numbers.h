/* numbers.h - a problem in numbers: how couplings and fields are spread, what presolve settles, and what a machine's grid
 * would make of them.
 */
#ifndef INSPECT_NUMBERS_H
#define INSPECT_NUMBERS_H

#include "backends/target.h"
#include "inspect/distribution.h"
#include "inspect/spin_names.h"
#include "passes/problem/problem_pass.h"

/* As spins of {-1, 1}, in which a field and a coupling weigh alike: from |h_i| >= sum_j |J_ij| on the field decides. */
typedef struct spin_ratios {
    double *ratio; /* [spins]: |h_i| / sum_j |J_ij|; INFINITY without couplings */
    int64_t above_one, without_couplings;
} spin_ratios;

/* Nothing: neither field nor coupling acts on the spin. */
typedef enum fixed_by { FIXED_BY_NOTHING, FIXED_BY_FIELD, FIXED_BY_ROOF } fixed_by;

typedef struct fixed_spins {
    presolve_info info; /* of dominance and roof duality together */
    int8_t *value;      /* [spins]: 0 or 1, lowest or highest; -1: free */
    fixed_by *by;       /* [spins]: of those that are fixed */
    int64_t count[3];   /* fixed by each */
    int64_t left;       /* spins presolve leaves */
} fixed_spins;

/* How fine a grid the couplings ask for. */
typedef struct coupling_bits {
    double needed; /* bits, sign included as in a target's `couplings`, of the grid on which at most one in a hundred becomes
                      zero; 0 without any */
    double range;  /* largest over smallest, by size */
} coupling_bits;

typedef struct numbers {
    arena_duty *duty;                      /* holds `spin` until it is closed */
    const problem *spin;                   /* the problem in {-1, 1} */
    int64_t fields;                        /* of the problem as it stands: not zero */
    bool spin_fields;                      /* of `spin`: some field is not zero */
    int64_t components, largest_component; /* sets of spins that no coupling joins */
    spin_ratios ratios;
    fixed_spins fixed;
    coupling_bits bits;
    bool quantised; /* the target has a grid, and takes the fields */
    quantize_info quantisation;
    int64_t couplings_sent, couplings_lost, fields_sent, fields_lost; /* of the model's, the ancilla's couplings being fields */
} numbers;

/* Arrays in the arena; target may be NULL. Close after success only; the arena closes what memory running out leaves open. */
isg_status numbers_find(const problem *p, const target *t, arena *a, numbers *out, isg_error *error);
void numbers_close(numbers *n);

/* NUMBERS of README.md. */
json_t *numbers_value(arena *a, const problem *p, const target *t, const numbers *n);

enum { NUMBERS_SPINS_LISTED = 16384, NUMBERS_FIXED_LISTED = 4096 };

#endif
