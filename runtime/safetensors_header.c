/* safetensors_header.c - parsing and checking the header of a safetensors file.
 *
 * A parser of its own over json_text.h: the header is of a known shape, of up to 100 MB, and its memory
 * is to come from the allocator hook; general JSON libraries build a tree from malloc.
 */
#include "runtime/safetensors_header.h"
#include "runtime/error.h"
#include "runtime/json_text.h"
#include "runtime/tensor.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    isg_dtype dtype;
    uint8_t size; /* in the file */
    safetensors_widening widening;
} dtypes[] = {
    {"F32", ISG_F32, 4, NOT_WIDENED},   {"F16", ISG_F32, 2, FROM_HALF},   {"BF16", ISG_F32, 2, FROM_BFLOAT},
    {"F64", ISG_F64, 8, NOT_WIDENED},   {"I8", ISG_I8, 1, NOT_WIDENED},   {"I16", ISG_I16, 2, NOT_WIDENED},
    {"I32", ISG_I32, 4, NOT_WIDENED},   {"I64", ISG_I64, 8, NOT_WIDENED}, {"U8", ISG_U8, 1, NOT_WIDENED},
    {"U16", ISG_U16, 2, NOT_WIDENED},   {"U32", ISG_U32, 4, NOT_WIDENED}, {"U64", ISG_U64, 8, NOT_WIDENED},
    {"BOOL", ISG_BOOL, 1, NOT_WIDENED},
};

typedef struct reader {
    const char *file;
    json_text text;
    isg_error *error;
} reader;

static isg_status not_json(reader *r)
{
    return error_fail(r->error, ISG_INVALID, "%s: the safetensors header is not valid JSON, or not of the format's shape",
                      r->file);
}

static isg_status wrong(reader *r, const safetensors_entry *e, const char *what)
{
    return error_fail(r->error, ISG_INVALID, "%s: tensor '%.200s': %s", r->file, e->name, what);
}

/* ---- one tensor ------------------------------------------------------------------------------ */

static isg_status parse_dtype(reader *r, safetensors_entry *e)
{
    const char *text;
    if (!json_text_string(&r->text, &text))
        return wrong(r, e, "its dtype is not a string");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        if (!strcmp(text, dtypes[i].text)) {
            e->dtype = dtypes[i].dtype;
            e->item_size = dtypes[i].size;
            e->widening = dtypes[i].widening;
            return ISG_OK;
        }
    return error_fail(r->error, ISG_INVALID, "%s: tensor '%.200s': dtype '%.40s' is not supported", r->file, e->name, text);
}

static isg_status parse_shape(reader *r, safetensors_entry *e)
{
    if (!json_text_accept(&r->text, '['))
        return wrong(r, e, "its shape is not a list");
    if (json_text_accept(&r->text, ']'))
        return ISG_OK;
    do {
        int64_t dimension;
        if (!json_text_count(&r->text, &dimension))
            return wrong(r, e, "a dimension is not a whole number from 0 to 2^63 - 1");
        if (e->rank == ISG_MAX_RANK)
            return wrong(r, e, "it has more than 8 axes");
        e->shape[e->rank++] = dimension;
    } while (json_text_accept(&r->text, ','));
    return json_text_accept(&r->text, ']') ? ISG_OK : wrong(r, e, "its shape is not a list");
}

static isg_status parse_offsets(reader *r, safetensors_entry *e)
{
    int64_t begin, end;
    json_text *t = &r->text;
    if (!json_text_accept(t, '[') || !json_text_count(t, &begin) || !json_text_accept(t, ',') || !json_text_count(t, &end) ||
        !json_text_accept(t, ']'))
        return wrong(r, e, "its data_offsets are not two whole numbers of at least 0");
    e->begin = (uint64_t)begin;
    e->end = (uint64_t)end;
    return ISG_OK;
}

enum { KEY_DTYPE = 1, KEY_SHAPE = 2, KEY_OFFSETS = 4, KEY_ALL = 7 };

static isg_status parse_field(reader *r, safetensors_entry *e, unsigned *seen)
{
    const char *key;
    if (!json_text_string(&r->text, &key) || !json_text_accept(&r->text, ':'))
        return not_json(r);
    unsigned bit = !strcmp(key, "dtype")          ? KEY_DTYPE
                   : !strcmp(key, "shape")        ? KEY_SHAPE
                   : !strcmp(key, "data_offsets") ? KEY_OFFSETS
                                                  : 0;
    if (!bit || *seen & bit)
        return wrong(r, e, bit ? "a key is repeated" : "it has a key other than dtype, shape and data_offsets");
    *seen |= bit;
    return bit == KEY_DTYPE ? parse_dtype(r, e) : bit == KEY_SHAPE ? parse_shape(r, e) : parse_offsets(r, e);
}

