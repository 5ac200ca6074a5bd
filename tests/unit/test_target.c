/* test_target.c - targets: the library's numbers, what follows from a record, every mistake in a YAML file with its place,
 * and lack of memory at every allocation. */
#include "backends/target.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define CHECK(condition)                                                                                                         \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                               \
            failures++;                                                                                                          \
        }                                                                                                                        \
    } while (0)

typedef struct session {
    arena arena;
    diagnostics diagnostics;
    jmp_buf no_memory;
} session;

static void open_session(session *s)
{
    arena_open(&s->arena, NULL, &s->no_memory);
    if (setjmp(s->no_memory)) {
        printf("out of memory\n");
        exit(1);
    }
    diagnostics_open(&s->diagnostics, &s->arena);
}

static const target *parse(session *s, const char *text)
{
    return target_parse(&s->diagnostics, diagnostics_add_file(&s->diagnostics, "t.yaml", text, strlen(text)));
}

/* ---- the library ----------------------------------------------------------------------------- */

typedef struct expected {
    const char *name;
    target_kind kind;
    int64_t spins, variables;
    const char *topology, *couplings, *fields, *format;
} expected;

#define ANY INT64_MAX
static const expected library[] = {
    {"dwave-2000q", TARGET_ANNEALER, 2048, 2048, "chimera(16)", "-1..1", "-2..2", "dwave-qp"},
    {"dwave-advantage", TARGET_ANNEALER, 5640, 5640, "pegasus(16)", "-2..1", "-4..4", "dwave-qp"},
    {"dwave-advantage2", TARGET_ANNEALER, 4800, 4800, "zephyr(12)", "-2..1", "-4..4", "dwave-qp"},
    {"fujitsu-da2", TARGET_DIGITAL, 8192, 8192, "complete", "64 bits", "64 bits", "fujitsu-json"},
    {"fujitsu-da4", TARGET_DIGITAL, 100000, 100000, "complete", "64 bits", "64 bits", "fujitsu-json"},
    {"hitachi-asic", TARGET_DIGITAL, 147456, 147456, "king(384, 384)", "4 bits, -7..7", "4 bits, -7..7", "hitachi-json"},
    {"hitachi-gpu", TARGET_DIGITAL, 262144, 262144, "king(512, 512)", "float32", "float32", "hitachi-json"},
    {"native", TARGET_NATIVE, ANY, ANY, "complete", "float32", "float32", "bqpjson"},
    {"ntt-cim-100k", TARGET_CIM, 100512, 100511, "complete", "float32", "float32", "kaiwu-ising-csv"},
    {"ntt-cim-2000", TARGET_CIM, 2000, 1999, "complete", "2 bits, -1..1", "float32", "kaiwu-ising-csv"},
    {"qboson-cim-1000", TARGET_CIM, 1000, 999, "complete", "8 bits, -128..127", "float32", "kaiwu-csv"},
    {"qboson-cim-550", TARGET_CIM, 550, 549, "complete", "8 bits, -128..127", "float32", "kaiwu-csv"},
    {"stanford-cim-100", TARGET_CIM, 100, 99, "complete", "2 bits, -1..1", "float32", "kaiwu-ising-csv"},
    {"toshiba-sqbm", TARGET_DIGITAL, 10000000, 10000000, "complete", "float32", "float32", "mtx"},
};
enum { LIBRARY = sizeof library / sizeof *library };

static void check_library_target(session *s, const expected *e)
{
    const target *t = target_find(&s->diagnostics, NULL, e->name);
    if (!t) {
        printf("%s: %s", e->name, diagnostics_draw(&s->diagnostics));
        failures++;
        return;
    }
    CHECK(!strcmp(t->name, e->name));
    CHECK(t->kind == e->kind);
    CHECK(t->spins == e->spins);
    CHECK(target_variables(t, true) == e->variables);
    CHECK(target_variables(t, false) == e->spins);
    CHECK((t->fields == TARGET_FIELDS_ANCILLA) == (t->kind == TARGET_CIM));
    CHECK(!strcmp(target_topology_text(&s->arena, t->topology), e->topology));
    CHECK(!strcmp(target_values_text(&s->arena, &t->couplings), e->couplings));
    CHECK(!strcmp(target_values_text(&s->arena, &t->field_values), e->fields));
    CHECK(!strcmp(t->format, e->format));
    CHECK(t->source_count > 0);
    CHECK(!t->processor);
    CHECK(isnan(t->run_seconds) || t->run_seconds > 0);
}

