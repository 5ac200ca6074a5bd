/* frontend.c - from the file's path to the module (frontend.h). */
#include "frontend/frontend.h"
#include "frontend/build.h"
#include "frontend/load.h"

ir_module *frontend_load(arena *a, diagnostics *d, const isg_io *io, const char *path)
{
    ir_module *m = ir_module_new(a, d);
    loaded files = {0};
    if (!load_files(m, io, path, &files))
        return NULL;
    sema s;
    sema_check(&s, m, files.files, files.names_lost);
    build_module(&s);
    return m;
}
