/* landscape.c - see landscape.h. */
#include "inspect/landscape.h"

#include "inspect/distribution.h"
#include "inspect/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- states ----------------------------------------------------------------------------------- */

typedef struct sorted_read {
    const observation *o;
    int32_t read;
} sorted_read;

/* By energy, then by the spins, then by number. */
static int by_energy(const void *a, const void *b)
{
    const sorted_read *x = a, *y = b;
    double e = x->o->energies[x->read], f = y->o->energies[y->read];
    if (e != f)
        return e < f ? -1 : 1;
    int order = x->o->spins ? memcmp(observation_state(x->o, x->read), observation_state(y->o, y->read), (size_t)x->o->spins) : 0;
    return order ? order : (x->read > y->read) - (x->read < y->read);
}

static int by_first_read(const void *a, const void *b)
{
    const found_state *x = a, *y = b;
    if (x->energy != y->energy)
        return x->energy < y->energy ? -1 : 1;
    return (x->read > y->read) - (x->read < y->read);
}

static void collect(const observation *o, landscape *l, arena *a)
{
    sorted_read *order = ARENA_ARRAY(a, sorted_read, (size_t)o->reads);
    l->states = ARENA_ARRAY(a, found_state, (size_t)o->reads);
    for (int32_t k = 0; k < o->reads; k++)
        order[k] = (sorted_read){o, k};
    qsort(order, (size_t)o->reads, sizeof *order, by_energy);
    for (int32_t k = 0; k < o->reads; k++) {
        const int8_t *state = observation_state(o, order[k].read);
        bool again = k && (!o->spins || !memcmp(state, observation_state(o, order[k - 1].read), (size_t)o->spins));
        if (!again)
            l->states[l->count++] = (found_state){o->energies[order[k].read], order[k].read, 0};
        l->states[l->count - 1].count++;
    }
    qsort(l->states, (size_t)l->count, sizeof *l->states, by_first_read);
}

/* ---- the lowest ------------------------------------------------------------------------------- */

static const double tie = 1e-12;

/* up [spins] as in an observation. `size`: of the offset and the terms that are not zero there, their sizes summed. */
static double energy_of(const problem *p, const int8_t *up, double *size, arena *a)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1, *state = ARENA_ARRAY(a, int8_t, (size_t)p->spins);
    *size = fabs(p->offset);
    for (int64_t i = 0; i < p->spins; i++) {
        state[i] = up[i] ? 1 : lowest;
        *size += fabs(p->fields[i] * state[i]);
    }
    for (int64_t k = 0; k < p->coupling_count; k++)
        *size += fabs(p->couplings[k].value * (state[p->couplings[k].first] * state[p->couplings[k].second]));
    return problem_energy(p, state);
}

/* Takes a state for the reference where it lies lower. */
static void consider(const problem *p, const int8_t *up, landscape *l, arena *a)
{
    double size, energy = energy_of(p, up, &size, a);
    if (energy < l->reference) {
        l->reference = energy;
        l->tie = tie * size;
    }
}

/* A proof holds only while nothing that was found lies below what it says. */
static void refer(const problem *p, const observation *o, const int8_t *settled, landscape *l, arena *a)
{
    int8_t ground[ENUMERATE_SPINS];
    l->reference = INFINITY;
    if (l->enumerated)
        for (int64_t i = 0; i < p->spins; i++)
            ground[i] = (int8_t)(l->exact.levels[0].state >> i & 1);
    if (l->enumerated || settled)
        consider(p, l->enumerated ? ground : settled, l, a);
    double least = l->reference - l->tie;
    consider(p, observation_state(o, o->reads), l, a);
    consider(p, observation_state(o, l->states[0].read), l, a);
    l->proven = (l->enumerated || settled) && l->reference >= least;
    l->enumerated &= l->proven;
    l->how = l->proven ? "exact" : "best found";
}

