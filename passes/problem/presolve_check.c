/* presolve_check.c - checks that presolve lost no optimum: setting the fixed spins raises no state's energy. */
#include "passes/problem/check_states.h"
#include "passes/problem/exact_sum.h"

#include "runtime/memory.h"

typedef struct presolve_check {
    const problem *before, *after;
    int8_t *fixed; /* [before->spins]: a value, or 2 */
    int8_t *state;
} presolve_check;

/* Which spins are gone, from the origins alone; spins that no origin names cannot be told of. */
static const char *compare_origins(presolve_check *c)
{
    for (int64_t k = 0; k < c->before->origin_count; k++) {
        problem_origin a = c->before->origins[k], b = c->after->origins[k];
        if (a.lowest != b.lowest)
            return "an origin's lowest value changed";
        if (a.spin == PROBLEM_NO_SPIN) {
            if (b.spin != PROBLEM_NO_SPIN || a.value != b.value)
                return "a spin that was fixed is free again";
            continue;
        }
        if (b.spin != PROBLEM_NO_SPIN) {
            if (b.spin >= c->after->spins || a.value != b.value)
                return "an origin names a spin that is not there, or turned";
            if (c->fixed[a.spin] != 2)
                return "a spin is fixed for one origin and free for another";
            continue;
        }
        bool high = (b.value == 1) == (a.value == 1);
        int8_t value = high ? 1 : c->before->domain == PROBLEM_BINARY ? 0 : -1;
        if (c->fixed[a.spin] != 2 && c->fixed[a.spin] != value)
            return "a spin is fixed both ways";
        c->fixed[a.spin] = value;
    }
    return NULL;
}

/* E(state) - E(state with the fixed spins set), as one sum of what differs. */
static bool is_lowered(const presolve_check *c)
{
    const problem *p = c->before;
    exact_sum difference = {0};
    double magnitude = 0, rest;
    for (int64_t i = 0; i < p->spins; i++)
        if (c->fixed[i] != 2 && c->fixed[i] != c->state[i]) {
            exact_add(&difference, p->fields[i] * c->state[i]);
            exact_add(&difference, -p->fields[i] * c->fixed[i]);
            magnitude += fabs(p->fields[i]);
        }
    for (int64_t k = 0; k < p->coupling_count; k++) {
        problem_coupling e = p->couplings[k];
        int old = c->state[e.first] * c->state[e.second];
        int new = (c->fixed[e.first] == 2 ? c->state[e.first] : c->fixed[e.first]) *
                  (c->fixed[e.second] == 2 ? c->state[e.second] : c->fixed[e.second]);
        if (old != new) {
            exact_add(&difference, e.value * old);
            exact_add(&difference, -e.value * new);
            magnitude += fabs(e.value);
        }
    }
    double value = exact_round(&difference, &rest);
    return difference.lost == 0 ? value >= 0 : value + rest >= -0x1p-90 * magnitude;
}

const char *check_presolve(const problem *before, const problem *after, const presolve_info *info, const check_settings *settings,
                           isg_status *status)
{
    *status = ISG_OK;
    if (before->origin_count != after->origin_count)
        return "origins came or went";
    int64_t ancilla_left = before->ancilla >= 0 && after->ancilla < 0;
    if (before->spins - info->fixed - ancilla_left != after->spins || info->by_dominance + info->by_roof != info->fixed)
        return "the report counts other spins than are gone";
    if (before->ancilla < 0 && after->ancilla >= 0)
        return "an ancilla came";
    presolve_check c = {.before = before, .after = after};
    c.fixed = memory_take(before->allocator, (size_t)before->spins, 1);
    c.state = memory_take(before->allocator, (size_t)before->spins, 1);
    const char *wrong = NULL;
    if (c.fixed && c.state) {
        memset(c.fixed, 2, (size_t)before->spins);
        wrong = compare_origins(&c);
        int64_t count = check_state_count(before, settings);
        for (int64_t k = 0; k < count && !wrong; k++) {
            check_state(before, settings, k, c.state);
            if (before->ancilla >= 0) /* as states are read */
                c.state[before->ancilla] = 1;
            if (!is_lowered(&c))
                wrong = "setting the fixed spins raises a state's energy";
        }
    } else {
        *status = ISG_NO_MEMORY;
    }
    memory_release(before->allocator, c.fixed, (size_t)before->spins, 1);
    memory_release(before->allocator, c.state, (size_t)before->spins, 1);
    return wrong;
}
