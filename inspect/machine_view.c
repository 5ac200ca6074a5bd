/* machine_view.c - see machine_view.h. */
#include "inspect/machine_view.h"

#include "backends/machine/bind.h"
#include "backends/machine/prepare.h"
#include "inspect/heat_map.h"
#include "inspect/landscape.h"

#include <math.h>
#include <string.h>

/* ---- parts ------------------------------------------------------------------------------------ */

static const char *boxes_text(const ir_module *m, ir_op anneal, const ir_part *part, arena *a)
{
    const ir_spins *arrays = ir_op_attribute(m, anneal, "spins")->list;
    const char *text = "";
    for (uint32_t b = 0; b < part->box_count; b++) {
        const ir_box *box = &part->boxes[b];
        text = arena_format(a, "%s%s%s[", text, b ? " " : "", ir_text(m, arrays[box->array].name));
        for (uint32_t k = 0; k < box->rank; k++)
            text = arena_format(a, "%s%s%lld:%lld", text, k ? ", " : "", (long long)box->begin[k], (long long)box->end[k]);
        text = arena_format(a, "%s]", text);
    }
    return text;
}

/* The schedule has the parts round by round. */
machine_parts machine_parts_of(const ir_module *m, ir_op anneal, arena *a)
{
    machine_schedule *s = ARENA_NEW(a, machine_schedule);
    *s = machine_schedule_of(m, anneal, a);
    const ir_attribute parts = *ir_op_attribute(m, anneal, "parts");
    if (!parts.present)
        return (machine_parts){.schedule = s};
    const char **texts = ARENA_ARRAY(a, const char *, parts.count);
    int64_t *severed = ARENA_ARRAY(a, int64_t, parts.count);
    uint32_t at = 0;
    for (uint32_t round = 0; round < s->round_count; round++)
        for (uint32_t k = 0; k < parts.count; k++) {
            const ir_part *part = (const ir_part *)parts.list + k;
            if (part->round != round)
                continue;
            severed[at] = part->severed;
            texts[at++] = boxes_text(m, anneal, part, a);
        }
    return (machine_parts){s, texts, severed};
}

static uint32_t *part_of_spin(const machine_parts *parts, arena *a)
{
    uint32_t *part = ARENA_ARRAY(a, uint32_t, (size_t)parts->schedule->spins);
    for (uint32_t k = 0; k < parts->schedule->part_count; k++)
        for (int64_t i = 0; i < parts->schedule->parts[k].count; i++)
            part[parts->schedule->parts[k].spins[i]] = k;
    return part;
}

/* What is severed, in numbers; or as the terms state it, each pair seen from both sides. */
static json_t *cut_value(arena *a, const machine_parts *parts, const problem *p, const uint32_t *part, int64_t *severed)
{
    json_t *value = value_object(a);
    int64_t couplings = 0;
    double weight = 0, of = 0;
    for (int64_t k = 0; p && k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        of += fabs(c->value);
        if (part[c->first] == part[c->second])
            continue;
        couplings++;
        weight += fabs(c->value);
        severed[part[c->first]]++;
        severed[part[c->second]]++;
    }
    for (uint32_t k = 0; !p && parts->severed && k < parts->schedule->part_count; k++)
        couplings += severed[k] = parts->severed[k];
    value_put(a, value, "couplings", value_count(a, p ? couplings : couplings / 2));
    value_put(a, value, "weight", p ? value_number(a, weight) : value_null());
    value_put(a, value, "of", p ? value_number(a, of) : value_null());
    return value;
}

json_t *machine_partition_value(arena *a, const machine_parts *parts, const target *t, const problem *p)
{
    const machine_schedule *s = parts->schedule;
    json_t *value = value_object(a), *list = value_array(a), *of_spin = NULL;
    const uint32_t *part = part_of_spin(parts, a);
    int64_t *severed = ARENA_ARRAY(a, int64_t, s->part_count), room = target_variables(t, true);
    json_t *cut = cut_value(a, parts, p, part, severed);
    for (uint32_t k = 0; k < s->part_count; k++) {
        json_t *one = value_object(a);
        value_put(a, one, "part", value_count(a, k));
        value_put(a, one, "round", value_count(a, s->parts[k].round));
        value_put(a, one, "spins", value_count(a, s->parts[k].count));
        value_put(a, one, "severed", value_count(a, severed[k]));
        value_put(a, one, "text", value_text(a, parts->texts ? parts->texts[k] : NULL));
        value_push(a, list, one);
    }
    if (s->spins <= MACHINE_SPINS_LISTED) {
        of_spin = value_array(a);
        for (int64_t i = 0; i < s->spins; i++)
            value_push(a, of_spin, value_count(a, part[i]));
    }
    value_put(a, value, "target", value_text(a, t->name));
    value_put(a, value, "capacity", room == INT64_MAX ? value_null() : value_count(a, room));
    value_put(a, value, "rounds", value_count(a, s->round_count));
    value_put(a, value, "parts", list);
    value_put(a, value, "part_of_spin", of_spin ? of_spin : value_null());
    value_put(a, value, "cut", cut);
    return value;
}

/* ---- what is sent ----------------------------------------------------------------------------- */

typedef struct sent {
    int64_t runs, spins, fixed, couplings, couplings_lost, fields_lost;
    double bound;
    json_t *matrix, *spins_of_matrix; /* of the first part that the machine gets anything of */
    int64_t part, ancilla;
    double scale;
} sent;

