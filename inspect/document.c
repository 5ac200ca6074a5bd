/* document.c - see document.h. */
#include "inspect/document.h"

#include "inspect/eigen.h"
#include "inspect/health.h"
#include "inspect/landscape.h"
#include "inspect/place.h"
#include "inspect/spectrum.h"
#include "ir/coupling_walk.h"
#include "ir/number_text.h"

static const char *const numeric_keys[] = {"numbers",   "health",    "spectrum", "measured", "landscape",
                                           "attention", "partition", "machine",  "state"};
enum { NUMERIC_KEYS = sizeof numeric_keys / sizeof *numeric_keys };

/* ---- what needs no numbers -------------------------------------------------------------------- */

static const char *domain_text(const spin_names *names)
{
    for (uint32_t k = 1; k < names->array_count; k++)
        if (names->arrays[k].lowest != names->arrays[0].lowest)
            return "mixed";
    return names->array_count && names->arrays[0].lowest ? "{-1, 1}" : "{0, 1}";
}

/* A set of pairs, for counting what several terms name only once. */
typedef struct pair_set {
    uint64_t *words;
    int64_t spins, count, steps;
} pair_set;

enum { PAIR_SPINS = 16384, PAIR_STEPS = 100000000 };

static bool add_pair(void *context, uint32_t first, uint32_t second)
{
    pair_set *s = context;
    uint64_t low = first < second ? first : second, high = first < second ? second : first;
    uint64_t at = low * (uint64_t)s->spins + high;
    s->count += !(s->words[at / 64] >> (at % 64) & 1);
    s->words[at / 64] |= UINT64_C(1) << (at % 64);
    return ++s->steps < PAIR_STEPS;
}

static int64_t count_pairs(arena *a, const ir_module *m, ir_op anneal, bool *exact)
{
    const ir_attribute terms = *ir_op_attribute(m, anneal, "terms");
    spin_layout layout = spin_layout_of(m, anneal, a);
    pair_set set = {.spins = layout.count};
    int64_t sum = 0, quadratic = 0;
    *exact = true;
    for (uint32_t k = 0; k < terms.count; k++) {
        bool each;
        const ir_term *term = (const ir_term *)terms.list + k;
        quadratic += term->spin_count == 2;
        sum += term->spin_count == 2 ? structure_term_count(m, anneal, term, a, &each) : 0;
        *exact &= term->spin_count != 2 || each;
    }
    if (quadratic < 2 || !*exact || layout.count > PAIR_SPINS || sum > PAIR_STEPS) {
        *exact &= quadratic < 2;
        return sum;
    }
    set.words = ARENA_ARRAY(a, uint64_t, (size_t)(layout.count * layout.count / 64 + 1));
    for (uint32_t k = 0; k < terms.count; k++)
        if (((const ir_term *)terms.list + k)->spin_count == 2)
            coupling_walk(m, &layout, (const ir_term *)terms.list + k, false, a, add_pair, &set);
    return set.count;
}

static json_t *one_text(arena *a, const char *text)
{
    json_t *list = value_array(a);
    if (text)
        value_push(a, list, value_text(a, text));
    return list;
}

static void put_view(arena *a, json_t *value, const machine_view *view)
{
    if (view->partition)
        value_put(a, value, "partition", view->partition);
    if (view->machine)
        value_put(a, value, "machine", view->machine);
}

static void put_nulls(arena *a, json_t *value)
{
    for (int k = 0; k < NUMERIC_KEYS; k++)
        if (!json_object_get(value, numeric_keys[k]))
            value_put(a, value, numeric_keys[k], value_null());
}

/* ---- what does -------------------------------------------------------------------------------- */

static void note(arena *a, json_t *value, const char *text)
{
    value_push(a, json_object_get(value, "notes"), value_text(a, text));
}

bool measured_whole(const measured *x)
{
    return !x->view.left_out && !(x->observation && x->observation->interrupted);
}

static void put_interruption(arena *a, json_t *value, const measured *x)
{
    const observation *o = x->observation;
    if (!o->reads && o->asked)
        note(a, value,
             arena_format(
                 a, "interrupted before the first read had ended: nothing was measured; the best state so far has energy %s",
                 number_text_in(a, o->energies[0], 6)));
    else if (o->reads < o->asked)
        note(a, value, arena_format(a, "interrupted after %d of %d reads: these are shown", (int)o->reads, (int)o->asked));
    if (x->late)
        note(a, value,
             "interrupted before: where its coefficients depend on earlier Hamiltonians, they are those of unfinished states");
    if (o->interrupted && o->chain_beta > 0)
        note(a, value, "interrupted: the energy's autocorrelation was left out");
    if (x->view.left_out)
        note(a, value, "interrupted: what the machine makes of it was left out");
}

