/* test_ir.c - the IR without a frontend: the text form of every operation at every stage, numbers, and
 * walking, rewriting, comparing and evaluating random expressions. */
#include "ir/ir.h"
#include "ir/text.h"
#include "tests/unit/ir_check.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ir_module *parse(ir_session *s, const char *text)
{
    return ir_parse(&s->arena, &s->diagnostics, diagnostics_add_file(&s->diagnostics, "test.ising", text, strlen(text)));
}

/* ---- print -> parse -> print, for every operation at every stage ---- */

static const char *sample_of(ir_attribute_kind kind)
{
    switch (kind) {
    case ATTR_EXPR:
        return "-1.5e-07";
    case ATTR_NAME:
        return "weight";
    case ATTR_PATH:
        return "@blocks.0.attn.wq";
    case ATTR_INDICES:
        return "[i in 2, j in 3]";
    case ATTR_OPTIONS:
        return "{a = 1, b = -0.5}";
    case ATTR_SIGNATURE:
        return "(q: f32[T, 4], n: i32, p: params)";
    case ATTR_DOMAIN:
        return "-1";
    case ATTR_COUNT:
        return "3";
    case ATTR_SPINS:
        return "{x[t in 2, i in 3] in {0, 1}, y[] in {-1, 1}}";
    case ATTR_PARTS:
        return "{\n    round 0 x[0:1, 0:3] y[] severs 2\n    round 1 x[1:2, 0:3] severs 4503599627370496\n  }";
    case ATTR_TERMS:
        return "{\n    quad x[t, i] x[t, j] over [t in 2, i in 3, j in 3] where i < j coeff -2 * %a[t, i, j]\n"
               "    lin  y[] coeff -(1)\n    offset coeff 1.5\n  }";
    }
    return "";
}

static const char *sample_op(ir_session *s, const ir_op_row *row, bool all)
{
    static const char *const operands[] = {"%a", "%a, %b", "%a, _, %b", "%a, %b, _, %a"};
    int count = all ? row->max_operands : row->min_operands, results = row->results < 0 ? all : row->results;
    if (count < 0)
        count = 3;
    const char *text = arena_format(&s->arena, "  %s%s", results ? "%r = " : "", row->text);
    if (count)
        text = arena_format(&s->arena, "%s %s", text, operands[count - 1]);
    for (int i = 0; i < IR_MAX_ATTRIBUTES && row->attributes[i].key; i++)
        if (all || !row->attributes[i].optional)
            text = arena_format(&s->arena, "%s %s %s", text, row->attributes[i].key, sample_of(row->attributes[i].kind));
    return arena_format(&s->arena, "%s%s\n", text, results && all ? " : f32[2, 0]" : "");
}

static void test_round_trip(int code, int stage, bool all)
{
    ir_session s;
    ir_session_open(&s);
    const char *text = arena_format(&s.arena,
                                    "isinglass 1\nstage %s\nparam @head.weight : f32[10, 64]\nparam @\"odd name/1\" : i32\n\n"
                                    "model @m(%%a: f32[2, 3], %%b: i32) {\n%s  return out = %%a, \"odd name\" = %%b\n}\n",
                                    text_stages[stage], sample_op(&s, &ir_op_rows[code], all));
    ir_module *m = parse(&s, text);
    CHECK(m, "%s\n%s", text, diagnostics_draw(&s.diagnostics));
    if (m) {
        const char *again = ir_print(m, false);
        CHECK(!strcmp(text, again), "\n%s\nprints as\n%s", text, again);
        const char *located = ir_print(m, true);
        ir_module *n = parse(&s, located);
        CHECK(n && !strcmp(located, ir_print(n, true)), "%s", located);
    }
    arena_close(&s.arena);
}

static void test_every_op(void)
{
    for (int code = OP_NONE + 1; code < OP_COUNT; code++)
        for (int stage = 0; stage < STAGE_COUNT; stage++)
            if (ir_op_rows[code].stages & 1u << stage) {
                test_round_trip(code, stage, false);
                test_round_trip(code, stage, true);
            }
}

