/* target_parse.c - from a YAML tree to a target: the keys, their ranges, and what must fit together. Goes on after a fault,
 * so that one run reports every independent one. */
#include "backends/target_read.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MAX_NAME = 64,
    MAX_SOURCES = 64,
    MAX_BITS = 64,
    MAX_SIZE = 4096, /* of chimera(m), pegasus(m), zephyr(m) */
    MAX_SIDE = 32768 /* of king(rows, columns) */
};
#define MAX_SPINS INT64_C(2147483647)
#define MAX_COUNT INT64_C(1000000000000000)
#define MAX_WHOLE 9007199254740991.0 /* 2^53 - 1: up to here a double is one whole number and no other */

/* ---- name and source ------------------------------------------------------------------------- */

static void read_name(target_reading *r, const target_node *node)
{
    const char *name = target_read_text(r, node, "name");
    if (!name)
        return;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (strspn(name, allowed) != node->length || strspn(name, "-_.") || node->length > MAX_NAME)
        diagnostics_error(r->diagnostics, node->span,
                          "`name` is 1 to %d letters, digits, '-', '_' and '.', a letter or digit first", MAX_NAME);
    r->target->name = name;
}

static void read_sources(target_reading *r, const target_node *node)
{
    bool list = node->kind == TARGET_NODE_LIST;
    uint32_t count = list ? node->entries.count : 1;
    if (!count || count > MAX_SOURCES) {
        diagnostics_error(r->diagnostics, node->span, "`source` is a text or a list of 1 to %d", MAX_SOURCES);
        return;
    }
    const char **sources = ARENA_ARRAY(r->arena, const char *, count);
    for (uint32_t i = 0; i < count; i++)
        sources[i] = target_read_text(r, list ? node->entries.at[i].value : node, "source");
    r->target->sources = sources;
    r->target->source_count = count;
}

/* ---- topology -------------------------------------------------------------------------------- */

typedef struct topology_row {
    const char *name;
    int arguments;
    int least, most; /* of each */
} topology_row;

static const topology_row topology_rows[] = {
    [TOPOLOGY_COMPLETE] = {"complete", 0, 0, 0},      [TOPOLOGY_CHIMERA] = {"chimera", 1, 1, MAX_SIZE},
    [TOPOLOGY_PEGASUS] = {"pegasus", 1, 2, MAX_SIZE}, [TOPOLOGY_ZEPHYR] = {"zephyr", 1, 1, MAX_SIZE},
    [TOPOLOGY_KING] = {"king", 2, 1, MAX_SIDE},
};
enum { TOPOLOGY_COUNT = sizeof topology_rows / sizeof *topology_rows };

static const char *topology_form(target_reading *r, const topology_row *row)
{
    static const char *const arguments[] = {"", "(m)", "(rows, columns)"};
    return arena_format(r->arena, "%s%s", row->name, arguments[row->arguments]);
}

/* "(a, b)" with blanks anywhere; how many numbers, or -1 when it has another form. Beyond 9 digits a number is -1. */
static int read_arguments(const char *text, int numbers[2])
{
    int count = 0;
    text += strspn(text, " ");
    if (!*text)
        return 0;
    if (*text++ != '(')
        return -1;
    do {
        text += strspn(text, " ");
        size_t digits = strspn(text, "0123456789");
        if (!digits || count == 2)
            return -1;
        int value = 0;
        for (size_t i = 0; i < digits && digits <= 9; i++)
            value = value * 10 + (text[i] - '0');
        numbers[count++] = digits <= 9 ? value : -1;
        text += digits;
        text += strspn(text, " ");
    } while (*text++ == ',');
    if (text[-1] != ')' || text[strspn(text, " ")])
        return -1;
    return count;
}

static bool check_arguments(target_reading *r, const target_node *node, const topology_row *row, const int numbers[2], int count)
{
    if (count != row->arguments) {
        diagnostics_error(r->diagnostics, node->span, "`topology` is written %s, not %s", topology_form(r, row),
                          target_read_shown(r, node));
        return false;
    }
    for (int i = 0; i < count; i++)
        if (numbers[i] < row->least || numbers[i] > row->most) {
            diagnostics_error(r->diagnostics, node->span, "the numbers of %s are from %d to %d", topology_form(r, row),
                              row->least, row->most);
            return false;
        }
    return true;
}

