/* opt.c - isg opt: passes over a program in the text form. */
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"

#include <stddef.h>
#include <string.h>

typedef struct opt_options {
    const char *pipeline, *output;
    int32_t machine_spins;
    bool print_after_all, verify_each, locations;
} opt_options;

static const option_row rows[] = {
    {"pipeline", "A,B,C", "the passes to run, in this order; none unless given", OPTION_TEXT, offsetof(opt_options, pipeline), 0,
     0},
    {"print-after-all", NULL, "show the program on stderr after every pass", OPTION_FLAG, offsetof(opt_options, print_after_all),
     0, 0},
    {"verify-each", NULL, "check the program after every pass, not only at the end", OPTION_FLAG,
     offsetof(opt_options, verify_each), 0, 0},
    {"locations", NULL, "end each line with its place in the source", OPTION_FLAG, offsetof(opt_options, locations), 0, 0},
    {"machine-spins", "N", "for partition: what the machine holds at once", OPTION_NUMBER, offsetof(opt_options, machine_spins),
     1, 0},
    {"output", "OUT.ising", "write there instead of to stdout", OPTION_TEXT, offsetof(opt_options, output), 0, 'o'},
    {0},
};

/* The passes are those of the table, with what each says of itself. */
static const char *describe(arena *a)
{
    const char *text =
        "Reads a program in the text form, checks it, runs passes on it, and writes it as text.\n"
        "After an error in the program, what is left of it is shown on stdout, never written to a file.\n\npasses:";
    for (const pass *p = pass_table; p->name; p++)
        if (pass_find(p->name) == p)
            text = arena_format(a, "%s\n  %-32s %s", text, p->name, p->doc);
    return text;
}

int cli_opt(cli *c, int argc, char **argv)
{
    const option_table table = {
        "FILE.ising",
        describe(&c->arena),
        "examples:\n"
        "  isg opt digits.ising\n"
        "  isg opt digits.ising --pipeline infer-shapes,fold,lower-hamiltonian --verify-each -o lowered.ising",
        rows,
        true,
    };
    opt_options o = {0};
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    compilation k;
    compilation_open(&k, c);
    k.print_after_all = o.print_after_all;
    k.verify_each = o.verify_each;
    k.locations = o.locations;
    k.machine_variables = o.machine_spins;
    status = compile_load_text(&k, path);
    bool loaded = !status;
    size_t length = strlen(path);
    if (!loaded && length >= 5 && !strcmp(path + length - 5, ".attn"))
        cli_hint(c, "a .attn file is a model; `isg lower %s` prints its program in the text form", path);
    if (!status)
        status = compile_passes(&k, o.pipeline ? o.pipeline : "");
    if (!status || (loaded && status == EXIT_INPUT && !o.output)) {
        int written = cli_write_text(c, o.output, ir_print(k.module, o.locations));
        status = status ? status : written;
    }
    compilation_close(&k);
    return status;
}
