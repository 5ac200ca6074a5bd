/* manifest_parts.c - the parts of session.json: the map from a matrix's spins to the model's, joined and checked. */
#include "backends/session/manifest_values.h"

#include <inttypes.h>

/* ---- parts ------------------------------------------------------------------------------------------ */

/* A part on its way in: lists come as they are and are joined at its end. */
typedef struct part_input {
    session_part part;
    const char *file;
    char hash[SHA256_TEXT];
    bool has_matrix;
    ARENA_LIST(uint32_t) spins;
    ARENA_LIST(uint32_t) mapped; /* [spin, matrix spin, 1 or -1 as uint32_t] */
    ARENA_LIST(uint32_t) fixed;  /* [spin, 0 or 1] */
} part_input;

static bool read_spins(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t spin;
    if (!json_open(in->stream, '[', "spins"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!manifest_read_word(in->stream, "a spin", INT32_MAX - 1, &spin))
            return false;
        if (p->spins.count && p->spins.at[p->spins.count - 1] >= spin)
            return stream_fail(in->stream, "a part's spins are ascending");
        ARENA_PUSH(&in->s->arena, &p->spins, spin);
    }
    return !in->stream->status;
}

static bool read_tuple(manifest_input *in, int count, int64_t least_last, uint32_t out[3])
{
    matrix_stream *m = in->stream;
    bool first = true;
    int64_t value;
    if (!json_open(m, '[', "an entry"))
        return false;
    for (int i = 0; i < count; i++) {
        bool last = i == count - 1;
        if (!json_more(m, '[', &first))
            return stream_fail(m, "an entry has %d numbers", count);
        if (!json_whole(m, "a number", last ? least_last : 0, last ? 1 : INT32_MAX - 1, &value))
            return false;
        if (last && least_last < 0 && value == 0)
            return stream_fail(m, "a spin follows another alike, 1, or opposite, -1");
        out[i] = (uint32_t)(int32_t)value;
    }
    return !json_more(m, '[', &first) && (!m->status || stream_fail(m, "an entry has %d numbers", count));
}

static bool read_map(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t entry[3] = {0};
    if (!json_open(in->stream, '[', "map"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!read_tuple(in, 3, -1, entry))
            return false;
        for (int i = 0; i < 3; i++)
            ARENA_PUSH(&in->s->arena, &p->mapped, entry[i]);
    }
    return !in->stream->status;
}

static bool read_fixed(manifest_input *in, part_input *p)
{
    bool first = true;
    uint32_t entry[3] = {0};
    if (!json_open(in->stream, '[', "fixed"))
        return false;
    while (json_more(in->stream, '[', &first)) {
        if (!read_tuple(in, 2, 0, entry))
            return false;
        for (int i = 0; i < 2; i++)
            ARENA_PUSH(&in->s->arena, &p->fixed, entry[i]);
    }
    return !in->stream->status;
}

static bool read_quantisation_member(manifest_input *in, void *to, int key)
{
    session_part *p = to;
    int64_t *const counts[] = {&p->couplings, &p->couplings_lost, &p->fields, &p->fields_lost, &p->clipped};
    return key < 5 ? manifest_read_count(in->stream, "a count", counts[key]) : json_number(in->stream, "bound", &p->bound);
}

static bool read_quantisation(manifest_input *in, session_part *p)
{
    static const char *const keys[] = {"couplings", "couplings_lost", "fields", "fields_lost", "clipped", "bound", NULL};
    p->quantized = !manifest_is_null(in->stream);
    return p->quantized ? manifest_read_object(in, "quantisation", keys, read_quantisation_member, p)
                        : manifest_read_null(in->stream);
}

static bool read_part_member(manifest_input *in, void *to, int key)
{
    part_input *p = to;
    matrix_stream *m = in->stream;
    const char *name;
    int64_t number;
    switch (key) {
    case 0:
        return manifest_read_text(in, "part", &name);
    case 1:
        return manifest_read_text_or_null(in, "file", &p->file);
    case 2:
        p->has_matrix = !manifest_is_null(m);
        return p->has_matrix ? manifest_read_hash(in, "hash", p->hash) : manifest_read_null(m);
    case 3:
        return manifest_read_count(m, "sample", &p->part.sample);
    case 4:
        return manifest_read_word(m, "hamiltonian", INT32_MAX, &p->part.hamiltonian);
    case 5:
        if (!json_whole(m, "pass", 0, INT32_MAX, &number))
            return false;
        p->part.pass = (int32_t)number;
        return true;
    case 6:
        return manifest_read_word(m, "number", INT32_MAX, &p->part.number);
    case 7:
        return manifest_read_ancilla(m, &number);
    case 8:
        return read_spins(in, p);
    case 9:
        return read_map(in, p);
    case 10:
        return read_fixed(in, p);
    case 11:
        return json_number(m, "scale", &p->part.scale);
    case 12:
        return json_number(m, "offset", &p->part.offset);
    default:
        return read_quantisation(in, &p->part);
    }
}

