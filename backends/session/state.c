/* state.c - state.bin: where every sample stands, and the answers taken so far. Numbers are little-endian:
 *
 *   "ISGSTAT1", then 64 bits each: generation, samples, Hamiltonians, spins of all Hamiltonians together, matrices
 *   a sample:  32 bits each: Hamiltonian, pass, round of the pass, flags (1: begun, 2: the pass has lowered the energy);
 *              its spins as bits, lowest bit first, 1 for the highest value, Hamiltonian after Hamiltonian
 *   a matrix:  64 bits: answers; these as bits, each from a byte of its own on
 *
 * session.json names it by its SHA-256. A new state is written beside the old one, then session.json, which decides, then it
 * takes the old one's place; where a killed process left both, the hash tells which counts.
 */
#include "backends/session/session_data.h"

#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"

static const char magic[8] = "ISGSTAT1";
enum { STATE_BEGUN = 1, STATE_CHANGED = 2 };
static const char settled[] = "state.bin", next[] = "state-next.bin";

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct state_output {
    file_writer writer;
    sha256 hash;
    isg_status status;
    isg_error *error;
    size_t used;
    uint8_t bytes[1 << 15];
} state_output;

static void flush(state_output *o)
{
    sha256_add(&o->hash, o->bytes, o->used);
    if (!o->status && o->used)
        o->status = file_writer_write(&o->writer, o->bytes, o->used, o->error);
    o->used = 0;
}

static void put(state_output *o, const void *bytes, size_t count)
{
    const uint8_t *from = bytes;
    for (size_t i = 0; i < count; i++) {
        if (o->used == sizeof o->bytes)
            flush(o);
        o->bytes[o->used++] = from[i];
    }
}

static void put_number(state_output *o, uint64_t value, int bytes)
{
    uint8_t out[8];
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
    put(o, out, (size_t)bytes);
}

static void put_sample(state_output *o, const session *s, const session_sample *x)
{
    put_number(o, x->hamiltonian, 4);
    put_number(o, (uint32_t)x->pass, 4);
    put_number(o, x->round, 4);
    put_number(o, (x->started ? STATE_BEGUN : 0u) | (x->changed ? STATE_CHANGED : 0u), 4);
    for (int64_t i = 0; i < s->total_spins; i += 8) {
        uint8_t byte = 0;
        for (int64_t k = i; k < s->total_spins && k < i + 8; k++)
            byte = (uint8_t)(byte | x->high[k] << (k - i));
        put(o, &byte, 1);
    }
}

static void put_all(state_output *o, const session *s)
{
    put(o, magic, sizeof magic);
    put_number(o, (uint64_t)s->generation, 8);
    put_number(o, (uint64_t)s->sample_count, 8);
    put_number(o, s->hamiltonians.count, 8);
    put_number(o, (uint64_t)s->total_spins, 8);
    put_number(o, s->matrices.count, 8);
    for (int64_t i = 0; i < s->sample_count; i++)
        put_sample(o, s, &s->samples[i]);
    for (uint32_t i = 0; i < s->matrices.count; i++) {
        const session_matrix *m = &s->matrices.at[i];
        put_number(o, (uint64_t)m->answer_count, 8);
        put(o, m->answers, (size_t)m->answer_count * session_state_bytes(m->spins));
    }
    flush(o);
}

isg_status state_write(session *s, isg_error *error)
{
    state_output *o = ARENA_NEW(&s->arena, state_output);
    const char *path = folder_path(s, next);
    o->error = error;
    isg_status status = file_writer_open(&o->writer, s->allocator, s->io, path, error);
    if (status)
        return status;
    sha256_open(&o->hash);
    put_all(o, s);
    sha256_close(&o->hash, s->state_hash);
    if (!o->status)
        return file_writer_commit(&o->writer, error);
    file_writer_abandon(&o->writer);
    return o->status;
}

