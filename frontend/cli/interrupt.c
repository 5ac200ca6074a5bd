/* interrupt.c - see interrupt.h. */
#include "frontend/cli/interrupt.h"

#include <signal.h>

static volatile sig_atomic_t came;
static isg_program *volatile running; /* what a signal handler can reach */

static void note(int signal_number)
{
    (void)signal_number;
    isg_program *p = running;
    came = 1;
    if (p)
        isg_cancel(p);
}

/* SA_RESETHAND: the second SIGINT has its default action. */
void interrupt_heed(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESETHAND | SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    if (!sigaction(SIGINT, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

void interrupt_cancels(isg_program *program)
{
    running = program;
}

bool interrupt_came(const void *context)
{
    (void)context;
    return came;
}
