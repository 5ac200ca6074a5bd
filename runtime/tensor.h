/* tensor.h - isg_tensor: sizes, views, and checked conversion to the program's own types. */
#ifndef RUNTIME_TENSOR_H
#define RUNTIME_TENSOR_H

#include "runtime/isinglass.h"

#include <stdbool.h>

const char *dtype_name(isg_dtype dtype); /* "float32", ...; "unknown" */
size_t dtype_size(isg_dtype dtype);      /* bytes; 0 for a value that is no dtype */

/* The product of the dimensions; false when one is negative or the product, or the bytes at up to 8 an
 * element, pass int64. With a 0 among them the product is 0, whatever the others. */
bool tensor_count(int rank, const int64_t *shape, int64_t *count);

/* A C-order tensor over data. The shape must have passed tensor_count. */
isg_tensor tensor_contiguous(isg_dtype dtype, int rank, const int64_t *shape, void *data);
/* Likewise in Fortran order: the first axis is the fastest. */
isg_tensor tensor_fortran(isg_dtype dtype, int rank, const int64_t *shape, void *data);

/* The view at `position` of the first axis, of rank - 1. */
isg_tensor tensor_at(const isg_tensor *t, int64_t position);

/* "[3, 4]" into text, cut to fit; returns text. */
enum { TENSOR_SHAPE_TEXT = 24 * ISG_MAX_RANK };
const char *tensor_shape_text(int rank, const int64_t *shape, char text[TENSOR_SHAPE_TEXT]);

/* Where a tensor came from, for messages: "input 'x' at [3, 0, 1] is nan". */
typedef struct tensor_origin {
    const char *kind; /* "input", "parameter" */
    const char *name;
    int64_t sample; /* put before the index; negative: none */
} tensor_origin;

/* Rank, dtype, dimensions and data pointer make sense; ISG_INVALID with the reason otherwise. */
isg_status tensor_check(const isg_tensor *t, const char *kind, const char *name, isg_error *error);

/* Writes all elements in C order. To float32: finite values are rounded; NaN, infinities and what rounds
 * beyond the range of float32 are refused. To int32: only whole numbers in range. */
isg_status tensor_to_f32(const isg_tensor *t, tensor_origin origin, float *to, isg_error *error);
isg_status tensor_to_i32(const isg_tensor *t, tensor_origin origin, int32_t *to, isg_error *error);

/* Writes float32 elements, given in C order, into a strided float32 tensor; from NULL writes NaN. */
void tensor_from_f32(const isg_tensor *t, const float *from);

/* Copies `count` elements, from C-order position `first` on, as they are. */
void tensor_gather(const isg_tensor *t, int64_t first, int64_t count, char *to);

float float_from_half(uint16_t bits); /* IEEE binary16 */
float float_from_bfloat(uint16_t bits);

#endif
