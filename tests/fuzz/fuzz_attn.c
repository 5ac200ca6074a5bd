/* fuzz_attn.c - libFuzzer harness: any bytes as `.attn` text, loaded as the file main.attn. What loads without an error must
 * verify, and print to a text that parses; with errors, what is left must verify too. A file that uses `main.attn` meets a cycle,
 * and one that uses anything else the library. Memory is limited, as reliability.md promises.
 */
#include "frontend/frontend.h"
#include "tests/fuzz/limited.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file system of one file. */
typedef struct bytes {
    const uint8_t *at;
    size_t length;
} bytes;

static int open_main(void *context, const char *path, int flags, int mode)
{
    (void)context;
    (void)flags;
    (void)mode;
    return strcmp(path, "main.attn") ? -ENOENT : 0;
}

static int64_t size_of(void *context, int file)
{
    (void)file;
    return (int64_t)((const bytes *)context)->length;
}

static int64_t read_bytes(void *context, int file, void *out, size_t count, int64_t offset)
{
    const bytes *b = context;
    (void)file;
    size_t left = b->length - (size_t)offset;
    count = count < left ? count : left;
    if (count)
        memcpy(out, b->at + offset, count);
    return (int64_t)count;
}

static int close_file(void *context, int file)
{
    (void)context;
    (void)file;
    return 0;
}

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "%s\n%s\n", what, text);
    abort();
}

static void check_module(arena *a, diagnostics *d, ir_module *m, bool clean)
{
    const char *wrong = ir_verify(m);
    const char *text = ir_print(m, false);
    if (wrong)
        fail(wrong, text);
    if (clean && !ir_parse(a, d, diagnostics_add_file(d, "again.ising", text, strlen(text))))
        fail(diagnostics_draw(d), text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t length)
{
    size_t left = MEMORY_LIMIT;
    const isg_allocator allocator = {limited_resize, &left};
    bytes file = {at, length};
    const isg_io io = {.open = open_main, .size = size_of, .read_at = read_bytes, .close = close_file, .context = &file};
    jmp_buf no_memory;
    arena a;
    diagnostics d;
    arena_open(&a, &allocator, &no_memory);
    if (setjmp(no_memory) == 0) {
        diagnostics_open(&d, &a);
        ir_module *m = frontend_load(&a, &d, &io, "main.attn");
        diagnostics_draw(&d);
        if (!m)
            abort();
        check_module(&a, &d, m, d.error_count == 0);
    }
    arena_close(&a);
    if (left != MEMORY_LIMIT)
        abort();
    return 0;
}
