/* advance.c - session_advance: every sample through the program up to the Hamiltonian that it is at, the round's answers judged
 * there, and on until a part needs a machine.
 *
 * The program runs as in `isg run`, a few samples at a time, with a solver of our own: Hamiltonians that are solved get their
 * states back, the one at work goes on, and there the sample stops if something has to be sent. What is sent is
 * gathered by the threads and entered, sample after sample, by the caller's.
 */
#include "backends/session/departures.h"

#include "backends/machine/rounds.h"
#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/program.h"

#include <inttypes.h>

/* One Hamiltonian of one sample. */
typedef struct moving {
    advancing *a;
    session_sample *sample;
    const program_solve *request;
    departure *out;
    rounds rounds;
} moving;

/* ---- answers to a part ------------------------------------------------------------------------------ */

/* Each answer of the matrix, or, where presolve settled the part, the one that there is. */
static isg_status judge_all(rounds_judge *judge, const problem *map, const session_matrix *matrix, isg_error *error)
{
    const isg_allocator *a = judge->part->allocator;
    size_t spins = (size_t)map->spins;
    int8_t *state = memory_take_zeroed(a, spins, 1), lowest = map->domain == PROBLEM_BINARY ? 0 : -1;
    if (!state)
        return error_no_memory(error);
    for (int64_t k = 0; k < (matrix ? matrix->answer_count : 1); k++) {
        const uint8_t *bits = matrix ? matrix->answers + (size_t)k * session_state_bytes(matrix->spins) : NULL;
        for (size_t i = 0; i < spins; i++)
            state[i] = session_state_get(bits, (int64_t)i) ? 1 : lowest;
        rounds_judge_answer(judge, map, state);
    }
    memory_release(a, state, spins, 1);
    return ISG_OK;
}

static isg_status judge_part(moving *m, uint32_t number, const problem *part, const problem *map, const session_matrix *matrix,
                             isg_error *error)
{
    rounds_judge judge;
    isg_status status = rounds_judge_open(&judge, &m->rounds, number, part, error);
    if (status)
        return status;
    status = judge_all(&judge, map, matrix, error);
    if (!status && judge.count)
        rounds_accept(&m->rounds, number, part, judge.held, judge.found);
    rounds_judge_close(&judge);
    return status;
}

/* ---- the round that was answered ---------------------------------------------------------------------- */

/* The part is the program's own: what a manifest from elsewhere says must agree with it. */
static isg_status check_part(const moving *m, const session_part *p, isg_error *error)
{
    const machine_part *where = &m->rounds.schedule->parts[p->number];
    bool same = p->pass == m->sample->pass && where->round == m->sample->round && where->count == p->count;
    for (int64_t i = 0; same && i < p->count; i++)
        same = where->spins[i] == p->spins[i];
    if (same)
        return ISG_OK;
    return error_fail(error, ISG_INVALID, "%.200s/session.json: part %" PRIu32 " of sample %" PRId64 " is not the program's",
                      m->a->s->folder, p->number, p->sample);
}

static isg_status take_part(moving *m, const session_part *p, isg_error *error)
{
    session *s = m->a->s;
    const session_matrix *matrix = p->matrix < 0 ? NULL : &s->matrices.at[p->matrix];
    problem part;
    isg_status status = check_part(m, p, error);
    if (!status)
        status = rounds_bind(&m->rounds, p->number, &part, error);
    if (status)
        return status;
    size_t count = (size_t)p->count;
    problem map = {.domain = PROBLEM_SPIN, .ancilla = -1, .origin_count = p->count};
    map.spins = matrix ? matrix->spins : 0;
    map.ancilla = matrix ? matrix->ancilla : -1;
    map.origins = memory_take(part.allocator, count, sizeof *map.origins);
    status = map.origins ? ISG_OK : error_no_memory(error);
    for (size_t i = 0; i < count && !status; i++) {
        map.origins[i] = p->origins[i];
        map.origins[i].lowest = part.domain == PROBLEM_BINARY ? 0 : -1;
    }
    if (!status)
        status = judge_part(m, p->number, &part, &map, matrix, error);
    memory_release(part.allocator, map.origins, count, sizeof *map.origins);
    problem_close(&part);
    return status;
}

/* The sample's parts stand together, in order of their numbers. */
static const session_part *parts_of(const advancing *a, int64_t sample, uint32_t *count)
{
    uint32_t low = 0, high = a->part_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (a->parts[middle].sample < sample)
            low = middle + 1;
        else
            high = middle;
    }
    for (*count = 0; low + *count < a->part_count && a->parts[low + *count].sample == sample;)
        ++*count;
    return a->parts + low;
}

