/* make_page.c - for the tests of the page: the file named, whatever it is, as the JSON of a page on standard output. */
#include "inspect/page/page.h"
#include "runtime/file.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    isg_error error;
    char *json, *html;
    size_t length, html_length;
    if (argc != 2)
        return 2;
    isg_status status = file_read(NULL, NULL, argv[1], (uint64_t)1 << 30, &json, &length, &error);
    if (!status) {
        status = page_write(NULL, json, length, &html, &html_length, &error);
        file_free(NULL, json, length);
    }
    if (status) {
        fprintf(stderr, "%s\n", error.message);
        return status;
    }
    size_t put = fwrite(html, 1, html_length, stdout);
    page_free(NULL, html, html_length);
    return put == html_length && !fflush(stdout) ? 0 : ISG_IO;
}
