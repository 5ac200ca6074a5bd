/* targets_json.c - see targets.h. Built and printed by jansson, which writes numbers with a point in every locale. */
#include "frontend/cli/targets.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* An unlimited number is null. */
static json_t *whole(int64_t number)
{
    return number == INT64_MAX ? json_null() : json_integer(number);
}

static void set_bound(json_t *to, const char *key, double bound, bool grid)
{
    if (!isinf(bound))
        json_object_set_new(to, key, grid ? json_integer((json_int_t)bound) : json_real(bound));
}

static void set_values(json_t *to, const target_values *v)
{
    if (v->bits)
        json_object_set_new(to, "bits", json_integer(v->bits));
    set_bound(to, "min", v->min, v->bits);
    set_bound(to, "max", v->max, v->bits);
    set_bound(to, "sum_min", v->sum_min, false);
    set_bound(to, "sum_max", v->sum_max, false);
    if (v->count != INT64_MAX)
        json_object_set_new(to, "count", json_integer(v->count));
}

static json_t *couplings_of(const target *t)
{
    if (!t->couplings.limited)
        return json_null();
    json_t *values = json_object();
    set_values(values, &t->couplings);
    return values;
}

static json_t *fields_of(const target *t)
{
    json_t *fields = json_object();
    json_object_set_new(fields, "kind", json_string(target_field_names[t->fields]));
    set_values(fields, &t->field_values);
    return fields;
}

static json_t *sources_of(const target *t)
{
    json_t *sources = json_array();
    for (uint32_t i = 0; i < t->source_count; i++)
        json_array_append_new(sources, json_string(t->sources[i]));
    return sources;
}

static json_t *complete_graph_of(const target *t)
{
    int64_t chain, spins = topology_complete_graph(t->topology, &chain);
    return spins ? json_pack("{s:I, s:I}", "spins", (json_int_t)spins, "longest_chain", (json_int_t)chain) : json_null();
}

static json_t *object_of(arena *a, const target *t)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(t->name));
    json_object_set_new(o, "kind", json_string(target_kind_names[t->kind]));
    json_object_set_new(o, "spins", whole(t->spins));
    json_object_set_new(o, "variables", whole(target_variables(t, true)));
    json_object_set_new(o, "topology", json_string(target_topology_text(a, t->topology)));
    json_object_set_new(o, "topology_spins", whole(topology_spins(t->topology)));
    json_object_set_new(o, "topology_couplings", whole(topology_couplings(t->topology)));
    json_object_set_new(o, "complete_graph", complete_graph_of(t));
    json_object_set_new(o, "couplings", couplings_of(t));
    json_object_set_new(o, "fields", fields_of(t));
    json_object_set_new(o, "format", json_string(t->format));
    json_object_set_new(o, "results", t->results ? json_string(t->results) : json_null());
    json_object_set_new(o, "run_seconds", isnan(t->run_seconds) ? json_null() : json_real(t->run_seconds));
    json_object_set_new(o, "source", sources_of(t));
    return o;
}

int targets_print_json(cli *c, const target *const *targets, uint32_t count, bool list)
{
    json_t *all = list ? json_array() : NULL;
    for (uint32_t i = 0; i < count; i++) {
        json_t *o = object_of(&c->arena, targets[i]);
        if (list)
            json_array_append_new(all, o);
        else
            all = o;
    }
    int failed = !all || json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(all);
    putchar('\n');
    return failed ? cli_fail(c, EXIT_INPUT, "cannot write the targets as JSON") : EXIT_DONE;
}
