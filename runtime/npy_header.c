/* npy_header.c - parsing the header of a .npy file: a dictionary in Python's spelling, of three keys. */
#include "runtime/npy_header.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

#include <string.h>

isg_status npy_header_locate(const char *name, const unsigned char *prefix, size_t length, size_t *begin, size_t *text_length,
                             isg_error *error)
{
    if (length < 8 || memcmp(prefix, "\x93NUMPY", 6))
        return error_fail(error, ISG_INVALID, "%s: not a .npy file", name);
    if (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0)
        return error_fail(error, ISG_INVALID, "%s: .npy version %d.%d is not known", name, prefix[6], prefix[7]);
    size_t length_bytes = prefix[6] == 1 ? 2 : 4;
    *begin = 8 + length_bytes;
    if (length < *begin)
        return error_fail(error, ISG_INVALID, "%s: the .npy header is cut off", name);
    *text_length = 0;
    for (size_t i = 0; i < length_bytes; i++)
        *text_length |= (size_t)prefix[8 + i] << (8 * i);
    if (*text_length > NPY_MAX_HEADER)
        return error_fail(error, ISG_INVALID, "%s: a .npy header of %zu bytes is more than the limit of %d", name, *text_length,
                          (int)NPY_MAX_HEADER);
    return ISG_OK;
}

typedef struct reader {
    const char *name;
    const char *at, *end;
    isg_error *error;
} reader;

static isg_status malformed(reader *r, const char *what)
{
    return error_fail(r->error, ISG_INVALID, "%s: the .npy header is malformed: %s", r->name, what);
}

static void skip_space(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool accept(reader *r, char c)
{
    skip_space(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool accept_word(reader *r, const char *word)
{
    skip_space(r);
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n))
        return false;
    r->at += n;
    return true;
}

/* A quoted string without escapes; what a descr or key ever needs. */
static bool accept_string(reader *r, const char **text, size_t *length)
{
    skip_space(r);
    if (r->at == r->end || (*r->at != '\'' && *r->at != '"'))
        return false;
    const char *begin = r->at + 1, *close = memchr(begin, *r->at, (size_t)(r->end - begin));
    if (!close || memchr(begin, '\\', (size_t)(close - begin)))
        return false;
    *text = begin;
    *length = (size_t)(close - begin);
    r->at = close + 1;
    return true;
}

static isg_status parse_dimension(reader *r, int64_t *out)
{
    skip_space(r);
    const char *begin = r->at;
    int64_t value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *r->at - '0', &value))
            return malformed(r, "a dimension is too large");
    if (r->at == begin)
        return malformed(r, "a dimension is not a whole number of at least 0");
    if (r->at < r->end && *r->at == 'L') /* Python 2's long */
        r->at++;
    *out = value;
    return ISG_OK;
}

static isg_status parse_shape(reader *r, npy_header *h)
{
    if (!accept(r, '('))
        return malformed(r, "the shape is not a tuple");
    bool comma = true;
    while (!accept(r, ')')) {
        int64_t dimension = 0;
        if (!comma)
            return malformed(r, "the shape is not a tuple");
        isg_status status = parse_dimension(r, &dimension);
        if (status)
            return status;
        if (h->rank == ISG_MAX_RANK)
            return error_fail(r->error, ISG_INVALID, "%s: the array has more than %d axes", r->name, ISG_MAX_RANK);
        h->shape[h->rank++] = dimension;
        comma = accept(r, ',');
    }
    if (h->rank == 1 && !comma)
        return malformed(r, "the shape is not a tuple");
    return ISG_OK;
}

typedef struct element_row {
    char text[3];
    isg_dtype dtype;
    bool half;
} element_row;

static const element_row element_rows[] = {
    {"f2", ISG_F32, true},  {"f4", ISG_F32, false}, {"f8", ISG_F64, false}, {"i1", ISG_I8, false},
    {"i2", ISG_I16, false}, {"i4", ISG_I32, false}, {"i8", ISG_I64, false}, {"u1", ISG_U8, false},
    {"u2", ISG_U16, false}, {"u4", ISG_U32, false}, {"u8", ISG_U64, false}, {"b1", ISG_BOOL, false},
};

