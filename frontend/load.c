/* load.c - see load.h. A `use` is looked up beside the file that has it, then in the library. */
#include "frontend/load.h"
#include "frontend/frontend.h"
#include "frontend/syntax.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { MAX_FILES = 1024, MAX_USE_DEPTH = 256 };

typedef struct source {
    const char *path; /* as shown; the library's own begin with nothing before "std/" */
    bool from_library;
    ast_file *file;  /* NULL: could not be read */
    bool open;       /* what it uses is being loaded */
    ir_span used_at; /* the `use` that loaded it */
} source;

typedef struct loader {
    ir_module *module;
    arena *arena;
    const isg_io *io;
    ARENA_LIST(source *) sources;
    loaded *out;
    uint32_t depth;
} loader;

/* ---- paths ---- */

/* Without ".", "a/.." and doubled slashes, so that a file has one name. */
static const char *normalise(arena *a, const char *path)
{
    size_t length = strlen(path), used = 0;
    char *out = arena_take(a, length + 2, 1);
    bool absolute = *path == '/';
    if (absolute)
        out[used++] = '/';
    size_t root = used;
    while (*path) {
        size_t part = strcspn(path, "/");
        if (part == 2 && !memcmp(path, "..", 2) && used > root &&
            !(used - root >= 2 && !memcmp(out + used - 2, "..", 2) && (used - root == 2 || out[used - 3] == '/'))) {
            while (used > root && out[used - 1] != '/')
                used--;
            used -= used > root;
        } else if (part && !(part == 1 && *path == '.')) {
            if (used > root)
                out[used++] = '/';
            memcpy(out + used, path, part);
            used += part;
        }
        path += part + (path[part] == '/');
    }
    out[used] = 0;
    return out;
}

static const char *beside(arena *a, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    if (*path == '/' || !slash)
        return normalise(a, path);
    return normalise(a, arena_format(a, "%.*s%s", (int)(slash - file + 1), file, path));
}

/* ---- reading ---- */

static int open_file(const loader *l, const char *path)
{
    int file;
    do
        file = l->io->open(l->io->context, path, O_RDONLY | O_CLOEXEC, 0);
    while (file == -EINTR);
    return file;
}

