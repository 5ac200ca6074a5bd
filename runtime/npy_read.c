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
                      data_length < need ? "truncated" : "trailing bytes", (unsigned long long)need, (unsigned long long)data_length);
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

isg_status npy_read(const isg_allocator *allocator, const char *name, const void *bytes, size_t length, npy_array *out,
                    isg_error *error)
{
    allocator = allocator ? allocator : isg_default_allocator();
    size_t begin, text_length;
    npy_header h;
    char *data;
    isg_status status = npy_header_locate(name, bytes, length, &begin, &text_length, error);
    if (status)
        return status;
    if (text_length > length - begin)
        return error_fail(error, ISG_INVALID, "%s: the .npy header is cut off", name);
    status = npy_header_parse(name, (const char *)bytes + begin, text_length, &h, error);
    if (!status)
        status = check_length(name, &h, length - begin - text_length, error);
    if (!status)
        status = take_memory(allocator, &h, out, &data, error);
    if (status)
        return status;
    memcpy(data, (const char *)bytes + begin + text_length, (size_t)h.count * h.item_size);
    finish(&h, out, data);
    return ISG_OK;
}

static isg_status read_header(const isg_allocator *a, const isg_io *io, int file, const char *path, int64_t size, npy_header *h,
                              int64_t *data_offset, isg_error *error)
{
    unsigned char prefix[NPY_PREFIX_BYTES];
    size_t prefix_length = size < NPY_PREFIX_BYTES ? (size_t)size : NPY_PREFIX_BYTES, begin, length;
    isg_status status = file_read_exactly(io, file, path, prefix, prefix_length, 0, error);
    if (!status)
        status = npy_header_locate(path, prefix, prefix_length, &begin, &length, error);
    if (status)
        return status;
    if ((int64_t)(begin + length) > size)
        return error_fail(error, ISG_INVALID, "%s: the .npy header is cut off", path);
    char *text = memory_take(a, length, 1);
    if (!text)
        return error_no_memory(error);
    status = file_read_exactly(io, file, path, text, length, (int64_t)begin, error);
    if (!status)
        status = npy_header_parse(path, text, length, h, error);
    memory_release(a, text, length, 1);
    *data_offset = (int64_t)(begin + length);
    return status;
}

static isg_status read_opened(const isg_allocator *a, const isg_io *io, int file, const char *path, npy_array *out, isg_error *error)
{
    npy_header h;
    int64_t offset, size = io->size(io->context, file);
    if (size < 0)
        return error_io(error, "read", path, size);
    char *data = NULL;
    isg_status status = read_header(a, io, file, path, size, &h, &offset, error);
    if (!status)
        status = check_length(path, &h, (uint64_t)(size - offset), error);
    if (!status)
        status = take_memory(a, &h, out, &data, error);
    if (status)
        return status;
    status = file_read_exactly(io, file, path, data, (size_t)h.count * h.item_size, offset, error);
    if (status)
        npy_free(a, out);
    else
        finish(&h, out, data);
    return status;
}

isg_status npy_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, npy_array *out, isg_error *error)
{
    allocator = allocator ? allocator : isg_default_allocator();
    io = io ? io : isg_default_io();
    int file = file_open_to_read(io, path, error);
    if (file < 0)
        return ISG_IO;
    isg_status status = read_opened(allocator, io, file, path, out, error);
    io->close(io->context, file);
    return status;
}

void npy_free(const isg_allocator *allocator, npy_array *array)
{
    memory_release(allocator ? allocator : isg_default_allocator(), array->memory, array->memory_bytes, 1);
    *array = (npy_array){0};
}
