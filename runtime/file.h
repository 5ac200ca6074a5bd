/* file.h - whole files through the I/O hook.
 *
 * Reading takes a limit, so that nothing is allocated for a file that is refused. A file is written
 * whole or not at all: to a temporary file beside it, synced, then renamed over it; on any failure the
 * temporary is removed and what stood at the path stays. Paths under /dev/ (a terminal, a pipe) are
 * written in place. NULL hooks stand for the defaults. Errors name the path.
 */
#ifndef RUNTIME_FILE_H
#define RUNTIME_FILE_H

#include "runtime/isinglass.h"

#include <stdbool.h>

/* *bytes is followed by a NUL that *length does not count; released with file_free. */
isg_status file_read(const isg_allocator *allocator, const isg_io *io, const char *path, uint64_t limit, char **bytes,
                     size_t *length, isg_error *error);
void file_free(const isg_allocator *allocator, char *bytes, size_t length);

isg_status file_write(const isg_allocator *allocator, const isg_io *io, const char *path, const void *bytes, size_t length,
                      isg_error *error);

/* ---- reading piece by piece ------------------------------------------------------------------ */

/* Bytes in memory or in an open file: what the readers of formats read from. */
typedef struct file_source {
    const char *name; /* for messages; the path of a file */
    uint64_t length;
    const char *bytes; /* NULL: in the file */
    const isg_io *io;
    int file;
} file_source;

file_source file_source_memory(const char *name, const void *bytes, size_t length);
isg_status file_source_open(file_source *s, const isg_io *io, const char *path, isg_error *error);
void file_source_close(file_source *s);

/* Exactly `count` bytes from `offset`; ISG_INVALID where the source is shorter. */
isg_status file_source_read(const file_source *s, uint64_t offset, size_t count, void *to, isg_error *error);

/* ---- writing piece by piece ------------------------------------------------------------------ */

typedef struct file_writer {
    const isg_allocator *allocator;
    const isg_io *io;
    const char *path; /* the caller's */
    char *temporary;  /* NULL: in place */
    size_t temporary_bytes;
    int file;
} file_writer;

/* After a successful open, writes follow, then one file_writer_commit or file_writer_abandon. A failed
 * write leaves the writer to be abandoned; a failed commit has abandoned it. */
isg_status file_writer_open(file_writer *w, const isg_allocator *allocator, const isg_io *io, const char *path, isg_error *error);
isg_status file_writer_write(file_writer *w, const void *bytes, size_t count, isg_error *error);
isg_status file_writer_commit(file_writer *w, isg_error *error);
void file_writer_abandon(file_writer *w);

#endif
