/* ir_check.h - for the unit tests of the IR and of what works on it: checks, and a module's memory and diagnostics. */
#ifndef TESTS_IR_CHECK_H
#define TESTS_IR_CHECK_H

#include "ir/ir.h"

#include <stdio.h>
#include <stdlib.h>

static int failures;

#define CHECK(condition, ...)                                                                                                    \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            failures++;                                                                                                          \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                                               \
            printf(__VA_ARGS__);                                                                                                 \
            printf("\n");                                                                                                        \
        }                                                                                                                        \
    } while (0)

typedef struct ir_session {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
    ir_module *m; /* empty */
} ir_session;

static inline void ir_session_open(ir_session *s)
{
    arena_open(&s->arena, NULL, &s->no_memory);
    if (setjmp(s->no_memory)) {
        puts("out of memory");
        exit(1);
    }
    diagnostics_open(&s->diagnostics, &s->arena);
    s->m = ir_module_new(&s->arena, &s->diagnostics);
}

#endif
