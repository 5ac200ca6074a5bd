/* problem_pass.h - the passes over a problem: each makes a new problem from one that it leaves alone.
 *
 * Whatever passes came between, problem_decode on the last problem gives the model's spins, and the energy of a state
 * is that of the problem before, mapped back: the offset is carried. Exact passes round each number of the new problem
 * once, from a sum kept to twice the precision; `rounding` bounds what that can change of any state's energy and is 0
 * where doubles hold the new numbers, as with integers they mostly do. Numbers that leave the range of doubles are
 * refused with ISG_INVALID. `out` is open on success only and takes the allocator of `in`.
 *
 * Each pass has a checker, in a file of its own, that recomputes what the pass claims from the two problems alone.
 */
#ifndef PASSES_PROBLEM_PROBLEM_PASS_H
#define PASSES_PROBLEM_PROBLEM_PASS_H

#include "ir/problem.h"

/* ---- to-spin, to-binary: exact changes of variables, s = 2x - 1; a copy where nothing is to do ---- */

typedef struct domain_info {
    bool changed;
    double rounding;
} domain_info;

isg_status pass_to_spin(const problem *in, problem *out, domain_info *info, isg_error *error);
isg_status pass_to_binary(const problem *in, problem *out, domain_info *info, isg_error *error);

/* ---- ancilla: fields become couplings to one more, last, spin ---- */

typedef struct ancilla_info {
    bool added;        /* false: there were no fields, or fields went to the ancilla that was there */
    int64_t ancilla;   /* its index, -1 without */
    int64_t couplings; /* fields that became couplings */
    double rounding;
} ancilla_info;

/* Spins in {-1, 1} only: run to-spin before. A problem without fields gets no ancilla. */
isg_status pass_ancilla(const problem *in, problem *out, ancilla_info *info, isg_error *error);

/* The way back: couplings to the ancilla become fields, the ancilla leaves. A copy without one. */
isg_status pass_drop_ancilla(const problem *in, problem *out, ancilla_info *info, isg_error *error);

/* ---- presolve: fixes spins that optima agree on ---- */

typedef enum roof_outcome {
    ROOF_DONE,
    ROOF_NOTHING, /* no fields, hence nothing that it could fix */
    ROOF_TOO_LARGE,
    ROOF_UNPROVEN, /* the flow that came back failed its check; nothing was fixed on its word */
    ROOF_OFF
} roof_outcome;

/* Within these a maximum flow takes a second or two. */
enum { PRESOLVE_ROOF_COUPLINGS = 200000, PRESOLVE_ROOF_SPINS = 10000 };

typedef struct presolve_settings {
    bool strict;            /* fix only what every optimum agrees on; otherwise also one of equally good choices */
    bool without_roof;      /* dominance only */
    int64_t roof_couplings; /* no roof duality above so many couplings, or PRESOLVE_ROOF_SPINS; 0: PRESOLVE_ROOF_COUPLINGS */
} presolve_settings;

typedef struct presolve_info {
    int64_t fixed, by_dominance, by_roof;
    int64_t rounds;
    roof_outcome roof;
    double rounding;
} presolve_info;

/* For every state of `in`, setting the fixed spins to their values gives an energy that is not higher; this holds in
 * exact arithmetic on the numbers of `in`, whatever their size. With an ancilla, in spins of -1 and 1 only, spins are fixed
 * relative to it; it leaves when no field is left. settings may be NULL. */
isg_status pass_presolve(const problem *in, const presolve_settings *settings, problem *out, presolve_info *info,
                         isg_error *error);

/* ---- quantize: to a machine's grid ---- */

typedef struct grid {
    double min, max; /* min <= 0 <= max, not both 0 */
    bool real;       /* any float32 between them; otherwise the integers between them */
} grid;

/* A grid of signed integers of so many bits is {-2^(bits-1), 2^(bits-1) - 1}. */
typedef struct quantize_settings {
    grid couplings, fields;  /* `fields` is heeded only where the problem has fields */
    double sum_min, sum_max; /* of the couplings at each spin, in grid units; both 0: no limit */
    int64_t enumerate;       /* largest group of spins to enumerate for the verdict; 0: QUANTIZE_ENUMERATE */
    bool without_verdict;    /* verdict unknown, no look at what presolve would do */
} quantize_settings;

enum { QUANTIZE_ENUMERATE = 20, QUANTIZE_ENUMERATE_MOST = 24 };

typedef enum quantize_verdict {
    VERDICT_UNKNOWN,
    VERDICT_KEPT,   /* proven: every ground state of the quantised problem is one of the problem */
    VERDICT_CHANGED /* proven: some ground state of the quantised problem is none of the problem */
} quantize_verdict;

typedef struct quantize_loss {
    double bound;              /* no state's energy is off by more: the sum of all rounding and clipping errors */
    double rounding_bound;     /* the same without the clipped entries */
    double largest_error;      /* of one entry */
    int64_t couplings, fields; /* of the problem, not zero */
    int64_t couplings_lost, fields_lost;
    int64_t clipped; /* entries cut off at the edge of the grid by more than rounding; each outweighs, before and after, all
                        others at one of its spins together, so that no ground state depends on its size */
} quantize_loss;

typedef struct quantize_info {
    double scale, offset; /* E_in = scale * E_out + offset, give or take `loss.bound` */
    quantize_loss loss;
    quantize_verdict verdict;
    /* The fields are so much larger than the couplings that, with the largest number at the edge of the grid, more
     * than a tenth of the couplings (to others than the ancilla) becomes zero for their sake. Then after_presolve is what
     * quantising after presolve would lose. */
    bool fields_dwarf_couplings;
    int64_t lost_to_fields; /* couplings that become zero then, and would not with the largest coupling at the edge */
    int64_t presolve_fixed;
    quantize_loss after_presolve;
} quantize_info;

/* With an ancilla in spins of -1 and 1 and without fields only. Numbers of `out` are grid points, its offset is 0. The scale is
 * searched (quantize_scale.c says how). */
isg_status pass_quantize(const problem *in, const quantize_settings *settings, problem *out, quantize_info *info,
                         isg_error *error);

/* ---- checkers: NULL when the claim holds, or what is wrong ---- */

typedef struct check_settings {
    int64_t enumerate; /* all states up to so many spins, */
    int64_t samples;   /* random ones beyond */
    uint64_t seed;
} check_settings;

/* E_before = scale * E_after + offset within tolerance, for states of `after` and what they are in `before`. The tolerance
 * is on top of what summing in double may lose. *status: ISG_NO_MEMORY when there was none, and NULL is returned. */
const char *check_energies(const problem *before, const problem *after, double scale, double offset, double tolerance,
                           const check_settings *settings, isg_status *status);

/* Spins leave or stay, each once, and the origins name them alike; setting the fixed spins raises no state's energy. */
const char *check_presolve(const problem *before, const problem *after, const presolve_info *info, const check_settings *settings,
                           isg_status *status);

/* Every number on the grid, the sums in their limits, and the losses as reported. */
const char *check_quantize(const problem *before, const problem *after, const quantize_settings *quantize,
                           const quantize_info *info);

/* No fields left, one ancilla at most, the last. */
const char *check_ancilla(const problem *before, const problem *after, const ancilla_info *info);

#endif
