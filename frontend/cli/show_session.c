/* show_session.c - see show_session.h. */
#include "frontend/cli/show_session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MISSING_SHOWN = 5 };

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* The ending of the names of the round's matrices. */
static const char *extension(const session *s)
{
    const char *file = session_missing(s, 0), *slash = file ? strrchr(file, '/') : NULL;
    const char *dot = slash ? strchr(slash, '.') : NULL;
    return dot ? dot : "";
}

/* One word of a shell's, whatever is in it. */
static void put_word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%=";
    if (text[strspn(text, plain)] == '\0') {
        fputs(text, stderr);
        return;
    }
    fputc('\'', stderr);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stderr);
    fputc('\'', stderr);
}

/* The files of the round with that ending. */
static void put_files(const session_facts *f, const char *end)
{
    put_word(f->folder);
    fprintf(stderr, "/round-%03" PRIu32 "/*%s", f->round, end);
}

/* `results`: the ending of result files in the round's folder, or NULL. */
static void show_command(const session *s, const session_facts *f, const char *results)
{
    const char *output = session_output(s, 0);
    fputs("    isg decode ", stderr);
    put_word(f->folder);
    if (results && *results) {
        fputs(" --results ", stderr);
        put_files(f, results);
    } else if (results) {
        fputs(" --results RESULTS...", stderr);
    }
    fprintf(stderr, " --output %s=%s.npy\n", output ? output : "NAME", output ? output : "FILE");
}

static void show_parts(const session_facts *f)
{
    fprintf(stderr, "  round %" PRIu32 ": %" PRId64 " part%s, %" PRId64 " matri%s to solve", f->round, f->parts, plural(f->parts),
            f->matrices, f->matrices == 1 ? "x" : "ces");
    if (f->matrices)
        fprintf(stderr, ", of up to %" PRId64 " spins", f->largest);
    fputc('\n', stderr);
    if (f->settled)
        fprintf(stderr, "    %" PRId64 " part%s settled by presolve: no file, no run of the machine\n", f->settled,
                f->settled == 1 ? " was" : "s were");
    if (f->sharing)
        fprintf(stderr, "    %" PRId64 " part%s the matrix of another\n", f->sharing, f->sharing == 1 ? " shares" : "s share");
    if (f->rounds_without_files)
        fprintf(stderr, "    %" PRId64 " round%s of single samples needed no machine\n", f->rounds_without_files,
                plural(f->rounds_without_files));
    if (f->trivial)
        fprintf(stderr,
                "    %" PRId64 " matri%s NO coupling left (\"trivial\" in session.json): what comes back is\n"
                "      decided by fields alone, so that `isg solve` answers %s as well as the machine\n",
                f->trivial, f->trivial == 1 ? "x has" : "ces have", f->trivial == 1 ? "it" : "them");
}

static void show_next(const session *s, const session_facts *f)
{
    const char *end = extension(s);
    fprintf(stderr, "  next: have every matrix of %s/round-%03" PRIu32 "/*%s solved; each needs one result, in %s. Then\n",
            f->folder, f->round, end, f->results ? f->results : "isinglass-solution, as `isg solve -o` writes it");
    show_command(s, f, "");
    fputs("  to rehearse without the machine:\n    for m in ", stderr);
    put_files(f, end);
    fputs("; do isg solve \"$m\" --target ", stderr);
    put_word(f->folder);
    fprintf(stderr, "/target.yaml -o \"${m%%%s}.solution.json\"; done\n", end);
    show_command(s, f, ".solution.json");
}

static void show_missing(const session *s, const session_facts *f)
{
    int64_t missing = f->matrices - f->answered;
    fprintf(stderr, "  %" PRId64 " of %" PRId64 " matri%s of round %" PRIu32 " answered; missing:\n", f->answered, f->matrices,
            f->matrices == 1 ? "x" : "ces", f->round);
    for (int64_t k = 0; k < missing && k < MISSING_SHOWN; k++)
        fprintf(stderr, "    %s/%s\n", f->folder, session_missing(s, k));
    if (missing > MISSING_SHOWN)
        fprintf(stderr, "    and %" PRId64 " more\n", missing - MISSING_SHOWN);
    fprintf(stderr, "  next: when their results are there\n");
    show_command(s, f, "");
}

void show_session(session *s, bool again)
{
    session_facts f = session_facts_of(s);
    fprintf(stderr, "%s: %s on %s, samples %" PRId64 ":%" PRId64 ", seed %" PRIu64 "; %" PRId64 " sample%s done\n", f.folder,
            f.model, f.target, f.first_sample, f.first_sample + f.sample_count, f.seed, f.samples_done, plural(f.samples_done));
    if (f.done) {
        fprintf(stderr, "  nothing is left for the machine; the outputs:\n");
        show_command(s, &f, NULL);
    } else if (again) {
        show_missing(s, &f);
    } else {
        show_parts(&f);
        show_next(s, &f);
    }
}
