/* test_machine_solve.c - block coordinate descent on machines' simulators, on random Hamiltonians: no pass raises the energy, it
 * ends when a pass changes nothing, the seed alone decides, interruption and lack of memory are survived; and binding of what
 * the native backend compiled. */
#include "backends/machine/bind.h"
#include "backends/machine/descent.h"
#include "backends/machine/fit.h"
#include "backends/machine/machine.h"
#include "backends/native/native.h"
#include "passes/pass.h"
#include "tests/unit/machine_table.h"
#include "tests/unit/runtime_check.h"

#include <limits.h>
#include <pthread.h>

static isg_error error;

static uint64_t scaled_count(uint64_t usual)
{
    return getenv("ISG_TEST_FULL") ? usual * 10 : getenv("ISG_TEST_QUICK") ? usual / 10 : usual;
}

static target machine_of(int64_t spins, target_kind kind, target_fields fields, int bits)
{
    target m = {.name = "made",
                .kind = kind,
                .spins = spins,
                .couplings = {.min = -INFINITY, .max = INFINITY, .sum_min = -INFINITY, .sum_max = INFINITY, .count = INT64_MAX},
                .fields = fields};
    m.field_values = m.couplings;
    if (bits) {
        m.couplings.limited = true;
        m.couplings.bits = bits;
        m.couplings.min = -ldexp(1, bits - 1);
        m.couplings.max = ldexp(1, bits - 1) - 1;
    }
    return m;
}

/* ---- a module with one anneal of that many spins, scheduled for the machine ---- */

typedef struct session {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
    ir_module *m;
} session;

static ir_module *parse(session *s, const char *text)
{
    ir_module *m = ir_parse(&s->arena, &s->diagnostics, diagnostics_add_file(&s->diagnostics, "t.ising", text, strlen(text)));
    CHECK(m, "%s", diagnostics_draw(&s->diagnostics));
    return m;
}

/* Whatever pairs the data couples, all may be coupled. */
static ir_module *parse_anneal(session *s, int binary, int spins)
{
    const char *text = arena_format(&s->arena,
                                    "isinglass 1\nstage ising\nmodel @m(%%w: f32[4]) {\n"
                                    "  %%x, %%s = anneal name table spins {x[i in %d] in {0, 1}, s[i in %d] in {-1, 1}} terms {\n"
                                    "    quad x[i] x[j] over [i in %d, j in %d] where i < j coeff %%w[0]\n"
                                    "    quad s[i] s[j] over [i in %d, j in %d] where i < j coeff %%w[1]\n"
                                    "    quad x[i] s[j] over [i in %d, j in %d] coeff %%w[2]\n  } : spin[%d], spin[%d]\n"
                                    "  %%o = readout over [i in 4] elem %%w[i] : f32[4]\n  return o = %%o\n}\n",
                                    binary, spins - binary, binary, binary, spins - binary, spins - binary, binary,
                                    spins - binary, binary, spins - binary);
    return parse(s, text);
}

/* The machine for it, or NULL with *status. */
static machine *open_for(session *s, const machine_settings *settings, int binary, int spins, const isg_allocator *allocator,
                         isg_status *status)
{
    const pass_options options = {.machine_variables = target_variables(settings->target, true)};
    const char *failed, *before, *fault;
    machine *x = NULL;
    s->m = parse_anneal(s, binary, spins);
    fault = pass_run_list(s->m, "partition", &options, NULL, &failed, &before);
    CHECK(!fault, "%s", fault);
    *status = machine_open(&x, s->m, settings, allocator, &error);
    return x;
}

static void session_open(session *s)
{
    *s = (session){0};
    arena_open(&s->arena, NULL, &s->no_memory);
    if (setjmp(s->no_memory))
        abort();
    diagnostics_open(&s->diagnostics, &s->arena);
}

/* ---- solving ---- */

typedef struct countdown {
    long left;
} countdown;

static bool counted(const void *context)
{
    countdown *c = (countdown *)(uintptr_t)context;
    return --c->left < 0;
}

