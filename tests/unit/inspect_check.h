/* inspect_check.h - for the unit tests of isg inspect: problems made by hand and at random, and a memory to analyse them in. */
#ifndef TESTS_INSPECT_CHECK_H
#define TESTS_INSPECT_CHECK_H

#include "ir/arena.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <setjmp.h>

static arena memory;
static isg_error error;

static inline int rounds(int full)
{
    const char *quick = getenv("ISG_TEST_QUICK");
    return quick && *quick && *quick != '0' ? full / 10 + 1 : full;
}

static inline problem open_problem(problem_domain domain, int64_t spins)
{
    problem p;
    CHECK(!problem_open(&p, NULL, domain, spins, &error), "%s", error.message);
    return p;
}

static inline void couple(problem *p, int64_t a, int64_t b, double value)
{
    CHECK(!problem_add_coupling(p, a, b, value, &error), "%s", error.message);
}

static inline void settle(problem *p)
{
    CHECK(!problem_settle(p, NULL, &error), "%s", error.message);
}

/* Numbers of ordinary sizes, of `degree` couplings a spin on average. */
static inline problem random_graph(random_source *r, problem_domain domain, int spins, double degree)
{
    problem p = open_problem(domain, spins);
    for (int i = 0; i < spins; i++) {
        p.fields[i] = random_unit(r);
        for (int j = 0; j < i; j++)
            if (random_unit(r) < 2 * degree / spins - 1)
                couple(&p, i, j, random_unit(r));
    }
    settle(&p);
    return p;
}

/* Runs tests one after the other; the exit status of the whole. */
static inline int run_tests(void (*const tests[])(void), size_t count)
{
    jmp_buf no_memory;
    arena_open(&memory, isg_default_allocator(), &no_memory);
    if (setjmp(no_memory)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    for (size_t k = 0; k < count; k++)
        tests[k]();
    arena_close(&memory);
    return check_failures != 0;
}

#define RUN_TESTS(tests) run_tests(tests, sizeof(tests) / sizeof *(tests))

#endif
