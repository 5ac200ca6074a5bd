/* error.h - filling an isg_error in the same breath as returning its status. */
#ifndef RUNTIME_ERROR_H
#define RUNTIME_ERROR_H

#include "runtime/isinglass.h"

/* Returns `status`; error may be NULL. Control characters in the message (they come from files and
 * names) become '?', so that it stays one line. */
isg_status error_fail(isg_error *error, isg_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

isg_status error_no_memory(isg_error *error);

/* "cannot VERB PATH: reason", ISG_IO, from a hook's -errno. */
isg_status error_io(isg_error *error, const char *verb, const char *path, int64_t negative_errno);

#endif
