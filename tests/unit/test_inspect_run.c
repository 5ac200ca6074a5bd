/* test_inspect_run.c - a model of two Hamiltonians observed, with a machine and without, and cancelled at any moment: what was
 * done before is as it would have been, the rest is left out. */
#include "tests/unit/session_fixture.h"

#include "inspect/model_run.h"

static isg_error error;

typedef struct countdown {
    long asked, left; /* cancelled when asked more often; below 0: never */
} countdown;

static bool is_out(const void *context)
{
    countdown *c = (countdown *)(uintptr_t)context;
    return c->asked++ >= c->left && c->left >= 0;
}

/* The fixture's module with probes, compiled; the machine knows it without. */
typedef struct subject {
    fixture f;
    machine *machine;
    probes probes;
    native_program *native;
    isg_program *program;
    isg_named_tensor inputs[2];
} subject;

static void open_subject(subject *x)
{
    const native_options native = {.optimise = 1};
    fixture_open(&x->f);
    const machine_settings simulator = {.target = x->f.target, .reads = 2, .sweeps = 6, .passes = 2};
    CHECK(!machine_open(&x->machine, x->f.m, &simulator, NULL, &error), "%s", error.message);
    x->probes = probes_insert(x->f.m, &x->f.arena);
    CHECK(!native_compile(x->f.m, &native, &x->native, &error), "%s", error.message);
    CHECK(!program_open_abi(native_program_abi(x->native), NULL, 0, NULL, NULL, &x->program, &error), "%s", error.message);
    for (int i = 0; i < 2; i++) {
        x->inputs[i] = x->f.inputs[i];
        x->inputs[i].tensor.shape[0] = 1;
    }
}

static void close_subject(subject *x)
{
    isg_close(x->program);
    native_program_close(x->native);
    machine_close(x->machine);
    fixture_close(&x->f);
}

static model_run run(subject *x, bool with_machine, countdown *c)
{
    const observe_settings settings = {.reads = 4, .sweeps = 5, .seed = 3, .cancelled = is_out, .cancel_context = c};
    const isg_run_options options = {.threads = 1, .seed = 3};
    model_run r =
        model_run_open(x->f.m, x->probes, &settings, with_machine ? x->machine : NULL, isg_default_allocator(), &x->f.arena);
    program_set_solver(x->program, model_run_solve, &r);
    CHECK(!isg_run(x->program, x->inputs, 2, NULL, 0, &options, NULL, &error), "%s", error.message);
    return r;
}

static bool same_observation(const observation *a, const observation *b)
{
    return a->reads == b->reads && !memcmp(a->energies, b->energies, sizeof(double) * (size_t)(a->reads + 1)) &&
           !memcmp(a->up, b->up, (size_t)((a->reads + 1) * a->spins)) && a->chain.tau == b->chain.tau;
}

/* What was not cut short is as in the whole run; what was says so, and has no machine's answer. */
static void check_cut(const model_run *cut, const model_run *whole, bool with_machine, long at)
{
    bool broken = false, unfinished = false;
    for (uint32_t k = 0; k < 2; k++) {
        const observed_anneal *x = &cut->anneals[k], *y = &whole->anneals[k];
        CHECK(x->bound && x->late == unfinished, "at %ld: Hamiltonian %u", at, k);
        if (!x->observation.interrupted && !unfinished)
            CHECK(same_observation(&x->observation, &y->observation), "at %ld: Hamiltonian %u is another", at, k);
        if (with_machine && x->machine_state)
            CHECK(!unfinished && !x->observation.interrupted && x->machine_energy == y->machine_energy &&
                      !memcmp(x->machine_state, y->machine_state, 16),
                  "at %ld: the machine answers otherwise for Hamiltonian %u", at, k);
        unfinished |= x->observation.reads < x->observation.asked;
        broken |= x->observation.interrupted || (with_machine && !x->machine_state);
    }
    CHECK(broken, "at %ld: nothing was cut short", at);
}

static void test_cut(subject *x, bool with_machine)
{
    countdown c = {0, -1};
    model_run whole = run(x, with_machine, &c);
    long all = c.asked, step = getenv("ISG_TEST_QUICK") ? 41 : 13;
    int without_machine = 0, late = 0;
    CHECK(!whole.anneals[0].observation.interrupted && !whole.anneals[1].late &&
          !!whole.anneals[1].machine_state == with_machine);
    for (long at = 0; at + 1 < all; at += at < 60 || labs(at - all / 2) < 60 ? 1 : step) {
        c = (countdown){0, at};
        model_run cut = run(x, with_machine, &c);
        check_cut(&cut, &whole, with_machine, at);
        without_machine += !cut.anneals[0].observation.interrupted && !cut.anneals[0].machine_state;
        late += cut.anneals[1].late;
        model_run_close(&cut);
    }
    CHECK(late > 5 && (!with_machine || without_machine > 5), "%d late, %d without the machine's answer", late, without_machine);
    model_run_close(&whole);
}

int main(void)
{
    static subject x;
    open_subject(&x);
    test_cut(&x, false);
    test_cut(&x, true);
    close_subject(&x);
    return check_done();
}
