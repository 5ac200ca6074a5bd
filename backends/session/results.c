/* results.c - session_take: result files matched with the matrices that they answer, distrusted, and kept as bits.
 *
 * Our own files name their problem by its hash; others belong to the part that is named with them or that their name begins
 * with. Everything of a call is checked before anything is taken.
 */
#include "backends/session/match.h"

#include "backends/matrix/matrix.h"
#include "backends/matrix/number.h"
#include "backends/matrix/results.h"
#include "backends/solve/solution.h"
#include "backends/solve/solution_read.h"
#include "runtime/error.h"
#include "runtime/file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Answers of one matrix that are kept: those of lowest energy on the machine's grid. */
enum { MOST_ANSWERS = 64 };

typedef struct answer {
    double energy; /* on the grid; 0 where the matrix is gone */
    uint8_t *bits;
} answer;

/* ---- states ------------------------------------------------------------------------------------------------ */

typedef struct reading {
    session *s;
    incoming *file;
    const session_matrix *matrix;
    problem problem; /* the matrix, where it is still there */
    bool has_problem;
    int64_t length; /* of the states as given */
    double scale;   /* of claimed energies: those of the file that was sent */
    answer list[MOST_ANSWERS];
    int64_t count;
    int8_t *values; /* [spins of the matrix] */
    uint8_t *bits;
} reading;

/* The matrix as it was sent, for energies. One that is gone or was changed is done without. */
static isg_status open_problem(reading *r, isg_error *error)
{
    session *s = r->s;
    char hash[SHA256_TEXT];
    isg_error ignored;
    isg_status status = matrix_read_file(s->allocator, s->io, folder_path(s, r->matrix->file), NULL, &r->problem, NULL, &ignored);
    if (status == ISG_NO_MEMORY)
        return error_no_memory(error);
    if (status)
        return ISG_OK;
    problem_hash(&r->problem, hash);
    r->has_problem = !strcmp(hash, r->matrix->hash);
    if (!r->has_problem)
        problem_close(&r->problem);
    return ISG_OK;
}

static int compare_answers(const session_matrix *m, double energy, const uint8_t *bits, const answer *other)
{
    if (energy != other->energy)
        return energy < other->energy ? -1 : 1;
    return memcmp(bits, other->bits, session_state_bytes(m->spins));
}

/* In order of energy, then bits; equal ones once. */
static void keep(reading *r, double energy)
{
    size_t bytes = session_state_bytes(r->matrix->spins);
    int64_t at = r->count;
    while (at > 0) {
        int order = compare_answers(r->matrix, energy, r->bits, &r->list[at - 1]);
        if (order == 0)
            return;
        if (order > 0)
            break;
        at--;
    }
    if (at == MOST_ANSWERS)
        return;
    uint8_t *room = r->count < MOST_ANSWERS ? ARENA_ARRAY(&r->s->arena, uint8_t, bytes) : r->list[MOST_ANSWERS - 1].bits;
    r->count += r->count < MOST_ANSWERS;
    memmove(&r->list[at + 1], &r->list[at], (size_t)(r->count - 1 - at) * sizeof *r->list);
    memcpy(room, r->bits, bytes);
    r->list[at] = (answer){energy, room};
}

/* A state as given, 1 for the highest values: an ancilla that was left out is 1, and to one that was not it is relative. The
 * energy on the grid in *energy. */
static void take_state(reading *r, const int8_t *given, double *energy)
{
    const session_matrix *m = r->matrix;
    bool whole = r->length == m->spins;
    bool turned = whole && m->ancilla >= 0 && given[m->ancilla] != 1;
    int64_t from = 0;
    memset(r->bits, 0, session_state_bytes(m->spins));
    for (int64_t i = 0; i < m->spins; i++) {
        bool high = !whole && i == m->ancilla ? true : (given[from++] == 1) != turned;
        r->values[i] = high ? 1 : -1;
        if (high)
            session_state_set(r->bits, i);
    }
    *energy = r->has_problem ? problem_energy(&r->problem, r->values) : 0;
    keep(r, *energy);
}

