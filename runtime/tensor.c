/* tensor.c - sizes, views and raw copies of tensors; see tensor.h. */
#include "runtime/tensor.h"
#include "runtime/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    uint8_t size;
} dtype_rows[] = {
    [ISG_F32] = {"float32", 4}, [ISG_F64] = {"float64", 8}, [ISG_I8] = {"int8", 1},   [ISG_I16] = {"int16", 2},
    [ISG_I32] = {"int32", 4},   [ISG_I64] = {"int64", 8},   [ISG_U8] = {"uint8", 1},  [ISG_U16] = {"uint16", 2},
    [ISG_U32] = {"uint32", 4},  [ISG_U64] = {"uint64", 8},  [ISG_BOOL] = {"bool", 1},
};
enum { DTYPE_COUNT = sizeof dtype_rows / sizeof *dtype_rows };

const char *dtype_name(isg_dtype dtype)
{
    return (unsigned)dtype < DTYPE_COUNT ? dtype_rows[dtype].name : "unknown";
}

size_t dtype_size(isg_dtype dtype)
{
    return (unsigned)dtype < DTYPE_COUNT ? dtype_rows[dtype].size : 0;
}

bool tensor_count(int rank, const int64_t *shape, int64_t *count)
{
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return false;
        empty |= shape[i] == 0;
    }
    int64_t n = 1;
    for (int i = 0; i < rank && !empty; i++)
        if (__builtin_mul_overflow(n, shape[i], &n) || n > INT64_MAX / 8)
            return false;
    *count = empty ? 0 : n;
    return true;
}

/* Strides of an empty tensor are never used to reach anything; they only must not overflow. */
static isg_tensor make(isg_dtype dtype, int rank, const int64_t *shape, void *data, int first, int step)
{
    isg_tensor t = {.dtype = dtype, .rank = rank, .data = data};
    int64_t count = 0, stride = (int64_t)dtype_size(dtype);
    tensor_count(rank, shape, &count);
    for (int k = 0, i = first; k < rank; k++, i += step) {
        t.shape[i] = shape[i];
        t.strides[i] = stride;
        if (count)
            stride *= shape[i];
    }
    return t;
}

isg_tensor tensor_contiguous(isg_dtype dtype, int rank, const int64_t *shape, void *data)
{
    return make(dtype, rank, shape, data, rank - 1, -1);
}

isg_tensor tensor_fortran(isg_dtype dtype, int rank, const int64_t *shape, void *data)
{
    return make(dtype, rank, shape, data, 0, 1);
}

isg_tensor tensor_at(const isg_tensor *t, int64_t position)
{
    isg_tensor view = {.dtype = t->dtype, .rank = t->rank - 1, .data = (char *)t->data + position * t->strides[0]};
    for (int i = 1; i < t->rank; i++) {
        view.shape[i - 1] = t->shape[i];
        view.strides[i - 1] = t->strides[i];
    }
    return view;
}

const char *tensor_shape_text(int rank, const int64_t *shape, char text[TENSOR_SHAPE_TEXT])
{
    size_t used = 0;
    text[used++] = '[';
    for (int i = 0; i < rank && i < ISG_MAX_RANK; i++)
        used += (size_t)snprintf(text + used, TENSOR_SHAPE_TEXT - used, i ? ", %lld" : "%lld", (long long)shape[i]);
    text[used++] = ']';
    text[used] = '\0';
    return text;
}

isg_status tensor_check(const isg_tensor *t, const char *kind, const char *name, isg_error *error)
{
    int64_t count;
    if (t->rank < 0 || t->rank > ISG_MAX_RANK)
        return error_fail(error, ISG_INVALID, "%s '%s' has rank %d; 0 to %d are possible", kind, name, t->rank, ISG_MAX_RANK);
    if (!dtype_size(t->dtype))
        return error_fail(error, ISG_INVALID, "%s '%s' has an unknown dtype (%d)", kind, name, (int)t->dtype);
    if (!tensor_count(t->rank, t->shape, &count))
        return error_fail(error, ISG_INVALID, "%s '%s' has a negative or too large dimension", kind, name);
    if (count && !t->data)
        return error_fail(error, ISG_INVALID, "%s '%s' has no data", kind, name);
    return ISG_OK;
}

static void store_row(char *at, int64_t stride, const float *from, int64_t n)
{
    if (from && stride == sizeof *from) {
        memcpy(at, from, (size_t)n * sizeof *from);
        return;
    }
    for (int64_t i = 0; i < n; i++, at += stride) {
        float value = from ? from[i] : NAN;
        memcpy(at, &value, sizeof value);
    }
}

/* Row by row over the last axis; a scalar is one row of one element. */
void tensor_from_f32(const isg_tensor *t, const float *from)
{
    int64_t count = 0, index[ISG_MAX_RANK] = {0};
    tensor_count(t->rank, t->shape, &count);
    int last = t->rank - 1;
    int64_t n = t->rank ? t->shape[last] : 1, stride = t->rank ? t->strides[last] : 0;
    char *at = t->data;
    for (int64_t done = 0; done < count; done += n) {
        store_row(at, stride, from ? from + done : NULL, n);
        for (int i = last - 1; i >= 0; i--) {
            at += t->strides[i];
            if (++index[i] < t->shape[i])
                break;
            at -= t->strides[i] * t->shape[i];
            index[i] = 0;
        }
    }
}

void tensor_gather(const isg_tensor *t, int64_t first, int64_t count, char *to)
{
    size_t size = dtype_size(t->dtype);
    for (int64_t k = first; k < first + count; k++, to += size) {
        const char *at = t->data;
        int64_t rest = k;
        for (int i = t->rank - 1; i >= 0; i--) {
            at += rest % t->shape[i] * t->strides[i];
            rest /= t->shape[i];
        }
        memcpy(to, at, size);
    }
}

float float_from_bfloat(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

float float_from_half(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits >> 15) << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 0) {
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    uint32_t wide = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}
