/* model_run.c - see model_run.h. */
#include "inspect/model_run.h"

#include "backends/machine/bind.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <string.h>

model_run model_run_open(const ir_module *m, probes p, const observe_settings *settings, machine *machine,
                         const isg_allocator *allocator, arena *a)
{
    model_run r = {.allocator = allocator,
                   .module = m,
                   .probes = p,
                   .settings = *settings,
                   .machine = machine,
                   .anneals = ARENA_ARRAY(a, observed_anneal, p.anneals)};
    for (uint32_t i = 0; i < p.count; i++) {
        observed_anneal *to = &r.anneals[p.at[i].anneal];
        to->op = p.at[i].op;
        to->term_count = ir_op_attribute(m, to->op, "terms")->count;
        if (p.at[i].term < 0)
            to->terms = ARENA_ARRAY(a, term_numbers, to->term_count);
    }
    return r;
}

void model_run_close(model_run *r)
{
    for (uint32_t i = 0; i < r->probes.anneals; i++) {
        observed_anneal *x = &r->anneals[i];
        for (uint32_t k = 0; k < x->term_count; k++)
            memory_release(r->allocator, x->terms[k].values, (size_t)x->terms[k].count, sizeof(double));
        if (!x->bound)
            continue;
        memory_release(r->allocator, x->machine_state, (size_t)x->problem.spins, 1);
        observation_close(&x->observation);
        problem_close(&x->problem);
    }
}

/* ---- solving ---------------------------------------------------------------------------------- */

static isg_status read_probe(model_run *r, const probed *p, const program_solve *request, isg_error *error)
{
    observed_anneal *x = &r->anneals[p->anneal];
    const ir_attribute terms = *ir_op_attribute(r->module, p->op, "terms");
    const ir_term *term = (const ir_term *)terms.list + p->term;
    int64_t most = 1;
    for (uint32_t k = 0; k < term->index_count; k++)
        if (__builtin_mul_overflow(most, ir_index_extent(r->module, term->indices[k]), &most))
            most = INT64_MAX;
    int8_t *state = (int8_t *)request->context->frame + request->hamiltonian->state_offset;
    const int8_t *lowest = (const int8_t *)request->context->tables + request->hamiltonian->lowest_offset;
    if (request->hamiltonian->spins)
        memcpy(state, lowest, request->hamiltonian->spins);
    *request->energy = 0;
    return probe_read(request->hamiltonian, request->context, term->spin_count, most, r->allocator, &x->terms[p->term], error);
}

static double energy_of_up(const problem *p, const int8_t *up, int8_t *state)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = up[i] ? 1 : lowest;
    return problem_energy(p, state);
}

/* The simulator's answer, put aside unless it was cut short; the frame's state is the annealer's again afterwards. */
static isg_status ask_machine(model_run *r, observed_anneal *x, uint32_t number, const program_solve *request, isg_error *error)
{
    size_t spins = (size_t)x->problem.spins;
    int8_t *state = (int8_t *)request->context->frame + request->hamiltonian->state_offset;
    int8_t *kept = memory_take(r->allocator, spins, 1);
    x->machine_state = memory_take(r->allocator, spins, 1);
    double energy;
    program_solve on_machine = *request;
    on_machine.number = number;
    on_machine.energy = &energy;
    on_machine.cancelled = r->settings.cancelled;
    on_machine.cancel_context = r->settings.cancel_context;
    if (kept && spins)
        memcpy(kept, state, spins);
    isg_status status = kept && x->machine_state ? machine_solve(r->machine, &on_machine, error) : error_no_memory(error);
    if (!status) {
        for (size_t i = 0; i < spins; i++)
            x->machine_state[i] = state[i] > 0;
        if (spins)
            memcpy(state, kept, spins);
        x->machine_energy = energy_of_up(&x->problem, x->machine_state, kept);
    }
    if (observe_cancelled(&r->settings)) {
        memory_release(r->allocator, x->machine_state, spins, 1);
        x->machine_state = NULL;
    }
    memory_release(r->allocator, kept, spins, 1);
    return status;
}

isg_status model_run_solve(void *run, const program_solve *request, isg_error *error)
{
    model_run *r = run;
    const probed *p = &r->probes.at[request->number];
    if (p->term >= 0)
        return read_probe(r, p, request, error);
    observed_anneal *x = &r->anneals[p->anneal];
    isg_status status = bind_problem(request->hamiltonian, request->context, r->allocator, &x->problem, error);
    if (status)
        return status;
    x->bound = true;
    for (uint32_t k = 0; k < p->anneal; k++)
        x->late |= r->anneals[k].observation.reads < r->anneals[k].observation.asked;
    x->moves = request->hamiltonian->moves;
    x->observation.allocator = r->allocator;
    observe_settings settings = r->settings;
    settings.sample = request->sample;
    settings.number = p->anneal;
    status = observe(request->hamiltonian, request->context, &x->problem, &settings, &x->observation, error);
    if (!status)
        *request->energy = x->observation.energies[x->observation.reads];
    return status || !r->machine || observe_cancelled(&r->settings) ? status : ask_machine(r, x, p->anneal, request, error);
}
