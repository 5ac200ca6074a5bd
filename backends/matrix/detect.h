/* detect.h - which format a file has, from its name or its beginning; NULL: none that we know. */
#ifndef BACKENDS_MATRIX_DETECT_H
#define BACKENDS_MATRIX_DETECT_H

#include "backends/matrix/format.h"

const matrix_format *detect_extension(const char *path);
const matrix_format *detect_content(const char *text, size_t length);

#endif