static void test_library(void)
{
    session s;
    open_session(&s);
    for (uint32_t i = 0; i < LIBRARY; i++) {
        check_library_target(&s, &library[i]);
        const char *name = target_library_name(&s.arena, i);
        CHECK(name && !strcmp(name, library[i].name));
    }
    CHECK(!target_library_name(&s.arena, LIBRARY));
    const target *t = target_find(&s.diagnostics, NULL, "dwave-advantage");
    CHECK(t && t->couplings.sum_min == -18 && t->couplings.sum_max == 15 && t->couplings.count == INT64_MAX);
    CHECK(t && t->run_seconds == 20e-6);
    t = target_find(&s.diagnostics, NULL, "toshiba-sqbm");
    CHECK(t && t->couplings.limited && t->couplings.count == 1000000000 && isinf(t->couplings.max));
    t = target_find(&s.diagnostics, NULL, "fujitsu-da4");
    CHECK(t && t->couplings.min == -4503599627370496.0 && t->field_values.max == 4503599627370496.0);
    t = target_find(&s.diagnostics, NULL, "qboson-cim-550");
    CHECK(t && target_levels(&t->couplings) == 256 && !strcmp(t->results, "kaiwu-json") && t->run_seconds == 0.015);
    t = target_find(&s.diagnostics, NULL, "native-znver4");
    CHECK(t && !strcmp(t->name, "native-znver4") && !strcmp(t->processor, "znver4") && t->kind == TARGET_NATIVE);
    CHECK(s.diagnostics.error_count == 0);
    arena_close(&s.arena);
}

static void test_unknown(void)
{
    static const char *const names[] = {"qboson-cim-55", "", "native-", "nativ", "/dev/null", "targets/native.yam"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        session s;
        open_session(&s);
        CHECK(!target_find(&s.diagnostics, NULL, names[i]));
        CHECK(s.diagnostics.error_count == 1);
        CHECK(strstr(diagnostics_draw(&s.diagnostics), "unknown target") != NULL);
        arena_close(&s.arena);
    }
}

/* ---- graphs ---------------------------------------------------------------------------------- */

