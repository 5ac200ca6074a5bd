/* program.h - inside the runtime: programs made from an ABI record in this process (the compiler's
 * just-in-time code), with their weights given as tensors. */
#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include "runtime/abi.h"

/* As isg_open, for code already loaded; `abi` must outlive the program. Every parameter of the ABI that
 * is not embedded must be among `weights` with its shape; they are copied. */
isg_status program_open_abi(const isg_abi_program *abi, const isg_named_tensor *weights, size_t weight_count,
                            const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error);

/* Checks the stamp alone: magic, version, struct sizes, processor features. */
isg_status program_check_abi(const isg_abi_program *abi, isg_error *error);

#endif
