/* report.h - the JSON report of a run (design.md, "Reports"). */
#ifndef RUNTIME_REPORT_H
#define RUNTIME_REPORT_H

#include "runtime/isinglass.h"

#include <stdbool.h>

/* What the report says beyond isg_report. */
typedef struct report_context {
    const char *model;
    const char *target; /* "native" */
    uint64_t seed;
    double seconds_compile;
    double seconds_total; /* wall, of the whole command */
    bool has_accuracy;
    double accuracy; /* 0..1 */
} report_context;

/* Numbers have 17 significant digits in every locale; what is not finite becomes null. Whole or not at
 * all; see file.h. */
isg_status report_write(const isg_allocator *allocator, const isg_io *io, const char *path, const isg_report *report,
                        const report_context *context, isg_error *error);

/* The same as text, NUL-terminated, in the allocator's memory; released with file_free (file.h). */
isg_status report_text(const isg_allocator *allocator, const isg_report *report, const report_context *context, char **text,
                       size_t *length, isg_error *error);

/* The share of samples whose argmax over all elements of `scores` [B, ...] (float32; the first of equals)
 * is the label ([B], any integer dtype). ISG_INVALID when the batches differ, a sample has no scores or a label is no
 * whole number. */
isg_status report_accuracy(const isg_allocator *allocator, const isg_tensor *scores, const isg_tensor *labels, double *accuracy,
                           isg_error *error);

#endif