static void deliver(reading *r)
{
    size_t bytes = session_state_bytes(r->matrix->spins);
    uint8_t *all = ARENA_ARRAY(&r->s->arena, uint8_t, (size_t)r->count * bytes);
    for (int64_t k = 0; k < r->count; k++)
        memcpy(all + (size_t)k * bytes, r->list[k].bits, bytes);
    r->file->answers = all;
    r->file->answer_count = r->count;
}

/* Whether states of that length are possible: all spins, or, where the file itself leaves the ancilla out, all others. */
static bool length_fits(const reading *r, int64_t length)
{
    const session_matrix *m = r->matrix;
    return length == m->spins || (m->ancilla >= 0 && !strcmp(r->s->format, "kaiwu-csv") && length == m->spins - 1);
}

static isg_status begin_states(reading *r, int64_t length, isg_error *error)
{
    r->length = length;
    r->values = ARENA_ARRAY(&r->s->arena, int8_t, (size_t)r->matrix->spins);
    r->bits = ARENA_ARRAY(&r->s->arena, uint8_t, session_state_bytes(r->matrix->spins));
    return open_problem(r, error);
}

/* ---- our own files ------------------------------------------------------------------------------------------- */

/* What the writer of such a file makes of a state's energy: exact where all numbers are whole (solution.h). */
static double stated_energy(const reading *r)
{
    char text[SOLUTION_NUMBER_TEXT];
    double value;
    solution_energy(&r->problem, r->values, text);
    return number_read(text, strlen(text), &value) == NUMBER_GOOD ? value : NAN;
}

static isg_status wrong_energy(const reading *r, int64_t k, double claimed, double energy, isg_error *error)
{
    return error_fail(error, ISG_INVALID,
                      "%.250s: solution %" PRId64 " claims the energy %.17g, but its state has %.17g: the file is damaged",
                      r->file->path, k + 1, claimed, energy);
}

static isg_status take_solution_states(reading *r, const solution_file *f, isg_error *error)
{
    bool same_problem = !strcmp(f->problem_hash, r->matrix->hash);
    double energy;
    if (same_problem && (f->domain != PROBLEM_SPIN || f->spins != r->matrix->spins))
        return error_fail(error, ISG_INVALID,
                          "%.250s: %" PRId64 " spins, but the problem that it names has %" PRId64 " of {-1, 1}", r->file->path,
                          f->spins, r->matrix->spins);
    if (!length_fits(r, f->spins))
        return error_fail(error, ISG_INVALID, "%.250s: states of %" PRId64 " spins for %.200s, which has %" PRId64, r->file->path,
                          f->spins, r->matrix->file, r->matrix->spins);
    isg_status status = begin_states(r, f->spins, error);
    for (int64_t k = 0; k < f->count && !status; k++) {
        take_state(r, f->states + k * f->spins, &energy);
        if (same_problem && r->has_problem && !(f->energies[k] == stated_energy(r)))
            status = wrong_energy(r, k, f->energies[k], energy, error);
    }
    return status;
}

static isg_status take_solution(reading *r, const solution_file *f, isg_error *error)
{
    session_matrix *m = NULL;
    isg_status status = match_problem(r->s, r->file, f->problem_hash, f->file_hash, &m, error);
    if (!status)
        status = match_news(r->s, r->file, m, error);
    if (status || r->file->known)
        return status;
    r->matrix = m;
    status = take_solution_states(r, f, error);
    if (!status)
        deliver(r);
    return status;
}

/* ---- others' files --------------------------------------------------------------------------------------------- */

static const double claim_tolerance = 1e-6;

/* A document comes back with its matrix where that went out as one: then it says itself what it answers. */
static bool states_problem(const session *s, const matrix_results *f)
{
    return f->document && !strcmp(s->format, "bqpjson");
}

static isg_status match_document(reading *r, session_matrix **out, isg_error *error)
{
    session *s = r->s;
    char hash[SHA256_TEXT];
    problem p;
    isg_status status = matrix_read_file(s->allocator, s->io, r->file->path, "bqpjson", &p, NULL, error);
    if (status)
        return status;
    problem_hash(&p, hash);
    problem_close(&p);
    return match_problem(s, r->file, hash, "", out, error);
}

