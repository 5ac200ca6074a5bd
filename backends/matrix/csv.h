/* csv.h - square matrices of comma-separated numbers without a header, read row by row. */
#ifndef BACKENDS_MATRIX_CSV_H
#define BACKENDS_MATRIX_CSV_H

#include "backends/matrix/stream.h"

/* What is done with each cell; false when it failed. The size is that of the first row, once it has ended. */
typedef bool csv_cell(void *context, matrix_stream *s, int64_t row, int64_t column, double value);

bool csv_read(matrix_stream *s, csv_cell *cell, void *context, int64_t *size);

#endif
