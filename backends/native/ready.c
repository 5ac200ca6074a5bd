/* ready.c - see ready.h. */
#include "backends/native/ready.h"

#include <stdbool.h>
#include <string.h>

extern const ready_piece ready_pieces_base[], ready_pieces_v3[], ready_pieces_v4[];

typedef struct level {
    const char *needs; /* beyond the level below */
    const ready_piece *pieces;
} level;

/* From the lowest up. */
static const level levels[] = {
    {"", ready_pieces_base},
#ifdef READY_WIDE_LEVELS
    {"cx16,popcnt,sse3,ssse3,sse4.1,sse4.2,avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe,xsave", ready_pieces_v3},
    {"avx512f,avx512bw,avx512cd,avx512dq,avx512vl", ready_pieces_v4},
#endif
};

static bool has(const char *features, const char *name, size_t length)
{
    for (; *features; features += *features == ',') {
        size_t size = strcspn(features, ",");
        if (size == length + 1 && *features == '+' && !memcmp(features + 1, name, length))
            return true;
        features += size;
    }
    return false;
}

static bool has_all(const char *features, const char *needs)
{
    while (*needs) {
        size_t length = strcspn(needs, ",");
        if (!has(features, needs, length))
            return false;
        needs += length + (needs[length] == ',');
    }
    return true;
}

const ready_piece *ready_pieces(const char *features)
{
    size_t best = 0;
    while (best + 1 < sizeof levels / sizeof *levels && has_all(features, levels[best + 1].needs))
        best++;
    return levels[best].pieces;
}
