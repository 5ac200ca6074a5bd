/* test_runtime_run.c - isg_run over a dense program of 12 spins in {-1, 1}: ground states, determinism,
 * refusals, faults, cancellation, failing memory. */
#define DENSE_SPINS 12
#define DENSE_LOWEST (-1)
#define DENSE_GROUPS 1
#include "runtime_check.h"
#include "runtime_dense.h"

#include "runtime/program.h"
#include "runtime/tensor.h"

#include <pthread.h>

enum { BATCH = 40 };

static const isg_abi_program abi = DENSE_PROGRAM;
static float J[BATCH][N][N], h[BATCH][N], offset[BATCH];
static float x[BATCH][N], energy[BATCH];
static isg_named_tensor inputs[3], outputs[2];

static uint32_t draws;

static double uniform(void)
{
    const uint32_t key[2] = {3, 5}, counter[4] = {draws++, 0, 0, 0};
    uint32_t out[4];
    philox4x32(counter, key, out);
    return out[0] * 0x1p-32;
}

static void fill(double couplings, double fields)
{
    for (int b = 0; b < BATCH; b++) {
        offset[b] = (float)b;
        for (int i = 0; i < N; i++) {
            h[b][i] = (float)(fields * (2 * uniform() - 1));
            for (int j = 0; j < N; j++)
                J[b][i][j] = i < j ? (float)(couplings * (2 * uniform() - 1)) : 0;
        }
    }
}

/* The tensors for samples first .. first + count - 1. */
static void bind(int first, int count)
{
    int64_t shape[] = {count, N, N};
    inputs[0] = (isg_named_tensor){"J", tensor_contiguous(ISG_F32, 3, shape, J[first])};
    inputs[1] = (isg_named_tensor){"h", tensor_contiguous(ISG_F32, 2, shape, h[first])};
    inputs[2] = (isg_named_tensor){"offset", tensor_contiguous(ISG_F32, 1, shape, &offset[first])};
    outputs[0] = (isg_named_tensor){"x", tensor_contiguous(ISG_F32, 2, shape, x[first])};
    outputs[1] = (isg_named_tensor){"energy", tensor_contiguous(ISG_F32, 1, shape, &energy[first])};
}

static isg_program *open_dense(const isg_allocator *allocator)
{
    isg_program *p = NULL;
    isg_error error = {0};
    isg_status status = program_open_abi(&abi, NULL, 0, allocator, NULL, &p, &error);
    CHECK(!status, "%s", error.message);
    return p;
}

static isg_status run(isg_program *p, const isg_run_options *options, isg_report *report, isg_error *error)
{
    return isg_run(p, inputs, 3, outputs, 2, options, report, error);
}

static double energy_at(int b, uint32_t state)
{
    double sum = offset[b];
    for (int i = 0; i < N; i++) {
        int s = state >> i & 1 ? 1 : -1;
        sum += (double)h[b][i] * s;
        for (int j = i + 1; j < N; j++)
            sum += (double)J[b][i][j] * s * (state >> j & 1 ? 1 : -1);
    }
    return sum;
}

static double ground_energy(int b)
{
    double lowest = INFINITY;
    for (uint32_t state = 0; state < 1u << N; state++)
        lowest = fmin(lowest, energy_at(b, state));
    return lowest;
}

static uint32_t state_of(int b)
{
    uint32_t state = 0;
    for (int i = 0; i < N; i++) {
        CHECK(x[b][i] == 1 || x[b][i] == -1);
        state |= (uint32_t)(x[b][i] == 1) << i;
    }
    return state;
}

/* ---- what is found --------------------------------------------------------------------------- */

static void check_ground(const char *what, const isg_run_options *options, int allowed_misses)
{
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    isg_report report;
    int misses = 0;
    double sum = 0, least = INFINITY;
    bind(0, BATCH);
    CHECK(!run(p, options, &report, &error), "%s", error.message);
    for (int b = 0; b < BATCH; b++) {
        double ground = ground_energy(b), got = energy_at(b, state_of(b)), size = fmax(fabs(ground), fabs(got));
        CHECK((float)got == energy[b] || fabs(got - (double)energy[b]) <= 1e-6 * size, "%s: %g, not %g", what, (double)energy[b],
              got);
        misses += got > ground + 1e-9 * size;
        sum += got;
        least = fmin(least, got);
    }
    CHECK(misses <= allowed_misses, "%s: %d of %d", what, misses, BATCH);
    const isg_hamiltonian_report *r = report.hamiltonians;
    CHECK(report.hamiltonian_count == 1 && report.samples == BATCH && !strcmp(r->name, "dense") && r->spins == N &&
          r->terms == 2);
    CHECK(fabs(r->energy_mean - sum / BATCH) <= 1e-9 * fabs(sum) && fabs(r->energy_min - least) <= 1e-9 * fabs(least), "%s",
          what);
    CHECK(r->flips_per_second > 0 && report.reads > 0 && report.sweeps > 0 && report.seconds_total >= report.seconds_anneal);
    isg_close(p);
}