/* Against formats published for the machines, and graphs built from the definitions. */
static void test_topologies(void)
{
    static const struct {
        target_topology topology;
        int64_t spins, couplings, complete, chain;
    } rows[] = {
        {{.kind = TOPOLOGY_CHIMERA, .size = 1}, 8, 16, 4, 2},
        {{.kind = TOPOLOGY_CHIMERA, .size = 16}, 2048, 6016, 64, 17},
        {{.kind = TOPOLOGY_PEGASUS, .size = 2}, 40, 164, 12, 3},
        {{.kind = TOPOLOGY_PEGASUS, .size = 6}, 680, 4484, 60, 7},
        {{.kind = TOPOLOGY_PEGASUS, .size = 16}, 5640, 40484, 180, 17},
        {{.kind = TOPOLOGY_ZEPHYR, .size = 1}, 48, 280, 8, 2},
        {{.kind = TOPOLOGY_ZEPHYR, .size = 2}, 160, 1224, 24, 3},
        {{.kind = TOPOLOGY_ZEPHYR, .size = 12}, 4800, 45864, 184, 13},
        {{.kind = TOPOLOGY_ZEPHYR, .size = 15}, 7440, 71736, 232, 16},
        {{.kind = TOPOLOGY_KING, .rows = 1, .columns = 5}, 5, 4, 0, 0},
        {{.kind = TOPOLOGY_KING, .rows = 3, .columns = 3}, 9, 20, 0, 0},
        {{.kind = TOPOLOGY_COMPLETE}, INT64_MAX, INT64_MAX, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t chain;
        CHECK(topology_spins(rows[i].topology) == rows[i].spins);
        CHECK(topology_couplings(rows[i].topology) == rows[i].couplings);
        CHECK(topology_complete_graph(rows[i].topology, &chain) == rows[i].complete);
        CHECK(chain == rows[i].chain);
    }
}

/* ---- what is accepted ------------------------------------------------------------------------ */

#define HEAD "name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: s\n" /* lines 1 to 5 */

static target accept(session *s, const char *text)
{
    const target *t = parse(s, text);
    if (t)
        return *t;
    printf("refused:\n%s%s", text, diagnostics_draw(&s->diagnostics));
    failures++;
    return (target){.name = "", .format = "", .run_seconds = NAN};
}

static void test_accepted(void)
{
    session s;
    open_session(&s);
    target t = accept(&s, HEAD);
    CHECK(t.spins == INT64_MAX && !t.couplings.limited && t.fields == TARGET_FIELDS_NATIVE && !t.results);
    CHECK(isnan(t.run_seconds) && t.source_count == 1 && !strcmp(t.sources[0], "s"));
    CHECK(isinf(t.couplings.min) && isinf(t.couplings.sum_max) && target_levels(&t.couplings) == 0);
    t = accept(&s, HEAD "spins: 2\nfields: ancilla\n");
    CHECK(t.spins == 2 && target_variables(&t, true) == 1);
    t = accept(&s, HEAD "couplings: {bits: 2}\n");
    CHECK(t.couplings.min == -2 && t.couplings.max == 1 && target_levels(&t.couplings) == 4);
    t = accept(&s, HEAD "couplings: {bits: 32}\nfields: {bits: 64}\n");
    CHECK(t.couplings.max == 2147483647.0 && t.field_values.max == 9007199254740991.0 && t.fields == TARGET_FIELDS_NATIVE);
    t = accept(&s, HEAD "couplings: {bits: 8, max: 7}\n");
    CHECK(t.couplings.min == -128 && t.couplings.max == 7 && target_levels(&t.couplings) == 136);
    t = accept(&s, HEAD "couplings:\n  min: -0.5\n  max: 1e3\n  sum_max: 2.5E+1\n");
    CHECK(t.couplings.min == -0.5 && t.couplings.max == 1000 && t.couplings.sum_max == 25 && isinf(t.couplings.sum_min));
    t = accept(&s, HEAD "fields: {kind: native, min: -4}\n");
    CHECK(t.field_values.limited && t.field_values.min == -4 && isinf(t.field_values.max));
    t = accept(&s, HEAD "fields: {kind: ancilla}\n");
    CHECK(t.fields == TARGET_FIELDS_ANCILLA && !t.field_values.limited);
    t = accept(&s, HEAD "fields: none\n");
    CHECK(t.fields == TARGET_FIELDS_NONE);
    t = accept(&s, "%YAML 1.1\n---\n{name: x.1, kind: digital, topology: 'king( 3 ,4 )', spins: +12, format: hitachi-json,\n"
                   " results: bqpjson, run_seconds: 2, source: [a, \"b c\"]}\n...\n");
    CHECK(t.topology.rows == 3 && t.topology.columns == 4 && t.source_count == 2 && t.run_seconds == 2);
    t = accept(&s, "\xEF\xBB\xBFname: t\r\nkind: cim\r\ntopology: complete\r\nformat: qubo\r\nsource: >\r\n  two\r\n  lines\r\n");
    CHECK(t.source_count == 1 && !strncmp(t.sources[0], "two lines", 9));
    CHECK(s.diagnostics.error_count == 0);
    arena_close(&s.arena);
}

/* ---- what is refused ------------------------------------------------------------------------- */

typedef struct mistake {
    const char *text;
    int line, column;
    const char *says;
} mistake;

#define X64 "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static const mistake mistakes[] = {
    /* the language */
    {"", 1, 1, "the file is empty"},
    {"# nothing\n", 1, 1, "the file is empty"},
    {"name: [a\n", 2, 1, "not valid YAML: did not find expected ',' or ']'"},
    {"name: a\n\tkind: cim\n", 2, 1, "not valid YAML"},
    {"name: 'a\n", 2, 1, "not valid YAML: found unexpected end of stream"},
    {"name: a\nkind\n", 3, 1, "not valid YAML: could not find expected ':'"},
    {"name: \xFF\n", 1, 7, "not a text in UTF-8"},
    {"name: a\x01\n", 1, 8, "not a text in UTF-8"},
    {"name: &a b\n", 1, 7, "anchors are not taken"},
    {"name: a\nkind: *a\n", 2, 7, "aliases are not taken"},
    {"name: !!str a\n", 1, 7, "tags are not taken"},
    {HEAD "couplings: !x {bits: 8}\n", 6, 12, "tags are not taken"},
    {HEAD "<<: {spins: 3}\n", 6, 1, "unknown key '<<'"},
    {"? [a, b]\n: c\n", 1, 3, "a key is a word"},
    {"a: " X64 "\n", 1, 67, "nested deeper than 64 levels"},
    {HEAD "---\nname: u\n", 6, 1, "a second document"},
    {HEAD "...\nname: u\n", 7, 1, "not valid YAML: did not find expected <document start>"},
    {"- name\n", 1, 1, "this is a list"},
    {"native\n", 1, 1, "this is a text"},
    /* keys */
    {HEAD "spinz: 5\n", 6, 1, "unknown key 'spinz'"},
    {HEAD "spinz: 5\n", 6, 0, "did you mean `spins`?"},
    {HEAD "zzzzzzzz: 5\n", 6, 0, "known: name, kind, spins, topology"},
    {HEAD "kind: cim\n", 6, 1, "`kind` is given twice"},
    {HEAD "kind: cim\n", 2, 1, "first given here"},
    {HEAD "couplings: {bits: 8, bits: 8}\n", 6, 22, "`bits` is given twice"},
    {HEAD "couplings: {bit: 8}\n", 6, 13, "unknown key 'bit'"},
    {HEAD "fields: {sum_min: -3}\n", 6, 10, "unknown key 'sum_min'"},
    {"kind: cim\ntopology: complete\nformat: qubo\nsource: s\n", 1, 1, "`name` is missing"},
    {"name: t\ntopology: complete\nformat: qubo\nsource: s\n", 1, 1, "`kind` is missing"},
    {"name: t\nkind: cim\nformat: qubo\nsource: s\n", 1, 1, "`topology` is missing"},
    {"name: t\nkind: cim\ntopology: complete\nsource: s\n", 1, 1, "`format` is missing"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\n", 1, 1, "`source` is missing"},
    /* words */
    {"name:\nkind: cim\ntopology: complete\nformat: qubo\nsource: s\n", 1, 6, "`name` is a text, not nothing"},
    {"name: a b\nkind: cim\ntopology: complete\nformat: qubo\nsource: s\n", 1, 7, "`name` is 1 to 64 letters"},
    {"name: ../x\nkind: cim\ntopology: complete\nformat: qubo\nsource: s\n", 1, 7, "`name` is 1 to 64 letters"},
    {"name: \"a\\0b\"\nkind: cim\ntopology: complete\nformat: qubo\nsource: s\n", 1, 7, "`name` holds a control character"},
    {"name: t\nkind: CIM\ntopology: complete\nformat: qubo\nsource: s\n", 2, 7, "`kind` cannot be 'CIM'"},
    {"name: t\nkind: [cim]\ntopology: complete\nformat: qubo\nsource: s\n", 2, 7, "`kind` cannot be a list"},
    {"name: t\nkind: cim\ntopology: complete\nformat: kaiwu-cvs\nsource: s\n", 4, 9, "`format` cannot be 'kaiwu-cvs'"},
    {"name: t\nkind: cim\ntopology: complete\nformat: kaiwu-json\nsource: s\n", 4, 9, "`format` cannot be 'kaiwu-json'"},
    {HEAD "results: kaiwu-csv\n", 6, 10, "`results` cannot be 'kaiwu-csv'"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: ''\n", 5, 9, "`source` is a text"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: ' '\n", 5, 9, "`source` is blank"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: []\n", 5, 9, "a list of 1 to 64"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: [a, {}]\n", 5, 13, "`source` is a text, not a map"},
    {"name: t\nkind: cim\ntopology: complete\nformat: qubo\nsource: \"\\e[31m\"\n", 5, 9, "a control character"},
    /* spins */
    {HEAD "spins: 0\n", 6, 8, "`spins` is 2 or more: a machine of 0 spins holds nothing"},
    {HEAD "spins: 1\n", 6, 8, "`spins` is 2 or more: 1 spin has nothing to be coupled to"},
    {HEAD "fields: ancilla\nspins: 1\n", 7, 8, "`spins` is 2 or more"},
    {HEAD "spins: -5\n", 6, 8, "`spins` is from 2 to 2147483647, not '-5'"},
    {HEAD "spins: 2147483648\n", 6, 8, "`spins` is from 2 to 2147483647"},
    {HEAD "spins: 99999999999999999999999999\n", 6, 8, "`spins` is from 2 to 2147483647"},
    {HEAD "spins: 1e3\n", 6, 8, "`spins` is a whole number in digits, not '1e3'"},
    {HEAD "spins: 5.5\n", 6, 8, "`spins` is a whole number"},
    {HEAD "spins: 0x10\n", 6, 8, "`spins` is a number, not '0x10'"},
    {HEAD "spins: 010\n", 6, 8, "`spins` begins with 0"},
    {HEAD "spins: '550'\n", 6, 8, "`spins` is a number, not a quoted or block text: '550'"},
    {HEAD "spins: many\n", 6, 8, "`spins` is a number, not 'many'"},
    {HEAD "spins:\n", 6, 7, "`spins` is a number, not nothing"},
    {HEAD "spins: [3]\n", 6, 8, "`spins` is a number, not a list"},
    {HEAD "spins: 1-2\n", 6, 8, "`spins` is a number, not '1-2'"},
    {HEAD "spins: --2\n", 6, 8, "`spins` is a number, not '--2'"},
    {HEAD "run_seconds: 1e\n", 6, 14, "`run_seconds` is a number, not '1e'"},
    {HEAD "run_seconds: .5\n", 6, 14, "`run_seconds` is a number, not '.5'"},
    /* topology */
    {"name: t\nkind: cim\ntopology: full\nformat: qubo\nsource: s\n", 3, 11, "`topology` cannot be 'full'"},
    {"name: t\nkind: cim\ntopology: pegasis(4)\nformat: qubo\nsource: s\n", 3, 0, "did you mean `pegasus`?"},
    {"name: t\nkind: cim\ntopology: pegasus\nformat: qubo\nsource: s\n", 3, 11,
     "`topology` is written pegasus(m), not 'pegasus'"},
    {"name: t\nkind: cim\ntopology: complete(3)\nformat: qubo\nsource: s\n", 3, 11, "`topology` is written complete, not"},
    {"name: t\nkind: cim\ntopology: king(3)\nformat: qubo\nsource: s\n", 3, 11, "`topology` is written king(rows, columns)"},
    {"name: t\nkind: cim\ntopology: king(3, 4, 5)\nformat: qubo\nsource: s\n", 3, 11,
     "`topology` is written king(rows, columns)"},
    {"name: t\nkind: cim\ntopology: zephyr(4) x\nformat: qubo\nsource: s\n", 3, 11, "`topology` is written zephyr(m)"},
    {"name: t\nkind: cim\ntopology: zephyr(-4)\nformat: qubo\nsource: s\n", 3, 11, "`topology` is written zephyr(m)"},
    {"name: t\nkind: cim\ntopology: zephyr(0)\nformat: qubo\nsource: s\n", 3, 11, "the numbers of zephyr(m) are from 1 to 4096"},
    {"name: t\nkind: cim\ntopology: pegasus(1)\nformat: qubo\nsource: s\n", 3, 11, "are from 2 to 4096"},
    {"name: t\nkind: cim\ntopology: chimera(99999999999)\nformat: qubo\nsource: s\n", 3, 11, "are from 1 to 4096"},
    {"name: t\nkind: cim\ntopology: pegasus(16)\nformat: qubo\nsource: s\n", 3, 11, "`spins` is missing: pegasus(16) has 5640"},
    {"name: t\nkind: cim\ntopology: king(2, 2)\nformat: qubo\nsource: s\nspins: 5\n", 6, 8,
     "king(2, 2) has 4 spins, fewer than 5"},
    {"name: t\nkind: cim\ntopology: complete\nformat: dwave-qp\nsource: s\n", 4, 9, "dwave-qp lists a chip's qubits"},
    {"name: t\nkind: cim\ntopology: zephyr(2)\nspins: 9\nformat: hitachi-json\nsource: s\n", 5, 9, "hitachi-json states places"},
    /* couplings */
    {HEAD "couplings: 8\n", 6, 12, "`couplings` is a map with some of bits, min, max, sum_min, sum_max, count, not '8'"},
    {HEAD "couplings: {}\n", 6, 12, "not an empty one"},
    {HEAD "couplings: [bits]\n", 6, 12, "not a list"},
    {HEAD "couplings: {bits: 1}\n", 6, 19, "`bits` is 2 or more: 1 bit cannot hold -1, 0 and 1"},
    {HEAD "couplings: {bits: 0}\n", 6, 19, "`bits` is from 2 to 64, not '0'"},
    {HEAD "couplings: {bits: 65}\n", 6, 19, "`bits` is from 2 to 64"},
    {HEAD "couplings: {bits: -8}\n", 6, 19, "`bits` is from 2 to 64"},
    {HEAD "couplings: {bits: eight}\n", 6, 19, "`bits` is a number, not 'eight'"},
    {HEAD "couplings: {min: 5, max: -5}\n", 6, 18, "`min` is above `max`"},
    {HEAD "couplings: {bits: 8, min: 127, max: -128}\n", 6, 27, "`min` is above `max`"},
    {HEAD "couplings: {min: 0, max: 5}\n", 6, 18, "`min` is below 0"},
    {HEAD "couplings: {min: -5, max: 0}\n", 6, 27, "`max` is above 0"},
    {HEAD "couplings: {min: 1}\n", 6, 18, "`min` is below 0"},
    {HEAD "couplings: {max: -1}\n", 6, 18, "`max` is above 0"},
    {HEAD "couplings: {bits: 8, min: -128.5}\n", 6, 27, "with `bits` the values are whole numbers, and `min` is '-128.5'"},
    {HEAD "couplings: {bits: 8, min: -128, max: 128}\n", 6, 19, "8 bits hold 256 values, and min to max are 257"},
    {HEAD "couplings: {bits: 8, min: -129}\n", 6, 19, "8 bits hold 256 values, and min to max are 257"},
    {HEAD "couplings: {bits: 64, max: 9007199254740993}\n", 6, 28, "beyond 2^53 - 1"},
    {HEAD "couplings: {max: .inf}\n", 6, 18, "`max` is a number, not '.inf'"},
    {HEAD "couplings: {max: .inf}\n", 6, 0, "leave `max` out where there is no limit"},
    {HEAD "couplings: {max: .NaN}\n", 6, 0, "numbers are finite"},
    {HEAD "couplings: {min: -inf}\n", 6, 18, "`min` is a number, not '-inf'"},
    {HEAD "couplings: {max: 1e999}\n", 6, 18, "`max` is too large or too long for a double: '1e999'"},
    {HEAD "couplings: {max: 1,5}\n", 6, 20, "unknown key '5'"},
    {HEAD "couplings: {max: 1_000}\n", 6, 18, "`max` is a number, not '1_000'"},
    {HEAD "couplings: {sum_min: 3, sum_max: 1}\n", 6, 22, "`sum_min` is above `sum_max`"},
    {HEAD "couplings: {sum_min: 3}\n", 6, 22, "`sum_min` is below 0"},
    {HEAD "couplings: {sum_max: x}\n", 6, 22, "`sum_max` is a number"},
    {HEAD "couplings: {count: 0}\n", 6, 20, "`count` is from 1 to 1000000000000000"},
    {HEAD "couplings: {count: 1e9}\n", 6, 20, "`count` is a whole number"},
    /* fields */
    {HEAD "fields: some\n", 6, 9, "`fields` cannot be 'some'"},
    {HEAD "fields: [native]\n", 6, 9, "`fields` cannot be a list"},
    {HEAD "fields: {}\n", 6, 9, "not an empty one"},
    {HEAD "fields: {kind: ancilla, bits: 8}\n", 6, 16, "fields through an ancilla are couplings"},
    {HEAD "fields: {kind: none, min: -1}\n", 6, 16, "a machine without fields"},
    {HEAD "fields: {min: 4, max: -4}\n", 6, 15, "`min` is above `max`"},
    {HEAD "fields: {bits: 1}\n", 6, 16, "`bits` is 2 or more"},
    /* time */
    {HEAD "run_seconds: 0\n", 6, 14, "`run_seconds` is above 0"},
    {HEAD "run_seconds: -1\n", 6, 14, "`run_seconds` is above 0"},
    {HEAD "run_seconds: 1e-999\n", 6, 14, "`run_seconds` is above 0"},
    {HEAD "run_seconds: fast\n", 6, 14, "`run_seconds` is a number"},
    {HEAD "run_seconds: 15 ms\n", 6, 14, "`run_seconds` is a number, not '15 ms'"},
};

/* The message stands on a line that begins with the place, or, with column 0, anywhere. */
static bool says(const char *drawn, const mistake *m)
{
    char place[64];
    snprintf(place, sizeof place, "t.yaml:%d:%d: ", m->line, m->column);
    for (const char *line = drawn; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t length = strcspn(line, "\n");
        const char *found = strstr(line, m->says);
        bool here = !m->column || !strncmp(line, place, strlen(place));
        if (here && found && found < line + length + !length)
            return true;
    }
    return false;
}

static void test_mistakes(void)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        session s;
        open_session(&s);
        const target *t = parse(&s, mistakes[i].text);
        const char *drawn = diagnostics_draw(&s.diagnostics);
        if (t || !s.diagnostics.error_count || !says(drawn, &mistakes[i])) {
            printf("%s\nwanted %d:%d: %s\nsaid %s\n", mistakes[i].text, mistakes[i].line, mistakes[i].column, mistakes[i].says,
                   drawn);
            failures++;
        }
        arena_close(&s.arena);
    }
}

