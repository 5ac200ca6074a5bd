/* bqpjson.c - bqpjson 1.0.0 (github.com/lanl-ansi/bqpjson): E = scale (terms + offset), spins or binary variables named by
 * whole numbers. Keys may come in any order, so terms are kept by identifier until all are known. */
#include "backends/matrix/format.h"
#include "backends/matrix/sidecar.h"
#include "backends/matrix/json_stream.h"

#include "runtime/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct bqp_ids {
    const isg_allocator *allocator;
    int64_t count, capacity;
    uint32_t *in_order, *sorted; /* sorted by identifier: [identifier, position] pairs */
} bqp_ids;

static void ids_close(bqp_ids *ids)
{
    memory_release(ids->allocator, ids->in_order, (size_t)ids->capacity, sizeof *ids->in_order);
    memory_release(ids->allocator, ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted);
}

static bool read_ids(matrix_stream *s, bqp_ids *ids)
{
    bool first = true;
    int64_t id;
    if (!json_open(s, '[', "variable_ids"))
        return false;
    while (json_more(s, '[', &first)) {
        if (!json_whole(s, "an identifier", 0, UINT32_MAX - 1, &id))
            return false;
        if (ids->count == ids->capacity) {
            int64_t grown = ids->capacity < 64 ? 64 : ids->capacity * 2;
            size_t old_bytes = ids->in_order ? memory_bytes((size_t)ids->capacity, sizeof *ids->in_order) : 0;
            void *bigger = ids->allocator->resize(ids->allocator->context, ids->in_order, old_bytes,
                                                  memory_bytes((size_t)grown, sizeof *ids->in_order));
            if (!bigger)
                return stream_no_memory(s);
            ids->in_order = bigger;
            ids->capacity = grown;
        }
        ids->in_order[ids->count++] = (uint32_t)id;
    }
    return !s->status;
}

