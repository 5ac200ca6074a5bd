/* arena.h - memory that is released all at once.
 *
 * One arena lives as long as a compilation, a scratch arena as long as a pass. Nothing inside is freed
 * on its own. When the allocator fails, the arena longjmps to `on_no_memory`, which whoever opened the
 * compilation has set; so code in between neither checks nor unwinds, and must own nothing but arena
 * memory across an allocation.
 */
#ifndef IR_ARENA_H
#define IR_ARENA_H

#include "runtime/isinglass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

typedef struct arena_block arena_block;

/* Something that is not the arena's and is to go with it: a value of a library. */
typedef struct arena_duty {
    struct arena_duty *older;
    void (*release)(void *what);
    void *what; /* NULL: nothing yet */
} arena_duty;

typedef struct arena {
    const isg_allocator *allocator;
    arena_block *blocks;
    arena_duty *duties;
    char *next, *end;
    jmp_buf *on_no_memory; /* must be set before the first allocation */
} arena;

void arena_open(arena *a, const isg_allocator *allocator, jmp_buf *on_no_memory);
void arena_close(arena *a);

/* `release` will be called by arena_close with what the caller then puts into the duty: taken first, so that nothing is owned
 * when memory runs out. The latest is released first. */
arena_duty *arena_at_close(arena *a, void (*release)(void *what));

/* Zeroed, aligned to 16. Sizes that overflow count as out of memory. */
void *arena_take(arena *a, size_t count, size_t size);
#define ARENA_NEW(a, T) ((T *)arena_take((a), 1, sizeof(T)))
#define ARENA_ARRAY(a, T, n) ((T *)arena_take((a), (n), sizeof(T)))

char *arena_copy(arena *a, const char *text, size_t length); /* NUL-terminated copy */
char *arena_format(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(arena *a, const char *format, va_list list);

/* A growing array in an arena: struct { T *at; uint32_t count, capacity; }. Grown storage is
 * abandoned to the arena, which costs at most twice the final size. */
#define ARENA_LIST(T)                                                                                                            \
    struct {                                                                                                                     \
        T *at;                                                                                                                   \
        uint32_t count, capacity;                                                                                                \
    }
#define ARENA_PUSH(a, list, ...)                                                                                                 \
    do {                                                                                                                         \
        if ((list)->count == (list)->capacity)                                                                                   \
            arena_grow((a), (void **)&(list)->at, &(list)->capacity, (list)->count, sizeof *(list)->at);                         \
        (list)->at[(list)->count++] = (__VA_ARGS__);                                                                             \
    } while (0)
void arena_grow(arena *a, void **at, uint32_t *capacity, uint32_t count, size_t size);

#endif
