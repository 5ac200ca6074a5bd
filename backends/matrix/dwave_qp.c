/* dwave_qp.c - the packed problems of D-Wave's solver API: {"format": "qp", "lin": BASE64, "quad": BASE64} of little-endian
 * doubles; `lin` over the solver's qubits in order, NaN where one is not used, `quad` over the couplers between used ones.
 *
 * Which couplers these are the file does not say. A sidecar does; alone, a file is read as if every pair of used qubits
 * were one, in order, where the count fits, and refused otherwise. Writing, the qubits are the problem's spins and
 * the couplers its couplings. Spins are -1 and 1, or with "type": "qubo" 0 and 1. */
#include "backends/matrix/format.h"
#include "backends/matrix/json_stream.h"
#include "backends/matrix/sidecar.h"

#include "runtime/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct double_list {
    int64_t count, capacity;
    double *at;
} double_list;

typedef struct qp_arrays {
    double_list linear, quadratic;
} qp_arrays;

static bool push(matrix_stream *s, const isg_allocator *a, double_list *l, const unsigned char bytes[8])
{
    if (l->count == l->capacity) {
        int64_t grown = l->capacity < 64 ? 64 : l->capacity + l->capacity / 2;
        size_t old_bytes = l->at ? memory_bytes((size_t)l->capacity, sizeof *l->at) : 0;
        void *bigger = a->resize(a->context, l->at, old_bytes, memory_bytes((size_t)grown, sizeof *l->at));
        if (!bigger)
            return stream_no_memory(s);
        l->at = bigger;
        l->capacity = grown;
    }
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++)
        bits |= (uint64_t)bytes[i] << 8 * i;
    memcpy(&l->at[l->count++], &bits, sizeof bits);
    return true;
}

/* ---- base64 (RFC 4648) ----------------------------------------------------------------------- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int letter_value(int c)
{
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    return found ? (int)(found - letters) : -1;
}

/* A JSON string of base64 into doubles. */
static bool read_doubles(matrix_stream *s, const isg_allocator *a, const char *what, double_list *l)
{
    unsigned char bytes[8];
    int held = 0, filled = 0, padding = 0, digits = 0;
    uint32_t bits = 0;
    if (json_peek(s) != '"')
        return stream_fail(s, "%s is a string", what);
    stream_advance(s);
    for (int c; (c = stream_peek(s)) != '"'; digits++) {
        if (c == STREAM_END)
            return stream_fail(s, "a string without end");
        int value = letter_value(c);
        if (c == '\\') { /* as some write the slash */
            stream_advance(s);
            value = stream_peek(s) == '/' ? 63 : -1;
        }
        if ((value < 0 && c != '=') || (value >= 0 && padding) || padding == 2)
            return stream_fail_here(s, "not base64");
        stream_advance(s);
        if (c == '=') {
            padding++;
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        bytes[filled++] = (unsigned char)(bits >> held);
        if (filled == 8) {
            filled = 0;
            if (!push(s, a, l, bytes))
                return false;
        }
    }
    stream_advance(s);
    if (digits % 4 || filled)
        return stream_fail(s, "%s is not a whole number of doubles of 8 bytes", what);
    return !s->status;
}

typedef struct base64_writer {
    matrix_output *o;
    uint32_t bits;
    int held;
    int64_t digits;
} base64_writer;

static void put_double(base64_writer *w, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 8; i++) {
        w->bits = w->bits << 8 | (uint32_t)(bits >> 8 * i & 255);
        for (w->held += 8; w->held >= 6; w->digits++) {
            w->held -= 6;
            output_byte(w->o, letters[w->bits >> w->held & 63]);
        }
    }
}

