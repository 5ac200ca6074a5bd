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
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        levels[count++] = &lane_level_v4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma"))
        levels[count++] = &lane_level_v3;
#endif
    levels[count++] = &lane_level_base;
    return count;
}
