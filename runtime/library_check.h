/* library_check.h - looks at a shared object's bytes before the dynamic loader maps it. */
#ifndef RUNTIME_LIBRARY_CHECK_H
#define RUNTIME_LIBRARY_CHECK_H

#include "runtime/file.h"

/* The loader maps segments without comparing them with the file's length, and a cut-off file then
 * raises SIGBUS; it also answers foreign files with messages that name no reason. Refused here with
 * ISG_INCOMPATIBLE: what is no 64-bit little-endian shared object for this processor; with ISG_INVALID:
 * what is shorter than its own headers say. */
isg_status library_check(const file_source *s, isg_error *error);

#endif
