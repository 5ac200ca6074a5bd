/* session_fixture.h - a program of two Hamiltonians, the second made from the first one's spins, on a machine that holds them in
 * parts; sessions of it, and the machine's simulator answering them. */
#ifndef TESTS_SESSION_FIXTURE_H
#define TESTS_SESSION_FIXTURE_H

#include "backends/machine/machine.h"
#include "backends/matrix/matrix.h"
#include "backends/native/native.h"
#include "backends/session/session.h"
#include "backends/solve/solution.h"
#include "backends/solve/target_solve.h"
#include "passes/pass.h"
#include "runtime/program.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <sys/stat.h>

enum { FIXTURE_SPINS = 16, FIXTURE_SAMPLES = 3 };

static const char fixture_text[] = "isinglass 1\nstage ising\nmodel @m(%w: f32[16, 16], %h: f32[16]) {\n"
                                   "  %x = anneal name first spins {x[i in 16] in {-1, 1}} terms {\n"
                                   "    lin  x[i] over [i in 16] coeff %h[i]\n"
                                   "    quad x[i] x[j] over [i in 16, j in 16] where i < j coeff %w[i, j]\n  } : spin[16]\n"
                                   "  %g = readout over [i in 16] elem %x[i] * %h[i] : f32[16]\n"
                                   "  %y = anneal name second spins {y[i in 16] in {0, 1}} terms {\n"
                                   "    lin  y[i] over [i in 16] coeff %g[i]\n"
                                   "    quad y[i] y[j] over [i in 16, j in 16] where i < j coeff %w[j, i]\n  } : spin[16]\n"
                                   "  %o = readout over [i in 16] elem %y[i] : f32[16]\n"
                                   "  return o = %o\n}\n";

static const char fixture_target[] = "name: made\nkind: cim\nspins: 12\ntopology: complete\n"
                                     "couplings: {bits: 8, min: -128, max: 127}\nfields: ancilla\nformat: kaiwu-csv\n"
                                     "results: kaiwu-json\nsource: made for the tests\n";

typedef struct fixture {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
    ir_module *m;
    const target *target;
    native_program *native;
    isg_program *program;
    const machine_schedule *schedules;
    uint64_t hamiltonians;
    const char *names[2];
    float w[FIXTURE_SAMPLES][16][16], h[FIXTURE_SAMPLES][16], out[FIXTURE_SAMPLES][16];
    isg_named_tensor inputs[2], output;
} fixture;

static isg_error fixture_error;

/* As scratch_path, for as long as the test runs. */
static inline const char *place(const char *name)
{
    static char paths[64][256];
    static int used;
    if (used == 64)
        abort();
    return strcpy(paths[used++], scratch_path(name));
}

/* Two blocks of eight spins, loosely tied: presolve leaves each of them something. */
static inline void fixture_data(fixture *f)
{
    random_source r = random_open(5);
    for (int k = 0; k < FIXTURE_SAMPLES; k++)
        for (int i = 0; i < 16; i++) {
            f->h[k][i] = (float)(0.2 * random_unit(&r));
            for (int j = 0; j < 16; j++)
                f->w[k][i][j] = (float)((i / 8 == j / 8 ? 1 : 0.2) * random_unit(&r));
        }
}

static inline isg_tensor fixture_tensor(int rank, const int64_t *shape, void *data)
{
    isg_tensor t = {.dtype = ISG_F32, .rank = rank, .data = data};
    int64_t stride = sizeof(float);
    for (int i = rank - 1; i >= 0; i--) {
        t.shape[i] = shape[i];
        t.strides[i] = stride;
        stride *= shape[i];
    }
    return t;
}

static inline void fixture_open(fixture *f)
{
    static const int64_t cube[] = {FIXTURE_SAMPLES, 16, 16}, rows[] = {FIXTURE_SAMPLES, 16};
    const native_options native = {.optimise = 1};
    const char *failed, *before;
    *f = (fixture){.names = {"first", "second"}};
    arena_open(&f->arena, NULL, &f->no_memory);
    if (setjmp(f->no_memory))
        abort();
    diagnostics_open(&f->diagnostics, &f->arena);
    f->target =
        target_parse(&f->diagnostics, diagnostics_add_file(&f->diagnostics, "made.yaml", fixture_target, strlen(fixture_target)));
    f->m = ir_parse(&f->arena, &f->diagnostics,
                    diagnostics_add_file(&f->diagnostics, "m.ising", fixture_text, strlen(fixture_text)));
    if (!f->target || !f->m) {
        fprintf(stderr, "%s", diagnostics_draw(&f->diagnostics));
        abort();
    }
    const pass_options options = {.machine_variables = target_variables(f->target, true)};
    const char *fault = pass_run_list(f->m, "partition", &options, NULL, &failed, &before);
    CHECK(!fault, "%s", fault);
    CHECK(!machine_schedules_of(f->m, f->target, &f->arena, &f->schedules, &f->hamiltonians, &fixture_error), "%s",
          fixture_error.message);
    if (native_compile(f->m, &native, &f->native, &fixture_error) ||
        program_open_abi(native_program_abi(f->native), NULL, 0, NULL, NULL, &f->program, &fixture_error)) {
        fprintf(stderr, "%s\n", fixture_error.message);
        abort();
    }
    fixture_data(f);
    f->inputs[0] = (isg_named_tensor){"w", fixture_tensor(3, cube, f->w)};
    f->inputs[1] = (isg_named_tensor){"h", fixture_tensor(2, rows, f->h)};
    f->output = (isg_named_tensor){"o", fixture_tensor(2, rows, f->out)};
}