isg_status state_settle(session *s, isg_error *error)
{
    const char *to = folder_path(s, settled);
    int result = s->io->rename(s->io->context, folder_path(s, next), to);
    return result < 0 ? error_io(error, "write", to, result) : ISG_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct state_input {
    const char *path;
    const uint8_t *at, *end;
    bool failed;
    isg_error *error;
} state_input;

static void fail(state_input *in, const char *what)
{
    if (!in->failed)
        error_fail(in->error, ISG_INVALID, "%.300s: %s", in->path, what);
    in->failed = true;
}

static const uint8_t *take(state_input *in, uint64_t count)
{
    if (in->failed || count > (uint64_t)(in->end - in->at)) {
        fail(in, "the file ends too early");
        return NULL;
    }
    in->at += count;
    return in->at - count;
}

static uint64_t take_number(state_input *in, int bytes)
{
    const uint8_t *at = take(in, (uint64_t)bytes);
    uint64_t value = 0;
    for (int i = 0; at && i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static void expect(state_input *in, uint64_t value, const char *what)
{
    if (take_number(in, 8) != value)
        fail(in, what);
}

static void take_sample(state_input *in, const session *s, session_sample *x)
{
    x->hamiltonian = (uint32_t)take_number(in, 4);
    x->pass = (int32_t)take_number(in, 4);
    x->round = (uint32_t)take_number(in, 4);
    uint64_t flags = take_number(in, 4);
    x->started = flags & STATE_BEGUN;
    x->changed = flags & STATE_CHANGED;
    const uint8_t *bits = take(in, session_state_bytes(s->total_spins));
    for (int64_t i = 0; bits && i < s->total_spins; i++)
        x->high[i] = session_state_get(bits, i);
    uint32_t count = s->hamiltonians.count;
    if (x->hamiltonian > count || x->pass < 0 || x->pass >= s->passes || flags > 3 ||
        (x->hamiltonian < count && x->round >= s->hamiltonians.at[x->hamiltonian].rounds))
        fail(in, "a sample stands where no sample can");
}

static void take_answers(state_input *in, session *s, session_matrix *m)
{
    size_t bytes = session_state_bytes(m->spins);
    uint64_t count = take_number(in, 8);
    if (!bytes || count > (uint64_t)(in->end - in->at) / bytes || (count > 0) != (*m->answered != '\0')) {
        fail(in, "answers that the session does not have");
        return;
    }
    const uint8_t *from = take(in, count * bytes);
    uint8_t *to = ARENA_ARRAY(&s->arena, uint8_t, count * bytes);
    if (count)
        memcpy(to, from, count * bytes);
    m->answers = to;
    m->answer_count = (int64_t)count;
}

static isg_status parse(session *s, const char *path, const char *bytes, size_t length, isg_error *error)
{
    state_input in = {.path = path, .at = (const uint8_t *)bytes, .end = (const uint8_t *)bytes + length, .error = error};
    const uint8_t *start = take(&in, sizeof magic);
    if (start && memcmp(start, magic, sizeof magic))
        fail(&in, "not a state");
    expect(&in, (uint64_t)s->generation, "of another generation than session.json");
    expect(&in, (uint64_t)s->sample_count, "of another number of samples than session.json");
    expect(&in, s->hamiltonians.count, "of another number of Hamiltonians than session.json");
    expect(&in, (uint64_t)s->total_spins, "of another number of spins than session.json");
    expect(&in, s->matrices.count, "of another number of matrices than session.json");
    for (int64_t i = 0; i < s->sample_count && !in.failed; i++)
        take_sample(&in, s, &s->samples[i]);
    for (uint32_t i = 0; i < s->matrices.count && !in.failed; i++)
        take_answers(&in, s, &s->matrices.at[i]);
    if (in.at != in.end)
        fail(&in, "more after the end");
    return in.failed ? ISG_INVALID : ISG_OK;
}

/* Whether the file of that name is the state that session.json names; then its bytes. */
static isg_status load(session *s, const char *name, char **bytes, size_t *length, bool *matches, isg_error *error)
{
    char hash[SHA256_TEXT];
    sha256 h;
    *matches = false;
    isg_status status = file_read(s->allocator, s->io, folder_path(s, name), INT64_C(1) << 40, bytes, length, error);
    if (status)
        return status;
    sha256_open(&h);
    sha256_add(&h, *bytes, *length);
    sha256_close(&h, hash);
    *matches = !strcmp(hash, s->state_hash);
    if (!*matches)
        file_free(s->allocator, *bytes, *length);
    return ISG_OK;
}

/* In a frame of its own, so that the bytes are released when memory runs out. */
static isg_status parse_guarded(session *s, const char *path, const char *bytes, size_t length, isg_error *error)
{
    jmp_buf no_memory;
    jmp_buf *before = s->arena.on_no_memory;
    isg_status status;
    s->arena.on_no_memory = &no_memory;
    if (setjmp(no_memory))
        status = error_no_memory(error);
    else
        status = parse(s, path, bytes, length, error);
    s->arena.on_no_memory = before;
    return status;
}

isg_status state_read(session *s, isg_error *error)
{
    char *bytes = NULL;
    size_t length = 0;
    bool matches;
    const char *path = folder_path(s, settled);
    isg_status status = load(s, settled, &bytes, &length, &matches, error);
    if (status == ISG_NO_MEMORY)
        return status;
    if (status || !matches) {
        isg_error other;
        bool later;
        isg_status second = load(s, next, &bytes, &length, &later, &other);
        if (second == ISG_NO_MEMORY)
            return error_no_memory(error);
        if (second || !later)
            return status ? status
                          : error_fail(error, ISG_INVALID, "%.300s: not the state that session.json names (SHA-256 %.12s...)",
                                       path, s->state_hash);
        status = state_settle(s, error);
    }
    if (!status)
        status = parse_guarded(s, path, bytes, length, error);
    file_free(s->allocator, bytes, length);
    return status;
}
