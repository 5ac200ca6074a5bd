/* dense_lattice.c - see dense_lattice.h. */
#include "backends/solve/dense_lattice.h"

#include "runtime/error.h"
#include "runtime/philox.h"

#include <float.h>

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

/* ---- opening ---- */

enum { MIRROR_BLOCK = 64 }; /* so many rows of so many numbers stay in the first-level cache, and their image too */

/* The couplings come in order, above the diagonal; below it they are copied block by block. */
#define FILL(type)                                                                                                               \
    {                                                                                                                            \
        type *const rows = d->rows;                                                                                              \
        for (const problem_coupling *c = p->couplings; c < end; c++)                                                             \
            rows[c->first * stride + c->second] = (type)(c->value * factor);                                                     \
        for (int64_t from = 0; from < d->spins; from += MIRROR_BLOCK)                                                            \
            for (int64_t row = from + 1; row < d->spins; row++)                                                                  \
                for (int64_t i = from; i < row && i < from + MIRROR_BLOCK; i++)                                                  \
                    rows[row * stride + i] = rows[i * stride + row];                                                             \
    }

static void fill_rows(const dense *d, const lattice *l, const problem *p)
{
    const double factor = lattice_number(l, 1);
    const int64_t stride = d->stride;
    const problem_coupling *const end = p->couplings + p->coupling_count;
    if (d->numbers == DENSE_INT8)
        FILL(int8_t)
    else if (d->numbers == DENSE_INT16)
        FILL(int16_t)
    else
        FILL(float)
}

static void fill(const dense *d, const lattice *l, const problem *p)
{
    fill_rows(d, l, p);
    for (int64_t i = 0; i < l->spins; i++)
        dense_fill_base(d, i, l->exact ? l->base.whole[i] : l->base.real[i]);
}

isg_status dense_lattice_open(dense_lattice *d, const lattice *l, const problem *p, isg_error *error)
{
    const dense_level *levels[DENSE_LEVELS];
    *d = (dense_lattice){0};
    if (!(l->hot > 0) || !dense_lattice_pays(l->spins, p->coupling_count))
        return ISG_OK;
    dense_numbers numbers = dense_choose(l->exact, l->largest, l->reach);
    double factor = lattice_number(l, 1);
    if (numbers == DENSE_FLOAT && !(l->reach * float_error <= l->cold / l->unit && factor > 0 && factor <= DBL_MAX))
        return ISG_OK;
    d->memory = memory_take_aligned(l->allocator, (size_t)dense_bytes(l->spins, numbers));
    if (!d->memory.at)
        return error_no_memory(error);
    d->used = true;
    d->exact = numbers != DENSE_FLOAT;
    d->rows = dense_place(l->spins, numbers, (int32_t)l->unit, l->largest, d->memory.at);
    fill(&d->rows, l, p);
    dense_levels(levels);
    d->level = levels[0];
    return ISG_OK;
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

int64_t dense_state_descend(const dense_state *s, const dense_lattice *d)
{
    return d->level->descend(&s->d);
}

void dense_state_give(const dense_state *s, const lattice *l, kernel_state *to)
{
    for (int64_t i = 0; i < l->padded; i++) {
        int turn = i < l->spins ? s->d.turn[i] : 1;
        if (l->exact)
            to->turn.whole[i] = turn;
        else
            to->turn.real[i] = turn;
        if (s->d.numbers == DENSE_INT8)
            to->field.whole[i] = ((const int16_t *)s->d.fields)[i];
        else if (s->d.numbers == DENSE_INT16)
            to->field.whole[i] = ((const int32_t *)s->d.fields)[i];
    }
    if (l->exact && s->d.numbers == DENSE_FLOAT)
        kernel_fields(l, to);
}
