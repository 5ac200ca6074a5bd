/* problem.c - making, settling, evaluating and decoding problems (problem.h). */
#include "ir/problem.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <math.h>
#include <stdlib.h>

isg_status problem_open(problem *p, const isg_allocator *allocator, problem_domain domain, int64_t spins, isg_error *error)
{
    *p = (problem){.allocator = allocator ? allocator : isg_default_allocator(), .domain = domain, .ancilla = -1};
    if (spins < 0 || spins > INT32_MAX)
        return error_fail(error, ISG_INVALID, "a problem has at most %d spins, not %lld", INT32_MAX, (long long)spins);
    p->fields = memory_take_zeroed(p->allocator, (size_t)spins, sizeof *p->fields);
    p->origins = memory_take(p->allocator, (size_t)spins, sizeof *p->origins);
    p->spins = p->origin_count = spins;
    if (!p->fields || !p->origins) {
        problem_close(p);
        return error_no_memory(error);
    }
    for (int64_t i = 0; i < spins; i++)
        p->origins[i] = (problem_origin){.spin = (uint32_t)i, .value = 1, .lowest = domain == PROBLEM_BINARY ? 0 : -1};
    return ISG_OK;
}

void problem_close(problem *p)
{
    if (!p->allocator)
        return;
    memory_release(p->allocator, p->fields, (size_t)p->spins, sizeof *p->fields);
    memory_release(p->allocator, p->couplings, (size_t)p->coupling_capacity, sizeof *p->couplings);
    memory_release(p->allocator, p->origins, (size_t)p->origin_count, sizeof *p->origins);
    *p = (problem){0};
}

isg_status problem_copy(problem *to, const problem *from, isg_error *error)
{
    isg_status status = problem_open(to, from->allocator, from->domain, from->spins, error);
    if (status)
        return status;
    problem_origin *origins = memory_take(to->allocator, (size_t)from->origin_count, sizeof *origins);
    to->couplings = memory_take(to->allocator, (size_t)from->coupling_count, sizeof *to->couplings);
    to->coupling_count = to->coupling_capacity = from->coupling_count;
    if (!origins || !to->couplings) {
        memory_release(to->allocator, origins, (size_t)from->origin_count, sizeof *origins);
        problem_close(to);
        return error_no_memory(error);
    }
    memory_release(to->allocator, to->origins, (size_t)to->origin_count, sizeof *to->origins);
    to->origins = origins;
    to->origin_count = from->origin_count;
    memcpy(to->origins, from->origins, (size_t)from->origin_count * sizeof *origins);
    memcpy(to->fields, from->fields, (size_t)from->spins * sizeof *to->fields);
    if (from->coupling_count)
        memcpy(to->couplings, from->couplings, (size_t)from->coupling_count * sizeof *to->couplings);
    to->offset = from->offset;
    to->ancilla = from->ancilla;
    return ISG_OK;
}

isg_status problem_add_coupling(problem *p, int64_t a, int64_t b, double value, isg_error *error)
{
    if (p->coupling_count == p->coupling_capacity) {
        int64_t grown = p->coupling_capacity < 64 ? 64 : p->coupling_capacity + p->coupling_capacity / 2;
        size_t old_bytes = p->couplings ? memory_bytes((size_t)p->coupling_capacity, sizeof *p->couplings) : 0;
        void *bigger = p->allocator->resize(p->allocator->context, p->couplings, old_bytes,
                                            memory_bytes((size_t)grown, sizeof *p->couplings));
        if (!bigger)
            return error_no_memory(error);
        p->couplings = bigger;
        p->coupling_capacity = grown;
    }
    p->couplings[p->coupling_count++] = (problem_coupling){(uint32_t)(a < b ? a : b), (uint32_t)(a < b ? b : a), value};
    return ISG_OK;
}

/* ---- settling: a stable sort by (first, second) in two counting passes, then one merge ---- */

static void sort_by(problem *p, bool second, problem_coupling *scratch, int64_t *start)
{
    memset(start, 0, ((size_t)p->spins + 1) * sizeof *start);
    for (int64_t k = 0; k < p->coupling_count; k++)
        start[(second ? p->couplings[k].second : p->couplings[k].first) + 1]++;
    for (int64_t i = 0; i < p->spins; i++)
        start[i + 1] += start[i];
    for (int64_t k = 0; k < p->coupling_count; k++)
        scratch[start[second ? p->couplings[k].second : p->couplings[k].first]++] = p->couplings[k];
    if (p->coupling_count)
        memcpy(p->couplings, scratch, (size_t)p->coupling_count * sizeof *scratch);
}

static int64_t merge_repeats(problem *p)
{
    int64_t kept = 0, merged = 0;
    for (int64_t k = 0; k < p->coupling_count;) {
        problem_coupling c = p->couplings[k++];
        for (; k < p->coupling_count && p->couplings[k].first == c.first && p->couplings[k].second == c.second; k++, merged++)
            c.value += p->couplings[k].value;
        if (c.value != 0)
            p->couplings[kept++] = c;
    }
    p->coupling_count = kept;
    return merged;
}

