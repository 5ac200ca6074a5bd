/* value.c - see value.h. */
#include "inspect/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *sure(arena *a, json_t *value)
{
    if (!value)
        longjmp(*a->on_no_memory, 1);
    return value;
}

json_t *value_object(arena *a)
{
    return sure(a, json_object());
}

json_t *value_array(arena *a)
{
    return sure(a, json_array());
}

json_t *value_null(void)
{
    return json_null();
}

json_t *value_number(arena *a, double number)
{
    return isfinite(number) ? sure(a, json_real(number + 0.0)) : json_null(); /* -0 becomes 0 */
}

json_t *value_count(arena *a, int64_t count)
{
    return sure(a, json_integer((json_int_t)count));
}

json_t *value_seed(arena *a, uint64_t seed)
{
    char digits[24];
    if (seed <= INT64_MAX)
        return value_count(a, (int64_t)seed);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    return sure(a, json_string(digits));
}

json_t *value_text(arena *a, const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    char *plain = arena_copy(a, text, strlen(text));
    for (char *c = plain; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return sure(a, json_string(plain));
}

json_t *value_flag(bool flag)
{
    return json_boolean(flag);
}

json_t *value_base64(arena *a, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = arena_take(a, (count + 2) / 3 * 4 + 1, 1), *to = text;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= i + 1 < count ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= i + 2 < count ? bytes[i + 2] : 0;
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = i + 1 < count ? digits[three >> 6 & 63] : '=';
        *to++ = i + 2 < count ? digits[three & 63] : '=';
    }
    return sure(a, json_string(text));
}

json_t *value_numbers(arena *a, const double *numbers, int64_t count)
{
    json_t *list = value_array(a);
    for (int64_t i = 0; i < count; i++)
        value_push(a, list, value_number(a, numbers[i]));
    return list;
}

json_t *value_counts(arena *a, const int64_t *counts, int64_t count)
{
    json_t *list = value_array(a);
    for (int64_t i = 0; i < count; i++)
        value_push(a, list, value_count(a, counts[i]));
    return list;
}

void value_put(arena *a, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value))
        longjmp(*a->on_no_memory, 1);
}

void value_push(arena *a, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value))
        longjmp(*a->on_no_memory, 1);
}

/* ---- reading ---------------------------------------------------------------------------------- */

const json_t *value_at(const json_t *value, const char *path)
{
    while (value && *path) {
        char key[64];
        size_t length = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)length, path);
        value = json_object_get(value, key);
        path += length + (path[length] == '.');
    }
    return value && !json_is_null(value) ? value : NULL;
}

double value_number_at(const json_t *value, const char *path)
{
    const json_t *found = value_at(value, path);
    return found && json_is_number(found) ? json_number_value(found) : NAN;
}

int64_t value_count_at(const json_t *value, const char *path)
{
    const json_t *found = value_at(value, path);
    return found && json_is_integer(found) ? (int64_t)json_integer_value(found) : -1;
}

const char *value_text_at(const json_t *value, const char *path)
{
    const json_t *found = value_at(value, path);
    return found && json_is_string(found) ? json_string_value(found) : NULL;
}
