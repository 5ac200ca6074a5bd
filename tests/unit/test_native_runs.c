/* test_native_runs.c - a program compiled for known runs: it has the functions that they call and no others, gives what the whole
 * program gives, and refuses other runs. */
#include "backends/native/native.h"
#include "runtime/anneal.h"
#include "runtime/program.h"
#include "tests/unit/runtime_check.h"

#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 2, SAMPLES = 3, SPINS = 12 };

typedef struct model {
    const char *name, *body;
    bool side_by_side;            /* has moves for that */
    int64_t shape[INPUTS_MAX][4]; /* of J and h, behind the samples */
    int32_t rank[INPUTS_MAX];
} model;

/* clang-format off */
static const model models[] = {
    {"groups", "(%J: f32[3, 4, 4], %h: f32[3, 4]) {\n  %x = anneal name a spins {x[t in 3, i in 4] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 3, i in 4] coeff %h[t, i]\n"
     "    quad x[t, i] x[t, j] over [t in 3, i in 4, j in 4] where i < j coeff %J[t, i, j]\n"
     "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 4] where t < u coeff 1.25\n  } : spin[3, 4]\n  return x = %x\n}\n",
     true, {{SAMPLES, 3, 4, 4}, {SAMPLES, 3, 4}}, {4, 3}},
    {"dense", "(%J: f32[12, 12], %h: f32[12]) {\n  %x = anneal name a spins {x[i in 12] in {-1, 1}} terms {\n"
     "    lin  x[i] over [i in 12] coeff %h[i]\n"
     "    quad x[i] x[j] over [i in 12, j in 12] where i < j coeff %J[i, j]\n  } : spin[12]\n  return x = %x\n}\n",
     false, {{SAMPLES, 12, 12}, {SAMPLES, 12}}, {3, 2}},
};
/* clang-format on */

static isg_error error;

/* ---- compiling and running -------------------------------------------------------------------- */

static native_program *compile(const model *model, const native_runs *runs)
{
    arena a;
    jmp_buf no_memory;
    diagnostics d;
    native_program *native = NULL;
    arena_open(&a, isg_default_allocator(), &no_memory);
    diagnostics_open(&d, &a);
    const char *text = arena_format(&a, "isinglass 1\nstage ising\nmodel @m%s", model->body);
    ir_module *m = ir_parse(&a, &d, diagnostics_add_file(&d, "t.ising", text, strlen(text)));
    const native_options options = {.optimise = 1, .runs = runs};
    CHECK(m, "%s", diagnostics_draw(&d));
    if (m)
        CHECK(!native_compile(m, &options, &native, &error), "%s", error.message);
    arena_close(&a);
    return native;
}

static isg_status run(const native_program *native, const model *model, const isg_run_options *options, float *x)
{
    static const char *const names[INPUTS_MAX] = {"J", "h"};
    float numbers[INPUTS_MAX][SAMPLES * SPINS * SPINS];
    isg_named_tensor inputs[INPUTS_MAX], output = {.name = "x"};
    isg_program *program;
    for (int i = 0; i < INPUTS_MAX; i++) {
        for (int k = 0; k < SAMPLES * SPINS * SPINS; k++)
            numbers[i][k] = (float)((k * 7 + i * 3) % 23) / 11 - 1;
        inputs[i] =
            (isg_named_tensor){.name = names[i], .tensor = {.dtype = ISG_F32, .rank = model->rank[i], .data = numbers[i]}};
        memcpy(inputs[i].tensor.shape, model->shape[i], sizeof model->shape[i]);
        for (int32_t axis = model->rank[i], stride = 4; axis-- > 0; stride *= (int32_t)model->shape[i][axis])
            inputs[i].tensor.strides[axis] = stride;
    }
    const isg_abi_tensor *shape = &native_program_abi(native)->outputs[0];
    output.tensor = (isg_tensor){.dtype = ISG_F32, .rank = shape->rank + 1, .shape = {SAMPLES}, .data = x};
    memcpy(output.tensor.shape + 1, shape->shape, (size_t)shape->rank * sizeof *shape->shape);
    for (int32_t axis = output.tensor.rank, stride = 4; axis-- > 0; stride *= (int32_t)output.tensor.shape[axis])
        output.tensor.strides[axis] = stride;
    isg_status status = program_open_abi(native_program_abi(native), NULL, 0, isg_default_allocator(), NULL, &program, &error);
    CHECK(!status, "%s", error.message);
    if (!status)
        status = isg_run(program, inputs, INPUTS_MAX, &output, 1, options, NULL, &error);
    isg_close(program);
    return status;
}

