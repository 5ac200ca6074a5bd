/* test_native_moves.c - the moves of compiled programs: which form of terms gets which, that each samples the Boltzmann
 * distribution of the exact energies, and that code for every kind of processor does the same to the bit. */
#include "backends/native/native.h"
#include "runtime/memory.h"
#include "tests/unit/runtime_check.h"

#include <math.h>

enum { SPINS_MAX = 12, STATES_MAX = 1 << SPINS_MAX, SPINS_LARGE = 222 };

static isg_error error;

typedef struct row {
    const char *moves;                    /* how the words that tell them begin */
    const char *inputs, *anneal, *result; /* of a module's text; $ stands for the row's number in its program */
    bool also;                            /* another row has the same kernel: left out when time is short */
} row;

#define ASSIGNMENT "single flips, 64 spins at a look, couplings in 8 or 16 bits where that is fine enough; exchanges"
/* clang-format off */
static const row rows[] = {
    {"heat bath over x[*, i]: 4 groups of 3 spins",
     "%J$: f32[3, 4, 4], %h$: f32[3, 4]",
     "%x$ = anneal name a$ spins {x[t in 3, i in 4] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 3, i in 4] coeff %h$[t, i]\n"
     "    quad x[t, i] x[t, j] over [t in 3, i in 4, j in 4] where i < j coeff %J$[t, i, j]\n"
     "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 4] where t < u coeff 1.25\n  } : spin[3, 4]\n",
     "x$ = %x$", true},
    {"heat bath over s[i, *]: 2 groups of 4 spins", /* {-1, 1}, the group's axis last */
     "%J$: f32[4, 2, 2], %h$: f32[2, 4]",
     "%s$ = anneal name a$ spins {s[i in 2, t in 4] in {-1, 1}} terms {\n"
     "    lin  s[i, t] over [i in 2, t in 4] coeff %h$[i, t]\n"
     "    quad s[i, t] s[j, t] over [i in 2, j in 2, t in 4] where i > j coeff %J$[t, i, j]\n"
     "    quad s[i, t] s[i, u] over [i in 2, t in 4, u in 4] where t > u coeff 0.5\n  } : spin[2, 4]\n",
     "s$ = %s$", false},
    {"heat bath over x[i, *]: 3 groups of 3 spins", /* one-hot rows, nothing between them */
     "%h$: f32[3, 3]",
     "%x$ = anneal name a$ spins {x[i in 3, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 3, k in 3] coeff %h$[i, k] - 2\n"
     "    quad x[i, k] x[i, l] over [i in 3, k in 3, l in 3] where k < l coeff 4\n    offset coeff 6\n  } : spin[3, 3]\n",
     "x$ = %x$", true},
    {"heat bath over x[*, *, i]: 2 groups of 4 spins", /* two axes make a group, in their lexicographic order */
     "%h$: f32[2, 2, 2]",
     "%x$ = anneal name a$ spins {x[a in 2, b in 2, i in 2] in {0, 1}} terms {\n"
     "    lin  x[a, b, i] over [a in 2, b in 2, i in 2] coeff %h$[a, b, i]\n"
     "    quad x[a, b, i] x[c, d, i] over [a in 2, b in 2, c in 2, d in 2, i in 2] where a < c or a == c and b < d coeff 0.75\n"
     "  } : spin[2, 2, 2]\n",
     "x$ = %x$", true},
    {"single flips", /* members attract: not convex */
     "%J$: f32[2, 3, 3], %h$: f32[2, 3]",
     "%x$ = anneal name a$ spins {x[t in 2, i in 3] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 2, i in 3] coeff %h$[t, i]\n"
     "    quad x[t, i] x[t, j] over [t in 2, i in 3, j in 3] where i < j coeff %J$[t, i, j]\n"
     "    quad x[t, i] x[u, i] over [t in 2, u in 2, i in 3] where t < u coeff -0.5\n  } : spin[2, 3]\n",
     "x$ = %x$", false},
    {"single flips", /* the penalty's sign is known with the data alone */
     "%c$: f32, %h$: f32[3, 2]",
     "%x$ = anneal name a$ spins {x[t in 3, i in 2] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 3, i in 2] coeff %h$[t, i]\n"
     "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 2] where t < u coeff %c$\n  } : spin[3, 2]\n",
     "x$ = %x$", false},
    {"single flips", /* not every pair of a group */
     "%h$: f32[3, 2]",
     "%x$ = anneal name a$ spins {x[t in 3, i in 2] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 3, i in 2] coeff %h$[t, i]\n"
     "    quad x[t, i] x[u, i] over [t in 3, u in 3, i in 2] where t < u and u < 2 coeff 1\n  } : spin[3, 2]\n",
     "x$ = %x$", false},
    {"single flips", /* two arrays of different values */
     "%h$: f32[3], %w$: f32[3, 3]",
     "%x$, %s$ = anneal name a$ spins {x[i in 3] in {0, 1}, s[i in 3] in {-1, 1}} terms {\n"
     "    lin  x[i] over [i in 3] coeff %h$[i]\n    quad x[i] s[j] over [i in 3, j in 3] coeff %w$[i, j]\n"
     "    quad s[i] s[j] over [i in 3, j in 3] where i < j coeff 0.5\n  } : spin[3], spin[3]\n",
     "x$ = %x$, s$ = %s$", false},
    {"single flips", /* neighbours in a list */
     "%h$: f32[6]",
     "%x$ = anneal name a$ spins {x[i in 6] in {0, 1}} terms {\n    lin  x[i] over [i in 6] coeff %h$[i]\n"
     "    quad x[i] x[i + 1] over [i in 5] coeff %h$[i] * 2\n  } : spin[6]\n",
     "x$ = %x$", false},
    {"single flips", /* every pair */
     "%J$: f32[7, 7], %h$: f32[7]",
     "%s$ = anneal name a$ spins {s[i in 7] in {-1, 1}} terms {\n"
     "    lin  s[i] over [i in 7] coeff %h$[i]\n"
     "    quad s[i] s[j] over [i in 7, j in 7] where i < j coeff %J$[i, j] / 2\n  } : spin[7]\n",
     "s$ = %s$", false},
    {"", /* one spin */
     "%h$: f32[1]",
     "%x$ = anneal name a$ spins {x[i in 1] in {0, 1}} terms {\n    lin  x[i] over [i in 1] coeff %h$[i]\n"
     "  } : spin[1]\n",
     "x$ = %x$", false},
    {"single flips, 64 spins at a look", /* rows of couplings of all pairs, {-1, 1} */
     "%J$: f32[6, 6], %h$: f32[6]",
     "%s$ = anneal name a$ spins {s[i in 6] in {-1, 1}} terms {\n"
     "    lin  s[i] over [i in 6] coeff 0.5 * %h$[i]\n"
     "    quad s[i] s[j] over [i in 6, j in 6] where i < j coeff 0.25 * %J$[i, j]\n  } : spin[6]\n",
     "s$ = %s$", false},
    {"single flips, 64 spins at a look", /* the same and a number for all pairs, on an axis of one place */
     "%J$: f32[6, 6], %h$: f32[6]",
     "%x$ = anneal name a$ spins {x[t in 1, i in 6] in {0, 1}} terms {\n"
     "    lin  x[0, i] over [i in 6] coeff %h$[i]\n"
     "    quad x[0, i] x[0, j] over [i in 6, j in 6] where i < j coeff 0.5 * %J$[i, j] + 0.5 * %J$[j, i]\n"
     "    quad x[0, i] x[0, j] over [i in 6, j in 6] where i < j coeff -0.25\n  } : spin[1, 6]\n",
     "x$ = %x$", false},
    {ASSIGNMENT " within x[i, *] and x[*, k], and across both",
     "%h$: f32[3, 3]",
     "%x$ = anneal name a$ spins {x[i in 3, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 3, k in 3] coeff %h$[i, k] - 1\n"
     "    quad x[i, k] x[i, l] over [i in 3, k in 3, l in 3] where k < l coeff 1\n"
     "    quad x[i, k] x[j, k] over [i in 3, j in 3, k in 3] where i < j coeff 1.5\n  } : spin[3, 3]\n",
     "x$ = %x$", false},
    {ASSIGNMENT " within s[*, k] and s[i, *], and across both", /* whole numbers, {-1, 1}, not square */
     "%h$: f32[2, 4]",
     "%s$ = anneal name a$ spins {s[i in 2, k in 4] in {-1, 1}} terms {\n"
     "    lin  s[i, k] over [i in 2, k in 4] coeff i - k + 1\n"
     "    quad s[i, k] s[j, k] over [i in 2, j in 2, k in 4] where i < j coeff 1\n"
     "    quad s[i, k] s[i, l] over [i in 2, k in 4, l in 4] where k < l coeff 1\n  } : spin[2, 4]\n",
     "s$ = %s$", false},
    {ASSIGNMENT " within x[i, *]", /* colours of a path, and members of a group that are neighbours too */
     "%h$: f32[3, 3]",
     "%x$ = anneal name a$ spins {x[i in 3, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 3, k in 3] coeff %h$[i, k] - 1\n"
     "    quad x[i, k] x[i, l] over [i in 3, k in 3, l in 3] where k < l coeff 1.25\n"
     "    quad x[i, k] x[i + 1, k] over [i in 2, k in 3] coeff 0.75\n"
     "    quad x[i, k] x[i, k + 1] over [i in 3, k in 2] coeff %h$[i, k]\n  } : spin[3, 3]\n",
     "x$ = %x$", false},
    {ASSIGNMENT " within x[i, *]", /* the columns' penalty leaves pairs out; its groups are none */
     "%h$: f32[3, 3]",
     "%x$ = anneal name a$ spins {x[i in 3, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 3, k in 3] coeff %h$[i, k] - 1\n"
     "    quad x[i, k] x[i, l] over [i in 3, k in 3, l in 3] where k < l coeff 1.25\n"
     "    quad x[i, k] x[j, k] over [i in 3, j in 3, k in 3] where i < j and i != 1 coeff 1\n  } : spin[3, 3]\n",
     "x$ = %x$", false},
    {ASSIGNMENT " within s[*, k]", /* five spins of no group, two of {-1, 1} in each group of two arrays */
     "%h$: f32[2, 2], %w$: f32[5]",
     "%r$, %s$ = anneal name a$ spins {r[i in 5] in {-1, 1}, s[i in 2, k in 2] in {-1, 1}} terms {\n"
     "    lin  r[i] over [i in 5] coeff %w$[i] / 2\n    lin  s[i, k] over [i in 2, k in 2] coeff %h$[i, k]\n"
     "    quad s[i, k] s[j, k] over [i in 2, j in 2, k in 2] where i < j coeff 0.75\n"
     "    quad r[i] s[j, k] over [i in 5, j in 2, k in 2] coeff %w$[i] * %h$[j, k]\n  } : spin[5], spin[2, 2]\n",
     "r$ = %r$, s$ = %s$", false},
    {"heat bath over x[*, i]: 1 groups of 2 spins", /* one group */
     "%h$: f32[2, 1]",
     "%x$ = anneal name a$ spins {x[t in 2, i in 1] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 2, i in 1] coeff %h$[t, i]\n"
     "    quad x[t, i] x[u, i] over [t in 2, u in 2, i in 1] where t < u coeff 1\n  } : spin[2, 1]\n",
     "x$ = %x$", false},
};
static const row large = /* more groups than lanes, and not a multiple */
    {"heat bath over x[*, i]: 37 groups of 6 spins",
     "%J$: f32[6, 37, 37], %h$: f32[6, 37]",
     "%x$ = anneal name a$ spins {x[t in 6, i in 37] in {0, 1}} terms {\n"
     "    lin  x[t, i] over [t in 6, i in 37] coeff %h$[t, i]\n"
     "    quad x[t, i] x[t, j] over [t in 6, i in 37, j in 37] where i < j coeff %J$[t, i, j]\n"
     "    quad x[t, i] x[u, i] over [t in 6, u in 6, i in 37] where t < u coeff 1.25\n  } : spin[6, 37]\n",
     "x$ = %x$", true};
