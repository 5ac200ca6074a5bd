/* run_data.h - the arrays of `isg run`: inputs from .npy files, outputs to them. */
#ifndef CLI_RUN_DATA_H
#define CLI_RUN_DATA_H

#include "frontend/cli/options.h"
#include "runtime/npy.h"

typedef struct run_file {
    const char *name, *path; /* of NAME=FILE */
} run_file;

typedef struct run_data {
    cli *cli;
    const isg_program *program;
    int64_t batch;
    npy_array *arrays; /* read, in the order of `inputs` */
    isg_named_tensor *inputs;
    size_t input_count;
    isg_named_tensor *outputs; /* made by us, [output_count] */
    const char **output_paths; /* NULL: not to a file */
    size_t *output_bytes;
    size_t output_count;
} run_data;

/* Splits NAME=FILE texts. Returns EXIT_DONE or, after reporting, EXIT_USAGE. */
int run_split_files(cli *c, const char *option, const text_list *texts, run_file **out);

/* Names against the program's: unknown, double and missing ones are reported before any file is read. */
int run_check_names(cli *c, const isg_program *p, const run_file *inputs, size_t input_count, const run_file *outputs,
                    size_t output_count);

/* Reads the inputs and makes room for the outputs asked for, and for the first one if `want_first`. */
int run_data_open(run_data *d, cli *c, const isg_program *p, const run_file *inputs, size_t input_count, const run_file *outputs,
                  size_t output_count, bool want_first);
void run_data_close(run_data *d);

const isg_tensor *run_data_first(const run_data *d); /* the program's first output */
int run_data_write(const run_data *d);

#endif
