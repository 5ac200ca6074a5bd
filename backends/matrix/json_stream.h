/* json_stream.h - JSON (RFC 8259) read token by token out of a stream, so that a document of any size needs no memory of its
 * own. For formats whose shape is known beforehand; what is not of interest is stepped over, still checked.
 *
 *   bool first = true;
 *   if (json_open(s, '{', "the problem"))
 *       while (json_key(s, &first, key)) ...      ends after the '}'
 *
 * All functions are false after a failure, which the stream then holds.
 */
#ifndef BACKENDS_MATRIX_JSON_STREAM_H
#define BACKENDS_MATRIX_JSON_STREAM_H

#include "backends/matrix/stream.h"

enum { JSON_DEPTH = 64, JSON_STRING = 1024 }; /* nesting of values; bytes of a string that is kept */

/* Steps over white space; the first character of what follows, with its place as the token. */
int json_peek(matrix_stream *s);

bool json_open(matrix_stream *s, char bracket, const char *what); /* '{' or '[' */

/* Lists: the next element is there / the list has ended. Call with `*first` true at the beginning. */
bool json_more(matrix_stream *s, char bracket, bool *first);

/* Objects: the next key, of less than JSON_STRING bytes, and its colon; false at the end of the object. */
bool json_key(matrix_stream *s, bool *first, char key[JSON_STRING]);

bool json_stream_string(matrix_stream *s, const char *what, char text[JSON_STRING]);
bool json_number(matrix_stream *s, const char *what, double *out);
bool json_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out);
bool json_skip(matrix_stream *s);

/* The text of one value, without white space, into text. */
bool json_stream_copy(matrix_stream *s, const char *what, char text[JSON_STRING]);

bool json_end(matrix_stream *s); /* nothing but white space follows */

/* A key that may stand once: fails when its bit is set already. */
bool json_once(matrix_stream *s, unsigned *seen, unsigned bit, const char *key);

#endif
