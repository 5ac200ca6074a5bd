/* target_parse.c - from a YAML tree to a target: the keys, their ranges, and what must fit together. Goes on after a fault,
 * so that one run reports every independent one. */
#include "backends/target.h"
#include "backends/target_yaml.h"
#include "ir/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    MAX_NAME = 64,
    MAX_SOURCES = 64,
    MAX_BITS = 64,
    MAX_SIZE = 4096,  /* of chimera(m), pegasus(m), zephyr(m) */
    MAX_SIDE = 32768, /* of king(rows, columns) */
    MAX_KEYS = 16,
    SHOWN = 60 /* bytes of a value that a message repeats */
};
#define MAX_SPINS INT64_C(2147483647)
#define MAX_COUNT (INT64_C(1) << 53)
#define MAX_WHOLE 9007199254740992.0 /* 2^53: up to here doubles hold every whole number */

typedef struct parse {
    diagnostics *diagnostics;
    arena *arena;
    target *target;
    ir_span whole; /* where what is missing is reported */
} parse;

/* ---- faults ---------------------------------------------------------------------------------- */

/* A value as messages repeat it. */
static const char *shown(parse *p, const target_node *node)
{
    if (node->kind == TARGET_NODE_LIST)
        return "a list";
    if (node->kind == TARGET_NODE_MAP)
        return "a map";
    if (!node->length && !node->quoted)
        return "nothing";
    size_t length = node->length < SHOWN ? node->length : SHOWN;
    while (length < node->length && length && ((unsigned char)node->text[length] & 0xC0) == 0x80)
        length--;
    return arena_format(p->arena, "'%.*s%s'", (int)length, node->text, length < node->length ? "..." : "");
}

