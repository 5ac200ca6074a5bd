/* kaiwu_json.c - results of QBoson's machines (results.h): a list of objects, the best first, each with its spins in
 * `solutionVector`. The energy that they claim, `quboValue`, is kept and not believed; the rest is not needed. */
#include "backends/matrix/results_reading.h"

#include <inttypes.h>
#include <math.h>

typedef struct vector_reading {
    matrix_results *results;
    int64_t values;   /* read so far */
    bool zero, minus; /* met */
} vector_reading;

static bool add_value(matrix_stream *s, vector_reading *r, int64_t value)
{
    r->zero |= value == 0;
    r->minus |= value < 0;
    if (r->zero && r->minus)
        return stream_fail(s, "both 0 and -1 in one file: spins are of {0, 1} or of {-1, 1}");
    if (!results_room(s, r->results, r->values + 1))
        return false;
    r->results->states[r->values++] = (int8_t)value;
    return true;
}

static bool read_vector(matrix_stream *s, vector_reading *r)
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

static bool read_member(matrix_stream *s, vector_reading *r, const char *key, unsigned *seen, double *claim)
{
    if (!strcmp(key, "solutionVector"))
        return json_once(s, seen, 1, key) && read_vector(s, r);
    if (!strcmp(key, "quboValue"))
        return json_once(s, seen, 2, key) && results_claim(s, key, claim);
    return json_skip(s);
}

static bool read_result(matrix_stream *s, vector_reading *r)
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
    return !s->status && (seen & 1 || stream_fail(s, "the result has no \"solutionVector\"")) &&
           results_count(s, r->results, claim);
}

static bool read_list(matrix_stream *s, results_reading *file, void *context)
{
    vector_reading r = {.results = file->results};
    bool first = true;
    (void)context;
    if (!json_open(s, '[', "a file of results"))
        return false;
    while (json_more(s, '[', &first))
        if (!read_result(s, &r))
            return false;
    if (!json_end(s))
        return false;
    r.results->binary = !r.minus;
    return r.results->count || stream_fail(s, "no result in the file");
}

isg_status kaiwu_json_results(results_reading *r, isg_error *error)
{
    return results_pass(r, read_list, NULL, error);
}
