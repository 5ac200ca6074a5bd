/* results.c - see results.h. */
#include "backends/matrix/detect.h"
#include "backends/matrix/results_reading.h"

#include "runtime/error.h"

/* ---- which format ---------------------------------------------------------------------------- */

/* An object that bqpjson alone has the keys of; NULL: none. */
static bool is_document(const char *text, size_t length)
{
    const matrix_format *f = detect_content(text, length);
    return f && !strcmp(f->name, "bqpjson");
}

bool matrix_results_begin(const char *text, size_t length)
{
    size_t at = length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (at < length && text[at] && strchr(" \t\r\n", text[at]))
        at++;
    return at < length && (text[at] == '[' || is_document(text + at, length - at));
}

static bool choose(matrix_stream *s, results_reading *r, void *context)
{
    const char **format = context;
    (void)r;
    *format = json_peek(s) == '{' && is_document(s->chunk + s->at, s->end - s->at) ? "bqpjson" : "kaiwu-json";
    return true;
}

static isg_status read_source(const isg_allocator *allocator, file_source source, const char *format, int64_t length,
                              matrix_results *out, isg_error *error)
{
    *out = (matrix_results){.allocator = allocator, .length = length};
    results_reading r = {allocator, source, out};
    isg_status status = format ? ISG_OK : results_pass(&r, choose, &format, error);
    if (status)
        return status;
    out->document = !strcmp(format, "bqpjson");
    if (out->document)
        status = bqpjson_results(&r, error);
    else if (!strcmp(format, "kaiwu-json"))
        status = kaiwu_json_results(&r, error);
    else
        status = error_fail(error, ISG_INVALID, "unknown format of results '%.100s'", format);
    if (status)
        matrix_results_close(out);
    return status;
}

isg_status matrix_read_results_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t count,
                                     const char *format, int64_t length, matrix_results *out, isg_error *error)
{
    return read_source(allocator ? allocator : isg_default_allocator(), file_source_memory(path, bytes, count), format, length,
                       out, error);
}

isg_status matrix_read_results(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                               int64_t length, matrix_results *out, isg_error *error)
{
    file_source source;
    isg_status status = file_source_open(&source, io, path, error);
    if (status)
        return status;
    status = read_source(allocator ? allocator : isg_default_allocator(), source, format, length, out, error);
    file_source_close(&source);
    return status;
}

/* ---- results --------------------------------------------------------------------------------- */

void matrix_results_close(matrix_results *m)
{
    if (m->states)
        m->allocator->resize(m->allocator->context, m->states, (size_t)m->capacity, 0);
    if (m->claims)
        m->allocator->resize(m->allocator->context, m->claims, (size_t)m->claim_capacity * sizeof *m->claims, 0);
    *m = (matrix_results){0};
}

void matrix_result_state(const matrix_results *m, int64_t k, int64_t ancilla, int8_t *out)
{
    const int8_t *state = m->states + k * m->length;
    bool turned = ancilla >= 0 && state[ancilla] != 1;
    for (int64_t i = 0; i < m->length; i++)
        out[i] = (state[i] == 1) != turned;
}
