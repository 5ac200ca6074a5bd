/* inspect_model.c - a model for isg inspect: compiled with a probe for each term, one sample of it run. */
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/inspect.h"
#include "frontend/cli/interrupt.h"
#include "frontend/cli/run_data.h"
#include "inspect/document.h"
#include "inspect/machine_view.h"
#include "inspect/model_run.h"
#include "runtime/tensor.h"

#include <string.h>

/* Everything the inspection of a model holds. */
typedef struct session {
    cli *cli;
    const inspect_options *options;
    const char *path;
    compilation compilation;
    run_file *inputs;
    native_program *native;
    isg_program *program;
    run_data data;
    int64_t samples;
    machine *machine;
    machine_settings machine_settings;
    const char *machine_refuses; /* why the target cannot run the model; NULL: it can, or there is none */
    model_run run;
    bool incomplete;
    json_t *document;
} session;

/* A model that takes inputs is without them shown by its structure: nothing is sampled or annealed. */
static bool has_numbers(const session *s)
{
    return s->options->inputs.count || !s->compilation.module->functions.at[0]->parameters.count;
}

static int check_options(const session *s)
{
    const inspect_options *o = s->options;
    if (o->from)
        return cli_fail(s->cli, EXIT_USAGE, "--from goes with a problem; '%s' is taken for a model", s->path);
    const char *vain = o->sample_given ? "--sample"
                       : o->reads      ? "--reads"
                       : o->sweeps     ? "--sweeps"
                       : o->seed.given ? "--seed"
                                       : NULL;
    if (has_numbers(s) || !vain)
        return EXIT_DONE;
    int status = cli_fail(s->cli, EXIT_USAGE, "%s says nothing of '%s' without inputs", vain, s->path);
    cli_hint(s->cli, "give them with --input NAME=FILE.npy; without any the model is shown by its structure alone");
    return status;
}

/* The sample alone. */
static int keep_sample(session *s)
{
    int64_t at = s->options->sample;
    s->samples = s->data.batch;
    if (at >= s->data.batch)
        return cli_fail(s->cli, EXIT_INPUT, "--sample %lld: the inputs have %lld sample%s, counted from 0", (long long)at,
                        (long long)s->data.batch, s->data.batch == 1 ? "" : "s");
    for (size_t i = 0; i < s->data.input_count; i++) {
        isg_tensor *t = &s->data.inputs[i].tensor;
        t->data = (char *)t->data + at * t->strides[0];
        t->shape[0] = 1;
    }
    return EXIT_DONE;
}

