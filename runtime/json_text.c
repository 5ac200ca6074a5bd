/* json_text.c - see json_text.h. */
#include "runtime/json_text.h"

#include <string.h>

static void skip_space(json_text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r'))
        t->at++;
}

bool json_text_accept(json_text *t, char punctuation)
{
    skip_space(t);
    if (t->at == t->end || *t->at != punctuation)
        return false;
    t->at++;
    return true;
}

bool json_text_ended(json_text *t)
{
    skip_space(t);
    return t->at == t->end;
}

bool json_text_count(json_text *t, int64_t *number)
{
    skip_space(t);
    char *at = t->at;
    int64_t value = 0;
    for (; at < t->end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
            return false;
    if (at == t->at || (*t->at == '0' && at - t->at > 1) || (at < t->end && (*at == '.' || *at == 'e' || *at == 'E')))
        return false;
    t->at = at;
    *number = value;
    return true;
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool hexadecimal(const char *at, const char *end, uint32_t *out)
{
    if (end - at < 4)
        return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* After "\u"; pairs of surrogates are one character. NULL when it is none, or U+0000. */
static char *unescape_unicode(json_text *t, char *to)
{
    uint32_t c, low;
    if (!hexadecimal(t->at, t->end, &c) || !c || (c >= 0xdc00 && c < 0xe000))
        return NULL;
    t->at += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        if (t->end - t->at < 6 || t->at[0] != '\\' || t->at[1] != 'u' || !hexadecimal(t->at + 2, t->end, &low) || low < 0xdc00 ||
            low >= 0xe000)
            return NULL;
        t->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(to, c);
}

/* After the backslash. No escape is shorter than what it stands for. */
static char *unescape(json_text *t, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (t->at == t->end)
        return NULL;
    char c = *t->at++;
    if (c == 'u')
        return unescape_unicode(t, to);
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter)
        return NULL;
    *to++ = meanings[letter - letters];
    return to;
}

/* Copies one character of more than one byte; the shortest form, no surrogates, at most U+10FFFF. */
static char *copy_utf8(json_text *t, char *to)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)*t->at;
    int length = lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 0;
    if (!length || t->end - t->at < length)
        return NULL;
    uint32_t c = lead & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        unsigned char next = (unsigned char)t->at[i];
        if ((next & 0xc0) != 0x80)
            return NULL;
        c = c << 6 | (next & 63u);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return NULL;
    t->at += length;
    return put_utf8(to, c);
}

bool json_text_string(json_text *t, const char **string)
{
    if (!json_text_accept(t, '"'))
        return false;
    char *to = t->at;
    *string = to;
    while (to && t->at < t->end) {
        unsigned char c = (unsigned char)*t->at;
        if (c == '"') {
            t->at++;
            *to = '\0';
            return true;
        }
        if (c < ' ')
            return false;
        if (c == '\\') {
            t->at++;
            to = unescape(t, to);
        } else if (c < 0x80) {
            *to++ = *t->at++;
        } else {
            to = copy_utf8(t, to);
        }
    }
    return false;
}