static void hint_nearest(parse *p, diagnostic *e, const target_node *node, const char *const *names, size_t count)
{
    const char *nearest = node->text ? diagnostics_nearest(p->arena, node->text, names, count) : NULL;
    if (nearest) {
        diagnostic_hint(p->diagnostics, e, "did you mean `%s`?", nearest);
        return;
    }
    const char *all = names[0];
    for (size_t i = 1; i < count; i++)
        all = arena_format(p->arena, "%s, %s", all, names[i]);
    diagnostic_hint(p->diagnostics, e, "known: %s", all);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool is_text(const target_node *node, const char *text)
{
    return node->kind == TARGET_NODE_TEXT && node->length == strlen(text) && !memcmp(node->text, text, node->length);
}

static size_t key_position(const target_node *key, const char *const *names, size_t count)
{
    size_t i = 0;
    while (i < count && !is_text(key, names[i]))
        i++;
    return i;
}

/* The value of each name in the map, or NULL. Unknown and repeated keys are reported. */
static void take_keys(parse *p, const target_node *map, const char *const *names, size_t count, const target_node **values)
{
    const target_node *keys[MAX_KEYS] = {0};
    memset(values, 0, count * sizeof *values);
    for (uint32_t i = 0; i < map->entries.count; i++) {
        const target_node *key = map->entries.at[i].key;
        size_t position = key_position(key, names, count);
        if (position == count) {
            diagnostic *e = diagnostics_error(p->diagnostics, key->span, "unknown key %s", shown(p, key));
            hint_nearest(p, e, key, names, count);
        } else if (keys[position]) {
            diagnostic *e = diagnostics_error(p->diagnostics, key->span, "`%s` is given twice", names[position]);
            diagnostic_note_at(p->diagnostics, e, keys[position]->span, "first given here");
        } else {
            keys[position] = key;
            values[position] = map->entries.at[i].value;
        }
    }
}

static void missing(parse *p, const char *key, const char *what)
{
    diagnostics_error(p->diagnostics, p->whole, "`%s` is missing: %s", key, what);
}

/* ---- words and texts ------------------------------------------------------------------------- */

/* A text without control characters; line breaks, of a folded text, become spaces. NULL after reporting. */
static const char *read_text(parse *p, const target_node *node, const char *key)
{
    if (node->kind != TARGET_NODE_TEXT || !node->length) {
        diagnostics_error(p->diagnostics, node->span, "`%s` is a text, not %s", key, shown(p, node));
        return NULL;
    }
    char *text = arena_copy(p->arena, node->text, node->length);
    for (size_t i = 0; i < node->length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool c1 = c == 0xC2 && (unsigned char)text[i + 1] < 0xA0;
        if (c == '\n')
            text[i] = ' ';
        else if (c < ' ' || c == 0x7F || c1) {
            diagnostics_error(p->diagnostics, node->span, "`%s` holds a control character", key);
            return NULL;
        }
    }
    if (!text[strspn(text, " ")]) {
        diagnostics_error(p->diagnostics, node->span, "`%s` is blank", key);
        return NULL;
    }
    return text;
}

/* The position of a word in a NULL-ended list; -1 after reporting. */
static int read_word(parse *p, const target_node *node, const char *key, const char *const *names)
{
    size_t count = 0;
    while (names[count])
        count++;
    size_t position = key_position(node, names, count);
    if (position < count)
        return (int)position;
    diagnostic *e = diagnostics_error(p->diagnostics, node->span, "`%s` cannot be %s", key, shown(p, node));
    hint_nearest(p, e, node, names, count);
    return -1;
}

static void read_name(parse *p, const target_node *node)
{
    const char *name = read_text(p, node, "name");
    if (!name)
        return;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    if (strspn(name, allowed) != node->length || strspn(name, "-_.") || node->length > MAX_NAME)
        diagnostics_error(p->diagnostics, node->span,
                          "`name` is 1 to %d letters, digits, '-', '_' and '.', a letter or digit first", MAX_NAME);
    p->target->name = name;
}

static void read_sources(parse *p, const target_node *node)
{
    bool list = node->kind == TARGET_NODE_LIST;
    uint32_t count = list ? node->entries.count : 1;
    if (!count || count > MAX_SOURCES) {
        diagnostics_error(p->diagnostics, node->span, "`source` is a text or a list of 1 to %d", MAX_SOURCES);
        return;
    }
    const char **sources = ARENA_ARRAY(p->arena, const char *, count);
    for (uint32_t i = 0; i < count; i++)
        sources[i] = read_text(p, list ? node->entries.at[i].value : node, "source");
    p->target->sources = sources;
    p->target->source_count = count;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return length > 0;
}

/* -digits[.digits][e[sign]digits] without a leading zero, which YAML's versions read differently. */
static bool read_number(parse *p, const target_node *node, const char *key, double *out)
{
    const char *text = node->text;
    size_t length = node->length;
    if (node->kind != TARGET_NODE_TEXT || !length || node->quoted) {
        diagnostics_error(p->diagnostics, node->span, "`%s` is a number, not %s%s", key,
                          node->quoted ? "a quoted or block text: " : "", shown(p, node));
        return false;
    }
    bool negative = *text == '-', signed_text = negative || *text == '+';
    text += signed_text;
    length -= signed_text;
    if (length > 1 && *text == '0' && text[1] >= '0' && text[1] <= '9') {
        diagnostics_error(p->diagnostics, node->span, "`%s` begins with 0, which some read as octal", key);
        return false;
    }
    if (!text_read_number(text, length, out)) {
        bool too_large = length && *text >= '0' && *text <= '9' && strspn(text, "0123456789.eE+-") == length;
        diagnostic *e = diagnostics_error(p->diagnostics, node->span,
                                          too_large ? "`%s` is not a number that a double holds: %s" : "`%s` is a number, not %s",
                                          key, shown(p, node));
        if (node->length < 8 && (strcasestr(node->text, "inf") || strcasestr(node->text, "nan")))
            diagnostic_hint(p->diagnostics, e, "numbers are finite; leave `%s` out where there is no limit", key);
        return false;
    }
    *out = negative ? -*out : *out;
    return true;
}

static bool read_whole(parse *p, const target_node *node, const char *key, int64_t least, int64_t most, int64_t *out)
{
    double number;
    if (!read_number(p, node, key, &number))
        return false;
    bool negative = *node->text == '-', signed_text = negative || *node->text == '+';
    if (!all_digits(node->text + signed_text, node->length - signed_text)) {
        diagnostics_error(p->diagnostics, node->span, "`%s` is a whole number in digits, not %s", key, shown(p, node));
        return false;
    }
    /* least and most are exact as doubles, so rounding cannot carry a number across them */
    if (number < (double)least || number > (double)most) {
        diagnostics_error(p->diagnostics, node->span, "`%s` is from %" PRId64 " to %" PRId64 ", not %s", key, least, most,
                          shown(p, node));
        return false;
    }
    *out = (int64_t)number;
    return true;
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

static const char *topology_form(parse *p, const topology_row *row)
{
    static const char *const arguments[] = {"", "(m)", "(rows, columns)"};
    return arena_format(p->arena, "%s%s", row->name, arguments[row->arguments]);
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

static bool check_arguments(parse *p, const target_node *node, const topology_row *row, const int numbers[2], int count)
{
    if (count != row->arguments) {
        diagnostics_error(p->diagnostics, node->span, "`topology` is written %s, not %s", topology_form(p, row), shown(p, node));
        return false;
    }
    for (int i = 0; i < count; i++)
        if (numbers[i] < row->least || numbers[i] > row->most) {
            diagnostics_error(p->diagnostics, node->span, "the numbers of %s are from %d to %d", topology_form(p, row),
                              row->least, row->most);
            return false;
        }
    return true;
}

static bool read_topology(parse *p, const target_node *node, target_topology *out)
{
    const char *names[TOPOLOGY_COUNT + 1] = {0};
    for (int i = 0; i < TOPOLOGY_COUNT; i++)
        names[i] = topology_rows[i].name;
    const char *text = read_text(p, node, "topology");
    if (!text)
        return false;
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    target_node name = *node;
    name.text = arena_copy(p->arena, text, word);
    name.length = word;
    int kind = read_word(p, &name, "topology", names);
    int numbers[2] = {0};
    if (kind < 0 || !check_arguments(p, node, &topology_rows[kind], numbers, read_arguments(text + word, numbers)))
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
static bool read_bound(parse *p, const target_node *node, const char *key, bool grid, double *out)
{
    double number;
    if (!read_number(p, node, key, &number))
        return false;
    *out = number;
    if (!grid)
        return true;
    if (number != floor(number))
        diagnostics_error(p->diagnostics, node->span, "with `bits` the values are whole numbers, and `%s` is %s", key,
                          shown(p, node));
    else if (fabs(number) > MAX_WHOLE)
        diagnostics_error(p->diagnostics, node->span, "`%s` is beyond 2^53 = 9007199254740992, up to which doubles are exact",
                          key);
    else
        return true;
    return false;
}

/* min < 0 < max: a machine that has only one sign, or no 0, cannot hold a general problem. */
static bool check_range(parse *p, const target_node *min, const target_node *max, const char *min_key, const char *max_key,
                        double low, double high)
{
    if (min && max && low > high) {
        diagnostic *e = diagnostics_error(p->diagnostics, min->span, "`%s` is above `%s`", min_key, max_key);
        diagnostic_note_at(p->diagnostics, e, max->span, "`%s` is given here", max_key);
        return false;
    }
    bool low_fits = !min || low < 0, high_fits = !max || high > 0;
    if (!low_fits)
        diagnostics_error(p->diagnostics, min->span, "`%s` is below 0: problems have values of both signs", min_key);
    if (!high_fits)
        diagnostics_error(p->diagnostics, max->span, "`%s` is above 0: problems have values of both signs", max_key);
    return low_fits && high_fits;
}

/* What n bits hold, in two's complement, where min or max is not given. */
static void default_bounds(target_values *v, bool has_min, bool has_max)
{
    double half = v->bits <= 54 ? ldexp(1, v->bits - 1) : MAX_WHOLE;
    if (!has_min)
        v->min = -half;
    if (!has_max)
        v->max = v->bits <= 54 ? half - 1 : MAX_WHOLE;
}

/* Whether -2^(bits-1) .. 2^(bits-1)-1, or as many values elsewhere, hold min .. max. */
static void check_bits(parse *p, const target_values *v, const target_node *bits)
{
    double levels = v->max - v->min + 1;
    if (v->bits <= 54 && levels > ldexp(1, v->bits))
        diagnostics_error(p->diagnostics, bits->span, "%d bits hold %.0f values, and min to max are %.0f", v->bits,
                          ldexp(1, v->bits), levels);
}

static bool read_bits(parse *p, const target_node *node, target_values *v)
{
    int64_t bits;
    if (is_text(node, "1") && !node->quoted) {
        diagnostics_error(p->diagnostics, node->span, "`bits` is 2 or more: 1 bit cannot hold -1, 0 and 1");
        return false;
    }
    if (!read_whole(p, node, "bits", 2, MAX_BITS, &bits))
        return false;
    v->bits = (int32_t)bits;
    return true;
}

/* bits, min and max. */
static void read_range(parse *p, const target_node *const *given, target_values *v)
{
    const target_node *bits = given[KEY_BITS], *min = given[KEY_MIN], *max = given[KEY_MAX];
    bool right = true;
    if (bits)
        right = read_bits(p, bits, v);
    if (min)
        right &= read_bound(p, min, "min", v->bits != 0, &v->min);
    if (max)
        right &= read_bound(p, max, "max", v->bits != 0, &v->max);
    if (!right || !check_range(p, min, max, "min", "max", v->min, v->max) || !v->bits)
        return;
    default_bounds(v, min != NULL, max != NULL);
    check_bits(p, v, bits);
}

static bool expect_map(parse *p, const target_node *node, const char *key, const char *keys)
{
    if (node->kind == TARGET_NODE_MAP && node->entries.count)
        return true;
    diagnostics_error(p->diagnostics, node->span, "`%s` is a map with some of %s, not %s", key, keys,
                      node->kind == TARGET_NODE_MAP ? "an empty one" : shown(p, node));
    return false;
}

static void read_couplings(parse *p, const target_node *node)
{
    const target_node *given[VALUE_KEYS];
    target_values *v = &p->target->couplings;
    if (!expect_map(p, node, "couplings", "bits, min, max, sum_min, sum_max, count"))
        return;
    take_keys(p, node, value_keys, VALUE_KEYS, given);
    v->limited = true;
    read_range(p, given, v);
    const target_node *low = given[KEY_SUM_MIN], *high = given[KEY_SUM_MAX];
    bool right = true;
    if (low)
        right &= read_bound(p, low, "sum_min", false, &v->sum_min);
    if (high)
        right &= read_bound(p, high, "sum_max", false, &v->sum_max);
    if (right)
        check_range(p, low, high, "sum_min", "sum_max", v->sum_min, v->sum_max);
    if (given[KEY_COUNT])
        read_whole(p, given[KEY_COUNT], "count", 1, MAX_COUNT, &v->count);
}

/* `ancilla`, or {bits: 8, min: -4, max: 4}, which are native fields. */
static void read_fields(parse *p, const target_node *node)
{
    const target_node *given[FIELD_KEYS], *kind_node = node;
    bool limited = node->kind == TARGET_NODE_MAP;
    if (limited) {
        if (!expect_map(p, node, "fields", "kind, bits, min, max"))
            return;
        take_keys(p, node, field_keys, FIELD_KEYS, given);
        kind_node = given[FIELD_KEYS - 1];
        limited = given[KEY_BITS] || given[KEY_MIN] || given[KEY_MAX];
    }
    int kind = kind_node ? read_word(p, kind_node, "fields", target_field_names) : TARGET_FIELDS_NATIVE;
    if (kind < 0)
        return;
    p->target->fields = (target_fields)kind;
    if (limited && kind == TARGET_FIELDS_ANCILLA)
        diagnostics_error(p->diagnostics, kind_node->span, "fields through an ancilla are couplings, and have their limits");
    else if (limited && kind == TARGET_FIELDS_NONE)
        diagnostics_error(p->diagnostics, kind_node->span, "a machine without fields has no limits for them");
    else if (limited) {
        p->target->field_values.limited = true;
        read_range(p, given, &p->target->field_values);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static const char *read_format(parse *p, const target_node *node, const char *key, bool results)
{
    const char *names[MAX_KEYS * 2] = {0};
    size_t count = 0;
    for (const target_format *f = target_formats; f->name; f++)
        if (results ? f->results : f->problems)
            names[count++] = f->name;
    int position = read_word(p, node, key, names);
    return position < 0 ? NULL : names[position];
}

/* Formats whose files are laid out along a machine's graph. */
static void check_format(parse *p, const target_node *node)
{
    const target *t = p->target;
    topology_kind k = t->topology.kind;
    if (!t->format)
        return;
    if (!strcmp(t->format, "hitachi-json") && k != TOPOLOGY_KING)
        diagnostics_error(p->diagnostics, node->span,
                          "hitachi-json states places on a king's graph: `topology` is king(rows, columns)");
    if (!strcmp(t->format, "dwave-qp") && (k == TOPOLOGY_COMPLETE || k == TOPOLOGY_KING))
        diagnostics_error(p->diagnostics, node->span,
                          "dwave-qp lists a chip's qubits: `topology` is chimera(m), pegasus(m) or zephyr(m)");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void read_spins(parse *p, const target_node *node)
{
    target *t = p->target;
    if (node->kind == TARGET_NODE_TEXT && !node->quoted && (is_text(node, "0") || is_text(node, "1"))) {
        diagnostics_error(p->diagnostics, node->span, "`spins` is 2 or more: %s",
                          is_text(node, "0") ? "a machine of 0 spins holds nothing" : "1 spin has nothing to be coupled to");
        return;
    }
    read_whole(p, node, "spins", 2, MAX_SPINS, &t->spins);
}

/* A sparse topology is finite, so its target says how many spins work. */
static void check_spins(parse *p, const target_node *spins, const target_node *topology)
{
    const target *t = p->target;
    int64_t most = topology_spins(t->topology);
    if (t->topology.kind == TOPOLOGY_COMPLETE)
        return;
    const char *text = target_topology_text(p->arena, t->topology);
    if (!spins)
        diagnostics_error(p->diagnostics, topology->span, "`spins` is missing: %s has %" PRId64, text, most);
    else if (t->spins != INT64_MAX && t->spins > most)
        diagnostics_error(p->diagnostics, spins->span, "%s has %" PRId64 " spins, fewer than %" PRId64, text, most, t->spins);
}

static void read_run_seconds(parse *p, const target_node *node)
{
    double seconds;
    if (!read_number(p, node, "run_seconds", &seconds))
        return;
    if (seconds > 0)
        p->target->run_seconds = seconds;
    else
        diagnostics_error(p->diagnostics, node->span, "`run_seconds` is above 0; leave it out where it is not known");
}

enum { NAME, KIND, SPINS, TOPOLOGY, COUPLINGS, FIELDS, FORMAT, RESULTS, RUN_SECONDS, SOURCE, TARGET_KEYS };
static const char *const target_keys[TARGET_KEYS] = {"name",   "kind",   "spins",   "topology",    "couplings",
                                                     "fields", "format", "results", "run_seconds", "source"};

static void check_required(parse *p, const target_node *const *given)
{
    if (!given[NAME])
        missing(p, "name", "what `--target` and reports call the machine");
    if (!given[KIND])
        missing(p, "kind", "native, cim, annealer or digital");
    if (!given[TOPOLOGY])
        missing(p, "topology", "complete, chimera(m), pegasus(m), zephyr(m) or king(rows, columns)");
    if (!given[FORMAT])
        missing(p, "format", "what `isg emit` writes for the machine");
    if (!given[SOURCE])
        missing(p, "source", "where these numbers come from");
}

static void read_target(parse *p, const target_node *const *given)
{
    target *t = p->target;
    if (given[NAME])
        read_name(p, given[NAME]);
    if (given[KIND])
        t->kind = (target_kind)read_word(p, given[KIND], "kind", target_kind_names);
    if (given[SPINS])
        read_spins(p, given[SPINS]);
    bool shaped = given[TOPOLOGY] && read_topology(p, given[TOPOLOGY], &t->topology);
    if (shaped)
        check_spins(p, given[SPINS], given[TOPOLOGY]);
    if (given[COUPLINGS])
        read_couplings(p, given[COUPLINGS]);
    if (given[FIELDS])
        read_fields(p, given[FIELDS]);
    if (given[FORMAT])
        t->format = read_format(p, given[FORMAT], "format", false);
    if (shaped && given[FORMAT])
        check_format(p, given[FORMAT]);
    if (given[RESULTS])
        t->results = read_format(p, given[RESULTS], "results", true);
    if (given[RUN_SECONDS])
        read_run_seconds(p, given[RUN_SECONDS]);
    if (given[SOURCE])
        read_sources(p, given[SOURCE]);
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
    parse p = {d, d->arena, ARENA_NEW(d->arena, target), root->span};
    const target_node *given[TARGET_KEYS];
    *p.target = (target){.spins = INT64_MAX, .couplings = no_limits, .field_values = no_limits, .run_seconds = NAN};
    take_keys(&p, root, target_keys, TARGET_KEYS, given);
    check_required(&p, given);
    read_target(&p, given);
    return d->error_count == before ? p.target : NULL;
}
