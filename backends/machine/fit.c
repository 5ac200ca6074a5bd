/* fit.c - see fit.h. */
#include "backends/machine/fit.h"

#include "passes/problem/exact_sum.h"
#include "runtime/anneal.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <math.h>
#include <pthread.h>

const char *const fit_verdict_names[] = {
    "fits", "fits in parts", "needs embedding", "needs fields", "loses precision", "too small", NULL};

/* Beyond this share of couplings lost, what the machine solves is another problem. */
static const double couplings_lost_limit = 0.1;

typedef struct fit_sums {
    int64_t samples, spins, agreeing;
    exact_sum native, machine; /* samples end in any order */
} fit_sums;

struct fit_run {
    const isg_allocator *allocator;
    machine *machine;
    uint64_t count;
    fit_sums *sums; /* [count] */
    uint64_t seed;
    pthread_mutex_t mutex;
};

isg_status fit_open(fit_run **out, const ir_module *m, const machine_settings *settings, uint64_t hamiltonians,
                    const isg_allocator *allocator, isg_error *error)
{
    const isg_allocator *a = allocator ? allocator : isg_default_allocator();
    *out = NULL;
    fit_run *f = memory_take_zeroed(a, 1, sizeof *f);
    if (!f)
        return error_no_memory(error);
    f->allocator = a;
    f->count = hamiltonians;
    f->seed = settings->seed;
    pthread_mutex_init(&f->mutex, NULL);
    f->sums = memory_take_zeroed(a, hamiltonians, sizeof *f->sums);
    machine_settings with_losses = *settings;
    with_losses.with_usual_loss = true;
    isg_status status = f->sums ? machine_open(&f->machine, m, &with_losses, a, error) : error_no_memory(error);
    if (status)
        fit_close(f);
    else
        *out = f;
    return status;
}

void fit_close(fit_run *f)
{
    if (!f)
        return;
    machine_close(f->machine);
    pthread_mutex_destroy(&f->mutex);
    memory_release(f->allocator, f->sums, f->count, sizeof *f->sums);
    memory_release(f->allocator, f, 1, sizeof *f);
}

/* ---- solving twice ---- */

static isg_status solve_natively(const fit_run *f, const program_solve *request, double *energy, isg_error *error)
{
    size_t bytes = anneal_scratch_bytes(request->hamiltonian);
    memory_aligned scratch = bytes == SIZE_MAX ? (memory_aligned){0} : memory_take_aligned(f->allocator, bytes);
    if (!scratch.at)
        return error_no_memory(error);
    anneal_settings settings = {.solver = ISG_ANNEAL,
                                .reads = ANNEAL_DEFAULT_READS,
                                .sweeps = ANNEAL_DEFAULT_SWEEPS,
                                .exact = true,
                                .seed = f->seed,
                                .sample = request->sample,
                                .hamiltonian = (uint32_t)request->number,
                                .cancelled = request->cancelled,
                                .cancel_context = request->cancel_context};
    *energy = anneal_solve(request->hamiltonian, request->context, &settings, scratch.at).energy;
    memory_release_aligned(f->allocator, &scratch);
    return ISG_OK;
}

static void add_up(fit_run *f, const program_solve *request, const machine_tally *tally, const int8_t *native,
                   const int8_t *machine, double e_native, double e_machine)
{
    fit_sums *sums = &f->sums[request->number];
    int64_t spins = (int64_t)request->hamiltonian->spins, agreeing = 0;
    for (int64_t i = 0; i < spins; i++)
        agreeing += native[i] == machine[i];
    machine_tally_add(f->machine, request->number, tally);
    pthread_mutex_lock(&f->mutex);
    sums->samples++;
    sums->spins += spins;
    sums->agreeing += agreeing;
    exact_add(&sums->native, e_native);
    exact_add(&sums->machine, e_machine);
    pthread_mutex_unlock(&f->mutex);
}

