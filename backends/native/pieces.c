/* pieces.c - what generated code is made of besides its own loops: written once in C, compiled to bitcode when
 * the compiler is built, linked into each program before optimisation and specialised there to its shapes.
 *
 * Plain functions over flat arrays: no allocation, no I/O, no state. Sums run in index order, in double.
 */
#include "backends/native/kernels/group_prepare.h"
#include "backends/native/kernels/group_reads.h"
#include "runtime/abi.h"
#include "runtime/threshold.h"

#define restrict_ __restrict__

float erff(float);
float tanhf(float);
float expf(float);
float sqrtf(float);
double sqrt(double);

/* ---- annealing ---- */

void piece_thresholds(const uint32_t *key, uint32_t sweep, int64_t blocks, float *out)
{
    threshold_sweep(key, sweep, blocks, out);
}

int64_t piece_first_not_finite(const double *x, int64_t count)
{
    double bad = 0; /* stays 0 while everything is finite */
    for (int64_t i = 0; i < count; i++)
        if (!(x[i] - x[i] == 0))
            bad = 1;
    if (bad == 0)
        return -1;
    int64_t at = 0;
    while (x[at] - x[at] == 0)
        at++;
    return at;
}

/* Of numbers of which one is not, or -1. */
int64_t piece_first_not_finite_f32(const float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!(x[i] - x[i] == 0))
            return i;
    return -1;
}

/* x[at[i]] += value[i] */
void piece_add_at(double *x, const uint32_t *restrict_ at, const double *restrict_ value, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[at[i]] += value[i];
}

/* From a list of pairs, negative where there is none, each spin's neighbours: those of spin p, and the places of their pairs in
 * the list, stand from start[p] to start[p + 1]; in the list's order. start: [spins + 2], neighbour and slot: [2 * pairs]. */
void piece_neighbours(const int32_t *restrict_ pair, int64_t pairs, int64_t *restrict_ start, int64_t spins,
                      int32_t *restrict_ neighbour, int32_t *restrict_ slot)
{
    for (int64_t p = 0; p < spins + 2; p++)
        start[p] = 0;
    for (int64_t i = 0; i < 2 * pairs; i++)
        if (pair[i] >= 0)
            start[pair[i] + 2]++;
    for (int64_t p = 1; p < spins + 2; p++)
        start[p] += start[p - 1];
    for (int64_t i = 0; i < 2 * pairs; i++)
        if (pair[i] >= 0) {
            int64_t at = start[pair[i] + 1]++;
            neighbour[at] = pair[i ^ 1];
            slot[at] = (int32_t)(i >> 1);
        }
}

/* ---- tensors, elementwise ---- */

void piece_negate(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = -x[i];
}

void piece_gelu(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
}

void piece_relu(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

void piece_tanh(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = tanhf(x[i]);
}

void piece_exp(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = expf(x[i]);
}

void piece_sqrt(const float *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = sqrtf(x[i]);
}

void piece_to_f32(const int32_t *restrict_ x, float *restrict_ y, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        y[i] = (float)x[i];
}

/* ---- tensors, by axis ---- */

/* [outer, n, inner] -> [outer, inner]. */
void piece_reduce(const float *restrict_ x, float *restrict_ y, int64_t outer, int64_t n, int64_t inner, double scale)
{
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            double sum = 0;
            for (int64_t k = 0; k < n; k++)
                sum += x[(o * n + k) * inner + i];
            y[o * inner + i] = (float)(sum * scale);
        }
}

void piece_softmax(const float *restrict_ x, float *restrict_ y, int64_t rows, int64_t n)
{
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * n;
        float *out = y + r * n, largest = in[0];
        for (int64_t i = 1; i < n; i++)
            largest = in[i] > largest ? in[i] : largest;
        double sum = 0;
        for (int64_t i = 0; i < n; i++) {
            out[i] = expf(in[i] - largest);
            sum += out[i];
        }
        for (int64_t i = 0; i < n; i++)
            out[i] = (float)(out[i] / sum);
    }
}

