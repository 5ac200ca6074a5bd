/* page.h - the HTML page of `isg inspect`: one file that holds the JSON, the style and the script, and asks the network for
 * nothing.
 *
 * The page is drawn by its script when it is opened, out of the JSON alone; what the JSON lacks, or that it is no JSON, the page
 * says in words. Its content security policy forbids every request, whatever names and texts the JSON carries.
 */
#ifndef PAGE_H
#define PAGE_H

#include "runtime/isinglass.h"

/* Bytes of JSON that one page takes; browsers open a page of this size, slowly. */
#define PAGE_JSON_LIMIT ((size_t)64 << 20)

/* Puts `json` (length bytes of UTF-8, the report of `isg inspect --format json`) into the page. *html is *html_length bytes,
 * followed by a NUL that is not counted, and is released with page_free. Inside the page the JSON has the same value, but its
 * `<`, `>`, `&`, U+2028 and U+2029, which stand in strings alone, are escapes, so that no text can end the script element.
 * ISG_INVALID above the limit, ISG_NO_MEMORY; then *html is NULL. A NULL allocator stands for the default one. */
isg_status page_write(const isg_allocator *allocator, const char *json, size_t length, char **html, size_t *html_length,
                      isg_error *error);
void page_free(const isg_allocator *allocator, char *html, size_t html_length);

#endif
