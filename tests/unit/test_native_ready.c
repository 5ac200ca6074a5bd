/* test_native_ready.c - pieces that are ready as machine code: a program that calls them has no others compiled, and gives the
 * same bits as one that has its own, on every level of processor; where none is ready for the shape, the program has its own. */
#include "backends/native/ready.h"
#include "tests/unit/native_program.h"

#include <stdlib.h>

typedef struct model {
    const char *name, *body;
    bool ready; /* whether ready pieces do */
} model;

#define GROUPS(T, N, PENALTY)                                                                                                    \
    "(%J: f32[" T ", " N ", " N "], %h: f32[" T ", " N "]) {\n  %x = anneal name a spins {x[t in " T ", i in " N                 \
    "] in {0, 1}} terms {\n    lin  x[t, i] over [t in " T ", i in " N                                                           \
    "] coeff %h[t, i]\n    quad x[t, i] x[t, j] over [t in " T ", i in " N ", j in " N                                           \
    "] where i < j coeff %J[t, i, j]\n    quad x[t, i] x[u, i] over [t in " T ", u in " T ", i in " N                            \
    "] where t < u coeff " PENALTY "\n  } : spin[" T ", " N "]\n  return x = %x\n}\n"

/* clang-format off */
static const model models[] = {
    {"2 members", GROUPS("2", "18", "1.5"), true},
    {"3 members", GROUPS("3", "5", "1.25"), true},
    {"4 members", GROUPS("4", "16", "1.25"), true},
    {"5 members", GROUPS("5", "16", "1.25"), true},
    {"6 members", GROUPS("6", "3", "0.5"), true},
    {"7 members", GROUPS("7", "2", "0.75"), true},
    {"8 members", GROUPS("8", "11", "2.5"), true},
    {"9 members", GROUPS("9", "4", "1.25"), true},
    {"10 members", GROUPS("10", "6", "0.25"), true},
    {"11 members", GROUPS("11", "6", "0.25"), false},
    {"numbers up and down, groups last", "(%h: f32[5, 4]) {\n  %x = anneal name a spins {x[i in 5, t in 4] in {-1, 1}} terms {\n"
     "    lin  x[i, t] over [i in 5, t in 4] coeff %h[i, t]\n"
     "    quad x[i, t] x[i, u] over [i in 5, t in 4, u in 4] where t < u coeff 0.75\n  } : spin[5, 4]\n  return x = %x\n}\n", true},
    {"dense", "(%J: f32[33, 33], %h: f32[33]) {\n  %x = anneal name a spins {x[i in 33] in {-1, 1}} terms {\n"
     "    lin  x[i] over [i in 33] coeff %h[i]\n"
     "    quad x[i] x[j] over [i in 33, j in 33] where i < j coeff %J[i, j]\n  } : spin[33]\n  return x = %x\n}\n", true},
    {"exchanges", "(%h: f32[4, 4]) {\n  %x = anneal name a spins {x[i in 4, k in 4] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 4, k in 4] coeff 4 * %h[i, k] - 80\n"
     "    quad x[i, k] x[i, l] over [i in 4, k in 4, l in 4] where k < l coeff 80\n"
     "    quad x[i, k] x[j, k] over [i in 4, j in 4, k in 4] where i < j coeff 80\n  } : spin[4, 4]\n  return x = %x\n}\n", true},
};
/* clang-format on */

/* NULL, this processor, and those of its family that this one can run. */
static int processors(const char *names[4])
{
    int count = 0;
    names[count++] = NULL;
#if defined(__x86_64__)
    names[count++] = "x86-64";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        names[count++] = "x86-64-v3";
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        names[count++] = "x86-64-v4";
#endif
    return count;
}

static void check_model(const model *model, const char *processor, size_t place)
{
    static const int32_t reads[] = {3, 20}; /* one by one, side by side */
    static float expected[RUN_ELEMENTS_MAX], x[RUN_ELEMENTS_MAX];
    native_options options = {.processor = processor, .optimise = 1};
    const char *name = processor ? processor : "here";
    native_program *ready = compile_text(model->body, &options);
    options.self_contained = true;
    native_program *own = compile_text(model->body, &options);
    size_t made = native_program_functions(ready), all = native_program_functions(own);
    CHECK(made && (model->ready ? made <= all : made == all), "%s, %s: %zu functions of %zu", model->name, name, made, all);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        isg_run_options run = {.reads = reads[i], .sweeps = 12, .seed = place};
        CHECK(!run_native(own, &run, expected), "%s", run_error.message);
        CHECK(!run_native(ready, &run, x), "%s", run_error.message);
        CHECK(!memcmp(x, expected, sizeof x), "%s, %s, %d reads: other bits", model->name, name, (int)reads[i]);
    }
    native_program_close(ready);
    native_program_close(own);
}

/* What a program has compiled does not grow with what it calls. */
static void check_functions(void)
{
    const native_options options = {.optimise = 1};
    const native_options alone = {.optimise = 1, .self_contained = true};
    native_program *ready = compile_text(models[11].body, &options), *own = compile_text(models[11].body, &alone);
    size_t made = native_program_functions(ready), all = native_program_functions(own);
    CHECK(made < all, "dense: %zu functions of %zu", made, all);
    native_program_close(ready);
    native_program_close(own);
}

static size_t count_of(const ready_piece *pieces)
{
    size_t count = 0;
    for (; pieces[count].name; count++)
        CHECK(pieces[count].code, "%s has no code", pieces[count].name);
    return count;
}

#if defined(__x86_64__)
#define V3 "+cx16,+popcnt,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+xsave"
#define V4 ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vl"

static void check_levels(void)
{
    const ready_piece *base = ready_pieces(""), *v3 = ready_pieces(V3), *v4 = ready_pieces(V3 V4);
    CHECK(base != v3 && v3 != v4 && base != v4, "three levels");
    CHECK(ready_pieces("-avx512f,+aes," V3 V4 ",-sse4a") == v4, "among others");
    CHECK(ready_pieces(V3 ",+avx512f,+avx512bw,+avx512cd,+avx512dq,-avx512vl") == v3, "one short of the highest");
    CHECK(ready_pieces(V3 ",+avx512f,+avx512bw,+avx512cd,+avx512dq,+avx512vlx") == v3, "another name");
    CHECK(ready_pieces("+avx2" V4) == base, "the highest without the one below");
    CHECK(count_of(base) == count_of(v3) && count_of(base) == count_of(v4), "all pieces at all levels");
    for (size_t i = 0; i < count_of(base); i++)
        CHECK(!strcmp(base[i].name, v3[i].name) && !strcmp(base[i].name, v4[i].name) && base[i].code != v3[i].code, "%zu", i);
}
#else
static void check_levels(void)
{
    CHECK(count_of(ready_pieces("")) > 0, "one level");
}
#endif

int main(void)
{
    const char *names[4];
    int count = processors(names);
    check_levels();
    check_functions();
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        for (int k = 0; k < (i % 4 && !getenv("ISG_TEST_FULL") ? 1 : count); k++) /* on all levels: a few of them */
            check_model(&models[i], names[k], i);
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