static isg_status solve(machine *x, table *t, int64_t sample, countdown *cancel, double *energy)
{
    isg_abi_hamiltonian h = table_hamiltonian(t);
    isg_abi_context context = table_context(t);
    program_solve request = {.hamiltonian = &h, .context = &context, .sample = sample, .energy = energy};
    if (cancel) {
        request.cancelled = counted;
        request.cancel_context = cancel;
    }
    return machine_solve(x, &request, &error);
}

/* The energy that the passes begin from. */
static double start_energy(table *t)
{
    isg_abi_hamiltonian h = table_hamiltonian(t);
    isg_abi_context context = table_context(t);
    problem p;
    problem_rows rows;
    int8_t state[TABLE_SPINS];
    double field[TABLE_SPINS], best = INFINITY;
    CHECK(!bind_problem(&h, &context, NULL, &p, &error), "%s", error.message);
    CHECK(!problem_rows_open(&rows, &p, &error), "%s", error.message);
    for (int high = 0; high < 2; high++) {
        memset(state, high ? 1 : p.domain == PROBLEM_BINARY ? 0 : -1, sizeof state);
        descent(&p, &rows, state, field);
        best = fmin(best, problem_energy(&p, state));
    }
    problem_rows_close(&rows, &p);
    problem_close(&p);
    return best;
}

static double least_energy(const table *t)
{
    int8_t state[TABLE_SPINS];
    double least = INFINITY;
    for (uint64_t k = 0; k < 1u << t->spins; k++) {
        table_state(t, k, state);
        least = fmin(least, table_total(t, state));
    }
    return least;
}

/* A random Hamiltonian and a random machine for it. */
typedef struct trial {
    table t;
    target target;
    machine_settings settings;
    int binary;
} trial;

static void random_trial(trial *x, uint64_t seed, int most)
{
    static const int bits[] = {0, 0, 2, 8};
    random_source r = random_open(seed ^ 0xb10c);
    int spins = random_below(&r, most + 1), domains = random_below(&r, 3);
    x->binary = domains == 0 ? spins : domains == 1 ? 0 : random_below(&r, spins + 1);
    table_fill(&x->t, &r, spins, domains, x->binary, random_below(&r, 5));
    x->target = machine_of(3 + random_below(&r, most), random_below(&r, 4) ? TARGET_ANNEALER : TARGET_CIM,
                           random_below(&r, 2) ? TARGET_FIELDS_ANCILLA : TARGET_FIELDS_NATIVE, bits[random_below(&r, 4)]);
    x->settings = (machine_settings){.target = &x->target, .passes = 1, .reads = 2, .sweeps = 20, .seed = seed};
}

static double run_trial(trial *x, machine_tally *tally)
{
    session s;
    isg_status status = ISG_OK;
    double energy = NAN;
    session_open(&s);
    machine *m = open_for(&s, &x->settings, x->binary, x->t.spins, NULL, &status);
    CHECK(!status, "%s", error.message);
    if (m) {
        status = solve(m, &x->t, 3, NULL, &energy);
        CHECK(!status, "%s", error.message);
        *tally = machine_tally_of(m, 0);
    }
    machine_close(m);
    arena_close(&s.arena);
    return energy;
}

static int64_t improved, whole_optima, whole_trials;

