/* cli.h - what the subcommands of isg share: the context of a run of the command, its exit statuses,
 * and how it speaks. Results go to stdout or to named files, everything else to stderr. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "ir/ir.h"

/* Exit statuses (design.md). */
enum { EXIT_DONE = 0, EXIT_INPUT = 1, EXIT_USAGE = 2, EXIT_INCOMPLETE = 3, EXIT_DEFECT = 70 };

typedef struct cli cli;

typedef struct cli_command {
    const char *name;
    int (*run)(cli *c, int argc, char **argv); /* argv[0] is the subcommand; returns the exit status */
    const char *doc;                           /* one line */
} cli_command;
extern const cli_command cli_commands[]; /* ends with name NULL */

/* One a process. Memory comes from the arena; when it runs out, main says so and ends. */
struct cli {
    const char *program;        /* "isg" or "isgrun" */
    const cli_command *command; /* NULL: a program without subcommands */
    arena arena;
    jmp_buf no_memory;
    const isg_allocator *allocator;
    const isg_io *io;
    bool quiet;
    const char *model; /* --model, or NULL */
};

int cli_compile(cli *c, int argc, char **argv);
int cli_lower(cli *c, int argc, char **argv);
int cli_opt(cli *c, int argc, char **argv);
int cli_run(cli *c, int argc, char **argv);
int cli_targets(cli *c, int argc, char **argv);
int cli_fit(cli *c, int argc, char **argv);
int cli_solve(cli *c, int argc, char **argv);
int cli_convert(cli *c, int argc, char **argv);
int cli_emit(cli *c, int argc, char **argv);
int cli_decode(cli *c, int argc, char **argv);
int cli_inspect(cli *c, int argc, char **argv);

/* A process from beginning to end: `run` with a context of that name; returns the exit status. What was printed counts only when
 * it has arrived. */
int cli_main(const char *program, int (*run)(cli *c, int argc, char **argv), int argc, char **argv);

/* "isg run", "isgrun": what a user types. */
const char *cli_spelled(cli *c);

/* `isg: error: ...` on stderr; returns the status. */
int cli_fail(cli *c, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
int cli_fail_error(cli *c, const isg_error *error); /* the same from a runtime error, with its exit status */
void cli_hint(cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* `did you mean ...?` with the nearest candidate, or nothing. */
void cli_hint_nearest(cli *c, const char *name, const char *const *candidates, size_t count, const char *before,
                      const char *after);

/* Text to stdout, or whole or not at all to the file of that path unless it is NULL. */
int cli_write_text(cli *c, const char *path, const char *text);

/* Whether two names lead to one file that exists and could be lost (no device, no pipe), be it by links or by another way. */
bool cli_same_file(const char *a, const char *b);

/* What is written takes neither the place of what is read, `what`: "the problem itself", nor that of what else is written,
 * `what` then naming both: "the solution and the report". EXIT_DONE, or refused; paths may be NULL. */
int cli_check_kept(cli *c, const char *written, const char *read, const char *what);
int cli_check_apart(cli *c, const char *first, const char *second, const char *what);

double cli_seconds(void); /* a clock */

#endif
