/* target_read.h - what reading a target's keys is made of: words, texts and numbers out of YAML nodes, each refused with its
 * place and a reason. */
#ifndef BACKENDS_TARGET_READ_H
#define BACKENDS_TARGET_READ_H

#include "backends/target.h"
#include "backends/target_yaml.h"

enum { READ_MAX_KEYS = 16 }; /* of one map */

typedef struct target_reading {
    diagnostics *diagnostics;
    arena *arena;
    target *target;
    ir_span whole; /* where what is missing is reported */
} target_reading;

bool target_read_is(const target_node *node, const char *text);            /* exactly this text */
const char *target_read_shown(target_reading *r, const target_node *node); /* a value as messages repeat it */

/* The value of each name in the map, or NULL. Unknown and repeated keys are reported. */
void target_read_keys(target_reading *r, const target_node *map, const char *const *names, size_t count,
                      const target_node **values);
/* Whether it is a map that says something; reports where it is not. `keys` names what it may hold. */
bool target_read_map(target_reading *r, const target_node *node, const char *key, const char *keys);

/* A text without control characters; line breaks, of a folded text, become spaces. NULL after reporting. */
const char *target_read_text(target_reading *r, const target_node *node, const char *key);
/* The position of a word in a NULL-ended list; -1 after reporting. */
int target_read_word(target_reading *r, const target_node *node, const char *key, const char *const *names);

/* [sign]digits[.digits][e[sign]digits], unquoted, finite; a leading zero is refused, for YAML's versions differ on it. */
bool target_read_number(target_reading *r, const target_node *node, const char *key, double *out);
/* Digits alone, within bounds that are exact as doubles. */
bool target_read_whole(target_reading *r, const target_node *node, const char *key, int64_t least, int64_t most, int64_t *out);

#endif
