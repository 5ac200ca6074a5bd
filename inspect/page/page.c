/* page.c - puts the page together: template.html with each {{NAME}} replaced by the file of that name, {{json}} by the JSON.
 *
 * The text is walked twice, first to count its bytes and then to write them, so that one allocation of the right size is made. */
#include "inspect/page/page.h"

#include "inspect/page/page_files.h"
#include "runtime/error.h"
#include "runtime/memory.h"

#include <stdbool.h>
#include <string.h>

/* Counts while `at` is NULL, writes after. */
typedef struct sink {
    char *at;
    size_t count;
} sink;

static void put(sink *s, const char *bytes, size_t length)
{
    if (s->at)
        memcpy(s->at + s->count, bytes, length);
    s->count += length;
}

/* The bytes at `at` that would not survive inside a script element, as the JSON escape of the same character; NULL: they do. */
static const char *escape_of(const char *at, const char *end, size_t *taken)
{
    *taken = 1;
    switch (*at) {
    case '<':
        return "\\u003c";
    case '>':
        return "\\u003e";
    case '&':
        return "\\u0026";
    case '\0':
        return "\\u0000";
    case '\xe2': /* U+2028 and U+2029 are e2 80 a8 and e2 80 a9 */
        if (end - at >= 3 && at[1] == '\x80' && (at[2] == '\xa8' || at[2] == '\xa9')) {
            *taken = 3;
            return at[2] == '\xa8' ? "\\u2028" : "\\u2029";
        }
    }
    return NULL;
}

static void put_json(sink *s, const char *json, size_t length)
{
    const char *end = json + length, *from = json;
    size_t taken;
    for (const char *at = json; at < end; at += taken) {
        const char *escape = escape_of(at, end, &taken);
        if (escape) {
            put(s, from, (size_t)(at - from));
            put(s, escape, strlen(escape));
            from = at + taken;
        }
    }
    put(s, from, (size_t)(end - from));
}

static const page_file *find_file(const char *name, size_t length)
{
    for (const page_file *f = page_files; f->path; f++)
        if (strlen(f->path) == length && !memcmp(f->path, name, length))
            return f;
    return NULL;
}

/* False when the template names a file that there is not. */
static bool put_page(sink *s, const char *json, size_t length)
{
    const page_file *page = find_file("template.html", strlen("template.html"));
    for (const char *at = page ? page->text : NULL; at;) {
        const char *open = strstr(at, "{{"), *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            put(s, at, strlen(at));
            return true;
        }
        put(s, at, (size_t)(open - at));
        const char *name = open + 2;
        size_t name_length = (size_t)(close - name);
        const page_file *f = find_file(name, name_length);
        if (f)
            put(s, f->text, f->length);
        else if (name_length == 4 && !memcmp(name, "json", 4))
            put_json(s, json, length);
        else
            return false;
        at = close + 2;
    }
    return false;
}

isg_status page_write(const isg_allocator *allocator, const char *json, size_t length, char **html, size_t *html_length,
                      isg_error *error)
{
    *html = NULL;
    *html_length = 0;
    if (length > PAGE_JSON_LIMIT)
        return error_fail(error, ISG_INVALID, "the report has %zu bytes of JSON, a page takes at most %zu", length,
                          PAGE_JSON_LIMIT);
    sink s = {0};
    if (!put_page(&s, json, length))
        return error_fail(error, ISG_INTERNAL, "the page's template names a file that it lacks");
    const isg_allocator *a = allocator ? allocator : isg_default_allocator();
    char *bytes = memory_take(a, s.count + 1, 1);
    if (!bytes)
        return error_fail(error, ISG_NO_MEMORY, "out of memory for a page of %zu bytes", s.count);
    s = (sink){.at = bytes};
    put_page(&s, json, length);
    bytes[s.count] = '\0';
    *html = bytes;
    *html_length = s.count;
    return ISG_OK;
}

void page_free(const isg_allocator *allocator, char *html, size_t html_length)
{
    memory_release(allocator ? allocator : isg_default_allocator(), html, html_length + 1, 1);
}