static void take_matrix(arena *a, sent *s, const prepared *ready, const machine_part *part, uint32_t number)
{
    const problem *p = &ready->machine;
    int64_t *of = ARENA_ARRAY(a, int64_t, (size_t)p->spins);
    json_t *list = value_array(a);
    memset(of, -1, sizeof *of * (size_t)p->spins);
    for (int64_t i = 0; i < part->count; i++)
        if (p->origins[i].spin != PROBLEM_NO_SPIN)
            of[p->origins[i].spin] = part->spins[i];
    for (int64_t k = 0; k < p->spins; k++)
        if (k != p->ancilla && of[k] >= 0)
            value_push(a, list, value_count(a, of[k]));
    s->matrix = heat_map(a, p, 0, p->spins);
    s->spins_of_matrix = list;
    s->part = number;
    s->ancilla = p->ancilla;
    s->scale = ready->quantized ? ready->quantize.scale : NAN;
}

static void add_part(arena *a, sent *s, const prepared *ready, const machine_part *part, uint32_t number)
{
    s->fixed += ready->presolve.fixed;
    s->spins += ready->machine.spins - (ready->machine.ancilla >= 0);
    s->runs += ready->machine.spins > 0;
    s->couplings += ready->couplings;
    s->couplings_lost += ready->couplings_lost;
    s->fields_lost += ready->fields_lost;
    s->bound += ready->quantized ? ready->quantize.loss.bound : 0;
    if (ready->machine.spins && !s->matrix)
        take_matrix(a, s, ready, part, number);
}

static isg_status prepare_all(arena *a, const machine_parts *parts, const target *t, const problem *p, const int8_t *up, sent *s,
                              isg_error *error)
{
    const prepare_settings settings = {.target = t};
    problem_rows rows;
    int8_t *state = ARENA_ARRAY(a, int8_t, (size_t)p->spins), lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    uint32_t *local = ARENA_ARRAY(a, uint32_t, (size_t)p->spins);
    isg_status status = problem_rows_open(&rows, p, error);
    if (status)
        return status;
    for (int64_t i = 0; i < p->spins; i++) {
        state[i] = up[i] ? 1 : lowest;
        local[i] = PROBLEM_NO_SPIN;
    }
    for (uint32_t k = 0; k < parts->schedule->part_count && !status; k++) {
        const machine_part *part = &parts->schedule->parts[k];
        problem sub;
        prepared ready;
        status = bind_part(p, &rows, part->spins, part->count, state, local, &sub, error);
        if (status)
            break;
        status = prepare_part(&sub, &settings, &ready, error);
        if (!status) {
            add_part(a, s, &ready, part, k);
            prepared_close(&ready);
        }
        problem_close(&sub);
    }
    problem_rows_close(&rows, p);
    return status;
}

/* ---- what came back --------------------------------------------------------------------------- */

static void put_sent(arena *a, json_t *value, const sent *s)
{
    value_put(a, value, "runs", value_count(a, s->runs));
    value_put(a, value, "spins_fixed", value_count(a, s->fixed));
    value_put(a, value, "spins_sent", value_count(a, s->spins));
    value_put(a, value, "couplings", value_count(a, s->couplings));
    value_put(a, value, "couplings_lost", value_count(a, s->couplings_lost));
    value_put(a, value, "fields_lost", value_count(a, s->fields_lost));
    value_put(a, value, "error_bound", value_number(a, s->bound));
    value_put(a, value, "part", s->matrix ? value_count(a, s->part) : value_null());
    value_put(a, value, "ancilla", s->matrix && s->ancilla >= 0 ? value_count(a, s->ancilla) : value_null());
    value_put(a, value, "scale", s->matrix ? value_number(a, s->scale) : value_null());
    value_put(a, value, "matrix", s->matrix ? s->matrix : value_null());
    value_put(a, value, "sent", s->spins_of_matrix ? s->spins_of_matrix : value_null());
}

isg_status machine_answer_value(arena *a, const machine_parts *parts, const target *t, const problem *p,
                                const machine_answer *answer, const int8_t *best_up, double best, json_t **out, isg_error *error)
{
    sent s = {0};
    int64_t agreeing = 0;
    isg_status status = prepare_all(a, parts, t, p, answer->up, &s, error);
    if (status)
        return status;
    for (int64_t i = 0; i < p->spins; i++)
        agreeing += answer->up[i] == best_up[i];
    json_t *value = value_object(a);
    value_put(a, value, "target", value_text(a, t->name));
    value_put(a, value, "fits", value_flag(true));
    value_put(a, value, "why", value_null());
    value_put(a, value, "passes", value_count(a, answer->passes));
    value_put(a, value, "reads", value_count(a, answer->reads));
    value_put(a, value, "sweeps", value_count(a, answer->sweeps));
    put_sent(a, value, &s);
    value_put(a, value, "energy", value_number(a, answer->energy));
    value_put(a, value, "best_here", value_number(a, best));
    value_put(a, value, "gap", value_number(a, best != 0 ? (answer->energy - best) / fabs(best) : answer->energy - best));
    value_put(a, value, "agreement", value_number(a, p->spins ? (double)agreeing / (double)p->spins : 1));
    value_put(a, value, "state", landscape_up(a, answer->up, p->spins));
    *out = value;
    return ISG_OK;
}

json_t *machine_refused_value(arena *a, const target *t, const char *why)
{
    static const char *const nulls[] = {"passes",    "reads",          "sweeps",      "runs",        "spins_fixed", "spins_sent",
                                        "couplings", "couplings_lost", "fields_lost", "error_bound", "part",        "ancilla",
                                        "scale",     "matrix",         "sent",        "energy",      "best_here",   "gap",
                                        "agreement", "state"};
    json_t *value = value_object(a);
    value_put(a, value, "target", value_text(a, t->name));
    value_put(a, value, "fits", value_flag(false));
    value_put(a, value, "why", value_text(a, why));
    for (size_t k = 0; k < sizeof nulls / sizeof *nulls; k++)
        value_put(a, value, nulls[k], value_null());
    return value;
}
