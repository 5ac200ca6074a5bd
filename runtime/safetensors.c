/* safetensors.c - reading safetensors files; see safetensors.h. */
#include "runtime/safetensors.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"
#include "runtime/safetensors_header.h"
#include "runtime/tensor.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data is little-endian, and is not swapped here");

enum { MAX_HEADER_BYTES = 100000000, LENGTH_BYTES = 8 };

/* ---- the tensors ----------------------------------------------------------------------------- */

/* In place, forwards; the narrow numbers lie at the end of the memory. */
static void widen(char *memory, const char *from, const safetensors_entry *e)
{
    for (int64_t k = 0; k < e->count; k++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * k, sizeof bits);
        float value = e->widening == FROM_HALF ? float_from_half(bits) : float_from_bfloat(bits);
        memcpy(memory + 4 * k, &value, sizeof value);
    }
}

static isg_status read_data(const file_source *s, uint64_t data_offset, const safetensors_entry *e, char *to, isg_error *error)
{
    size_t stored = (size_t)(e->end - e->begin), taken = (size_t)e->count * dtype_size(e->dtype);
    char *at = to + (taken - stored);
    isg_status status = file_source_read(s, data_offset + e->begin, stored, at, error);
    if (!status && e->widening)
        widen(to, at, e);
    return status;
}

static int compare_name(const void *a, const void *b, void *context)
{
    const isg_named_tensor *tensors = context;
    return strcmp(tensors[*(const size_t *)a].name, tensors[*(const size_t *)b].name);
}

static bool take_memory(const isg_allocator *a, const safetensors_entry *entries, size_t count, safetensors *out)
{
    out->count = count;
    for (size_t i = 0; i < count; i++) {
        out->names_bytes += strlen(entries[i].name) + 1;
        out->data_bytes += (size_t)entries[i].count * dtype_size(entries[i].dtype);
    }
    out->tensors = memory_take(a, count, sizeof *out->tensors);
    out->by_name = memory_take(a, count, sizeof *out->by_name);
    out->names = memory_take(a, out->names_bytes, 1);
    out->data = memory_take(a, out->data_bytes, 1);
    return out->tensors && out->by_name && out->names && out->data;
}

static isg_status read_tensors(const isg_allocator *a, const file_source *s, uint64_t data_offset,
                               const safetensors_entry *entries, size_t count, safetensors *out, isg_error *error)
{
    if (!take_memory(a, entries, count, out))
        return error_no_memory(error);
    char *name = out->names, *data = out->data;
    for (size_t i = 0; i < count; i++) {
        const safetensors_entry *e = &entries[i];
        isg_status status = read_data(s, data_offset, e, data, error);
        if (status)
            return status;
        out->tensors[i] = (isg_named_tensor){.name = name, .tensor = tensor_contiguous(e->dtype, e->rank, e->shape, data)};
        out->by_name[i] = i;
        name = stpcpy(name, e->name) + 1;
        data += (size_t)e->count * dtype_size(e->dtype);
    }
    if (count)
        qsort_r(out->by_name, count, sizeof *out->by_name, compare_name, out->tensors);
    for (size_t i = 1; i < count; i++)
        if (!compare_name(&out->by_name[i - 1], &out->by_name[i], out->tensors))
            return error_fail(error, ISG_INVALID, "%s: tensor '%.200s' is described twice", s->name,
                              out->tensors[out->by_name[i]].name);
    return ISG_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

typedef struct header {
    char *text;
    size_t length;
    safetensors_entry *entries;
    size_t count;
} header;

static isg_status find_header(const file_source *s, size_t *length, isg_error *error)
{
    unsigned char prefix[LENGTH_BYTES];
    uint64_t promised = 0;
    if (s->length < LENGTH_BYTES)
        return error_fail(error, ISG_INVALID, "%s: not a safetensors file: it is shorter than 8 bytes", s->name);
    isg_status status = file_source_read(s, 0, LENGTH_BYTES, prefix, error);
    if (status)
        return status;
    for (int i = LENGTH_BYTES; i-- > 0;)
        promised = promised << 8 | prefix[i];
    if (promised > MAX_HEADER_BYTES)
        return error_fail(error, ISG_INVALID, "%s: a safetensors header of %llu bytes is more than the limit of %d", s->name,
                          (unsigned long long)promised, (int)MAX_HEADER_BYTES);
    if (promised > s->length - LENGTH_BYTES)
        return error_fail(error, ISG_INVALID, "%s: the safetensors header is cut off", s->name);
    *length = promised;
    return ISG_OK;
}

static isg_status load_header(const isg_allocator *a, const file_source *s, header *h, isg_error *error)
{
    isg_status status = find_header(s, &h->length, error);
    if (status)
        return status;
    h->text = memory_take(a, h->length, 1);
    h->entries = memory_take(a, safetensors_header_capacity(h->length), sizeof *h->entries);
    if (!h->text || !h->entries)
        return error_no_memory(error);
    status = file_source_read(s, LENGTH_BYTES, h->length, h->text, error);
    return status ? status
                  : safetensors_header_parse(s->name, h->text, h->length, s->length - LENGTH_BYTES - h->length, h->entries,
                                             &h->count, error);
}

static isg_status read_source(const isg_allocator *a, const file_source *s, safetensors *out, isg_error *error)
{
    header h = {0};
    isg_status status = load_header(a, s, &h, error);
    if (!status)
        status = read_tensors(a, s, LENGTH_BYTES + h.length, h.entries, h.count, out, error);
    if (status)
        safetensors_free(a, out);
    memory_release(a, h.entries, safetensors_header_capacity(h.length), sizeof *h.entries);
    memory_release(a, h.text, h.length, 1);
    return status;
}

isg_status safetensors_read(const isg_allocator *allocator, const char *name, const void *bytes, size_t length, safetensors *out,
                            isg_error *error)
{
    file_source s = file_source_memory(name, bytes, length);
    *out = (safetensors){0};
    return read_source(allocator ? allocator : isg_default_allocator(), &s, out, error);
}

isg_status safetensors_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, safetensors *out,
                                 isg_error *error)
{
    file_source s;
    *out = (safetensors){0};
    isg_status status = file_source_open(&s, io, path, error);
    if (status)
        return status;
    status = read_source(allocator ? allocator : isg_default_allocator(), &s, out, error);
    file_source_close(&s);
    return status;
}

void safetensors_free(const isg_allocator *allocator, safetensors *weights)
{
    const isg_allocator *a = allocator ? allocator : isg_default_allocator();
    memory_release(a, weights->tensors, weights->count, sizeof *weights->tensors);
    memory_release(a, weights->by_name, weights->count, sizeof *weights->by_name);
    memory_release(a, weights->names, weights->names_bytes, 1);
    memory_release(a, weights->data, weights->data_bytes, 1);
    *weights = (safetensors){0};
}

const isg_tensor *safetensors_find(const safetensors *weights, const char *name)
{
    size_t low = 0, high = weights->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const isg_named_tensor *t = &weights->tensors[weights->by_name[middle]];
        int order = strcmp(name, t->name);
        if (!order)
            return &t->tensor;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
