/* test_passes.c - the passes without a frontend: index ranges against trying everything, folding against
 * evaluation before it, the pipeline's choice of passes, deep and exploding programs, lack of memory. */
#include "passes/fold.h"
#include "passes/index_range.h"
#include "tests/unit/ir_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- random expressions ---- */

static uint64_t state;

static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

typedef struct indices {
    ir_index at[8];
    uint32_t count;
} indices;

static ir_expr random_arithmetic(ir_module *m, const indices *in, int depth)
{
    static const ir_expr_kind kinds[] = {EXPR_ADD,      EXPR_ADD,    EXPR_SUBTRACT, EXPR_SUBTRACT,
                                         EXPR_MULTIPLY, EXPR_DIVIDE, EXPR_MIN,      EXPR_MAX};
    if (depth == 0 || pick(4) == 0) {
        if (in->count && pick(3))
            return ir_index_ref(m, in->at[pick(in->count)], (ir_span){0});
        return ir_number(m, (double)pick(5) - 1, (ir_span){0});
    }
    if (pick(6) == 0)
        return ir_unary(m, EXPR_NEGATE, random_arithmetic(m, in, depth - 1), (ir_span){0});
    ir_expr a = random_arithmetic(m, in, depth - 1), b = random_arithmetic(m, in, depth - 1);
    return ir_binary(m, kinds[pick(8)], a, b, (ir_span){0});
}

static ir_expr random_condition(ir_module *m, const indices *in, int depth)
{
    uint32_t choice = depth ? pick(8) : 7;
    if (choice == 0)
        return ir_unary(m, EXPR_NOT, random_condition(m, in, depth - 1), (ir_span){0});
    ir_expr_kind kind = EXPR_EQUAL + pick(6);
    if (choice < 4) {
        ir_expr a = random_condition(m, in, depth - 1), b = random_condition(m, in, depth - 1);
        return ir_binary(m, choice == 3 ? EXPR_OR : EXPR_AND, a, b, (ir_span){0});
    }
    ir_expr a = random_arithmetic(m, in, 2), b = random_arithmetic(m, in, 1);
    return ir_binary(m, kind, a, b, (ir_span){0});
}

