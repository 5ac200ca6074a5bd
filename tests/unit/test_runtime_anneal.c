/* test_runtime_anneal.c - the parts of annealing that are plain functions: random numbers, temperature
 * ladder, exact search, which reads may be the best. */
#include "backends/machine/problem_anneal.h"
#include "runtime_check.h"

#include "runtime/exact.h"
#include "runtime/philox.h"
#include "runtime/schedule.h"
#include "runtime/solver.h"

#include <float.h>
#include <math.h>

/* Known answers of the authors' library, Random123 (kat_vectors, philox4x32 10). */
static void test_philox(void)
{
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t out[4];
        philox4x32(rows[i].counter, rows[i].key, out);
        CHECK(!memcmp(out, rows[i].expected, sizeof out), "row %zu", i);
    }
    uint32_t a[2], b[2];
    philox_read_key(1, 2, 3, 4, a);
    philox_read_key(1, 2 + (INT64_C(1) << 32), 3, 4, b);
    CHECK(memcmp(a, b, sizeof a));
}

/* ---- the ladder ------------------------------------------------------------------------------ */

static schedule ladder_of(double J, double h, size_t spins, int8_t low)
{
    double largest[4], sum[4], square[4], linear[4];
    int8_t lowest[4];
    for (size_t i = 0; i < spins && i < 4; i++) {
        largest[i] = fmax(fabs(J), fabs(h));
        sum[i] = fabs(J) * (double)(spins - 1);
        square[i] = J * J * (double)(spins - 1);
        linear[i] = h;
        lowest[i] = low;
    }
    schedule_scales scales = {spins, largest, sum, square, linear, lowest};
    return schedule_make(&scales);
}

static void test_ladder_scales(void)
{
    static const double magnitudes[] = {1e-300, 1e-200, 1e-30, 1e-7, 1, 1e7, 1e30, 1e200, 1e307};
    for (int8_t low = -1; low <= 0; low++)
        for (size_t spins = 1; spins <= 4; spins += 3)
            for (size_t i = 0; i < sizeof magnitudes / sizeof *magnitudes; i++)
                for (int field_only = 0; field_only < 2; field_only++) {
                    double m = magnitudes[i], typical = spins == 1 || field_only ? m : m * sqrt(3.0);
                    schedule s = ladder_of(field_only || spins == 1 ? 0 : m, field_only || spins == 1 ? m : 0, spins, low);
                    CHECK(isfinite(s.hot) && isfinite(s.cold) && s.hot > 0 && s.cold >= s.hot, "magnitude %g", m);
                    if (m > 1e-100 && m < 1e100) /* elsewhere squares vanish or overflow, and bounds stand for them */
                        CHECK(fabs(s.hot * typical * (1 - low) * 0.25 - 1) < 1e-9, "magnitude %g: %g", m, s.hot);
                }
    schedule nothing = ladder_of(0, 0, 4, 0), none = ladder_of(1, 1, 0, 0);
    CHECK(nothing.hot == 0 && nothing.cold == 0 && none.hot == 0 && none.cold == 0);
    CHECK(schedule_beta(&nothing, 0, 1) == 0 && schedule_beta(&nothing, 5, 10) == 0);
}

static void test_ladder_steps(void)
{
    schedule s = {.hot = 0.03, .cold = 17};
    double roots[SCHEDULE_ROOTS];
    schedule_make_roots(&s, roots);
    for (int32_t sweeps = 2; sweeps < 1000; sweeps += 97)
        for (int32_t k = 0; k < sweeps; k++) {
            double expected = s.hot * pow(s.cold / s.hot, (double)k / (sweeps - 1)), got = schedule_beta(&s, k, sweeps);
            CHECK(got == schedule_beta_from(&s, roots, k, sweeps), "sweep %d", (int)k);
            CHECK(fabs(got / expected - 1) < 1e-9, "step %d of %d: %g, not %g", k, sweeps, got, expected);
        }
    CHECK(schedule_beta(&s, 0, 1) == s.cold && schedule_beta(&s, 0, 2) == s.hot && schedule_beta(&s, 1, 2) == s.cold);
}

/* ---- exact search ---------------------------------------------------------------------------- */

static double energy_of(const exact_problem *p, uint32_t state)
{
    double energy = 0;
    for (int i = 0; i < p->spins; i++) {
        int s = state >> i & 1 ? 1 : -1;
        energy += p->field[i] * s;
        for (int j = 0; j < i; j++)
            energy += p->coupling[i][j] * s * (state >> j & 1 ? 1 : -1);
    }
    return energy;
}