static void put_notes(arena *a, json_t *value, const measured *x, const numbers *n)
{
    const observation *o = x->observation;
    int64_t spins = x->problem->spins;
    put_interruption(a, value, x);
    if (spins > 128)
        note(a, value, "the coupling matrix is shown as means over square blocks");
    if (o->shortened)
        note(a, value,
             arena_format(a, "the problem is large: %d reads of %d sweeps; --reads and --sweeps ask for more", (int)o->asked,
                          (int)o->sweeps));
    if (n->fixed.info.roof == ROOF_TOO_LARGE)
        note(a, value, "roof duality was left out: the problem is too large for it");
    if (n->fixed.info.fixed > NUMBERS_FIXED_LISTED)
        note(a, value, arena_format(a, "of the fixed spins the first %d are listed", NUMBERS_FIXED_LISTED));
    if (spins > NUMBERS_SPINS_LISTED)
        note(a, value, "ratios and parts are not listed spin by spin");
    if (value_count_at(value, "attention.heads_total") > ATTENTION_HEADS_SHOWN)
        note(a, value, arena_format(a, "the first %d heads are shown", ATTENTION_HEADS_SHOWN));
}

/* What reads came to, if any ended. */
static void put_measurements(arena *a, json_t *value, const measured *x, const numbers *n)
{
    const problem *p = x->problem;
    const observation *o = x->observation;
    if (!o->reads)
        return;
    const landscape l = landscape_of(p, o, n->fixed.left ? NULL : n->fixed.value, a);
    value_put(a, value, "measured", measured_value(a, o, &l));
    value_put(a, value, "landscape", landscape_value(a, p, o, &l));
    if (!l.proven)
        note(a, value,
             arena_format(a, "success is measured against the best state found; %lld spins are too many to go through all states",
                          (long long)p->spins));
    int32_t listed = (int32_t)json_array_size(value_at(value, "landscape.states"));
    if (listed < l.count)
        note(a, value,
             arena_format(a, "of %d distinct states that reads ended in the lowest %d are listed", (int)l.count, (int)listed));
    if (!o->chain.known && !o->interrupted)
        note(a, value, "the energy's autocorrelation could not be told: it is constant, or remembers longer than the chain");
}

/* All numeric keys but `attention`, which must be there already or be null. */
static isg_status put_numbers(arena *a, json_t *value, const target *t, const measured *x, isg_error *error)
{
    const problem *p = x->problem;
    const observation *o = x->observation;
    numbers n;
    eigen_extremes e;
    isg_status status = numbers_find(p, t, a, &n, error);
    if (status)
        return status;
    status = eigen_find(n.spin, EIGEN_DENSE_SPINS, &e, error);
    if (!status) {
        const health line = health_of(p, t, &n, a);
        value_put(a, value, "couplings", value_count(a, p->coupling_count));
        value_put(a, value, "couplings_exact", value_flag(true));
        value_put(a, value, "fields", value_count(a, n.fields));
        value_put(a, value, "independent_parts", value_count(a, n.components));
        value_put(a, value, "numbers", numbers_value(a, p, t, &n));
        value_put(a, value, "health", health_value(a, &line));
        value_put(a, value, "spectrum", spectrum_value(a, &e, &o->ladder));
        value_put(a, value, "state", landscape_up(a, observation_state(o, o->reads), p->spins));
        put_notes(a, value, x, &n);
        put_measurements(a, value, x, &n);
    }
    numbers_close(&n);
    return status;
}

isg_status document_of_anneal(arena *a, const ir_module *m, ir_op anneal, const char *moves, const target *t, const measured *x,
                              json_t **out, isg_error *error)
{
    bool bound = x->problem != NULL;
    spin_names names = spin_names_of_anneal(m, anneal, a);
    bool exact;
    int64_t pairs = count_pairs(a, m, anneal, &exact), array = attention_array(m, anneal);
    const ir_attribute *groups = ir_op_attribute(m, anneal, "groups");
    json_t *value = value_object(a);
    value_put(a, value, "name", value_text(a, ir_text(m, ir_op_attribute(m, anneal, "name")->name)));
    value_put(a, value, "spins", value_count(a, names.spins));
    value_put(a, value, "domain", value_text(a, domain_text(&names)));
    value_put(a, value, "arrays", structure_arrays(a, m, anneal, &names));
    value_put(a, value, "formula", value_text(a, structure_formula(m, anneal, a)));
    value_put(a, value, "terms", structure_terms(a, m, anneal, bound ? x->terms : NULL));
    value_put(a, value, "couplings", value_count(a, pairs));
    value_put(a, value, "couplings_exact", value_flag(exact));
    value_put(a, value, "fields", value_null());
    value_put(a, value, "groups", structure_groups(a, m, anneal));
    value_put(a, value, "independent_parts", value_count(a, groups && groups->present ? groups->number : 1));
    value_put(a, value, "moves", one_text(a, moves));
    value_put(a, value, "notes", value_array(a));
    if (bound && array >= 0)
        value_put(a, value, "attention",
                  attention_value(a, &names.arrays[array], x->problem, observation_state(x->observation, x->observation->reads),
                                  x->inputs, x->input_count));
    isg_status status = bound ? put_numbers(a, value, t, x, error) : ISG_OK;
    put_view(a, value, &x->view);
    put_nulls(a, value);
    *out = value;
    return status;
}

