/* json_text.h - reading JSON (RFC 8259) token by token out of a buffer, in place and without memory of its own.
 *
 * For formats whose shape is known beforehand, where the parser's caller decides what may come next.
 */
#ifndef RUNTIME_JSON_TEXT_H
#define RUNTIME_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct json_text {
    char *at, *end;
} json_text;

/* Each steps over white space first, and moves on only when it returns true. */
bool json_text_accept(json_text *t, char punctuation);

/* A string, unescaped in place and NUL-terminated. False for control characters, bad escapes, U+0000 and
 * what is not UTF-8; the text is then in no useful state. */
bool json_text_string(json_text *t, const char **string);

/* A number that is a whole one, written without point or exponent, from 0 to INT64_MAX. */
bool json_text_count(json_text *t, int64_t *number);

bool json_text_ended(json_text *t);

#endif
