/* pieces_dense.c - the dense kernels, and rows from products, as pieces (pieces.c). Optimised when the compiler is built, since
 * shapes hardly matter to them: that takes most of the work off each compilation of a program.
 */
#include "backends/native/kernels/exchange_span.h"
#include "backends/native/kernels/rows.h"
#include "backends/native/kernels/symmetric.h"
#include "runtime/abi.h"

/* kernels/symmetric.h: symmetric_rows. */
int64_t piece_symmetric_rows(const isg_abi_services *services, const float *first, const float *second, float *work, double *out,
                             int64_t n, int64_t depth, double straight, double crossed, double constant)
{
    const symmetric_form form = {straight, crossed, constant};
    return symmetric_rows(services, first, second, work, out, n, depth, &form, SYMMETRIC_F64);
}

int64_t piece_symmetric_rows_f32(const isg_abi_services *services, const float *first, const float *second, float *work,
                                 float *out, int64_t n, int64_t depth, double straight, double crossed)
{
    const symmetric_form form = {straight, crossed, 0};
    return symmetric_rows(services, first, second, work, out, n, depth, &form, SYMMETRIC_F32);
}

int64_t piece_symmetric_rows_f32_streamed(const isg_abi_services *services, const float *first, const float *second, float *work,
                                          float *out, int64_t n, int64_t depth, double straight, double crossed)
{
    const symmetric_form form = {straight, crossed, 0};
    return symmetric_rows(services, first, second, work, out, n, depth, &form, SYMMETRIC_F32_STREAMED);
}

/* kernels/rows.h: rows_add_all. */
void piece_add_rows(const double *rows, const int8_t *state, double *field, int64_t n)
{
    rows_add_all(rows, 8, state, field, n);
}

void piece_add_rows_f32(const float *rows, const int8_t *state, double *field, int64_t n)
{
    rows_add_all(rows, 4, state, field, n);
}

/* bytes: of a coupling's number, 8 or 4. */
void piece_dense_prepare(char *work, const double *linear, const void *coupling, int64_t bytes, const double *uniform,
                         int64_t spins, int64_t lowest)
{
    dense_couplings couplings = {.spins = spins,
                                 .value = bytes == 8 ? coupling : 0,
                                 .narrow = bytes == 4 ? coupling : 0,
                                 .uniform = uniform ? *uniform : 0};
    dense_work_prepare(work, linear, &couplings, lowest);
}

static void gather(void *gathering, int64_t first, int64_t second, double value)
{
    dense_work_gather(gathering, first, second, value);
}

/* Behind all else that dense rows need, where they are gathered. */
static char *exchange_of(char *work, int64_t spins)
{
    return work + (dense_work_bytes(spins) + dense_gather_bytes(spins) + 63) / 64 * 64;
}

/* The same from the couplings of all terms, as isg_abi_hamiltonian.couplings tells of them. With the families of exchanges, if
 * any, in their place. */
void piece_dense_gather(const isg_abi_context *context, char *work, const double *linear,
                        void (*couplings)(const isg_abi_context *, void (*)(void *, int64_t, int64_t, double), void *),
                        int64_t spins, int64_t lowest, int64_t families)
{
    dense_gathering gathering = dense_work_gathering(work, spins);
    dense_couplings all = {.spins = spins, .value = gathering.value};
    char *e = exchange_of(work, spins);
    double greatest = 0, least = 0;
    couplings(context, gather, &gathering);
    if (families)
        exchange_span((const exchange *)(const void *)e, e, &all, 0, linear, lowest, &greatest, &least);
    dense_work_prepare_spanning(work, linear, &all, lowest, greatest, least);
}

void piece_dense_span(const char *work, double *greatest, double *least)
{
    const dense_work *w = (const dense_work *)(const void *)work;
    *greatest = w->greatest;
    *least = w->least;
}

int64_t piece_dense_lean(const char *work, int8_t *state, int64_t spins, int64_t lowest)
{
    return dense_work_lean(work, state, spins, lowest);
}

void piece_dense_start(char *work, const int8_t *state, int64_t spins)
{
    dense_work_start(work, state, spins);
}

int64_t piece_dense_sweep(char *work, int8_t *state, double beta, const uint32_t *key, uint32_t sweep, int64_t spins,
                          int64_t lowest)
{
    return (int64_t)dense_work_sweep(work, state, beta, key, sweep, spins, lowest, 0);
}

double piece_dense_estimate(const char *work, double *error)
{
    return dense_work_estimate(work, error);
}

/* One more family of groups, the `place`th, of the exchanges `behind` so many bytes of the workspace; the last call says how many
 * there are and whether the first two cross. */
void piece_exchange_family(char *work, int64_t behind, int64_t place, int64_t base, int64_t members, int64_t groups,
                           int64_t member_stride, int64_t group_stride, int64_t crosses)
{
    exchange *e = (exchange *)(void *)(work + behind);
    e->family[place] = (exchange_family){base, members, groups, member_stride, group_stride};
    e->count = place + 1;
    e->crosses = crosses;
}

int64_t piece_exchange_sweep(char *work, int8_t *state, double beta, const uint32_t *key, uint32_t sweep, int64_t spins,
                             int64_t lowest)
{
    return (int64_t)dense_work_sweep(work, state, beta, key, sweep, spins, lowest, exchange_of(work, spins));
}

/* ---- exchanges over lists of neighbours (kernels/lists.h), `behind` which they are ---- */

static void count(void *making, int64_t first, int64_t second, double value)
{
    lists_count(making, first, second, value);
}

static void fill(void *making, int64_t first, int64_t second, double value)
{
    lists_fill(making, first, second, value);
}

/* With the families in their place. capacity: of the lists. */
void piece_lists_prepare(const isg_abi_context *context, char *work, const double *linear,
                         void (*couplings)(const isg_abi_context *, void (*)(void *, int64_t, int64_t, double), void *),
                         int64_t spins, int64_t lowest, int64_t capacity, int64_t behind)
{
    lists *l = lists_place(work, spins, capacity, lowest);
    lists_making making = lists_begin(l);
    char *e = work + behind;
    couplings(context, count, &making);
    lists_counted(&making, linear);
    couplings(context, fill, &making);
    lists_finish(l, linear, lowest);
    exchange_span((const exchange *)(const void *)e, e, 0, l, linear, lowest, &l->greatest, &l->least);
    if (!(l->greatest > 0)) /* the penalties alone */
        l->greatest = l->least = 1 / l->scale;
}

void piece_lists_span(const char *work, double *greatest, double *least)
{
    const lists *l = (const lists *)(const void *)work;
    *greatest = l->greatest;
    *least = l->least;
}

void piece_lists_start(char *work, const int8_t *state)
{
    lists_start((const lists *)(const void *)work, state);
}

int64_t piece_lists_sweep(char *work, int8_t *state, double beta, const uint32_t *key, uint32_t sweep, int64_t behind)
{
    return exchange_lists_sweep((const lists *)(const void *)work, work + behind, state, beta, key, sweep);
}

double piece_lists_estimate(const char *work, double *error)
{
    return lists_estimate((const lists *)(const void *)work, error);
}