static const char *reason_against(char kind)
{
    switch (kind) {
    case 'O':
        return "Python objects; save it with a numeric dtype";
    case 'c':
        return "complex numbers; save the real and imaginary parts apart";
    case 'V':
        return "structured or raw records; save each field apart";
    case 'S':
    case 'a':
    case 'U':
        return "text; numbers are needed";
    case 'M':
    case 'm':
        return "dates or times; numbers are needed";
    }
    return "elements of a dtype that is not supported";
}

static isg_status parse_descr(reader *r, npy_header *h)
{
    const char *text;
    size_t length;
    skip_space(r);
    if (r->at < r->end && *r->at == '[')
        return error_fail(r->error, ISG_INVALID, "%s: the array holds %s", r->name, reason_against('V'));
    if (!accept_string(r, &text, &length))
        return malformed(r, "descr is not a string");
    char order = '=';
    if (length && strchr("<>|=", *text)) {
        order = *text++;
        length--;
    }
    for (size_t i = 0; i < sizeof element_rows / sizeof *element_rows; i++) {
        const element_row *row = &element_rows[i];
        if (length != 2 || memcmp(text, row->text, 2))
            continue;
        h->dtype = row->dtype;
        h->half = row->half;
        h->item_size = (size_t)(row->text[1] - '0');
        h->swapped = h->item_size > 1 && order == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '>' : '<');
        return ISG_OK;
    }
    return error_fail(r->error, ISG_INVALID, "%s: the array holds %s (descr '%.*s')", r->name,
                      reason_against(length ? *text : ' '), (int)(length < 40 ? length : 40), text);
}

static isg_status parse_boolean(reader *r, bool *out)
{
    *out = accept_word(r, "True");
    return *out || accept_word(r, "False") ? ISG_OK : malformed(r, "fortran_order is neither True nor False");
}

enum { KEY_DESCR = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEY_ALL = 7 };

static isg_status parse_item(reader *r, npy_header *h, unsigned *seen)
{
    const char *key;
    size_t length;
    if (!accept_string(r, &key, &length) || !accept(r, ':'))
        return malformed(r, "a key is missing");
    unsigned bit = length == 5 && !memcmp(key, "descr", 5)             ? KEY_DESCR
                   : length == 13 && !memcmp(key, "fortran_order", 13) ? KEY_ORDER
                   : length == 5 && !memcmp(key, "shape", 5)           ? KEY_SHAPE
                                                                       : 0;
    if (!bit)
        return malformed(r, "an unknown key");
    if (*seen & bit)
        return malformed(r, "a repeated key");
    *seen |= bit;
    return bit == KEY_DESCR ? parse_descr(r, h) : bit == KEY_ORDER ? parse_boolean(r, &h->fortran_order) : parse_shape(r, h);
}

isg_status npy_header_parse(const char *name, const char *text, size_t length, npy_header *out, isg_error *error)
{
    reader r = {.name = name, .at = text, .end = text + length, .error = error};
    *out = (npy_header){0};
    unsigned seen = 0;
    bool comma = true;
    if (!accept(&r, '{'))
        return malformed(&r, "it is not a dictionary");
    while (!accept(&r, '}')) {
        if (!comma)
            return malformed(&r, "a comma is missing");
        isg_status status = parse_item(&r, out, &seen);
        if (status)
            return status;
        comma = accept(&r, ',');
    }
    if (seen != KEY_ALL)
        return malformed(&r, "one of descr, fortran_order and shape is missing");
    skip_space(&r);
    if (r.at != r.end)
        return malformed(&r, "something follows the dictionary");
    if (!tensor_count(out->rank, out->shape, &out->count))
        return error_fail(error, ISG_INVALID, "%s: the array's shape is too large", name);
    return ISG_OK;
}
