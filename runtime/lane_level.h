/* lane_level.h - the kernel of reads side by side (backends/native/kernels/lanes.h) for the levels of processors there are.
 *
 * All give the same states to the bit; the widest that this processor has is the fastest.
 */
#ifndef RUNTIME_LANE_LEVEL_H
#define RUNTIME_LANE_LEVEL_H

#include <stdint.h>

typedef struct lanes lanes;

typedef struct lane_level {
    void (*start)(const lanes *b, const uint32_t key[2]);                                                /* lanes_start */
    int64_t (*sweep)(const lanes *b, const uint32_t key[2], uint32_t sweep, double x, uint64_t counted); /* lanes_sweep */
    int64_t (*descend)(const lanes *b, uint64_t counted);                                                /* lanes_descend */
    void (*energies)(const lanes *b, int32_t energy[64]);                                                /* lanes_energies */
} lane_level;

/* The levels that this processor can run, widest first. Returns how many, at least 1. */
enum { LANE_LEVELS = 3 };
int lane_levels(const lane_level *levels[LANE_LEVELS]);

#endif
