/* health.c - see health.h. */
#include "inspect/health.h"

const char *const health_names[] = {"empty",  "one-spin",     "no-terms",       "fields-only",    "decided",
                                    "erased", "disconnected", "couplings-only", "mostly-decided", "healthy"};

static const double most_lost = 0.1, mostly = 0.9;

static const char *spins_text(arena *a, int64_t count)
{
    return count == 1 ? "1 spin" : arena_format(a, "%lld spins", (long long)count);
}

/* "3 %", and never 0 % or 100 % of what is not none or all. */
static const char *share_text(arena *a, int64_t count, int64_t of)
{
    double percent = of ? 100.0 * (double)count / (double)of : 0;
    if (count && percent < 0.5)
        return "under 1 %";
    if (count < of && percent > 99.5)
        return "over 99 %";
    return arena_format(a, "%.0f %%", percent);
}

static const char *fixed_and_bits(arena *a, const problem *p, const numbers *n)
{
    return arena_format(a, "%s fixed, couplings use %.1f bits", share_text(a, n->fixed.info.fixed, p->spins), n->bits.needed);
}

static bool erased(const numbers *n)
{
    return n->quantised && n->couplings_sent > 0 && (double)n->couplings_lost > most_lost * (double)n->couplings_sent;
}

static health_verdict verdict_of(const problem *p, const numbers *n)
{
    if (!p->spins)
        return HEALTH_EMPTY;
    if (p->spins == 1)
        return HEALTH_ONE_SPIN;
    if (!p->coupling_count)
        return n->spin_fields ? HEALTH_FIELDS_ONLY : HEALTH_NO_TERMS;
    if (n->spin_fields && n->fixed.info.fixed == p->spins)
        return HEALTH_DECIDED;
    if (erased(n))
        return HEALTH_ERASED;
    if (n->components > 1)
        return HEALTH_DISCONNECTED;
    if (!n->spin_fields)
        return HEALTH_COUPLINGS_ONLY;
    return (double)n->fixed.info.fixed >= mostly * (double)p->spins ? HEALTH_MOSTLY_DECIDED : HEALTH_HEALTHY;
}

static const char *decided_line(arena *a, const problem *p, const numbers *n)
{
    const int64_t *by = n->fixed.count;
    if (by[FIXED_BY_FIELD] == p->spins)
        return arena_format(a, "all %s are decided by their fields alone; annealing adds nothing", spins_text(a, p->spins));
    return arena_format(
        a, "all %s are settled before annealing, %lld by their fields and %lld by roof duality%s; annealing adds nothing",
        spins_text(a, p->spins), (long long)by[FIXED_BY_FIELD], (long long)by[FIXED_BY_ROOF],
        by[FIXED_BY_NOTHING] ? ", the others may be anything" : "");
}

static const char *free_line(arena *a, const problem *p, const numbers *n)
{
    int64_t with = 0;
    for (int64_t i = 0; i < p->spins; i++)
        with += n->spin->fields[i] != 0;
    if (with == p->spins)
        return decided_line(a, p, n);
    return arena_format(a, "no couplings: %lld of %s follow their fields, the others may be anything; annealing adds nothing",
                        (long long)with, spins_text(a, p->spins));
}

static const char *erased_line(arena *a, const target *t, const numbers *n)
{
    bool all = n->couplings_lost == n->couplings_sent;
    return arena_format(a, "%s erases %s%lld couplings sent to it (%s): %s", t->name,
                        all ? "all " : arena_format(a, "%lld of ", (long long)n->couplings_lost), (long long)n->couplings_sent,
                        target_values_text(a, &t->couplings),
                        all ? "it would see fields alone" : "it would solve another problem");
}

static const char *line_of(health_verdict verdict, const problem *p, const target *t, const numbers *n, arena *a)
{
    switch (verdict) {
    case HEALTH_EMPTY:
        return "empty: there are no spins";
    case HEALTH_ONE_SPIN:
        return n->spin_fields ? "one spin, decided by its field; annealing adds nothing"
                              : "one spin without a field: either value will do; annealing adds nothing";
    case HEALTH_NO_TERMS:
        return arena_format(a, "neither couplings nor fields: all states of the %s have the same energy",
                            spins_text(a, p->spins));
    case HEALTH_FIELDS_ONLY:
        return free_line(a, p, n);
    case HEALTH_DECIDED:
        return decided_line(a, p, n);
    case HEALTH_ERASED:
        return erased_line(a, t, n);
    case HEALTH_DISCONNECTED:
        return arena_format(a, "disconnected: %lld parts that nothing couples, the largest of %s; %s", (long long)n->components,
                            spins_text(a, n->largest_component), fixed_and_bits(a, p, n));
    case HEALTH_COUPLINGS_ONLY:
        return arena_format(
            a, "couplings alone: no fields, so every state and its opposite have the same energy; couplings use %.1f bits",
            n->bits.needed);
    case HEALTH_MOSTLY_DECIDED:
        return arena_format(a, "mostly decided: %s; annealing chooses among %s", fixed_and_bits(a, p, n),
                            spins_text(a, p->spins - n->fixed.info.fixed));
    case HEALTH_HEALTHY:
        break;
    }
    return arena_format(a, "healthy: %s", fixed_and_bits(a, p, n));
}

health health_of(const problem *p, const target *t, const numbers *n, arena *a)
{
    health_verdict verdict = verdict_of(p, n);
    return (health){verdict, line_of(verdict, p, t, n, a)};
}

json_t *health_value(arena *a, const health *h)
{
    json_t *value = value_object(a);
    value_put(a, value, "verdict", value_text(a, health_names[h->verdict]));
    value_put(a, value, "line", value_text(a, h->line));
    return value;
}
