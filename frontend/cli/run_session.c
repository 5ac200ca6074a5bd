/* run_session.c - see run_session.h. */
#include "frontend/cli/run_session.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/show.h"
#include "runtime/tensor.h"

#include <unistd.h>

static int check_kept(const run_session *s, const char *written, const run_origin *from)
{
    int status = cli_check_kept(s->cli, written, from->path, from->what);
    if (!status)
        status = cli_check_kept(s->cli, written, from->weights, "the file of weights");
    if (!status)
        status = cli_check_kept(s->cli, written, s->settings->labels, "the file of labels");
    for (size_t i = 0; i < s->settings->inputs.count && !status; i++)
        status = cli_check_kept(s->cli, written, s->inputs[i].path, "an input");
    return status;
}

/* What is read stays, and no two results go to one place. */
static int check_places(const run_session *s, const run_origin *from)
{
    const run_settings *o = s->settings;
    int status = check_kept(s, o->report, from);
    for (size_t i = 0; i < o->outputs.count && !status; i++) {
        status = check_kept(s, s->outputs[i].path, from);
        if (!status)
            status = cli_check_apart(s->cli, s->outputs[i].path, o->report, "an output and the report");
        for (size_t k = 0; k < i && !status; k++)
            status = cli_check_apart(s->cli, s->outputs[k].path, s->outputs[i].path, "two outputs");
    }
    return status;
}

int run_session_open(run_session *s, cli *c, const run_settings *settings, const run_origin *from, double start)
{
    *s = (run_session){.cli = c, .settings = settings, .start = start};
    int status = run_split_files(c, "--input", &settings->inputs, &s->inputs);
    if (!status)
        status = run_split_files(c, "--output", &settings->outputs, &s->outputs);
    return status ? status : check_places(s, from);
}

void run_session_close(run_session *s)
{
    if (s->data.cli)
        run_data_close(&s->data);
    npy_free(s->cli->allocator, &s->labels);
}

/* ---- running --------------------------------------------------------------------------------- */

/* Before anything is annealed: the results would wait for their accuracy. */
static int check_labels(const run_session *s)
{
    isg_error error;
    int32_t label;
    int64_t scores;
    const isg_tensor *labels = &s->labels.tensor, *first = run_data_first(&s->data);
    const char *path = s->settings->labels;
    if (!tensor_count(first->rank - 1, first->shape + 1, &scores))
        scores = INT64_MAX;
    if (labels->rank != 1 || labels->shape[0] != s->data.batch)
        return cli_fail(s->cli, EXIT_INPUT, "%s: the labels must be one for each of the %lld samples", path,
                        (long long)s->data.batch);
    for (int64_t k = 0; k < s->data.batch; k++) {
        isg_tensor at = tensor_at(labels, k);
        if (tensor_to_i32(&at, (tensor_origin){.kind = "labels", .name = "labels", .sample = k}, &label, &error))
            return cli_fail(s->cli, EXIT_INPUT, "%s: %s", path, error.message);
        if (label < 0 || label >= scores)
            return cli_fail(s->cli, EXIT_INPUT,
                            "%s: the label of sample %lld is %d, and the first output has %lld score%s, from 0", path,
                            (long long)k, (int)label, (long long)scores, scores == 1 ? "" : "s");
    }
    return EXIT_DONE;
}

static int open_data(run_session *s)
{
    cli *c = s->cli;
    const run_settings *o = s->settings;
    isg_error error;
    bool want_first = o->labels || !o->outputs.count;
    int status = run_check_names(c, s->program, s->inputs, o->inputs.count, s->outputs, o->outputs.count);
    if (status)
        return status;
    if (o->labels && npy_read_file(c->allocator, c->io, o->labels, &s->labels, &error))
        return cli_fail_error(c, &error);
    status = run_data_open(&s->data, c, s->program, s->inputs, o->inputs.count, s->outputs, o->outputs.count, want_first);
    return status || !o->labels ? status : check_labels(s);
}

static int run_program(run_session *s)
{
    const run_settings *o = s->settings;
    isg_error error;
    show_progress_bar bar = {.start = cli_seconds()};
    isg_run_options options = {.solver = (isg_solver)o->solver,
                               .reads = o->reads,
                               .sweeps = o->sweeps,
                               .threads = o->threads,
                               .seed = o->seed,
                               .first_sample = o->first_sample};
    if (!s->cli->quiet && isatty(STDERR_FILENO)) {
        options.progress = show_progress;
        options.progress_context = &bar;
    }
    interrupt_cancels(s->program);
    interrupt_heed();
    isg_status status = isg_run(s->program, s->data.inputs, s->data.input_count, s->data.outputs, s->data.output_count, &options,
                                &s->report, &error);
    interrupt_cancels(NULL);
    show_progress_end(&bar);
    s->incomplete = status == ISG_INCOMPLETE;
    return status ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

int run_session_run(run_session *s)
{
    int status = open_data(s);
    return status ? status : run_program(s);
}

/* ---- results --------------------------------------------------------------------------------- */

/* Of whole results only: what an interruption left out has no class. */
static int find_accuracy(run_session *s)
{
    isg_error error;
    if (!s->settings->labels || s->incomplete)
        return EXIT_DONE;
    if (report_accuracy(s->cli->allocator, run_data_first(&s->data), &s->labels.tensor, &s->context.accuracy, &error))
        return cli_fail(s->cli, EXIT_INPUT, "%s: %s", s->settings->labels, error.message);
    s->context.has_accuracy = true;
    return EXIT_DONE;
}

int run_session_write(run_session *s, const char *target)
{
    cli *c = s->cli;
    isg_error error;
    int status = find_accuracy(s);
    if (!status)
        status = run_data_write(&s->data);
    if (status)
        return status;
    if (!s->settings->outputs.count)
        show_array(run_data_first(&s->data));
    s->context.model = isg_program_name(s->program);
    s->context.target = target;
    s->context.seed = s->settings->seed;
    s->context.seconds_total = cli_seconds() - s->start;
    if (s->settings->report && report_write(c->allocator, c->io, s->settings->report, &s->report, &s->context, &error))
        return cli_fail_error(c, &error);
    if (!c->quiet)
        show_summary(&s->report, &s->context);
    return EXIT_DONE;
}
