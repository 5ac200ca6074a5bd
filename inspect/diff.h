/* diff.h - two inspections side by side. */
#ifndef INSPECT_DIFF_H
#define INSPECT_DIFF_H

#include "inspect/value.h"

/* Whether a JSON value is the document of one inspection (README.md), so far as comparing it needs: an object of version 1 with a
 * subject and a list of objects. NULL, or what is wrong. */
const char *diff_check(const json_t *document);

/* The document of both, which takes them over. Hamiltonians are compared in their order. */
json_t *diff_of(arena *a, json_t *left, json_t *right);
const char *diff_text(arena *a, const json_t *document);

#endif
