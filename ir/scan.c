/* scan.c - the tokens of the text form. Any bytes are taken; what is no token is an error. */
#include "ir/parser.h"

#include <string.h>

enum { MAX_TOKEN = 4096 };

static const char *const punctuation[] = {"==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ",",
                                          ";",  ":",  "=",  "<",  ">", "+", "-", "*", "/", "?"};

void parser_error(parser *p, ir_span span, const char *format, ...)
{
    if (p->failed)
        return;
    va_list list;
    va_start(list, format);
    diagnostics_error(p->module->diagnostics, span, "%s", arena_vformat(p->arena, format, list));
    va_end(list);
    p->failed = true;
    p->token = (token){.kind = TOKEN_END, .text = "", .span = span};
}

static ir_span span_at(const parser *p, size_t begin, size_t end)
{
    return (ir_span){p->file, (uint32_t)begin, (uint32_t)end};
}

ir_span parser_span_from(const parser *p, uint32_t begin)
{
    return span_at(p, begin, p->previous_end > begin ? p->previous_end : begin);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name_part(char c)
{
    return is_letter(c) || is_digit(c) || c == '.';
}

static char peek(const parser *p, size_t ahead)
{
    return p->at + ahead < p->length ? p->text[p->at + ahead] : '\0';
}

/* White space and comments (# or //); true if a line began. */
static bool skip_space(parser *p)
{
    bool new_line = p->at == 0;
    while (p->at < p->length) {
        char c = p->text[p->at];
        if (c == '#' || (c == '/' && peek(p, 1) == '/')) {
            const char *end = memchr(p->text + p->at, '\n', p->length - p->at);
            p->at = end ? (size_t)(end - p->text) : p->length;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            new_line |= c == '\n';
            p->at++;
        } else {
            break;
        }
    }
    return new_line;
}

static void take_name(parser *p, token *t, size_t begin)
{
    size_t length = p->at - begin;
    if (length > MAX_TOKEN) {
        parser_error(p, span_at(p, begin, p->at), "this name is longer than %d bytes", MAX_TOKEN);
        return;
    }
    t->name = ir_intern(p->module, p->text + begin, length);
    t->text = ir_text(p->module, t->name);
}

static int hex_digit(char c)
{
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape stands for, or -1. */
static int scan_escape(parser *p)
{
    char c = peek(p, 0);
    p->at++;
    if (c == '"' || c == '\\')
        return c;
    int high = hex_digit(peek(p, 0)), low = hex_digit(peek(p, 1));
    if (c != 'x' || high < 0 || low < 0 || high + low == 0)
        return -1;
    p->at += 2;
    return high * 16 + low;
}

static void scan_string(parser *p, token *t)
{
    char bytes[MAX_TOKEN];
    size_t begin = p->at++, count = 0;
    for (;;) {
        int c = peek(p, 0);
        if (p->at >= p->length || c == '\n' || c == '\0') {
            parser_error(p, span_at(p, begin, p->at), "this string does not end");
            return;
        }
        p->at++;
        if (c == '"')
            break;
        size_t escape = p->at - 1;
        if (c == '\\' && (c = scan_escape(p)) < 0) {
            parser_error(p, span_at(p, escape, p->at < p->length ? p->at : p->length),
                         "unknown escape; known are \\\", \\\\ and \\xHH");
            return;
        }
        if (count == MAX_TOKEN) {
            parser_error(p, span_at(p, begin, p->at), "this string is longer than %d bytes", MAX_TOKEN);
            return;
        }
        bytes[count++] = (char)c;
    }
    t->name = ir_intern(p->module, bytes, count);
    t->text = ir_text(p->module, t->name);
}

static void scan_digits(parser *p)
{
    while (is_digit(peek(p, 0)))
        p->at++;
}

static void scan_number(parser *p, token *t)
{
    size_t begin = p->at;
    scan_digits(p);
    if (peek(p, 0) == '.' && is_digit(peek(p, 1))) {
        p->at++;
        scan_digits(p);
    }
    size_t sign = peek(p, 1) == '+' || peek(p, 1) == '-';
    if (peek(p, 0) == 'e' && is_digit(peek(p, 1 + sign))) {
        p->at += 1 + sign;
        scan_digits(p);
    }
    if (!text_read_number(p->text + begin, p->at - begin, &t->number))
        parser_error(p, span_at(p, begin, p->at), "this number is too large");
}

/* A name after % $ or @, or a quoted one. */
static void scan_marked(parser *p, token *t)
{
    size_t begin = p->at++;
    if (peek(p, 0) == '"') {
        scan_string(p, t);
        return;
    }
    while (is_name_part(peek(p, 0)))
        p->at++;
    take_name(p, t, begin + 1);
    if (!t->name && t->kind != TOKEN_PATH)
        parser_error(p, span_at(p, begin, p->at), "a name is missing after `%c`", p->text[begin]);
}

static void scan_punctuation(parser *p, token *t)
{
    for (size_t i = 0; i < sizeof punctuation / sizeof *punctuation; i++) {
        size_t length = strlen(punctuation[i]);
        if (p->length - p->at >= length && !memcmp(p->text + p->at, punctuation[i], length)) {
            t->text = punctuation[i];
            p->at += length;
            return;
        }
    }
    unsigned char c = (unsigned char)p->text[p->at];
    if (c >= 0x20 && c < 0x7f)
        parser_error(p, span_at(p, p->at, p->at + 1), "unexpected `%c`", c);
    else
        parser_error(p, span_at(p, p->at, p->at + 1), "unexpected byte 0x%02x", c);
}

static token_kind kind_by_first(char c)
{
    switch (c) {
    case '%':
        return TOKEN_VALUE;
    case '$':
        return TOKEN_SYMBOL;
    case '@':
        return TOKEN_PATH;
    case '"':
        return TOKEN_STRING;
    default:
        return is_digit(c) ? TOKEN_NUMBER : is_letter(c) ? TOKEN_NAME : TOKEN_PUNCTUATION;
    }
}

void parser_advance(parser *p)
{
    if (p->failed)
        return;
    p->previous_end = (uint32_t)p->at;
    token t = {.kind = TOKEN_END, .text = "", .first_in_line = skip_space(p)};
    size_t begin = p->at;
    if (p->at < p->length) {
        t.kind = kind_by_first(p->text[p->at]);
        switch (t.kind) {
        case TOKEN_NAME:
            while (is_name_part(peek(p, 0)))
                p->at++;
            take_name(p, &t, begin);
            break;
        case TOKEN_NUMBER:
            scan_number(p, &t);
            break;
        case TOKEN_STRING:
            scan_string(p, &t);
            break;
        case TOKEN_PUNCTUATION:
            scan_punctuation(p, &t);
            break;
        default:
            scan_marked(p, &t);
        }
    }
    t.span = span_at(p, begin, p->at);
    if (!p->failed)
        p->token = t;
}

void parser_scan_file_name(parser *p)
{
    if (p->failed)
        return;
    size_t begin = p->at;
    if (peek(p, 0) == '"') {
        parser_advance(p);
        return;
    }
    while (is_name_part(peek(p, 0)) || peek(p, 0) == '/' || peek(p, 0) == '-')
        p->at++;
    token t = {.kind = TOKEN_STRING, .text = "", .span = span_at(p, begin, p->at)};
    p->previous_end = (uint32_t)begin;
    take_name(p, &t, begin);
    if (!p->failed)
        p->token = t;
}

/* ---- what the parsing functions ask ---- */

bool parser_at(const parser *p, const char *word)
{
    return (p->token.kind == TOKEN_NAME || p->token.kind == TOKEN_PUNCTUATION) && !strcmp(p->token.text, word);
}

bool parser_accept(parser *p, const char *word)
{
    bool there = parser_at(p, word);
    if (there)
        parser_advance(p);
    return there;
}

void parser_expected(parser *p, const char *what)
{
    ir_span span = p->token.span;
    if (p->token.kind == TOKEN_END)
        parser_error(p, span, "expected %s, found the end of the text", what);
    else
        parser_error(p, span, "expected %s, found `%.*s`", what, (int)(span.end - span.begin > 40 ? 40 : span.end - span.begin),
                     p->text + span.begin);
}

void parser_expect(parser *p, const char *word)
{
    if (!parser_accept(p, word))
        parser_expected(p, arena_format(p->arena, "`%s`", word));
}

ir_name parser_name(parser *p, const char *what)
{
    ir_name name = p->token.name;
    if (p->token.kind != TOKEN_NAME && p->token.kind != TOKEN_STRING) {
        parser_expected(p, what);
        return 0;
    }
    parser_advance(p);
    return name;
}

int64_t parser_integer(parser *p, int64_t most, const char *what)
{
    double number = p->token.number;
    if (p->token.kind != TOKEN_NUMBER) {
        parser_expected(p, what);
        return 0;
    }
    if (!(number < 0x1p63) || (int64_t)number > most || (double)(int64_t)number != number) {
        parser_error(p, p->token.span, "expected %s, a whole number up to %lld", what, (long long)most);
        return 0;
    }
    parser_advance(p);
    return (int64_t)number;
}

bool parser_enter(parser *p)
{
    if (++p->nesting > TEXT_MAX_NESTING)
        parser_error(p, p->token.span, "brackets are nested deeper than %d", TEXT_MAX_NESTING);
    return !p->failed;
}

void parser_leave(parser *p)
{
    p->nesting--;
}
