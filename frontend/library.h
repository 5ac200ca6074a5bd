/* library.h - the library's files as embed.cmake wrote them into the program. */
#ifndef FRONTEND_LIBRARY_H
#define FRONTEND_LIBRARY_H

#include <stddef.h>

typedef struct library_file {
    const char *path; /* "std/qama.attn"; NULL ends the table */
    const char *text;
    size_t length;
} library_file;

extern const library_file library_files[];

#endif
