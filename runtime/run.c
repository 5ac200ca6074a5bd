/* run.c - isg_run: a batch over worker threads.
 *
 * Workers take the next sample from a common counter. All that is reported is kept per sample and summed
 * in order of the samples once the threads have ended, so that nothing depends on their number.
 */
#include "runtime/anneal.h"
#include "runtime/blas.h"
#include "runtime/error.h"
#include "runtime/run_state.h"
#include "runtime/tensor.h"

#include <math.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static const double progress_interval = 0.05;

double run_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool run_cancelled(const void *context)
{
    const run *r = context;
    return atomic_load_explicit(&r->program->phase, memory_order_relaxed) == RUN_CANCELLED;
}

/* ---- options --------------------------------------------------------------------------------- */

static int32_t processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static isg_status fill_options(run *r, const isg_run_options *options, isg_error *error)
{
    isg_run_options *o = &r->options;
    if (options)
        *o = *options;
    if (o->solver != ISG_ANNEAL && o->solver != ISG_DESCENT)
        return error_fail(error, ISG_INVALID, "there is no solver %d", (int)o->solver);
    if (o->reads < 0 || o->sweeps < 0 || o->threads < 0 || o->first_sample < 0)
        return error_fail(error, ISG_INVALID, "%s must not be negative",
                          o->reads < 0     ? "reads"
                          : o->sweeps < 0  ? "sweeps"
                          : o->threads < 0 ? "threads"
                                           : "the first sample's index");
    r->default_effort = !o->reads && !o->sweeps;
    o->reads = o->reads ? o->reads : ANNEAL_DEFAULT_READS;
    o->sweeps = o->sweeps ? o->sweeps : ANNEAL_DEFAULT_SWEEPS;
    o->threads = o->threads ? o->threads : processors();
    return ISG_OK;
}

/* A program compiled for known runs may be without what this one calls. */
static isg_status check_functions(const run *r, isg_error *error)
{
    const isg_abi_program *abi = r->program->abi;
    for (uint64_t i = 0; i < abi->hamiltonian_count && !r->program->solver; i++)
        if (!anneal_serves(&abi->hamiltonians[i], r->options.solver, r->options.reads))
            return error_fail(error, ISG_INVALID,
                              "the program has no code to solve '%s' in this way: it was compiled for other runs",
                              abi->hamiltonians[i].name);
    return ISG_OK;
}

/* ---- workers --------------------------------------------------------------------------------- */

static void show_progress(run *r)
{
    int64_t done = atomic_fetch_add(&r->done_count, 1) + 1;
    if (!r->options.progress)
        return;
    if (done < r->batch ? pthread_mutex_trylock(&r->progress_mutex) : pthread_mutex_lock(&r->progress_mutex))
        return; /* another worker is showing */
    double now = run_clock();
    if (done > r->progress_shown && (done == r->batch || now - r->progress_time >= progress_interval)) {
        r->progress_time = now;
        r->progress_shown = done;
        r->options.progress(r->options.progress_context, done, r->batch);
    }
    pthread_mutex_unlock(&r->progress_mutex);
}

static void lower_fault(run *r, int64_t position)
{
    int64_t lowest = atomic_load(&r->fault_sample);
    while (position < lowest && !atomic_compare_exchange_weak(&r->fault_sample, &lowest, position))
        ;
}

/* Samples are handed out in order, so when one is at fault all before it have been started and are
 * finished: the lowest at fault is the same on any number of threads. */
static void *work(void *context)
{
    run_worker *w = context;
    run *r = w->run;
    while (!run_cancelled(r)) {
        int64_t position = atomic_fetch_add(&r->next_sample, 1);
        if (position >= r->batch || position > atomic_load(&r->fault_sample))
            break;
        if (run_sample(w, position, &w->error)) {
            w->fault_sample = position;
            lower_fault(r, position);
            break;
        }
        r->done[position] = 1;
        show_progress(r);
    }
    return NULL;
}

