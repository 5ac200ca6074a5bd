/* rounds.c - see rounds.h. */
#include "backends/machine/rounds.h"

#include "backends/machine/bind.h"
#include "backends/machine/descent.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"

#include <math.h>

/* Starts to choose from: on dense problems in parts, 32 reduce the gap of two to a tenth (512 spins on a machine of 100). */
enum { STARTS = 32 };

/* ---- opening ---------------------------------------------------------------------------------- */

isg_status rounds_open(rounds *r, const machine_schedule *schedule, const program_solve *request, const isg_allocator *allocator,
                       isg_error *error)
{
    *r = (rounds){.allocator = allocator, .schedule = schedule};
    isg_status status = bind_problem(request->hamiltonian, request->context, allocator, &r->problem, error);
    if (status) {
        r->problem = (problem){0};
        return status;
    }
    status = problem_rows_open(&r->rows, &r->problem, error);
    if (status)
        return status;
    size_t spins = (size_t)r->problem.spins;
    r->state = memory_take(allocator, spins, 1);
    r->next = memory_take(allocator, spins, 1);
    r->local = memory_take(allocator, spins, sizeof *r->local);
    if (!r->state || !r->next || !r->local)
        return error_no_memory(error);
    for (size_t i = 0; i < spins; i++)
        r->local[i] = PROBLEM_NO_SPIN;
    return ISG_OK;
}

void rounds_close(rounds *r)
{
    if (!r->problem.allocator)
        return;
    size_t spins = (size_t)r->problem.spins;
    memory_release(r->allocator, r->state, spins, 1);
    memory_release(r->allocator, r->next, spins, 1);
    memory_release(r->allocator, r->local, spins, sizeof *r->local);
    if (r->rows.row_start)
        problem_rows_close(&r->rows, &r->problem);
    problem_close(&r->problem);
}

/* ---- where to begin --------------------------------------------------------------------------- */

static int8_t lowest_value(const rounds *r)
{
    return r->problem.domain == PROBLEM_BINARY ? 0 : -1;
}

/* Starts 0 and 1 are all-lowest and all-highest, the others random, keyed like reads. */
static void fill_start(const rounds *r, uint64_t seed, const program_solve *request, uint32_t number, int8_t *state)
{
    uint32_t key[2], draws[4] = {0};
    philox_read_key(seed, request->sample, (uint32_t)request->number, number, key);
    for (int64_t i = 0; i < r->problem.spins; i++) {
        if (i % 4 == 0)
            philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)(i / 4), draws);
        state[i] = number == 1 || (number > 1 && draws[i % 4] >> 31) ? 1 : lowest_value(r);
    }
}

/* What is held in the first rounds then resembles an answer; from bare extremes the parts would answer a question nobody asks.
 * A whole problem holds nothing: two starts do, for the worst case. */
isg_status rounds_start(rounds *r, uint64_t seed, const program_solve *request, isg_error *error)
{
    size_t spins = (size_t)r->problem.spins;
    double *field = memory_take(r->allocator, spins, sizeof *field), lowest = INFINITY;
    if (!field)
        return error_no_memory(error);
    for (uint32_t k = 0; k < (r->schedule->part_count > 1 ? STARTS : 2) && spins; k++) {
        fill_start(r, seed, request, k, r->next);
        descent(&r->problem, &r->rows, r->next, field);
        double energy = problem_energy(&r->problem, r->next);
        if (k == 0 || energy < lowest) {
            lowest = energy;
            memcpy(r->state, r->next, spins);
        }
    }
    if (spins)
        memcpy(r->next, r->state, spins);
    memory_release(r->allocator, field, spins, sizeof *field);
    return ISG_OK;
}

void rounds_resume(rounds *r, const uint8_t *high, int32_t pass, uint32_t round, bool changed)
{
    for (int64_t i = 0; i < r->problem.spins; i++)
        r->state[i] = r->next[i] = high[i] ? 1 : lowest_value(r);
    r->pass = pass;
    r->round = round;
    r->changed = changed;
}

/* ---- rounds ----------------------------------------------------------------------------------- */

void rounds_parts(const rounds *r, uint32_t *begin, uint32_t *end)
{
    const machine_schedule *s = r->schedule;
    uint32_t at = 0;
    while (at < s->part_count && s->parts[at].round < r->round)
        at++;
    *begin = at;
    while (at < s->part_count && s->parts[at].round == r->round)
        at++;
    *end = at;
}

isg_status rounds_bind(rounds *r, uint32_t number, problem *part, isg_error *error)
{
    const machine_part *where = &r->schedule->parts[number];
    return bind_part(&r->problem, &r->rows, where->spins, where->count, r->state, r->local, part, error);
}

