/* options.c - see options.h. */
#include "frontend/cli/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first only where there are models. */
static const option_row common_rows[] = {
    {"model", "NAME", "the model to take when the file has several", OPTION_TEXT, offsetof(cli, model), 0, 0},
    {"quiet", NULL, "say nothing on stderr but errors", OPTION_FLAG, offsetof(cli, quiet), 0, 'q'},
    {"help", NULL, "show this text", OPTION_FLAG, 0, 0, 'h'},
    {"version", NULL, "show the version", OPTION_FLAG, 0, 0, 0},
    {0},
};

/* ---- help ------------------------------------------------------------------------------------ */

static void show_rows(const option_row *rows)
{
    for (const option_row *row = rows; row->name; row++) {
        char spelled[64];
        if (row->kind == OPTION_SECOND || row->kind == OPTION_REST)
            continue;
        snprintf(spelled, sizeof spelled, "%s%c%s--%s%s%s", row->letter ? "-" : "  ", row->letter ? row->letter : ' ',
                 row->letter ? ", " : " ", row->name, row->value ? " " : "", row->value ? row->value : "");
        printf("  %-32s %s\n", spelled, row->doc);
    }
}

static const option_row *positional_row(const option_table *table, option_kind kind)
{
    for (const option_row *row = table->rows; row->name; row++)
        if (row->kind == kind)
            return row;
    return NULL;
}

static const option_row *second_row(const option_table *table)
{
    return positional_row(table, OPTION_SECOND);
}

static void show_help(cli *c, const option_table *table)
{
    const option_row *second = second_row(table);
    const option_row *rest = positional_row(table, OPTION_REST);
    printf("usage: %s %s%s%s%s%s [OPTION...]\n\n%s\n\noptions:\n", cli_spelled(c), table->positional, second ? " " : "",
           second ? second->name : "", rest ? " " : "", rest ? rest->name : "", table->what);
    show_rows(table->rows);
    show_rows(common_rows + !table->models);
    printf("\nAn option's value may also follow a `=`: --name=value.\n\n%s\n", table->examples);
}

/* ---- parsing --------------------------------------------------------------------------------- */

typedef struct parse {
    cli *cli;
    const option_table *table;
    char *options;
    int argc;
    char **argv;
    int at;
    int status; /* OPTIONS_GO_ON until a fault */
} parse;

static const option_row *find_row(const option_row *rows, const char *name, size_t length, char letter)
{
    for (const option_row *row = rows; row->name; row++)
        if (row->kind != OPTION_SECOND && row->kind != OPTION_REST &&
            (letter ? row->letter == letter : strlen(row->name) == length && !memcmp(row->name, name, length)))
            return row;
    return NULL;
}

static void unknown_option(parse *p, const char *argument, size_t length)
{
    cli *c = p->cli;
    size_t count = 0;
    const char *names[64];
    for (const option_row *row = p->table->rows; row->name; row++)
        names[count++] = row->name;
    for (const option_row *row = common_rows; row->name; row++)
        names[count++] = row->name;
    p->status = cli_fail(c, EXIT_USAGE, "unknown option '%.*s'", (int)length, argument);
    const char *name = arena_copy(&c->arena, argument, length);
    cli_hint_nearest(c, name + strspn(name, "-"), names, count, "--", "");
    cli_hint(c, "`%s --help` lists the options", cli_spelled(c));
}

/* Digits only: no sign, no space, no other base. */
static bool read_whole(const char *text, uint64_t most, uint64_t *out)
{
    if (!*text || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return !errno && *out <= most;
}

static void set_choice(parse *p, const option_row *row, const char *value)
{
    int position = 0;
    for (const char *choice = row->value; *choice; position++) {
        size_t length = strcspn(choice, "|");
        if (strlen(value) == length && !memcmp(choice, value, length)) {
            *(int *)(p->options + row->offset) = position;
            return;
        }
        choice += length + (choice[length] == '|');
    }
    p->status = cli_fail(p->cli, EXIT_USAGE, "--%s takes one of %s, not '%s'", row->name, row->value, value);
}

static void add_text(parse *p, text_list *list, const char *value)
{
    if (!list->at)
        list->at = ARENA_ARRAY(&p->cli->arena, const char *, (size_t)p->argc);
    list->at[list->count++] = value;
}

static void set_value(parse *p, const option_row *row, void *member, const char *value)
{
    uint64_t number;
    option_seed *seed;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        break;
    case OPTION_TEXT:
        *(const char **)member = value;
        break;
    case OPTION_LIST:
        add_text(p, member, value);
        break;
    case OPTION_NUMBER:
        if (read_whole(value, INT32_MAX, &number) && number >= (uint64_t)row->least)
            *(int32_t *)member = (int32_t)number;
        else
            p->status = cli_fail(p->cli, EXIT_USAGE, "--%s takes a whole number from %d to %d, not '%s'", row->name,
                                 (int)row->least, INT32_MAX, value);
        break;
    case OPTION_SEED:
        if (!read_whole(value, UINT64_MAX, (uint64_t *)member))
            p->status = cli_fail(p->cli, EXIT_USAGE, "--%s takes a whole number from 0 to 2^64 - 1, not '%s'", row->name, value);
        break;
    case OPTION_CHOSEN_SEED:
        seed = member;
        seed->given = true;
        if (!read_whole(value, UINT64_MAX, &seed->value))
            p->status = cli_fail(p->cli, EXIT_USAGE, "--%s takes a whole number from 0 to 2^64 - 1, not '%s'", row->name, value);
        break;
    case OPTION_CHOICE:
        set_choice(p, row, value);
        break;
    case OPTION_SECOND: /* never an option */
    case OPTION_REST:
        break;
    }
}

