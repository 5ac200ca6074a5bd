/* expr.c - walking and rewriting expressions (ir.h). Evaluation is in evaluate.c.
 *
 * Handles are copied out before anything is made, because new expressions move the module's array;
 * the argument arrays themselves stay where they are.
 */
#include "ir/ir.h"

#include <math.h>
#include <string.h>

/* ---- rewriting ---- */

/* Which bound indices were renamed, innermost binder first. */
typedef struct renaming {
    const struct renaming *outer;
    const ir_index *from, *to;
    uint32_t count;
} renaming;

typedef struct rewriter {
    ir_module *module;
    bool fresh;
    ir_expr_mapper map;
    void *context;
} rewriter;

static ir_expr rewrite(const rewriter *r, ir_expr e, const renaming *scope);

static ir_index renamed(const renaming *scope, ir_index index)
{
    for (; scope; scope = scope->outer)
        for (uint32_t i = 0; i < scope->count; i++)
            if (scope->from[i] == index)
                return scope->to[i];
    return index;
}

/* The binder's indices after rewriting; the same array when none changed. An index whose extent changed
 * is renamed even without `fresh`, since the expression it came from still stands for the old range. */
static const ir_index *rewrite_indices(const rewriter *r, const ir_index *indices, uint32_t count, const renaming *scope)
{
    ir_index *made = NULL;
    for (uint32_t i = 0; i < count; i++) {
        ir_index_data data = *ir_index_get(r->module, indices[i]);
        ir_expr extent = rewrite(r, data.extent, scope);
        if (!r->fresh && extent == data.extent)
            continue;
        if (!made) {
            made = ARENA_ARRAY(r->module->arena, ir_index, count);
            memcpy(made, indices, count * sizeof *made);
        }
        made[i] = ir_index_new(r->module, data.name, extent, data.span);
    }
    return made ? made : indices;
}

static const ir_expr *rewrite_all(const rewriter *r, const ir_expr *exprs, uint32_t count, const renaming *scope)
{
    ir_expr *made = NULL;
    for (uint32_t i = 0; i < count; i++) {
        ir_expr e = rewrite(r, exprs[i], scope);
        if (e != exprs[i] && !made) {
            made = ARENA_ARRAY(r->module->arena, ir_expr, count);
            memcpy(made, exprs, count * sizeof *made);
        }
        if (made)
            made[i] = e;
    }
    return made ? made : exprs;
}

static ir_expr rewrite(const rewriter *r, ir_expr e, const renaming *scope)
{
    if (!e)
        return 0;
    const ir_expr_data old = *ir_expr_get(r->module, e);
    ir_expr_data data = old;
    renaming inner = {.outer = scope};
    if (old.index_count) {
        data.indices = rewrite_indices(r, old.indices, old.index_count, scope);
        inner = (renaming){scope, old.indices, data.indices, data.indices == old.indices ? 0 : old.index_count};
    }
    if (old.kind == EXPR_INDEX)
        data.index = renamed(scope, old.index);
    data.condition = rewrite(r, old.condition, &inner);
    data.args = rewrite_all(r, old.args, old.arg_count, &inner);
    bool changed =
        data.indices != old.indices || data.index != old.index || data.condition != old.condition || data.args != old.args;
    if (changed)
        e = ir_expr_new(r->module, data);
    return r->map(r->module, e, r->context);
}

ir_expr ir_expr_map(ir_module *m, ir_expr e, bool fresh, ir_expr_mapper map, void *context)
{
    return rewrite(&(rewriter){m, fresh, map, context}, e, NULL);
}

typedef struct substitution {
    const ir_index *from;
    const ir_expr *to;
    uint32_t count;
} substitution;

static ir_expr substitute_index(ir_module *m, ir_expr e, void *context)
{
    const substitution *s = context;
    const ir_expr_data *data = ir_expr_get(m, e);
    if (data->kind == EXPR_INDEX)
        for (uint32_t i = 0; i < s->count; i++)
            if (s->from[i] == data->index)
                return s->to[i];
    return e;
}

ir_expr ir_expr_substitute(ir_module *m, ir_expr e, const ir_index *from, const ir_expr *to, uint32_t count)
{
    substitution s = {from, to, count};
    return ir_expr_map(m, e, true, substitute_index, &s);
}

/* ---- walking ---- */

void ir_expr_walk(const ir_module *m, ir_expr e, void (*visit)(const ir_module *m, ir_expr e, void *context), void *context)
{
    if (!e)
        return;
    const ir_expr_data data = *ir_expr_get(m, e);
    for (uint32_t i = 0; i < data.index_count; i++)
        ir_expr_walk(m, ir_index_get(m, data.indices[i])->extent, visit, context);
    ir_expr_walk(m, data.condition, visit, context);
    for (uint32_t i = 0; i < data.arg_count; i++)
        ir_expr_walk(m, data.args[i], visit, context);
    visit(m, e, context);
}

typedef struct search {
    ir_expr_kind kind;
    uint32_t handle;
    bool found;
} search;

