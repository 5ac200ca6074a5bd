/* dense_number.h - what of dense.h depends on the type of number. Included by dense.h once for each type, with ROW and FIELD the
 * types of numbers in rows and fields, FIELDS, ROWS and TURNS vectors of WIDTH fields, numbers of a row and turns, BITS what
 * takes a comparison of FIELDS to bits, NAMED(x) the name of x for this type and, of whole numbers, SUMS a whole vector of ROW.
 */

enum { NAMED(vectors) = DENSE_BLOCK / WIDTH };

/* The flips of one block, in order: rows, and what their numbers are multiplied by. */
typedef struct NAMED(flips) {
    const ROW *row[DENSE_BLOCK];
    FIELD step[DENSE_BLOCK];
    int32_t count;
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

VECTOR_INLINE void NAMED(add_directly)(FIELD *fields, const NAMED(flips) * flips, int64_t first, int64_t end)
{
    for (int64_t at = first; at < end; at += DENSE_BLOCK) {
        FIELDS f[NAMED(vectors)];
        for (int v = 0; v < NAMED(vectors); v++)
            f[v] = NAMED(load)(fields + at + WIDTH * v);
        for (int32_t k = 0; k < flips->count; k++)
            for (int v = 0; v < NAMED(vectors); v++)
                f[v] += NAMED(load_row)(flips->row[k] + at + WIDTH * v) * flips->step[k];
        for (int v = 0; v < NAMED(vectors); v++)
            NAMED(store)(fields + at + WIDTH * v, f[v]);
    }
}

#ifdef SUMS
enum { NAMED(sum_width) = sizeof(SUMS) / sizeof(ROW) };

/* Flips up and flips down apart; so many of each that their rows' sum fits. */
typedef struct NAMED(batch) {
    const ROW *up[DENSE_BLOCK], *down[DENSE_BLOCK];
    int32_t ups, downs;
    FIELD change;
} NAMED(batch);

VECTOR_INLINE void NAMED(add_tile)(FIELD *fields, const NAMED(batch) * b, int64_t at, int vectors)
{
    SUMS sum[4], x;
    for (int v = 0; v < vectors; v++)
        sum[v] = (SUMS){0};
    for (int32_t k = 0; k < b->ups; k++)
        for (int v = 0; v < vectors; v++) {
            __builtin_memcpy(&x, b->up[k] + at + NAMED(sum_width) * v, sizeof x);
            sum[v] += x;
        }
    for (int32_t k = 0; k < b->downs; k++)
        for (int v = 0; v < vectors; v++) {
            __builtin_memcpy(&x, b->down[k] + at + NAMED(sum_width) * v, sizeof x);
            sum[v] -= x;
        }
    for (int v = 0; v < vectors; v++)
        for (int half = 0; half < 2; half++) {
            FIELD *to = fields + at + NAMED(sum_width) * v + WIDTH * half;
            ROWS part;
            __builtin_memcpy(&part, (char *)&sum[v] + half * sizeof part, sizeof part);
            NAMED(store)(to, NAMED(load)(to) + __builtin_convertvector(part, FIELDS) * b->change);
        }
}

VECTOR_INLINE void NAMED(add_sums)(FIELD *fields, const NAMED(batch) * b, int64_t first, int64_t end)
{
    int64_t at = first;
    for (; at + 4 * NAMED(sum_width) <= end; at += 4 * NAMED(sum_width))
        NAMED(add_tile)(fields, b, at, 4);
    for (; at < end; at += NAMED(sum_width))
        NAMED(add_tile)(fields, b, at, 1);
}

static inline void NAMED(add_batches)(const dense *d, const NAMED(flips) * flips, int64_t own)
{
    NAMED(batch) b = {.change = (FIELD)d->change};
    for (int32_t first = 0; first < flips->count; first += d->batch) {
        int32_t left = flips->count - first, count = left < d->batch ? left : d->batch;
        b.ups = b.downs = 0;
        for (int32_t k = first; k < first + count; k++) {
            b.up[b.ups] = b.down[b.downs] = flips->row[k];
            b.ups += flips->step[k] > 0;
            b.downs += flips->step[k] < 0;
        }
        NAMED(add_sums)(d->fields, &b, 0, own);
        NAMED(add_sums)(d->fields, &b, own + DENSE_BLOCK, d->padded);
    }
}
#endif

/* To all fields but those of the block that begins at `own`. */
static inline void NAMED(add)(const dense *d, const NAMED(flips) * flips, int64_t own)
{
#ifdef SUMS
    if (d->batch > 1) {
        NAMED(add_batches)(d, flips, own);
        return;
    }
#endif
    NAMED(add_directly)(d->fields, flips, 0, own);
    NAMED(add_directly)(d->fields, flips, own + DENSE_BLOCK, d->padded);
}

static inline void NAMED(renew)(const dense *d)
{
    NAMED(flips) flips = {.count = 0};
    __builtin_memcpy(d->fields, d->base, (uint64_t)d->padded * sizeof(FIELD));
    for (int64_t i = 0; i < d->spins; i++) {
        if (d->turn[i] < 0) {
            flips.row[flips.count] = (const ROW *)d->rows + i * d->stride;
            flips.step[flips.count++] = (FIELD)d->change;
        }
        if (flips.count == DENSE_BLOCK || i + 1 == d->spins) {
            NAMED(add)(d, &flips, -DENSE_BLOCK);
            flips.count = 0;
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
    flips->row[flips->count] = row;
    flips->step[flips->count++] = step;
    for (int v = 0; v < NAMED(vectors); v++)
        f[v] += NAMED(load_row)(row + first + WIDTH * v) * step;
}

/* Vector by vector: what is behind a flip is tested again, what is before it is done with. */
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

/* The rows of the next block, as far as that block reads them, one by one, before anything else. */
VECTOR_INLINE void NAMED(prefetch)(const dense *d, int64_t first)
{
    for (int64_t i = first; i < first + DENSE_BLOCK && i < d->spins; i++)
        __builtin_prefetch((const ROW *)d->rows + i * d->stride + first, 0, 3);
}

static inline int32_t NAMED(sweep_block)(const dense *d, const NAMED(rule) * rule, int64_t first)
{
    FIELD *fields = (FIELD *)d->fields + first;
    FIELDS f[NAMED(vectors)], turn[NAMED(vectors)], limit[NAMED(vectors)];
    NAMED(flips) flips;
    uint64_t valid = dense_valid(d, first);
    for (int v = 0; v < NAMED(vectors); v++) {
        f[v] = NAMED(load)(fields + WIDTH * v);
        turn[v] = NAMED(load_turn)(d->turn + first + WIDTH * v);
        limit[v] = rule->most[v];
    }
    if (!(NAMED(within)(f, turn, limit) & valid))
        return 0;
    flips.count = 0;
    if (rule->key)
        NAMED(draw)(rule->key, rule->sweep, first, rule->factor, limit);
    NAMED(decide)(d, first, valid, f, turn, limit, &flips);
    if (!flips.count)
        return 0;
    for (int v = 0; v < NAMED(vectors); v++)
        NAMED(store)(fields + WIDTH * v, f[v]);
    NAMED(prefetch)(d, first + DENSE_BLOCK);
    NAMED(add)(d, &flips, first);
    return flips.count;
}

static inline int64_t NAMED(sweep)(const dense *d, const uint32_t *key, uint32_t sweep, float factor)
{
    NAMED(rule) rule = {.key = key, .sweep = sweep, .factor = factor};
    f32x16 most[4];
    int64_t flips = 0;
    for (int v = 0; v < 4; v++)
        most[v] = f32x16_of(key ? dense_largest_threshold * factor : factor);
    NAMED(limits)(most, rule.most);
    for (int64_t first = 0; first < d->padded; first += DENSE_BLOCK)
        flips += NAMED(sweep_block)(d, &rule, first);
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
