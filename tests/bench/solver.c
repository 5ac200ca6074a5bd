/* solver.c - what the bench measures of ours: models and problems solved again and again, compiled or read once.
 *
 *   bench_solver model MODEL.attn WEIGHTS|- OUTPUT NAME=FILE.npy ...    as `isg run` does
 *   bench_solver problem FILE FORMAT                                    as `isg solve` does
 *
 * It then answers each line of stdin by a line of stdout:
 *
 *   run READS SWEEPS SEED THREADS STATES
 *       solves; 0 reads and sweeps: the defaults. To the file STATES go, a byte each, the values of OUTPUT, or of the
 *       spins; "-": nowhere. Answers CPU WALL COEFFICIENTS ANNEAL ATTEMPTS ENERGY: seconds of CPU of the whole process and
 *       of wall time of the call; COEFFICIENTS and ANNEAL as reports have them (of problems 0 and all); ENERGY
 *       is the mean over samples.
 *   coefficients REPEATS
 *       all of the first Hamiltonian's coefficients anew, of the inputs that the last run's thread has worked on.
 *       Answers CPU: of once, the least of the repeats.
 *   product M N K REPEATS
 *       the matrix product A[M,K] B[N,K]^T by OpenBLAS, in float32. Answers CPU: of one, the least of the repeats.
 */
#include "backends/matrix/matrix.h"
#include "backends/native/native.h"
#include "backends/solve/solve.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/run_data.h"
#include "runtime/blas.h"
#include "runtime/program_state.h"
#include "runtime/tensor.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_LENGTH = 4096 };

typedef struct answer {
    double coefficients, anneal, attempts, energy;
} answer;

typedef struct bench {
    cli *cli;
    isg_program *program; /* NULL: a problem */
    run_data data;
    problem problem;
    int8_t *state;
} bench;

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_solver: %s\n", what);
    exit(1);
}

/* ---- solving --------------------------------------------------------------------------------- */

static isg_status run_model(bench *b, const isg_run_options *options, answer *a, isg_error *error)
{
    isg_report report = {0};
    isg_status status =
        isg_run(b->program, b->data.inputs, b->data.input_count, b->data.outputs, b->data.output_count, options, &report, error);
    if (status || !report.hamiltonian_count)
        return status;
    const isg_hamiltonian_report *h = &report.hamiltonians[0];
    *a = (answer){.coefficients = report.seconds_coefficients,
                  .anneal = report.seconds_anneal,
                  .attempts = h->flips_per_second * report.seconds_anneal * report.threads,
                  .energy = h->energy_mean};
    return ISG_OK;
}

static isg_status run_problem(bench *b, const isg_run_options *options, answer *a, isg_error *error)
{
    solve_settings settings = {
        .reads = options->reads, .sweeps = options->sweeps, .threads = options->threads, .seed = options->seed};
    solve_result result;
    double start = seconds(CLOCK_MONOTONIC);
    isg_status status = solve_problem(&b->problem, &settings, b->state, &result, error);
    if (!status)
        *a = (answer){.anneal = seconds(CLOCK_MONOTONIC) - start, .attempts = (double)result.attempts, .energy = result.energy};
    return status;
}

/* ---- what was found -------------------------------------------------------------------------- */

static bool write_model_states(const bench *b, FILE *file)
{
    const isg_tensor *t = &b->data.outputs[0].tensor;
    const float *value = t->data;
    int64_t count;
    if (!tensor_count(t->rank, t->shape, &count))
        return false;
    for (int64_t i = 0; i < count; i++)
        if (fputc((int8_t)value[i] & 0xff, file) == EOF)
            return false;
    return true;
}

static void write_states(const bench *b, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        fail("cannot open the file for states");
    bool written = b->program ? write_model_states(b, file)
                              : fwrite(b->state, 1, (size_t)b->problem.spins, file) == (size_t)b->problem.spins;
    if (fclose(file) || !written)
        fail("cannot write states");
}

/* ---- requests -------------------------------------------------------------------------------- */

static void answer_run(bench *b, const char *line)
{
    isg_run_options options = {0};
    char path[LINE_LENGTH];
    isg_error error;
    answer a = {0};
    if (sscanf(line, "run %d %d %lu %d %4095s", &options.reads, &options.sweeps, &options.seed, &options.threads, path) != 5)
        fail("a run takes reads, sweeps, a seed, threads and a file");
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    isg_status status = b->program ? run_model(b, &options, &a, &error) : run_problem(b, &options, &a, &error);
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = seconds(CLOCK_MONOTONIC) - wall;
    if (status)
        fail(error.message);
    if (strcmp(path, "-") != 0)
        write_states(b, path);
    printf("%.9g %.9g %.9g %.9g %.9g %.17g\n", cpu, wall, a.coefficients, a.anneal, a.attempts, a.energy);
}

