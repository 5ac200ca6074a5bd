/* test_native_runs.c - a program compiled for known runs: it has the functions that they call and no others, gives what the whole
 * program gives, and refuses other runs. */
#include "tests/unit/native_program.h"

typedef struct model {
    const char *name, *body;
    bool side_by_side; /* has moves for that */
} model;

/* clang-format off */
static const model models[] = {
    {"groups", "(%J: f32[3, 4, 4], %h: f32[3, 4]) {\n  %x = anneal name a spins {x[t in 3, i in 4] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 3, i in 4] coeff %h[t, i]\n"
     "    quad x[t, i] x[t, j] over [t in 3, i in 4, j in 4] where i < j coeff %J[t, i, j]\n"
     "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 4] where t < u coeff 1.25\n  } : spin[3, 4]\n  return x = %x\n}\n", true},
    {"dense", "(%J: f32[12, 12], %h: f32[12]) {\n  %x = anneal name a spins {x[i in 12] in {-1, 1}} terms {\n"
     "    lin  x[i] over [i in 12] coeff %h[i]\n"
     "    quad x[i] x[j] over [i in 12, j in 12] where i < j coeff %J[i, j]\n  } : spin[12]\n  return x = %x\n}\n", false},
};
/* clang-format on */

static native_program *compile(const model *model, const native_runs *runs)
{
    const native_options options = {.optimise = 1, .runs = runs};
    return compile_text(model->body, &options);
}

static void check_functions(const native_program *native, const model *model, const native_runs *runs)
{
    const isg_abi_hamiltonian *h = native_program_abi(native)->hamiltonians;
    bool anneals = runs->solver == ISG_ANNEAL;
    bool abreast = anneals && model->side_by_side && (!runs->reads || runs->reads >= 6);
    CHECK(h->groups == 1 && h->fields && h->descend && h->energy, "%s", model->name);
    bool told = anneals && !model->side_by_side && (!runs->reads || runs->reads >= 6); /* where the runtime has a way for many */
    CHECK(!h->couplings == !told && !h->few_couplings == !told, "%s: couplings", model->name);
    CHECK(!h->scales == anneals, "%s: scales", model->name);
    CHECK(!h->prepare == !anneals && !h->span == !anneals, "%s: preparation", model->name);
    CHECK(!h->sweep == (abreast || !anneals) && !h->start == !h->sweep, "%s: one read", model->name);
    CHECK(!h->sweep_reads == !abreast && !h->start_reads == !abreast && !h->finish_reads == !abreast, "%s: %d reads", model->name,
          (int)runs->reads);
}

/* Runs that the program was compiled for, and others. */
static void check_refusals(const native_program *native, const model *model, const native_runs *runs)
{
    static const native_runs all[] = {{ISG_ANNEAL, 1}, {ISG_ANNEAL, 32}, {ISG_DESCENT, 1}};
    bool one_by_one = !model->side_by_side || (runs->reads && runs->reads < 6); /* serves any number of reads */
    float x[RUN_ELEMENTS_MAX];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        isg_run_options options = {.solver = all[i].solver, .reads = all[i].reads, .sweeps = 8};
        bool same = all[i].solver == runs->solver && (runs->solver == ISG_DESCENT || one_by_one || all[i].reads >= 6);
        isg_status status = run_native(native, &options, x);
        CHECK(status == (same ? ISG_OK : ISG_INVALID), "%s, run %zu: %d, %s", model->name, i, (int)status, run_error.message);
        if (!same)
            CHECK(strstr(run_error.message, "'a'") && strstr(run_error.message, "compiled for other runs"), "%s",
                  run_error.message);
    }
}

static void check_model(const model *model)
{
    static const native_runs all[] = {{ISG_ANNEAL, 0}, {ISG_ANNEAL, 6}, {ISG_ANNEAL, 5}, {ISG_ANNEAL, 1}, {ISG_DESCENT, 0}};
    static float expected[RUN_ELEMENTS_MAX], x[RUN_ELEMENTS_MAX];
    native_program *whole = compile(model, NULL);
    const isg_abi_hamiltonian *h = native_program_abi(whole)->hamiltonians;
    CHECK(h->sweep && h->scales && h->couplings && !h->sweep_reads == !model->side_by_side, "%s: the whole program", model->name);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        isg_run_options options = {.solver = all[i].solver, .reads = all[i].reads, .sweeps = 8, .seed = i};
        native_program *native = compile(model, &all[i]);
        check_functions(native, model, &all[i]);
        CHECK(!run_native(whole, &options, expected), "%s", run_error.message);
        CHECK(!run_native(native, &options, x), "%s", run_error.message);
        CHECK(!memcmp(x, expected, sizeof x), "%s: runs %zu give something else", model->name, i);
        check_refusals(native, model, &all[i]);
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
