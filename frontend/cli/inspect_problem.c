/* inspect_problem.c - a problem file for isg inspect. */
#include "frontend/cli/inspect.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/problem_file.h"
#include "inspect/document.h"
#include "inspect/machine_view.h"

#include <string.h>

/* Everything the inspection of a problem holds. */
typedef struct session {
    cli *cli;
    const inspect_options *options;
    const char *path;
    const target *target; /* NULL: none was asked for */
    problem problem;
    matrix_notes notes;
    observation observation;
    json_t *document;
} session;

static int view_problem(session *s, const observe_settings *settings, machine_view *out)
{
    arena *a = &s->cli->arena;
    const target *t = s->target && s->target->kind != TARGET_NATIVE ? s->target : NULL;
    const observation *x = &s->observation;
    machine_parts parts;
    machine_answer answer;
    isg_error error;
    *out = (machine_view){0};
    if (!t)
        return EXIT_DONE;
    if (machine_parts_of_problem(&s->problem, t, a, &parts, &error))
        return cli_fail_error(s->cli, &error);
    out->partition = machine_partition_value(a, &parts, t, &s->problem);
    isg_status status = machine_ask(&s->problem, t, settings, a, &answer, &error);
    if (status == ISG_INVALID)
        out->machine = machine_refused_value(a, t, error.message);
    else if (!status)
        status = machine_answer_value(a, &parts, t, &s->problem, &answer, observation_state(x, x->reads), x->energies[x->reads],
                                      &out->machine, &error);
    out->left_out = status == ISG_INCOMPLETE;
    return status && status != ISG_INVALID && status != ISG_INCOMPLETE ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

static int read_problem(session *s)
{
    cli *c = s->cli;
    const inspect_options *o = s->options;
    isg_error error;
    if (o->weights || o->inputs.count || o->sample_given || c->model)
        return cli_fail(c, EXIT_USAGE, "%s goes with a model, a file ending in .attn; '%s' is taken for a problem",
                        o->weights        ? "--weights"
                        : o->inputs.count ? "--input"
                        : c->model        ? "--model"
                                          : "--sample",
                        s->path);
    if (matrix_read_file(c->allocator, c->io, s->path, o->from, &s->problem, &s->notes, &error))
        return cli_fail_error(c, &error);
    problem_file_notes(c, s->path, &s->notes);
    return EXIT_DONE;
}

static int describe(session *s)
{
    cli *c = s->cli;
    const inspect_options *o = s->options;
    const observe_settings settings = {
        .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed.value, .cancelled = interrupt_came};
    measured numbers = {.problem = &s->problem, .observation = &s->observation};
    json_t *list, *value;
    isg_error error;
    if (observe_problem(&s->problem, &settings, &s->observation, &error))
        return cli_fail_error(c, &error);
    int status = view_problem(s, &settings, &numbers.view);
    if (status)
        return status;
    if (document_of_problem(&c->arena, "problem", s->observation.moves, s->target, &numbers, &value, &error))
        return cli_fail_error(c, &error);
    list = value_array(&c->arena);
    value_push(&c->arena, list, value);
    const char *slash = strrchr(s->path, '/');
    const inspect_subject subject = {.kind = "problem",
                                     .name = slash ? slash + 1 : s->path,
                                     .file = s->path,
                                     .format = s->notes.format,
                                     .target = s->target ? s->target->name : NULL,
                                     .sources = value_array(&c->arena),
                                     .incomplete = !measured_whole(&numbers),
                                     .reads = s->observation.reads,
                                     .sweeps = s->observation.sweeps};
    s->document = inspect_document(c, o, &subject, list);
    return EXIT_DONE;
}

int inspect_problem(cli *c, const inspect_options *o, const char *path, json_t **document)
{
    session s = {.cli = c, .options = o, .path = path};
    int status = problem_file_target(c, o->target, &s.target);
    if (!status)
        status = problem_file_format(c, "--from", o->from);
    if (!status)
        status = read_problem(&s);
    if (!status)
        status = describe(&s);
    if (s.observation.allocator)
        observation_close(&s.observation);
    if (s.problem.allocator)
        problem_close(&s.problem);
    *document = s.document;
    return status;
}
