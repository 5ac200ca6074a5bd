/* abi.h - what a compiled program looks like to the runtime.
 *
 * The native backend emits one constant `isg_abi_program` (symbol ISG_ABI_SYMBOL) and the functions
 * it points to, whether the code is run in the compiler's own process or linked into a shared object.
 * The runtime walks `steps` once a sample; generated code calls nothing but libm and `services`.
 *
 * Memory a sample sees, through isg_abi_context:
 *   frame    frame_bytes, one a worker thread, 64-byte aligned; inputs, intermediates, coefficients,
 *            final spins and outputs at fixed offsets
 *   weights  weights_bytes, shared, read-only: every parameter as float32 at its offset
 *   tables   tables_bytes, shared: written once by `tables` before the first sample, then read-only
 */
#ifndef ISINGLASS_ABI_H
#define ISINGLASS_ABI_H

#include "runtime/isinglass.h"

#define ISG_ABI_MAGIC 0x31474c4953475349ull /* "ISGSILG1" */
#define ISG_ABI_VERSION 4u
#define ISG_ABI_SYMBOL "isg_program_record"

enum { ISG_ABI_READS = 16 };

typedef struct isg_abi_services {
    /* Row-major C[m,n] = A[m,k] B, with B [k,n] or, when transposed_b, [n,k]; float32, leading
     * dimensions in elements. Single-threaded. */
    void (*sgemm)(int32_t transposed_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb,
                  float *c, int64_t ldc);
} isg_abi_services;

typedef struct isg_abi_context {
    char *frame;
    const char *weights;
    char *tables;
    const isg_abi_services *services;
    int64_t fault_position; /* set by code that returns a fault */
} isg_abi_context;

/* What generated code may report; anything but ISG_FAULT_NONE stops the run with ISG_INVALID. */
typedef enum isg_fault {
    ISG_FAULT_NONE = 0,
    ISG_FAULT_NOT_FINITE = 1, /* a coefficient is NaN or infinite; fault_position is the spin or, for
                                 couplings, the first of the two; -1 for the offset */
    ISG_FAULT_ID_RANGE = 2    /* an embedding id is out of range; fault_position is its place in ids */
} isg_fault;

typedef struct isg_abi_tensor {
    const char *name;
    int32_t dtype; /* isg_dtype: ISG_F32 or ISG_I32 */
    int32_t rank;
    int64_t shape[ISG_MAX_RANK];
    uint64_t offset; /* bytes into the frame (inputs, outputs) or the weights (parameters) */
} isg_abi_tensor;

/* One Hamiltonian. Spins are numbered 0..spins-1: arrays in order of declaration, row-major. A state
 * is int8_t[spins] holding 0/1 or -1/+1 (`lowest[i]` tells which: 0 or -1). Fields are double[spins]:
 * dE of changing spin i from v to v' is (v' - v) * field[i]. */