/* ---- the functions ----------------------------------------------------------------------------- */

static void check_functions(const native_program *native, const model *model, const native_runs *runs)
{
    const isg_abi_hamiltonian *h = native_program_abi(native)->hamiltonians;
    bool anneals = runs->solver == ISG_ANNEAL;
    bool abreast = anneals && model->side_by_side && (!runs->reads || runs->reads >= 6);
    CHECK(h->groups == 1 && h->fields && h->descend && h->energy, "%s", model->name);
    CHECK(!h->couplings && !h->scales == anneals, "%s: what nobody calls", model->name);
    CHECK(!h->prepare == !anneals && !h->span == !anneals, "%s: preparation", model->name);
    CHECK(!h->sweep == (abreast || !anneals) && !h->start == !h->sweep, "%s: one read", model->name);
    CHECK(!h->sweep_reads == !abreast && !h->start_reads == !abreast && !h->finish_reads == !abreast, "%s: %d reads", model->name,
          (int)runs->reads);
}

/* Every run that another program was compiled for. */
static void check_others(const native_program *native, const model *model, const native_runs *runs)
{
    static const native_runs others[] = {{ISG_ANNEAL, 1}, {ISG_ANNEAL, 32}, {ISG_DESCENT, 1}};
    float x[SAMPLES * SPINS];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        isg_run_options options = {.solver = others[i].solver, .reads = others[i].reads, .sweeps = 8};
        bool one_by_one = !model->side_by_side || (runs->reads && runs->reads < 6); /* serves any number of reads */
        bool same = others[i].solver == runs->solver && (runs->solver == ISG_DESCENT || one_by_one || others[i].reads >= 6);
        isg_status status = run(native, model, &options, x);
        CHECK(status == (same ? ISG_OK : ISG_INVALID), "%s, run %zu: %d, %s", model->name, i, (int)status, error.message);
        if (!same)
            CHECK(strstr(error.message, "'a'") && strstr(error.message, "compiled for other runs"), "%s", error.message);
    }
}

static void check_model(const model *model)
{
    static const native_runs all[] = {{ISG_ANNEAL, 0}, {ISG_ANNEAL, 6}, {ISG_ANNEAL, 5}, {ISG_ANNEAL, 1}, {ISG_DESCENT, 0}};
    native_program *whole = compile(model, NULL);
    const isg_abi_hamiltonian *h = native_program_abi(whole)->hamiltonians;
    CHECK(h->sweep && h->scales && h->couplings && !h->sweep_reads == !model->side_by_side, "%s: the whole program", model->name);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        isg_run_options options = {.solver = all[i].solver, .reads = all[i].reads, .sweeps = 8, .seed = i};
        float expected[SAMPLES * SPINS], x[SAMPLES * SPINS];
        native_program *native = compile(model, &all[i]);
        check_functions(native, model, &all[i]);
        CHECK(!run(whole, model, &options, expected), "%s", error.message);
        CHECK(!run(native, model, &options, x), "%s", error.message);
        CHECK(!memcmp(x, expected, sizeof x), "%s: runs %zu give something else", model->name, i);
        check_others(native, model, &all[i]);
        native_program_close(native);
    }
    native_program_close(whole);
}

int main(void)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        check_model(&models[i]);
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
