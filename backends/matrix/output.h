/* output.h - what writers of formats write to: a buffered file that is committed whole or not at all.
 *
 * The first failure stays; what follows it is ignored.
 */
#ifndef BACKENDS_MATRIX_OUTPUT_H
#define BACKENDS_MATRIX_OUTPUT_H

#include "runtime/file.h"

enum { OUTPUT_BUFFER = 1 << 16 };

typedef struct matrix_output {
    file_writer writer;
    isg_error *error;
    isg_status status;
    char *buffer;
    size_t length;
    uint64_t hash; /* of what was written, after output_flush */
} matrix_output;

isg_status output_open(matrix_output *o, const isg_allocator *allocator, const isg_io *io, const char *path, isg_error *error);
isg_status output_flush(matrix_output *o);
isg_status output_commit(matrix_output *o); /* flushes and closes; abandons after a failure */
void output_abandon(matrix_output *o);

void output_text(matrix_output *o, const char *text);
void output_string(matrix_output *o, const char *text); /* as JSON: quoted and escaped */
void output_byte(matrix_output *o, char c);
void output_format(matrix_output *o, const char *format, ...) __attribute__((format(printf, 2, 3))); /* short texts */
void output_whole(matrix_output *o, int64_t value);
void output_number(matrix_output *o, double value);       /* 17 significant digits */
void output_plain_number(matrix_output *o, double value); /* without exponent */

/* ISG_INVALID: the format cannot hold the problem; false. */
bool output_refuse(matrix_output *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