static void test_descent(uint64_t seed)
{
    static trial x;
    random_trial(&x, seed, seed % 8 ? 14 : TABLE_SPINS);
    double slack = 1e-12 * table_magnitude(&x.t), start = start_energy(&x.t), last = start;
    machine_tally tally = {0};
    for (x.settings.passes = 1; x.settings.passes <= 4; x.settings.passes++) {
        double energy = run_trial(&x, &tally);
        CHECK(energy <= last + slack, "seed %llu: pass %d raised %.17g to %.17g", (unsigned long long)seed, x.settings.passes,
              last, energy);
        CHECK(fabs(energy - table_total(&x.t, x.t.state)) <= slack, "seed %llu: not the state's energy",
              (unsigned long long)seed);
        CHECK(tally.samples == 1 && tally.passes <= x.settings.passes, "%lld passes", (long long)tally.passes);
        last = energy;
    }
    improved += last < start - slack;
    /* Until a pass changes nothing; one pass less already had that answer. */
    x.settings.passes = 1000;
    double end = run_trial(&x, &tally);
    CHECK(tally.passes < 100 && end <= last + slack, "seed %llu: %lld passes", (unsigned long long)seed, (long long)tally.passes);
    int8_t state[TABLE_SPINS];
    memcpy(state, x.t.state, sizeof state);
    x.settings.passes = tally.passes > 1 ? (int32_t)tally.passes - 1 : 1;
    CHECK(run_trial(&x, &tally) == end && !memcmp(state, x.t.state, (size_t)x.t.spins), "seed %llu: the last pass changed it",
          (unsigned long long)seed);
    if (x.t.spins && x.t.spins <= 12 && x.t.spins < x.target.spins && !x.target.couplings.limited) {
        double least = least_energy(&x.t);
        CHECK(end >= least - slack, "seed %llu: below the ground state", (unsigned long long)seed);
        whole_trials++;
        whole_optima += end <= least + slack;
    }
}

/* ---- the same seed, the same answers, on any number of threads ---- */

enum { SAMPLES = 12 };

typedef struct batch {
    machine *machine;
    table *tables;
    double energies[SAMPLES];
    int first, step;
} batch;

static void *solve_some(void *context)
{
    batch *b = context;
    for (int k = b->first; k < SAMPLES; k += b->step)
        if (solve(b->machine, &b->tables[k], k, NULL, &b->energies[k]))
            b->energies[k] = NAN;
    return NULL;
}

static void test_threads(target_kind kind)
{
    static table tables[2][SAMPLES];
    const target target = machine_of(12, kind, TARGET_FIELDS_ANCILLA, 8);
    const machine_settings settings = {.target = &target, .reads = 2, .sweeps = 20, .seed = 5};
    batch all = {.tables = tables[0], .step = 1},
          half[2] = {{.tables = tables[1], .step = 2}, {.tables = tables[1], .first = 1, .step = 2}};
    machine_tally tallies[2];
    random_source r = random_open(1);
    for (int k = 0; k < SAMPLES; k++) {
        table_fill(&tables[0][k], &r, 30, 2, 10, 2);
        tables[1][k] = tables[0][k];
    }
    session s;
    isg_status status;
    for (int threads = 1; threads <= 2; threads++) {
        session_open(&s);
        machine *m = open_for(&s, &settings, 10, 30, NULL, &status);
        CHECK(!status, "%s", error.message);
        all.machine = half[0].machine = half[1].machine = m;
        pthread_t workers[2];
        for (int k = 0; k < threads; k++)
            pthread_create(&workers[k], NULL, solve_some, threads == 1 ? &all : &half[k]);
        for (int k = 0; k < threads; k++)
            pthread_join(workers[k], NULL);
        tallies[threads - 1] = machine_tally_of(m, 0);
        machine_close(m);
        arena_close(&s.arena);
    }
    for (int k = 0; k < SAMPLES; k++) {
        CHECK(all.energies[k] == half[k % 2].energies[k], "sample %d: %.17g or %.17g", k, all.energies[k],
              half[k % 2].energies[k]);
        CHECK(!memcmp(tables[0][k].state, tables[1][k].state, 30), "sample %d: another state", k);
    }
    CHECK(tallies[0].samples == SAMPLES && tallies[1].samples == SAMPLES && tallies[0].runs == tallies[1].runs &&
              tallies[0].spins_fixed == tallies[1].spins_fixed && tallies[0].couplings_lost == tallies[1].couplings_lost,
          "the tallies differ");
    const machine_schedule none = {0};
    CHECK(!machine_check(&none, &target, "none", &error), "nothing fits anywhere");
}

/* ---- interruption, small and solved Hamiltonians ---- */

