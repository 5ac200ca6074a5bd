/* fit_show.h - the rows of `isg fit` for people and for programs. */
#ifndef CLI_FIT_SHOW_H
#define CLI_FIT_SHOW_H

#include "backends/machine/fit.h"

typedef struct fit_line {
    const char *target;
    fit_row row;
    const char *interrupted; /* what is left of the measurement; NULL: all of it */
} fit_line;
typedef ARENA_LIST(fit_line) fit_lines;

/* On stdout. A table for each Hamiltonian, a line a machine, what would help below it, the columns explained at the end. */
void fit_show_text(const fit_lines *lines, bool measured, arena *a);
/* A list of objects; false when memory ran out. */
bool fit_show_json(const fit_lines *lines);

#endif