static bool read_topology(target_reading *r, const target_node *node, target_topology *out)
{
    const char *names[TOPOLOGY_COUNT + 1] = {0};
    for (int i = 0; i < TOPOLOGY_COUNT; i++)
        names[i] = topology_rows[i].name;
    const char *text = target_read_text(r, node, "topology");
    if (!text)
        return false;
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    target_node name = *node;
    name.text = arena_copy(r->arena, text, word);
    name.length = word;
    int kind = target_read_word(r, &name, "topology", names);
    int numbers[2] = {0};
    if (kind < 0 || !check_arguments(r, node, &topology_rows[kind], numbers, read_arguments(text + word, numbers)))
        return false;
    *out = (target_topology){.kind = (topology_kind)kind};
    if (kind == TOPOLOGY_KING) {
        out->rows = numbers[0];
        out->columns = numbers[1];
    } else {
        out->size = numbers[0];
    }
    return true;
}

/* ---- couplings and fields -------------------------------------------------------------------- */

enum { KEY_BITS, KEY_MIN, KEY_MAX, KEY_SUM_MIN, KEY_SUM_MAX, KEY_COUNT, VALUE_KEYS, FIELD_KEYS = KEY_SUM_MIN + 1 };
static const char *const value_keys[VALUE_KEYS] = {"bits", "min", "max", "sum_min", "sum_max", "count"};
static const char *const field_keys[FIELD_KEYS] = {"bits", "min", "max", "kind"};

static const target_values no_limits = {
    .min = -INFINITY, .max = INFINITY, .sum_min = -INFINITY, .sum_max = INFINITY, .count = INT64_MAX};

/* On a grid a bound is a whole number that doubles hold with all its neighbours. */
static bool read_bound(target_reading *r, const target_node *node, const char *key, bool grid, double *out)
{
    double number;
    if (!target_read_number(r, node, key, &number))
        return false;
    *out = number;
    if (!grid)
        return true;
    if (number != floor(number))
        diagnostics_error(r->diagnostics, node->span, "with `bits` the values are whole numbers, and `%s` is %s", key,
                          target_read_shown(r, node));
    else if (fabs(number) > MAX_WHOLE)
        diagnostics_error(r->diagnostics, node->span, "`%s` is beyond 2^53 - 1 = 9007199254740991, up to which doubles are exact",
                          key);
    else
        return true;
    return false;
}

/* min < 0 < max: a machine that has only one sign, or no 0, cannot hold a general problem. */
static bool check_range(target_reading *r, const target_node *min, const target_node *max, const char *min_key,
                        const char *max_key, double low, double high)
{
    if (min && max && low > high) {
        diagnostic *e = diagnostics_error(r->diagnostics, min->span, "`%s` is above `%s`", min_key, max_key);
        diagnostic_note_at(r->diagnostics, e, max->span, "`%s` is given here", max_key);
        return false;
    }
    bool low_fits = !min || low < 0, high_fits = !max || high > 0;
    if (!low_fits)
        diagnostics_error(r->diagnostics, min->span, "`%s` is below 0: problems have values of both signs", min_key);
    if (!high_fits)
        diagnostics_error(r->diagnostics, max->span, "`%s` is above 0: problems have values of both signs", max_key);
    return low_fits && high_fits;
}

/* What n bits hold, in two's complement, where min or max is not given. */
static void default_bounds(target_values *v, bool has_min, bool has_max)
{
    bool exact = v->bits <= 53;
    double half = exact ? ldexp(1, v->bits - 1) : MAX_WHOLE;
    if (!has_min)
        v->min = -half;
    if (!has_max)
        v->max = exact ? half - 1 : MAX_WHOLE;
}

/* Whether -2^(bits-1) .. 2^(bits-1)-1, or as many values elsewhere, hold min .. max. */
static void check_bits(target_reading *r, const target_values *v, const target_node *bits)
{
    double levels = v->max - v->min + 1;
    if (v->bits <= 54 && levels > ldexp(1, v->bits))
        diagnostics_error(r->diagnostics, bits->span, "%d bits hold %.0f values, and min to max are %.0f", v->bits,
                          ldexp(1, v->bits), levels);
}

static bool read_bits(target_reading *r, const target_node *node, target_values *v)
{
    int64_t bits;
    if (target_read_is(node, "1") && !node->quoted) {
        diagnostics_error(r->diagnostics, node->span, "`bits` is 2 or more: 1 bit cannot hold -1, 0 and 1");
        return false;
    }
    if (!target_read_whole(r, node, "bits", 2, MAX_BITS, &bits))
        return false;
    v->bits = (int32_t)bits;
    return true;
}

