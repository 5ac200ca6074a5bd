/* sidecar.h - FILE.isg.json: what a problem has that FILE's format cannot say. A JSON object:
 *
 *   sidecar       1, the version of this table
 *   format, hash  of FILE: its format's name, and FNV-1a of its bytes as 16 hexadecimal digits
 *   domain        "binary" or "spin": of the problem; FILE's format may hold another
 *   spins         of the problem
 *   offset        of the problem, which FILE does not hold
 *   scale         problem = scale * FILE, in energies (without offset); 1 when left out
 *   ancilla       "added": FILE's last spin stands for +1 and its couplings are the fields; "dropped": the problem's
 *                 last spin is an ancilla that FILE leaves out, its couplings being fields there
 *   ancilla_spin  the problem's ancilla
 *   fields        the problem's, where FILE's are rounded by the change of domain
 *   names         what the spins are called, JSON values
 *   origins       [spin or -1, value, lowest] as in problem.h, where they are not the spins themselves
 *   width         hitachi-json: spin i stands at [i mod width, i / width]
 *   sites         hitachi-json: [x, y] of each spin, where there is no such rule
 *   couplers      dwave-qp: [i, j] in the order of `quad`
 *   machine       the target whose limits the file was made for by `isg emit`
 *   seed          of that machine's simulator, for this file
 */
#ifndef BACKENDS_MATRIX_SIDECAR_H
#define BACKENDS_MATRIX_SIDECAR_H

#include "backends/matrix/format.h"

typedef enum sidecar_ancilla { ANCILLA_AS_IS, ANCILLA_ADDED, ANCILLA_DROPPED } sidecar_ancilla;

typedef struct sidecar_pair {
    uint32_t first, second;
} sidecar_pair;

struct matrix_sidecar {
    const isg_allocator *allocator;
    const matrix_format *format;
    uint64_t hash;
    problem_domain domain;
    int64_t spins;
    double offset, scale;
    sidecar_ancilla ancilla;
    int64_t ancilla_spin;
    int64_t field_count; /* spins, or 0: none */
    double *fields;
    matrix_names names;
    int64_t origin_count;
    problem_origin *origins; /* NULL: the spins themselves */
    int64_t width;           /* 0: none */
    int64_t pair_count, pair_capacity;
    sidecar_pair *pairs; /* sites or couplers; NULL: none */
    const char *pairs_key;
    matrix_mark mark;
    bool needed; /* for writing: something is in here that the file lacks */
};

void sidecar_close(matrix_sidecar *c);

/* PATH.isg.json into out, of out_bytes. */
size_t sidecar_path_bytes(const char *path);
void sidecar_path(char *out, const char *path);

bool sidecar_read(matrix_stream *s, matrix_sidecar *c);
bool sidecar_add_pair(matrix_stream *s, matrix_sidecar *c, uint32_t first, uint32_t second);

/* names NULL: none. The writer's own pairs come from the problem's couplings where the format is dwave-qp. */
bool sidecar_write(matrix_output *o, const matrix_sidecar *c, const problem *p, const matrix_names *names);

#endif
