/* test_session_results.c - results that are distrusted: every class of damage, in our own files and in those of machines, is
 * refused or flagged with the file and the place, and the session stays as it was; what only looks different is taken. */
#include "tests/unit/session_fixture.h"

#include "backends/solve/solution_read.h"

#include <ctype.h>

static isg_error error;
static fixture f;
static const char *folder, *damaged;
static session *s; /* open all the time: what is refused changes nothing */
static char digest[65];

enum { MUTANTS = 1000, MOST = 32 };

static int mutants(void)
{
    return getenv("ISG_TEST_QUICK") ? MUTANTS / 10 : MUTANTS;
}

/* ---- bytes ------------------------------------------------------------------------------------------ */

typedef struct bytes {
    char at[1 << 15];
    size_t length;
} bytes;

static void load(bytes *b, const char *path)
{
    FILE *file = fopen(path, "rb");
    b->length = file ? fread(b->at, 1, sizeof b->at, file) : 0;
    CHECK(file && b->length > 0 && b->length < sizeof b->at / 2, "%s", path);
    if (file)
        fclose(file);
}

static void store(const bytes *b, const char *path)
{
    remove(path); /* a file that is emptied and written again is flushed to the disk by some file systems */
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(b->at, 1, b->length, file) == b->length, "%s", path);
    if (file)
        fclose(file);
}

static void replace(bytes *b, size_t at, size_t count, const char *by)
{
    size_t length = strlen(by);
    memmove(b->at + at + length, b->at + at + count, b->length - at - count);
    memcpy(b->at + at, by, length);
    b->length += length - count;
}

/* ---- taking ----------------------------------------------------------------------------------------- */

/* The message names the file, and where that is one, the place in it. */
static void check_refused(isg_status status, const char *what)
{
    CHECK(status == ISG_INVALID, "%s: status %d", what, status);
    if (status)
        CHECK(strstr(error.message, damaged), "%s: %s", what, error.message);
}

static isg_status take(const char *argument, session_taking *taking)
{
    return session_take(s, &argument, 1, taking, &error);
}

static isg_status take_bytes(const bytes *b, const char *part, session_taking *taking)
{
    char argument[600];
    store(b, damaged);
    snprintf(argument, sizeof argument, "%s%s%s", part ? part : "", part ? "=" : "", damaged);
    return take(argument, taking);
}

static void reopen(void)
{
    session_close(s);
    CHECK(!session_open(&s, folder, NULL, NULL, &error), "%s", error.message);
}

/* Taken for what it says; then the session is opened anew, since the next mutant must not find it answered. */
static void check_taken(const bytes *b, const char *part, const char *what)
{
    session_taking taking;
    CHECK(!take_bytes(b, part, &taking) && taking.matrices == 1, "%s: %s", what, error.message);
    reopen();
}

static void check_unchanged(const char *what)
{
    char now[65];
    folder_digest(folder, now);
    CHECK(!strcmp(now, digest), "%s: the directory has changed", what);
    CHECK(session_facts_of(s).answered == 0, "%s: something was taken", what);
}

/* ---- where values stand ------------------------------------------------------------------------------- */

/* Places of the values of states: digits, with their signs, within the brackets after `key`. */
static size_t list_values(const bytes *b, const char *key, size_t *places, size_t *lengths, size_t most)
{
    size_t count = 0;
    const char *end = b->at + b->length, *at = b->at;
    while ((at = memmem(at, (size_t)(end - at), key, strlen(key)))) {
        at = memchr(at, '[', (size_t)(end - at));
        for (at++; *at != ']' && count < most;) {
            size_t length = strspn(at, "-0123456789");
            if (!length) {
                at++;
                continue;
            }
            places[count] = (size_t)(at - b->at);
            lengths[count++] = length;
            at += length;
        }
    }
    return count;
}

static void find_line(const bytes *b, size_t at, char text[64])
{
    int line = 1, column = 1;
    for (size_t i = 0; i < at; i++) {
        column = b->at[i] == '\n' ? 1 : column + 1;
        line += b->at[i] == '\n';
    }
    snprintf(text, 64, ":%d:%d:", line, column);
}

/* ---- classes ------------------------------------------------------------------------------------------- */