static void test_cancel(target_kind kind)
{
    static table t;
    random_source r = random_open(2);
    const target target = machine_of(12, kind, TARGET_FIELDS_ANCILLA, 8);
    const machine_settings settings = {.target = &target, .reads = 2, .sweeps = 30};
    for (long at = 0; at < 400; at += 7) {
        table_fill(&t, &r, 40, 2, 20, 2);
        double start = start_energy(&t), energy = NAN;
        session s;
        isg_status status;
        session_open(&s);
        machine *m = open_for(&s, &settings, 20, 40, NULL, &status);
        countdown cancel = {.left = at};
        status = solve(m, &t, 0, &cancel, &energy);
        CHECK(!status && energy <= start + 1e-9, "after %ld: status %d, energy %g from %g", at, status, energy, start);
        CHECK(cancel.left > -400, "asked %ld times more", -cancel.left);
        machine_close(m);
        arena_close(&s.arena);
    }
}

static void test_small(void)
{
    static trial x;
    machine_tally tally;
    for (int spins = 0; spins < 2; spins++)
        for (int binary = 0; binary <= spins; binary++)
            for (int kind = TARGET_CIM; kind <= TARGET_DIGITAL; kind++) {
                x.target = machine_of(2, (target_kind)kind, TARGET_FIELDS_ANCILLA, 8);
                x.settings = (machine_settings){.target = &x.target};
                x.binary = binary;
                x.t = (table){.spins = spins, .groups = 1, .offset = 7, .field = {-2}, .lowest = {binary ? 0 : -1}};
                double energy = run_trial(&x, &tally);
                CHECK(energy == 7 - 2 * spins && tally.spins_sent == 0 && tally.spins_fixed == spins, "energy %g", energy);
                x.t.field[0] = 0;
                CHECK(run_trial(&x, &tally) == 7, "no field at all");
            }
    /* Fields that decide everything: nothing is left for the machine. */
    random_source r = random_open(3);
    table_fill(&x.t, &r, 20, 1, 0, 2);
    x.t.groups = 1;
    x.target = machine_of(8, TARGET_CIM, TARGET_FIELDS_ANCILLA, 8);
    double expected = x.t.offset;
    for (int i = 0; i < 20; i++)
        x.t.field[i] = i % 2 ? 1000 : -1000;
    x.binary = 0;
    double energy = run_trial(&x, &tally);
    for (int i = 0; i < 20; i++)
        CHECK(x.t.state[i] == (i % 2 ? -1 : 1), "spin %d", i);
    expected = table_total(&x.t, x.t.state);
    CHECK(energy == expected && tally.spins_sent == 0 && tally.spins_fixed == 20 * tally.passes, "%lld sent",
          (long long)tally.spins_sent);
    CHECK(tally.couplings == 0 && tally.runs_without_couplings == 0, "nothing to lose");
}

/* ---- what does not fit ---- */

static void expect_refusal(const target *t, int spins, const char *first, const char *second)
{
    session s;
    isg_status status;
    const machine_settings settings = {.target = t};
    machine *m;
    session_open(&s);
    const pass_options whole = {0}; /* not cut */
    const char *failed, *before;
    s.m = parse_anneal(&s, 0, spins);
    CHECK(!pass_run_list(s.m, "partition", &whole, NULL, &failed, &before), "partition");
    status = machine_open(&m, s.m, &settings, NULL, &error);
    CHECK(status == ISG_INVALID && !m && strstr(error.message, first) && strstr(error.message, second), "%s", error.message);
    arena_close(&s.arena);
}

static void test_refusals(void)
{
    target small = machine_of(10, TARGET_ANNEALER, TARGET_FIELDS_ANCILLA, 8), sparse = small, king = small;
    expect_refusal(&small, 12, "holds 9 beside its ancilla", "3 too many");
    sparse.topology = (target_topology){.kind = TOPOLOGY_PEGASUS, .size = 16};
    expect_refusal(&sparse, 12, "needs embedding", "180");
    king.topology = (target_topology){.kind = TOPOLOGY_KING, .rows = 4, .columns = 4};
    expect_refusal(&king, 12, "needs embedding", "all-to-all");
    /* Fields that a machine cannot take show only with the data. */
    static trial x;
    x.target = machine_of(40, TARGET_ANNEALER, TARGET_FIELDS_NONE, 8);
    x.settings = (machine_settings){.target = &x.target};
    random_source r = random_open(9);
    table_fill(&x.t, &r, 20, 1, 0, 2);
    for (int i = 0; i < 20; i++)
        x.t.field[i] = 0.01;
    for (int k = 0; k < x.t.couplings; k++)
        x.t.coupling[k].value = 3 + random_unit(&r);
    session s;
    isg_status status;
    double energy;
    session_open(&s);
    machine *m = open_for(&s, &x.settings, 0, 20, NULL, &status);
    CHECK(m && solve(m, &x.t, 0, NULL, &energy) == ISG_INVALID && strstr(error.message, "fields: ancilla"), "%s", error.message);
    machine_close(m);
    arena_close(&s.arena);
}

