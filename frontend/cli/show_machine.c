/* show_machine.c - see show_machine.h. */
#include "frontend/cli/show_machine.h"
#include "ir/number_text.h"

#include <math.h>
#include <stdio.h>

void machine_complete_report(const machine *x, const machine_settings *settings, isg_report *report)
{
    report->reads = machine_reads(settings);
    report->sweeps = machine_sweeps(settings);
    for (int64_t i = 0; i < report->hamiltonian_count; i++) {
        machine_tally t = machine_tally_of(x, (uint64_t)i);
        report->hamiltonians[i].fixed_spins_mean = t.samples ? (double)t.first_spins_fixed / (double)t.samples : NAN;
        report->hamiltonians[i].flips_per_second = NAN; /* a simulator's speed says nothing of the machine's */
    }
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void show_losses(const target *t, const machine_tally *tally, arena *a)
{
    double samples = (double)tally->samples;
    if (!t->couplings.limited || !tally->runs)
        return;
    fprintf(stderr, "    precision (%s): %lld of %lld couplings sent became zero (%.3g %%); no energy is off by more than %s\n",
            target_values_text(a, &t->couplings), (long long)tally->couplings_lost, (long long)tally->couplings,
            tally->couplings ? 100 * (double)tally->couplings_lost / (double)tally->couplings : 0.0,
            number_text_in(a, tally->bound_sum / samples, 3));
    if (tally->fields_lost)
        fprintf(stderr, "    %lld field%s became zero\n", (long long)tally->fields_lost, plural(tally->fields_lost));
    if (tally->runs_without_couplings)
        fprintf(stderr, "    %lld of %lld runs lost ALL their couplings: what came back was decided by the fields alone\n",
                (long long)tally->runs_without_couplings, (long long)tally->runs);
}

static void show_hamiltonian(const machine_schedule *s, const target *t, const machine_tally *tally, const char *name, arena *a)
{
    double samples = (double)tally->samples;
    fprintf(stderr, "  %s on %s: %u part%s in %u round%s; %lld sample%s took %lld pass%s and %lld run%s of the machine\n", name,
            t->name, (unsigned)s->part_count, plural(s->part_count), (unsigned)s->round_count, plural(s->round_count),
            (long long)tally->samples, plural(tally->samples), (long long)tally->passes, tally->passes == 1 ? "" : "es",
            (long long)tally->runs, plural(tally->runs));
    fprintf(stderr, "    presolve fixed %s of %lld spin%s a sample%s\n",
            number_text_in(a, (double)tally->first_spins_fixed / samples, 5), (long long)s->spins, plural(s->spins),
            tally->runs ? "" : ": nothing was left for the machine");
    show_losses(t, tally, a);
}

void show_machine(const machine *x, const target *t, const isg_report *report, arena *a)
{
    for (int64_t i = 0; i < report->hamiltonian_count; i++) {
        machine_tally tally = machine_tally_of(x, (uint64_t)i);
        if (tally.samples)
            show_hamiltonian(machine_schedule_at(x, (uint64_t)i), t, &tally, report->hamiltonians[i].name, a);
    }
}
