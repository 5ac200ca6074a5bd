/* target_read.c - see target_read.h. */
#include "backends/target_read.h"
#include "ir/text.h"

#include <inttypes.h>
#include <string.h>

enum { SHOWN = 60 /* bytes of a value that a message repeats */ };

/* ---- faults ---------------------------------------------------------------------------------- */

const char *target_read_shown(target_reading *r, const target_node *node)
{
    if (node->kind == TARGET_NODE_LIST)
        return "a list";
    if (node->kind == TARGET_NODE_MAP)
        return "a map";
    if (!node->length && !node->quoted)
        return "nothing";
    size_t length = node->length < SHOWN ? node->length : SHOWN;
    while (length < node->length && length && ((unsigned char)node->text[length] & 0xC0) == 0x80)
        length--;
    return arena_format(r->arena, "'%.*s%s'", (int)length, node->text, length < node->length ? "..." : "");
}

static void hint_nearest(target_reading *r, diagnostic *e, const target_node *node, const char *const *names, size_t count)
{
    const char *nearest = node->text ? diagnostics_nearest(r->arena, node->text, names, count) : NULL;
    if (nearest) {
        diagnostic_hint(r->diagnostics, e, "did you mean `%s`?", nearest);
        return;
    }
    const char *all = names[0];
    for (size_t i = 1; i < count; i++)
        all = arena_format(r->arena, "%s, %s", all, names[i]);
    diagnostic_hint(r->diagnostics, e, "known: %s", all);
}

/* ---- keys ------------------------------------------------------------------------------------ */

bool target_read_is(const target_node *node, const char *text)
{
    return node->kind == TARGET_NODE_TEXT && node->length == strlen(text) && !memcmp(node->text, text, node->length);
}

static size_t key_position(const target_node *key, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && !target_read_is(key, names[i]))
        i++;
    return i;
}

void target_read_keys(target_reading *r, const target_node *map, const char *const *names, size_t count,
                      const target_node **values)
{
    const target_node *keys[READ_MAX_KEYS] = {0};
    memset(values, 0, count * sizeof *values);
    for (uint32_t i = 0; i < map->entries.count; i++) {
        const target_node *key = map->entries.at[i].key;
        size_t position = key_position(key, names, count);
        if (position == count) {
            diagnostic *e = diagnostics_error(r->diagnostics, key->span, "unknown key %s", target_read_shown(r, key));
            hint_nearest(r, e, key, names, count);
        } else if (keys[position]) {
            diagnostic *e = diagnostics_error(r->diagnostics, key->span, "`%s` is given twice", names[position]);
            diagnostic_note_at(r->diagnostics, e, keys[position]->span, "first given here");
        } else {
            keys[position] = key;
            values[position] = map->entries.at[i].value;
        }
    }
}

bool target_read_map(target_reading *r, const target_node *node, const char *key, const char *keys)
{
    if (node->kind == TARGET_NODE_MAP && node->entries.count)
        return true;
    diagnostics_error(r->diagnostics, node->span, "`%s` is a map with some of %s, not %s", key, keys,
                      node->kind == TARGET_NODE_MAP ? "an empty one" : target_read_shown(r, node));
    return false;
}

/* ---- words and texts ------------------------------------------------------------------------- */

const char *target_read_text(target_reading *r, const target_node *node, const char *key)
{
    if (node->kind != TARGET_NODE_TEXT || !node->length) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is a text, not %s", key, target_read_shown(r, node));
        return NULL;
    }
    char *text = arena_copy(r->arena, node->text, node->length);
    for (size_t i = 0; i < node->length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xC2 && (unsigned char)text[i + 1] < 0xA0;
        if (c == '\n')
            text[i] = ' ';
        else if (c < ' ' || c == 0x7F || c1) {
            diagnostics_error(r->diagnostics, node->span, "`%s` holds a control character", key);
            return NULL;
        }
    }
    if (!text[strspn(text, " ")]) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is blank", key);
        return NULL;
    }
    return text;
}

int target_read_word(target_reading *r, const target_node *node, const char *key, const char *const *names)
{
    size_t count = 0;
    while (names[count])
        count++;
    size_t position = key_position(node, names, count);
    if (position < count)
        return (int)position;
    diagnostic *e = diagnostics_error(r->diagnostics, node->span, "`%s` cannot be %s", key, target_read_shown(r, node));
    hint_nearest(r, e, node, names, count);
    return -1;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* digits[.digits][e[sign]digits] and no more; node texts end in NUL, and one inside ends the form too early. */
static bool has_number_form(const char *text, size_t length)
{
    const char *begin = text;
    size_t digits = count_digits(text);
    text += digits;
    if (*text == '.')
        text += 1 + count_digits(text + 1);
    if (*text == 'e' || *text == 'E') {
        text += 1 + (text[1] == '+' || text[1] == '-');
        size_t exponent = count_digits(text);
        text += exponent;
        digits = exponent ? digits : 0;
    }
    return digits && text == begin + length;
}

bool target_read_number(target_reading *r, const target_node *node, const char *key, double *out)
{
    const char *text = node->text;
    size_t length = node->length;
    if (node->kind != TARGET_NODE_TEXT || !length || node->quoted) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is a number, not %s%s", key,
                          node->quoted ? "a quoted or block text: " : "", target_read_shown(r, node));
        return false;
    }
    bool negative = *text == '-', signed_text = negative || *text == '+';
    text += signed_text;
    length -= signed_text;
    if (length > 1 && *text == '0' && text[1] >= '0' && text[1] <= '9') {
        diagnostics_error(r->diagnostics, node->span, "`%s` begins with 0, which some read as octal", key);
        return false;
    }
    if (!has_number_form(text, length)) {
        diagnostic *e =
            diagnostics_error(r->diagnostics, node->span, "`%s` is a number, not %s", key, target_read_shown(r, node));
        if (node->length < 8 && (strcasestr(node->text, "inf") || strcasestr(node->text, "nan")))
            diagnostic_hint(r->diagnostics, e, "numbers are finite; leave `%s` out where there is no limit", key);
        return false;
    }
    if (!text_read_number(text, length, out)) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is too large or too long for a double: %s", key,
                          target_read_shown(r, node));
        return false;
    }
    *out = negative ? -*out : *out;
    return true;
}

bool target_read_whole(target_reading *r, const target_node *node, const char *key, int64_t least, int64_t most, int64_t *out)
{
    double number;
    if (!target_read_number(r, node, key, &number))
        return false;
    bool negative = *node->text == '-', signed_text = negative || *node->text == '+';
    if (count_digits(node->text + signed_text) != node->length - signed_text) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is a whole number in digits, not %s", key,
                          target_read_shown(r, node));
        return false;
    }
    /* least and most are exact as doubles, so rounding cannot carry a number across them */
    if (number < (double)least || number > (double)most) {
        diagnostics_error(r->diagnostics, node->span, "`%s` is from %" PRId64 " to %" PRId64 ", not %s", key, least, most,
                          target_read_shown(r, node));
        return false;
    }
    *out = (int64_t)number;
    return true;
}
