/* fuzz_session.c - libFuzzer harness of the readers of sessions and of our own result files. The first byte chooses: a solution
 * file, or a session, whose session.json ends at a line of `%%` and whose state.bin follows. Memory is limited, as
 * reliability.md promises, and none is left. */
#include "backends/session/session.h"
#include "backends/solve/solution_read.h"
#include "tests/fuzz/limited.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST = 1000, STATE };

/* ---- a directory in memory ------------------------------------------------------------------------ */

typedef struct folder {
    const char *manifest, *state;
    size_t manifest_length, state_length;
} folder;

static int open_file(void *context, const char *path, int flags, int mode)
{
    (void)context, (void)flags, (void)mode;
    size_t length = strlen(path);
    if (length > 12 && !strcmp(path + length - 12, "session.json"))
        return MANIFEST;
    return length > 9 && !strcmp(path + length - 9, "state.bin") ? STATE : -ENOENT;
}

static int64_t size_of(void *context, int file)
{
    const folder *f = context;
    return (int64_t)(file == MANIFEST ? f->manifest_length : f->state_length);
}

static int64_t read_at(void *context, int file, void *bytes, size_t count, int64_t offset)
{
    const folder *f = context;
    size_t length = (size_t)size_of(context, file), at = (size_t)offset;
    size_t given = at >= length ? 0 : length - at < count ? length - at : count;
    memcpy(bytes, (file == MANIFEST ? f->manifest : f->state) + at, given);
    return (int64_t)given;
}

static int64_t refuse_write(void *context, int file, const void *bytes, size_t count)
{
    (void)context, (void)file, (void)bytes, (void)count;
    return -EIO;
}

static int do_nothing(void *context, int file)
{
    (void)context, (void)file;
    return 0;
}

static int refuse_rename(void *context, const char *from, const char *to)
{
    (void)context, (void)from, (void)to;
    return -EIO;
}

static int refuse_remove(void *context, const char *path)
{
    (void)context, (void)path;
    return -EIO;
}

/* The manifest names its state by a hash that chance would never find. */
static void give_hash(char *manifest, size_t length, const char *state, size_t state_length)
{
    static const char key[] = "\"state\": \"";
    char text[SHA256_TEXT], *at = memmem(manifest, length, key, sizeof key - 1);
    sha256 h;
    if (!at || (size_t)(manifest + length - at) < sizeof key + SHA256_TEXT)
        return;
    sha256_open(&h);
    sha256_add(&h, state, state_length);
    sha256_close(&h, text);
    memcpy(at + sizeof key - 1, text, SHA256_TEXT - 1);
}

static void open_session(const isg_allocator *allocator, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = memmem(bytes, length, "\n%%\n", 4);
    size_t manifest_length = end ? (size_t)(end - bytes) : length;
    folder f = {.manifest_length = manifest_length};
    char *manifest = malloc(manifest_length + 1);
    memcpy(manifest, bytes, manifest_length);
    f.manifest = manifest;
    f.state = end ? (const char *)end + 4 : "";
    f.state_length = end ? length - manifest_length - 4 : 0;
    give_hash(manifest, manifest_length, f.state, f.state_length);
    const isg_io io = {open_file, size_of, read_at, refuse_write, do_nothing, do_nothing, refuse_rename, refuse_remove, &f};
    session *s;
    isg_error error;
    if (!session_open(&s, ".", allocator, &io, &error)) {
        session_facts facts = session_facts_of(s);
        check(facts.samples_done <= facts.sample_count && facts.answered <= facts.matrices);
        for (int64_t k = 0; session_missing(s, k); k++)
            check(session_missing(s, k)[0] != '/' && !strstr(session_missing(s, k), ".."));
        session_close(s);
    } else {
        check(error.status != ISG_OK && error.message[0]);
    }
    free(manifest);
}

static void read_solution(const isg_allocator *allocator, const uint8_t *bytes, size_t length)
{
    solution_file f;
    isg_error error;
    if (solution_read_bytes(allocator, "input", bytes, length, &f, &error))
        return;
    check(f.count > 0 && f.spins >= 0 && f.count * f.spins <= (int64_t)length);
    for (int64_t i = 0; i < f.count * f.spins; i++)
        check(f.states[i] == 1 || f.states[i] == (f.domain == PROBLEM_SPIN ? -1 : 0));
    solution_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t left = MEMORY_LIMIT;
    const isg_allocator allocator = {limited_resize, &left};
    if (!length)
        return 0;
    if (bytes[0] % 2)
        open_session(&allocator, bytes + 1, length - 1);
    else
        read_solution(&allocator, bytes + 1, length - 1);
    check(left == MEMORY_LIMIT);
    return 0;
}
