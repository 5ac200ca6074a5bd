/* solution_read.c - see solution_read.h. */
#include "backends/solve/solution_read.h"

#include "backends/matrix/json_stream.h"
#include "backends/solve/solution.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <math.h>

/* ---- memory ----------------------------------------------------------------------------------- */

static bool grow(matrix_stream *s, const isg_allocator *a, void **at, int64_t *capacity, int64_t needed, size_t size)
{
    if (needed <= *capacity)
        return true;
    int64_t grown = *capacity < 128 ? 256 : *capacity + *capacity / 2;
    grown = grown < needed ? needed : grown;
    void *bigger = a->resize(a->context, *at, *at ? (size_t)*capacity * size : 0, (size_t)grown * size);
    if (!bigger)
        return stream_no_memory(s);
    *at = bigger;
    *capacity = grown;
    return true;
}

void solution_file_close(solution_file *f)
{
    if (!f->allocator)
        return;
    if (f->states)
        f->allocator->resize(f->allocator->context, f->states, (size_t)f->capacity, 0);
    if (f->energies)
        f->allocator->resize(f->allocator->context, f->energies, (size_t)f->energy_capacity * sizeof *f->energies, 0);
    *f = (solution_file){0};
}

/* ---- words ------------------------------------------------------------------------------------ */

static bool read_exactly(matrix_stream *s, const char *what, const char *wanted)
{
    char text[JSON_STRING];
    return json_stream_string(s, what, text) &&
           (!strcmp(text, wanted) || stream_fail(s, "%s is \"%.40s\", not \"%s\"", what, text, wanted));
}

static bool read_hash(matrix_stream *s, const char *what, char out[SHA256_TEXT])
{
    char text[JSON_STRING];
    if (!json_stream_string(s, what, text))
        return false;
    if (strlen(text) != SHA256_TEXT - 1 || strspn(text, "0123456789abcdef") != SHA256_TEXT - 1)
        return stream_fail(s, "%s is %d hexadecimal digits", what, SHA256_TEXT - 1);
    memcpy(out, text, SHA256_TEXT);
    return true;
}

static bool read_null(matrix_stream *s)
{
    char text[JSON_STRING];
    return json_stream_copy(s, "null", text) && (!strcmp(text, "null") || stream_fail(s, "null or a value"));
}

static bool read_domain(matrix_stream *s, solution_file *f)
{
    char text[JSON_STRING];
    if (!json_stream_string(s, "domain", text))
        return false;
    f->domain = !strcmp(text, "spin") ? PROBLEM_SPIN : PROBLEM_BINARY;
    return f->domain == PROBLEM_SPIN || !strcmp(text, "binary") || stream_fail(s, "domain is \"binary\" or \"spin\"");
}

/* ---- the problem ------------------------------------------------------------------------------ */

static bool read_problem(matrix_stream *s, solution_file *f)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    bool first = true, good = true;
    if (!json_open(s, '{', "problem"))
        return false;
    stream_place place = s->token;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "sha256"))
            good = json_once(s, &seen, 1, key) && read_hash(s, "sha256", f->problem_hash);
        else if (!strcmp(key, "file_sha256"))
            good =
                json_once(s, &seen, 2, key) && (json_peek(s) == 'n' ? read_null(s) : read_hash(s, "file_sha256", f->file_hash));
        else if (!strcmp(key, "spins"))
            good = json_once(s, &seen, 4, key) && json_whole(s, "spins", 0, INT32_MAX, &f->spins);
        else if (!strcmp(key, "domain"))
            good = json_once(s, &seen, 8, key) && read_domain(s, f);
        else
            good = json_skip(s);
    }
    if (s->status)
        return false;
    s->token = place;
    return seen == 15 || stream_fail(s, "the problem needs sha256, file_sha256, spins and domain");
}

/* ---- solutions -------------------------------------------------------------------------------- */

static bool read_state(matrix_stream *s, solution_file *f)
{
    bool first = true;
    int64_t value, length = 0, lowest = f->domain == PROBLEM_SPIN ? -1 : 0;
    if (!json_open(s, '[', "state"))
        return false;
    stream_place place = s->token;
    for (; json_more(s, '[', &first); length++) {
        if (!json_whole(s, "a spin", lowest, 1, &value))
            return false;
        if (value == 0 && lowest)
            return stream_fail(s, "0 is no value of a spin of {-1, 1}");
        if (length == f->spins)
            return stream_fail(s, "more than the %" PRId64 " spins of the problem", f->spins);
        int64_t at = f->count * f->spins + length;
        if (!grow(s, f->allocator, (void **)&f->states, &f->capacity, at + 1, 1))
            return false;
        f->states[at] = (int8_t)value;
    }
    if (s->status)
        return false;
    s->token = place;
    return length == f->spins || stream_fail(s, "%" PRId64 " spins, not %" PRId64, length, f->spins);
}

