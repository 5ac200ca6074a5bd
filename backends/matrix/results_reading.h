/* results_reading.h - results while a file of them is read (results.h). Functions are false after a failure, which the
 * stream then holds. */
#ifndef BACKENDS_MATRIX_RESULTS_READING_H
#define BACKENDS_MATRIX_RESULTS_READING_H

#include "backends/matrix/json_stream.h"
#include "backends/matrix/results.h"

typedef struct results_reading {
    const isg_allocator *allocator;
    file_source source;
    matrix_results *results; /* `length` is the one that is asked for, or -1 */
} results_reading;

/* Goes over the file from its beginning; `read` answers as all readers do. */
isg_status results_pass(results_reading *r, bool (*read)(matrix_stream *s, results_reading *r, void *context), void *context,
                        isg_error *error);

/* Room for so many values of states in all. */
bool results_room(matrix_stream *s, matrix_results *m, int64_t values);
/* A state is whole, its values are in their place. */
bool results_count(matrix_stream *s, matrix_results *m, double claim);
/* What stands where an energy is claimed: a number, or whatever it is, which claims nothing. */
bool results_claim(matrix_stream *s, const char *what, double *claim);

/* One reader a format. */
isg_status kaiwu_json_results(results_reading *r, isg_error *error);
isg_status bqpjson_results(results_reading *r, isg_error *error);

#endif
