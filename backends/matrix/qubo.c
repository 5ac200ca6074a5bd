/* qubo.c - qbsolv's text: `c` comments, `p qubo 0 maxNodes nNodes nCouplers`, then diagonals and couplers, from 0. */
#include "backends/matrix/format.h"

#include <inttypes.h>

typedef struct qubo_counts {
    int64_t diagonals, couplers; /* announced, then still to come */
    bool headed;
} qubo_counts;

static bool read_header(matrix_stream *s, matrix_draft *d, qubo_counts *counts)
{
    int64_t topology, nodes;
    if (counts->headed)
        return stream_fail(s, "a second problem line");
    counts->headed = true;
    if (!stream_word(s, "the kind"))
        return false;
    if (strcmp(s->text, "qubo"))
        return stream_fail(s, "the kind of problem is 'qubo', not '%.40s'", s->text);
    if (!stream_word(s, "the topology"))
        return false;
    if (strcmp(s->text, "unconstrained") && !stream_word_whole(s, "the topology", 0, INT32_MAX, &topology))
        return false;
    return stream_whole(s, "the number of nodes", 0, INT64_MAX, &nodes) && draft_declare(s, d, nodes) &&
           stream_whole(s, "the number of diagonals", 0, INT64_MAX, &counts->diagonals) &&
           stream_whole(s, "the number of couplers", 0, INT64_MAX, &counts->couplers) && stream_end_line(s);
}

static bool read_entry(matrix_stream *s, matrix_draft *d, qubo_counts *counts)
{
    int64_t first, second;
    double value;
    if (!counts->headed)
        return stream_fail(s, "an entry before the problem line `p qubo 0 maxNodes nNodes nCouplers`");
    if (!stream_word_whole(s, "the first index", 0, d->spins - 1, &first) || !draft_index(s, d, "the second index", 0, &second))
        return false;
    int64_t *left = first == second ? &counts->diagonals : &counts->couplers;
    if (!(*left)--)
        return stream_fail(s, "more %s than the problem line announces", first == second ? "diagonals" : "couplers");
    return stream_number(s, "the value", &value) && draft_add(s, d, first, second, value) && stream_end_line(s);
}

bool qubo_read(matrix_stream *s, matrix_draft *d)
{
    qubo_counts counts = {0};
    for (stream_space(s); stream_peek(s) != STREAM_END; stream_space(s)) {
        if (stream_peek(s) == 'c') {
            stream_skip_line(s);
            continue;
        }
        if (!stream_word(s, "a line"))
            return false;
        if (!(strcmp(s->text, "p") ? read_entry(s, d, &counts) : read_header(s, d, &counts)))
            return false;
    }
    if (s->status)
        return false;
    if (!counts.headed)
        return stream_fail_here(s, "no problem line `p qubo 0 maxNodes nNodes nCouplers`");
    if (counts.diagonals || counts.couplers)
        return stream_fail_here(s, "the file ends %" PRId64 " diagonals and %" PRId64 " couplers early", counts.diagonals,
                                counts.couplers);
    return true;
}

bool qubo_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    output_format(o, "p qubo 0 %" PRId64 " %" PRId64 " %" PRId64 "\n", p->spins, p->spins, p->coupling_count);
    for (int64_t i = 0; i < p->spins; i++) {
        output_format(o, "%" PRId64 " %" PRId64 " ", i, i);
        output_number(o, p->fields[i]);
        output_byte(o, '\n');
    }
    for (int64_t k = 0; k < p->coupling_count; k++) {
        output_format(o, "%" PRIu32 " %" PRIu32 " ", p->couplings[k].first, p->couplings[k].second);
        output_number(o, p->couplings[k].value);
        output_byte(o, '\n');
    }
    return !o->status;
}