#define LISTED "single flips, 16 spins at a look, over lists of neighbours; exchanges"
static const row listed = /* a chain of one-hot choices, with a condition; too few neighbours for rows */
    {LISTED " within x[i, *]",
     "%h$: f32[70, 3], %J$: f32[70]",
     "%x$ = anneal name a$ spins {x[i in 70, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 70, k in 3] coeff %h$[i, k] - 3\n"
     "    quad x[i, k] x[i, l] over [i in 70, k in 3, l in 3] where k < l coeff 8\n"
     "    quad x[i, k] x[i + 1, k] over [i in 69, k in 3] where i != 9 coeff %J$[i]\n  } : spin[70, 3]\n",
     "x$ = %x$", false};
static const row linked = /* what ties the groups comes with the data; too many spins for rows */
    {LISTED " within x[f, i, *]",
     "%h$: f32[70, 4, 4], %J$: f32[70, 4, 4, 4]",
     "%x$ = anneal name a$ spins {x[f in 70, i in 4, j in 4] in {0, 1}} terms {\n"
     "    lin  x[f, i, j] over [f in 70, i in 4, j in 4] coeff %h$[f, i, j]\n"
     "    quad x[f, i, j] x[f, i, l] over [f in 70, i in 4, j in 4, l in 4] where j < l coeff 2 + %J$[f, i, j, l]\n"
     "    quad x[f, i, j] x[f + 1, j, k] over [f in 69, i in 4, j in 4, k in 4] coeff %J$[f, i, j, k]\n"
     "  } : spin[70, 4, 4]\n",
     "x$ = %x$", true};
