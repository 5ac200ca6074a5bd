/* kaiwu_csv.c - QUBO matrices for QBoson's coherent Ising machines: n x n, comma-separated, no header, x'Qx.
 *
 * The machine couples n + 1 spins by an 8-bit Ising matrix J, H = -s'Js over both triangles, the last spin being the
 * ancilla. What is written is such a J seen as QUBO in the upper triangle: off-diagonals -8 J_ij, on the diagonal 4 times
 * the sum of row i of J without and minus its entry at the ancilla. Any numbers are read, in either triangle. */
#include "backends/matrix/csv.h"
#include "backends/matrix/format.h"

#include "runtime/error.h"
#include "runtime/memory.h"

static bool add_cell(void *context, matrix_stream *s, int64_t row, int64_t column, double value)
{
    return value == 0 || draft_add(s, context, row, column, value);
}

bool kaiwu_csv_read(matrix_stream *s, matrix_draft *d)
{
    int64_t size;
    return csv_read(s, add_cell, d, &size) && draft_declare(s, d, size);
}

/* Energy of the file: 2 sum k_ij s_i s_j + 2 sum k_i s_i with k = -J whole, s = 2x - 1. */
static void write_rows(matrix_output *o, const problem *p, double unit, const int64_t *diagonal)
{
    int64_t k = 0;
    for (int64_t i = 0; i < p->spins; i++) {
        for (int64_t j = 0; j < p->spins; j++) {
            if (j)
                output_byte(o, ',');
            bool coupled = j > i && k < p->coupling_count && p->couplings[k].first == i && p->couplings[k].second == j;
            output_whole(o, j == i ? diagonal[i] : coupled ? 8 * (int64_t)(p->couplings[k].value / unit) : 0);
            k += coupled;
        }
        output_byte(o, '\n');
    }
}

bool kaiwu_csv_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    if (!p->spins)
        return output_refuse(o, "a problem without spins has no matrix");
    int64_t *diagonal = memory_take(p->allocator, (size_t)p->spins, sizeof *diagonal);
    if (!diagonal) {
        o->status = error_no_memory(o->error);
        return false;
    }
    for (int64_t i = 0; i < p->spins; i++)
        diagonal[i] = 4 * (int64_t)(p->fields[i] / sheet->unit);
    for (int64_t k = 0; k < p->coupling_count; k++) {
        int64_t steps = (int64_t)(p->couplings[k].value / sheet->unit);
        diagonal[p->couplings[k].first] -= 4 * steps;
        diagonal[p->couplings[k].second] -= 4 * steps;
    }
    write_rows(o, p, sheet->unit, diagonal);
    memory_release(p->allocator, diagonal, (size_t)p->spins, sizeof *diagonal);
    return !o->status;
}
