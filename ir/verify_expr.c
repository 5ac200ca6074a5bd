/* verify_expr.c - is an expression well formed where it stands: arguments, index scopes, what the stage allows. */
#include "ir/verifier.h"
#include "ir/text.h"

#include <math.h>

static bool is_condition_kind(ir_expr_kind kind)
{
    return kind >= EXPR_EQUAL && kind <= EXPR_NOT;
}

static bool is_unshaped_reduction(ir_expr_kind kind)
{
    return kind >= EXPR_DOT && kind <= EXPR_MAX_ALL;
}

/* How many arguments the kind takes; -1: any. */
static int arguments_of(ir_expr_kind kind)
{
    if (text_operators[kind].text)
        return 2;
    if (text_functions[kind].text)
        return (int)text_functions[kind].arg_count;
    if (text_reductions[kind] || kind == EXPR_NEGATE || kind == EXPR_NOT)
        return 1;
    return kind == EXPR_ELEMENT || kind == EXPR_POISON ? -1 : 0;
}

static bool in_scope(const verifier *v, ir_index index)
{
    for (uint32_t i = v->scope.count; i-- > 0;)
        if (v->scope.at[i] == index)
            return true;
    return false;
}

static bool check_extent(verifier *v, ir_index index)
{
    const ir_index_data *data = ir_index_get(v->module, index);
    const char *name = ir_text(v->module, data->name);
    if (!verifier_expr(v, data->extent, "an extent"))
        return false;
    bool poisoned = ir_expr_get(v->module, data->extent)->kind == EXPR_POISON;
    if (v->module->stage >= STAGE_ISING && !poisoned && ir_index_extent(v->module, index) < 0)
        return verifier_fail(v, "the extent of index `%s` is not a whole number", name);
    return true;
}

bool verifier_indices(verifier *v, const ir_index *indices, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!indices[i] || indices[i] >= v->module->indices.count)
            return verifier_fail(v, "an index does not exist");
    for (uint32_t i = 0; i < count; i++)
        if (!check_extent(v, indices[i]))
            return false;
    for (uint32_t i = 0; i < count; i++) {
        if (in_scope(v, indices[i]))
            return verifier_fail(v, "index `%s` is bound twice", ir_text(v->module, ir_index_get(v->module, indices[i])->name));
        ARENA_PUSH(v->arena, &v->scope, indices[i]);
    }
    return true;
}

static bool check_element(verifier *v, const ir_expr_data *data)
{
    if (!verifier_value(v, data->value, "an element"))
        return false;
    const ir_type type = ir_value_get(v->module, data->value)->type;
    const char *name = ir_text(v->module, ir_value_get(v->module, data->value)->name);
    if (type.elem == IR_GROUP)
        return verifier_fail(v, "%%%s is a group of parameters, which has no elements", name);
    if (type.elem == IR_UNKNOWN || type.elem == IR_POISON)
        return true;
    if (data->arg_count > (uint32_t)type.rank)
        return verifier_fail(v, "%%%s has %d axes, not %u", name, type.rank, data->arg_count);
    if (v->module->stage >= STAGE_ISING && data->arg_count < (uint32_t)type.rank)
        return verifier_fail(v, "an element of %%%s lacks subscripts", name);
    return true;
}

static bool check_reduction(verifier *v, const ir_expr_data *data)
{
    uint32_t outer = v->scope.count;
    bool good = verifier_indices(v, data->indices, data->index_count) &&
                (!data->condition || verifier_condition(v, data->condition, "a condition")) &&
                verifier_expr(v, data->args[0], "the body of a reduction");
    v->scope.count = outer;
    return good;
}

static bool check_arguments(verifier *v, const ir_expr_data *data)
{
    bool logical = data->kind == EXPR_AND || data->kind == EXPR_OR || data->kind == EXPR_NOT;
    for (uint32_t i = 0; i < data->arg_count; i++) {
        bool condition = logical || (data->kind == EXPR_WHERE && i == 0);
        if (!(condition ? verifier_condition(v, data->args[i], "a condition") : verifier_expr(v, data->args[i], "an argument")))
            return false;
    }
    return true;
}

