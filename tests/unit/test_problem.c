/* test_problem.c - problems: settling, decoding, and passes in random order on random problems, every state's energy
 * compared after mapping back. ISG_TEST_FULL=1 tries 100,000 problems, ISG_TEST_QUICK=1 few. */
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

static const char *step(chain *c, random_source *r, isg_status *status, isg_error *error)
{
    problem next;
    domain_info domain = {0};
    ancilla_info ancilla = {0};
    const char *wrong = NULL;
    int which = random_below(r, 5);
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
    CHECK(!integers || c.tolerance == 0, "seed %llu kind %d path%s: %g lost of integers", (unsigned long long)seed, kind, c.path,
          c.tolerance);
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
    return check_failures != 0;
}