/* ---- lack of memory ---- */

static void test_memory(target_kind kind)
{
    static table t;
    random_source r = random_open(4);
    const target target = machine_of(8, kind, TARGET_FIELDS_ANCILLA, 3);
    const machine_settings settings = {.target = &target, .passes = 1, .reads = 1, .sweeps = 4};
    table_fill(&t, &r, 12, 2, 5, 2);
    for (int i = 0; i < t.couplings; i++)
        t.coupling[i].value += 2;
    for (int ever = 0; ever < 2; ever++) {
        bool sprung = true;
        for (long at = 1; sprung; at++) {
            session s;
            trap trap = {.at = at, .ever_after = ever};
            isg_allocator hook = trap_allocator(&trap);
            isg_status status;
            double energy;
            session_open(&s);
            machine *m = open_for(&s, &settings, 5, 12, &hook, &status);
            if (!status)
                status = solve(m, &t, 0, NULL, &energy);
            machine_close(m);
            sprung = trap.calls >= at;
            CHECK(status == (sprung ? ISG_NO_MEMORY : ISG_OK), "allocation %ld: status %d", at, status);
            CHECK(trap.held_blocks == 0 && trap.held_bytes == 0, "allocation %ld: %ld blocks left", at, (long)trap.held_blocks);
            arena_close(&s.arena);
        }
    }
}

/* ---- what the native backend compiles, bound ---- */

static const char compiled[] =
    "isinglass 1\nstage ising\nmodel @m(%J: f32[3, 4, 4], %h: f32[5], %c: f32) {\n"
    "  %x, %s = anneal name mixed spins {x[t in 3, i in 4] in {0, 1}, s[i in 5] in {-1, 1}} terms {\n"
    "    offset coeff %c\n"
    "    lin  s[i] over [i in 5] coeff %h[i]\n"
    "    lin  x[t, i] over [t in 3, i in 4] coeff %h[t] * %h[i]\n"
    "    quad x[t, i] x[t, j] over [t in 3, i in 4, j in 4] where i < j coeff %J[t, i, j] + %J[t, j, i]\n"
    "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 4] where t < u coeff 1.5\n"
    "    quad x[t, i] s[i + 1] over [t in 3, i in 4] coeff %J[t, 0, i]\n"
    "    quad s[i] s[j] over [i in 5, j in 5] where i + 1 == j coeff %c\n"
    "  } : spin[3, 4], spin[5]\n"
    "  %o = readout over [i in 5] elem %s[i] : f32[5]\n  return o = %o\n}\n";

static isg_status bind_compiled(void *context, const program_solve *request, isg_error *e)
{
    const isg_abi_hamiltonian *h = request->hamiltonian;
    const int8_t *lowest = (const int8_t *)request->context->tables + h->lowest_offset;
    problem p;
    isg_status status = bind_problem(h, request->context, NULL, &p, e);
    if (status)
        return status;
    for (uint64_t k = 0; k < (uint64_t)1 << h->spins; k += 1 + k % 3) {
        int8_t model[32], state[32];
        double field[32], energy[33], sum = 0;
        for (uint64_t i = 0; i < h->spins; i++)
            model[i] = k >> i & 1 ? 1 : lowest[i];
        h->fields(request->context, model, field);
        h->energy(request->context, model, field, energy);
        for (uint64_t g = 0; g <= h->groups; g++)
            sum += energy[g];
        bool known = problem_encode(&p, model, state);
        CHECK(known && fabs(problem_energy(&p, state) - sum) <= *(double *)context, "state %llx: %.17g, not %.17g",
              (unsigned long long)k, problem_energy(&p, state), sum);
    }
    problem_close(&p);
    *request->energy = 0;
    return ISG_OK;
}

