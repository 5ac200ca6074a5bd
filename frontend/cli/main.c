/* main.c - the isg command: its table of subcommands. */
#include "frontend/cli/cli.h"

#include <stdio.h>
#include <string.h>

const cli_command cli_commands[] = {
    {"run", cli_run, "compile a model and run it on arrays from files"},
    {"compile", cli_compile, "compile a model to a shared object, an object file, or assembly"},
    {"lower", cli_lower, "show what a model becomes, at any stage of the compiler"},
    {"opt", cli_opt, "run passes on a program in the text form"},
    {"inspect", cli_inspect, "see the Hamiltonians of a model, or a problem: numbers, spectrum, landscape"},
    {"fit", cli_fit, "whether a model fits the machines there are, and what it loses there"},
    {"emit", cli_emit, "write a model's problems as matrix files for a machine"},
    {"decode", cli_decode, "read the machine's results, and go on to the next round or the outputs"},
    {"solve", cli_solve, "look for the state of lowest energy of a problem from a file"},
    {"convert", cli_convert, "a problem file from one format to another, its energies unchanged"},
    {"targets", cli_targets, "the machines that problems can be solved on, and their limits"},
    {0},
};

/* ---- the command ----------------------------------------------------------------------------- */

static void show_help(FILE *to)
{
    fputs("isg " ISG_VERSION_STRING " - compiles attention models to Ising programs, and runs them\n\n"
          "usage: isg COMMAND FILE [OPTION...]\n\ncommands:\n",
          to);
    for (const cli_command *k = cli_commands; k->name; k++)
        fprintf(to, "  %-8s %s\n", k->name, k->doc);
    fputs("\n"
          "A model is text: tensor operations, and Hamiltonians in index notation whose lowest states the\n"
          "program looks for. This one chooses items for their gain, at a price for every pair:\n\n"
          "  # pick.attn\n"
          "  hamiltonian pick(gain: f32[N]; price = 1.5) {\n"
          "    index i, j in N;\n"
          "    spin  x[i] in {0, 1};\n"
          "    minimize - sum[i] gain[i] * x[i] + price * sum[i, j : i < j] x[i] * x[j];\n"
          "    return chosen[i] = x[i];\n"
          "  }\n"
          "  model best { input gain: f32[3]; output chosen = pick(gain); }\n\n"
          "Its inputs come from NumPy files that have one more axis in front, the samples:\n\n"
          "  python3 -c 'import numpy; numpy.save(\"gain.npy\", [[1.0, 3.0, 2.0]])'\n"
          "  isg run pick.attn --input gain=gain.npy        the answer, here [[0, 1, 1]]\n"
          "  isg lower pick.attn                            the program as the compiler sees it\n\n"
          "`isg COMMAND --help` tells all about a command. Exit status: 0 done, 1 the input is at fault, 2 usage,\n"
          "3 the answer is incomplete (interrupted), 70 an internal error.\n",
          to);
}

static int unknown_command(cli *c, const char *name)
{
    const char *names[sizeof cli_commands / sizeof *cli_commands];
    size_t count = 0;
    for (const cli_command *k = cli_commands; k->name; k++)
        names[count++] = k->name;
    cli_fail(c, EXIT_USAGE, "unknown %s '%s'", *name == '-' ? "option" : "command", name);
    cli_hint_nearest(c, name, names, count, "isg ", "");
    cli_hint(c, "`isg --help` lists the commands");
    return EXIT_USAGE;
}

static int dispatch(cli *c, int argc, char **argv)
{
    if (argc < 2) {
        show_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        show_help(stdout);
        return EXIT_DONE;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("isg " ISG_VERSION_STRING);
        return EXIT_DONE;
    }
    for (const cli_command *k = cli_commands; k->name; k++)
        if (!strcmp(k->name, argv[1])) {
            c->command = k;
            return k->run(c, argc - 1, argv + 1);
        }
    return unknown_command(c, argv[1]);
}

int main(int argc, char **argv)
{
    return cli_main("isg", dispatch, argc, argv);
}
