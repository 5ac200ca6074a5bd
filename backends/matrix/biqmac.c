/* biqmac.c - the Biq Mac library's 0/1 problems: `n m`, then `i j q` from 1, one triangle of a symmetric matrix, so that
 * off-diagonals count twice; minimised. */
#include "backends/matrix/edge_list.h"

bool biqmac_read(matrix_stream *s, matrix_draft *d)
{
    return edge_list_read(s, d, 2, 1);
}

bool biqmac_write(matrix_output *o, const matrix_sheet *sheet)
{
    return edge_list_write(o, sheet->p, 2, 1);
}
