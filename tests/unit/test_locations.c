/* test_locations.c - source maps: every place survives the text form, on every operation; after every pass every operation,
 * value, term, array of spins, parameter and result still has its place, and inlined ones the calls they came through. */
#include "frontend/frontend.h"
#include "passes/pass.h"
#include "runtime/file.h"
#include "tests/unit/runtime_check.h"

#include <unistd.h>

static arena memory;
static jmp_buf no_memory;

/* ---- every place of a module, in a fixed order ------------------------------------------------ */

typedef void (*place_visit)(void *context, ir_span *span, const char *what);

static void visit_attribute(ir_attribute_kind kind, ir_attribute *a, place_visit visit, void *context)
{
    for (uint32_t i = 0; a->present && i < a->count; i++) {
        if (kind == ATTR_OPTIONS)
            visit(context, &((ir_option *)(uintptr_t)a->list)[i].span, "option");
        if (kind == ATTR_SIGNATURE)
            visit(context, &((ir_parameter *)(uintptr_t)a->list)[i].span, "signature");
        if (kind == ATTR_SPINS)
            visit(context, &((ir_spins *)(uintptr_t)a->list)[i].span, "spins");
        if (kind == ATTR_TERMS)
            visit(context, &((ir_term *)(uintptr_t)a->list)[i].span, "term");
    }
}

static void visit_op(const ir_module *m, ir_op op, place_visit visit, void *context)
{
    ir_op_data *data = ir_op_get(m, op);
    const ir_op_row *row = &ir_op_rows[data->code];
    visit(context, &data->span, row->text);
    for (uint32_t i = 0; i < data->result_count; i++)
        visit(context, &ir_value_get(m, data->results[i])->span, "value");
    for (int i = 0; i < IR_MAX_ATTRIBUTES && row->attributes[i].key; i++)
        visit_attribute(row->attributes[i].kind, &data->attributes[i], visit, context);
    for (uint32_t site = data->site; site; site = m->sites.at[site].parent)
        visit(context, &m->sites.at[site].call, "call");
}

static void visit_all(const ir_module *m, place_visit visit, void *context)
{
    for (uint32_t i = 0; i < m->weights.count; i++)
        visit(context, &m->weights.at[i].span, "weight");
    for (uint32_t k = 0; k < m->functions.count; k++) {
        ir_function *f = m->functions.at[k];
        visit(context, &f->span, "function");
        for (uint32_t i = 0; i < f->parameters.count; i++)
            visit(context, &f->parameters.at[i].span, "parameter");
        for (uint32_t i = 0; i < f->options.count; i++)
            visit(context, &f->options.at[i].span, "option");
        for (uint32_t i = 0; i < f->ops.count; i++)
            visit_op(m, f->ops.at[i], visit, context);
        for (uint32_t i = 0; i < f->results.count; i++)
            visit(context, &f->results.at[i].span, "result");
    }
}

/* An operation that is nowhere could not say where its results are named, or what called it. */
static bool may_be_nowhere(const char *what)
{
    static const char *const kinds[] = {"option", "signature", "spins", "term", "weight", "function", "parameter", "result"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(what, kinds[i]))
            return true;
    return false;
}

/* ---- through text and back -------------------------------------------------------------------- */

typedef struct marking {
    uint32_t file, next;
    bool some; /* a third of what may be nowhere is */
} marking;

static void mark(void *context, ir_span *span, const char *what)
{
    marking *m = context;
    bool nowhere = m->some && m->next % 3 == 0 && may_be_nowhere(what);
    *span = nowhere ? (ir_span){0} : (ir_span){m->file, m->next * 10, m->next * 10 + 7};
    m->next++;
}

typedef struct gathered {
    ir_span at[4096];
    const char *what[4096];
    uint32_t count;
} gathered;

static void gather(void *context, ir_span *span, const char *what)
{
    gathered *g = context;
    CHECK(g->count < 4096);
    g->at[g->count] = *span;
    g->what[g->count++] = what;
}

static ir_module *read_text(diagnostics *d, const char *name, const char *text)
{
    diagnostics_open(d, &memory);
    ir_module *m = ir_parse(&memory, d, diagnostics_add_file(d, name, text, strlen(text)));
    CHECK(m, "%s: %s", name, diagnostics_draw(d));
    return m;
}

