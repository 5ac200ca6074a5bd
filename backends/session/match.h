/* match.h - which matrix a result file answers. */
#ifndef BACKENDS_SESSION_MATCH_H
#define BACKENDS_SESSION_MATCH_H

#include "backends/session/session_data.h"
#include "ir/problem_hash.h"

/* One file, read. */
typedef struct incoming {
    const char *path;
    const char *named;      /* the part, or NULL */
    char hash[SHA256_TEXT]; /* of its bytes */
    uint32_t matrix;
    bool known;                     /* taken before: nothing to do */
    const session_matrix *doubtful; /* they may be meant for this one, which still waits, as well */
    int64_t answer_count;
    const uint8_t *answers;
} incoming;

/* What a name says: a part, and, where a folder round-NNN stands before it, of which round. */
typedef struct part_name {
    bool has_round;
    uint32_t round, number;
    int64_t sample;
} part_name;

/* False when the text names no part. */
bool match_name(const char *text, part_name *out);

/* By the name of a part, given or that of the file. A file that answered an earlier round's part of that name gives that one. */
isg_status match_part(session *s, incoming *f, const char *name, session_matrix **out, isg_error *error);

/* By its problem, or, where the matrix was solved without its sidecar, by the file (its hash; "": not known). */
isg_status match_problem(session *s, incoming *f, const char *problem_hash, const char *file_hash, session_matrix **out,
                         isg_error *error);

/* Whether the file is news for that matrix: it may have been taken before, and is then harmless (f->known), or be too late. */
isg_status match_news(session *s, incoming *f, session_matrix *m, isg_error *error);

#endif
