/* limited.h - for the fuzzing harnesses: memory that ends, as reliability.md promises of every reader, and a check. */
#ifndef TESTS_FUZZ_LIMITED_H
#define TESTS_FUZZ_LIMITED_H

#include "runtime/isinglass.h"

#include <stdlib.h>

enum { MEMORY_LIMIT = 256 << 20 };

/* The context counts the bytes left, a size_t; who wants more has failed. */
static inline void *limited_resize(void *context, void *block, size_t old_size, size_t new_size)
{
    size_t *left = context;
    old_size = block ? old_size : 0;
    if (new_size > old_size && new_size - old_size > *left)
        abort();
    void *result = isg_default_allocator()->resize(NULL, block, old_size, new_size);
    if (result || !new_size)
        *left -= new_size - old_size;
    return result;
}

static inline void check(int holds)
{
    if (!holds)
        abort();
}

#endif
