/* manifest_write.c - session.json, for people and programs; README.md says what is in it. */
#include "backends/session/session_data.h"

#include "backends/matrix/output.h"
#include "runtime/error.h"

#include <inttypes.h>
#include <stdio.h>

static void put_name(matrix_output *o, const char *key, const char *text)
{
    output_format(o, "\"%s\": ", key);
    if (text)
        output_string(o, text);
    else
        output_text(o, "null");
}

static void put_number(matrix_output *o, const char *key, double value)
{
    output_format(o, ", \"%s\": ", key);
    output_number(o, value);
}

static void put_file(matrix_output *o, const session_file *f)
{
    output_text(o, "{");
    if (f->name) {
        put_name(o, "name", f->name);
        output_text(o, ", ");
    }
    put_name(o, "file", f->file);
    output_text(o, ", ");
    put_name(o, "sha256", f->hash);
    output_text(o, "}");
}

static void put_program(matrix_output *o, const session *s)
{
    output_text(o, "  ");
    put_name(o, "model", s->model);
    output_text(o, ",\n  \"program\": ");
    put_file(o, &s->program);
    output_text(o, ",\n  \"weights\": ");
    if (s->weights.file)
        put_file(o, &s->weights);
    else
        output_text(o, "null");
    output_text(o, ",\n  \"inputs\": [");
    for (uint32_t i = 0; i < s->inputs.count; i++) {
        output_text(o, i ? ", " : "");
        put_file(o, &s->inputs.at[i]);
    }
    output_text(o, "],\n  \"outputs\": [");
    for (uint32_t i = 0; i < s->outputs.count; i++) {
        output_text(o, i ? ", " : "");
        output_string(o, s->outputs.at[i]);
    }
    output_text(o, "],\n  \"hamiltonians\": [");
    for (uint32_t i = 0; i < s->hamiltonians.count; i++) {
        const session_hamiltonian_data *h = &s->hamiltonians.at[i];
        output_text(o, i ? ", {" : "{");
        put_name(o, "name", h->name);
        output_format(o, ", \"spins\": %" PRId64 ", \"parts\": %" PRIu32 ", \"rounds\": %" PRIu32 "}", h->spins, h->parts,
                      h->rounds);
    }
    output_text(o, "],\n");
}

static void put_settings(matrix_output *o, const session *s)
{
    const char *quote = s->seed > INT64_MAX ? "\"" : "";
    output_text(o, "  ");
    put_name(o, "target", s->target);
    output_text(o, ",\n  \"target_file\": ");
    put_file(o, &s->target_file);
    output_text(o, ",\n  ");
    put_name(o, "matrix_format", s->format);
    output_text(o, ",\n  ");
    put_name(o, "extension", s->extension);
    output_text(o, ",\n  ");
    put_name(o, "result_format", s->results);
    output_format(o, ",\n  \"seed\": %s%" PRIu64 "%s,\n  \"passes\": %" PRId32 ",\n  \"samples\": [%" PRId64 ", %" PRId64 "]",
                  quote, s->seed, quote, s->passes, s->first_sample, s->first_sample + s->sample_count);
    output_format(o, ",\n  \"allow_trivial\": %s,\n", s->allow_trivial ? "true" : "false");
}

static void put_ancilla(matrix_output *o, int64_t ancilla)
{
    if (ancilla < 0)
        output_text(o, ", \"ancilla\": null");
    else
        output_format(o, ", \"ancilla\": %" PRId64, ancilla);
}

static void put_matrix(matrix_output *o, const session_matrix *m)
{
    output_text(o, "{");
    put_name(o, "file", m->file);
    output_format(o, ", \"round\": %" PRIu32 ", ", m->round);
    put_name(o, "hash", m->hash);
    output_text(o, ", ");
    put_name(o, "file_sha256", m->file_hash);
    output_format(o, ", \"spins\": %" PRId64, m->spins);
    put_ancilla(o, m->ancilla);
    output_format(o, ", \"seed\": %" PRIu64 ", \"trivial\": %s, ", m->seed, m->trivial ? "true" : "false");
    put_name(o, "answered", *m->answered ? m->answered : NULL);
    output_text(o, "}");
}

