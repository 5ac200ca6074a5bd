/* place.c - see place.h. */
#include "inspect/place.h"

#include <string.h>

typedef struct line_column {
    int64_t line, column; /* from 1; columns count characters */
} line_column;

static const source_file *file_of(const ir_module *m, ir_span span)
{
    const diagnostics *d = m->diagnostics;
    if (!span.file || span.file > d->files.count)
        return NULL;
    const source_file *file = &d->files.at[span.file - 1];
    return span.begin <= span.end && span.end <= file->length ? file : NULL;
}

static line_column position(const source_file *file, uint32_t at)
{
    line_column p = {1, 1};
    for (uint32_t i = 0; i < at; i++) {
        bool follows = ((unsigned char)file->text[i] & 0xc0) == 0x80; /* within a character of UTF-8 */
        if (file->text[i] == '\n')
            p = (line_column){p.line + 1, 1};
        else if (!follows)
            p.column++;
    }
    return p;
}

static json_t *span_value(arena *a, const source_file *file, ir_span span)
{
    json_t *value = value_object(a);
    line_column begin = position(file, span.begin), end = position(file, span.end);
    value_put(a, value, "file", value_text(a, file->path));
    value_put(a, value, "line", value_count(a, begin.line));
    value_put(a, value, "column", value_count(a, begin.column));
    value_put(a, value, "end_line", value_count(a, end.line));
    value_put(a, value, "end_column", value_count(a, end.column));
    return value;
}

/* Sites name the innermost call first. */
static json_t *calls_value(arena *a, const ir_module *m, uint32_t site)
{
    json_t *list = value_array(a);
    for (; site && site < m->sites.count; site = m->sites.at[site].parent) {
        const ir_site *s = &m->sites.at[site];
        const source_file *file = file_of(m, s->call);
        if (!file)
            break;
        json_t *call = span_value(a, file, s->call);
        value_put(a, call, "callee", value_text(a, ir_text(m, s->callee)));
        if (json_array_insert(list, 0, call))
            longjmp(*a->on_no_memory, 1);
    }
    return list;
}

json_t *place_value(arena *a, const ir_module *m, ir_span span, uint32_t site)
{
    const source_file *file = file_of(m, span);
    if (!file)
        return value_null();
    json_t *value = span_value(a, file, span);
    value_put(a, value, "text", value_text(a, arena_copy(a, file->text + span.begin, span.end - span.begin)));
    value_put(a, value, "called_from", calls_value(a, m, site));
    return value;
}

json_t *place_files(arena *a, const ir_module *m, const ir_span *spans, uint32_t count)
{
    json_t *list = value_array(a);
    for (uint32_t i = 0; i < count; i++) {
        const source_file *file = file_of(m, spans[i]);
        bool again = !file;
        for (uint32_t k = 0; k < i && !again; k++)
            again = spans[k].file == spans[i].file && file_of(m, spans[k]);
        if (again)
            continue;
        json_t *one = value_object(a);
        value_put(a, one, "file", value_text(a, file->path));
        value_put(a, one, "text", value_text(a, arena_copy(a, file->text, file->length)));
        value_push(a, list, one);
    }
    return list;
}
