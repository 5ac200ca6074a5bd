/* convert.c - isg convert: a problem file from one format to another. */
#include "frontend/cli/options.h"
#include "frontend/cli/problem_file.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

typedef struct convert_options {
    const char *from, *to, *out;
} convert_options;

static const option_row rows[] = {
    {"OUT", NULL, "", OPTION_SECOND, offsetof(convert_options, out), 0, 0},
    {"from", "FMT", "the format of PROBLEM; by its sidecar, extension or content unless given", OPTION_TEXT,
     offsetof(convert_options, from), 0, 0},
    {"to", "FMT", "the format of OUT; by its extension unless given", OPTION_TEXT, offsetof(convert_options, to), 0, 0},
    {0},
};

/* The formats are those of the table, with what each says of itself. */
static const char *describe(arena *a)
{
    const char *text =
        "Reads a problem and writes it in another format. No energy is changed: what OUT's format cannot hold -\n"
        "an offset, spins of -1 and 1, names - goes to OUT.isg.json beside it, and the two are read back as\n"
        "exactly this problem. A problem that the format's range or grid cannot hold is refused; `isg emit` quantises.\n\n"
        "formats:";
    for (const char *const *name = matrix_format_names; *name; name++)
        text = arena_format(a, "%s\n  %-16s %s", text, *name, matrix_format_doc(*name));
    return text;
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void say_read(cli *c, const char *path, const problem *p, const matrix_notes *n)
{
    if (c->quiet)
        return;
    fprintf(stderr, "%s: %s%s, %" PRId64 " spin%s, %" PRId64 " coupling%s", path, n->format, n->sidecar ? " with a sidecar" : "",
            p->spins, plural(p->spins), p->coupling_count, plural(p->coupling_count));
    if (n->duplicates)
        fprintf(stderr, ", %" PRId64 " duplicate entr%s summed", n->duplicates, n->duplicates == 1 ? "y" : "ies");
    if (n->zeros)
        fprintf(stderr, ", %" PRId64 " entr%s of 0", n->zeros, n->zeros == 1 ? "y" : "ies");
    fputc('\n', stderr);
}

int cli_convert(cli *c, int argc, char **argv)
{
    const option_table table = {"PROBLEM", describe(&c->arena),
                                "examples:\n"
                                "  isg convert G22.txt g22.mtx --from rudy\n"
                                "  isg convert model.bqm.json model.csv --to kaiwu-csv",
                                rows, false};
    convert_options o = {0};
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = problem_file_format(c, "--from", o.from);
    if (!status)
        status = problem_file_format(c, "--to", o.to);
    if (status)
        return status;
    if (!o.to && !matrix_format_of_path(o.out)) {
        cli_fail(c, EXIT_USAGE, "the name '%s' does not say which format to write", o.out);
        cli_hint(c, "name it with --to; `isg convert --help` lists the formats");
        return EXIT_USAGE;
    }
    problem p;
    matrix_names names;
    matrix_notes notes;
    isg_error error;
    if (matrix_read_named(c->allocator, c->io, path, o.from, &p, &names, &notes, &error))
        return cli_fail_error(c, &error);
    say_read(c, path, &p, &notes);
    bool failed = matrix_write_named(c->allocator, c->io, o.out, o.to, &p, &names, &error) != ISG_OK;
    matrix_names_close(&names);
    problem_close(&p);
    return failed ? cli_fail_error(c, &error) : EXIT_DONE;
}