/* The first of four samples; whole numbers leave no error at all. */
static isg_status run_samples(isg_program *program, bool whole, program_solver solver, void *context, int threads,
                              int64_t samples)
{
    float J[4][3][4][4], h[4][5], c[4], o[4][5];
    random_source r = random_open(8);
    for (size_t k = 0; k < sizeof J / sizeof(float); k++)
        ((float *)J)[k] = whole ? (float)(random_below(&r, 9) - 4) : (float)random_unit(&r);
    for (size_t k = 0; k < sizeof h / sizeof(float); k++)
        ((float *)h)[k] = whole ? (float)(random_below(&r, 9) - 4) : 3 * (float)random_unit(&r);
    for (int k = 0; k < 4; k++)
        c[k] = whole ? (float)(k - 2) : (float)random_unit(&r);
    const isg_named_tensor in[] = {{"J", {ISG_F32, 4, {samples, 3, 4, 4}, {192, 64, 16, 4}, J}},
                                   {"h", {ISG_F32, 2, {samples, 5}, {20, 4}, h}},
                                   {"c", {ISG_F32, 1, {samples}, {4}, c}}};
    const isg_named_tensor out[] = {{"o", {ISG_F32, 2, {samples, 5}, {20, 4}, o}}};
    const isg_run_options options = {.threads = threads};
    program_set_solver(program, solver, context);
    return isg_run(program, in, 3, out, 1, &options, NULL, &error);
}

static isg_status run_compiled(isg_program *program, bool whole, program_solver solver, void *context, int threads)
{
    return run_samples(program, whole, solver, context, threads, 4);
}

/* A fit that may be cancelled. */
typedef struct cancelled_fit {
    fit_run *fit;
    countdown *cancel; /* NULL: never */
} cancelled_fit;

static isg_status fit_solve_cancelled(void *context, const program_solve *request, isg_error *e)
{
    const cancelled_fit *c = context;
    program_solve own = *request;
    if (c->cancel) {
        own.cancelled = counted;
        own.cancel_context = c->cancel;
    }
    return fit_solve(c->fit, &own, e);
}

/* Measures samples on a machine; the memory of both fails as the trap says. */
static isg_status fit_samples(session *s, isg_program *program, const isg_allocator *hook, int threads, int64_t samples,
                              countdown *cancel, fit_row *row)
{
    const target target = machine_of(9, TARGET_ANNEALER, TARGET_FIELDS_ANCILLA, 3);
    const machine_settings settings = {.target = &target, .reads = 2, .sweeps = 8};
    fit_run *fit = NULL;
    uint32_t count;
    isg_status status = fit_open(&fit, s->m, &settings, 1, hook, &error);
    if (!status)
        status = run_samples(program, false, fit_solve_cancelled, &(cancelled_fit){fit, cancel}, threads, samples);
    if (!status)
        *row = fit_rows(s->m, &settings, fit, &s->arena, &count)[0];
    fit_close(fit);
    return status;
}

static isg_status fit_compiled(session *s, isg_program *program, const isg_allocator *hook, int threads, fit_row *row)
{
    return fit_samples(s, program, hook, threads, 4, NULL, row);
}

static bool same_row(const fit_row *a, const fit_row *b)
{
    return a->samples == b->samples && a->anneals == b->anneals && a->fixed == b->fixed &&
           a->couplings_lost == b->couplings_lost && a->usual_lost == b->usual_lost && a->error_bound == b->error_bound &&
           a->energy_native == b->energy_native && a->energy_machine == b->energy_machine && a->gap == b->gap &&
           a->agreement == b->agreement;
}

