/* isinglass.h - the public C interface of the Isinglass runtime.
 *
 * A program is a compiled attention model. It is opened from a shared object, run on batches of
 * samples, and closed. The library never prints, never exits and keeps no global state; every call
 * returns a status and, on failure, fills an isg_error with one line of English.
 *
 * Ownership: whatever the caller passes stays the caller's (tensors, names, options); what a call
 * returns through an `out` pointer is released by the call named at its declaration.
 * Threads: distinct programs are independent. One program serves one isg_run at a time; isg_cancel
 * may be called from any thread or from a signal handler.
 */
#ifndef ISINGLASS_H
#define ISINGLASS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a shared libisinglass shows; all else in it is hidden. */
#if defined(__GNUC__)
#define ISG_API __attribute__((visibility("default")))
#else
#define ISG_API
#endif

#define ISG_VERSION_MAJOR 0
#define ISG_VERSION_MINOR 1
#define ISG_VERSION_STRING "0.1.0"
#define ISG_MAX_RANK 8

typedef enum isg_status {
    ISG_OK = 0,
    ISG_INVALID = 1,      /* the caller's data is at fault: shape, dtype, range, a malformed file */
    ISG_INCOMPLETE = 3,   /* cancelled or out of time; outputs hold the best found so far */
    ISG_NO_MEMORY = 4,    /* the allocator returned NULL */
    ISG_IO = 5,           /* opening, reading, writing or renaming a file failed */
    ISG_INCOMPATIBLE = 6, /* the program was built for another version or processor */
    ISG_INTERNAL = 70     /* a defect of ours */
} isg_status;

/* Filled by a failing call. `message` is one line, without a final newline. */
typedef struct isg_error {
    isg_status status;
    char message[1024];
} isg_error;

/* The one allocator hook. resize(ctx, NULL, 0, n) allocates n > 0 bytes aligned for any type,
 * resize(ctx, p, old, n) resizes, resize(ctx, p, old, 0) frees and returns NULL. Returning NULL for
 * n > 0 means out of memory and leaves the block as it was. Called from several threads at once. */
typedef struct isg_allocator {
    void *(*resize)(void *context, void *block, size_t old_size, size_t new_size);
    void *context;
} isg_allocator;

/* The one I/O hook: POSIX calls with errors returned as -errno. `open` takes POSIX flags and mode. */
typedef struct isg_io {
    int (*open)(void *context, const char *path, int flags, int mode);
    int64_t (*size)(void *context, int file);
    int64_t (*read_at)(void *context, int file, void *bytes, size_t count, int64_t offset);
    int64_t (*write)(void *context, int file, const void *bytes, size_t count);
    int (*sync)(void *context, int file);
    int (*close)(void *context, int file);
    int (*rename)(void *context, const char *from, const char *to);
    int (*remove)(void *context, const char *path);
    void *context;
} isg_io;

/* malloc/realloc/free, and the POSIX calls; what a NULL hook stands for. */
ISG_API const isg_allocator *isg_default_allocator(void);
ISG_API const isg_io *isg_default_io(void);

typedef enum isg_dtype {
    ISG_F32,
    ISG_F64,
    ISG_I8,
    ISG_I16,
    ISG_I32,
    ISG_I64,
    ISG_U8,
    ISG_U16,
    ISG_U32,
    ISG_U64,
    ISG_BOOL
} isg_dtype;

/* A strided view; data and strides (in bytes) belong to whoever made it. Any dimension may be 0. */
typedef struct isg_tensor {
    isg_dtype dtype;
    int rank;
    int64_t shape[ISG_MAX_RANK];
    int64_t strides[ISG_MAX_RANK];
    void *data;
} isg_tensor;

typedef struct isg_named_tensor {
    const char *name;
    isg_tensor tensor;
} isg_named_tensor;

typedef enum isg_solver { ISG_ANNEAL, ISG_DESCENT } isg_solver;

typedef struct isg_run_options {
    isg_solver solver;
    int32_t reads;   /* independent anneals a problem; 0: the default */
    int32_t sweeps;  /* sweeps a read; 0: the default */
    int32_t threads; /* 0: one per processor */
    uint64_t seed;
    int64_t first_sample; /* index of the batch's first sample in its file; keys the randomness */
    void (*progress)(void *context, int64_t done, int64_t total); /* serialised; may be NULL */
    void *progress_context;
} isg_run_options;

typedef struct isg_hamiltonian_report {
    const char *name; /* owned by the program */
    int64_t spins;
    int64_t terms;
    double energy_mean; /* over samples, of each sample's best read; NaN when no sample ran */
    double energy_min;
    double fixed_spins_mean;
    double flips_per_second; /* flip attempts, over the annealing time of one thread */
} isg_hamiltonian_report;

typedef struct isg_report {
    int64_t samples;
    int32_t reads, sweeps, threads; /* as used, defaults filled in; descent: 2 starts, 0 for as many as it takes */
    double seconds_coefficients, seconds_anneal, seconds_total; /* wall */
    int64_t hamiltonian_count;
    isg_hamiltonian_report *hamiltonians; /* owned by the program, valid until its next run */
} isg_report;

typedef struct isg_program isg_program;

/* Opens the shared object at `path`; its ABI stamp is checked before any of its code is called.
 * allocator and io may be NULL. Close with isg_close. */
ISG_API isg_status isg_open(const char *path, const isg_allocator *allocator, const isg_io *io, isg_program **out,
                            isg_error *error);
/* The same for a program that was compiled without its weights: every parameter must be among `weights` with its shape. They
 * are copied. A program that holds its weights takes none. */
ISG_API isg_status isg_open_with_weights(const char *path, const isg_named_tensor *weights, size_t weight_count,
                                         const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error);
ISG_API void isg_close(isg_program *program);

/* What the program takes and gives. Shapes are without the batch axis; names live as long as the
 * program. Out-of-range positions return NULL. */
typedef struct isg_port {
    const char *name;
    isg_dtype dtype;
    int rank;
    int64_t shape[ISG_MAX_RANK];
} isg_port;
ISG_API const char *isg_program_name(const isg_program *program);
ISG_API size_t isg_input_count(const isg_program *program);
ISG_API size_t isg_output_count(const isg_program *program);
ISG_API const isg_port *isg_input(const isg_program *program, size_t position);
ISG_API const isg_port *isg_output(const isg_program *program, size_t position);

/* Runs the model over a batch: inputs [B, shape...] in any supported dtype (range-checked), outputs
 * [B, shape...] float32 written by the call; outputs not asked for may be left out. options, report
 * may be NULL. Same seed, same bits on any number of threads. ISG_INCOMPLETE after isg_cancel. The program
 * keeps what its threads work in for later runs, until isg_close. */
ISG_API isg_status isg_run(isg_program *program, const isg_named_tensor *inputs, size_t input_count,
                           const isg_named_tensor *outputs, size_t output_count, const isg_run_options *options,
                           isg_report *report, isg_error *error);

/* Asks a running isg_run to stop after its current sweep. Async-signal-safe. The request is spent by
 * that run; with none running it has no effect. */
ISG_API void isg_cancel(isg_program *program);

#ifdef __cplusplus
}
#endif
#endif