static void test_ground_states(void)
{
    static const double magnitudes[] = {1e-30, 1e-3, 1, 1e6, 1e29};
    const isg_run_options effort = {.reads = 40, .sweeps = 200}, least = {.reads = 1, .sweeps = 1};
    for (size_t i = 0; i < sizeof magnitudes / sizeof *magnitudes; i++) {
        fill(magnitudes[i], magnitudes[i]);
        memset(offset, 0, sizeof offset);
        check_ground("default effort", NULL, 0);
        check_ground("asked effort", &effort, 1);
        check_ground("least effort", &least, BATCH);
    }
    fill(0, 1);
    check_ground("no couplings", &effort, 0);
    check_ground("no couplings, least effort", &least, 0); /* descent alone finds it */
    fill(1, 0);
    check_ground("no fields", NULL, 0);
    fill(0, 0);
    check_ground("nothing", NULL, 0);
    check_ground("nothing", &effort, 0);
}

/* The descent of issue and design, written again. */
static uint32_t reference_descent(int b)
{
    double largest = 0, best[2];
    uint32_t states[2];
    for (int i = 0; i < N; i++) {
        largest = fmax(largest, fabs((double)h[b][i]));
        for (int j = i + 1; j < N; j++)
            largest = fmax(largest, fabs((double)J[b][i][j]));
    }
    for (int start = 0; start < 2; start++) {
        uint32_t state = start ? (1u << N) - 1 : 0;
        for (bool moved = true; moved;) {
            moved = false;
            for (int i = 0; i < N; i++)
                if (energy_at(b, state ^ 1u << i) - energy_at(b, state) < -1e-6 * largest) {
                    state ^= 1u << i;
                    moved = true;
                }
        }
        states[start] = state;
        best[start] = energy_at(b, state);
    }
    return best[1] < best[0] - 1e-9 * fmax(1, fabs(best[0])) ? states[1] : states[0];
}

static void test_descent(void)
{
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    const isg_run_options options = {.solver = ISG_DESCENT};
    fill(1, 1);
    bind(0, BATCH);
    CHECK(!run(p, &options, NULL, &error), "%s", error.message);
    for (int b = 0; b < BATCH; b++)
        CHECK(state_of(b) == reference_descent(b), "sample %d", b);
    isg_close(p);
}

/* ---- determinism ----------------------------------------------------------------------------- */

static void test_same_bits(void)
{
    static const int threads[] = {2, 3, 8, 100, 0}, cuts[] = {1, 7, 39};
    static float x0[BATCH][N], energy0[BATCH];
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    isg_report report, first;
    fill(1, 0.1);
    isg_run_options options = {.reads = 2, .sweeps = 3, .threads = 1, .seed = 0x123456789abcdef};
    bind(0, BATCH);
    CHECK(!run(p, &options, &first, &error), "%s", error.message);
    double mean = first.hamiltonians[0].energy_mean, least = first.hamiltonians[0].energy_min;
    CHECK(first.threads == 1 && first.reads == 2 && first.sweeps == 3);
    memcpy(x0, x, sizeof x);
    memcpy(energy0, energy, sizeof energy);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        memset(x, 0, sizeof x);
        options.threads = threads[i];
        CHECK(!run(p, &options, &report, &error), "%s", error.message);
        CHECK(!memcmp(x, x0, sizeof x) && !memcmp(energy, energy0, sizeof energy), "%d threads", threads[i]);
        CHECK(report.hamiltonians[0].energy_mean == mean && report.hamiltonians[0].energy_min == least);
    }
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        memset(x, 0, sizeof x);
        for (int at = 0; at < BATCH; at += cuts[i]) {
            options.first_sample = at;
            bind(at, at + cuts[i] < BATCH ? cuts[i] : BATCH - at);
            CHECK(!run(p, &options, NULL, &error), "%s", error.message);
        }
        CHECK(!memcmp(x, x0, sizeof x), "split at %d", cuts[i]);
    }
    options.first_sample = 0;
    bind(0, BATCH);
    options.seed++;
    CHECK(!run(p, &options, NULL, &error) && memcmp(x, x0, sizeof x), "another seed");
    isg_close(p);
}

