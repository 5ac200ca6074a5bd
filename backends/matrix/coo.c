/* coo.c - dimod's coordinate text: an optional first line `# vartype=BINARY` or SPIN, then `i j value` from 0, (i, i) being
 * the field of i. Binary without that line. No exponents are written, since dimod drops lines that have them. */
#include "backends/matrix/format.h"

static bool read_comment(matrix_stream *s, matrix_draft *d)
{
    static const char sign[] = "vartype=";
    stream_advance(s);
    if (!stream_line_ended(s) && stream_word(s, "a comment") && !strncmp(s->text, sign, sizeof sign - 1)) {
        const char *type = s->text + sizeof sign - 1;
        if (d->count)
            return stream_fail(s, "vartype after the first entry");
        if (strcmp(type, "BINARY") && strcmp(type, "SPIN"))
            return stream_fail(s, "vartype is BINARY or SPIN, not '%.40s'", type);
        d->domain = *type == 'S' ? PROBLEM_SPIN : PROBLEM_BINARY;
    }
    stream_skip_line(s);
    return !s->status;
}

bool coo_read(matrix_stream *s, matrix_draft *d)
{
    int64_t first, second;
    double value;
    for (;;) {
        stream_space(s);
        int c = stream_peek(s);
        if (c == STREAM_END)
            return !s->status;
        if (c == '#') {
            if (!read_comment(s, d))
                return false;
        } else if (!draft_index(s, d, "the first index", 0, &first) || !draft_index(s, d, "the second index", 0, &second) ||
                   !stream_number(s, "the value", &value) || !draft_add(s, d, first, second, value) || !stream_end_line(s)) {
            return false;
        }
    }
}

static void write_entry(matrix_output *o, int64_t i, int64_t j, double value)
{
    output_whole(o, i);
    output_byte(o, ' ');
    output_whole(o, j);
    output_byte(o, ' ');
    output_plain_number(o, value);
    output_byte(o, '\n');
}

/* Row by row, as dimod writes them. The last spin is named even where nothing holds it, for the reader's count. */
bool coo_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    output_text(o, p->domain == PROBLEM_SPIN ? "# vartype=SPIN\n" : "# vartype=BINARY\n");
    bool last = false;
    int64_t k = 0;
    for (int64_t i = 0; i < p->spins; i++) {
        if (p->fields[i] != 0 || (i == p->spins - 1 && !last))
            write_entry(o, i, i, p->fields[i]);
        for (; k < p->coupling_count && p->couplings[k].first == i; k++) {
            write_entry(o, i, p->couplings[k].second, p->couplings[k].value);
            last |= p->couplings[k].second == p->spins - 1;
        }
    }
    return !o->status;
}