/* Fills `bytes` from the file, closing it; how many were read, or -errno. */
static int64_t read_all(const loader *l, const char *path, char *bytes, size_t capacity)
{
    int file = open_file(l, path);
    if (file < 0)
        return file;
    size_t used = 0;
    int64_t got = 0;
    while (used < capacity) {
        got = l->io->read_at(l->io->context, file, bytes + used, capacity - used, (int64_t)used);
        if (got == -EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    l->io->close(l->io->context, file);
    return got < 0 ? got : (int64_t)used;
}

/* The file is closed while memory is taken, since that may jump away. */
static int64_t read_file(const loader *l, const char *path, const char **text)
{
    int file = open_file(l, path);
    if (file < 0)
        return file;
    int64_t size = l->io->size(l->io->context, file);
    l->io->close(l->io->context, file);
    if (size < 0)
        return size;
    if ((uint64_t)size > AST_MAX_FILE)
        return -EFBIG;
    char *bytes = arena_take(l->arena, (size_t)size + 1, 1);
    *text = bytes;
    return read_all(l, path, bytes, (size_t)size);
}

static void report_unreadable(const loader *l, ir_span span, const char *path, int64_t error)
{
    const char *reason = error == -EFBIG ? "it is larger than 16 MiB" : strerrordesc_np((int)-error);
    diagnostics_error(l->module->diagnostics, span, "cannot read '%s': %s", path, reason ? reason : "unknown error");
}

/* ---- loading ---- */

static void load_uses(loader *l, source *s);

static source *parse_source(loader *l, const char *path, bool from_library, const char *text, size_t length, ir_span used_at)
{
    source *made = ARENA_NEW(l->arena, source);
    *made = (source){.path = path, .from_library = from_library, .used_at = used_at};
    ARENA_PUSH(l->arena, &l->sources, made);
    uint32_t id = diagnostics_add_file(l->module->diagnostics, path, text, length);
    made->file = syntax_parse(l->module, id, from_library);
    l->out->names_lost |= made->file->item_lost;
    made->open = true;
    l->depth++;
    load_uses(l, made);
    l->depth--;
    made->open = false;
    made->file->position = l->out->files.count;
    ARENA_PUSH(l->arena, &l->out->files, made->file);
    return made;
}

static source *find_source(const loader *l, const char *path, bool from_library)
{
    for (uint32_t i = 0; i < l->sources.count; i++)
        if (l->sources.at[i]->from_library == from_library && !strcmp(l->sources.at[i]->path, path))
            return l->sources.at[i];
    return NULL;
}

static void report_missing(const loader *l, const source *user, ast_name name, const char *path)
{
    diagnostics *d = l->module->diagnostics;
    diagnostic *made = diagnostics_error(d, name.span, "cannot find '%s'", ir_text(l->module, name.name));
    if (user->from_library)
        diagnostic_note_at(d, made, (ir_span){0}, "files of the library are looked up in the library only");
    else
        diagnostic_note_at(d, made, (ir_span){0}, "looked for '%s' beside this file, then in the library", path);
    const char *names[64];
    size_t count = 0;
    for (const char *each; count < 64 && (each = frontend_library_path((uint32_t)count)); count++)
        names[count] = each;
    const char *nearest = diagnostics_nearest(l->arena, ir_text(l->module, name.name), names, count);
    if (nearest)
        diagnostic_hint(d, made, "did you mean '%s'?", nearest);
}

static source *use_library(loader *l, const char *path, ir_span span)
{
    source *known = find_source(l, path, true);
    size_t length;
    const char *text = known ? NULL : frontend_library(path, &length);
    return known ? known : text ? parse_source(l, path, true, text, length, span) : NULL;
}

/* The file of a `use`, loaded before or now; NULL when it is at fault. */
static source *resolve(loader *l, const source *user, ast_name name)
{
    const char *written = ir_text(l->module, name.name);
    const char *path = beside(l->arena, user->from_library ? "" : user->path, written);
    if (user->from_library) {
        source *found = use_library(l, path, name.span);
        if (!found)
            report_missing(l, user, name, path);
        return found;
    }
    source *known = find_source(l, path, false);
    if (known)
        return known;
    const char *text;
    int64_t length = *written ? read_file(l, path, &text) : -ENOENT;
    if (length >= 0)
        return parse_source(l, path, false, text, (size_t)length, name.span);
    if (length != -ENOENT && length != -ENOTDIR) {
        report_unreadable(l, name.span, path, length);
        return NULL;
    }
    source *found = use_library(l, normalise(l->arena, written), name.span);
    if (!found)
        report_missing(l, user, name, path);
    return found;
}

static void report_cycle(const loader *l, const source *again, const source *user, ast_name name)
{
    diagnostics *d = l->module->diagnostics;
    diagnostic *made =
        diagnostics_error(d, name.span, again == user ? "'%s' uses itself" : "'%s' uses itself through this file", again->path);
    const source *inner = user;
    for (uint32_t i = 0; inner != again && i < 8; i++) {
        diagnostic_note_at(d, made, inner->used_at, "'%s' is used here", inner->path);
        for (uint32_t k = 0; k < l->sources.count; k++)
            if (l->sources.at[k]->file && l->sources.at[k]->file->file == inner->used_at.file) {
                inner = l->sources.at[k];
                break;
            }
    }
}

static void load_use(loader *l, source *user, const ast_statement *st)
{
    diagnostics *d = l->module->diagnostics;
    if (l->depth > MAX_USE_DEPTH || l->sources.count >= MAX_FILES) {
        if (l->depth > MAX_USE_DEPTH)
            diagnostics_error(d, st->name.span, "files use one another more than %d levels deep", MAX_USE_DEPTH);
        else
            diagnostics_error(d, st->name.span, "more than %d files are used", MAX_FILES);
        l->out->names_lost = true;
        return;
    }
    source *used = resolve(l, user, st->name);
    if (used && used->open)
        report_cycle(l, used, user, st->name);
    if (!used || used->open)
        l->out->names_lost = true;
    else
        ARENA_PUSH(l->arena, &user->file->uses, used->file);
}

static void load_uses(loader *l, source *s)
{
    for (uint32_t i = 0; i < s->file->items.count; i++) {
        const ast_item *item = s->file->items.at[i];
        if (item->kind != ITEM_STATEMENT || item->statement->kind != STATEMENT_USE)
            continue;
        if (item->statement->broken)
            l->out->names_lost = true;
        else
            load_use(l, s, item->statement);
    }
}

bool load_files(ir_module *m, const isg_io *io, const char *path, loaded *out)
{
    loader l = {.module = m, .arena = m->arena, .io = io, .out = out};
    const char *text = "";
    int64_t length = read_file(&l, path, &text);
    if (length == -EFBIG) {
        uint32_t id = diagnostics_add_file(m->diagnostics, path, "", 0);
        diagnostics_error(m->diagnostics, (ir_span){id, 0, 0}, "the file is larger than 16 MiB");
        return false;
    }
    if (length < 0) {
        report_unreadable(&l, (ir_span){0}, path, length);
        return false;
    }
    parse_source(&l, arena_copy(m->arena, path, strlen(path)), false, text, (size_t)length, (ir_span){0});
    return true;
}