/* Independent faults are all told in one run. */
static void test_several(void)
{
    session s;
    open_session(&s);
    CHECK(!parse(
        &s, "name: t\nkind: cin\nspins: 1\ntopology: ful\ncouplings: {bits: 1, sum_min: 2}\nfields: x\nformat: y\nfoo: 1\n"));
    CHECK(s.diagnostics.error_count == 9);
    arena_close(&s.arena);
}

static void test_long(void)
{
    session s;
    open_session(&s);
    char *text = arena_take(&s.arena, TARGET_MAX_BYTES + 2, 1);
    memset(text, '#', TARGET_MAX_BYTES + 1);
    CHECK(!parse(&s, text));
    CHECK(strstr(diagnostics_draw(&s.diagnostics), "longer than 65536 bytes") != NULL);
    arena_close(&s.arena);
}

/* ---- memory and files ------------------------------------------------------------------------ */

typedef struct failing {
    long until; /* allocations that succeed */
    bool for_ever;
    size_t used;
} failing;

static void *failing_resize(void *context, void *block, size_t old_size, size_t new_size)
{
    failing *f = context;
    if (!new_size) {
        free(block);
        f->used -= old_size;
        return NULL;
    }
    long left = f->until--;
    if (left == 0 || (left < 0 && f->for_ever))
        return NULL;
    void *result = realloc(block, new_size);
    if (result)
        f->used += new_size - old_size;
    return result;
}

