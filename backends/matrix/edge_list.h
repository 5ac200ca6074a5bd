/* edge_list.h - the shape that rudy, biqmac and mqlib share: `n m`, then m lines `i j value`, from 1. */
#ifndef BACKENDS_MATRIX_EDGE_LIST_H
#define BACKENDS_MATRIX_EDGE_LIST_H

#include "backends/matrix/format.h"

/* Couplings are `coupling` times the values, fields (i, i) `field` times; field 0: the format has none. */
bool edge_list_read(matrix_stream *s, matrix_draft *d, double coupling, double field);
bool edge_list_write(matrix_output *o, const problem *p, double coupling, double field);

/* `i j value`, from 1; the value divided exactly by a power of two, or refused. */
bool edge_write(matrix_output *o, int64_t i, int64_t j, double value, double divisor);
int64_t field_count(const problem *p); /* that are not 0 */

#endif