static const char *read_whole(const char *path)
{
    char *bytes;
    size_t length;
    isg_error error;
    CHECK(!file_read(isg_default_allocator(), isg_default_io(), path, 1 << 20, &bytes, &length, &error), "%s", error.message);
    const char *text = arena_copy(&memory, bytes, length);
    file_free(isg_default_allocator(), bytes, length);
    return text;
}

static void test_text(const char *path, const char *text, bool some, bool *seen)
{
    diagnostics first, second;
    ir_module *m = read_text(&first, path, text);
    if (!m)
        return;
    marking marks = {diagnostics_add_file(&first, "odd name (1).attn", "", 0), 1, some};
    visit_all(m, mark, &marks);
    for (uint32_t i = 1; i < m->ops.count; i++)
        seen[m->ops.at[i].code] = true;
    const char *printed = ir_print(m, true);
    ir_module *again = read_text(&second, "again.ising", printed);
    if (!again)
        return;
    static gathered before, after;
    before.count = after.count = 0;
    visit_all(m, gather, &before);
    visit_all(again, gather, &after);
    CHECK(before.count == after.count, "%s: %u places, then %u", path, before.count, after.count);
    for (uint32_t i = 0; i < before.count && i < after.count; i++) {
        ir_span x = before.at[i], y = after.at[i];
        bool same_file = !x.file ? !y.file : y.file && !strcmp(second.files.at[y.file - 1].path, "odd name (1).attn");
        CHECK(same_file && x.begin == y.begin && x.end == y.end, "%s: %s %u: %u-%u became %u-%u", path, before.what[i], i,
              x.begin, x.end, y.begin, y.end);
    }
    CHECK(!strcmp(printed, ir_print(again, true)), "%s: printed again it is other text", path);
}

/* ---- through the passes ----------------------------------------------------------------------- */

static const char program[] = "use \"std/select.attn\";\n"
                              "fn twice(x: f32[N, D]) { return x + x; }\n"
                              "hamiltonian pick(gain: f32[N]; price = 1.5) {\n"
                              "  index i, j in N;\n"
                              "  spin  z[i] in {0, 1};\n"
                              "  minimize - sum[i] gain[i] * z[i] + price * sum[i, j : i < j] z[i] * z[j] + 2;\n"
                              "  return chosen[i] = z[i];\n"
                              "}\n"
                              "model both {\n"
                              "  input a: f32[6, 8];\n"
                              "  input e: f32[4];\n"
                              "  let q = split_heads(twice(twice(a)), 2);\n"
                              "  let y = merge_heads(select_attention(q, q, q, e));\n"
                              "  output y = y;\n"
                              "  output chosen = pick(sum(a, axis = 1));\n"
                              "  output again = pick(sum(a, axis = 1));\n"
                              "}\n";

typedef struct looking {
    const ir_module *m;
    const char *pass;
    int passes;
} looking;

static void look(void *context, ir_span *span, const char *what)
{
    const looking *l = context;
    const diagnostics *d = l->m->diagnostics;
    CHECK(span->file && span->file <= d->files.count, "after %s: a %s is nowhere", l->pass, what);
    if (!span->file || span->file > d->files.count)
        return;
    const source_file *file = &d->files.at[span->file - 1];
    CHECK(span->begin < span->end && span->end <= file->length, "after %s: %s at %s:%u-%u", l->pass, what, file->path,
          span->begin, span->end);
}

/* What stands in the library came through calls in the program. */
static void check_calls(const looking *l, const ir_op_data *data)
{
    const ir_module *m = l->m;
    const char *path = m->diagnostics->files.at[data->span.file - 1].path;
    uint32_t outermost = data->site;
    while (outermost && m->sites.at[outermost].parent)
        outermost = m->sites.at[outermost].parent;
    if (!strncmp(path, "std/", 4)) {
        CHECK(outermost, "after %s: %s from %s without a call", l->pass, ir_op_rows[data->code].text, path);
        const char *caller = m->diagnostics->files.at[m->sites.at[outermost].call.file - 1].path;
        CHECK(strncmp(caller, "std/", 4) != 0, "after %s: called from %s", l->pass, caller);
    }
}

