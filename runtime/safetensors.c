/* safetensors.c - reading safetensors files; see safetensors.h. */
#include "runtime/safetensors.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"
#include "runtime/tensor.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors data is little-endian, and is not swapped here");

enum { MAX_HEADER_BYTES = 100000000, LENGTH_BYTES = 8 };

typedef enum narrow { NOT_NARROW, HALF, BFLOAT } narrow; /* widened to float32 */

static const struct {
    const char *text;
    isg_dtype dtype;
    uint8_t size; /* in the file */
    narrow narrow;
} dtypes[] = {
    {"F32", ISG_F32, 4, NOT_NARROW},   {"F16", ISG_F32, 2, HALF},       {"BF16", ISG_F32, 2, BFLOAT},
    {"F64", ISG_F64, 8, NOT_NARROW},   {"I8", ISG_I8, 1, NOT_NARROW},   {"I16", ISG_I16, 2, NOT_NARROW},
    {"I32", ISG_I32, 4, NOT_NARROW},   {"I64", ISG_I64, 8, NOT_NARROW}, {"U8", ISG_U8, 1, NOT_NARROW},
    {"U16", ISG_U16, 2, NOT_NARROW},   {"U32", ISG_U32, 4, NOT_NARROW}, {"U64", ISG_U64, 8, NOT_NARROW},
    {"BOOL", ISG_BOOL, 1, NOT_NARROW},
};

/* A tensor as its header entry describes it. */
typedef struct entry {
    const char *name; /* the JSON's */
    size_t position;  /* in the header */
    isg_dtype dtype;
    narrow narrow;
    int rank;
    int64_t shape[ISG_MAX_RANK];
    int64_t count;
    uint64_t begin, end;
} entry;

/* ---- the header ------------------------------------------------------------------------------ */

static isg_status malformed(const file_source *s, const char *tensor, const char *what, isg_error *error)
{
    return error_fail(error, ISG_INVALID, "%s: tensor '%.200s': %s", s->name, tensor, what);
}

static isg_status parse_dtype(const file_source *s, const json_t *value, entry *e, uint8_t *size, isg_error *error)
{
    const char *text = json_string_value(value);
    if (!text)
        return malformed(s, e->name, "its dtype is not a string", error);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(text, dtypes[i].text)) {
            e->dtype = dtypes[i].dtype;
            e->narrow = dtypes[i].narrow;
            *size = dtypes[i].size;
            return ISG_OK;
        }
    return error_fail(error, ISG_INVALID, "%s: tensor '%.200s': dtype '%.40s' is not supported", s->name, e->name, text);
}

static isg_status parse_shape(const file_source *s, const json_t *value, entry *e, isg_error *error)
{
    if (!json_is_array(value))
        return malformed(s, e->name, "its shape is not a list", error);
    if (json_array_size(value) > ISG_MAX_RANK)
        return malformed(s, e->name, "it has more than 8 axes", error);
    e->rank = (int)json_array_size(value);
    for (int i = 0; i < e->rank; i++) {
        const json_t *dimension = json_array_get(value, (size_t)i);
        if (!json_is_integer(dimension) || json_integer_value(dimension) < 0)
            return malformed(s, e->name, "a dimension is not a whole number of at least 0", error);
        e->shape[i] = json_integer_value(dimension);
    }
    if (!tensor_count(e->rank, e->shape, &e->count))
        return malformed(s, e->name, "its shape is too large", error);
    return ISG_OK;
}

static isg_status parse_offsets(const file_source *s, const json_t *value, entry *e, uint64_t data_length, isg_error *error)
{
    const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
    if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return malformed(s, e->name, "its data_offsets are not two whole numbers", error);
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin) ||
        (uint64_t)json_integer_value(end) > data_length)
        return malformed(s, e->name, "its data_offsets lie outside the file", error);
    e->begin = (uint64_t)json_integer_value(begin);
    e->end = (uint64_t)json_integer_value(end);
    return ISG_OK;
}

static isg_status parse_entry(const file_source *s, const json_t *value, uint64_t data_length, entry *e, isg_error *error)
{
    const json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape"),
                 *offsets = json_object_get(value, "data_offsets");
    uint8_t size = 0;
    if (!dtype || !shape || !offsets || json_object_size(value) != 3)
        return malformed(s, e->name, "it needs exactly dtype, shape and data_offsets", error);
    isg_status status = parse_dtype(s, dtype, e, &size, error);
    if (!status)
        status = parse_shape(s, shape, e, error);
    if (!status)
        status = parse_offsets(s, offsets, e, data_length, error);
    if (!status && (uint64_t)e->count * size != e->end - e->begin)
        return malformed(s, e->name, "its data is not as large as its shape and dtype", error);
    return status;
}

static isg_status check_metadata(const file_source *s, json_t *metadata, isg_error *error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return error_fail(error, ISG_INVALID, "%s: __metadata__ is not a map of strings", s->name);
    json_object_foreach(metadata, key, value) if (!json_is_string(value)) return error_fail(
        error, ISG_INVALID, "%s: __metadata__ is not a map of strings", s->name);
    return ISG_OK;
}

