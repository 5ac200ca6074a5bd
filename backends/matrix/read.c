/* read.c - reading a problem file and its sidecar (matrix.h). */
#include "backends/matrix/detect.h"
#include "backends/matrix/sidecar.h"

#include "passes/problem/problem_pass.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>

/* ---- from the file's terms to the problem's --------------------------------------------------- */

/* Replaces p by what a pass makes of it. */
static isg_status replace(problem *p, isg_status status, problem *by)
{
    if (!status) {
        problem_close(p);
        *p = *by;
    }
    return status;
}

static isg_status change_domain(problem *p, problem_domain domain, isg_error *error)
{
    problem other;
    domain_info info;
    if (p->domain == domain)
        return ISG_OK;
    p->offset = 0; /* the sidecar's counts */
    return replace(p, (domain == PROBLEM_SPIN ? pass_to_spin : pass_to_binary)(p, &other, &info, error), &other);
}

static isg_status restore_ancilla(problem *p, const matrix_sidecar *c, isg_error *error)
{
    problem other;
    ancilla_info info;
    if (c->ancilla == ANCILLA_AS_IS)
        return ISG_OK;
    if (c->ancilla == ANCILLA_DROPPED) {
        isg_status status = change_domain(p, PROBLEM_SPIN, error);
        return status ? status : replace(p, pass_ancilla(p, &other, &info, error), &other);
    }
    if (p->domain != PROBLEM_SPIN || !p->spins)
        return error_fail(error, ISG_INVALID, "the sidecar's ancilla is not in the file");
    p->ancilla = p->spins - 1;
    return replace(p, pass_drop_ancilla(p, &other, &info, error), &other);
}

static bool scale_by(problem *p, double scale)
{
    bool finite = true;
    for (int64_t i = 0; i < p->spins; i++)
        finite &= isfinite(p->fields[i] *= scale);
    for (int64_t k = 0; k < p->coupling_count; k++)
        finite &= isfinite(p->couplings[k].value *= scale);
    return finite;
}

/* Origins as after problem_open, or those of the sidecar. */
static isg_status restore_origins(problem *p, matrix_sidecar *c, isg_error *error)
{
    if (!c->origins) {
        problem_origin *fresh = memory_take(p->allocator, (size_t)p->spins, sizeof *fresh);
        if (!fresh)
            return error_no_memory(error);
        c->origins = fresh;
        c->origin_count = p->spins;
        for (int64_t i = 0; i < p->spins; i++)
            fresh[i] = (problem_origin){(uint32_t)i, 1, p->domain == PROBLEM_BINARY ? 0 : -1};
    }
    memory_release(p->allocator, p->origins, (size_t)p->origin_count, sizeof *p->origins);
    p->origins = c->origins;
    p->origin_count = c->origin_count;
    c->origins = NULL;
    c->origin_count = 0;
    return ISG_OK;
}

static isg_status restore(problem *p, matrix_sidecar *c, const char *path, isg_error *error)
{
    isg_status status = restore_ancilla(p, c, error);
    if (!status)
        status = change_domain(p, c->domain, error);
    if (!status && p->spins != c->spins)
        status =
            error_fail(error, ISG_INVALID, "%.250s: %" PRId64 " spins, but the sidecar says %" PRId64, path, p->spins, c->spins);
    if (!status && c->scale != 1 && !scale_by(p, c->scale))
        status = error_fail(error, ISG_INVALID, "%.250s: times the sidecar's scale a number is beyond double's range", path);
    if (!status)
        status = restore_origins(p, c, error);
    if (status)
        return status;
    if (c->field_count && p->spins)
        memcpy(p->fields, c->fields, (size_t)p->spins * sizeof *p->fields);
    p->offset = c->offset;
    p->ancilla = c->ancilla_spin;
    return ISG_OK;
}

/* ---- one file -------------------------------------------------------------------------------- */

typedef struct reading {
    const isg_allocator *allocator;
    const char *path;
    const matrix_format *format;
    matrix_sidecar *sidecar; /* NULL: none */
    problem *out;
    matrix_names *names; /* may be NULL */
    matrix_notes notes;
} reading;

static isg_status finish(reading *r, matrix_draft *d, uint64_t hash, isg_error *error)
{
    if (r->sidecar && r->sidecar->hash != hash)
        return error_fail(error, ISG_INVALID,
                          "%.250s: its sidecar %.250s.isg.json belongs to another content of the file (hash %016" PRIx64
                          ", not %016" PRIx64 "); remove it to read the file alone",
                          r->path, r->path, r->sidecar->hash, hash);
    isg_status status = draft_finish(d, r->path, r->out, &r->notes.duplicates, error);
    if (status)
        return status;
    if (r->sidecar && (status = restore(r->out, r->sidecar, r->path, error))) {
        problem_close(r->out);
        return status;
    }
    r->notes.zeros = d->zeros;
    if (r->sidecar)
        r->notes.mark = r->sidecar->mark;
    r->notes.hash = hash;
    matrix_names *from = r->sidecar && r->sidecar->names.count ? &r->sidecar->names : &d->names;
    if (r->names && from->count == r->out->spins) {
        *r->names = *from;
        *from = (matrix_names){0};
    }
    return ISG_OK;
}

