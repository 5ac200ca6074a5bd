/* problem_file.c - see problem_file.h. */
#include "frontend/cli/problem_file.h"

#include <stdio.h>

int problem_file_format(cli *c, const char *option, const char *name)
{
    size_t count = 0;
    if (!name || matrix_format_doc(name))
        return EXIT_DONE;
    while (matrix_format_names[count])
        count++;
    int status = cli_fail(c, EXIT_USAGE, "unknown format '%s'", name);
    cli_hint_nearest(c, name, matrix_format_names, count, arena_format(&c->arena, "%s ", option), "");
    cli_hint(c, "`%s convert --help` lists the formats", c->program);
    return status;
}

int problem_file_target(cli *c, const char *name, const target **out)
{
    diagnostics d;
    *out = NULL;
    if (!name)
        return EXIT_DONE;
    diagnostics_open(&d, &c->arena);
    d.program = c->program;
    *out = target_find(&d, c->io, name);
    if (*out)
        return EXIT_DONE;
    fputs(diagnostics_draw(&d), stderr);
    return EXIT_INPUT;
}

void problem_file_notes(const cli *c, const char *path, const matrix_notes *notes)
{
    if (notes->duplicates && !c->quiet)
        fprintf(stderr, "%s: note: %s: %lld entr%s stood again, added to the first\n", c->program, path,
                (long long)notes->duplicates, notes->duplicates == 1 ? "y" : "ies");
}