static const row walled = /* no single flip leaves a permutation */
    {ASSIGNMENT " within x[i, *] and x[*, k], and across both",
     "%h$: f32[3, 3]",
     "%x$ = anneal name a$ spins {x[i in 3, k in 3] in {0, 1}} terms {\n"
     "    lin  x[i, k] over [i in 3, k in 3] coeff 4 * %h$[i, k] - 80\n"
     "    quad x[i, k] x[i, l] over [i in 3, k in 3, l in 3] where k < l coeff 80\n"
     "    quad x[i, k] x[j, k] over [i in 3, j in 3, k in 3] where i < j coeff 80\n  } : spin[3, 3]\n",
     "x$ = %x$", false};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows, ALL = ROWS + 4 };

/* ---- a program of several rows, their coefficients made from random inputs --------------------- */

typedef struct program_rows {
    const row *at[ALL];
    size_t count;
} program_rows;

typedef struct compiled {
    native_program *native;
    program_rows rows;
    const isg_abi_hamiltonian *h; /* the row's, see choose_row */
    memory_aligned frame, tables, workspace;
    isg_abi_context context;
    const int8_t *lowest;
} compiled;

/* No products: models of this test multiply no matrices. */
static const isg_abi_services services;

static uint64_t random_word;

static float random_number(void) /* in [-1, 1) */
{
    random_word = random_word * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(random_word >> 11) * 0x1p-52 - 1);
}

