/* inspect.c - isg inspect: what a Hamiltonian is, and what it does. */
#include "frontend/cli/inspect.h"
#include "frontend/cli/interrupt.h"
#include "inspect/diff.h"
#include "inspect/document.h"
#include "inspect/page/page.h"
#include "inspect/text.h"
#include "runtime/file.h"

#include <stddef.h>
#include <string.h>

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_HTML };

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file", OPTION_TEXT, offsetof(inspect_options, weights), 0, 0},
    {"input", "NAME=FILE.npy", "an input, samples first; once for each input. Without any, only what needs no numbers",
     OPTION_LIST, offsetof(inspect_options, inputs), 0, 0},
    {"sample", "K", "the sample to look at (default 0)", OPTION_NUMBER, offsetof(inspect_options, sample), 0, 0},
    {"target", "NAME", "what that machine would make of it (isg targets lists them), or a .yaml of your own", OPTION_TEXT,
     offsetof(inspect_options, target), 0, 0},
    {"from", "FORMAT", "a problem file's format, where its name does not tell", OPTION_TEXT, offsetof(inspect_options, from), 0,
     0},
    {"reads", "R", "independent anneals to measure by (default 64, less for large problems)", OPTION_NUMBER,
     offsetof(inspect_options, reads), 1, 0},
    {"sweeps", "S", "sweeps over all spins in each (default 128, less for large problems)", OPTION_NUMBER,
     offsetof(inspect_options, sweeps), 1, 0},
    {"seed", "N", "of the random numbers (default 0)", OPTION_CHOSEN_SEED, offsetof(inspect_options, seed), 0, 0},
    {"diff", "OTHER", "compare with another model, problem, or inspection written before with --format json", OPTION_TEXT,
     offsetof(inspect_options, diff), 0, 0},
    {"format", "text|json|html", "for people, for programs, or one page that a browser opens without a network", OPTION_CHOICE,
     offsetof(inspect_options, format), 0, 0},
    {"output", "OUT", "write there instead of to stdout", OPTION_TEXT, offsetof(inspect_options, output), 0, 'o'},
    {0},
};

static const option_table table = {
    "MODEL.attn|PROBLEM",
    "Shows the Hamiltonians of a model, or a problem from a file: the terms and where they are written, how couplings and "
    "fields\n"
    "are spread, what is decided beforehand, the spectrum, how hard the annealing is and what it finds. A model that takes\n"
    "inputs is without --input shown by its structure alone. A file ending in .attn is a model, any other a problem, or an "
    "inspection written\n"
    "before with --format json. --diff takes the same options for both sides; to compare two settings, write one side first.\n"
    "SIGINT (Ctrl-C) once shows what was measured until then, with exit status 3. Twice stops at once.",
    "examples:\n"
    "  isg inspect mis.attn\n"
    "  isg inspect digits.attn --weights digits.safetensors --input patches=patches.npy --sample 3\n"
    "  isg inspect G22.txt --from rudy --format html -o G22.html\n"
    "  isg inspect mis.attn --input adj=adj.npy --format json -o before.json\n"
    "  isg inspect mis.attn --input adj=other.npy --diff before.json",
    rows,
    true,
};

static bool is_model(const char *path)
{
    size_t length = strlen(path);
    return length >= 5 && !strcmp(path + length - 5, ".attn");
}

/* ---- the document ----------------------------------------------------------------------------- */

json_t *inspect_document(cli *c, const inspect_options *o, const inspect_subject *subject, json_t *hamiltonians)
{
    arena *a = &c->arena;
    json_t *value = value_object(a), *about = value_object(a);
    value_put(a, about, "kind", value_text(a, subject->kind));
    value_put(a, about, "name", value_text(a, subject->name));
    value_put(a, about, "file", value_text(a, subject->file));
    value_put(a, about, "format", value_text(a, subject->format));
    value_put(a, about, "sources", subject->sources);
    value_put(a, about, "samples", subject->samples ? value_count(a, subject->samples) : value_null());
    value_put(a, about, "sample", subject->samples ? value_count(a, o->sample) : value_null());
    value_put(a, about, "target", value_text(a, subject->target));
    value_put(a, about, "seed", value_seed(a, o->seed.value));
    value_put(a, about, "reads", value_count(a, subject->reads));
    value_put(a, about, "sweeps", value_count(a, subject->sweeps));
    value_put(a, about, "complete", value_flag(!subject->incomplete));
    value_put(a, value, "version", value_count(a, 1));
    value_put(a, value, "subject", about);
    value_put(a, value, "hamiltonians", hamiltonians);
    return value;
}

/* ---- inspections written before --------------------------------------------------------------- */

enum { DOCUMENT_MOST_BYTES = 64 << 20 };

