/* reproducer.c - on an internal error: a file that repeats it (compile.h). */
#include "frontend/cli/compile.h"
#include "ir/text.h"
#include "runtime/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* The stage that the text of a program states; the first one for other texts. */
static ir_stage stage_of(arena *a, const char *program)
{
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (strstr(program, arena_format(a, "\nstage %s\n", text_stages[stage])))
            return (ir_stage)stage;
    return STAGE_CALLS;
}

/* The passes from `failed` on that take a program of that stage, as --pipeline takes them. A pass may stand in the
 * table at several stages. For a name that is no pass, all that is left. */
static const char *passes_from(arena *a, const char *failed, ir_stage stage)
{
    const char *list = "";
    bool begun = false, named = pass_find(failed) != NULL;
    for (const pass *p = pass_table; p->name; p++) {
        begun = begun || (p->from == stage && (!named || !strcmp(p->name, failed)));
        if (begun)
            list = arena_format(a, "%s%s%s", list, *list ? "," : "", p->name);
    }
    return list;
}

int compile_defect(compilation *k, const char *failed, const char *fault, const char *before)
{
    cli *c = k->cli;
    const char *folder = getenv("TMPDIR"), *program = before ? before : k->loaded ? k->loaded : "";
    isg_error error;
    cli_fail(c, EXIT_DEFECT, "%s: %s", failed, fault);
    char *line = arena_copy(&c->arena, fault, strcspn(fault, "\n"));
    const char *text =
        arena_format(&c->arena, "# isg %s: %s: %s\n# isg opt THIS --verify-each --pipeline %s\n%s", ISG_VERSION_STRING, failed,
                     line, passes_from(&c->arena, failed, stage_of(&c->arena, program)), program);
    const char *path = arena_format(&c->arena, "%s/isg-reproducer-%016llx.ising", folder && *folder ? folder : "/tmp",
                                    (unsigned long long)hash_of(text));
    if (file_write(c->allocator, c->io, path, text, strlen(text), &error))
        cli_hint(c, "no reproducer could be written: %s", error.message);
    else
        cli_hint(c, "this is a defect of isg; please report it with the file %s", path);
    return EXIT_DEFECT;
}