/* weight, bias: [n] or NULL. */
void piece_layernorm(const float *restrict_ x, const float *restrict_ weight, const float *restrict_ bias, float *restrict_ y,
                     int64_t rows, int64_t n, double eps)
{
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * n;
        double sum = 0, square = 0;
        for (int64_t i = 0; i < n; i++)
            sum += in[i];
        double mean = sum / (double)n;
        for (int64_t i = 0; i < n; i++)
            square += (in[i] - mean) * (in[i] - mean);
        double scale = 1 / sqrt(square / (double)n + eps);
        for (int64_t i = 0; i < n; i++) {
            double normal = (in[i] - mean) * scale;
            y[r * n + i] = (float)(normal * (weight ? weight[i] : 1) + (bias ? bias[i] : 0));
        }
    }
}

/* x [rows, in], w [out, in], bias [out] or NULL. */
void piece_linear(const isg_abi_services *services, const float *x, const float *w, const float *bias, float *y, int64_t rows,
                  int64_t in, int64_t out)
{
    services->sgemm(1, rows, out, in, x, in, w, in, y, out);
    if (bias)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < out; i++)
                y[r * out + i] += bias[i];
}

void piece_matmul(const isg_abi_services *services, const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k)
{
    services->sgemm(0, m, n, k, a, k, b, n, c, n);
}

/* c [m, n] = a [m, k] times the transpose of b [n, k]. */
void piece_product(const isg_abi_services *services, const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k)
{
    services->sgemm(1, m, n, k, a, k, b, k, c, n);
}

/* Returns the place of the first id out of range, or -1. */
int64_t piece_embedding(const int32_t *ids, const float *table, float *y, int64_t count, int64_t rows, int64_t width)
{
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= rows)
            return i;
        for (int64_t k = 0; k < width; k++)
            y[i * width + k] = table[ids[i] * width + k];
    }
    return -1;
}

void piece_transpose(const float *restrict_ x, float *restrict_ y, int64_t batch, int64_t rows, int64_t columns)
{
    for (int64_t b = 0; b < batch; b++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t c = 0; c < columns; c++)
                y[(b * columns + c) * rows + r] = x[(b * rows + r) * columns + c];
}

/* [a, b, d] -> [b, a, d]: both directions of splitting heads. */
void piece_swap_axes(const float *restrict_ x, float *restrict_ y, int64_t a, int64_t b, int64_t d)
{
    for (int64_t i = 0; i < b; i++)
        for (int64_t j = 0; j < a; j++)
            for (int64_t k = 0; k < d; k++)
                y[(i * a + j) * d + k] = x[(j * b + i) * d + k];
}

/* Soft-max over the keys that are kept (all when keep is NULL). With none kept the weights are equal. */
static void attention_weights(float *row, const float *keep, int64_t keys, float scale)
{
    float largest = 0;
    int64_t kept = 0;
    for (int64_t j = 0; j < keys; j++) {
        row[j] *= scale;
        if (keep && keep[j] == 0)
            continue;
        largest = !kept || row[j] > largest ? row[j] : largest;
        kept++;
    }
    double sum = 0;
    for (int64_t j = 0; j < keys; j++) {
        row[j] = !kept ? 1 : keep && keep[j] == 0 ? 0 : expf(row[j] - largest);
        sum += row[j];
    }
    for (int64_t j = 0; j < keys; j++)
        row[j] = (float)(row[j] / sum);
}

/* q [heads, queries, d], k [heads, keys, d], v [heads, keys, width], keep [heads, keys] or NULL;
 * scores: scratch [queries, keys]. */
void piece_attention(const isg_abi_services *services, const float *q, const float *k, const float *v, const float *keep,
                     float *y, float *scores, int64_t heads, int64_t queries, int64_t keys, int64_t d, int64_t width)
{
    float scale = (float)(1 / sqrt((double)d));
    for (int64_t t = 0; t < heads; t++) {
        services->sgemm(1, queries, keys, d, q + t * queries * d, d, k + t * keys * d, d, scores, keys);
        for (int64_t i = 0; i < queries; i++)
            attention_weights(scores + i * keys, keep ? keep + t * keys : 0, keys, d ? scale : 0);
        services->sgemm(0, queries, width, keys, scores, keys, v + t * keys * width, width, y + t * queries * width, width);
    }
}

