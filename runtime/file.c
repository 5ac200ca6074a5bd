/* file.c - see file.h. */
#include "runtime/file.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Interrupted calls are repeated, but a hook that answers so for ever does not hang us. */
enum { MAX_INTERRUPTS = 1000, MAX_TEMPORARIES = 100 };
static const size_t largest_transfer = (size_t)1 << 30;

static int open_retrying(const isg_io *io, const char *path, int flags, int mode)
{
    int file = -EINTR;
    for (int i = 0; i < MAX_INTERRUPTS && file == -EINTR; i++)
        file = io->open(io->context, path, flags, mode);
    return file;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes read, fewer than `count` only at the end of the file; or -errno. */
static int64_t read_up_to(const isg_io *io, int file, char *bytes, size_t count, int64_t offset)
{
    size_t done = 0;
    int interrupts = 0;
    while (done < count) {
        size_t want = count - done < largest_transfer ? count - done : largest_transfer;
        int64_t got = io->read_at(io->context, file, bytes + done, want, offset + (int64_t)done);
        if (got == -EINTR && interrupts++ < MAX_INTERRUPTS)
            continue;
        if (got < 0)
            return got;
        if (got == 0)
            break;
        if ((uint64_t)got > want)
            return -EIO;
        done += (size_t)got;
    }
    return (int64_t)done;
}

file_source file_source_memory(const char *name, const void *bytes, size_t length)
{
    return (file_source){.name = name, .length = length, .bytes = bytes ? bytes : "", .file = -1};
}

isg_status file_source_open(file_source *s, const isg_io *io, const char *path, isg_error *error)
{
    *s = (file_source){.name = path, .io = io ? io : isg_default_io()};
    s->file = open_retrying(s->io, path, O_RDONLY, 0);
    if (s->file < 0)
        return error_io(error, "open", path, s->file);
    int64_t size = s->io->size(s->io->context, s->file);
    if (size < 0) {
        file_source_close(s);
        return error_io(error, "read", path, size);
    }
    s->length = (uint64_t)size;
    return ISG_OK;
}

void file_source_close(file_source *s)
{
    if (!s->bytes && s->file >= 0)
        s->io->close(s->io->context, s->file);
    s->file = -1;
}

isg_status file_source_read(const file_source *s, uint64_t offset, size_t count, void *to, isg_error *error)
{
    if (offset > s->length || count > s->length - offset)
        return error_fail(error, ISG_INVALID, "%s: the file ends too early", s->name);
    if (s->bytes) {
        memcpy(to, s->bytes + offset, count);
        return ISG_OK;
    }
    int64_t got = read_up_to(s->io, s->file, to, count, (int64_t)offset);
    if (got < 0)
        return error_io(error, "read", s->name, got);
    if ((size_t)got < count) /* it shrank since it was opened */
        return error_fail(error, ISG_INVALID, "%s: the file ends too early", s->name);
    return ISG_OK;
}

isg_status file_read(const isg_allocator *allocator, const isg_io *io, const char *path, uint64_t limit, char **bytes,
                     size_t *length, isg_error *error)
{
    allocator = allocator ? allocator : isg_default_allocator();
    file_source s;
    isg_status status = file_source_open(&s, io, path, error);
    if (status)
        return status;
    char *block = NULL;
    if (s.length > limit || s.length >= PTRDIFF_MAX)
        status = error_fail(error, ISG_INVALID, "%s: %llu bytes are more than the limit of %llu", path,
                            (unsigned long long)s.length, (unsigned long long)limit);
    else if (!(block = memory_take(allocator, s.length + 1, 1)))
        status = error_no_memory(error);
    else if ((status = file_source_read(&s, 0, s.length, block, error)))
        memory_release(allocator, block, s.length + 1, 1);
    file_source_close(&s);
    if (status)
        return status;
    block[s.length] = '\0';
    *bytes = block;
    *length = s.length;
    return ISG_OK;
}

void file_free(const isg_allocator *allocator, char *bytes, size_t length)
{
    memory_release(allocator ? allocator : isg_default_allocator(), bytes, length + 1, 1);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Opens PATH.partial-PID-N for the first N that is free. */
static int open_temporary(file_writer *w)
{
    int file = -EEXIST;
    for (int i = 0; i < MAX_TEMPORARIES && file == -EEXIST; i++) {
        snprintf(w->temporary, w->temporary_bytes, "%s.partial-%ld-%d", w->path, (long)getpid(), i);
        file = open_retrying(w->io, w->temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
    }
    return file;
}

isg_status file_writer_open(file_writer *w, const isg_allocator *allocator, const isg_io *io, const char *path, isg_error *error)
{
    *w = (file_writer){
        .allocator = allocator ? allocator : isg_default_allocator(), .io = io ? io : isg_default_io(), .path = path};
    if (!strncmp(path, "/dev/", 5)) {
        w->file = open_retrying(w->io, path, O_WRONLY, 0);
    } else {
        w->temporary_bytes = strlen(path) + 48;
        w->temporary = memory_take(w->allocator, w->temporary_bytes, 1);
        if (!w->temporary)
            return error_no_memory(error);
        w->file = open_temporary(w);
    }
    if (w->file >= 0)
        return ISG_OK;
    memory_release(w->allocator, w->temporary, w->temporary_bytes, 1);
    return error_io(error, "create", path, w->file);
}

isg_status file_writer_write(file_writer *w, const void *bytes, size_t count, isg_error *error)
{
    const char *at = bytes;
    int interrupts = 0;
    while (count) {
        int64_t put = w->io->write(w->io->context, w->file, at, count < largest_transfer ? count : largest_transfer);
        if (put == -EINTR && interrupts++ < MAX_INTERRUPTS)
            continue;
        if (put <= 0 || (uint64_t)put > count)
            return error_io(error, "write", w->path, put < 0 ? put : -EIO);
        at += put;
        count -= (size_t)put;
    }
    return ISG_OK;
}

static void remove_temporary(file_writer *w)
{
    if (w->temporary)
        w->io->remove(w->io->context, w->temporary);
    memory_release(w->allocator, w->temporary, w->temporary_bytes, 1);
    w->temporary = NULL;
}

void file_writer_abandon(file_writer *w)
{
    w->io->close(w->io->context, w->file);
    remove_temporary(w);
}

isg_status file_writer_commit(file_writer *w, isg_error *error)
{
    int result = 0;
    if (w->temporary)
        for (int i = 0; i < MAX_INTERRUPTS && (result = w->io->sync(w->io->context, w->file)) == -EINTR; i++)
            ;
    int closed = w->io->close(w->io->context, w->file);
    if (!result && closed != -EINTR) /* an interrupted close has closed */
        result = closed;
    if (!result && w->temporary)
        result = w->io->rename(w->io->context, w->temporary, w->path);
    if (result < 0) {
        remove_temporary(w);
        return error_io(error, "write", w->path, result);
    }
    memory_release(w->allocator, w->temporary, w->temporary_bytes, 1);
    w->temporary = NULL;
    return ISG_OK;
}

isg_status file_write(const isg_allocator *allocator, const isg_io *io, const char *path, const void *bytes, size_t length,
                      isg_error *error)
{
    file_writer w;
    isg_status status = file_writer_open(&w, allocator, io, path, error);
    if (status)
        return status;
    status = file_writer_write(&w, bytes, length, error);
    if (!status)
        return file_writer_commit(&w, error);
    file_writer_abandon(&w);
    return status;
}
