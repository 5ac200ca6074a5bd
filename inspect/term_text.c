/* term_text.c - a term in index notation, as one would write it by hand (structure.h).
 *
 * The compiler leaves numbers where substitution put them: -1 * J[i, j] + -1 * J[j, i], or cost[i] + -4 + 4. Here they are
 * gathered: of a product into one number in front, of a sum into one summand, and what all summands share in front of the sum.
 */
#include "inspect/structure.h"
#include "ir/printer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------------------------------ */

enum { SOURCE_NAME_MOST = 48 };

/* A value without a name goes by what is written where it is computed, when that is short. */
static const char *nameless_text(const ir_module *m, ir_value v, arena *a)
{
    ir_span span = v < m->values.count ? ir_value_get(m, v)->span : (ir_span){0};
    const source_file *file =
        span.file && span.file <= m->diagnostics->files.count ? &m->diagnostics->files.at[span.file - 1] : NULL;
    if (!file || span.end > file->length || span.begin >= span.end || span.end - span.begin > SOURCE_NAME_MOST)
        return arena_format(a, "v%u", (unsigned)v);
    const char *text = arena_copy(a, file->text + span.begin, span.end - span.begin);
    bool plain = !text[strcspn(text, "\n #")] || *text == '@';
    return strchr(text, '\n') || strchr(text, '#') ? arena_format(a, "v%u", (unsigned)v)
           : plain                                 ? text
                                                   : arena_format(a, "(%s)", text);
}

/* The language has no signs in front of names. */
static const char *without_signs(const ir_module *m, arena *a, const char *text)
{
    const char *out = "";
    for (const char *sign; (sign = strchr(text, '%')); text = sign) {
        out = arena_format(a, "%s%.*s", out, (int)(sign - text), text);
        sign++;
        if (*sign >= '0' && *sign <= '9')
            out = arena_format(a, "%s%s", out, nameless_text(m, (ir_value)strtoul(sign, (char **)(uintptr_t)&sign, 10), a));
    }
    return arena_format(a, "%s%s", out, text);
}

/* ---- coefficients ----------------------------------------------------------------------------- */

enum { MOST_FACTORS = 16, MOST_SUMMANDS = 32 };

/* number * factor[0] * factor[1] ... */
typedef struct product {
    double number;
    ir_expr factor[MOST_FACTORS];
    uint32_t count;
    bool long_one; /* there are more */
} product;

typedef struct sum {
    product at[MOST_SUMMANDS];
    uint32_t count;
    double number; /* the summands that are numbers */
    bool long_one;
} sum;

static void multiply(const ir_module *m, ir_expr e, product *p)
{
    const ir_expr_data *data = ir_expr_get(m, e);
    double number;
    if (ir_expr_is_number(m, e, &number)) {
        p->number *= number;
    } else if (data->kind == EXPR_NEGATE) {
        p->number = -p->number;
        multiply(m, data->args[0], p);
    } else if (data->kind == EXPR_MULTIPLY) {
        multiply(m, data->args[0], p);
        multiply(m, data->args[1], p);
    } else if (p->count < MOST_FACTORS) {
        p->factor[p->count++] = e;
    } else {
        p->long_one = true;
    }
}

static void add(const ir_module *m, ir_expr e, double sign, sum *s)
{
    const ir_expr_data *data = ir_expr_get(m, e);
    product p = {.number = sign};
    if (data->kind == EXPR_ADD || data->kind == EXPR_SUBTRACT) {
        add(m, data->args[0], sign, s);
        add(m, data->args[1], data->kind == EXPR_ADD ? sign : -sign, s);
        return;
    }
    multiply(m, e, &p);
    s->long_one |= p.long_one || (p.count && s->count == MOST_SUMMANDS);
    if (!p.count)
        s->number += p.number;
    else if (s->count < MOST_SUMMANDS)
        s->at[s->count++] = p;
}

/* The number that all summands have, taken out of them; 1 where they differ. */
static double take_common(sum *s)
{
    double common = s->at[0].number;
    for (uint32_t k = 1; k < s->count; k++)
        if (s->at[k].number != common)
            return 1;
    if (s->number != 0)
        return 1;
    for (uint32_t k = 0; k < s->count; k++)
        s->at[k].number = 1;
    return common;
}

static bool is_sum(const ir_module *m, ir_expr e)
{
    ir_expr_kind kind = ir_expr_get(m, e)->kind;
    return kind == EXPR_ADD || kind == EXPR_SUBTRACT;
}