/* Of a matrix in kaiwu-csv, which leaves the constant out. */
static double qubo_value(const reading *r, double energy)
{
    int8_t *ones = ARENA_ARRAY(&r->s->arena, int8_t, (size_t)r->matrix->spins);
    for (int64_t i = 0; i < r->matrix->spins; i++)
        ones[i] = i == r->matrix->ancilla ? 1 : -1;
    return 2 * (energy - problem_energy(&r->problem, ones));
}

/* Whether the claim of state k is wrong: of whole numbers exactly, of others beyond what float32 rounds. */
static bool wrong_claim(const reading *r, const matrix_results *f, int64_t k, double energy)
{
    if (!f->claims || isnan(f->claims[k]) || !r->has_problem)
        return false;
    if (f->document)
        return states_problem(r->s, f) && !(fabs(f->claims[k] - energy) <= claim_tolerance * fmax(1, fabs(energy)));
    return !strcmp(r->s->format, "kaiwu-csv") && f->claims[k] != qubo_value(r, energy);
}

static isg_status take_foreign_states(reading *r, const matrix_results *f, session_taking *taking, isg_error *error)
{
    double energy;
    isg_status status = begin_states(r, f->length, error);
    bool wrong = false;
    for (int64_t k = 0; k < f->count && !status; k++) {
        take_state(r, f->states + k * f->length, &energy);
        if (wrong_claim(r, f, k, energy)) {
            taking->wrong_energies++;
            wrong = true;
        }
    }
    if (wrong && !taking->wrong_in)
        taking->wrong_in = r->file->path;
    return status;
}

static isg_status check_length(reading *r, int64_t length, isg_error *error)
{
    matrix_results again;
    if (length_fits(r, length))
        return ISG_OK;
    /* read once more, for the place; a state that is too short lacks spins of the file, which may leave the ancilla out */
    bool without = r->matrix->spins > 0 && length_fits(r, r->matrix->spins - 1) && length < r->matrix->spins;
    isg_status status =
        matrix_read_results(r->s->allocator, r->s->io, r->file->path, NULL, r->matrix->spins - without, &again, error);
    if (!status)
        matrix_results_close(&again);
    return status ? status : error_fail(error, ISG_INVALID, "%.250s: the file has changed while it was read", r->file->path);
}

static isg_status take_foreign(reading *r, const matrix_results *f, session_taking *taking, isg_error *error)
{
    session_matrix *m = NULL;
    isg_status status = states_problem(r->s, f)
                            ? match_document(r, &m, error)
                            : match_part(r->s, r->file, r->file->named ? r->file->named : r->file->path, &m, error);
    if (!status)
        status = match_news(r->s, r->file, m, error);
    if (status || r->file->known)
        return status;
    r->matrix = m;
    status = check_length(r, f->length, error);
    if (!status)
        status = take_foreign_states(r, f, taking, error);
    if (!status)
        deliver(r);
    return status;
}

/* ---- one file ---------------------------------------------------------------------------------------------------- */

/* Whether it is a machine's; if not, it is one of ours, or none. */
static isg_status is_foreign(session *s, const char *path, bool *out, isg_error *error)
{
    file_source source;
    char bytes[1 << 14];
    isg_status status = file_source_open(&source, s->io, path, error);
    if (status)
        return status;
    size_t count = source.length < sizeof bytes ? (size_t)source.length : sizeof bytes;
    status = file_source_read(&source, 0, count, bytes, error);
    file_source_close(&source);
    *out = !status && matrix_results_begin(bytes, count);
    return status;
}

static isg_status read_solution(reading *r, isg_error *error)
{
    session *s = r->s;
    solution_file *f = ARENA_NEW(&s->arena, solution_file);
    jmp_buf no_memory;
    jmp_buf *before = s->arena.on_no_memory;
    isg_status status = solution_read_file(s->allocator, s->io, r->file->path, f, error);
    if (status)
        return status;
    s->arena.on_no_memory = &no_memory;
    status = setjmp(no_memory) ? error_no_memory(error) : take_solution(r, f, error);
    s->arena.on_no_memory = before;
    solution_file_close(f);
    return status;
}

