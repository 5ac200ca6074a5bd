/* problem_file.h - what the commands that take a problem from a file share: its format, the target's name, what reading it told.
 */
#ifndef CLI_PROBLEM_FILE_H
#define CLI_PROBLEM_FILE_H

#include "backends/matrix/matrix.h"
#include "backends/target.h"
#include "frontend/cli/cli.h"

/* EXIT_DONE, or EXIT_USAGE after saying that there is no such format and which is near; `option` is "--from" or "--to", and
 * `name` may be NULL. */
int problem_file_format(cli *c, const char *option, const char *name);

/* A target of the library or of a file; *out is NULL where `name` is. EXIT_DONE, or EXIT_INPUT after saying what is wrong. */
int problem_file_target(cli *c, const char *name, const target **out);

/* `isg: note: ...` of entries that stood more than once. */
void problem_file_notes(const cli *c, const char *path, const matrix_notes *notes);

#endif