static const char *number_text(arena *a, double number)
{
    char text[32];
    text_format_number(text, number);
    return arena_format(a, "%s", text);
}

/* The number's size, unless it is 1 and factors follow, and the factors. */
static void write_product(printer *p, const ir_module *m, const product *x)
{
    bool shown = fabs(x->number) != 1 || !x->count;
    if (shown)
        printer_write(p, number_text(p->arena, fabs(x->number)));
    for (uint32_t k = 0; k < x->count; k++) {
        bool parentheses = is_sum(m, x->factor[k]);
        printer_write(p, shown || k ? " * " : "");
        printer_write(p, parentheses ? "(" : "");
        printer_expr(p, x->factor[k]);
        printer_write(p, parentheses ? ")" : "");
    }
}

static void write_sum(printer *p, const ir_module *m, const sum *s)
{
    for (uint32_t k = 0; k < s->count; k++) {
        bool minus = signbit(s->at[k].number);
        printer_write(p, k ? (minus ? " - " : " + ") : minus ? "-" : "");
        write_product(p, m, &s->at[k]);
    }
    if (s->number != 0)
        printer_format(p, " %c %s", s->number < 0 ? '-' : '+', number_text(p->arena, fabs(s->number)));
}

/* ---- terms ------------------------------------------------------------------------------------ */

static void write_indices(printer *p, const ir_term *term)
{
    uint32_t first = p->scope.count;
    uint32_t length = p->text.count;
    printer_indices(p, term->indices, term->index_count); /* into scope; what it wrote has the extents too */
    p->text.count = length;
    printer_write(p, "sum[");
    for (uint32_t i = 0; i < term->index_count; i++)
        printer_format(p, "%s%s", i ? ", " : "", p->scope.at[first + i].name);
    if (term->condition) {
        printer_write(p, " : ");
        printer_expr(p, term->condition);
    }
    printer_write(p, "] ");
}

static void write_spins(printer *p, const ir_module *m, ir_op anneal, const ir_term *term)
{
    const ir_spins *arrays = ir_op_attribute(m, anneal, "spins")->list;
    for (uint32_t s = 0; s < term->spin_count; s++) {
        printer_format(p, "%s%s[", s ? " * " : "", ir_text(m, arrays[term->spins[s].array].name));
        printer_list(p, term->spins[s].subscripts, term->spins[s].subscript_count);
        printer_write(p, "]");
    }
}

/* Too long to gather: as it stands. */
static void write_plain(printer *p, const ir_term *term)
{
    printer_write(p, "+ ");
    if (term->index_count)
        write_indices(p, term);
    printer_write(p, "(");
    printer_expr(p, term->coefficient);
    printer_write(p, ")");
}

/* The coefficient, its number in front of the sum over the indices. */
static void write_coefficient(printer *p, const ir_module *m, const ir_term *term, sum *s)
{
    bool single = s->count == 0 || (s->count == 1 && s->number == 0);
    double number = s->count == 0 ? s->number : single ? s->at[0].number : take_common(s);
    bool shown = fabs(number) != 1 || (!s->count && !term->spin_count);
    printer_write(p, signbit(number) ? "- " : "+ ");
    if (shown)
        printer_format(p, "%s%s", number_text(p->arena, fabs(number)), s->count || term->spin_count ? " * " : "");
    if (term->index_count)
        write_indices(p, term);
    if (!s->count)
        return;
    if (single) {
        s->at[0].number = 1;
        write_product(p, m, &s->at[0]);
    } else {
        printer_write(p, "(");
        write_sum(p, m, s);
        printer_write(p, ")");
    }
}

const char *structure_term_text(const ir_module *m, ir_op anneal, const ir_term *term, arena *a)
{
    printer p = {.module = m, .arena = a};
    sum *s = ARENA_NEW(a, sum);
    add(m, term->coefficient, 1, s);
    if (s->long_one)
        write_plain(&p, term);
    else
        write_coefficient(&p, m, term, s);
    bool after = s->count || s->long_one;
    if (term->spin_count && after)
        printer_write(&p, " * ");
    write_spins(&p, m, anneal, term);
    return without_signs(m, a, printer_finish(&p));
}

const char *structure_formula(const ir_module *m, ir_op anneal, arena *a)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    const char *text = "";
    for (uint32_t k = 0; k < terms.count; k++)
        text = arena_format(a, "%s%s%s", text, k ? "\n" : "", structure_term_text(m, anneal, (const ir_term *)terms.list + k, a));
    return text;
}
