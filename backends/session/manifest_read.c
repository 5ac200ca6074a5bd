/* manifest_read.c - session.json back into memory, checked: it may have come from anywhere. */
#include "backends/session/manifest_values.h"

#include "backends/matrix/matrix.h"
#include "runtime/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

static bool read_file_member(manifest_input *in, void *to, int key)
{
    session_file *f = to;
    return key == 0   ? manifest_read_path(in, &f->file)
           : key == 1 ? manifest_read_hash(in, "sha256", f->hash)
                      : manifest_read_text(in, "name", &f->name);
}

static bool read_file(manifest_input *in, session_file *f)
{
    static const char *const keys[] = {"file", "sha256", NULL};
    return manifest_read_object(in, "a file", keys, read_file_member, f);
}

static bool read_inputs(manifest_input *in)
{
    static const char *const keys[] = {"file", "sha256", "name", NULL};
    bool first = true;
    if (!json_open(in->stream, '[', "inputs"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        session_file f = {0};
        if (!manifest_read_object(in, "an input", keys, read_file_member, &f))
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
    while (json_more(in->stream, '[', &first) && manifest_read_text(in, "an output", &name))
        ARENA_PUSH(&in->s->arena, &in->s->outputs, name);
    return !in->stream->status;
}

static bool read_hamiltonian_member(manifest_input *in, void *to, int key)
{
    session_hamiltonian_data *h = to;
    switch (key) {
    case 0:
        return manifest_read_text(in, "name", &h->name);
    case 1:
        return json_whole(in->stream, "spins", 0, INT32_MAX, &h->spins);
    case 2:
        return manifest_read_word(in->stream, "parts", INT32_MAX, &h->parts);
    default:
        return manifest_read_word(in->stream, "rounds", INT32_MAX, &h->rounds);
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
        if (!manifest_read_object(in, "a Hamiltonian", keys, read_hamiltonian_member, &h))
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
        return manifest_read_path(in, &x->file);
    case 1:
        return manifest_read_word(m, "round", INT32_MAX, &x->round);
    case 2:
        return manifest_read_hash(in, "hash", x->hash);
    case 3:
        return manifest_read_hash(in, "file_sha256", x->file_hash);
    case 4:
        return json_whole(m, "spins", 1, INT32_MAX, &x->spins);
    case 5:
        return manifest_read_ancilla(m, &x->ancilla);
    case 6:
        return manifest_read_seed(m, &x->seed);
    case 7:
        return manifest_read_truth(m, "trivial", &x->trivial);
    default:
        return manifest_is_null(m) ? manifest_read_null(m) : manifest_read_hash(in, "answered", x->answered);
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
        if (!manifest_read_object(in, "a matrix", keys, read_matrix_member, &x))
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

/* ---- the whole ---------------------------------------------------------------------------------------- */

static const char *const keys[] = {"format",      "version",       "generation",    "model",         "program",
                                   "weights",     "inputs",        "outputs",       "hamiltonians",  "target",
                                   "target_file", "matrix_format", "extension",     "result_format", "seed",
                                   "passes",      "samples",       "allow_trivial", "round",         "rounds_without_files",
                                   "state",       "matrices",      "parts",         "?checksum",     NULL};

static bool read_beginning(manifest_input *in, int key)
{
    session *s = in->s;
    matrix_stream *m = in->stream;
    const char *text;
    int64_t number;
    switch (key) {
    case 0:
        return manifest_read_text(in, "format", &text) && (!strcmp(text, "isinglass-session") || stream_fail(m, "not a session"));
    case 1:
        return json_whole(m, "version", SESSION_VERSION, SESSION_VERSION, &number);
    case 2:
        return json_whole(m, "generation", 1, INT64_MAX - 1, &s->generation);
    case 3:
        return manifest_read_text(in, "model", &s->model);
    case 4:
        return read_file(in, &s->program);
    case 5:
        return manifest_is_null(m) ? manifest_read_null(m) : read_file(in, &s->weights);
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
        return manifest_read_text(in, "target", &s->target);
    case 10:
        return read_file(in, &s->target_file);
    case 11:
        return manifest_read_text(in, "matrix_format", &s->format) &&
               (matrix_format_doc(s->format) || stream_fail(m, "unknown format '%.40s'", s->format));
    case 12:
        return manifest_read_text(in, "extension", &s->extension) &&
               (!strchr(s->extension, '/') || stream_fail(m, "an extension has no '/'"));
    case 13:
        return manifest_read_text_or_null(in, "result_format", &s->results);
    case 14:
        return manifest_read_seed(m, &s->seed);
    case 15:
        if (!json_whole(m, "passes", 1, INT32_MAX, &number))
            return false;
        s->passes = (int32_t)number;
        return true;
    case 16:
        return read_samples(in);
    default:
        return manifest_read_truth(m, "allow_trivial", &s->allow_trivial);
    }
}

static bool read_checksum(manifest_input *in)
{
    char text[JSON_STRING];
    if (!json_stream_string(in->stream, "checksum", text))
        return false;
    if (strlen(text) != MANIFEST_CHECKSUM - 1)
        return stream_fail(in->stream, "a checksum has %d digits", MANIFEST_CHECKSUM - 1);
    memcpy(in->s->checksum, text, MANIFEST_CHECKSUM);
    return true;
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
        return manifest_read_word(in->stream, "round", INT32_MAX, &s->round);
    case 19:
        return manifest_read_count(in->stream, "rounds_without_files", &s->rounds_without_files);
    case 20:
        return manifest_read_hash(in, "state", s->state_hash);
    case 21:
        return read_matrices(in);
    case 22:
        return manifest_read_parts(in);
    default:
        return read_checksum(in);
    }
}

/* Memory for the samples is taken on the word of numbers that state.bin has to bear out: its size bounds them. */
static isg_status make_samples(session *s, uint64_t state_bytes, const char *path, isg_error *error)
{
    uint64_t each = 16 + session_state_bytes(s->total_spins);
    if (!state_bytes)
        return error_fail(error, ISG_INVALID, "%s: state.bin beside it is missing or empty; without it the session is lost",
                          path);
    if ((uint64_t)s->sample_count > state_bytes / each)
        return error_fail(error, ISG_INVALID, "%s: %" PRId64 " samples of %" PRId64 " spins, for which state.bin is too short",
                          path, s->sample_count, s->total_spins);
    session_make_samples(s);
    return ISG_OK;
}

/* What a hand has changed, be it as little as the seed, would send the session elsewhere. */
static isg_status check_checksum(const session *s, const file_source *source, const char *path, isg_error *error)
{
    char bytes[4096], tail[MANIFEST_TAIL];
    uint64_t hash = MATRIX_HASH_START, length = (uint64_t)manifest_tail(tail, 0);
    uint64_t end = source->length < length ? 0 : source->length - length;
    isg_status status = ISG_OK;
    if (!*s->checksum)
        return ISG_OK;
    for (uint64_t at = 0; at < end && !status; at += sizeof bytes) {
        size_t count = end - at < sizeof bytes ? (size_t)(end - at) : sizeof bytes;
        status = file_source_read(source, at, count, bytes, error);
        hash = status ? hash : matrix_hash(hash, bytes, count);
    }
    manifest_tail(tail, hash);
    if (!status)
        status = file_source_read(source, end, (size_t)(source->length - end), bytes, error);
    if (!status && (source->length - end != length || memcmp(bytes, tail, length) != 0))
        return error_fail(error, ISG_INVALID,
                          "%.300s: is not as it was written: its checksum does not agree; put back the file that isg wrote",
                          path);
    return status;
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
    if (manifest_read_object(&in, "a session", keys, read_member, NULL))
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
    if (!status)
        status = check_checksum(s, &source, path, error);
    file_source_close(&source);
    if (status)
        return status;
    size_of(s, "state.bin", &state_bytes, &ignored);
    size_of(s, "state-next.bin", &next_bytes, &ignored);
    return make_samples(s, state_bytes > next_bytes ? state_bytes : next_bytes, path, error);
}
