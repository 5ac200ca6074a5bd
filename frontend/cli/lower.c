/* lower.c - isg lower: a model as text, at a chosen stage. */
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"

#include <stddef.h>

typedef struct lower_options {
    const char *weights, *output, *target;
    int to; /* position in `stages` */
    bool print_after_all, verify_each, locations;
} lower_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file; gives their shapes", OPTION_TEXT, offsetof(lower_options, weights),
     0, 0},
    {"to", "graph|ising|scheduled", "the stage to stop at; `ising` unless said otherwise", OPTION_CHOICE,
     offsetof(lower_options, to), 0, 0},
    {"print-after-all", NULL, "show the program on stderr after every pass", OPTION_FLAG,
     offsetof(lower_options, print_after_all), 0, 0},
    {"verify-each", NULL, "check the program after every pass, not only at the end", OPTION_FLAG,
     offsetof(lower_options, verify_each), 0, 0},
    {"locations", NULL, "end each line with its place in the source", OPTION_FLAG, offsetof(lower_options, locations), 0, 0},
    {"target", "NAME", "what to compile for (isg targets lists them): its spins set the parts of stage `scheduled`", OPTION_TEXT,
     offsetof(lower_options, target), 0, 0},
    {"output", "OUT.ising", "write there instead of to stdout", OPTION_TEXT, offsetof(lower_options, output), 0, 'o'},
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Compiles a model up to a stage and writes the program as text. `graph` has tensor operations and the\n"
    "Hamiltonians as they are written, inlined and with all shapes known; `ising` has each Hamiltonian as a\n"
    "short list of terms; `scheduled` adds the parts that a target holds at once, and their rounds.",
    "examples:\n"
    "  isg lower digits.attn --weights digits.safetensors\n"
    "  isg lower digits.attn --to graph --locations -o digits.ising\n"
    "  isg lower digits.attn --weights digits.safetensors --to scheduled --target stanford-cim-100",
    rows,
    true,
};

int cli_lower(cli *c, int argc, char **argv)
{
    static const ir_stage stages[] = {STAGE_GRAPH, STAGE_ISING, STAGE_SCHEDULED};
    lower_options o = {.to = 1};
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = cli_check_kept(c, o.output, path, "the model itself");
    if (!status)
        status = cli_check_kept(c, o.output, o.weights, "the file of weights");
    if (status)
        return status;
    compilation k;
    compilation_open(&k, c);
    k.print_after_all = o.print_after_all;
    k.verify_each = o.verify_each;
    k.locations = o.locations;
    status = compile_load_model(&k, path, o.weights);
    if (!status)
        status = compile_find_target(&k, o.target);
    if (!status)
        status = compile_to(&k, stages[o.to]);
    if (!status)
        status = cli_write_text(c, o.output, ir_print(k.module, o.locations));
    compilation_close(&k);
    return status;
}
