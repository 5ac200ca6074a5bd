/* compile.c - see compile.h. */
#include "frontend/cli/compile.h"
#include "frontend/frontend.h"
#include "ir/text.h"
#include "runtime/file.h"
#include "runtime/tensor.h"

#include <stdio.h>
#include <string.h>

void compilation_open(compilation *k, cli *c)
{
    *k = (compilation){.cli = c};
    diagnostics_open(&k->diagnostics, &c->arena);
    k->diagnostics.program = c->program;
}

void compilation_close(compilation *k)
{
    safetensors_free(k->cli->allocator, &k->weights);
}

int compile_diagnose(compilation *k)
{
    if (k->diagnostics.error_count || !k->cli->quiet)
        fputs(diagnostics_draw(&k->diagnostics), stderr);
    k->diagnostics.list.count = 0; /* shown once */
    return k->diagnostics.error_count ? EXIT_INPUT : EXIT_DONE;
}

/* ---- weights --------------------------------------------------------------------------------- */

/* As parameters are computed with: int32 only where the program says so, else float32. */
static ir_type weight_type(const isg_tensor *t, const ir_weight *declared)
{
    bool whole = t->dtype != ISG_F32 && t->dtype != ISG_F64;
    bool as_i32 = whole && declared && declared->type.elem == IR_I32;
    return ir_type_make(as_i32 ? IR_I32 : IR_F32, t->rank, t->shape);
}

static const char *type_text(arena *a, ir_type type)
{
    char shape[TENSOR_SHAPE_TEXT];
    tensor_shape_text(type.rank, type.dim, shape);
    return arena_format(a, "%s%s", text_elems[type.elem], type.rank ? shape : "");
}

static void check_declared(compilation *k, const ir_weight *declared, const isg_tensor *t, const char *weights_path)
{
    diagnostics *d = &k->diagnostics;
    arena *a = &k->cli->arena;
    ir_type type = weight_type(t, declared);
    if (declared->type.elem == IR_POISON || ir_type_equal(type, declared->type))
        return;
    const char *path = ir_text(k->module, declared->path);
    diagnostic *e = diagnostics_error(d, declared->span, "parameter '@%s' is declared as %s, but the weights have %s", path,
                                      type_text(a, declared->type), type_text(a, type));
    diagnostic_note_at(d, e, (ir_span){0}, "the weights are those of %s", weights_path);
}

/* What the file has replaces what the program declares, once both were compared. */
static void adopt_weights(compilation *k, const char *weights_path)
{
    ir_module *m = k->module;
    ir_weight *declared = m->weights.at;
    uint32_t declared_count = m->weights.count;
    m->weights.at = NULL;
    m->weights.count = m->weights.capacity = 0;
    ir_weight **by_name = ARENA_ARRAY(m->arena, ir_weight *, m->names.count + declared_count);
    for (uint32_t i = 0; i < declared_count; i++)
        by_name[declared[i].path] = &declared[i];
    uint32_t known_names = m->names.count;
    for (size_t i = 0; i < k->weights.count; i++) {
        const isg_named_tensor *file = &k->weights.tensors[i];
        ir_name path = ir_intern_text(m, file->name);
        const ir_weight *other = path && path < known_names ? by_name[path] : NULL;
        if (other)
            check_declared(k, other, &file->tensor, weights_path);
        const ir_weight weight = {path, weight_type(&file->tensor, other), other ? other->span : (ir_span){0}};
        if (path)
            ARENA_PUSH(m->arena, &m->weights, weight);
    }
    m->weights_known = true;
}

/* ---- loading --------------------------------------------------------------------------------- */

int compile_load_model(compilation *k, const char *path, const char *weights_path)
{
    cli *c = k->cli;
    isg_error error;
    k->module = frontend_load(&c->arena, &k->diagnostics, c->io, path);
    if (!k->module)
        return compile_diagnose(k);
    if (weights_path) {
        if (safetensors_read_file(c->allocator, c->io, weights_path, &k->weights, &error))
            return cli_fail_error(c, &error);
        adopt_weights(k, weights_path);
    }
    k->loaded = ir_print(k->module, false);
    return EXIT_DONE;
}

int compile_load_text(compilation *k, const char *path)
{
    cli *c = k->cli;
    isg_error error;
    char *bytes;
    size_t length;
    if (file_read(c->allocator, c->io, path, TEXT_MAX_BYTES, &bytes, &length, &error))
        return cli_fail_error(c, &error);
    const char *text = arena_copy(&c->arena, bytes, length);
    file_free(c->allocator, bytes, length);
    k->module = ir_parse(&c->arena, &k->diagnostics, diagnostics_add_file(&k->diagnostics, path, text, length));
    if (!k->module)
        return compile_diagnose(k);
    const char *fault = ir_verify(k->module);
    if (fault)
        return cli_fail(c, EXIT_INPUT, "%s: %s", path, fault);
    k->loaded = text;
    return EXIT_DONE;
}

/* ---- passes ---------------------------------------------------------------------------------- */

static void print_after(void *context, const pass *p, const ir_module *m)
{
    const compilation *k = context;
    fprintf(stderr, "# after %s\n%s\n", p->name, ir_print(m, k->locations));
}

static pass_hooks hooks_of(compilation *k)
{
    return (pass_hooks){k->print_after_all ? print_after : NULL, k, k->verify_each};
}

/* The program at the end is verified in any case: what follows relies on it. */
static int finish(compilation *k, const char *fault, const char *failed, const char *before)
{
    if (fault)
        return compile_defect(k, failed, fault, before);
    int status = compile_diagnose(k);
    if (status)
        return status;
    fault = ir_verify(k->module);
    return fault ? compile_defect(k, "the last pass", fault, k->loaded) : EXIT_DONE;
}

int compile_find_target(compilation *k, const char *name)
{
    if (!name)
        return EXIT_DONE;
    k->target = target_find(&k->diagnostics, k->cli->io, name);
    int status = compile_diagnose(k);
    if (!status && k->target->kind != TARGET_NATIVE && k->target->spins != INT64_MAX)
        k->machine_variables = target_variables(k->target, true);
    return status;
}

int compile_to(compilation *k, ir_stage stage)
{
    const pass_options options = {.model = k->cli->model, .machine_variables = k->machine_variables};
    const pass_hooks hooks = hooks_of(k);
    const char *failed = NULL, *before = NULL;
    const char *fault = pass_run_to(k->module, stage, &options, &hooks, &failed, &before);
    return finish(k, fault, failed, before);
}

int compile_passes(compilation *k, const char *names)
{
    const pass_options options = {.model = k->cli->model, .machine_variables = k->machine_variables};
    const pass_hooks hooks = hooks_of(k);
    const char *failed = NULL, *before = NULL;
    const char *fault = pass_run_list(k->module, names, &options, &hooks, &failed, &before);
    return finish(k, fault, failed, before);
}
