/* pipeline.c - the order of the passes in one table, and running them. */
#include "passes/pass.h"

#include <string.h>

const pass pass_table[] = {
    {"inline", pass_inline, STAGE_CALLS, STAGE_GRAPH, "chooses the model and replaces calls by bodies"},
    {"infer-shapes", pass_infer_shapes, STAGE_GRAPH, STAGE_GRAPH, "types every value and checks shapes, ranges and integers"},
    {"fold", pass_fold, STAGE_GRAPH, STAGE_GRAPH, "evaluates constants, drops dead code, merges equal operations"},
    {"lower-hamiltonian", pass_lower_hamiltonian, STAGE_GRAPH, STAGE_ISING, "turns polynomials in spins into canonical terms"},
    {"fold", pass_fold, STAGE_ISING, STAGE_ISING, "the same for terms; equal Hamiltonians are solved once"},
    {"split-independent", pass_split_independent, STAGE_ISING, STAGE_ISING, "states which spins are uncoupled"},
    {"partition", pass_partition, STAGE_ISING, STAGE_SCHEDULED, "cuts to the target's spins, along what severs least"},
    {0},
};

static const char *const stage_names[STAGE_COUNT] = {"calls", "graph", "ising", "scheduled"};

const pass *pass_find(const char *name)
{
    for (const pass *p = pass_table; p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

/* Runs one pass with the checks around it; what the verifier found, or NULL. */
static const char *run_one(ir_module *m, const pass *p, const pass_options *options, const pass_hooks *hooks, const char **failed,
                           const char **before)
{
    static const pass_options no_options;
    bool verify = hooks && hooks->verify_each;
#ifndef NDEBUG
    verify = true;
#endif
    const char *text = verify ? ir_print(m, true) : NULL;
    p->run(m, options ? options : &no_options);
    m->stage = p->to;
    const char *fault = verify ? ir_verify(m) : NULL;
    if (fault) {
        *failed = p->name;
        *before = text;
        return fault;
    }
    if (hooks && hooks->after)
        hooks->after(hooks->context, p, m);
    return NULL;
}

const char *pass_run_to(ir_module *m, ir_stage to, const pass_options *options, const pass_hooks *hooks, const char **failed,
                        const char **before)
{
    const pass *p = pass_table;
    while (p->name && p->from != m->stage)
        p++;
    for (; p->name && p->to <= to; p++) {
        const char *fault = run_one(m, p, options, hooks, failed, before);
        if (fault)
            return fault;
    }
    return NULL;
}

/* The row of that name that takes the module as it is; NULL after saying why there is none. */
static const pass *find_for_stage(ir_module *m, const char *name)
{
    const pass *named = NULL;
    for (const pass *p = pass_table; p->name; p++) {
        if (strcmp(p->name, name))
            continue;
        if (p->from == m->stage)
            return p;
        named = p;
    }
    if (named) {
        diagnostics_error(m->diagnostics, (ir_span){0}, "pass '%s' needs stage '%s', but the program is at stage '%s'", name,
                          stage_names[named->from], stage_names[m->stage]);
        return NULL;
    }
    const char *candidates[sizeof pass_table / sizeof *pass_table];
    size_t count = 0;
    for (const pass *p = pass_table; p->name; p++)
        candidates[count++] = p->name;
    diagnostic *d = diagnostics_error(m->diagnostics, (ir_span){0}, "unknown pass '%s'", name);
    const char *nearest = diagnostics_nearest(m->arena, name, candidates, count);
    if (nearest)
        diagnostic_hint(m->diagnostics, d, "did you mean '%s'?", nearest);
    return NULL;
}

const char *pass_run_list(ir_module *m, const char *names, const pass_options *options, const pass_hooks *hooks,
                          const char **failed, const char **before)
{
    while (*names) {
        size_t length = strcspn(names, ",");
        const pass *p = find_for_stage(m, arena_copy(m->arena, names, length));
        const char *fault = p ? run_one(m, p, options, hooks, failed, before) : NULL;
        if (!p || fault)
            return fault;
        names += length + (names[length] == ',');
    }
    return NULL;
}
