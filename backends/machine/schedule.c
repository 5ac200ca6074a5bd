/* schedule.c - the parts and rounds of a scheduled anneal, and whether a machine holds them (machine.h). */
#include "backends/machine/machine.h"

#include "ir/spins.h"
#include "runtime/error.h"

#include <stdlib.h>

static int64_t box_size(const ir_box *box)
{
    int64_t size = 1;
    for (uint32_t k = 0; k < box->rank; k++)
        size *= box->end[k] - box->begin[k];
    return size;
}

static void list_box(const spin_layout *layout, const ir_box *box, uint32_t depth, int64_t at, uint32_t **to)
{
    if (depth == box->rank) {
        *(*to)++ = (uint32_t)at;
        return;
    }
    for (int64_t i = box->begin[depth]; i < box->end[depth]; i++)
        list_box(layout, box, depth + 1, at + i * layout->stride[box->array][depth], to);
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static machine_part list_part(const spin_layout *layout, const ir_part *part, arena *a)
{
    machine_part out = {.round = part->round};
    for (uint32_t b = 0; b < part->box_count; b++)
        out.count += box_size(&part->boxes[b]);
    uint32_t *spins = ARENA_ARRAY(a, uint32_t, (size_t)out.count), *to = spins;
    for (uint32_t b = 0; b < part->box_count; b++)
        list_box(layout, &part->boxes[b], 0, layout->base[part->boxes[b].array], &to);
    qsort(spins, (size_t)out.count, sizeof *spins, by_number);
    out.spins = spins;
    return out;
}

static machine_part whole(const spin_layout *layout, arena *a)
{
    uint32_t *spins = ARENA_ARRAY(a, uint32_t, (size_t)layout->count);
    for (int64_t i = 0; i < layout->count; i++)
        spins[i] = (uint32_t)i;
    return (machine_part){.count = layout->count, .spins = spins};
}

/* Where each round's parts begin in the list. */
static uint32_t *round_starts(const ir_part *parts, uint32_t count, uint32_t rounds, arena *a)
{
    uint32_t *start = ARENA_ARRAY(a, uint32_t, (size_t)rounds + 1);
    for (uint32_t i = 0; i < count; i++)
        start[parts[i].round + 1]++;
    for (uint32_t k = 0; k < rounds; k++)
        start[k + 1] += start[k];
    return start;
}

machine_schedule machine_schedule_of(const ir_module *m, ir_op anneal, arena *a)
{
    spin_layout layout = spin_layout_of(m, anneal, a);
    ir_attribute parts = *ir_op_attribute(m, anneal, "parts");
    const ir_part *cut = parts.list;
    uint32_t count = parts.present ? parts.count : 1;
    machine_part *list = ARENA_ARRAY(a, machine_part, count);
    machine_schedule s = {.parts = list, .part_count = count, .round_count = 1, .spins = layout.count};
    if (!parts.present) {
        list[0] = whole(&layout, a);
        return s;
    }
    for (uint32_t i = 0; i < count; i++)
        s.round_count = cut[i].round >= s.round_count ? cut[i].round + 1 : s.round_count;
    uint32_t *next = round_starts(cut, count, s.round_count, a);
    for (uint32_t i = 0; i < count; i++)
        list[next[cut[i].round]++] = list_part(&layout, &cut[i], a);
    return s;
}

isg_status machine_check(const machine_schedule *s, const target *t, const char *hamiltonian, isg_error *error)
{
    if (t->topology.kind != TOPOLOGY_COMPLETE) {
        int64_t chain, clique = topology_complete_graph(t->topology, &chain);
        if (clique)
            return error_fail(
                error, ISG_INVALID,
                "target '%s' couples only neighbouring spins, so '%s' (%lld spins) needs embedding: the largest "
                "complete graph known to embed there has %lld spins, in chains of up to %lld; an all-to-all target runs it",
                t->name, hamiltonian, (long long)s->spins, (long long)clique, (long long)chain);
        return error_fail(error, ISG_INVALID,
                          "target '%s' couples only neighbouring spins, so '%s' (%lld spins) needs embedding; an all-to-all "
                          "target runs it",
                          t->name, hamiltonian, (long long)s->spins);
    }
    for (uint32_t i = 0; i < s->part_count; i++) {
        int64_t room = target_variables(t, true);
        if (s->parts[i].count > room)
            return error_fail(
                error, ISG_INVALID, "'%s' has a part of %lld spins, but target '%s' holds %lld beside its ancilla: %lld too many",
                hamiltonian, (long long)s->parts[i].count, t->name, (long long)room, (long long)(s->parts[i].count - room));
    }
    return ISG_OK;
}
