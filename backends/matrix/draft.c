/* draft.c - see draft.h. */
#include "backends/matrix/draft.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <math.h>

/* Spins without an entry that a file may have beyond its bytes: what 64 KiB can make us allocate stays below 256 MiB. */
static const int64_t free_spins = 1 << 20;

void draft_open(matrix_draft *d, const isg_allocator *allocator, problem_domain domain, uint64_t file_bytes)
{
    int64_t limit = file_bytes < INT32_MAX - (uint64_t)free_spins ? (int64_t)file_bytes + free_spins : INT32_MAX;
    *d = (matrix_draft){.allocator = allocator, .domain = domain, .spin_limit = limit, .names = {.allocator = allocator}};
}

void draft_close(matrix_draft *d)
{
    memory_release(d->allocator, d->entries, (size_t)d->capacity, sizeof *d->entries);
    d->entries = NULL;
    matrix_names_close(&d->names);
}

bool draft_declare(matrix_stream *s, matrix_draft *d, int64_t spins)
{
    if (spins < 0 || spins > d->spin_limit)
        return stream_fail(s, "%" PRId64 " spins; a file of this size may have from 0 to %" PRId64, spins, d->spin_limit);
    d->spins = spins;
    d->declared = true;
    return true;
}

bool draft_grow(matrix_stream *s, matrix_draft *d, int64_t count)
{
    if (count <= d->capacity)
        return true;
    int64_t grown = d->capacity + d->capacity / 2;
    grown = grown < 64 ? 64 : grown;
    grown = grown < count ? count : grown;
    size_t old_bytes = d->entries ? memory_bytes((size_t)d->capacity, sizeof *d->entries) : 0;
    void *bigger =
        d->allocator->resize(d->allocator->context, d->entries, old_bytes, memory_bytes((size_t)grown, sizeof *d->entries));
    if (!bigger)
        return stream_no_memory(s);
    d->entries = bigger;
    d->capacity = grown;
    return true;
}

bool draft_add(matrix_stream *s, matrix_draft *d, int64_t a, int64_t b, double value)
{
    int64_t first = a < b ? a : b, second = a < b ? b : a;
    if (second >= d->spins) {
        if (d->declared || second >= d->spin_limit)
            return stream_fail(s, "spin %" PRId64 ", but there are only %" PRId64, second,
                               d->declared ? d->spins : d->spin_limit);
        d->spins = second + 1;
    }
    d->zeros += value == 0;
    if (!draft_grow(s, d, d->count + 1))
        return false;
    d->entries[d->count++] = (problem_coupling){(uint32_t)first, (uint32_t)second, value};
    return true;
}

bool draft_add_offset(matrix_stream *s, matrix_draft *d, double value)
{
    d->offset += value;
    return isfinite(d->offset) || stream_fail(s, "the constants sum to more than a double holds");
}

bool draft_scaled(matrix_stream *s, double factor, double *value)
{
    double product = *value * factor;
    if (!isfinite(product))
        return stream_fail(s, "times %g the number is beyond double's range", factor);
    if (product == 0 && *value != 0 && factor != 0)
        return stream_fail(s, "times %g the number is too near to 0 for a double", factor);
    *value = product;
    return true;
}

bool draft_index(matrix_stream *s, const matrix_draft *d, const char *what, int64_t base, int64_t *out)
{
    int64_t count = d->declared ? d->spins : d->spin_limit;
    if (!stream_whole(s, what, base, count - 1 + base, out))
        return false;
    *out -= base;
    return true;
}

/* The entries (i, i) become fields. */
static bool take_fields(problem *p)
{
    int64_t kept = 0;
    bool finite = true;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        problem_coupling c = p->couplings[k];
        finite &= isfinite(c.value);
        if (c.first == c.second)
            p->fields[c.first] = c.value;
        else
            p->couplings[kept++] = c;
    }
    p->coupling_count = kept;
    return finite;
}

isg_status draft_finish(matrix_draft *d, const char *path, problem *out, int64_t *duplicates, isg_error *error)
{
    isg_status status = problem_open(out, d->allocator, d->domain, d->spins, error);
    if (status)
        return status;
    out->couplings = d->entries;
    out->coupling_count = d->count;
    out->coupling_capacity = d->capacity;
    out->offset = d->offset;
    d->entries = NULL;
    d->count = d->capacity = 0;
    status = problem_settle(out, duplicates, error);
    if (!status && !take_fields(out))
        status = error_fail(error, ISG_INVALID, "%s: duplicate entries sum to more than a double holds", path);
    if (status)
        problem_close(out);
    return status;
}

/* ---- names ----------------------------------------------------------------------------------- */

void matrix_names_close(matrix_names *n)
{
    if (n->allocator) {
        memory_release(n->allocator, n->start, (size_t)n->capacity, sizeof *n->start);
        memory_release(n->allocator, n->text, n->text_capacity, 1);
    }
    *n = (matrix_names){.allocator = n->allocator};
}

const char *matrix_names_at(const matrix_names *n, int64_t spin)
{
    return n && spin >= 0 && spin < n->count ? n->text + n->start[spin] : NULL;
}

static bool grow(const isg_allocator *a, void **block, size_t *capacity, size_t wanted, size_t size)
{
    if (wanted <= *capacity)
        return true;
    size_t grown = *capacity + *capacity / 2;
    grown = grown < wanted + 64 ? wanted + 64 : grown;
    void *bigger = a->resize(a->context, *block, *block ? memory_bytes(*capacity, size) : 0, memory_bytes(grown, size));
    if (!bigger)
        return false;
    *block = bigger;
    *capacity = grown;
    return true;
}

bool names_add(matrix_stream *s, matrix_names *n, const char *text, size_t length)
{
    void *start = n->start, *bytes = n->text;
    size_t capacity = (size_t)n->capacity;
    bool grown = grow(n->allocator, &start, &capacity, (size_t)n->count + 1, sizeof *n->start);
    n->start = start;
    n->capacity = (int64_t)capacity;
    grown = grown && grow(n->allocator, &bytes, &n->text_capacity, n->length + length + 1, 1);
    n->text = bytes;
    if (!grown)
        return stream_no_memory(s);
    n->start[n->count++] = n->length;
    memcpy(n->text + n->length, text, length);
    n->text[n->length + length] = '\0';
    n->length += length + 1;
    return true;
}
