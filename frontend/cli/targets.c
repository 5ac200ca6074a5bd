/* targets.c - isg targets: the machines that problems can be solved on; a table of all, or one in plain words. */
#include "backends/processors.h"
#include "backends/target.h"
#include "frontend/cli/options.h"
#include "frontend/cli/targets.h"
#include "ir/text.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, LABEL = 12 };

typedef struct targets_options {
    int format; /* position in "text|json" */
} targets_options;

static const option_row rows[] = {
    {"format", "text|json", "for people, or for programs", OPTION_CHOICE, offsetof(targets_options, format), 0, 0},
    {0},
};

static const option_table table = {
    "[NAME]",
    "Lists the machines that `--target` knows, or explains one of them: what it holds, what a model loses on it,\n"
    "and where the numbers come from. NAME may be a YAML file of your own; it is checked on the way.",
    "examples:\n"
    "  isg targets\n"
    "  isg targets dwave-advantage\n"
    "  isg targets my-machine.yaml --format json",
    rows,
    false,
};

/* ---- writing --------------------------------------------------------------------------------- */

/* 5640 as 5,640. */
static const char *grouped(arena *a, int64_t number)
{
    const char *digits = arena_format(a, "%" PRId64, number);
    size_t length = strlen(digits), used = 0;
    char *out = arena_take(a, 2 * length + 1, 1);
    for (size_t i = 0; i < length; i++) {
        out[used++] = digits[i];
        size_t left = length - 1 - i;
        if (left && left % 3 == 0 && digits[i] != '-')
            out[used++] = ',';
    }
    return out;
}

static const char *number_text(arena *a, double number)
{
    if (fabs(number) >= 10000 && number == floor(number) && fabs(number) < 9e15)
        return grouped(a, (int64_t)number);
    char *out = arena_take(a, 32, 1);
    text_format_number(out, number);
    return out;
}

