/* byte_lattice.h - a sparse lattice of small whole numbers, in blocks of spins not coupled to each other
 * (backends/native/kernels/bytes.h). The order of a sweep is that of the blocks. */
#ifndef BACKENDS_SOLVE_BYTE_LATTICE_H
#define BACKENDS_SOLVE_BYTE_LATTICE_H

#include "backends/native/kernels/bytes.h"
#include "backends/solve/dense_level.h"
#include "backends/solve/kernel.h"
#include "runtime/memory.h"

typedef struct byte_lattice {
    bool used; /* false: fields do not fit, or the spins not into blocks */
    bytes layout;
    uint32_t *place; /* [spins]: where a spin stands */
    uint32_t *spin;  /* [64 * blocks]: what stands there; padding UINT32_MAX */
    int64_t *row_start;
    int32_t *row_length;
    uint32_t *neighbour;
    int8_t *change, *base;
    int64_t entries;     /* of neighbour and change */
    memory_aligned rows; /* instead of these two */
    const dense_level *level;
} byte_lattice;

/* One worker's. */
typedef struct byte_state {
    bytes b;
    memory_aligned memory;
} byte_state;

/* Whether fields fit into bytes; b->used tells, in the end, whether the spins fit into blocks. */
bool byte_lattice_fits(const lattice *l);
isg_status byte_lattice_open(byte_lattice *b, const lattice *l, isg_error *error);
void byte_lattice_close(byte_lattice *b, const lattice *l);

bool byte_state_open(byte_state *s, const byte_lattice *b, const lattice *l);
void byte_state_close(byte_state *s, const lattice *l);

/* As kernel_start and kernel_sweep. */
void byte_state_start(const byte_state *s, const byte_lattice *b, const lattice *l, const uint32_t key[2]);
int64_t byte_state_sweep(const byte_state *s, const byte_lattice *b, const lattice *l, const uint32_t key[2], uint32_t number,
                         double temperature);

/* The state as kernel.h has it, with its fields. */
void byte_state_give(const byte_state *s, const byte_lattice *b, const lattice *l, kernel_state *to);

#endif
