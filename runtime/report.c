/* report.c - see report.h.
 *
 * Built and printed by jansson, which writes numbers with a point in every locale.
 */
#include "runtime/report.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/memory.h"
#include "runtime/tensor.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *seconds(const isg_report *report, const report_context *context)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "compile", number(context->seconds_compile), "coefficients",
                     number(report->seconds_coefficients), "anneal", number(report->seconds_anneal), "total",
                     number(context->seconds_total));
}

static json_t *hamiltonian(const isg_hamiltonian_report *h)
{
    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "name", h->name, "spins", (json_int_t)h->spins, "terms",
                     (json_int_t)h->terms, "energy_mean", number(h->energy_mean), "energy_min", number(h->energy_min),
                     "fixed_spins_mean", number(h->fixed_spins_mean), "flips_per_second", number(h->flips_per_second));
}

static json_t *hamiltonians(const isg_report *report)
{
    json_t *list = json_array();
    for (int64_t i = 0; list && i < report->hamiltonian_count; i++)
        if (json_array_append_new(list, hamiltonian(&report->hamiltonians[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* A seed of 2^63 and more does not fit JSON's integers as jansson knows them; it is written as a string. */
static json_t *seed(uint64_t value)
{
    char digits[24];
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return json_string(digits);
}

static json_t *make_report(const isg_report *report, const report_context *context)
{
    json_t *root = json_pack("{s:s, s:I, s:o, s:i, s:i, s:i, s:s, s:o, s:o}", "model", context->model, "samples",
                             (json_int_t)report->samples, "seed", seed(context->seed), "reads", (int)report->reads, "sweeps",
                             (int)report->sweeps, "threads", (int)report->threads, "target", context->target, "seconds",
                             seconds(report, context), "hamiltonians", hamiltonians(report));
    if (root && context->has_accuracy && json_object_set_new(root, "accuracy", number(context->accuracy))) {
        json_decref(root);
        return NULL;
    }
    return root;
}

isg_status report_text(const isg_allocator *allocator, const isg_report *report, const report_context *context, char **text,
                       size_t *length, isg_error *error)
{
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(17);
    allocator = allocator ? allocator : isg_default_allocator();
    json_t *root = make_report(report, context);
    size_t size = root ? json_dumpb(root, NULL, 0, flags) : 0;
    char *block = size ? memory_take(allocator, size + 2, 1) : NULL;
    if (block && json_dumpb(root, block, size, flags) != size) {
        memory_release(allocator, block, size + 2, 1);
        block = NULL;
    }
    json_decref(root);
    if (!block)
        return error_no_memory(error);
    block[size] = '\n';
    block[size + 1] = '\0';
    *text = block;
    *length = size + 1;
    return ISG_OK;
}

isg_status report_write(const isg_allocator *allocator, const isg_io *io, const char *path, const isg_report *report,
                        const report_context *context, isg_error *error)
{
    char *text;
    size_t length;
    isg_status status = report_text(allocator, report, context, &text, &length, error);
    if (status)
        return status;
    status = file_write(allocator, io, path, text, length, error);
    file_free(allocator, text, length);
    return status;
}

/* ---- accuracy -------------------------------------------------------------------------------- */

static int64_t argmax(const float *values, int64_t count)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

static isg_status count_right(const isg_tensor *scores, const isg_tensor *labels, float *row, int64_t classes, int64_t *right,
                              isg_error *error)
{
    for (int64_t k = 0; k < scores->shape[0]; k++) {
        int32_t label;
        isg_tensor sample = tensor_at(scores, k), at = tensor_at(labels, k);
        isg_status status = tensor_to_i32(&at, (tensor_origin){.kind = "labels", .name = "labels", .sample = k}, &label, error);
        if (status)
            return status;
        tensor_gather(&sample, 0, classes, (char *)row);
        *right += argmax(row, classes) == label;
    }
    return ISG_OK;
}

isg_status report_accuracy(const isg_allocator *allocator, const isg_tensor *scores, const isg_tensor *labels, double *accuracy,
                           isg_error *error)
{
    allocator = allocator ? allocator : isg_default_allocator();
    isg_status status = tensor_check(scores, "output", "scores", error);
    if (!status)
        status = tensor_check(labels, "labels", "labels", error);
    if (status)
        return status;
    if (scores->rank < 1 || labels->rank != 1 || scores->shape[0] != labels->shape[0] || scores->dtype != ISG_F32)
        return error_fail(error, ISG_INVALID, "labels must be one for each sample");
    int64_t classes, right = 0, samples = scores->shape[0];
    if (!tensor_count(scores->rank - 1, scores->shape + 1, &classes) || !classes)
        return error_fail(error, ISG_INVALID, "the output has no scores to compare with labels");
    float *row = memory_take(allocator, (size_t)classes, sizeof *row);
    if (!row)
        return error_no_memory(error);
    status = count_right(scores, labels, row, classes, &right, error);
    memory_release(allocator, row, (size_t)classes, sizeof *row);
    *accuracy = samples ? (double)right / (double)samples : NAN;
    return status;
}
