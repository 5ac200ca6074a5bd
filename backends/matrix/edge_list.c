/* edge_list.c - see edge_list.h. */
#include "backends/matrix/edge_list.h"

#include <inttypes.h>

bool edge_list_read(matrix_stream *s, matrix_draft *d, double coupling, double field)
{
    int64_t nodes, entries, first, second;
    double value;
    stream_space(s);
    if (!stream_whole(s, "the number of nodes", 0, INT64_MAX, &nodes) || !draft_declare(s, d, nodes) ||
        !stream_whole(s, "the number of entries", 0, INT64_MAX, &entries) || !stream_end_line(s))
        return false;
    for (int64_t k = 0; k < entries; k++) {
        stream_space(s);
        if (stream_peek(s) == STREAM_END)
            return stream_fail_here(s, "the file ends after %" PRId64 " of %" PRId64 " entries", k, entries);
        if (!draft_index(s, d, "the first index", 1, &first) || !draft_index(s, d, "the second index", 1, &second))
            return false;
        if (first == second && field == 0)
            return stream_fail(s, "node %" PRId64 " is joined to itself", first + 1);
        if (!stream_number(s, "the value", &value) || !draft_scaled(s, first == second ? field : coupling, &value) ||
            !draft_add(s, d, first, second, value) || !stream_end_line(s))
            return false;
    }
    stream_space(s);
    return stream_peek(s) == STREAM_END ? !s->status
                                        : stream_fail_here(s, "more than the announced %" PRId64 " entries", entries);
}

int64_t field_count(const problem *p)
{
    int64_t count = 0;
    for (int64_t i = 0; i < p->spins; i++)
        count += p->fields[i] != 0;
    return count;
}

bool edge_write(matrix_output *o, int64_t i, int64_t j, double value, double divisor)
{
    double quotient = value / divisor;
    if (quotient * divisor != value)
        return output_refuse(o, "the number %g cannot be halved: it is too near to 0 for a double", value);
    output_whole(o, i + 1);
    output_byte(o, ' ');
    output_whole(o, j + 1);
    output_byte(o, ' ');
    output_number(o, quotient);
    output_byte(o, '\n');
    return true;
}

bool edge_list_write(matrix_output *o, const problem *p, double coupling, double field)
{
    output_format(o, "%" PRId64 " %" PRId64 "\n", p->spins, p->coupling_count + (field != 0 ? field_count(p) : 0));
    int64_t k = 0;
    for (int64_t i = 0; i < p->spins; i++) {
        if (field != 0 && p->fields[i] != 0 && !edge_write(o, i, i, p->fields[i], field))
            return false;
        for (; k < p->coupling_count && p->couplings[k].first == i; k++)
            if (!edge_write(o, i, p->couplings[k].second, p->couplings[k].value, coupling))
                return false;
    }
    return !o->status;
}
