/* term_probe.c - see term_probe.h. */
#include "inspect/term_probe.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <string.h>

/* ---- putting them in -------------------------------------------------------------------------- */

static ir_op make_probe(ir_module *m, ir_op anneal, uint32_t term, arena *a)
{
    const ir_op_data own = *ir_op_get(m, anneal);
    ir_op op = ir_op_new(m, OP_ANNEAL, NULL, 0, own.result_count, 0, own.span);
    for (uint32_t r = 0; r < own.result_count; r++)
        ir_value_get(m, ir_op_result(m, op, r))->type = ir_value_get(m, own.results[r])->type;
    ir_op_get(m, op)->site = own.site;
    memcpy(ir_op_get(m, op)->attributes, own.attributes, sizeof own.attributes);
    ir_attribute *terms = ir_op_attribute(m, op, "terms"), *groups = ir_op_attribute(m, op, "groups");
    ir_term *one = ARENA_NEW(a, ir_term);
    *one = ((const ir_term *)terms->list)[term];
    terms->list = one;
    terms->count = 1;
    *groups = (ir_attribute){.present = true, .number = 1};
    ir_op_attribute(m, op, "parts")->present = false;
    return op;
}

probes probes_insert(ir_module *m, arena *a)
{
    ir_function *model = m->functions.at[0];
    ARENA_LIST(probed) list = {0};
    ARENA_LIST(ir_op) ops = {0};
    uint32_t anneals = 0;
    for (uint32_t i = 0; i < model->ops.count; i++) {
        ir_op op = model->ops.at[i];
        if (ir_op_get(m, op)->code == OP_ANNEAL) {
            uint32_t terms = ir_op_attribute(m, op, "terms")->count;
            for (uint32_t k = 0; k < terms; k++) {
                ARENA_PUSH(a, &ops, make_probe(m, op, k, a));
                ARENA_PUSH(a, &list, (probed){anneals, (int32_t)k, op});
            }
            ARENA_PUSH(a, &list, (probed){anneals++, -1, op});
        }
        ARENA_PUSH(a, &ops, op);
    }
    model->ops.count = 0;
    for (uint32_t i = 0; i < ops.count; i++)
        ARENA_PUSH(m->arena, &model->ops, ops.at[i]);
    return (probes){list.at, list.count, anneals};
}

/* ---- reading them ----------------------------------------------------------------------------- */

/* Values as they come, in a block that doubles; the first failure stays. */
typedef struct gathering {
    const isg_allocator *allocator;
    double *values;
    int64_t count, capacity;
    bool failed;
} gathering;

static void gather(void *visitor, int64_t first, int64_t second, double value)
{
    gathering *g = visitor;
    (void)first;
    (void)second;
    if (g->count == g->capacity && !g->failed) {
        int64_t more = g->capacity ? 2 * g->capacity : 1024;
        double *grown = memory_take(g->allocator, (size_t)more, sizeof *grown);
        g->failed = !grown;
        if (grown && g->count)
            memcpy(grown, g->values, sizeof *grown * (size_t)g->count);
        if (grown) {
            memory_release(g->allocator, g->values, (size_t)g->capacity, sizeof *g->values);
            g->values = grown;
            g->capacity = more;
        }
    }
    if (!g->failed)
        g->values[g->count++] = value;
}

/* Of the combinations that a linear term runs over only those that give a field are told apart; the rest are zeros. */
static bool gather_fields(const isg_abi_hamiltonian *h, const isg_abi_context *context, int64_t combinations, gathering *g)
{
    double *scales = memory_take(g->allocator, h->spins, 4 * sizeof *scales);
    if (!scales)
        return false;
    const double *linear = scales + 3 * h->spins;
    h->scales(context, scales, scales + h->spins, scales + 2 * h->spins, scales + 3 * h->spins);
    for (uint64_t i = 0; i < h->spins; i++)
        if (linear[i] != 0)
            gather(g, 0, 0, linear[i]);
    while (g->count < combinations && g->count < (int64_t)h->spins && !g->failed)
        gather(g, 0, 0, 0);
    memory_release(g->allocator, scales, h->spins, 4 * sizeof *scales);
    return true;
}

static bool gather_offset(const isg_abi_hamiltonian *h, const isg_abi_context *context, gathering *g)
{
    double *energy = memory_take_zeroed(g->allocator, h->groups + 1, sizeof *energy);
    int8_t *state = memory_take_zeroed(g->allocator, h->spins, 1);
    double *field = memory_take_zeroed(g->allocator, h->spins, sizeof *field);
    bool done = energy && state && field;
    if (done) {
        h->energy(context, state, field, energy);
        gather(g, 0, 0, energy[h->groups]);
    }
    memory_release(g->allocator, energy, h->groups + 1, sizeof *energy);
    memory_release(g->allocator, state, h->spins, 1);
    memory_release(g->allocator, field, h->spins, sizeof *field);
    return done;
}

isg_status probe_read(const isg_abi_hamiltonian *h, const isg_abi_context *context, uint32_t spin_count, int64_t combinations,
                      const isg_allocator *allocator, term_numbers *out, isg_error *error)
{
    gathering g = {.allocator = allocator};
    bool done = true;
    if (spin_count == 2)
        h->couplings(context, gather, &g);
    else if (spin_count == 1)
        done = gather_fields(h, context, combinations, &g);
    else
        done = gather_offset(h, context, &g);
    double *fitting = done && !g.failed ? memory_take(allocator, (size_t)g.count, sizeof *fitting) : NULL;
    if (fitting && g.count)
        memcpy(fitting, g.values, sizeof *fitting * (size_t)g.count);
    memory_release(allocator, g.values, (size_t)g.capacity, sizeof *g.values);
    *out = (term_numbers){fitting, g.count};
    return fitting ? ISG_OK : error_no_memory(error);
}
