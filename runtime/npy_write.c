/* npy_write.c - writing a tensor as a .npy file, version 1.0. */
#include "runtime/npy.h"
#include "runtime/file.h"
#include "runtime/tensor.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_BYTES = 320, CHUNK_BYTES = 32768 };

static const char *const descr[] = {
    [ISG_F32] = "<f4", [ISG_F64] = "<f8", [ISG_I8] = "|i1",  [ISG_I16] = "<i2", [ISG_I32] = "<i4",  [ISG_I64] = "<i8",
    [ISG_U8] = "|u1",  [ISG_U16] = "<u2", [ISG_U32] = "<u4", [ISG_U64] = "<u8", [ISG_BOOL] = "|b1",
};

/* The whole header, padded with spaces so that the data begins at a multiple of 64. */
static size_t make_header(const isg_tensor *t, char header[HEADER_BYTES])
{
    char *text = header + 10;
    int used = snprintf(text, HEADER_BYTES - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[t->dtype]);
    for (int i = 0; i < t->rank; i++)
        used += snprintf(text + used, HEADER_BYTES - 10 - (size_t)used, i ? ", %lld" : "%lld", (long long)t->shape[i]);
    used += snprintf(text + used, HEADER_BYTES - 10 - (size_t)used, t->rank == 1 ? ",), }" : "), }");
    size_t total = (10 + (size_t)used + 1 + 63) / 64 * 64, length = total - 10;
    memset(text + used, ' ', length - (size_t)used);
    text[length - 1] = '\n';
    memcpy(header, "\x93NUMPY\x01", 8);
    header[8] = (char)(length & 255);
    header[9] = (char)(length >> 8);
    return total;
}

static isg_status write_elements(file_writer *w, const isg_tensor *t, isg_error *error)
{
    char chunk[CHUNK_BYTES];
    int64_t count = 0, at_once = CHUNK_BYTES / (int64_t)dtype_size(t->dtype);
    tensor_count(t->rank, t->shape, &count);
    for (int64_t first = 0; first < count; first += at_once) {
        int64_t n = count - first < at_once ? count - first : at_once;
        tensor_gather(t, first, n, chunk);
        isg_status status = file_writer_write(w, chunk, (size_t)n * dtype_size(t->dtype), error);
        if (status)
            return status;
    }
    return ISG_OK;
}

isg_status npy_write_file(const isg_allocator *allocator, const isg_io *io, const char *path, const isg_tensor *tensor,
                          isg_error *error)
{
    isg_status status = tensor_check(tensor, "array for", path, error);
    if (status)
        return status;
    char header[HEADER_BYTES];
    size_t header_bytes = make_header(tensor, header);
    file_writer w;
    status = file_writer_open(&w, allocator, io, path, error);
    if (status)
        return status;
    status = file_writer_write(&w, header, header_bytes, error);
    if (!status)
        status = write_elements(&w, tensor, error);
    if (!status)
        return file_writer_commit(&w, error);
    file_writer_abandon(&w);
    return status;
}