static const char *numbered(arena *a, const char *text, size_t number)
{
    const char *out = "";
    for (const char *mark; (mark = strchr(text, '$')); text = mark + 1)
        out = arena_format(a, "%s%.*s%zu", out, (int)(mark - text), text, number);
    return arena_format(a, "%s%s", out, text);
}

/* One model of all: what the rows share is compiled once. */
static const char *text_of(arena *a, const program_rows *rows)
{
    const char *inputs = "", *body = "", *results = "";
    for (size_t i = 0; i < rows->count; i++) {
        const char *comma = i ? ", " : "";
        inputs = arena_format(a, "%s%s%s", inputs, comma, numbered(a, rows->at[i]->inputs, i));
        body = arena_format(a, "%s  %s", body, numbered(a, rows->at[i]->anneal, i));
        results = arena_format(a, "%s%s%s", results, comma, numbered(a, rows->at[i]->result, i));
    }
    return arena_format(a, "isinglass 1\nstage ising\nmodel @m(%s) {\n%s  return %s\n}\n", inputs, body, results);
}

static native_program *compile(const program_rows *rows, const char *processor)
{
    arena a;
    jmp_buf no_memory;
    diagnostics d;
    native_program *native = NULL;
    arena_open(&a, isg_default_allocator(), &no_memory);
    diagnostics_open(&d, &a);
    const char *text = text_of(&a, rows);
    ir_module *m = ir_parse(&a, &d, diagnostics_add_file(&d, "t.ising", text, strlen(text)));
    CHECK(m, "%s", diagnostics_draw(&d));
    const native_options options = {.processor = processor, .optimise = 2};
    if (m)
        CHECK(!native_compile(m, &options, &native, &error), "%s", error.message);
    arena_close(&a);
    return native;
}

