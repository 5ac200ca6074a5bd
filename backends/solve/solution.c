/* solution.c - see solution.h. */
#include "backends/solve/solution.h"

#include "runtime/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER_BYTES = 1 << 16, LINE_STATES = 40 };

/* ---- numbers --------------------------------------------------------------------------------- */

/* Sums in 64 bits cannot overflow, and every term is exact. */
static bool is_whole(const problem *p)
{
    double sum = fabs(p->offset);
    bool whole = p->offset == rint(p->offset);
    for (int64_t i = 0; i < p->spins && whole; i++) {
        whole = p->fields[i] == rint(p->fields[i]);
        sum += fabs(p->fields[i]);
    }
    for (int64_t k = 0; k < p->coupling_count && whole; k++) {
        whole = p->couplings[k].value == rint(p->couplings[k].value);
        sum += fabs(p->couplings[k].value);
    }
    return whole && sum < 0x1p62;
}

static void print_whole(int64_t value, char text[SOLUTION_NUMBER_TEXT])
{
    snprintf(text, SOLUTION_NUMBER_TEXT, "%lld", (long long)value);
}

static void print_real(double value, char text[SOLUTION_NUMBER_TEXT])
{
    if (isfinite(value))
        snprintf(text, SOLUTION_NUMBER_TEXT, "%.17g", value);
    else
        snprintf(text, SOLUTION_NUMBER_TEXT, "null");
}

void solution_energy(const problem *p, const int8_t *state, char text[SOLUTION_NUMBER_TEXT])
{
    if (!is_whole(p)) {
        print_real(problem_energy(p, state), text);
        return;
    }
    int64_t sum = (int64_t)p->offset;
    for (int64_t i = 0; i < p->spins; i++)
        sum += (int64_t)p->fields[i] * state[i];
    for (int64_t k = 0; k < p->coupling_count; k++)
        sum += (int64_t)p->couplings[k].value * (state[p->couplings[k].first] * state[p->couplings[k].second]);
    print_whole(sum, text);
}

void solution_cut(const problem *p, const int8_t *state, char text[SOLUTION_NUMBER_TEXT])
{
    bool whole = is_whole(p);
    int64_t exact = 0;
    double sum = 0;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        if (state[c->first] == state[c->second])
            continue;
        sum += c->value;
        exact += whole ? (int64_t)c->value : 0;
    }
    if (whole)
        print_whole(exact, text);
    else
        print_real(sum, text);
}

isg_status solution_hash_file(const isg_io *io, const char *path, char text[SHA256_TEXT], isg_error *error)
{
    file_source source;
    isg_status status = file_source_open(&source, io, path, error);
    if (status)
        return status;
    char bytes[BUFFER_BYTES / 4];
    sha256 hash;
    sha256_open(&hash);
    for (uint64_t at = 0; at < source.length && !status;) {
        uint64_t left = source.length - at;
        size_t count = left < sizeof bytes ? (size_t)left : sizeof bytes;
        status = file_source_read(&source, at, count, bytes, error);
        if (!status)
            sha256_add(&hash, bytes, count);
        at += count;
    }
    file_source_close(&source);
    sha256_close(&hash, text);
    return status;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Text on its way to the file; the first failure stays. */
typedef struct printer {
    file_writer writer;
    isg_status status;
    isg_error *error;
    size_t used;
    char bytes[BUFFER_BYTES];
} printer;

static void flush(printer *p)
{
    if (!p->status)
        p->status = file_writer_write(&p->writer, p->bytes, p->used, p->error);
    p->used = 0;
}

static void put(printer *p, const char *text)
{
    size_t length = strlen(text);
    for (size_t at = 0; at < length;) {
        size_t take = length - at < sizeof p->bytes - p->used ? length - at : sizeof p->bytes - p->used;
        memcpy(p->bytes + p->used, text + at, take);
        p->used += take;
        at += take;
        if (p->used == sizeof p->bytes)
            flush(p);
    }
}

static void put_string(printer *p, const char *text)
{
    char escaped[8] = {0};
    put(p, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        snprintf(escaped, sizeof escaped, c < 0x20 ? "\\u%04x" : c == '"' || c == '\\' ? "\\%c" : "%c", c);
        put(p, escaped);
    }
    put(p, "\"");
}

static void put_problem(printer *p, const solution *s)
{
    char hash[SHA256_TEXT], line[256];
    problem_hash(s->problem, hash);
    put(p, "  \"problem\": {\"sha256\": ");
    put_string(p, hash);
    put(p, ", \"file_sha256\": ");
    if (s->file_hash)
        put_string(p, s->file_hash);
    else
        put(p, "null");
    snprintf(line, sizeof line, ", \"spins\": %lld, \"domain\": \"%s\"},\n", (long long)s->problem->spins,
             s->problem->domain == PROBLEM_SPIN ? "spin" : "binary");
    put(p, line);
}

static void put_settings(printer *p, const solution *s)
{
    char line[160];
    const char *quote = s->seed > INT64_MAX ? "\"" : "";
    put(p, "  \"target\": ");
    put_string(p, s->target);
    snprintf(line, sizeof line, ",\n  \"seed\": %s%llu%s,\n  \"reads\": %d,\n  \"sweeps\": %d,\n  \"complete\": %s,\n", quote,
             (unsigned long long)s->seed, quote, (int)s->reads, (int)s->sweeps, s->complete ? "true" : "false");
    put(p, line);
}

static void put_named(printer *p, const char *name, const char *number)
{
    put(p, "\"");
    put(p, name);
    put(p, "\": ");
    put(p, number);
}

static void put_state(printer *p, const int8_t *state, int64_t spins)
{
    put(p, "[");
    for (int64_t i = 0; i < spins; i++) {
        put(p, i == 0 ? "" : i % LINE_STATES ? "," : ",\n     ");
        put(p, state[i] < 0 ? "-1" : state[i] ? "1" : "0");
    }
    put(p, "]");
}

static void put_solutions(printer *p, const solution *s)
{
    char number[SOLUTION_NUMBER_TEXT];
    put(p, "  \"solutions\": [");
    for (int32_t i = 0; i < s->count; i++) {
        put(p, i ? ",\n    {" : "\n    {");
        solution_energy(s->problem, s->states[i], number);
        put_named(p, "energy", number);
        put(p, ", \"state\":\n    ");
        put_state(p, s->states[i], s->problem->spins);
        put(p, "}");
    }
    put(p, "\n  ]\n}\n");
}

static void put_all(printer *p, const solution *s)
{
    char number[SOLUTION_NUMBER_TEXT];
    snprintf(number, sizeof number, "%d,\n", SOLUTION_VERSION);
    put(p, "{\n  \"format\": \"isinglass-solution\",\n  ");
    put_named(p, "version", number);
    put_problem(p, s);
    put_settings(p, s);
    solution_energy(s->problem, s->states[0], number);
    put(p, "  ");
    put_named(p, "energy", number);
    if (s->max_cut) {
        put(p, ",\n  ");
        solution_cut(s->problem, s->states[0], number);
        put_named(p, "cut", number);
    }
    put(p, ",\n");
    put_solutions(p, s);
}

isg_status solution_write(const solution *s, const isg_io *io, const char *path, isg_error *error)
{
    printer p; /* not cleared: the buffer is large */
    p.status = ISG_OK;
    p.error = error;
    p.used = 0;
    isg_status status = file_writer_open(&p.writer, s->problem->allocator, io, path, error);
    if (status)
        return status;
    put_all(&p, s);
    flush(&p);
    if (!p.status)
        return file_writer_commit(&p.writer, error);
    file_writer_abandon(&p.writer);
    return p.status;
}
