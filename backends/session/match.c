/* match.c - see match.h. Our own files name their problem by its hash; others belong to the part that is named with them or that
 * their name begins with. */
#include "backends/session/match.h"

#include "backends/matrix/matrix.h"
#include "runtime/error.h"
#include "runtime/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- names of parts ------------------------------------------------------------------------------------ */

/* "round-001" -> 1. */
static bool read_round(const char *text, size_t length, uint32_t *round)
{
    if (length < 7 || length > 15 || strncmp(text, "round-", 6) || strspn(text + 6, "0123456789") < length - 6)
        return false;
    *round = (uint32_t)strtoul(text + 6, NULL, 10);
    return true;
}

/* "sample-00000-part-00", and whatever follows that is no digit. */
static bool read_part(const char *text, int64_t *sample, uint32_t *number)
{
    char *end;
    if (strncmp(text, "sample-", 7) || !strspn(text + 7, "0123456789"))
        return false;
    *sample = strtoll(text + 7, &end, 10);
    if (strncmp(end, "-part-", 6) || !strspn(end + 6, "0123456789"))
        return false;
    *number = (uint32_t)strtoul(end + 6, NULL, 10);
    return true;
}

bool match_name(const char *text, part_name *out)
{
    const char *slash = strrchr(text, '/');
    *out = (part_name){0};
    for (const char *end = slash; end && !out->has_round;) { /* the nearest folder of that name */
        const char *begin = end;
        while (begin > text && begin[-1] != '/')
            begin--;
        out->has_round = read_round(begin, (size_t)(end - begin), &out->round);
        end = begin > text ? begin - 1 : NULL;
    }
    return read_part(slash ? slash + 1 : text, &out->sample, &out->number);
}

/* Parts are in order of samples and numbers. */
static const session_part *find_part(const session *s, const part_name *name)
{
    uint32_t low = 0, high = s->parts.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const session_part *p = &s->parts.at[middle];
        if (p->sample < name->sample || (p->sample == name->sample && p->number < name->number))
            low = middle + 1;
        else
            high = middle;
    }
    const session_part *found = low < s->parts.count ? &s->parts.at[low] : NULL;
    return found && found->sample == name->sample && found->number == name->number ? found : NULL;
}

/* A matrix of an earlier round that these bytes answered, by the name of its file; of that round where the name says one. */
static session_matrix *find_earlier(const session *s, const part_name *name, const char *hash)
{
    for (uint32_t i = 0; i < s->matrices.count; i++) {
        session_matrix *m = &s->matrices.at[i];
        part_name own;
        if (m->round == s->round || strcmp(m->answered, hash) || !match_name(m->file, &own))
            continue;
        if (own.sample == name->sample && own.number == name->number && (!name->has_round || name->round == own.round))
            return m;
    }
    return NULL;
}

/* ---- which matrix ---------------------------------------------------------------------------------------- */

static isg_status no_such_part(const session *s, const incoming *f, const char *name, isg_error *error)
{
    return error_fail(error, ISG_INVALID,
                      "%.250s: '%.200s' is no part of round %u; parts are named as the files in %.200s/round-%03u are", f->path,
                      name, (unsigned)s->round, s->folder, (unsigned)s->round);
}

isg_status match_part(session *s, incoming *f, const char *name, session_matrix **out, isg_error *error)
{
    part_name parsed;
    if (!match_name(name, &parsed)) {
        if (f->named)
            return no_such_part(s, f, name, error);
        return error_fail(
            error, ISG_INVALID,
            "%.250s: which part does it answer? Results of this format need --results PART=FILE, or a name that begins "
            "with the matrix's, such as sample-00000-part-00",
            f->path);
    }
    session_matrix *earlier = find_earlier(s, &parsed, f->hash);
    if (parsed.has_round && parsed.round > s->round)
        return no_such_part(s, f, name, error);
    if (earlier && !(parsed.has_round && parsed.round == s->round)) {
        const session_part *now = parsed.has_round ? NULL : find_part(s, &parsed);
        const session_matrix *waits = now && now->matrix >= 0 ? &s->matrices.at[now->matrix] : NULL;
        f->doubtful = waits && !*waits->answered ? waits : NULL;
        *out = earlier;
        return ISG_OK;
    }
    if (parsed.has_round && parsed.round < s->round)
        return error_fail(error, ISG_INVALID,
                          "%.250s: round %u is over, and these are not the results that part '%.200s' had then", f->path,
                          (unsigned)parsed.round, name);
    const session_part *part = find_part(s, &parsed);
    if (!part)
        return no_such_part(s, f, name, error);
    if (part->matrix < 0)
        return error_fail(error, ISG_INVALID, "%.250s: part '%.200s' has no matrix: presolve settled it", f->path, name);
    *out = &s->matrices.at[part->matrix];
    return ISG_OK;
}

static session_matrix *find_by_file_hash(const session *s, const char *hash)
{
    for (uint32_t i = 0; *hash && i < s->matrices.count; i++)
        if (!strcmp(s->matrices.at[i].file_hash, hash))
            return &s->matrices.at[i];
    return NULL;
}

/* Whether the matrix, read without its sidecar, is the problem of that hash: then it was solved so. */
static isg_status is_bare(session *s, const session_matrix *m, const char *hash, bool *same, isg_error *error)
{
    char *bytes, own[SHA256_TEXT];
    size_t length;
    problem p;
    isg_error ignored;
    *same = false;
    isg_status status = file_read(s->allocator, s->io, folder_path(s, m->file), INT64_C(1) << 36, &bytes, &length, &ignored);
    if (status)
        return status == ISG_NO_MEMORY ? error_no_memory(error) : ISG_OK;
    status = matrix_read_bytes(s->allocator, m->file, bytes, length, NULL, 0, s->format, &p, NULL, NULL, &ignored);
    file_free(s->allocator, bytes, length);
    if (status)
        return status == ISG_NO_MEMORY ? error_no_memory(error) : ISG_OK;
    problem_hash(&p, own);
    *same = !strcmp(own, hash);
    problem_close(&p);
    return ISG_OK;
}

isg_status match_problem(session *s, incoming *f, const char *problem_hash, const char *file_hash, session_matrix **out,
                         isg_error *error)
{
    session_matrix *m = session_find_matrix(s, problem_hash), *named = NULL;
    isg_status status = ISG_OK;
    bool same = true;
    if (!m && (m = find_by_file_hash(s, file_hash)))
        status = is_bare(s, m, problem_hash, &same, error);
    if (status)
        return status;
    if (!m || !same)
        return error_fail(error, ISG_INVALID, "%.250s: answers another problem (hash %.12s...), none of this session's matrices",
                          f->path, problem_hash);
    if (f->named) {
        status = match_part(s, f, f->named, &named, error);
        if (status)
            return status;
        if (named != m)
            return error_fail(error, ISG_INVALID, "%.250s: answers %.200s, not '%.200s'", f->path, m->file, f->named);
    }
    *out = m;
    return ISG_OK;
}

isg_status match_news(session *s, incoming *f, session_matrix *m, isg_error *error)
{
    f->matrix = (uint32_t)(m - s->matrices.at);
    f->known = !strcmp(m->answered, f->hash);
    if (f->known || !*m->answered)
        return ISG_OK;
    return error_fail(error, ISG_INVALID, "%.250s: %.200s has been answered by other results already (SHA-256 %.12s...)", f->path,
                      m->file, m->answered);
}
