/* document.h - the JSON value of an inspection (README.md), put together from the analyses. */
#ifndef INSPECT_DOCUMENT_H
#define INSPECT_DOCUMENT_H

#include "inspect/attention.h"
#include "inspect/numbers.h"
#include "inspect/observe.h"
#include "inspect/structure.h"

/* What a machine made of a Hamiltonian; values of README.md, NULL standing for null. */
typedef struct machine_view {
    json_t *partition, *machine;
    bool left_out; /* the machine's answer: interrupted before it was whole */
} machine_view;

/* One Hamiltonian in numbers; `problem` and what follows are NULL where no inputs were given. */
typedef struct measured {
    const problem *problem;
    const observation *observation;
    const term_numbers *terms;  /* one each; NULL of a problem file */
    const sample_input *inputs; /* [input_count] */
    uint32_t input_count;
    machine_view view;
    bool late; /* an earlier Hamiltonian's state, which it may be made of, is unfinished */
} measured;

/* Nothing was left out because of an interruption. */
bool measured_whole(const measured *x);

/* HAMILTONIAN of README.md; all but its structure is null without numbers. moves may be NULL: not known before compiling. */
isg_status document_of_anneal(arena *a, const ir_module *m, ir_op anneal, const char *moves, const target *t,
                              const measured *numbers, json_t **out, isg_error *error);
isg_status document_of_problem(arena *a, const char *name, const char *moves, const target *t, const measured *numbers,
                               json_t **out, isg_error *error);

/* `sources` of README.md: the files that the module's Hamiltonians come from. */
json_t *document_sources(arena *a, const ir_module *m);

/* The whole text, with a line end. */
const char *document_text(arena *a, const json_t *document);

#endif
