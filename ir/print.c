/* print.c - a module as text (ir/README.md). What it writes, parse.c reads back without loss, except
 * that names which several values share get suffixes. */
#include "ir/printer.h"

#include <stdlib.h>
#include <string.h>

/* ---- unique names ---- */

typedef struct taken_name {
    const char *name;
    unsigned next_suffix;
} taken_name;

typedef struct taken_names {
    arena *arena;
    taken_name *at; /* open addressing */
    uint32_t count, size;
} taken_names;

static taken_name *taken_slot(const taken_names *t, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    for (uint32_t at = hash & (t->size - 1);; at = (at + 1) & (t->size - 1))
        if (!t->at[at].name || !strcmp(t->at[at].name, name))
            return &t->at[at];
}

static void grow_taken(taken_names *t)
{
    taken_names bigger = {t->arena, NULL, t->count, t->size ? t->size * 2 : 64};
    bigger.at = ARENA_ARRAY(t->arena, taken_name, bigger.size);
    for (uint32_t i = 0; i < t->size; i++)
        if (t->at[i].name)
            *taken_slot(&bigger, t->at[i].name) = t->at[i];
    *t = bigger;
}

/* `base`, or base.1, base.2, ...: the first that was not taken, and takes it. */
static const char *take_name(taken_names *t, const char *base)
{
    if (t->count * 2 >= t->size)
        grow_taken(t);
    taken_name *slot = taken_slot(t, base);
    if (!slot->name) {
        *slot = (taken_name){base, 1};
        t->count++;
        return base;
    }
    for (;;) {
        const char *name = arena_format(t->arena, "%s.%u", base, slot->next_suffix++);
        taken_name *other = taken_slot(t, name);
        if (other->name)
            continue;
        *other = (taken_name){name, 1};
        t->count++;
        return name;
    }
}

typedef struct naming {
    printer *printer;
    taken_names taken;
    unsigned next_number;
} naming;

static void name_value(naming *n, ir_value v, ir_name hint)
{
    printer *p = n->printer;
    if (!v || v >= p->module->values.count)
        return;
    const char *base = ir_text(p->module, hint);
    p->value_names[v] = text_is_name(base) ? take_name(&n->taken, base) : arena_format(p->arena, "%u", n->next_number++);
}

static void name_values(printer *p, const ir_function *f)
{
    naming n = {p, {.arena = p->arena}, 0};
    for (uint32_t i = 0; i < f->parameters.count; i++)
        name_value(&n, f->parameters.at[i].value, f->parameters.at[i].name);
    for (uint32_t i = 0; i < f->ops.count; i++) {
        const ir_op_data *op = ir_op_get(p->module, f->ops.at[i]);
        for (uint32_t r = 0; r < op->result_count; r++)
            name_value(&n, op->results[r], ir_value_get(p->module, op->results[r])->name);
    }
}

/* ---- places ---- */

static bool is_plain_file_name(const char *path)
{
    for (const char *c = path; *c; c++)
        if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || strchr("_./-", *c)))
            return false;
    return *path != '\0';
}

static void print_span(printer *p, ir_span span)
{
    const source_file *file = &p->module->diagnostics->files.at[span.file - 1];
    printer_write(p, "(");
    if (is_plain_file_name(file->path))
        printer_write(p, file->path);
    else
        printer_quoted(p, file->path);
    printer_format(p, ":%u-%u)", span.begin, span.end);
}

static bool has_place(const printer *p, ir_span span)
{
    return p->locations && span.file && span.file <= p->module->diagnostics->files.count;
}

static void print_loc(printer *p, ir_span span)
{
    printer_write(p, " loc");
    print_span(p, span);
}

static void print_sites(printer *p, uint32_t site)
{
    for (; site && site < p->module->sites.count; site = p->module->sites.at[site].parent) {
        const ir_site *s = &p->module->sites.at[site];
        if (!has_place(p, s->call))
            break;
        printer_write(p, " from ");
        printer_path(p, ir_text(p->module, s->callee));
        print_span(p, s->call);
    }
}

static void print_place(printer *p, ir_span span)
{
    if (has_place(p, span))
        print_loc(p, span);
}

static bool same_span(ir_span a, ir_span b)
{
    return a.file == b.file && a.begin == b.begin && a.end == b.end;
}

/* Of an operation; its results follow where one of them is named elsewhere. */
static void print_op_place(printer *p, const ir_op_data *op)
{
    bool elsewhere = false, known = true;
    if (!has_place(p, op->span))
        return;
    print_loc(p, op->span);
    for (uint32_t i = 0; i < op->result_count; i++) {
        ir_span span = ir_value_get(p->module, op->results[i])->span;
        elsewhere |= !same_span(span, op->span);
        known &= has_place(p, span);
    }
    for (uint32_t i = 0; i < op->result_count && elsewhere && known; i++) {
        printer_write(p, i ? ", " : " as ");
        print_span(p, ir_value_get(p->module, op->results[i])->span);
    }
    print_sites(p, op->site);
}