static isg_status take_round(moving *m, isg_error *error)
{
    uint32_t begin, end, count;
    const session_part *parts = parts_of(m->a, m->request->sample, &count);
    rounds_parts(&m->rounds, &begin, &end);
    if (count != end - begin)
        return error_fail(error, ISG_INVALID,
                          "%.200s/session.json: sample %" PRId64 " has %" PRIu32 " parts in this round, not %" PRIu32,
                          m->a->s->folder, m->request->sample, count, end - begin);
    isg_status status = ISG_OK;
    for (uint32_t i = 0; i < count && !status; i++)
        status = take_part(m, &parts[i], error);
    return status;
}

/* ---- the next round ------------------------------------------------------------------------------------ */

static isg_status prepare_round(moving *m, isg_error *error)
{
    uint32_t begin, end;
    const isg_allocator *a = m->a->s->allocator;
    prepare_settings settings = {.target = m->a->run->target};
    rounds_parts(&m->rounds, &begin, &end);
    m->out->parts = memory_take(a, end - begin, sizeof *m->out->parts);
    if (!m->out->parts)
        return error_no_memory(error);
    m->out->capacity = end - begin;
    isg_status status = ISG_OK;
    for (uint32_t i = begin; i < end && !status; i++) {
        problem part;
        outgoing *o = &m->out->parts[m->out->count];
        status = rounds_bind(&m->rounds, i, &part, error);
        if (status)
            break;
        *o = (outgoing){.number = i, .spins = part.spins};
        status = prepare_part(&part, &settings, &o->ready, error);
        if (!status) {
            problem_hash(&o->ready.machine, o->hash);
            m->out->count++;
        }
        problem_close(&part);
    }
    return status;
}

static const session_matrix *answered(const session *s, const outgoing *o)
{
    const session_matrix *matrix = session_find_matrix(s, o->hash);
    return matrix && *matrix->answered ? matrix : NULL;
}

/* Whether some part has to be sent: presolve has not settled it, and no earlier round's answers are there. */
static bool must_wait(const moving *m)
{
    for (uint32_t i = 0; i < m->out->count; i++)
        if (m->out->parts[i].ready.machine.spins && !answered(m->a->s, &m->out->parts[i]))
            return true;
    return false;
}

static isg_status judge_here(moving *m, isg_error *error)
{
    isg_status status = ISG_OK;
    for (uint32_t i = 0; i < m->out->count && !status; i++) {
        const outgoing *o = &m->out->parts[i];
        const session_matrix *matrix = o->ready.machine.spins ? answered(m->a->s, o) : NULL;
        problem part;
        status = rounds_bind(&m->rounds, o->number, &part, error);
        if (status)
            break;
        status = judge_part(m, o->number, &part, &o->ready.machine, matrix, error);
        problem_close(&part);
    }
    m->out->rounds_without_files++;
    departure_drop(m->a->s->allocator, m->out);
    return status;
}

/* ---- one Hamiltonian of one sample ----------------------------------------------------------------------- */

static uint8_t *high_of(const moving *m)
{
    return m->sample->high + m->a->s->hamiltonians.at[m->request->number].first;
}

static void keep_state(moving *m)
{
    uint8_t *high = high_of(m);
    for (int64_t i = 0; i < m->rounds.problem.spins; i++)
        high[i] = m->rounds.state[i] == 1;
    m->sample->started = true;
    m->sample->pass = m->rounds.pass;
    m->sample->round = m->rounds.round;
    m->sample->changed = m->rounds.changed;
}

static isg_status deliver(moving *m, isg_error *error)
{
    isg_status status = rounds_deliver(&m->rounds, m->rounds.state, m->request, error);
    if (!status)
        m->sample->energies[m->request->number] = *m->request->energy;
    return status;
}

/* Solved before: its state goes where the annealer would have left it. */
static isg_status hand_back(moving *m, isg_error *error)
{
    rounds_resume(&m->rounds, high_of(m), 0, 0, false);
    return deliver(m, error);
}

static isg_status finish(moving *m, isg_error *error)
{
    keep_state(m);
    m->sample->hamiltonian++;
    m->sample->started = m->sample->changed = false;
    m->sample->pass = 0;
    m->sample->round = 0;
    return deliver(m, error);
}

static isg_status go_on(moving *m, isg_error *error)
{
    session *s = m->a->s;
    bool more = true;
    isg_status status;
    if (m->sample->started) {
        rounds_resume(&m->rounds, high_of(m), m->sample->pass, m->sample->round, m->sample->changed);
        status = take_round(m, error);
        more = !status && rounds_advance(&m->rounds, s->passes);
    } else {
        status = rounds_start(&m->rounds, s->seed, m->request, error);
    }
    while (!status && more && !program_solve_cancelled(m->request)) {
        status = prepare_round(m, error);
        if (status || must_wait(m))
            break;
        status = judge_here(m, error);
        more = rounds_advance(&m->rounds, s->passes);
    }
    if (status)
        return status;
    if (!more)
        return finish(m, error);
    keep_state(m);
    *m->request->stop = true;
    return ISG_OK;
}

