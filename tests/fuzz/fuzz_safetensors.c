/* fuzz_safetensors.c - libFuzzer harness of the safetensors reader: no crash, no leak, little memory, every
 * tensor found by its name and readable to its last element. */
#include "runtime/safetensors.h"
#include "runtime/tensor.h"
#include "tests/fuzz/limited.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t left = 64 * length + 65536, all = left;
    isg_allocator allocator = {limited_resize, &left};
    isg_error error;
    safetensors weights;
    if (safetensors_read(&allocator, "input", bytes, length, &weights, &error) == ISG_OK) {
        for (size_t i = 0; i < weights.count; i++) {
            const isg_tensor *t = &weights.tensors[i].tensor;
            int64_t count;
            if (safetensors_find(&weights, weights.tensors[i].name) != t || !tensor_count(t->rank, t->shape, &count))
                abort();
            float *values = malloc((size_t)count * sizeof *values + 1);
            tensor_to_f32(t, (tensor_origin){"parameter", weights.tensors[i].name, -1}, values, &error);
            free(values);
        }
        safetensors_free(&allocator, &weights);
    }
    if (left != all)
        abort();
    return 0;
}
