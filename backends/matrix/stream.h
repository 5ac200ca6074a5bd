/* stream.h - what readers of formats read from: bytes one at a time out of a file that comes in chunks, with their place.
 *
 * The first failure stays: from then on the stream is at its end, and `status` and the caller's error say why. So a
 * reader may go on to its next check.
 */
#ifndef BACKENDS_MATRIX_STREAM_H
#define BACKENDS_MATRIX_STREAM_H

#include "backends/matrix/number.h"
#include "runtime/file.h"

#include <string.h>

enum { STREAM_CHUNK = 1 << 16, STREAM_END = -1 };

typedef struct stream_place {
    int64_t line, column; /* from 1; columns count bytes */
} stream_place;

typedef struct matrix_stream {
    const isg_allocator *allocator;
    file_source source;
    isg_error *error;
    isg_status status;
    char *chunk;
    size_t at, end;
    uint64_t next; /* offset of what follows the chunk */
    int64_t line, line_start;
    uint64_t hash;
    stream_place token;     /* where the last number or word began */
    char text[NUMBER_MOST]; /* the last number or word, NUL-terminated */
    size_t length;
} matrix_stream;

/* Over a source that stays the caller's. A byte order mark is skipped. */
isg_status stream_open(matrix_stream *s, const isg_allocator *allocator, file_source source, isg_error *error);
void stream_close(matrix_stream *s);

bool stream_fill(matrix_stream *s); /* the next chunk; false at the end */

static inline int stream_peek(matrix_stream *s)
{
    return s->at < s->end || stream_fill(s) ? (unsigned char)s->chunk[s->at] : STREAM_END;
}

static inline void stream_advance(matrix_stream *s) /* after a peek that was not the end */
{
    if (s->chunk[s->at++] == '\n') {
        s->line++;
        s->line_start = (int64_t)(s->next - s->end + s->at);
    }
}

stream_place stream_here(const matrix_stream *s);

/* Fail with ISG_INVALID at the last token, here, or anywhere; return false. */
bool stream_fail(matrix_stream *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool stream_fail_here(matrix_stream *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool stream_fail_status(matrix_stream *s, isg_status status); /* the error is already filled */
bool stream_no_memory(matrix_stream *s);

/* ---- lines of words ---- */

void stream_blanks(matrix_stream *s);     /* spaces, tabs, returns */
void stream_space(matrix_stream *s);      /* these and line ends */
void stream_skip_line(matrix_stream *s);  /* up to and with the line end */
bool stream_line_ended(matrix_stream *s); /* after blanks: a line end or the end */
bool stream_end_line(matrix_stream *s);   /* demands that, and goes to the next line */

/* Up to a blank, a comma or a line end, into `text`. False (failed) when there is none or it is too long. */
bool stream_word(matrix_stream *s, const char *what);
bool stream_number(matrix_stream *s, const char *what, double *out);
bool stream_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out);
bool stream_word_number(matrix_stream *s, const char *what, double *out); /* of the word in `text` */
bool stream_word_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out);

#endif
