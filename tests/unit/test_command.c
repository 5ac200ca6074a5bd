/* test_command.c - parts of the isg command that no input can reach or that no pipe can show: the reproducer of an
 * internal error, option parsing from a table, exit statuses. */
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "frontend/cli/show.h"

#include <glob.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;

#define CHECK(condition)                                                                                                         \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            failures++;                                                                                                          \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                               \
        }                                                                                                                        \
    } while (0)

static const cli_command command = {"test", NULL, ""};

static void cli_open(cli *c)
{
    *c = (cli){.command = &command, .allocator = isg_default_allocator(), .io = isg_default_io()};
    arena_open(&c->arena, NULL, &c->no_memory);
}

/* ---- options --------------------------------------------------------------------------------- */

typedef struct options {
    const char *text;
    text_list list;
    bool flag;
    int32_t number;
    uint64_t seed;
    int choice;
} options;

static const option_row rows[] = {
    {"text", "TEXT", "", OPTION_TEXT, offsetof(options, text), 0, 0},
    {"list", "ITEM", "", OPTION_LIST, offsetof(options, list), 0, 'l'},
    {"flag", NULL, "", OPTION_FLAG, offsetof(options, flag), 0, 'f'},
    {"number", "N", "", OPTION_NUMBER, offsetof(options, number), 1, 0},
    {"seed", "N", "", OPTION_SEED, offsetof(options, seed), 0, 0},
    {"choice", "one|two|three", "", OPTION_CHOICE, offsetof(options, choice), 0, 0},
    {0},
};
static const option_table table = {"FILE", "what", "examples", rows, true};

static int parse(options *o, const char **positional, cli *c, int argc, const char *const *argv)
{
    *o = (options){0};
    return options_parse(c, &table, argc, (char **)argv, o, positional);
}

static void test_options(void)
{
    static const char *const good[] = {"test", "--text=a=b", "-l",       "x",  "--list",
                                       "y",    "--flag",     "--number", "7",  "--seed=18446744073709551615",
                                       "file", "--choice",   "two",      "-q", "--model=m"};
    cli c;
    options o;
    const char *file;
    cli_open(&c);
    CHECK(parse(&o, &file, &c, sizeof good / sizeof *good, good) == OPTIONS_GO_ON);
    CHECK(!strcmp(o.text, "a=b") && o.list.count == 2 && !strcmp(o.list.at[1], "y") && o.flag && o.number == 7);
    CHECK(o.seed == UINT64_MAX && o.choice == 1 && !strcmp(file, "file") && c.quiet && !strcmp(c.model, "m"));
    static const char *const after[] = {"test", "--", "--flag"};
    CHECK(parse(&o, &file, &c, 3, after) == OPTIONS_GO_ON && !o.flag && !strcmp(file, "--flag"));
    static const char *const bad[][2] = {{"--number", "0"},  {"--number", "2147483648"},
                                         {"--number", "+1"}, {"--number", "1 "},
                                         {"--number", ""},   {"--seed", "-1"},
                                         {"--seed", "0x1"},  {"--seed", "18446744073709551616"},
                                         {"--choice", "tw"}, {"--choice", ""},
                                         {"--flag=1", "x"},  {"--tex", "x"},
                                         {"-x", "x"},        {"-fl", "x"},
                                         {"--=", "x"},       {"--text", NULL}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *argv[] = {"test", "file", bad[i][0], bad[i][1]};
        CHECK(parse(&o, &file, &c, bad[i][1] ? 4 : 3, argv) == EXIT_USAGE);
    }
    static const char *const none[] = {"test"}, *const two[] = {"test", "a", "b"};
    CHECK(parse(&o, &file, &c, 1, none) == EXIT_USAGE);
    CHECK(parse(&o, &file, &c, 3, two) == EXIT_USAGE);
    arena_close(&c.arena);
}

/* ---- the reproducer -------------------------------------------------------------------------- */

static void test_reproducer(const char *failed, const char *stage, const char *pipeline)
{
    char folder[] = "/tmp/isg-test-XXXXXX", text[4096] = "", *pattern;
    glob_t found;
    cli c;
    compilation k;
    cli_open(&c);
    CHECK(mkdtemp(folder) != NULL);
    setenv("TMPDIR", folder, 1);
    compilation_open(&k, &c);
    const char *before = arena_format(&c.arena, "isinglass 1\nstage %s\n", stage);
    CHECK(compile_defect(&k, failed, "@m: one fault\nand more", before) == EXIT_DEFECT);
    pattern = arena_format(&c.arena, "%s/isg-reproducer-*.ising", folder);
    CHECK(glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1);
    FILE *file = found.gl_pathc ? fopen(found.gl_pathv[0], "r") : NULL;
    CHECK(file && fread(text, 1, sizeof text - 1, file) > 0);
    CHECK(strstr(text, arena_format(&c.arena, "%s: @m: one fault\n", failed)) != NULL);
    CHECK(strstr(text, arena_format(&c.arena, "--pipeline %s", pipeline)) != NULL);
    CHECK(strstr(text, before) != NULL);
    if (file)
        fclose(file);
    for (size_t i = 0; i < found.gl_pathc; i++)
        unlink(found.gl_pathv[i]);
    globfree(&found);
    rmdir(folder);
    compilation_close(&k);
    arena_close(&c.arena);
}

static void test_statuses(void)
{
    static const int expected[][2] = {{ISG_INVALID, EXIT_INPUT}, {ISG_INCOMPLETE, EXIT_INCOMPLETE}, {ISG_NO_MEMORY, EXIT_INPUT},
                                      {ISG_IO, EXIT_INPUT},      {ISG_INCOMPATIBLE, EXIT_INPUT},    {ISG_INTERNAL, EXIT_DEFECT}};
    cli c;
    cli_open(&c);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const isg_error error = {(isg_status)expected[i][0], "a message"};
        CHECK(cli_fail_error(&c, &error) == expected[i][1]);
    }
    CHECK(cli_write_text(&c, "/nonexistent/file", "text") == EXIT_INPUT);
    arena_close(&c.arena);
}

int main(void)
{
    freopen("/dev/null", "w", stderr);
    test_options();
    test_reproducer("lower-hamiltonian", "graph", "lower-hamiltonian,fold,split-independent");
    test_reproducer("fold", "ising", "fold,split-independent");
    test_reproducer("fold", "graph", "fold,lower-hamiltonian,");
    test_reproducer("native", "graph", "infer-shapes,fold,");
    test_statuses();
    return failures != 0;
}
