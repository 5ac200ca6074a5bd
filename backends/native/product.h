/* product.h - what product.c recognises, for the lowering of whole terms in symmetric.c. */
#ifndef BACKENDS_NATIVE_PRODUCT_H
#define BACKENDS_NATIVE_PRODUCT_H

#include "backends/native/codegen.h"

/* What an index of a map's expression stands for where the map is read: from[i] is the element's i-th subscript, an index of the
 * outer expression. */
typedef struct renaming {
    const struct renaming *outer;
    const ir_index *from;
    const ir_expr_data *element;
    uint32_t count;
} renaming;

ir_index product_renamed(const codegen *g, const renaming *r, ir_index index);

/* Whether the expression is a sum of products large enough; fills all of *p but batch_index and place. */
bool product_match(const codegen *g, const ir_expr_data *x, product *p);
bool product_axis_varies(const codegen *g, const product *p, uint32_t axis);
bool product_same(const product *a, const product *b);

/* Where its two matrices, [rows, inner] and [columns, inner], are for the values that its batch indices are bound to. */
void product_operands(codegen *g, const product *p, l_value *v_first, l_value *v_second);

#endif
