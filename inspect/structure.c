/* structure.c - see structure.h. */
#include "inspect/structure.h"

#include "inspect/place.h"
#include "ir/coupling_walk.h"
#include "ir/printer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- terms as text ---------------------------------------------------------------------------- */

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

/* A coefficient as a number times the rest; rest 0: the number alone. */
typedef struct factors {
    double number;
    ir_expr rest;
} factors;

static factors split(const ir_module *m, ir_expr e)
{
    const ir_expr_data *data = ir_expr_get(m, e);
    double number;
    if (data->kind == EXPR_NUMBER)
        return (factors){data->number, 0};
    if (data->kind == EXPR_NEGATE) {
        factors f = split(m, data->args[0]);
        return (factors){-f.number, f.rest};
    }
    if (data->kind == EXPR_MULTIPLY && ir_expr_is_number(m, data->args[0], &number)) {
        factors f = split(m, data->args[1]);
        return (factors){number * f.number, f.rest};
    }
    return (factors){1, e};
}

static bool is_sum(const ir_module *m, ir_expr e)
{
    ir_expr_kind kind = ir_expr_get(m, e)->kind;
    return kind == EXPR_ADD || kind == EXPR_SUBTRACT;
}

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

static const char *number_text(arena *a, double number)
{
    char text[32];
    text_format_number(text, number);
    return arena_format(a, "%s", text);
}

const char *structure_term_text(const ir_module *m, ir_op anneal, const ir_term *term, arena *a)
{
    printer p = {.module = m, .arena = a};
    factors f = split(m, term->coefficient);
    bool sum = f.rest && is_sum(m, f.rest);
    printer_write(&p, signbit(f.number) ? "- " : "+ ");
    bool one = fabs(f.number) == 1 && (f.rest || term->spin_count);
    if (!one)
        printer_format(&p, "%s%s", number_text(a, fabs(f.number)), f.rest || term->spin_count ? " * " : "");
    if (term->index_count)
        write_indices(&p, term);
    if (f.rest) {
        printer_write(&p, sum ? "(" : "");
        printer_expr(&p, f.rest);
        printer_format(&p, "%s%s", sum ? ")" : "", term->spin_count ? " * " : "");
    }
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

/* ---- counting --------------------------------------------------------------------------------- */

static const double most_looked_at = 2e7;

static bool count_pair(void *context, uint32_t first, uint32_t second)
{
    (void)first;
    (void)second;
    ++*(int64_t *)context;
    return true;
}

static int64_t count_by_evaluation(const ir_module *m, const ir_term *term, arena *a)
{
    double *at = ARENA_ARRAY(a, double, term->index_count), holds;
    int64_t count = 0;
    for (;;) {
        if (!ir_expr_evaluate(m, term->condition, term->indices, at, term->index_count, &holds))
            return -1;
        count += holds != 0;
        uint32_t k = term->index_count;
        while (k > 0 && ++at[k - 1] >= (double)ir_index_extent(m, term->indices[k - 1]))
            at[--k] = 0;
        if (!k)
            return count;
    }
}

int64_t structure_term_count(const ir_module *m, ir_op anneal, const ir_term *term, arena *a, bool *exact)
{
    double all = 1;
    int64_t count = 0;
    *exact = true;
    for (uint32_t k = 0; k < term->index_count; k++)
        all *= (double)ir_index_extent(m, term->indices[k]);
    if (!term->condition || all == 0 || all > most_looked_at) {
        *exact = !term->condition || all == 0;
        return all < 9e18 ? (int64_t)all : INT64_MAX;
    }
    if (term->spin_count == 2) {
        spin_layout layout = spin_layout_of(m, anneal, a);
        coupling_walk(m, &layout, term, false, a, count_pair, &count);
        return count;
    }
    count = count_by_evaluation(m, term, a);
    *exact = count >= 0;
    return count >= 0 ? count : (int64_t)all;
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

json_t *structure_terms(arena *a, const ir_module *m, ir_op anneal, const term_numbers *numbers)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    json_t *list = value_array(a);
    for (uint32_t k = 0; k < terms.count; k++) {
        const ir_term *term = (const ir_term *)terms.list + k;
        json_t *one = value_object(a);
        bool exact;
        int64_t count = structure_term_count(m, anneal, term, a, &exact);
        value_put(a, one, "text", value_text(a, structure_term_text(m, anneal, term, a)));
        value_put(a, one, "degree", value_count(a, term->spin_count));
        value_put(a, one, "couplings", value_count(a, numbers ? numbers[k].count : count));
        value_put(a, one, "source", place_value(a, m, term->span, ir_op_get(m, anneal)->site));
        if (numbers) {
            const distribution d = distribution_of(numbers[k].values, numbers[k].count);
            value_put(a, one, "numbers", distribution_value(a, &d));
        } else {
            value_put(a, one, "numbers", value_null());
        }
        value_push(a, list, one);
    }
    return list;
}

json_t *structure_arrays(arena *a, const ir_module *m, ir_op anneal, const spin_names *names)
{
    json_t *list = value_array(a);
    for (uint32_t k = 0; k < names->array_count; k++) {
        const named_array *array = &names->arrays[k];
        json_t *one = value_object(a), *indices = value_array(a);
        for (uint32_t i = 0; i < array->rank; i++) {
            json_t *index = value_object(a);
            value_put(a, index, "name", value_text(a, array->index[i]));
            value_put(a, index, "extent", value_count(a, array->extent[i]));
            value_push(a, indices, index);
        }
        value_put(a, one, "name", value_text(a, array->name));
        value_put(a, one, "domain", value_text(a, array->lowest ? "{-1, 1}" : "{0, 1}"));
        value_put(a, one, "first", value_count(a, array->first));
        value_put(a, one, "indices", indices);
        value_put(a, one, "source", m ? place_value(a, m, array->span, ir_op_get(m, anneal)->site) : value_null());
        value_push(a, list, one);
    }
    return list;
}
