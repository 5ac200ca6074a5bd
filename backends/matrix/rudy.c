/* rudy.c - graphs for maximum cut, as rudy generates them (the G-set): `n m`, then `i j w` from 1. The weight is the
 * coupling J of min sum J s s; there are no fields, which become edges to one more node. */
#include "backends/matrix/edge_list.h"

bool rudy_read(matrix_stream *s, matrix_draft *d)
{
    return edge_list_read(s, d, 1, 0);
}

bool rudy_write(matrix_output *o, const matrix_sheet *sheet)
{
    return edge_list_write(o, sheet->p, 1, 0);
}
