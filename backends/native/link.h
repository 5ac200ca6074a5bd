/* link.h - from an object file to a shared object, by a linker of this machine. */
#ifndef BACKENDS_NATIVE_LINK_H
#define BACKENDS_NATIVE_LINK_H

#include "runtime/isinglass.h"

/* triple: LLVM's, whose architecture the linker must know. *bytes is released with free. ISG_IO where no linker is found, or
 * when it fails; the message has the first line of what it said. Works in a folder of its own under $TMPDIR. */
isg_status native_link(const char *triple, const char *object, size_t object_length, char **bytes, size_t *length,
                       isg_error *error);

#endif