static void end_base64(base64_writer *w)
{
    if (w->held) {
        output_byte(w->o, letters[w->bits << (6 - w->held) & 63]);
        w->digits++;
    }
    for (; w->digits % 4; w->digits++)
        output_byte(w->o, '=');
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_type(matrix_stream *s, matrix_draft *d, char text[JSON_STRING])
{
    if (!json_stream_string(s, "type", text))
        return false;
    d->domain = strcmp(text, "qubo") ? PROBLEM_SPIN : PROBLEM_BINARY;
    return !strcmp(text, "qubo") || !strcmp(text, "ising") || stream_fail(s, "type is \"ising\" or \"qubo\", not '%.40s'", text);
}

static bool read_member(matrix_stream *s, matrix_draft *d, qp_arrays *q, unsigned *seen, char key[JSON_STRING])
{
    if (!strcmp(key, "lin"))
        return json_once(s, seen, 1, key) && read_doubles(s, d->allocator, key, &q->linear);
    if (!strcmp(key, "quad"))
        return json_once(s, seen, 2, key) && read_doubles(s, d->allocator, key, &q->quadratic);
    if (!strcmp(key, "format"))
        return json_once(s, seen, 4, key) && json_stream_string(s, key, key) &&
               (!strcmp(key, "qp") || stream_fail(s, "format is \"qp\", not '%.40s'", key));
    if (!strcmp(key, "type"))
        return json_once(s, seen, 8, key) && read_type(s, d, key);
    if (!strcmp(key, "offset"))
        return json_once(s, seen, 16, key) && json_number(s, key, &d->offset);
    return json_skip(s);
}

/* Used qubits become spins; where some are not used, spins are called by their qubits. */
static bool place_fields(matrix_stream *s, matrix_draft *d, const double_list *l)
{
    int64_t used = 0;
    char text[24];
    for (int64_t i = 0; i < l->count; i++)
        used += !isnan(l->at[i]);
    if (!draft_declare(s, d, used))
        return false;
    int64_t spin = 0;
    for (int64_t i = 0; i < l->count; i++) {
        if (isnan(l->at[i]))
            continue;
        if (isinf(l->at[i]))
            return stream_fail(s, "lin: the field of qubit %" PRId64 " is not finite", i);
        if (used < l->count && !names_add(s, &d->names, text, (size_t)snprintf(text, sizeof text, "%" PRId64, i)))
            return false;
        if (l->at[i] != 0 && !draft_add(s, d, spin, spin, l->at[i]))
            return false;
        spin++;
    }
    return true;
}

static bool place_coupling(matrix_stream *s, matrix_draft *d, int64_t a, int64_t b, int64_t k, double value)
{
    if (!isfinite(value))
        return stream_fail(s, "quad: the coupling of coupler %" PRId64 " is not finite", k);
    if (a == b || a >= d->spins || b >= d->spins)
        return stream_fail(s, "quad: coupler %" PRId64 " of the sidecar joins %" PRId64 " and %" PRId64, k, a, b);
    return draft_add(s, d, a, b, value);
}

static bool place_couplings(matrix_stream *s, matrix_draft *d, const double_list *l)
{
    const matrix_sidecar *c = d->sidecar;
    if (c && c->pairs_key) {
        if (c->pair_count != l->count)
            return stream_fail(s, "quad has %" PRId64 " couplings, the sidecar %" PRId64 " couplers", l->count, c->pair_count);
        for (int64_t k = 0; k < l->count; k++)
            if (!place_coupling(s, d, c->pairs[k].first, c->pairs[k].second, k, l->at[k]))
                return false;
        return true;
    }
    if (l->count && l->count != d->spins * (d->spins - 1) / 2)
        return stream_fail(s,
                           "quad has %" PRId64 " couplings for %" PRId64 " used qubits: which couplers they are only a sidecar "
                           "can say",
                           l->count, d->spins);
    int64_t k = 0;
    for (int64_t a = 0; a < d->spins && l->count; a++)
        for (int64_t b = a + 1; b < d->spins; b++, k++)
            if (!place_coupling(s, d, a, b, k, l->at[k]))
                return false;
    return true;
}

bool dwave_qp_read(matrix_stream *s, matrix_draft *d)
{
    char key[JSON_STRING];
    qp_arrays q = {0};
    unsigned seen = 0;
    bool first = true, good = json_open(s, '{', "a problem");
    while (good && json_key(s, &first, key))
        good = read_member(s, d, &q, &seen, key);
    good = good && json_end(s) && ((seen & 3) == 3 || stream_fail(s, "a problem needs lin and quad")) &&
           place_fields(s, d, &q.linear) && place_couplings(s, d, &q.quadratic);
    memory_release(d->allocator, q.linear.at, (size_t)q.linear.capacity, sizeof(double));
    memory_release(d->allocator, q.quadratic.at, (size_t)q.quadratic.capacity, sizeof(double));
    return good;
}

/* ---- writing --------------------------------------------------------------------------------- */

bool dwave_qp_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    if (p->coupling_count && p->coupling_count != p->spins * (p->spins - 1) / 2) {
        matrix_sidecar *c = sheet->sidecar;
        c->needed = true;
        c->pairs_key = "couplers";
        for (int64_t k = 0; k < p->coupling_count; k++)
            if (!sidecar_add_pair(NULL, c, p->couplings[k].first, p->couplings[k].second))
                return false;
    }
    base64_writer linear = {.o = o}, quadratic = {.o = o};
    output_text(o, "{\"type\":\"ising\",\"format\":\"qp\",\"lin\":\"");
    for (int64_t i = 0; i < p->spins; i++)
        put_double(&linear, p->fields[i]);
    end_base64(&linear);
    output_text(o, "\",\"quad\":\"");
    for (int64_t k = 0; k < p->coupling_count; k++)
        put_double(&quadratic, p->couplings[k].value);
    end_base64(&quadratic);
    output_text(o, "\"");
    if (p->offset != 0) {
        output_text(o, ",\"offset\":");
        output_number(o, p->offset);
    }
    output_text(o, "}\n");
    return !o->status;
}
