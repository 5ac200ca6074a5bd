/* test_problem_passes.c - each pass on problems chosen for it; presolve against enumeration; lack of memory at every site. */
#include "passes/problem/check_states.h"
#include "passes/problem/problem_pass.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

static isg_error error;

/* Fields, then count couplings {a, b, value}. */
static problem make(problem_domain domain, int spins, const double *fields, int count, const double (*couplings)[3])
{
    problem p;
    CHECK(!problem_open(&p, NULL, domain, spins, &error), "%s", error.message);
    for (int i = 0; i < spins; i++)
        p.fields[i] = fields ? fields[i] : 0;
    for (int k = 0; k < count; k++)
        CHECK(!problem_add_coupling(&p, (int64_t)couplings[k][0], (int64_t)couplings[k][1], couplings[k][2], &error), "%s",
              error.message);
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    return p;
}

/* ---- settling and decoding ---- */

static void test_settle(void)
{
    problem p = make(PROBLEM_SPIN, 4, NULL, 1, (double[][3]){{0, 1, 1}}), copy;
    CHECK(!problem_copy(&copy, &p, &error), "%s", error.message);
    int64_t merged;
    for (int k = 0; k < 200; k++) /* growing from a copy's exact room */
        CHECK(!problem_add_coupling(&copy, 3, k % 3, k % 2 ? 0.5 : -0.25, &error), "%s", error.message);
    CHECK(!problem_settle(&copy, &merged, &error), "%s", error.message);
    CHECK(merged == 197, "%lld merged", (long long)merged);
    for (int64_t k = 0; k < copy.coupling_count; k++) {
        problem_coupling c = copy.couplings[k];
        CHECK(c.first < c.second && c.value == (c.second == 1  ? 1
                                                : c.first == 0 ? 8
                                                : c.first == 1 ? 8.75
                                                               : 8.25),
              "coupling %u %u %g", c.first, c.second, c.value);
    }
    problem_close(&copy);
    problem_close(&p);
}

static void test_decode(void)
{
    problem p = make(PROBLEM_SPIN, 3, NULL, 0, NULL);
    p.ancilla = 2;
    p.origins[0] = (problem_origin){1, -1, 0};
    p.origins[1] = (problem_origin){0, 1, -1};
    p.origins[2] = (problem_origin){PROBLEM_NO_SPIN, 1, -1};
    int8_t model[3], state[3] = {1, -1, -1}, back[3];
    problem_decode(&p, state, model); /* relative to the ancilla: -1, 1 */
    CHECK(model[0] == 0 && model[1] == -1 && model[2] == 1, "%d %d %d", model[0], model[1], model[2]);
    CHECK(problem_encode(&p, model, back), "no state");
    CHECK(back[0] == -1 && back[1] == 1 && back[2] == 1, "%d %d %d", back[0], back[1], back[2]);
    model[2] = -1;
    CHECK(!problem_encode(&p, model, back), "a fixed spin was contradicted");
    problem_close(&p);
}

/* ---- presolve ---- */

static presolve_info presolve(const problem *p, const presolve_settings *settings, problem *out)
{
    presolve_info info = {0};
    check_settings all = {.enumerate = 16, .samples = 200};
    isg_status status = pass_presolve(p, settings, out, &info, &error);
    CHECK(!status, "%s", error.message);
    const char *wrong = check_presolve(p, out, &info, &all, &status);
    CHECK(!status && !wrong, "%s", wrong);
    return info;
}

static int64_t fixed_of(problem p, const presolve_settings *settings)
{
    problem out;
    int64_t fixed = presolve(&p, settings, &out).fixed;
    problem_close(&out);
    problem_close(&p);
    return fixed;
}

static void test_presolve_ties(void)
{
    const presolve_settings strict = {.strict = true, .without_roof = true}, plain = {.without_roof = true};
    const double tie[3] = {3, 0, 0}, near[3] = {0.3, 0, 0};
    const double couplings[3][3] = {{0, 1, 1}, {0, 2, 2}, {1, 2, 5}},
                 near_couplings[3][3] = {{0, 1, 0.1}, {0, 2, 0.2}, {1, 2, 5}};
    CHECK(fixed_of(make(PROBLEM_SPIN, 3, tie, 3, couplings), &strict) == 0, "a tie is no proof");
    CHECK(fixed_of(make(PROBLEM_SPIN, 3, tie, 3, couplings), &plain) >= 1, "a tie may be chosen");
    /* 0.1 + 0.2 > 0.3 in doubles: one way or the other, by less than a rounding */
    CHECK(fixed_of(make(PROBLEM_SPIN, 3, near, 3, near_couplings), &plain) == 0, "a rounding was taken for dominance");
    CHECK(fixed_of(make(PROBLEM_BINARY, 5, NULL, 0, NULL), &plain) == 5, "spins without any term are free to choose");
    CHECK(fixed_of(make(PROBLEM_BINARY, 5, NULL, 0, NULL), &strict) == 0, "but not agreed on");
}

