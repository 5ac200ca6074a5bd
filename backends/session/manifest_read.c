/* manifest_read.c - session.json back into memory, checked: it may have come from anywhere. */
#include "backends/session/session_data.h"

#include "backends/matrix/json_stream.h"
#include "backends/matrix/matrix.h"
#include "runtime/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

enum { MOST_NAME = 255 };

typedef struct manifest_input {
    session *s;
    matrix_stream *stream;
} manifest_input;

/* ---- values -------------------------------------------------------------------------------------- */

static bool read_null(matrix_stream *m)
{
    char text[JSON_STRING];
    return json_stream_copy(m, "null", text) && (!strcmp(text, "null") || stream_fail(m, "null or a value"));
}

static bool is_null(matrix_stream *m)
{
    return json_peek(m) == 'n';
}

/* Without escapes: names of ours and of identifiers need none, and a target's name is only shown. */
static bool read_text(manifest_input *in, const char *what, const char **out)
{
    char text[JSON_STRING];
    if (!json_stream_string(in->stream, what, text))
        return false;
    if (!*text || strlen(text) > MOST_NAME || strchr(text, '\\'))
        return stream_fail(in->stream, "%s is a name of 1 to %d bytes, without escapes", what, MOST_NAME);
    *out = arena_copy(&in->s->arena, text, strlen(text));
    return true;
}

static bool read_text_or_null(manifest_input *in, const char *what, const char **out)
{
    *out = NULL;
    return is_null(in->stream) ? read_null(in->stream) : read_text(in, what, out);
}

/* A path within the directory: nothing leads out of it. */
static bool read_path(manifest_input *in, const char **out)
{
    if (!read_text(in, "file", out))
        return false;
    const char *p = *out;
    return (*p != '/' && !strstr(p, "..")) || stream_fail(in->stream, "a file of a session lies in its directory");
}

static bool read_hash(manifest_input *in, const char *what, char out[SHA256_TEXT])
{
    char text[JSON_STRING];
    if (!json_stream_string(in->stream, what, text))
        return false;
    if (strlen(text) != SHA256_TEXT - 1 || strspn(text, "0123456789abcdef") != SHA256_TEXT - 1)
        return stream_fail(in->stream, "%s is %d hexadecimal digits", what, SHA256_TEXT - 1);
    memcpy(out, text, SHA256_TEXT);
    return true;
}

static bool read_truth(matrix_stream *m, const char *what, bool *out)
{
    char text[JSON_STRING];
    if (!json_stream_copy(m, what, text))
        return false;
    *out = !strcmp(text, "true");
    return *out || !strcmp(text, "false") || stream_fail(m, "%s is true or false", what);
}

static bool read_seed(matrix_stream *m, uint64_t *out)
{
    char text[JSON_STRING], *end;
    int64_t whole;
    if (json_peek(m) != '"') {
        if (!json_whole(m, "seed", 0, INT64_MAX, &whole))
            return false;
        *out = (uint64_t)whole;
        return true;
    }
    if (!json_stream_string(m, "seed", text))
        return false;
    if (strlen(text) > 20 || !*text || text[strspn(text, "0123456789")])
        return stream_fail(m, "seed is a whole number");
    *out = strtoull(text, &end, 10);
    return true;
}

static bool read_count(matrix_stream *m, const char *what, int64_t *out)
{
    return json_whole(m, what, 0, INT64_MAX, out);
}

