/* target.c - finding a target, and what follows from its limits (target.h). */
#include "backends/target.h"
#include "backends/processors.h"
#include "backends/target_library.h"
#include "ir/text.h"
#include "runtime/file.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const char *const target_kind_names[] = {"native", "cim", "annealer", "digital", NULL};
const char *const target_field_names[] = {"native", "ancilla", "none", NULL};

const target_format target_formats[] = {
    {"kaiwu-csv", true, false, true, "a QUBO matrix as comma-separated text, for QBoson's machines"},
    {"kaiwu-ising-csv", true, false, true, "an Ising matrix of 8-bit numbers as comma-separated text, fields on the last spin"},
    {"kaiwu-json", false, true, false, "QBoson's list of solutions"},
    {"bqpjson", true, true, false, "spins or binary variables with scale, offset and solutions, in JSON"},
    {"bqm-json", true, false, false, "dimod's binary quadratic model in JSON"},
    {"coo", true, false, false, "dimod's list of coefficients"},
    {"qubo", true, false, false, "qbsolv's list of coefficients"},
    {"rudy", true, false, false, "a weighted graph whose largest cut is sought"},
    {"biqmac", true, false, false, "Biq Mac's list of coefficients, minimised"},
    {"mqlib", true, false, false, "MQLib's list of coefficients, maximised"},
    {"mtx", true, false, false, "a QUBO matrix in the Matrix Market's format"},
    {"hitachi-json", true, false, false, "places on a king's graph and their coefficients, in JSON"},
    {"fujitsu-json", true, false, false, "a binary polynomial in JSON"},
    {"dwave-qp", true, false, false, "a chip's fields and couplings, in base64"},
    {0},
};

const target_format *target_format_find(const char *name)
{
    for (const target_format *f = target_formats; f->name; f++)
        if (!strcmp(f->name, name))
            return f;
    return NULL;
}

/* ---- the library ----------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && !strcmp(text + length - tail, end);
}

/* "targets/native.yaml" is native. */
static const char *library_name(arena *a, const target_file *file)
{
    const char *slash = strrchr(file->path, '/');
    const char *name = slash ? slash + 1 : file->path;
    return arena_copy(a, name, strlen(name) - strlen(".yaml"));
}

const char *target_library_name(arena *a, uint32_t position)
{
    for (const target_file *file = target_files; file->path; file++, position--)
        if (!position)
            return library_name(a, file);
    return NULL;
}

static const target *find_in_library(diagnostics *d, const char *name)
{
    for (const target_file *file = target_files; file->path; file++)
        if (!strcmp(library_name(d->arena, file), name))
            return target_parse(d, diagnostics_add_file(d, file->path, file->text, file->length));
    return NULL;
}

/* ---- processors ------------------------------------------------------------------------------ */

