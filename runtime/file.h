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
isg_status file_read(const isg_allocator *allocator, const isg_io *io, const char *path, uint64_t limit, char **bytes, size_t *length,
                     isg_error *error);
void file_free(const isg_allocator *allocator, char *bytes, size_t length);

isg_status file_write(const isg_allocator *allocator, const isg_io *io, const char *path, const void *bytes, size_t length,
                      isg_error *error);

/* The file, or negative after filling error with ISG_IO. Close it with io->close. */
int file_open_to_read(const isg_io *io, const char *path, isg_error *error);
/* Reads exactly `count` bytes at `offset`; a shorter file is ISG_INVALID. */
isg_status file_read_exactly(const isg_io *io, int file, const char *path, void *bytes, size_t count, int64_t offset,
                             isg_error *error);

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
