/* kaiwu_ising_csv.c - Ising matrices for coherent Ising machines: symmetric, zero diagonal, whole numbers from -128 to 127,
 * comma-separated; H = -s'Js over both triangles. Fields are couplings to the last spin, which the sidecar then says; a
 * file alone is read as it stands, each row a spin. */
#include "backends/matrix/csv.h"
#include "backends/matrix/format.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>

/* The matrix so far, to compare its triangles: `size` columns a row, unknown (0) during the first. */
typedef struct ising_matrix {
    const isg_allocator *allocator;
    matrix_draft *draft;
    int8_t *cells;
    size_t capacity;
    int64_t size;
} ising_matrix;

static bool resize(ising_matrix *m, matrix_stream *s, size_t capacity)
{
    void *bigger = m->allocator->resize(m->allocator->context, m->cells, m->capacity, capacity);
    if (!bigger)
        return stream_no_memory(s);
    m->cells = bigger;
    m->capacity = capacity;
    return true;
}

static bool take_cell(void *context, matrix_stream *s, int64_t row, int64_t column, double value)
{
    ising_matrix *m = context;
    if (value < -128 || value > 127 || value != (double)(int64_t)value)
        return stream_fail(s, "%.40s is not a whole number from -128 to 127", s->text);
    if (!row)
        m->size = column + 1;
    size_t wanted = (size_t)m->size * (row ? (size_t)m->size : 1);
    if (row && (uint64_t)wanted > s->source.length)
        return stream_fail(s, "the file is too short for %" PRId64 " rows", m->size);
    if (wanted > m->capacity && !resize(m, s, row ? wanted : wanted + wanted / 2 + 64))
        return false;
    m->cells[row * m->size + column] = (int8_t)value;
    if (row == column)
        return value == 0 || stream_fail(s, "the diagonal is not 0");
    if (row < column)
        return true;
    if (m->cells[column * m->size + row] != value)
        return stream_fail(s, "not symmetric: %g here, %d across", value, m->cells[column * m->size + row]);
    return value == 0 || draft_add(s, m->draft, row, column, -2 * value);
}

bool kaiwu_ising_csv_read(matrix_stream *s, matrix_draft *d)
{
    ising_matrix m = {.allocator = d->allocator, .draft = d};
    int64_t size;
    bool good = csv_read(s, take_cell, &m, &size) && draft_declare(s, d, size);
    if (m.cells)
        m.allocator->resize(m.allocator->context, m.cells, m.capacity, 0);
    return good;
}

bool kaiwu_ising_csv_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    problem_rows rows;
    if (!p->spins)
        return output_refuse(o, "a problem without spins has no matrix");
    if (problem_rows_open(&rows, p, o->error)) {
        o->status = ISG_NO_MEMORY;
        return false;
    }
    for (int64_t i = 0; i < p->spins; i++) {
        int64_t k = rows.row_start[i];
        for (int64_t j = 0; j < p->spins; j++) {
            bool coupled = k < rows.row_start[i + 1] && rows.neighbour[k] == j;
            if (j)
                output_byte(o, ',');
            output_whole(o, coupled ? -(int64_t)(rows.value[k] / sheet->unit) : 0);
            k += coupled;
        }
        output_byte(o, '\n');
    }
    problem_rows_close(&rows, p);
    return !o->status;
}
