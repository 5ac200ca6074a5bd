/* solve.c - reads over threads (solve.h). */
#include "backends/solve/solve_work.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <math.h>
#include <sched.h>
#include <signal.h>

enum { MAX_THREADS = 256 };

/* A read of 4,000 sweeps finds the best cut of G22 once in some thirty; fewer sweeps find it more seldom than they save, more
 * hardly oftener. Large problems get shorter and fewer reads. */
enum { DEFAULT_SWEEPS = 4000, LEAST_SWEEPS = 1000, MOST_READS = 64, LEAST_READS = 4, MOST_GROUPS = 4, LEAST_GROUPS = 2 };
static const double default_work = 5e8;
/* Of one neighbour, in looks at a spin: few of them flip. Whole rows take them many at a time. */
static const double coupling_work = 0.05, row_work = 0.0004;
/* Of a spin and of one neighbour in sixty-four reads side by side. */
static const double lane_work = 4, lane_coupling_work = 0.3;

/* ---- effort ---------------------------------------------------------------------------------- */

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

/* Of one group of reads. */
static double sweep_work(const solving *s)
{
    const problem *p = s->p;
    double spins = (double)p->spins, ends = 2 * (double)p->coupling_count;
    if (s->lanes_fit)
        return lane_work * spins + lane_coupling_work * ends + 1;
    return spins + (dense_lattice_pays(p->spins, p->coupling_count) ? row_work : coupling_work) * ends + 1;
}

static void choose_effort(solving *s, const solve_settings *o)
{
    bool lanes = s->lanes_fit;
    double work = default_work / sweep_work(s);
    double groups = clamp(work / DEFAULT_SWEEPS, lanes ? LEAST_GROUPS : LEAST_READS, lanes ? MOST_GROUPS : MOST_READS);
    s->reads = o->reads ? o->reads : (int32_t)groups * (lanes ? LANES_READS : 1);
    s->sweeps = o->sweeps ? o->sweeps : (int32_t)clamp(work / (int32_t)groups, LEAST_SWEEPS, DEFAULT_SWEEPS);
}

/* ---- workers --------------------------------------------------------------------------------- */

static int32_t group_count(const solving *s)
{
    return (int32_t)(((int64_t)s->reads + solving_group(s) - 1) / solving_group(s));
}

static void *work(void *context)
{
    worker *w = context;
    int32_t group;
    while ((group = atomic_fetch_add(&w->s->next_group, 1)) < group_count(w->s)) {
        work_group(w, group);
        if (atomic_load(&w->s->stopped))
            break;
    }
    return NULL;
}

static bool open_worker(worker *w, solving *s)
{
    const lattice *l = &s->lattice;
    size_t bytes = lattice_number_bytes(l);
    *w = (worker){.s = s, .best_read = -1};
    w->best = memory_take(l->allocator, (size_t)l->spins, 1);
    if (s->lanes.used)
        return lane_state_open(&w->lanes, &s->lanes, l) && w->best;
    w->state.turn.any = memory_take(l->allocator, (size_t)l->padded, bytes);
    w->state.field.any = memory_take(l->allocator, (size_t)l->padded, bytes);
    w->state.limit.any = memory_take(l->allocator, KERNEL_CHUNK, bytes);
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
    lane_state_close(&w->lanes, l);
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
    count = count < group_count(s) ? count : group_count(s);
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
    s->lanes_fit = (!o->reads || o->reads >= LANE_LATTICE_READS) && lane_lattice_fits(&s->lattice);
    choose_effort(s, o);
    if (s->lattice.hot > 0)
        s->schedule = (schedule){.hot = 1 / s->lattice.hot, .cold = 1 / s->lattice.cold};
    else
        s->reads = 1; /* any state is as good as any other */
    schedule_make_roots(&s->schedule, s->roots);
}

static void close_lattices(solving *s)
{
    lane_lattice_close(&s->lanes, &s->lattice);
    byte_lattice_close(&s->bytes, &s->lattice);
    dense_lattice_close(&s->dense, &s->lattice);
    lattice_close(&s->lattice);
}

/* Lists of neighbours are made where neither lanes nor exact rows do without them. */
static isg_status lay_out(solving *s, isg_error *error)
{
    bool bytes = !s->lanes_fit && byte_lattice_fits(&s->lattice);
    isg_status status = ISG_OK;
    if (s->lanes_fit)
        return lane_lattice_open(&s->lanes, &s->lattice, s->p, error);
    if (bytes)
        status = lattice_fill(&s->lattice, s->p, error);
    if (!status && bytes)
        status = byte_lattice_open(&s->bytes, &s->lattice, error);
    if (!status && !s->bytes.used)
        status = dense_lattice_open(&s->dense, &s->lattice, s->p, error);
    if (!status && !bytes && !s->dense.exact)
        status = lattice_fill(&s->lattice, s->p, error);
    return status;
}

/* Measured, planned, laid out; closed where any of it fails. */
static isg_status prepare(solving *s, const solve_settings *settings, isg_error *error)
{
    isg_status status = lattice_measure(&s->lattice, s->p, error);
    if (status)
        return status;
    plan(s, settings);
    status = lay_out(s, error);
    if (status)
        close_lattices(s);
    return status;
}

isg_status solve_problem(const problem *p, const solve_settings *settings, int8_t *state, solve_result *result, isg_error *error)
{
    solving s = {.p = p, .settings = settings};
    s.deadline = settings->seconds > 0 ? work_clock() + settings->seconds : INFINITY;
    isg_status status = check(settings, error);
    if (!status)
        status = prepare(&s, settings, error);
    if (status)
        return status;
    pthread_mutex_init(&s.progress_mutex, NULL);
    status = run(&s, state, result, error);
    pthread_mutex_destroy(&s.progress_mutex);
    close_lattices(&s);
    if (!status && atomic_load(&s.stopped))
        return error_fail(error, ISG_INCOMPLETE, "%s after %d of %d reads; this is the best found until then",
                          result->out_of_time ? "out of time" : "interrupted", result->reads_done, result->reads);
    return status;
}
