/* mtx.c - Matrix Market coordinate files (NIST): a QUBO matrix Q of the energy x'Qx, from 1.
 *
 * Written as `coordinate real symmetric`, lower triangle, so that off-diagonals count twice. `general` is read too,
 * each entry counting once, and `integer` and `pattern` numbers.
 */
#include "backends/matrix/edge_list.h"

#include <inttypes.h>
#include <strings.h>

typedef struct mtx_kind {
    bool symmetric, pattern;
} mtx_kind;

static bool read_word_of(matrix_stream *s, const char *what, const char *const *words)
{
    if (!stream_word(s, what))
        return false;
    for (; *words; words++)
        if (!strcasecmp(s->text, *words))
            return true;
    return stream_fail(s, "%s is '%.40s', which is not taken here", what, s->text);
}

static bool read_banner(matrix_stream *s, mtx_kind *kind)
{
    static const char *const banner[] = {"%%MatrixMarket", NULL}, *const object[] = {"matrix", NULL};
    static const char *const layout[] = {"coordinate", NULL}, *const number[] = {"real", "integer", "double", "pattern", NULL};
    static const char *const symmetry[] = {"symmetric", "general", NULL};
    if (!read_word_of(s, "the first word", banner) || !read_word_of(s, "the object", object) ||
        !read_word_of(s, "the layout", layout) || !read_word_of(s, "the kind of numbers", number))
        return false;
    kind->pattern = !strcasecmp(s->text, "pattern");
    if (!read_word_of(s, "the symmetry", symmetry))
        return false;
    kind->symmetric = !strcasecmp(s->text, "symmetric");
    return stream_end_line(s);
}

static void skip_comments(matrix_stream *s)
{
    for (stream_space(s); stream_peek(s) == '%'; stream_space(s))
        stream_skip_line(s);
}

static bool read_entry(matrix_stream *s, matrix_draft *d, mtx_kind kind)
{
    int64_t row, column;
    double value = 1;
    if (!draft_index(s, d, "the row", 1, &row) || !draft_index(s, d, "the column", 1, &column))
        return false;
    if (kind.symmetric && row < column)
        return stream_fail(s, "above the diagonal: of a symmetric matrix the lower triangle is stored");
    if (!kind.pattern && !stream_number(s, "the value", &value))
        return false;
    return draft_scaled(s, kind.symmetric && row != column ? 2 : 1, &value) && draft_add(s, d, row, column, value) &&
           stream_end_line(s);
}

bool mtx_read(matrix_stream *s, matrix_draft *d)
{
    mtx_kind kind;
    int64_t rows, columns, entries;
    if (!read_banner(s, &kind))
        return false;
    skip_comments(s);
    if (!stream_whole(s, "the number of rows", 0, INT64_MAX, &rows) || !draft_declare(s, d, rows) ||
        !stream_whole(s, "the number of columns", 0, INT64_MAX, &columns))
        return false;
    if (rows != columns)
        return stream_fail(s, "a matrix of %" PRId64 " x %" PRId64 " is not square", rows, columns);
    if (!stream_whole(s, "the number of entries", 0, INT64_MAX, &entries) || !stream_end_line(s))
        return false;
    for (int64_t k = 0; k < entries; k++) {
        skip_comments(s);
        if (stream_peek(s) == STREAM_END)
            return stream_fail_here(s, "the file ends after %" PRId64 " of %" PRId64 " entries", k, entries);
        if (!read_entry(s, d, kind))
            return false;
    }
    skip_comments(s);
    return stream_peek(s) == STREAM_END ? !s->status
                                        : stream_fail_here(s, "more than the announced %" PRId64 " entries", entries);
}

bool mtx_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    output_format(o, "%%%%MatrixMarket matrix coordinate real symmetric\n%" PRId64 " %" PRId64 " %" PRId64 "\n", p->spins,
                  p->spins, p->coupling_count + field_count(p));
    int64_t k = 0; /* by columns of the lower triangle */
    for (int64_t i = 0; i < p->spins; i++) {
        if (p->fields[i] != 0 && !edge_write(o, i, i, p->fields[i], 1))
            return false;
        for (; k < p->coupling_count && p->couplings[k].first == i; k++)
            if (!edge_write(o, p->couplings[k].second, i, p->couplings[k].value, 2))
                return false;
    }
    return !o->status;
}
