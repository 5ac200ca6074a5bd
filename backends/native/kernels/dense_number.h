/* dense_number.h - what of dense.h depends on the type of number. Included by dense.h once for each type, with ROW and FIELD the
 * types of numbers in rows and fields, FIELDS, ROWS and TURNS vectors of WIDTH fields, numbers of a row and turns, BITS what
 * takes a comparison of FIELDS to bits, NAMED(x) the name of x for this type and, of whole numbers, SUMS a whole vector of ROW.
 */

enum { NAMED(vectors) = DENSE_BLOCK / WIDTH };

/* The flips of a span, in order: rows, and what their numbers are multiplied by. Whole rows are added up in any order: flips up
 * and flips down apart. */
typedef struct NAMED(flips) {
#ifdef SUMS
    const ROW *up[DENSE_SPAN], *down[DENSE_SPAN];
#else
    const ROW *row[DENSE_SPAN];
    FIELD step[DENSE_SPAN];
#endif
    dense_mark end;
} NAMED(flips);

VECTOR_INLINE FIELDS NAMED(load)(const FIELD *from)
{
    FIELDS x;
    __builtin_memcpy(&x, from, sizeof x);
    return x;
}

VECTOR_INLINE void NAMED(store)(FIELD *to, FIELDS x)
{
    __builtin_memcpy(to, &x, sizeof x);
}

VECTOR_INLINE FIELDS NAMED(load_row)(const ROW *from)
{
    ROWS x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, FIELDS);
}

VECTOR_INLINE FIELDS NAMED(load_turn)(const int8_t *from)
{
    TURNS x;
    __builtin_memcpy(&x, from, sizeof x);
    return __builtin_convertvector(x, FIELDS);
}

/* ---- rows into fields ---- */

#ifdef SUMS
enum { NAMED(sum_width) = sizeof(SUMS) / sizeof(ROW), NAMED(block_sums) = DENSE_BLOCK / NAMED(sum_width) };

VECTOR_INLINE void NAMED(note)(NAMED(flips) * flips, const ROW *row, FIELD step)
{
    flips->up[flips->end.up] = flips->down[flips->end.down] = row;
    flips->end.up += step > 0;
    flips->end.down += step < 0;
}

/* The flips from one mark to the other, so few that the sum of their rows fits. */
VECTOR_INLINE void NAMED(add_tile)(FIELD *fields, const NAMED(flips) * flips, dense_mark from, dense_mark to, FIELD change,
                                   int64_t at, int vectors)
{
    SUMS sum[4], x;
    for (int v = 0; v < vectors; v++)
        sum[v] = (SUMS){0};
    for (int32_t k = from.up; k < to.up; k++)
        for (int v = 0; v < vectors; v++) {
            __builtin_memcpy(&x, flips->up[k] + at + NAMED(sum_width) * v, sizeof x);
            sum[v] += x;
        }
    for (int32_t k = from.down; k < to.down; k++)
        for (int v = 0; v < vectors; v++) {
            __builtin_memcpy(&x, flips->down[k] + at + NAMED(sum_width) * v, sizeof x);
            sum[v] -= x;
        }
    for (int v = 0; v < vectors; v++)
        for (int half = 0; half < 2; half++) {
            FIELD *field = fields + at + NAMED(sum_width) * v + WIDTH * half;
            ROWS part;
            __builtin_memcpy(&part, (char *)&sum[v] + half * sizeof part, sizeof part);
            NAMED(store)(field, NAMED(load)(field) + __builtin_convertvector(part, FIELDS) * change);
        }
}

