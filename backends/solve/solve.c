/* solve.c - reads over threads (solve.h). */
#include "backends/solve/solve.h"

#include "backends/solve/byte_lattice.h"
#include "backends/solve/dense_lattice.h"
#include "backends/solve/kernel.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"
#include "runtime/schedule.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

enum { MAX_THREADS = 256, MAX_DESCENT_SWEEPS = 1000, HURRIED_DESCENT_SWEEPS = 4 };

/* A read of 4,000 sweeps finds the best cut of G22 once in some thirty; fewer sweeps find it more seldom than they save, more
 * hardly oftener. Large problems get shorter and fewer reads. */
enum { DEFAULT_SWEEPS = 4000, LEAST_SWEEPS = 1000, MOST_READS = 64, LEAST_READS = 4 };
static const double default_work = 5e8;
/* Of one neighbour, in looks at a spin: few of them flip. Whole rows take them many at a time. */
static const double coupling_work = 0.05, row_work = 0.0004;

/* Spins looked at between two questions whether to stop: tens of microseconds. */
enum { PATIENCE = 16384 };
static const double progress_interval = 0.05;

typedef struct solving {
    const problem *p;
    const solve_settings *settings;
    lattice lattice;
    byte_lattice bytes; /* at most one of the two is used */
    dense_lattice dense;
    schedule schedule;
    double roots[SCHEDULE_ROOTS]; /* of the schedule */
    int32_t reads, sweeps;
    double deadline; /* INFINITY: none */
    atomic_int next_read, reads_done;
    atomic_bool stopped, out_of_time;
    _Atomic int64_t sweeps_done;
    pthread_mutex_t progress_mutex;
    double progress_time; /* of the last call; guarded */
} solving;

typedef struct worker {
    solving *s;
    pthread_t thread;
    kernel_state state;
    byte_state bytes;
    dense_state dense;
    int8_t *best; /* 1: up */
    kernel_energy best_energy;
    int32_t best_read; /* -1: none yet */
    int64_t attempts, flips;
    int64_t unasked; /* spins looked at since the last question */
} worker;

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- effort ---------------------------------------------------------------------------------- */

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

void solve_effort(const problem *p, int32_t *reads, int32_t *sweeps)
{
    double neighbour = dense_lattice_pays(p->spins, p->coupling_count) ? row_work : coupling_work;
    double sweep_work = (double)p->spins + neighbour * 2 * (double)p->coupling_count + 1;
    *reads = (int32_t)clamp(default_work / sweep_work / DEFAULT_SWEEPS, LEAST_READS, MOST_READS);
    *sweeps = (int32_t)clamp(default_work / sweep_work / *reads, LEAST_SWEEPS, DEFAULT_SWEEPS);
}

/* ---- stopping and showing -------------------------------------------------------------------- */

static bool ask(solving *s, double now)
{
    if (now >= s->deadline) {
        atomic_store(&s->out_of_time, true);
        return true;
    }
    return s->settings->cancelled && s->settings->cancelled(s->settings->cancel_context);
}

static void show(solving *s, double now)
{
    if (!s->settings->progress || pthread_mutex_trylock(&s->progress_mutex))
        return; /* another thread is showing */
    if (now - s->progress_time >= progress_interval) {
        s->progress_time = now;
        s->settings->progress(s->settings->progress_context, atomic_load(&s->sweeps_done), (int64_t)s->reads * s->sweeps);
    }
    pthread_mutex_unlock(&s->progress_mutex);
}

/* After every sweep. Small problems ask once in many sweeps. */
static bool stopped(worker *w)
{
    solving *s = w->s;
    w->attempts += s->lattice.spins;
    w->unasked += s->lattice.padded + 1;
    if (w->unasked >= PATIENCE) {
        w->unasked = 0;
        double now = clock_now();
        show(s, now);
        if (ask(s, now))
            atomic_store(&s->stopped, true);
    }
    return atomic_load_explicit(&s->stopped, memory_order_relaxed);
}

/* ---- one read -------------------------------------------------------------------------------- */

/* Spins and fields live in `bytes` or `dense` while such a lattice is annealed, in `state` before and after. */
static void start(worker *w, const uint32_t key[2])
{
    if (w->s->bytes.used)
        byte_state_start(&w->bytes, &w->s->bytes, &w->s->lattice, key);
    else if (w->s->dense.used)
        dense_state_start(&w->dense, &w->s->dense, key);
    else
        kernel_start(&w->s->lattice, key, &w->state);
}

static int64_t sweep(worker *w, const uint32_t key[2], uint32_t number, double temperature)
{
    if (w->s->bytes.used)
        return byte_state_sweep(&w->bytes, &w->s->bytes, &w->s->lattice, key, number, temperature);
    if (w->s->dense.used)
        return dense_state_sweep(&w->dense, &w->s->dense, &w->s->lattice, key, number, temperature);
    return kernel_sweep(&w->s->lattice, key, number, temperature, &w->state);
}

