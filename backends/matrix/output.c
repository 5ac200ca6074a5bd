/* output.c - see output.h. */
#include "backends/matrix/output.h"
#include "backends/matrix/matrix.h"
#include "backends/matrix/number.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

isg_status output_open(matrix_output *o, const isg_allocator *allocator, const isg_io *io, const char *path, isg_error *error)
{
    *o = (matrix_output){.error = error, .hash = MATRIX_HASH_START};
    o->buffer = memory_take(allocator, OUTPUT_BUFFER, 1);
    if (!o->buffer)
        return error_no_memory(error);
    isg_status status = file_writer_open(&o->writer, allocator, io, path, error);
    if (status)
        memory_release(allocator, o->buffer, OUTPUT_BUFFER, 1);
    return status;
}

isg_status output_flush(matrix_output *o)
{
    if (!o->status && o->length) {
        o->hash = matrix_hash(o->hash, o->buffer, o->length);
        o->status = file_writer_write(&o->writer, o->buffer, o->length, o->error);
    }
    o->length = 0;
    return o->status;
}

void output_abandon(matrix_output *o)
{
    memory_release(o->writer.allocator, o->buffer, OUTPUT_BUFFER, 1);
    file_writer_abandon(&o->writer);
}

isg_status output_commit(matrix_output *o)
{
    isg_status status = output_flush(o);
    if (status) {
        output_abandon(o);
        return status;
    }
    memory_release(o->writer.allocator, o->buffer, OUTPUT_BUFFER, 1);
    return file_writer_commit(&o->writer, o->error);
}

static void put(matrix_output *o, const char *bytes, size_t count)
{
    while (count && !o->status) {
        size_t room = OUTPUT_BUFFER - o->length, part = count < room ? count : room;
        memcpy(o->buffer + o->length, bytes, part);
        o->length += part;
        bytes += part;
        count -= part;
        if (o->length == OUTPUT_BUFFER)
            output_flush(o);
    }
}

void output_text(matrix_output *o, const char *text)
{
    put(o, text, strlen(text));
}

void output_string(matrix_output *o, const char *text)
{
    output_byte(o, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            output_byte(o, '\\');
        if (c < 0x20)
            output_format(o, "\\u%04x", c);
        else
            output_byte(o, *text);
    }
    output_byte(o, '"');
}

void output_byte(matrix_output *o, char c)
{
    put(o, &c, 1);
}

void output_format(matrix_output *o, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    output_text(o, text);
}

void output_whole(matrix_output *o, int64_t value)
{
    char text[24];
    put(o, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void output_number(matrix_output *o, double value)
{
    char text[NUMBER_MOST];
    put(o, text, number_write(text, value));
}

void output_plain_number(matrix_output *o, double value)
{
    char text[NUMBER_MOST];
    put(o, text, number_write_plain(text, value));
}

bool output_refuse(matrix_output *o, const char *format, ...)
{
    char message[700];
    if (o->status)
        return false;
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    o->status = error_fail(o->error, ISG_INVALID, "%.250s: %s", o->writer.path, message);
    return false;
}
