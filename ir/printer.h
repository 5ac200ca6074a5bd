/* printer.h - inside the printer: the text being written and the names it uses. */
#ifndef IR_PRINTER_H
#define IR_PRINTER_H

#include "ir/text.h"

typedef struct printed_index {
    ir_index index;
    const char *name;
} printed_index;

typedef struct printer {
    const ir_module *module;
    arena *arena;
    bool locations;
    ARENA_LIST(char) text;
    const char **value_names; /* by value; NULL members, or NULL itself: the value's own name */
    const char **array_names; /* of the spin arrays of the operation being printed */
    uint32_t array_count;
    ARENA_LIST(printed_index) scope; /* indices in scope, innermost last */
} printer;

void printer_write(printer *p, const char *text);
void printer_format(printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *printer_finish(printer *p);

void printer_name(printer *p, const char *name); /* bare, or quoted when it is not a name */
void printer_path(printer *p, const char *path); /* @a.b.c, or @"..." */
void printer_quoted(printer *p, const char *text);
void printer_value(printer *p, ir_value v);

void printer_expr(printer *p, ir_expr e);
void printer_list(printer *p, const ir_expr *exprs, uint32_t count); /* separated by commas */
/* `t in 8, i in $N`; brings them into scope. Leave it by setting scope.count back. */
void printer_indices(printer *p, const ir_index *indices, uint32_t count);

#endif
