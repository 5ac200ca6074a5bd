/* test_machine_bind.c - binding to data, cutting out parts and preparing them for machines, on random Hamiltonians: energies of
 * all states (random ones of large problems) are kept after mapping back, through parts and passes in random order.
 * ISG_TEST_FULL=1 tries 100,000 models, ISG_TEST_QUICK=1 few. */
#include "backends/machine/bind.h"
#include "backends/machine/prepare.h"
#include "tests/unit/machine_table.h"
#include "tests/unit/runtime_check.h"

static isg_error error;
static const int exact_kinds[] = {0, 1, 4}; /* integers and eighths: every sum is exact */

static uint64_t scaled_count(uint64_t usual)
{
    return getenv("ISG_TEST_FULL") ? usual * 10 : getenv("ISG_TEST_QUICK") ? usual / 10 : usual;
}

static void random_table(table *t, random_source *r, int most)
{
    static const int kinds[] = {0, 1, 2, 3, 4, 5};
    int spins = random_below(r, most + 1);
    table_fill(t, r, spins, random_below(r, 3), random_below(r, spins + 1), kinds[random_below(r, 6)]);
}

static bool is_exact(const table *t)
{
    for (size_t k = 0; k < sizeof exact_kinds / sizeof *exact_kinds; k++)
        if (t->kind == exact_kinds[k])
            return true;
    return false;
}

/* What double arithmetic may lose of sums over the table. */
static double slack_of(const table *t)
{
    return is_exact(t) ? 0 : 1e-12 * table_magnitude(t);
}

static void states_of(table *t, const problem *p, uint64_t number, random_source *r, int8_t *model, int8_t *state)
{
    if (t->spins <= 12)
        table_state(t, number, model);
    else
        table_random_state(t, r, model);
    if (!problem_encode(p, model, state))
        CHECK(false, "a state of the model has none in the problem");
}

/* ---- the whole problem ---- */

static void test_bind(uint64_t seed)
{
    static table t;
    random_source r = random_open(seed);
    random_table(&t, &r, seed % 16 ? 9 : TABLE_SPINS);
    isg_abi_hamiltonian h = table_hamiltonian(&t);
    isg_abi_context context = table_context(&t);
    problem p;
    CHECK(!bind_problem(&h, &context, NULL, &p, &error), "%s", error.message);
    int8_t model[TABLE_SPINS], state[TABLE_SPINS], back[TABLE_SPINS];
    for (uint64_t k = 0; k < (t.spins <= 12 ? 1u << t.spins : 64u); k++) {
        states_of(&t, &p, k, &r, model, state);
        double expected = table_total(&t, model), energy = problem_energy(&p, state);
        problem_decode(&p, state, back);
        CHECK(fabs(energy - expected) <= slack_of(&t), "seed %llu: %.17g, not %.17g", (unsigned long long)seed, energy, expected);
        CHECK(!memcmp(model, back, (size_t)t.spins), "seed %llu: decoded otherwise", (unsigned long long)seed);
    }
    problem_close(&p);
}

/* ---- parts, through passes in random order ---- */

/* A problem on its way: E_part = scale * E_now + offset, give or take tolerance. */
typedef struct journey {
    problem now;
    double scale, offset, tolerance;
    char path[128];
} journey;

static grid random_grid(random_source *r)
{
    static const grid grids[] = {{-1, 1, false}, {-2, 1, false}, {-128, 127, false}, {-7, 7, false}, {-1, 1, true}};
    return grids[random_below(r, 5)];
}

static isg_status quantize_step(journey *j, random_source *r, problem *next)
{
    quantize_settings settings = {.without_verdict = true};
    settings.couplings = settings.fields = random_grid(r);
    quantize_info info;
    isg_status status = pass_quantize(&j->now, &settings, next, &info, &error);
    if (status)
        return status;
    const char *wrong = check_quantize(&j->now, next, &settings, &info);
    CHECK(!wrong, "quantize: %s", wrong);
    j->tolerance += j->scale * info.loss.bound;
    j->offset += j->scale * info.offset;
    j->scale *= info.scale;
    return ISG_OK;
}

static bool has_fields(const problem *p)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return true;
    return false;
}

/* What the pass refuses by its contract is not tried. */
static bool allowed(const problem *p, int which)
{
    bool spins = p->domain == PROBLEM_SPIN;
    if (which == 3 || which == 4)
        return spins;
    if (p->ancilla >= 0 && which == 2)
        return spins;
    return p->ancilla < 0 || which != 5 || (spins && !has_fields(p));
}

