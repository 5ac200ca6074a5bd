/* arena.c - see arena.h. */
#include "ir/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct arena_block {
    arena_block *older;
    size_t size;
};

enum { ALIGNMENT = 16, FIRST_BLOCK = 64 * 1024 };

void arena_open(arena *a, const isg_allocator *allocator, jmp_buf *on_no_memory)
{
    *a = (arena){.allocator = allocator ? allocator : isg_default_allocator(), .on_no_memory = on_no_memory};
}

arena_duty *arena_at_close(arena *a, void (*release)(void *what))
{
    arena_duty *duty = ARENA_NEW(a, arena_duty);
    *duty = (arena_duty){.older = a->duties, .release = release};
    a->duties = duty;
    return duty;
}

void arena_close(arena *a)
{
    for (; a->duties; a->duties = a->duties->older)
        if (a->duties->what)
            a->duties->release(a->duties->what);
    while (a->blocks) {
        arena_block *older = a->blocks->older;
        a->allocator->resize(a->allocator->context, a->blocks, a->blocks->size, 0);
        a->blocks = older;
    }
    a->next = a->end = NULL;
}

static _Noreturn void no_memory(arena *a)
{
    longjmp(*a->on_no_memory, 1);
}

/* Blocks double, so that their number stays small. */
static void add_block(arena *a, size_t need)
{
    size_t header = (sizeof(arena_block) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    size_t size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
    if (size > ((size_t)64 << 20))
        size = (size_t)64 << 20;
    if (need > SIZE_MAX - header)
        no_memory(a);
    if (size < need + header)
        size = need + header;
    arena_block *block = a->allocator->resize(a->allocator->context, NULL, 0, size);
    if (!block)
        no_memory(a);
    *block = (arena_block){.older = a->blocks, .size = size};
    a->blocks = block;
    a->next = (char *)block + header;
    a->end = (char *)block + size;
}

void *arena_take(arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT)
        no_memory(a);
    bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->blocks || bytes > (size_t)(a->end - a->next))
        add_block(a, bytes);
    void *result = a->next;
    a->next += bytes;
    return bytes ? memset(result, 0, bytes) : result;
}

char *arena_copy(arena *a, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        no_memory(a);
    char *copy = arena_take(a, length + 1, 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_vformat(arena *a, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = arena_take(a, (size_t)(length < 0 ? 0 : length) + 1, 1);
    if (length > 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(arena *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = arena_vformat(a, format, list);
    va_end(list);
    return text;
}

void arena_grow(arena *a, void **at, uint32_t *capacity, uint32_t count, size_t size)
{
    if (*capacity > UINT32_MAX / 2)
        no_memory(a);
    uint32_t grown = *capacity ? *capacity * 2 : 8;
    void *bigger = arena_take(a, grown, size);
    if (count)
        memcpy(bigger, *at, (size_t)count * size);
    *at = bigger;
    *capacity = grown;
}