/* The memory of an earlier run, if there was one with as many workers. */
static char *keep(memory_aligned *kept, const isg_allocator *a, size_t bytes)
{
    if (!kept->at)
        *kept = memory_take_aligned(a, bytes);
    return kept->at;
}

static bool open_worker(run_worker *w, run *r, worker_memory *memory)
{
    const isg_abi_program *abi = r->program->abi;
    size_t scratch = 0;
    for (uint64_t i = 0; i < abi->hamiltonian_count; i++) {
        size_t need = anneal_scratch_bytes(&abi->hamiltonians[i]);
        scratch = need > scratch ? need : scratch;
    }
    *w = (run_worker){.run = r, .fault_sample = INT64_MAX};
    w->frame = keep(&memory->frame, r->allocator, abi->frame_bytes);
    w->scratch = keep(&memory->scratch, r->allocator, scratch);
    w->efforts = memory_take_zeroed(r->allocator, abi->hamiltonian_count, sizeof *w->efforts);
    return w->frame && w->scratch && w->efforts;
}

static void close_worker(run_worker *w)
{
    const run *r = w->run;
    memory_release(r->allocator, w->efforts, r->program->abi->hamiltonian_count, sizeof *w->efforts);
}

/* The caller's thread is the first worker. Fewer threads than wished for are enough. The others leave
 * the process's signals to the caller's threads. Returns how many have worked. */
static int32_t work_on_threads(run_worker *workers, int32_t count)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t blocked, before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&blocked, own[i]);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int32_t started = 1;
    while (started < count && !pthread_create(&workers[started].thread, NULL, work, &workers[started]))
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    work(&workers[0]);
    for (int32_t i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    return started;
}

/* ---- results --------------------------------------------------------------------------------- */

static void report_hamiltonian(const run *r, uint64_t number, const run_worker *workers, int32_t count)
{
    const isg_abi_hamiltonian *h = &r->program->abi->hamiltonians[number];
    const double *energies = r->energies + number * (uint64_t)r->batch;
    double sum = 0, least = NAN;
    int64_t samples = 0;
    for (int64_t k = 0; k < r->batch; k++)
        if (r->done[k]) {
            sum += energies[k];
            least = samples++ && least <= energies[k] ? least : energies[k];
        }
    run_effort effort = {0};
    for (int32_t i = 0; i < count; i++) {
        effort.attempts += workers[i].efforts[number].attempts;
        effort.seconds += workers[i].efforts[number].seconds;
    }
    r->program->reports[number] =
        (isg_hamiltonian_report){.name = h->name,
                                 .spins = (int64_t)h->spins,
                                 .terms = (int64_t)h->terms,
                                 .energy_mean = samples ? sum / (double)samples : NAN,
                                 .energy_min = least,
                                 .flips_per_second = effort.seconds > 0 ? (double)effort.attempts / effort.seconds : 0};
}

static void fill_report(const run *r, const run_worker *workers, int32_t count, double start, isg_report *report)
{
    uint64_t hamiltonians = r->program->abi->hamiltonian_count;
    bool descent = r->options.solver == ISG_DESCENT; /* from two starts, for as many sweeps as it takes */
    *report = (isg_report){.samples = atomic_load(&r->done_count),
                           .reads = descent ? 2 : r->options.reads,
                           .sweeps = descent ? 0 : r->options.sweeps,
                           .threads = count,
                           .hamiltonian_count = (int64_t)hamiltonians,
                           .hamiltonians = r->program->reports};
    for (int32_t i = 0; i < count; i++) {
        report->seconds_coefficients += workers[i].seconds_coefficients / count;
        for (uint64_t h = 0; h < hamiltonians; h++)
            report->seconds_anneal += workers[i].efforts[h].seconds / count;
    }
    for (uint64_t h = 0; h < hamiltonians; h++)
        report_hamiltonian(r, h, workers, count);
    report->seconds_total = run_clock() - start;
}

