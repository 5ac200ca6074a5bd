/* interrupt.h - SIGINT (Ctrl-C): the first asks for the best so far, the second ends the process. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include "runtime/isinglass.h"

#include <stdbool.h>

/* From now on the first SIGINT is noted instead of ending the process; a process that was made to ignore it goes on so. */
void interrupt_heed(void);
/* It cancels that program's run too; NULL: no program's any more. The program must outlive this. */
void interrupt_cancels(isg_program *program);
/* Whether it came. As the libraries ask it: the context is not looked at. */
bool interrupt_came(const void *context);

#endif