static void after_pass(void *context, const pass *p, const ir_module *m)
{
    looking *l = context;
    l->m = m;
    l->pass = p->name;
    l->passes++;
    visit_all(m, look, l);
    const ir_function *model = m->functions.at[0];
    for (uint32_t i = 0; m->stage >= STAGE_GRAPH && i < model->ops.count; i++)
        check_calls(l, ir_op_get(m, model->ops.at[i]));
}

/* The text of a term's place is that of its product in the source. */
static void check_terms(const ir_module *m)
{
    static const char *const expected[] = {"b * N * sum[t, i] h[t, i] * x[t, i]",
                                           "- a * sum[t, i, j] J[t, i, j] * x[t, i] * x[t, j]",
                                           "push * sum[t, u, i : t != u] x[t, i] * x[u, i]",
                                           "gain[i] * z[i]",
                                           "price * sum[i, j : i < j] z[i] * z[j]",
                                           "2"};
    const ir_function *model = m->functions.at[0];
    size_t terms = 0;
    for (uint32_t i = 0; i < model->ops.count; i++) {
        if (ir_op_get(m, model->ops.at[i])->code != OP_ANNEAL)
            continue;
        const ir_attribute *list = ir_op_attribute(m, model->ops.at[i], "terms");
        for (uint32_t k = 0; k < list->count; k++) {
            const ir_term *term = (const ir_term *)list->list + k;
            const source_file *file = &m->diagnostics->files.at[term->span.file - 1];
            const char *text = arena_copy(&memory, file->text + term->span.begin, term->span.end - term->span.begin);
            terms++;
            CHECK(terms <= sizeof expected / sizeof *expected && !strcmp(text, expected[terms - 1]), "a term stands at '%s'",
                  text);
        }
    }
    CHECK(terms == sizeof expected / sizeof *expected, "%zu terms", terms);
}

static void test_passes(ir_stage stage, int64_t machine)
{
    char folder[] = "/tmp/isg-locations-XXXXXX";
    CHECK(mkdtemp(folder));
    const char *path = arena_format(&memory, "%s/both.attn", folder);
    isg_error error;
    CHECK(!file_write(isg_default_allocator(), isg_default_io(), path, program, sizeof program - 1, &error), "%s", error.message);
    diagnostics d;
    diagnostics_open(&d, &memory);
    ir_module *m = frontend_load(&memory, &d, isg_default_io(), path);
    CHECK(m && !d.error_count, "%s", diagnostics_draw(&d));
    looking l = {.m = m, .pass = "the front end"};
    const pass_options options = {.machine_variables = machine};
    const pass_hooks hooks = {after_pass, &l, true};
    const char *failed = NULL, *before = NULL;
    visit_all(m, look, &l);
    const char *fault = pass_run_to(m, stage, &options, &hooks, &failed, &before);
    CHECK(!fault && !d.error_count, "%s: %s", failed ? failed : "", fault ? fault : diagnostics_draw(&d));
    CHECK(l.passes >= 3, "%d passes", l.passes);
    if (stage >= STAGE_ISING)
        check_terms(m);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    static bool seen[OP_COUNT];
    arena_open(&memory, isg_default_allocator(), &no_memory);
    if (setjmp(no_memory)) {
        fprintf(stderr, "out of memory\n");
        return 1;
    }
    static const char *const files[] = {"tests/ir/text-calls.ising", "tests/ir/text-ising.ising",
                                        "tests/ir/text-operations.ising"};
    for (int some = 0; some < 2; some++) {
        for (size_t i = 0; i < sizeof files / sizeof *files; i++)
            test_text(files[i], read_whole(files[i]), some, seen);
        test_text("poison", "isinglass 1\nstage calls\nmodel @m() {\n  %p = poison\n  return r = %p\n}\n", some, seen);
    }
    for (int code = OP_NONE + 1; code < OP_COUNT; code++)
        CHECK(seen[code], "%s is in none of the texts", ir_op_rows[code].text);
    test_passes(STAGE_GRAPH, 0);
    test_passes(STAGE_ISING, 0);
    test_passes(STAGE_SCHEDULED, 7);
    arena_close(&memory);
    return check_failures != 0;
}
