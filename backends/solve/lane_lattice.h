/* lane_lattice.h - a sparse lattice of small whole numbers, sixty-four reads side by side (backends/native/kernels/lanes.h). */
#ifndef BACKENDS_SOLVE_LANE_LATTICE_H
#define BACKENDS_SOLVE_LANE_LATTICE_H

#include "backends/native/kernels/lanes.h"
#include "backends/solve/kernel.h"
#include "runtime/lane_level.h"
#include "runtime/memory.h"

/* From so many reads on, sixty-four together cost less than each for itself. */
enum { LANE_LATTICE_READS = 8 };

typedef struct lane_lattice {
    bool used;
    lanes layout;
    int64_t *row_start; /* [spins + 2], the last unused */
    uint32_t *neighbour;
    int8_t *change, *base;
    int64_t entries; /* of neighbour, and of change where there is any */
    const lane_level *level;
} lane_lattice;

/* One worker's. */
typedef struct lane_state {
    lanes b;
    memory_aligned memory;
} lane_state;

/* Whether fields fit into bytes, and spins into a cache. The lattice need only be measured. */
bool lane_lattice_fits(const lattice *l);
isg_status lane_lattice_open(lane_lattice *b, const lattice *l, const problem *p, isg_error *error);
void lane_lattice_close(lane_lattice *b, const lattice *l);

bool lane_state_open(lane_state *s, const lane_lattice *b, const lattice *l);
void lane_state_close(lane_state *s, const lattice *l);

/* As kernel_sweep, of sixty-four reads; flips are those of the reads whose bits are in `counted`. */
int64_t lane_state_sweep(const lane_state *s, const lane_lattice *b, const lattice *l, const uint32_t key[2], uint32_t number,
                         double temperature, uint64_t counted);

/* The first of the lowest among the first `count` reads, and its energy over that of all spins down (kernel.h). */
int32_t lane_state_lowest(const lane_state *s, const lane_lattice *b, const lattice *l, int32_t count, kernel_energy *energy);

/* up[spins]: 1 where the spin is up in this read, else 0. */
void lane_state_give(const lane_state *s, int32_t read, int8_t *up);

#endif
