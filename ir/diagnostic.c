/* diagnostic.c - collecting diagnostics, and drawing them (diagnostic.h). */
#include "ir/diagnostic.h"

#include <stdint.h>
#include <string.h>

enum {
    MAX_DRAWN = 20,
    MAX_KEPT = 50000, /* beyond these errors are only counted */
    MAX_LINE = 160,   /* characters of a source line drawn */
    LEAD = 40,        /* of them before the span, when the line is longer */
    TAB = 4,
    MAX_NAME = 64 /* bytes of a name that has a nearest one */
};

/* ---- collecting ---- */

void diagnostics_open(diagnostics *d, arena *a)
{
    *d = (diagnostics){.arena = a};
}

uint32_t diagnostics_add_file(diagnostics *d, const char *path, const char *text, size_t length)
{
    ARENA_PUSH(d->arena, &d->files, ((source_file){path, text, length}));
    return d->files.count;
}

static diagnostic *add(diagnostics *d, diagnostic_severity severity, ir_span span, const char *format, va_list list)
{
    diagnostic *made = ARENA_NEW(d->arena, diagnostic);
    made->severity = severity;
    made->span = span;
    made->message = arena_vformat(d->arena, format, list);
    if (d->list.count < MAX_KEPT)
        ARENA_PUSH(d->arena, &d->list, made);
    d->error_count += severity == DIAGNOSTIC_ERROR;
    return made;
}

diagnostic *diagnostics_error(diagnostics *d, ir_span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diagnostic *made = add(d, DIAGNOSTIC_ERROR, span, format, list);
    va_end(list);
    return made;
}

diagnostic *diagnostics_warning(diagnostics *d, ir_span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    diagnostic *made = add(d, DIAGNOSTIC_WARNING, span, format, list);
    va_end(list);
    return made;
}

void diagnostic_note_at(diagnostics *d, diagnostic *to, ir_span span, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = arena_vformat(d->arena, format, list);
    va_end(list);
    ARENA_PUSH(d->arena, &to->notes, ((diagnostic_note){DIAGNOSTIC_NOTE, span, message}));
}

void diagnostic_hint(diagnostics *d, diagnostic *to, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = arena_vformat(d->arena, format, list);
    va_end(list);
    ARENA_PUSH(d->arena, &to->notes, ((diagnostic_note){DIAGNOSTIC_HINT, {0}, message}));
}

/* ---- order ---- */

static bool stands_before(const diagnostic *a, const diagnostic *b)
{
    return a->span.file != b->span.file ? a->span.file < b->span.file : a->span.begin < b->span.begin;
}

/* A stable merge sort, bottom up; returns the array that holds the result. */
static diagnostic **sort_by_place(diagnostic **from, diagnostic **to, uint32_t count)
{
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t begin = 0; begin < count; begin += 2 * width) {
            uint32_t middle = count - begin < width ? count : begin + width;
            uint32_t end = count - begin < 2 * width ? count : begin + 2 * width;
            for (uint32_t i = begin, j = middle, k = begin; k < end; k++)
                to[k] = j == end || (i < middle && !stands_before(from[j], from[i])) ? from[i++] : from[j++];
        }
        diagnostic **swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static bool is_equal(const diagnostic *a, const diagnostic *b)
{
    return a->severity == b->severity && a->span.file == b->span.file && a->span.begin == b->span.begin &&
           a->span.end == b->span.end && !strcmp(a->message, b->message);
}

/* Drops what equals one before it; only those at the same place can. */
static uint32_t merge_equal(diagnostic **list, uint32_t count)
{
    uint32_t kept = 0, place = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!kept || stands_before(list[place], list[i]))
            place = kept;
        bool repeated = false;
        for (uint32_t k = place; k < kept && k < place + 64 && !repeated; k++)
            repeated = is_equal(list[k], list[i]);
        if (!repeated)
            list[kept++] = list[i];
    }
    return kept;
}

/* ---- text ---- */

typedef struct text {
    arena *arena;
    ARENA_LIST(char) bytes;
} text;

