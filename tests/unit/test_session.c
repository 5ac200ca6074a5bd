/* test_session.c - sessions from their beginning to their outputs: the same spins as on the simulator, results in any order and
 * again, and processes that are killed, run out of memory or meet a failing disk at any moment. */
#include "tests/unit/session_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static isg_error error;
static fixture f;

enum { MOST = 32, ROUNDS = 40 };

static bool is_full(void)
{
    return getenv("ISG_TEST_FULL") != NULL;
}

static bool is_quick(void)
{
    return getenv("ISG_TEST_QUICK") != NULL;
}

static void emit(const char *folder)
{
    const session_settings settings = fixture_settings(&f, folder);
    CHECK(!fixture_emit(&f, &settings, NULL, NULL, &error), "%s", error.message);
}

/* Answers everything at once until it is done; the rounds that had files. */
static int play(const char *folder, const char *prefix)
{
    char results[MOST][256];
    const char *paths[MOST];
    session_facts facts = {0};
    session_taking taking;
    for (int round = 0; round < ROUNDS; round++) {
        size_t count = fixture_answer(&f, folder, prefix, results, MOST);
        for (size_t i = 0; i < count; i++)
            paths[i] = results[i];
        CHECK(!fixture_decode(&f, folder, paths, count, NULL, NULL, &taking, &facts, &error), "%s", error.message);
        CHECK(taking.matrices == (int64_t)count && !taking.known);
        if (facts.done)
            return count ? round + 1 : round;
    }
    CHECK(false, "no end");
    return ROUNDS;
}

/* ---- the simulator ------------------------------------------------------------------------------- */

static void test_same_as_simulator(void)
{
    float ours[FIXTURE_SAMPLES][16];
    const char *folder = place("same");
    machine *x;
    const machine_settings settings = {.target = f.target, .seed = 7};
    emit(folder);
    int rounds = play(folder, place("same-result"));
    printf("%d rounds had matrices\n", rounds);
    CHECK(rounds >= 3, "%d rounds: too few to be a test", rounds);
    memcpy(ours, f.out, sizeof ours);
    memset(f.out, 0x7f, sizeof f.out);
    CHECK(!machine_open(&x, f.m, &settings, NULL, &error), "%s", error.message);
    program_set_solver(f.program, machine_solve, x);
    CHECK(!isg_run(f.program, f.inputs, 2, &f.output, 1, NULL, NULL, &error), "%s", error.message);
    program_set_solver(f.program, NULL, NULL);
    machine_close(x);
    CHECK(!memcmp(ours, f.out, sizeof ours), "other spins than those of the simulator");
}

/* ---- order and repetition ------------------------------------------------------------------------- */

static void take_one(const char *folder, const char *result, int64_t matrices, int64_t known, session_facts *facts)
{
    session_taking taking;
    CHECK(!fixture_decode(&f, folder, &result, 1, NULL, NULL, &taking, facts, &error), "%s", error.message);
    CHECK(taking.matrices == matrices && taking.known == known, "%s: %lld taken, %lld known", result, (long long)taking.matrices,
          (long long)taking.known);
}

/* One result a call, last first; every one twice; those of earlier rounds again. The directory ends as with all at once. */
static void test_order(void)
{
    const char *at_once = place("at-once"), *singly = place("singly");
    char results[ROUNDS][MOST][256], digest[65], other[65];
    size_t counts[ROUNDS] = {0};
    session_facts facts = {0};
    emit(at_once);
    play(at_once, place("at-once-result"));
    emit(singly);
    int round = 0;
    for (; round < ROUNDS && !facts.done; round++) {
        char prefix[256];
        snprintf(prefix, sizeof prefix, "%s-%d", place("singly"), round);
        counts[round] = fixture_answer(&f, singly, prefix, results[round], MOST);
        for (size_t i = counts[round]; i-- > 0;) {
            take_one(singly, results[round][i], 1, 0, &facts);
            folder_digest(singly, digest);
            take_one(singly, results[round][i], 0, 1, &facts);
            for (int k = 0; k <= round; k++)
                if (counts[k])
                    take_one(singly, results[k][counts[k] - 1], 0, 1, NULL);
            folder_digest(singly, other);
            CHECK(!strcmp(digest, other), "round %d: taking results again has changed the session", round);
        }
    }
    CHECK(facts.done);
    /* generations differ: one a call */
    run_shell(
        "sed -i 's/\"generation\": [0-9]*//; s/\"state\": \"[0-9a-f]*\"//; s/\"answered\": \"[0-9a-f]*\"//; s/^  \"checksum.*//' "
        "%s/session.json %s/session.json",
        at_once, singly);
    run_shell("rm %s/state.bin %s/state.bin", at_once, singly);
    folder_digest(at_once, digest);
    folder_digest(singly, other);
    CHECK(!strcmp(digest, other), "the order of results shows");
}

