/* show_session.h - where a session stands and what to do next, on stderr. */
#ifndef CLI_SHOW_SESSION_H
#define CLI_SHOW_SESSION_H

#include "backends/session/session.h"
#include "frontend/cli/show.h"

/* `again`: after results that did not make the round whole. */
void show_session(session *s, bool again);

#endif