/* More reads never make it worse: the reads of the smaller number are among those of the larger. */
static void test_reads(void)
{
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    float before[BATCH];
    fill(1, 0.1);
    bind(0, BATCH);
    for (int b = 0; b < BATCH; b++)
        before[b] = INFINITY;
    for (int reads = 1; reads < 40; reads *= 2) {
        isg_run_options options = {.reads = reads, .sweeps = 2};
        CHECK(!run(p, &options, NULL, &error), "%s", error.message);
        for (int b = 0; b < BATCH; b++) {
            CHECK(energy[b] <= before[b], "%d reads", reads);
            before[b] = energy[b];
        }
    }
    isg_close(p);
}

/* ---- tensors of all kinds -------------------------------------------------------------------- */

static void test_dtypes_and_strides(void)
{
    static double h64[BATCH][2 * N];
    static int8_t J8[N][N][BATCH]; /* the batch axis last */
    static float x0[BATCH][N], wide[BATCH][3][N];
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    fill(3, 3);
    for (int b = 0; b < BATCH; b++)
        for (int i = 0; i < N; i++) {
            h64[b][2 * i] = h[b][i] = roundf(h[b][i]);
            for (int j = 0; j < N; j++)
                J8[i][j][b] = (int8_t)(J[b][i][j] = roundf(J[b][i][j]));
        }
    bind(0, BATCH);
    CHECK(!run(p, NULL, NULL, &error), "%s", error.message);
    memcpy(x0, x, sizeof x);
    inputs[0].tensor =
        (isg_tensor){.dtype = ISG_I8, .rank = 3, .shape = {BATCH, N, N}, .strides = {1, N * BATCH, BATCH}, .data = J8};
    inputs[1].tensor =
        (isg_tensor){.dtype = ISG_F64, .rank = 2, .shape = {BATCH, N}, .strides = {sizeof h64[0], 16}, .data = h64};
    outputs[0].tensor =
        (isg_tensor){.rank = 2, .shape = {BATCH, N}, .strides = {-(int64_t)sizeof wide[0], 4}, .data = wide[BATCH - 1][1]};
    CHECK(!run(p, NULL, NULL, &error), "%s", error.message);
    for (int b = 0; b < BATCH; b++)
        CHECK(!memcmp(wide[BATCH - 1 - b][1], x0[b], sizeof x0[b]) && wide[b][0][0] == 0 && wide[b][2][N - 1] == 0, "sample %d",
              b);
    bind(0, 0);
    isg_report report;
    CHECK(!run(p, NULL, &report, &error) && report.samples == 0 && isnan(report.hamiltonians[0].energy_mean) &&
              isnan(report.hamiltonians[0].energy_min),
          "an empty batch");
    bind(0, BATCH);
    CHECK(!isg_run(p, inputs, 3, NULL, 0, NULL, &report, &error) && report.samples == BATCH, "no outputs wanted");
    isg_close(p);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refuse(isg_program *p, const isg_run_options *options, const char *reason)
{
    isg_error error = {0};
    isg_status status = run(p, options, NULL, &error);
    CHECK(status == ISG_INVALID && !strcmp(error.message, reason), "%d '%s', not '%s'", status, error.message, reason);
    fill(1, 1);
    bind(0, BATCH);
}

static void test_refusals(void)
{
    isg_program *p = open_dense(NULL);
    double big = 1e39;
    fill(1, 1);
    bind(0, BATCH);
    J[3][0][1] = NAN;
    refuse(p, NULL, "input 'J' at [3, 0, 1] is nan");
    h[39][11] = -INFINITY;
    refuse(p, NULL, "input 'h' at [39, 11] is -inf");
    inputs[2].tensor = (isg_tensor){.dtype = ISG_F64, .rank = 1, .shape = {BATCH}, .strides = {0}, .data = &big};
    refuse(p, NULL, "input 'offset' at [0] is 9.9999999999999994e+38, beyond the range of float32");
    inputs[0].tensor.shape[2] = 11;
    refuse(p, NULL, "input 'J' has shape [40, 12, 11]; the model needs [batch, 12, 12]");
    inputs[2].tensor.rank = 0;
    refuse(p, NULL, "input 'offset' has shape []; the model needs [batch]");
    inputs[1].tensor.shape[0] = 39;
    refuse(p, NULL, "input 'h' has a batch of 39; the others have 40");
    outputs[0].tensor.shape[0] = 39;
    refuse(p, NULL, "output 'x' has a batch of 39; the others have 40");
    outputs[0].tensor.dtype = ISG_F64;
    refuse(p, NULL, "output 'x' must be float32, not float64");
    outputs[1].name = "loss";
    refuse(p, NULL, "the model has no output 'loss'");
    inputs[1].name = "g";
    refuse(p, NULL, "the model has no input 'g'");
    inputs[1] = inputs[0];
    refuse(p, NULL, "input 'J' is given twice");
    inputs[0].tensor.rank = 9;
    refuse(p, NULL, "input 'J' has rank 9; 0 to 8 are possible");
    inputs[0].tensor.dtype = (isg_dtype)77;
    refuse(p, NULL, "input 'J' has an unknown dtype (77)");
    inputs[0].tensor.data = NULL;
    refuse(p, NULL, "input 'J' has no data");
    inputs[0].tensor.shape[1] = -1;
    refuse(p, NULL, "input 'J' has a negative or too large dimension");
    refuse(p, &(isg_run_options){.reads = -1}, "reads must not be negative");
    refuse(p, &(isg_run_options){.sweeps = -1}, "sweeps must not be negative");
    refuse(p, &(isg_run_options){.threads = -1}, "threads must not be negative");
    refuse(p, &(isg_run_options){.first_sample = -1}, "the first sample's index must not be negative");
    refuse(p, &(isg_run_options){.solver = (isg_solver)5}, "there is no solver 5");
    isg_error error;
    CHECK(isg_run(p, inputs, 2, outputs, 2, NULL, NULL, &error) == ISG_INVALID &&
          !strcmp(error.message, "input 'offset' is missing"));
    CHECK(isg_run(p, inputs, 2, outputs, 2, NULL, NULL, NULL) == ISG_INVALID);
    isg_close(p);
}

/* The lowest sample at fault is named on any number of threads. */
static void test_faults(void)
{
    isg_program *p = open_dense(NULL);
    for (int threads = 1; threads <= 8; threads++)
        for (int trial = 0; trial < 20; trial++) {
            fill(1, 1);
            bind(0, BATCH);
            h[17][5] = h[18][2] = h[30][0] = 2e30f;
            J[20][3][4] = NAN;
            refuse(p, &(isg_run_options){.threads = threads, .first_sample = 100, .sweeps = 5},
                   "sample 117: Hamiltonian 'dense': a coefficient of spin 5 is NaN or infinite");
        }
    isg_close(p);
}

/* ---- cancellation ---------------------------------------------------------------------------- */

typedef struct canceller {
    isg_program *program;
    int after_us;
    int64_t shown, at; /* progress */
    int inside;
} canceller;

static void *cancel_later(void *context)
{
    canceller *c = context;
    usleep((useconds_t)c->after_us);
    isg_cancel(c->program);
    return NULL;
}

static void test_cancel(void)
{
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    isg_report report;
    fill(1, 1);
    isg_cancel(p); /* without effect: nothing runs */
    bind(0, BATCH);
    CHECK(!run(p, NULL, NULL, &error), "%s", error.message);
    dense_delay_us = 100;
    for (int trial = 0; trial < 30; trial++) {
        canceller c = {.program = p, .after_us = 700 * trial};
        pthread_t thread;
        isg_run_options options = {.threads = 1 + trial % 3, .reads = 4, .sweeps = 30};
        memset(x, 0, sizeof x);
        pthread_create(&thread, NULL, cancel_later, &c);
        isg_status status = run(p, &options, &report, &error);
        pthread_join(thread, NULL);
        CHECK(status == ISG_INCOMPLETE || status == ISG_OK, "%d %s", status, error.message);
        int64_t done = 0;
        for (int b = 0; b < BATCH; b++) {
            done += !isnan(energy[b]);
            if (!isnan(energy[b]))
                CHECK(fabs(energy_at(b, state_of(b)) - (double)energy[b]) < 1e-4);
            else
                CHECK(isnan(x[b][0]) && isnan(x[b][N - 1]));
        }
        CHECK(done == report.samples && (status == ISG_INCOMPLETE || done == BATCH), "%lld, %lld", (long long)done,
              (long long)report.samples);
    }
    dense_delay_us = 0;
    CHECK(!run(p, NULL, NULL, &error), "a cancellation reaches one run only");
    isg_close(p);
}

static void progress(void *context, int64_t done, int64_t total)
{
    canceller *c = context;
    CHECK(done > c->shown && done <= total && total == BATCH && !c->inside++);
    c->shown = done;
    isg_error error;
    CHECK(run(c->program, NULL, NULL, &error) == ISG_INVALID && !strcmp(error.message, "this program is running already"));
    if (c->at && done >= c->at)
        isg_cancel(c->program);
    c->inside--;
}

static void test_progress(void)
{
    isg_program *p = open_dense(NULL);
    isg_error error = {0};
    fill(1, 1);
    bind(0, BATCH);
    for (int threads = 1; threads < 4; threads++) {
        canceller c = {.program = p};
        isg_run_options options = {.threads = threads, .progress = progress, .progress_context = &c};
        CHECK(!run(p, &options, NULL, &error) && c.shown == BATCH, "%s", error.message);
        c = (canceller){.program = p, .at = 1};
        CHECK(run(p, &options, NULL, &error) == ISG_INCOMPLETE && strstr(error.message, "cancelled after"));
    }
    isg_close(p);
}

/* ---- failing memory -------------------------------------------------------------------------- */

static void test_no_memory(void)
{
    isg_error error = {0};
    fill(1, 1);
    bind(0, 5);
    for (int ever = 0; ever < 2; ever++)
        for (long at = 1;; at++) {
            trap memory = {.at = at, .ever_after = ever};
            isg_allocator allocator = trap_allocator(&memory);
            isg_program *p = NULL;
            isg_status status = program_open_abi(&abi, NULL, 0, &allocator, NULL, &p, &error);
            if (!status)
                status = run(p, &(isg_run_options){.threads = 3}, NULL, &error);
            isg_close(p);
            bool sprung = atomic_load(&memory.calls) >= at;
            CHECK(status == (sprung ? ISG_NO_MEMORY : ISG_OK), "%d at %ld", status, at);
            CHECK(memory.held_blocks == 0 && memory.held_bytes == 0, "at %ld", at);
            if (!sprung)
                break;
        }
}

/* What the threads work in stays from run to run: a later run holds no more afterwards, and an earlier one's leavings change
 * nothing. */
static void test_kept_memory(void)
{
    trap memory = {0};
    isg_allocator allocator = trap_allocator(&memory);
    isg_error error = {0};
    isg_report first = {0}, again = {0};
    bind(0, 5);
    isg_program *p = open_dense(&allocator);
    uint32_t before = draws;
    long open = atomic_load(&memory.held_bytes);
    fill(1, 1);
    CHECK(!run(p, &(isg_run_options){.threads = 3}, &first, &error), "%s", error.message);
    double mean = first.hamiltonians[0].energy_mean;
    long held = atomic_load(&memory.held_bytes);
    CHECK(held > open, "nothing is kept");
    fill(2, 3);
    CHECK(!run(p, &(isg_run_options){.threads = 2}, NULL, &error), "%s", error.message);
    draws = before;
    fill(1, 1);
    CHECK(!run(p, &(isg_run_options){.threads = 1}, &again, &error), "%s", error.message);
    CHECK(again.hamiltonians[0].energy_mean == mean, "%g, not %g", again.hamiltonians[0].energy_mean, mean);
    CHECK(atomic_load(&memory.held_bytes) == held, "%ld bytes, not %ld", atomic_load(&memory.held_bytes), held);
    isg_close(p);
    CHECK(memory.held_blocks == 0 && memory.held_bytes == 0, "%ld bytes left", atomic_load(&memory.held_bytes));
}

int main(void)
{
    test_ground_states();
    test_descent();
    test_same_bits();
    test_reads();
    test_dtypes_and_strides();
    test_refusals();
    test_faults();
    test_cancel();
    test_progress();
    test_no_memory();
    test_kept_memory();
    return check_done();
}
