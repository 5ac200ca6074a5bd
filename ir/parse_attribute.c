/* parse_attribute.c - the attributes of operations read back (ir/README.md): options, signatures, spins, terms, parts.
 */
#include "ir/parser.h"

/* ---- options and signatures ---- */

uint32_t parser_options(parser *p, const char *end, const ir_option **out)
{
    ARENA_LIST(ir_option) list = {0};
    while (!p->failed && !parser_at(p, end)) {
        if (list.count)
            parser_expect(p, ",");
        ir_option option = {.span = p->token.span, .name = parser_name(p, "the name of an option")};
        parser_expect(p, "=");
        option.value = parser_expr(p);
        parser_loc(p, &option.span);
        ARENA_PUSH(p->arena, &list, option);
    }
    parser_expect(p, end);
    *out = list.at;
    return list.count;
}

static uint32_t parse_signature(parser *p, const ir_parameter **out)
{
    ARENA_LIST(ir_parameter) list = {0};
    parser_expect(p, "(");
    while (!p->failed && !parser_at(p, ")")) {
        if (list.count)
            parser_expect(p, ",");
        ir_parameter parameter = {.span = p->token.span, .name = parser_name(p, "the name of a parameter")};
        parser_expect(p, ":");
        parameter.type = parser_type(p);
        parser_loc(p, &parameter.span);
        ARENA_PUSH(p->arena, &list, parameter);
    }
    parser_expect(p, ")");
    *out = list.at;
    return list.count;
}

/* ---- spins ---- */

static int32_t parse_values_of_spin(parser *p)
{
    parser_expect(p, "{");
    bool negative = parser_accept(p, "-");
    int64_t low = parser_integer(p, 1, "0 or -1");
    parser_expect(p, ",");
    int64_t high = parser_integer(p, 1, "1");
    if (!p->failed && (low != negative || high != 1))
        parser_error(p, p->token.span, "spins take values in {0, 1} or {-1, 1}");
    parser_expect(p, "}");
    return negative ? -1 : 0;
}

/* The arrays stay known to the parser, for the terms behind them. */
static uint32_t parse_spins(parser *p)
{
    ARENA_LIST(ir_spins) list = {0};
    parser_expect(p, "{");
    while (!p->failed && !parser_at(p, "}")) {
        if (list.count)
            parser_expect(p, ",");
        uint32_t outer = p->scope.count;
        ir_spins spins = {.span = p->token.span, .name = parser_name(p, "the name of a spin array")};
        parser_expect(p, "[");
        spins.index_count = parser_indices(p, ISG_MAX_RANK, &spins.indices);
        parser_expect(p, "]");
        p->scope.count = outer;
        parser_expect(p, "in");
        spins.lowest = parse_values_of_spin(p);
        parser_loc(p, &spins.span);
        ARENA_PUSH(p->arena, &list, spins);
    }
    parser_expect(p, "}");
    p->arrays = list.at;
    p->array_count = list.count;
    return list.count;
}

/* ---- terms ---- */

static void parse_spin_ref(parser *p, ir_spin_ref *spin)
{
    ir_name name = p->token.name;
    while (spin->array < p->array_count && p->arrays[spin->array].name != name)
        spin->array++;
    if (p->token.kind != TOKEN_NAME || spin->array == p->array_count) {
        parser_expected(p, "a spin array of this operation");
        return;
    }
    parser_advance(p);
    parser_expect(p, "[");
    spin->subscript_count = parser_exprs(p, "]", ISG_MAX_RANK, &spin->subscripts);
}

/* Moves past the subscripts, which can be read only when the indices behind them are known. */
static void skip_spin_ref(parser *p)
{
    uint32_t open = 0;
    parser_advance(p);
    do {
        open += parser_at(p, "[") || parser_at(p, "(");
        open -= open && (parser_at(p, "]") || parser_at(p, ")"));
        parser_advance(p);
    } while (open && p->token.kind != TOKEN_END);
}

static void reread_spin_refs(parser *p, ir_term *term, size_t at, token first)
{
    const size_t resume_at = p->at;
    const token resume = p->token;
    const uint32_t resume_end = p->previous_end;
    if (p->failed)
        return;
    p->at = at;
    p->token = first;
    for (uint32_t s = 0; s < term->spin_count; s++)
        parse_spin_ref(p, &term->spins[s]);
    if (p->failed)
        return;
    p->at = resume_at;
    p->token = resume;
    p->previous_end = resume_end;
}

