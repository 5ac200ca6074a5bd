/* npy_read.c - reading .npy files from memory and through the I/O hook. */
#include "runtime/npy.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"
#include "runtime/npy_header.h"
#include "runtime/tensor.h"

#include <string.h>

static isg_status check_length(const char *name, const npy_header *h, uint64_t data_length, isg_error *error)
{
    uint64_t need = (uint64_t)h->count * h->item_size;
    if (data_length == need)
        return ISG_OK;
    return error_fail(error, ISG_INVALID, "%s: %s: the header promises %llu bytes of data, the file has %llu", name,
                      data_length < need ? "truncated" : "trailing bytes", (unsigned long long)need,
                      (unsigned long long)data_length);
}

static void swap_bytes(unsigned char *at, int64_t count, size_t size)
{
    for (int64_t k = 0; k < count; k++, at += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char byte = at[i];
            at[i] = at[size - 1 - i];
            at[size - 1 - i] = byte;
        }
}

/* In place, forwards: the halves lie at the end of the memory, and are read before they are overwritten. */
static void widen_halves(char *memory, const char *halves, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        uint16_t bits;
        memcpy(&bits, halves + 2 * k, sizeof bits);
        float value = float_from_half(bits);
        memcpy(memory + 4 * k, &value, sizeof value);
    }
}

/* Where the file's data goes: the end of the array's memory. */
static isg_status take_memory(const isg_allocator *a, const npy_header *h, npy_array *out, char **data, isg_error *error)
{
    *out = (npy_array){.memory_bytes = (size_t)h->count * dtype_size(h->dtype)};
    out->memory = memory_take(a, out->memory_bytes, 1);
    if (!out->memory)
        return error_no_memory(error);
    *data = (char *)out->memory + (out->memory_bytes - (size_t)h->count * h->item_size);
    return ISG_OK;
}

static void finish(const npy_header *h, npy_array *out, char *data)
{
    if (h->swapped)
        swap_bytes((unsigned char *)data, h->count, h->item_size);
    if (h->half)
        widen_halves(out->memory, data, h->count);
    out->tensor = h->fortran_order ? tensor_fortran(h->dtype, h->rank, h->shape, out->memory)
                                   : tensor_contiguous(h->dtype, h->rank, h->shape, out->memory);
}

static isg_status read_header(const isg_allocator *a, const file_source *s, npy_header *h, uint64_t *data_offset,
                              isg_error *error)
{
    unsigned char prefix[NPY_PREFIX_BYTES];
    size_t prefix_length = s->length < NPY_PREFIX_BYTES ? s->length : NPY_PREFIX_BYTES, begin = 0, length = 0;
    isg_status status = file_source_read(s, 0, prefix_length, prefix, error);
    if (!status)
        status = npy_header_locate(s->name, prefix, prefix_length, &begin, &length, error);
    if (status)
        return status;
    if (length > s->length - begin)
        return error_fail(error, ISG_INVALID, "%s: the .npy header is cut off", s->name);
    char *text = memory_take(a, length, 1);
    if (!text)
        return error_no_memory(error);
    status = file_source_read(s, begin, length, text, error);
    if (!status)
        status = npy_header_parse(s->name, text, length, h, error);
    memory_release(a, text, length, 1);
    *data_offset = begin + length;
    return status;
}

static isg_status read_source(const isg_allocator *a, const file_source *s, npy_array *out, isg_error *error)
{
    npy_header h;
    uint64_t offset = 0;
    char *data = NULL;
    isg_status status = read_header(a, s, &h, &offset, error);
    if (!status)
        status = check_length(s->name, &h, s->length - offset, error);
    if (!status)
        status = take_memory(a, &h, out, &data, error);
    if (status)
        return status;
    status = file_source_read(s, offset, (size_t)h.count * h.item_size, data, error);
    if (status)
        npy_free(a, out);
    else
        finish(&h, out, data);
    return status;
}

isg_status npy_read(const isg_allocator *allocator, const char *name, const void *bytes, size_t length, npy_array *out,
                    isg_error *error)
{
    file_source s = file_source_memory(name, bytes, length);
    *out = (npy_array){0};
    return read_source(allocator ? allocator : isg_default_allocator(), &s, out, error);
}

isg_status npy_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, npy_array *out, isg_error *error)
{
    file_source s;
    *out = (npy_array){0};
    isg_status status = file_source_open(&s, io, path, error);
    if (status)
        return status;
    status = read_source(allocator ? allocator : isg_default_allocator(), &s, out, error);
    file_source_close(&s);
    return status;
}

void npy_free(const isg_allocator *allocator, npy_array *array)
{
    memory_release(allocator ? allocator : isg_default_allocator(), array->memory, array->memory_bytes, 1);
    *array = (npy_array){0};
}
