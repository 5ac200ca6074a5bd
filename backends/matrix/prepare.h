/* prepare.h - a problem in the terms of the format that it is to be written in, with what the sidecar has to add.
 *
 * No energy is changed: numbers that the change of domain rounds are given whole in the sidecar, and where the
 * format's grid or range cannot hold the problem it is refused.
 */
#ifndef BACKENDS_MATRIX_PREPARE_H
#define BACKENDS_MATRIX_PREPARE_H

#include "backends/matrix/sidecar.h"

typedef struct matrix_prepared {
    problem made; /* where it had to be changed; `sheet.p` is then this one */
    problem bare; /* a shallow copy of the caller's, seen without its ancilla */
    bool owned;   /* `made` is open */
    matrix_sheet sheet;
} matrix_prepared;

/* The sidecar is open already and gets what there is to say; path for messages. */
isg_status prepare_open(matrix_prepared *r, const matrix_format *format, const char *path, const problem *p,
                        const matrix_names *names, matrix_sidecar *sidecar, isg_error *error);
void prepare_close(matrix_prepared *r);

#endif