typedef struct subject {
    const char *name, *key, *part; /* part: to be named with the file; NULL: not needed */
    bytes good;
    size_t places[512], lengths[512], count;
} subject;

static void open_subject(subject *x, const char *name, const char *key, const char *part, const char *path)
{
    *x = (subject){.name = name, .key = key, .part = part};
    load(&x->good, path);
    x->count = list_values(&x->good, key, x->places, x->lengths, 512);
    CHECK(x->count >= 4, "%s", path);
}

static void test_alphabet(const subject *x, random_source *r)
{
    static const char *const strange[] = {"2",   "-2",  "3",        "1.5",       "0.5",   "true", "null", "\"1\"",
                                          "NaN", "nan", "Infinity", "-Infinity", "1e400", "[1]",  "{}",   "--1",
                                          "+1",  "01",  "0x1",      "1 1",       "",      "10",   "-11",  "1e"};
    session_taking taking;
    char what[96], where[64];
    for (int k = 0; k < mutants(); k++) {
        bytes b = x->good;
        size_t which = (size_t)random_below(r, (int)x->count);
        const char *by = strange[random_below(r, sizeof strange / sizeof *strange)];
        replace(&b, x->places[which], x->lengths[which], by);
        snprintf(what, sizeof what, "%s: value '%s'", x->name, by);
        check_refused(take_bytes(&b, x->part, &taking), what);
        find_line(&b, x->places[which], where);
        where[strcspn(where + 1, ":") + 2] = '\0'; /* the line; a column may be that of what follows */
        CHECK(strstr(error.message, where) || by[0] == '\0', "%s: %s says no place %s", what, error.message, where);
    }
    check_unchanged("alphabet");
}

static void test_length(const subject *x, random_source *r)
{
    session_taking taking;
    for (int k = 0; k < mutants(); k++) {
        bytes b = x->good;
        size_t which = (size_t)random_below(r, (int)x->count);
        if (random_below(r, 2))
            replace(&b, x->places[which], 0, "1,");
        else if (b.at[x->places[which] + x->lengths[which]] == ',')
            replace(&b, x->places[which], x->lengths[which] + 1, "");
        else
            replace(&b, x->places[which], 0, "1,1,1,");
        check_refused(take_bytes(&b, x->part, &taking), "length");
        CHECK(strstr(error.message, "spins"), "%s", error.message);
    }
    check_unchanged("length");
}

static void test_truncation(const subject *x)
{
    session_taking taking;
    for (size_t n = 0; n + 2 < x->good.length; n += x->good.length > 1000 ? x->good.length / 1000 + 1 : 1) {
        bytes b = x->good;
        b.length = n;
        check_refused(take_bytes(&b, x->part, &taking), "truncation");
    }
    check_unchanged("truncation");
}

/* Any bytes anywhere: refused, or the states are still there as they were, or a claimed energy is found wrong. */
static void test_damage(const subject *x, random_source *r)
{
    static const char alphabet[] = "0123456789-+.eE,:{}[]\"\\ \n\tnulltrue\xff";
    int refused = 0, flagged = 0, same = 0;
    size_t places[512], lengths[512];
    for (int k = 0; k < mutants(); k++) {
        session_taking taking = {0};
        bytes b = x->good;
        for (int changes = 1 + random_below(r, 3); changes; changes--)
            b.at[random_below(r, (int)b.length)] = alphabet[random_below(r, sizeof alphabet - 1)];
        isg_status status = take_bytes(&b, x->part, &taking);
        refused += status != ISG_OK;
        if (status) {
            check_refused(status, "damage");
            continue;
        }
        size_t count = list_values(&b, x->key, places, lengths, 512);
        bool states = count == x->count;
        for (size_t i = 0; states && i < count; i++)
            states = lengths[i] == x->lengths[i] && !memcmp(b.at + places[i], x->good.at + x->places[i], lengths[i]);
        flagged += taking.wrong_energies > 0;
        same += states && !taking.wrong_energies;
        CHECK(states || taking.wrong_energies, "%s: damage unseen: %.*s", x->name, (int)b.length, b.at);
        reopen();
    }
    printf("%s: of damaged files %d refused, %d flagged, %d the same in what counts\n", x->name, refused, flagged, same);
    check_unchanged("damage");
}

