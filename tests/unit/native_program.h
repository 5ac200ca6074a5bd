/* native_program.h - for the unit tests of the native backend: models of one Hamiltonian `a` with one output, from text, compiled
 * and run on numbers that are always the same. */
#ifndef TESTS_NATIVE_PROGRAM_H
#define TESTS_NATIVE_PROGRAM_H

#include "backends/native/native.h"
#include "runtime/program.h"
#include "tests/unit/runtime_check.h"

enum { RUN_SAMPLES = 3, RUN_ELEMENTS_MAX = 4096, RUN_INPUTS_MAX = 4 };

static isg_error run_error;

/* The model's text from its parameters on. */
static inline native_program *compile_text(const char *body, const native_options *options)
{
    arena a;
    jmp_buf no_memory;
    diagnostics d;
    native_program *native = NULL;
    arena_open(&a, isg_default_allocator(), &no_memory);
    diagnostics_open(&d, &a);
    const char *text = arena_format(&a, "isinglass 1\nstage ising\nmodel @m%s", body);
    ir_module *m = ir_parse(&a, &d, diagnostics_add_file(&d, "t.ising", text, strlen(text)));
    CHECK(m, "%s", diagnostics_draw(&d));
    if (m)
        CHECK(!native_compile(m, options, &native, &run_error), "%s", run_error.message);
    arena_close(&a);
    return native;
}

/* A batch of so many samples, in rows. */
static inline isg_named_tensor batch_of(const isg_abi_tensor *shape, int64_t samples, float *data)
{
    isg_named_tensor t = {.name = shape->name, .tensor = {.dtype = ISG_F32, .rank = shape->rank + 1, .data = data}};
    t.tensor.shape[0] = samples;
    memcpy(t.tensor.shape + 1, shape->shape, (size_t)shape->rank * sizeof *shape->shape);
    int64_t stride = sizeof *data;
    for (int32_t axis = t.tensor.rank; axis-- > 0; stride *= t.tensor.shape[axis])
        t.tensor.strides[axis] = stride;
    CHECK(stride <= RUN_ELEMENTS_MAX * (int64_t)sizeof *data, "%s is too large for this test", shape->name);
    return t;
}

/* The output of RUN_SAMPLES samples, 0 behind it. */
static inline isg_status run_native(const native_program *native, const isg_run_options *options, float x[RUN_ELEMENTS_MAX])
{
    static float numbers[RUN_INPUTS_MAX][RUN_ELEMENTS_MAX];
    const isg_abi_program *abi = native_program_abi(native);
    isg_named_tensor inputs[RUN_INPUTS_MAX], output = batch_of(&abi->outputs[0], RUN_SAMPLES, x);
    isg_program *program = NULL;
    memset(x, 0, RUN_ELEMENTS_MAX * sizeof *x);
    for (uint64_t i = 0; i < abi->input_count; i++) {
        for (int k = 0; k < RUN_ELEMENTS_MAX; k++)
            numbers[i][k] = (float)((k * 7 + (int)i * 3 + k / 23) % 101) / 50 - 1;
        inputs[i] = batch_of(&abi->inputs[i], RUN_SAMPLES, numbers[i]);
    }
    isg_status status = program_open_abi(abi, NULL, 0, isg_default_allocator(), NULL, &program, &run_error);
    CHECK(!status, "%s", run_error.message);
    if (!status)
        status = isg_run(program, inputs, abi->input_count, &output, 1, options, NULL, &run_error);
    isg_close(program);
    return status;
}

#endif