static void search_node(const ir_module *m, ir_expr e, void *context)
{
    search *s = context;
    const ir_expr_data *data = ir_expr_get(m, e);
    if (data->kind == s->kind && (s->kind == EXPR_INDEX ? data->index : data->value) == s->handle)
        s->found = true;
}

bool ir_expr_uses_index(const ir_module *m, ir_expr e, ir_index index)
{
    search s = {EXPR_INDEX, index, false};
    ir_expr_walk(m, e, search_node, &s);
    return s.found;
}

bool ir_expr_uses_value(const ir_module *m, ir_expr e, ir_value value)
{
    search s = {EXPR_ELEMENT, value, false};
    ir_expr_walk(m, e, search_node, &s);
    return s.found;
}

/* ---- equality ---- */

/* Binders met on the way down, as pairs of their indices. */
typedef struct pairing {
    const struct pairing *outer;
    const ir_index *a, *b;
    uint32_t count;
} pairing;

static bool same_index(const pairing *scope, ir_index a, ir_index b)
{
    for (; scope; scope = scope->outer)
        for (uint32_t i = 0; i < scope->count; i++)
            if (scope->a[i] == a || scope->b[i] == b)
                return scope->a[i] == a && scope->b[i] == b;
    return a == b;
}

static bool same_expr(const ir_module *m, ir_expr a, ir_expr b, const pairing *scope)
{
    if (!a || !b)
        return a == b;
    const ir_expr_data x = *ir_expr_get(m, a), y = *ir_expr_get(m, b);
    if (x.kind != y.kind || x.arg_count != y.arg_count || x.index_count != y.index_count || x.name != y.name ||
        x.value != y.value)
        return false;
    /* By bits: -0 and 0 are different numbers to divide by. */
    if (memcmp(&x.number, &y.number, sizeof x.number) || (x.kind == EXPR_INDEX && !same_index(scope, x.index, y.index)))
        return false;
    for (uint32_t i = 0; i < x.index_count; i++)
        if (!same_expr(m, ir_index_get(m, x.indices[i])->extent, ir_index_get(m, y.indices[i])->extent, scope))
            return false;
    const pairing inner = {scope, x.indices, y.indices, x.index_count};
    if (!same_expr(m, x.condition, y.condition, &inner))
        return false;
    for (uint32_t i = 0; i < x.arg_count; i++)
        if (!same_expr(m, x.args[i], y.args[i], &inner))
            return false;
    return true;
}

bool ir_expr_equal(const ir_module *m, ir_expr a, ir_expr b, const ir_index *a_free, const ir_index *b_free, uint32_t count)
{
    return same_expr(m, a, b, &(pairing){NULL, a_free, b_free, count});
}

/* ---- numbers ---- */

bool ir_expr_is_number(const ir_module *m, ir_expr e, double *out)
{
    const ir_expr_data *data = ir_expr_get(m, e);
    if (!e || data->kind != EXPR_NUMBER)
        return false;
    *out = data->number;
    return true;
}

int64_t ir_index_extent(const ir_module *m, ir_index i)
{
    double extent;
    if (!ir_expr_is_number(m, ir_index_get(m, i)->extent, &extent) || !(extent >= 0 && extent <= (double)IR_MAX_ELEMENTS) ||
        floor(extent) != extent)
        return -1;
    return (int64_t)extent;
}

/* ---- whole operations ---- */

typedef struct use_visit {
    void (*visit)(ir_value v, void *context);
    void *context;
} use_visit;

static void visit_use(const ir_module *m, ir_expr e, void *context)
{
    const use_visit *u = context;
    const ir_expr_data *data = ir_expr_get(m, e);
    if (data->kind == EXPR_ELEMENT)
        u->visit(data->value, u->context);
}

static void indices_uses(const ir_module *m, const ir_index *indices, uint32_t count, use_visit *u)
{
    for (uint32_t i = 0; i < count; i++)
        ir_expr_walk(m, ir_index_get(m, indices[i])->extent, visit_use, u);
}

static void term_uses(const ir_module *m, const ir_term *term, use_visit *u)
{
    indices_uses(m, term->indices, term->index_count, u);
    ir_expr_walk(m, term->condition, visit_use, u);
    ir_expr_walk(m, term->coefficient, visit_use, u);
    for (uint32_t s = 0; s < term->spin_count; s++)
        for (uint32_t i = 0; i < term->spins[s].subscript_count; i++)
            ir_expr_walk(m, term->spins[s].subscripts[i], visit_use, u);
}

