/* test_partition.c - partition on random anneals: its independent check holds, the text form keeps the parts, and the check
 * itself sees every kind of fault. ISG_TEST_FULL=1 tries 30,000 anneals, ISG_TEST_QUICK=1 few. */
#include "passes/partition_check.h"
#include "passes/pass.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

/* ---- random programs as text ---- */

enum { ARRAYS_MAX = 3, RANK_MAX = 3 };

typedef struct shape {
    int rank, extent[RANK_MAX];
} shape;

typedef struct writer {
    char text[16384];
    size_t length;
    random_source r;
    shape arrays[ARRAYS_MAX];
    int array_count;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    w->length += (size_t)vsnprintf(w->text + w->length, sizeof w->text - w->length, format, list);
    va_end(list);
    if (w->length >= sizeof w->text)
        abort();
}

static void put_arrays(writer *w)
{
    w->array_count = 1 + random_below(&w->r, ARRAYS_MAX);
    for (int k = 0; k < w->array_count; k++) {
        shape *s = &w->arrays[k];
        s->rank = 1 + random_below(&w->r, RANK_MAX);
        put(w, "%s%c[", k ? ", " : "", 'x' + k);
        for (int i = 0; i < s->rank; i++) {
            bool same = k && i < w->arrays[0].rank && random_below(&w->r, 2);
            s->extent[i] = same ? w->arrays[0].extent[i] : random_below(&w->r, 12) ? 1 + random_below(&w->r, 7) : 0;
            put(w, "%sa%d in %d", i ? ", " : "", i, s->extent[i]);
        }
        put(w, "] in {%s, 1}", random_below(&w->r, 2) ? "0" : "-1");
    }
}

/* A term being written: indices so far, and what must hold. */
typedef struct term {
    char subscripts[2][RANK_MAX][64], condition[1024];
    int index_count, extent[2 * RANK_MAX];
} term;

static void require(term *t, const char *format, const char *a, const char *b)
{
    size_t length = strlen(t->condition);
    if (length)
        length += (size_t)snprintf(t->condition + length, sizeof t->condition - length, " and ");
    snprintf(t->condition + length, sizeof t->condition - length, format, a, b);
}

/* An index of the wanted extent: one there is, or a new one. */
static int index_of_extent(writer *w, term *t, int extent)
{
    for (int i = 0; i < t->index_count; i++)
        if (t->extent[i] == extent && random_below(&w->r, 2))
            return i;
    t->extent[t->index_count] = extent;
    return t->index_count++;
}

static void choose_subscript(writer *w, term *t, char out[64], int extent)
{
    char bound[16];
    snprintf(bound, sizeof bound, "%d", extent);
    int shift = random_below(&w->r, 3), i = index_of_extent(w, t, extent);
    switch (random_below(&w->r, 6)) {
    case 0:
        snprintf(out, 64, "i%d + %d", i, shift);
        require(t, "%s < %s", out, bound);
        break;
    case 1:
        snprintf(out, 64, "%d - i%d", extent - 1, i);
        break;
    case 2: /* not linear */
        snprintf(out, 64, "i%d * i%d", i, i);
        require(t, "%s < %s", out, bound);
        break;
    case 3:
        snprintf(out, 64, "2 * i%d", i);
        require(t, "%s < %s", out, bound);
        break;
    default:
        snprintf(out, 64, "i%d", i);
    }
}

/* Of one array, the two spins must differ: in one axis at least, the same for all pairs. */
static void require_difference(writer *w, term *t, int rank)
{
    static const char *const relations[] = {"%s < %s", "%s > %s", "%s + 1 == %s", "%s + 2 <= %s", "not (%s >= %s)"};
    int axis = random_below(&w->r, rank);
    require(t, relations[random_below(&w->r, 5)], t->subscripts[0][axis], t->subscripts[1][axis]);
}

static void put_ref(writer *w, const term *t, int side, int array)
{
    put(w, " %c[", 'x' + array);
    for (int i = 0; i < w->arrays[array].rank; i++)
        put(w, "%s%s", i ? ", " : "", t->subscripts[side][i]);
    put(w, "]");
}

