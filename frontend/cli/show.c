/* show.c - see show.h. */
#include "frontend/cli/show.h"
#include "ir/number_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_CELLS = 30, WHOLE_ARRAY = 1000, FIRST_SAMPLES = 6, NUMBERS_A_LINE = 10 };

/* ---- progress -------------------------------------------------------------------------------- */

void show_progress(void *context, int64_t done, int64_t total)
{
    show_progress_bar *bar = context;
    int cells = total ? (int)(done * BAR_CELLS / total) : BAR_CELLS;
    double seconds = cli_seconds() - bar->start;
    double left = done ? seconds * (double)(total - done) / (double)done : 0;
    fprintf(stderr, "\r[%.*s%*s] %lld of %lld %s, %.0f s left\033[K", cells, "##############################", BAR_CELLS - cells,
            "", (long long)done, (long long)total, bar->what ? bar->what : "samples", left);
    bar->drawn = true;
}

void show_progress_end(show_progress_bar *bar)
{
    if (bar->drawn)
        fputs("\r\033[K", stderr);
}

/* ---- summary --------------------------------------------------------------------------------- */

/* "47.2 million". */
static void show_rate(double flips)
{
    char text[NUMBER_TEXT];
    bool billions = flips >= 1e9, millions = flips >= 1e6;
    fprintf(stderr, ", %s%s flips a second\n",
            number_text(text,
                        flips / (billions   ? 1e9
                                 : millions ? 1e6
                                            : 1),
                        3),
            billions   ? " billion"
            : millions ? " million"
                       : "");
}

void show_summary(const isg_report *report, const report_context *context)
{
    fprintf(stderr, "%s: %lld sample%s, %d read%s of %d sweep%s, seed %llu, %d thread%s\n", context->model,
            (long long)report->samples, report->samples == 1 ? "" : "s", (int)report->reads, report->reads == 1 ? "" : "s",
            (int)report->sweeps, report->sweeps == 1 ? "" : "s", (unsigned long long)context->seed, (int)report->threads,
            report->threads == 1 ? "" : "s");
    for (int64_t i = 0; i < report->hamiltonian_count; i++) {
        char mean[NUMBER_TEXT], least[NUMBER_TEXT];
        const isg_hamiltonian_report *h = &report->hamiltonians[i];
        fprintf(stderr, "  %s: %lld spin%s, %lld term%s", h->name, (long long)h->spins, h->spins == 1 ? "" : "s",
                (long long)h->terms, h->terms == 1 ? "" : "s");
        if (!isnan(h->energy_mean)) /* a sample was reached */
            fprintf(stderr, ", energy %s on average, %s at least", number_text(mean, h->energy_mean, 6),
                    number_text(least, h->energy_min, 6));
        if (isnan(h->flips_per_second) || isnan(h->energy_mean))
            fputc('\n', stderr);
        else
            show_rate(h->flips_per_second);
    }
    if (context->has_accuracy)
        fprintf(stderr, "  accuracy %.4f\n", context->accuracy);
    fprintf(stderr, "  %.3f s: compiling %.3f, coefficients %.3f, annealing %.3f\n", context->seconds_total,
            context->seconds_compile, report->seconds_coefficients, report->seconds_anneal);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* The fewest digits that read back the same float32; whole numbers below 10^15 in full: 20, not 2e+01. */
static void print_float(float value)
{
    char text[32];
    int precision = 1;
    if (fabsf(value) >= 1 && fabsf(value) < 1e15F && truncf(value) == value) {
        printf("%.0f", (double)value);
        return;
    }
    do
        snprintf(text, sizeof text, "%.*g", precision, (double)value);
    while (precision++ < 9 && strtof(text, NULL) != value && value == value);
    printf("%s", text);
}

static void print_axis(const isg_tensor *t, int axis, const float *data, int64_t elements, bool whole)
{
    if (axis == t->rank) {
        print_float(*data);
        return;
    }
    int64_t count = t->shape[axis], most = axis ? NUMBERS_A_LINE : FIRST_SAMPLES;
    int64_t shown = whole || count < most ? count : most, step = count ? elements / count : 0;
    bool last = axis == t->rank - 1;
    putchar('[');
    for (int64_t i = 0; i < shown; i++) {
        if (i && (!last || i % NUMBERS_A_LINE == 0))
            printf(",\n%*s", axis + 1, "");
        else if (i)
            printf(", ");
        print_axis(t, axis + 1, data + i * step, step, whole);
    }
    if (shown < count)
        printf(last ? ", ..." : ",\n%*s...", axis + 1, "");
    putchar(']');
}

void show_array(const isg_tensor *t)
{
    int64_t elements = 1;
    for (int i = 0; i < t->rank; i++)
        elements *= t->shape[i];
    print_axis(t, 0, t->data, elements, elements <= WHOLE_ARRAY);
    putchar('\n');
}