static void answer_coefficients(const bench *b, const char *line)
{
    int repeats;
    if (!b->program || !b->program->workers[0].frame.at || sscanf(line, "coefficients %d", &repeats) != 1)
        fail("coefficients take a number of repeats, and a run of a model before them");
    isg_abi_context context = {.frame = b->program->workers[0].frame.at,
                               .weights = program_weights(b->program),
                               .tables = b->program->tables.at,
                               .services = blas_services()};
    double least = 1e300;
    for (int i = 0; i < repeats; i++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (b->program->abi->hamiltonians[0].coefficients(&context))
            fail("a coefficient is not finite");
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        least = cpu < least ? cpu : least;
    }
    printf("%.9g\n", least);
}

static float *random_matrix(int64_t count)
{
    float *m = malloc((size_t)count * sizeof *m);
    if (!m)
        fail("out of memory");
    for (int64_t i = 0; i < count; i++)
        m[i] = (float)(i * 7 % 101) / 101 - 0.5f;
    return m;
}

static void answer_product(const char *line)
{
    long m, n, k;
    int repeats;
    if (sscanf(line, "product %ld %ld %ld %d", &m, &n, &k, &repeats) != 4)
        fail("a product takes three sizes and a number of repeats");
    float *a = random_matrix(m * k), *b = random_matrix(n * k), *c = random_matrix(m * n);
    double least = 1e300;
    for (int i = 0; i < repeats; i++) {
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
        blas_services()->sgemm(1, m, n, k, a, k, b, k, c, n);
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        least = cpu < least ? cpu : least;
    }
    printf("%.9g\n", least);
    free(a);
    free(b);
    free(c);
}

static void serve(bench *b)
{
    char line[LINE_LENGTH];
    while (fgets(line, sizeof line, stdin)) {
        if (!strncmp(line, "run ", 4))
            answer_run(b, line);
        else if (!strncmp(line, "coefficients ", 13))
            answer_coefficients(b, line);
        else if (!strncmp(line, "product ", 8))
            answer_product(line);
        else
            fail("unknown request");
        fflush(stdout);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The module, its code and its weights stay until the process ends. */
static void open_model(bench *b, int argc, char **argv)
{
    cli *c = b->cli;
    static compilation k;
    native_program *native;
    native_options options = {.optimise = 2};
    isg_error error = {.status = ISG_INTERNAL};
    compilation_open(&k, c);
    if (compile_load_model(&k, argv[0], strcmp(argv[1], "-") != 0 ? argv[1] : NULL) || compile_to(&k, STAGE_SCHEDULED))
        fail("the model does not compile");
    if (native_compile(k.module, &options, &native, &error) ||
        program_open_abi(native_program_abi(native), k.weights.tensors, k.weights.count, c->allocator, c->io, &b->program,
                         &error))
        fail(error.message);
    text_list inputs = {.at = (const char **)(argv + 3), .count = (size_t)(argc - 3)};
    run_file *files, output = {.name = argv[2], .path = "-"};
    if (run_split_files(c, "--input", &inputs, &files) || run_check_names(c, b->program, files, inputs.count, &output, 1) ||
        run_data_open(&b->data, c, b->program, files, inputs.count, &output, 1, false))
        fail("the inputs do not fit");
}

static void open_problem(bench *b, char **argv)
{
    isg_error error;
    if (matrix_read_file(b->cli->allocator, b->cli->io, argv[0], argv[1], &b->problem, NULL, &error))
        fail(error.message);
    b->state = malloc((size_t)b->problem.spins + 1);
    if (!b->state)
        fail("out of memory");
}

static int bench_main(cli *c, int argc, char **argv)
{
    static bench b;
    b.cli = c;
    if (argc > 4 && !strcmp(argv[1], "model"))
        open_model(&b, argc - 2, argv + 2);
    else if (argc == 4 && !strcmp(argv[1], "problem"))
        open_problem(&b, argv + 2);
    else
        fail("usage: bench_solver model MODEL WEIGHTS|- OUTPUT NAME=FILE ... | problem FILE FORMAT");
    puts("ready");
    fflush(stdout);
    serve(&b);
    return 0;
}

int main(int argc, char **argv)
{
    return cli_main("bench_solver", bench_main, argc, argv);
}