static bool read_energy(matrix_stream *s, double *energy)
{
    *energy = NAN;
    return json_peek(s) == 'n' ? read_null(s) : json_number(s, "energy", energy);
}

static bool read_solution(matrix_stream *s, solution_file *f)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    double energy = NAN;
    bool first = true, good = true;
    if (!json_open(s, '{', "a solution"))
        return false;
    stream_place place = s->token;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "state"))
            good = json_once(s, &seen, 1, key) && read_state(s, f);
        else if (!strcmp(key, "energy"))
            good = json_once(s, &seen, 2, key) && read_energy(s, &energy);
        else
            good = json_skip(s);
    }
    if (s->status)
        return false;
    s->token = place;
    if (seen != 3)
        return stream_fail(s, "a solution needs energy and state");
    if (!grow(s, f->allocator, (void **)&f->energies, &f->energy_capacity, f->count + 1, sizeof *f->energies))
        return false;
    f->energies[f->count++] = energy;
    return true;
}

static bool read_solutions(matrix_stream *s, solution_file *f, unsigned seen)
{
    bool first = true;
    if (!(seen & 4))
        return stream_fail(s, "\"problem\" comes before \"solutions\"");
    if (!json_open(s, '[', "solutions"))
        return false;
    while (json_more(s, '[', &first))
        if (!read_solution(s, f))
            return false;
    return !s->status && (f->count || stream_fail(s, "no solution in the file"));
}

/* ---- the file --------------------------------------------------------------------------------- */

static bool read_complete(matrix_stream *s, solution_file *f)
{
    char text[JSON_STRING];
    if (!json_stream_copy(s, "complete", text))
        return false;
    f->complete = !strcmp(text, "true");
    return f->complete || !strcmp(text, "false") || stream_fail(s, "complete is true or false");
}

static bool read_all(matrix_stream *s, solution_file *f)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    int64_t version;
    double claimed = NAN;
    bool first = true, good = true;
    f->complete = true;
    if (!json_open(s, '{', "a solution file"))
        return false;
    while (good && json_key(s, &first, key)) {
        if (!strcmp(key, "format"))
            good = json_once(s, &seen, 1, key) && read_exactly(s, "format", "isinglass-solution");
        else if (!strcmp(key, "version"))
            good = json_once(s, &seen, 2, key) && json_whole(s, "version", SOLUTION_VERSION, SOLUTION_VERSION, &version);
        else if (!strcmp(key, "problem"))
            good = json_once(s, &seen, 4, key) && read_problem(s, f);
        else if (!strcmp(key, "solutions"))
            good = json_once(s, &seen, 8, key) && read_solutions(s, f, seen);
        else if (!strcmp(key, "complete"))
            good = json_once(s, &seen, 16, key) && read_complete(s, f);
        else if (!strcmp(key, "energy"))
            good = json_once(s, &seen, 32, key) && read_energy(s, &claimed);
        else
            good = json_skip(s);
    }
    if (s->status || !json_end(s))
        return false;
    if ((seen & 15) != 15)
        return stream_fail(s, "a solution file needs format, version, problem and solutions");
    bool same = !(seen & 32) || claimed == f->energies[0] || (isnan(claimed) && isnan(f->energies[0]));
    return same || stream_fail(s, "the energy claimed for the first solution is stated twice, differently");
}

static isg_status read_source(const isg_allocator *allocator, file_source source, solution_file *out, isg_error *error)
{
    matrix_stream s;
    *out = (solution_file){.allocator = allocator};
    isg_status status = stream_open(&s, allocator, source, error);
    if (status)
        return status;
    if (!read_all(&s, out) && !s.status)
        s.status = error_fail(error, ISG_INTERNAL, "%.250s: the reader failed without a reason", source.name);
    status = s.status;
    stream_close(&s);
    if (status)
        solution_file_close(out);
    return status;
}

isg_status solution_read_bytes(const isg_allocator *allocator, const char *path, const void *bytes, size_t count,
                               solution_file *out, isg_error *error)
{
    return read_source(allocator ? allocator : isg_default_allocator(), file_source_memory(path, bytes, count), out, error);
}

isg_status solution_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, solution_file *out,
                              isg_error *error)
{
    file_source source;
    isg_status status = file_source_open(&source, io, path, error);
    if (status)
        return status;
    status = read_source(allocator ? allocator : isg_default_allocator(), source, out, error);
    file_source_close(&source);
    return status;
}
