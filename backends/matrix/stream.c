/* stream.c - see stream.h. */
#include "backends/matrix/stream.h"
#include "backends/matrix/matrix.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

uint64_t matrix_hash(uint64_t hash, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

isg_status stream_open(matrix_stream *s, const isg_allocator *allocator, file_source source, isg_error *error)
{
    *s = (matrix_stream){
        .allocator = allocator, .source = source, .error = error, .line = 1, .token = {1, 1}, .hash = MATRIX_HASH_START};
    s->chunk = memory_take(allocator, STREAM_CHUNK, 1);
    if (!s->chunk)
        return s->status = error_no_memory(error);
    static const char mark[] = "\xef\xbb\xbf";
    if (stream_fill(s) && s->end >= 3 && !memcmp(s->chunk, mark, 3))
        s->at = 3, s->line_start = 3;
    if (s->status)
        stream_close(s);
    return s->status;
}

void stream_close(matrix_stream *s)
{
    memory_release(s->allocator, s->chunk, STREAM_CHUNK, 1);
    s->chunk = NULL;
}

bool stream_fill(matrix_stream *s)
{
    if (s->status || s->next >= s->source.length)
        return false;
    uint64_t left = s->source.length - s->next;
    size_t count = left < STREAM_CHUNK ? (size_t)left : STREAM_CHUNK;
    s->at = s->end = 0;
    s->status = file_source_read(&s->source, s->next, count, s->chunk, s->error);
    if (s->status)
        return false;
    s->hash = matrix_hash(s->hash, s->chunk, count);
    s->end = count;
    s->next += count;
    return true;
}

/* ---- failing --------------------------------------------------------------------------------- */

stream_place stream_here(const matrix_stream *s)
{
    return (stream_place){s->line, (int64_t)(s->next - s->end + s->at) - s->line_start + 1};
}

bool stream_fail_status(matrix_stream *s, isg_status status)
{
    s->status = status;
    s->at = s->end = 0;
    return false;
}

static bool fail_at(matrix_stream *s, stream_place place, const char *format, va_list list)
{
    char message[700];
    if (s->status)
        return false;
    vsnprintf(message, sizeof message, format, list);
    return stream_fail_status(s, error_fail(s->error, ISG_INVALID, "%.250s:%" PRId64 ":%" PRId64 ": %s", s->source.name,
                                            place.line, place.column, message));
}

bool stream_fail(matrix_stream *s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fail_at(s, s->token, format, list);
    va_end(list);
    return false;
}

bool stream_fail_here(matrix_stream *s, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fail_at(s, stream_here(s), format, list);
    va_end(list);
    return false;
}

bool stream_no_memory(matrix_stream *s)
{
    return s->status ? false : stream_fail_status(s, error_no_memory(s->error));
}

/* ---- lines of words -------------------------------------------------------------------------- */

void stream_blanks(matrix_stream *s)
{
    for (int c = stream_peek(s); c == ' ' || c == '\t' || c == '\r'; c = stream_peek(s))
        stream_advance(s);
}

void stream_space(matrix_stream *s)
{
    for (int c = stream_peek(s); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = stream_peek(s))
        stream_advance(s);
}

void stream_skip_line(matrix_stream *s)
{
    for (int c = stream_peek(s); c != STREAM_END; c = stream_peek(s)) {
        stream_advance(s);
        if (c == '\n')
            return;
    }
}

bool stream_line_ended(matrix_stream *s)
{
    stream_blanks(s);
    int c = stream_peek(s);
    return c == '\n' || c == STREAM_END;
}

bool stream_end_line(matrix_stream *s)
{
    if (!stream_line_ended(s))
        return stream_fail_here(s, "more on the line than belongs there");
    if (stream_peek(s) == '\n')
        stream_advance(s);
    return !s->status;
}

static bool ends_word(int c)
{
    return c == STREAM_END || c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

bool stream_word(matrix_stream *s, const char *what)
{
    stream_blanks(s);
    s->token = stream_here(s);
    s->length = 0;
    for (int c = stream_peek(s); !ends_word(c); c = stream_peek(s)) {
        if (s->length + 1 == sizeof s->text)
            return stream_fail(s, "too long for %s", what);
        s->text[s->length++] = (char)c;
        stream_advance(s);
    }
    s->text[s->length] = '\0';
    return s->status ? false : s->length ? true : stream_fail(s, "%s is missing", what);
}

bool stream_word_number(matrix_stream *s, const char *what, double *out)
{
    number_fault fault = number_read(s->text, s->length, out);
    return !fault || stream_fail(s, "%s '%.40s' %s", what, s->text, number_fault_text(fault));
}

bool stream_word_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out)
{
    bool negative = s->text[0] == '-';
    int64_t value = 0;
    size_t i = negative || s->text[0] == '+';
    if (i == s->length)
        return stream_fail(s, "%s '%.40s' is not a whole number", what, s->text);
    for (; i < s->length; i++) {
        if (s->text[i] < '0' || s->text[i] > '9')
            return stream_fail(s, "%s '%.40s' is not a whole number", what, s->text);
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, s->text[i] - '0', &value))
            return stream_fail(s, "%s '%.40s' is too large", what, s->text);
    }
    *out = negative ? -value : value;
    if (*out >= least && *out <= most)
        return true;
    return stream_fail(s, "%s is %.40s, not from %" PRId64 " to %" PRId64, what, s->text, least, most);
}

bool stream_number(matrix_stream *s, const char *what, double *out)
{
    return stream_word(s, what) && stream_word_number(s, what, out);
}

bool stream_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out)
{
    return stream_word(s, what) && stream_word_whole(s, what, least, most, out);
}
