/* folder.c - the directory of a session: made, locked, and cleared of what killed processes left. */
#include "backends/session/session_data.h"

#include "runtime/error.h"
#include "runtime/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what lies there ----------------------------------------------------------------------------- */

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static bool is_temporary(const char *name)
{
    return strstr(name, ".partial-") != NULL;
}

/* What `begin` and `commit` write, the manifest aside. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {"program.ising", "target.yaml",    "weights.safetensors", "inputs",
                                        "state.bin",     "state-next.bin", "round-000",           NULL};
    for (int i = 0; names[i]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return is_temporary(name);
}

typedef bool (*name_filter)(const char *name);

static bool any_name(const char *name)
{
    (void)name;
    return true;
}

static bool of_sample(const char *name)
{
    return starts_with(name, "sample-") || is_temporary(name);
}

/* Files alone; what cannot be removed stays. */
static void remove_files(session *s, const char *path, name_filter filter)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));)
        if (*e->d_name != '.' && filter(e->d_name)) {
            char name[4096];
            if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) < (int)sizeof name)
                s->io->remove(s->io->context, name);
        }
    if (d)
        closedir(d);
}

void folder_sweep(session *s)
{
    remove_files(s, s->folder, is_temporary);
}

/* ---- locking ------------------------------------------------------------------------------------- */

static isg_status take_lock(session *s, isg_error *error)
{
    s->lock = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock < 0)
        return error_io(error, "open", s->folder, -errno);
    if (!flock(s->lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) /* not every file system has locks */
        return ISG_OK;
    close(s->lock);
    s->lock = -1;
    return error_fail(error, ISG_INVALID, "%s: another process is at work on this session", s->folder);
}

isg_status folder_lock(session *s, isg_error *error)
{
    return take_lock(s, error);
}

/* ---- making -------------------------------------------------------------------------------------- */

static isg_status make_directory(const char *path, bool *made, isg_error *error)
{
    *made = !mkdir(path, 0777);
    return *made || errno == EEXIST ? ISG_OK : error_io(error, "make the directory", path, -errno);
}

/* A stranger's file must not be mixed up with the session's, nor a session be written over. */
static isg_status check_contents(session *s, isg_error *error)
{
    isg_status status = ISG_OK;
    DIR *d = opendir(s->folder);
    if (!d)
        return error_io(error, "open", s->folder, -errno);
    for (struct dirent *e; !status && (e = readdir(d));) {
        if (!strcmp(e->d_name, "session.json"))
            status = error_fail(
                error, ISG_INVALID,
                "%s: holds a session already; `isg decode` goes on with it, and a new one needs a directory of its own",
                s->folder);
        else if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && !is_ours(e->d_name))
            status = error_fail(error, ISG_INVALID,
                                "%s: the directory is not empty (it holds '%.100s'); a session needs one of its own", s->folder,
                                e->d_name);
    }
    closedir(d);
    return status;
}

static void remove_contents(session *s)
{
    const char *inputs = arena_format(&s->arena, "%s/inputs", s->folder);
    const char *round = arena_format(&s->arena, "%s/round-000", s->folder);
    remove_files(s, inputs, any_name);
    remove_files(s, round, of_sample);
    rmdir(inputs);
    rmdir(round);
    remove_files(s, s->folder, is_ours);
}

isg_status folder_make(session *s, isg_error *error)
{
    bool made;
    isg_status status = make_directory(s->folder, &s->made_it, error);
    if (!status)
        status = take_lock(s, error);
    if (status)
        return status;
    status = check_contents(s, error);
    if (status) { /* nothing of what is there is to be discarded */
        close(s->lock);
        s->lock = -1;
        return status;
    }
    remove_contents(s);
    return make_directory(arena_format(&s->arena, "%s/inputs", s->folder), &made, error);
}

void folder_remove(session *s)
{
    jmp_buf no_memory;
    s->arena.on_no_memory = &no_memory;
    if (!setjmp(no_memory)) {
        s->io->remove(s->io->context, folder_path(s, "session.json"));
        remove_contents(s);
    }
    if (s->made_it)
        rmdir(s->folder);
    s->arena.on_no_memory = &s->no_memory;
}

isg_status folder_make_round(session *s, uint32_t round, isg_error *error)
{
    bool made;
    const char *path = arena_format(&s->arena, "%s/%s", s->folder, session_round_name(s, round));
    isg_status status = make_directory(path, &made, error);
    if (!status && !made)
        remove_files(s, path, of_sample);
    return status;
}

isg_status folder_sync(session *s, const char *name, isg_error *error)
{
    const char *path = name ? arena_format(&s->arena, "%s/%s", s->folder, name) : s->folder;
    int file = s->io->open(s->io->context, path, O_RDONLY | O_DIRECTORY, 0);
    if (file < 0)
        return file == -ENOENT ? ISG_OK : error_io(error, "open", path, file);
    int result = s->io->sync(s->io->context, file);
    s->io->close(s->io->context, file);
    return result < 0 && result != -EINVAL ? error_io(error, "write", path, result) : ISG_OK;
}

/* ---- copying ------------------------------------------------------------------------------------- */

static isg_status copy_bytes(const file_source *from, file_writer *to, isg_error *error)
{
    char bytes[1 << 14];
    isg_status status = ISG_OK;
    for (uint64_t at = 0; at < from->length && !status;) {
        uint64_t left = from->length - at;
        size_t count = left < sizeof bytes ? (size_t)left : sizeof bytes;
        status = file_source_read(from, at, count, bytes, error);
        if (!status)
            status = file_writer_write(to, bytes, count, error);
        at += count;
    }
    return status;
}

isg_status folder_copy(session *s, const char *from, const char *to, isg_error *error)
{
    file_source source;
    file_writer writer;
    const char *path = arena_format(&s->arena, "%s/%s", s->folder, to);
    isg_status status = file_source_open(&source, s->io, from, error);
    if (status)
        return status;
    status = file_writer_open(&writer, s->allocator, s->io, path, error);
    if (!status) {
        status = copy_bytes(&source, &writer, error);
        if (status)
            file_writer_abandon(&writer);
        else
            status = file_writer_commit(&writer, error);
    }
    file_source_close(&source);
    return status;
}
