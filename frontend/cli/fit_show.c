/* fit_show.c - see fit_show.h. */
#include "frontend/cli/fit_show.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, PLAIN_COLUMNS = 6, COLUMNS = 11 };

static const char *const headers[COLUMNS] = {"target", "spins", "holds", "parts", "rounds", "time",
                                             "fixed",  "lost",  "bound", "gap",   "agree"};

/* ---- cells ---- */

static const char *count_text(arena *a, int64_t n)
{
    if (n == INT64_MAX)
        return "any";
    return n >= 1000000 && n % 1000000 == 0 ? arena_format(a, "%lldM", (long long)(n / 1000000))
                                            : arena_format(a, "%lld", (long long)n);
}

static const char *percent(arena *a, double share)
{
    return isnan(share) ? "-" : arena_format(a, "%.3g%%", 100 * share);
}

static const char *seconds_text(arena *a, double seconds)
{
    if (isnan(seconds))
        return "-";
    return seconds < 1e-3 && seconds > 0 ? arena_format(a, "%.3g us", 1e6 * seconds)
           : seconds < 1                 ? arena_format(a, "%.3g ms", 1e3 * seconds)
                                         : arena_format(a, "%.3g s", seconds);
}

static void fill_cells(const fit_line *line, const char *cells[COLUMNS], arena *a)
{
    const fit_row *r = &line->row;
    cells[0] = line->target;
    cells[1] = count_text(a, r->spins_needed);
    cells[2] = count_text(a, r->spins_available);
    cells[3] = arena_format(a, "%u", (unsigned)r->parts);
    cells[4] = arena_format(a, "%u", (unsigned)r->rounds);
    cells[5] = seconds_text(a, r->seconds);
    cells[6] = percent(a, r->fixed);
    cells[7] = percent(a, r->couplings_lost);
    cells[8] = isnan(r->error_bound) ? "-" : arena_format(a, "%.2g", r->error_bound);
    cells[9] = percent(a, r->gap);
    cells[10] = percent(a, r->agreement);
}

/* ---- the table ---- */

static void print_cells(const char *const *cells, const char *verdict, const int *widths, int columns)
{
    printf("%-*s", widths[0], cells[0]);
    for (int k = 1; k < columns; k++)
        printf(" %*s", widths[k], cells[k]);
    printf("  %s\n", verdict);
}

/* Words up to WIDTH, each line indented. */
static void print_wrapped(const char *text, int indent)
{
    int column = 0;
    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " ");
        if (column && column + 1 + length > WIDTH) {
            printf("\n");
            column = 0;
        }
        column += column ? printf(" %.*s", length, word) : printf("%*s%.*s", indent, "", length, word);
        word += length + (word[length] == ' ');
    }
    printf("\n");
}

static bool same(const fit_line *a, const fit_line *b)
{
    return !strcmp(a->row.hamiltonian, b->row.hamiltonian) && a->row.spins == b->row.spins;
}

static void print_table(const fit_lines *lines, const fit_line *first, int columns, arena *a)
{
    const char *cells[COLUMNS];
    int widths[COLUMNS];
    for (int k = 0; k < columns; k++)
        widths[k] = (int)strlen(headers[k]);
    for (uint32_t i = 0; i < lines->count; i++) {
        fill_cells(&lines->at[i], cells, a);
        for (int k = 0; k < columns && same(&lines->at[i], first); k++)
            widths[k] = (int)strlen(cells[k]) > widths[k] ? (int)strlen(cells[k]) : widths[k];
    }
    printf("%s: %lld spin%s\n", first->row.hamiltonian, (long long)first->row.spins, first->row.spins == 1 ? "" : "s");
    print_cells(headers, "verdict", widths, columns);
    for (uint32_t i = 0; i < lines->count; i++) {
        if (!same(&lines->at[i], first))
            continue;
        fill_cells(&lines->at[i], cells, a);
        print_cells(cells, fit_verdict_names[lines->at[i].row.verdict], widths, columns);
        if (lines->at[i].interrupted)
            print_wrapped(lines->at[i].interrupted, 4);
        if (lines->at[i].row.advice)
            print_wrapped(lines->at[i].row.advice, 4);
    }
    printf("\n");
}

static const char plain_legend[] =
    "spins: needed at once, with the ancilla; holds: what the machine has\n"
    "time: of the machine, a sample: its anneals (parts, passes, reads) times the seconds of one\n";
static const char measured_legend[] =
    "fixed: spins that presolve settles; lost: couplings sent that the grid turns to zero\n"
    "bound: no energy of a pass is off by more; gap: of the energy above native's; agree: spins "
    "alike\n";

void fit_show_text(const fit_lines *lines, bool measured, arena *a)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        bool first = true;
        for (uint32_t k = 0; k < i; k++)
            first &= !same(&lines->at[k], &lines->at[i]);
        if (first)
            print_table(lines, &lines->at[i], measured ? COLUMNS : PLAIN_COLUMNS, a);
    }
    if (!lines->count)
        printf("The model has no Hamiltonian: it runs anywhere.\n");
    else
        printf("%s%s", plain_legend, measured ? measured_legend : "");
}

/* ---- JSON ---- */

static json_t *number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

static json_t *text(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *object_of(const fit_line *line)
{
    const fit_row *r = &line->row;
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:i, s:i, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o}",
                     "target", line->target, "hamiltonian", r->hamiltonian, "spins", (json_int_t)r->spins, "spins_needed",
                     (json_int_t)r->spins_needed, "spins_available",
                     r->spins_available == INT64_MAX ? json_null() : json_integer(r->spins_available), "parts", (int)r->parts,
                     "rounds", (int)r->rounds, "anneals", number(r->anneals), "seconds", number(r->seconds), "samples",
                     (json_int_t)r->samples, "fixed", number(r->fixed), "couplings_lost", number(r->couplings_lost), "usual_lost",
                     number(r->usual_lost), "error_bound", number(r->error_bound), "energy_native", number(r->energy_native),
                     "energy_machine", number(r->energy_machine), "gap", number(r->gap), "agreement", number(r->agreement),
                     "complete", !line->interrupted, "verdict", fit_verdict_names[r->verdict], "advice", text(r->advice));
}

bool fit_show_json(const fit_lines *lines)
{
    json_t *list = json_array();
    bool whole = list != NULL;
    for (uint32_t i = 0; i < lines->count && whole; i++)
        whole = !json_array_append_new(list, object_of(&lines->at[i]));
    whole = whole && !json_dumpf(list, stdout, JSON_INDENT(2));
    if (whole)
        printf("\n");
    json_decref(list);
    return whole;
}