/* ---- types and attributes ---- */

static void print_type(printer *p, ir_type t)
{
    printer_write(p, text_elems[t.elem]);
    for (int32_t i = 0; i < t.rank; i++) {
        printer_write(p, i ? ", " : "[");
        if (t.dim[i] < 0)
            printer_name(p, ir_text(p->module, IR_DIM_NAME(t.dim[i])));
        else
            printer_format(p, "%lld", (long long)t.dim[i]);
    }
    printer_write(p, t.rank ? "]" : "");
}

static void print_options(printer *p, const ir_option *options, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printer_write(p, i ? ", " : "");
        printer_name(p, ir_text(p->module, options[i].name));
        printer_write(p, " = ");
        printer_expr(p, options[i].value);
        print_place(p, options[i].span);
    }
}

static void print_signature(printer *p, const ir_parameter *parameters, uint32_t count)
{
    printer_write(p, "(");
    for (uint32_t i = 0; i < count; i++) {
        printer_write(p, i ? ", " : "");
        printer_name(p, ir_text(p->module, parameters[i].name));
        printer_write(p, ": ");
        print_type(p, parameters[i].type);
        print_place(p, parameters[i].span);
    }
    printer_write(p, ")");
}

static void print_spins(printer *p, const ir_spins *spins, uint32_t count)
{
    taken_names taken = {.arena = p->arena};
    const char **names = ARENA_ARRAY(p->arena, const char *, count);
    p->array_names = names;
    p->array_count = count;
    take_name(&taken, "severs"); /* ends the arrays of a part */
    printer_write(p, "{");
    for (uint32_t i = 0; i < count; i++) {
        const char *base = ir_text(p->module, spins[i].name);
        uint32_t outer = p->scope.count;
        names[i] = take_name(&taken, text_is_name(base) ? base : "s");
        printer_format(p, "%s%s[", i ? ", " : "", names[i]);
        printer_indices(p, spins[i].indices, spins[i].index_count);
        printer_format(p, "] in %s", spins[i].lowest ? "{-1, 1}" : "{0, 1}");
        print_place(p, spins[i].span);
        p->scope.count = outer;
    }
    printer_write(p, "}");
}

static void print_spin_ref(printer *p, const ir_spin_ref *spin)
{
    printer_format(p, " %s[", spin->array < p->array_count ? p->array_names[spin->array] : "?");
    printer_list(p, spin->subscripts, spin->subscript_count);
    printer_write(p, "]");
}

static void print_term(printer *p, const ir_term *term)
{
    static const char *const kinds[] = {"offset", "lin ", "quad"};
    uint32_t outer = p->scope.count;
    const uint32_t start = p->text.count;
    /* Subscripts stand before the binder they belong to: enter its scope, and print it afterwards. */
    printer_indices(p, term->indices, term->index_count);
    const char *over = arena_copy(p->arena, p->text.at + start, p->text.count - start);
    p->text.count = start;
    printer_format(p, "\n    %s", kinds[term->spin_count]);
    for (uint32_t s = 0; s < term->spin_count; s++)
        print_spin_ref(p, &term->spins[s]);
    if (term->index_count)
        printer_format(p, " over [%s]", over);
    if (term->condition) {
        printer_write(p, " where ");
        printer_expr(p, term->condition);
    }
    printer_write(p, " coeff ");
    printer_expr(p, term->coefficient);
    print_place(p, term->span);
    p->scope.count = outer;
}

static void print_terms(printer *p, const ir_term *terms, uint32_t count)
{
    printer_write(p, "{");
    for (uint32_t i = 0; i < count; i++)
        print_term(p, &terms[i]);
    printer_write(p, "\n  }");
}

static void print_parts(printer *p, const ir_part *parts, uint32_t count)
{
    printer_write(p, "{");
    for (uint32_t i = 0; i < count; i++) {
        printer_format(p, "\n    round %u", (unsigned)parts[i].round);
        for (uint32_t b = 0; b < parts[i].box_count; b++) {
            const ir_box *box = &parts[i].boxes[b];
            printer_format(p, " %s[", box->array < p->array_count ? p->array_names[box->array] : "?");
            for (uint32_t k = 0; k < box->rank; k++)
                printer_format(p, "%s%lld:%lld", k ? ", " : "", (long long)box->begin[k], (long long)box->end[k]);
            printer_write(p, "]");
        }
        printer_format(p, " severs %lld", (long long)parts[i].severed);
    }
    printer_write(p, "\n  }");
}

