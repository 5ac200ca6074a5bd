/* inspect.h - isg inspect: its options, and one inspection of a model or of a problem. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "frontend/cli/options.h"
#include "inspect/value.h"

typedef struct inspect_options {
    const char *weights, *target, *from, *diff, *output;
    text_list inputs;
    int format;
    int32_t sample, reads, sweeps;
    bool sample_given;
    option_seed seed;
} inspect_options;

/* Each returns EXIT_DONE with the document (inspect/README.md), or the exit status after reporting what is wrong. */
int inspect_model(cli *c, const inspect_options *o, const char *path, json_t **document);
int inspect_problem(cli *c, const inspect_options *o, const char *path, json_t **document);

/* What the subject says beside what the options say. */
typedef struct inspect_subject {
    const char *kind, *name, *file, *format, *target; /* the last two may be NULL */
    json_t *sources;
    int64_t samples; /* in the inputs; 0: there were none */
    int32_t reads, sweeps;
    bool incomplete; /* interrupted: something was left out */
} inspect_subject;
json_t *inspect_document(cli *c, const inspect_options *o, const inspect_subject *subject, json_t *hamiltonians);

#endif
