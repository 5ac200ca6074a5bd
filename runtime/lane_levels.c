/* lane_levels.c - see lane_level.h. */
#include "runtime/lane_level.h"

extern const lane_level lane_level_base;
#ifdef LANE_WIDE_LEVELS
extern const lane_level lane_level_v3, lane_level_v4;
#endif

int lane_levels(const lane_level *levels[LANE_LEVELS])
{
    int count = 0;
#ifdef LANE_WIDE_LEVELS
    if (__builtin_cpu_supports("x86-64-v4"))
        levels[count++] = &lane_level_v4;
    if (__builtin_cpu_supports("x86-64-v3"))
        levels[count++] = &lane_level_v3;
#endif
    levels[count++] = &lane_level_base;
    return count;
}
