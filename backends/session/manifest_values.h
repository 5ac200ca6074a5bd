/* manifest_values.h - the values that session.json is made of, read and checked. All are false after a failure, which the stream
 * then holds. */
#ifndef BACKENDS_SESSION_MANIFEST_VALUES_H
#define BACKENDS_SESSION_MANIFEST_VALUES_H

#include "backends/matrix/json_stream.h"
#include "backends/session/session_data.h"

typedef struct manifest_input {
    session *s;
    matrix_stream *stream;
} manifest_input;

bool manifest_read_null(matrix_stream *m);
bool manifest_is_null(matrix_stream *m);
/* Without escapes: names of ours and of identifiers need none, and a target's name is only shown. */
bool manifest_read_text(manifest_input *in, const char *what, const char **out);
bool manifest_read_text_or_null(manifest_input *in, const char *what, const char **out);
/* Of a file within the directory. */
bool manifest_read_path(manifest_input *in, const char **out);
bool manifest_read_hash(manifest_input *in, const char *what, char out[SHA256_TEXT]);
bool manifest_read_truth(matrix_stream *m, const char *what, bool *out);
bool manifest_read_seed(matrix_stream *m, uint64_t *out);
bool manifest_read_count(matrix_stream *m, const char *what, int64_t *out);
bool manifest_read_word(matrix_stream *m, const char *what, int64_t most, uint32_t *out);
bool manifest_read_ancilla(matrix_stream *m, int64_t *out);

/* The members of an object: reads each of `keys` once, in any order; all are needed but those that begin with '?', others are
 * refused. */
typedef bool (*member_reader)(manifest_input *in, void *to, int key);

bool manifest_read_object(manifest_input *in, const char *what, const char *const *keys, member_reader reader, void *to);

/* The list of parts (manifest_parts.c). */
bool manifest_read_parts(manifest_input *in);

#endif
