/* value.c - see value.h. */
#include "inspect/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void release(void *what)
{
    json_decref(what);
}

/* Every value is the arena's, so that what is half made when memory runs out goes with it: the duty is taken before the value is
 * made. */
static arena_duty *duty(arena *a)
{
    return arena_at_close(a, release);
}

static json_t *kept(arena *a, arena_duty *duty, json_t *value)
{
    if (!value)
        longjmp(*a->on_no_memory, 1);
    duty->what = value;
    return value;
}

json_t *value_object(arena *a)
{
    arena_duty *d = duty(a);
    return kept(a, d, json_object());
}

json_t *value_array(arena *a)
{
    arena_duty *d = duty(a);
    return kept(a, d, json_array());
}

json_t *value_null(void)
{
    return json_null();
}

json_t *value_number(arena *a, double number)
{
    arena_duty *d = duty(a);
    return isfinite(number) ? kept(a, d, json_real(number + 0.0)) : json_null(); /* -0 becomes 0 */
}

json_t *value_count(arena *a, int64_t count)
{
    arena_duty *d = duty(a);
    return kept(a, d, json_integer((json_int_t)count));
}

json_t *value_seed(arena *a, uint64_t seed)
{
    char digits[24];
    arena_duty *d = duty(a);
    if (seed <= INT64_MAX)
        return value_count(a, (int64_t)seed);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)seed);
    return kept(a, d, json_string(digits));
}

json_t *value_text(arena *a, const char *text)
{
    if (!text)
        return json_null();
    arena_duty *d = duty(a);
    json_t *value = json_string(text);
    if (value)
        return kept(a, d, value);
    char *plain = arena_copy(a, text, strlen(text));
    for (char *c = plain; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return kept(a, d, json_string(plain));
}

json_t *value_flag(bool flag)
{
    return json_boolean(flag);
}

json_t *value_base64(arena *a, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = arena_take(a, (count + 2) / 3 * 4 + 1, 1), *to = text;
    arena_duty *d = duty(a);
    for (size_t i = 0; i < count; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= i + 1 < count ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= i + 2 < count ? bytes[i + 2] : 0;
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = i + 1 < count ? digits[three >> 6 & 63] : '=';
        *to++ = i + 2 < count ? digits[three & 63] : '=';
    }
    return kept(a, d, json_string(text));
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
    if (json_object_set(object, key, value))
        longjmp(*a->on_no_memory, 1);
}

void value_push(arena *a, json_t *array, json_t *value)
{
    if (json_array_append(array, value))
        longjmp(*a->on_no_memory, 1);
}

char *value_print(arena *a, const json_t *value)
{
    const size_t flags = JSON_INDENT(1) | JSON_REAL_PRECISION(17);
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    arena_duty *d = arena_at_close(a, give);
    d->what = json_dumps(value, flags);
    if (!d->what)
        longjmp(*a->on_no_memory, 1);
    return d->what;
}

/* ---- reading ---------------------------------------------------------------------------------- */

json_t *value_load(arena *a, const char *bytes, size_t length)
{
    arena_duty *d = duty(a);
    json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    return value ? kept(a, d, value) : NULL;
}

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