static int by_id(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

static bool sort_ids(matrix_stream *s, bqp_ids *ids)
{
    ids->sorted = memory_take(ids->allocator, (size_t)ids->count, 2 * sizeof *ids->sorted);
    if (!ids->sorted)
        return stream_no_memory(s);
    for (int64_t i = 0; i < ids->count; i++) {
        ids->sorted[2 * i] = ids->in_order[i];
        ids->sorted[2 * i + 1] = (uint32_t)i;
    }
    qsort(ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted, by_id);
    for (int64_t i = 1; i < ids->count; i++)
        if (ids->sorted[2 * i] == ids->sorted[2 * i - 2])
            return stream_fail(s, "variable_ids has %" PRIu32 " twice", ids->sorted[2 * i]);
    return true;
}

static bool find_id(matrix_stream *s, const bqp_ids *ids, uint32_t *id)
{
    const uint32_t *found = bsearch(id, ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted, by_id);
    if (!found)
        return stream_fail(s, "a term has the identifier %" PRIu32 ", which is not in variable_ids", *id);
    *id = found[1];
    return true;
}

/* One term, by identifiers; the two of a quadratic one differ. */
static bool read_term(matrix_stream *s, matrix_draft *d, bool quadratic)
{
    char key[JSON_STRING];
    int64_t ids[2] = {0, 0};
    double value = 0;
    unsigned seen = 0;
    bool first = true;
    stream_place place;
    if (!json_open(s, '{', "a term"))
        return false;
    place = s->token;
    while (json_key(s, &first, key)) {
        bool tail = quadratic && !strcmp(key, "id_tail"), head = !strcmp(key, quadratic ? "id_head" : "id");
        bool good;
        if (head || tail)
            good = json_once(s, &seen, 1u << tail, key) && json_whole(s, key, 0, UINT32_MAX - 1, &ids[tail]);
        else if (!strcmp(key, "coeff"))
            good = json_once(s, &seen, 4, key) && json_number(s, "coeff", &value);
        else
            good = json_skip(s);
        if (!good)
            return false;
    }
    s->token = place;
    if (s->status || seen != (quadratic ? 7 : 5))
        return stream_fail(s, quadratic ? "a term needs id_head, id_tail and coeff" : "a term needs id and coeff");
    if (quadratic && ids[0] == ids[1])
        return stream_fail(s, "a quadratic term of %" PRId64 " with itself", ids[0]);
    d->zeros += value == 0;
    if (!draft_grow(s, d, d->count + 1))
        return false;
    d->entries[d->count++] = (problem_coupling){(uint32_t)ids[0], (uint32_t)ids[quadratic], value};
    return true;
}

static bool read_terms(matrix_stream *s, matrix_draft *d, bool quadratic)
{
    bool first = true;
    if (!json_open(s, '[', quadratic ? "quadratic_terms" : "linear_terms"))
        return false;
    while (json_more(s, '[', &first))
        if (!read_term(s, d, quadratic))
            return false;
    return !s->status;
}

enum { BQP_IDS = 1, BQP_DOMAIN = 2, BQP_LINEAR = 4, BQP_QUADRATIC = 8, BQP_SCALE = 16, BQP_OFFSET = 32, BQP_VERSION = 64 };

static bool read_version(matrix_stream *s, char text[JSON_STRING])
{
    if (!json_stream_string(s, "version", text))
        return false;
    return !strncmp(text, "1.", 2) || !strncmp(text, "0.", 2) || stream_fail(s, "version '%.40s' is not 1.0.0", text);
}

static bool read_domain(matrix_stream *s, matrix_draft *d, char text[JSON_STRING])
{
    if (!json_stream_string(s, "variable_domain", text))
        return false;
    d->domain = strcmp(text, "spin") ? PROBLEM_BINARY : PROBLEM_SPIN;
    return !strcmp(text, "spin") || !strcmp(text, "boolean") ||
           stream_fail(s, "variable_domain is \"spin\" or \"boolean\", not '%.40s'", text);
}

static bool read_member(matrix_stream *s, matrix_draft *d, bqp_ids *ids, double *scale, unsigned *seen, char key[JSON_STRING])
{
    if (!strcmp(key, "variable_ids"))
        return json_once(s, seen, BQP_IDS, key) && read_ids(s, ids);
    if (!strcmp(key, "linear_terms"))
        return json_once(s, seen, BQP_LINEAR, key) && read_terms(s, d, false);
    if (!strcmp(key, "quadratic_terms"))
        return json_once(s, seen, BQP_QUADRATIC, key) && read_terms(s, d, true);
    if (!strcmp(key, "variable_domain"))
        return json_once(s, seen, BQP_DOMAIN, key) && read_domain(s, d, key);
    if (!strcmp(key, "version"))
        return json_once(s, seen, BQP_VERSION, key) && read_version(s, key);
    if (!strcmp(key, "scale"))
        return json_once(s, seen, BQP_SCALE, key) && json_number(s, "scale", scale);
    if (!strcmp(key, "offset"))
        return json_once(s, seen, BQP_OFFSET, key) && json_number(s, "offset", &d->offset);
    return json_skip(s); /* id, metadata, description, solutions */
}

/* From identifiers to positions, and the scale into the numbers. */
static bool resolve(matrix_stream *s, matrix_draft *d, const bqp_ids *ids, double scale)
{
    for (int64_t k = 0; k < d->count; k++) {
        problem_coupling *c = &d->entries[k];
        if (!find_id(s, ids, &c->first) || !find_id(s, ids, &c->second) || !draft_scaled(s, scale, &c->value))
            return false;
        if (c->first > c->second) {
            uint32_t first = c->first;
            c->first = c->second;
            c->second = first;
        }
    }
    return draft_scaled(s, scale, &d->offset);
}

static bool keep_names(matrix_stream *s, matrix_draft *d, const bqp_ids *ids)
{
    char text[16];
    bool plain = true;
    for (int64_t i = 0; i < ids->count; i++)
        plain &= ids->in_order[i] == i;
    for (int64_t i = 0; i < ids->count && !plain; i++)
        if (!names_add(s, &d->names, text, (size_t)snprintf(text, sizeof text, "%" PRIu32, ids->in_order[i])))
            return false;
    return true;
}

static bool read_document(matrix_stream *s, matrix_draft *d, bqp_ids *ids)
{
    char key[JSON_STRING];
    double scale = 1;
    unsigned seen = 0, needed = BQP_IDS | BQP_DOMAIN | BQP_LINEAR | BQP_QUADRATIC;
    bool first = true;
    if (!json_open(s, '{', "a bqpjson problem"))
        return false;
    while (json_key(s, &first, key))
        if (!read_member(s, d, ids, &scale, &seen, key))
            return false;
    if (!json_end(s))
        return false;
    if ((seen & needed) != needed)
        return stream_fail(s, "bqpjson needs variable_ids, variable_domain, linear_terms and quadratic_terms");
    return draft_declare(s, d, ids->count) && sort_ids(s, ids) && resolve(s, d, ids, scale) && keep_names(s, d, ids);
}

bool bqpjson_read(matrix_stream *s, matrix_draft *d)
{
    bqp_ids ids = {.allocator = d->allocator};
    bool good = read_document(s, d, &ids);
    ids_close(&ids);
    return good;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Identifiers are the names where these are different whole numbers in ascending order, else positions. */
static bool names_are_ids(const matrix_names *names)
{
    int64_t last = -1;
    for (int64_t i = 0; i < names->count; i++) {
        const char *text = matrix_names_at(names, i);
        size_t length = strlen(text);
        if (!length || length > 9 || strspn(text, "0123456789") != length || (text[0] == '0' && length > 1) ||
            atoll(text) <= last)
            return false;
        last = atoll(text);
    }
    return true;
}

static void write_id(matrix_output *o, const matrix_names *names, int64_t i)
{
    if (names)
        output_text(o, matrix_names_at(names, i));
    else
        output_whole(o, i);
}

static void write_linear(matrix_output *o, const problem *p, const matrix_names *names)
{
    bool any = false;
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0) {
            output_text(o, any ? ",\n    {\"id\": " : "\n    {\"id\": ");
            write_id(o, names, i);
            output_text(o, ", \"coeff\": ");
            output_number(o, p->fields[i]);
            output_byte(o, '}');
            any = true;
        }
}

static void write_quadratic(matrix_output *o, const problem *p, const matrix_names *names)
{
    for (int64_t k = 0; k < p->coupling_count; k++) {
        output_text(o, k ? ",\n    {\"id_head\": " : "\n    {\"id_head\": ");
        write_id(o, names, p->couplings[k].first);
        output_text(o, ", \"id_tail\": ");
        write_id(o, names, p->couplings[k].second);
        output_text(o, ", \"coeff\": ");
        output_number(o, p->couplings[k].value);
        output_byte(o, '}');
    }
}

bool bqpjson_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    const matrix_names *names = sheet->names && names_are_ids(sheet->names) ? sheet->names : NULL;
    if (sheet->names && !names)
        sheet->sidecar->needed = true;
    output_text(o, "{\n  \"version\": \"1.0.0\",\n  \"id\": 0,\n  \"metadata\": {},\n  \"variable_ids\": [");
    for (int64_t i = 0; i < p->spins; i++) {
        output_text(o, i ? ", " : "");
        write_id(o, names, i);
    }
    output_format(
        o, "],\n  \"variable_domain\": \"%s\",\n  \"scale\": 1,\n  \"offset\": ", p->domain == PROBLEM_SPIN ? "spin" : "boolean");
    output_number(o, p->offset);
    output_text(o, ",\n  \"linear_terms\": [");
    write_linear(o, p, names);
    output_text(o, "],\n  \"quadratic_terms\": [");
    write_quadratic(o, p, names);
    output_text(o, "]\n}\n");
    return !o->status;
}
