/* bqpjson_ids.c - see bqpjson.h. */
#include "backends/matrix/bqpjson.h"

#include "runtime/memory.h"

#include <inttypes.h>
#include <stdlib.h>

void bqp_ids_close(bqp_ids *ids)
{
    memory_release(ids->allocator, ids->in_order, (size_t)ids->capacity, sizeof *ids->in_order);
    memory_release(ids->allocator, ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted);
}

bool bqp_ids_read(matrix_stream *s, bqp_ids *ids)
{
    bool first = true;
    int64_t id;
    if (!json_open(s, '[', "variable_ids"))
        return false;
    while (json_more(s, '[', &first)) {
        if (!json_whole(s, "an identifier", 0, UINT32_MAX - 1, &id))
            return false;
        if (ids->count == ids->capacity) {
            int64_t grown = ids->capacity < 64 ? 64 : ids->capacity * 2;
            size_t old_bytes = ids->in_order ? memory_bytes((size_t)ids->capacity, sizeof *ids->in_order) : 0;
            void *bigger = ids->allocator->resize(ids->allocator->context, ids->in_order, old_bytes,
                                                  memory_bytes((size_t)grown, sizeof *ids->in_order));
            if (!bigger)
                return stream_no_memory(s);
            ids->in_order = bigger;
            ids->capacity = grown;
        }
        ids->in_order[ids->count++] = (uint32_t)id;
    }
    return !s->status;
}

static int by_id(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return x[0] < y[0] ? -1 : x[0] > y[0];
}

bool bqp_ids_sort(matrix_stream *s, bqp_ids *ids)
{
    ids->sorted = memory_take(ids->allocator, (size_t)ids->count, 2 * sizeof *ids->sorted);
    if (!ids->sorted)
        return stream_no_memory(s);
    for (int64_t i = 0; i < ids->count; i++) {
        ids->sorted[2 * i] = ids->in_order[i];
        ids->sorted[2 * i + 1] = (uint32_t)i;
    }
    qsort(ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted, by_id);
    for (int64_t i = 1; i < ids->count; i++)
        if (ids->sorted[2 * i] == ids->sorted[2 * i - 2])
            return stream_fail(s, "variable_ids has %" PRIu32 " twice", ids->sorted[2 * i]);
    return true;
}

bool bqp_ids_find(matrix_stream *s, const bqp_ids *ids, const char *what, uint32_t *id)
{
    const uint32_t *found = bsearch(id, ids->sorted, (size_t)ids->count, 2 * sizeof *ids->sorted, by_id);
    if (!found)
        return stream_fail(s, "%s has the identifier %" PRIu32 ", which is not in variable_ids", what, *id);
    *id = found[1];
    return true;
}

bool bqp_version(matrix_stream *s)
{
    char text[JSON_STRING];
    if (!json_stream_string(s, "version", text))
        return false;
    return !strncmp(text, "1.", 2) || !strncmp(text, "0.", 2) || stream_fail(s, "version '%.40s' is not 1.0.0", text);
}

bool bqp_domain(matrix_stream *s, problem_domain *domain)
{
    char text[JSON_STRING];
    if (!json_stream_string(s, "variable_domain", text))
        return false;
    *domain = strcmp(text, "spin") ? PROBLEM_BINARY : PROBLEM_SPIN;
    return !strcmp(text, "spin") || !strcmp(text, "boolean") ||
           stream_fail(s, "variable_domain is \"spin\" or \"boolean\", not '%.40s'", text);
}
