/* small_groups.c - exact solutions of small groups of spins, by way of the compiled kernels alone.
 *
 * The couplings of a spin are what its change does to the fields of the others. Groups do not touch each
 * other, so one spin of each is probed at a time, and as many probes are enough as the largest small group has spins.
 */
#include "runtime/solver.h"

#include <math.h>
#include <string.h>

/* Returns the size of the largest small group; 0 when there is none. */
static uint32_t number_spins(solver *s)
{
    uint32_t most = 0;
    memset(s->group_size, 0, s->h->groups * sizeof *s->group_size);
    for (uint64_t i = 0; i < s->h->spins; i++) {
        uint32_t g = solver_group(s, i);
        if (!s->group_size[g])
            s->group_first[g] = (uint32_t)i;
        s->slot[i] = s->group_size[g]++;
    }
    for (uint64_t g = 0; g < s->h->groups; g++)
        if (s->group_size[g] <= EXACT_MAX_SPINS && s->group_size[g] > most)
            most = s->group_size[g];
    return most;
}

/* `linear` gets the fields of the all-lowest state, column[k] those when slot k of each small group is
 * raised. */
static void probe(solver *s, uint32_t slots)
{
    memcpy(s->state, s->lowest, s->h->spins);
    s->h->fields(s->context, s->state, s->linear);
    for (uint32_t k = 0; k < slots; k++) {
        for (uint64_t i = 0; i < s->h->spins; i++)
            s->state[i] = s->slot[i] == k && s->group_size[solver_group(s, i)] <= EXACT_MAX_SPINS ? 1 : s->lowest[i];
        s->h->fields(s->context, s->state, s->column + k * s->h->spins);
    }
}

typedef struct number_sizes {
    double least, sum; /* of those that are not 0 */
} number_sizes;

static void add_size(number_sizes *sizes, double number)
{
    if (number != 0)
        sizes->least = fmin(sizes->least, fabs(number));
    sizes->sum += fabs(number);
}

/* In terms of s in {-1, 1}: spin i takes lowest + step (1 + s) / 2, with step 1 or 2. From b = (1 + s) / 2,
 *   E = sum_i a_i b_i + sum_{j<i} q_ij b_i b_j, a_i = step_i field_i(all lowest), q_ij = step_i step_j J_ij
 *     = const + sum_i (a_i / 2 + sum_j q_ij / 4) s_i + sum_{j<i} q_ij / 4 s_i s_j.
 * Returns whether all of these numbers count: beside a huge penalty, which no good state pays, the search would lose the others.
 */
static bool make_problem(const solver *s, const uint32_t *spins, int count, exact_problem *p)
{
    number_sizes sizes = {.least = INFINITY};
    p->spins = count;
    for (int i = 0; i < count; i++) {
        p->field[i] = (1 - s->lowest[spins[i]]) * s->linear[spins[i]] / 2;
        add_size(&sizes, p->field[i]);
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            /* the change of j by its step changes i's field by step_j J_ij */
            double change = s->column[(uint64_t)j * s->h->spins + spins[i]] - s->linear[spins[i]];
            double quarter = (1 - s->lowest[spins[i]]) * change / 4;
            p->coupling[i][j] = quarter;
            p->field[i] += quarter;
            p->field[j] += quarter;
            add_size(&sizes, quarter);
        }
    return sizes.least >= EXACT_RESOLUTION * sizes.sum;
}

/* False where it takes annealing. */
static bool solve_group(solver *s, const uint32_t *spins, int count)
{
    exact_problem problem;
    uint32_t known = 0, found;
    if (!make_problem(s, spins, count, &problem))
        return false;
    for (int k = 0; k < count; k++)
        known |= (uint32_t)(s->best[spins[k]] == 1) << k;
    s->attempts += exact_minimise(&problem, known, &found);
    for (int k = 0; k < count; k++)
        s->best[spins[k]] = found >> k & 1 ? 1 : s->lowest[spins[k]];
    return true;
}

/* Where descent from all-lowest ends is what the search is compared with; and the answer where it is
 * cancelled. */
static void descend_first(solver *s)
{
    enum { DESCENT_SWEEPS = 100 };
    memcpy(s->state, s->lowest, s->h->spins);
    solver_descend(s, 0, DESCENT_SWEEPS, true);
    memcpy(s->best, s->state, s->h->spins);
}

/* The spins of a small group, in order. */
static int spins_of(const solver *s, uint64_t g, uint32_t *spins)
{
    uint32_t count = 0;
    for (uint64_t i = s->group_first[g]; count < s->group_size[g]; i++)
        if (solver_group(s, i) == g)
            spins[count++] = (uint32_t)i;
    return (int)count;
}

bool solver_small_groups(solver *s)
{
    uint32_t slots = s->h->spins && s->h->spins <= SMALL_GROUPS_MAX_SPINS ? number_spins(s) : 0;
    if (!slots)
        return false;
    bool all = true, stopped = false;
    descend_first(s);
    probe(s, slots);
    for (uint64_t g = 0; g < s->h->groups && !stopped; g++) {
        uint32_t spins[EXACT_MAX_SPINS];
        s->solved[g] = s->group_size[g] <= EXACT_MAX_SPINS;
        if (s->solved[g] && s->group_size[g])
            s->solved[g] = solve_group(s, spins, spins_of(s, g, spins));
        all &= s->solved[g];
        stopped = solver_cancelled(s);
    }
    solver_energy_of_best(s, s->best_energy);
    return all || stopped;
}
