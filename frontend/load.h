/* load.h - reading a file and all that it uses. */
#ifndef FRONTEND_LOAD_H
#define FRONTEND_LOAD_H

#include "frontend/ast.h"

typedef struct loaded {
    ast_files files; /* imported before importing, each once; the main file is the last */
    bool names_lost; /* something could not be read that may define names */
} loaded;

/* False when the main file could not be read. */
bool load_files(ir_module *m, const isg_io *io, const char *path, loaded *out);

#endif