static int compile_program(session *s)
{
    isg_error error;
    const native_options native = {.optimise = 2};
    const safetensors *weights = &s->compilation.weights;
    if (native_compile(s->compilation.module, &native, &s->native, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(&s->compilation, "native", error.message, ir_print(s->compilation.module, true));
        return cli_fail_error(s->cli, &error);
    }
    const isg_abi_program *abi = native_program_abi(s->native);
    if (!s->options->weights && abi->parameter_count && !abi->weights) {
        int status = cli_fail(s->cli, EXIT_INPUT, "model '%s' has %llu parameters, '@%s' the first, and no weights were given",
                              abi->model, (unsigned long long)abi->parameter_count, abi->parameters[0].name);
        cli_hint(s->cli, "give them with --weights FILE.safetensors");
        return status;
    }
    if (program_open_abi(abi, weights->tensors, weights->count, s->cli->allocator, s->cli->io, &s->program, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static int run_sample(session *s)
{
    isg_error error;
    const isg_run_options options = {.threads = 1, .seed = s->options->seed.value, .first_sample = s->options->sample};
    program_set_solver(s->program, model_run_solve, &s->run);
    if (isg_run(s->program, s->data.inputs, s->data.input_count, NULL, 0, &options, NULL, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static const target *machine_target(const session *s)
{
    const target *t = s->compilation.target;
    return t && t->kind != TARGET_NATIVE ? t : NULL;
}

/* Before the probes are in, which are none of the machine's business. */
static int open_machine(session *s)
{
    const inspect_options *o = s->options;
    isg_error error;
    s->machine_settings =
        (machine_settings){.target = machine_target(s), .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed.value};
    if (!s->machine_settings.target)
        return EXIT_DONE;
    isg_status status = machine_open(&s->machine, s->compilation.module, &s->machine_settings, s->cli->allocator, &error);
    if (status == ISG_INVALID) {
        s->machine_refuses = arena_format(&s->cli->arena, "%s", error.message);
        return EXIT_DONE;
    }
    return status ? cli_fail_error(s->cli, &error) : EXIT_DONE;
}

static int observe_model(session *s)
{
    cli *c = s->cli;
    const inspect_options *o = s->options;
    int status = open_machine(s);
    if (status)
        return status;
    const observe_settings settings = {
        .reads = o->reads, .sweeps = o->sweeps, .seed = o->seed.value, .cancelled = interrupt_came};
    s->run = model_run_open(s->compilation.module, probes_insert(s->compilation.module, &c->arena), &settings, s->machine,
                            c->allocator, &c->arena);
    status = compile_program(s);
    if (!status)
        status = run_check_names(c, s->program, s->inputs, o->inputs.count, NULL, 0);
    if (!status)
        status = run_data_open(&s->data, c, s->program, s->inputs, o->inputs.count, NULL, 0, false);
    if (!status)
        status = keep_sample(s);
    return status ? status : run_sample(s);
}

/* Inputs as float32, C order. */
static sample_input *sample_inputs(session *s)
{
    arena *a = &s->cli->arena;
    sample_input *list = ARENA_ARRAY(a, sample_input, s->data.input_count);
    for (size_t i = 0; i < s->data.input_count; i++) {
        isg_tensor one = tensor_at(&s->data.inputs[i].tensor, 0);
        int64_t count = 1;
        isg_error error;
        list[i] = (sample_input){.name = s->data.inputs[i].name, .rank = one.rank};
        for (int32_t k = 0; k < one.rank; k++)
            count *= list[i].shape[k] = one.shape[k];
        float *data = ARENA_ARRAY(a, float, (size_t)count);
        tensor_to_f32(&one, (tensor_origin){.kind = "input", .name = list[i].name, .sample = 0}, data, &error);
        list[i].data = data;
    }
    return list;
}

/* Parts without numbers too; what the machine makes of them only with. */
static int view_anneal(session *s, ir_op op, uint32_t number, machine_view *out)
{
    arena *a = &s->cli->arena;
    const target *t = machine_target(s);
    const observed_anneal *x = s->run.anneals ? &s->run.anneals[number] : NULL;
    isg_error error;
    *out = (machine_view){0};
    if (!t)
        return EXIT_DONE;
    const machine_parts parts = machine_parts_of(s->compilation.module, op, a);
    out->partition = machine_partition_value(a, &parts, t, x ? &x->problem : NULL);
    if (s->machine_refuses)
        out->machine = machine_refused_value(a, t, s->machine_refuses);
    out->left_out = x && !x->machine_state && !s->machine_refuses;
    if (!x || !x->machine_state)
        return EXIT_DONE;
    const machine_answer answer = {.up = x->machine_state,
                                   .energy = x->machine_energy,
                                   .passes = (int32_t)machine_tally_of(s->machine, number).passes,
                                   .reads = machine_reads(&s->machine_settings),
                                   .sweeps = machine_sweeps(&s->machine_settings)};
    if (machine_answer_value(a, &parts, t, &x->problem, &answer, observation_state(&x->observation, x->observation.reads),
                             x->observation.energies[x->observation.reads], &out->machine, &error))
        return cli_fail_error(s->cli, &error);
    return EXIT_DONE;
}

static int describe_anneal(session *s, ir_op op, uint32_t number, json_t *list)
{
    arena *a = &s->cli->arena;
    const ir_module *m = s->compilation.module;
    const observed_anneal *x = s->run.anneals ? &s->run.anneals[number] : NULL;
    measured numbers = {0};
    json_t *value;
    isg_error error;
    if (x)
        numbers = (measured){.problem = &x->problem,
                             .observation = &x->observation,
                             .terms = x->terms,
                             .inputs = sample_inputs(s),
                             .input_count = (uint32_t)s->data.input_count,
                             .late = x->late};
    int status = view_anneal(s, op, number, &numbers.view);
    if (status)
        return status;
    if (document_of_anneal(a, m, op, x ? x->moves : NULL, machine_target(s), &numbers, &value, &error))
        return cli_fail_error(s->cli, &error);
    value_push(a, list, value);
    s->incomplete |= !measured_whole(&numbers);
    return EXIT_DONE;
}

static int inspect_steps(session *s)
{
    arena *a = &s->cli->arena;
    const inspect_options *o = s->options;
    int status = run_split_files(s->cli, "--input", &o->inputs, &s->inputs);
    if (!status)
        status = compile_load_model(&s->compilation, s->path, o->weights);
    if (!status)
        status = compile_find_target(&s->compilation, o->target);
    if (!status)
        status = compile_to(&s->compilation, STAGE_SCHEDULED);
    if (!status)
        status = check_options(s);
    if (status)
        return status;
    ir_module *m = s->compilation.module;
    const ir_function *model = m->functions.at[0];
    ARENA_LIST(ir_op) anneals = {0};
    for (uint32_t i = 0; i < model->ops.count; i++)
        if (ir_op_get(m, model->ops.at[i])->code == OP_ANNEAL)
            ARENA_PUSH(a, &anneals, model->ops.at[i]);
    if (has_numbers(s))
        status = observe_model(s);
    if (status)
        return status;
    json_t *list = value_array(a);
    for (uint32_t k = 0; k < anneals.count && !status; k++)
        status = describe_anneal(s, anneals.at[k], k, list);
    if (status)
        return status;
    const observation *first = s->run.probes.anneals ? &s->run.anneals[0].observation : &(observation){0};
    const inspect_subject subject = {.kind = "model",
                                     .name = ir_text(m, model->name),
                                     .file = s->path,
                                     .target = o->target ? s->compilation.target->name : NULL,
                                     .sources = document_sources(a, m),
                                     .samples = s->samples,
                                     .incomplete = s->incomplete,
                                     .reads = first->reads,
                                     .sweeps = first->sweeps};
    s->document = inspect_document(s->cli, o, &subject, list);
    return EXIT_DONE;
}

static void session_close(session *s)
{
    if (s->data.cli)
        run_data_close(&s->data);
    if (s->run.anneals)
        model_run_close(&s->run);
    if (s->program)
        isg_close(s->program);
    machine_close(s->machine);
    if (s->native)
        native_program_close(s->native);
    compilation_close(&s->compilation);
}

int inspect_model(cli *c, const inspect_options *o, const char *path, json_t **document)
{
    session s = {.cli = c, .options = o, .path = path};
    compilation_open(&s.compilation, c);
    int status = inspect_steps(&s);
    session_close(&s);
    *document = s.document;
    return status;
}
