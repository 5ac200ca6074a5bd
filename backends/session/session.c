/* session.c - beginning, opening, committing and closing a session; what is known about it (session.h). */
#include "backends/session/session_data.h"

#include "backends/matrix/matrix.h"
#include "backends/solve/solution.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"
#include "runtime/npy.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- matrices by their hash -------------------------------------------------------------------- */

static uint32_t slot_of(const session *s, const char *hash)
{
    char digits[9];
    memcpy(digits, hash, 8);
    digits[8] = '\0';
    return (uint32_t)strtoul(digits, NULL, 16) & (s->index_size - 1);
}

session_matrix *session_find_matrix(const session *s, const char *hash)
{
    if (!s->index_size)
        return NULL;
    for (uint32_t at = slot_of(s, hash); s->index[at]; at = (at + 1) & (s->index_size - 1))
        if (!strcmp(s->matrices.at[s->index[at] - 1].hash, hash))
            return &s->matrices.at[s->index[at] - 1];
    return NULL;
}

static void enter(session *s, uint32_t position)
{
    uint32_t at = slot_of(s, s->matrices.at[position].hash);
    while (s->index[at])
        at = (at + 1) & (s->index_size - 1);
    s->index[at] = position + 1;
}

session_matrix *session_add_matrix(session *s, const session_matrix *m)
{
    ARENA_PUSH(&s->arena, &s->matrices, *m);
    if (2 * s->matrices.count > s->index_size) {
        s->index_size = s->index_size ? 2 * s->index_size : 64;
        s->index = ARENA_ARRAY(&s->arena, uint32_t, s->index_size);
        for (uint32_t i = 0; i + 1 < s->matrices.count; i++)
            enter(s, i);
    }
    enter(s, s->matrices.count - 1);
    return &s->matrices.at[s->matrices.count - 1];
}

/* ---- names -------------------------------------------------------------------------------------- */

const char *session_part_name(session *s, const session_part *p)
{
    return arena_format(&s->arena, "sample-%05lld-part-%02u", (long long)p->sample, (unsigned)p->number);
}

const char *session_round_name(session *s, uint32_t round)
{
    return arena_format(&s->arena, "round-%03u", (unsigned)round);
}

const char *folder_path(session *s, const char *name)
{
    return arena_format(&s->arena, "%s/%s", s->folder, name);
}

const char *session_path(session *s, const char *name)
{
    jmp_buf no_memory;
    const char *volatile path = NULL;
    s->arena.on_no_memory = &no_memory;
    if (!setjmp(no_memory))
        path = folder_path(s, name);
    s->arena.on_no_memory = &s->no_memory;
    return path;
}

/* ---- making and closing -------------------------------------------------------------------------- */

static session *make(const char *folder, const isg_allocator *allocator, const isg_io *io)
{
    const isg_allocator *a = allocator ? allocator : isg_default_allocator();
    session *s = memory_take_zeroed(a, 1, sizeof *s);
    if (!s)
        return NULL;
    s->allocator = a;
    s->io = io ? io : isg_default_io();
    s->lock = -1;
    s->folder = folder;
    arena_open(&s->arena, a, &s->no_memory);
    return s;
}

void session_close(session *s)
{
    if (!s)
        return;
    if (s->lock >= 0)
        close(s->lock);
    arena_close(&s->arena);
    memory_release(s->allocator, s, 1, sizeof *s);
}

void session_make_samples(session *s)
{
    session_sample *samples = ARENA_ARRAY(&s->arena, session_sample, (size_t)s->sample_count);
    for (int64_t i = 0; i < s->sample_count; i++) {
        samples[i].high = ARENA_ARRAY(&s->arena, uint8_t, (size_t)s->total_spins);
        samples[i].energies = ARENA_ARRAY(&s->arena, double, s->hamiltonians.count);
    }
    s->samples = samples;
}

/* ---- begin ---------------------------------------------------------------------------------------- */

static const char *keep(session *s, const char *text)
{
    return text ? arena_copy(&s->arena, text, strlen(text)) : NULL;
}