/* A row's inputs are the same numbers in every program. */
static void fill_inputs(const compiled *c, const isg_abi_program *abi)
{
    const char *last = "";
    for (uint64_t i = 0; i < abi->input_count; i++) {
        const char *number = abi->inputs[i].name + strcspn(abi->inputs[i].name, "0123456789");
        random_word = strcmp(last, number) ? 5 : random_word;
        last = number;
        size_t count = 1;
        for (int32_t k = 0; k < abi->inputs[i].rank; k++)
            count *= (size_t)abi->inputs[i].shape[k];
        for (size_t k = 0; k < count; k++)
            ((float *)(void *)(c->frame.at + abi->inputs[i].offset))[k] = random_number();
    }
}

static bool open_rows(compiled *c, const program_rows *rows, const char *processor)
{
    *c = (compiled){.native = compile(rows, processor), .rows = *rows};
    if (!c->native)
        return false;
    const isg_abi_program *abi = native_program_abi(c->native);
    uint64_t workspace = 0;
    for (uint64_t i = 0; i < abi->hamiltonian_count; i++)
        workspace = abi->hamiltonians[i].workspace_bytes > workspace ? abi->hamiltonians[i].workspace_bytes : workspace;
    CHECK(abi->hamiltonian_count == rows->count, "%d Hamiltonians", (int)abi->hamiltonian_count);
    c->frame = memory_take_aligned(isg_default_allocator(), abi->frame_bytes);
    c->tables = memory_take_aligned(isg_default_allocator(), abi->tables_bytes);
    c->workspace = memory_take_aligned(isg_default_allocator(), workspace);
    c->context = (isg_abi_context){.frame = c->frame.at, .tables = c->tables.at, .services = &services};
    abi->tables(&c->context);
    fill_inputs(c, abi);
    return abi->hamiltonian_count == rows->count;
}

/* From here on `c` is of this row. False where the program is without it. */
static bool choose_row(compiled *c, const row *r)
{
    size_t place = 0;
    while (place < c->rows.count && c->rows.at[place] != r)
        place++;
    if (place == c->rows.count)
        return false;
    c->h = native_program_abi(c->native)->hamiltonians + place;
    c->lowest = (const int8_t *)c->tables.at + c->h->lowest_offset;
    CHECK(!c->h->coefficients(&c->context), "coefficients");
    CHECK(!strncmp(c->h->moves, r->moves, strlen(r->moves)), "'%s', not '%s'", c->h->moves, r->moves);
    CHECK(!strstr(c->h->moves, "exchanges") == !strstr(r->moves, "exchanges"), "'%s', not '%s'", c->h->moves, r->moves);
    c->h->prepare(&c->context, c->workspace.at);
    return true;
}

static void close_rows(compiled *c)
{
    memory_release_aligned(isg_default_allocator(), &c->frame);
    memory_release_aligned(isg_default_allocator(), &c->tables);
    memory_release_aligned(isg_default_allocator(), &c->workspace);
    native_program_close(c->native);
}

/* ---- the Boltzmann distribution --------------------------------------------------------------- */

static double energy_now(const compiled *c, const int8_t *state)
{
    double field[SPINS_LARGE], energy[SPINS_LARGE + 1], sum = 0;
    c->h->fields(&c->context, state, field);
    c->h->energy(&c->context, state, field, energy);
    for (uint64_t g = 0; g < c->h->groups; g++)
        sum += energy[g];
    return sum;
}

