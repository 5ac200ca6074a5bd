/* show.h - what `isg run` shows people: progress, a summary, a small array. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include "frontend/cli/cli.h"
#include "runtime/report.h"

/* An isg_run_options.progress callback; context is a show_progress_bar. Draws on stderr. */
typedef struct show_progress_bar {
    double start;     /* cli_seconds */
    const char *what; /* is counted; NULL: samples */
    bool drawn;
} show_progress_bar;
void show_progress(void *context, int64_t done, int64_t total);
void show_progress_end(show_progress_bar *bar); /* clears the line */

void show_summary(const isg_report *report, const report_context *context); /* on stderr */

/* A float32 array in C order on stdout, as NumPy prints one: large ones by their first rows. */
void show_array(const isg_tensor *t);

#endif