/* Words, from column `indent` on to WIDTH; the first line already stands there. */
static void print_wrapped(const char *text, size_t indent)
{
    size_t column = indent;
    bool first = true;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        if (!first && column + 1 + length > WIDTH) {
            printf("\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        column += (size_t)printf("%s%.*s", first ? "" : " ", (int)length, text);
        first = false;
        text += length;
    }
    putchar('\n');
}

static void print_row(const char *label, const char *text)
{
    printf("  %-*s", LABEL, label);
    print_wrapped(text, LABEL + 2);
}

static void print_point(const char *text)
{
    printf("  - ");
    print_wrapped(text, 4);
}

/* ---- one machine ----------------------------------------------------------------------------- */

static const char *const kind_texts[] = {"this computer", "a coherent Ising machine", "an annealer", "a digital machine"};

static const char *spins_text(arena *a, const target *t)
{
    if (t->spins == INT64_MAX)
        return "any number, every pair coupled";
    if (t->topology.kind == TOPOLOGY_COMPLETE)
        return arena_format(a, "%s, every pair coupled", grouped(a, t->spins));
    return arena_format(a, "%s on the graph %s of %s spins and %s couplings", grouped(a, t->spins),
                        target_topology_text(a, t->topology), grouped(a, topology_spins(t->topology)),
                        grouped(a, topology_couplings(t->topology)));
}

static const char *values_text(arena *a, const target_values *v)
{
    const char *numbers = v->bits ? "whole numbers" : "real numbers";
    if (!v->bits && isinf(v->min) && isinf(v->max))
        return "float32";
    if (isinf(v->max))
        return arena_format(a, "%s from %s", numbers, number_text(a, v->min));
    if (isinf(v->min))
        return arena_format(a, "%s up to %s", numbers, number_text(a, v->max));
    const char *range = arena_format(a, "%s from %s to %s", numbers, number_text(a, v->min), number_text(a, v->max));
    return v->bits ? arena_format(a, "%s (%" PRId32 " bits)", range, v->bits) : range;
}

static const char *couplings_text(arena *a, const target_values *v)
{
    const char *text = values_text(a, v);
    if (!isinf(v->sum_min) || !isinf(v->sum_max))
        text =
            arena_format(a, "%s; those of one spin sum to %s..%s", text, isinf(v->sum_min) ? "any" : number_text(a, v->sum_min),
                         isinf(v->sum_max) ? "any" : number_text(a, v->sum_max));
    if (v->count != INT64_MAX)
        text = arena_format(a, "%s; at most %s that are not 0", text, grouped(a, v->count));
    return text;
}

static const char *fields_text(arena *a, const target *t)
{
    if (t->fields == TARGET_FIELDS_ANCILLA)
        return "none of its own: they become couplings to one more spin, the ancilla";
    return t->fields == TARGET_FIELDS_NONE ? "none" : values_text(a, &t->field_values);
}

static const char *seconds_text(arena *a, double seconds)
{
    double scale = seconds < 0.9995e-3 ? 1e6 : seconds < 0.9995 ? 1e3 : 1;
    const char *unit = scale == 1e6 ? "microseconds" : scale == 1e3 ? "ms" : "s";
    return arena_format(a, "%.4g %s for one anneal", seconds * scale, unit);
}

static void print_limits(arena *a, const target *t)
{
    print_row("spins", spins_text(a, t));
    print_row("couplings", couplings_text(a, &t->couplings));
    print_row("fields", fields_text(a, t));
    print_row("files", arena_format(a, "%s: %s", t->format, target_format_find(t->format)->what));
    print_row("results", t->results ? arena_format(a, "%s: %s", t->results, target_format_find(t->results)->what)
                                    : "isinglass-solution: our own, as `isg solve -o` writes it");
    print_row("time", isnan(t->run_seconds) ? "not stated" : seconds_text(a, t->run_seconds));
}

static void print_graph_advice(arena *a, const target *t)
{
    int64_t chain, complete = topology_complete_graph(t->topology, &chain);
    if (t->topology.kind == TOPOLOGY_COMPLETE)
        return;
    const char *most = "";
    if (complete)
        most = arena_format(a,
                            " The largest problem that couples all its spins has %s of them, by chains of up to %s, where "
                            "nothing is defective.",
                            grouped(a, complete), grouped(a, chain));
    print_point(arena_format(a,
                             "Only neighbours on the graph are coupled. Where a problem couples others, one of its spins is "
                             "held by a chain of the machine's.%s",
                             most));
}

static void print_precision_advice(arena *a, const target_values *v)
{
    if (v->bits && v->bits <= 16)
        print_point(arena_format(a,
                                 "Couplings take %" PRIu64 " values. They are scaled and rounded to them, and those far below "
                                 "the largest become 0; `isg fit` says how many.",
                                 target_levels(v)));
    else if (v->bits)
        print_point("Couplings are scaled and rounded to whole numbers.");
    else if (!isinf(v->min) || !isinf(v->max))
        print_point("Values are scaled to their range, and not rounded to any grid.");
    if (!isinf(v->sum_min) || !isinf(v->sum_max))
        print_point("A spin with many strong couplings, and a chain above all, meets the bound on their sum before the bound on "
                    "each.");
    if (v->min < 0 && !isinf(v->min) && !isinf(v->max) && fabs(v->min) > 1.5 * v->max)
        print_point("Negative couplings, which align spins, reach further than positive ones: chains can use that.");
}

static bool has_advice(const target *t)
{
    return t->spins != INT64_MAX || t->fields != TARGET_FIELDS_NATIVE || t->couplings.limited || t->processor;
}

static void print_advice(arena *a, const target *t)
{
    if (!has_advice(t))
        return;
    printf("\nWhat to know\n");
    if (t->processor)
        print_point(arena_format(a, "Code is made for the processor %s, and may not run on this one.", t->processor));
    if (t->fields == TARGET_FIELDS_ANCILLA) {
        const char *left =
            t->spins == INT64_MAX ? "" : arena_format(a, ", so %s are left for variables", grouped(a, target_variables(t, true)));
        print_point(
            arena_format(a, "A problem with fields spends one spin on the ancilla%s. Results are read relative to it.", left));
    }
    if (t->fields == TARGET_FIELDS_NONE)
        print_point("A problem with fields cannot be given to this machine.");
    print_graph_advice(a, t);
    print_precision_advice(a, &t->couplings);
    if (t->spins != INT64_MAX)
        print_point("A larger problem is cut into parts, each annealed with the rest held.");
}

static void print_sources(const target *t)
{
    printf("\nSource%s\n", t->source_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < t->source_count; i++)
        print_point(t->sources[i]);
}

static void print_processors(arena *a, const char *label, const char *architecture)
{
    const char *text = "";
    for (const processor *p = processors; p->name; p++)
        if (!strcmp(p->architecture, architecture))
            text = arena_format(a, "%s%s%s", text, *text ? " " : "", p->name);
    print_row(label, text);
}

/* Of the target native: what may follow its name and a dash. */
static void print_all_processors(arena *a)
{
    printf("\nProcessors: `native-x86-64-v3` is code for any processor of that level, wherever it is compiled\n");
    print_processors(a, "x86_64", "x86_64");
    print_processors(a, "aarch64", "aarch64");
}

static void explain(arena *a, const target *t)
{
    printf("%s - %s\n\n", t->name, kind_texts[t->kind]);
    print_limits(a, t);
    print_advice(a, t);
    if (t->kind == TARGET_NATIVE && !t->processor)
        print_all_processors(a);
    print_sources(t);
}

/* ---- all machines ---------------------------------------------------------------------------- */

enum { COLUMNS = 7 };
typedef struct table_row {
    const char *cells[COLUMNS];
} table_row;

static table_row row_of(arena *a, const target *t)
{
    const target_values *f = &t->field_values;
    const char *fields = target_field_names[t->fields];
    if (f->limited)
        fields = f->bits > 16 ? target_values_text(a, f) : target_range_text(a, f);
    return (table_row){{t->name, target_kind_names[t->kind],
                        t->spins == INT64_MAX ? "any" : arena_format(a, "%" PRId64, t->spins),
                        target_topology_text(a, t->topology), target_values_text(a, &t->couplings), fields, t->format}};
}

static void print_table(arena *a, const target *const *targets, uint32_t count)
{
    table_row *lines = ARENA_ARRAY(a, table_row, count + 1);
    lines[0] = (table_row){{"NAME", "KIND", "SPINS", "TOPOLOGY", "COUPLINGS", "FIELDS", "FORMAT"}};
    int widths[COLUMNS] = {0};
    for (uint32_t i = 0; i < count; i++)
        lines[i + 1] = row_of(a, targets[i]);
    for (uint32_t i = 0; i <= count; i++)
        for (int k = 0; k < COLUMNS; k++)
            widths[k] = (int)strlen(lines[i].cells[k]) > widths[k] ? (int)strlen(lines[i].cells[k]) : widths[k];
    for (uint32_t i = 0; i <= count; i++)
        for (int k = 0; k < COLUMNS; k++) {
            bool right = k == 2; /* numbers */
            printf("%*s%s",
                   k + 1 == COLUMNS ? 0
                   : right          ? widths[k]
                                    : -widths[k],
                   lines[i].cells[k], k + 1 == COLUMNS ? "\n" : "  ");
        }
    printf("\n`native-<cpu>` compiles for another processor: native-x86-64-v2, -v3, -v4, native-aarch64 and\n"
           "those of `isg targets native`.\n");
    printf("`isg targets NAME` explains one. A file of your own, FILE.yaml, is a target too.\n");
}

/* The library, by kind and then by name. */
static uint32_t load_library(cli *c, diagnostics *d, const target ***out)
{
    ARENA_LIST(const target *) all = {0};
    const char *name;
    for (uint32_t i = 0; (name = target_library_name(&c->arena, i)); i++) {
        const target *t = target_find(d, c->io, name);
        if (t)
            ARENA_PUSH(&c->arena, &all, t);
    }
    const target **sorted = ARENA_ARRAY(&c->arena, const target *, all.count);
    uint32_t count = 0;
    for (int kind = TARGET_NATIVE; kind <= TARGET_DIGITAL; kind++)
        for (uint32_t i = 0; i < all.count; i++)
            if ((int)all.at[i]->kind == kind)
                sorted[count++] = all.at[i];
    *out = sorted;
    return count;
}

int cli_targets(cli *c, int argc, char **argv)
{
    targets_options o = {0};
    const char *name;
    int status = options_parse(c, &table, argc, argv, &o, &name);
    if (status != OPTIONS_GO_ON)
        return status;
    diagnostics d;
    diagnostics_open(&d, &c->arena);
    d.program = c->program;
    const target **targets = NULL;
    const target *one = name ? target_find(&d, c->io, name) : NULL;
    uint32_t count = name ? one != NULL : load_library(c, &d, &targets);
    if (d.error_count) {
        fputs(diagnostics_draw(&d), stderr);
        return EXIT_INPUT;
    }
    if (o.format)
        return targets_print_json(c, name ? &one : targets, count, !name);
    if (name)
        explain(&c->arena, one);
    else
        print_table(&c->arena, targets, count);
    return EXIT_DONE;
}