static inline void fixture_close(fixture *f)
{
    isg_close(f->program);
    native_program_close(f->native);
    arena_close(&f->arena);
}

/* ---- sessions ------------------------------------------------------------------------------------ */

static inline session_settings fixture_settings(const fixture *f, const char *folder)
{
    return (session_settings){.folder = folder,
                              .target = f->target,
                              .target_text = fixture_target,
                              .target_length = strlen(fixture_target),
                              .format = f->target->format,
                              .program = fixture_text,
                              .compiled = f->program,
                              .inputs = f->inputs,
                              .input_count = 2,
                              .hamiltonians = f->names,
                              .schedules = f->schedules,
                              .hamiltonian_count = f->hamiltonians,
                              .sample_count = FIXTURE_SAMPLES,
                              .seed = 7};
}

static inline session_run fixture_run(const fixture *f)
{
    return (session_run){.program = f->program,
                         .schedules = f->schedules,
                         .target = f->target,
                         .hamiltonian_count = f->hamiltonians,
                         .inputs = f->inputs,
                         .input_count = 2,
                         .outputs = &f->output,
                         .output_count = 1,
                         .threads = 1};
}

static inline isg_status fixture_emit(const fixture *f, const session_settings *settings, const isg_allocator *a,
                                      const isg_io *io, isg_error *error)
{
    session *s;
    const session_run run = fixture_run(f);
    isg_status status = session_begin(&s, settings, a, io, error);
    if (status)
        return status;
    status = session_advance(s, &run, error);
    if (!status)
        status = session_commit(s, error);
    if (status)
        session_discard(s);
    session_close(s);
    return status;
}

/* As `isg decode` does: takes results, and goes on where a round is whole. */
static inline isg_status fixture_decode(const fixture *f, const char *folder, const char *const *results, size_t count,
                                        const isg_allocator *a, const isg_io *io, session_taking *taking, session_facts *facts,
                                        isg_error *error)
{
    session *s;
    const session_run run = fixture_run(f);
    isg_status status = session_open(&s, folder, a, io, error);
    if (status)
        return status;
    session_facts now = session_facts_of(s);
    bool was_done = now.done;
    status = session_take(s, results, count, taking, error);
    if (!status) {
        now = session_facts_of(s);
        if (now.answered == now.matrices) {
            status = session_check_files(s, error);
            if (!status)
                status = session_advance(s, &run, error);
            if (!status && !was_done)
                status = session_commit(s, error);
        } else if (taking->matrices) {
            status = session_commit(s, error);
        }
    }
    now = session_facts_of(s);
    now.model = now.target = now.format = now.results = now.folder = NULL;
    if (facts)
        *facts = now;
    session_close(s);
    return status;
}

/* ---- answers --------------------------------------------------------------------------------------- */

/* The simulator's answers to a matrix, in our own format. */
static inline void fixture_solve(const fixture *f, const char *matrix, const char *path)
{
    problem p;
    matrix_notes notes;
    target_answers answers;
    solve_result result;
    char hash[SHA256_TEXT];
    CHECK(!matrix_read_file(NULL, NULL, matrix, NULL, &p, &notes, &fixture_error), "%s", fixture_error.message);
    CHECK(!strcmp(notes.mark.machine, "made"));
    const solve_settings settings = {.seed = notes.mark.seed, .as_it_stands = true};
    CHECK(!target_solve(&p, f->target, &settings, &answers, &result, &fixture_error), "%s", fixture_error.message);
    CHECK(!solution_hash_file(NULL, matrix, hash, &fixture_error));
    const solution out = {.problem = &p,
                          .file_hash = hash,
                          .target = "made",
                          .seed = settings.seed,
                          .reads = result.reads,
                          .sweeps = result.sweeps,
                          .complete = true,
                          .count = answers.count,
                          .states = (const int8_t *const *)answers.state};
    CHECK(!solution_write(&out, NULL, path, &fixture_error), "%s", fixture_error.message);
    target_answers_close(&answers);
    problem_close(&p);
}

/* All that a session waits for, solved; the results' paths in `results`, of 256 bytes each. */
static inline size_t fixture_answer(const fixture *f, const char *folder, const char *prefix, char results[][256], size_t most)
{
    session *s;
    size_t count = 0;
    const char *file;
    if (session_open(&s, folder, NULL, NULL, &fixture_error)) {
        CHECK(false, "%s", fixture_error.message);
        return 0;
    }
    char files[64][256];
    while (count < most && count < 64 && (file = session_missing(s, (int64_t)count)))
        snprintf(files[count++], sizeof files[0], "%.120s/%.120s", folder, file);
    session_close(s);
    for (size_t i = 0; i < count; i++) {
        snprintf(results[i], 256, "%.200s-%zu.json", prefix, i);
        fixture_solve(f, files[i], results[i]);
    }
    return count;
}

/* ---- folders --------------------------------------------------------------------------------------- */

static inline void run_shell(const char *format, const char *a, const char *b)
{
    char command[1024];
    snprintf(command, sizeof command, format, a, b);
    if (system(command))
        CHECK(false, "%s", command);
}

/* Of every file's name and bytes; temporary ones of killed processes left out. */
static inline void folder_digest(const char *folder, char out[65])
{
    char command[1024];
    snprintf(command, sizeof command,
             "cd %s && find . -type f ! -name '*.partial-*' | LC_ALL=C sort | xargs sha256sum | sha256sum", folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || fscanf(pipe, "%64s", out) != 1)
        strcpy(out, "none");
    if (pipe)
        pclose(pipe);
}

#endif