static isg_status read_foreign(reading *r, session_taking *taking, isg_error *error)
{
    session *s = r->s;
    matrix_results *f = ARENA_NEW(&s->arena, matrix_results);
    jmp_buf no_memory;
    jmp_buf *before = s->arena.on_no_memory;
    isg_status status = matrix_read_results(s->allocator, s->io, r->file->path, NULL, -1, f, error);
    if (status)
        return status;
    s->arena.on_no_memory = &no_memory;
    status = setjmp(no_memory) ? error_no_memory(error) : take_foreign(r, f, taking, error);
    s->arena.on_no_memory = before;
    matrix_results_close(f);
    return status;
}

static isg_status read_one(session *s, incoming *f, session_taking *taking, isg_error *error)
{
    bool foreign;
    reading *r = ARENA_NEW(&s->arena, reading);
    r->s = s;
    r->file = f;
    isg_status status = is_foreign(s, f->path, &foreign, error);
    if (!status)
        status = solution_hash_file(s->io, f->path, f->hash, error);
    if (!status)
        status = foreign ? read_foreign(r, taking, error) : read_solution(r, error);
    if (r->has_problem)
        problem_close(&r->problem);
    return status;
}

/* ---- all of them ----------------------------------------------------------------------------------------------------- */

/* PART=FILE or FILE; a path may have a '=' of its own where what stands before it names no part. */
static void split(session *s, const char *argument, incoming *f)
{
    argument = arena_copy(&s->arena, argument, strlen(argument)); /* what is told of it may outlive the caller's */
    const char *equals = strchr(argument, '=');
    part_name ignored;
    *f = (incoming){.path = argument};
    if (!equals || equals == argument)
        return;
    char *before = arena_copy(&s->arena, argument, (size_t)(equals - argument));
    isg_error unused;
    file_source source;
    if (!match_name(before, &ignored) && !file_source_open(&source, s->io, argument, &unused)) {
        file_source_close(&source);
        return;
    }
    f->named = before;
    f->path = equals + 1;
}

static isg_status check_repeated(const session *s, const incoming *files, size_t count, isg_error *error)
{
    const char **first = ARENA_ARRAY((arena *)&s->arena, const char *, s->matrices.count);
    for (size_t i = 0; i < count; i++) {
        if (files[i].known)
            continue;
        if (first[files[i].matrix])
            return error_fail(error, ISG_INVALID, "%.250s: %.200s is answered twice, also by %.250s", files[i].path,
                              s->matrices.at[files[i].matrix].file, first[files[i].matrix]);
        first[files[i].matrix] = files[i].path;
    }
    return ISG_OK;
}

static void take_all(session *s, const incoming *files, size_t count, session_taking *taking)
{
    for (size_t i = 0; i < count; i++) {
        session_matrix *m = &s->matrices.at[files[i].matrix];
        taking->known += files[i].known;
        if (files[i].doubtful && !taking->doubtful) {
            taking->doubtful = files[i].path;
            taking->doubtful_for = files[i].doubtful->file;
        }
        if (files[i].known)
            continue;
        memcpy(m->answered, files[i].hash, sizeof m->answered);
        m->answers = files[i].answers;
        m->answer_count = files[i].answer_count;
        taking->matrices++;
        taking->answers += files[i].answer_count;
    }
}

isg_status session_take(session *s, const char *const *arguments, size_t count, session_taking *taking, isg_error *error)
{
    SESSION_GUARD(s, error);
    *taking = (session_taking){0};
    incoming *files = ARENA_ARRAY(&s->arena, incoming, count);
    isg_status status = ISG_OK;
    for (size_t i = 0; i < count && !status; i++) {
        split(s, arguments[i], &files[i]);
        status = read_one(s, &files[i], taking, error);
    }
    if (!status)
        status = check_repeated(s, files, count, error);
    if (!status)
        take_all(s, files, count, taking);
    return status;
}
