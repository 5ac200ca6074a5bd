/* npy_header.h - the text header of a .npy file. */
#ifndef RUNTIME_NPY_HEADER_H
#define RUNTIME_NPY_HEADER_H

#include "runtime/isinglass.h"

#include <stdbool.h>

enum { NPY_PREFIX_BYTES = 12, NPY_MAX_HEADER = 65535 };

typedef struct npy_header {
    isg_dtype dtype;  /* of the array in memory */
    size_t item_size; /* in the file */
    bool half;        /* binary16 in the file, float32 in memory */
    bool swapped;     /* not in this machine's byte order */
    bool fortran_order;
    int rank;
    int64_t shape[ISG_MAX_RANK];
    int64_t count;
} npy_header;

/* Magic, version and lengths from the first bytes of a file (at most NPY_PREFIX_BYTES are looked at):
 * where the header text begins and its length. */
isg_status npy_header_locate(const char *name, const unsigned char *prefix, size_t length, size_t *begin, size_t *text_length,
                             isg_error *error);

/* The text: a Python dictionary of descr, fortran_order and shape. */
isg_status npy_header_parse(const char *name, const char *text, size_t length, npy_header *out, isg_error *error);

#endif
