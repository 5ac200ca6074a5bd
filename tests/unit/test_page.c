/* test_page.c - the page as bytes: the JSON inside it keeps its value and cannot end its element, every file is in its place,
 * limits, lack of memory. What the page draws is tested in a browser (test_inspect_page.py). */
#include "inspect/page/page.h"
#include "inspect/page/page_files.h"
#include "tests/unit/runtime_check.h"

#include <jansson.h>

static isg_error error;

static const char opening[] = "<script type=\"application/json\" id=\"report\">";

/* The text of the page's JSON element, NUL-terminated; NULL: there is no such element. The caller frees it. */
static char *json_of(const char *html)
{
    const char *from = strstr(html, opening), *to = from ? strstr(from, "</script>") : NULL;
    if (!to)
        return NULL;
    from += sizeof opening - 1;
    return strndup(from, (size_t)(to - from));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

static void check_same_value(const char *json)
{
    char *html = NULL;
    size_t length;
    CHECK(page_write(NULL, json, strlen(json), &html, &length, &error) == ISG_OK, "%s", error.message);
    CHECK(html && strlen(html) == length);
    char *inside = json_of(html);
    CHECK(inside && !strpbrk(inside, "<>&"), "%s", json);
    json_t *before = json_loads(json, JSON_DECODE_ANY, NULL), *after = inside ? json_loads(inside, JSON_DECODE_ANY, NULL) : NULL;
    CHECK(before && json_equal(before, after), "%s became %s", json, inside ? inside : "nothing");
    json_decref(before);
    json_decref(after);
    free(inside);
    page_free(NULL, html, length);
}

static void test_values_are_kept(void)
{
    check_same_value("{}");
    check_same_value("{\"a\": [1, 2.5, -1e-300, true, null], \"b\": \"plain\"}");
    check_same_value("\"</script><script>alert(1)</script>\"");
    check_same_value("\"<!-- <script> ]]> &lt; &amp;\"");
    check_same_value("\"\xe2\x80\xa8 and \xe2\x80\xa9, \xe2\x80\xa7 and \xe2\x82\xac, \xf0\x9f\x98\x80\"");
    check_same_value("{\"{{json}}\": \"{{style.css}} }} {{\"}");
    check_same_value("\"a \\\"quoted\\\" \\\\ \\u003c <\"");
}

/* Not JSON at all: the page says so when it is opened; here it must stay inside its element. */
static void test_what_is_no_json(void)
{
    static const char bytes[] = "</script>\0\xe2\x80\xff\xe2\x80 <b> \xe2";
    for (size_t length = 0; length < sizeof bytes; length++) {
        char *html, *inside;
        size_t html_length;
        char *exact = malloc(length + 1); /* so that a sanitizer sees reads beyond the end */
        if (!exact)
            abort();
        memcpy(exact, bytes, length);
        exact = realloc(exact, length ? length : 1);
        CHECK(page_write(NULL, exact, length, &html, &html_length, &error) == ISG_OK);
        CHECK(strlen(html) == html_length, "a NUL came through");
        inside = json_of(html);
        CHECK(inside && !strchr(inside, '<'));
        free(inside);
        free(exact);
        page_free(NULL, html, html_length);
    }
}

/* Every script is in the page once, in braces of its own element; no name is left unreplaced. */
static void test_every_file_is_there(void)
{
    char *html;
    size_t length, files = 0;
    CHECK(page_write(NULL, "{}", 2, &html, &length, &error) == ISG_OK, "%s", error.message);
    for (const page_file *f = page_files; f->path; f++, files++) {
        if (strcmp(f->path, "template.html"))
            CHECK(count_of(html, f->text) == 1, "%s is in the page %zu times", f->path, count_of(html, f->text));
        CHECK(strcmp(f->path + strlen(f->path) - 3, ".js") || !strstr(f->text, "</"), "%s would end its element", f->path);
    }
    CHECK(files > 10);
    CHECK(!strstr(html, "{{"));
    CHECK(strstr(html, "default-src 'none'"));
    CHECK(!strstr(html, "src=\"") && !strstr(html, "@import") && !strstr(html, "url("));
    page_free(NULL, html, length);
}

static void test_limits(void)
{
    size_t length = PAGE_JSON_LIMIT + 1, html_length = 7;
    char *json = malloc(length), *html = (char *)&html_length;
    if (!json)
        abort();
    memset(json, ' ', length);
    CHECK(page_write(NULL, json, length, &html, &html_length, &error) == ISG_INVALID);
    CHECK(!html && !html_length && strstr(error.message, "67108865 bytes"), "%s", error.message);
    CHECK(page_write(NULL, json, length, &html, &html_length, NULL) == ISG_INVALID);
    CHECK(page_write(NULL, json, PAGE_JSON_LIMIT, &html, &html_length, &error) == ISG_OK);
    page_free(NULL, html, html_length);
    free(json);
}

static void test_no_memory(void)
{
    trap t = {.at = 1};
    isg_allocator allocator = trap_allocator(&t);
    char *html;
    size_t length;
    CHECK(page_write(&allocator, "{}", 2, &html, &length, &error) == ISG_NO_MEMORY && !html);
    t.at = 0;
    CHECK(page_write(&allocator, "{}", 2, &html, &length, &error) == ISG_OK);
    page_free(&allocator, html, length);
    page_free(&allocator, NULL, 0);
    CHECK(!t.held_blocks && !t.held_bytes);
}

int main(void)
{
    test_values_are_kept();
    test_what_is_no_json();
    test_every_file_is_there();
    test_limits();
    test_no_memory();
    return check_failures != 0;
}
