/* linear_form.c - see linear_form.h. */
#include "ir/linear_form.h"

#include <math.h>

static const linear_form NOT_LINEAR = {0};

static linear_form of_constant(int64_t constant)
{
    return (linear_form){.linear = true, .constant = constant};
}

/* a + scale * b. */
static linear_form combine(linear_form a, linear_form b, int64_t scale)
{
    if (!a.linear || !b.linear)
        return NOT_LINEAR;
    int64_t scaled;
    if (__builtin_mul_overflow(b.constant, scale, &scaled) || __builtin_add_overflow(a.constant, scaled, &a.constant))
        return NOT_LINEAR;
    for (uint32_t j = 0; j < b.count; j++) {
        uint32_t at = 0;
        while (at < a.count && a.index[at] != b.index[j])
            at++;
        if (at == LINEAR_FORM_MAX || __builtin_mul_overflow(b.factor[j], scale, &scaled))
            return NOT_LINEAR;
        if (at == a.count) {
            a.index[a.count] = b.index[j];
            a.factor[a.count++] = 0;
        }
        if (__builtin_add_overflow(a.factor[at], scaled, &a.factor[at]))
            return NOT_LINEAR;
        if (a.factor[at] == 0) {
            a.count--;
            a.index[at] = a.index[a.count];
            a.factor[at] = a.factor[a.count];
        }
    }
    return a;
}

linear_form linear_form_subtract(linear_form a, linear_form b)
{
    return combine(a, b, -1);
}

static linear_form product(linear_form a, linear_form b)
{
    if (!a.linear || !b.linear)
        return NOT_LINEAR;
    if (a.count == 0)
        return combine(of_constant(0), b, a.constant);
    return b.count == 0 ? combine(of_constant(0), a, b.constant) : NOT_LINEAR;
}

linear_form linear_form_of(const ir_module *m, ir_expr e)
{
    const ir_expr_data *x = ir_expr_get(m, e);
    switch (x->kind) {
    case EXPR_NUMBER:
        return x->number == floor(x->number) && fabs(x->number) < 1e15 ? of_constant((int64_t)x->number) : NOT_LINEAR;
    case EXPR_INDEX:
        return (linear_form){.linear = true, .count = 1, .index = {x->index}, .factor = {1}};
    case EXPR_NEGATE:
        return combine(of_constant(0), linear_form_of(m, x->args[0]), -1);
    case EXPR_ADD:
        return combine(linear_form_of(m, x->args[0]), linear_form_of(m, x->args[1]), 1);
    case EXPR_SUBTRACT:
        return combine(linear_form_of(m, x->args[0]), linear_form_of(m, x->args[1]), -1);
    case EXPR_MULTIPLY:
        return product(linear_form_of(m, x->args[0]), linear_form_of(m, x->args[1]));
    default:
        return NOT_LINEAR;
    }
}

static ir_expr add_to(ir_module *m, ir_expr sum, ir_expr item, bool minus, ir_span span)
{
    if (!sum)
        return minus ? ir_unary(m, EXPR_NEGATE, item, span) : item;
    return ir_binary(m, minus ? EXPR_SUBTRACT : EXPR_ADD, sum, item, span);
}

ir_expr linear_form_to_expr(ir_module *m, const linear_form *f, ir_span span)
{
    ir_expr sum = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        ir_expr item = ir_index_ref(m, f->index[i], span);
        int64_t size = f->factor[i] < 0 ? -f->factor[i] : f->factor[i];
        if (size != 1)
            item = ir_binary(m, EXPR_MULTIPLY, ir_number(m, (double)size, span), item, span);
        sum = add_to(m, sum, item, f->factor[i] < 0, span);
    }
    if (f->constant || !sum) {
        int64_t size = f->constant < 0 && sum ? -f->constant : f->constant;
        sum = add_to(m, sum, ir_number(m, (double)size, span), f->constant < 0 && sum, span);
    }
    return sum;
}

bool linear_form_bounds(const ir_module *m, const linear_form *f, int64_t *least, int64_t *greatest)
{
    *least = *greatest = f->constant;
    for (uint32_t i = 0; i < f->count; i++) {
        int64_t last = ir_index_extent(m, f->index[i]) - 1, reach;
        if (last < 0 || __builtin_mul_overflow(f->factor[i], last, &reach) ||
            __builtin_add_overflow(reach < 0 ? *least : *greatest, reach, reach < 0 ? least : greatest))
            return false;
    }
    return f->linear;
}