static void parse_option(parse *p, const char *argument)
{
    bool is_short = argument[1] != '-';
    const char *name = argument + (is_short ? 1 : 2);
    size_t length = is_short ? strlen(name) : strcspn(name, "=");
    char letter = is_short && length == 1 ? *name : '\0';
    const option_row *row = NULL, *common = NULL;
    if (!is_short || letter) {
        row = find_row(p->table->rows, name, length, letter);
        common = row ? NULL : find_row(common_rows, name, length, letter);
    }
    if (!row && !common) {
        unknown_option(p, argument, (size_t)(name - argument) + length);
        return;
    }
    const option_row *found = row ? row : common;
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (!strcmp(found->name, "help") || !strcmp(found->name, "version")) {
        p->status = EXIT_DONE;
        if (*found->name == 'h')
            show_help(p->cli, p->table);
        else
            printf("%s %s\n", p->cli->program, ISG_VERSION_STRING);
        return;
    }
    if (found->kind == OPTION_FLAG && value) {
        p->status = cli_fail(p->cli, EXIT_USAGE, "--%s takes no value", found->name);
        return;
    }
    if (found->kind != OPTION_FLAG && !value) {
        if (++p->at == p->argc) {
            p->status = cli_fail(p->cli, EXIT_USAGE, "--%s needs a value: %s", found->name, found->value);
            return;
        }
        value = p->argv[p->at];
    }
    set_value(p, found, (row ? p->options : (char *)p->cli) + found->offset, value);
}

static const char **second_positional(const parse *p)
{
    const option_row *row = second_row(p->table);
    return row ? (const char **)(p->options + row->offset) : NULL;
}

static void take_positional(parse *p, const char *argument, const char **positional)
{
    const char **second = second_positional(p);
    const option_row *rest = positional_row(p->table, OPTION_REST);
    if (!*positional)
        *positional = argument;
    else if (rest)
        add_text(p, (text_list *)(void *)(p->options + rest->offset), argument);
    else if (second && !*second)
        *second = argument;
    else
        p->status = cli_fail(p->cli, EXIT_USAGE, "one %s is taken, and '%s' is a second",
                             second ? second_row(p->table)->name : p->table->positional, argument);
}

int options_parse(cli *c, const option_table *table, int argc, char **argv, void *options, const char **positional)
{
    parse p = {c, table, options, argc, argv, 1, OPTIONS_GO_ON};
    bool only_positional = false;
    *positional = NULL;
    for (; p.at < argc && p.status == OPTIONS_GO_ON; p.at++) {
        const char *argument = argv[p.at];
        if (!only_positional && !strcmp(argument, "--"))
            only_positional = true;
        else if (!only_positional && argument[0] == '-' && argument[1])
            parse_option(&p, argument);
        else
            take_positional(&p, argument, positional);
    }
    const char **second = second_positional(&p);
    const char *missing = NULL;
    if (!*positional && *table->positional != '[')
        missing = table->positional;
    else if (second && !*second)
        missing = second_row(table)->name;
    if (p.status == OPTIONS_GO_ON && !table->models && c->model)
        p.status = cli_fail(c, EXIT_USAGE, "--model chooses among the models of a file, and %s takes none", cli_spelled(c));
    if (p.status == OPTIONS_GO_ON && missing) {
        p.status = cli_fail(c, EXIT_USAGE, "%s is missing", missing);
        cli_hint(c, "`%s --help` shows how it is used", cli_spelled(c));
    }
    return p.status;
}
