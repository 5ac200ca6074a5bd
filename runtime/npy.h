/* npy.h - NumPy's .npy files (format versions 1.0, 2.0, 3.0; numpy.lib.format).
 *
 * Read: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 in either byte order, C or Fortran order; half precision is
 * widened to float32. Everything else is refused with the reason. Nothing is allocated before the
 * header was checked against the bytes at hand. Written: version 1.0, C order, little-endian.
 */
#ifndef RUNTIME_NPY_H
#define RUNTIME_NPY_H

#include "runtime/isinglass.h"

typedef struct npy_array {
    isg_tensor tensor; /* native byte order; data is `memory` */
    void *memory;
    size_t memory_bytes;
} npy_array;

/* `name` stands in messages. The array owns its memory; released with npy_free. NULL hooks: the defaults. */
isg_status npy_read(const isg_allocator *allocator, const char *name, const void *bytes, size_t length, npy_array *out,
                    isg_error *error);
isg_status npy_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, npy_array *out, isg_error *error);
void npy_free(const isg_allocator *allocator, npy_array *array);

/* Whole or not at all; see file.h. */
isg_status npy_write_file(const isg_allocator *allocator, const isg_io *io, const char *path, const isg_tensor *tensor,
                          isg_error *error);

#endif
