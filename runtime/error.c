/* error.c - see error.h. */
#include "runtime/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

isg_status error_fail(isg_error *error, isg_status status, const char *format, ...)
{
    if (!error)
        return status;
    error->status = status;
    va_list list;
    va_start(list, format);
    vsnprintf(error->message, sizeof error->message, format, list);
    va_end(list);
    for (char *c = error->message; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    return status;
}

isg_status error_no_memory(isg_error *error)
{
    return error_fail(error, ISG_NO_MEMORY, "out of memory");
}

isg_status error_io(isg_error *error, const char *verb, const char *path, int64_t negative_errno)
{
    const char *reason = negative_errno > -4096 && negative_errno < 0 ? strerrordesc_np((int)-negative_errno) : NULL;
    return error_fail(error, ISG_IO, "cannot %s %s: %s", verb, path, reason ? reason : "unknown error");
}