static uint32_t draws;

static int draw(int below)
{
    const uint32_t key[2] = {7, 11}, counter[4] = {draws++, 0, 0, 0};
    uint32_t out[4];
    philox4x32(counter, key, out);
    return (int)(out[0] % (uint32_t)below);
}

/* Small integers, so that ties are frequent and exact. */
static void test_exact(void)
{
    for (int trial = 0; trial < 2000; trial++) {
        exact_problem p = {.spins = 1 + draw(10)};
        for (int i = 0; i < p.spins; i++) {
            p.field[i] = draw(5) - 2;
            for (int j = 0; j < i; j++)
                p.coupling[i][j] = draw(3) ? draw(7) - 3 : 0;
        }
        uint32_t lowest = 0, found;
        for (uint32_t state = 1; state < 1u << p.spins; state++)
            if (energy_of(&p, state) < energy_of(&p, lowest))
                lowest = state;
        exact_minimise(&p, (uint32_t)draw(1 << p.spins), &found);
        CHECK(found == lowest, "trial %d: %x, not %x (%g, %g)", trial, found, lowest, energy_of(&p, found),
              energy_of(&p, lowest));
    }
    static exact_problem zero = {.spins = EXACT_MAX_SPINS};
    uint32_t found = 1;
    uint64_t branches = exact_minimise(&zero, (1u << EXACT_MAX_SPINS) - 1, &found);
    CHECK(found == 0 && branches < 100, "%x after %llu branches", found, (unsigned long long)branches);
    zero.field[3] = NAN;
    exact_minimise(&zero, 5, &found);
    CHECK(found == 5);
}

/* ---- reads that cannot be the best ------------------------------------------------------------ */

enum { TOLD_SPINS = 12 };

/* What a wrapped sweep leaves for the estimate: the energy, and the least that any read ended with. */
static struct {
    const problem *p;
    uint64_t (*sweep)(const isg_abi_context *, void *, int8_t *, double, const uint32_t[2], uint32_t);
    double energy, least;
} told;

static uint64_t sweep_and_tell(const isg_abi_context *context, void *workspace, int8_t *state, double beta, const uint32_t key[2],
                               uint32_t sweep)
{
    uint64_t flips = told.sweep(context, workspace, state, beta, key, sweep);
    told.energy = problem_energy(told.p, state);
    return flips;
}

/* Off by as much as it says, either way. */
static double estimate_badly(const isg_abi_context *context, void *workspace, double *error)
{
    (void)context;
    (void)workspace;
    *error = 2;
    told.least = fmin(told.least, told.energy);
    return told.energy + 0.5 * draw(9) - 2;
}

/* However bad an estimate is, as long as it says so: no read is left out that is the best. */
static void test_estimates(void)
{
    for (int round = 0; round < 300; round++) {
        problem p;
        problem_kernels k;
        isg_error error;
        const anneal_settings settings = {.solver = ISG_ANNEAL, .reads = 40, .sweeps = 1, .seed = (uint64_t)round};
        CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, TOLD_SPINS, &error), "%s", error.message);
        for (int i = 0; i < TOLD_SPINS; i++)
            for (int j = 0; j < i; j++)
                CHECK(!problem_add_coupling(&p, j, i, 0.37 * (draw(9) - 4), &error), "%s", error.message);
        CHECK(!problem_settle(&p, NULL, &error) && !problem_kernels_open(&k, &p, &error), "%s", error.message);
        told.p = &p;
        told.sweep = k.hamiltonian.sweep;
        told.least = INFINITY;
        k.hamiltonian.few_couplings = 0;
        k.hamiltonian.sweep = sweep_and_tell;
        k.hamiltonian.estimate = estimate_badly;
        memory_aligned scratch = memory_take_aligned(isg_default_allocator(), anneal_scratch_bytes(&k.hamiltonian));
        double energy = anneal_solve(&k.hamiltonian, &k.context, &settings, scratch.at).energy;
        CHECK(isfinite(told.least) && energy <= told.least + 1e-9, "round %d: %g, but a read came to %g", round, energy,
              told.least);
        memory_release_aligned(isg_default_allocator(), &scratch);
        problem_kernels_close(&k);
        problem_close(&p);
    }
}

int main(void)
{
    test_philox();
    test_ladder_scales();
    test_ladder_steps();
    test_exact();
    test_estimates();
    return check_done();
}
