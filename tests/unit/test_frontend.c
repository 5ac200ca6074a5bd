/* test_frontend.c - the frontend from inside: the module that it builds, spans on everything, and that
 * failing memory and failing files are ordinary errors. Its diagnostics are tested in tests/frontend. */
#include "frontend/frontend.h"
#include "tests/unit/ir_check.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a file system in memory, whose Nth call fails ---- */

typedef struct memory_file {
    const char *path, *text;
} memory_file;

typedef struct memory_io {
    const memory_file *files;
    int fail_at; /* this call fails; 0: none */
    int calls;
    int open_files;
} memory_io;

static bool fails(memory_io *m)
{
    return ++m->calls == m->fail_at;
}

static int memory_open(void *context, const char *path, int flags, int mode)
{
    memory_io *m = context;
    (void)mode;
    CHECK((flags & O_ACCMODE) == O_RDONLY, "%s is opened to be written", path);
    if (fails(m))
        return -EIO;
    for (int i = 0; m->files[i].path; i++) {
        if (strcmp(m->files[i].path, path))
            continue;
        m->open_files++;
        return i;
    }
    return -ENOENT;
}

static int64_t memory_size(void *context, int file)
{
    memory_io *m = context;
    return fails(m) ? -EIO : (int64_t)strlen(m->files[file].text);
}

/* Three bytes at a time, as a pipe might. */
static int64_t memory_read(void *context, int file, void *bytes, size_t count, int64_t offset)
{
    memory_io *m = context;
    if (fails(m))
        return -EIO;
    size_t length = strlen(m->files[file].text) - (size_t)offset;
    count = count > 3 ? 3 : count;
    count = count > length ? length : count;
    memcpy(bytes, m->files[file].text + offset, count);
    return (int64_t)count;
}

static int memory_close(void *context, int file)
{
    (void)file;
    ((memory_io *)context)->open_files--;
    return 0;
}

static isg_io io_of(memory_io *m)
{
    return (isg_io){.open = memory_open, .size = memory_size, .read_at = memory_read, .close = memory_close, .context = m};
}

/* ---- an allocator whose Nth call fails, once or for ever after ---- */

typedef struct limited_memory {
    int fail_at, calls;
    bool for_ever;
    size_t used;
} limited_memory;

static void *limited_resize(void *context, void *block, size_t old_size, size_t new_size)
{
    limited_memory *m = context;
    if (new_size && (++m->calls == m->fail_at || (m->for_ever && m->fail_at && m->calls > m->fail_at)))
        return NULL;
    m->used += new_size - old_size;
    if (new_size)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

/* ---- loading ---- */

typedef struct session {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
    ir_module *module;
    bool out_of_memory;
} session;

static void load(session *s, const isg_allocator *allocator, const isg_io *io, const char *path)
{
    memset(s, 0, sizeof *s);
    arena_open(&s->arena, allocator, &s->no_memory);
    if (setjmp(s->no_memory)) {
        s->out_of_memory = true;
        return;
    }
    diagnostics_open(&s->diagnostics, &s->arena);
    s->module = frontend_load(&s->arena, &s->diagnostics, io, path);
    diagnostics_draw(&s->diagnostics);
}

static const memory_file program[] = {
    {"dir/main.attn", "use \"cut.attn\";\n"
                      "const TWO = 4 / 2;\n"
                      "fn block(x: f32[N, D], p: params) {\n"
                      "  let half = N / 2;\n"
                      "  return linear(layernorm(x, p.norm.0, eps = 1e-3), p.fc) * half + p.bias;\n"
                      "}\n"
                      "model m {\n"
                      "  param @ids: i32[TWO];\n"
                      "  input a: f32[3, TWO + 1];\n"
                      "  let s = -sqrt(TWO * 8);\n"
                      "  let (x, e) = max_cut(a, weight = s);\n"
                      "  let g = @blocks.0;\n"
                      "  output y = block(mean(a, axis = -1) * s, g.where) + max_cut(a).energy;\n"
                      "  output x = attention(a, a, a, keys = x) - embedding(@ids, @table);\n"
                      "  output z = split_heads(a, 3);\n"
                      "}\n"},
    {"dir/cut.attn", "const LAST = 1;\n"
                     "hamiltonian max_cut(adj: f32[N, N]; weight = 1, rounds = N) {\n"
                     "  index i, j in N - LAST;\n"
                     "  spin s[i] in {-1, 1};\n"
                     "  let last = N - LAST;\n"
                     "  minimize weight * sum[i, j : i < j and j != last] adj[i, j] * s[i] * s[j - 0];\n"
                     "  return cut[i] = s[i] where i > 0, energy = dot(adj[0], s) + max(1, LAST);\n"
                     "}\n"},
    {NULL, NULL}};

static const char expected[] = "isinglass 1\n"
                               "stage calls\n"
                               "param @ids : i32[2]\n"
                               "\n"
                               "hamiltonian @max_cut(%adj: f32[N, N]; weight = 1, rounds = $N) {\n"
                               "  %s = spin over [i in $N - 1] domain -1\n"
                               "  %last = map over [] elem $N - 1\n"
                               "  minimize %s name max_cut energy $weight * sum[i in $N - 1, j in $N - 1 : i < j and j != $N - "
                               "1] (%adj[i, j] * %s[i] * %s[j - 0])\n"
                               "  %cut = readout over [i in $N - 1] where i > 0 elem %s[i]\n"
                               "  %energy = readout over [] elem dot(%adj[0], %s) + max(1, 1)\n"
                               "  return cut = %cut, energy = %energy\n"
                               "}\n"
                               "\n"
                               "fn @block(%x: f32[N, D], %p: params) {\n"
                               "  %0 = member %p name norm : params\n"
                               "  %1 = member %0 name \"0\" : params\n"
                               "  %2 = layernorm %x, %1 eps 0.001\n"
                               "  %3 = member %p name fc : params\n"
                               "  %4 = linear %2, %3\n"
                               "  %5 = constant value $N / 2\n"
                               "  %6 = multiply %4, %5\n"
                               "  %7 = member %p name bias : params\n"
                               "  %8 = load %7\n"
                               "  %9 = add %6, %8\n"
                               "  return %9\n"
                               "}\n"
                               "\n"
                               "model @m(%a: f32[3, 3]) {\n"
                               "  %x, %e = call %a callee @max_cut options {weight = -4}\n"
                               "  %g = group path @blocks.0 : params\n"
                               "  %0 = mean %a axis -1\n"
                               "  %1 = constant value -4\n"
                               "  %2 = multiply %0, %1\n"
                               "  %3 = member %g name where : params\n"
                               "  %4 = call %2, %3 callee @block\n"
                               "  %5, %6 = call %a callee @max_cut\n"
                               "  %7 = add %4, %6\n"
                               "  %8 = attention %a, %a, %a, %x\n"
                               "  %9 = group path @ids : params\n"
                               "  %10 = load %9\n"
                               "  %11 = group path @table : params\n"
                               "  %12 = embedding %10, %11\n"
                               "  %13 = subtract %8, %12\n"
                               "  %14 = split_heads %a heads 3\n"
                               "  return y = %7, x = %13, z = %14\n"
                               "}\n";

static void check_spans(const ir_module *m)
{
    for (uint32_t op = 1; op < m->ops.count; op++) {
        ir_span span = ir_op_get(m, op)->span;
        CHECK(span.file && span.begin < span.end, "operation %u has no place", op);
    }
    for (uint32_t e = 1; e < m->exprs.count; e++) {
        ir_span span = ir_expr_get(m, e)->span;
        CHECK(span.file && span.begin < span.end, "expression %u, %s, has no place", e, ir_print_expr(m, e));
    }
    for (uint32_t v = 1; v < m->values.count; v++)
        CHECK(ir_value_get(m, v)->span.file, "value %u has no place", v);
}

static void test_module(const char *what)
{
    session s;
    memory_io memory = {.files = program};
    const isg_io io = io_of(&memory);
    load(&s, NULL, &io, "dir/main.attn");
    const char *text = s.module ? ir_print(s.module, false) : "";
    CHECK(!s.diagnostics.error_count, "%s:\n%s", what, diagnostics_draw(&s.diagnostics));
    CHECK(!strcmp(text, expected), "%s: expected\n%s\nbut got\n%s", what, expected, text);
    CHECK(!ir_verify(s.module), "%s: %s", what, ir_verify(s.module));
    check_spans(s.module);
    arena_close(&s.arena);
}

/* Numbers read the same where a comma stands for the point. */
static void test_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < 3; i++)
        if (setlocale(LC_ALL, names[i]))
            break;
    test_module("in another locale");
    setlocale(LC_ALL, "C");
}

