/* bqm_json.c - dimod's binary quadratic models as JSON (bqm_schema 3.0.0): biases and the ends of interactions in arrays of
 * their own, which may come in any order. Biases packed into bytes (`use_bytes`) are not JSON numbers and refused. */
#include "backends/matrix/format.h"
#include "backends/matrix/json_stream.h"
#include "backends/matrix/sidecar.h"

#include "runtime/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BQM_LABELS = 1,
    BQM_TYPE = 2,
    BQM_LINEAR = 4,
    BQM_QUADRATIC = 8,
    BQM_HEAD = 16,
    BQM_TAIL = 32,
    BQM_OFFSET = 64,
    BQM_VARIABLES = 128,
    BQM_INTERACTIONS = 256,
    BQM_BYTES = 512,
    BQM_NEEDED = BQM_TYPE | BQM_LINEAR | BQM_QUADRATIC | BQM_HEAD | BQM_TAIL
};

/* Interactions are the entries until the biases of variables follow them. */
typedef struct bqm_counts {
    int64_t variables, interactions; /* announced */
    int64_t linear, quadratic, head, tail;
    double *fields;
    int64_t field_capacity;
    unsigned seen;
} bqm_counts;

static bool read_linear(matrix_stream *s, matrix_draft *d, bqm_counts *n)
{
    bool first = true;
    double value;
    if (!json_open(s, '[', "linear_biases"))
        return false;
    for (; json_more(s, '[', &first); n->fields[n->linear++] = value) {
        if (!json_number(s, "a bias", &value))
            return false;
        if (n->linear < n->field_capacity)
            continue;
        int64_t grown = n->field_capacity < 64 ? 64 : n->field_capacity * 2;
        size_t old_bytes = n->fields ? memory_bytes((size_t)n->field_capacity, sizeof *n->fields) : 0;
        void *bigger =
            d->allocator->resize(d->allocator->context, n->fields, old_bytes, memory_bytes((size_t)grown, sizeof *n->fields));
        if (!bigger)
            return stream_no_memory(s);
        n->fields = bigger;
        n->field_capacity = grown;
    }
    return !s->status;
}

/* The entry at `position`, making it when it is new. */
static problem_coupling *entry_at(matrix_stream *s, matrix_draft *d, int64_t position)
{
    if (position == d->count) {
        if (!draft_grow(s, d, position + 1))
            return NULL;
        d->entries[d->count++] = (problem_coupling){0};
    }
    return &d->entries[position];
}

static bool read_biases(matrix_stream *s, matrix_draft *d, bqm_counts *n)
{
    bool first = true;
    double value;
    problem_coupling *c;
    if (!json_open(s, '[', "quadratic_biases"))
        return false;
    for (; json_more(s, '[', &first); n->quadratic++) {
        if (!json_number(s, "a bias", &value) || !(c = entry_at(s, d, n->quadratic)))
            return false;
        c->value = value;
        d->zeros += value == 0;
    }
    return !s->status;
}

static bool read_ends(matrix_stream *s, matrix_draft *d, const char *key, bool head, int64_t *count)
{
    bool first = true;
    int64_t spin;
    problem_coupling *c;
    if (!json_open(s, '[', key))
        return false;
    for (; json_more(s, '[', &first); ++*count) {
        if (!json_whole(s, "an index", 0, d->spin_limit - 1, &spin) || !(c = entry_at(s, d, *count)))
            return false;
        *(head ? &c->first : &c->second) = (uint32_t)spin;
    }
    return !s->status;
}

static bool read_labels(matrix_stream *s, matrix_draft *d)
{
    bool first = true;
    char text[JSON_STRING];
    if (!json_open(s, '[', "variable_labels"))
        return false;
    while (json_more(s, '[', &first))
        if (!json_stream_copy(s, "a label", text) || !names_add(s, &d->names, text, strlen(text)))
            return false;
    return !s->status;
}

