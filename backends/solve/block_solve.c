/* block_solve.c - see block_solve.h. */
#include "backends/solve/block_solve.h"

#include "backends/machine/bind.h"
#include "backends/machine/descent.h"
#include "backends/solve/cut.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"

#include <time.h>

typedef struct blocks {
    const problem *p;
    const target *target;
    const solve_settings *settings;
    problem_rows rows;
    cut_parts cut;
    int8_t *state;
    int8_t *other;   /* [spins]: the second start */
    double *field;   /* [spins] */
    uint32_t *local; /* [spins]: see bind.h */
    double deadline; /* 0: none */
    solve_result *result;
    block_info *info;
} blocks;

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool has_fields(const problem *p)
{
    for (int64_t i = 0; i < p->spins; i++)
        if (p->fields[i] != 0)
            return true;
    return false;
}

bool block_needed(const problem *p, const target *t)
{
    return p->spins > target_variables(t, has_fields(p));
}

/* ---- one part -------------------------------------------------------------------------------- */

static uint64_t part_seed(const blocks *b, int32_t part)
{
    uint32_t counter[4] = {(uint32_t)b->info->passes, (uint32_t)part, 0, 1}, out[4];
    uint32_t key[2] = {(uint32_t)b->settings->seed, (uint32_t)(b->settings->seed >> 32)};
    philox4x32(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

static void accept(blocks *b, const problem *part, const uint32_t *spins, const target_answers *answers, bool *changed)
{
    for (int64_t i = 0; i < part->spins; i++)
        b->other[i] = b->state[spins[i]];
    if (!(answers->energy[0] < problem_energy(part, b->other)))
        return;
    for (int64_t i = 0; i < part->spins; i++)
        b->state[spins[i]] = answers->state[0][i];
    *changed = true;
}

static isg_status improve(blocks *b, int32_t number, bool *changed, isg_error *error)
{
    const uint32_t *spins = b->cut.spin + b->cut.start[number];
    int64_t count = b->cut.start[number + 1] - b->cut.start[number];
    solve_settings settings = *b->settings;
    settings.seed = part_seed(b, number);
    settings.progress = NULL;
    if (b->deadline > 0) {
        double left = b->deadline - clock_now();
        settings.seconds = left > 1e-9 ? left : 1e-9;
    }
    problem part;
    target_answers answers;
    solve_result result;
    isg_status status = bind_part(b->p, &b->rows, spins, count, b->state, b->local, &part, error);
    if (status)
        return status;
    status = target_solve(&part, b->target, &settings, &answers, &result, error);
    b->result->reads = result.reads;
    b->result->sweeps = result.sweeps;
    b->result->out_of_time = result.out_of_time;
    if (answers.count)
        accept(b, &part, spins, &answers, changed);
    target_answers_close(&answers);
    problem_close(&part);
    return status;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void show(const blocks *b, int32_t parts_done)
{
    const solve_settings *o = b->settings;
    if (o->progress)
        o->progress(o->progress_context, (int64_t)b->info->passes * b->cut.count + parts_done,
                    (int64_t)BLOCK_DEFAULT_PASSES * b->cut.count);
}

static isg_status run_passes(blocks *b, isg_error *error)
{
    isg_status status = ISG_OK;
    bool changed = true;
    for (b->info->passes = 0; b->info->passes < BLOCK_DEFAULT_PASSES && changed && !status; b->info->passes++) {
        changed = false;
        for (int32_t i = 0; i < b->cut.count && !status; i++) {
            status = improve(b, i, &changed, error);
            show(b, i + 1);
        }
    }
    if (status == ISG_INCOMPLETE)
        return error_fail(error, status, "%s in pass %d over %d parts; this is the best found until then",
                          b->result->out_of_time ? "out of time" : "interrupted", (int)b->info->passes, (int)b->cut.count);
    return status;
}

/* The better of descents from all-lowest and from all-highest. */
static void start(blocks *b)
{
    size_t spins = (size_t)b->p->spins;
    memset(b->state, b->p->domain == PROBLEM_BINARY ? 0 : -1, spins);
    memset(b->other, 1, spins);
    descent(b->p, &b->rows, b->state, b->field);
    descent(b->p, &b->rows, b->other, b->field);
    if (problem_energy(b->p, b->other) < problem_energy(b->p, b->state))
        memcpy(b->state, b->other, spins);
    for (size_t i = 0; i < spins; i++)
        b->local[i] = PROBLEM_NO_SPIN;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static isg_status run(blocks *b, isg_error *error)
{
    const isg_allocator *a = b->p->allocator;
    size_t spins = (size_t)b->p->spins;
    b->other = memory_take(a, spins, 1);
    b->field = memory_take(a, spins, sizeof *b->field);
    b->local = memory_take(a, spins, sizeof *b->local);
    isg_status status = ISG_OK;
    if (b->other && b->field && b->local) {
        start(b);
        status = run_passes(b, error);
        b->result->energy = problem_energy(b->p, b->state);
    } else {
        status = error_no_memory(error);
    }
    memory_release(a, b->other, spins, 1);
    memory_release(a, b->field, spins, sizeof *b->field);
    memory_release(a, b->local, spins, sizeof *b->local);
    return status;
}

isg_status block_solve(const problem *p, const target *t, const solve_settings *settings, int8_t *state, solve_result *result,
                       block_info *info, isg_error *error)
{
    blocks b = {.p = p, .target = t, .settings = settings, .state = state, .result = result, .info = info};
    b.deadline = settings->seconds > 0 ? clock_now() + settings->seconds : 0;
    *result = (solve_result){.threads = 1};
    *info = (block_info){0};
    isg_status status = problem_rows_open(&b.rows, p, error);
    if (status)
        return status;
    status = cut_open(&b.cut, p, &b.rows, target_variables(t, true), error);
    if (!status) {
        info->parts = b.cut.count;
        info->severed = b.cut.severed;
        info->coupling = b.cut.coupling;
        status = run(&b, error);
        cut_close(&b.cut);
    }
    problem_rows_close(&b.rows, p);
    return status;
}
