/* results_reading.c - see results_reading.h. */
#include "backends/matrix/results_reading.h"

isg_status results_pass(results_reading *r, bool (*read)(matrix_stream *s, results_reading *r, void *context), void *context,
                        isg_error *error)
{
    matrix_stream s;
    isg_status status = stream_open(&s, r->allocator, r->source, error);
    if (status)
        return status;
    read(&s, r, context);
    status = s.status;
    stream_close(&s);
    return status;
}

bool results_room(matrix_stream *s, matrix_results *m, int64_t values)
{
    if (values <= m->capacity)
        return true;
    int64_t grown = m->capacity + m->capacity / 2;
    grown = grown < 256 ? 256 : grown;
    grown = grown < values ? values : grown;
    void *bigger = m->allocator->resize(m->allocator->context, m->states, (size_t)m->capacity, (size_t)grown);
    if (!bigger)
        return stream_no_memory(s);
    m->states = bigger;
    m->capacity = grown;
    return true;
}

bool results_count(matrix_stream *s, matrix_results *m, double claim)
{
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

bool results_claim(matrix_stream *s, const char *what, double *claim)
{
    char text[JSON_STRING];
    int c = json_peek(s);
    return c == '-' || (c >= '0' && c <= '9') ? json_number(s, what, claim) : json_stream_copy(s, what, text);
}