static void attribute_uses(const ir_module *m, ir_attribute_kind kind, const ir_attribute *attribute, use_visit *u)
{
    switch (kind) {
    case ATTR_EXPR:
        ir_expr_walk(m, attribute->expr, visit_use, u);
        break;
    case ATTR_INDICES:
        indices_uses(m, attribute->list, attribute->count, u);
        break;
    case ATTR_OPTIONS:
        for (uint32_t i = 0; i < attribute->count; i++)
            ir_expr_walk(m, ((const ir_option *)attribute->list)[i].value, visit_use, u);
        break;
    case ATTR_SPINS:
        for (uint32_t i = 0; i < attribute->count; i++) {
            const ir_spins *spins = (const ir_spins *)attribute->list + i;
            indices_uses(m, spins->indices, spins->index_count, u);
        }
        break;
    case ATTR_TERMS:
        for (uint32_t i = 0; i < attribute->count; i++)
            term_uses(m, (const ir_term *)attribute->list + i, u);
        break;
    case ATTR_NAME:
    case ATTR_PATH:
    case ATTR_SIGNATURE:
    case ATTR_DOMAIN:
    case ATTR_COUNT:
    case ATTR_PARTS:
        break;
    }
}

void ir_op_uses(const ir_module *m, ir_op op, void (*visit)(ir_value v, void *context), void *context)
{
    const ir_op_data *data = ir_op_get(m, op);
    use_visit u = {visit, context};
    for (uint32_t i = 0; i < data->operand_count; i++)
        if (data->operands[i])
            visit(data->operands[i], context);
    const ir_attribute_row *rows = ir_op_rows[data->code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++)
        if (data->attributes[i].present)
            attribute_uses(m, rows[i].kind, &data->attributes[i], &u);
}

/* The operation is rewritten in place, so without `fresh` its own indices keep their handles and take
 * the new extents. */
static const ir_index *map_op_indices(const rewriter *r, const ir_index *indices, uint32_t count)
{
    if (r->fresh)
        return rewrite_indices(r, indices, count, NULL);
    for (uint32_t i = 0; i < count; i++) {
        ir_expr extent = rewrite(r, ir_index_get(r->module, indices[i])->extent, NULL);
        ir_index_get(r->module, indices[i])->extent = extent;
    }
    return indices;
}

static ir_term map_term(const rewriter *r, ir_term term)
{
    const ir_index *indices = map_op_indices(r, term.indices, term.index_count);
    const renaming scope = {NULL, term.indices, indices, term.index_count};
    term.indices = indices;
    term.condition = rewrite(r, term.condition, &scope);
    term.coefficient = rewrite(r, term.coefficient, &scope);
    for (uint32_t s = 0; s < term.spin_count; s++)
        term.spins[s].subscripts = rewrite_all(r, term.spins[s].subscripts, term.spins[s].subscript_count, &scope);
    return term;
}

static const void *map_options(const rewriter *r, const ir_option *options, uint32_t count)
{
    ir_option *made = ARENA_ARRAY(r->module->arena, ir_option, count);
    for (uint32_t i = 0; i < count; i++) {
        made[i] = options[i];
        made[i].value = rewrite(r, options[i].value, NULL);
    }
    return made;
}

static const void *map_spins(const rewriter *r, const ir_spins *spins, uint32_t count)
{
    ir_spins *made = ARENA_ARRAY(r->module->arena, ir_spins, count);
    for (uint32_t i = 0; i < count; i++) {
        made[i] = spins[i];
        made[i].indices = map_op_indices(r, spins[i].indices, spins[i].index_count);
    }
    return made;
}

static const void *map_terms(const rewriter *r, const ir_term *terms, uint32_t count)
{
    ir_term *made = ARENA_ARRAY(r->module->arena, ir_term, count);
    for (uint32_t i = 0; i < count; i++)
        made[i] = map_term(r, terms[i]);
    return made;
}

/* `scope` holds the operation's own indices once they were met: they stand before what uses them. */
static void map_attribute(const rewriter *r, ir_attribute_kind kind, ir_attribute *attribute, renaming *scope)
{
    switch (kind) {
    case ATTR_EXPR:
        attribute->expr = rewrite(r, attribute->expr, scope);
        break;
    case ATTR_INDICES:
        *scope = (renaming){NULL, attribute->list, map_op_indices(r, attribute->list, attribute->count), attribute->count};
        attribute->list = scope->to;
        break;
    case ATTR_OPTIONS:
        attribute->list = map_options(r, attribute->list, attribute->count);
        break;
    case ATTR_SPINS:
        attribute->list = map_spins(r, attribute->list, attribute->count);
        break;
    case ATTR_TERMS:
        attribute->list = map_terms(r, attribute->list, attribute->count);
        break;
    case ATTR_NAME:
    case ATTR_PATH:
    case ATTR_SIGNATURE:
    case ATTR_DOMAIN:
    case ATTR_COUNT:
    case ATTR_PARTS:
        break;
    }
}

void ir_op_map_exprs(ir_module *m, ir_op op, bool fresh, ir_expr_mapper map, void *context)
{
    const rewriter r = {m, fresh, map, context};
    renaming scope = {0};
    const ir_attribute_row *rows = ir_op_rows[ir_op_get(m, op)->code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++) {
        ir_attribute attribute = ir_op_get(m, op)->attributes[i];
        if (!attribute.present)
            continue;
        map_attribute(&r, rows[i].kind, &attribute, &scope);
        ir_op_get(m, op)->attributes[i] = attribute;
    }
}