/* ---- problems --------------------------------------------------------------------------------- */

static void push_term(arena *a, json_t *list, const char *text, int degree, const double *values, int64_t count)
{
    const distribution d = distribution_of(values, count);
    json_t *one = value_object(a);
    value_put(a, one, "text", value_text(a, text));
    value_put(a, one, "degree", value_count(a, degree));
    value_put(a, one, "couplings", value_count(a, count));
    value_put(a, one, "source", value_null());
    value_put(a, one, "numbers", distribution_value(a, &d));
    value_push(a, list, one);
}

/* The offset, the fields, the couplings: those there are. */
static json_t *problem_terms(arena *a, const problem *p, const char *name)
{
    json_t *list = value_array(a);
    double *values = ARENA_ARRAY(a, double, (size_t)p->coupling_count);
    bool fields = false;
    for (int64_t k = 0; k < p->coupling_count; k++)
        values[k] = p->couplings[k].value;
    for (int64_t i = 0; i < p->spins; i++)
        fields |= p->fields[i] != 0;
    if (p->coupling_count)
        push_term(a, list, arena_format(a, "+ sum[i, j : i < j] J[i, j] * %s[i] * %s[j]", name, name), 2, values,
                  p->coupling_count);
    if (fields)
        push_term(a, list, arena_format(a, "+ sum[i] h[i] * %s[i]", name), 1, p->fields, p->spins);
    if (p->offset != 0)
        push_term(a, list, arena_format(a, "%c %.17g", p->offset < 0 ? '-' : '+', p->offset < 0 ? -p->offset : p->offset), 0,
                  &p->offset, 1);
    return list;
}

static const char *join_texts(arena *a, const json_t *terms)
{
    const char *text = "";
    for (size_t k = 0; k < json_array_size(terms); k++)
        text = arena_format(a, "%s%s%s", text, k ? "\n" : "", value_text_at(json_array_get(terms, k), "text"));
    return text;
}

isg_status document_of_problem(arena *a, const char *name, const char *moves, const target *t, const measured *x, json_t **out,
                               isg_error *error)
{
    spin_names names = spin_names_of_problem(x->problem, a);
    json_t *value = value_object(a), *terms = problem_terms(a, x->problem, names.arrays[0].name);
    value_put(a, value, "name", value_text(a, name));
    value_put(a, value, "spins", value_count(a, names.spins));
    value_put(a, value, "domain", value_text(a, domain_text(&names)));
    value_put(a, value, "arrays", structure_arrays(a, NULL, 0, &names));
    value_put(a, value, "formula", value_text(a, join_texts(a, terms)));
    value_put(a, value, "terms", terms);
    value_put(a, value, "groups", value_array(a));
    value_put(a, value, "moves", one_text(a, moves));
    value_put(a, value, "notes", value_array(a));
    isg_status status = put_numbers(a, value, t, x, error);
    put_view(a, value, &x->view);
    put_nulls(a, value);
    *out = value;
    return status;
}

/* ---- the whole -------------------------------------------------------------------------------- */

json_t *document_sources(arena *a, const ir_module *m)
{
    const ir_function *model = m->functions.at[0];
    ARENA_LIST(ir_span) spans = {0};
    for (uint32_t i = 0; i < model->ops.count; i++) {
        ir_op op = model->ops.at[i];
        const ir_op_data data = *ir_op_get(m, op);
        if (data.code != OP_ANNEAL)
            continue;
        const ir_attribute terms = *ir_op_attribute(m, op, "terms");
        for (uint32_t k = 0; k < terms.count; k++)
            ARENA_PUSH(a, &spans, ((const ir_term *)terms.list)[k].span);
        for (uint32_t site = data.site; site; site = m->sites.at[site].parent)
            ARENA_PUSH(a, &spans, m->sites.at[site].call);
    }
    return place_files(a, m, spans.at, spans.count);
}

const char *document_text(arena *a, const json_t *document)
{
    return arena_format(a, "%s\n", value_print(a, document));
}