/* ---- numbers ---- */

static void test_number(double number)
{
    char text[32];
    double back = 0;
    text_format_number(text, number);
    bool negative = *text == '-';
    bool read = text_read_number(text + negative, strlen(text) - negative, &back);
    back = negative ? -back : back;
    CHECK(read && !memcmp(&back, &number, sizeof back), "%a prints as %s and reads as %a", number, text, back);
}

static void test_numbers(void)
{
    static const double special[] = {0,
                                     -0.0,
                                     1,
                                     -1,
                                     0.1,
                                     1e-5,
                                     1e-4,
                                     123456789,
                                     1e16,
                                     1e17,
                                     5e-324,
                                     1.7976931348623157e308,
                                     2.2250738585072014e-308,
                                     9007199254740993.0,
                                     0.30000000000000004};
    char text[32];
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        test_number(special[i]);
    text_format_number(text, 1e-5);
    CHECK(!strcmp(text, "1e-05"), "%s", text);
    text_format_number(text, 100000);
    CHECK(!strcmp(text, "100000"), "%s", text);
    text_format_number(text, 0.00125);
    CHECK(!strcmp(text, "0.00125"), "%s", text);
    uint64_t state = 1;
    for (int i = 0; i < 20000; i++) {
        double number;
        state = state * 6364136223846793005u + 1442695040888963407u;
        memcpy(&number, &state, sizeof number);
        if (isfinite(number))
            test_number(number);
        test_number((double)(int64_t)(state >> 40) / 1000);
    }
}

/* ---- random expressions ---- */

typedef struct maker {
    ir_session session;
    ir_module *module;
    uint64_t state;
    ir_value value;
    ir_index scope[64];
    uint32_t count;
} maker;

static uint32_t below(maker *k, uint32_t bound)
{
    k->state = k->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(k->state >> 33) % bound;
}

static ir_expr make_expr(maker *k, int depth, bool elements);

static ir_expr make_condition(maker *k, int depth)
{
    const ir_span s = {0};
    if (depth > 0 && below(k, 3) == 0) {
        ir_expr a = make_condition(k, depth - 1);
        ir_expr b = make_condition(k, depth - 1);
        return below(k, 3) ? ir_binary(k->module, EXPR_AND + below(k, 2), a, b, s) : ir_unary(k->module, EXPR_NOT, a, s);
    }
    ir_expr a = make_expr(k, depth - 1, false);
    ir_expr b = make_expr(k, depth - 1, false);
    return ir_binary(k->module, EXPR_EQUAL + below(k, 6), a, b, s);
}

static ir_expr make_reduction(maker *k, int depth, bool elements)
{
    static const char *const names[] = {"i", "j", "sum", "t"};
    uint32_t outer = k->count, count = below(k, 3);
    for (uint32_t i = 0; i < count; i++) {
        ir_expr extent = ir_number(k->module, below(k, 4), (ir_span){0});
        k->scope[k->count++] = ir_index_new(k->module, ir_intern_text(k->module, names[below(k, 4)]), extent, (ir_span){0});
    }
    ir_expr body = make_expr(k, depth - 1, elements);
    ir_expr_data data = {
        .kind = EXPR_SUM_OVER + below(k, 3), .args = &body, .arg_count = 1, .indices = k->scope + outer, .index_count = count};
    if (below(k, 2))
        data.condition = make_condition(k, depth - 1);
    k->count = outer;
    return ir_expr_new(k->module, data);
}

