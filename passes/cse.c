/* cse.c - finds equal operations (fold.h): the same code, operands, types and attributes, whatever the
 * names of indices and values. Spin arrays are never equal: two declarations are two unknowns. */
#include "passes/fold.h"

#include <string.h>

/* ---- hashing: equal operations have equal hashes ---- */

static uint32_t mix(uint32_t hash, uint64_t value)
{
    hash = (hash ^ (uint32_t)value) * 16777619u;
    return (hash ^ (uint32_t)(value >> 32)) * 16777619u;
}

static void hash_node(const ir_module *m, ir_expr e, void *context)
{
    uint32_t *hash = context;
    const ir_expr_data *data = ir_expr_get(m, e);
    uint64_t bits;
    memcpy(&bits, &data->number, sizeof bits);
    *hash = mix(mix(mix(*hash, data->kind), bits), data->kind == EXPR_ELEMENT ? data->value : data->arg_count);
}

static uint32_t hash_expr(const ir_module *m, uint32_t hash, ir_expr e)
{
    ir_expr_walk(m, e, hash_node, &hash);
    return hash;
}

static uint32_t hash_terms(const ir_module *m, uint32_t hash, const ir_term *terms, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hash = hash_expr(m, mix(hash, terms[i].spin_count), terms[i].coefficient);
    return hash;
}

static uint32_t hash_op(const ir_module *m, ir_op op)
{
    const ir_op_data data = *ir_op_get(m, op);
    uint32_t hash = mix(2166136261u, data.code);
    for (uint32_t i = 0; i < data.operand_count; i++)
        hash = mix(hash, data.operands[i]);
    const ir_attribute_row *rows = ir_op_rows[data.code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++) {
        const ir_attribute *a = &data.attributes[i];
        if (a->present && rows[i].kind == ATTR_EXPR)
            hash = hash_expr(m, hash, a->expr);
        else if (a->present && rows[i].kind == ATTR_TERMS)
            hash = hash_terms(m, hash, a->list, a->count);
        else
            hash = mix(mix(hash, a->name), a->count);
    }
    return hash;
}

/* ---- equality ---- */

static bool same_indices(const ir_module *m, const ir_index *a, const ir_index *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!ir_expr_equal(m, ir_index_get(m, a[i])->extent, ir_index_get(m, b[i])->extent, NULL, NULL, 0))
            return false;
    return true;
}

static bool same_spins(const ir_module *m, const ir_spins *a, const ir_spins *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (a[i].index_count != b[i].index_count || a[i].lowest != b[i].lowest ||
            !same_indices(m, a[i].indices, b[i].indices, a[i].index_count))
            return false;
    return true;
}

static bool same_term(const ir_module *m, const ir_term *a, const ir_term *b)
{
    if (a->spin_count != b->spin_count || a->index_count != b->index_count ||
        !same_indices(m, a->indices, b->indices, a->index_count))
        return false;
    if (!ir_expr_equal(m, a->condition, b->condition, a->indices, b->indices, a->index_count) ||
        !ir_expr_equal(m, a->coefficient, b->coefficient, a->indices, b->indices, a->index_count))
        return false;
    for (uint32_t s = 0; s < a->spin_count; s++) {
        const ir_spin_ref *x = &a->spins[s], *y = &b->spins[s];
        if (x->array != y->array || x->subscript_count != y->subscript_count)
            return false;
        for (uint32_t i = 0; i < x->subscript_count; i++)
            if (!ir_expr_equal(m, x->subscripts[i], y->subscripts[i], a->indices, b->indices, a->index_count))
                return false;
    }
    return true;
}

static bool same_terms(const ir_module *m, const ir_term *a, const ir_term *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!same_term(m, &a[i], &b[i]))
            return false;
    return true;
}

/* `over` of both operations pairs the indices in their expressions. */
static bool same_attribute(const ir_module *m, ir_attribute_kind kind, const ir_attribute *a, const ir_attribute *b,
                           const ir_attribute *a_over, const ir_attribute *b_over)
{
    if (a->present != b->present || a->count != b->count || a->name != b->name || a->number != b->number)
        return false;
    if (!a->present)
        return true;
    switch (kind) {
    case ATTR_EXPR:
        return ir_expr_equal(m, a->expr, b->expr, a_over->list, b_over->list, a_over->count);
    case ATTR_INDICES:
        return same_indices(m, a->list, b->list, a->count);
    case ATTR_SPINS:
        return same_spins(m, a->list, b->list, a->count);
    case ATTR_TERMS:
        return same_terms(m, a->list, b->list, a->count);
    case ATTR_OPTIONS:
    case ATTR_SIGNATURE:
        return false; /* calls have been expanded */
    default:
        return a->list == b->list;
    }
}

static bool same_types(const ir_module *m, const ir_op_data *a, const ir_op_data *b)
{
    for (uint32_t i = 0; i < a->result_count; i++)
        if (!ir_type_equal(ir_value_get(m, a->results[i])->type, ir_value_get(m, b->results[i])->type))
            return false;
    return true;
}

static bool same_op(const ir_module *m, ir_op a, ir_op b)
{
    static const ir_attribute none;
    const ir_op_data x = *ir_op_get(m, a), y = *ir_op_get(m, b);
    if (x.code != y.code || x.operand_count != y.operand_count || x.result_count != y.result_count || !same_types(m, &x, &y))
        return false;
    if (x.operand_count && memcmp(x.operands, y.operands, x.operand_count * sizeof *x.operands))
        return false;
    const ir_attribute_row *rows = ir_op_rows[x.code].attributes;
    const ir_attribute *x_over = &none, *y_over = &none;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++) {
        if (!same_attribute(m, rows[i].kind, &x.attributes[i], &y.attributes[i], x_over, y_over))
            return false;
        if (rows[i].kind == ATTR_INDICES) {
            x_over = &x.attributes[i];
            y_over = &y.attributes[i];
        }
    }
    return true;
}

ir_op cse_find(fold *f, ir_op op)
{
    ir_opcode code = ir_op_get(f->m, op)->code;
    if (code == OP_SPIN || code == OP_MINIMIZE || code == OP_BIND || code == OP_CALL || code == OP_POISON)
        return 0;
    ir_op *slot = &f->table[hash_op(f->m, op) & (f->table_size - 1)];
    for (ir_op other = *slot; other; other = f->chain[other])
        if (same_op(f->m, other, op))
            return other;
    f->chain[op] = *slot;
    *slot = op;
    return 0;
}
