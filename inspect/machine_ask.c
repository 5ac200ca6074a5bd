/* machine_ask.c - a problem from a file on a machine's simulator (machine_view.h): whole where it fits, else in the parts that
 * block_solve makes of it. */
#include "backends/solve/block_solve.h"
#include "backends/solve/cut.h"
#include "inspect/machine_view.h"
#include "runtime/error.h"

/* ---- parts ------------------------------------------------------------------------------------ */

/* One part after the other: each is a round of its own. */
static machine_schedule *schedule_of_cut(const cut_parts *c, arena *a)
{
    machine_part *parts = ARENA_ARRAY(a, machine_part, (size_t)c->count);
    machine_schedule *s = ARENA_NEW(a, machine_schedule);
    for (int32_t k = 0; k < c->count; k++) {
        int64_t count = c->start[k + 1] - c->start[k];
        uint32_t *spins = ARENA_ARRAY(a, uint32_t, (size_t)count);
        for (int64_t i = 0; i < count; i++)
            spins[i] = c->spin[c->start[k] + i];
        parts[k] = (machine_part){(uint32_t)k, count, spins};
    }
    *s = (machine_schedule){parts, (uint32_t)c->count, (uint32_t)c->count, c->spins};
    return s;
}

static machine_schedule *schedule_whole(int64_t count, arena *a)
{
    machine_schedule *s = ARENA_NEW(a, machine_schedule);
    machine_part *part = ARENA_NEW(a, machine_part);
    uint32_t *spins = ARENA_ARRAY(a, uint32_t, (size_t)count);
    for (int64_t i = 0; i < count; i++)
        spins[i] = (uint32_t)i;
    *part = (machine_part){0, count, spins};
    *s = (machine_schedule){part, 1, 1, count};
    return s;
}

static bool in_parts(const problem *p, const target *t)
{
    return t->topology.kind == TOPOLOGY_COMPLETE && block_needed(p, t);
}

isg_status machine_parts_of_problem(const problem *p, const target *t, arena *a, machine_parts *out, isg_error *error)
{
    problem_rows rows;
    cut_parts cut;
    if (!in_parts(p, t)) {
        *out = (machine_parts){.schedule = schedule_whole(p->spins, a)};
        return ISG_OK;
    }
    isg_status status = problem_rows_open(&rows, p, error);
    if (status)
        return status;
    status = cut_open(&cut, p, &rows, target_variables(t, true), error);
    problem_rows_close(&rows, p);
    if (status)
        return status;
    *out = (machine_parts){.schedule = schedule_of_cut(&cut, a)};
    cut_close(&cut);
    return ISG_OK;
}

/* ---- the answer ------------------------------------------------------------------------------- */

static isg_status ask_whole(const problem *p, const target *t, const solve_settings *settings, int8_t *state,
                            solve_result *result, isg_error *error)
{
    target_answers answers;
    isg_status status = target_solve(p, t, settings, &answers, result, error);
    for (int64_t i = 0; !status && i < p->spins; i++)
        state[i] = answers.state[0][i];
    target_answers_close(&answers);
    return status;
}

isg_status machine_ask(const problem *p, const target *t, const observe_settings *settings, arena *a, machine_answer *answer,
                       isg_error *error)
{
    const solve_settings solve = {.reads = settings->reads,
                                  .sweeps = settings->sweeps,
                                  .threads = 1,
                                  .seed = settings->seed,
                                  .cancelled = settings->cancelled,
                                  .cancel_context = settings->cancel_context};
    solve_result result;
    block_info blocks = {.passes = 1};
    int8_t *state = ARENA_ARRAY(a, int8_t, (size_t)p->spins), *up = ARENA_ARRAY(a, int8_t, (size_t)p->spins);
    if (t->topology.kind != TOPOLOGY_COMPLETE)
        return error_fail(error, ISG_INVALID, "target '%s' couples only neighbouring spins: the problem needs embedding",
                          t->name);
    isg_status status = in_parts(p, t) ? block_solve(p, t, &solve, state, &result, &blocks, error)
                                       : ask_whole(p, t, &solve, state, &result, error);
    if (status)
        return status;
    for (int64_t i = 0; i < p->spins; i++)
        up[i] = state[i] > 0;
    *answer = (machine_answer){
        .up = up, .energy = problem_energy(p, state), .passes = blocks.passes, .reads = result.reads, .sweeps = result.sweeps};
    return ISG_OK;
}
