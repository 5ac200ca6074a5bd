/* csv.c - see csv.h. */
#include "backends/matrix/csv.h"

#include <inttypes.h>

static bool read_row(matrix_stream *s, csv_cell *cell, void *context, int64_t row, int64_t most, int64_t *cells)
{
    double value;
    for (*cells = 0;; stream_advance(s)) {
        if (!stream_number(s, "a number", &value))
            return false;
        if (*cells == most)
            return stream_fail(s, "the row is longer than the %" PRId64 " of the first", most);
        if (!cell(context, s, row, (*cells)++, value))
            return false;
        if (stream_line_ended(s))
            return !s->status;
        if (stream_peek(s) != ',')
            return stream_fail_here(s, "a comma belongs between the numbers");
    }
}

bool csv_read(matrix_stream *s, csv_cell *cell, void *context, int64_t *size)
{
    int64_t row = 0, cells;
    for (stream_space(s); stream_peek(s) != STREAM_END; stream_space(s), row++) {
        if (row && row == *size)
            return stream_fail_here(s, "more than the %" PRId64 " rows of a square matrix", *size);
        if (!read_row(s, cell, context, row, row ? *size : INT32_MAX, &cells))
            return false;
        if (!row)
            *size = cells;
        if (cells != *size)
            return stream_fail_here(s, "the row has %" PRId64 " number%s, the first has %" PRId64, cells, cells == 1 ? "" : "s",
                                    *size);
    }
    if (s->status)
        return false;
    if (!row)
        return stream_fail_here(s, "no matrix: the file is empty");
    return row == *size || stream_fail_here(s, "the file ends after %" PRId64 " of %" PRId64 " rows", row, *size);
}
