/* dense_lattice.c - see dense_lattice.h. */
#include "backends/solve/dense_lattice.h"

#include "runtime/error.h"
#include "runtime/philox.h"

#include <math.h>

/* A flip adds a row of n numbers one after the other, or degree numbers here and there: each of these costs as much as some
 * twenty of those. */
static const double list_cost = 20;
/* Rounding in float32 fields, relative to the largest there may be, with what gathers between two renewals. */
static const double float_error = 0x1p-15;
enum { RENEWAL_SWEEPS = 1024 };

bool dense_lattice_pays(int64_t spins, int64_t couplings)
{
    return spins > 1 && list_cost * 2 * (double)couplings >= (double)spins * (double)spins;
}

/* ---- what the rows are to hold ---- */

typedef struct row_sizes {
    double largest, reach;
} row_sizes;

static double change_of(const lattice *l, int64_t entry)
{
    return l->exact ? l->change.whole[entry] : l->change.real[entry];
}

static double base_of(const lattice *l, int64_t spin)
{
    return l->exact ? l->base.whole[spin] : l->base.real[spin];
}

/* A field is base and the changes of the neighbours that are up: between base and all that fall, base and all that rise. */
static row_sizes measure(const lattice *l)
{
    row_sizes s = {0};
    for (int64_t i = 0; i < l->spins; i++) {
        double low = base_of(l, i), high = low;
        for (int64_t k = l->row_start[i]; k < l->row_start[i + 1]; k++) {
            double change = change_of(l, k);
            s.largest = fmax(s.largest, fabs(change) / l->unit);
            low += fmin(change, 0);
            high += fmax(change, 0);
        }
        s.reach = fmax(s.reach, fmax(fabs(low), fabs(high)));
    }
    return s;
}

/* ---- opening ---- */

static void fill(const dense *rows, const lattice *l, double *row)
{
    for (int64_t i = 0; i < l->spins; i++) {
        memset(row, 0, (size_t)l->spins * sizeof *row);
        for (int64_t k = l->row_start[i]; k < l->row_start[i + 1]; k++)
            row[l->neighbour[k]] = change_of(l, k) / l->unit;
        dense_fill_row(rows, i, row);
        dense_fill_base(rows, i, base_of(l, i));
    }
}

isg_status dense_lattice_open(dense_lattice *d, const lattice *l, isg_error *error)
{
    const dense_level *levels[DENSE_LEVELS];
    *d = (dense_lattice){0};
    if (!(l->hot > 0) || !dense_lattice_pays(l->spins, l->entries / 2))
        return ISG_OK;
    row_sizes sizes = measure(l);
    dense_numbers numbers = dense_choose(l->exact, sizes.largest, sizes.reach);
    if (numbers == DENSE_FLOAT && !(sizes.reach * float_error <= l->cold / l->unit))
        return ISG_OK;
    double *row = memory_take(l->allocator, (size_t)l->spins, sizeof *row);
    d->memory = memory_take_aligned(l->allocator, (size_t)dense_bytes(l->spins, numbers));
    if (row && d->memory.at) {
        d->used = true;
        d->rows = dense_place(l->spins, numbers, (int32_t)l->unit, sizes.largest, d->memory.at);
        fill(&d->rows, l, row);
        dense_levels(levels);
        d->level = levels[0];
    }
    memory_release(l->allocator, row, (size_t)l->spins, sizeof *row);
    if (d->used)
        return ISG_OK;
    dense_lattice_close(d, l);
    return error_no_memory(error);
}

void dense_lattice_close(dense_lattice *d, const lattice *l)
{
    memory_release_aligned(l->allocator, &d->memory);
    d->used = false;
}

bool dense_state_open(dense_state *s, const dense_lattice *d, const lattice *l)
{
    *s = (dense_state){.d = d->rows};
    if (!d->used)
        return true;
    s->memory = memory_take_aligned(l->allocator, (size_t)dense_state_bytes(l->spins, d->rows.numbers));
    if (s->memory.at)
        dense_place_state(&s->d, s->memory.at);
    return s->memory.at;
}

void dense_state_close(dense_state *s, const lattice *l)
{
    memory_release_aligned(l->allocator, &s->memory);
}

/* ---- sweeps ---- */

void dense_state_start(const dense_state *s, const dense_lattice *d, const uint32_t key[2])
{
    for (int64_t block = 0; block < s->d.padded / 4; block++) {
        uint32_t draws[4];
        philox_sweep_block(key, PHILOX_START_SWEEP, (uint32_t)block, draws);
        for (int lane = 0; lane < 4; lane++)
            s->d.turn[4 * block + lane] = draws[lane] >> 31 ? -1 : 1;
    }
    d->level->fields(&s->d);
}

int64_t dense_state_sweep(const dense_state *s, const dense_lattice *d, const lattice *l, const uint32_t key[2], uint32_t number,
                          double temperature)
{
    if (s->d.numbers == DENSE_FLOAT && number % RENEWAL_SWEEPS == RENEWAL_SWEEPS - 1)
        d->level->fields(&s->d);
    return d->level->sweep(&s->d, key, number, temperature / l->unit);
}

void dense_state_give(const dense_state *s, const lattice *l, kernel_state *to)
{
    for (int64_t i = 0; i < l->padded; i++)
        if (!l->exact)
            to->turn.real[i] = i < l->spins ? s->d.turn[i] : 1;
        else {
            to->turn.whole[i] = i < l->spins ? s->d.turn[i] : 1;
            to->field.whole[i] =
                s->d.numbers == DENSE_INT8 ? ((const int16_t *)s->d.fields)[i] : ((const int32_t *)s->d.fields)[i];
        }
}
