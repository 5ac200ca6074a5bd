/* format.h - the table of formats, and what a format's file gets to read into and to write from. */
#ifndef BACKENDS_MATRIX_FORMAT_H
#define BACKENDS_MATRIX_FORMAT_H

#include "backends/matrix/draft.h"
#include "backends/matrix/output.h"

#include <string.h>

typedef struct matrix_sidecar matrix_sidecar;

/* What a writer is given: the problem in the format's own terms. */
typedef struct matrix_sheet {
    const problem *p;
    const matrix_names *names; /* NULL: none */
    double unit;               /* of a grid: every number of p is a whole multiple of it, within the grid */
    matrix_sidecar *sidecar;   /* what the file cannot say; the writer may add what only it knows */
} matrix_sheet;

typedef enum format_domain { FORMAT_BINARY, FORMAT_SPIN, FORMAT_EITHER } format_domain;

typedef struct matrix_format {
    const char *name, *extension; /* NULL: none */
    const char *doc;
    format_domain domain;      /* that the writer takes */
    bool fields, offset;       /* that the format holds */
    bool keeps_names;          /* the writer sees to them, or asks for a sidecar */
    bool drops_ancilla;        /* an ancilla is implied: fields instead */
    double grid_min, grid_max; /* of whole numbers; both 0: real numbers */
    double grid_energy;        /* the file's energy, in units of the grid */
    bool (*read)(matrix_stream *s, matrix_draft *d);
    bool (*write)(matrix_output *o, const matrix_sheet *sheet);
} matrix_format;

extern const matrix_format matrix_formats[]; /* ends with name NULL */
const matrix_format *matrix_format_find(const char *name, size_t length);

#define FORMAT_FUNCTIONS(name)                                                                                                   \
    bool name##_read(matrix_stream *s, matrix_draft *d);                                                                         \
    bool name##_write(matrix_output *o, const matrix_sheet *sheet)
FORMAT_FUNCTIONS(coo);
FORMAT_FUNCTIONS(qubo);
FORMAT_FUNCTIONS(rudy);
FORMAT_FUNCTIONS(biqmac);
FORMAT_FUNCTIONS(mqlib);
FORMAT_FUNCTIONS(mtx);
FORMAT_FUNCTIONS(bqpjson);
FORMAT_FUNCTIONS(bqm_json);
FORMAT_FUNCTIONS(kaiwu_csv);
FORMAT_FUNCTIONS(kaiwu_ising_csv);
FORMAT_FUNCTIONS(hitachi_json);
FORMAT_FUNCTIONS(fujitsu_json);
FORMAT_FUNCTIONS(dwave_qp);

#endif
