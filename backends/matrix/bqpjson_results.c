/* bqpjson_results.c - the solutions in a bqpjson document (results.h), in two passes over it: first how variables are named,
 * then their values. What a solution is said to come to, `evaluation`, is kept and not believed. */
#include "backends/matrix/bqpjson.h"
#include "backends/matrix/results_reading.h"

#include <inttypes.h>
#include <math.h>

typedef struct document {
    bqp_ids ids;
    problem_domain domain;
} document;

enum { UNASSIGNED = 2 };

/* ---- how variables are named ----------------------------------------------------------------- */

enum { IDS = 1, DOMAIN_TEXT = 2, SOLUTIONS = 4, VERSION = 8 };

static bool read_name(matrix_stream *s, document *d, unsigned *seen, const char *key)
{
    if (!strcmp(key, "variable_ids"))
        return json_once(s, seen, IDS, key) && bqp_ids_read(s, &d->ids);
    if (!strcmp(key, "variable_domain"))
        return json_once(s, seen, DOMAIN_TEXT, key) && bqp_domain(s, &d->domain);
    if (!strcmp(key, "version"))
        return json_once(s, seen, VERSION, key) && bqp_version(s);
    if (!strcmp(key, "solutions") && !json_once(s, seen, SOLUTIONS, key))
        return false;
    return json_skip(s);
}

static bool read_names(matrix_stream *s, results_reading *r, void *context)
{
    document *d = context;
    char key[JSON_STRING];
    unsigned seen = 0, needed = IDS | DOMAIN_TEXT | SOLUTIONS;
    bool first = true;
    int64_t *length = &r->results->length;
    if (!json_open(s, '{', "a bqpjson document"))
        return false;
    while (json_key(s, &first, key))
        if (!read_name(s, d, &seen, key))
            return false;
    if (!json_end(s))
        return false;
    if ((seen & needed) != needed)
        return stream_fail(s, "results in bqpjson need variable_ids, variable_domain and solutions");
    if (*length < 0)
        *length = d->ids.count;
    if (*length != d->ids.count)
        return stream_fail(s, "%" PRId64 " spins, not %" PRId64, d->ids.count, *length);
    r->results->binary = d->domain == PROBLEM_BINARY;
    return bqp_ids_sort(s, &d->ids);
}

/* ---- their values ---------------------------------------------------------------------------- */

/* One variable's, into the state. */
static bool read_assigned(matrix_stream *s, const document *d, int8_t *state)
{
    char key[JSON_STRING];
    int64_t id = 0, value = 0;
    unsigned seen = 0;
    bool first = true, good = true;
    if (!json_open(s, '{', "an assignment"))
        return false;
    stream_place place = s->token;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "id"))
            good = json_once(s, &seen, 1, key) && json_whole(s, "an identifier", 0, UINT32_MAX - 1, &id);
        else if (!strcmp(key, "value"))
            good = json_once(s, &seen, 2, key) && json_whole(s, "a value", -1, 1, &value);
        else
            good = json_skip(s);
        if (good && seen & 2 && value == (d->domain == PROBLEM_SPIN ? 0 : -1))
            return stream_fail(s, "a value is %" PRId64 ", and variable_domain is \"%s\"", value,
                               d->domain == PROBLEM_SPIN ? "spin" : "boolean");
    }
    s->token = place;
    if (s->status || seen != 3)
        return stream_fail(s, "an assignment needs id and value");
    uint32_t at = (uint32_t)id;
    if (!bqp_ids_find(s, &d->ids, "an assignment", &at))
        return false;
    if (state[at] != UNASSIGNED)
        return stream_fail(s, "the variable %" PRId64 " is assigned twice", id);
    state[at] = (int8_t)value;
    return true;
}

static bool read_state(matrix_stream *s, const document *d, matrix_results *m)
{
    bool first = true;
    int64_t assigned = 0;
    if (!json_open(s, '[', "assignment"))
        return false;
    stream_place place = s->token;
    if (!results_room(s, m, (m->count + 1) * m->length))
        return false;
    int8_t *state = m->states + m->count * m->length;
    if (m->length)
        memset(state, UNASSIGNED, (size_t)m->length);
    for (; json_more(s, '[', &first); assigned++)
        if (!read_assigned(s, d, state))
            return false;
    s->token = place;
    return !s->status &&
           (assigned == m->length || stream_fail(s, "%" PRId64 " of %" PRId64 " spins have a value", assigned, m->length));
}

static bool read_solution(matrix_stream *s, const document *d, matrix_results *m)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    double claim = NAN;
    bool first = true, good = true;
    if (!json_open(s, '{', "a solution"))
        return false;
    stream_place place = s->token;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "assignment"))
            good = json_once(s, &seen, 1, key) && read_state(s, d, m);
        else if (!strcmp(key, "evaluation"))
            good = json_once(s, &seen, 2, key) && results_claim(s, key, &claim);
        else
            good = json_skip(s);
    }
    s->token = place;
    return !s->status && (seen & 1 || stream_fail(s, "the solution has no \"assignment\"")) && results_count(s, m, claim);
}

static bool read_solutions(matrix_stream *s, results_reading *r, void *context)
{
    const document *d = context;
    char key[JSON_STRING];
    bool first = true, inner = true;
    json_open(s, '{', "a bqpjson document");
    while (json_key(s, &first, key)) {
        if (strcmp(key, "solutions")) {
            json_skip(s);
            continue;
        }
        if (!json_open(s, '[', key))
            return false;
        while (json_more(s, '[', &inner))
            if (!read_solution(s, d, r->results))
                return false;
    }
    return !s->status && (r->results->count || stream_fail(s, "no solution in the file"));
}

isg_status bqpjson_results(results_reading *r, isg_error *error)
{
    document d = {.ids = {.allocator = r->allocator}};
    isg_status status = results_pass(r, read_names, &d, error);
    if (!status)
        status = results_pass(r, read_solutions, &d, error);
    bqp_ids_close(&d.ids);
    return status;
}
