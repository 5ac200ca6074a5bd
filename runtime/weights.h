/* weights.h - a program's parameters from named tensors: what opening a program and embedding weights in one share. */
#ifndef RUNTIME_WEIGHTS_H
#define RUNTIME_WEIGHTS_H

#include "runtime/abi.h"

/* Copies each parameter from the tensor of its name to its offset in `to`, as the program computes with it. ISG_INVALID where
 * one is missing, has another shape, or is not finite. */
isg_status weights_fill(const isg_abi_tensor *parameters, uint64_t parameter_count, const isg_named_tensor *weights, size_t count,
                        char *to, isg_error *error);

#endif