/* ---- refusals of directories ------------------------------------------------------------------------ */

static void test_directories(void)
{
    const char *folder = place("directories");
    session_settings settings = fixture_settings(&f, folder);
    session *s, *second;
    emit(folder);
    CHECK(fixture_emit(&f, &settings, NULL, NULL, &error) == ISG_INVALID && strstr(error.message, "holds a session already"),
          "%s", error.message);
    CHECK(!session_open(&s, folder, NULL, NULL, &error), "%s", error.message);
    CHECK(session_open(&second, folder, NULL, NULL, &error) == ISG_INVALID && strstr(error.message, "another process"), "%s",
          error.message);
    session_close(s);
    run_shell("mkdir %s && touch %s/mine", place("full"), place("full"));
    settings.folder = place("full");
    CHECK(fixture_emit(&f, &settings, NULL, NULL, &error) == ISG_INVALID && strstr(error.message, "'mine'"), "%s", error.message);
    run_shell("test -f %s/mine && rm %s/mine", settings.folder, settings.folder);
    CHECK(session_open(&s, settings.folder, NULL, NULL, &error) == ISG_INVALID && strstr(error.message, "no session.json"), "%s",
          error.message);
    settings.folder = place("absent/below");
    CHECK(fixture_emit(&f, &settings, NULL, NULL, &error) == ISG_IO, "%s", error.message);
}

/* Files that are not as they were, and a manifest or state that was tampered with. */
static void test_tampering(void)
{
    static const struct {
        const char *command, *message;
    } cases[] = {
        {"echo >> %s/program.ising", "not as it was"},
        {"echo >> %s/inputs/w.npy", "not as it was"},
        {"echo x >> %s/target.yaml", "not as it was"},
        {"rm %s/state.bin", "state.bin"},
        {"truncate -s -1 %s/state.bin", "not the state"},
        {"sed -i 's/\"version\": 1/\"version\": 2/' %s/session.json", "session.json:3:"},
        {"sed -i 's/\"samples\": \\[0, 3\\]/\"samples\": [0, 300000000]/; s/^  \"checksum.*//; s/}}\\],$/}}]/' %s/session.json",
         "too short"},
        {"sed -i 's/round-000.sample/..\\/..\\/sample/' %s/session.json", "lies in its directory"},
        {"sed -i 's/\"number\": 0/\"number\": 9/' %s/session.json", "no such part"},
        {"sed -i 's/\"seed\": 7/\"seed\": 8/' %s/session.json", "checksum does not agree"},
        {"sed -i 's/\"target\": \"./\"target\": \"x/' %s/session.json", "checksum does not agree"},
        {"sed -i 's/^ *\"checksum\": \"./  \"checksum\": \"x/' %s/session.json", "checksum does not agree"},
        {"sed -i 's/^ *\"checksum\": \"./  \"checksum\": \"/' %s/session.json", "a checksum has 16 digits"},
        {"echo >> %s/session.json", "checksum does not agree"},
        {"sed -i 's/\"passes\": 4/\"passes\": NaN/' %s/session.json", "session.json:"},
        {"sed -i 's/\"seed\": 7/\"seed\": 7, \"more\": 1/' %s/session.json", "unknown key"},
        {"sed -i 's/\"spins\": \\[\\([0-9]*\\),/\"spins\": [\\1,\\1,/' %s/session.json", "ascending"},
    };
    const char *folder = place("tamper");
    char results[MOST][256];
    const char *paths[MOST];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session_taking taking;
        run_shell("rm -rf %s%s", folder, "");
        emit(folder);
        size_t count = fixture_answer(&f, folder, place("tamper-result"), results, MOST);
        for (size_t k = 0; k < count; k++)
            paths[k] = results[k];
        run_shell(cases[i].command, folder, "");
        isg_status status = fixture_decode(&f, folder, paths, count, NULL, NULL, &taking, NULL, &error);
        CHECK((status == ISG_INVALID || status == ISG_IO) && strstr(error.message, cases[i].message), "%s: %d %s",
              cases[i].command, status, error.message);
    }
}

