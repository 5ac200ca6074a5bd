/* cli.c - how the command speaks and writes (cli.h). */
#include "frontend/cli/cli.h"
#include "runtime/file.h"

#include <cblas.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void say(cli *c, const char *kind, const char *format, va_list list)
{
    fprintf(stderr, "%s: %s: ", c->program, kind);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
}

const char *cli_spelled(cli *c)
{
    return c->command ? arena_format(&c->arena, "%s %s", c->program, c->command->name) : c->program;
}

int cli_fail(cli *c, int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(c, status == EXIT_DEFECT ? "internal error" : "error", format, list);
    va_end(list);
    return status;
}

int cli_fail_error(cli *c, const isg_error *error)
{
    int status = error->status == ISG_INCOMPLETE ? EXIT_INCOMPLETE : error->status == ISG_INTERNAL ? EXIT_DEFECT : EXIT_INPUT;
    return cli_fail(c, status, "%s", error->message);
}

void cli_hint(cli *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(c, "hint", format, list);
    va_end(list);
}

void cli_hint_nearest(cli *c, const char *name, const char *const *candidates, size_t count, const char *before,
                      const char *after)
{
    const char *nearest = diagnostics_nearest(&c->arena, name, candidates, count);
    if (nearest)
        cli_hint(c, "did you mean '%s%s%s'?", before, nearest, after);
}

int cli_write_text(cli *c, const char *path, const char *text)
{
    isg_error error;
    if (!path) {
        fputs(text, stdout);
        return EXIT_DONE;
    }
    return file_write(c->allocator, c->io, path, text, strlen(text), &error) ? cli_fail_error(c, &error) : EXIT_DONE;
}

bool cli_same_file(const char *a, const char *b)
{
    struct stat first, second;
    return !stat(a, &first) && !stat(b, &second) && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

int cli_check_kept(cli *c, const char *written, const char *read, const char *what)
{
    if (!written || !read || !cli_same_file(written, read))
        return EXIT_DONE;
    return cli_fail(c, EXIT_INPUT, "%s: is %s, which would be lost; choose another name", written, what);
}

int cli_check_apart(cli *c, const char *first, const char *second, const char *what)
{
    struct stat known;
    if (!first || !second || !(cli_same_file(first, second) || (!strcmp(first, second) && stat(first, &known))))
        return EXIT_DONE;
    return cli_fail(c, EXIT_INPUT, "%s: is to be %s at once", first, what);
}

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int close_stdout(cli *c, int status)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    return failed && status == EXIT_DONE ? cli_fail(c, EXIT_INPUT, "cannot write to stdout") : status;
}

int cli_main(const char *program, int (*run)(cli *c, int argc, char **argv), int argc, char **argv)
{
    static cli c; /* one a process; static, so that the jump below finds it as it was */
    int status;
    openblas_set_num_threads(1);
    c.program = program;
    c.allocator = isg_default_allocator();
    c.io = isg_default_io();
    arena_open(&c.arena, c.allocator, &c.no_memory);
    if (setjmp(c.no_memory))
        status = cli_fail(&c, EXIT_INPUT, "out of memory");
    else
        status = run(&c, argc, argv);
    status = close_stdout(&c, status);
    arena_close(&c.arena);
    return status;
}