/* Whether the file is one; *document is left NULL where it is not. */
static int read_document(cli *c, const char *path, json_t **document)
{
    isg_error error;
    char *bytes;
    size_t length, end = strlen(path);
    *document = NULL;
    if (end < 5 || strcmp(path + end - 5, ".json"))
        return EXIT_DONE;
    if (file_read(c->allocator, c->io, path, DOCUMENT_MOST_BYTES, &bytes, &length, &error))
        return cli_fail_error(c, &error);
    json_t *value = value_load(&c->arena, bytes, length);
    file_free(c->allocator, bytes, length);
    const char *fault = value ? diff_check(value) : NULL;
    if (value && !fault) {
        *document = value;
        return EXIT_DONE;
    }
    bool meant = value && json_object_get(value, "hamiltonians");
    return meant ? cli_fail(c, EXIT_INPUT, "%s is no inspection that can be shown: %s", path, fault) : EXIT_DONE;
}

/* ---- writing ---------------------------------------------------------------------------------- */

static int write_page(cli *c, const char *path, const json_t *document)
{
    isg_error error;
    char *html;
    size_t length;
    const char *json = document_text(&c->arena, document);
    if (page_write(c->allocator, json, strlen(json), &html, &length, &error))
        return cli_fail_error(c, &error);
    int status = cli_write_text(c, path, html);
    page_free(c->allocator, html, length);
    return status;
}

static int write_document(cli *c, const inspect_options *o, const json_t *document)
{
    arena *a = &c->arena;
    if (o->format == FORMAT_HTML)
        return write_page(c, o->output, document);
    const char *text = o->format == FORMAT_JSON ? document_text(a, document)
                       : o->diff                ? diff_text(a, document)
                                                : text_of_document(a, document);
    return cli_write_text(c, o->output, text);
}

/* ---- options that say nothing ------------------------------------------------------------------ */

/* The inspections written before stay as they are. */
static int check_written(cli *c, const inspect_options *o, const char *path)
{
    const char *vain = o->weights        ? "--weights"
                       : o->inputs.count ? "--input"
                       : o->sample_given ? "--sample"
                       : o->target       ? "--target"
                       : o->from         ? "--from"
                       : o->reads        ? "--reads"
                       : o->sweeps       ? "--sweeps"
                       : o->seed.given   ? "--seed"
                       : c->model        ? "--model"
                                         : NULL;
    if (!vain)
        return EXIT_DONE;
    return cli_fail(c, EXIT_USAGE, "%s changes nothing in '%s', an inspection written before; give it where that is written",
                    vain, path);
}

/* ---- files that stay --------------------------------------------------------------------------- */

static int check_kept(cli *c, const inspect_options *o, const char *path)
{
    int status = cli_check_kept(c, o->output, path, "what is inspected");
    if (!status)
        status = cli_check_kept(c, o->output, o->diff, "what is inspected");
    if (!status)
        status = cli_check_kept(c, o->output, o->weights, "the file of weights");
    for (size_t i = 0; i < o->inputs.count && !status; i++) {
        const char *equals = strchr(o->inputs.at[i], '=');
        status = equals ? cli_check_kept(c, o->output, equals + 1, "an input") : EXIT_DONE;
    }
    return status;
}

/* ---- the command ------------------------------------------------------------------------------ */

/* Said of an inspection made here, not of one written before. */
static bool is_incomplete(const json_t *document)
{
    return json_is_false(value_at(document, "subject.complete"));
}

static int inspect(cli *c, const inspect_options *o, const char *path, json_t **document, bool *written)
{
    int status = read_document(c, path, document);
    *written = *document != NULL;
    if (status || *document)
        return status;
    return is_model(path) ? inspect_model(c, o, path, document) : inspect_problem(c, o, path, document);
}

int cli_inspect(cli *c, int argc, char **argv)
{
    inspect_options o = {.sample = -1};
    const char *path;
    json_t *document = NULL, *other = NULL;
    bool written = false, other_written = false, incomplete;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    o.sample_given = o.sample >= 0;
    o.sample = o.sample_given ? o.sample : 0;
    interrupt_heed();
    status = check_kept(c, &o, path);
    if (!status)
        status = inspect(c, &o, path, &document, &written);
    if (!status && o.diff)
        status = inspect(c, &o, o.diff, &other, &other_written);
    if (!status && written && (!o.diff || other_written))
        status = check_written(c, &o, path);
    incomplete = (!written && is_incomplete(document)) || (!other_written && is_incomplete(other));
    if (!status && o.diff)
        document = diff_of(&c->arena, document, other);
    if (!status)
        status = write_document(c, &o, document);
    if (!status && incomplete)
        status = cli_fail(c, EXIT_INCOMPLETE, "interrupted: what was not measured is left out");
    return status;
}
