/* conditions.c - see conditions.h. */
#include "passes/conditions.h"

bool linear_form_equal(const linear_form *a, const linear_form *b)
{
    linear_form d = linear_form_subtract(*a, *b);
    return d.linear && d.count == 0 && d.constant == 0;
}

bool linear_form_opposite(const linear_form *a, const linear_form *b)
{
    linear_form negative = linear_form_subtract((linear_form){.linear = true}, *b);
    return negative.linear && linear_form_equal(a, &negative);
}

static bool is_comparison(ir_expr_kind kind)
{
    return kind >= EXPR_EQUAL && kind <= EXPR_GREATER_EQUAL;
}

comparison comparison_of(const ir_module *m, ir_expr condition)
{
    comparison c = {.kind = EXPR_KIND_COUNT};
    const ir_expr_data *x = ir_expr_get(m, condition);
    if (!is_comparison(x->kind))
        return c;
    c.difference = linear_form_subtract(linear_form_of(m, x->args[0]), linear_form_of(m, x->args[1]));
    if (c.difference.linear)
        c.kind = x->kind;
    return c;
}

/* What holds for every value between least and greatest. */
static condition_verdict decide_range(ir_expr_kind kind, int64_t least, int64_t greatest)
{
    bool can_be_less = least < 0, can_be_zero = least <= 0 && greatest >= 0, can_be_more = greatest > 0;
    bool may_hold, may_fail;
    switch (kind) {
    case EXPR_EQUAL:
        may_hold = can_be_zero, may_fail = can_be_less || can_be_more;
        break;
    case EXPR_NOT_EQUAL:
        may_hold = can_be_less || can_be_more, may_fail = can_be_zero;
        break;
    case EXPR_LESS:
        may_hold = can_be_less, may_fail = can_be_zero || can_be_more;
        break;
    case EXPR_LESS_EQUAL:
        may_hold = can_be_less || can_be_zero, may_fail = can_be_more;
        break;
    case EXPR_GREATER:
        may_hold = can_be_more, may_fail = can_be_zero || can_be_less;
        break;
    default:
        may_hold = can_be_more || can_be_zero, may_fail = can_be_less;
        break;
    }
    return !may_hold ? CONDITION_FALSE : !may_fail ? CONDITION_TRUE : CONDITION_OPEN;
}

condition_verdict condition_decide(const ir_module *m, ir_expr condition)
{
    double value;
    if (ir_expr_evaluate(m, condition, NULL, NULL, 0, &value))
        return value != 0 ? CONDITION_TRUE : CONDITION_FALSE;
    comparison c = comparison_of(m, condition);
    int64_t least, greatest;
    if (c.kind != EXPR_KIND_COUNT && linear_form_bounds(m, &c.difference, &least, &greatest))
        return decide_range(c.kind, least, greatest);
    return CONDITION_OPEN;
}

static ir_expr_kind mirrored(ir_expr_kind kind)
{
    switch (kind) {
    case EXPR_LESS:
        return EXPR_GREATER;
    case EXPR_LESS_EQUAL:
        return EXPR_GREATER_EQUAL;
    case EXPR_GREATER:
        return EXPR_LESS;
    case EXPR_GREATER_EQUAL:
        return EXPR_LESS_EQUAL;
    default:
        return kind;
    }
}

bool condition_equal(const ir_module *m, ir_expr a, ir_expr b)
{
    comparison p = comparison_of(m, a), q = comparison_of(m, b);
    if (p.kind != EXPR_KIND_COUNT && q.kind != EXPR_KIND_COUNT)
        return (p.kind == q.kind && linear_form_equal(&p.difference, &q.difference)) ||
               (p.kind == mirrored(q.kind) && linear_form_opposite(&p.difference, &q.difference));
    return ir_expr_equal(m, a, b, NULL, NULL, 0);
}

static bool flatten_into(ir_module *m, ir_expr e, expr_list *out)
{
    ir_expr_data x = *ir_expr_get(m, e);
    if (x.kind == EXPR_AND)
        return flatten_into(m, x.args[0], out) && flatten_into(m, x.args[1], out);
    switch (condition_decide(m, e)) {
    case CONDITION_FALSE:
        return false;
    case CONDITION_TRUE:
        return true;
    default:
        break;
    }
    for (uint32_t i = 0; i < out->count; i++)
        if (condition_equal(m, out->at[i], e))
            return true;
    ARENA_PUSH(m->arena, out, e);
    return true;
}

bool conditions_flatten(ir_module *m, expr_list *conditions)
{
    expr_list flat = {0};
    for (uint32_t i = 0; i < conditions->count; i++)
        if (!flatten_into(m, conditions->at[i], &flat))
            return false;
    *conditions = flat;
    return true;
}

ir_expr_kind conditions_relation(const ir_module *m, const expr_list *conditions, const linear_form *difference, uint32_t *at)
{
    for (uint32_t i = 0; i < conditions->count; i++) {
        comparison c = comparison_of(m, conditions->at[i]);
        if (c.kind == EXPR_KIND_COUNT || c.kind == EXPR_EQUAL)
            continue;
        *at = i;
        if (linear_form_equal(&c.difference, difference))
            return c.kind;
        if (linear_form_opposite(&c.difference, difference))
            return mirrored(c.kind);
    }
    return EXPR_KIND_COUNT;
}

ir_expr conditions_join(ir_module *m, const expr_list *conditions)
{
    ir_expr all = 0;
    for (uint32_t i = 0; i < conditions->count; i++)
        all = all ? ir_binary(m, EXPR_AND, all, conditions->at[i], ir_expr_get(m, all)->span) : conditions->at[i];
    return all;
}
