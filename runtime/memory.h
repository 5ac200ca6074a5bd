/* memory.h - checked use of the allocator hook. */
#ifndef RUNTIME_MEMORY_H
#define RUNTIME_MEMORY_H

#include "runtime/isinglass.h"

#include <string.h>

/* Bytes to ask for: at least 1, SIZE_MAX when the product overflows. */
static inline size_t memory_bytes(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return SIZE_MAX;
    return bytes ? bytes : 1;
}

/* NULL when out of memory or when the size overflows. Not zeroed. */
static inline void *memory_take(const isg_allocator *a, size_t count, size_t size)
{
    size_t bytes = memory_bytes(count, size);
    return bytes > PTRDIFF_MAX ? NULL : a->resize(a->context, NULL, 0, bytes);
}

static inline void *memory_take_zeroed(const isg_allocator *a, size_t count, size_t size)
{
    void *block = memory_take(a, count, size);
    return block ? memset(block, 0, memory_bytes(count, size)) : NULL;
}

/* count and size as when it was taken; block may be NULL. */
static inline void memory_release(const isg_allocator *a, void *block, size_t count, size_t size)
{
    if (block)
        a->resize(a->context, block, memory_bytes(count, size), 0);
}

/* A zeroed block whose start `at` is aligned for any vector unit. */
enum { MEMORY_ALIGNMENT = 64 };
typedef struct memory_aligned {
    void *block;
    size_t block_bytes;
    char *at;
} memory_aligned;

static inline memory_aligned memory_take_aligned(const isg_allocator *a, size_t bytes)
{
    memory_aligned m = {0};
    if (bytes > PTRDIFF_MAX - MEMORY_ALIGNMENT)
        return m;
    m.block_bytes = bytes + MEMORY_ALIGNMENT;
    m.block = memory_take_zeroed(a, m.block_bytes, 1);
    if (m.block)
        m.at = (char *)m.block + (-(uintptr_t)m.block & (MEMORY_ALIGNMENT - 1));
    return m;
}

static inline void memory_release_aligned(const isg_allocator *a, memory_aligned *m)
{
    memory_release(a, m->block, m->block_bytes, 1);
    *m = (memory_aligned){0};
}

#endif
