/* problem_random.h - random problems of every kind that passes have to bear. */
#ifndef TESTS_PROBLEM_RANDOM_H
#define TESTS_PROBLEM_RANDOM_H

#include "ir/problem.h"

#include "runtime/philox.h"

#include <math.h>
#include <stdlib.h>

typedef struct random_source {
    uint32_t key[2], block, left, words[4];
} random_source;

static inline random_source random_open(uint64_t seed)
{
    random_source r = {0};
    philox_read_key(seed, 0, 0, 0, r.key);
    return r;
}

static inline uint32_t random_word(random_source *r)
{
    if (!r->left) {
        philox_sweep_block(r->key, 1, r->block++, r->words);
        r->left = 4;
    }
    return r->words[--r->left];
}

static inline int random_below(random_source *r, int limit)
{
    return (int)(random_word(r) % (uint32_t)limit);
}

static inline double random_unit(random_source *r) /* in [-1, 1] */
{
    return ((double)random_word(r) + 0x1p-33 * random_word(r)) * 0x1p-31 - 1;
}

enum { RANDOM_KINDS = 9 };

static inline double random_number(random_source *r, int kind)
{
    switch (kind) {
    case 0:
        return random_below(r, 7) - 3;
    case 1:
        return random_below(r, 2) ? 1 : -1;
    case 2:
        return random_unit(r);
    case 3:
        return (float)random_unit(r);
    case 4:
        return (random_below(r, 201) - 100) / 8.0;
    case 5:
        return ldexp(random_unit(r), random_below(r, 60) - 30);
    case 6:
        return ldexp(random_unit(r), random_below(r, 1900) - 950);
    case 7:
        return ldexp(floor(0x1p50 * random_unit(r)), random_below(r, 12)); /* integers beyond 2^53 */
    default:
        return random_below(r, 3) * 0.1; /* ties that rounding spoils */
    }
}

/* Of `spins` spins; *kind says what numbers it is made of. */
static inline isg_status random_problem(random_source *r, const isg_allocator *allocator, int spins, int *kind, problem *p,
                                        isg_error *error)
{
    *kind = random_below(r, RANDOM_KINDS);
    isg_status status = problem_open(p, allocator, random_below(r, 2) ? PROBLEM_SPIN : PROBLEM_BINARY, spins, error);
    int field_kind = random_below(r, 4), density = 1 + random_below(r, 10);
    double fields = field_kind == 0 ? 0 : field_kind == 1 ? 1 : field_kind == 2 ? 4 : 64;
    for (int i = 0; i < spins && !status; i++)
        if (random_below(r, 4))
            p->fields[i] = fields * random_number(r, *kind);
    for (int i = 0; i < spins && !status; i++)
        for (int j = 0; j < i && !status; j++)
            if (random_below(r, 10) < density) {
                status = problem_add_coupling(p, i, j, random_number(r, *kind), error);
                if (!status && !random_below(r, 8))
                    status = problem_add_coupling(p, j, i, random_number(r, *kind), error);
            }
    if (!status) {
        p->offset = random_below(r, 2) ? random_number(r, *kind) : 0;
        status = problem_settle(p, NULL, error);
    }
    bool turned = !random_below(r, 4); /* origins of another domain and order */
    for (int64_t i = 0; i < p->spins && !status && turned; i++)
        p->origins[i] = (problem_origin){(uint32_t)(p->spins - 1 - i), random_below(r, 2) ? 1 : -1, -(int8_t)random_below(r, 2)};
    return status;
}

#endif