/* A session of a version that wrote no checksum goes on, and has one from then on. */
static void test_without_checksum(void)
{
    const char *folder = place("unmarked");
    char results[MOST][256];
    const char *paths[MOST];
    session_taking taking;
    emit(folder);
    size_t count = fixture_answer(&f, folder, place("unmarked-result"), results, MOST);
    for (size_t k = 0; k < count; k++)
        paths[k] = results[k];
    run_shell("sed -i 's/^  \"checksum.*//; s/}}\\],$/}}]/' %s/session.json && ! grep -q checksum %s/session.json", folder,
              folder);
    CHECK(!fixture_decode(&f, folder, paths, count, NULL, NULL, &taking, NULL, &error), "%s", error.message);
    run_shell("grep -q '^  \"checksum\": \"[0-9a-f]*\"$' %s/session.json%s", folder, "");
}

/* ---- SIGKILL ------------------------------------------------------------------------------------------ */

/* An I/O hook that kills its process at call `at`. */
typedef struct killer {
    long calls, at;
} killer;

static void strike(void *context)
{
    killer *k = context;
    if (++k->calls == k->at)
        kill(getpid(), SIGKILL);
}

static int kill_open(void *c, const char *path, int flags, int mode)
{
    strike(c);
    return isg_default_io()->open(NULL, path, flags, mode);
}

static int64_t kill_size(void *c, int file)
{
    strike(c);
    return isg_default_io()->size(NULL, file);
}

static int64_t kill_read_at(void *c, int file, void *bytes, size_t count, int64_t offset)
{
    strike(c);
    return isg_default_io()->read_at(NULL, file, bytes, count, offset);
}

/* In the middle of a write. */
static int64_t kill_write(void *c, int file, const void *bytes, size_t count)
{
    killer *k = c;
    if (k->calls + 1 == k->at && count > 1)
        isg_default_io()->write(NULL, file, bytes, count / 2);
    strike(c);
    return isg_default_io()->write(NULL, file, bytes, count);
}

static int kill_sync(void *c, int file)
{
    strike(c);
    return isg_default_io()->sync(NULL, file);
}

static int kill_close(void *c, int file)
{
    strike(c);
    return isg_default_io()->close(NULL, file);
}

static int kill_rename(void *c, const char *from, const char *to)
{
    strike(c);
    return isg_default_io()->rename(NULL, from, to);
}

static int kill_remove(void *c, const char *path)
{
    strike(c);
    return isg_default_io()->remove(NULL, path);
}

static isg_io kill_hook(killer *k)
{
    return (isg_io){.open = kill_open,
                    .size = kill_size,
                    .read_at = kill_read_at,
                    .write = kill_write,
                    .sync = kill_sync,
                    .close = kill_close,
                    .rename = kill_rename,
                    .remove = kill_remove,
                    .context = k};
}

static void restore(const char *folder, const char *from)
{
    char command[1024];
    snprintf(command, sizeof command, "rm -rf %.300s; cp -r %.300s %.300s", folder, from, folder);
    CHECK(!system(command), "%s", command);
}

