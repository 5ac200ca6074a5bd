/* attention.h - what attention did: which tokens each head chose, and what drew it there. */
#ifndef INSPECT_ATTENTION_H
#define INSPECT_ATTENTION_H

#include "inspect/spin_names.h"
#include "inspect/value.h"

/* An input of the model, as given for the sample. */
typedef struct sample_input {
    const char *name;
    int32_t rank;
    int64_t shape[ISG_MAX_RANK];
    const float *data; /* C order */
} sample_input;

enum { ATTENTION_HEADS_SHOWN = 32 };

/* The number of the first array of two axes, head and token, in which a term with coefficients of the data couples tokens of
 * one head; -1 without one. */
int64_t attention_array(const ir_module *m, ir_op anneal);

/* ATTENTION of README.md, of that array; up: the state, of all spins. p may be NULL where there are no numbers: the result is
 * null. */
json_t *attention_value(arena *a, const named_array *array, const problem *p, const int8_t *up, const sample_input *inputs,
                        uint32_t input_count);

/* image.c: the first input that is a picture of so many tokens, as `image` of README.md; null without one. Either its shape is
 * [tokens, values], both square numbers: a square of square patches; or [height, width], which square patches tile. */
json_t *attention_image(arena *a, const sample_input *inputs, uint32_t input_count, int64_t tokens);

#endif
