/* health.h - one line in plain words: is there anything to anneal here, and would it survive the machine? */
#ifndef INSPECT_HEALTH_H
#define INSPECT_HEALTH_H

#include "inspect/numbers.h"

typedef enum health_verdict {
    HEALTH_EMPTY,
    HEALTH_ONE_SPIN,
    HEALTH_NO_TERMS,       /* neither couplings nor fields */
    HEALTH_FIELDS_ONLY,    /* no couplings */
    HEALTH_DECIDED,        /* presolve settles every spin */
    HEALTH_ERASED,         /* the target's grid turns more than a tenth of the couplings it gets to zero */
    HEALTH_DISCONNECTED,   /* several parts that nothing couples */
    HEALTH_COUPLINGS_ONLY, /* no fields, as spins of {-1, 1}: every state and its opposite weigh the same */
    HEALTH_MOSTLY_DECIDED, /* presolve settles nine in ten */
    HEALTH_HEALTHY
} health_verdict;
extern const char *const health_names[];

typedef struct health {
    health_verdict verdict;
    const char *line; /* in the arena */
} health;

/* The first in the order above that holds. target may be NULL. */
health health_of(const problem *p, const target *t, const numbers *n, arena *a);
json_t *health_value(arena *a, const health *h);

#endif
