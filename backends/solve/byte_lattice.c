/* byte_lattice.c - see byte_lattice.h. */
#include "backends/solve/byte_lattice.h"

#include "runtime/error.h"
#include "runtime/philox.h"

#include <math.h>
#include <string.h>

/* Blocks that are open at a time: a spin goes into the first that holds none of its neighbours. */
enum { OPEN_BLOCKS = 64, LEAST_BLOCKS = 2 };
/* Places and entries there may be for one of the lattice, before the layout is not worth it. */
static const int64_t most_padding = 2;

bool byte_lattice_fits(const lattice *l)
{
    return l->exact && l->hot > 0 && l->spins >= LEAST_BLOCKS * BYTES_BLOCK && l->reach <= BYTES_LARGEST * (double)l->quantum;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static int64_t degree(const lattice *l, int64_t spin)
{
    return l->row_start[spin + 1] - l->row_start[spin];
}

/* Spins by falling number of neighbours (at most BYTES_LARGEST * 2 of them count), so that the rows of a block are alike. */
enum { MOST_DEGREE = 255 };

static void sort_by_degree(const lattice *l, uint32_t *order)
{
    int64_t start[MOST_DEGREE + 2] = {0};
    for (int64_t i = 0; i < l->spins; i++)
        start[MOST_DEGREE - degree(l, i) + 1]++;
    for (int d = 0; d <= MOST_DEGREE; d++)
        start[d + 1] += start[d];
    for (int64_t i = 0; i < l->spins; i++)
        order[start[MOST_DEGREE - degree(l, i)]++] = (uint32_t)i;
}

typedef struct packing {
    const lattice *l;
    uint32_t *place, *order;
    uint32_t *block; /* [spins]: of a spin; while it has none, `spins` */
    uint32_t *met;   /* [spins + 1]: of a block, the last spin that has a neighbour there, plus 1 */
    uint8_t *taken;  /* [spins]: of a block, its spins */
    int64_t blocks;
    int64_t open[OPEN_BLOCKS];
    int32_t open_count;
} packing;

static void close_block(packing *p, int32_t at)
{
    p->open_count--;
    memmove(p->open + at, p->open + at + 1, (size_t)(p->open_count - at) * sizeof *p->open);
}

static void place(packing *p, uint32_t spin)
{
    const lattice *l = p->l;
    for (int64_t k = l->row_start[spin]; k < l->row_start[spin + 1]; k++)
        p->met[p->block[l->neighbour[k]]] = spin + 1;
    int32_t at = 0;
    while (at < p->open_count && p->met[p->open[at]] == spin + 1)
        at++;
    if (at == OPEN_BLOCKS)
        close_block(p, --at);
    if (at == p->open_count) {
        p->taken[p->blocks] = 0;
        p->open[p->open_count++] = p->blocks++;
    }
    int64_t block = p->open[at];
    p->block[spin] = (uint32_t)block;
    p->place[spin] = (uint32_t)(block * BYTES_BLOCK + p->taken[block]++);
    if (p->taken[block] == BYTES_BLOCK)
        close_block(p, at);
}

/* False without memory. blocks stays 0 where the spins take too many. */
static bool pack(byte_lattice *b, const lattice *l)
{
    size_t spins = (size_t)l->spins;
    packing p = {.l = l, .place = b->place};
    p.order = memory_take(l->allocator, spins, sizeof *p.order);
    p.block = memory_take(l->allocator, spins, sizeof *p.block);
    p.met = memory_take(l->allocator, spins + 1, sizeof *p.met);
    p.taken = memory_take(l->allocator, spins, sizeof *p.taken);
    bool complete = p.order && p.block && p.met && p.taken;
    if (complete) {
        for (size_t i = 0; i < spins; i++)
            p.block[i] = (uint32_t)spins;
        memset(p.met, 0, (spins + 1) * sizeof *p.met);
        sort_by_degree(l, p.order);
        for (int64_t i = 0; i < l->spins; i++)
            place(&p, p.order[i]);
        int64_t blocks = (p.blocks + 1) / 2 * 2;
        b->layout.blocks = blocks * BYTES_BLOCK <= most_padding * l->spins ? blocks : 0;
    }
    memory_release(l->allocator, p.order, spins, sizeof *p.order);
    memory_release(l->allocator, p.block, spins, sizeof *p.block);
    memory_release(l->allocator, p.met, spins + 1, sizeof *p.met);
    memory_release(l->allocator, p.taken, spins, sizeof *p.taken);
    return complete;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Where each block's rows begin, and how many entries there are. */
static void measure_rows(byte_lattice *b, const lattice *l)
{
    memset(b->row_length, 0, (size_t)b->layout.blocks * sizeof *b->row_length);
    memset(b->spin, 0xff, (size_t)b->layout.blocks * BYTES_BLOCK * sizeof *b->spin);
    for (int64_t i = 0; i < l->spins; i++) {
        int32_t *length = &b->row_length[b->place[i] / BYTES_BLOCK];
        int32_t needed = (int32_t)((degree(l, i) + BYTES_ROW_STEP - 1) / BYTES_ROW_STEP * BYTES_ROW_STEP);
        *length = needed > *length ? needed : *length;
        b->spin[b->place[i]] = (uint32_t)i;
    }
    for (int64_t k = 0; k < b->layout.blocks; k++) {
        b->row_start[k] = b->entries;
        b->entries += (int64_t)b->row_length[k] * BYTES_BLOCK;
    }
}

static bool all_alike(const lattice *l)
{
    int32_t differ = 0;
    for (int64_t k = 0; k < l->entries; k++)
        differ |= l->change.whole[k] ^ l->change.whole[0];
    return !differ;
}

static void fill_row(byte_lattice *b, const lattice *l, int64_t spin)
{
    if (b->rows.at) {
        int8_t *row = (int8_t *)b->rows.at + b->place[spin] * b->layout.blocks * BYTES_BLOCK;
        for (int64_t k = l->row_start[spin]; k < l->row_start[spin + 1]; k++)
            row[b->place[l->neighbour[k]]] = (int8_t)(l->change.whole[k] / l->quantum);
        return;
    }
    int64_t block = b->place[spin] / BYTES_BLOCK, lane = b->place[spin] % BYTES_BLOCK, first = l->row_start[spin];
    int64_t at = b->row_start[block] + lane * b->row_length[block], count = degree(l, spin);
    for (int64_t k = 0; k < count; k++)
        b->neighbour[at + k] = b->place[l->neighbour[first + k]];
    for (int64_t k = count; k < b->row_length[block]; k++)
        b->neighbour[at + k] = (uint32_t)(b->layout.blocks * BYTES_BLOCK);
    for (int64_t k = 0; k < b->row_length[block] && b->change; k++)
        b->change[at + k] = k < count ? (int8_t)(l->change.whole[first + k] / l->quantum) : 0;
}

static void fill(byte_lattice *b, const lattice *l)
{
    int64_t places = b->layout.blocks * BYTES_BLOCK;
    memset(b->base, BYTES_PADDING, (size_t)places);
    memset(b->base + places, 0, BYTES_BLOCK);
    for (int64_t i = 0; i < l->spins; i++) {
        b->base[b->place[i]] = (int8_t)(l->base.whole[i] / l->quantum);
        fill_row(b, l, i);
    }
    b->layout.row_start = b->row_start;
    b->layout.row_length = b->row_length;
    b->layout.neighbour = b->neighbour;
    b->layout.base = b->base;
    b->layout.change = b->change;
    b->layout.rows = (const int8_t *)b->rows.at;
    b->layout.step = (int8_t)(l->entries ? l->change.whole[0] / l->quantum : 0);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A vector of a row costs as much as this many neighbours in a list. Rows stay within a cache. */
enum { ROW_COST = 2, MOST_ROW_BYTES = 4 << 20 };

static bool take_couplings(byte_lattice *b, const lattice *l)
{
    const isg_allocator *a = l->allocator;
    int64_t places = b->layout.blocks * BYTES_BLOCK;
    if (b->entries >= ROW_COST * b->layout.blocks * places && (places + 1) * places <= MOST_ROW_BYTES) {
        b->entries = 0;
        b->rows = memory_take_aligned(a, (size_t)((places + 1) * places));
        return b->rows.at;
    }
    bool alike = all_alike(l);
    b->neighbour = memory_take(a, (size_t)b->entries, sizeof *b->neighbour);
    b->change = alike ? NULL : memory_take(a, (size_t)b->entries, 1);
    return b->neighbour && (alike || b->change);
}

static isg_status lay_out(byte_lattice *b, const lattice *l, isg_error *error)
{
    const isg_allocator *a = l->allocator;
    size_t blocks = (size_t)b->layout.blocks;
    b->spin = memory_take(a, blocks * BYTES_BLOCK, sizeof *b->spin);
    b->row_start = memory_take(a, blocks, sizeof *b->row_start);
    b->row_length = memory_take(a, blocks, sizeof *b->row_length);
    b->base = memory_take(a, (blocks + 1) * BYTES_BLOCK, 1);
    if (!b->spin || !b->row_start || !b->row_length || !b->base)
        return error_no_memory(error);
    measure_rows(b, l);
    if (!take_couplings(b, l))
        return error_no_memory(error);
    fill(b, l);
    const dense_level *levels[DENSE_LEVELS];
    dense_levels(levels);
    b->level = levels[0];
    b->used = true;
    return ISG_OK;
}

isg_status byte_lattice_open(byte_lattice *b, const lattice *l, isg_error *error)
{
    *b = (byte_lattice){0};
    if (!byte_lattice_fits(l))
        return ISG_OK;
    b->place = memory_take(l->allocator, (size_t)l->spins, sizeof *b->place);
    isg_status status = b->place && pack(b, l) ? ISG_OK : error_no_memory(error);
    if (!status && b->layout.blocks)
        status = lay_out(b, l, error);
    if (!b->used)
        byte_lattice_close(b, l);
    return status;
}

void byte_lattice_close(byte_lattice *b, const lattice *l)
{
    const isg_allocator *a = l->allocator;
    size_t blocks = (size_t)b->layout.blocks;
    memory_release(a, b->place, (size_t)l->spins, sizeof *b->place);
    memory_release(a, b->spin, blocks * BYTES_BLOCK, sizeof *b->spin);
    memory_release(a, b->row_start, blocks, sizeof *b->row_start);
    memory_release(a, b->row_length, blocks, sizeof *b->row_length);
    memory_release(a, b->base, (blocks + 1) * BYTES_BLOCK, 1);
    memory_release(a, b->neighbour, (size_t)b->entries, sizeof *b->neighbour);
    memory_release(a, b->change, (size_t)b->entries, 1);
    memory_release_aligned(a, &b->rows);
    *b = (byte_lattice){0};
}

bool byte_state_open(byte_state *s, const byte_lattice *b, const lattice *l)
{
    *s = (byte_state){.b = b->layout};
    if (!b->used)
        return true;
    size_t places = (size_t)b->layout.blocks * BYTES_BLOCK;
    s->memory = memory_take_aligned(l->allocator, 2 * places + BYTES_BLOCK);
    s->b.up = (int8_t *)s->memory.at;
    s->b.field = s->b.up ? s->b.up + places : NULL;
    return s->b.up;
}

void byte_state_close(byte_state *s, const lattice *l)
{
    memory_release_aligned(l->allocator, &s->memory);
}

/* ---- sweeps ---------------------------------------------------------------------------------- */

void byte_state_start(const byte_state *s, const byte_lattice *b, const lattice *l, const uint32_t key[2])
{
    memset(s->b.up, 0, (size_t)s->b.blocks * BYTES_BLOCK);
    uint32_t draws[4];
    for (int64_t i = 0; i < l->spins; i++) {
        if (i % 4 == 0)
            philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)(i / 4), draws);
        s->b.up[b->place[i]] = draws[i % 4] >> 31 ? -1 : 0;
    }
    b->level->byte_fields(&s->b);
}

int64_t byte_state_sweep(const byte_state *s, const byte_lattice *b, const lattice *l, const uint32_t key[2], uint32_t number,
                         double temperature)
{
    return b->level->byte_sweep(&s->b, key, number, l->unit * (double)l->quantum / temperature);
}

void byte_state_give(const byte_state *s, const byte_lattice *b, const lattice *l, kernel_state *to)
{
    for (int64_t i = 0; i < l->padded; i++) {
        bool spin = i < l->spins;
        to->turn.whole[i] = spin && s->b.up[b->place[i]] ? -1 : 1;
        to->field.whole[i] = spin ? (int32_t)(s->b.field[b->place[i]] * l->quantum) : 0;
    }
}