static void test_presolve_roof(void)
{
    const double fields[2] = {1, 1}, couplings[1][3] = {{0, 1, -2}}, thirds[2] = {0.1, 1.0 / 3};
    const presolve_settings dominance = {.without_roof = true}, strict = {.strict = true}, small = {.roof_couplings = 1};
    CHECK(fixed_of(make(PROBLEM_SPIN, 2, fields, 1, couplings), &dominance) == 0, "no field outweighs the coupling");
    CHECK(fixed_of(make(PROBLEM_SPIN, 2, fields, 1, couplings), &strict) == 2, "both fields pull one way");
    CHECK(fixed_of(make(PROBLEM_SPIN, 2, thirds, 1, couplings), &strict) == 2, "the same with numbers that integers round");
    problem p = make(PROBLEM_SPIN, 3, (double[]){1, 1, 1}, 2, (double[][3]){{0, 1, -4}, {1, 2, -4}}), out;
    presolve_info info = presolve(&p, &small, &out);
    CHECK(info.roof == ROOF_TOO_LARGE && info.fixed == 0, "outcome %d", info.roof);
    problem_close(&out);
    problem_close(&p);
}

/* A chain that falls like dominoes, longer than a quadratic algorithm would bear. */
static void test_presolve_chain(void)
{
    enum { SPINS = 300000 };
    problem p = make(PROBLEM_SPIN, SPINS, NULL, 0, NULL), out;
    p.fields[SPINS - 1] = 1;
    for (int i = 1; i < SPINS; i++)
        CHECK(!problem_add_coupling(&p, i - 1, i, i % 2 ? 1 : -1, &error), "%s", error.message);
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    presolve_info info;
    CHECK(!pass_presolve(&p, NULL, &out, &info, &error), "%s", error.message);
    CHECK(info.fixed == SPINS && out.offset == -SPINS, "%lld fixed, offset %g", (long long)info.fixed, out.offset);
    problem_close(&out);
    problem_close(&p);
}

static void test_presolve_rounds(void)
{
    /* Each spin comes into sight once the larger is gone. */
    const double fields[4] = {1e300, 1e100, 1e-100, 1e-300}, couplings[3][3] = {{0, 1, 1e80}, {1, 2, 1e-120}, {2, 3, 1e-310}};
    CHECK(fixed_of(make(PROBLEM_SPIN, 4, fields, 3, couplings), NULL) == 3 + 1, "all are dominated");
    const double huge[2] = {1.5e308, 0}, pull[1][3] = {{0, 1, 1.5e308}};
    problem p = make(PROBLEM_BINARY, 2, huge, 1, pull), out;
    domain_info info;
    CHECK(!pass_to_spin(&p, &out, &info, &error), "%s", error.message);
    problem_close(&out);
    p.domain = PROBLEM_SPIN;
    CHECK(pass_to_binary(&p, &out, &info, &error) == ISG_INVALID, "6e308 is no double");
    problem_close(&p);
}

/* A folded field of 1 - 2^-60 rounds to 1, which would be a tie with the coupling. */
static void test_presolve_folded(void)
{
    const double fields[3] = {8, 1, 1}, couplings[2][3] = {{0, 1, 0x1p-60}, {1, 2, 1}};
    CHECK(fixed_of(make(PROBLEM_SPIN, 3, fields, 2, couplings), NULL) == 3, "one after the other");
}

