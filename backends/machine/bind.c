/* bind.c - see bind.h. */
#include "backends/machine/bind.h"

#include "runtime/error.h"
#include "runtime/memory.h"

/* Gathers couplings from the compiled Hamiltonian; the first failure stays. */
typedef struct gathering {
    problem *p;
    const int8_t *lowest;
    bool mixed;
    isg_status status;
    isg_error *error;
} gathering;

/* x = (1 + s) / 2 where a {0, 1} spin is seen as {-1, 1}: x = half + half * s with half = 1/2, else 0 + 1 * s. */
static void add_mixed(gathering *g, int64_t a, int64_t b, double value)
{
    double shift_a = g->lowest[a] == 0 ? 0.5 : 0, shift_b = g->lowest[b] == 0 ? 0.5 : 0;
    double scale_a = g->lowest[a] == 0 ? 0.5 : 1, scale_b = g->lowest[b] == 0 ? 0.5 : 1;
    g->p->offset += value * shift_a * shift_b;
    g->p->fields[a] += value * scale_a * shift_b;
    g->p->fields[b] += value * shift_a * scale_b;
    if (!g->status)
        g->status = problem_add_coupling(g->p, a, b, value * scale_a * scale_b, g->error);
}

static void gather(void *visitor, int64_t first, int64_t second, double value)
{
    gathering *g = visitor;
    if (g->mixed)
        add_mixed(g, first, second, value);
    else if (!g->status)
        g->status = problem_add_coupling(g->p, first, second, value, g->error);
}

static bool is_mixed(const int8_t *lowest, uint64_t spins)
{
    for (uint64_t i = 1; i < spins; i++)
        if (lowest[i] != lowest[0])
            return true;
    return false;
}

/* The offset is what the energy function reports beside its groups, of any state. */
static isg_status take_offset(const isg_abi_hamiltonian *h, const isg_abi_context *context, problem *p, isg_error *error)
{
    double *energy = memory_take_zeroed(p->allocator, h->groups + 1, sizeof *energy);
    int8_t *state = memory_take_zeroed(p->allocator, h->spins, 1);
    double *field = memory_take_zeroed(p->allocator, h->spins, sizeof *field);
    isg_status status = energy && state && field ? ISG_OK : error_no_memory(error);
    if (!status) {
        h->energy(context, state, field, energy);
        p->offset += energy[h->groups];
    }
    memory_release(p->allocator, energy, h->groups + 1, sizeof *energy);
    memory_release(p->allocator, state, h->spins, 1);
    memory_release(p->allocator, field, h->spins, sizeof *field);
    return status;
}

static isg_status take_fields(const isg_abi_hamiltonian *h, const isg_abi_context *context, gathering *g, isg_error *error)
{
    problem *p = g->p;
    double *scales = memory_take(p->allocator, h->spins, 4 * sizeof *scales);
    if (!scales)
        return error_no_memory(error);
    double *linear = scales + 3 * h->spins;
    h->scales(context, scales, scales + h->spins, scales + 2 * h->spins, linear);
    for (uint64_t i = 0; i < h->spins; i++) {
        bool half = g->mixed && g->lowest[i] == 0;
        p->fields[i] += half ? linear[i] / 2 : linear[i];
        p->offset += half ? linear[i] / 2 : 0;
    }
    memory_release(p->allocator, scales, h->spins, 4 * sizeof *scales);
    return ISG_OK;
}

isg_status bind_problem(const isg_abi_hamiltonian *h, const isg_abi_context *context, const isg_allocator *allocator,
                        problem *out, isg_error *error)
{
    const int8_t *lowest = (const int8_t *)context->tables + h->lowest_offset;
    bool mixed = is_mixed(lowest, h->spins);
    problem_domain domain = h->spins && !mixed && lowest[0] == 0 ? PROBLEM_BINARY : PROBLEM_SPIN;
    isg_status status = problem_open(out, allocator, domain, h->spins > INT32_MAX ? INT64_MAX : (int64_t)h->spins, error);
    if (status)
        return status;
    for (uint64_t i = 0; i < h->spins; i++)
        out->origins[i].lowest = lowest[i];
    gathering g = {.p = out, .lowest = lowest, .mixed = mixed, .error = error};
    h->couplings(context, gather, &g);
    status = g.status;
    if (!status)
        status = take_fields(h, context, &g, error);
    if (!status)
        status = take_offset(h, context, out, error);
    if (!status)
        status = problem_settle(out, NULL, error);
    if (status)
        problem_close(out);
    return status;
}

isg_status bind_part(const problem *p, const problem_rows *rows, const uint32_t *spins, int64_t count, const int8_t *state,
                     uint32_t *local, problem *out, isg_error *error)
{
    isg_status status = problem_open(out, p->allocator, p->domain, count, error);
    for (int64_t i = 0; i < count && !status; i++)
        local[spins[i]] = (uint32_t)i;
    for (int64_t i = 0; i < count && !status; i++) {
        out->fields[i] = p->fields[spins[i]];
        for (int64_t k = rows->row_start[spins[i]]; k < rows->row_start[spins[i] + 1] && !status; k++) {
            uint32_t other = rows->neighbour[k];
            if (local[other] == PROBLEM_NO_SPIN)
                out->fields[i] += rows->value[k] * state[other];
            else if (other > spins[i])
                status = problem_add_coupling(out, i, local[other], rows->value[k], error);
        }
    }
    for (int64_t i = 0; i < count; i++)
        local[spins[i]] = PROBLEM_NO_SPIN;
    if (!status)
        status = problem_settle(out, NULL, error);
    if (status)
        problem_close(out);
    return status;
}