/* bits, min and max. */
static void read_range(target_reading *r, const target_node *const *given, target_values *v)
{
    const target_node *bits = given[KEY_BITS], *min = given[KEY_MIN], *max = given[KEY_MAX];
    bool right = true;
    if (bits)
        right = read_bits(r, bits, v);
    if (min)
        right &= read_bound(r, min, "min", v->bits != 0, &v->min);
    if (max)
        right &= read_bound(r, max, "max", v->bits != 0, &v->max);
    if (!right || !check_range(r, min, max, "min", "max", v->min, v->max) || !v->bits)
        return;
    default_bounds(v, min != NULL, max != NULL);
    check_bits(r, v, bits);
}

static void read_couplings(target_reading *r, const target_node *node)
{
    const target_node *given[VALUE_KEYS];
    target_values *v = &r->target->couplings;
    if (!target_read_map(r, node, "couplings", "bits, min, max, sum_min, sum_max, count"))
        return;
    target_read_keys(r, node, value_keys, VALUE_KEYS, given);
    v->limited = true;
    read_range(r, given, v);
    const target_node *low = given[KEY_SUM_MIN], *high = given[KEY_SUM_MAX];
    bool right = true;
    if (low)
        right &= read_bound(r, low, "sum_min", false, &v->sum_min);
    if (high)
        right &= read_bound(r, high, "sum_max", false, &v->sum_max);
    if (right)
        check_range(r, low, high, "sum_min", "sum_max", v->sum_min, v->sum_max);
    if (given[KEY_COUNT])
        target_read_whole(r, given[KEY_COUNT], "count", 1, MAX_COUNT, &v->count);
}