static void put_map(matrix_output *o, const session_part *p)
{
    bool first = true;
    output_text(o, ", \"map\": [");
    for (int64_t i = 0; i < p->count; i++)
        if (p->origins[i].spin != PROBLEM_NO_SPIN) {
            output_format(o, "%s[%" PRIu32 ",%" PRIu32 ",%d]", first ? "" : ",", p->spins[i], p->origins[i].spin,
                          p->origins[i].value);
            first = false;
        }
    output_text(o, "], \"fixed\": [");
    first = true;
    for (int64_t i = 0; i < p->count; i++)
        if (p->origins[i].spin == PROBLEM_NO_SPIN) {
            output_format(o, "%s[%" PRIu32 ",%d]", first ? "" : ",", p->spins[i], p->origins[i].value);
            first = false;
        }
    output_text(o, "]");
}

static void put_quantisation(matrix_output *o, const session_part *p)
{
    if (!p->quantized) {
        output_text(o, ", \"quantisation\": null}");
        return;
    }
    output_format(o, ", \"quantisation\": {\"couplings\": %" PRId64 ", \"couplings_lost\": %" PRId64 ", \"fields\": %" PRId64,
                  p->couplings, p->couplings_lost, p->fields);
    output_format(o, ", \"fields_lost\": %" PRId64 ", \"clipped\": %" PRId64, p->fields_lost, p->clipped);
    put_number(o, "bound", p->bound);
    output_text(o, "}}");
}

static void put_part(matrix_output *o, session *s, const session_part *p)
{
    const session_matrix *m = p->matrix < 0 ? NULL : &s->matrices.at[p->matrix];
    output_text(o, "{");
    put_name(o, "part", session_part_name(s, p));
    output_text(o, ", ");
    put_name(o, "file", m ? m->file : NULL);
    output_text(o, ", ");
    put_name(o, "hash", m ? m->hash : NULL);
    output_format(o, ", \"sample\": %" PRId64 ", \"hamiltonian\": %" PRIu32 ", \"pass\": %" PRId32 ", \"number\": %" PRIu32,
                  p->sample, p->hamiltonian, p->pass, p->number);
    put_ancilla(o, m ? m->ancilla : -1);
    output_text(o, ", \"spins\": [");
    for (int64_t i = 0; i < p->count; i++)
        output_format(o, "%s%" PRIu32, i ? "," : "", p->spins[i]);
    output_text(o, "]");
    put_map(o, p);
    put_number(o, "scale", p->scale);
    put_number(o, "offset", p->offset);
    put_quantisation(o, p);
}

static void put_lists(matrix_output *o, session *s)
{
    output_format(o, "  \"round\": %" PRIu32 ",\n  \"rounds_without_files\": %" PRId64 ",\n  ", s->round,
                  s->rounds_without_files);
    put_name(o, "state", s->state_hash);
    output_text(o, ",\n  \"matrices\": [");
    for (uint32_t i = 0; i < s->matrices.count; i++) {
        output_text(o, i ? ",\n    " : "\n    ");
        put_matrix(o, &s->matrices.at[i]);
    }
    output_text(o, "],\n  \"parts\": [");
    for (uint32_t i = 0; i < s->parts.count; i++) {
        output_text(o, i ? ",\n    " : "\n    ");
        put_part(o, s, &s->parts.at[i]);
    }
    output_text(o, "]");
}

int manifest_tail(char tail[MANIFEST_TAIL], uint64_t hash)
{
    return snprintf(tail, MANIFEST_TAIL, ",\n  \"checksum\": \"%016" PRIx64 "\"\n}\n", hash);
}

static void put_tail(matrix_output *o)
{
    char tail[MANIFEST_TAIL];
    output_flush(o);
    manifest_tail(tail, o->hash);
    output_text(o, tail);
}

isg_status manifest_write(session *s, isg_error *error)
{
    matrix_output *o = ARENA_NEW(&s->arena, matrix_output);
    jmp_buf no_memory;
    jmp_buf *before = s->arena.on_no_memory;
    isg_status status = output_open(o, s->allocator, s->io, folder_path(s, "session.json"), error);
    if (status)
        return status;
    s->arena.on_no_memory = &no_memory;
    if (setjmp(no_memory)) {
        output_abandon(o);
        s->arena.on_no_memory = before;
        return error_no_memory(error);
    }
    output_format(o, "{\n  \"format\": \"isinglass-session\",\n  \"version\": %d,\n  \"generation\": %" PRId64 ",\n",
                  SESSION_VERSION, s->generation);
    put_program(o, s);
    put_settings(o, s);
    put_lists(o, s);
    put_tail(o);
    s->arena.on_no_memory = before;
    return output_commit(o);
}