static bool read_type(matrix_stream *s, matrix_draft *d, char text[JSON_STRING])
{
    if (!json_stream_string(s, "variable_type", text))
        return false;
    d->domain = strcmp(text, "SPIN") ? PROBLEM_BINARY : PROBLEM_SPIN;
    return !strcmp(text, "SPIN") || !strcmp(text, "BINARY") ||
           stream_fail(s, "variable_type is \"SPIN\" or \"BINARY\", not '%.40s'", text);
}

static bool read_bytes_flag(matrix_stream *s, char text[JSON_STRING])
{
    if (!json_stream_copy(s, "use_bytes", text))
        return false;
    return !strcmp(text, "false") || stream_fail(s, "use_bytes is %.40s: only biases as JSON numbers are read", text);
}

static bool read_member(matrix_stream *s, matrix_draft *d, bqm_counts *n, char key[JSON_STRING])
{
    if (!strcmp(key, "linear_biases"))
        return json_once(s, &n->seen, BQM_LINEAR, key) && read_linear(s, d, n);
    if (!strcmp(key, "quadratic_biases"))
        return json_once(s, &n->seen, BQM_QUADRATIC, key) && read_biases(s, d, n);
    if (!strcmp(key, "quadratic_head"))
        return json_once(s, &n->seen, BQM_HEAD, key) && read_ends(s, d, key, true, &n->head);
    if (!strcmp(key, "quadratic_tail"))
        return json_once(s, &n->seen, BQM_TAIL, key) && read_ends(s, d, key, false, &n->tail);
    if (!strcmp(key, "variable_labels"))
        return json_once(s, &n->seen, BQM_LABELS, key) && read_labels(s, d);
    if (!strcmp(key, "variable_type"))
        return json_once(s, &n->seen, BQM_TYPE, key) && read_type(s, d, key);
    if (!strcmp(key, "offset"))
        return json_once(s, &n->seen, BQM_OFFSET, key) && json_number(s, "offset", &d->offset);
    if (!strcmp(key, "num_variables"))
        return json_once(s, &n->seen, BQM_VARIABLES, key) && json_whole(s, key, 0, INT64_MAX, &n->variables);
    if (!strcmp(key, "num_interactions"))
        return json_once(s, &n->seen, BQM_INTERACTIONS, key) && json_whole(s, key, 0, INT64_MAX, &n->interactions);
    if (!strcmp(key, "use_bytes"))
        return json_once(s, &n->seen, BQM_BYTES, key) && read_bytes_flag(s, key);
    return json_skip(s);
}

static bool check_counts(matrix_stream *s, const matrix_draft *d, const bqm_counts *n)
{
    if ((n->seen & BQM_NEEDED) != BQM_NEEDED)
        return stream_fail(s, "a bqm needs variable_type, linear_biases, quadratic_biases, quadratic_head and quadratic_tail");
    if (n->head != n->quadratic || n->tail != n->quadratic)
        return stream_fail(
            s, "quadratic_biases, quadratic_head and quadratic_tail have %" PRId64 ", %" PRId64 " and %" PRId64 " elements",
            n->quadratic, n->head, n->tail);
    if ((n->seen & BQM_VARIABLES && n->variables != n->linear) || (n->seen & BQM_INTERACTIONS && n->interactions != n->quadratic))
        return stream_fail(s, "num_variables or num_interactions is not the number of biases");
    if (n->seen & BQM_LABELS && d->names.count != n->linear)
        return stream_fail(s, "%" PRId64 " labels for %" PRId64 " variables", d->names.count, n->linear);
    return true;
}