static void journey_step(journey *j, random_source *r)
{
    problem next;
    domain_info domain = {0};
    ancilla_info ancilla = {0};
    presolve_info presolve = {0};
    isg_status status = ISG_OK;
    int which = random_below(r, 6);
    if (!allowed(&j->now, which))
        return;
    snprintf(j->path + strlen(j->path), sizeof j->path - strlen(j->path), " %d", which);
    switch (which) {
    case 0:
        status = pass_to_spin(&j->now, &next, &domain, &error);
        break;
    case 1:
        status = pass_to_binary(&j->now, &next, &domain, &error);
        break;
    case 2:
        status = pass_presolve(&j->now, NULL, &next, &presolve, &error);
        break;
    case 3:
        status = pass_ancilla(&j->now, &next, &ancilla, &error);
        break;
    case 4:
        status = pass_drop_ancilla(&j->now, &next, &ancilla, &error);
        break;
    default:
        status = quantize_step(j, r, &next);
    }
    CHECK(!status, "%s: %s", j->path, error.message);
    if (status)
        return;
    j->tolerance += 2 * j->scale * (domain.rounding + ancilla.rounding + presolve.rounding);
    problem_close(&j->now);
    j->now = next;
}

/* One model on its way through parts in random order: its spins, and the energy that the parts' differences add up to. */
typedef struct walk {
    table *t;
    problem p;
    problem_rows rows;
    uint32_t local[TABLE_SPINS];
    int8_t state[TABLE_SPINS];
    uint64_t seed;
} walk;

/* The energy of the whole with the part's spins as given, less that with the spins held. */
static double whole_difference(walk *w, const uint32_t *spins, int64_t count, const int8_t *found)
{
    int8_t changed[TABLE_SPINS];
    memcpy(changed, w->state, sizeof changed);
    for (int64_t i = 0; i < count; i++)
        changed[spins[i]] = found[i];
    return problem_energy(&w->p, changed) - problem_energy(&w->p, w->state);
}

static void check_part(walk *w, random_source *r, const problem *part, const uint32_t *spins)
{
    int8_t held[TABLE_SPINS], found[TABLE_SPINS];
    double slack = slack_of(w->t) * 4;
    check_settings states = {.enumerate = 8, .samples = 32, .seed = random_word(r)};
    for (int64_t i = 0; i < part->spins; i++)
        held[i] = w->state[spins[i]];
    for (int64_t k = 0; k < (part->spins <= 8 ? 1 << part->spins : 32); k++) {
        for (int64_t i = 0; i < part->spins; i++)
            found[i] = (part->spins <= 8 ? k >> i & 1 : random_below(r, 2)) ? 1 : part->domain == PROBLEM_BINARY ? 0 : -1;
        double difference = problem_energy(part, found) - problem_energy(part, held);
        CHECK(fabs(difference - whole_difference(w, spins, part->spins, found)) <= slack, "seed %llu: the part disagrees",
              (unsigned long long)w->seed);
    }
    journey j = {.scale = 1};
    CHECK(!problem_copy(&j.now, part, &error), "%s", error.message);
    for (int steps = random_below(r, 6); steps > 0; steps--)
        journey_step(&j, r);
    isg_status status;
    states.enumerate = 16;
    const char *wrong = check_energies(part, &j.now, j.scale, j.offset, j.tolerance + 0x1p-50 * fabs(j.offset), &states, &status);
    CHECK(!status && !wrong, "seed %llu path%s: %s", (unsigned long long)w->seed, j.path, wrong);
    /* Some state of the journey's end becomes the part's. */
    int8_t end[TABLE_SPINS + 1];
    for (int64_t i = 0; i < j.now.spins; i++)
        end[i] = random_below(r, 2) ? 1 : j.now.domain == PROBLEM_BINARY ? 0 : -1;
    problem_decode(&j.now, end, found);
    for (int64_t i = 0; i < part->spins; i++)
        w->state[spins[i]] = found[i];
    problem_close(&j.now);
}

/* Spins to parts at random, parts in random order; each sees what the ones before it left. */
static void walk_parts(walk *w, random_source *r)
{
    int parts = 1 + random_below(r, 4), of[TABLE_SPINS], order[4], first = random_below(r, parts);
    for (int i = 0; i < w->t->spins; i++)
        of[i] = random_below(r, parts);
    for (int k = 0; k < parts; k++)
        order[k] = (first + k * (parts == 4 ? 3 : 2 - parts % 2)) % parts; /* a step prime to the number of parts */
    for (int k = 0; k < parts; k++) {
        uint32_t spins[TABLE_SPINS];
        int64_t count = 0;
        for (int i = 0; i < w->t->spins; i++)
            if (of[i] == order[k])
                spins[count++] = (uint32_t)i;
        problem part;
        CHECK(!bind_part(&w->p, &w->rows, spins, count, w->state, w->local, &part, &error), "%s", error.message);
        check_part(w, r, &part, spins);
        problem_close(&part);
    }
    for (int i = 0; i < w->t->spins; i++)
        CHECK(w->local[i] == PROBLEM_NO_SPIN, "the scratch is left as it was");
}

