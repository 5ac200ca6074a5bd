/* text.c - see text.h. */
#include "inspect/text.h"
#include "ir/number_text.h"

#include <math.h>
#include <string.h>

typedef struct page {
    arena *arena;
    ARENA_LIST(char) text;
} page;

static void write_line(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void write_line(page *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = arena_vformat(p->arena, format, list);
    va_end(list);
    for (; *text; text++)
        ARENA_PUSH(p->arena, &p->text, *text);
    ARENA_PUSH(p->arena, &p->text, '\n');
}

static const char *number(page *p, const json_t *value, const char *path)
{
    double n = value_number_at(value, path);
    return isnan(n) ? "-" : number_text_in(p->arena, n, 6);
}

static const char *count(page *p, const json_t *value, const char *path)
{
    return arena_format(p->arena, "%lld", (long long)value_count_at(value, path));
}

/* An inspection that was written before may have been changed since. */
static const char *words(const json_t *value, const char *path)
{
    const char *text = value_text_at(value, path);
    return text ? text : "-";
}

static const char *plural(page *p, int64_t n, const char *what)
{
    return arena_format(p->arena, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s");
}

/* ---- a histogram in one line ------------------------------------------------------------------ */

/* Eight heights; a bin with anything in it is never blank. */
static const char *bars(page *p, const json_t *histogram)
{
    static const char *const heights[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const json_t *counts = value_at(histogram, "counts");
    json_int_t most = 1;
    const char *text = "";
    for (size_t i = 0; i < json_array_size(counts); i++)
        most = json_integer_value(json_array_get(counts, i)) > most ? json_integer_value(json_array_get(counts, i)) : most;
    for (size_t i = 0; i < json_array_size(counts); i++) {
        json_int_t n = json_integer_value(json_array_get(counts, i));
        text = arena_format(p->arena, "%s%s", text, heights[n ? 1 + (int)(7.0 * (double)n / (double)most) : 0]);
    }
    return text;
}

static void write_distribution(page *p, const char *name, const json_t *d)
{
    if (!d || value_count_at(d, "count") <= 0)
        return;
    write_line(p, "  %-9s %s .. %s, mean %s, rms %s, %s of %s zero", name, number(p, d, "min"), number(p, d, "max"),
               number(p, d, "mean"), number(p, d, "rms"), count(p, d, "zeros"), count(p, d, "count"));
    const json_t *h = value_at(d, "histogram");
    if (json_array_size(value_at(h, "counts")) > 1)
        write_line(p, "            |%s|", bars(p, h));
}

/* ---- names ------------------------------------------------------------------------------------ */

static const char *spin_text(page *p, const json_t *h, int64_t spin)
{
    const json_t *arrays = value_at(h, "arrays"), *array = NULL;
    for (size_t k = 0; k < json_array_size(arrays); k++)
        if (value_count_at(json_array_get(arrays, k), "first") <= spin)
            array = json_array_get(arrays, k);
    const json_t *indices = value_at(array, "indices");
    int64_t rest = spin - value_count_at(array, "first");
    const char *text = "";
    for (size_t i = json_array_size(indices); i-- > 0;) {
        const json_t *index = json_array_get(indices, i);
        int64_t extent = value_count_at(index, "extent");
        if (extent <= 0)
            return arena_format(p->arena, "%lld", (long long)spin);
        text = arena_format(p->arena, "%s=%lld%s%s", words(index, "name"), (long long)(rest % extent), *text ? ", " : "", text);
        rest /= extent;
    }
    return arena_format(p->arena, "%s[%s]", words(array, "name"), text);
}

/* ---- sections --------------------------------------------------------------------------------- */

static void write_terms(page *p, const json_t *h)
{
    const json_t *terms = value_at(h, "terms");
    for (size_t k = 0; k < json_array_size(terms); k++) {
        const json_t *term = json_array_get(terms, k);
        int64_t degree = value_count_at(term, "degree"), n = value_count_at(term, "couplings");
        const char *what = degree == 2 ? plural(p, n, "coupling") : degree == 1 ? plural(p, n, "field") : "the offset";
        write_line(p, "  %s", words(term, "text"));
        if (value_at(term, "source"))
            write_line(p, "      %s, from %s:%s:%s", what, words(term, "source.file"), count(p, term, "source.line"),
                       count(p, term, "source.column"));
        else
            write_line(p, "      %s", what);
        const json_t *calls = value_at(term, "source.called_from");
        for (size_t c = json_array_size(calls); c-- > 0;) {
            const json_t *call = json_array_get(calls, c);
            write_line(p, "      in %s, called at %s:%s:%s", words(call, "callee"), words(call, "file"), count(p, call, "line"),
                       count(p, call, "column"));
        }
        const json_t *d = value_at(term, "numbers");
        if (d && value_count_at(d, "count") > 0)
            write_line(p, "      %s .. %s, mean %s, rms %s, %s zero", number(p, d, "min"), number(p, d, "max"),
                       number(p, d, "mean"), number(p, d, "rms"), count(p, d, "zeros"));
    }
}

static void write_structure(page *p, const json_t *h)
{
    bool exact = json_is_true(value_at(h, "couplings_exact"));
    const char *fields =
        value_at(h, "fields") ? arena_format(p->arena, ", %s", plural(p, value_count_at(h, "fields"), "field")) : "";
    write_line(p, "%s: %s in %s, %s%s%s", words(h, "name"), plural(p, value_count_at(h, "spins"), "spin"), words(h, "domain"),
               exact ? "" : "at most ", plural(p, value_count_at(h, "couplings"), "coupling"), fields);
    if (value_at(h, "health"))
        write_line(p, "  %s", words(h, "health.line"));
    if (json_array_size(value_at(h, "terms")))
        write_line(p, "\nterms");
    write_terms(p, h);
    const json_t *groups = value_at(h, "groups"), *moves = value_at(h, "moves");
    if (json_array_size(groups) || json_array_size(moves) || value_count_at(h, "independent_parts") > 1)
        write_line(p, "\nstructure");
    for (size_t k = 0; k < json_array_size(groups); k++)
        write_line(p, "  %s of spins: %s", plural(p, value_count_at(json_array_get(groups, k), "count"), "group"),
                   words(json_array_get(groups, k), "text"));
    if (value_count_at(h, "independent_parts") > 1)
        write_line(p, "  %s that nothing couples", plural(p, value_count_at(h, "independent_parts"), "part"));
    for (size_t k = 0; k < json_array_size(moves); k++)
        write_line(p, "  moves: %s", words(json_array_get(moves, k), ""));
}

static void write_fixed(page *p, const json_t *h, const json_t *n)
{
    const json_t *spins = value_at(n, "fixed.spins");
    const char *names = "";
    const char *idle = value_count_at(n, "fixed.by_nothing") > 0
                           ? arena_format(p->arena, ", %s by nothing: either value will do", count(p, n, "fixed.by_nothing"))
                           : "";
    write_line(p, "  fixed     %s of %s: %s by their fields, %s by roof duality%s", count(p, n, "fixed.count"),
               count(p, h, "spins"), count(p, n, "fixed.by_field"), count(p, n, "fixed.by_roof_duality"), idle);
    for (size_t k = 0; k < json_array_size(spins) && k < 6; k++) {
        const json_t *one = json_array_get(spins, k);
        names = arena_format(p->arena, "%s%s%s %s", names, k ? "; " : "", spin_text(p, h, value_count_at(one, "spin")),
                             value_count_at(one, "value") ? "high" : "low");
    }
    if (*names)
        write_line(p, "            %s%s", names, json_array_size(spins) > 6 ? "; ..." : "");
}

static void write_numbers(page *p, const json_t *h)
{
    const json_t *n = value_at(h, "numbers"), *q = value_at(n, "quantisation");
    write_line(p, "\nnumbers");
    write_distribution(p, "couplings", value_at(n, "coupling"));
    write_distribution(p, "fields", value_at(n, "field"));
    write_line(p, "  offset    %s", number(p, n, "offset"));
    write_line(p, "  ratio     |field| is at least the sum of |couplings| at %s of %s", count(p, n, "ratio.above_one"),
               plural(p, value_count_at(h, "spins"), "spin"));
    write_fixed(p, h, n);
    const char *target =
        value_at(n, "bits.target") ? arena_format(p->arena, "; the target has %s", count(p, n, "bits.target")) : "";
    if (value_count_at(n, "coupling.count"))
        write_line(p, "  bits      %.1f so that 99 %% of the couplings do not become zero%s; largest over smallest %s",
                   value_number_at(n, "bits.needed"), target, number(p, n, "bits.range"));
    if (q && value_count_at(q, "couplings") + value_count_at(q, "fields") > 0)
        write_line(p, "  grid      %s of %s sent become zero, %s of %s; no energy is off by more than %s; ground state %s",
                   count(p, q, "couplings_lost"), plural(p, value_count_at(q, "couplings"), "coupling"),
                   count(p, q, "fields_lost"), plural(p, value_count_at(q, "fields"), "field"), number(p, q, "error_bound"),
                   words(q, "verdict"));
}

static void write_spectrum(page *p, const json_t *h)
{
    const json_t *s = value_at(h, "spectrum");
    write_line(p, "\nspectrum");
    if (value_at(s, "largest"))
        write_line(p, "  couplings as a matrix: eigenvalues from %s to %s (%s)", number(p, s, "smallest"),
                   number(p, s, "largest"), words(s, "method"));
    else
        write_line(p, "  the eigenvalues did not converge");
    if (value_at(s, "hot"))
        write_line(p, "  temperature from %s to %s", number(p, s, "hot.temperature"), number(p, s, "cold.temperature"));
    if (value_at(s, "relaxation"))
        write_line(p, "  %s", words(s, "relaxation.line"));
}

static const char *between(page *p, const json_t *value, const char *path)
{
    const char *low = number(p, value, arena_format(p->arena, "%s.low", path));
    const char *high = number(p, value, arena_format(p->arena, "%s.high", path));
    return arena_format(p->arena, "%s (95 %%: %s to %s)", number(p, value, arena_format(p->arena, "%s.value", path)), low,
                        *high == '-' && !high[1] ? "unknown" : high);
}

static void write_measured(page *p, const json_t *h)
{
    const json_t *m = value_at(h, "measured"), *l = value_at(h, "landscape");
    if (!m)
        return;
    write_line(p, "\nmeasured, on %s of %s", plural(p, value_count_at(m, "reads"), "read"),
               plural(p, value_count_at(m, "sweeps"), "sweep"));
    write_line(p, "  energy    %s the best; %s is the lowest known, %s", number(p, m, "best"), number(p, m, "reference.energy"),
               words(m, "reference.kind"));
    if (json_array_size(value_at(l, "histogram.counts")) > 1)
        write_line(p, "            %s |%s| %s", number(p, l, "histogram.low"), bars(p, value_at(l, "histogram")),
                   number(p, l, "histogram.high"));
    write_line(p, "  success   %s of %s: %s (95 %%: %s to %s)", count(p, m, "success.hits"),
               plural(p, value_count_at(m, "reads"), "read"), number(p, m, "success.p"), number(p, m, "success.low"),
               number(p, m, "success.high"));
    write_line(p, "  solution  for 99 %%: %s sweeps", between(p, m, "tts99.sweeps"));
    write_line(p, "            for 99 %%: %s seconds", between(p, m, "tts99.seconds"));
    if (value_at(m, "autocorrelation"))
        write_line(p, "  memory    the energy at temperature %s decorrelates in %s +- %s sweeps",
                   number(p, m, "autocorrelation.temperature"), number(p, m, "autocorrelation.tau"),
                   number(p, m, "autocorrelation.error"));
}

static void write_states(page *p, const json_t *l)
{
    const json_t *states = value_at(l, "states");
    for (size_t k = 0; k < json_array_size(states) && k < 5; k++) {
        const json_t *one = json_array_get(states, k), *row = json_array_get(value_at(l, "hamming"), k);
        write_line(p, "  %-9s %s of %s, %s from the lowest", number(p, one, "energy"), count(p, one, "count"),
                   plural(p, value_count_at(l, "reads"), "read"), plural(p, json_integer_value(json_array_get(row, 0)), "spin"));
    }
}

static void write_landscape(page *p, const json_t *h)
{
    const json_t *l = value_at(h, "landscape"), *levels = value_at(l, "exact.levels");
    if (!l)
        return;
    write_line(p, "\nlandscape");
    write_line(p, "  %s of the lowest energy found, in %s of %s", plural(p, value_count_at(l, "degeneracy.states"), "state"),
               count(p, l, "degeneracy.reads"), plural(p, value_count_at(l, "reads"), "read"));
    write_states(p, l);
    const char *text = "";
    for (size_t k = 0; k < json_array_size(levels) && k < 6; k++)
        text = arena_format(p->arena, "%s%s%s (%s)", text, k ? ", " : "", number(p, json_array_get(levels, k), "energy"),
                            plural(p, value_count_at(json_array_get(levels, k), "states"), "state"));
    if (levels)
        write_line(p, "  exactly, of all %s: %s%s", plural(p, value_count_at(l, "exact.total_states"), "state"), text,
                   json_array_size(levels) > 6 ? ", ..." : "");
}

static void write_attention(page *p, const json_t *h)
{
    const json_t *at = value_at(h, "attention"), *heads = value_at(at, "heads"), *sharing = value_at(at, "sharing");
    if (!at)
        return;
    write_line(p, "\nattention, %s over %s", plural(p, value_count_at(at, "heads_total"), "head"),
               plural(p, value_count_at(at, "tokens"), "token"));
    for (size_t k = 0; k < json_array_size(heads); k++) {
        const json_t *chosen = value_at(json_array_get(heads, k), "chosen");
        const char *text = "";
        for (size_t i = 0; i < json_array_size(chosen) && i < 24; i++)
            text = arena_format(p->arena, "%s %lld", text, (long long)json_integer_value(json_array_get(chosen, i)));
        write_line(p, "  head %-4s chose %s:%s%s", count(p, json_array_get(heads, k), "head"),
                   plural(p, (int64_t)json_array_size(chosen), "token"), text, json_array_size(chosen) > 24 ? " ..." : "");
    }
    const char *text = "";
    for (size_t k = 0; k < json_array_size(sharing); k++)
        if (json_integer_value(json_array_get(sharing, k)))
            text = arena_format(p->arena, "%s%s%lld by %zu", text, *text ? ", " : "",
                                (long long)json_integer_value(json_array_get(sharing, k)), k);
    write_line(p, "  tokens by how many heads chose them: %s", text);
}

static void write_machine(page *p, const json_t *h)
{
    const json_t *parts = value_at(h, "partition"), *m = value_at(h, "machine"), *list = value_at(parts, "parts");
    if (parts) {
        write_line(p, "\npartition for %s", words(parts, "target"));
        write_line(p, "  %s in %s; %s cut", plural(p, (int64_t)json_array_size(list), "part"),
                   plural(p, value_count_at(parts, "rounds"), "round"),
                   plural(p, value_count_at(parts, "cut.couplings"), "coupling"));
    }
    if (!m)
        return;
    write_line(p, "\nmachine %s", words(m, "target"));
    if (!json_is_true(value_at(m, "fits"))) {
        write_line(p, "  does not fit: %s", words(m, "why"));
        return;
    }
    write_line(p, "  %s sent in %s, %s fixed before; %s of %s and %s lost to its grid",
               plural(p, value_count_at(m, "spins_sent"), "spin"), plural(p, value_count_at(m, "runs"), "run"),
               count(p, m, "spins_fixed"), count(p, m, "couplings_lost"), plural(p, value_count_at(m, "couplings"), "coupling"),
               plural(p, value_count_at(m, "fields_lost"), "field"));
    write_line(p, "  came back with energy %s, the annealer here finds %s; %.4g %% of the spins agree", number(p, m, "energy"),
               number(p, m, "best_here"), 100 * value_number_at(m, "agreement"));
}

static void write_hamiltonian(page *p, const json_t *h)
{
    write_structure(p, h);
    if (value_at(h, "numbers")) {
        write_numbers(p, h);
        write_spectrum(p, h);
        write_measured(p, h);
        write_landscape(p, h);
        write_attention(p, h);
    }
    write_machine(p, h);
    const json_t *notes = value_at(h, "notes");
    for (size_t k = 0; k < json_array_size(notes); k++)
        write_line(p, "%snote: %s", k ? "" : "\n", words(json_array_get(notes, k), ""));
}

const char *text_of_document(arena *a, const json_t *document)
{
    page p = {.arena = a};
    const json_t *list = value_at(document, "hamiltonians");
    const char *sample =
        value_at(document, "subject.sample")
            ? arena_format(a, ", sample %s of %s", count(&p, document, "subject.sample"), count(&p, document, "subject.samples"))
            : "";
    write_line(&p, "%s: %s%s\n", words(document, "subject.name"), plural(&p, (int64_t)json_array_size(list), "Hamiltonian"),
               sample);
    for (size_t k = 0; k < json_array_size(list); k++) {
        if (k)
            write_line(&p, "%s", "");
        write_hamiltonian(&p, json_array_get(list, k));
    }
    ARENA_PUSH(a, &p.text, '\0');
    return p.text.at;
}