static void give(worker *w)
{
    if (w->s->bytes.used)
        byte_state_give(&w->bytes, &w->s->bytes, &w->s->lattice, &w->state);
    else if (w->s->dense.used)
        dense_state_give(&w->dense, &w->s->lattice, &w->state);
}

/* From fields made anew: those of doubles have gathered rounding errors. */
static void descend(worker *w)
{
    solving *s = w->s;
    int32_t limit = MAX_DESCENT_SWEEPS;
    if (!s->dense.exact)
        give(w);
    if (!s->lattice.exact)
        kernel_fields(&s->lattice, &w->state);
    for (int32_t k = 0; k < limit; k++) {
        int64_t flips = s->dense.exact ? dense_state_descend(&w->dense, &s->dense) : kernel_descend(&s->lattice, &w->state);
        w->flips += flips;
        if (!flips)
            break;
        if (stopped(w))
            limit = HURRIED_DESCENT_SWEEPS;
    }
    if (s->dense.exact)
        give(w);
}

static void keep_if_lower(worker *w, int32_t read)
{
    const lattice *l = &w->s->lattice;
    if (!l->exact)
        kernel_fields(l, &w->state);
    kernel_energy energy = kernel_energy_of(l, &w->state);
    if (w->best_read >= 0 && !kernel_lower(energy, w->best_energy))
        return;
    w->best_energy = energy;
    w->best_read = read;
    for (int64_t i = 0; i < l->spins; i++)
        w->best[i] = l->exact ? w->state.turn.whole[i] < 0 : w->state.turn.real[i] < 0;
}

/* A worker's first start is kept as an answer, so that one cut short has not lost to chance. */
static void run_read(worker *w, int32_t read)
{
    solving *s = w->s;
    uint32_t key[2];
    int32_t k = 0;
    philox_read_key(s->settings->seed, 0, 0, (uint32_t)read, key);
    start(w, key);
    if (w->best_read < 0) {
        give(w);
        keep_if_lower(w, read);
    }
    bool stop = stopped(w);
    for (; k < s->sweeps && !stop && s->schedule.hot > 0; k++) {
        double temperature = 1 / schedule_beta_from(&s->schedule, s->roots, k, s->sweeps);
        w->flips += sweep(w, key, (uint32_t)k, temperature);
        atomic_fetch_add_explicit(&s->sweeps_done, 1, memory_order_relaxed);
        stop = stopped(w);
    }
    descend(w);
    keep_if_lower(w, read);
    if (!stop)
        atomic_fetch_add(&s->reads_done, 1);
}

static void *work(void *context)
{
    worker *w = context;
    int32_t read;
    while ((read = atomic_fetch_add(&w->s->next_read, 1)) < w->s->reads) {
        run_read(w, read);
        if (atomic_load(&w->s->stopped))
            break;
    }
    return NULL;
}

/* ---- workers --------------------------------------------------------------------------------- */

static bool open_worker(worker *w, solving *s)
{
    const lattice *l = &s->lattice;
    size_t bytes = lattice_number_bytes(l);
    *w = (worker){.s = s, .best_read = -1};
    w->state.turn.any = memory_take(l->allocator, (size_t)l->padded, bytes);
    w->state.field.any = memory_take(l->allocator, (size_t)l->padded, bytes);
    w->state.limit.any = memory_take(l->allocator, KERNEL_CHUNK, bytes);
    w->best = memory_take(l->allocator, (size_t)l->spins, 1);
    return dense_state_open(&w->dense, &s->dense, l) && byte_state_open(&w->bytes, &s->bytes, l) && w->state.turn.any &&
           w->state.field.any && w->state.limit.any && w->best;
}

static void close_worker(worker *w, const lattice *l)
{
    size_t bytes = lattice_number_bytes(l);
    memory_release(l->allocator, w->state.turn.any, (size_t)l->padded, bytes);
    memory_release(l->allocator, w->state.field.any, (size_t)l->padded, bytes);
    memory_release(l->allocator, w->state.limit.any, KERNEL_CHUNK, bytes);
    memory_release(l->allocator, w->best, (size_t)l->spins, 1);
    dense_state_close(&w->dense, l);
    byte_state_close(&w->bytes, l);
}

/* Signals are left to the caller's threads. Threads that cannot be started are done without: reads go to those there are. */
static void run_workers(worker *workers, int32_t count)
{
    sigset_t all, before;
    int32_t started = 1;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < count && !pthread_create(&workers[started].thread, NULL, work, &workers[started]))
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    work(&workers[0]);
    for (int32_t i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
}

static const worker *best_worker(const worker *workers, int32_t count)
{
    const worker *best = &workers[0];
    for (int32_t i = 1; i < count; i++) {
        const worker *w = &workers[i];
        bool equal = !kernel_lower(w->best_energy, best->best_energy) && !kernel_lower(best->best_energy, w->best_energy);
        if (w->best_read >= 0 &&
            (best->best_read < 0 || kernel_lower(w->best_energy, best->best_energy) || (equal && w->best_read < best->best_read)))
            best = w;
    }
    return best;
}