landscape landscape_of(const problem *p, const observation *o, const int8_t *settled, arena *a)
{
    landscape l = {.enumerated = p->spins <= ENUMERATE_SPINS};
    collect(o, &l, a);
    if (l.enumerated)
        enumerate(p, &l.exact);
    refer(p, o, settled, &l, a);
    for (int32_t k = 0; k < l.count && l.states[k].energy <= l.states[0].energy + l.tie; k++) {
        l.lowest_states++;
        l.lowest_reads += l.states[k].count;
    }
    return l;
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

json_t *landscape_up(arena *a, const int8_t *up, int64_t spins)
{
    json_t *list = value_array(a);
    for (int64_t i = 0; i < spins; i++)
        if (up[i])
            value_push(a, list, value_count(a, i));
    return list;
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How many states are listed, so that the lists stay small. */
static int32_t listed(const landscape *l, int64_t spins)
{
    int32_t most = l->count < LANDSCAPE_STATES ? l->count : LANDSCAPE_STATES;
    while (most > 1 && most * spins > LANDSCAPE_LISTED)
        most--;
    return most;
}

static json_t *states_value(arena *a, const observation *o, const landscape *l, int32_t count)
{
    json_t *list = value_array(a);
    for (int32_t k = 0; k < count; k++) {
        json_t *one = value_object(a);
        value_put(a, one, "energy", value_number(a, l->states[k].energy));
        value_put(a, one, "count", value_count(a, l->states[k].count));
        value_put(a, one, "up", landscape_up(a, observation_state(o, l->states[k].read), o->spins));
        value_push(a, list, one);
    }
    return list;
}

static json_t *hamming_value(arena *a, const observation *o, const landscape *l, int32_t count)
{
    json_t *rows = value_array(a);
    for (int32_t j = 0; j < count; j++) {
        json_t *row = value_array(a);
        const int8_t *x = observation_state(o, l->states[j].read);
        for (int32_t k = 0; k < count; k++) {
            const int8_t *y = observation_state(o, l->states[k].read);
            int64_t distance = 0;
            for (int64_t i = 0; i < o->spins; i++)
                distance += x[i] != y[i];
            value_push(a, row, value_count(a, distance));
        }
        value_push(a, rows, row);
    }
    return rows;
}

static json_t *exact_value(arena *a, const landscape *l, int64_t spins)
{
    int8_t up[ENUMERATE_SPINS];
    if (!l->enumerated)
        return value_null();
    json_t *value = value_object(a), *levels = value_array(a);
    for (int32_t k = 0; k < l->exact.count; k++) {
        json_t *one = value_object(a);
        value_put(a, one, "energy", value_number(a, l->exact.levels[k].energy));
        value_put(a, one, "states", value_count(a, l->exact.levels[k].states));
        value_push(a, levels, one);
    }
    for (int64_t i = 0; i < spins; i++)
        up[i] = (int8_t)(l->exact.levels[0].state >> i & 1);
    value_put(a, value, "levels", levels);
    value_put(a, value, "ground", landscape_up(a, up, spins));
    value_put(a, value, "total_states", value_count(a, INT64_C(1) << spins));
    return value;
}

json_t *landscape_value(arena *a, const problem *p, const observation *o, const landscape *l)
{
    json_t *value = value_object(a), *lowest = value_object(a);
    double *sorted = ARENA_ARRAY(a, double, (size_t)o->reads);
    memcpy(sorted, o->energies, sizeof *sorted * (size_t)o->reads);
    qsort(sorted, (size_t)o->reads, sizeof *sorted, by_number);
    const histogram h = histogram_of(sorted, o->reads);
    int32_t count = listed(l, p->spins);
    value_put(a, value, "reads", value_count(a, o->reads));
    value_put(a, value, "energies", value_numbers(a, sorted, o->reads < LANDSCAPE_ENERGIES ? o->reads : LANDSCAPE_ENERGIES));
    value_put(a, value, "histogram", histogram_value(a, &h));
    value_put(a, value, "states", states_value(a, o, l, count));
    value_put(a, value, "hamming", hamming_value(a, o, l, count));
    value_put(a, lowest, "energy", value_number(a, l->states[0].energy));
    value_put(a, lowest, "states", value_count(a, l->lowest_states));
    value_put(a, lowest, "reads", value_count(a, l->lowest_reads));
    value_put(a, value, "degeneracy", lowest);
    value_put(a, value, "exact", exact_value(a, l, p->spins));
    return value;
}

static json_t *interval_value(arena *a, interval i)
{
    json_t *value = value_object(a);
    value_put(a, value, "value", value_number(a, i.value));
    value_put(a, value, "low", value_number(a, i.low));
    value_put(a, value, "high", value_number(a, i.high));
    return value;
}

static json_t *chain_value(arena *a, const observation *o)
{
    if (!o->chain.known)
        return value_null();
    json_t *value = value_object(a);
    value_put(a, value, "beta", value_number(a, o->chain_beta));
    value_put(a, value, "temperature", value_number(a, 1 / o->chain_beta));
    value_put(a, value, "sweeps", value_count(a, o->chain_sweeps));
    value_put(a, value, "tau", value_number(a, o->chain.tau));
    value_put(a, value, "error", value_number(a, o->chain.error));
    return value;
}

json_t *measured_value(arena *a, const observation *o, const landscape *l)
{
    json_t *value = value_object(a), *reference = value_object(a), *success = value_object(a), *time = value_object(a);
    int32_t hits = 0;
    for (int32_t k = 0; k < o->reads; k++)
        hits += o->energies[k] <= l->reference + l->tie;
    interval p = interval_of_share(hits, o->reads);
    value_put(a, value, "reads", value_count(a, o->reads));
    value_put(a, value, "sweeps", value_count(a, o->sweeps));
    value_put(a, value, "best", value_number(a, o->energies[o->reads]));
    value_put(a, reference, "energy", value_number(a, l->reference));
    value_put(a, reference, "kind", value_text(a, l->how));
    value_put(a, value, "reference", reference);
    value_put(a, success, "hits", value_count(a, hits));
    value_put(a, success, "p", value_number(a, p.value));
    value_put(a, success, "low", value_number(a, p.low));
    value_put(a, success, "high", value_number(a, p.high));
    value_put(a, value, "success", success);
    value_put(a, time, "sweeps", interval_value(a, interval_to_solution(p, o->sweeps)));
    value_put(a, time, "seconds", interval_value(a, interval_to_solution(p, o->seconds / o->reads)));
    value_put(a, value, "tts99", time);
    value_put(a, value, "autocorrelation", chain_value(a, o));
    return value;
}
