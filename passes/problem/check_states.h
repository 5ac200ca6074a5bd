/* check_states.h - the states that checkers look at: all of a small problem, random ones of a larger. */
#ifndef PASSES_PROBLEM_CHECK_STATES_H
#define PASSES_PROBLEM_CHECK_STATES_H

#include "passes/problem/problem_pass.h"

#include "runtime/philox.h"

static inline int64_t check_state_count(const problem *p, const check_settings *settings)
{
    return p->spins <= settings->enumerate && p->spins < 31 ? (int64_t)1 << p->spins : settings->samples;
}

static inline void check_state(const problem *p, const check_settings *settings, int64_t number, int8_t *state)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    bool all = p->spins <= settings->enumerate && p->spins < 31;
    uint32_t key[2], draws[4] = {0};
    philox_read_key(settings->seed, number, 0, 0, key);
    for (int64_t i = 0; i < p->spins; i++) {
        if (!all && i % 128 == 0)
            philox_sweep_block(key, 0, (uint32_t)(i / 128), draws);
        state[i] = (all ? number >> i & 1 : draws[i / 32 % 4] >> (i % 32) & 1) ? 1 : lowest;
    }
}

#endif