static double energy_of(const compiled *c, uint32_t bits, int8_t *state)
{
    for (uint64_t i = 0; i < c->h->spins; i++)
        state[i] = bits >> i & 1 ? 1 : c->lowest[i];
    return energy_now(c, state);
}

/* Chains begin anywhere: where hardly a flip is refused, all-lowest would be remembered for long by the parity of the sweeps. */
static uint32_t start_of(const compiled *c, uint32_t chain)
{
    return (chain + 1) * 2654435761u >> (32 - c->h->spins);
}

static void count_ends(compiled *c, double beta, int sweeps, int chains, int *counts)
{
    int8_t state[SPINS_MAX];
    for (int chain = 0; chain < chains; chain++) {
        uint32_t key[2] = {(uint32_t)chain, 9}, bits = 0;
        energy_of(c, start_of(c, key[0]), state);
        c->h->start(&c->context, c->workspace.at, state);
        for (int k = 0; k < sweeps; k++)
            c->h->sweep(&c->context, c->workspace.at, state, beta, key, (uint32_t)k);
        for (uint64_t i = 0; i < c->h->spins; i++)
            bits |= (uint32_t)(state[i] == 1) << i;
        counts[bits]++;
    }
}

static void count_ends_of_reads(compiled *c, double beta, int sweeps, int chains, int *counts)
{
    int8_t states[ISG_ABI_READS * SPINS_MAX];
    double energy[ISG_ABI_READS];
    for (int chain = 0; chain < chains; chain += ISG_ABI_READS) {
        uint32_t keys[2 * ISG_ABI_READS];
        for (uint32_t k = 0; k < ISG_ABI_READS; k++) {
            keys[2 * k] = (uint32_t)chain + k;
            keys[2 * k + 1] = 9;
            energy_of(c, start_of(c, keys[2 * k]), states + k * c->h->spins);
        }
        c->h->start_reads(&c->context, c->workspace.at, states);
        for (int k = 0; k < sweeps; k++)
            c->h->sweep_reads(&c->context, c->workspace.at, beta, keys, (uint32_t)k);
        c->h->finish_reads(&c->context, c->workspace.at, states, energy);
        for (uint64_t k = 0; k < ISG_ABI_READS; k++) {
            uint32_t bits = 0;
            for (uint64_t i = 0; i < c->h->spins; i++)
                bits |= (uint32_t)(states[k * c->h->spins + i] == 1) << i;
            counts[bits]++;
        }
    }
}

typedef void (*count_function)(compiled *c, double beta, int sweeps, int chains, int *counts);

/* In standard deviations: the larger of how far chi squared (Wilson and Hilferty) and the mean energy are off. */
static double deviation(compiled *c, count_function count, double beta, double factor, int chains)
{
    enum { SWEEPS = 24 };
    static double energy[STATES_MAX];
    static int counts[STATES_MAX];
    uint32_t states = 1u << c->h->spins;
    int8_t state[SPINS_MAX];
    double least = INFINITY, total = 0, chi = 0, freedom = -1, mean = 0, square = 0, got = 0;
    for (uint32_t bits = 0; bits < states; bits++) {
        energy[bits] = energy_of(c, bits, state);
        least = fmin(least, energy[bits]);
        counts[bits] = 0;
    }
    count(c, beta * factor, SWEEPS, chains, counts);
    for (uint32_t bits = 0; bits < states; bits++)
        total += exp(-beta * (energy[bits] - least));
    for (uint32_t bits = 0; bits < states; bits++) {
        double share = exp(-beta * (energy[bits] - least)) / total, expected = chains * share;
        mean += share * energy[bits];
        square += share * energy[bits] * energy[bits];
        got += counts[bits] * energy[bits] / chains;
        if (expected >= 8) {
            chi += (counts[bits] - expected) * (counts[bits] - expected) / expected;
            freedom++;
        }
    }
    double by_energy = fabs(got - mean) / sqrt((square - mean * mean) / chains), k = freedom < 1 ? 1 : freedom;
    double by_chi = freedom < 1 ? 0 : (cbrt(chi / k) - 1 + 2 / (9 * k)) / sqrt(2 / (9 * k));
    return fmax(by_energy, by_chi);
}

