/* groups.c - groups of spins that a constant penalty on pairs ties together, found in the terms (structure.h).
 *
 * Such a term runs over pairs of one array that agree in some indices and differ in the others, with one positive number for
 * all: c * x[t, i] * x[u, i] where t < u. Where the fields of that array are one number too, and it is c (1 - 2k) / 2, the two
 * are the expansion of c/2 * (sum x - k)^2: exactly k of each group are wanted.
 */
#include "inspect/structure.h"

#include <math.h>

enum { GROUP_SPINS_LISTED = 64 };

/* The axes in which the two spins of a term differ, as bits; 0 when it is no such term. */
static uint32_t free_axes(const ir_module *m, const ir_term *term)
{
    const ir_spin_ref *x = &term->spins[0], *y = &term->spins[1];
    uint32_t differ = 0;
    if (term->spin_count != 2 || x->array != y->array)
        return 0;
    for (uint32_t k = 0; k < x->subscript_count; k++) {
        const ir_expr_data *first = ir_expr_get(m, x->subscripts[k]), *second = ir_expr_get(m, y->subscripts[k]);
        if (first->kind != EXPR_INDEX || second->kind != EXPR_INDEX)
            return 0;
        differ |= first->index != second->index ? UINT32_C(1) << k : 0;
    }
    return differ;
}

/* All pairs of each group, each once: half of size * (size - 1) for each group. */
static bool covers_pairs(const ir_module *m, ir_op anneal, const ir_term *term, const named_array *array, uint32_t axes, arena *a)
{
    bool exact;
    double size = 1, groups = 1;
    for (uint32_t k = 0; k < array->rank; k++)
        *(axes >> k & 1 ? &size : &groups) *= (double)array->extent[k];
    double count = (double)structure_term_count(m, anneal, term, a, &exact);
    return exact && (count == groups * size * (size - 1) / 2 || (count == groups * size * (size - 1) && term->condition));
}

/* What an expression adds whatever the data are: the numbers among its summands. */
static double constant_part(const ir_module *m, ir_expr e)
{
    const ir_expr_data *x = ir_expr_get(m, e);
    double number;
    if (ir_expr_is_number(m, e, &number))
        return number;
    switch (x->kind) {
    case EXPR_NEGATE:
        return -constant_part(m, x->args[0]);
    case EXPR_ADD:
        return constant_part(m, x->args[0]) + constant_part(m, x->args[1]);
    case EXPR_SUBTRACT:
        return constant_part(m, x->args[0]) - constant_part(m, x->args[1]);
    case EXPR_MULTIPLY:
        return ir_expr_is_number(m, x->args[0], &number) ? number * constant_part(m, x->args[1]) : 0;
    default:
        return 0;
    }
}

/* Of all spins of the array alike. */
static double constant_field(const ir_module *m, ir_op anneal, uint32_t array, const named_array *named, arena *a)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    double field = 0;
    for (uint32_t k = 0; k < terms.count; k++) {
        const ir_term *term = (const ir_term *)terms.list + k;
        bool exact;
        if (term->spin_count == 1 && term->spins[0].array == array &&
            structure_term_count(m, anneal, term, a, &exact) == named->count && exact)
            field += constant_part(m, term->coefficient);
    }
    return field;
}

static const char *pattern_text(const named_array *array, uint32_t axes, arena *a)
{
    const char *text = arena_format(a, "%s[", array->name);
    for (uint32_t k = 0; k < array->rank; k++)
        text = arena_format(a, "%s%s%s", text, k ? ", " : "", axes >> k & 1 ? "*" : array->index[k]);
    return arena_format(a, "%s]", text);
}

/* The first group: the spins whose tied indices are 0. */
static json_t *first_group(arena *a, const named_array *array, uint32_t axes)
{
    json_t *list = value_array(a);
    for (int64_t s = 0; s < array->count && json_array_size(list) < GROUP_SPINS_LISTED; s++) {
        int64_t rest = s;
        bool in = true;
        for (uint32_t k = array->rank; k-- > 0;) {
            in &= (axes >> k & 1) || rest % array->extent[k] == 0;
            rest /= array->extent[k];
        }
        if (in)
            value_push(a, list, value_count(a, array->first + s));
    }
    return list;
}

/* How many of each group are wanted; 0 where nothing says so. penalties: of all the ways in which the array is tied, `ways`. */
static double wanted(const named_array *array, int64_t size, double penalty, double penalties, int ways, double field)
{
    double k = ways > 1 ? (field == -penalties / 2 ? 1 : 0) : (1 - 2 * field / penalty) / 2;
    bool whole = array->lowest == 0 && k >= 1 && k < (double)size && fabs(k - rint(k)) < 1e-9;
    return whole ? rint(k) : 0;
}

static json_t *group_value(arena *a, const named_array *array, uint32_t axes, double penalty, double penalties, int ways,
                           double field)
{
    int64_t size = 1, count = 1;
    for (uint32_t k = 0; k < array->rank; k++)
        *(axes >> k & 1 ? &size : &count) *= array->extent[k];
    double k = wanted(array, size, penalty, penalties, ways, field);
    const char *pattern = pattern_text(array, axes, a);
    const char *text = k > 0 ? arena_format(a, "%s: exactly %.0f of %lld, or pay %.6g times the square of what is amiss", pattern,
                                            k, (long long)size, penalty / 2)
                             : arena_format(a, "%s: any two of %lld %s pay %.6g", pattern, (long long)size,
                                            array->lowest ? "alike" : "together", penalty);
    json_t *value = value_object(a);
    value_put(a, value, "text", value_text(a, text));
    value_put(
        a, value, "why",
        value_text(a, k > 0 ? "a constant penalty on pairs and a constant field make a square" : "a constant penalty on pairs"));
    value_put(a, value, "kind", value_text(a, k == 0 ? "penalty" : k == 1 ? "one-hot" : "k-hot"));
    value_put(a, value, "count", value_count(a, count));
    value_put(a, value, "size", value_count(a, size));
    value_put(a, value, "first", first_group(a, array, axes));
    return value;
}

/* The axes that the term ties, where it is such a term. */
static uint32_t tied(const ir_module *m, ir_op anneal, const ir_term *term, const spin_names *names, double *penalty, arena *a)
{
    uint32_t axes = free_axes(m, term);
    if (!axes || !ir_expr_is_number(m, term->coefficient, penalty) || !(*penalty > 0))
        return 0;
    return covers_pairs(m, anneal, term, &names->arrays[term->spins[0].array], axes, a) ? axes : 0;
}

json_t *structure_groups(arena *a, const ir_module *m, ir_op anneal)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    spin_names names = spin_names_of_anneal(m, anneal, a);
    double *penalties = ARENA_ARRAY(a, double, names.array_count), penalty;
    int *ways = ARENA_ARRAY(a, int, names.array_count);
    json_t *list = value_array(a);
    for (uint32_t k = 0; k < terms.count; k++) {
        const ir_term *term = (const ir_term *)terms.list + k;
        bool ties = tied(m, anneal, term, &names, &penalty, a) != 0;
        penalties[term->spins[0].array] += ties ? penalty : 0;
        ways[term->spins[0].array] += ties;
    }
    for (uint32_t k = 0; k < terms.count; k++) {
        const ir_term *term = (const ir_term *)terms.list + k;
        uint32_t axes = tied(m, anneal, term, &names, &penalty, a), array = term->spins[0].array;
        if (axes)
            value_push(a, list,
                       group_value(a, &names.arrays[array], axes, penalty, penalties[array], ways[array],
                                   constant_field(m, anneal, array, &names.arrays[array], a)));
    }
    return list;
}