const processor *processor_find(const char *name)
{
    for (const processor *p = processors; p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

/* What follows the dash of `native-<cpu>`; NULL for other names. */
static const char *processor_of(const char *name)
{
    static const char native[] = "native-";
    size_t length = strlen(native);
    return !strncmp(name, native, length) && name[length] ? name + length : NULL;
}

/* `native-<cpu>` is the target native for that processor. */
static const target *find_processor(diagnostics *d, const char *name)
{
    const char *cpu = processor_of(name);
    const target *base = cpu && processor_find(cpu) ? find_in_library(d, "native") : NULL;
    if (!base)
        return NULL;
    target *t = ARENA_NEW(d->arena, target);
    *t = *base;
    t->name = arena_copy(d->arena, name, strlen(name));
    t->processor = processor_of(t->name);
    return t;
}

static void report_unknown_processor(diagnostics *d, const char *cpu)
{
    ARENA_LIST(const char *) names = {0};
    for (const processor *p = processors; p->name; p++)
        ARENA_PUSH(d->arena, &names, p->name);
    diagnostic *e = diagnostics_error(d, (ir_span){0}, "unknown processor '%s'", cpu);
    const char *nearest = diagnostics_nearest(d->arena, cpu, names.at, names.count);
    if (nearest)
        diagnostic_hint(d, e, "did you mean 'native-%s'?", nearest);
    diagnostic_hint(d, e, "`isg targets native` lists the processors");
}

static const target *read_file(diagnostics *d, const isg_io *io, const char *path)
{
    isg_error error;
    char *bytes;
    size_t length;
    const isg_allocator *allocator = d->arena->allocator;
    if (file_read(allocator, io, path, TARGET_MAX_BYTES, &bytes, &length, &error)) {
        if (error.status == ISG_NO_MEMORY)
            longjmp(*d->arena->on_no_memory, 1);
        diagnostics_error(d, (ir_span){0}, "%s", error.message);
        return NULL;
    }
    /* the bytes are not the arena's, and a jump would lose them */
    jmp_buf here, *outer = d->arena->on_no_memory;
    const char *volatile text = NULL;
    d->arena->on_no_memory = &here;
    if (!setjmp(here))
        text = arena_copy(d->arena, bytes, length);
    d->arena->on_no_memory = outer;
    file_free(allocator, bytes, length);
    if (!text)
        longjmp(*outer, 1);
    return target_parse(d, diagnostics_add_file(d, arena_copy(d->arena, path, strlen(path)), text, length));
}

static void report_unknown(diagnostics *d, const char *name)
{
    ARENA_LIST(const char *) names = {0};
    const char *each;
    if (processor_of(name)) {
        report_unknown_processor(d, processor_of(name));
        return;
    }
    while ((each = target_library_name(d->arena, names.count)))
        ARENA_PUSH(d->arena, &names, each);
    diagnostic *e = diagnostics_error(d, (ir_span){0}, "unknown target '%s'", name);
    const char *nearest = diagnostics_nearest(d->arena, name, names.at, names.count);
    if (nearest)
        diagnostic_hint(d, e, "did you mean '%s'?", nearest);
    diagnostic_hint(d, e, "`isg targets` lists the library's; a file of your own ends in .yaml");
}

const target *target_find(diagnostics *d, const isg_io *io, const char *name)
{
    if (ends_with(name, ".yaml"))
        return read_file(d, io ? io : isg_default_io(), name);
    const target *t = find_in_library(d, name);
    if (!t)
        t = find_processor(d, name);
    if (!t)
        report_unknown(d, name);
    return t;
}

/* ---- limits ---------------------------------------------------------------------------------- */

int64_t target_variables(const target *t, bool with_fields)
{
    if (t->spins == INT64_MAX)
        return INT64_MAX;
    return t->spins - (with_fields && t->fields == TARGET_FIELDS_ANCILLA);
}

uint64_t target_levels(const target_values *v)
{
    return v->bits ? (uint64_t)(v->max - v->min) + 1 : 0;
}

/* ---- topologies ------------------------------------------------------------------------------ */

/* Chimera: K. Boothby et al., "Next-Generation Topology of D-Wave Quantum Processors", arXiv:2003.00133, section 2;
 * Pegasus: the same, section 3 (its largest component, which is what machines use); Zephyr: K. Boothby, A. D. King,
 * J. Raymond, "Zephyr Topology of D-Wave Quantum Processors", D-Wave 14-1056A-A (2021). The counts of couplings were
 * checked against graphs built from these definitions. */
int64_t topology_spins(target_topology t)
{
    int64_t m = t.size, rows = t.rows, columns = t.columns;
    switch (t.kind) {
    case TOPOLOGY_CHIMERA:
        return 8 * m * m;
    case TOPOLOGY_PEGASUS:
        return 8 * (m - 1) * (3 * m - 1);
    case TOPOLOGY_ZEPHYR:
        return 16 * m * (2 * m + 1);
    case TOPOLOGY_KING:
        return rows * columns;
    case TOPOLOGY_COMPLETE:
        break;
    }
    return INT64_MAX;
}

int64_t topology_couplings(target_topology t)
{
    int64_t m = t.size, rows = t.rows, columns = t.columns;
    switch (t.kind) {
    case TOPOLOGY_CHIMERA:
        return 24 * m * m - 8 * m;
    case TOPOLOGY_PEGASUS:
        return 180 * m * m - 360 * m + 164;
    case TOPOLOGY_ZEPHYR:
        return 320 * m * m - 16 * m - 24;
    case TOPOLOGY_KING: /* along rows, along columns, along both diagonals */
        return rows * (columns - 1) + columns * (rows - 1) + 2 * (rows - 1) * (columns - 1);
    case TOPOLOGY_COMPLETE:
        break;
    }
    return INT64_MAX;
}

int64_t topology_complete_graph(target_topology t, int64_t *longest_chain)
{
    int64_t m = t.size;
    *longest_chain = m + 1;
    switch (t.kind) {
    case TOPOLOGY_CHIMERA:
        return 4 * m;
    case TOPOLOGY_PEGASUS:
        return 12 * (m - 1);
    case TOPOLOGY_ZEPHYR:
        return 16 * m - 8;
    case TOPOLOGY_KING:
    case TOPOLOGY_COMPLETE:
        break;
    }
    *longest_chain = 0;
    return 0;
}

/* ---- as text --------------------------------------------------------------------------------- */

const char *target_topology_text(arena *a, target_topology t)
{
    static const char *const names[] = {"complete", "chimera", "pegasus", "zephyr", "king"};
    if (t.kind == TOPOLOGY_COMPLETE)
        return names[t.kind];
    if (t.kind == TOPOLOGY_KING)
        return arena_format(a, "king(%" PRId32 ", %" PRId32 ")", t.rows, t.columns);
    return arena_format(a, "%s(%" PRId32 ")", names[t.kind], t.size);
}

const char *target_range_text(arena *a, const target_values *v)
{
    char low[32], high[32];
    text_format_number(low, v->min);
    text_format_number(high, v->max);
    if (isinf(v->min) && isinf(v->max))
        return "any";
    if (isinf(v->min))
        return arena_format(a, "up to %s", high);
    return isinf(v->max) ? arena_format(a, "from %s", low) : arena_format(a, "%s..%s", low, high);
}

const char *target_values_text(arena *a, const target_values *v)
{
    if (v->bits > 16)
        return arena_format(a, "%" PRId32 " bits", v->bits);
    if (v->bits)
        return arena_format(a, "%" PRId32 " bits, %s", v->bits, target_range_text(a, v));
    return isinf(v->min) && isinf(v->max) ? "float32" : target_range_text(a, v);
}