static void test_distribution(compiled *c)
{
    static const double betas[] = {0.3, 1, 2};
    int chains = getenv("ISG_TEST_FULL") ? 160000 : getenv("ISG_TEST_QUICK") ? 960 : 4800, runs = 0, hotter = 0, sign = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (!choose_row(c, &rows[i]))
            continue;
        for (size_t b = 0; b < sizeof betas / sizeof *betas; b++)
            for (int side = 0; side <= (c->h->start_reads != NULL); side++) {
                count_function count = side ? count_ends_of_reads : count_ends;
                double off = deviation(c, count, betas[b], 1, chains);
                CHECK(off < 4.5, "row %zu, beta %g, %s: off by %g standard deviations", i, betas[b],
                      side ? "reads side by side" : "one read", off);
                hotter += deviation(c, count, betas[b], 1 / 1.05, chains) > 4.5;
                sign += deviation(c, count, betas[b], -1, chains) > 4.5;
                runs++;
            }
    }
    CHECK(sign >= runs * 9 / 10, "a wrong sign was seen in %d of %d runs", sign, runs);
    CHECK(getenv("ISG_TEST_QUICK") || hotter >= runs / 4, "temperature x 1.05 was seen in %d of %d runs", hotter, runs);
}

/* ---- the lowest state, without ever crossing a wall ------------------------------------------- */

static void test_walls(compiled *c)
{
    static const uint32_t permutations[] = {0421, 0241, 0412, 0142, 0214, 0124}; /* a row each digit */
    double least = INFINITY;
    int8_t state[SPINS_MAX];
    if (!choose_row(c, &walled))
        return;
    for (uint32_t bits = 0; bits < 1u << c->h->spins; bits++)
        least = fmin(least, energy_of(c, bits, state));
    for (uint32_t i = 0; i < sizeof permutations / sizeof *permutations; i++) {
        uint32_t key[2] = {i, 3};
        double best = INFINITY;
        energy_of(c, permutations[i], state);
        c->h->start(&c->context, c->workspace.at, state);
        for (uint32_t k = 0; k < 60; k++) {
            c->h->sweep(&c->context, c->workspace.at, state, 0.9, key, k);
            best = fmin(best, energy_now(c, state));
        }
        CHECK(best == least, "from permutation %u: %g, the lowest is %g", i, best, least);
    }
}

/* ---- lists ------------------------------------------------------------------------------------- */

/* Sweeps keep energies as the exact functions have them, and end, cold, with one choice a group that no other choice betters. */
static void test_lists(compiled *c)
{
    int8_t state[SPINS_LARGE];
    uint32_t key[2] = {3, 4};
    double error, first_error;
    if (!choose_row(c, &listed))
        return;
    for (uint64_t i = 0; i < c->h->spins; i++)
        state[i] = i % 5 == 0;
    c->h->start(&c->context, c->workspace.at, state);
    double first = c->h->estimate(&c->context, c->workspace.at, &first_error), energy = energy_now(c, state);
    for (uint32_t k = 0; k < 200; k++) {
        c->h->sweep(&c->context, c->workspace.at, state, 0.5 * pow(1.05, k), key, k);
        double off = c->h->estimate(&c->context, c->workspace.at, &error) - first - (energy_now(c, state) - energy);
        CHECK(fabs(off) <= error + first_error + 1e-9, "sweep %u: off by %g, more than %g", k, off, error + first_error);
    }
    energy = energy_now(c, state);
    for (uint64_t i = 0; i < c->h->spins; i += 3) {
        uint64_t raised = i;
        while (raised < i + 2 && !state[raised])
            raised++;
        CHECK(state[i] + state[i + 1] + state[i + 2] == 1, "group %d has %d", (int)i / 3, state[i] + state[i + 1] + state[i + 2]);
        for (uint64_t k = i; k < i + 3; k++) {
            state[raised] = 0;
            state[k] = 1;
            CHECK(energy_now(c, state) >= energy - 1e-4, "spin %d is better raised", (int)k);
            state[k] = 0;
            state[raised] = 1;
        }
    }
}

