/* library.c - looking up a file of the library. */
#include "frontend/library.h"
#include "frontend/frontend.h"

#include <string.h>

const char *frontend_library(const char *path, size_t *length)
{
    for (const library_file *file = library_files; file->path; file++) {
        if (strcmp(file->path, path))
            continue;
        *length = file->length;
        return file->text;
    }
    return NULL;
}

const char *frontend_library_path(uint32_t position)
{
    for (const library_file *file = library_files; file->path; file++, position--)
        if (!position)
            return file->path;
    return NULL;
}
