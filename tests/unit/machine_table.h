/* machine_table.h - a Hamiltonian written by hand over the ABI's callbacks: random numbers in a table, spins of {0, 1} and
 * {-1, 1} side by side, couplings that repeat. Only what binding to data asks for is there. */
#ifndef TESTS_MACHINE_TABLE_H
#define TESTS_MACHINE_TABLE_H

#include "runtime/abi.h"
#include "tests/unit/problem_random.h"

enum { TABLE_SPINS = 96, TABLE_COUPLINGS = TABLE_SPINS * TABLE_SPINS };

typedef struct table_coupling {
    int first, second;
    double value;
} table_coupling;

/* The frame of a sample. */
typedef struct table {
    int spins, couplings, groups;
    double offset, field[TABLE_SPINS];
    table_coupling coupling[TABLE_COUPLINGS];
    int8_t state[TABLE_SPINS], lowest[TABLE_SPINS];
    int kind; /* of its numbers (problem_random.h) */
} table;

static const table *table_of(const isg_abi_context *c)
{
    return (const table *)(const void *)c->frame;
}

/* Spin i is of group i * groups / spins; couplings never cross. */
static int table_group(const table *t, int spin)
{
    return spin * t->groups / t->spins;
}

static void table_fields(const isg_abi_context *c, const int8_t *state, double *field)
{
    const table *t = table_of(c);
    for (int i = 0; i < t->spins; i++)
        field[i] = t->field[i];
    for (int k = 0; k < t->couplings; k++) {
        field[t->coupling[k].first] += t->coupling[k].value * state[t->coupling[k].second];
        field[t->coupling[k].second] += t->coupling[k].value * state[t->coupling[k].first];
    }
}

/* From the couplings: independent of `field`. */
static void table_energy(const isg_abi_context *c, const int8_t *state, const double *field, double *energy)
{
    const table *t = table_of(c);
    (void)field;
    for (int g = 0; g < t->groups; g++)
        energy[g] = 0;
    for (int i = 0; i < t->spins; i++)
        energy[table_group(t, i)] += t->field[i] * state[i];
    for (int k = 0; k < t->couplings; k++)
        energy[table_group(t, t->coupling[k].first)] +=
            t->coupling[k].value * (state[t->coupling[k].first] * state[t->coupling[k].second]);
    energy[t->groups] = t->offset;
}

static double table_total(const table *t, const int8_t *state)
{
    isg_abi_context c = {.frame = (char *)(uintptr_t)t};
    double energy[TABLE_SPINS + 1], sum = 0;
    table_energy(&c, state, NULL, energy);
    for (int g = 0; g <= t->groups; g++)
        sum += energy[g];
    return sum;
}

/* The sum of all numbers without their signs: what rounding is measured by. */
static inline double table_magnitude(const table *t)
{
    double sum = fabs(t->offset);
    for (int i = 0; i < t->spins; i++)
        sum += fabs(t->field[i]);
    for (int k = 0; k < t->couplings; k++)
        sum += fabs(t->coupling[k].value);
    return sum;
}

static void table_scales(const isg_abi_context *c, double *largest, double *sum, double *square, double *linear)
{
    const table *t = table_of(c);
    for (int i = 0; i < t->spins; i++) {
        linear[i] = t->field[i];
        largest[i] = sum[i] = square[i] = 0; /* only `linear` is asked for */
    }
}

static void table_couplings(const isg_abi_context *c, void (*visit)(void *visitor, int64_t first, int64_t second, double value),
                            void *visitor)
{
    const table *t = table_of(c);
    for (int k = 0; k < t->couplings; k++)
        visit(visitor, t->coupling[k].first, t->coupling[k].second, t->coupling[k].value);
}

static inline isg_abi_hamiltonian table_hamiltonian(const table *t)
{
    return (isg_abi_hamiltonian){.name = "table",
                                 .spins = (uint64_t)t->spins,
                                 .terms = 2,
                                 .groups = (uint64_t)t->groups,
                                 .state_offset = offsetof(table, state),
                                 .fields = table_fields,
                                 .energy = table_energy,
                                 .scales = table_scales,
                                 .couplings = table_couplings};
}

static inline isg_abi_context table_context(table *t)
{
    return (isg_abi_context){.frame = (char *)t, .tables = (char *)t->lowest};
}

/* domains: 0 all {0, 1}, 1 all {-1, 1}, 2 mixed: `binary` spins of {0, 1}, then {-1, 1}. Numbers are of `kind`. */
static inline void table_fill(table *t, random_source *r, int spins, int domains, int binary, int kind)
{
    static const double sizes[] = {0, 1, 4, 64};
    int density = 1 + random_below(r, 10);
    double fields = sizes[random_below(r, 4)];
    *t = (table){.spins = spins, .groups = spins > 4 && !random_below(r, 4) ? 2 : 1, .kind = kind};
    t->offset = random_below(r, 2) ? random_number(r, kind) : 0;
    for (int i = 0; i < spins; i++) {
        t->lowest[i] = (int8_t)(domains == 0 || (domains == 2 && i < binary) ? 0 : -1);
        t->state[i] = t->lowest[i];
        t->field[i] = random_below(r, 4) ? fields * random_number(r, kind) : 0;
        for (int j = 0; j < i; j++)
            for (int times = random_below(r, 10) < density ? 1 + !random_below(r, 8) : 0; times > 0; times--)
                if (table_group(t, i) == table_group(t, j)) {
                    bool turned = random_below(r, 2);
                    t->coupling[t->couplings++] = (table_coupling){turned ? i : j, turned ? j : i, random_number(r, kind)};
                }
    }
}

/* The state of a number: bit i for spin i. */
static inline void table_state(const table *t, uint64_t number, int8_t *state)
{
    for (int i = 0; i < t->spins; i++)
        state[i] = number >> i & 1 ? 1 : t->lowest[i];
}

static inline void table_random_state(const table *t, random_source *r, int8_t *state)
{
    for (int i = 0; i < t->spins; i++)
        state[i] = random_below(r, 2) ? 1 : t->lowest[i];
}

#endif
