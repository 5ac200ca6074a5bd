/* isgrun.c - the isgrun command: runs a compiled program on a batch from files. It has no part of the compiler in it. */
#include "frontend/cli/run_session.h"
#include "runtime/program.h"
#include "runtime/safetensors.h"

#include <stddef.h>
#include <string.h>

typedef struct isgrun_options {
    const char *weights;
    run_settings run;
} isgrun_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file, for a program that was compiled without", OPTION_TEXT,
     offsetof(isgrun_options, weights), 0, 0},
    RUN_DATA_ROWS(isgrun_options),
    RUN_SOLVER_ROWS(isgrun_options),
    {0},
};

static const option_table table = {
    "PROGRAM.so",
    "Runs a program that `isg compile` made on a batch of samples. Without --output the first output is printed;\n"
    "large ones by their first rows. SIGINT (Ctrl-C) once stops after the current sweep and writes the best found\n"
    "so far, with exit status 3; samples not reached are NaN. Twice stops at once.",
    "examples:\n"
    "  isg compile digits.attn --weights digits.safetensors -o digits.so\n"
    "  isgrun digits.so --input patches=patches.npy --labels labels.npy --output logits=logits.npy",
    rows,
    true,
};

static int open_program(run_session *s, const char *path, const char *weights_path)
{
    cli *c = s->cli;
    isg_error error;
    safetensors weights = {0};
    if (weights_path && safetensors_read_file(c->allocator, c->io, weights_path, &weights, &error))
        return cli_fail_error(c, &error);
    isg_status status = isg_open_with_weights(path, weights.tensors, weights.count, c->allocator, c->io, &s->program, &error);
    safetensors_free(c->allocator, &weights);
    return status ? cli_fail_error(c, &error) : EXIT_DONE;
}

/* A program is of one model. */
static int check_model(const run_session *s, const char *path)
{
    const char *name = isg_program_name(s->program);
    if (!s->cli->model || !strcmp(s->cli->model, name))
        return EXIT_DONE;
    int status = cli_fail(s->cli, EXIT_INPUT, "there is no model named '%s'", s->cli->model);
    cli_hint(s->cli, "%s is a program of '%s'", path, name);
    return status;
}

static int execute(run_session *s, const char *path, const char *weights)
{
    int status = open_program(s, path, weights);
    if (!status)
        status = check_model(s, path);
    if (!status)
        status = run_session_run(s);
    if (status && !s->incomplete)
        return status;
    int written = run_session_write(s, "native");
    return written ? written : status;
}

static int isgrun(cli *c, int argc, char **argv)
{
    isgrun_options o = {0};
    run_session s;
    double start = cli_seconds();
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = run_session_open(&s, c, &o.run, &(run_origin){path, o.weights, "the program itself"}, start);
    if (status)
        return status;
    status = execute(&s, path, o.weights);
    run_session_close(&s);
    isg_close(s.program);
    return status;
}

int main(int argc, char **argv)
{
    return cli_main("isgrun", isgrun, argc, argv);
}