/* To the fields of whole blocks. */
static inline void NAMED(add)(const dense *d, const NAMED(flips) * flips, dense_mark from, dense_mark to, int64_t first,
                              int64_t end)
{
    while (first < end && (from.up < to.up || from.down < to.down)) {
        int32_t ups = to.up - from.up < d->batch ? to.up - from.up : d->batch, left = d->batch - ups;
        int32_t downs = to.down - from.down < left ? to.down - from.down : left;
        dense_mark next = {from.up + ups, from.down + downs};
        int64_t at = first;
        for (; at + 4 * NAMED(sum_width) <= end; at += 4 * NAMED(sum_width))
            NAMED(add_tile)(d->fields, flips, from, next, (FIELD)d->change, at, 4);
        for (; at < end; at += DENSE_BLOCK)
            NAMED(add_tile)(d->fields, flips, from, next, (FIELD)d->change, at, NAMED(block_sums));
        from = next;
    }
}
#else
VECTOR_INLINE void NAMED(note)(NAMED(flips) * flips, const ROW *row, FIELD step)
{
    flips->row[flips->end.up] = row;
    flips->step[flips->end.up++] = step;
}

/* To the fields of whole blocks. */
static inline void NAMED(add)(const dense *d, const NAMED(flips) * flips, dense_mark from, dense_mark to, int64_t first,
                              int64_t end)
{
    FIELD *fields = d->fields;
    for (int64_t at = first; at < end && from.up < to.up; at += DENSE_BLOCK) {
        FIELDS f[NAMED(vectors)];
        for (int v = 0; v < NAMED(vectors); v++)
            f[v] = NAMED(load)(fields + at + WIDTH * v);
        for (int32_t k = from.up; k < to.up; k++)
            for (int v = 0; v < NAMED(vectors); v++)
                f[v] += NAMED(load_row)(flips->row[k] + at + WIDTH * v) * flips->step[k];
        for (int v = 0; v < NAMED(vectors); v++)
            NAMED(store)(fields + at + WIDTH * v, f[v]);
    }
}
#endif

static inline void NAMED(renew)(const dense *d)
{
    const dense_mark none = {0, 0};
    NAMED(flips) flips = {.end = none};
    __builtin_memcpy(d->fields, d->base, (uint64_t)d->padded * sizeof(FIELD));
    for (int64_t i = 0; i < d->spins; i++) {
        if (d->turn[i] < 0)
            NAMED(note)(&flips, (const ROW *)d->rows + i * d->stride, (FIELD)d->change);
        if (flips.end.up == DENSE_SPAN || i + 1 == d->spins) {
            NAMED(add)(d, &flips, none, flips.end, 0, d->padded);
            flips.end = none;
        }
    }
}

/* ---- a sweep ---- */

/* The spins of a block whose flip costs no more than the limit, as bits. */
VECTOR_INLINE uint64_t NAMED(within)(const FIELDS *f, const FIELDS *turn, const FIELDS *limit)
{
    uint64_t bits = 0;
    for (int v = 0; v < NAMED(vectors); v++)
        bits |= (uint64_t)BITS(f[v] * turn[v] <= limit[v]) << (WIDTH * v);
    return bits;
}

VECTOR_INLINE void NAMED(draw)(const uint32_t key[2], uint32_t sweep, int64_t first, float factor, FIELDS *limit)
{
    u32x16 draws[4];
    f32x16 x[4];
    philox_sweep_64(key, sweep, (uint32_t)(first / DENSE_BLOCK), draws);
    for (int v = 0; v < 4; v++)
        x[v] = minus_log(draws[v]) * factor;
    NAMED(limits)(x, limit);
}

/* Flips spin `first` + lane, which is of vector `own`, and renews the fields of its block. */
VECTOR_INLINE void NAMED(flip)(const dense *d, int64_t first, int lane, FIELDS *f, NAMED(flips) * flips)
{
    int64_t spin = first + lane;
    const ROW *row = (const ROW *)d->rows + spin * d->stride;
    FIELD step = (FIELD)(d->turn[spin] * d->change);
    d->turn[spin] = (int8_t)-d->turn[spin];
    NAMED(note)(flips, row, step);
    for (int v = 0; v < NAMED(vectors); v++)
        f[v] += NAMED(load_row)(row + first + WIDTH * v) * step;
}

