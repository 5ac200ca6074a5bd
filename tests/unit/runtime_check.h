/* runtime_check.h - for the unit tests of the runtime: checks, and hooks that fail when told to. */
#ifndef TESTS_RUNTIME_CHECK_H
#define TESTS_RUNTIME_CHECK_H

#include "runtime/isinglass.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_failures;

#define CHECK(condition, ...)                                                                                                    \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            check_failures++;                                                                                                    \
            fprintf(stderr, "%s:%d: %s:", __FILE__, __LINE__, #condition);                                                       \
            fprintf(stderr, " " __VA_ARGS__);                                                                                    \
            fputc('\n', stderr);                                                                                                 \
        }                                                                                                                        \
    } while (0)

/* ---- a trap: the Nth call fails, once or for ever after --------------------------------------- */

typedef struct trap {
    atomic_long calls;
    long at; /* 0: never */
    bool ever_after;
    atomic_long held_bytes, held_blocks;
} trap;

static inline bool trap_springs(trap *t)
{
    long call = atomic_fetch_add(&t->calls, 1) + 1;
    return t->at && (t->ever_after ? call >= t->at : call == t->at);
}

static void *trap_resize(void *context, void *block, size_t old_size, size_t new_size)
{
    trap *t = context;
    if (new_size && trap_springs(t))
        return NULL;
    void *result = isg_default_allocator()->resize(NULL, block, old_size, new_size);
    if (new_size && !result)
        return NULL;
    atomic_fetch_add(&t->held_bytes, (long)new_size - (block ? (long)old_size : 0));
    atomic_fetch_add(&t->held_blocks, (new_size != 0) - (block != NULL));
    return result;
}

static inline isg_allocator trap_allocator(trap *t)
{
    return (isg_allocator){.resize = trap_resize, .context = t};
}

/* The I/O hook: each call of any kind counts; `error` is what a sprung call answers. Writes and reads
 * may be made short, which is no failure. */
typedef struct io_trap {
    trap trap;
    int error;   /* negative errno */
    size_t most; /* bytes a transfer; 0: as asked */
    long open_files;
} io_trap;

static int io_trap_open(void *context, const char *path, int flags, int mode)
{
    io_trap *t = context;
    if (trap_springs(&t->trap))
        return t->error;
    int file = isg_default_io()->open(NULL, path, flags, mode);
    t->open_files += file >= 0;
    return file;
}

static int64_t io_trap_size(void *context, int file)
{
    io_trap *t = context;
    return trap_springs(&t->trap) ? t->error : isg_default_io()->size(NULL, file);
}

static int64_t io_trap_read_at(void *context, int file, void *bytes, size_t count, int64_t offset)
{
    io_trap *t = context;
    if (trap_springs(&t->trap))
        return t->error;
    return isg_default_io()->read_at(NULL, file, bytes, t->most && count > t->most ? t->most : count, offset);
}

static int64_t io_trap_write(void *context, int file, const void *bytes, size_t count)
{
    io_trap *t = context;
    if (trap_springs(&t->trap))
        return t->error;
    return isg_default_io()->write(NULL, file, bytes, t->most && count > t->most ? t->most : count);
}

static int io_trap_sync(void *context, int file)
{
    io_trap *t = context;
    return trap_springs(&t->trap) ? t->error : isg_default_io()->sync(NULL, file);
}

/* A close that fails has closed all the same, as on Linux. */
static int io_trap_close(void *context, int file)
{
    io_trap *t = context;
    bool springs = trap_springs(&t->trap);
    int result = isg_default_io()->close(NULL, file);
    t->open_files--;
    return springs ? t->error : result;
}

static int io_trap_rename(void *context, const char *from, const char *to)
{
    io_trap *t = context;
    return trap_springs(&t->trap) ? t->error : isg_default_io()->rename(NULL, from, to);
}

/* Removing never springs: whether a failed write leaves its temporary file is what is tested. */
static int io_trap_remove(void *context, const char *path)
{
    (void)context;
    return isg_default_io()->remove(NULL, path);
}

static inline isg_io io_trap_hook(io_trap *t)
{
    return (isg_io){.open = io_trap_open,
                    .size = io_trap_size,
                    .read_at = io_trap_read_at,
                    .write = io_trap_write,
                    .sync = io_trap_sync,
                    .close = io_trap_close,
                    .rename = io_trap_rename,
                    .remove = io_trap_remove,
                    .context = t};
}

/* ---- a folder of the test's own --------------------------------------------------------------- */

static inline const char *scratch_folder(void)
{
    static char folder[64];
    if (!*folder) {
        strcpy(folder, "/tmp/isg-unit-XXXXXX");
        if (!mkdtemp(folder))
            abort();
    }
    return folder;
}

static inline const char *scratch_path(const char *name)
{
    static char path[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", scratch_folder(), name);
    return path[next];
}

/* How many files lie in it. */
static inline int scratch_count(void)
{
    char command[128];
    int count = -1;
    snprintf(command, sizeof command, "ls -A %s | wc -l", scratch_folder());
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%d", &count) != 1)
        count = -1;
    if (pipe)
        pclose(pipe);
    return count;
}

static inline int check_done(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", scratch_folder());
    if (system(command))
        check_failures++;
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}

#endif
