/* test_problem.c - problems: settling, decoding, and passes in random order on random problems, every state's energy
 * compared after mapping back. ISG_TEST_FULL=1 tries 100,000 problems, ISG_TEST_QUICK=1 few. */
#include "passes/problem/check_states.h"
#include "passes/problem/exact_sum.h"
#include "passes/problem/problem_pass.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

static int64_t scaled_count(int64_t usual)
{
    return getenv("ISG_TEST_FULL") ? usual * 10 : getenv("ISG_TEST_QUICK") ? usual / 20 : usual;
}

/* ---- passes in random order ---- */

typedef struct chain {
    problem first, now;
    double scale, offset, tolerance; /* E_first = scale * E_now + offset */
    uint64_t seed;
    bool quantized, extreme; /* numbers of any size */
    char path[256];
} chain;

static const char *presolve_step(chain *c, random_source *r, problem *next, isg_status *status, isg_error *error)
{
    presolve_settings settings = {.strict = random_below(r, 2), .without_roof = !random_below(r, 4)};
    check_settings check = {.enumerate = 10, .samples = 50, .seed = c->seed};
    presolve_info info;
    *status = pass_presolve(&c->now, &settings, next, &info, error);
    if (*status)
        return NULL;
    c->tolerance += c->scale * info.rounding;
    if (info.roof == ROOF_UNPROVEN)
        return "the flow's proof failed";
    return check_presolve(&c->now, next, &info, &check, status);
}

static quantize_settings random_grid(random_source *r)
{
    static const grid grids[] = {{-1, 1, false},
                                 {-2, 1, false},
                                 {-7, 7, false},
                                 {-128, 127, false},
                                 {-1, 1, true},
                                 {-2000, 0x1p20, false},
                                 {-INFINITY, INFINITY, true},
                                 {-3, 40, false}};
    quantize_settings q = {.couplings = grids[random_below(r, 8)]};
    q.fields = q.couplings.real ? (grid){-4, 4, true} : random_below(r, 2) ? q.couplings : grids[2];
    if (q.couplings.real && isinf(q.couplings.max))
        q.fields = q.couplings;
    if (!random_below(r, 4)) {
        q.sum_min = -18;
        q.sum_max = 15;
    }
    return q;
}

/* A state's energy without offset, exact or not at all. */
static bool exact_energy(const problem *p, const int8_t *state, exact_sum *energy)
{
    *energy = (exact_sum){0};
    for (int64_t i = 0; i < p->spins; i++)
        exact_add(energy, p->fields[i] * state[i]);
    for (int64_t k = 0; k < p->coupling_count; k++)
        exact_add(energy, p->couplings[k].value * state[p->couplings[k].first] * state[p->couplings[k].second]);
    energy->high = exact_two_sum(energy->high, energy->low, &energy->low);
    return energy->lost == 0;
}

static int compare(const exact_sum *a, const exact_sum *b)
{
    return a->high != b->high ? (a->high > b->high) - (a->high < b->high) : (a->low > b->low) - (a->low < b->low);
}

/* By looking at every state of both: VERDICT_UNKNOWN only when their energies have too many digits. */
static quantize_verdict true_verdict(const problem *in, const problem *out)
{
    check_settings all = {.enumerate = 24};
    int8_t state[24];
    exact_sum least_in = {0}, least_out = {0}, worst = {0}, a, b;
    for (int64_t k = 0; k < (int64_t)1 << in->spins; k++) {
        check_state(in, &all, k, state);
        if (!exact_energy(in, state, &a) || !exact_energy(out, state, &b))
            return VERDICT_UNKNOWN;
        if (k == 0 || compare(&a, &least_in) < 0)
            least_in = a;
        int order = k == 0 ? -1 : compare(&b, &least_out);
        if (order < 0 || (order == 0 && compare(&a, &worst) > 0))
            worst = a;
        if (order < 0)
            least_out = b;
    }
    return compare(&worst, &least_in) == 0 ? VERDICT_KEPT : VERDICT_CHANGED;
}

static int64_t verdicts[3][3]; /* [true][reported] */

static const char *quantize_step(chain *c, random_source *r, problem *next, isg_status *status, isg_error *error)
{
    quantize_settings settings = random_grid(r);
    settings.enumerate = 1 + random_below(r, 16);
    quantize_info info;
    *status = pass_quantize(&c->now, &settings, next, &info, error);
    if (*status)
        return NULL;
    check_settings check = {.enumerate = 10, .samples = 50, .seed = c->seed};
    const char *wrong = check_quantize(&c->now, next, &settings, &info);
    if (!wrong)
        wrong = check_energies(&c->now, next, info.scale, info.offset, info.loss.bound, &check, status);
    if (!wrong && c->now.spins <= 12) {
        quantize_verdict verdict = true_verdict(&c->now, next);
        verdicts[verdict][info.verdict]++;
        if (verdict != VERDICT_UNKNOWN && info.verdict != VERDICT_UNKNOWN && verdict != info.verdict)
            wrong = "the verdict is wrong";
        if (settings.enumerate >= c->now.spins && !c->extreme && verdict != VERDICT_UNKNOWN && info.verdict == VERDICT_UNKNOWN)
            wrong = "no verdict where all states can be enumerated";
    }
    c->tolerance += c->scale * info.loss.bound;
    c->offset += c->scale * info.offset;
    c->scale *= info.scale;
    c->tolerance += 0x1p-50 * fabs(c->offset);
    c->quantized = true;
    return wrong;
}

