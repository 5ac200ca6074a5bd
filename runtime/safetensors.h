/* safetensors.h - reading weights in the safetensors format
 * (https://github.com/huggingface/safetensors#format): u64 header length, JSON header, data.
 *
 * Every rule of the format is checked: header of at most 100 MB that starts with '{', no repeated tensors,
 * offsets contiguous without holes or overlaps, size = shape x dtype, no trailing bytes, metadata a map
 * of strings. F16 and BF16 are widened to float32.
 */
#ifndef RUNTIME_SAFETENSORS_H
#define RUNTIME_SAFETENSORS_H

#include "runtime/isinglass.h"

typedef struct safetensors {
    isg_named_tensor *tensors; /* in the order of their data; contiguous; data need not be aligned */
    size_t count;
    /* what the tensors point into */
    char *names;
    size_t names_bytes;
    char *data;
    size_t data_bytes;
    size_t *by_name; /* positions in order of name */
} safetensors;

/* `name` stands in messages. The result owns copies; released with safetensors_free. NULL hooks: the defaults. */
isg_status safetensors_read(const isg_allocator *allocator, const char *name, const void *bytes, size_t length, safetensors *out,
                            isg_error *error);
isg_status safetensors_read_file(const isg_allocator *allocator, const isg_io *io, const char *path, safetensors *out,
                                 isg_error *error);
void safetensors_free(const isg_allocator *allocator, safetensors *weights);

/* NULL when there is none of that name. */
const isg_tensor *safetensors_find(const safetensors *weights, const char *name);

#endif
