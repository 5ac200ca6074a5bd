/* cpu.h - does this processor have a feature, by LLVM's name for it? */
#ifndef RUNTIME_CPU_H
#define RUNTIME_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* False for names that are not known here. The name need not be NUL-terminated. */
bool cpu_has(const char *name, size_t length);

#endif