static void test_walk(uint64_t seed)
{
    static table t;
    random_source r = random_open(seed ^ 0x3a17);
    random_table(&t, &r, seed % 64 == 63 ? 40 : seed % 8 == 7 ? 16 : 8);
    walk w = {.t = &t, .seed = seed};
    isg_abi_hamiltonian h = table_hamiltonian(&t);
    isg_abi_context context = table_context(&t);
    memset(w.local, 0xff, sizeof w.local);
    CHECK(!bind_problem(&h, &context, NULL, &w.p, &error), "%s", error.message);
    CHECK(!problem_rows_open(&w.rows, &w.p, &error), "%s", error.message);
    int8_t model[TABLE_SPINS];
    table_random_state(&t, &r, model);
    CHECK(problem_encode(&w.p, model, w.state), "no state");
    walk_parts(&w, &r);
    problem_decode(&w.p, w.state, model);
    CHECK(fabs(problem_energy(&w.p, w.state) - table_total(&t, model)) <= slack_of(&t), "seed %llu: the whole disagrees",
          (unsigned long long)seed);
    problem_rows_close(&w.rows, &w.p);
    problem_close(&w.p);
}

/* ---- preparing for machines ---- */

static target random_machine(random_source *r)
{
    static const double ends[][2] = {{-1, 1}, {-2, 1}, {-128, 127}, {-7, 7}};
    target m = {.name = "random",
                .kind = TARGET_ANNEALER,
                .spins = 8 + random_below(r, 8),
                .couplings = {.min = -INFINITY, .max = INFINITY, .sum_min = -INFINITY, .sum_max = INFINITY, .count = INT64_MAX},
                .fields = (target_fields)random_below(r, 3)};
    m.field_values = m.couplings;
    int which = random_below(r, 6);
    if (which < 4) {
        m.couplings.limited = true;
        m.couplings.bits = 8;
        m.couplings.min = ends[which][0];
        m.couplings.max = ends[which][1];
        if (random_below(r, 2))
            m.field_values = m.couplings;
    }
    return m;
}

static bool on_grid(const target_values *v, double value)
{
    return !v->limited || (value == rint(value) && value >= v->min && value <= v->max);
}

static void check_limits(const target *m, const problem *p)
{
    const target_values *fields = m->field_values.limited ? &m->field_values : &m->couplings;
    CHECK(p->domain == PROBLEM_SPIN && p->spins <= m->spins, "%lld spins", (long long)p->spins);
    for (int64_t i = 0; i < p->spins; i++)
        CHECK(m->fields == TARGET_FIELDS_NATIVE ? on_grid(fields, p->fields[i]) : p->fields[i] == 0, "field %g", p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        CHECK(on_grid(&m->couplings, p->couplings[k].value), "coupling %g", p->couplings[k].value);
}

/* What changing variables may round: nothing for numbers of few digits. */
static double rounding_of(const problem *p, int kind)
{
    double sum = fabs(p->offset);
    for (int64_t i = 0; i < p->spins; i++)
        sum += fabs(p->fields[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        sum += fabs(p->couplings[k].value);
    return kind == 0 || kind == 1 || kind == 4 ? 0 : 1e-14 * sum;
}

static int64_t machines_refused, machines_run;

static void test_prepare(uint64_t seed)
{
    random_source r = random_open(seed ^ 0x9e37);
    target m = random_machine(&r);
    prepare_settings settings = {.target = &m, .with_verdict = random_below(&r, 2), .without_presolve = random_below(&r, 2)};
    problem part;
    int kind;
    CHECK(!random_problem(&r, NULL, random_below(&r, 14), &kind, &part, &error), "%s", error.message);
    if (kind >= 5) { /* huge numbers are test_problem's */
        problem_close(&part);
        return;
    }
    prepared ready;
    isg_status status = prepare_part(&part, &settings, &ready, &error);
    CHECK(!status || status == ISG_INVALID, "seed %llu: status %d", (unsigned long long)seed, status);
    machines_refused += status != ISG_OK;
    machines_run += !status;
    if (status) {
        bool fields = strstr(error.message, "fields: ancilla") != NULL, spins = strstr(error.message, "spins; this part needs");
        CHECK(fields ? m.fields == TARGET_FIELDS_NONE : spins && part.spins + 1 > m.spins, "seed %llu: %s",
              (unsigned long long)seed, error.message);
        problem_close(&part);
        return;
    }
    check_limits(&m, &ready.machine);
    double scale = ready.quantized ? ready.quantize.scale : 1, offset = ready.quantized ? ready.quantize.offset : 0;
    double bound = ready.quantized ? ready.quantize.loss.bound : 0;
    check_settings states = {.enumerate = 16, .samples = 64};
    const char *wrong = check_energies(&part, &ready.machine, scale, offset, bound + rounding_of(&part, kind), &states, &status);
    CHECK(!status && !wrong, "seed %llu: %s", (unsigned long long)seed, wrong);
    prepared_close(&ready);
    problem_close(&part);
}

int main(void)
{
    for (uint64_t seed = 0; seed < scaled_count(2000) && check_failures < 10; seed++)
        test_bind(seed);
    for (uint64_t seed = 0; seed < scaled_count(10000) && check_failures < 10; seed++)
        test_walk(seed);
    for (uint64_t seed = 0; seed < scaled_count(5000) && check_failures < 10; seed++)
        test_prepare(seed);
    CHECK(machines_refused > 10 && machines_run > 10, "%lld refused, %lld run", (long long)machines_refused,
          (long long)machines_run);
    return check_done();
}