isg_status fit_solve(void *fit, const program_solve *request, isg_error *error)
{
    fit_run *f = fit;
    size_t spins = request->hamiltonian->spins;
    int8_t *state = (int8_t *)request->context->frame + request->hamiltonian->state_offset;
    int8_t *machine_state = memory_take(f->allocator, spins, 1);
    double e_machine = 0, e_native = 0;
    machine_tally tally;
    program_solve on_machine = *request;
    on_machine.energy = &e_machine;
    isg_status status = machine_state ? machine_solve_untallied(f->machine, &on_machine, &tally, error) : error_no_memory(error);
    if (!status && spins)
        memcpy(machine_state, state, spins);
    if (!status)
        status = solve_natively(f, request, &e_native, error);
    if (!status) {
        *request->energy = e_native;
        if (!program_solve_cancelled(request))
            add_up(f, request, &tally, state, machine_state, e_native, e_machine);
    }
    memory_release(f->allocator, machine_state, spins, 1);
    return status;
}

/* ---- rows ---- */

static const char *too_small_advice(arena *a, const target *t, int64_t largest)
{
    return arena_format(a, "the largest part has %lld spins and %lld fit: %lld short; fewer heads, or a machine of %lld spins",
                        (long long)largest, (long long)target_variables(t, true),
                        (long long)(largest - target_variables(t, true)), (long long)largest + 1);
}

static const char *embedding_advice(arena *a, const target *t, int64_t spins)
{
    int64_t chain = 0, clique = topology_complete_graph(t->topology, &chain);
    if (!clique)
        return "its spins couple to neighbours only; an all-to-all machine runs the model as it is";
    if (spins <= 1)
        return "a single spin or none needs no machine";
    if (spins <= clique)
        return arena_format(a, "as a complete graph its %lld spins embed there, in chains of up to %lld (%lld spins do at most)",
                            (long long)spins, (long long)chain, (long long)clique);
    return arena_format(
        a,
        "the largest complete graph known to embed has %lld spins, in chains of up to %lld, and this model %lld; an "
        "all-to-all machine takes it as it is",
        (long long)clique, (long long)chain, (long long)spins);
}

/* Where the grid matters, what it costs and what presolve is worth; NULL where it costs nothing either way. */
static const char *precision_advice(arena *a, const target *t, const machine_tally *tally, const fit_row *row)
{
    const char *grid = target_values_text(a, &t->couplings);
    const char *usual =
        row->usual_lost > couplings_lost_limit
            ? arena_format(a, "without presolve, a grid set by the largest number would lose %.3g %% of the couplings",
                           100 * row->usual_lost)
            : NULL;
    if (tally->runs_without_couplings)
        return arena_format(
            a, "%lld of %lld runs lose ALL their couplings to the grid (%s): fields alone decide what comes back%s%s",
            (long long)tally->runs_without_couplings, (long long)tally->runs, grid, usual ? "; " : "", usual ? usual : "");
    if (row->couplings_lost > couplings_lost_limit)
        return arena_format(a, "couplings smaller than a step of the grid (%s) become zero; more bits keep them%s%s", grid,
                            usual ? "; " : "", usual ? usual : "");
    return usual ? arena_format(a, "%s; presolve fixes %.3g %% of the spins, then %.3g %% are lost", usual, 100 * row->fixed,
                                100 * row->couplings_lost)
                 : NULL;
}

