/* frontend.h - from `.attn` text to a module at STAGE_CALLS. */
#ifndef FRONTEND_FRONTEND_H
#define FRONTEND_FRONTEND_H

#include "ir/ir.h"

/* Loads `path` and what it uses, checks it, and builds the module: every fn and hamiltonian of the file and its
 * imports, and the file's own models (those of imports are checked and left out: they are not to be compiled). Faults are in d,
 * and the module is usable (with poison) even then, so that the passes can find more; NULL only when the main file could not be
 * read. io may not be NULL. */
ir_module *frontend_load(arena *a, diagnostics *d, const isg_io *io, const char *path);

/* A file of the library compiled into isg ("std/qama.attn"), or NULL. */
const char *frontend_library(const char *path, size_t *length);
/* The path of its file at that position; NULL behind the last. */
const char *frontend_library_path(uint32_t position);

#endif