/* A program_solver (runtime/program.h). */
static isg_status session_solve(void *context, const program_solve *request, isg_error *error)
{
    advancing *a = context;
    session *s = a->s;
    int64_t place = request->sample - s->first_sample;
    moving m = {.a = a, .sample = &s->samples[place], .request = request, .out = &a->departures[place - a->chunk_first]};
    isg_status status = rounds_open(&m.rounds, &a->schedules[request->number], request, s->allocator, error);
    if (!status)
        status = request->number < m.sample->hamiltonian ? hand_back(&m, error) : go_on(&m, error);
    rounds_close(&m.rounds);
    return status;
}

/* ---- chunks ---------------------------------------------------------------------------------------------- */

static void slice(session *s, const isg_named_tensor *from, size_t count, int64_t first, int64_t samples, isg_named_tensor **out)
{
    *out = ARENA_ARRAY(&s->arena, isg_named_tensor, count);
    for (size_t i = 0; i < count; i++) {
        (*out)[i] = from[i];
        (*out)[i].tensor.data = (char *)from[i].tensor.data + first * from[i].tensor.strides[0];
        (*out)[i].tensor.shape[0] = samples;
    }
}

static isg_status run_chunk(advancing *a, int64_t first, int64_t count, isg_error *error)
{
    session *s = a->s;
    const session_run *run = a->run;
    isg_named_tensor *inputs, *outputs;
    slice(s, run->inputs, run->input_count, first, count, &inputs);
    slice(s, run->outputs, run->output_count, first, count, &outputs);
    const isg_run_options options = {.threads = run->threads, .seed = s->seed, .first_sample = s->first_sample + first};
    a->chunk_first = first;
    isg_status status = isg_run(run->program, inputs, run->input_count, outputs, run->output_count, &options, NULL, error);
    if (!status)
        status = departures_enter(a, first, count, error);
    for (int i = 0; i < CHUNK; i++) {
        departure_drop(s->allocator, &a->departures[i]);
        a->departures[i].rounds_without_files = 0;
    }
    return status;
}

static isg_status run_chunks(advancing *a, isg_error *error)
{
    session *s = a->s;
    isg_status status = ISG_OK;
    for (int64_t first = 0; first < s->sample_count && !status; first += CHUNK) {
        int64_t left = s->sample_count - first, count = left < CHUNK ? left : CHUNK;
        status = run_chunk(a, first, count, error);
        if (!status && a->run->progress)
            a->run->progress(a->run->progress_context, first + count, s->sample_count);
    }
    return status ? status : departures_check(a, error);
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

static isg_status check_program(const session *s, const session_run *run, isg_error *error)
{
    bool same = run->hamiltonian_count == s->hamiltonians.count;
    for (uint32_t i = 0; same && i < s->hamiltonians.count; i++)
        same = run->schedules[i].spins == s->hamiltonians.at[i].spins &&
               run->schedules[i].part_count == s->hamiltonians.at[i].parts &&
               run->schedules[i].round_count == s->hamiltonians.at[i].rounds;
    for (size_t i = 0; same && i < run->input_count; i++)
        same = run->inputs[i].tensor.rank > 0 && run->inputs[i].tensor.shape[0] == s->sample_count;
    return same ? ISG_OK
                : error_fail(error, ISG_INVALID,
                             "%s/session.json: its Hamiltonians or samples are not those of the program beside it", s->folder);
}

/* What the threads left is released when memory runs out. */
static isg_status run_guarded(advancing *a, isg_error *error)
{
    jmp_buf no_memory;
    arena *memory = &a->s->arena;
    jmp_buf *before = memory->on_no_memory;
    isg_status status;
    memory->on_no_memory = &no_memory;
    if (setjmp(no_memory)) {
        for (int i = 0; i < CHUNK; i++)
            departure_drop(a->s->allocator, &a->departures[i]);
        status = error_no_memory(error);
    } else {
        status = run_chunks(a, error);
    }
    memory->on_no_memory = before;
    return status;
}

/* Rounds are counted from the first that is written. */
static void turn_over(session *s, advancing *a)
{
    a->parts = s->parts.at;
    a->part_count = s->parts.count;
    s->round += s->generation > 0;
    s->rounds_without_files = 0;
    s->parts.at = NULL;
    s->parts.count = s->parts.capacity = 0;
}

isg_status session_advance(session *s, const session_run *run, isg_error *error)
{
    SESSION_GUARD(s, error);
    isg_status status = check_program(s, run, error);
    if (status)
        return status;
    advancing *a = ARENA_NEW(&s->arena, advancing);
    a->s = s;
    a->run = run;
    a->schedules = run->schedules;
    turn_over(s, a);
    program_set_solver(run->program, session_solve, a);
    status = run_guarded(a, error);
    program_set_solver(run->program, NULL, NULL);
    return status;
}