static indices random_indices(ir_module *m, uint32_t most, uint32_t largest)
{
    static const char *const names[] = {"i", "j", "k", "l"};
    indices in = {.count = pick(most + 1)};
    for (uint32_t i = 0; i < in.count; i++)
        in.at[i] = ir_index_new(m, ir_intern_text(m, names[i]), ir_number(m, pick(largest + 1), (ir_span){0}), (ir_span){0});
    return in;
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* ---- index ranges ---- */

static bool is_outside(double v, int64_t size)
{
    return !(v >= 0 && v < (double)size) || floor(v) != v;
}

/* By trying everything: the value at the first combination that is reached and outside. */
static bool first_outside(const ir_module *m, const indices *in, ir_expr condition, ir_expr e, int64_t size, double *out)
{
    double at[8] = {0}, holds = 1;
    for (uint32_t i = 0; i < in->count; i++)
        if (ir_index_extent(m, in->at[i]) == 0)
            return false;
    for (;;) {
        if (condition && !ir_expr_evaluate(m, condition, in->at, at, in->count, &holds))
            return false;
        if (holds != 0 && ir_expr_evaluate(m, e, in->at, at, in->count, out) && is_outside(*out, size))
            return true;
        uint32_t i = in->count;
        while (i > 0 && ++at[i - 1] == (double)ir_index_extent(m, in->at[i - 1]))
            at[--i] = 0;
        if (i == 0)
            return false;
    }
}

static void test_range_once(ir_session *s)
{
    ir_module *m = s->m;
    indices in = random_indices(m, 4, 5);
    ir_expr condition = pick(3) ? random_condition(m, &in, 3) : 0;
    ir_expr e = random_arithmetic(m, &in, 3);
    int64_t size = pick(6), trials = 1000000;
    index_scope scope = {.m = m, .trials_left = &trials};
    uint32_t outer = pick(in.count + 1); /* two binders */
    index_scope_enter(&scope, in.at, outer, 0);
    index_scope_enter(&scope, in.at + outer, in.count - outer, condition);
    double value = 0;
    index_witness w;
    bool expected = first_outside(m, &in, condition, e, size, &value);
    index_answer answer = index_scope_find(&scope, e, INDEX_OUTSIDE, size, &w);
    const char *shown = condition ? ir_print_expr(m, condition) : "";
    CHECK(answer == (expected ? INDEX_FOUND : INDEX_NEVER), "%s where %s, size %d", ir_print_expr(m, e), shown, (int)size);
    CHECK(!expected || same_number(w.value, value), "%s where %s: %g, not %g", ir_print_expr(m, e), shown, w.value, value);
    if (index_scope_is_within(&scope, e, size))
        CHECK(!expected, "bounds: %s where %s, size %d", ir_print_expr(m, e), shown, (int)size);
    index_scope_leave(&scope, (index_mark){0, 0});
    CHECK(scope.indices.count == 0 && scope.conditions.count == 0, "scope left");
}

static void test_ranges(void)
{
    ir_session s;
    for (int round = 0; round < 40; round++) {
        ir_session_open(&s);
        for (int i = 0; i < 500; i++)
            test_range_once(&s);
        arena_close(&s.arena);
    }
}

/* Bounds that need no trying, at sizes where trying is out of the question. */
static void test_large_bounds(void)
{
    static const struct {
        const char *text;
        bool fine;
    } cases[] = {
        {"elem %a[i]", true},
        {"elem %a[i + 1]", false},
        {"where i < 2000000000 - 1 elem %a[i + 1]", true},
        {"where i >= 5 elem %a[i - 5]", true},
        {"where i > 3 elem %a[i - 5]", false},
        {"elem sum[j in 2000000000 : j <= i] (%a[i - j])", true},
        {"elem sum[j in 2000000000 : j >= i and i > 0] (%a[j - i])", true},
        {"elem sum[j in 2000000000 : i + j < 2000000000] (%a[i + j])", true},
        {"elem sum[j in 2000000000 : 2000000000 > j + i] (%a[i + j])", true},
        {"elem sum[j in 2000000000 : i + 1 == j] (%a[j - i - 1])", true},
        {"where 3 * i <= 1999999999 elem %a[3 * i]", true},
        {"where 3 * i <= 2000000002 elem %a[3 * i]", false},
        {"where -i >= -7 elem %a[i * 200000000]", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ir_session s;
        ir_session_open(&s);
        char *text = arena_format(&s.arena,
                                  "isinglass 1\nstage graph\nmodel @m(%%a: f32[2000000000]) {\n"
                                  "  %%r = readout over [i in 2000000000] %s\n  return r = %%r\n}\n",
                                  cases[i].text);
        ir_module *m = ir_parse(&s.arena, &s.diagnostics, diagnostics_add_file(&s.diagnostics, "t", text, strlen(text)));
        CHECK(m, "%s: %s", cases[i].text, diagnostics_draw(&s.diagnostics));
        if (m)
            pass_infer_shapes(m, &(pass_options){0});
        CHECK((s.diagnostics.error_count == 0) == cases[i].fine, "%s: %s", cases[i].text, diagnostics_draw(&s.diagnostics));
        arena_close(&s.arena);
    }
}

/* ---- folding ---- */

/* A random expression with sums, conditions and functions over the indices. */
static ir_expr random_expression(ir_module *m, indices *in, int depth)
{
    static const ir_expr_kind functions[] = {EXPR_SQRT, EXPR_EXP, EXPR_LOG, EXPR_ABS, EXPR_TANH, EXPR_NEGATE};
    uint32_t choice = depth ? pick(6) : 5;
    if (choice == 0)
        return ir_unary(m, functions[pick(6)], random_expression(m, in, depth - 1), (ir_span){0});
    if (choice == 1)
        return ir_binary(m, EXPR_WHERE, random_condition(m, in, 2), random_expression(m, in, depth - 1), (ir_span){0});
    if (choice == 2 && in->count < 6) {
        ir_index bound = ir_index_new(m, ir_intern_text(m, "s"), ir_number(m, pick(4), (ir_span){0}), (ir_span){0});
        in->at[in->count++] = bound;
        ir_expr condition = pick(2) ? random_condition(m, in, 2) : 0, body = random_expression(m, in, depth - 1);
        in->count--;
        ir_expr_kind kind = pick(4) ? EXPR_SUM_OVER : pick(2) ? EXPR_MIN_OVER : EXPR_MAX_OVER;
        return ir_expr_new(
            m, (ir_expr_data){
                   .kind = kind, .args = &body, .arg_count = 1, .indices = &bound, .index_count = 1, .condition = condition});
    }
    if (choice < 5) {
        ir_expr a = random_expression(m, in, depth - 1), b = random_expression(m, in, depth - 1);
        return ir_binary(m, EXPR_ADD + pick(4), a, b, (ir_span){0});
    }
    return random_arithmetic(m, in, 2);
}

static void test_folding(void)
{
    for (int round = 0; round < 2000; round++) {
        ir_session s;
        ir_session_open(&s);
        indices in = random_indices(s.m, 2, 4);
        folded_value none[1] = {{0}};
        fold f = {.m = s.m, .values = none};
        ir_expr before = random_expression(s.m, &in, 4);
        ir_expr after = ir_expr_map(s.m, before, false, fold_node, &f);
        for (int trial = 0; trial < 5; trial++) {
            double at[8], x = 0, y = 0;
            for (uint32_t i = 0; i < in.count; i++)
                at[i] = pick(4);
            bool first = ir_expr_evaluate(s.m, before, in.at, at, in.count, &x);
            bool second = ir_expr_evaluate(s.m, after, in.at, at, in.count, &y);
            /* x + 0 may become x, which differs in the sign of zero and so in what is divided by it. */
            bool zero_divisor = !isfinite(x) || !isfinite(y);
            CHECK(first == second && (zero_divisor || x == y), "%s\n  %s\n  %.17g %.17g", ir_print_expr(s.m, before),
                  ir_print_expr(s.m, after), x, y);
        }
        arena_close(&s.arena);
    }
}

/* ---- programs made to hurt ---- */

static const char *run_text(ir_session *s, const char *text, const char *passes, uint32_t *errors)
{
    ir_module *m = ir_parse(&s->arena, &s->diagnostics, diagnostics_add_file(&s->diagnostics, "t", text, strlen(text)));
    CHECK(m, "%s", diagnostics_draw(&s->diagnostics));
    const char *failed = NULL, *before = NULL;
    pass_hooks hooks = {.verify_each = true};
    const char *fault = m ? pass_run_list(m, passes, NULL, &hooks, &failed, &before) : "";
    CHECK(!fault, "after %s: %s", failed ? failed : "?", fault);
    *errors = s->diagnostics.error_count;
    return diagnostics_draw(&s->diagnostics);
}

/* Thirty functions that each call the next one twice: 2^30 operations if expanded. */
static void test_explosion(void)
{
    ir_session s;
    ir_session_open(&s);
    char *text = arena_format(&s.arena, "isinglass 1\nstage calls\nfn @f30(%%x: f32[N]) {\n  %%1 = tanh %%x\n  return %%1\n}\n");
    for (int i = 29; i >= 0; i--)
        text = arena_format(
            &s.arena, "%sfn @f%d(%%x: f32[N]) {\n  %%1 = call %%x callee @f%d\n  %%2 = call %%1 callee @f%d\n  return %%2\n}\n",
            text, i, i + 1, i + 1);
    text = arena_format(&s.arena, "%smodel @m(%%x: f32[3]) {\n  %%1 = call %%x callee @f0\n  return y = %%1\n}\n", text);
    uint32_t errors;
    const char *said = run_text(&s, text, "inline,infer-shapes,fold", &errors);
    CHECK(errors == 1 && strstr(said, "too large once its calls are expanded"), "%u errors: %s", errors, said);
    arena_close(&s.arena);
}

/* Functions that call each other in a ring, which the frontend refuses, are poison and no endless loop. */
static void test_recursion(void)
{
    ir_session s;
    ir_session_open(&s);
    uint32_t errors;
    run_text(&s,
             "isinglass 1\nstage calls\nfn @f(%x: f32[N]) {\n  %1 = call %x callee @g\n  return %1\n}\n"
             "fn @g(%x: f32[N]) {\n  %1 = call %x callee @f\n  return %1\n}\n"
             "model @m(%x: f32[3]) {\n  %1 = call %x callee @f\n  return y = %1\n}\n",
             "inline,infer-shapes,fold", &errors);
    arena_close(&s.arena);
}

/* A sum of many terms leans to the left as deep as it is long. */
static void test_depth(void)
{
    ir_session s;
    ir_session_open(&s);
    ir_module *m = s.m;
    ir_function *model = ARENA_NEW(&s.arena, ir_function);
    model->kind = FUNCTION_MODEL;
    ir_expr sum = ir_number(m, 1, (ir_span){0});
    for (int i = 0; i < 1000000; i++)
        sum = ir_binary(m, EXPR_ADD, sum, ir_number(m, 1, (ir_span){0}), (ir_span){0});
    ir_op op = ir_op_new(m, OP_CONSTANT, NULL, 0, 1, 0, (ir_span){0});
    ir_op_get(m, op)->attributes[0] = (ir_attribute){.present = true, .expr = sum};
    ARENA_PUSH(&s.arena, &model->ops, op);
    ARENA_PUSH(&s.arena, &model->results, ((ir_result){ir_intern_text(m, "y"), ir_op_result(m, op, 0), {0}}));
    ARENA_PUSH(&s.arena, &m->functions, model);
    pass_inline(m, &(pass_options){0});
    pass_infer_shapes(m, &(pass_options){0});
    pass_fold(m, &(pass_options){0});
    CHECK(s.diagnostics.error_count >= 1, "no error for a depth of 1000000");
    arena_close(&s.arena);
}

/* ---- lack of memory ---- */

typedef struct counted {
    int64_t left; /* allocations until failure */
} counted;

static void *counted_resize(void *context, void *block, size_t old_size, size_t new_size)
{
    counted *c = context;
    const isg_allocator *real = isg_default_allocator();
    if (new_size && --c->left < 0)
        return NULL;
    return real->resize(real->context, block, old_size, new_size);
}

static const char small_program[] =
    "isinglass 1\nstage calls\nparam @fc.weight : f32[3, 4]\n"
    "hamiltonian @h(%f: f32[N, D]; a = 2) {\n  %x = spin over [i in $N] domain 0\n"
    "  %t = map over [i in $N] where i > 0 elem mean(%f[i]) / $a\n"
    "  minimize %x name h energy sum[i in $N] (%t[i] * %x[i])\n  %y = readout over [i in $N] elem %x[i]\n  return y = %y\n}\n"
    "model @m(%a: f32[5, 4]) {\n  %g = group path @fc\n  %l = linear %a, %g\n  %y = call %l callee @h\n  %z = call %l callee @h\n"
    "  return y = %y, z = %z\n}\n";

/* True when the whole pipeline ran. */
static bool run_counted(int64_t allocations)
{
    counted c = {allocations};
    isg_allocator allocator = {counted_resize, &c};
    arena a;
    jmp_buf no_memory;
    arena_open(&a, &allocator, &no_memory);
    bool done = false;
    if (!setjmp(no_memory)) {
        diagnostics d;
        diagnostics_open(&d, &a);
        ir_module *m = ir_parse(&a, &d, diagnostics_add_file(&d, "t", small_program, sizeof small_program - 1));
        const char *failed, *before;
        if (m)
            pass_run_to(m, STAGE_GRAPH, NULL, NULL, &failed, &before);
        arena_close(&a);
        return m != NULL;
    }
    arena_close(&a);
    return done;
}

static void test_no_memory(void)
{
    int64_t allocations = 0;
    while (allocations < 100 && !run_counted(allocations))
        allocations++;
    CHECK(allocations < 100, "never enough memory");
}

int main(void)
{
    test_ranges();
    test_large_bounds();
    test_folding();
    test_explosion();
    test_recursion();
    test_depth();
    test_no_memory();
    if (failures)
        printf("%d failures\n", failures);
    return failures != 0;
}
