/* attention.c - see attention.h. */
#include "inspect/attention.h"

#include "inspect/heat_map.h"

/* Whether the two spins of a term share the index of the first axis and differ in that of the second. */
static bool joins_tokens(const ir_module *m, const ir_term *term)
{
    const ir_spin_ref *x = &term->spins[0], *y = &term->spins[1];
    double number;
    if (term->spin_count != 2 || x->array != y->array || x->subscript_count != 2 ||
        ir_expr_is_number(m, term->coefficient, &number))
        return false;
    const ir_expr_data *head_x = ir_expr_get(m, x->subscripts[0]), *head_y = ir_expr_get(m, y->subscripts[0]);
    const ir_expr_data *token_x = ir_expr_get(m, x->subscripts[1]), *token_y = ir_expr_get(m, y->subscripts[1]);
    return head_x->kind == EXPR_INDEX && head_y->kind == EXPR_INDEX && head_x->index == head_y->index &&
           token_x->kind == EXPR_INDEX && token_y->kind == EXPR_INDEX && token_x->index != token_y->index;
}

int64_t attention_array(const ir_module *m, ir_op anneal)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    int64_t found = -1;
    for (uint32_t k = 0; k < terms.count; k++) {
        const ir_term *term = (const ir_term *)terms.list + k;
        if (joins_tokens(m, term) && (found < 0 || term->spins[0].array < found))
            found = term->spins[0].array;
    }
    return found;
}

static json_t *head_value(arena *a, const named_array *array, const problem *p, const int8_t *up, int64_t head)
{
    json_t *value = value_object(a), *chosen = value_array(a);
    int64_t tokens = array->extent[1], first = array->first + head * tokens;
    for (int64_t i = 0; i < tokens; i++)
        if (up[first + i])
            value_push(a, chosen, value_count(a, i));
    value_put(a, value, "head", value_count(a, head));
    value_put(a, value, "matrix", heat_map(a, p, first, tokens));
    value_put(a, value, "chosen", chosen);
    value_put(a, value, "fields", value_numbers(a, p->fields + first, tokens));
    return value;
}

static void put_sparsity(arena *a, json_t *value, const named_array *array, const int8_t *up)
{
    int64_t heads = array->extent[0], tokens = array->extent[1];
    double *by_head = ARENA_ARRAY(a, double, (size_t)heads), *by_token = ARENA_ARRAY(a, double, (size_t)tokens);
    int64_t *sharing = ARENA_ARRAY(a, int64_t, (size_t)heads + 1);
    for (int64_t i = 0; i < tokens; i++) {
        int64_t count = 0;
        for (int64_t t = 0; t < heads; t++) {
            count += up[array->first + t * tokens + i];
            by_head[t] += up[array->first + t * tokens + i] / (double)tokens;
        }
        sharing[count]++;
        by_token[i] = (double)count / (double)heads;
    }
    value_put(a, value, "sparsity_by_head", value_numbers(a, by_head, heads));
    value_put(a, value, "sparsity_by_token", value_numbers(a, by_token, tokens));
    value_put(a, value, "sharing", value_counts(a, sharing, heads + 1));
}

json_t *attention_value(arena *a, const named_array *array, const problem *p, const int8_t *up, const sample_input *inputs,
                        uint32_t input_count)
{
    if (array->count == 0)
        return value_null();
    json_t *value = value_object(a), *heads = value_array(a);
    value_put(a, value, "array", value_text(a, array->name));
    value_put(a, value, "head_index", value_text(a, array->index[0]));
    value_put(a, value, "token_index", value_text(a, array->index[1]));
    value_put(a, value, "heads_total", value_count(a, array->extent[0]));
    value_put(a, value, "tokens", value_count(a, array->extent[1]));
    for (int64_t t = 0; t < array->extent[0] && t < ATTENTION_HEADS_SHOWN; t++)
        value_push(a, heads, head_value(a, array, p, up, t));
    value_put(a, value, "heads", heads);
    put_sparsity(a, value, array, up);
    value_put(a, value, "image", attention_image(a, inputs, input_count, array->extent[1]));
    return value;
}