static double share(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

static void measure(fit_row *row, const target *t, const fit_run *f, uint32_t number, int32_t reads, arena *a)
{
    const fit_sums *sums = &f->sums[number];
    machine_tally tally = machine_tally_of(f->machine, number);
    if (!sums->samples)
        return;
    double samples = (double)sums->samples, rest;
    double native = exact_round(&sums->native, &rest), machine = exact_round(&sums->machine, &rest);
    row->samples = sums->samples;
    row->anneals = (double)tally.runs / samples * reads;
    row->seconds = row->anneals * t->run_seconds;
    row->fixed = share(tally.first_spins_fixed, sums->spins);
    row->couplings_lost = share(tally.couplings_lost, tally.couplings);
    row->usual_lost = share(tally.usual_lost, tally.usual_couplings);
    row->error_bound = tally.bound_sum / samples;
    row->energy_native = native / samples;
    row->energy_machine = machine / samples;
    row->gap = native != 0 ? (machine - native) / fabs(native) : machine - native;
    row->agreement = sums->spins ? share(sums->agreeing, sums->spins) : 1;
    row->advice = precision_advice(a, t, &tally, row);
    if (tally.runs_without_couplings || row->couplings_lost > couplings_lost_limit)
        row->verdict = FIT_LOSES_PRECISION;
}

/* Fields come from terms in one spin, from {0, 1} spins taken to {-1, 1}, and from what parts sever. */
static bool has_fields(const ir_module *m, ir_op op, uint32_t parts)
{
    ir_attribute terms = *ir_op_attribute(m, op, "terms"), spins = *ir_op_attribute(m, op, "spins");
    bool fields = parts > 1;
    for (uint32_t i = 0; i < terms.count; i++)
        fields |= ((const ir_term *)terms.list)[i].spin_count == 1;
    for (uint32_t i = 0; i < spins.count; i++)
        fields |= ((const ir_spins *)spins.list)[i].lowest == 0;
    return fields;
}

static void judge(fit_row *row, const ir_module *m, ir_op op, const target *t, int64_t largest, arena *a)
{
    if (t->topology.kind != TOPOLOGY_COMPLETE) {
        row->verdict = FIT_NEEDS_EMBEDDING;
        row->advice = embedding_advice(a, t, row->spins);
    } else if (largest > target_variables(t, true)) {
        row->verdict = FIT_TOO_SMALL;
        row->advice = too_small_advice(a, t, largest);
    } else if (t->fields == TARGET_FIELDS_NONE && has_fields(m, op, row->parts)) {
        row->verdict = FIT_NEEDS_FIELDS;
        row->advice = "the model has fields and this machine none; one with `fields: ancilla` takes them";
    }
}

static fit_row row_of(const ir_module *m, ir_op op, const machine_settings *settings, arena *a)
{
    const target *t = settings->target;
    machine_schedule s = machine_schedule_of(m, op, a);
    int64_t largest = 0;
    for (uint32_t i = 0; i < s.part_count; i++)
        largest = s.parts[i].count > largest ? s.parts[i].count : largest;
    int32_t passes = s.part_count == 1 ? 1 : settings->passes ? settings->passes : MACHINE_DEFAULT_PASSES;
    double anneals = (double)s.part_count * passes * machine_reads(settings);
    fit_row row = {.hamiltonian = arena_format(a, "%s", ir_text(m, ir_op_attribute(m, op, "name")->name)),
                   .spins_needed = largest + (t->fields == TARGET_FIELDS_ANCILLA),
                   .spins_available = t->spins,
                   .spins = s.spins,
                   .parts = s.part_count,
                   .rounds = s.round_count,
                   .anneals = anneals,
                   .seconds = t->run_seconds * anneals,
                   .fixed = NAN,
                   .couplings_lost = NAN,
                   .usual_lost = NAN,
                   .error_bound = NAN,
                   .energy_native = NAN,
                   .energy_machine = NAN,
                   .gap = NAN,
                   .agreement = NAN,
                   .verdict = s.part_count > 1 ? FIT_IN_PARTS : FIT_FITS};
    judge(&row, m, op, t, largest, a);
    return row;
}

fit_row *fit_rows(const ir_module *m, const machine_settings *settings, const fit_run *measured, arena *a, uint32_t *count)
{
    const ir_function *model = m->functions.at[0];
    fit_row *rows = ARENA_ARRAY(a, fit_row, model->ops.count);
    *count = 0;
    for (uint32_t i = 0; i < model->ops.count; i++) {
        if (ir_op_get(m, model->ops.at[i])->code != OP_ANNEAL)
            continue;
        rows[*count] = row_of(m, model->ops.at[i], settings, a);
        if (measured)
            measure(&rows[*count], settings->target, measured, *count, machine_reads(settings), a);
        ++*count;
    }
    return rows;
}
