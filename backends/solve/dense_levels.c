/* dense_levels.c - see dense_level.h. */
#include "backends/solve/dense_level.h"

extern const dense_level dense_level_base;
#ifdef DENSE_WIDE_LEVELS
extern const dense_level dense_level_v3, dense_level_v4;
#endif

int dense_levels(const dense_level *levels[DENSE_LEVELS])
{
    int count = 0;
#ifdef DENSE_WIDE_LEVELS
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        levels[count++] = &dense_level_v4;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma"))
        levels[count++] = &dense_level_v3;
#endif
    levels[count++] = &dense_level_base;
    return count;
}