static void collect(const solving *s, const worker *workers, int32_t count, int8_t *state, solve_result *result)
{
    const worker *best = best_worker(workers, count);
    int8_t down = s->p->domain == PROBLEM_SPIN ? -1 : 0;
    for (int64_t i = 0; i < s->p->spins; i++)
        state[i] = best->best[i] ? 1 : down;
    *result = (solve_result){.energy = problem_energy(s->p, state),
                             .read = best->best_read,
                             .reads = s->reads,
                             .sweeps = s->sweeps,
                             .threads = count,
                             .reads_done = atomic_load(&s->reads_done),
                             .out_of_time = atomic_load(&s->out_of_time)};
    for (int32_t i = 0; i < count; i++) {
        result->attempts += workers[i].attempts;
        result->flips += workers[i].flips;
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int32_t processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static int32_t thread_count(const solving *s)
{
    int32_t count = s->settings->threads ? s->settings->threads : processors();
    count = count < s->reads ? count : s->reads;
    return count < MAX_THREADS ? count : MAX_THREADS;
}

static isg_status run(solving *s, int8_t *state, solve_result *result, isg_error *error)
{
    int32_t count = thread_count(s), opened = 0;
    const isg_allocator *a = s->p->allocator;
    worker *workers = memory_take(a, (size_t)count, sizeof *workers);
    if (!workers)
        return error_no_memory(error);
    bool complete = true;
    while (opened < count && complete)
        complete = open_worker(&workers[opened++], s);
    if (complete) {
        run_workers(workers, count);
        collect(s, workers, count, state, result);
    }
    for (int32_t i = 0; i < opened; i++)
        close_worker(&workers[i], &s->lattice);
    memory_release(a, workers, (size_t)count, sizeof *workers);
    return complete ? ISG_OK : error_no_memory(error);
}

static isg_status check(const solve_settings *o, isg_error *error)
{
    if (o->reads < 0 || o->sweeps < 0 || o->threads < 0 || !(o->seconds >= 0))
        return error_fail(error, ISG_INVALID, "%s must not be negative",
                          o->reads < 0     ? "reads"
                          : o->sweeps < 0  ? "sweeps"
                          : o->threads < 0 ? "threads"
                                           : "the time limit");
    return ISG_OK;
}

static void plan(solving *s, const solve_settings *o)
{
    solve_effort(s->p, &s->reads, &s->sweeps);
    s->reads = o->reads ? o->reads : s->reads;
    s->sweeps = o->sweeps ? o->sweeps : s->sweeps;
    if (s->lattice.hot > 0)
        s->schedule = (schedule){.hot = 1 / s->lattice.hot, .cold = 1 / s->lattice.cold};
    else
        s->reads = 1; /* any state is as good as any other */
    schedule_make_roots(&s->schedule, s->roots);
}

/* Lists of neighbours are made where exact rows do not do without them. */
static isg_status lay_out(solving *s, isg_error *error)
{
    isg_status status = lattice_measure(&s->lattice, s->p, error);
    bool bytes = !status && byte_lattice_fits(&s->lattice);
    if (bytes)
        status = lattice_fill(&s->lattice, s->p, error);
    if (!status && bytes)
        status = byte_lattice_open(&s->bytes, &s->lattice, error);
    if (!status && !s->bytes.used)
        status = dense_lattice_open(&s->dense, &s->lattice, s->p, error);
    if (!status && !bytes && !s->dense.exact)
        status = lattice_fill(&s->lattice, s->p, error);
    if (status) {
        byte_lattice_close(&s->bytes, &s->lattice);
        dense_lattice_close(&s->dense, &s->lattice);
        lattice_close(&s->lattice);
    }
    return status;
}

isg_status solve_problem(const problem *p, const solve_settings *settings, int8_t *state, solve_result *result, isg_error *error)
{
    solving s = {.p = p, .settings = settings};
    s.deadline = settings->seconds > 0 ? clock_now() + settings->seconds : INFINITY;
    isg_status status = check(settings, error);
    if (!status)
        status = lay_out(&s, error);
    if (status)
        return status;
    plan(&s, settings);
    pthread_mutex_init(&s.progress_mutex, NULL);
    status = run(&s, state, result, error);
    pthread_mutex_destroy(&s.progress_mutex);
    dense_lattice_close(&s.dense, &s.lattice);
    byte_lattice_close(&s.bytes, &s.lattice);
    lattice_close(&s.lattice);
    if (!status && atomic_load(&s.stopped))
        return error_fail(error, ISG_INCOMPLETE, "%s after %d of %d reads; this is the best found until then",
                          result->out_of_time ? "out of time" : "interrupted", result->reads_done, result->reads);
    return status;
}