static void test_no_memory(bool for_ever)
{
    limited_memory memory = {.fail_at = 1, .for_ever = for_ever};
    for (bool failed = true; failed; memory.fail_at++) {
        session s;
        memory_io files = {.files = program};
        const isg_io io = io_of(&files);
        const isg_allocator allocator = {limited_resize, &memory};
        memory.calls = 0;
        load(&s, &allocator, &io, "dir/main.attn");
        failed = s.out_of_memory;
        CHECK(failed || s.module, "allocation %d", memory.fail_at);
        CHECK(!files.open_files, "a file is left open when allocation %d fails", memory.fail_at);
        arena_close(&s.arena);
        CHECK(!memory.used, "%zu bytes are left when allocation %d fails", memory.used, memory.fail_at);
    }
}

static void test_no_files(void)
{
    for (int fail_at = 1;; fail_at++) {
        session s;
        memory_io files = {.files = program, .fail_at = fail_at};
        const isg_io io = io_of(&files);
        load(&s, NULL, &io, "dir/main.attn");
        bool reached = files.calls >= fail_at;
        CHECK(!reached == !s.diagnostics.error_count, "call %d", fail_at);
        CHECK(!files.open_files, "a file is left open when call %d fails", fail_at);
        arena_close(&s.arena);
        if (!reached)
            break;
    }
}

static void test_library(void)
{
    size_t length = 0;
    const char *text = frontend_library("std/qama.attn", &length);
    CHECK(text && strlen(text) == length && strstr(text, "hamiltonian qama("), "the library has no std/qama.attn");
    CHECK(!frontend_library("std/none.attn", &length), "the library has what it has not");
    for (uint32_t i = 0; frontend_library_path(i); i++) {
        session s;
        memory_file files[] = {{"main.attn", NULL}, {NULL, NULL}};
        char use[256];
        snprintf(use, sizeof use, "use \"%s\"; model m { input x: f32[2]; output y = x; }", frontend_library_path(i));
        files[0].text = use;
        memory_io memory = {.files = files};
        const isg_io io = io_of(&memory);
        load(&s, NULL, &io, "main.attn");
        CHECK(!s.diagnostics.error_count, "%s", diagnostics_draw(&s.diagnostics));
        CHECK(s.module && !ir_verify(s.module), "%s", ir_verify(s.module));
        arena_close(&s.arena);
    }
}

int main(void)
{
    test_module("a program");
    test_locale();
    test_no_memory(false);
    test_no_memory(true);
    test_no_files();
    test_library();
    return failures != 0;
}