/* `ancilla`, or {bits: 8, min: -4, max: 4}, which are native fields. */
static void read_fields(target_reading *r, const target_node *node)
{
    const target_node *given[FIELD_KEYS], *kind_node = node;
    bool limited = node->kind == TARGET_NODE_MAP;
    if (limited) {
        if (!target_read_map(r, node, "fields", "kind, bits, min, max"))
            return;
        target_read_keys(r, node, field_keys, FIELD_KEYS, given);
        kind_node = given[FIELD_KEYS - 1];
        limited = given[KEY_BITS] || given[KEY_MIN] || given[KEY_MAX];
    }
    int kind = kind_node ? target_read_word(r, kind_node, "fields", target_field_names) : TARGET_FIELDS_NATIVE;
    if (kind < 0)
        return;
    r->target->fields = (target_fields)kind;
    if (limited && kind == TARGET_FIELDS_ANCILLA)
        diagnostics_error(r->diagnostics, kind_node->span, "fields through an ancilla are couplings, and have their limits");
    else if (limited && kind == TARGET_FIELDS_NONE)
        diagnostics_error(r->diagnostics, kind_node->span, "a machine without fields has no limits for them");
    else if (limited) {
        r->target->field_values.limited = true;
        read_range(r, given, &r->target->field_values);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static const char *read_format(target_reading *r, const target_node *node, const char *key, bool results)
{
    const char *names[READ_MAX_KEYS * 2] = {0};
    size_t count = 0;
    for (const target_format *f = target_formats; f->name; f++)
        if (results ? f->results : f->problems)
            names[count++] = f->name;
    int position = target_read_word(r, node, key, names);
    return position < 0 ? NULL : names[position];
}

/* Formats whose files are laid out along a machine's graph. */
static void check_format(target_reading *r, const target_node *node)
{
    const target *t = r->target;
    topology_kind k = t->topology.kind;
    if (!t->format)
        return;
    if (!strcmp(t->format, "hitachi-json") && k != TOPOLOGY_KING)
        diagnostics_error(r->diagnostics, node->span,
                          "hitachi-json states places on a king's graph: `topology` is king(rows, columns)");
    if (!strcmp(t->format, "dwave-qp") && (k == TOPOLOGY_COMPLETE || k == TOPOLOGY_KING))
        diagnostics_error(r->diagnostics, node->span,
                          "dwave-qp lists a chip's qubits: `topology` is chimera(m), pegasus(m) or zephyr(m)");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void read_spins(target_reading *r, const target_node *node)
{
    target *t = r->target;
    if (node->kind == TARGET_NODE_TEXT && !node->quoted && (target_read_is(node, "0") || target_read_is(node, "1"))) {
        diagnostics_error(r->diagnostics, node->span, "`spins` is 2 or more: %s",
                          target_read_is(node, "0") ? "a machine of 0 spins holds nothing"
                                                    : "1 spin has nothing to be coupled to");
        return;
    }
    target_read_whole(r, node, "spins", 2, MAX_SPINS, &t->spins);
}

/* A sparse topology is finite, so its target says how many spins work. */
static void check_spins(target_reading *r, const target_node *spins, const target_node *topology)
{
    const target *t = r->target;
    int64_t most = topology_spins(t->topology);
    if (t->topology.kind == TOPOLOGY_COMPLETE)
        return;
    const char *text = target_topology_text(r->arena, t->topology);
    if (!spins)
        diagnostics_error(r->diagnostics, topology->span, "`spins` is missing: %s has %" PRId64, text, most);
    else if (t->spins != INT64_MAX && t->spins > most)
        diagnostics_error(r->diagnostics, spins->span, "%s has %" PRId64 " spins, fewer than %" PRId64, text, most, t->spins);
}

static void read_run_seconds(target_reading *r, const target_node *node)
{
    double seconds;
    if (!target_read_number(r, node, "run_seconds", &seconds))
        return;
    if (seconds > 0)
        r->target->run_seconds = seconds;
    else
        diagnostics_error(r->diagnostics, node->span, "`run_seconds` is above 0; leave it out where it is not known");
}

enum { NAME, KIND, SPINS, TOPOLOGY, COUPLINGS, FIELDS, FORMAT, RESULTS, RUN_SECONDS, SOURCE, TARGET_KEYS };
static const char *const target_keys[TARGET_KEYS] = {"name",   "kind",   "spins",   "topology",    "couplings",
                                                     "fields", "format", "results", "run_seconds", "source"};

static void missing(target_reading *r, const char *key, const char *what)
{
    diagnostics_error(r->diagnostics, r->whole, "`%s` is missing: %s", key, what);
}

static void check_required(target_reading *r, const target_node *const *given)
{
    if (!given[NAME])
        missing(r, "name", "what `--target` and reports call the machine");
    if (!given[KIND])
        missing(r, "kind", "native, cim, annealer or digital");
    if (!given[TOPOLOGY])
        missing(r, "topology", "complete, chimera(m), pegasus(m), zephyr(m) or king(rows, columns)");
    if (!given[FORMAT])
        missing(r, "format", "what `isg emit` writes for the machine");
    if (!given[SOURCE])
        missing(r, "source", "where these numbers come from");
}

static void read_target(target_reading *r, const target_node *const *given)
{
    target *t = r->target;
    if (given[NAME])
        read_name(r, given[NAME]);
    if (given[KIND])
        t->kind = (target_kind)target_read_word(r, given[KIND], "kind", target_kind_names);
    if (given[SPINS])
        read_spins(r, given[SPINS]);
    bool shaped = given[TOPOLOGY] && read_topology(r, given[TOPOLOGY], &t->topology);
    if (shaped)
        check_spins(r, given[SPINS], given[TOPOLOGY]);
    if (given[COUPLINGS])
        read_couplings(r, given[COUPLINGS]);
    if (given[FIELDS])
        read_fields(r, given[FIELDS]);
    if (given[FORMAT])
        t->format = read_format(r, given[FORMAT], "format", false);
    if (shaped && given[FORMAT])
        check_format(r, given[FORMAT]);
    if (given[RESULTS])
        t->results = read_format(r, given[RESULTS], "results", true);
    if (given[RUN_SECONDS])
        read_run_seconds(r, given[RUN_SECONDS]);
    if (given[SOURCE])
        read_sources(r, given[SOURCE]);
}

const target *target_parse(diagnostics *d, uint32_t file)
{
    uint32_t before = d->error_count;
    if (d->files.at[file - 1].length > TARGET_MAX_BYTES) {
        diagnostics_error(d, (ir_span){file, 0, 0}, "this file is longer than %d bytes", TARGET_MAX_BYTES);
        return NULL;
    }
    const target_node *root = target_yaml_read(d, file);
    if (!root)
        return NULL;
    if (root->kind != TARGET_NODE_MAP) {
        diagnostics_error(d, root->span, "a target is `key: value` lines, and this is %s",
                          root->kind == TARGET_NODE_LIST ? "a list" : "a text");
        return NULL;
    }
    target_reading r = {d, d->arena, ARENA_NEW(d->arena, target), root->span};
    const target_node *given[TARGET_KEYS];
    *r.target = (target){.spins = INT64_MAX, .couplings = no_limits, .field_values = no_limits, .run_seconds = NAN};
    target_read_keys(&r, root, target_keys, TARGET_KEYS, given);
    check_required(&r, given);
    read_target(&r, given);
    return d->error_count == before ? r.target : NULL;
}