/* With integers: every optimum has the strictly fixed values; else some optimum has all. */
static void test_presolve_optima(uint64_t seed)
{
    random_source r = random_open(seed ^ 0x5eed);
    problem p, out;
    int kind;
    CHECK(!random_problem(&r, NULL, 1 + random_below(&r, 9), &kind, &p, &error), "%s", error.message);
    presolve_settings settings = {.strict = random_below(&r, 2)};
    int8_t state[16], small[16], model[16];
    if (kind == 0 || kind == 1 || kind == 4) {
        presolve(&p, &settings, &out);
        check_settings all = {.enumerate = 16};
        double least = INFINITY, least_out = INFINITY;
        for (int64_t k = 0; k < 1 << p.spins; k++) {
            check_state(&p, &all, k, state);
            least = fmin(least, problem_energy(&p, state));
        }
        for (int64_t k = 0; k < 1 << out.spins; k++) {
            check_state(&out, &all, k, small);
            least_out = fmin(least_out, problem_energy(&out, small));
        }
        CHECK(least == least_out, "seed %llu: %g became %g", (unsigned long long)seed, least, least_out);
        for (int64_t k = 0; k < 1 << p.spins && settings.strict; k++) {
            check_state(&p, &all, k, state);
            problem_decode(&p, state, model);
            CHECK(problem_energy(&p, state) > least || problem_encode(&out, model, small), "seed %llu: an optimum was excluded",
                  (unsigned long long)seed);
        }
        problem_close(&out);
    }
    problem_close(&p);
}

/* ---- ancilla ---- */

static void test_ancilla(void)
{
    problem none = make(PROBLEM_SPIN, 2, NULL, 1, (double[][3]){{0, 1, 1}}), with, again, back;
    ancilla_info info;
    CHECK(!pass_ancilla(&none, &with, &info, &error) && !info.added && with.spins == 2, "nothing to couple");
    problem_close(&with);
    none.fields[1] = -2;
    none.offset = 7;
    CHECK(!pass_ancilla(&none, &with, &info, &error) && info.added && with.ancilla == 2 && with.coupling_count == 2, "%s",
          error.message);
    CHECK(!pass_ancilla(&with, &again, &info, &error) && !info.added && again.spins == 3, "one ancilla is enough");
    CHECK(!pass_drop_ancilla(&again, &back, &info, &error) && back.spins == 2 && back.fields[1] == -2 && back.offset == 7 &&
              back.ancilla < 0,
          "%s", error.message);
    problem_close(&back);
    problem_close(&again);
    problem_close(&with);
    none.domain = PROBLEM_BINARY;
    CHECK(pass_ancilla(&none, &with, &info, &error) == ISG_INVALID, "binary problems take no ancilla");
    problem_close(&none);
}

/* An ancilla that is not the last spin, with a field beside its coupling. */
static void test_ancilla_inside(void)
{
    problem p = make(PROBLEM_SPIN, 4, (double[]){0.1, 0, 0, 0}, 3, (double[][3]){{0, 1, 0.7}, {0, 3, 5}, {1, 2, -2}}), with, back;
    p.ancilla = 1;
    p.origins[1] = (problem_origin){PROBLEM_NO_SPIN, 1, -1};
    ancilla_info info;
    check_settings all = {.enumerate = 4};
    isg_status status;
    CHECK(!pass_ancilla(&p, &with, &info, &error) && !info.added && info.couplings == 1, "%s", error.message);
    CHECK(info.rounding > 0 && info.rounding < 1e-15, "0.7 + 0.1 is rounded, by %g", info.rounding);
    CHECK(!pass_drop_ancilla(&with, &back, &info, &error) && back.spins == 3, "%s", error.message);
    const char *wrong = check_energies(&with, &back, 1, 0, 0, &all, &status);
    CHECK(!status && !wrong, "%s", wrong);
    CHECK(back.couplings[0].first == 0 && back.couplings[0].second == 2 && back.fields[1] == -2, "%u %u %g",
          back.couplings[0].first, back.couplings[0].second, back.fields[1]);
    problem_close(&back);
    problem_close(&with);
    problem_close(&p);
}

/* ---- quantize ---- */

static const grid eight_bits = {-128, 127, false}, one_step = {-1, 1, false};

static quantize_info quantize(const problem *p, grid g, problem *out)
{
    quantize_settings settings = {.couplings = g, .fields = g};
    quantize_info info = {0};
    CHECK(!pass_quantize(p, &settings, out, &info, &error), "%s", error.message);
    const char *wrong = check_quantize(p, out, &settings, &info);
    CHECK(!wrong, "%s", wrong);
    return info;
}

