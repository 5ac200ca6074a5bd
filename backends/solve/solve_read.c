/* solve_read.c - one read, or sixty-four at a time, from the start to the descent; stopping in between (solve_work.h). */
#include "backends/solve/solve_work.h"

#include "runtime/philox.h"

#include <time.h>

enum { MAX_DESCENT_SWEEPS = 1000, HURRIED_DESCENT_SWEEPS = 4 };

/* Spins looked at between two questions whether to stop: tens of microseconds. A look at sixty-four reads takes as long as
 * several at one. */
enum { PATIENCE = 16384 };
static const int64_t lane_looks = 8;
static const double progress_interval = 0.05;

/* Of the lattice's temperatures, for reads side by side. */
static const double lane_heat = 1.15;

double work_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
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

/* After every sweep, of so many reads. Small problems ask once in many sweeps. */
static bool stopped(worker *w, int32_t reads)
{
    solving *s = w->s;
    w->attempts += s->lattice.spins * reads;
    w->unasked += s->lattice.padded * (s->lanes.used ? lane_looks : 1) + 1;
    if (w->unasked >= PATIENCE) {
        w->unasked = 0;
        double now = work_clock();
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
        if (stopped(w, 1))
            limit = HURRIED_DESCENT_SWEEPS;
    }
    if (s->dense.exact)
        give(w);
}

static bool lower(const worker *w, kernel_energy energy)
{
    return w->best_read < 0 || kernel_lower(energy, w->best_energy);
}

static void keep_if_lower(worker *w, int32_t read)
{
    const lattice *l = &w->s->lattice;
    if (!l->exact)
        kernel_fields(l, &w->state);
    kernel_energy energy = kernel_energy_of(l, &w->state);
    if (!lower(w, energy))
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
    bool stop = stopped(w, 1);
    for (; k < s->sweeps && !stop && s->schedule.hot > 0; k++) {
        double temperature = 1 / schedule_beta_from(&s->schedule, s->roots, k, s->sweeps);
        w->flips += sweep(w, key, (uint32_t)k, temperature);
        atomic_fetch_add_explicit(&s->sweeps_done, 1, memory_order_relaxed);
        stop = stopped(w, 1);
    }
    descend(w);
    keep_if_lower(w, read);
    if (!stop)
        atomic_fetch_add(&s->reads_done, 1);
}

/* ---- sixty-four reads ------------------------------------------------------------------------ */

static void keep_lowest(worker *w, int32_t first, int32_t count)
{
    kernel_energy energy;
    int32_t lowest = lane_state_lowest(&w->lanes, &w->s->lanes, &w->s->lattice, count, &energy);
    if (!lower(w, energy))
        return;
    w->best_energy = energy;
    w->best_read = first + lowest;
    lane_state_give(&w->lanes, lowest, w->best);
}

/* Falling evenly: on G1, G22 and G43 the mean cut of a read is that of a geometric ladder of up to twice the sweeps. It flips
 * more, which costs reads side by side nothing. */
static double lane_temperature(const solving *s, int32_t k)
{
    double hot = lane_heat * s->lattice.hot, cold = lane_heat * s->lattice.cold;
    return s->sweeps > 1 ? hot + (cold - hot) * k / (s->sweeps - 1) : cold;
}

static void descend_lanes(worker *w, int32_t count, uint64_t counted)
{
    int32_t limit = MAX_DESCENT_SWEEPS;
    for (int32_t k = 0; k < limit; k++) {
        int64_t flips = w->s->lanes.level->descend(&w->lanes.b, counted);
        w->flips += flips;
        if (!flips)
            break;
        if (stopped(w, count))
            limit = HURRIED_DESCENT_SWEEPS;
    }
}

/* As run_read; the start, which is a function of the key, is looked at afterwards, where the worker has nothing better. */
static void run_lanes(worker *w, int32_t first, int32_t count)
{
    solving *s = w->s;
    uint32_t key[2];
    uint64_t counted = count < LANES_READS ? ((uint64_t)1 << count) - 1 : UINT64_MAX;
    bool first_group = w->best_read < 0;
    philox_read_key(s->settings->seed, 0, 0, (uint32_t)first, key);
    s->lanes.level->start(&w->lanes.b, key);
    bool stop = stopped(w, count);
    for (int32_t k = 0; k < s->sweeps && !stop; k++) {
        double temperature = lane_temperature(s, k);
        w->flips += lane_state_sweep(&w->lanes, &s->lanes, &s->lattice, key, (uint32_t)k, temperature, counted);
        atomic_fetch_add_explicit(&s->sweeps_done, count, memory_order_relaxed);
        stop = stopped(w, count);
    }
    descend_lanes(w, count, counted);
    keep_lowest(w, first, count);
    if (stop && first_group) {
        s->lanes.level->start(&w->lanes.b, key);
        keep_lowest(w, first, count);
    }
    if (!stop)
        atomic_fetch_add(&s->reads_done, count);
}

void work_group(worker *w, int32_t group)
{
    int32_t size = solving_group(w->s), first = group * size, left = w->s->reads - first;
    if (w->s->lanes.used)
        run_lanes(w, first, left < size ? left : size);
    else
        run_read(w, first);
}
