/* test_diagnostic.c - how diagnostics are drawn, ordered, merged and cut, and the nearest of some names. */
#include "ir/diagnostic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

typedef struct session {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
    uint32_t file;
} session;

static void session_open(session *s, const char *text)
{
    arena_open(&s->arena, NULL, &s->no_memory);
    if (setjmp(s->no_memory)) {
        puts("out of memory");
        exit(1);
    }
    diagnostics_open(&s->diagnostics, &s->arena);
    s->file = diagnostics_add_file(&s->diagnostics, "a.attn", text, strlen(text));
}

static void expect(session *s, const char *what, const char *wanted)
{
    const char *got = diagnostics_draw(&s->diagnostics);
    if (strcmp(got, wanted)) {
        failures++;
        printf("%s: expected\n%s\nbut got\n%s\n", what, wanted, got);
    }
    arena_close(&s->arena);
}

static ir_span at(const session *s, uint32_t begin, uint32_t end)
{
    return (ir_span){s->file, begin, end};
}

static void test_places(void)
{
    session s;
    session_open(&s, "one\ntwo three\n");
    diagnostic *d = diagnostics_error(&s.diagnostics, at(&s, 8, 13), "%s is wrong", "three");
    diagnostic_note_at(&s.diagnostics, d, at(&s, 0, 3), "one is here");
    diagnostic_note_at(&s.diagnostics, d, (ir_span){0}, "no place");
    diagnostic_hint(&s.diagnostics, d, "try four");
    diagnostics_warning(&s.diagnostics, at(&s, 14, 14), "it ends here");
    expect(&s, "places",
           "a.attn:2:5: error: three is wrong\n    2 | two three\n      |     ^^^^^\n"
           "a.attn:1:1: note: one is here\n    1 | one\n      | ^^^\n"
           "note: no place\nhint: try four\n"
           "a.attn:3:1: warning: it ends here\n    3 | \n      | ^\n");
}

static void test_nowhere(void)
{
    session s;
    session_open(&s, "");
    diagnostics_error(&s.diagnostics, (ir_span){0}, "cannot read 'b\n.attn'");
    diagnostics_error(&s.diagnostics, at(&s, 0, 0), "empty");
    diagnostics_error(&s.diagnostics, at(&s, 70, 90), "behind the end");
    expect(&s, "nowhere",
           "error: cannot read 'b?.attn'\na.attn:1:1: error: empty\n    1 | \n      | ^\n"
           "a.attn:1:1: error: behind the end\n    1 | \n      | ^\n");
}

/* Columns are characters; tabs, wide and combining characters move the caret by what they take. */
static void test_columns(void)
{
    session s;
    session_open(&s, "\té = x;\n日本 y\ne\xCC\x81 z\n\xFF\x01 w\r\n");
    diagnostics_error(&s.diagnostics, at(&s, 6, 7), "x");
    diagnostics_error(&s.diagnostics, at(&s, 9, 15), "wide");
    diagnostics_error(&s.diagnostics, at(&s, 16, 17), "y");
    diagnostics_error(&s.diagnostics, at(&s, 22, 23), "z");
    diagnostics_error(&s.diagnostics, at(&s, 27, 29), "w");
    expect(&s, "columns",
           "a.attn:1:6: error: x\n    1 |     é = x;\n      |         ^\n"
           "a.attn:2:1: error: wide\n    2 | 日本 y\n      | ^^^^\n"
           "a.attn:2:4: error: y\n    2 | 日本 y\n      |      ^\n"
           "a.attn:3:4: error: z\n    3 | e\xCC\x81 z\n      |   ^\n"
           "a.attn:4:4: error: w\n    4 | ?? w\n      |    ^\n");
}

static void test_several_lines(void)
{
    session s;
    session_open(&s, "f(a,\n  b)\n");
    diagnostics_error(&s.diagnostics, at(&s, 2, 9), "both");
    expect(&s, "several lines", "a.attn:1:3: error: both\n    1 | f(a,\n      |   ^^\n");
}