static void test_quantize_exact(void)
{
    problem p = make(PROBLEM_SPIN, 3, (double[]){0.75, 0, -31.75}, 2, (double[][3]){{0, 1, 0.25}, {1, 2, -0.5}}), out;
    p.offset = 0.1;
    quantize_info info = quantize(&p, eight_bits, &out);
    CHECK(info.loss.bound == 0 && info.scale == 0.25 && info.verdict == VERDICT_KEPT && info.offset == 0.1, "scale %g",
          info.scale);
    CHECK(out.fields[2] == -127 && out.couplings[0].value == 1, "%g %g", out.fields[2], out.couplings[0].value);
    problem_close(&out);
    problem_close(&p);
    p = make(PROBLEM_SPIN, 2, NULL, 0, NULL);
    info = quantize(&p, eight_bits, &out);
    CHECK(info.verdict == VERDICT_KEPT && info.loss.bound == 0, "nothing to lose");
    problem_close(&out);
    problem_close(&p);
}

/* A field that outweighs everything at its spin is cut off rather than let it set the scale for the others. */
static void test_quantize_clip(void)
{
    problem p = make(PROBLEM_SPIN, 3, (double[]){5000, 1, 0}, 3, (double[][3]){{0, 1, 0.51}, {1, 2, -2.03}, {0, 2, 1.37}}), out;
    quantize_info info = quantize(&p, eight_bits, &out);
    CHECK(info.loss.clipped == 1 && info.loss.couplings_lost == 0, "%lld clipped, %lld lost", (long long)info.loss.clipped,
          (long long)info.loss.couplings_lost);
    CHECK(info.verdict == VERDICT_KEPT && info.loss.rounding_bound < 0.1 && info.loss.bound > 1000, "bounds %g %g",
          info.loss.rounding_bound, info.loss.bound);
    problem_close(&out);
    problem_close(&p);
}

/* Fields near the edge of dominance, many times the couplings: what happened to attention on hardware. */
static void test_quantize_dwarfed(bool ancilla)
{
    enum { SPINS = 40 };
    problem p = make(PROBLEM_SPIN, SPINS, NULL, 0, NULL), out;
    random_source r = random_open(3);
    for (int i = 0; i < SPINS; i++) {
        p.fields[i] = i < 4 ? 0.01 * random_unit(&r) : 900 + 100 * random_unit(&r);
        for (int j = 0; j < i; j++)
            CHECK(!problem_add_coupling(&p, i, j, random_unit(&r), &error), "%s", error.message);
    }
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    if (ancilla) {
        problem with;
        ancilla_info info;
        CHECK(!pass_ancilla(&p, &with, &info, &error), "%s", error.message);
        problem_close(&p);
        p = with;
    }
    quantize_info info = quantize(&p, eight_bits, &out);
    CHECK(info.fields_dwarf_couplings && info.lost_to_fields > SPINS * (SPINS - 1) / 2 - 10, "%lld lost to fields",
          (long long)info.lost_to_fields);
    CHECK(info.presolve_fixed >= SPINS - 4 && info.after_presolve.couplings_lost == 0, "%lld fixed, %lld still lost",
          (long long)info.presolve_fixed, (long long)info.after_presolve.couplings_lost);
    problem_close(&out);
    problem_close(&p);
}

static void test_quantize_all_lost(void)
{
    /* No field outweighs its spin's couplings, so none may be cut off, and steps of one lose the couplings. */
    enum { SPINS = 60 };
    problem p = make(PROBLEM_SPIN, SPINS, NULL, 0, NULL), out;
    for (int i = 0; i < SPINS; i++) {
        p.fields[i] = 10;
        for (int j = 0; j < i; j++)
            CHECK(!problem_add_coupling(&p, i, j, 0.9, &error), "%s", error.message);
    }
    CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
    quantize_info info = quantize(&p, one_step, &out);
    CHECK(info.loss.couplings_lost == SPINS * (SPINS - 1) / 2 && info.loss.couplings == info.loss.couplings_lost, "%lld lost",
          (long long)info.loss.couplings_lost);
    CHECK(info.verdict == VERDICT_CHANGED, "verdict %d", info.verdict); /* all down is not the best with these couplings */
    problem_close(&out);
    problem_close(&p);
}

