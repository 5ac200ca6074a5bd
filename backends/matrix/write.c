/* write.c - writing a problem file and its sidecar (matrix.h). */
#include "backends/matrix/detect.h"
#include "backends/matrix/prepare.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <errno.h>

typedef struct writing {
    const isg_allocator *allocator;
    const isg_io *io;
    const char *path;
    const matrix_format *format;
    const problem *p;
    const matrix_names *names;
    char *sidecar_path;
    matrix_sidecar sidecar;
} writing;

/* A sidecar of a former file, which would be refused with the new one. */
static isg_status remove_stale(const writing *w, isg_error *error)
{
    int result = w->io->remove(w->io->context, w->sidecar_path);
    return result >= 0 || result == -ENOENT || result == -ENOTDIR ? ISG_OK : error_io(error, "remove", w->sidecar_path, result);
}

static isg_status write_sidecar(writing *w, isg_error *error)
{
    matrix_output o;
    isg_status status = output_open(&o, w->allocator, w->io, w->sidecar_path, error);
    if (status)
        return status;
    sidecar_write(&o, &w->sidecar, w->p, w->names);
    return output_commit(&o);
}

/* The file is written and synced by its commit; the sidecar has to be there first, lest it be read without. */
static isg_status write_pair(writing *w, const matrix_prepared *r, isg_error *error)
{
    matrix_output o;
    isg_status status = output_open(&o, w->allocator, w->io, w->path, error);
    if (status)
        return status;
    bool good = w->format->write(&o, &r->sheet);
    if (!good && !o.status)
        o.status = error_no_memory(error);
    output_flush(&o);
    w->sidecar.hash = o.hash;
    if (!o.status && w->sidecar.needed)
        o.status =
            !strncmp(w->path, "/dev/", 5)
                ? error_fail(error, ISG_INVALID, "%.250s: %s needs a sidecar file for this problem, which cannot stand there",
                             w->path, w->format->name)
                : write_sidecar(w, error);
    status = output_commit(&o);
    return status || w->sidecar.needed || !strncmp(w->path, "/dev/", 5) ? status : remove_stale(w, error);
}

static isg_status choose_format(writing *w, const char *format, isg_error *error)
{
    size_t length = strlen(w->path);
    if (length >= 9 && !strcmp(w->path + length - 9, ".isg.json"))
        return error_fail(error, ISG_INVALID, "%.250s: names that end in .isg.json are those of sidecars", w->path);
    w->format = format ? matrix_format_find(format, strlen(format)) : detect_extension(w->path);
    if (w->format)
        return ISG_OK;
    return format ? error_fail(error, ISG_INVALID, "unknown format '%.100s'", format)
                  : error_fail(error, ISG_INVALID, "%.250s: the name does not say which format to write", w->path);
}

isg_status matrix_write_marked(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                               const problem *p, const matrix_names *names, const matrix_mark *mark, isg_error *error)
{
    writing w = {.allocator = allocator ? allocator : isg_default_allocator(),
                 .io = io ? io : isg_default_io(),
                 .path = path,
                 .p = p,
                 .names = names && names->count == p->spins ? names : NULL};
    matrix_prepared r;
    isg_status status = choose_format(&w, format, error);
    if (status)
        return status;
    w.sidecar = (matrix_sidecar){.allocator = w.allocator, .format = w.format, .scale = 1, .ancilla_spin = -1};
    if (mark) {
        w.sidecar.mark = *mark;
        w.sidecar.needed = mark->there;
    }
    w.sidecar_path = memory_take(w.allocator, sidecar_path_bytes(path), 1);
    if (!w.sidecar_path)
        return error_no_memory(error);
    sidecar_path(w.sidecar_path, path);
    status = prepare_open(&r, w.format, path, p, w.names, &w.sidecar, error);
    if (!status) {
        if (w.names && !w.format->keeps_names)
            w.sidecar.needed = true;
        status = write_pair(&w, &r, error);
        prepare_close(&r);
    }
    memory_release(w.allocator, w.sidecar_path, sidecar_path_bytes(path), 1);
    w.sidecar.field_count = w.sidecar.origin_count = 0; /* they were marks only */
    sidecar_close(&w.sidecar);
    return status;
}

isg_status matrix_write_named(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                              const problem *p, const matrix_names *names, isg_error *error)
{
    return matrix_write_marked(allocator, io, path, format, p, names, NULL, error);
}

isg_status matrix_write_file(const isg_allocator *allocator, const isg_io *io, const char *path, const char *format,
                             const problem *p, isg_error *error)
{
    return matrix_write_named(allocator, io, path, format, p, NULL, error);
}
