/* value.h - building JSON values (jansson) where running out of memory goes the arena's way.
 *
 * A value belongs to the arena and goes with it; nobody releases one. No function but value_load returns NULL: without memory it
 * jumps to the arena's on_no_memory, as the arena itself does.
 */
#ifndef INSPECT_VALUE_H
#define INSPECT_VALUE_H

#include "ir/arena.h"

#include <jansson.h>
#include <stdint.h>

json_t *value_object(arena *a);
json_t *value_array(arena *a);
json_t *value_null(void);
json_t *value_number(arena *a, double number);  /* null when not finite */
json_t *value_count(arena *a, int64_t count);   /* an integer */
json_t *value_seed(arena *a, uint64_t seed);    /* a string of digits from 2^63 on, which JSON's integers do not reach */
json_t *value_text(arena *a, const char *text); /* null for NULL; bytes that are no UTF-8 become '?' */
json_t *value_flag(bool flag);
json_t *value_base64(arena *a, const uint8_t *bytes, size_t count);
json_t *value_numbers(arena *a, const double *numbers, int64_t count);
json_t *value_counts(arena *a, const int64_t *counts, int64_t count);

void value_put(arena *a, json_t *object, const char *key, json_t *value);
void value_push(arena *a, json_t *array, json_t *value);

char *value_print(arena *a, const json_t *value);               /* as text, numbers with all their digits */
json_t *value_load(arena *a, const char *bytes, size_t length); /* NULL: no JSON, or a key twice */

/* ---- reading, of values made here: what is missing or null reads as absent ---- */
const json_t *value_at(const json_t *value, const char *path);    /* "numbers.coupling.max"; NULL for absent or null */
double value_number_at(const json_t *value, const char *path);    /* NaN when absent */
int64_t value_count_at(const json_t *value, const char *path);    /* -1 when absent */
const char *value_text_at(const json_t *value, const char *path); /* NULL when absent */

#endif
