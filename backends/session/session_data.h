/* session_data.h - what a session holds in memory; shared by the files of this folder. */
#ifndef BACKENDS_SESSION_SESSION_DATA_H
#define BACKENDS_SESSION_SESSION_DATA_H

#include "backends/session/session.h"
#include "ir/problem_hash.h"

enum { SESSION_VERSION = 1, MANIFEST_CHECKSUM = 17, MANIFEST_TAIL = 64 };

/* One file for the machine. Equal matrices are one, whichever part, sample or round they belong to. */
typedef struct session_matrix {
    const char *file;            /* within the directory: round-000/sample-00000-part-00.csv */
    char hash[SHA256_TEXT];      /* of the problem */
    char file_hash[SHA256_TEXT]; /* of the file's bytes */
    uint32_t round;              /* in which it was written */
    int64_t spins;
    int64_t ancilla; /* -1: none */
    uint64_t seed;
    bool trivial;               /* the grid left no coupling, though there were some */
    char answered[SHA256_TEXT]; /* SHA-256 of the result file; empty: waiting */
    int64_t answer_count;
    const uint8_t *answers; /* [answer_count][session_state_bytes(spins)], see session_state_get */
} session_matrix;

/* A state in bits, 1 for the highest value; with an ancilla relative to it. */
static inline size_t session_state_bytes(int64_t spins)
{
    return (size_t)(spins + 7) / 8;
}

static inline bool session_state_get(const uint8_t *bits, int64_t spin)
{
    return bits[spin / 8] >> (spin % 8) & 1;
}

static inline void session_state_set(uint8_t *bits, int64_t spin)
{
    bits[spin / 8] = (uint8_t)(bits[spin / 8] | 1u << (spin % 8));
}

/* One part of one sample in the current round. */
typedef struct session_part {
    int64_t sample; /* index in the input file */
    uint32_t hamiltonian, number;
    int32_t pass;
    int64_t matrix; /* -1: presolve settled the part whole */
    int64_t count;
    const uint32_t *spins;         /* [count]: of the Hamiltonian, ascending */
    const problem_origin *origins; /* [count]; `lowest` is not kept */
    bool quantized;
    double scale, offset; /* part = scale * matrix + offset, give or take `bound` */
    double bound;
    int64_t couplings, couplings_lost, fields, fields_lost, clipped;
} session_part;

typedef struct session_sample {
    uint32_t hamiltonian; /* at work; hamiltonian_count: all are solved */
    int32_t pass;
    uint32_t round; /* within the pass */
    bool started, changed;
    uint8_t *high;    /* [total_spins]: 1 for the highest value, Hamiltonian after Hamiltonian */
    double *energies; /* [hamiltonian_count], of this run of the program */
} session_sample;

typedef struct session_hamiltonian_data {
    const char *name;
    int64_t spins, first; /* first: in session_sample.high */
    uint32_t parts, rounds;
} session_hamiltonian_data;

typedef struct session_file {
    const char *name, *file; /* file: within the directory */
    char hash[SHA256_TEXT];
} session_file;

struct session {
    const isg_allocator *allocator;
    const isg_io *io;
    arena arena;
    jmp_buf no_memory;
    const char *folder;
    int lock;     /* of the directory; -1: none */
    bool made_it; /* the directory was not there */

    const char *model, *target, *format, *results, *extension;
    session_file program, target_file, weights; /* weights.file NULL: none */
    ARENA_LIST(session_file) inputs;
    ARENA_LIST(const char *) outputs;
    ARENA_LIST(session_hamiltonian_data) hamiltonians;
    int64_t total_spins;
    uint64_t seed;
    int32_t passes;
    bool allow_trivial;
    int64_t first_sample, sample_count;

    int64_t generation;
    uint32_t round;
    int64_t rounds_without_files;
    char state_hash[SHA256_TEXT];
    char checksum[MANIFEST_CHECKSUM]; /* as session.json states it; empty where it does not, as in sessions of earlier versions */
    session_sample *samples;          /* [sample_count] */
    ARENA_LIST(session_matrix) matrices;
    ARENA_LIST(session_part) parts;
    uint32_t *index; /* [index_size]: 1 + position in matrices, by hash; 0: free */
    uint32_t index_size;
};

/* Every function below may leave by s->arena's jump when memory runs out; SESSION_GUARD catches that at the public ones. */
#define SESSION_GUARD(s, error)                                                                                                  \
    do {                                                                                                                         \
        (s)->arena.on_no_memory = &(s)->no_memory;                                                                               \
        if (setjmp((s)->no_memory))                                                                                              \
            return error_no_memory(error);                                                                                       \
    } while (0)

/* session.c */
session_matrix *session_find_matrix(const session *s, const char *hash); /* NULL: none */
session_matrix *session_add_matrix(session *s, const session_matrix *m); /* in the arena */
const char *session_part_name(session *s, const session_part *p);        /* sample-00000-part-00 */
const char *session_round_name(session *s, uint32_t round);              /* round-000 */
const char *folder_path(session *s, const char *name);                   /* of a file in the directory */
void session_make_samples(session *s);                                   /* once Hamiltonians and samples are known */

/* manifest_write.c, manifest_read.c: session.json */
isg_status manifest_write(session *s, isg_error *error);
isg_status manifest_read(session *s, isg_error *error);
int manifest_tail(char tail[MANIFEST_TAIL],
                  uint64_t hash); /* how it ends: its checksum, of all bytes before; returns the length */

/* state.c: state.bin, in two steps around session.json. The hash is s->state_hash. */
isg_status state_write(session *s, isg_error *error);
isg_status state_settle(session *s, isg_error *error);
isg_status state_read(session *s, isg_error *error);

/* folder.c */
isg_status folder_make(session *s, isg_error *error);                       /* for `begin`: made or empty, and locked */
isg_status folder_lock(session *s, isg_error *error);                       /* for `open` */
isg_status folder_make_round(session *s, uint32_t round, isg_error *error); /* empty of what a killed process left */
void folder_sweep(session *s);                                              /* temporary files of killed processes */
void folder_remove(session *s);                                             /* all of an unfinished `begin` */
isg_status folder_sync(session *s, const char *name, isg_error *error);     /* a directory's entries; NULL: the session's own */
isg_status folder_copy(session *s, const char *from, const char *to, isg_error *error); /* `to` within the directory */

#endif
