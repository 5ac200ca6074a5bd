/* diagnostic.h - diagnostics as data.
 *
 * Whoever finds a fault adds a diagnostic and goes on; at the end they are sorted by place, equal ones
 * are merged (the same fault met through two calls is one fault), the first 20 errors are drawn. Spans
 * are byte offsets; lines and columns (in characters, from 1) exist only while drawing.
 */
#ifndef IR_DIAGNOSTIC_H
#define IR_DIAGNOSTIC_H

#include "ir/arena.h"

typedef struct ir_span {
    uint32_t file;       /* 0: nowhere; else 1 + position in diagnostics.files */
    uint32_t begin, end; /* bytes, end exclusive */
} ir_span;

typedef enum diagnostic_severity { DIAGNOSTIC_ERROR, DIAGNOSTIC_WARNING } diagnostic_severity;
typedef enum diagnostic_note_kind { DIAGNOSTIC_NOTE, DIAGNOSTIC_HINT } diagnostic_note_kind;

typedef struct diagnostic_note {
    diagnostic_note_kind kind;
    ir_span span; /* may be nowhere: then the text stands alone */
    const char *message;
} diagnostic_note;

typedef struct diagnostic {
    diagnostic_severity severity;
    ir_span span;
    const char *message;
    ARENA_LIST(diagnostic_note) notes;
} diagnostic;

typedef struct source_file {
    const char *path; /* as shown to the user */
    const char *text;
    size_t length;
} source_file;

typedef struct diagnostics {
    arena *arena;
    ARENA_LIST(source_file) files;
    ARENA_LIST(diagnostic *) list;
    uint32_t error_count;
    const char *program; /* who speaks where a message has no place, "isg"; NULL, as opened: nobody is named */
} diagnostics;

void diagnostics_open(diagnostics *d, arena *a);
uint32_t diagnostics_add_file(diagnostics *d, const char *path, const char *text, size_t length); /* the id for ir_span.file */

/* The result may be given notes and hints; message formats have no newline. */
diagnostic *diagnostics_error(diagnostics *d, ir_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
diagnostic *diagnostics_warning(diagnostics *d, ir_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
void diagnostic_note_at(diagnostics *d, diagnostic *to, ir_span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diagnostic_hint(diagnostics *d, diagnostic *to, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* All of them as text: `file:line:column: error: message`, the source line, carets, notes. Also the
 * one place that sorts, merges and cuts at 20 errors. The text lives in the arena. */
const char *diagnostics_draw(diagnostics *d);

/* The candidate nearest to `name` (edit distance at most a third of its length), or NULL. */
const char *diagnostics_nearest(arena *scratch, const char *name, const char *const *candidates, size_t count);

#endif
