/* module.c - making and looking up the parts of a module (ir.h). */
#include "ir/ir.h"

#include <string.h>

const ir_op_row ir_op_rows[OP_COUNT] = {
    [OP_NONE] = {.text = "none"},
#define OP(code, text, min_operands, max_operands, results, stages, attributes, doc)                                             \
    [OP_##code] = {text, min_operands, max_operands, results, stages, attributes, doc},
#include "ir/ops.def"
#undef OP
};

/* Handle 0 means none, so each array begins with an empty item. */
ir_module *ir_module_new(arena *a, diagnostics *d)
{
    ir_module *m = ARENA_NEW(a, ir_module);
    m->arena = a;
    m->diagnostics = d;
    ARENA_PUSH(a, &m->values, (ir_value_data){0});
    ARENA_PUSH(a, &m->exprs, (ir_expr_data){.kind = EXPR_POISON});
    ARENA_PUSH(a, &m->indices, (ir_index_data){0});
    ARENA_PUSH(a, &m->ops, (ir_op_data){0});
    ARENA_PUSH(a, &m->sites, (ir_site){.parent = 0});
    ARENA_PUSH(a, &m->names, "");
    return m;
}

/* ---- names: a hash table of positions, FNV-1a ---- */

static uint32_t hash_text(const char *text, size_t length)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

static uint32_t *name_slot(const ir_module *m, const char *text, size_t length)
{
    uint32_t mask = m->name_table_size - 1;
    for (uint32_t at = hash_text(text, length) & mask;; at = (at + 1) & mask) {
        uint32_t name = m->name_table[at];
        if (!name || (strncmp(m->names.at[name], text, length) == 0 && !m->names.at[name][length]))
            return &m->name_table[at];
    }
}

static void grow_name_table(ir_module *m)
{
    m->name_table_size = m->name_table_size ? m->name_table_size * 2 : 256;
    m->name_table = ARENA_ARRAY(m->arena, uint32_t, m->name_table_size);
    for (uint32_t name = 1; name < m->names.count; name++)
        *name_slot(m, m->names.at[name], strlen(m->names.at[name])) = name;
}

ir_name ir_intern(ir_module *m, const char *text, size_t length)
{
    if (!length)
        return 0;
    if (m->names.count * 2 >= m->name_table_size)
        grow_name_table(m);
    uint32_t *slot = name_slot(m, text, length);
    if (!*slot) {
        const char *copy = arena_copy(m->arena, text, length);
        ARENA_PUSH(m->arena, &m->names, copy);
        *slot = m->names.count - 1;
    }
    return *slot;
}

ir_name ir_intern_text(ir_module *m, const char *text)
{
    return ir_intern(m, text, strlen(text));
}

const char *ir_text(const ir_module *m, ir_name name)
{
    return m->names.at[name];
}

/* ---- handles ---- */

ir_value_data *ir_value_get(const ir_module *m, ir_value v)
{
    return &m->values.at[v];
}

ir_expr_data *ir_expr_get(const ir_module *m, ir_expr e)
{
    return &m->exprs.at[e];
}

ir_index_data *ir_index_get(const ir_module *m, ir_index i)
{
    return &m->indices.at[i];
}

ir_op_data *ir_op_get(const ir_module *m, ir_op op)
{
    return &m->ops.at[op];
}

ir_value ir_value_new(ir_module *m, ir_type type, ir_name name, ir_span span)
{
    ARENA_PUSH(m->arena, &m->values, ((ir_value_data){.type = type, .name = name, .span = span}));
    return m->values.count - 1;
}

ir_index ir_index_new(ir_module *m, ir_name name, ir_expr extent, ir_span span)
{
    ARENA_PUSH(m->arena, &m->indices, ((ir_index_data){.name = name, .extent = extent, .span = span}));
    return m->indices.count - 1;
}

static void *copy_array(arena *a, const void *from, size_t count, size_t size)
{
    void *copy = arena_take(a, count, size);
    if (count)
        memcpy(copy, from, count * size);
    return copy;
}

ir_op ir_op_new(ir_module *m, ir_opcode code, const ir_value *operands, uint32_t operand_count, uint32_t result_count,
                ir_name name, ir_span span)
{
    ir_op op = m->ops.count;
    ir_value *results = ARENA_ARRAY(m->arena, ir_value, result_count);
    for (uint32_t i = 0; i < result_count; i++) {
        results[i] = ir_value_new(m, (ir_type){0}, name, span);
        m->values.at[results[i]].op = op;
    }
    ir_op_data data = {.code = code,
                       .operands = copy_array(m->arena, operands, operand_count, sizeof *operands),
                       .operand_count = operand_count,
                       .results = results,
                       .result_count = result_count,
                       .span = span};
    ARENA_PUSH(m->arena, &m->ops, data);
    return op;
}

ir_value ir_op_result(const ir_module *m, ir_op op, uint32_t position)
{
    return m->ops.at[op].results[position];
}

ir_attribute *ir_op_attribute(const ir_module *m, ir_op op, const char *key)
{
    ir_op_data *data = &m->ops.at[op];
    const ir_attribute_row *rows = ir_op_rows[data->code].attributes;
    for (int i = 0; i < IR_MAX_ATTRIBUTES && rows[i].key; i++)
        if (!strcmp(rows[i].key, key))
            return &data->attributes[i];
    return NULL;
}

/* ---- expressions ---- */

ir_expr ir_expr_new(ir_module *m, ir_expr_data data)
{
    data.args = copy_array(m->arena, data.args, data.arg_count, sizeof *data.args);
    data.indices = copy_array(m->arena, data.indices, data.index_count, sizeof *data.indices);
    ARENA_PUSH(m->arena, &m->exprs, data);
    return m->exprs.count - 1;
}

ir_expr ir_number(ir_module *m, double number, ir_span span)
{
    return ir_expr_new(m, (ir_expr_data){.kind = EXPR_NUMBER, .number = number, .span = span});
}

ir_expr ir_index_ref(ir_module *m, ir_index index, ir_span span)
{
    return ir_expr_new(m, (ir_expr_data){.kind = EXPR_INDEX, .index = index, .span = span});
}

ir_expr ir_element(ir_module *m, ir_value value, const ir_expr *subscripts, uint32_t count, ir_span span)
{
    return ir_expr_new(
        m, (ir_expr_data){.kind = EXPR_ELEMENT, .value = value, .args = subscripts, .arg_count = count, .span = span});
}

ir_expr ir_unary(ir_module *m, ir_expr_kind kind, ir_expr a, ir_span span)
{
    return ir_expr_new(m, (ir_expr_data){.kind = kind, .args = &a, .arg_count = 1, .span = span});
}

ir_expr ir_binary(ir_module *m, ir_expr_kind kind, ir_expr a, ir_expr b, ir_span span)
{
    ir_expr args[] = {a, b};
    return ir_expr_new(m, (ir_expr_data){.kind = kind, .args = args, .arg_count = 2, .span = span});
}

/* ---- types ---- */

ir_type ir_type_make(ir_elem elem, int32_t rank, const int64_t *dim)
{
    ir_type t = {.elem = elem, .rank = rank};
    for (int32_t i = 0; i < rank; i++)
        t.dim[i] = dim[i];
    return t;
}

bool ir_type_equal(ir_type a, ir_type b)
{
    if (a.elem != b.elem || a.rank != b.rank)
        return false;
    for (int32_t i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i])
            return false;
    return true;
}

int64_t ir_type_elements(ir_type t)
{
    if (t.elem == IR_UNKNOWN || t.elem == IR_POISON)
        return -1;
    int64_t n = 1;
    for (int32_t i = 0; i < t.rank; i++)
        if (t.dim[i] < 0)
            return -1;
    for (int32_t i = 0; i < t.rank; i++)
        if (t.dim[i] == 0)
            return 0;
    for (int32_t i = 0; i < t.rank; i++)
        if (__builtin_mul_overflow(n, t.dim[i], &n) || n > IR_MAX_ELEMENTS)
            return -1;
    return n;
}