/* ---- groups of spins (kernels/group.h); the shapes are constants wherever these are inlined ---- */

#define GROUP_SHAPE_PARAMETERS                                                                                                   \
    int64_t members, int64_t groups, int64_t member_stride, int64_t group_stride, int64_t lowest, int64_t rows
#ifdef READY_LEVEL /* compiled ahead: for each number of members, other shapes as they come */
#define GROUP_OF(count, statement)                                                                                               \
    case count: {                                                                                                                \
        group_layout l = group_layout_of((group_shape){count, groups, member_stride, group_stride, lowest, rows});               \
        statement;                                                                                                               \
    } break;
#define WITH_LAYOUT(statement)                                                                                                   \
    switch (members) {                                                                                                           \
        GROUP_OF(2, statement)                                                                                                   \
        GROUP_OF(3, statement)                                                                                                   \
        GROUP_OF(4, statement)                                                                                                   \
        GROUP_OF(5, statement)                                                                                                   \
        GROUP_OF(6, statement)                                                                                                   \
        GROUP_OF(7, statement)                                                                                                   \
        GROUP_OF(8, statement)                                                                                                   \
        GROUP_OF(9, statement)                                                                                                   \
        GROUP_OF(10, statement)                                                                                                  \
    default:                                                                                                                     \
        __builtin_unreachable();                                                                                                 \
    }
_Static_assert(READY_MEMBERS_MAX == 10, "one case for each number");
#else
#define WITH_LAYOUT(statement)                                                                                                   \
    do {                                                                                                                         \
        group_layout l = group_layout_of((group_shape){members, groups, member_stride, group_stride, lowest, rows});             \
        statement;                                                                                                               \
    } while (0)
#endif

__attribute__((always_inline)) void piece_group_prepare(char *work, const double *linear, const void *coupling,
                                                        const double *uniform, GROUP_SHAPE_PARAMETERS)
{
    WITH_LAYOUT(group_prepare(work, &l, linear, coupling, *uniform));
}

__attribute__((always_inline)) void piece_group_start(char *work, const int8_t *state, GROUP_SHAPE_PARAMETERS)
{
    WITH_LAYOUT(group_start(work, &l, state));
}

__attribute__((always_inline)) uint64_t piece_group_sweep(char *work, int8_t *state, double beta, const uint32_t *key,
                                                          uint32_t sweep, GROUP_SHAPE_PARAMETERS)
{
    uint64_t flips;
    WITH_LAYOUT(flips = group_sweep(work, &l, state, beta, key, sweep));
    return flips;
}

__attribute__((always_inline)) void piece_reads_start(char *work, const int8_t *states, GROUP_SHAPE_PARAMETERS)
{
    WITH_LAYOUT(reads_start(work, &l, states));
}

__attribute__((always_inline)) uint64_t piece_reads_sweep(char *work, double beta, const uint32_t *keys, uint32_t sweep,
                                                          GROUP_SHAPE_PARAMETERS)
{
    uint64_t flips;
    WITH_LAYOUT(flips = reads_sweep(work, &l, beta, keys, sweep));
    return flips;
}

__attribute__((always_inline)) void piece_reads_finish(char *work, int8_t *states, double *energy, GROUP_SHAPE_PARAMETERS)
{
    WITH_LAYOUT(reads_finish(work, &l, states, energy));
}

__attribute__((always_inline)) void piece_group_span(const char *work, double *greatest, double *least, GROUP_SHAPE_PARAMETERS)
{
    const group_head *head;
    WITH_LAYOUT(head = (const group_head *)(const void *)(work + l.head));
    *greatest = head->greatest * head->unit;
    *least = head->least * head->unit;
}