/* ---- our own files ---------------------------------------------------------------------------------------- */

static void test_hash(const subject *x, random_source *r)
{
    session_taking taking;
    const char *at = memmem(x->good.at, x->good.length, "\"sha256\": \"", 11);
    for (int k = 0; at && k < mutants(); k++) {
        bytes b = x->good;
        char *digit = b.at + (at - x->good.at) + 11 + random_below(r, 64);
        char other = "0123456789abcdef"[random_below(r, 16)];
        *digit = other == *digit ? (*digit == 'f' ? '0' : 'f') : other;
        check_refused(take_bytes(&b, NULL, &taking), "hash");
        CHECK(strstr(error.message, "another problem"), "%s", error.message);
    }
    check_unchanged("hash");
}

/* A flipped spin, or a changed digit of an energy: what is claimed is not so. */
static void test_energy(const subject *x, random_source *r)
{
    session_taking taking;
    int changed = 0;
    for (int k = 0; k < mutants(); k++) {
        bytes b = x->good;
        size_t which = (size_t)random_below(r, (int)x->count);
        bool minus = b.at[x->places[which]] == '-';
        if (random_below(r, 2)) {
            replace(&b, x->places[which], x->lengths[which], minus ? "1" : "-1");
        } else {
            char *at = b.at;
            for (int skip = 1 + random_below(r, 16); skip; skip--) {
                char *next = memmem(at, (size_t)(b.at + b.length - at), "{\"energy\": ", 11);
                at = next ? next + 11 : at;
            }
            at += *at == '-';
            *at = *at == '9' ? '1' : (char)(*at + 1);
        }
        isg_status status = take_bytes(&b, NULL, &taking);
        if (!status) {
            reopen(); /* a flip that costs nothing is an answer as well */
            continue;
        }
        changed++;
        check_refused(status, "energy");
        CHECK(strstr(error.message, "claim"), "%s", error.message);
    }
    CHECK(changed > mutants() / 2, "%d only", changed);
    check_unchanged("energy");
}

/* With the ancilla at -1 and all else turned over it is the same answer. */
static void test_turned(const subject *x, random_source *r)
{
    for (int k = 0; k < mutants(); k++) {
        bytes b = x->good;
        size_t each = x->count; /* values of one solution: all are of one length */
        const char *first = memmem(b.at, b.length, x->key, strlen(x->key));
        const char *end = memchr(first, ']', (size_t)(b.at + b.length - first));
        for (each = 0; each < x->count && b.at + x->places[each] < end;)
            each++;
        size_t solution = (size_t)random_below(r, (int)(x->count / each));
        for (size_t i = solution * each + each; i-- > solution * each;)
            replace(&b, x->places[i], x->lengths[i], b.at[x->places[i]] == '-' ? "1" : "-1");
        check_taken(&b, x->part, "turned over");
    }
    check_unchanged("turned over");
}

static void test_own(const char *path, random_source *r)
{
    static subject x;
    open_subject(&x, "our own", "\"state\":", NULL, path);
    check_taken(&x.good, NULL, "as it is");
    test_alphabet(&x, r);
    test_length(&x, r);
    test_truncation(&x);
    test_hash(&x, r);
    test_energy(&x, r);
    test_damage(&x, r);
    test_turned(&x, r);
}

/* ---- files of machines --------------------------------------------------------------------------------------- */

/* The same answers as QBoson's machines give them: {0, 1}, the ancilla left out, energies of the QUBO matrix. */
static void write_foreign(const char *own, const char *matrix, const char *path, bool with_ancilla)
{
    solution_file in;
    problem p;
    FILE *file = fopen(path, "w");
    CHECK(file && !solution_read_file(NULL, NULL, own, &in, &error), "%s", error.message);
    CHECK(!matrix_read_file(NULL, NULL, matrix, NULL, &p, NULL, &error), "%s", error.message);
    int8_t zero[64];
    for (int64_t i = 0; i < p.spins; i++)
        zero[i] = i == p.ancilla ? 1 : -1;
    fprintf(file, "[");
    for (int64_t k = 0; k < in.count; k++) {
        const int8_t *state = in.states + k * in.spins;
        fprintf(file, "%s{\"result\":1,\"quboValue\":%.17g,\"maxcutValue\":0,\n\"solutionVector\":[", k ? "," : "",
                2 * (problem_energy(&p, state) - problem_energy(&p, zero)));
        for (int64_t i = 0; i < in.spins - !with_ancilla; i++)
            fprintf(file, "%s%d", i ? "," : "", with_ancilla ? -state[i] : state[i] == 1);
        fprintf(file, "]}\n");
    }
    fprintf(file, "]\n");
    fclose(file);
    problem_close(&p);
    solution_file_close(&in);
}

