/* target_yaml.h - a small YAML file as a tree of nodes with their places.
 *
 * Read through libyaml's events, within limits: one document, 64 levels, no anchors, aliases or tags. Everything lives in
 * the arena of the diagnostics.
 */
#ifndef BACKENDS_TARGET_YAML_H
#define BACKENDS_TARGET_YAML_H

#include "ir/diagnostic.h"

typedef enum target_node_kind { TARGET_NODE_TEXT, TARGET_NODE_LIST, TARGET_NODE_MAP } target_node_kind;

typedef struct target_node target_node;
typedef struct target_entry {
    target_node *key; /* NULL in a list */
    target_node *value;
} target_entry;

struct target_node {
    target_node_kind kind;
    ir_span span; /* of a text; of the opening of a list or map */
    const char *text;
    size_t length; /* a quoted text may hold any byte */
    bool quoted;   /* or a block: not to be read as a number */
    ARENA_LIST(target_entry) entries;
};

/* NULL after one error, also for a file without content. */
const target_node *target_yaml_read(diagnostics *d, uint32_t file);

#endif
