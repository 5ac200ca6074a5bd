/* sema_constant.c - constants and types: what must be known before any tensor is. */
#include "frontend/sema.h"

#include <math.h>
#include <string.h>

enum {
    MAX_CONST_DEPTH = 200,  /* constants that refer to one another */
    MAX_CONSTANT_SIZE = 256 /* nodes of a constant that depends on shape names, names replaced */
};
#define MAX_SIZE 2147483648.0 /* of an axis: the most elements that a tensor may have */

/* A const is checked in its own file and outside any body, wherever it is met first. */
void sema_const_item(sema *s, symbol *sym)
{
    if (sym->state == CONST_DONE)
        return;
    ast_expr *value = sym->statement->value;
    if (sym->state == CONST_BUSY || s->const_depth >= MAX_CONST_DEPTH) {
        sema_error(s, sym->span,
                   sym->state == CONST_BUSY ? "constant '%s' is defined by itself" : "constant '%s' refers to too many others",
                   sema_text(s, sym->name));
        sym->kind = SYMBOL_POISON;
        sym->state = CONST_DONE;
        return;
    }
    sema saved = *s;
    s->file = sym->file;
    s->where = IN_FILE;
    s->body = 0;
    s->guarded = false;
    s->barrier = (spin_fault){0};
    s->faults_to = NULL;
    s->const_depth++;
    sym->state = CONST_BUSY;
    bool good = value && sema_constant(s, value, "a 'const'");
    if (!good || sym->state == CONST_DONE) {
        sym->kind = SYMBOL_POISON;
    } else {
        sym->is_constant = sym->is_number = true;
        sym->number = value->number;
        sym->size = 1;
    }
    sym->state = CONST_DONE;
    s->file = saved.file;
    s->where = saved.where;
    s->body = saved.body;
    s->guarded = saved.guarded;
    s->barrier = saved.barrier;
    s->faults_to = saved.faults_to;
    s->const_depth--;
}

static bool operate(const ast_expr *e, double *out)
{
    double x[2] = {0};
    if (e->args.count < 1 || e->args.count > 2)
        return false;
    for (uint32_t i = 0; i < e->args.count; i++)
        x[i] = e->args.at[i]->number;
    switch (e->kind) {
    case AST_NEGATE:
        *out = -x[0];
        return true;
    case AST_ADD:
        *out = x[0] + x[1];
        return true;
    case AST_SUBTRACT:
        *out = x[0] - x[1];
        return true;
    case AST_MULTIPLY:
        *out = x[0] * x[1];
        return true;
    case AST_DIVIDE:
        *out = x[0] / x[1];
        return true;
    case AST_CALL:
        *out = builtin_evaluate(e->builtin, x, e->args.count);
        return true;
    default:
        return false;
    }
}

/* Where a condition may keep the expression from being evaluated, what is not finite is left for later. */
static void check_finite(sema *s, ast_expr *e)
{
    if (isfinite(e->number))
        return;
    if (s->guarded) {
        e->is_number = false;
        return;
    }
    bool by_zero = e->kind == AST_DIVIDE && e->args.at[1]->number == 0;
    sema_error(s, e->span, by_zero ? "the constant is not finite: it divides by zero" : "the constant is not finite");
    sema_poison(e);
}

void sema_fold(sema *s, ast_expr *e)
{
    e->is_number = true;
    e->size = 1;
    for (uint32_t i = 0; i < e->args.count; i++) {
        e->is_number &= e->args.at[i]->is_number;
        e->size += e->args.at[i]->size;
    }
    if (e->is_number && operate(e, &e->number))
        check_finite(s, e);
    else
        e->is_number = false;
    if (e->is_number)
        e->size = 1;
    if (e->size > MAX_CONSTANT_SIZE && e->sort == SORT_CONSTANT) {
        sema_error(s, e->span, "the constant depends on shape names in too many places: more than %d", MAX_CONSTANT_SIZE);
        sema_poison(e);
    }
}

bool sema_constant(sema *s, ast_expr *e, const char *what)
{
    sema_expr(s, e);
    if (e->sort == SORT_CONSTANT)
        return true;
    if (e->sort != SORT_POISON)
        sema_error(s, e->span, "%s must be a constant, known when the program is compiled", what);
    sema_poison(e);
    return false;
}