/* Runs `work` in a process of its own that is killed at call `at`. True when it was; false when it ended before. */
static bool killed(isg_status (*work)(const isg_io *io, const void *context), const void *context, long at)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        killer k = {.at = at};
        const isg_io io = kill_hook(&k);
        _exit(work(&io, context) ? 1 : 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "the child failed at call %ld", at);
    return WIFSIGNALED(status);
}

static isg_status emit_work(const isg_io *io, const void *context)
{
    const session_settings settings = fixture_settings(&f, context);
    return fixture_emit(&f, &settings, NULL, io, &error);
}

typedef struct decoding {
    const char *folder, *const *results;
    size_t count;
} decoding;

static isg_status decode_work(const isg_io *io, const void *context)
{
    const decoding *d = context;
    session_taking taking;
    return fixture_decode(&f, d->folder, d->results, d->count, NULL, io, &taking, NULL, &error);
}

/* Every call, or, where that takes long, every so-many-th. */
static long next_call(long at)
{
    return at + (is_full() ? 1 : is_quick() ? 23 : 5);
}

static void test_killed_emit(void)
{
    const char *whole = place("kill-whole"), *folder = place("kill-emit");
    char digest[65], other[65];
    long at;
    emit(whole);
    folder_digest(whole, digest);
    for (at = 1; killed(emit_work, folder, at); at = next_call(at)) {
        session *s;
        isg_status status = session_open(&s, folder, NULL, NULL, &error);
        CHECK(!status || status == ISG_INVALID || status == ISG_IO, "call %ld: %s", at, error.message);
        if (!status)
            session_close(s);
        else
            emit(folder); /* the same command again */
        folder_digest(folder, other);
        CHECK(!strcmp(digest, other), "call %ld: another directory than without the kill", at);
        run_shell("rm -rf %s%s", folder, "");
    }
    CHECK(at > 60, "%ld calls only", at);
    run_shell("rm -rf %s%s", folder, "");
}

/* The last round that there is, so that results are many and old ones are there. */
static void test_killed_decode(void)
{
    const char *before = place("kill-before"), *folder = place("kill-decode");
    char results[MOST][256], digest[65], other[65];
    const char *paths[MOST];
    session_taking taking;
    emit(before);
    size_t count = fixture_answer(&f, before, place("kill-result"), results, MOST);
    for (size_t i = 0; i < count; i++)
        paths[i] = results[i];
    CHECK(count > 1);
    for (int whole = 0; whole < 2; whole++) { /* some of the results, and then the rest, which goes on to the next round */
        decoding d = {.folder = folder, .results = paths + (whole ? 1 : 0), .count = whole ? count - 1 : 1};
        long at;
        restore(folder, before);
        CHECK(!fixture_decode(&f, folder, d.results, d.count, NULL, NULL, &taking, NULL, &error), "%s", error.message);
        folder_digest(folder, digest);
        restore(folder, before);
        for (at = 1; killed(decode_work, &d, at); at = next_call(at)) {
            CHECK(!fixture_decode(&f, folder, d.results, d.count, NULL, NULL, &taking, NULL, &error), "call %ld: %s", at,
                  error.message);
            folder_digest(folder, other);
            CHECK(!strcmp(digest, other), "call %ld: another directory than without the kill", at);
            restore(folder, before);
        }
        CHECK(at > 30, "%ld calls only", at);
        CHECK(!fixture_decode(&f, before, d.results, d.count, NULL, NULL, &taking, NULL, &error), "%s", error.message);
    }
}

/* ---- failing disk, failing memory -------------------------------------------------------------------------- */