/* Parts that are none, of other rounds, misspelled, or missing. */
static void test_ids(const subject *x, random_source *r)
{
    session_taking taking;
    check_refused(take_bytes(&x->good, NULL, &taking), "no part");
    CHECK(strstr(error.message, "which part"), "%s", error.message);
    for (int k = 0; k < mutants(); k++) {
        char part[96];
        switch (random_below(r, 4)) {
        case 0:
            snprintf(part, sizeof part, "sample-%05d-part-%02d", FIXTURE_SAMPLES + random_below(r, 100000), random_below(r, 2));
            break;
        case 1:
            snprintf(part, sizeof part, "sample-%05d-part-%02d", random_below(r, FIXTURE_SAMPLES), 2 + random_below(r, 100));
            break;
        case 2:
            snprintf(part, sizeof part, "round-%03d/sample-00000-part-00", 1 + random_below(r, 1000));
            break;
        default:
            snprintf(part, sizeof part, "sample-00000-part-00");
            part[random_below(r, 13)] = "xyz#"[random_below(r, 4)];
        }
        isg_status status = take_bytes(&x->good, part, &taking);
        CHECK(status == ISG_INVALID && strstr(error.message, damaged), "%s: %d %s", part, status, error.message);
    }
    check_unchanged("ids");
}

/* One part answered twice in one call, or by other results in a second call. */
static void test_repeated(const subject *x, const char *own)
{
    char once[600];
    session_taking taking;
    store(&x->good, damaged);
    snprintf(once, sizeof once, "%s=%s", x->part, damaged);
    const char *both[] = {once, own}, *twice[] = {own, own};
    CHECK(session_take(s, both, 2, &taking, &error) == ISG_INVALID && strstr(error.message, "answered twice"), "%s",
          error.message);
    CHECK(session_take(s, twice, 2, &taking, &error) == ISG_INVALID && strstr(error.message, "answered twice"), "%s",
          error.message);
    check_unchanged("repeated");
    CHECK(!take(own, &taking) && taking.matrices == 1, "%s", error.message);
    CHECK(take(once, &taking) == ISG_INVALID && strstr(error.message, "other results already"), "%s", error.message);
    CHECK(!take(own, &taking) && taking.known == 1 && !taking.matrices, "%s", error.message);
    reopen();
}

/* A claim that is wrong, be it for a flipped spin, is flagged; the answer counts by its own energy. */
static void test_claims(const subject *x, random_source *r)
{
    int flagged = 0;
    for (int k = 0; k < mutants(); k++) {
        session_taking taking;
        bytes b = x->good;
        size_t which = (size_t)random_below(r, (int)x->count);
        replace(&b, x->places[which], 1, b.at[x->places[which]] == '0' ? "1" : "0");
        CHECK(!take_bytes(&b, x->part, &taking), "%s", error.message);
        flagged += taking.wrong_energies > 0 && taking.wrong_in && strstr(taking.wrong_in, damaged);
        reopen();
    }
    CHECK(flagged > mutants() / 2, "%d flagged", flagged);
}

/* Saved by an editor that marks UTF-8. */
static void test_mark(const subject *x)
{
    bytes b = x->good;
    replace(&b, 0, 0, "\xef\xbb\xbf");
    check_taken(&b, x->part, "marked as UTF-8");
}

