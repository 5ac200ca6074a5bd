/* page_files.h - the files of the page as embed.cmake wrote them into the program. */
#ifndef PAGE_FILES_H
#define PAGE_FILES_H

#include <stddef.h>

typedef struct page_file {
    const char *path; /* "style.css"; NULL ends the table */
    const char *text;
    size_t length;
} page_file;

extern const page_file page_files[];

#endif
