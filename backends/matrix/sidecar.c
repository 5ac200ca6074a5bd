/* sidecar.c - see sidecar.h. */
#include "backends/matrix/sidecar.h"
#include "backends/matrix/json_stream.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdio.h>

void sidecar_close(matrix_sidecar *c)
{
    if (!c->allocator)
        return;
    memory_release(c->allocator, c->fields, (size_t)c->field_count, sizeof *c->fields);
    memory_release(c->allocator, c->origins, (size_t)c->origin_count, sizeof *c->origins);
    memory_release(c->allocator, c->pairs, (size_t)c->pair_capacity, sizeof *c->pairs);
    matrix_names_close(&c->names);
    *c = (matrix_sidecar){0};
}

static const char ending[] = ".isg.json";

size_t sidecar_path_bytes(const char *path)
{
    return strlen(path) + sizeof ending;
}

void sidecar_path(char *out, const char *path)
{
    size_t length = strlen(path);
    memcpy(out, path, length);
    memcpy(out + length, ending, sizeof ending);
}

bool sidecar_add_pair(matrix_stream *s, matrix_sidecar *c, uint32_t first, uint32_t second)
{
    if (c->pair_count == c->pair_capacity) {
        int64_t grown = c->pair_capacity < 64 ? 64 : c->pair_capacity + c->pair_capacity / 2;
        size_t old_bytes = c->pairs ? memory_bytes((size_t)c->pair_capacity, sizeof *c->pairs) : 0;
        void *bigger =
            c->allocator->resize(c->allocator->context, c->pairs, old_bytes, memory_bytes((size_t)grown, sizeof *c->pairs));
        if (!bigger)
            return s ? stream_no_memory(s) : false;
        c->pairs = bigger;
        c->pair_capacity = grown;
    }
    c->pairs[c->pair_count++] = (sidecar_pair){first, second};
    return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_format(matrix_stream *s, matrix_sidecar *c, char text[JSON_STRING])
{
    if (!json_stream_string(s, "format", text))
        return false;
    c->format = matrix_format_find(text, strlen(text));
    return c->format || stream_fail(s, "unknown format '%.40s'", text);
}

static bool read_hash(matrix_stream *s, matrix_sidecar *c, char text[JSON_STRING])
{
    if (!json_stream_string(s, "hash", text))
        return false;
    bool good = strlen(text) == 16 && strspn(text, "0123456789abcdef") == 16;
    return good ? sscanf(text, "%" SCNx64, &c->hash) == 1 : stream_fail(s, "hash is 16 hexadecimal digits");
}

static bool read_choice(matrix_stream *s, const char *what, const char *first, const char *second, bool *is_second,
                        char text[JSON_STRING])
{
    if (!json_stream_string(s, what, text))
        return false;
    *is_second = !strcmp(text, second);
    return *is_second || !strcmp(text, first) || stream_fail(s, "%s is \"%s\" or \"%s\"", what, first, second);
}

/* Doubles of unknown count into an array that ends at its length. */
static bool read_fields(matrix_stream *s, matrix_sidecar *c)
{
    bool first = true;
    int64_t capacity = 0, count = 0;
    double *fields = NULL, value;
    if (!json_open(s, '[', "fields"))
        return false;
    while (json_more(s, '[', &first) && json_number(s, "a field", &value)) {
        if (count == capacity) {
            int64_t grown = capacity < 64 ? 64 : capacity + capacity / 2;
            void *bigger =
                c->allocator->resize(c->allocator->context, fields, fields ? memory_bytes((size_t)capacity, sizeof *fields) : 0,
                                     memory_bytes((size_t)grown, sizeof *fields));
            if (!bigger) {
                stream_no_memory(s);
                break;
            }
            fields = bigger;
            capacity = grown;
        }
        fields[count++] = value;
    }
    c->fields = fields; /* counted by its capacity from here on, and by `spins` once that is checked */
    c->field_count = capacity;
    if (!s->status && count != c->spins)
        return stream_fail(s, "%" PRId64 " fields for %" PRId64 " spins (`spins` comes first)", count, c->spins);
    return !s->status;
}

static bool read_names(matrix_stream *s, matrix_sidecar *c, char text[JSON_STRING])
{
    bool first = true;
    if (!json_open(s, '[', "names"))
        return false;
    while (json_more(s, '[', &first) && json_stream_copy(s, "a name", text) && names_add(s, &c->names, text, strlen(text)))
        ;
    if (!s->status && c->names.count != c->spins)
        return stream_fail(s, "%" PRId64 " names for %" PRId64 " spins (`spins` comes first)", c->names.count, c->spins);
    return !s->status;
}

static bool read_pairs(matrix_stream *s, matrix_sidecar *c, const char *key)
{
    bool first = true;
    int64_t a, b;
    if (!json_open(s, '[', key))
        return false;
    while (json_more(s, '[', &first)) {
        bool within = true;
        if (!json_open(s, '[', "a pair") || !json_more(s, '[', &within) || !json_whole(s, "a number", 0, INT32_MAX, &a) ||
            !json_more(s, '[', &within) || !json_whole(s, "a number", 0, INT32_MAX, &b))
            return stream_fail(s, "a pair has two numbers");
        if (json_more(s, '[', &within))
            return stream_fail(s, "a pair has two numbers");
        if (!sidecar_add_pair(s, c, (uint32_t)a, (uint32_t)b))
            return false;
    }
    c->pairs_key = *key == 's' ? "sites" : "couplers";
    return !s->status;
}

static bool grow_origins(matrix_stream *s, matrix_sidecar *c, int64_t *capacity)
{
    int64_t grown = *capacity < 64 ? 64 : *capacity + *capacity / 2;
    size_t old_bytes = c->origins ? memory_bytes((size_t)*capacity, sizeof *c->origins) : 0;
    void *bigger =
        c->allocator->resize(c->allocator->context, c->origins, old_bytes, memory_bytes((size_t)grown, sizeof *c->origins));
    if (!bigger)
        return stream_no_memory(s);
    c->origins = bigger;
    *capacity = grown;
    return true;
}

static bool read_origin(matrix_stream *s, const matrix_sidecar *c, problem_origin *out)
{
    bool within = true;
    int64_t spin, value, lowest;
    if (!json_open(s, '[', "an origin") || !json_more(s, '[', &within) ||
        !json_whole(s, "an origin's spin", -1, c->spins - 1, &spin) || !json_more(s, '[', &within) ||
        !json_whole(s, "an origin's value", spin < 0 ? 0 : -1, 1, &value) || !json_more(s, '[', &within) ||
        !json_whole(s, "an origin's lowest", -1, 0, &lowest) || json_more(s, '[', &within) || (spin >= 0 && value == 0))
        return stream_fail(s, "an origin is [spin, value, lowest]");
    *out = (problem_origin){spin < 0 ? PROBLEM_NO_SPIN : (uint32_t)spin, (int8_t)value, (int8_t)lowest};
    return !s->status;
}

/* The array ends up exactly as long as its count, for problem_close. */
static bool read_origins(matrix_stream *s, matrix_sidecar *c)
{
    bool first = true;
    int64_t capacity = 0, count = 0;
    problem_origin origin;
    if (!json_open(s, '[', "origins"))
        return false;
    while (json_more(s, '[', &first) && read_origin(s, c, &origin)) {
        if (count == capacity && !grow_origins(s, c, &capacity))
            break;
        c->origins[count++] = origin;
        c->origin_count = capacity;
    }
    c->origin_count = capacity;
    if (s->status)
        return false;
    void *exact = c->allocator->resize(c->allocator->context, c->origins,
                                       c->origins ? memory_bytes((size_t)capacity, sizeof *c->origins) : 0,
                                       memory_bytes((size_t)count, sizeof *c->origins));
    if (!exact)
        return stream_no_memory(s);
    c->origins = exact;
    c->origin_count = count;
    return true;
}

enum { SEEN_VERSION = 1, SEEN_FORMAT = 2, SEEN_HASH = 4, SEEN_DOMAIN = 8, SEEN_SPINS = 16, SEEN_NEEDED = 31 };
static const char *const keys[] = {"sidecar", "format",  "hash",         "domain",  "spins", "offset",
                                   "scale",   "ancilla", "ancilla_spin", "fields",  "names", "origins",
                                   "width",   "sites",   "couplers",     "machine", "seed"};

static bool read_machine(matrix_stream *s, matrix_sidecar *c, char text[JSON_STRING])
{
    if (!json_stream_string(s, "machine", text))
        return false;
    if (strlen(text) >= sizeof c->mark.machine)
        return stream_fail(s, "the machine's name is too long");
    strcpy(c->mark.machine, text);
    c->mark.there = true;
    return true;
}

static bool read_seed(matrix_stream *s, matrix_sidecar *c)
{
    int64_t seed;
    if (!json_whole(s, "seed", 0, (INT64_C(1) << 53) - 1, &seed))
        return false;
    c->mark.seed = (uint64_t)seed;
    return true;
}

static bool read_member(matrix_stream *s, matrix_sidecar *c, int key, char text[JSON_STRING])
{
    int64_t version;
    bool second;
    switch (key) {
    case 0:
        return json_whole(s, "sidecar", 1, 1, &version);
    case 1:
        return read_format(s, c, text);
    case 2:
        return read_hash(s, c, text);
    case 3:
        if (!read_choice(s, "domain", "binary", "spin", &second, text))
            return false;
        c->domain = second ? PROBLEM_SPIN : PROBLEM_BINARY;
        return true;
    case 4:
        return json_whole(s, "spins", 0, INT32_MAX, &c->spins);
    case 5:
        return json_number(s, "offset", &c->offset);
    case 6:
        return json_number(s, "scale", &c->scale) && (c->scale > 0 || stream_fail(s, "scale is above 0"));
    case 7:
        if (!read_choice(s, "ancilla", "added", "dropped", &second, text))
            return false;
        c->ancilla = second ? ANCILLA_DROPPED : ANCILLA_ADDED;
        return true;
    case 8:
        return json_whole(s, "ancilla_spin", 0, c->spins - 1, &c->ancilla_spin);
    case 9:
        return read_fields(s, c);
    case 10:
        return read_names(s, c, text);
    case 11:
        return read_origins(s, c);
    case 12:
        return json_whole(s, "width", 1, INT32_MAX, &c->width);
    case 15:
        return read_machine(s, c, text);
    case 16:
        return read_seed(s, c);
    default:
        return c->pairs_key ? stream_fail(s, "sites and couplers exclude each other") : read_pairs(s, c, keys[key]);
    }
}

bool sidecar_read(matrix_stream *s, matrix_sidecar *c)
{
    char text[JSON_STRING];
    unsigned seen = 0;
    bool first = true;
    *c = (matrix_sidecar){.allocator = s->allocator, .scale = 1, .ancilla_spin = -1, .names = {.allocator = s->allocator}};
    if (!json_open(s, '{', "a sidecar"))
        return false;
    while (json_key(s, &first, text)) {
        unsigned key = 0;
        while (key < sizeof keys / sizeof *keys && strcmp(keys[key], text))
            key++;
        if (key == sizeof keys / sizeof *keys)
            return stream_fail(s, "unknown key \"%.40s\"", text);
        if (!json_once(s, &seen, 1u << key, text) || !read_member(s, c, (int)key, text))
            return false;
    }
    if (!json_end(s))
        return false;
    for (unsigned key = 0; key < 5; key++)
        if (!(seen & 1u << key))
            return stream_fail(s, "\"%s\" is missing", keys[key]);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_pairs(matrix_output *o, const matrix_sidecar *c)
{
    output_format(o, ",\n  \"%s\": [", c->pairs_key);
    for (int64_t k = 0; k < c->pair_count; k++)
        output_format(o, "%s[%" PRIu32 ", %" PRIu32 "]", k ? ", " : "", c->pairs[k].first, c->pairs[k].second);
    output_text(o, "]");
}

static void write_origins(matrix_output *o, const problem *p)
{
    output_text(o, ",\n  \"origins\": [");
    for (int64_t i = 0; i < p->origin_count; i++) {
        problem_origin q = p->origins[i];
        output_format(o, "%s[%" PRId64 ", %d, %d]", i ? ", " : "", q.spin == PROBLEM_NO_SPIN ? -1 : (int64_t)q.spin, q.value,
                      q.lowest);
    }
    output_text(o, "]");
}

static void write_names(matrix_output *o, const matrix_names *names)
{
    output_text(o, ",\n  \"names\": [");
    for (int64_t i = 0; i < names->count; i++) {
        output_text(o, i ? ", " : "");
        output_text(o, matrix_names_at(names, i));
    }
    output_text(o, "]");
}

static void write_fields(matrix_output *o, const problem *p)
{
    output_text(o, ",\n  \"fields\": [");
    for (int64_t i = 0; i < p->spins; i++) {
        output_text(o, i ? ", " : "");
        output_number(o, p->fields[i]);
    }
    output_text(o, "]");
}

bool sidecar_write(matrix_output *o, const matrix_sidecar *c, const problem *p, const matrix_names *names)
{
    output_format(o, "{\n  \"sidecar\": 1,\n  \"format\": \"%s\",\n  \"hash\": \"%016" PRIx64 "\"", c->format->name, c->hash);
    output_format(o, ",\n  \"domain\": \"%s\",\n  \"spins\": %" PRId64, p->domain == PROBLEM_SPIN ? "spin" : "binary", p->spins);
    output_text(o, ",\n  \"offset\": ");
    output_number(o, p->offset);
    if (c->scale != 1) {
        output_text(o, ",\n  \"scale\": ");
        output_number(o, c->scale);
    }
    if (c->ancilla)
        output_format(o, ",\n  \"ancilla\": \"%s\"", c->ancilla == ANCILLA_ADDED ? "added" : "dropped");
    if (p->ancilla >= 0)
        output_format(o, ",\n  \"ancilla_spin\": %" PRId64, p->ancilla);
    if (c->field_count)
        write_fields(o, p);
    if (names && names->count)
        write_names(o, names);
    if (c->origin_count)
        write_origins(o, p);
    if (c->mark.there) {
        output_text(o, ",\n  \"machine\": ");
        output_string(o, c->mark.machine);
        output_format(o, ",\n  \"seed\": %" PRIu64, c->mark.seed);
    }
    if (c->width)
        output_format(o, ",\n  \"width\": %" PRId64, c->width);
    if (c->pairs_key)
        write_pairs(o, c);
    output_text(o, "\n}\n");
    return !o->status;
}
