/* target_yaml.c - see target_yaml.h. */
#include "backends/target_yaml.h"

#include <stdint.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 64 };

typedef struct reader {
    diagnostics *diagnostics;
    arena *arena;
    const source_file *file;
    uint32_t file_id;
    size_t mark;     /* bytes of a byte order mark in front, which libyaml would count as a column */
    uint32_t *bytes; /* where each character begins; the end after the last */
    size_t characters;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; libyaml's memory */
    target_node *open[MAX_DEPTH];
    uint32_t depth;
    target_node *key; /* of the innermost map, waiting for its value */
    target_node *root;
    bool no_memory, failed;
} reader;

/* ---- places ---------------------------------------------------------------------------------- */

/* libyaml counts characters, diagnostics bytes. */
static void find_characters(reader *r)
{
    r->bytes = ARENA_ARRAY(r->arena, uint32_t, r->file->length + 1);
    r->mark = r->file->length >= 3 && !memcmp(r->file->text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    for (size_t i = r->mark; i < r->file->length; i++)
        if (((unsigned char)r->file->text[i] & 0xC0) != 0x80)
            r->bytes[r->characters++] = (uint32_t)i;
    r->bytes[r->characters] = (uint32_t)r->file->length;
}

static uint32_t byte_of(const reader *r, size_t character)
{
    return r->bytes[character < r->characters ? character : r->characters];
}

static ir_span span_of(const reader *r, yaml_mark_t begin, yaml_mark_t end)
{
    return (ir_span){r->file_id, byte_of(r, begin.index), byte_of(r, end.index)};
}

static ir_span event_span(const reader *r)
{
    return span_of(r, r->event.start_mark, r->event.end_mark);
}

/* ---- faults ---------------------------------------------------------------------------------- */

#define FAIL(r, span, ...)                                                                                                       \
    do {                                                                                                                         \
        diagnostics_error((r)->diagnostics, span, __VA_ARGS__);                                                                  \
        (r)->failed = true;                                                                                                      \
    } while (0)

static void report_bytes(reader *r)
{
    size_t offset = r->mark + r->parser.problem_offset;
    uint32_t at = (uint32_t)(offset < r->file->length ? offset : r->file->length);
    FAIL(r, ((ir_span){r->file_id, at, at + (at < r->file->length)}), "not a text in UTF-8: %s",
         r->parser.problem ? r->parser.problem : "unreadable");
}

static void report_syntax(reader *r)
{
    const yaml_parser_t *p = &r->parser;
    ir_span span = span_of(r, p->problem_mark, p->problem_mark);
    diagnostic *e = diagnostics_error(r->diagnostics, span, "not valid YAML: %s", p->problem ? p->problem : "unreadable");
    if (p->context)
        diagnostic_note_at(r->diagnostics, e, span_of(r, p->context_mark, p->context_mark), "%s", p->context);
    if (span.begin < r->file->length && r->file->text[span.begin] == '\t')
        diagnostic_hint(r->diagnostics, e, "YAML indents with spaces, not with tabs");
    r->failed = true;
}

static bool next_event(reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    if (r->parser.error == YAML_MEMORY_ERROR)
        r->no_memory = true;
    else if (r->parser.error == YAML_READER_ERROR)
        report_bytes(r);
    else
        report_syntax(r);
    return false;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static target_node *new_node(reader *r, target_node_kind kind)
{
    target_node *node = ARENA_NEW(r->arena, target_node);
    node->kind = kind;
    node->span = event_span(r);
    return node;
}

static void attach(reader *r, target_node *node)
{
    if (!r->depth) {
        r->root = node;
        return;
    }
    target_node *parent = r->open[r->depth - 1];
    if (parent->kind == TARGET_NODE_MAP && !r->key) {
        if (node->kind != TARGET_NODE_TEXT)
            FAIL(r, node->span, "a key is a word, not a list or a map");
        r->key = node;
        return;
    }
    const target_entry entry = {r->key, node};
    ARENA_PUSH(r->arena, &parent->entries, entry);
    r->key = NULL;
}

static void open_node(reader *r, target_node_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        FAIL(r, event_span(r), "anchors are not taken: write the value where it is used");
    else if (tag)
        FAIL(r, event_span(r), "tags are not taken: write the plain value");
    else if (r->depth == MAX_DEPTH)
        FAIL(r, event_span(r), "nested deeper than %d levels", MAX_DEPTH);
    if (r->failed)
        return;
    target_node *node = new_node(r, kind);
    attach(r, node);
    if (kind != TARGET_NODE_TEXT) {
        r->open[r->depth++] = node;
        return;
    }
    node->length = r->event.data.scalar.length;
    node->text = arena_copy(r->arena, (const char *)r->event.data.scalar.value, node->length);
    node->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static void take_event(reader *r)
{
    yaml_event_t *e = &r->event;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        open_node(r, TARGET_NODE_TEXT, e->data.scalar.anchor, e->data.scalar.tag);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_node(r, TARGET_NODE_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        break;
    case YAML_MAPPING_START_EVENT:
        open_node(r, TARGET_NODE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        break;
    case YAML_ALIAS_EVENT:
        FAIL(r, event_span(r), "aliases are not taken: write the value where it is used");
        break;
    case YAML_DOCUMENT_START_EVENT:
        if (r->root)
            FAIL(r, event_span(r), "a second document: a file holds one target");
        break;
    default: /* the stream's and documents' ends */
        break;
    }
}

static void build(reader *r)
{
    do {
        if (!next_event(r))
            return;
        take_event(r);
    } while (!r->failed && r->event.type != YAML_STREAM_END_EVENT);
    if (!r->failed && !r->root)
        FAIL(r, ((ir_span){r->file_id, 0, 0}), "the file is empty");
}

/* False when the arena ran out of memory: libyaml's own has still to be released, so the jump ends here first. */
static bool build_caught(reader *r)
{
    jmp_buf here;
    r->arena->on_no_memory = &here;
    if (setjmp(here))
        return false;
    build(r);
    return true;
}

const target_node *target_yaml_read(diagnostics *d, uint32_t file)
{
    reader r = {.diagnostics = d, .arena = d->arena, .file = &d->files.at[file - 1], .file_id = file};
    jmp_buf *outer = d->arena->on_no_memory;
    find_characters(&r);
    if (!yaml_parser_initialize(&r.parser))
        longjmp(*outer, 1);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.file->text + r.mark, r.file->length - r.mark);
    bool caught = !build_caught(&r);
    d->arena->on_no_memory = outer;
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (caught || r.no_memory)
        longjmp(*outer, 1);
    return r.failed ? NULL : r.root;
}