bool sema_whole(sema *s, ast_expr *e, const char *what, double least)
{
    if (!sema_constant(s, e, what))
        return false;
    if (!e->is_number)
        return true;
    if (e->number != floor(e->number))
        sema_error(s, e->span, "%s must be a whole number, not %.17g", what, e->number);
    else if (e->number < least)
        sema_error(s, e->span, "%s must be at least %.17g, not %.17g", what, least, e->number);
    else if (fabs(e->number) > MAX_SIZE)
        sema_error(s, e->span, "%s must be at most 2^31, not %.17g", what, e->number);
    else
        return true;
    sema_poison(e);
    return false;
}

/* ---- types ---- */

static bool is_shape_name(sema *s, const ast_expr *dim)
{
    if (dim->kind != AST_NAME || dim->name.name == s->pi)
        return false;
    const symbol *item = scope_find_item(s, dim->name.name);
    bool constant = item && (item->kind == SYMBOL_CONST || item->kind == SYMBOL_POISON) && item->statement && scope_sees(s, item);
    return !constant;
}

static int64_t shape_name(sema *s, ast_expr *dim, bool *good)
{
    symbol *before = scope_find_local(s, dim->name.name);
    if (!before || before->kind != SYMBOL_SHAPE) {
        uint32_t errors = s->diagnostics->error_count;
        before = scope_bind(s, SYMBOL_SHAPE, dim->name);
        *good &= s->diagnostics->error_count == errors;
    }
    dim->symbol = before;
    return IR_DIM_NAMED(dim->name.name);
}

static bool mentions_shape_name(const ast_expr *e)
{
    if (e->kind == AST_NAME && e->symbol && e->symbol->kind == SYMBOL_SHAPE)
        return true;
    for (uint32_t i = 0; i < e->args.count; i++)
        if (mentions_shape_name(e->args.at[i]))
            return true;
    return false;
}

static int64_t dimension(sema *s, ast_expr *dim, bool binds, bool *good)
{
    if (binds && is_shape_name(s, dim))
        return shape_name(s, dim, good);
    if (!sema_whole(s, dim, "a dimension", 0)) {
        *good = false;
        return 0;
    }
    if (dim->is_number)
        return (int64_t)dim->number;
    if (mentions_shape_name(dim))
        sema_error(s, dim->span, "a dimension is a constant or a single shape name, not an expression of shape names");
    else
        sema_error(s, dim->span, "a dimension must be a number");
    *good = false;
    return 0;
}

static void check_elements(sema *s, ast_type *type)
{
    double elements = 1;
    bool empty = false, named = false;
    for (int32_t i = 0; i < type->type.rank; i++) {
        named |= type->type.dim[i] < 0;
        empty |= type->type.dim[i] == 0;
        elements *= type->type.dim[i] > 0 ? (double)type->type.dim[i] : 1;
    }
    if (empty || named || elements <= MAX_SIZE)
        return;
    sema_error(s, type->span, "the tensor has more than 2^31 elements");
    type->type = (ir_type){.elem = IR_POISON};
}

static ir_elem element_type(sema *s, const ast_type *type)
{
    static const char *const names[] = {"f32", "i32", "params"};
    static const ir_elem elems[] = {IR_F32, IR_I32, IR_GROUP};
    const char *text = sema_text(s, type->name.name);
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(text, names[i]))
            return elems[i];
    diagnostic *d = sema_error(s, type->name.span, "unknown type '%s'", text);
    const char *nearest = diagnostics_nearest(s->arena, text, names, 3);
    if (nearest)
        diagnostic_hint(s->diagnostics, d, "did you mean '%s'?", nearest);
    else
        diagnostic_hint(s->diagnostics, d, "types are f32[...], i32[...] and, for parameters of an fn, params");
    return IR_POISON;
}

void sema_type(sema *s, ast_type *type, bool binds)
{
    ir_elem elem = element_type(s, type);
    bool good = elem != IR_POISON;
    if (elem == IR_GROUP && type->dims.count) {
        sema_error(s, type->span, "'params' has no dimensions");
        good = false;
    }
    if (type->dims.count > ISG_MAX_RANK) {
        sema_error(s, type->dims.at[ISG_MAX_RANK]->span, "a tensor has at most %d axes", ISG_MAX_RANK);
        good = false;
    }
    int64_t dims[ISG_MAX_RANK] = {0};
    for (uint32_t i = 0; i < type->dims.count; i++) {
        int64_t size = elem == IR_GROUP ? 0 : dimension(s, type->dims.at[i], binds, &good);
        if (i < ISG_MAX_RANK)
            dims[i] = size;
    }
    type->type = good ? ir_type_make(elem, (int32_t)type->dims.count, dims) : (ir_type){.elem = IR_POISON};
    if (good)
        check_elements(s, type);
}