/* Every spin of the part is fixed, or follows a spin of its matrix, once. Both lists are in order of the spins. */
static bool join(manifest_input *in, part_input *p)
{
    session *s = in->s;
    session_part *part = &p->part;
    const session_matrix *matrix = p->has_matrix ? session_find_matrix(s, p->hash) : NULL;
    if (p->has_matrix && !matrix)
        return stream_fail(in->stream, "a part's matrix is not among the matrices (which come first)");
    part->matrix = matrix ? matrix - s->matrices.at : -1;
    part->count = p->spins.count;
    part->spins = p->spins.at;
    problem_origin *origins = ARENA_ARRAY(&s->arena, problem_origin, p->spins.count);
    uint32_t mapped = 0, fixed = 0;
    for (uint32_t i = 0; i < p->spins.count; i++) {
        if (mapped < p->mapped.count && p->mapped.at[mapped] == p->spins.at[i]) {
            origins[i] = (problem_origin){p->mapped.at[mapped + 1], (int8_t)(int32_t)p->mapped.at[mapped + 2], 0};
            if (!matrix || origins[i].spin >= matrix->spins || origins[i].spin == (uint32_t)matrix->ancilla)
                return stream_fail(in->stream, "spin %" PRIu32 " follows none of its matrix's spins", p->spins.at[i]);
            mapped += 3;
        } else if (fixed < p->fixed.count && p->fixed.at[fixed] == p->spins.at[i]) {
            origins[i] = (problem_origin){PROBLEM_NO_SPIN, (int8_t)p->fixed.at[fixed + 1], 0};
            fixed += 2;
        } else {
            return stream_fail(in->stream, "spin %" PRIu32 " is neither fixed nor mapped, or out of order", p->spins.at[i]);
        }
    }
    part->origins = origins;
    return (mapped == p->mapped.count && fixed == p->fixed.count) ||
           stream_fail(in->stream, "a spin that the part does not have");
}

static bool check_part(manifest_input *in, const session_part *p)
{
    const session *s = in->s;
    if (p->sample < s->first_sample || p->sample >= s->first_sample + s->sample_count)
        return stream_fail(in->stream, "sample %" PRId64 " is none of the session's (`samples` comes first)", p->sample);
    if (p->hamiltonian >= s->hamiltonians.count || p->number >= s->hamiltonians.at[p->hamiltonian].parts)
        return stream_fail(in->stream, "the program has no such part (`hamiltonians` comes first)");
    if (p->count && p->spins[p->count - 1] >= s->hamiltonians.at[p->hamiltonian].spins)
        return stream_fail(in->stream, "the Hamiltonian has no such spin");
    if (s->parts.count) {
        const session_part *last = &s->parts.at[s->parts.count - 1];
        if (p->sample < last->sample || (p->sample == last->sample && p->number <= last->number))
            return stream_fail(in->stream, "parts are in order of samples and numbers");
    }
    return true;
}

bool manifest_read_parts(manifest_input *in)
{
    static const char *const keys[] = {"part",  "file", "hash",  "sample", "hamiltonian", "pass",         "number", "ancilla",
                                       "spins", "map",  "fixed", "scale",  "offset",      "quantisation", NULL};
    bool first = true;
    matrix_stream *m = in->stream;
    if (!json_open(m, '[', "parts"))
        return false;
    while (json_more(m, '[', &first)) {
        part_input p = {0};
        stream_place place = m->token;
        if (!manifest_read_object(in, "a part", keys, read_part_member, &p))
            return false;
        m->token = place;
        if (!join(in, &p) || !check_part(in, &p.part))
            return false;
        ARENA_PUSH(&in->s->arena, &in->s->parts, p.part);
    }
    return !m->status;
}
