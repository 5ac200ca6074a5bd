/* mqlib.c - MQLib's QUBO text: as biqmac, but maximised. */
#include "backends/matrix/edge_list.h"

bool mqlib_read(matrix_stream *s, matrix_draft *d)
{
    return edge_list_read(s, d, -2, -1);
}

bool mqlib_write(matrix_output *o, const matrix_sheet *sheet)
{
    return edge_list_write(o, sheet->p, -2, -1);
}