static int compare_place(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

/* Sorts by place and checks that the data is covered exactly. */
static isg_status check_cover(const file_source *s, entry *entries, size_t count, uint64_t data_length, isg_error *error)
{
    uint64_t covered = 0;
    if (count)
        qsort(entries, count, sizeof *entries, compare_place);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].begin != covered)
            return malformed(
                s, entries[i].name,
                entries[i].begin < covered ? "its data overlaps another tensor's" : "there is a hole before its data", error);
        covered = entries[i].end;
    }
    if (covered != data_length)
        return error_fail(error, ISG_INVALID, "%s: %llu trailing bytes belong to no tensor", s->name,
                          (unsigned long long)(data_length - covered));
    return ISG_OK;
}

static isg_status parse_entries(const file_source *s, json_t *header, uint64_t data_length, entry *entries, size_t *count,
                                isg_error *error)
{
    const char *name;
    json_t *value;
    *count = 0;
    json_object_foreach(header, name, value)
    {
        isg_status status;
        if (!strcmp(name, "__metadata__")) {
            status = check_metadata(s, value, error);
        } else {
            entry *e = &entries[*count];
            *e = (entry){.name = name, .position = (*count)++};
            status = parse_entry(s, value, data_length, e, error);
        }
        if (status)
            return status;
    }
    return check_cover(s, entries, *count, data_length, error);
}

/* ---- the tensors ----------------------------------------------------------------------------- */

/* In place, forwards; the narrow numbers lie at the end of the memory. */
static void widen(char *memory, const char *from, const entry *e)
{
    for (int64_t k = 0; k < e->count; k++) {
        uint16_t bits;
        memcpy(&bits, from + 2 * k, sizeof bits);
        float value = e->narrow == HALF ? float_from_half(bits) : float_from_bfloat(bits);
        memcpy(memory + 4 * k, &value, sizeof value);
    }
}

static isg_status read_data(const file_source *s, uint64_t data_offset, const entry *e, char *to, isg_error *error)
{
    size_t stored = (size_t)(e->end - e->begin), taken = (size_t)e->count * dtype_size(e->dtype);
    char *at = to + (taken - stored);
    isg_status status = file_source_read(s, data_offset + e->begin, stored, at, error);
    if (!status && e->narrow)
        widen(to, at, e);
    return status;
}

static int compare_name(const void *a, const void *b, void *context)
{
    const isg_named_tensor *tensors = context;
    return strcmp(tensors[*(const size_t *)a].name, tensors[*(const size_t *)b].name);
}

static bool take_memory(const isg_allocator *a, const entry *entries, size_t count, safetensors *out)
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

static isg_status read_tensors(const isg_allocator *a, const file_source *s, uint64_t data_offset, const entry *entries,
                               size_t count, safetensors *out, isg_error *error)
{
    if (!take_memory(a, entries, count, out))
        return error_no_memory(error);
    char *name = out->names, *data = out->data;
    for (size_t i = 0; i < count; i++) {
        const entry *e = &entries[i];
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
    return ISG_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Fetches the header's text, NUL-free or not, and has it parsed. */
static isg_status load_header(const isg_allocator *a, const file_source *s, json_t **out, uint64_t *data_offset, isg_error *error)
{
    unsigned char prefix[LENGTH_BYTES];
    uint64_t length = 0;
    if (s->length < LENGTH_BYTES)
        return error_fail(error, ISG_INVALID, "%s: not a safetensors file: it is shorter than 8 bytes", s->name);
    isg_status status = file_source_read(s, 0, LENGTH_BYTES, prefix, error);
    if (status)
        return status;
    for (int i = LENGTH_BYTES; i-- > 0;)
        length = length << 8 | prefix[i];
    if (length > MAX_HEADER_BYTES)
        return error_fail(error, ISG_INVALID, "%s: a safetensors header of %llu bytes is more than the limit of %d", s->name,
                          (unsigned long long)length, (int)MAX_HEADER_BYTES);
    if (length > s->length - LENGTH_BYTES)
        return error_fail(error, ISG_INVALID, "%s: the safetensors header is cut off", s->name);
    char *text = memory_take(a, length, 1);
    if (!text)
        return error_no_memory(error);
    status = file_source_read(s, LENGTH_BYTES, length, text, error);
    json_error_t why = {0};
    if (!status && (!length || *text != '{'))
        status = error_fail(error, ISG_INVALID, "%s: the safetensors header does not start with '{'", s->name);
    else if (!status && !(*out = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why)))
        status = json_error_code(&why) == json_error_out_of_memory || !*why.text
                     ? error_no_memory(error)
                     : error_fail(error, ISG_INVALID, "%s: the safetensors header is not valid JSON: %s", s->name, why.text);
    memory_release(a, text, length, 1);
    *data_offset = LENGTH_BYTES + length;
    return status;
}

static isg_status read_source(const isg_allocator *a, const file_source *s, safetensors *out, isg_error *error)
{
    json_t *header = NULL;
    uint64_t data_offset = 0;
    isg_status status = load_header(a, s, &header, &data_offset, error);
    if (status)
        return status;
    size_t most = json_object_size(header), count = 0;
    entry *entries = memory_take(a, most, sizeof *entries);
    status = entries ? parse_entries(s, header, s->length - data_offset, entries, &count, error) : error_no_memory(error);
    if (!status)
        status = read_tensors(a, s, data_offset, entries, count, out, error);
    if (status)
        safetensors_free(a, out);
    memory_release(a, entries, most, sizeof *entries);
    json_decref(header);
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
