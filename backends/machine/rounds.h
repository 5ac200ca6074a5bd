/* rounds.h - one Hamiltonian of one sample on its way through rounds of parts: where it begins, what a part is, which answer
 * counts, and when it ends.
 *
 * The simulator (machine.c) and sessions (backends/session/), which wait for a machine between rounds, both go this way, so that
 * the same answers end at the same spins.
 */
#ifndef BACKENDS_MACHINE_ROUNDS_H
#define BACKENDS_MACHINE_ROUNDS_H

#include "backends/machine/machine.h"
#include "ir/problem.h"

typedef struct rounds {
    const isg_allocator *allocator;
    const machine_schedule *schedule;
    problem problem; /* the Hamiltonian in numbers */
    problem_rows rows;
    int8_t *state; /* [spins], in the problem's values */
    int8_t *next;  /* [spins], of the round being gone through: parts of one round do not see each other's answers */
    uint32_t *local;
    int32_t pass;
    uint32_t round; /* within the pass */
    bool changed;   /* the pass has lowered the energy */
} rounds;

/* Binds the Hamiltonian of the request; the state is not set. Close also after a failure. */
isg_status rounds_open(rounds *r, const machine_schedule *schedule, const program_solve *request, const isg_allocator *allocator,
                       isg_error *error);
void rounds_close(rounds *r);

/* Where the passes begin: the best of some greedy descents. The random ones are keyed by seed, sample and Hamiltonian. */
isg_status rounds_start(rounds *r, uint64_t seed, const program_solve *request, isg_error *error);

/* Or where another process left off: 1 for the highest value of a spin. */
void rounds_resume(rounds *r, const uint8_t *high, int32_t pass, uint32_t round, bool changed);

/* The schedule's parts of the current round are [*begin, *end). */
void rounds_parts(const rounds *r, uint32_t *begin, uint32_t *end);

/* Part `number` with all other spins held. */
isg_status rounds_bind(rounds *r, uint32_t number, problem *part, isg_error *error);

/* Takes over what was found, in the part's own values, where that lowers the energy of the part as the model states it. */
void rounds_accept(rounds *r, uint32_t number, const problem *part, const int8_t *held, const int8_t *found);

/* The state takes over the round's answers. False when the Hamiltonian has ended: after a pass that changed nothing, or
 * after `passes`; one part alone sees everything at once, and ends after the first. */
bool rounds_advance(rounds *r, int32_t passes);

/* The final state into the frame, and its energy. state: in the values of r->problem. */
isg_status rounds_deliver(const rounds *r, const int8_t *state, const program_solve *request, isg_error *error);

/* ---- answers to one part ---- */

/* Of several answers the one of lowest energy by the model's own numbers counts, of equals the first in order of its bytes,
 * whatever order they come in. Each is descended from in those numbers first. */
typedef struct rounds_judge {
    const problem *part;
    problem_rows rows;
    int8_t *held;  /* [part->spins]: the part's spins as they are */
    int8_t *found; /* the best so far */
    int8_t *tried;
    double *field;
    double lowest;
    int64_t count;
} rounds_judge;

isg_status rounds_judge_open(rounds_judge *j, const rounds *r, uint32_t number, const problem *part, isg_error *error);
void rounds_judge_close(rounds_judge *j);

/* An answer of the machine: its state, and `map`, whose domain, ancilla and origins say what it means for the part. */
void rounds_judge_answer(rounds_judge *j, const problem *map, const int8_t *state);

/* ---- seeds ---- */

/* Of the runs that a machine makes for a problem it is given. It follows from the run's seed and the problem's numbers
 * (problem_hash.h) alone, so that equal problems have equal answers. Below 2^53, which every reader of JSON holds. */
uint64_t rounds_part_seed(uint64_t seed, const char *hash);

/* Of one of these runs: the machine has no memory between them. */
uint64_t rounds_answer_seed(uint64_t part_seed, int32_t answer);

#endif
