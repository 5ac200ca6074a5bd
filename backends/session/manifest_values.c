/* manifest_values.c - see manifest_values.h. */
#include "backends/session/manifest_values.h"

#include <stdlib.h>

enum { MOST_NAME = 255 };

/* ---- values -------------------------------------------------------------------------------------- */

bool manifest_read_null(matrix_stream *m)
{
    char text[JSON_STRING];
    return json_stream_copy(m, "null", text) && (!strcmp(text, "null") || stream_fail(m, "null or a value"));
}

bool manifest_is_null(matrix_stream *m)
{
    return json_peek(m) == 'n';
}

/* Without escapes: names of ours and of identifiers need none, and a target's name is only shown. */
bool manifest_read_text(manifest_input *in, const char *what, const char **out)
{
    char text[JSON_STRING];
    if (!json_stream_string(in->stream, what, text))
        return false;
    if (!*text || strlen(text) > MOST_NAME || strchr(text, '\\'))
        return stream_fail(in->stream, "%s is a name of 1 to %d bytes, without escapes", what, MOST_NAME);
    *out = arena_copy(&in->s->arena, text, strlen(text));
    return true;
}

bool manifest_read_text_or_null(manifest_input *in, const char *what, const char **out)
{
    *out = NULL;
    return manifest_is_null(in->stream) ? manifest_read_null(in->stream) : manifest_read_text(in, what, out);
}

/* A path within the directory: nothing leads out of it. */
bool manifest_read_path(manifest_input *in, const char **out)
{
    if (!manifest_read_text(in, "file", out))
        return false;
    const char *p = *out;
    return (*p != '/' && !strstr(p, "..")) || stream_fail(in->stream, "a file of a session lies in its directory");
}

bool manifest_read_hash(manifest_input *in, const char *what, char out[SHA256_TEXT])
{
    char text[JSON_STRING];
    if (!json_stream_string(in->stream, what, text))
        return false;
    if (strlen(text) != SHA256_TEXT - 1 || strspn(text, "0123456789abcdef") != SHA256_TEXT - 1)
        return stream_fail(in->stream, "%s is %d hexadecimal digits", what, SHA256_TEXT - 1);
    memcpy(out, text, SHA256_TEXT);
    return true;
}

bool manifest_read_truth(matrix_stream *m, const char *what, bool *out)
{
    char text[JSON_STRING];
    if (!json_stream_copy(m, what, text))
        return false;
    *out = !strcmp(text, "true");
    return *out || !strcmp(text, "false") || stream_fail(m, "%s is true or false", what);
}

bool manifest_read_seed(matrix_stream *m, uint64_t *out)
{
    char text[JSON_STRING], *end;
    int64_t whole;
    if (json_peek(m) != '"') {
        if (!json_whole(m, "seed", 0, INT64_MAX, &whole))
            return false;
        *out = (uint64_t)whole;
        return true;
    }
    if (!json_stream_string(m, "seed", text))
        return false;
    if (strlen(text) > 20 || !*text || text[strspn(text, "0123456789")])
        return stream_fail(m, "seed is a whole number");
    *out = strtoull(text, &end, 10);
    return true;
}

bool manifest_read_count(matrix_stream *m, const char *what, int64_t *out)
{
    return json_whole(m, what, 0, INT64_MAX, out);
}

bool manifest_read_word(matrix_stream *m, const char *what, int64_t most, uint32_t *out)
{
    int64_t value;
    if (!json_whole(m, what, 0, most, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

bool manifest_read_ancilla(matrix_stream *m, int64_t *out)
{
    *out = -1;
    return manifest_is_null(m) ? manifest_read_null(m) : json_whole(m, "ancilla", 0, INT32_MAX, out);
}

/* ---- objects ------------------------------------------------------------------------------------- */

bool manifest_read_object(manifest_input *in, const char *what, const char *const *keys, member_reader reader, void *to)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    bool first = true;
    matrix_stream *m = in->stream;
    if (!json_open(m, '{', what))
        return false;
    stream_place place = m->token;
    while (json_key(m, &first, key)) {
        int at = 0;
        while (keys[at] && strcmp(keys[at] + (*keys[at] == '?'), key))
            at++;
        if (!keys[at])
            return stream_fail(m, "unknown key \"%.40s\" in %s", key, what);
        if (!json_once(m, &seen, 1u << at, key) || !reader(in, to, at))
            return false;
    }
    if (m->status)
        return false;
    m->token = place;
    for (int at = 0; keys[at]; at++)
        if (*keys[at] != '?' && !(seen & 1u << at))
            return stream_fail(m, "%s has no \"%s\"", what, keys[at]);
    return true;
}