static isg_status choose_format(reading *r, const matrix_stream *s, isg_error *error)
{
    if (!r->format && r->sidecar)
        r->format = r->sidecar->format;
    const matrix_format *by_content = detect_content(s->chunk + s->at, s->end - s->at);
    const matrix_format *by_name = detect_extension(r->path);
    if (!r->format && !by_content && memmem(s->chunk, s->end, "\"solutionVector\"", 16))
        return error_fail(error, ISG_INVALID, "%.250s: results of a machine, not a problem", r->path);
    if (!r->format) /* `.json` alone says little */
        r->format = by_name && (!by_content || strcmp(by_name->extension, ".json")) ? by_name : by_content;
    if (r->format)
        return ISG_OK;
    return error_fail(error, ISG_INVALID, "%.250s: neither its name nor its beginning says which format it has", r->path);
}

static isg_status read_source(reading *r, file_source source, isg_error *error)
{
    matrix_stream s;
    matrix_draft d;
    isg_status status = stream_open(&s, r->allocator, source, error);
    if (status)
        return status;
    status = choose_format(r, &s, error);
    if (!status) {
        r->notes.format = r->format->name;
        draft_open(&d, r->allocator,
                   r->format->domain == FORMAT_SPIN && !r->format->drops_ancilla ? PROBLEM_SPIN : PROBLEM_BINARY, source.length);
        d.sidecar = r->sidecar;
        bool good = r->format->read(&s, &d);
        status = good && !s.status ? finish(r, &d, s.hash, error) : s.status;
        if (!good && !status)
            status = error_fail(error, ISG_INTERNAL, "%.250s: the reader failed without a reason", r->path);
        draft_close(&d);
    }
    stream_close(&s);
    return status;
}

static isg_status read_sidecar(reading *r, matrix_sidecar *c, file_source source, isg_error *error)
{
    matrix_stream s;
    *c = (matrix_sidecar){0};
    isg_status status = stream_open(&s, r->allocator, source, error);
    if (status)
        return status;
    sidecar_read(&s, c);
    status = s.status;
    stream_close(&s);
    if (!status && r->format && r->format != c->format)
        status = error_fail(error, ISG_INVALID, "%.250s: its sidecar says that the format is %s, not %s", r->path,
                            c->format->name, r->format->name);
    if (status)
        sidecar_close(c);
    else
        r->sidecar = c, r->notes.sidecar = true;
    return status;
}

static isg_status find_format(reading *r, const char *format, isg_error *error)
{
    r->format = format ? matrix_format_find(format, strlen(format)) : NULL;
    return !format || r->format ? ISG_OK : error_fail(error, ISG_INVALID, "unknown format '%.100s'", format);
}

isg_status matrix_read_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t length,
                             const void *sidecar, size_t sidecar_length, const char *format, problem *out, matrix_names *names,
                             matrix_notes *notes, isg_error *error)
{
    reading r = {.allocator = allocator ? allocator : isg_default_allocator(), .path = path, .out = out, .names = names};
    matrix_sidecar c = {0};
    if (names)
        *names = (matrix_names){0};
    isg_status status = find_format(&r, format, error);
    if (!status && sidecar)
        status = read_sidecar(&r, &c, file_source_memory("sidecar", sidecar, sidecar_length), error);
    if (!status)
        status = read_source(&r, file_source_memory(path, bytes, length), error);
    sidecar_close(&c);
    if (notes)
        *notes = r.notes;
    return status;
}

/* A sidecar that is not there is none; one that cannot be opened for another reason is a failure. */
static isg_status open_sidecar(file_source *s, const isg_io *io, const char *path, bool *there, isg_error *error)
{
    int file = io->open(io->context, path, 0, 0);
    *there = file != -ENOENT && file != -ENOTDIR;
    if (file < 0)
        return *there ? error_io(error, "open", path, file) : ISG_OK;
    io->close(io->context, file);
    return file_source_open(s, io, path, error);
}

static isg_status read_both(reading *r, const isg_io *io, char *sidecar_name, matrix_sidecar *c, isg_error *error)
{
    file_source source;
    bool there;
    sidecar_path(sidecar_name, r->path);
    isg_status status = open_sidecar(&source, io, sidecar_name, &there, error);
    if (!status && there) {
        status = read_sidecar(r, c, source, error);
        file_source_close(&source);
    }
    if (!status)
        status = file_source_open(&source, io, r->path, error);
    if (status)
        return status;
    status = read_source(r, source, error);
    file_source_close(&source);
    return status;
}

isg_status matrix_read_named(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format, problem *out,
                             matrix_names *names, matrix_notes *notes, isg_error *error)
{
    reading r = {.allocator = allocator ? allocator : isg_default_allocator(), .path = path, .out = out, .names = names};
    matrix_sidecar c = {0};
    if (names)
        *names = (matrix_names){0};
    isg_status status = find_format(&r, format, error);
    size_t bytes = sidecar_path_bytes(path);
    char *sidecar_name = status ? NULL : memory_take(r.allocator, bytes, 1);
    if (!status && !sidecar_name)
        status = error_no_memory(error);
    if (!status)
        status = read_both(&r, io ? io : isg_default_io(), sidecar_name, &c, error);
    memory_release(r.allocator, sidecar_name, bytes, 1);
    sidecar_close(&c);
    if (notes)
        *notes = r.notes;
    return status;
}

isg_status matrix_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format, problem *out,
                            matrix_notes *notes, isg_error *error)
{
    return matrix_read_named(allocator, io, path, format, out, NULL, notes, error);
}
