/* kaiwu_json.c - results of QBoson's machines (results.h): a list of objects, the best first, each with its spins in
 * `solutionVector`. The energy that they claim, `quboValue`, is kept and not believed; the rest is not needed. */
#include "backends/matrix/json_stream.h"
#include "backends/matrix/results.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <math.h>

typedef struct result_reading {
    matrix_results *results;
    int64_t values;   /* read so far */
    bool zero, minus; /* met */
} result_reading;

static bool add_value(matrix_stream *s, result_reading *r, int64_t value)
{
    matrix_results *m = r->results;
    r->zero |= value == 0;
    r->minus |= value < 0;
    if (r->zero && r->minus)
        return stream_fail(s, "both 0 and -1 in one file: spins are of {0, 1} or of {-1, 1}");
    if (r->values == m->capacity) {
        int64_t grown = m->capacity < 256 ? 256 : m->capacity + m->capacity / 2;
        void *bigger = m->allocator->resize(m->allocator->context, m->states, (size_t)m->capacity, (size_t)grown);
        if (!bigger)
            return stream_no_memory(s);
        m->states = bigger;
        m->capacity = grown;
    }
    m->states[r->values++] = (int8_t)value;
    return true;
}

static bool read_vector(matrix_stream *s, result_reading *r)
{
    bool first = true;
    int64_t value, length = 0, *expected = &r->results->length;
    if (!json_open(s, '[', "solutionVector"))
        return false;
    stream_place place = s->token;
    for (; json_more(s, '[', &first); length++) {
        if (!json_whole(s, "a spin", -1, 1, &value))
            return false;
        if (length == *expected)
            return stream_fail(s, "more than the %" PRId64 " spins of the problem", *expected);
        if (!add_value(s, r, value))
            return false;
    }
    s->token = place;
    if (*expected < 0)
        *expected = length;
    if (s->status || length != *expected)
        return stream_fail(s, "%" PRId64 " spins, not %" PRId64, length, *expected);
    return true;
}

static bool read_claim(matrix_stream *s, double *claim)
{
    char text[JSON_STRING];
    int c = json_peek(s);
    return c == '-' || (c >= '0' && c <= '9') ? json_number(s, "quboValue", claim) : json_stream_copy(s, "quboValue", text);
}

static bool keep_claim(matrix_stream *s, result_reading *r, double claim)
{
    matrix_results *m = r->results;
    if (m->count == m->claim_capacity) {
        int64_t grown = m->claim_capacity < 32 ? 32 : m->claim_capacity + m->claim_capacity / 2;
        void *bigger = m->allocator->resize(m->allocator->context, m->claims, (size_t)m->claim_capacity * sizeof claim,
                                            (size_t)grown * sizeof claim);
        if (!bigger)
            return stream_no_memory(s);
        m->claims = bigger;
        m->claim_capacity = grown;
    }
    m->claims[m->count++] = claim;
    return true;
}

static bool read_member(matrix_stream *s, result_reading *r, const char *key, unsigned *seen, double *claim)
{
    if (!strcmp(key, "solutionVector"))
        return json_once(s, seen, 1, key) && read_vector(s, r);
    if (!strcmp(key, "quboValue"))
        return json_once(s, seen, 2, key) && read_claim(s, claim);
    return json_skip(s);
}

static bool read_result(matrix_stream *s, result_reading *r)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    double claim = NAN;
    bool first = true;
    if (!json_open(s, '{', "a result"))
        return false;
    stream_place place = s->token;
    while (json_key(s, &first, key))
        if (!read_member(s, r, key, &seen, &claim))
            return false;
    s->token = place;
    return !s->status && (seen & 1 || stream_fail(s, "the result has no \"solutionVector\"")) && keep_claim(s, r, claim);
}

static bool read_list(matrix_stream *s, result_reading *r)
{
    bool first = true;
    if (!json_open(s, '[', "a file of results"))
        return false;
    while (json_more(s, '[', &first))
        if (!read_result(s, r))
            return false;
    if (!json_end(s))
        return false;
    r->results->binary = !r->minus;
    return r->results->count || stream_fail(s, "no result in the file");
}

static isg_status read_source(const isg_allocator *allocator, file_source source, const char *format, int64_t length,
                              matrix_results *out, isg_error *error)
{
    matrix_stream s;
    *out = (matrix_results){.allocator = allocator, .length = length};
    if (format && strcmp(format, "kaiwu-json"))
        return error_fail(error, ISG_INVALID, "unknown format of results '%.100s'", format);
    isg_status status = stream_open(&s, allocator, source, error);
    if (status)
        return status;
    read_list(&s, &(result_reading){.results = out});
    status = s.status;
    stream_close(&s);
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
