/* bqpjson.c - bqpjson 1.0.0 (github.com/lanl-ansi/bqpjson): E = scale (terms + offset), spins or binary variables named by
 * whole numbers. Keys may come in any order, so terms are kept by identifier until all are known. */
#include "backends/matrix/bqpjson.h"
#include "backends/matrix/format.h"
#include "backends/matrix/sidecar.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

static bool read_member(matrix_stream *s, matrix_draft *d, bqp_ids *ids, double *scale, unsigned *seen, char key[JSON_STRING])
{
    if (!strcmp(key, "variable_ids"))
        return json_once(s, seen, BQP_IDS, key) && bqp_ids_read(s, ids);
    if (!strcmp(key, "linear_terms"))
        return json_once(s, seen, BQP_LINEAR, key) && read_terms(s, d, false);
    if (!strcmp(key, "quadratic_terms"))
        return json_once(s, seen, BQP_QUADRATIC, key) && read_terms(s, d, true);
    if (!strcmp(key, "variable_domain"))
        return json_once(s, seen, BQP_DOMAIN, key) && bqp_domain(s, &d->domain);
    if (!strcmp(key, "version"))
        return json_once(s, seen, BQP_VERSION, key) && bqp_version(s);
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
        if (!bqp_ids_find(s, ids, "a term", &c->first) || !bqp_ids_find(s, ids, "a term", &c->second) ||
            !draft_scaled(s, scale, &c->value))
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
    return draft_declare(s, d, ids->count) && bqp_ids_sort(s, ids) && resolve(s, d, ids, scale) && keep_names(s, d, ids);
}

bool bqpjson_read(matrix_stream *s, matrix_draft *d)
{
    bqp_ids ids = {.allocator = d->allocator};
    bool good = read_document(s, d, &ids);
    bqp_ids_close(&ids);
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