static bool read_word(matrix_stream *m, const char *what, int64_t most, uint32_t *out)
{
    int64_t value;
    if (!json_whole(m, what, 0, most, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool read_ancilla(matrix_stream *m, int64_t *out)
{
    *out = -1;
    return is_null(m) ? read_null(m) : json_whole(m, "ancilla", 0, INT32_MAX, out);
}

/* ---- objects ------------------------------------------------------------------------------------- */

/* The members of an object: reads each of `keys` once, in any order; all are needed, others are refused. */
typedef bool (*member_reader)(manifest_input *in, void *to, int key);

static bool read_object(manifest_input *in, const char *what, const char *const *keys, member_reader reader, void *to)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    bool first = true;
    matrix_stream *m = in->stream;
    if (!json_open(m, '{', what))
        return false;
    stream_place place = m->token;
    while (json_key(m, &first, key)) {
        int at = 0;
        while (keys[at] && strcmp(keys[at], key))
            at++;
        if (!keys[at])
            return stream_fail(m, "unknown key \"%.40s\" in %s", key, what);
        if (!json_once(m, &seen, 1u << at, key) || !reader(in, to, at))
            return false;
    }
    if (m->status)
        return false;
    m->token = place;
    for (int at = 0; keys[at]; at++)
        if (!(seen & 1u << at))
            return stream_fail(m, "%s has no \"%s\"", what, keys[at]);
    return true;
}

static bool read_file_member(manifest_input *in, void *to, int key)
{
    session_file *f = to;
    return key == 0 ? read_path(in, &f->file) : key == 1 ? read_hash(in, "sha256", f->hash) : read_text(in, "name", &f->name);
}

static bool read_file(manifest_input *in, session_file *f)
{
    static const char *const keys[] = {"file", "sha256", NULL};
    return read_object(in, "a file", keys, read_file_member, f);
}

static bool read_inputs(manifest_input *in)
{
    static const char *const keys[] = {"file", "sha256", "name", NULL};
    bool first = true;
    if (!json_open(in->stream, '[', "inputs"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        session_file f = {0};
        if (!read_object(in, "an input", keys, read_file_member, &f))
            return false;
        ARENA_PUSH(&in->s->arena, &in->s->inputs, f);
    }
    return !in->stream->status;
}

static bool read_outputs(manifest_input *in)
{
    bool first = true;
    const char *name;
    if (!json_open(in->stream, '[', "outputs"))
        return false;
    while (json_more(in->stream, '[', &first) && read_text(in, "an output", &name))
        ARENA_PUSH(&in->s->arena, &in->s->outputs, name);
    return !in->stream->status;
}

static bool read_hamiltonian_member(manifest_input *in, void *to, int key)
{
    session_hamiltonian_data *h = to;
    switch (key) {
    case 0:
        return read_text(in, "name", &h->name);
    case 1:
        return json_whole(in->stream, "spins", 0, INT32_MAX, &h->spins);
    case 2:
        return read_word(in->stream, "parts", INT32_MAX, &h->parts);
    default:
        return read_word(in->stream, "rounds", INT32_MAX, &h->rounds);
    }
}

static bool read_hamiltonians(manifest_input *in)
{
    static const char *const keys[] = {"name", "spins", "parts", "rounds", NULL};
    session *s = in->s;
    bool first = true;
    if (!json_open(in->stream, '[', "hamiltonians"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        session_hamiltonian_data h = {.first = s->total_spins};
        if (!read_object(in, "a Hamiltonian", keys, read_hamiltonian_member, &h))
            return false;
        if (s->total_spins > INT32_MAX)
            return stream_fail(in->stream, "more spins than a session holds");
        s->total_spins += h.spins;
        ARENA_PUSH(&s->arena, &s->hamiltonians, h);
    }
    return !in->stream->status;
}

static bool read_samples(manifest_input *in)
{
    matrix_stream *m = in->stream;
    bool first = true;
    int64_t begin, end;
    if (!json_open(m, '[', "samples") || !json_more(m, '[', &first) ||
        !json_whole(m, "the first sample", 0, INT64_MAX / 2, &begin) || !json_more(m, '[', &first) ||
        !json_whole(m, "the end of the samples", begin, INT64_MAX / 2, &end))
        return stream_fail(m, "samples are [first, end]");
    in->s->first_sample = begin;
    in->s->sample_count = end - begin;
    return !json_more(m, '[', &first) && (!m->status || stream_fail(m, "samples are [first, end]"));
}

/* ---- matrices -------------------------------------------------------------------------------------- */

static bool read_matrix_member(manifest_input *in, void *to, int key)
{
    session_matrix *x = to;
    matrix_stream *m = in->stream;
    switch (key) {
    case 0:
        return read_path(in, &x->file);
    case 1:
        return read_word(m, "round", INT32_MAX, &x->round);
    case 2:
        return read_hash(in, "hash", x->hash);
    case 3:
        return read_hash(in, "file_sha256", x->file_hash);
    case 4:
        return json_whole(m, "spins", 1, INT32_MAX, &x->spins);
    case 5:
        return read_ancilla(m, &x->ancilla);
    case 6:
        return read_seed(m, &x->seed);
    case 7:
        return read_truth(m, "trivial", &x->trivial);
    default:
        return is_null(m) ? read_null(m) : read_hash(in, "answered", x->answered);
    }
}

static bool read_matrices(manifest_input *in)
{
    static const char *const keys[] = {"file",    "round", "hash",    "file_sha256", "spins",
                                       "ancilla", "seed",  "trivial", "answered",    NULL};
    bool first = true;
    matrix_stream *m = in->stream;
    if (!json_open(m, '[', "matrices"))
        return false;
    while (json_more(m, '[', &first)) {
        session_matrix x = {0};
        stream_place place = m->token;
        if (!read_object(in, "a matrix", keys, read_matrix_member, &x))
            return false;
        m->token = place;
        if (x.ancilla >= x.spins)
            return stream_fail(m, "the ancilla is none of the matrix's spins");
        if (session_find_matrix(in->s, x.hash))
            return stream_fail(m, "two matrices of one hash");
        session_add_matrix(in->s, &x);
    }
    return !m->status;
}

/* ---- parts ------------------------------------------------------------------------------------------ */

/* A part on its way in: lists come as they are and are joined at its end. */
typedef struct part_input {
    session_part part;
    const char *file;
    char hash[SHA256_TEXT];
    bool has_matrix;
    ARENA_LIST(uint32_t) spins;
    ARENA_LIST(uint32_t) mapped; /* [spin, matrix spin, 1 or -1 as uint32_t] */
    ARENA_LIST(uint32_t) fixed;  /* [spin, 0 or 1] */
} part_input;

static bool read_spins(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t spin;
    if (!json_open(in->stream, '[', "spins"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!read_word(in->stream, "a spin", INT32_MAX - 1, &spin))
            return false;
        if (p->spins.count && p->spins.at[p->spins.count - 1] >= spin)
            return stream_fail(in->stream, "a part's spins are ascending");
        ARENA_PUSH(&in->s->arena, &p->spins, spin);
    }
    return !in->stream->status;
}

static bool read_tuple(manifest_input *in, int count, int64_t least_last, uint32_t out[3])
{
    matrix_stream *m = in->stream;
    bool first = true;
    int64_t value;
    if (!json_open(m, '[', "an entry"))
        return false;
    for (int i = 0; i < count; i++) {
        bool last = i == count - 1;
        if (!json_more(m, '[', &first))
            return stream_fail(m, "an entry has %d numbers", count);
        if (!json_whole(m, "a number", last ? least_last : 0, last ? 1 : INT32_MAX - 1, &value))
            return false;
        if (last && least_last < 0 && value == 0)
            return stream_fail(m, "a spin follows another alike, 1, or opposite, -1");
        out[i] = (uint32_t)(int32_t)value;
    }
    return !json_more(m, '[', &first) && (!m->status || stream_fail(m, "an entry has %d numbers", count));
}

static bool read_map(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t entry[3];
    if (!json_open(in->stream, '[', "map"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!read_tuple(in, 3, -1, entry))
            return false;
        for (int i = 0; i < 3; i++)
            ARENA_PUSH(&in->s->arena, &p->mapped, entry[i]);
    }
    return !in->stream->status;
}

static bool read_fixed(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t entry[3];
    if (!json_open(in->stream, '[', "fixed"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!read_tuple(in, 2, 0, entry))
            return false;
        for (int i = 0; i < 2; i++)
            ARENA_PUSH(&in->s->arena, &p->fixed, entry[i]);
    }
    return !in->stream->status;
}

static bool read_quantisation_member(manifest_input *in, void *to, int key)
{
    session_part *p = to;
    int64_t *const counts[] = {&p->couplings, &p->couplings_lost, &p->fields, &p->fields_lost, &p->clipped};
    return key < 5 ? read_count(in->stream, "a count", counts[key]) : json_number(in->stream, "bound", &p->bound);
}

static bool read_quantisation(manifest_input *in, session_part *p)
{
    static const char *const keys[] = {"couplings", "couplings_lost", "fields", "fields_lost", "clipped", "bound", NULL};
    p->quantized = !is_null(in->stream);
    return p->quantized ? read_object(in, "quantisation", keys, read_quantisation_member, p) : read_null(in->stream);
}

static bool read_part_member(manifest_input *in, void *to, int key)
{
    part_input *p = to;
    matrix_stream *m = in->stream;
    const char *name;
    int64_t number;
    switch (key) {
    case 0:
        return read_text(in, "part", &name);
    case 1:
        return read_text_or_null(in, "file", &p->file);
    case 2:
        p->has_matrix = !is_null(m);
        return p->has_matrix ? read_hash(in, "hash", p->hash) : read_null(m);
    case 3:
        return read_count(m, "sample", &p->part.sample);
    case 4:
        return read_word(m, "hamiltonian", INT32_MAX, &p->part.hamiltonian);
    case 5:
        if (!json_whole(m, "pass", 0, INT32_MAX, &number))
            return false;
        p->part.pass = (int32_t)number;
        return true;
    case 6:
        return read_word(m, "number", INT32_MAX, &p->part.number);
    case 7:
        return read_ancilla(m, &number);
    case 8:
        return read_spins(in, p);
    case 9:
        return read_map(in, p);
    case 10:
        return read_fixed(in, p);
    case 11:
        return json_number(m, "scale", &p->part.scale);
    case 12:
        return json_number(m, "offset", &p->part.offset);
    default:
        return read_quantisation(in, &p->part);
    }
}

/* Every spin of the part is fixed, or follows a spin of its matrix, once. Both lists are in order of the spins. */
static bool join(manifest_input *in, part_input *p)
{
    session *s = in->s;
    session_part *part = &p->part;
    const session_matrix *matrix = p->has_matrix ? session_find_matrix(s, p->hash) : NULL;
    if (p->has_matrix && !matrix)
        return stream_fail(in->stream, "a part's matrix is not among the matrices (which come first)");
    part->matrix = matrix ? matrix - s->matrices.at : -1;
    part->count = p->spins.count;
    part->spins = p->spins.at;
    problem_origin *origins = ARENA_ARRAY(&s->arena, problem_origin, p->spins.count);
    uint32_t mapped = 0, fixed = 0;
    for (uint32_t i = 0; i < p->spins.count; i++) {
        if (mapped < p->mapped.count && p->mapped.at[mapped] == p->spins.at[i]) {
            origins[i] = (problem_origin){p->mapped.at[mapped + 1], (int8_t)(int32_t)p->mapped.at[mapped + 2], 0};
            if (!matrix || origins[i].spin >= matrix->spins || origins[i].spin == (uint32_t)matrix->ancilla)
                return stream_fail(in->stream, "spin %" PRIu32 " follows none of its matrix's spins", p->spins.at[i]);
            mapped += 3;
        } else if (fixed < p->fixed.count && p->fixed.at[fixed] == p->spins.at[i]) {
            origins[i] = (problem_origin){PROBLEM_NO_SPIN, (int8_t)p->fixed.at[fixed + 1], 0};
            fixed += 2;
        } else {
            return stream_fail(in->stream, "spin %" PRIu32 " is neither fixed nor mapped, or out of order", p->spins.at[i]);
        }
    }
    part->origins = origins;
    return (mapped == p->mapped.count && fixed == p->fixed.count) ||
           stream_fail(in->stream, "a spin that the part does not have");
}

static bool check_part(manifest_input *in, const session_part *p)
{
    const session *s = in->s;
    if (p->sample < s->first_sample || p->sample >= s->first_sample + s->sample_count)
        return stream_fail(in->stream, "sample %" PRId64 " is none of the session's (`samples` comes first)", p->sample);
    if (p->hamiltonian >= s->hamiltonians.count || p->number >= s->hamiltonians.at[p->hamiltonian].parts)
        return stream_fail(in->stream, "the program has no such part (`hamiltonians` comes first)");
    if (p->count && p->spins[p->count - 1] >= s->hamiltonians.at[p->hamiltonian].spins)
        return stream_fail(in->stream, "the Hamiltonian has no such spin");
    if (s->parts.count) {
        const session_part *last = &s->parts.at[s->parts.count - 1];
        if (p->sample < last->sample || (p->sample == last->sample && p->number <= last->number))
            return stream_fail(in->stream, "parts are in order of samples and numbers");
    }
    return true;
}

static bool read_parts(manifest_input *in)
{
    static const char *const keys[] = {"part",  "file", "hash",  "sample", "hamiltonian", "pass",         "number", "ancilla",
                                       "spins", "map",  "fixed", "scale",  "offset",      "quantisation", NULL};
    bool first = true;
    matrix_stream *m = in->stream;
    if (!json_open(m, '[', "parts"))
        return false;
    while (json_more(m, '[', &first)) {
        part_input p = {0};
        stream_place place = m->token;
        if (!read_object(in, "a part", keys, read_part_member, &p))
            return false;
        m->token = place;
        if (!join(in, &p) || !check_part(in, &p.part))
            return false;
        ARENA_PUSH(&in->s->arena, &in->s->parts, p.part);
    }
    return !m->status;
}

/* ---- the whole ---------------------------------------------------------------------------------------- */

static const char *const keys[] = {"format",       "version",       "generation",  "model",
                                   "program",      "weights",       "inputs",      "outputs",
                                   "hamiltonians", "target",        "target_file", "matrix_format",
                                   "extension",    "result_format", "seed",        "passes",
                                   "samples",      "allow_trivial", "round",       "rounds_without_files",
                                   "state",        "matrices",      "parts",       NULL};

static bool read_beginning(manifest_input *in, int key)
{
    session *s = in->s;
    matrix_stream *m = in->stream;
    const char *text;
    int64_t number;
    switch (key) {
    case 0:
        return read_text(in, "format", &text) && (!strcmp(text, "isinglass-session") || stream_fail(m, "not a session"));
    case 1:
        return json_whole(m, "version", SESSION_VERSION, SESSION_VERSION, &number);
    case 2:
        return json_whole(m, "generation", 1, INT64_MAX - 1, &s->generation);
    case 3:
        return read_text(in, "model", &s->model);
    case 4:
        return read_file(in, &s->program);
    case 5:
        return is_null(m) ? read_null(m) : read_file(in, &s->weights);
    case 6:
        return read_inputs(in);
    case 7:
        return read_outputs(in);
    default:
        return read_hamiltonians(in);
    }
}

static bool read_middle(manifest_input *in, int key)
{
    session *s = in->s;
    matrix_stream *m = in->stream;
    int64_t number;
    switch (key) {
    case 9:
        return read_text(in, "target", &s->target);
    case 10:
        return read_file(in, &s->target_file);
    case 11:
        return read_text(in, "matrix_format", &s->format) &&
               (matrix_format_doc(s->format) || stream_fail(m, "unknown format '%.40s'", s->format));
    case 12:
        return read_text(in, "extension", &s->extension) &&
               (!strchr(s->extension, '/') || stream_fail(m, "an extension has no '/'"));
    case 13:
        return read_text_or_null(in, "result_format", &s->results);
    case 14:
        return read_seed(m, &s->seed);
    case 15:
        if (!json_whole(m, "passes", 1, INT32_MAX, &number))
            return false;
        s->passes = (int32_t)number;
        return true;
    case 16:
        return read_samples(in);
    default:
        return read_truth(m, "allow_trivial", &s->allow_trivial);
    }
}

static bool read_member(manifest_input *in, void *to, int key)
{
    session *s = in->s;
    (void)to;
    if (key < 9)
        return read_beginning(in, key);
    if (key < 18)
        return read_middle(in, key);
    switch (key) {
    case 18:
        return read_word(in->stream, "round", INT32_MAX, &s->round);
    case 19:
        return read_count(in->stream, "rounds_without_files", &s->rounds_without_files);
    case 20:
        return read_hash(in, "state", s->state_hash);
    case 21:
        return read_matrices(in);
    default:
        return read_parts(in);
    }
}

/* Memory for the samples is taken on the word of numbers that state.bin has to bear out: its size bounds them. */
static isg_status make_samples(session *s, uint64_t state_bytes, const char *path, isg_error *error)
{
    uint64_t each = 16 + session_state_bytes(s->total_spins);
    if ((uint64_t)s->sample_count > state_bytes / each)
        return error_fail(error, ISG_INVALID, "%s: %" PRId64 " samples of %" PRId64 " spins, for which state.bin is too short",
                          path, s->sample_count, s->total_spins);
    session_make_samples(s);
    return ISG_OK;
}

static isg_status size_of(session *s, const char *name, uint64_t *bytes, isg_error *error)
{
    file_source source;
    isg_status status = file_source_open(&source, s->io, folder_path(s, name), error);
    *bytes = status ? 0 : source.length;
    if (!status)
        file_source_close(&source);
    return status;
}

static isg_status read_stream(session *s, matrix_stream *stream, isg_error *error)
{
    manifest_input in = {s, stream};
    jmp_buf no_memory;
    jmp_buf *before = s->arena.on_no_memory;
    s->arena.on_no_memory = &no_memory;
    if (setjmp(no_memory)) {
        s->arena.on_no_memory = before;
        return error_no_memory(error);
    }
    if (read_object(&in, "a session", keys, read_member, NULL))
        json_end(stream);
    s->arena.on_no_memory = before;
    return stream->status;
}

isg_status manifest_read(session *s, isg_error *error)
{
    const char *path = folder_path(s, "session.json");
    matrix_stream *stream = ARENA_NEW(&s->arena, matrix_stream);
    uint64_t state_bytes, next_bytes;
    isg_error ignored;
    file_source source;
    int file = s->io->open(s->io->context, path, O_RDONLY, 0);
    if (file == -ENOENT)
        return error_fail(
            error, ISG_INVALID,
            "%.300s: holds no session.json: it is no session, or `isg emit` was interrupted there and can be run again",
            s->folder);
    if (file >= 0)
        s->io->close(s->io->context, file);
    isg_status status = file_source_open(&source, s->io, path, error);
    if (status)
        return status;
    status = stream_open(stream, s->allocator, source, error);
    if (!status) {
        status = read_stream(s, stream, error);
        stream_close(stream);
    }
    file_source_close(&source);
    if (status)
        return status;
    size_of(s, "state.bin", &state_bytes, &ignored);
    size_of(s, "state-next.bin", &next_bytes, &ignored);
    return make_samples(s, state_bytes > next_bytes ? state_bytes : next_bytes, path, error);
}