static bool check_kind(verifier *v, const ir_expr_data *data)
{
    if (data->kind >= EXPR_KIND_COUNT)
        return verifier_fail(v, "an expression has an unknown kind");
    int arguments = arguments_of(data->kind);
    if (arguments >= 0 && data->arg_count != (uint32_t)arguments)
        return verifier_fail(v, "an expression has %u arguments instead of %d", data->arg_count, arguments);
    if ((data->index_count || data->condition) && !text_reductions[data->kind])
        return verifier_fail(v, "an expression that is no reduction has indices or a condition");
    if (data->kind == EXPR_NUMBER && !isfinite(data->number))
        return verifier_fail(v, "a number is not finite");
    if (data->kind == EXPR_SYMBOL && v->module->stage != STAGE_CALLS)
        return verifier_fail(v, "$%s stands where no names are left", ir_text(v->module, data->name));
    if (data->kind == EXPR_INDEX && !in_scope(v, data->index))
        return verifier_fail(
            v, "index `%s` is not in scope",
            data->index < v->module->indices.count ? ir_text(v->module, ir_index_get(v->module, data->index)->name) : "?");
    if (is_unshaped_reduction(data->kind) && v->module->stage >= STAGE_ISING)
        return verifier_fail(v, "a reduction over remaining axes was not made explicit");
    return true;
}

static bool check_expr(verifier *v, ir_expr e, const char *what)
{
    if (!e || e >= v->module->exprs.count)
        return verifier_fail(v, "%s is missing", what);
    const ir_expr_data data = *ir_expr_get(v->module, e);
    if (!check_kind(v, &data))
        return false;
    if (data.kind == EXPR_ELEMENT && !check_element(v, &data))
        return false;
    return text_reductions[data.kind] ? check_reduction(v, &data) : check_arguments(v, &data);
}

bool verifier_expr(verifier *v, ir_expr e, const char *what)
{
    if (e && e < v->module->exprs.count && is_condition_kind(ir_expr_get(v->module, e)->kind))
        return verifier_fail(v, "%s is a condition where a number is wanted", what);
    return check_expr(v, e, what);
}

/* Folding leaves 0 or 1 where a condition was. */
bool verifier_condition(verifier *v, ir_expr e, const char *what)
{
    if (e && e < v->module->exprs.count) {
        ir_expr_kind kind = ir_expr_get(v->module, e)->kind;
        if (!is_condition_kind(kind) && kind != EXPR_NUMBER && kind != EXPR_POISON)
            return verifier_fail(v, "%s is a number where a condition is wanted", what);
    }
    return check_expr(v, e, what);
}

/* ---- terms ---- */

static bool occurs_in_spins(const verifier *v, const ir_term *term, ir_index index)
{
    for (uint32_t s = 0; s < term->spin_count; s++)
        for (uint32_t i = 0; i < term->spins[s].subscript_count; i++)
            if (ir_expr_uses_index(v->module, term->spins[s].subscripts[i], index))
                return true;
    return false;
}

static bool pairs_with_itself(const verifier *v, const ir_term *term)
{
    const ir_spin_ref *a = &term->spins[0], *b = &term->spins[1];
    if (term->spin_count != 2 || a->array != b->array)
        return false;
    for (uint32_t i = 0; i < a->subscript_count; i++)
        if (!ir_expr_equal(v->module, a->subscripts[i], b->subscripts[i], NULL, NULL, 0))
            return false;
    return true;
}

static bool check_spin_refs(verifier *v, const ir_spins *spins, uint32_t spins_count, const ir_term *term)
{
    for (uint32_t s = 0; s < term->spin_count; s++) {
        const ir_spin_ref *ref = &term->spins[s];
        if (ref->array >= spins_count)
            return verifier_fail(v, "a term names a spin array that does not exist");
        if (ref->subscript_count != spins[ref->array].index_count)
            return verifier_fail(v, "a spin of `%s` has %u subscripts instead of %u", ir_text(v->module, spins[ref->array].name),
                                 ref->subscript_count, spins[ref->array].index_count);
        for (uint32_t i = 0; i < ref->subscript_count; i++)
            if (!verifier_expr(v, ref->subscripts[i], "a subscript"))
                return false;
    }
    return true;
}

static bool check_term(verifier *v, const ir_spins *spins, uint32_t spins_count, const ir_term *term)
{
    if (term->spin_count > 2)
        return verifier_fail(v, "a term has %u spins", term->spin_count);
    if (!verifier_indices(v, term->indices, term->index_count) || !check_spin_refs(v, spins, spins_count, term))
        return false;
    for (uint32_t i = 0; i < term->index_count; i++)
        if (!occurs_in_spins(v, term, term->indices[i]))
            return verifier_fail(v, "index `%s` of a term occurs in no subscript",
                                 ir_text(v->module, ir_index_get(v->module, term->indices[i])->name));
    if (pairs_with_itself(v, term))
        return verifier_fail(v, "a term pairs a spin with itself");
    if (term->condition && !verifier_condition(v, term->condition, "the condition of a term"))
        return false;
    return verifier_expr(v, term->coefficient, "the coefficient of a term");
}

bool verifier_terms(verifier *v, const ir_spins *spins, uint32_t spins_count, const ir_term *terms, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t outer = v->scope.count;
        if (!check_term(v, spins, spins_count, &terms[i]))
            return false;
        v->scope.count = outer;
    }
    return true;
}