static void test_failing_disk(void)
{
    const char *before = place("disk-before"), *folder = place("disk");
    char results[MOST][256], other[65], after[65];
    const char *paths[MOST];
    session_taking taking;
    for (long at = 1;; at = next_call(at)) {
        io_trap t = {.trap = {.at = at}, .error = -ENOSPC};
        const isg_io io = io_trap_hook(&t);
        const session_settings settings = fixture_settings(&f, folder);
        isg_status status = fixture_emit(&f, &settings, NULL, &io, &error);
        struct stat there;
        CHECK(t.open_files == 0, "call %ld leaves a file open", at);
        if (t.trap.calls < at) {
            CHECK(!status, "%s", error.message);
            break;
        }
        CHECK(status == ISG_IO || !status, "call %ld: %d %s", at, status, status ? error.message : "");
        CHECK(!status || stat(folder, &there), "call %ld: the directory stays", at);
        run_shell("rm -rf %s%s", folder, "");
    }
    restore(before, folder);
    size_t count = fixture_answer(&f, folder, place("disk-result"), results, MOST);
    for (size_t i = 0; i < count; i++)
        paths[i] = results[i];
    CHECK(!fixture_decode(&f, folder, paths, count, NULL, NULL, &taking, NULL, &error), "%s", error.message);
    folder_digest(folder, after);
    for (long at = 1;; at = next_call(at)) {
        io_trap t = {.trap = {.at = at}, .error = -EIO};
        const isg_io io = io_trap_hook(&t);
        restore(folder, before);
        isg_status status = fixture_decode(&f, folder, paths, count, NULL, &io, &taking, NULL, &error);
        CHECK(t.open_files == 0, "call %ld leaves a file open", at);
        if (t.trap.calls < at) {
            CHECK(!status, "%s", error.message);
            break;
        }
        CHECK(status == ISG_IO || !status || status == ISG_INVALID, "call %ld: %d", at, status);
        CHECK(!fixture_decode(&f, folder, paths, count, NULL, NULL, &taking, NULL, &error), "call %ld: %s", at, error.message);
        folder_digest(folder, other);
        CHECK(!strcmp(after, other), "call %ld: another directory than without the failure", at);
    }
}

static void test_failing_memory(void)
{
    const char *before = place("memory-before"), *folder = place("memory");
    char results[MOST][256];
    const char *paths[MOST];
    session_taking taking;
    long step = is_full() ? 1 : is_quick() ? 197 : 23;
    for (int ever = 0; ever < 2; ever++)
        for (long at = 1;; at += step) {
            trap t = {.at = at, .ever_after = ever};
            const isg_allocator a = trap_allocator(&t);
            const session_settings settings = fixture_settings(&f, folder);
            isg_status status = fixture_emit(&f, &settings, &a, NULL, &error);
            CHECK(t.held_blocks == 0 && t.held_bytes == 0, "emit leaks at allocation %ld", at);
            CHECK(status == ISG_NO_MEMORY || !status, "allocation %ld: %d", at, status);
            if (status) {
                run_shell("rm -rf %s%s", folder, "");
                continue;
            }
            if (t.calls < at)
                break;
            run_shell("rm -rf %s%s", folder, "");
        }
    run_shell("rm -rf %s%s", folder, "");
    emit(before);
    size_t count = fixture_answer(&f, before, place("memory-result"), results, MOST);
    for (size_t i = 0; i < count; i++)
        paths[i] = results[i];
    restore(folder, before);
    for (long at = 1;; at += step) {
        trap t = {.at = at};
        const isg_allocator a = trap_allocator(&t);
        isg_status status = fixture_decode(&f, folder, paths, count, &a, NULL, &taking, NULL, &error);
        CHECK(t.held_blocks == 0 && t.held_bytes == 0, "decode leaks at allocation %ld", at);
        CHECK(status == ISG_NO_MEMORY || !status, "allocation %ld: %d", at, status);
        if (!status)
            break;
        session *s;
        CHECK(!session_open(&s, folder, NULL, NULL, &error), "allocation %ld: %s", at, error.message);
        session_close(s);
    }
}

int main(void)
{
    fixture_open(&f);
    test_same_as_simulator();
    test_order();
    test_directories();
    test_tampering();
    test_without_checksum();
    test_killed_emit();
    test_killed_decode();
    test_failing_disk();
    test_failing_memory();
    fixture_close(&f);
    return check_done();
}
