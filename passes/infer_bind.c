/* infer_bind.c - matches the arguments of a call with the signature and binds its shape names (infer.h). */
#include "passes/infer.h"

/* A shape name while a call is matched. */
typedef struct binding {
    ir_name name;
    int64_t size;
    uint32_t argument; /* the first that uses it */
} binding;

typedef struct matcher {
    infer *in;
    ir_op_data bind;
    const ir_parameter *signature;
    ARENA_LIST(binding) bindings; /* in order of first appearance */
} matcher;

static const char *elem_text(ir_elem elem)
{
    return elem == IR_I32 ? "i32" : elem == IR_F64 ? "f64" : elem == IR_SPIN ? "spin" : "f32";
}

static const char *declared_text(const matcher *c, const ir_type *type)
{
    arena *a = c->in->m->arena;
    const char *text = "";
    for (int32_t i = 0; i < type->rank; i++) {
        const char *separator = i ? ", " : "";
        text = type->dim[i] < 0 ? arena_format(a, "%s%s%s", text, separator, ir_text(c->in->m, IR_DIM_NAME(type->dim[i])))
                                : arena_format(a, "%s%s%lld", text, separator, (long long)type->dim[i]);
    }
    return type->rank ? arena_format(a, "%s[%s]", elem_text(type->elem), text) : elem_text(type->elem);
}

/* Where the argument is written: as the call says, or where its value is computed when that is inside the call. */
static ir_span argument_span(const matcher *c, uint32_t argument)
{
    if (c->bind.operand_spans)
        return c->bind.operand_spans[argument];
    ir_span span = ir_value_get(c->in->m, c->bind.operands[argument])->span, call = c->bind.span;
    return span.file == call.file && span.begin >= call.begin && span.end <= call.end ? span : call;
}

static const char *parameter_name(const matcher *c, uint32_t argument)
{
    return ir_text(c->in->m, c->signature[argument].name);
}

static const char *callee_name(const matcher *c)
{
    return ir_text(c->in->m, c->bind.attributes[0].name);
}

static bool mismatch(matcher *c, uint32_t argument, ir_type type)
{
    infer *in = c->in;
    const char *given = type.rank ? arena_format(in->m->arena, "%s%s", elem_text(type.elem), shape_text(in, type.dim, type.rank))
                                  : elem_text(type.elem);
    diagnostic *d =
        infer_error(in, argument_span(c, argument), "argument '%s' of '%s' is %s, but %s is declared",
                    parameter_name(c, argument), callee_name(c), given, declared_text(c, &c->signature[argument].type));
    if (c->signature[argument].span.file)
        diagnostic_note_at(in->m->diagnostics, d, c->signature[argument].span, "declared here");
    return false;
}

static bool conflict(matcher *c, const binding *first, uint32_t argument, int64_t size)
{
    infer *in = c->in;
    const char *name = ir_text(in->m, first->name);
    if (first->argument == argument) {
        infer_error(in, argument_span(c, argument), "'%s' is both %lld and %lld in argument '%s' of '%s'", name,
                    (long long)first->size, (long long)size, parameter_name(c, argument), callee_name(c));
        return false;
    }
    diagnostic *d = infer_error(
        in, argument_span(c, argument), "'%s' is %lld in argument '%s' of '%s', but %lld in argument '%s'", name, (long long)size,
        parameter_name(c, argument), callee_name(c), (long long)first->size, parameter_name(c, first->argument));
    diagnostic_note_at(in->m->diagnostics, d, argument_span(c, first->argument), "'%s' is bound to %lld by this argument", name,
                       (long long)first->size);
    return false;
}

static bool match_name(matcher *c, ir_name name, uint32_t argument, int64_t size)
{
    for (uint32_t i = 0; i < c->bindings.count; i++)
        if (c->bindings.at[i].name == name)
            return c->bindings.at[i].size == size || conflict(c, &c->bindings.at[i], argument, size);
    ARENA_PUSH(c->in->m->arena, &c->bindings, ((binding){name, size, argument}));
    return true;
}

static bool match_argument(matcher *c, uint32_t argument)
{
    const ir_type *declared = &c->signature[argument].type;
    ir_type given = type_of(c->in, c->bind.operands[argument]);
    if (declared->elem == IR_GROUP || declared->elem == IR_POISON || given.elem == IR_POISON)
        return true;
    if (given.elem == IR_GROUP) {
        infer_error(c->in, argument_span(c, argument), "argument '%s' of '%s' is a group of parameters, but %s is declared",
                    parameter_name(c, argument), callee_name(c), declared_text(c, declared));
        return false;
    }
    if (declared->rank != given.rank || (declared->elem == IR_I32 && given.elem != IR_I32))
        return mismatch(c, argument, given);
    for (int32_t i = 0; i < declared->rank; i++)
        if (declared->dim[i] >= 0 && declared->dim[i] != given.dim[i])
            return mismatch(c, argument, given);
    bool fine = true;
    for (int32_t i = 0; i < declared->rank; i++)
        if (declared->dim[i] < 0)
            fine &= match_name(c, IR_DIM_NAME(declared->dim[i]), argument, given.dim[i]);
    return fine;
}

bool infer_bind(infer *in, ir_op op)
{
    matcher c = {.in = in, .bind = *ir_op_get(in->m, op)};
    c.signature = c.bind.attributes[1].list;
    bool fine = true, poison = false;
    for (uint32_t i = 0; i < c.bind.operand_count && i < c.bind.attributes[1].count; i++) {
        fine &= match_argument(&c, i);
        poison |= type_of(in, c.bind.operands[i]).elem == IR_POISON;
    }
    for (uint32_t i = 0; i < c.bind.result_count; i++) {
        ir_value v = c.bind.results[i];
        /* With an argument of unknown shape, names can be missing and positions shift. */
        bool known = fine && !poison && i < c.bindings.count;
        ir_value_get(in->m, v)->type.elem = known ? IR_I32 : IR_POISON;
        in->numbers[v] = known ? (known_number){true, (double)c.bindings.at[i].size} : (known_number){0};
    }
    return fine;
}