static void put_term(writer *w)
{
    static const char *const coefficients[] = {"%w[1]", "%w[2]", "1", "2.5", "-1", "%w[0] * 2"};
    term t = {0};
    int array[2] = {random_below(&w->r, w->array_count), random_below(&w->r, w->array_count)};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < w->arrays[array[k]].rank; i++)
            choose_subscript(w, &t, t.subscripts[k][i], w->arrays[array[k]].extent[i]);
    if (array[0] == array[1] && !memcmp(t.subscripts[0], t.subscripts[1], sizeof t.subscripts[0]))
        return; /* a spin with itself */
    if (array[0] == array[1])
        require_difference(w, &t, w->arrays[array[0]].rank);
    if (!random_below(&w->r, 4))
        require(&t, "(%s != %s or i0 == 1)", "i0", "1 + i0 * 0");
    put(w, "    quad");
    put_ref(w, &t, 0, array[0]);
    put_ref(w, &t, 1, array[1]);
    put(w, " over [");
    for (int i = 0; i < t.index_count; i++)
        put(w, "%si%d in %d", i ? ", " : "", i, t.extent[i]);
    put(w, "]%s%s coeff %s\n", *t.condition ? " where " : "", t.condition, coefficients[random_below(&w->r, 6)]);
}

static void put_program(writer *w, uint64_t seed)
{
    w->length = 0;
    w->r = random_open(seed);
    put(w, "isinglass 1\nstage ising\nmodel @m(%%w: f32[4]) {\n  ");
    size_t results = w->length;
    put(w, "                    = anneal name random spins {");
    put_arrays(w);
    put(w, "} terms {\n");
    for (int k = 1 + random_below(&w->r, 4); k > 0; k--)
        put_term(w);
    put(w, "  } : ");
    for (int k = 0; k < w->array_count; k++) {
        put(w, "%sspin[", k ? ", " : "");
        for (int i = 0; i < w->arrays[k].rank; i++)
            put(w, "%s%d", i ? ", " : "", w->arrays[k].extent[i]);
        put(w, "]");
        memcpy(w->text + results + 4 * k, k ? ", %" : "  %", 3);
        w->text[results + 4 * (size_t)k + 3] = (char)('x' + k);
    }
    put(w, "\n  %%o = readout over [i in 4] elem %%w[i] : f32[4]\n  return o = %%o\n}\n");
}

/* ---- running the pass ---- */

typedef struct session {
    arena arena;
    jmp_buf no_memory;
    diagnostics diagnostics;
} session;

static ir_module *parse(session *s, const char *text)
{
    uint32_t file = diagnostics_add_file(&s->diagnostics, "random.ising", text, strlen(text));
    ir_module *m = ir_parse(&s->arena, &s->diagnostics, file);
    if (!m)
        fprintf(stderr, "%s\n%s\n", text, diagnostics_draw(&s->diagnostics));
    return m;
}

static ir_op anneal_of(const ir_module *m)
{
    const ir_function *model = m->functions.at[0];
    for (uint32_t i = 0; i < model->ops.count; i++)
        if (ir_op_get(m, model->ops.at[i])->code == OP_ANNEAL)
            return model->ops.at[i];
    return 0;
}

static int64_t spins_of(const writer *w)
{
    int64_t sum = 0;
    for (int k = 0; k < w->array_count; k++) {
        int64_t size = 1;
        for (int i = 0; i < w->arrays[k].rank; i++)
            size *= w->arrays[k].extent[i];
        sum += size;
    }
    return sum;
}

static ir_module *partitioned(session *s, const char *text, int64_t capacity)
{
    const pass_options options = {.machine_variables = capacity};
    const pass_hooks hooks = {.verify_each = true};
    const char *failed = NULL, *before = NULL;
    ir_module *m = parse(s, text);
    const char *fault = m ? pass_run_list(m, "partition", &options, &hooks, &failed, &before) : "not parsed";
    CHECK(!fault, "%s:\n%s", fault, text);
    return fault ? NULL : m;
}

static int64_t cut_anneals, rounds_shared;

static void try_program(session *s, writer *w, uint64_t seed)
{
    put_program(w, seed);
    int64_t spins = spins_of(w), capacity = 1 + random_below(&w->r, (int)(spins < 40 ? spins + 3 : 40));
    ir_module *m = partitioned(s, w->text, capacity);
    if (!m)
        return;
    const char *wrong = partition_check(m, anneal_of(m), capacity, &s->arena);
    CHECK(!wrong, "seed %llu, capacity %lld: %s\n%s", (unsigned long long)seed, (long long)capacity, wrong, w->text);
    const char *text = ir_print(m, false);
    ir_module *again = parse(s, text);
    CHECK(again && !strcmp(text, ir_print(again, false)), "seed %llu: printed otherwise", (unsigned long long)seed);
    ir_attribute parts = *ir_op_attribute(m, anneal_of(m), "parts");
    uint32_t rounds = 0;
    for (uint32_t i = 0; i < parts.count; i++)
        if (((const ir_part *)parts.list)[i].round >= rounds)
            rounds = ((const ir_part *)parts.list)[i].round + 1;
    cut_anneals += parts.present;
    rounds_shared += parts.present && rounds < parts.count;
}

