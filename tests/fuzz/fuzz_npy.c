/* fuzz_npy.c - libFuzzer harness of the .npy reader: no crash, no leak, no memory beyond the file's own
 * size, and what is accepted is readable to its last element. */
#include "runtime/npy.h"
#include "runtime/tensor.h"
#include "tests/fuzz/limited.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t left = 4 * length + 4096, all = left;
    isg_allocator allocator = {limited_resize, &left};
    isg_error error;
    npy_array array;
    if (npy_read(&allocator, "input", bytes, length, &array, &error) == ISG_OK) {
        int64_t count;
        if (!tensor_count(array.tensor.rank, array.tensor.shape, &count) || (size_t)count > length)
            abort();
        float *values = malloc((size_t)count * sizeof *values + 1);
        tensor_to_f32(&array.tensor, (tensor_origin){"input", "x", -1}, values, &error);
        free(values);
        npy_free(&allocator, &array);
    }
    if (left != all)
        abort();
    return 0;
}