/* The ending of the files' names. `.json` alone is also that of sidecars and results. */
static const char *extension_of(const char *format)
{
    static const struct {
        const char *format, *extension;
    } table[] = {{"kaiwu-csv", ".csv"},     {"kaiwu-ising-csv", ".ising.csv"}, {"bqpjson", ".bqp.json"},
                 {"bqm-json", ".bqm.json"}, {"hitachi-json", ".hitachi.json"}, {"fujitsu-json", ".fujitsu.json"},
                 {"dwave-qp", ".qp.json"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(format, table[i].format))
            return table[i].extension;
    return NULL;
}

static void adopt(session *s, const session_settings *o)
{
    s->folder = keep(s, o->folder);
    s->model = keep(s, isg_program_name(o->compiled));
    s->target = keep(s, o->target->name);
    s->results = keep(s, o->target->results);
    s->format = keep(s, o->format);
    const char *extension = extension_of(o->format);
    s->extension = extension ? extension : arena_format(&s->arena, ".%s", o->format);
    s->seed = o->seed;
    s->passes = o->passes ? o->passes : MACHINE_DEFAULT_PASSES;
    s->allow_trivial = o->allow_trivial;
    s->first_sample = o->first_sample;
    s->sample_count = o->sample_count;
    for (uint64_t i = 0; i < o->hamiltonian_count; i++) {
        session_hamiltonian_data h = {.name = keep(s, o->hamiltonians[i]),
                                      .spins = o->schedules[i].spins,
                                      .first = s->total_spins,
                                      .parts = o->schedules[i].part_count,
                                      .rounds = o->schedules[i].round_count};
        ARENA_PUSH(&s->arena, &s->hamiltonians, h);
        s->total_spins += h.spins;
    }
    const isg_port *port;
    for (size_t i = 0; (port = isg_output(o->compiled, i)); i++)
        ARENA_PUSH(&s->arena, &s->outputs, keep(s, port->name));
    session_make_samples(s);
}

static isg_status write_text(session *s, session_file *f, const char *file, const char *text, size_t length, isg_error *error)
{
    f->file = file;
    isg_status status = file_write(s->allocator, s->io, folder_path(s, file), text, length, error);
    return status ? status : solution_hash_file(s->io, folder_path(s, file), f->hash, error);
}

static isg_status write_inputs(session *s, const session_settings *o, isg_error *error)
{
    isg_status status = ISG_OK;
    for (size_t i = 0; i < o->input_count && !status; i++) {
        session_file f = {.name = keep(s, o->inputs[i].name)};
        f.file = arena_format(&s->arena, "inputs/%s.npy", f.name);
        const char *path = folder_path(s, f.file);
        status = npy_write_file(s->allocator, s->io, path, &o->inputs[i].tensor, error);
        if (!status)
            status = solution_hash_file(s->io, path, f.hash, error);
        ARENA_PUSH(&s->arena, &s->inputs, f);
    }
    return status;
}

static isg_status write_contents(session *s, const session_settings *o, isg_error *error)
{
    isg_status status = write_text(s, &s->program, "program.ising", o->program, strlen(o->program), error);
    if (!status)
        status = write_text(s, &s->target_file, "target.yaml", o->target_text, o->target_length, error);
    if (!status && o->weights) {
        s->weights.file = "weights.safetensors";
        status = folder_copy(s, o->weights, s->weights.file, error);
        if (!status)
            status = solution_hash_file(s->io, folder_path(s, s->weights.file), s->weights.hash, error);
    }
    return status ? status : write_inputs(s, o, error);
}

static isg_status begin(session *s, const session_settings *o, isg_error *error)
{
    SESSION_GUARD(s, error);
    adopt(s, o);
    if (!s->hamiltonians.count)
        return error_fail(error, ISG_INVALID, "model '%s' has no Hamiltonian: there is nothing to solve elsewhere", s->model);
    isg_status status = folder_make(s, error);
    return status ? status : write_contents(s, o, error);
}

isg_status session_begin(session **out, const session_settings *settings, const isg_allocator *allocator, const isg_io *io,
                         isg_error *error)
{
    *out = NULL;
    session *s = make(settings->folder, allocator, io);
    if (!s)
        return error_no_memory(error);
    isg_status status = begin(s, settings, error);
    if (!status) {
        *out = s;
        return ISG_OK;
    }
    session_discard(s);
    session_close(s);
    return status;
}

void session_discard(session *s)
{
    if (s->lock >= 0)
        folder_remove(s);
}

/* ---- open ------------------------------------------------------------------------------------------ */

static isg_status open_guarded(session *s, isg_error *error)
{
    SESSION_GUARD(s, error);
    s->folder = keep(s, s->folder);
    isg_status status = folder_lock(s, error);
    if (!status)
        status = manifest_read(s, error);
    return status ? status : state_read(s, error);
}

isg_status session_open(session **out, const char *folder, const isg_allocator *allocator, const isg_io *io, isg_error *error)
{
    *out = NULL;
    session *s = make(folder, allocator, io);
    if (!s)
        return error_no_memory(error);
    isg_status status = open_guarded(s, error);
    if (status)
        session_close(s);
    else
        *out = s;
    return status;
}

static isg_status check_file(session *s, const session_file *f, isg_error *error)
{
    char hash[SHA256_TEXT];
    const char *path = folder_path(s, f->file);
    isg_status status = solution_hash_file(s->io, path, hash, error);
    if (!status && strcmp(hash, f->hash))
        status = error_fail(error, ISG_INVALID, "%s: not as it was when the session began (SHA-256 %.12s..., not %.12s...)", path,
                            hash, f->hash);
    return status;
}

isg_status session_check_files(session *s, isg_error *error)
{
    SESSION_GUARD(s, error);
    isg_status status = check_file(s, &s->program, error);
    if (!status)
        status = check_file(s, &s->target_file, error);
    if (!status && s->weights.file)
        status = check_file(s, &s->weights, error);
    for (uint32_t i = 0; i < s->inputs.count && !status; i++)
        status = check_file(s, &s->inputs.at[i], error);
    return status;
}

/* ---- commit ----------------------------------------------------------------------------------------- */

/* The manifest is what counts: it names the state by its hash, so that a state of before or after is told apart. */
isg_status session_commit(session *s, isg_error *error)
{
    SESSION_GUARD(s, error);
    s->generation++;
    isg_status status = state_write(s, error);
    if (!status)
        status = folder_sync(s, session_round_name(s, s->round), error);
    if (!status)
        status = folder_sync(s, NULL, error);
    if (!status)
        status = manifest_write(s, error);
    if (!status)
        status = folder_sync(s, NULL, error);
    if (status)
        return status;
    isg_error ignored; /* `open` settles what is not settled here */
    state_settle(s, &ignored);
    folder_sweep(s);
    return ISG_OK;
}

/* ---- what there is ----------------------------------------------------------------------------------- */

session_facts session_facts_of(const session *s)
{
    session_facts f = {.model = s->model,
                       .target = s->target,
                       .format = s->format,
                       .folder = s->folder,
                       .results = s->results,
                       .has_weights = s->weights.file != NULL,
                       .seed = s->seed,
                       .first_sample = s->first_sample,
                       .sample_count = s->sample_count,
                       .round = s->round,
                       .parts = s->parts.count,
                       .rounds_without_files = s->rounds_without_files};
    for (int64_t i = 0; i < s->sample_count; i++)
        f.samples_done += s->samples[i].hamiltonian == s->hamiltonians.count;
    f.done = f.samples_done == s->sample_count;
    for (uint32_t i = 0; i < s->matrices.count; i++) {
        const session_matrix *m = &s->matrices.at[i];
        if (m->round != s->round)
            continue;
        f.matrices++;
        f.answered += *m->answered != '\0';
        f.trivial += m->trivial;
        f.largest = m->spins > f.largest ? m->spins : f.largest;
    }
    for (uint32_t i = 0; i < s->parts.count; i++)
        f.settled += s->parts.at[i].matrix < 0;
    f.sharing = f.parts - f.settled - f.matrices;
    return f;
}

const char *session_missing(const session *s, int64_t k)
{
    for (uint32_t i = 0; i < s->matrices.count; i++)
        if (!*s->matrices.at[i].answered && k-- == 0)
            return s->matrices.at[i].file;
    return NULL;
}

const char *session_output(const session *s, size_t position)
{
    return position < s->outputs.count ? s->outputs.at[position] : NULL;
}

const char *session_input(const session *s, size_t position)
{
    return position < s->inputs.count ? s->inputs.at[position].name : NULL;
}

const char *session_hamiltonian(const session *s, uint64_t number, int64_t *spins)
{
    if (number >= s->hamiltonians.count)
        return NULL;
    *spins = s->hamiltonians.at[number].spins;
    return s->hamiltonians.at[number].name;
}

void session_energies(const session *s, uint64_t number, double *mean, double *least)
{
    double sum = 0;
    *least = 0;
    for (int64_t i = 0; i < s->sample_count; i++) {
        double energy = s->samples[i].energies[number];
        sum += energy;
        *least = i && *least <= energy ? *least : energy;
    }
    *mean = s->sample_count ? sum / (double)s->sample_count : 0;
}