/* In a function of its own: what longjmp may clobber stays outside. */
static void guarded(uint64_t seed, writer *w, void (*body)(session *s, writer *w, uint64_t seed))
{
    session s;
    arena_open(&s.arena, NULL, &s.no_memory);
    if (setjmp(s.no_memory)) {
        CHECK(false, "out of memory");
    } else {
        diagnostics_open(&s.diagnostics, &s.arena);
        body(&s, w, seed);
    }
    arena_close(&s.arena);
}

/* ---- the check sees faults ---- */

static const char qama[] = "isinglass 1\nstage ising\nmodel @m(%J: f32[3, 8, 8]) {\n"
                           "  %x = anneal name heads spins {x[t in 3, i in 8] in {0, 1}} terms {\n"
                           "    quad x[t, i] x[t, j] over [t in 3, i in 8, j in 8] where i < j coeff %J[t, i, j]\n"
                           "    quad x[t, i] x[u, i] over [t in 3, i in 8, u in 3] where t < u coeff 2.5\n"
                           "  } : spin[3, 8]\n"
                           "  %o = readout over [t in 3, i in 8] elem %x[t, i] : f32[3, 8]\n  return o = %o\n}\n";

static void expect_fault(session *s, const ir_module *m, const char *said)
{
    const char *wrong = partition_check(m, anneal_of(m), 10, &s->arena);
    CHECK(wrong && strstr(wrong, said), "'%s', not '%s'", wrong ? wrong : "nothing", said);
}

static void try_faults(session *s, writer *w, uint64_t seed)
{
    (void)w, (void)seed;
    ir_module *m = partitioned(s, qama, 10);
    ir_attribute *attribute = ir_op_attribute(m, anneal_of(m), "parts");
    ir_part *parts = (ir_part *)(uintptr_t)attribute->list;
    ir_box *box = (ir_box *)(uintptr_t)parts[1].boxes;
    const ir_part kept = parts[1];
    const ir_box kept_box = *box;
    CHECK(attribute->count == 3 && !partition_check(m, anneal_of(m), 10, &s->arena), "the cut itself");
    parts[1].round = 0;
    parts[2].round = 1;
    expect_fault(s, m, "share round 0");
    parts[1].round = 2;
    parts[2].round = 4;
    expect_fault(s, m, "round 4 of 3 parts");
    parts[2].round = 2;
    expect_fault(s, m, "round 1 has no part");
    parts[1] = kept;
    parts[1].severed++;
    expect_fault(s, m, "severs 45 couplings, not 46");
    parts[1] = kept;
    box->begin[1]--;
    expect_fault(s, m, "is in part 0 and in part 1");
    *box = kept_box;
    box->end[1]--;
    expect_fault(s, m, "is in no part");
    *box = kept_box;
    box->end[0]++;
    expect_fault(s, m, "beyond 'x'");
    *box = kept_box;
    parts[1].box_count = 0;
    expect_fault(s, m, "is empty");
    parts[1] = kept;
    box->array = 1;
    expect_fault(s, m, "no spin array");
    *box = kept_box;
    attribute->present = false;
    expect_fault(s, m, "14 too many");
}

/* ---- lack of memory ---- */

static bool cut_without(trap *t)
{
    isg_allocator hook = trap_allocator(t);
    session s;
    volatile bool done = false;
    arena_open(&s.arena, &hook, &s.no_memory);
    if (!setjmp(s.no_memory)) {
        diagnostics_open(&s.diagnostics, &s.arena);
        done = partitioned(&s, qama, 10) != NULL;
    }
    arena_close(&s.arena);
    return done;
}

static void test_memory(void)
{
    for (int ever = 0; ever < 2; ever++) {
        bool done = false;
        for (long at = 1; !done; at++) {
            trap t = {.at = at, .ever_after = ever};
            done = cut_without(&t);
            CHECK(done == (t.calls < at), "allocation %ld", at);
            CHECK(t.held_blocks == 0, "allocation %ld: %ld blocks left", at, (long)t.held_blocks);
        }
    }
}

int main(void)
{
    static writer w;
    uint64_t count = getenv("ISG_TEST_FULL") ? 30000 : getenv("ISG_TEST_QUICK") ? 500 : 3000;
    for (uint64_t seed = 0; seed < count && check_failures < 10; seed++)
        guarded(seed, &w, try_program);
    CHECK(cut_anneals > (int64_t)count / 3 && rounds_shared > (int64_t)count / 20, "%lld cut, %lld with shared rounds",
          (long long)cut_anneals, (long long)rounds_shared);
    guarded(0, &w, try_faults);
    test_memory();
    printf("%llu anneals, %lld cut, %lld with parts side by side\n", (unsigned long long)count, (long long)cut_anneals,
           (long long)rounds_shared);
    return check_done();
}