static isg_status check_entry(reader *r, safetensors_entry *e, uint64_t data_length)
{
    if (!tensor_count(e->rank, e->shape, &e->count))
        return wrong(r, e, "its shape is too large");
    if (e->end < e->begin || e->end > data_length)
        return wrong(r, e, "its data_offsets lie outside the file");
    if ((uint64_t)e->count * e->item_size != e->end - e->begin)
        return wrong(r, e, "its data is not as large as its shape and dtype");
    return ISG_OK;
}

static isg_status parse_entry(reader *r, safetensors_entry *e, uint64_t data_length)
{
    unsigned seen = 0;
    if (!json_text_accept(&r->text, '{'))
        return wrong(r, e, "it is not an object");
    do {
        isg_status status = parse_field(r, e, &seen);
        if (status)
            return status;
    } while (json_text_accept(&r->text, ','));
    if (!json_text_accept(&r->text, '}'))
        return not_json(r);
    if (seen != KEY_ALL)
        return wrong(r, e, "one of dtype, shape and data_offsets is missing");
    return check_entry(r, e, data_length);
}

/* ---- the whole header ------------------------------------------------------------------------ */

static isg_status parse_metadata(reader *r)
{
    const char *text;
    json_text *t = &r->text;
    if (!json_text_accept(t, '{'))
        return error_fail(r->error, ISG_INVALID, "%s: __metadata__ is not a map of strings", r->file);
    if (json_text_accept(t, '}'))
        return ISG_OK;
    do
        if (!json_text_string(t, &text) || !json_text_accept(t, ':') || !json_text_string(t, &text))
            return error_fail(r->error, ISG_INVALID, "%s: __metadata__ is not a map of strings", r->file);
    while (json_text_accept(t, ','));
    return json_text_accept(t, '}') ? ISG_OK : not_json(r);
}

static isg_status parse_entries(reader *r, uint64_t data_length, safetensors_entry *entries, size_t *count)
{
    bool metadata = false;
    *count = 0;
    if (json_text_accept(&r->text, '}'))
        return ISG_OK;
    do {
        const char *name;
        isg_status status;
        if (!json_text_string(&r->text, &name) || !json_text_accept(&r->text, ':'))
            return not_json(r);
        if (!strcmp(name, "__metadata__")) {
            status = metadata ? error_fail(r->error, ISG_INVALID, "%s: __metadata__ is repeated", r->file) : parse_metadata(r);
            metadata = true;
        } else {
            entries[*count] = (safetensors_entry){.name = name, .position = *count};
            status = parse_entry(r, &entries[*count], data_length);
            ++*count;
        }
        if (status)
            return status;
    } while (json_text_accept(&r->text, ','));
    return json_text_accept(&r->text, '}') ? ISG_OK : not_json(r);
}

static int compare_place(const void *a, const void *b)
{
    const safetensors_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->position < y->position ? -1 : 1;
}

/* The data must be covered exactly. */
static isg_status check_cover(reader *r, const safetensors_entry *entries, size_t count, uint64_t data_length)
{
    uint64_t covered = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].begin != covered)
            return wrong(r, &entries[i],
                         entries[i].begin < covered ? "its data overlaps another tensor's" : "there is a hole before its data");
        covered = entries[i].end;
    }
    if (covered != data_length)
        return error_fail(r->error, ISG_INVALID, "%s: %llu trailing bytes belong to no tensor", r->file,
                          (unsigned long long)(data_length - covered));
    return ISG_OK;
}

isg_status safetensors_header_parse(const char *file, char *text, size_t length, uint64_t data_length, safetensors_entry *entries,
                                    size_t *count, isg_error *error)
{
    reader r = {.file = file, .text = {.at = text, .end = text + length}, .error = error};
    if (!length || *text != '{')
        return error_fail(error, ISG_INVALID, "%s: the safetensors header does not start with '{'", file);
    r.text.at++;
    isg_status status = parse_entries(&r, data_length, entries, count);
    if (!status && !json_text_ended(&r.text))
        status = not_json(&r);
    if (status)
        return status;
    if (*count)
        qsort(entries, *count, sizeof *entries, compare_place);
    return check_cover(&r, entries, *count, data_length);
}