void rounds_accept(rounds *r, uint32_t number, const problem *part, const int8_t *held, const int8_t *found)
{
    const machine_part *where = &r->schedule->parts[number];
    if (!(problem_energy(part, found) < problem_energy(part, held)))
        return;
    for (int64_t i = 0; i < where->count; i++)
        r->next[where->spins[i]] = found[i];
    r->changed = true;
}

bool rounds_advance(rounds *r, int32_t passes)
{
    if (r->problem.spins)
        memcpy(r->state, r->next, (size_t)r->problem.spins);
    if (++r->round < r->schedule->round_count)
        return true;
    bool ended = !r->changed || r->schedule->part_count == 1 || r->pass + 1 >= passes;
    r->pass++;
    r->round = 0;
    r->changed = false;
    return !ended;
}

isg_status rounds_deliver(const rounds *r, const int8_t *state, const program_solve *request, isg_error *error)
{
    const isg_abi_hamiltonian *h = request->hamiltonian;
    int8_t *to = (int8_t *)request->context->frame + h->state_offset;
    double *energy = memory_take_zeroed(r->allocator, h->groups + 1, sizeof *energy), sum = 0;
    double *field = memory_take(r->allocator, h->spins, sizeof *field);
    if (energy && field) {
        problem_decode(&r->problem, state, to);
        h->fields(request->context, to, field);
        h->energy(request->context, to, field, energy);
        for (uint64_t g = 0; g <= h->groups; g++)
            sum += energy[g];
        *request->energy = sum;
    }
    isg_status status = energy && field ? ISG_OK : error_no_memory(error);
    memory_release(r->allocator, energy, h->groups + 1, sizeof *energy);
    memory_release(r->allocator, field, h->spins, sizeof *field);
    return status;
}

/* ---- answers ---------------------------------------------------------------------------------- */

isg_status rounds_judge_open(rounds_judge *j, const rounds *r, uint32_t number, const problem *part, isg_error *error)
{
    const isg_allocator *a = part->allocator;
    size_t spins = (size_t)part->spins;
    *j = (rounds_judge){.part = part, .lowest = INFINITY};
    isg_status status = problem_rows_open(&j->rows, part, error);
    if (status)
        return status;
    j->held = memory_take(a, spins, 1);
    j->found = memory_take(a, spins, 1);
    j->tried = memory_take(a, spins, 1);
    j->field = memory_take(a, spins, sizeof *j->field);
    if (!j->held || !j->found || !j->tried || !j->field) {
        rounds_judge_close(j);
        return error_no_memory(error);
    }
    for (size_t i = 0; i < spins; i++)
        j->held[i] = r->state[r->schedule->parts[number].spins[i]];
    return ISG_OK;
}

void rounds_judge_close(rounds_judge *j)
{
    const isg_allocator *a = j->part->allocator;
    size_t spins = (size_t)j->part->spins;
    memory_release(a, j->held, spins, 1);
    memory_release(a, j->found, spins, 1);
    memory_release(a, j->tried, spins, 1);
    memory_release(a, j->field, spins, sizeof *j->field);
    problem_rows_close(&j->rows, j->part);
}

void rounds_judge_answer(rounds_judge *j, const problem *map, const int8_t *state)
{
    size_t spins = (size_t)j->part->spins;
    problem_decode(map, state, j->tried);
    descent(j->part, &j->rows, j->tried, j->field);
    double energy = problem_energy(j->part, j->tried);
    bool better = !j->count || energy < j->lowest || (energy == j->lowest && memcmp(j->tried, j->found, spins) < 0);
    j->count++;
    if (!better)
        return;
    j->lowest = energy;
    memcpy(j->found, j->tried, spins);
}

/* ---- seeds ------------------------------------------------------------------------------------ */

/* Eight hexadecimal digits. */
static uint32_t word_of(const char *digits)
{
    uint32_t word = 0;
    for (int i = 0; i < 8; i++)
        word = word << 4 | (uint32_t)(digits[i] <= '9' ? digits[i] - '0' : digits[i] - 'a' + 10);
    return word;
}

uint64_t rounds_part_seed(uint64_t seed, const char *hash)
{
    uint32_t counter[4] = {word_of(hash), word_of(hash + 8), word_of(hash + 16), word_of(hash + 24)}, out[4];
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    philox4x32(counter, key, out);
    return ((uint64_t)out[1] << 32 | out[0]) >> 11;
}

uint64_t rounds_answer_seed(uint64_t part_seed, int32_t answer)
{
    uint32_t key[2];
    philox_read_key(part_seed, 0, 0, (uint32_t)answer, key);
    return (uint64_t)key[1] << 32 | key[0];
}
