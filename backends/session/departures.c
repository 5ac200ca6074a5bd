/* departures.c - see departures.h. */
#include "backends/session/departures.h"

#include "backends/machine/rounds.h"
#include "backends/matrix/matrix.h"
#include "backends/solve/solution.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdio.h>

void departure_drop(const isg_allocator *a, departure *d)
{
    for (uint32_t i = 0; i < d->count; i++)
        prepared_close(&d->parts[i].ready);
    memory_release(a, d->parts, d->capacity, sizeof *d->parts);
    d->parts = NULL;
    d->count = d->capacity = 0;
}

/* ---- matrices -------------------------------------------------------------------------------------------- */

static bool is_trivial(const prepared *p)
{
    return p->couplings == p->couplings_lost;
}

/* Why a matrix would say nothing but which way its fields point. */
static void note_trivial(advancing *a, const session_part *part, const outgoing *o)
{
    session *s = a->s;
    const prepared *p = &o->ready;
    if (a->trivial++)
        return;
    const char *name = session_part_name(s, part);
    int64_t left = p->machine.spins - (p->machine.ancilla >= 0);
    if (p->couplings)
        snprintf(a->trivial_first, sizeof a->trivial_first,
                 "%.60s: presolve leaves %" PRId64 " of %" PRId64 " spins, and the grid turns all %" PRId64
                 " couplings between them to zero, since fields of the part are so much larger",
                 name, left, o->spins, p->couplings);
    else
        snprintf(a->trivial_first, sizeof a->trivial_first,
                 "%.60s: presolve leaves %" PRId64 " of %" PRId64 " spins, and no two of them are coupled", name, left, o->spins);
}

static isg_status write_matrix(advancing *a, session_matrix *m, const problem *p, isg_error *error)
{
    session *s = a->s;
    matrix_mark mark = {.there = true, .seed = m->seed};
    const char *path = folder_path(s, m->file);
    snprintf(mark.machine, sizeof mark.machine, "%s", s->target);
    isg_status status = a->round_made ? ISG_OK : folder_make_round(s, s->round, error);
    a->round_made = true;
    if (!status)
        status = matrix_write_marked(s->allocator, s->io, path, s->format, p, NULL, &mark, error);
    return status ? status : solution_hash_file(s->io, path, m->file_hash, error);
}

/* The position of the part's matrix, written unless an equal one was. */
static isg_status enter_matrix(advancing *a, const session_part *part, const outgoing *o, int64_t *position, isg_error *error)
{
    session *s = a->s;
    const problem *p = &o->ready.machine;
    *position = -1;
    if (!p->spins)
        return ISG_OK;
    const session_matrix *known = session_find_matrix(s, o->hash);
    if (known) {
        *position = known - s->matrices.at;
        return ISG_OK;
    }
    session_matrix m = {.round = s->round,
                        .spins = p->spins,
                        .ancilla = p->ancilla,
                        .seed = rounds_part_seed(s->seed, o->hash),
                        .trivial = is_trivial(&o->ready)};
    m.file = arena_format(&s->arena, "%s/%s%s", session_round_name(s, s->round), session_part_name(s, part), s->extension);
    memcpy(m.hash, o->hash, sizeof m.hash);
    if (m.trivial)
        note_trivial(a, part, o);
    isg_status status = m.trivial && !s->allow_trivial && s->generation == 0 ? ISG_OK : write_matrix(a, &m, p, error);
    if (!status)
        *position = session_add_matrix(s, &m) - s->matrices.at;
    return status;
}

static void copy_origins(session *s, session_part *part, const problem *p)
{
    problem_origin *origins = ARENA_ARRAY(&s->arena, problem_origin, (size_t)p->origin_count);
    if (p->origin_count)
        memcpy(origins, p->origins, (size_t)p->origin_count * sizeof *origins);
    part->origins = origins;
}

static isg_status enter_part(advancing *a, const session_sample *x, int64_t sample, const outgoing *o, isg_error *error)
{
    session *s = a->s;
    const prepared *p = &o->ready;
    const machine_part *where = &a->schedules[x->hamiltonian].parts[o->number];
    uint32_t *spins = ARENA_ARRAY(&s->arena, uint32_t, (size_t)where->count);
    session_part part = {.sample = sample,
                         .hamiltonian = x->hamiltonian,
                         .number = o->number,
                         .pass = x->pass,
                         .count = where->count,
                         .spins = spins,
                         .quantized = p->quantized,
                         .scale = p->quantized ? p->quantize.scale : 1,
                         .offset = p->quantized ? p->quantize.offset : 0,
                         .bound = p->quantize.loss.bound,
                         .couplings = p->couplings,
                         .couplings_lost = p->couplings_lost,
                         .fields = p->fields,
                         .fields_lost = p->fields_lost,
                         .clipped = p->quantize.loss.clipped};
    if (where->count)
        memcpy(spins, where->spins, (size_t)where->count * sizeof *spins);
    copy_origins(s, &part, &p->machine);
    isg_status status = enter_matrix(a, &part, o, &part.matrix, error);
    if (!status)
        ARENA_PUSH(&s->arena, &s->parts, part);
    return status;
}

isg_status departures_enter(advancing *a, int64_t first, int64_t count, isg_error *error)
{
    isg_status status = ISG_OK;
    for (int64_t i = 0; i < count && !status; i++) {
        departure *d = &a->departures[i];
        a->s->rounds_without_files += d->rounds_without_files;
        for (uint32_t k = 0; k < d->count && !status; k++)
            status = enter_part(a, &a->s->samples[first + i], a->s->first_sample + first + i, &d->parts[k], error);
    }
    return status;
}

isg_status departures_check(const advancing *a, isg_error *error)
{
    const session *s = a->s;
    if (!a->trivial || s->allow_trivial || s->generation)
        return ISG_OK;
    return error_fail(error, ISG_INVALID,
                      "%" PRId64 " of %" PRIu32
                      " matrices would hold no coupling: what comes back is decided by fields alone; the first is %s",
                      a->trivial, s->matrices.count, a->trivial_first);
}
