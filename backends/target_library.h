/* target_library.h - the library's targets as embed.cmake wrote them into the program. */
#ifndef BACKENDS_TARGET_LIBRARY_H
#define BACKENDS_TARGET_LIBRARY_H

#include <stddef.h>

typedef struct target_file {
    const char *path; /* "targets/native.yaml"; NULL ends the table */
    const char *text;
    size_t length;
} target_file;

extern const target_file target_files[]; /* by path */

#endif