static void put_bytes(text *t, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        ARENA_PUSH(t->arena, &t->bytes, bytes[i]);
}

static void put(text *t, const char *string)
{
    put_bytes(t, string, strlen(string));
}

/* Length of the character at `at`: a whole UTF-8 sequence, or one byte that is none. */
static size_t character_bytes(const char *at, size_t left)
{
    unsigned char first = (unsigned char)*at;
    size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xC2 && first < 0xE0 ? 2 : 1;
    if (length > left)
        return 1;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)at[i] & 0xC0) != 0x80)
            return 1;
    return length;
}

static uint32_t code_point(const char *at, size_t length)
{
    const unsigned char *u = (const unsigned char *)at;
    switch (length) {
    case 2:
        return (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
    case 3:
        return (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
    case 4:
        return (u[0] & 0x07u) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
    default:
        return u[0];
    }
}

/* Columns of a terminal: two for East Asian wide characters and emoji, none for combining marks. */
static size_t character_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
    if ((c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) || c == 0xFE0F)
        return 0;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (c >= wide[i].first && c <= wide[i].last)
            return 2;
    return 1;
}

static bool is_control(uint32_t c, size_t length)
{
    return c < 32 || c == 127 || (length == 1 && c > 127) || (c >= 0x80 && c < 0xA0);
}

/* One line whatever it quotes: control characters and broken bytes become '?'. */
static void put_clean(text *t, const char *string)
{
    size_t left = strlen(string);
    while (left) {
        size_t length = character_bytes(string, left);
        if (is_control(code_point(string, length), length))
            put(t, "?");
        else
            put_bytes(t, string, length);
        string += length;
        left -= length;
    }
}

/* ---- drawing ---- */

typedef struct place {
    const source_file *file;
    size_t line_begin, line_end; /* bytes of its line */
    size_t begin, end;           /* bytes of the span, cut to the line */
    size_t line, column;         /* from 1, in characters */
} place;

static size_t count_characters(const char *from, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; count++)
        i += character_bytes(from + i, length - i);
    return count;
}

static place find_place(const diagnostics *d, ir_span span)
{
    const source_file *file = &d->files.at[span.file - 1];
    place p = {.file = file, .line = 1};
    p.begin = span.begin < file->length ? span.begin : file->length;
    for (const char *newline; (newline = memchr(file->text + p.line_begin, '\n', p.begin - p.line_begin)); p.line++)
        p.line_begin = (size_t)(newline - file->text) + 1;
    const char *end = memchr(file->text + p.begin, '\n', file->length - p.begin);
    p.line_end = end ? (size_t)(end - file->text) : file->length;
    if (p.line_end > p.begin && file->text[p.line_end - 1] == '\r')
        p.line_end--;
    p.end = span.end < p.line_end ? span.end : p.line_end;
    p.end = p.end < p.begin ? p.begin : p.end;
    p.column = count_characters(file->text + p.line_begin, p.begin - p.line_begin) + 1;
    return p;
}

static void put_repeated(text *t, const char *string, size_t count)
{
    while (count--)
        put(t, string);
}

/* Draws one character of the source; returns the columns that it takes. */
static size_t draw_character(text *t, const char *at, size_t length, size_t column)
{
    uint32_t c = code_point(at, length);
    if (c == '\t') {
        size_t width = TAB - column % TAB;
        put_repeated(t, " ", width);
        return width;
    }
    if (is_control(c, length)) {
        put(t, "?");
        return 1;
    }
    put_bytes(t, at, length);
    return character_width(c);
}

/* Where drawing of a line begins, so that the span of a long line is seen. */
static size_t window_begin(const place *p)
{
    const char *line = p->file->text;
    size_t skip = 0;
    if (p->column > MAX_LINE - LEAD && count_characters(line + p->line_begin, p->line_end - p->line_begin) > MAX_LINE)
        skip = p->column - 1 - LEAD;
    size_t at = p->line_begin;
    while (skip--)
        at += character_bytes(line + at, p->line_end - at);
    return at;
}