static ir_term parse_term(parser *p)
{
    ir_term term = {.span = p->token.span};
    uint32_t outer = p->scope.count;
    if (parser_accept(p, "quad"))
        term.spin_count = 2;
    else if (parser_accept(p, "lin"))
        term.spin_count = 1;
    else
        parser_expect(p, "offset");
    const size_t at = p->at;
    const token first = p->token;
    for (uint32_t s = 0; s < term.spin_count; s++)
        skip_spin_ref(p);
    if (parser_accept(p, "over")) {
        parser_expect(p, "[");
        term.index_count = parser_indices(p, TEXT_MAX_INDICES, &term.indices);
        parser_expect(p, "]");
    }
    reread_spin_refs(p, &term, at, first);
    if (parser_accept(p, "where"))
        term.condition = parser_expr(p);
    parser_expect(p, "coeff");
    term.coefficient = parser_expr(p);
    term.span = parser_span_from(p, term.span.begin);
    if (parser_loc(p, &term.span))
        parser_sites(p);
    p->scope.count = outer;
    return term;
}

static uint32_t parse_terms(parser *p, const ir_term **out)
{
    ARENA_LIST(ir_term) list = {0};
    parser_expect(p, "{");
    while (!p->failed && !parser_at(p, "}")) {
        const ir_term term = parse_term(p);
        ARENA_PUSH(p->arena, &list, term);
    }
    parser_expect(p, "}");
    *out = list.at;
    return list.count;
}

/* ---- parts ---- */

/* Bounds are given by the verifier, which knows the extents. */
static ir_box parse_box(parser *p)
{
    ir_box box = {0};
    while (box.array < p->array_count && p->arrays[box.array].name != p->token.name)
        box.array++;
    if (p->token.kind != TOKEN_NAME || box.array == p->array_count) {
        parser_expected(p, "a spin array of this operation");
        return box;
    }
    parser_advance(p);
    parser_expect(p, "[");
    while (!p->failed && !parser_at(p, "]")) {
        if (box.rank)
            parser_expect(p, ",");
        if (box.rank == ISG_MAX_RANK) {
            parser_error(p, p->token.span, "a spin array has at most %d axes", ISG_MAX_RANK);
            return box;
        }
        box.begin[box.rank] = parser_integer(p, IR_MAX_ELEMENTS, "the first of a range");
        parser_expect(p, ":");
        box.end[box.rank++] = parser_integer(p, IR_MAX_ELEMENTS, "the end of a range");
    }
    parser_expect(p, "]");
    return box;
}

static uint32_t parse_parts(parser *p, const ir_part **out)
{
    ARENA_LIST(ir_part) list = {0};
    parser_expect(p, "{");
    while (!p->failed && !parser_at(p, "}")) {
        ARENA_LIST(ir_box) boxes = {0};
        ir_part part = {0};
        parser_expect(p, "round");
        part.round = (uint32_t)parser_integer(p, IR_MAX_ELEMENTS, "a round");
        while (!p->failed && !parser_at(p, "severs")) {
            const ir_box box = parse_box(p);
            ARENA_PUSH(p->arena, &boxes, box);
        }
        parser_expect(p, "severs");
        part.severed = parser_integer(p, INT64_MAX, "a number of couplings");
        part.boxes = boxes.at;
        part.box_count = boxes.count;
        ARENA_PUSH(p->arena, &list, part);
    }
    parser_expect(p, "}");
    *out = list.at;
    return list.count;
}

/* ---- all of them ---- */

static int64_t parse_signed(parser *p)
{
    bool negative = parser_accept(p, "-");
    int64_t number = parser_integer(p, IR_MAX_ELEMENTS, "a number");
    return negative ? -number : number;
}

void parser_attribute(parser *p, ir_attribute_kind kind, ir_attribute *a)
{
    a->present = true;
    switch (kind) {
    case ATTR_EXPR:
        a->expr = parser_expr(p);
        break;
    case ATTR_NAME:
        a->name = parser_name(p, "a name");
        break;
    case ATTR_PATH:
        a->name = p->token.name;
        if (p->token.kind != TOKEN_PATH)
            parser_expected(p, "a path like @a.b.c");
        parser_advance(p);
        break;
    case ATTR_INDICES: {
        const ir_index *indices = NULL;
        parser_expect(p, "[");
        a->count = parser_indices(p, ISG_MAX_RANK, &indices);
        a->list = indices;
        parser_expect(p, "]");
        break;
    }
    case ATTR_OPTIONS: {
        const ir_option *options = NULL;
        parser_expect(p, "{");
        a->count = parser_options(p, "}", &options);
        a->list = options;
        break;
    }
    case ATTR_SIGNATURE: {
        const ir_parameter *parameters = NULL;
        a->count = parse_signature(p, &parameters);
        a->list = parameters;
        break;
    }
    case ATTR_DOMAIN:
    case ATTR_COUNT:
        a->number = parse_signed(p);
        break;
    case ATTR_SPINS:
        a->count = parse_spins(p);
        a->list = p->arrays;
        break;
    case ATTR_PARTS: {
        const ir_part *parts = NULL;
        a->count = parse_parts(p, &parts);
        a->list = parts;
        break;
    }
    case ATTR_TERMS: {
        const ir_term *terms = NULL;
        a->count = parse_terms(p, &terms);
        a->list = terms;
        break;
    }
    }
}
