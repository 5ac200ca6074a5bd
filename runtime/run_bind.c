/* run_bind.c - matching the caller's tensors with the program's inputs and outputs. */
#include "runtime/error.h"
#include "runtime/run_state.h"
#include "runtime/tensor.h"

#include <stdio.h>
#include <string.h>

static const isg_tensor **take_pointers(const isg_allocator *a, size_t count)
{
    return memory_take_zeroed(a, count, sizeof(const isg_tensor *));
}

/* "[batch, 3, 4]" */
static const char *batch_shape_text(const isg_port *port, char text[TENSOR_SHAPE_TEXT + 16])
{
    char shape[TENSOR_SHAPE_TEXT];
    tensor_shape_text(port->rank, port->shape, shape);
    snprintf(text, TENSOR_SHAPE_TEXT + 16, port->rank ? "[batch, %s" : "[batch%s", shape + 1);
    return text;
}

static isg_status check_port(run *r, const char *kind, const isg_port *port, const isg_tensor *t, isg_error *error)
{
    isg_status status = tensor_check(t, kind, port->name, error);
    if (status)
        return status;
    char need[TENSOR_SHAPE_TEXT + 16], have[TENSOR_SHAPE_TEXT];
    if (t->rank != port->rank + 1 || memcmp(t->shape + 1, port->shape, sizeof *t->shape * (size_t)port->rank))
        return error_fail(error, ISG_INVALID, "%s '%s' has shape %s; the model needs %s", kind, port->name,
                          tensor_shape_text(t->rank, t->shape, have), batch_shape_text(port, need));
    if (r->batch >= 0 && t->shape[0] != r->batch)
        return error_fail(error, ISG_INVALID, "%s '%s' has a batch of %lld; the others have %lld", kind, port->name,
                          (long long)t->shape[0], (long long)r->batch);
    r->batch = t->shape[0];
    return ISG_OK;
}

static isg_status bind(run *r, const char *kind, const isg_port *ports, size_t port_count, const isg_named_tensor *tensors,
                       size_t count, const isg_tensor **bound, isg_error *error)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < port_count && strcmp(ports[k].name, tensors[i].name))
            k++;
        if (k == port_count)
            return error_fail(error, ISG_INVALID, "the model has no %s '%s'", kind, tensors[i].name);
        if (bound[k])
            return error_fail(error, ISG_INVALID, "%s '%s' is given twice", kind, tensors[i].name);
        isg_status status = check_port(r, kind, &ports[k], &tensors[i].tensor, error);
        if (status)
            return status;
        bound[k] = &tensors[i].tensor;
    }
    return ISG_OK;
}

isg_status run_bind(run *r, const isg_named_tensor *inputs, size_t input_count, const isg_named_tensor *outputs,
                    size_t output_count, isg_error *error)
{
    const isg_program *p = r->program;
    r->inputs = take_pointers(r->allocator, p->abi->input_count);
    r->outputs = take_pointers(r->allocator, p->abi->output_count);
    if (!r->inputs || !r->outputs)
        return error_no_memory(error);
    r->batch = -1;
    isg_status status = bind(r, "input", p->inputs, p->abi->input_count, inputs, input_count, r->inputs, error);
    for (size_t i = 0; !status && i < p->abi->input_count; i++)
        if (!r->inputs[i])
            status = error_fail(error, ISG_INVALID, "input '%s' is missing", p->inputs[i].name);
    if (!status)
        status = bind(r, "output", p->outputs, p->abi->output_count, outputs, output_count, r->outputs, error);
    for (size_t i = 0; !status && i < p->abi->output_count; i++)
        if (r->outputs[i] && r->outputs[i]->dtype != ISG_F32)
            status = error_fail(error, ISG_INVALID, "output '%s' must be float32, not %s", p->outputs[i].name,
                                dtype_name(r->outputs[i]->dtype));
    if (r->batch < 0)
        r->batch = 1; /* a model without inputs, run for its report */
    return status;
}
