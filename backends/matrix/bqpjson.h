/* bqpjson.h - what all readers of bqpjson documents need: how variables are named, and what they may be.
 *
 * Keys of a document may stand in any order, so that identifiers are known only when all of it has been read.
 */
#ifndef BACKENDS_MATRIX_BQPJSON_H
#define BACKENDS_MATRIX_BQPJSON_H

#include "backends/matrix/json_stream.h"
#include "ir/problem.h"

/* variable_ids. All functions are false after a failure, which the stream then holds. */
typedef struct bqp_ids {
    const isg_allocator *allocator;
    int64_t count, capacity;
    uint32_t *in_order, *sorted; /* sorted by identifier: [identifier, position] pairs */
} bqp_ids;
void bqp_ids_close(bqp_ids *ids);

bool bqp_ids_read(matrix_stream *s, bqp_ids *ids);
bool bqp_ids_sort(matrix_stream *s, bqp_ids *ids); /* refuses one that stands twice */

/* From an identifier to its position, once sorted; `what` has it: "a term". */
bool bqp_ids_find(matrix_stream *s, const bqp_ids *ids, const char *what, uint32_t *id);

bool bqp_version(matrix_stream *s);
bool bqp_domain(matrix_stream *s, problem_domain *domain);

#endif
