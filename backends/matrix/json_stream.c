/* json_stream.c - see json_stream.h. */
#include "backends/matrix/json_stream.h"

#include <stdio.h>

int json_peek(matrix_stream *s)
{
    stream_space(s);
    s->token = stream_here(s);
    return stream_peek(s);
}

static bool accept(matrix_stream *s, char c)
{
    if (json_peek(s) != c)
        return false;
    stream_advance(s);
    return true;
}

bool json_open(matrix_stream *s, char bracket, const char *what)
{
    return accept(s, bracket) ||
           stream_fail(s, "%s is %s, starting with '%c'", what, bracket == '{' ? "an object" : "a list", bracket);
}

bool json_more(matrix_stream *s, char bracket, bool *first)
{
    char close = bracket == '{' ? '}' : ']';
    if (accept(s, close))
        return false;
    bool comma = *first || accept(s, ',');
    *first = false;
    if (!comma)
        return stream_fail(s, "',' or '%c' is missing", close);
    if (json_peek(s) == close)
        return stream_fail(s, "nothing follows the comma");
    return !s->status;
}

/* ---- strings --------------------------------------------------------------------------------- */

typedef struct sink {
    char *text; /* NULL: nowhere */
    size_t length;
} sink;

static bool sink_put(matrix_stream *s, sink *k, char c)
{
    if (!k->text)
        return true;
    if (k->length + 1 == JSON_STRING)
        return stream_fail(s, "more than %d bytes", JSON_STRING - 1);
    k->text[k->length++] = c;
    return true;
}

/* Of UTF-8: how many bytes follow the first, or -1; the least and the most that the second may be. */
static int utf8_follow(int c, int *least, int *most)
{
    *least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    *most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : -1;
}

/* Copied as it is written, escapes checked but left alone: two spellings of a name are two names. */
static bool read_escape(matrix_stream *s, sink *k)
{
    int c = stream_peek(s);
    if (c == STREAM_END || c == 0 || !strchr("\"\\/bfnrtu", c))
        return stream_fail_here(s, "not an escape that JSON knows");
    stream_advance(s);
    if (!sink_put(s, k, (char)c))
        return false;
    for (int i = 0; c == 'u' && i < 4; i++) {
        int digit = stream_peek(s);
        if (digit == STREAM_END || digit == 0 || !strchr("0123456789abcdefABCDEF", digit))
            return stream_fail_here(s, "four hexadecimal digits belong after \\u");
        stream_advance(s);
        if (!sink_put(s, k, (char)digit))
            return false;
    }
    return true;
}

static bool read_character(matrix_stream *s, sink *k, int c)
{
    int least, most, follow = utf8_follow(c, &least, &most);
    if (c == STREAM_END)
        return stream_fail(s, "a string without end");
    if (c < ' ')
        return stream_fail_here(s, "a control character in a string");
    if (follow < 0)
        return stream_fail_here(s, "not UTF-8");
    stream_advance(s);
    if (!sink_put(s, k, (char)c))
        return false;
    if (c == '\\')
        return read_escape(s, k);
    for (; follow; follow--, least = 0x80, most = 0xbf) {
        c = stream_peek(s);
        if (c < least || c > most)
            return stream_fail_here(s, "not UTF-8");
        stream_advance(s);
        if (!sink_put(s, k, (char)c))
            return false;
    }
    return true;
}

/* After the opening quotation mark, up to and with the closing one. */
static bool read_string(matrix_stream *s, sink *k)
{
    for (int c = stream_peek(s); c != '"'; c = stream_peek(s))
        if (!read_character(s, k, c))
            return false;
    stream_advance(s);
    return true;
}

bool json_stream_string(matrix_stream *s, const char *what, char text[JSON_STRING])
{
    sink k = {text, 0};
    if (!accept(s, '"'))
        return stream_fail(s, "%s is a string", what);
    if (!read_string(s, &k))
        return false;
    text[k.length] = '\0';
    return true;
}

bool json_key(matrix_stream *s, bool *first, char key[JSON_STRING])
{
    if (!json_more(s, '{', first) || !json_stream_string(s, "a key", key))
        return false;
    stream_place place = s->token;
    if (!accept(s, ':'))
        return stream_fail(s, "':' is missing after the key");
    s->token = place;
    return true;
}