static void print_attribute(printer *p, ir_attribute_kind kind, const ir_attribute *a)
{
    switch (kind) {
    case ATTR_EXPR:
        printer_expr(p, a->expr);
        break;
    case ATTR_NAME:
        printer_name(p, ir_text(p->module, a->name));
        break;
    case ATTR_PATH:
        printer_path(p, ir_text(p->module, a->name));
        break;
    case ATTR_INDICES:
        printer_write(p, "[");
        printer_indices(p, a->list, a->count);
        printer_write(p, "]");
        break;
    case ATTR_OPTIONS:
        printer_write(p, "{");
        print_options(p, a->list, a->count);
        printer_write(p, "}");
        break;
    case ATTR_SIGNATURE:
        print_signature(p, a->list, a->count);
        break;
    case ATTR_DOMAIN:
    case ATTR_COUNT:
        printer_format(p, "%lld", (long long)a->number);
        break;
    case ATTR_SPINS:
        print_spins(p, a->list, a->count); /* names the arrays for the terms, which stand after them */
        break;
    case ATTR_PARTS:
        print_parts(p, a->list, a->count);
        break;
    case ATTR_TERMS:
        print_terms(p, a->list, a->count);
        break;
    }
}

/* ---- operations, functions, the module ---- */

static void print_result_types(printer *p, const ir_op_data *op)
{
    bool known = false;
    for (uint32_t i = 0; i < op->result_count; i++)
        known |= ir_value_get(p->module, op->results[i])->type.elem != IR_UNKNOWN;
    for (uint32_t i = 0; known && i < op->result_count; i++) {
        printer_write(p, i ? ", " : " : ");
        print_type(p, ir_value_get(p->module, op->results[i])->type);
    }
}

static void print_op(printer *p, const ir_op_data *op)
{
    const ir_op_row *row = &ir_op_rows[op->code];
    printer_write(p, "  ");
    for (uint32_t i = 0; i < op->result_count; i++) {
        printer_write(p, i ? ", " : "");
        printer_value(p, op->results[i]);
    }
    printer_format(p, "%s%s", op->result_count ? " = " : "", row->text);
    for (uint32_t i = 0; i < op->operand_count; i++) {
        printer_write(p, i ? ", " : " ");
        if (op->operands[i])
            printer_value(p, op->operands[i]);
        else
            printer_write(p, "_");
    }
    for (int i = 0; i < IR_MAX_ATTRIBUTES && row->attributes[i].key; i++) {
        if (!op->attributes[i].present)
            continue;
        printer_format(p, " %s ", row->attributes[i].key);
        print_attribute(p, row->attributes[i].kind, &op->attributes[i]);
    }
    p->scope.count = p->array_count = 0;
    print_result_types(p, op);
    print_op_place(p, op);
    printer_write(p, "\n");
}

static void print_parameters(printer *p, const ir_function *f)
{
    printer_write(p, "(");
    for (uint32_t i = 0; i < f->parameters.count; i++) {
        printer_write(p, i ? ", " : "");
        printer_value(p, f->parameters.at[i].value);
        printer_write(p, ": ");
        print_type(p, f->parameters.at[i].type);
        print_place(p, f->parameters.at[i].span);
    }
    if (f->options.count) {
        printer_write(p, "; ");
        print_options(p, f->options.at, f->options.count);
    }
    printer_write(p, ")");
}

static void print_results(printer *p, const ir_function *f)
{
    printer_write(p, "  return");
    for (uint32_t i = 0; i < f->results.count; i++) {
        printer_write(p, i ? ", " : " ");
        if (f->results.at[i].name) {
            printer_name(p, ir_text(p->module, f->results.at[i].name));
            printer_write(p, " = ");
        }
        printer_value(p, f->results.at[i].value);
        print_place(p, f->results.at[i].span);
    }
    printer_write(p, "\n");
}

static void print_function(printer *p, const ir_function *f)
{
    name_values(p, f);
    printer_format(p, "\n%s ", text_function_kinds[f->kind]);
    printer_path(p, ir_text(p->module, f->name));
    print_parameters(p, f);
    print_place(p, f->span);
    printer_write(p, " {\n");
    for (uint32_t i = 0; i < f->ops.count; i++) {
        const ir_op_data op = *ir_op_get(p->module, f->ops.at[i]);
        print_op(p, &op);
    }
    print_results(p, f);
    printer_write(p, "}\n");
}

const char *ir_print(const ir_module *m, bool locations)
{
    printer p = {.module = m, .arena = m->arena, .locations = locations};
    p.value_names = ARENA_ARRAY(m->arena, const char *, m->values.count);
    printer_format(&p, "isinglass 1\nstage %s\n", text_stages[m->stage]);
    if (m->weights_known)
        printer_write(&p, "weights known\n");
    if (locations)
        printer_write(&p, "locations known\n");
    for (uint32_t i = 0; i < m->weights.count; i++) {
        printer_write(&p, "param ");
        printer_path(&p, ir_text(m, m->weights.at[i].path));
        printer_write(&p, " : ");
        print_type(&p, m->weights.at[i].type);
        print_place(&p, m->weights.at[i].span);
        printer_write(&p, "\n");
    }
    for (uint32_t i = 0; i < m->functions.count; i++)
        print_function(&p, m->functions.at[i]);
    return printer_finish(&p);
}