static void draw_source(text *t, const place *p)
{
    const char *gutter = arena_format(t->arena, "%5zu | ", p->line);
    put(t, gutter);
    const char *source = p->file->text;
    size_t at = window_begin(p), column = 0, before = 0, under = 0;
    if (at > p->line_begin) {
        put(t, "...");
        column = before = 3;
    }
    for (size_t drawn = 0; at < p->line_end; drawn++) {
        if (drawn == MAX_LINE) {
            put(t, "...");
            break;
        }
        size_t length = character_bytes(source + at, p->line_end - at);
        size_t width = draw_character(t, source + at, length, column);
        before += at < p->begin ? width : 0;
        under += at >= p->begin && at < p->end ? width : 0;
        column += width;
        at += length;
    }
    put(t, "\n");
    put_repeated(t, " ", strlen(gutter) - 2);
    put(t, "| ");
    put_repeated(t, " ", before);
    put_repeated(t, "^", under ? under : 1);
    put(t, "\n");
}

static void draw_message(text *t, const diagnostics *d, ir_span span, const char *kind, const char *message)
{
    bool somewhere = span.file && span.file <= d->files.count;
    place p = {0};
    if (somewhere) {
        p = find_place(d, span);
        put_clean(t, p.file->path);
        put(t, arena_format(t->arena, ":%zu:%zu: ", p.line, p.column));
    }
    put(t, kind);
    put(t, ": ");
    put_clean(t, message);
    put(t, "\n");
    if (somewhere)
        draw_source(t, &p);
}

static void draw(text *t, const diagnostics *d, const diagnostic *which)
{
    const char *who = d->program && !which->span.file ? arena_format(t->arena, "%s: ", d->program) : "";
    put(t, who);
    draw_message(t, d, which->span, which->severity == DIAGNOSTIC_ERROR ? "error" : "warning", which->message);
    for (uint32_t i = 0; i < which->notes.count; i++) {
        const diagnostic_note *note = &which->notes.at[i];
        put(t, note->span.file ? "" : who);
        draw_message(t, d, note->span, note->kind == DIAGNOSTIC_NOTE ? "note" : "hint", note->message);
    }
}

const char *diagnostics_draw(diagnostics *d)
{
    text t = {.arena = d->arena};
    uint32_t count = d->list.count, drawn = 0, errors = 0, lost = 0;
    diagnostic **list = ARENA_ARRAY(d->arena, diagnostic *, count), **spare = ARENA_ARRAY(d->arena, diagnostic *, count);
    if (count)
        memcpy(list, d->list.at, count * sizeof *list);
    for (uint32_t i = 0; i < count; i++)
        lost += list[i]->severity == DIAGNOSTIC_ERROR;
    lost = d->error_count - lost; /* counted, not kept */
    list = sort_by_place(list, spare, count);
    count = merge_equal(list, count);
    for (; drawn < count && errors < MAX_DRAWN; drawn++) {
        draw(&t, d, list[drawn]);
        errors += list[drawn]->severity == DIAGNOSTIC_ERROR;
    }
    uint32_t more = lost;
    for (; drawn < count; drawn++)
        more += list[drawn]->severity == DIAGNOSTIC_ERROR;
    if (more)
        put(&t, arena_format(d->arena, "%u more error%s not shown\n", more, more == 1 ? " is" : "s are"));
    ARENA_PUSH(d->arena, &t.bytes, '\0');
    return t.bytes.at;
}

/* ---- the nearest name ---- */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits from a to b: insert, delete, replace, or exchange two neighbours. Both at most MAX_NAME long. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][MAX_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = smallest(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

const char *diagnostics_nearest(arena *scratch, const char *name, const char *const *candidates, size_t count)
{
    (void)scratch;
    size_t length = strlen(name), best = length / 3 + 1;
    const char *nearest = NULL;
    if (length > MAX_NAME)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > MAX_NAME || other + best <= length || length + best <= other)
            continue;
        size_t distance = edit_distance(name, length, candidates[i], other);
        if (distance < best) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