static const char *step(chain *c, random_source *r, isg_status *status, isg_error *error)
{
    problem next;
    domain_info domain = {0};
    ancilla_info ancilla = {0};
    const char *wrong = NULL;
    int which = random_below(r, 6);
    bool fields = false;
    for (int64_t i = 0; i < c->now.spins; i++)
        fields |= c->now.fields[i] != 0;
    if (c->now.ancilla >= 0 &&
        ((which == 2 && c->now.domain == PROBLEM_BINARY) || (which == 5 && (fields || c->now.domain == PROBLEM_BINARY))))
        return NULL; /* refused */
    snprintf(c->path + strlen(c->path), sizeof c->path - strlen(c->path), " %d", which);
    switch (which) {
    case 0:
        *status = pass_to_spin(&c->now, &next, &domain, error);
        break;
    case 1:
        *status = pass_to_binary(&c->now, &next, &domain, error);
        break;
    case 2:
        wrong = presolve_step(c, r, &next, status, error);
        break;
    case 5:
        wrong = quantize_step(c, r, &next, status, error);
        break;
    case 3:
        if (c->now.domain == PROBLEM_BINARY)
            return NULL;
        *status = pass_ancilla(&c->now, &next, &ancilla, error);
        wrong = *status ? NULL : check_ancilla(&c->now, &next, &ancilla);
        break;
    default:
        if (c->now.domain == PROBLEM_BINARY)
            return NULL;
        *status = pass_drop_ancilla(&c->now, &next, &ancilla, error);
    }
    if (*status)
        return wrong;
    c->tolerance += 2 * c->scale * (domain.rounding + ancilla.rounding);
    problem_close(&c->now);
    c->now = next;
    return wrong;
}

/* What may be refused: sums beyond double's range. */
static bool is_refusal(isg_status status, int kind)
{
    return status == ISG_INVALID && kind == 6;
}

static void try_chain(uint64_t seed, int spins)
{
    random_source r = random_open(seed);
    chain c = {.scale = 1, .seed = seed};
    isg_error error;
    int kind;
    isg_status status = random_problem(&r, NULL, spins, &kind, &c.first, &error);
    CHECK(!status, "seed %llu", (unsigned long long)seed);
    c.extreme = kind == 6;
    if (!status)
        status = problem_copy(&c.now, &c.first, &error);
    const char *wrong = NULL;
    for (int k = 1 + random_below(&r, 6); k > 0 && !status && !wrong; k--) {
        wrong = step(&c, &r, &status, &error);
        check_settings check = {.enumerate = k == 1 ? 16 : 8, .samples = 64, .seed = seed};
        if (!status && !wrong)
            wrong = check_energies(&c.first, &c.now, c.scale, c.offset, c.tolerance, &check, &status);
    }
    CHECK(!status || is_refusal(status, kind), "seed %llu kind %d path%s: %s", (unsigned long long)seed, kind, c.path,
          error.message);
    CHECK(!wrong, "seed %llu spins %d kind %d path%s: %s", (unsigned long long)seed, spins, kind, c.path, wrong);
    bool integers = kind == 0 || kind == 1 || kind == 4;
    CHECK(!integers || c.quantized || c.tolerance == 0, "seed %llu kind %d path%s: %g lost of integers", (unsigned long long)seed,
          kind, c.path, c.tolerance);
    problem_close(&c.now);
    problem_close(&c.first);
}

static void test_chains(void)
{
    for (int64_t k = 0; k < scaled_count(10000); k++)
        try_chain((uint64_t)k, k % 50 == 49 ? 17 + (int)(k / 50 % 60) : k % 10 == 9 ? (int)(k / 10 % 17) : (int)(k % 10));
}

int main(void)
{
    test_chains();
    printf("verdicts (unknown, kept, changed): truly unknown %ld %ld %ld, kept %ld %ld %ld, changed %ld %ld %ld\n",
           verdicts[0][0], verdicts[0][1], verdicts[0][2], verdicts[1][0], verdicts[1][1], verdicts[1][2], verdicts[2][0],
           verdicts[2][1], verdicts[2][2]);
    return check_failures != 0;
}
