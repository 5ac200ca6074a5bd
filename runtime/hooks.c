/* hooks.c - what a NULL allocator or I/O hook stands for: malloc, and the POSIX calls with -errno. */
#include "runtime/isinglass.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20 };

/* Couplings of long sequences take hundreds of megabytes that are written once a sample. In pages of 4 KiB the faults of the
 * first touch cost several times what computing them does. Only advice: what becomes of it changes nothing but the time. */
static void advise_huge_pages(void *block, size_t size)
{
    if (size < 4 * (size_t)HUGE_PAGE)
        return;
    uintptr_t from = ((uintptr_t)block + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)block + size) & ~(uintptr_t)(HUGE_PAGE - 1);
    int before = errno;
    madvise((void *)from, to - from, MADV_HUGEPAGE);
    errno = before;
}

static void *resize(void *context, void *block, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (!new_size) {
        free(block);
        return NULL;
    }
    block = realloc(block, new_size);
    if (block)
        advise_huge_pages(block, new_size);
    return block;
}

static int open_file(void *context, const char *path, int flags, int mode)
{
    (void)context;
    int file = open(path, flags | O_CLOEXEC, (mode_t)mode);
    return file < 0 ? -errno : file;
}

static int64_t size_of(void *context, int file)
{
    (void)context;
    struct stat status;
    return fstat(file, &status) ? -errno : (int64_t)status.st_size;
}

static int64_t read_at(void *context, int file, void *bytes, size_t count, int64_t offset)
{
    (void)context;
    ssize_t got = pread(file, bytes, count, (off_t)offset);
    return got < 0 ? -errno : got;
}

static int64_t write_bytes(void *context, int file, const void *bytes, size_t count)
{
    (void)context;
    ssize_t put = write(file, bytes, count);
    return put < 0 ? -errno : put;
}

static int sync_file(void *context, int file)
{
    (void)context;
    return fsync(file) ? -errno : 0;
}

static int close_file(void *context, int file)
{
    (void)context;
    return close(file) ? -errno : 0;
}

static int rename_file(void *context, const char *from, const char *to)
{
    (void)context;
    return rename(from, to) ? -errno : 0;
}

static int remove_file(void *context, const char *path)
{
    (void)context;
    return unlink(path) ? -errno : 0;
}

const isg_allocator *isg_default_allocator(void)
{
    static const isg_allocator allocator = {.resize = resize};
    return &allocator;
}

const isg_io *isg_default_io(void)
{
    static const isg_io io = {.open = open_file,
                              .size = size_of,
                              .read_at = read_at,
                              .write = write_bytes,
                              .sync = sync_file,
                              .close = close_file,
                              .rename = rename_file,
                              .remove = remove_file};
    return &io;
}