/* Interactions in order of their ends, then the fields as entries. */
static bool place_entries(matrix_stream *s, matrix_draft *d, const bqm_counts *n)
{
    for (int64_t k = 0; k < n->quadratic; k++) {
        problem_coupling *c = &d->entries[k];
        uint32_t a = c->first, b = c->second;
        if (a == b)
            return stream_fail(s, "interaction %" PRId64 " is of variable %" PRIu32 " with itself", k, a);
        c->first = a < b ? a : b;
        c->second = a < b ? b : a;
        if (c->second >= n->linear)
            return stream_fail(s, "interaction %" PRId64 " has variable %" PRIu32 " of %" PRId64, k, c->second, n->linear);
    }
    for (int64_t i = 0; i < n->linear; i++)
        if (n->fields[i] != 0 && !draft_add(s, d, i, i, n->fields[i]))
            return false;
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Labels 0, 1, 2, ... are no names; no label stands twice. */
static bool check_labels(matrix_stream *s, matrix_draft *d)
{
    bool plain = true, twice = false;
    char text[24];
    const char **sorted = memory_take(d->allocator, (size_t)d->names.count, sizeof *sorted);
    if (!sorted)
        return stream_no_memory(s);
    for (int64_t i = 0; i < d->names.count; i++) {
        snprintf(text, sizeof text, "%" PRId64, i);
        sorted[i] = matrix_names_at(&d->names, i);
        plain &= !strcmp(sorted[i], text);
    }
    qsort(sorted, (size_t)d->names.count, sizeof *sorted, by_text);
    for (int64_t i = 1; i < d->names.count && !twice; i++)
        if (!strcmp(sorted[i - 1], sorted[i])) {
            stream_fail(s, "the label %.80s stands twice", sorted[i]);
            twice = true;
        }
    memory_release(d->allocator, sorted, (size_t)d->names.count, sizeof *sorted);
    if (plain)
        matrix_names_close(&d->names);
    return !twice;
}

bool bqm_json_read(matrix_stream *s, matrix_draft *d)
{
    char key[JSON_STRING];
    bqm_counts n = {0};
    bool first = true, good = json_open(s, '{', "a bqm");
    while (good && json_key(s, &first, key))
        good = read_member(s, d, &n, key);
    good = good && json_end(s) && check_counts(s, d, &n) && draft_declare(s, d, n.linear) && place_entries(s, d, &n) &&
           check_labels(s, d);
    memory_release(d->allocator, n.fields, (size_t)n.field_capacity, sizeof *n.fields);
    return good;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_header(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    output_text(o, "{\"type\":\"BinaryQuadraticModel\",\"version\":{\"bqm_schema\":\"3.0.0\"},\"use_bytes\":false,"
                   "\"index_type\":\"int32\",\"bias_type\":\"float64\",");
    output_format(o, "\"num_variables\":%" PRId64 ",\"num_interactions\":%" PRId64 ",\"info\":{},\"variable_labels\":[", p->spins,
                  p->coupling_count);
    for (int64_t i = 0; i < p->spins; i++) {
        output_text(o, i ? "," : "");
        if (sheet->names)
            output_text(o, matrix_names_at(sheet->names, i));
        else
            output_whole(o, i);
    }
    output_format(o, "],\n\"variable_type\":\"%s\",\"offset\":", p->domain == PROBLEM_SPIN ? "SPIN" : "BINARY");
    output_number(o, p->offset);
}

bool bqm_json_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    write_header(o, sheet);
    output_text(o, ",\"linear_biases\":[");
    for (int64_t i = 0; i < p->spins; i++) {
        output_text(o, i ? "," : "");
        output_number(o, p->fields[i]);
    }
    output_text(o, "],\"quadratic_biases\":[");
    for (int64_t k = 0; k < p->coupling_count; k++) {
        output_text(o, k ? "," : "");
        output_number(o, p->couplings[k].value);
    }
    for (int tail = 0; tail < 2; tail++) {
        output_text(o, tail ? "],\"quadratic_tail\":[" : "],\"quadratic_head\":[");
        for (int64_t k = 0; k < p->coupling_count; k++)
            output_format(o, k ? ",%" PRIu32 : "%" PRIu32, tail ? p->couplings[k].second : p->couplings[k].first);
    }
    output_text(o, "]}\n");
    return !o->status;
}