/* ---- the same on every processor -------------------------------------------------------------- */

/* Besides the host, without the ones that this processor cannot run; when time is short, the one least like it. */
static int processors(const char *out[3])
{
    int count = 0;
#ifdef __x86_64__
    out[count++] = "x86-64";
    if (!getenv("ISG_TEST_QUICK") && __builtin_cpu_supports("x86-64-v3"))
        out[count++] = "x86-64-v3";
    if (!getenv("ISG_TEST_QUICK") && __builtin_cpu_supports("x86-64-v4"))
        out[count++] = "x86-64-v4";
#else
    (void)out;
#endif
    return count;
}

static uint64_t hash_states(const int8_t *states, size_t count, uint64_t hash)
{
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ (uint8_t)states[i]) * 1099511628211u;
    return hash;
}

/* A hash of what one read, and reads side by side, go through. */
static uint64_t trace(compiled *c)
{
    size_t spins = c->h->spins;
    uint64_t hash = 14695981039346656037u;
    int8_t *states = malloc(ISG_ABI_READS * spins);
    uint32_t keys[2 * ISG_ABI_READS];
    double energy[ISG_ABI_READS];
    for (size_t i = 0; i < ISG_ABI_READS * spins; i++)
        states[i] = i * 7 % 11 < 5 ? 1 : c->lowest[i % spins];
    for (uint32_t k = 0; k < 2 * ISG_ABI_READS; k++)
        keys[k] = k;
    c->h->start(&c->context, c->workspace.at, states);
    for (uint32_t k = 0; k < 40; k++) {
        c->h->sweep(&c->context, c->workspace.at, states, 0.1 * pow(1.15, k), keys, k);
        hash = hash_states(states, spins, hash);
    }
    if (c->h->start_reads) {
        c->h->start_reads(&c->context, c->workspace.at, states);
        for (uint32_t k = 0; k < 40; k++)
            c->h->sweep_reads(&c->context, c->workspace.at, 0.1 * pow(1.15, k), keys, k);
        c->h->finish_reads(&c->context, c->workspace.at, states, energy);
        hash = hash_states(states, ISG_ABI_READS * spins, hash);
    }
    free(states);
    return hash;
}

static void add_row(program_rows *rows, const row *r)
{
    if (!r->also || !getenv("ISG_TEST_QUICK"))
        rows->at[rows->count++] = r;
}

static void test_processors(compiled *here)
{
    static const row *const some[] = {&large, &listed, &linked, &rows[1], &rows[9], &rows[13], &rows[14]};
    enum { SOME = sizeof some / sizeof *some };
    const char *names[3];
    uint64_t hash[SOME];
    program_rows chosen = {.count = 0};
    for (size_t i = 0; i < SOME; i++) {
        add_row(&chosen, some[i]);
        hash[i] = choose_row(here, some[i]) ? trace(here) : 0;
    }
    int count = processors(names);
    for (int k = 0; k < count; k++) {
        compiled c;
        if (open_rows(&c, &chosen, names[k]))
            for (size_t i = 0; i < SOME; i++)
                CHECK(!choose_row(&c, some[i]) || trace(&c) == hash[i], "row %zu differs on %s", i, names[k]);
        close_rows(&c);
    }
}

int main(void)
{
    program_rows all = {.count = 0};
    compiled c;
    for (size_t i = 0; i < ROWS; i++)
        add_row(&all, &rows[i]);
    add_row(&all, &large);
    add_row(&all, &listed);
    add_row(&all, &linked);
    add_row(&all, &walled);
    if (open_rows(&c, &all, NULL)) {
        test_distribution(&c);
        test_walls(&c);
        test_lists(&c);
        test_processors(&c);
    }
    close_rows(&c);
    if (check_failures)
        fprintf(stderr, "%d checks failed\n", check_failures);
    return check_failures != 0;
}