static void test_quantize_refusals(void)
{
    problem p = make(PROBLEM_SPIN, 2, (double[]){1, 0}, 1, (double[][3]){{0, 1, -1}}), out;
    quantize_info info;
    const grid wrong[] = {{1, -1, false},  {0, 0, false}, {1, 2, false},     {-0.5, 0.5, false},
                          {NAN, 1, false}, {0, 7, false}, {-1e300, 1, false}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        quantize_settings settings = {.couplings = wrong[k], .fields = eight_bits};
        CHECK(pass_quantize(&p, &settings, &out, &info, &error) == ISG_INVALID, "grid %zu", k);
    }
    quantize_settings none = {.couplings = eight_bits},
                      sums = {.couplings = eight_bits, .fields = eight_bits, .sum_min = 1, .sum_max = 2};
    CHECK(pass_quantize(&p, &none, &out, &info, &error) == ISG_INVALID, "fields without a grid");
    CHECK(pass_quantize(&p, &sums, &out, &info, &error) == ISG_INVALID, "sums that exclude 0");
    p.ancilla = 1;
    quantize_settings fine = {.couplings = eight_bits, .fields = eight_bits};
    CHECK(pass_quantize(&p, &fine, &out, &info, &error) == ISG_INVALID, "an ancilla beside fields");
    problem_close(&p);
}

/* ---- lack of memory ---- */

typedef isg_status (*pass_function)(const problem *in, problem *out, isg_error *error);

static isg_status run_to_spin(const problem *in, problem *out, isg_error *e)
{
    domain_info info;
    return pass_to_spin(in, out, &info, e);
}

static isg_status run_to_binary(const problem *in, problem *out, isg_error *e)
{
    domain_info info;
    return pass_to_binary(in, out, &info, e);
}

static isg_status run_presolve(const problem *in, problem *out, isg_error *e)
{
    presolve_info info;
    return pass_presolve(in, NULL, out, &info, e);
}

static isg_status run_ancilla(const problem *in, problem *out, isg_error *e)
{
    ancilla_info info;
    problem with;
    isg_status status = pass_ancilla(in, &with, &info, e);
    if (status)
        return status;
    problem smaller;
    presolve_info presolve;
    status = pass_presolve(&with, NULL, &smaller, &presolve, e);
    if (!status) {
        status = pass_drop_ancilla(&smaller, out, &info, e);
        problem_close(&smaller);
    }
    problem_close(&with);
    return status;
}

static isg_status run_quantize(const problem *in, problem *out, isg_error *e)
{
    quantize_settings settings = {.couplings = one_step, .fields = one_step};
    quantize_info info;
    return pass_quantize(in, &settings, out, &info, e);
}

static void test_memory(pass_function pass, problem_domain domain)
{
    double fields[8] = {100, 1.1, 1.2, 0.3, 0, 0, 0.7, -0.2};
    for (int ever = 0; ever < 2; ever++)
        for (long at = 1;; at++) {
            trap t = {.at = 0, .ever_after = ever};
            isg_allocator hook = trap_allocator(&t);
            problem p, out;
            CHECK(!problem_open(&p, &hook, domain, 8, &error), "%s", error.message);
            memcpy(p.fields, fields, sizeof fields);
            for (int k = 0; k < 24; k++)
                CHECK(k % 8 == k * 3 % 8 || !problem_add_coupling(&p, k % 8, k * 3 % 8, 0.5 - 0.11 * k, &error), "%s",
                      error.message);
            CHECK(!problem_settle(&p, NULL, &error), "%s", error.message);
            t.calls = 0;
            t.at = at;
            isg_status status = pass(&p, &out, &error);
            bool sprung = t.calls >= at;
            CHECK(status == (sprung ? ISG_NO_MEMORY : ISG_OK), "allocation %ld: status %d", at, status);
            if (!status)
                problem_close(&out);
            problem_close(&p);
            CHECK(t.held_blocks == 0 && t.held_bytes == 0, "allocation %ld: %ld blocks left", at, (long)t.held_blocks);
            if (!sprung)
                break;
        }
}

int main(void)
{
    test_settle();
    test_decode();
    test_presolve_ties();
    test_presolve_roof();
    test_presolve_chain();
    test_presolve_rounds();
    test_presolve_folded();
    for (uint64_t seed = 0; seed < (getenv("ISG_TEST_QUICK") ? 1000 : 20000); seed++)
        test_presolve_optima(seed);
    test_ancilla();
    test_ancilla_inside();
    test_quantize_exact();
    test_quantize_clip();
    test_quantize_dwarfed(false);
    test_quantize_dwarfed(true);
    test_quantize_all_lost();
    test_quantize_refusals();
    test_memory(run_to_spin, PROBLEM_BINARY);
    test_memory(run_to_binary, PROBLEM_SPIN);
    test_memory(run_presolve, PROBLEM_BINARY);
    test_memory(run_ancilla, PROBLEM_SPIN);
    test_memory(run_quantize, PROBLEM_SPIN);
    return check_failures != 0;
}
