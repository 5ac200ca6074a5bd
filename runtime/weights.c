/* weights.c - see weights.h. */
#include "runtime/weights.h"
#include "runtime/error.h"
#include "runtime/tensor.h"

#include <string.h>

static const isg_tensor *find_tensor(const isg_named_tensor *tensors, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(tensors[i].name, name))
            return &tensors[i].tensor;
    return NULL;
}

static isg_status copy_parameter(const isg_abi_tensor *parameter, const isg_tensor *t, char *weights, isg_error *error)
{
    const char *name = parameter->name;
    if (!t)
        return error_fail(error, ISG_INVALID, "the weights have no parameter '%s'", name);
    isg_status status = tensor_check(t, "parameter", name, error);
    if (status)
        return status;
    if (t->rank != parameter->rank || memcmp(t->shape, parameter->shape, sizeof *t->shape * (size_t)t->rank)) {
        char need[TENSOR_SHAPE_TEXT], have[TENSOR_SHAPE_TEXT];
        return error_fail(error, ISG_INVALID, "parameter '%s' has shape %s in the weights; the program needs %s", name,
                          tensor_shape_text(t->rank, t->shape, have), tensor_shape_text(parameter->rank, parameter->shape, need));
    }
    tensor_origin origin = {.kind = "parameter", .name = name, .sample = -1};
    void *to = weights + parameter->offset;
    return parameter->dtype == ISG_F32 ? tensor_to_f32(t, origin, to, error) : tensor_to_i32(t, origin, to, error);
}

isg_status weights_fill(const isg_abi_tensor *parameters, uint64_t parameter_count, const isg_named_tensor *weights, size_t count,
                        char *to, isg_error *error)
{
    for (uint64_t i = 0; i < parameter_count; i++) {
        const isg_abi_tensor *parameter = &parameters[i];
        isg_status status = copy_parameter(parameter, find_tensor(weights, count, parameter->name), to, error);
        if (status)
            return status;
    }
    return ISG_OK;
}