static void test_long_line(void)
{
    session s;
    char text[1001], wanted[512];
    memset(text, 'a', 1000);
    text[1000] = 0;
    text[500] = 'b';
    session_open(&s, text);
    diagnostics_error(&s.diagnostics, at(&s, 500, 501), "b");
    snprintf(wanted, sizeof wanted, "a.attn:1:501: error: b\n    1 | ...%.40sb%.119s...\n      | %43s^\n", text, text, "");
    expect(&s, "a long line", wanted);
}

static void test_order(void)
{
    session s;
    session_open(&s, "abc");
    uint32_t second = diagnostics_add_file(&s.diagnostics, "b.attn", "xyz", 3);
    diagnostics_error(&s.diagnostics, (ir_span){second, 0, 1}, "fourth");
    diagnostics_error(&s.diagnostics, at(&s, 1, 2), "second");
    diagnostics_error(&s.diagnostics, at(&s, 1, 2), "third");
    diagnostics_error(&s.diagnostics, at(&s, 1, 2), "second");
    diagnostics_error(&s.diagnostics, at(&s, 0, 1), "first");
    diagnostics_warning(&s.diagnostics, at(&s, 0, 1), "first");
    expect(&s, "order",
           "a.attn:1:1: error: first\n    1 | abc\n      | ^\n"
           "a.attn:1:1: warning: first\n    1 | abc\n      | ^\n"
           "a.attn:1:2: error: second\n    1 | abc\n      |  ^\n"
           "a.attn:1:2: error: third\n    1 | abc\n      |  ^\n"
           "b.attn:1:1: error: fourth\n    1 | xyz\n      | ^\n");
}

static uint32_t count_text(const char *text, const char *what)
{
    uint32_t count = 0;
    for (; (text = strstr(text, what)); text++)
        count++;
    return count;
}

static void test_limit(uint32_t errors, uint32_t drawn, const char *last)
{
    session s;
    session_open(&s, "abc");
    for (uint32_t i = 0; i < errors; i++)
        diagnostics_error(&s.diagnostics, at(&s, 0, 1), "error %u", errors - i);
    const char *text = diagnostics_draw(&s.diagnostics);
    const char *end = text + strlen(text) - (strlen(last) < strlen(text) ? strlen(last) : strlen(text));
    if (count_text(text, ": error: ") != drawn || s.diagnostics.error_count != errors || strcmp(end, last)) {
        failures++;
        printf("of %u errors drawn:\n%s\n", errors, text);
    }
    arena_close(&s.arena);
}

static void expect_nearest(const char *name, const char *wanted)
{
    static const char *const candidates[] = {"keys", "values", "softmax", "x", "split_heads", "norm_q", "norm_k"};
    const char *got = diagnostics_nearest(NULL, name, candidates, sizeof candidates / sizeof *candidates);
    if (got == wanted || (got && wanted && !strcmp(got, wanted)))
        return;
    failures++;
    printf("nearest to '%s': expected %s, got %s\n", name, wanted ? wanted : "none", got ? got : "none");
}

static void test_nearest(void)
{
    expect_nearest("kyes", "keys");
    expect_nearest("key", "keys");
    expect_nearest("softmx", "softmax");
    expect_nearest("sotfmxa", "softmax");
    expect_nearest("norm_v", "norm_q");
    expect_nearest("splitheads", "split_heads");
    expect_nearest("y", NULL);
    expect_nearest("attention", NULL);
    expect_nearest("", NULL);
}

int main(void)
{
    test_places();
    test_nowhere();
    test_columns();
    test_several_lines();
    test_long_line();
    test_order();
    test_limit(0, 0, "");
    test_limit(20, 20, "      | ^\n");
    test_limit(21, 20, "1 more error is not shown\n");
    test_limit(60000, 20, "59980 more errors are not shown\n");
    test_nearest();
    return failures != 0;
}
