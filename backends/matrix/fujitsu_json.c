/* fujitsu_json.c - the binary polynomial that Fujitsu's digital annealers take:
 *
 *   {"binary_polynomial": {"terms": [{"c": -1, "p": [0]}, {"c": 2, "p": [0, 1]}, {"c": 1.5, "p": []}]}}
 *
 * alone or with the solver's parameters beside it, or as a member of the solver's object (its key, `fujitsuDA3` or alike).
 * x_i x_i is x_i. */
#include "backends/matrix/format.h"
#include "backends/matrix/json_stream.h"

#include <inttypes.h>

typedef struct fujitsu_term {
    double coefficient;
    int64_t spins[2];
    int count;
} fujitsu_term;

static bool read_spins(matrix_stream *s, const matrix_draft *d, fujitsu_term *t)
{
    bool first = true;
    if (!json_open(s, '[', "p"))
        return false;
    while (json_more(s, '[', &first)) {
        if (t->count == 2)
            return stream_fail(s, "a term of degree 3 or more: a problem has at most 2");
        if (!json_whole(s, "a variable", 0, d->spin_limit - 1, &t->spins[t->count++]))
            return false;
    }
    return !s->status;
}

static bool read_term(matrix_stream *s, matrix_draft *d)
{
    char key[JSON_STRING];
    fujitsu_term t = {0};
    unsigned seen = 0;
    bool first = true;
    if (!json_open(s, '{', "a term"))
        return false;
    stream_place place = s->token;
    while (json_key(s, &first, key)) {
        bool good = false;
        if (!strcmp(key, "c") || !strcmp(key, "coefficient"))
            good = json_once(s, &seen, 1, key) && json_number(s, "a coefficient", &t.coefficient);
        else if (!strcmp(key, "p") || !strcmp(key, "polynomials"))
            good = json_once(s, &seen, 2, key) && read_spins(s, d, &t);
        else
            stream_fail(s, "unknown key \"%.40s\": a term has c and p", key);
        if (!good)
            return false;
    }
    s->token = place;
    if (s->status || seen != 3)
        return stream_fail(s, "a term needs c and p");
    if (!t.count)
        return draft_add_offset(s, d, t.coefficient);
    return draft_add(s, d, t.spins[0], t.spins[t.count - 1], t.coefficient);
}

static bool read_polynomial(matrix_stream *s, matrix_draft *d)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    bool first = true, first_term = true;
    if (!json_open(s, '{', "binary_polynomial"))
        return false;
    while (json_key(s, &first, key)) {
        if (strcmp(key, "terms")) {
            if (!json_skip(s))
                return false;
            continue;
        }
        if (!json_once(s, &seen, 1, key) || !json_open(s, '[', "terms"))
            return false;
        while (json_more(s, '[', &first_term))
            if (!read_term(s, d))
                return false;
    }
    return s->status ? false : seen || stream_fail(s, "a polynomial needs terms");
}

/* The polynomial is a member of the document, or of an object in it. */
static bool read_object(matrix_stream *s, matrix_draft *d, int depth, unsigned *seen)
{
    char key[JSON_STRING];
    bool first = true, good = true;
    if (!json_open(s, '{', "a request"))
        return false;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "binary_polynomial"))
            good = json_once(s, seen, 1, key) && read_polynomial(s, d);
        else if (depth < 2 && json_peek(s) == '{')
            good = read_object(s, d, depth + 1, seen);
        else
            good = json_skip(s);
    }
    return good && !s->status;
}

bool fujitsu_json_read(matrix_stream *s, matrix_draft *d)
{
    unsigned seen = 0;
    return read_object(s, d, 1, &seen) && json_end(s) && (seen || stream_fail(s, "no \"binary_polynomial\""));
}

static void write_term(matrix_output *o, bool *any, double value)
{
    output_text(o, *any ? "," : "");
    output_text(o, "{\"c\":");
    output_number(o, value);
    *any = true;
}

/* The last variable is named even where nothing holds it, for the reader's count. */
bool fujitsu_json_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    bool any = false, last = false;
    for (int64_t k = 0; k < p->coupling_count; k++)
        last |= p->couplings[k].second == p->spins - 1;
    output_text(o, "{\"binary_polynomial\":{\"terms\":[");
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0 || (i == p->spins - 1 && !last)) {
            write_term(o, &any, p->fields[i]);
            output_format(o, ",\"p\":[%" PRId64 "]}", i);
        }
    for (int64_t k = 0; k < p->coupling_count; k++) {
        write_term(o, &any, p->couplings[k].value);
        output_format(o, ",\"p\":[%" PRIu32 ",%" PRIu32 "]}", p->couplings[k].first, p->couplings[k].second);
    }
    if (p->offset != 0) {
        write_term(o, &any, p->offset);
        output_text(o, ",\"p\":[]}");
    }
    output_text(o, "]}}\n");
    return !o->status;
}