/* Whether the target was found, with the allocation at `until` failing; *failed when memory ran out. */
static const target *find_failing(const char *name, failing *f, bool *failed)
{
    const isg_allocator allocator = {failing_resize, f};
    session s;
    const target *volatile t = NULL;
    arena_open(&s.arena, &allocator, &s.no_memory);
    *failed = false;
    if (setjmp(s.no_memory)) {
        *failed = true;
    } else {
        diagnostics_open(&s.diagnostics, &s.arena);
        t = target_find(&s.diagnostics, NULL, name);
        CHECK(t || s.diagnostics.error_count);
    }
    arena_close(&s.arena);
    return t; /* only to be compared with NULL */
}

static void test_memory(const char *name)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool failed = true;
        long n = 0;
        for (; failed && n < 1000; n++) {
            failing f = {n, for_ever, 0};
            const target *t = find_failing(name, &f, &failed);
            CHECK(failed || t);
            CHECK(f.used == 0);
        }
        CHECK(n > 1 && n < 1000);
    }
}

static void test_files(void)
{
    char path[] = "/tmp/isg-target-XXXXXX.yaml";
    int file = mkstemps(path, 5);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    CHECK(out);
    if (!out)
        return;
    fputs(HEAD "spins: 12\nsource2: x\n", out);
    fclose(out);
    session s;
    open_session(&s);
    CHECK(!target_find(&s.diagnostics, NULL, path));
    const char *drawn = diagnostics_draw(&s.diagnostics);
    CHECK(strstr(drawn, path) && strstr(drawn, ".yaml:7:1: error: unknown key 'source2'"));
    arena_close(&s.arena);
    out = fopen(path, "w");
    if (out) {
        fputs(HEAD "spins: 12\n", out);
        fclose(out);
    }
    open_session(&s);
    const target *t = target_find(&s.diagnostics, NULL, path);
    CHECK(t && t->spins == 12);
    CHECK(!target_find(&s.diagnostics, NULL, "/nonexistent/a.yaml"));
    CHECK(s.diagnostics.error_count == 1);
    arena_close(&s.arena);
    test_memory(path);
    remove(path);
}

int main(void)
{
    test_library();
    test_unknown();
    test_topologies();
    test_accepted();
    test_mistakes();
    test_several();
    test_long();
    test_memory("qboson-cim-550");
    test_files();
    if (failures)
        printf("%d failed\n", failures);
    return failures != 0;
}