/* What a fit that is cancelled has measured is what fewer samples alone give. */
static void test_fit_cancelled(session *s, isg_program *program)
{
    fit_row alone[5] = {0}, cut;
    countdown never = {.left = LONG_MAX};
    int counts[5] = {0};
    for (int64_t n = 1; n <= 4; n++)
        CHECK(!fit_samples(s, program, NULL, 1, n, n == 4 ? &never : NULL, &alone[n]), "%s", error.message);
    long all = LONG_MAX - never.left;
    for (long at = 0; at < all; at++) {
        countdown cancel = {.left = at};
        CHECK(!fit_samples(s, program, NULL, 1, 4, &cancel, &cut), "at %ld: %s", at, error.message);
        CHECK(cut.samples < 4 && (!cut.samples || same_row(&cut, &alone[cut.samples])), "at %ld: other than %lld samples alone",
              at, (long long)cut.samples);
        counts[cut.samples]++;
    }
    CHECK(counts[0] && counts[1] && counts[2] && counts[3], "%d %d %d %d", counts[0], counts[1], counts[2], counts[3]);
}

static void test_fit(session *s, isg_program *program)
{
    const pass_options options = {.machine_variables = 8};
    const char *failed, *before;
    fit_row one = {0}, two = {0};
    CHECK(!pass_run_list(s->m, "partition", &options, NULL, &failed, &before), "partition");
    CHECK(!fit_compiled(s, program, NULL, 1, &one) && !fit_compiled(s, program, NULL, 2, &two), "%s", error.message);
    CHECK(one.samples == 4 && one.parts == 3 && one.spins == 17 && one.gap >= -1e-9 && one.gap < 0.2 && one.agreement > 0.5,
          "gap %g", one.gap);
    CHECK(one.usual_lost >= 0 && one.couplings_lost <= 1 && one.error_bound >= 0, "bound %g", one.error_bound);
    CHECK(one.energy_machine == two.energy_machine && one.error_bound == two.error_bound && one.gap == two.gap, "threads tell");
    bool sprung = true;
    for (long at = 1; sprung; at += 1 + at / 50) {
        trap t = {.at = at, .ever_after = true};
        isg_allocator hook = trap_allocator(&t);
        isg_status status = fit_compiled(s, program, &hook, 1, &one);
        sprung = t.calls >= at;
        CHECK(status == (sprung ? ISG_NO_MEMORY : ISG_OK), "allocation %ld: status %d", at, status);
        CHECK(t.held_blocks == 0, "allocation %ld: %ld blocks left", at, (long)t.held_blocks);
    }
}

static void test_compiled(void)
{
    session s;
    native_program *native = NULL;
    isg_program *program = NULL;
    const native_options options = {.optimise = 2};
    session_open(&s);
    s.m = parse(&s, compiled);
    CHECK(s.m && !native_compile(s.m, &options, &native, &error), "%s", error.message);
    if (native)
        CHECK(!program_open_abi(native_program_abi(native), NULL, 0, NULL, NULL, &program, &error), "%s", error.message);
    if (program) {
        double none = 0, rounding = 1e-12 * 100;
        CHECK(!run_compiled(program, true, bind_compiled, &none, 1), "%s", error.message);
        CHECK(!run_compiled(program, false, bind_compiled, &rounding, 1), "%s", error.message);
        test_fit(&s, program);
        test_fit_cancelled(&s, program);
        isg_close(program);
    }
    if (native)
        native_program_close(native);
    arena_close(&s.arena);
}

int main(void)
{
    uint64_t trials = scaled_count(600);
    for (uint64_t seed = 0; seed < trials && check_failures < 10; seed++)
        test_descent(seed);
    CHECK(improved > (int64_t)trials / 100, "passes improved %lld of %llu", (long long)improved, (unsigned long long)trials);
    CHECK(whole_optima * 100 >= whole_trials * 99, "%lld of %lld optima", (long long)whole_optima, (long long)whole_trials);
    printf("passes improved %lld of %llu; %lld of %lld small ones at the optimum\n", (long long)improved,
           (unsigned long long)trials, (long long)whole_optima, (long long)whole_trials);
    for (int kind = TARGET_CIM; kind <= TARGET_ANNEALER; kind++) {
        test_threads((target_kind)kind);
        test_cancel((target_kind)kind);
        test_memory((target_kind)kind);
    }
    test_small();
    test_refusals();
    test_compiled();
    return check_done();
}
