/* safetensors_header.h - the JSON header of a safetensors file. */
#ifndef RUNTIME_SAFETENSORS_HEADER_H
#define RUNTIME_SAFETENSORS_HEADER_H

#include "runtime/isinglass.h"

typedef enum safetensors_widening { NOT_WIDENED, FROM_HALF, FROM_BFLOAT } safetensors_widening; /* to float32 */

/* A tensor as the header describes it. */
typedef struct safetensors_entry {
    const char *name; /* in the header's text */
    size_t position;  /* in the header */
    isg_dtype dtype;  /* in memory */
    safetensors_widening widening;
    uint8_t item_size; /* in the file */
    int rank;
    int64_t shape[ISG_MAX_RANK];
    int64_t count;
    uint64_t begin, end; /* bytes of the data section */
} safetensors_entry;

/* No header of so many bytes describes more tensors. */
static inline size_t safetensors_header_capacity(size_t length)
{
    return length / (sizeof "\"\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0]}" - 1) + 1;
}

/* Parses and checks the header and sorts the entries by place. The text is changed: names are unescaped and
 * ended where they stand. `file` stands in messages; data_length is what follows the header. */
isg_status safetensors_header_parse(const char *file, char *text, size_t length, uint64_t data_length, safetensors_entry *entries,
                                    size_t *count, isg_error *error);

#endif