static bool is_sorted(const problem *p)
{
    for (int64_t k = 1; k < p->coupling_count; k++) {
        const problem_coupling *a = &p->couplings[k - 1], *b = &p->couplings[k];
        if (a->first > b->first || (a->first == b->first && a->second > b->second))
            return false;
    }
    return true;
}

isg_status problem_settle(problem *p, int64_t *merged, isg_error *error)
{
    if (!is_sorted(p)) {
        problem_coupling *scratch = memory_take(p->allocator, (size_t)p->coupling_count, sizeof *scratch);
        int64_t *start = memory_take(p->allocator, (size_t)p->spins + 1, sizeof *start);
        if (scratch && start) {
            sort_by(p, true, scratch, start);
            sort_by(p, false, scratch, start);
        }
        bool lacking = !scratch || !start;
        memory_release(p->allocator, scratch, (size_t)p->coupling_count, sizeof *scratch);
        memory_release(p->allocator, start, (size_t)p->spins + 1, sizeof *start);
        if (lacking)
            return error_no_memory(error);
    }
    int64_t repeats = merge_repeats(p);
    if (merged)
        *merged = repeats;
    return ISG_OK;
}

/* ---- states ---- */

double problem_energy(const problem *p, const int8_t *state)
{
    double energy = 0;
    for (int64_t i = 0; i < p->spins; i++)
        energy += p->fields[i] * state[i];
    for (int64_t k = 0; k < p->coupling_count; k++)
        energy += p->couplings[k].value * (state[p->couplings[k].first] * state[p->couplings[k].second]);
    return energy + p->offset;
}

void problem_decode(const problem *p, const int8_t *state, int8_t *model_state)
{
    bool turned = p->ancilla >= 0 && state[p->ancilla] != 1;
    for (int64_t i = 0; i < p->origin_count; i++) {
        problem_origin o = p->origins[i];
        bool high = o.value == 1;
        if (o.spin != PROBLEM_NO_SPIN)
            high = ((state[o.spin] == 1) != turned) == (o.value == 1);
        model_state[i] = high ? 1 : o.lowest;
    }
}

bool problem_encode(const problem *p, const int8_t *model_state, int8_t *state)
{
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    bool agrees = true;
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = i == p->ancilla ? 1 : lowest;
    for (int64_t i = 0; i < p->origin_count; i++) {
        problem_origin o = p->origins[i];
        if (o.spin != PROBLEM_NO_SPIN && o.spin != (uint32_t)p->ancilla)
            state[o.spin] = (model_state[i] == 1) == (o.value == 1) ? 1 : lowest;
    }
    for (int64_t i = 0; i < p->origin_count; i++) {
        problem_origin o = p->origins[i];
        bool high = (o.spin == PROBLEM_NO_SPIN || state[o.spin] == 1) == (o.value == 1);
        agrees &= high == (model_state[i] == 1);
    }
    return agrees;
}

/* ---- rows ---- */

isg_status problem_rows_open(problem_rows *r, const problem *p, isg_error *error)
{
    size_t ends = (size_t)p->coupling_count * 2;
    *r = (problem_rows){.row_start = memory_take_zeroed(p->allocator, (size_t)p->spins + 2, sizeof *r->row_start),
                        .neighbour = memory_take(p->allocator, ends, sizeof *r->neighbour),
                        .value = memory_take(p->allocator, ends, sizeof *r->value)};
    if (!r->row_start || !r->neighbour || !r->value) {
        problem_rows_close(r, p);
        return error_no_memory(error);
    }
    int64_t *start = r->row_start + 1; /* start[i] moves from row i's begin to its end */
    for (int64_t k = 0; k < p->coupling_count; k++) {
        start[p->couplings[k].first + 1]++;
        start[p->couplings[k].second + 1]++;
    }
    for (int64_t i = 0; i < p->spins; i++)
        start[i + 1] += start[i];
    for (int side = 0; side < 2; side++) /* smaller neighbours first, so that rows are sorted */
        for (int64_t k = 0; k < p->coupling_count; k++) {
            uint32_t a = side ? p->couplings[k].first : p->couplings[k].second,
                     b = side ? p->couplings[k].second : p->couplings[k].first;
            r->neighbour[start[a]] = b;
            r->value[start[a]++] = p->couplings[k].value;
        }
    return ISG_OK;
}

void problem_rows_close(problem_rows *r, const problem *p)
{
    memory_release(p->allocator, r->row_start, (size_t)p->spins + 2, sizeof *r->row_start);
    memory_release(p->allocator, r->neighbour, (size_t)p->coupling_count * 2, sizeof *r->neighbour);
    memory_release(p->allocator, r->value, (size_t)p->coupling_count * 2, sizeof *r->value);
    *r = (problem_rows){0};
}
