/* program_check.h - the second half of checking an ABI record, after its stamp (program.h). */
#ifndef RUNTIME_PROGRAM_CHECK_H
#define RUNTIME_PROGRAM_CHECK_H

#include "runtime/abi.h"

/* Every tensor, state and table lies inside its memory, and every kernel is there. */
isg_status program_check_layout(const isg_abi_program *abi, isg_error *error);

#endif
