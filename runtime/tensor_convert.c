/* tensor_convert.c - range-checked conversion of strided tensors of any dtype to float32 and int32.
 *
 * Elements are read by memcpy, so the caller's data need not be aligned.
 */
#include "runtime/error.h"
#include "runtime/tensor.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Calls FOR(ctype) for the tensor's C type. */
#define FOR_DTYPE(dtype, FOR)                                                                                                    \
    switch (dtype) {                                                                                                             \
    case ISG_F32:                                                                                                                \
        FOR(float);                                                                                                              \
        break;                                                                                                                   \
    case ISG_F64:                                                                                                                \
        FOR(double);                                                                                                             \
        break;                                                                                                                   \
    case ISG_I8:                                                                                                                 \
        FOR(int8_t);                                                                                                             \
        break;                                                                                                                   \
    case ISG_I16:                                                                                                                \
        FOR(int16_t);                                                                                                            \
        break;                                                                                                                   \
    case ISG_I32:                                                                                                                \
        FOR(int32_t);                                                                                                            \
        break;                                                                                                                   \
    case ISG_I64:                                                                                                                \
        FOR(int64_t);                                                                                                            \
        break;                                                                                                                   \
    case ISG_U8:                                                                                                                 \
    case ISG_BOOL:                                                                                                               \
        FOR(uint8_t);                                                                                                            \
        break;                                                                                                                   \
    case ISG_U16:                                                                                                                \
        FOR(uint16_t);                                                                                                           \
        break;                                                                                                                   \
    case ISG_U32:                                                                                                                \
        FOR(uint32_t);                                                                                                           \
        break;                                                                                                                   \
    case ISG_U64:                                                                                                                \
        FOR(uint64_t);                                                                                                           \
        break;                                                                                                                   \
    }

/* A row of float32 side by side, a vector at a time; false where a number is not finite. */
static bool copy_finite(const char *from, int64_t n, float *to)
{
    uint32_t bad = 0;
    memcpy(to, from, (size_t)n * sizeof *to);
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &to[i], sizeof bits);
        bad |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !bad;
}

/* Each converts one row and returns the position of the first element at fault, or n. */
static int64_t row_to_f32(isg_dtype dtype, const char *from, int64_t stride, int64_t n, float *to)
{
    if (dtype == ISG_F32 && stride == sizeof(float) && copy_finite(from, n, to))
        return n;
#define CONVERT(T)                                                                                                               \
    for (int64_t i = 0; i < n; i++, from += stride) {                                                                            \
        T value;                                                                                                                 \
        memcpy(&value, from, sizeof value);                                                                                      \
        if (sizeof value == sizeof(double) && (T)0.5 != 0 && fabs((double)value) >= 0x1.ffffffp127)                              \
            return i; /* would round to infinity; converting it is undefined */                                                  \
        to[i] = dtype == ISG_BOOL ? (float)(value != 0) : (float)value;                                                          \
        if (!isfinite(to[i]))                                                                                                    \
            return i;                                                                                                            \
    }
    FOR_DTYPE(dtype, CONVERT)
#undef CONVERT
    return n;
}

static int64_t row_to_i32(isg_dtype dtype, const char *from, int64_t stride, int64_t n, int32_t *to)
{
#define CONVERT(T)                                                                                                               \
    for (int64_t i = 0; i < n; i++, from += stride) {                                                                            \
        T value;                                                                                                                 \
        memcpy(&value, from, sizeof value);                                                                                      \
        if (!((double)value >= -0x1p31 && (double)value < 0x1p31))                                                               \
            return i;                                                                                                            \
        to[i] = dtype == ISG_BOOL ? value != 0 : (int32_t)value;                                                                 \
        if (dtype != ISG_BOOL && (T)to[i] != value)                                                                              \
            return i;                                                                                                            \
    }
    FOR_DTYPE(dtype, CONVERT)
#undef CONVERT
    return n;
}

static double element(const isg_tensor *t, const int64_t *index)
{
    const char *at = t->data;
    for (int i = 0; i < t->rank; i++)
        at += index[i] * t->strides[i];
    double result = 0;
#define FETCH(T)                                                                                                                 \
    do {                                                                                                                         \
        T value;                                                                                                                 \
        memcpy(&value, at, sizeof value);                                                                                        \
        result = (double)value;                                                                                                  \
    } while (0)
    FOR_DTYPE(t->dtype, FETCH)
#undef FETCH
    return result;
}

static isg_status refuse(const isg_tensor *t, tensor_origin origin, const int64_t *index, bool whole, isg_error *error)
{
    int64_t place[ISG_MAX_RANK + 1];
    int rank = 0;
    if (origin.sample >= 0)
        place[rank++] = origin.sample;
    for (int i = 0; i < t->rank && rank < ISG_MAX_RANK; i++)
        place[rank++] = index[i];
    char where[TENSOR_SHAPE_TEXT + 8] = "";
    if (rank) {
        memcpy(where, " at ", 4);
        tensor_shape_text(rank, place, where + 4);
    }
    double value = element(t, index);
    if (isnan(value) || isinf(value))
        return error_fail(error, ISG_INVALID, "%s '%s'%s is %s", origin.kind, origin.name, where,
                          isnan(value) ? "nan"
                          : value > 0  ? "inf"
                                       : "-inf");
    const char *reason = !whole                               ? "beyond the range of float32"
                         : value >= -0x1p31 && value < 0x1p31 ? "not a whole number"
                                                              : "beyond the range of int32";
    return error_fail(error, ISG_INVALID, "%s '%s'%s is %.17g, %s", origin.kind, origin.name, where, value, reason);
}

/* Row by row over the last axis; a scalar is one row of one element. */
static isg_status convert(const isg_tensor *t, tensor_origin origin, float *floats, int32_t *integers, isg_error *error)
{
    int64_t count = 0, index[ISG_MAX_RANK] = {0};
    tensor_count(t->rank, t->shape, &count);
    int last = t->rank - 1;
    int64_t n = t->rank ? t->shape[last] : 1, stride = t->rank ? t->strides[last] : 0;
    const char *row = t->data;
    for (int64_t done = 0; done < count; done += n) {
        int64_t good =
            floats ? row_to_f32(t->dtype, row, stride, n, floats + done) : row_to_i32(t->dtype, row, stride, n, integers + done);
        if (good < n) {
            if (t->rank)
                index[last] = good;
            return refuse(t, origin, index, !floats, error);
        }
        for (int i = last - 1; i >= 0; i--) {
            row += t->strides[i];
            if (++index[i] < t->shape[i])
                break;
            row -= t->strides[i] * t->shape[i];
            index[i] = 0;
        }
    }
    return ISG_OK;
}

isg_status tensor_to_f32(const isg_tensor *t, tensor_origin origin, float *to, isg_error *error)
{
    return convert(t, origin, to, NULL, error);
}

isg_status tensor_to_i32(const isg_tensor *t, tensor_origin origin, int32_t *to, isg_error *error)
{
    return convert(t, origin, NULL, to, error);
}
