/* session.h - a program's Hamiltonians solved elsewhere: matrices out, results in, round by round (design.md, "A session
 * directory").
 *
 * `begin`, `advance`, `commit` make the directory with its first round; `open`, `take`, and, once nothing is missing, `advance`,
 * then `commit` go on. Until `commit` nothing of an earlier state is touched: a process that dies at any moment, or gives up,
 * leaves a directory that opens as it was or as it was to be.
 *
 * The library is free of LLVM: who calls it brings the program, compiled from the directory's program.ising.
 */
#ifndef BACKENDS_SESSION_SESSION_H
#define BACKENDS_SESSION_SESSION_H

#include "backends/machine/machine.h"

typedef struct session session;

/* What a session is made of; all of it is copied, into the directory or into memory. */
typedef struct session_settings {
    const char *folder;
    const target *target;
    const char *target_text; /* the YAML that it was read from */
    size_t target_length;
    const char *format;  /* of the matrices, a name of matrix_format_names */
    const char *program; /* the module at `scheduled` as text */
    const char *weights; /* path of the safetensors file, or NULL */
    const isg_program *compiled;
    const isg_named_tensor *inputs; /* of the session's samples alone */
    size_t input_count;
    const char *const *hamiltonians; /* names, as many as schedules */
    const machine_schedule *schedules;
    uint64_t hamiltonian_count;
    int64_t first_sample, sample_count;
    uint64_t seed;
    int32_t passes; /* 0: MACHINE_DEFAULT_PASSES */
    bool allow_trivial;
} session_settings;

/* Makes the directory, or takes one in which an earlier `begin` was killed. Refused where it holds anything else. */
isg_status session_begin(session **out, const session_settings *settings, const isg_allocator *allocator, const isg_io *io,
                         isg_error *error);

/* After a failure between begin and commit: removes what was written, the directory with it unless it was there before. */
void session_discard(session *s);

/* Locks the directory against others for as long as it is open. */
isg_status session_open(session **out, const char *folder, const isg_allocator *allocator, const isg_io *io, isg_error *error);
void session_close(session *s); /* NULL: nothing */

/* ---- what there is -------------------------------------------------------------------------- */

typedef struct session_facts {
    const char *model, *target, *format, *folder;
    const char *results; /* the format in which the machine answers; NULL: our own only */
    bool has_weights;
    uint64_t seed;
    int64_t first_sample, sample_count, samples_done;
    uint32_t round;
    bool done;                    /* nothing is left to solve */
    int64_t matrices;             /* of this round, each one file */
    int64_t answered;             /* of these */
    int64_t parts;                /* of this round */
    int64_t settled;              /* of these by presolve alone, without a machine */
    int64_t sharing;              /* of these with the matrix of another one, or of an earlier round */
    int64_t trivial;              /* matrices of this round that the grid left no coupling */
    int64_t largest;              /* spins of the largest matrix of the round, an ancilla included */
    int64_t rounds_without_files; /* samples' rounds gone through in the last advance that needed no machine */
} session_facts;
session_facts session_facts_of(const session *s);

/* Matrix `k` of the round that is not answered yet, by its path within the directory; NULL beyond the last. */
const char *session_missing(const session *s, int64_t k);

/* Names of outputs, inputs; NULL beyond the last. */
const char *session_output(const session *s, size_t position);
const char *session_input(const session *s, size_t position);
const char *session_path(session *s,
                         const char *name); /* of a file in the directory, as long as the session lives; NULL: no memory */

/* Whether program, target, weights and inputs in the directory are those that the session was made with. */
isg_status session_check_files(session *s, isg_error *error);

/* ---- results in ------------------------------------------------------------------------------ */

/* Texts live as long as the session. */
typedef struct session_taking {
    int64_t matrices; /* answered by this call */
    int64_t known;    /* files that had been taken before */
    int64_t answers;
    int64_t wrong_energies; /* claims of foreign files that are not the energies of their states */
    const char *wrong_in;   /* the first such file */
    /* The first known file whose name, but for the round, is that of a matrix which still waits: its bytes are those of an
     * earlier round's results, and only a name with the round can say that they answer this one too. */
    const char *doubtful, *doubtful_for;
} session_taking;

/* `argument` is [PART=]FILE. Each file is read whole, checked, and matched with the matrix that it answers; the first fault is
 * told with file and place, and then nothing was taken. */
isg_status session_take(session *s, const char *const *arguments, size_t count, session_taking *taking, isg_error *error);

/* ---- on to the next round ----------------------------------------------------------------------- */

typedef struct session_run {
    isg_program *program;
    const machine_schedule *schedules; /* of the module in program.ising */
    const target *target;
    uint64_t hamiltonian_count;
    const isg_named_tensor *inputs;
    size_t input_count;
    const isg_named_tensor *outputs; /* filled once the session is done */
    size_t output_count;
    int32_t threads;
    void (*progress)(void *context, int64_t done, int64_t total);
    void *progress_context;
} session_run;

/* Every part of the round is answered. Runs each sample through the program up to what has to be solved next, and writes the
 * matrices of the next round, or comes to the end. */
isg_status session_advance(session *s, const session_run *run, isg_error *error);

/* Of Hamiltonian `number` over the samples, after an advance that came to the end. */
void session_energies(const session *s, uint64_t number, double *mean, double *least);
const char *session_hamiltonian(const session *s, uint64_t number, int64_t *spins); /* its name; NULL beyond the last */

isg_status session_commit(session *s, isg_error *error);

#endif