static ir_expr make_leaf(maker *k, bool elements)
{
    const ir_span s = {0};
    if (elements && below(k, 4) == 0) {
        ir_expr subscript = ir_number(k->module, below(k, 3), s);
        return ir_element(k->module, k->value, &subscript, below(k, 2), s);
    }
    if (elements && below(k, 6) == 0)
        return ir_expr_new(k->module, (ir_expr_data){.kind = EXPR_SYMBOL, .name = ir_intern_text(k->module, "N")});
    if (k->count && below(k, 2))
        return ir_index_ref(k->module, k->scope[below(k, k->count)], s);
    return ir_number(k->module, ((double)below(k, 9) - 4) / (1 + below(k, 2)), s);
}

static ir_expr make_expr(maker *k, int depth, bool elements)
{
    static const ir_expr_kind unary[] = {EXPR_NEGATE, EXPR_SQRT, EXPR_EXP, EXPR_LOG, EXPR_ABS, EXPR_TANH};
    static const ir_expr_kind binary[] = {EXPR_ADD, EXPR_SUBTRACT, EXPR_MULTIPLY, EXPR_DIVIDE, EXPR_MIN, EXPR_MAX};
    const ir_span s = {0};
    if (depth <= 0)
        return make_leaf(k, elements);
    switch (below(k, 8)) {
    case 0:
        return make_leaf(k, elements);
    case 1:
    case 2:
        return ir_unary(k->module, unary[below(k, 6)], make_expr(k, depth - 1, elements), s);
    case 3:
        return make_reduction(k, depth, elements);
    case 4: {
        ir_expr condition = make_condition(k, depth - 1);
        return ir_binary(k->module, EXPR_WHERE, condition, make_expr(k, depth - 1, elements), s);
    }
    default: {
        ir_expr a = make_expr(k, depth - 1, elements);
        return ir_binary(k->module, binary[below(k, 6)], a, make_expr(k, depth - 1, elements), s);
    }
    }
}

static void maker_open(maker *k, uint64_t seed)
{
    const int64_t dims[] = {3};
    *k = (maker){.state = seed * 2 + 1};
    ir_session_open(&k->session);
    k->module = ir_module_new(&k->session.arena, &k->session.diagnostics);
    k->value = ir_value_new(k->module, ir_type_make(IR_F64, 1, dims), ir_intern_text(k->module, "v"), (ir_span){0});
}

/* One map of the expression, as a module; read back, it must be the same expression. */
static void test_expr_text(maker *k, ir_expr e)
{
    ir_session *s = &k->session;
    const char *text = arena_format(
        &s->arena, "isinglass 1\nstage calls\n\nfn @f(%%v: f64[3]) {\n  %%0 = map over [] elem %s\n  return %%0\n}\n",
        ir_print_expr(k->module, e));
    ir_module *m = parse(s, text);
    CHECK(m, "%s\n%s", text, diagnostics_draw(&s->diagnostics));
    if (!m)
        return;
    CHECK(!strcmp(ir_print(m, false), text), "\n%s\nprints as\n%s", text, ir_print(m, false));
    const char *fault = ir_verify(m);
    CHECK(!fault, "%s\n%s", fault ? fault : "", text);
}

static ir_expr same(ir_module *m, ir_expr e, void *context)
{
    (void)m, (void)context;
    return e;
}

static void count_node(const ir_module *m, ir_expr e, void *context)
{
    (void)m, (void)e;
    ++*(int *)context;
}

static bool same_double(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b;
}

static void test_rewriting(maker *k, ir_expr e)
{
    ir_module *m = k->module;
    uint32_t made = m->exprs.count;
    CHECK(ir_expr_map(m, e, false, same, NULL) == e && m->exprs.count == made, "an unchanged expression is shared");
    ir_expr fresh = ir_expr_map(m, e, true, same, NULL);
    CHECK(ir_expr_equal(m, e, fresh, NULL, NULL, 0), "%s", ir_print_expr(m, e));
    int before = 0, after = 0;
    ir_expr_walk(m, e, count_node, &before);
    ir_expr_walk(m, fresh, count_node, &after);
    CHECK(before == after, "%d nodes and %d", before, after);
    double x = 0, y = 0;
    bool known = ir_expr_evaluate(m, e, NULL, NULL, 0, &x);
    CHECK(known == ir_expr_evaluate(m, fresh, NULL, NULL, 0, &y) && same_double(x, y), "%g and %g", x, y);
    ir_expr other = ir_binary(m, EXPR_ADD, e, ir_number(m, 1, (ir_span){0}), (ir_span){0});
    CHECK(!ir_expr_equal(m, e, other, NULL, NULL, 0), "%s", ir_print_expr(m, e));
}