typedef struct isg_abi_hamiltonian {
    const char *name;
    uint64_t spins;
    uint64_t terms;         /* in index notation, as reported */
    uint64_t groups;        /* independent groups of spins, >= 1; energies come per group */
    uint64_t state_offset;  /* of the final int8_t state in the frame */
    uint64_t lowest_offset; /* of int8_t lowest[spins] in the tables */
    uint64_t group_offset;  /* of uint32_t group[spins] in the tables; unused when groups == 1 */
    /* Functions. From `scales` on they may be NULL in a program that was compiled for known runs: those that such runs do not
     * call (anneal_serves in anneal.h tells). */
    /* inputs in the frame -> h, J in the frame. Returns an isg_fault. */
    int32_t (*coefficients)(isg_abi_context *);
    /* ---- exact, in double; what polishes and judges ---- */
    /* field[i] = h_i + sum_j J_ij state_j. */
    void (*fields)(const isg_abi_context *, const int8_t *state, double *field);
    /* One greedy sweep in index order: flips where the energy falls by more than `threshold`.
     * Returns the number of flips. */
    uint64_t (*descend)(const isg_abi_context *, int8_t *state, double *field, double threshold);
    /* energy[g] for each group g < groups, and the offset in energy[groups], of a state and its fields: the sum of
     * state_i (h_i + field_i) / 2 in index order, in which each coupling comes half from either end. */
    void (*energy)(const isg_abi_context *, const int8_t *state, const double *field, double *energy);
    /* Per spin: the largest |J_ij| and |h_i| met (largest), sum_j |J_ij| (coupling_sum), sum_j J_ij^2
     * (coupling_square) and h_i (linear), each double[spins]. What the temperature ladder is made of. */
    void (*scales)(const isg_abi_context *, double *largest, double *coupling_sum, double *coupling_square, double *linear);
    /* Calls visit(visitor, i, j, J_ij) for every coupling, term by term in index order; a pair may come in
     * several terms. With `scales` and `energy` this gives the problem in numbers. */
    void (*couplings)(const isg_abi_context *, void (*visit)(void *visitor, int64_t first, int64_t second, double value),
                      void *visitor);
    /* How many couplings there may be at the most, where the moves are flips of single spins of one domain: where they turn out
     * few, whole and small, the runtime may find them by `couplings` and anneal by a kernel of its own instead of what follows.
     * 0: it must not. */
    uint64_t few_couplings;
    /* The annealing proper, in whatever types are fastest: moves that leave the Boltzmann distribution of the coefficients,
     * rounded to those types, invariant. Between calls the workspace holds what the moves keep up to date; it is
     * workspace_bytes long, aligned to 64, one a worker, and its contents are the program's own affair. */
    uint64_t workspace_bytes;
    const char *moves; /* what a sweep does, in plain words, for reports */
    /* Once a sample, when the coefficients are in the frame. */
    void (*prepare)(const isg_abi_context *, void *workspace);
    /* The typical sizes of the energy changes that the moves decide on, the greatest and the least of all spins': what the
     * temperature ladder spans. Both 0 where nothing depends on the spins. NULL: they are taken from `scales`. */
    void (*span)(const isg_abi_context *, void *workspace, double *greatest, double *least);
    /* After `prepare` and before the first start: gives each spin the value that its field favours when the others are at random,
     * and leaves those alone of which it favours none. What fields decide is decided so; a read need not find it out. Returns how
     * many it left alone. NULL: not known. */
    uint64_t (*lean)(const isg_abi_context *, void *workspace, int8_t *state);
    /* Once a read: fields and counters of a state. From here on until the next start the sweeps alone change the state. */
    void (*start)(const isg_abi_context *, void *workspace, const int8_t *state);
    /* One sweep over all spins at inverse temperature beta. Random numbers are a function of (key, sweep, spin). Returns the
     * number of spins that changed. */
    uint64_t (*sweep)(const isg_abi_context *, void *workspace, int8_t *state, double beta, const uint32_t key[2],
                      uint32_t sweep);
    /* The energy of the state that the sweeps have come to, less whatever all states share, and what it may be off by for the
     * moves' types: it tells which reads cannot be the best. NULL: not known. */
    double (*estimate)(const isg_abi_context *, void *workspace, double *error);
    /* The same sweeps for ISG_ABI_READS reads side by side, which is several times faster; all three NULL where there is no such
     * kernel. `states` is int8_t[ISG_ABI_READS][spins], `keys` uint32_t[ISG_ABI_READS][2]; what becomes of a read depends on its
     * own start and key alone. finish_reads gives the states, and energies that compare them: without the offset and whatever
     * else all states share, to the precision of float32. */
    void (*start_reads)(const isg_abi_context *, void *workspace, const int8_t *states);
    uint64_t (*sweep_reads)(const isg_abi_context *, void *workspace, double beta, const uint32_t *keys, uint32_t sweep);
    void (*finish_reads)(const isg_abi_context *, void *workspace, int8_t *states, double *energy);
} isg_abi_hamiltonian;

/* A step is code over the frame (`run` set), or the annealing of a Hamiltonian (`run` NULL). */
typedef struct isg_abi_step {
    int32_t (*run)(isg_abi_context *); /* returns an isg_fault */
    uint64_t hamiltonian;
} isg_abi_step;

typedef struct isg_abi_program {
    uint64_t magic;
    uint32_t version;
    uint32_t struct_bytes;             /* sizeof(isg_abi_program) */
    uint32_t hamiltonian_struct_bytes; /* sizeof(isg_abi_hamiltonian) */
    uint32_t tensor_struct_bytes;      /* sizeof(isg_abi_tensor) */
    const char *cpu_features;          /* comma-separated LLVM names that the code needs, e.g. "avx2,fma" */
    const char *model;
    uint64_t input_count, output_count, parameter_count, hamiltonian_count, step_count;
    const isg_abi_tensor *inputs, *outputs, *parameters;
    const isg_abi_hamiltonian *hamiltonians;
    const isg_abi_step *steps;
    uint64_t frame_bytes, weights_bytes, tables_bytes;
    const void *weights;               /* embedded parameters, or NULL when they are given at open */
    void (*tables)(isg_abi_context *); /* fills tables once */
} isg_abi_program;

#endif
