/* lane_lattice.c - see lane_lattice.h. */
#include "backends/solve/lane_lattice.h"

#include "runtime/error.h"

/* Beyond it, vectors of spins come from memory. */
static const int64_t most_spins = 1 << 16;

bool lane_lattice_fits(const lattice *l)
{
    return l->exact && l->hot > 0 && l->spins <= most_spins && l->reach <= BYTES_LARGEST * (double)l->quantum;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool all_alike(const problem *p)
{
    for (int64_t k = 1; k < p->coupling_count; k++)
        if (p->couplings[k].value != p->couplings[0].value)
            return false;
    return true;
}

/* What the field of one spin changes by when the other goes up, in quanta; fields stay within a byte, so that changes may be
 * taken modulo 256. */
static int8_t change_of(const lattice *l, double coupling)
{
    return (int8_t)((int64_t)(l->unit * lattice_number(l, coupling)) / l->quantum);
}

/* row_start[i + 1] is where row i begins. */
static void measure_rows(lane_lattice *b, const problem *p)
{
    int64_t *start = b->row_start + 1;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        start[p->couplings[k].first]++;
        start[p->couplings[k].second]++;
    }
    for (int64_t i = 0; i < p->spins; i++) {
        int64_t neighbours = start[i];
        start[i] = b->entries;
        b->entries += (neighbours + LANES_ROW_STEP - 1) / LANES_ROW_STEP * LANES_ROW_STEP;
    }
}

/* row_start[i + 1] moves from where row i begins to where it ends. */
static void fill_rows(lane_lattice *b, const lattice *l, const problem *p)
{
    int64_t *start = b->row_start + 1;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        uint32_t first = p->couplings[k].first, second = p->couplings[k].second;
        int64_t in_first = start[first]++, in_second = start[second]++;
        b->neighbour[in_first] = second * LANES_READS;
        b->neighbour[in_second] = first * LANES_READS;
        if (b->change)
            b->change[in_first] = b->change[in_second] = change_of(l, p->couplings[k].value);
    }
    for (int64_t i = 0; i < p->spins; i++)
        for (; start[i] % LANES_ROW_STEP; start[i]++) {
            b->neighbour[start[i]] = (uint32_t)p->spins * LANES_READS;
            if (b->change)
                b->change[start[i]] = 0;
        }
}

/* ---- opening --------------------------------------------------------------------------------- */

isg_status lane_lattice_open(lane_lattice *b, const lattice *l, const problem *p, isg_error *error)
{
    const isg_allocator *a = l->allocator;
    size_t spins = (size_t)l->spins;
    *b = (lane_lattice){0};
    b->row_start = memory_take_zeroed(a, spins + 2, sizeof *b->row_start);
    b->base = memory_take(a, spins, 1);
    if (b->row_start && b->base) {
        bool alike = all_alike(p);
        measure_rows(b, p);
        b->neighbour = memory_take(a, (size_t)b->entries, sizeof *b->neighbour);
        b->change = alike ? NULL : memory_take(a, (size_t)b->entries, 1);
        b->used = b->neighbour && (alike || b->change);
        b->layout.step = (int8_t)(!alike ? -1 : p->coupling_count ? change_of(l, p->couplings[0].value) : 1);
    }
    if (!b->used) {
        lane_lattice_close(b, l);
        return error_no_memory(error);
    }
    fill_rows(b, l, p);
    for (size_t i = 0; i < spins; i++)
        b->base[i] = (int8_t)(l->base.whole[i] / l->quantum);
    b->layout.spins = l->spins;
    b->layout.row_start = b->row_start;
    b->layout.neighbour = b->neighbour;
    b->layout.change = b->change;
    b->layout.base = b->base;
    const lane_level *levels[LANE_LEVELS];
    lane_levels(levels);
    b->level = levels[0];
    return ISG_OK;
}

void lane_lattice_close(lane_lattice *b, const lattice *l)
{
    const isg_allocator *a = l->allocator;
    size_t spins = (size_t)l->spins;
    memory_release(a, b->row_start, spins + 2, sizeof *b->row_start);
    memory_release(a, b->neighbour, (size_t)b->entries, sizeof *b->neighbour);
    memory_release(a, b->change, (size_t)b->entries, 1);
    memory_release(a, b->base, spins, 1);
    *b = (lane_lattice){0};
}

bool lane_state_open(lane_state *s, const lane_lattice *b, const lattice *l)
{
    *s = (lane_state){.b = b->layout};
    if (!b->used)
        return true;
    size_t values = ((size_t)l->spins + 1) * LANES_READS;
    size_t limits = ((size_t)l->spins + LANES_PAIR - 1) / LANES_PAIR * LANES_LIMIT_BYTES;
    s->memory = memory_take_aligned(l->allocator, values + limits);
    s->b.value = (int8_t *)s->memory.at;
    s->b.limit = s->b.value ? s->b.value + values : NULL;
    return s->b.value;
}

void lane_state_close(lane_state *s, const lattice *l)
{
    memory_release_aligned(l->allocator, &s->memory);
}

/* ---- reads ----------------------------------------------------------------------------------- */

int64_t lane_state_sweep(const lane_state *s, const lane_lattice *b, const lattice *l, const uint32_t key[2], uint32_t number,
                         double temperature, uint64_t counted)
{
    return b->level->sweep(&s->b, key, number, l->unit * (double)l->quantum / temperature, counted);
}

int32_t lane_state_lowest(const lane_state *s, const lane_lattice *b, const lattice *l, int32_t count, kernel_energy *energy)
{
    int32_t twice[LANES_READS], lowest = 0;
    b->level->energies(&s->b, twice);
    for (int32_t read = 1; read < count; read++)
        lowest = twice[read] < twice[lowest] ? read : lowest;
    *energy = (kernel_energy){.whole = twice[lowest] * l->quantum / 2};
    return lowest;
}

void lane_state_give(const lane_state *s, int32_t read, int8_t *up)
{
    for (int64_t i = 0; i < s->b.spins; i++)
        up[i] = s->b.value[i * LANES_READS + read] != 0;
}
