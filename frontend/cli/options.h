/* options.h - command line options: one table a subcommand, from which parsing and --help both come. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "frontend/cli/cli.h"

typedef struct text_list {
    const char **at;
    size_t count;
} text_list;

typedef enum option_kind {
    OPTION_FLAG,        /* bool */
    OPTION_TEXT,        /* const char * */
    OPTION_LIST,        /* text_list; may be given several times */
    OPTION_NUMBER,      /* int32_t, from `least` up */
    OPTION_SEED,        /* uint64_t */
    OPTION_CHOSEN_SEED, /* option_seed: a seed that has another default than 0 */
    OPTION_REST,        /* text_list: no option but what follows the first positional; NAME in the help */
    OPTION_CHOICE,      /* int: the position in `value`, "anneal|descent" */
    OPTION_SECOND       /* const char *: no option but a second positional, called `name` and always given */
} option_kind;

typedef struct option_seed {
    bool given;
    uint64_t value;
} option_seed;

typedef struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for the value in the help; NULL for flags */
    const char *doc;
    option_kind kind;
    size_t offset; /* of the member in the subcommand's options */
    int32_t least;
    char letter; /* -x means the same; 0: none */
} option_row;

/* What the help says around the options. */
typedef struct option_table {
    const char *positional; /* "MODEL.attn"; "[NAME]" may be left out */
    const char *what;       /* a paragraph */
    const char *examples;   /* lines */
    const option_row *rows; /* end with name NULL */
    bool models;            /* there may be several to choose from, by --model */
} option_table;

enum { OPTIONS_GO_ON = -1 };

/* Fills *options and *positional. Returns OPTIONS_GO_ON, or the exit status when nothing is left to do: after
 * --help or --version, or after reporting a fault of usage. --quiet and --model go to the context. */
int options_parse(cli *c, const option_table *table, int argc, char **argv, void *options, const char **positional);

#endif
