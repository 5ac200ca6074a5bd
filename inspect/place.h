/* place.h - where in the source something stands, in lines and columns, and what is written there. */
#ifndef INSPECT_PLACE_H
#define INSPECT_PLACE_H

#include "inspect/value.h"
#include "ir/ir.h"

/* `source` of README.md: the span, and the calls it was inlined through, outermost first. null for a span that is nowhere, or in
 * a file whose text is not at hand. */
json_t *place_value(arena *a, const ir_module *m, ir_span span, uint32_t site);

/* A list of {file, text} of every file that one of the spans is in, each once. */
json_t *place_files(arena *a, const ir_module *m, const ir_span *spans, uint32_t count);

#endif