static isg_status find_fault(const run_worker *workers, int32_t count, isg_error *error)
{
    const run_worker *lowest = &workers[0];
    for (int32_t i = 1; i < count; i++)
        if (workers[i].fault_sample < lowest->fault_sample)
            lowest = &workers[i];
    if (lowest->fault_sample == INT64_MAX)
        return ISG_OK;
    return error_fail(error, lowest->error.status, "%s", lowest->error.message);
}

static isg_status finish_cancelled(const run *r, isg_error *error)
{
    for (int64_t k = 0; k < r->batch; k++)
        for (uint64_t i = 0; i < r->program->abi->output_count; i++)
            if (!r->done[k] && r->outputs[i]) {
                isg_tensor sample = tensor_at(r->outputs[i], k);
                tensor_from_f32(&sample, NULL);
            }
    return error_fail(error, ISG_INCOMPLETE, "cancelled after %lld of %lld samples", (long long)atomic_load(&r->done_count),
                      (long long)r->batch);
}

/* ---- the run --------------------------------------------------------------------------------- */

static isg_status run_workers(run *r, run_worker *workers, int32_t count, double start, isg_report *report, isg_error *error)
{
    blas_enter();
    count = work_on_threads(workers, count);
    blas_leave();
    isg_status status = find_fault(workers, count, error);
    if (status)
        return status;
    if (report)
        fill_report(r, workers, count, start, report);
    return run_cancelled(r) ? finish_cancelled(r, error) : ISG_OK;
}

static isg_status run_batch(run *r, double start, isg_report *report, isg_error *error)
{
    int64_t most = r->batch < RUN_THREADS_MAX ? r->batch : RUN_THREADS_MAX, opened = 0;
    int32_t count = r->options.threads < most ? r->options.threads : (int32_t)most;
    count = count < 1 ? 1 : count;
    size_t hamiltonians = r->program->abi->hamiltonian_count;
    size_t row = memory_bytes(hamiltonians, sizeof *r->energies);
    r->energies = memory_take(r->allocator, (size_t)r->batch, row);
    r->done = memory_take_zeroed(r->allocator, (size_t)r->batch, 1);
    run_worker *workers = memory_take(r->allocator, (size_t)count, sizeof *workers);
    isg_status status = r->energies && r->done && workers ? ISG_OK : error_no_memory(error);
    for (; !status && opened < count; opened++)
        if (!open_worker(&workers[opened], r, &r->program->workers[opened]))
            status = error_no_memory(error);
    if (!status)
        status = run_workers(r, workers, count, start, report, error);
    while (opened > 0)
        close_worker(&workers[--opened]);
    memory_release(r->allocator, workers, (size_t)count, sizeof *workers);
    memory_release(r->allocator, r->done, (size_t)r->batch, 1);
    memory_release(r->allocator, r->energies, (size_t)r->batch, row);
    return status;
}

isg_status isg_run(isg_program *program, const isg_named_tensor *inputs, size_t input_count, const isg_named_tensor *outputs,
                   size_t output_count, const isg_run_options *options, isg_report *report, isg_error *error)
{
    double start = run_clock();
    int idle = RUN_IDLE;
    if (!atomic_compare_exchange_strong(&program->phase, &idle, RUN_ACTIVE))
        return error_fail(error, ISG_INVALID, "this program is running already");
    run r = {.program = program, .allocator = &program->allocator, .fault_sample = INT64_MAX};
    pthread_mutex_init(&r.progress_mutex, NULL);
    isg_status status = fill_options(&r, options, error);
    if (!status)
        status = check_functions(&r, error);
    if (!status)
        status = run_bind(&r, inputs, input_count, outputs, output_count, error);
    if (!status)
        status = run_batch(&r, start, report, error);
    memory_release(r.allocator, r.inputs, program->abi->input_count, sizeof *r.inputs);
    memory_release(r.allocator, r.outputs, program->abi->output_count, sizeof *r.outputs);
    pthread_mutex_destroy(&r.progress_mutex);
    atomic_store(&program->phase, RUN_IDLE);
    return status;
}