/* Vector by vector: the first spin within its limit flips; what is behind it is tested again, what is before it is done with. */
VECTOR_INLINE void NAMED(decide)(const dense *d, int64_t first, uint64_t valid, FIELDS *f, const FIELDS *turn,
                                 const FIELDS *limit, NAMED(flips) * flips)
{
    for (int v = 0; v < NAMED(vectors); v++) {
        uint32_t left = (uint32_t)(valid >> (WIDTH * v)) & (uint32_t)((UINT64_C(1) << WIDTH) - 1);
        uint32_t bits = (uint32_t)BITS(f[v] * turn[v] <= limit[v]) & left;
        while (bits) {
            int lane = __builtin_ctz(bits);
            NAMED(flip)(d, first, WIDTH * v + lane, f, flips);
            left &= ~UINT32_C(1) << lane;
            bits = (uint32_t)BITS(f[v] * turn[v] <= limit[v]) & left;
        }
    }
}

/* What decides in a block: limits drawn for a sweep, or, in a descent, the same for all: only what gains. */
typedef struct NAMED(rule) {
    const uint32_t *key; /* NULL: a descent */
    uint32_t sweep;
    float factor;
    FIELDS most[NAMED(vectors)]; /* no limit is larger */
} NAMED(rule);

/* A block takes the flips that came before it in its span, and adds its own. */
VECTOR_INLINE void NAMED(sweep_block)(const dense *d, const NAMED(rule) * rule, int64_t first, NAMED(flips) * flips)
{
    const dense_mark none = {0, 0};
    FIELD *fields = (FIELD *)d->fields + first;
    FIELDS f[NAMED(vectors)], turn[NAMED(vectors)], limit[NAMED(vectors)];
    uint64_t valid = dense_valid(d, first);
    NAMED(add)(d, flips, none, flips->end, first, first + DENSE_BLOCK);
    for (int v = 0; v < NAMED(vectors); v++) {
        f[v] = NAMED(load)(fields + WIDTH * v);
        turn[v] = NAMED(load_turn)(d->turn + first + WIDTH * v);
        limit[v] = rule->most[v];
    }
    if (!(NAMED(within)(f, turn, limit) & valid))
        return;
    if (rule->key)
        NAMED(draw)(rule->key, rule->sweep, first, rule->factor, limit);
    NAMED(decide)(d, first, valid, f, turn, limit, flips);
    for (int v = 0; v < NAMED(vectors); v++)
        NAMED(store)(fields + WIDTH * v, f[v]);
}

/* Blocks that come before a flip in its span get it at the end, as all outside do. Returns the flips. */
static inline int64_t NAMED(sweep_span)(const dense *d, const NAMED(rule) * rule, int64_t first, int64_t end)
{
    const dense_mark none = {0, 0};
    NAMED(flips) flips;
    dense_mark done[DENSE_SPAN / DENSE_BLOCK];
    flips.end = none;
    for (int64_t at = first; at < end; at += DENSE_BLOCK) {
        NAMED(sweep_block)(d, rule, at, &flips);
        done[(at - first) / DENSE_BLOCK] = flips.end;
    }
    for (int64_t at = first; at < end; at += DENSE_BLOCK)
        NAMED(add)(d, &flips, done[(at - first) / DENSE_BLOCK], flips.end, at, at + DENSE_BLOCK);
    NAMED(add)(d, &flips, none, flips.end, 0, first);
    NAMED(add)(d, &flips, none, flips.end, end, d->padded);
    return flips.end.up + flips.end.down;
}

static inline int64_t NAMED(sweep)(const dense *d, const uint32_t *key, uint32_t sweep, float factor)
{
    NAMED(rule) rule = {.key = key, .sweep = sweep, .factor = factor};
    f32x16 most[4];
    int64_t flips = 0;
    for (int v = 0; v < 4; v++)
        most[v] = f32x16_of(key ? dense_largest_threshold * factor : factor);
    NAMED(limits)(most, rule.most);
    for (int64_t first = 0; first < d->padded; first += DENSE_SPAN)
        flips += NAMED(sweep_span)(d, &rule, first, d->padded - first < DENSE_SPAN ? d->padded : first + DENSE_SPAN);
    return flips;
}

#undef NAMED
#undef ROW
#undef FIELD
#undef WIDTH
#undef FIELDS
#undef ROWS
#undef TURNS
#undef BITS
#undef SUMS