/* e(i) with i free, substituted by a number, evaluates as e with i given. */
static void test_substitution(maker *k)
{
    ir_module *m = k->module;
    ir_index free_index = ir_index_new(m, ir_intern_text(m, "free"), ir_number(m, 5, (ir_span){0}), (ir_span){0});
    k->scope[0] = free_index;
    k->count = 1;
    ir_expr e = make_expr(k, 4, false);
    k->count = 0;
    for (double value = -1; value < 3; value++) {
        double x = 0, y = 0;
        ir_expr number = ir_number(m, value, (ir_span){0});
        ir_expr substituted = ir_expr_substitute(m, e, &free_index, &number, 1);
        CHECK(!ir_expr_uses_index(m, substituted, free_index), "%s", ir_print_expr(m, substituted));
        bool known = ir_expr_evaluate(m, e, &free_index, &value, 1, &x);
        CHECK(known == ir_expr_evaluate(m, substituted, NULL, NULL, 0, &y) && same_double(x, y), "%g and %g", x, y);
    }
}

static void test_expressions(void)
{
    for (uint64_t seed = 0; seed < 2000; seed++) {
        maker k;
        maker_open(&k, seed);
        test_expr_text(&k, make_expr(&k, 5, true));
        test_rewriting(&k, make_expr(&k, 4, false));
        test_substitution(&k);
        arena_close(&k.session.arena);
    }
}

/* ---- evaluation and printing of given texts ---- */

static void test_value_of(const char *text, double expected)
{
    ir_session s;
    ir_session_open(&s);
    ir_module *m = parse(
        &s, arena_format(&s.arena, "isinglass 1\nstage graph\nmodel @m() {\n%%c = constant value %s\nreturn c = %%c\n}", text));
    CHECK(m, "%s", diagnostics_draw(&s.diagnostics));
    if (m) {
        double value = -99;
        ir_op op = m->functions.at[0]->ops.at[0];
        bool known = ir_expr_evaluate(m, ir_op_attribute(m, op, "value")->expr, NULL, NULL, 0, &value);
        CHECK(known && same_double(value, expected), "%s is %.17g, not %.17g", text, value, expected);
        CHECK(!strcmp(ir_print_expr(m, ir_op_attribute(m, op, "value")->expr), text), "%s prints as %s", text,
              ir_print_expr(m, ir_op_attribute(m, op, "value")->expr));
    }
    arena_close(&s.arena);
}

static void test_evaluation(void)
{
    test_value_of("1 - 2 - 3", -4);
    test_value_of("1 - (2 - 3)", 2);
    test_value_of("2 * (3 + 4) / 7", 2);
    test_value_of("-(1 + 2) * -3", 9);
    test_value_of("--2", 2);
    test_value_of("-(2)", -2);
    test_value_of("sum[i in 4, j in 4 : i < j] (i * j)", 11);
    test_value_of("sum[i in 0] (1 / 0)", 0);
    test_value_of("sum[i in 3 : not i == 1 and i >= 0] (1)", 2);
    test_value_of("where(1 == 2, log(-1))", 0);
    test_value_of("max[i in 3] (i * (2 - i)) + min(2, 1)", 2);
    test_value_of("sum[i in 3] (sum[j in i] (1))", 3);
}

int main(void)
{
    setlocale(LC_ALL, "");
    test_every_op();
    test_numbers();
    test_evaluation();
    test_expressions();
    if (failures)
        printf("%d failures\n", failures);
    return failures != 0;
}
