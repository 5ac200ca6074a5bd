/* run_session.h - running an opened program on arrays from files: what `isg run` and `isgrun` share. */
#ifndef CLI_RUN_SESSION_H
#define CLI_RUN_SESSION_H

#include "frontend/cli/run_data.h"
#include "runtime/report.h"

/* What both take on the command line. */
typedef struct run_settings {
    const char *labels, *report;
    text_list inputs, outputs;
    int solver; /* isg_solver */
    int32_t reads, sweeps, threads, first_sample;
    uint64_t seed;
} run_settings;

/* Rows of an option table for options of type T, whose member `run` is a run_settings; before and behind what T has itself. */
#define RUN_DATA_ROWS(T)                                                                                                         \
    {"input", "NAME=FILE.npy", "an input, samples first; once for each input", OPTION_LIST, offsetof(T, run.inputs), 0, 0},      \
        {"output", "NAME=FILE.npy", "where to write an output", OPTION_LIST, offsetof(T, run.outputs), 0, 0},                    \
    {                                                                                                                            \
        "labels", "FILE.npy", "the right class of each sample: reports the accuracy of the first output", OPTION_TEXT,           \
            offsetof(T, run.labels), 0, 0                                                                                        \
    }
#define RUN_SOLVER_ROWS(T)                                                                                                         \
    {"solver",                                                                                                                     \
     "anneal|descent",                                                                                                             \
     "simulated annealing, or the quick deterministic descent",                                                                    \
     OPTION_CHOICE,                                                                                                                \
     offsetof(T, run.solver),                                                                                                      \
     0,                                                                                                                            \
     0},                                                                                                                           \
        {"reads", "R", "independent anneals of each problem, of which the best counts", OPTION_NUMBER, offsetof(T, run.reads),     \
         1,       0},                                                                                                              \
        {"sweeps", "S", "sweeps over all spins in each read", OPTION_NUMBER, offsetof(T, run.sweeps), 1, 0},                       \
        {"seed", "N", "of the random numbers; the same seed gives the same bytes (default 0)", OPTION_SEED, offsetof(T, run.seed), \
         0,      0},                                                                                                               \
        {"threads", "N", "processors to use; 0, the default: all", OPTION_NUMBER, offsetof(T, run.threads), 0, 0},                 \
        {"first-sample",                                                                                                           \
         "K",                                                                                                                      \
         "the number of the first sample, when the batch is a part of a larger one",                                               \
         OPTION_NUMBER,                                                                                                            \
         offsetof(T, run.first_sample),                                                                                            \
         0,                                                                                                                        \
         0},                                                                                                                       \
    {                                                                                                                              \
        "report", "FILE.json", "write energies, times and accuracy there", OPTION_TEXT, offsetof(T, run.report), 0, 0              \
    }

typedef struct run_session {
    cli *cli;
    const run_settings *settings;
    run_file *inputs, *outputs;
    isg_program *program; /* the caller's */
    run_data data;
    npy_array labels;
    isg_report report;
    report_context context;
    double start;    /* cli_seconds when the command began */
    bool incomplete; /* interrupted: outputs hold the best so far */
} run_session;

/* What is run: the file, and that of its weights or NULL; `what` names the file in messages. */
typedef struct run_origin {
    const char *path, *weights, *what;
} run_origin;

/* Each returns EXIT_DONE, or the exit status after reporting what is wrong. */
int run_session_open(run_session *s, cli *c, const run_settings *settings, const run_origin *from, double start);
/* With s->program set: reads the inputs and runs. EXIT_INCOMPLETE with `incomplete` set still has results to write. */
int run_session_run(run_session *s);
/* Outputs to files or, without --output, the first one to stdout; the report; a summary on stderr unless quiet. */
int run_session_write(run_session *s, const char *target);
void run_session_close(run_session *s);

#endif