/* A state too short for the file is told the file's length: the ancilla is not in it. */
static void test_short(const subject *x)
{
    session_taking taking;
    char expected[64];
    bytes b = x->good;
    const char *first = memmem(b.at, b.length, x->key, strlen(x->key));
    const char *end = memchr(first, ']', (size_t)(b.at + b.length - first));
    int length = 0;
    for (size_t i = 0; i < x->count; i++)
        length += b.at + x->places[i] < end;
    for (size_t state = x->count / (size_t)length; state-- > 0;)
        replace(&b, x->places[state * (size_t)length], 2, "");
    check_refused(take_bytes(&b, x->part, &taking), "too short");
    snprintf(expected, sizeof expected, "%d spins, not %d", length - 1, length);
    CHECK(strstr(error.message, expected), "%s", error.message);
}

static void test_foreign(const char *own, const char *matrix, const char *part, random_source *r)
{
    static subject x, full;
    session_taking taking;
    const char *path = place("foreign.json"), *with_ancilla = place("full.json");
    write_foreign(own, matrix, path, false);
    write_foreign(own, matrix, with_ancilla, true);
    open_subject(&x, "a machine's", "\"solutionVector\":", part, path);
    open_subject(&full, "a machine's, ancilla at -1", "\"solutionVector\":", part, with_ancilla);
    check_taken(&x.good, part, "as it is");
    store(&full.good, damaged);
    CHECK(!take_bytes(&full.good, part, &taking) && !taking.wrong_energies, "read relative to the ancilla: %s", error.message);
    reopen();
    test_mark(&x);
    test_short(&x);
    test_ids(&x, r);
    test_repeated(&x, own);
    test_alphabet(&x, r);
    test_length(&full, r);
    test_truncation(&x);
    test_claims(&x, r);
    test_damage(&x, r);
}

/* A name that begins with the matrix's is enough, in the folder of its round too. */
static void test_names(const char *own_foreign)
{
    session_taking taking;
    const char *named = place("sample-00000-part-00-result.json");
    bytes b;
    load(&b, own_foreign);
    store(&b, named);
    isg_status status = take(named, &taking);
    CHECK(!status && taking.matrices == 1, "%s", error.message);
    reopen();
}

/* The matrix solved without its sidecar: the file's hash tells which it is. */
static void test_bare(const char *matrix)
{
    session_taking taking;
    char bare[256];
    snprintf(bare, sizeof bare, "%s", place("bare.csv"));
    run_shell("cp %s %s", matrix, bare);
    problem p;
    matrix_notes notes;
    char hash[SHA256_TEXT];
    CHECK(!matrix_read_file(NULL, NULL, bare, NULL, &p, &notes, &error) && !notes.sidecar, "%s", error.message);
    CHECK(!solution_hash_file(NULL, bare, hash, &error));
    int8_t state[64] = {0};
    const int8_t *states = state;
    solution out = {.problem = &p, .file_hash = hash, .target = "native", .complete = true, .count = 1, .states = &states};
    CHECK(!solution_write(&out, NULL, damaged, &error), "%s", error.message);
    CHECK(!take(damaged, &taking) && taking.matrices == 1, "%s", error.message);
    reopen();
    p.fields[0] += 1; /* another problem that claims to be of that file */
    CHECK(!solution_write(&out, NULL, damaged, &error), "%s", error.message);
    check_refused(take(damaged, &taking), "bare");
    problem_close(&p);
}

int main(void)
{
    static char results[MOST][256];
    random_source r = random_open(9);
    char matrix[512], part[256];
    fixture_open(&f);
    folder = place("session");
    damaged = place("damaged.json");
    const session_settings settings = fixture_settings(&f, folder);
    CHECK(!fixture_emit(&f, &settings, NULL, NULL, &error), "%s", error.message);
    CHECK(fixture_answer(&f, folder, place("result"), results, MOST) > 1);
    folder_digest(folder, digest);
    CHECK(!session_open(&s, folder, NULL, NULL, &error), "%s", error.message);
    const char *file = session_missing(s, 0);
    snprintf(matrix, sizeof matrix, "%s/%s", folder, file);
    snprintf(part, sizeof part, "%.*s", (int)(strlen(file) - 4), file);
    test_own(results[0], &r);
    test_foreign(results[0], matrix, part, &r);
    if (strstr(part, "sample-00000-part-00"))
        test_names(place("foreign.json"));
    else
        CHECK(false, "the first part is %s", part);
    test_bare(matrix);
    session_close(s);
    fixture_close(&f);
    return check_done();
}
