/* structure.c - see structure.h. */
#include "inspect/structure.h"

#include "inspect/place.h"
#include "ir/coupling_walk.h"

#include <math.h>
#include <string.h>

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