bool json_once(matrix_stream *s, unsigned *seen, unsigned bit, const char *key)
{
    if (*seen & bit)
        return stream_fail(s, "\"%.40s\" is given twice", key);
    *seen |= bit;
    return true;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool number_character(int c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_literal(matrix_stream *s, const char *what)
{
    s->length = 0;
    for (int c = json_peek(s); number_character(c); c = stream_peek(s)) {
        if (s->length + 1 == sizeof s->text)
            return stream_fail(s, "too long for %s", what);
        s->text[s->length++] = (char)c;
        stream_advance(s);
    }
    s->text[s->length] = '\0';
    return s->length || stream_fail(s, "%s is missing", what);
}

/* JSON's spelling: no plus sign, digits on both sides of a point, no leading zeros. */
static bool spelt_as_json(const char *t)
{
    t += *t == '-';
    if (t[0] == '0' ? t[1] >= '0' && t[1] <= '9' : !(t[0] > '0' && t[0] <= '9'))
        return false;
    const char *point = strchr(t, '.');
    return !point || (point[1] >= '0' && point[1] <= '9');
}

bool json_number(matrix_stream *s, const char *what, double *out)
{
    if (!read_literal(s, what) || !stream_word_number(s, what, out))
        return false;
    return spelt_as_json(s->text) || stream_fail(s, "%s '%.40s' is not a number as JSON spells them", what, s->text);
}

/* Whole numbers may be written 3.0: programs that know only floating point numbers do so. */
bool json_whole(matrix_stream *s, const char *what, int64_t least, int64_t most, int64_t *out)
{
    double value;
    if (!json_number(s, what, &value))
        return false;
    if (!strpbrk(s->text, ".eE"))
        return stream_word_whole(s, what, least, most, out);
    if (value < -0x1p53 || value > 0x1p53 || value != (double)(int64_t)value)
        return stream_fail(s, "%s '%.40s' is not a whole number", what, s->text);
    *out = (int64_t)value;
    return (*out >= least && *out <= most) || stream_fail(s, "%s is %.40s, out of range", what, s->text);
}

/* ---- any value ------------------------------------------------------------------------------- */

static bool put_text(matrix_stream *s, sink *k, const char *text)
{
    for (; *text; text++)
        if (!sink_put(s, k, *text))
            return false;
    return true;
}

static bool read_plain(matrix_stream *s, sink *k)
{
    double number;
    if (!read_literal(s, "a value"))
        return false;
    if (strcmp(s->text, "true") && strcmp(s->text, "false") && strcmp(s->text, "null")) {
        number_fault fault = number_read(s->text, s->length, &number);
        bool python = fault == NUMBER_NOT_FINITE; /* NaN and Infinity where nobody looks */
        if ((fault == NUMBER_MALFORMED || !spelt_as_json(s->text)) && !python)
            return stream_fail(s, "'%.40s' is not a JSON value", s->text);
    }
    return put_text(s, k, s->text);
}

static bool read_scalar(matrix_stream *s, sink *k)
{
    if (json_peek(s) != '"')
        return read_plain(s, k);
    stream_advance(s);
    return sink_put(s, k, '"') && read_string(s, k) && sink_put(s, k, '"');
}

static bool read_member_key(matrix_stream *s, sink *k)
{
    if (json_peek(s) != '"')
        return stream_fail(s, "a key is a string");
    if (!read_scalar(s, k) || !sink_put(s, k, ':'))
        return false;
    return accept(s, ':') || stream_fail(s, "':' is missing after the key");
}

/* The brackets that are open stand in a stack of their own. */
static bool read_value(matrix_stream *s, sink *k)
{
    char open[JSON_DEPTH];
    int depth = 0;
    bool first = true;
    do {
        bool was_first = first;
        if (depth && !json_more(s, open[depth - 1], &first)) {
            if (s->status || !sink_put(s, k, open[--depth] == '{' ? '}' : ']'))
                return false;
            first = false;
            continue;
        }
        if (depth && ((!was_first && !sink_put(s, k, ',')) || (open[depth - 1] == '{' && !read_member_key(s, k))))
            return false;
        int c = json_peek(s);
        if (c != '{' && c != '[') {
            if (!read_scalar(s, k))
                return false;
            continue;
        }
        if (depth == JSON_DEPTH)
            return stream_fail(s, "more than %d values within one another", JSON_DEPTH);
        stream_advance(s);
        open[depth++] = (char)c;
        first = true;
        if (!sink_put(s, k, (char)c))
            return false;
    } while (depth);
    return true;
}

bool json_skip(matrix_stream *s)
{
    sink k = {0};
    return read_value(s, &k);
}

bool json_stream_copy(matrix_stream *s, const char *what, char text[JSON_STRING])
{
    sink k = {text, 0};
    (void)what;
    if (!read_value(s, &k))
        return false;
    text[k.length] = '\0';
    return true;
}

bool json_end(matrix_stream *s)
{
    return json_peek(s) == STREAM_END ? !s->status : stream_fail(s, "more after the end of the document");
}
