/* test_matrix_faults.c - problem files under bad luck: cut off at every byte, damaged at random, without memory at every
 * allocation, with every call of the disk failing; and results of machines, good and damaged. */
#include "backends/matrix/matrix.h"
#include "backends/matrix/results.h"

#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <errno.h>

/* A problem that every format takes, with a constant and a name for every spin. */
static void make_problem(problem *p, matrix_names *names)
{
    static const char bqm[] = "{\"variable_type\":\"SPIN\",\"linear_biases\":[1,-2,0.5,0],\"quadratic_biases\":[0.5,1,-1.5],"
                              "\"quadratic_head\":[0,1,2],\"quadratic_tail\":[1,2,3],\"offset\":0.1,"
                              "\"variable_labels\":[\"a\",\"b\",\"c\",\"d\"]}";
    isg_error error;
    CHECK(!matrix_read_bytes(NULL, "x", bqm, sizeof bqm - 1, NULL, 0, "bqm-json", p, names, NULL, &error), "%s", error.message);
}

typedef struct bytes {
    char *at;
    size_t length;
} bytes;

static bytes load(const char *path)
{
    bytes b = {0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return b;
    b.at = malloc(1 << 16);
    b.length = fread(b.at, 1, 1 << 16, f);
    fclose(f);
    return b;
}

static isg_status read_pair(bytes file, bytes sidecar, const char *format, isg_error *error)
{
    problem q;
    matrix_names names;
    isg_status status =
        matrix_read_bytes(NULL, "file", file.at, file.length, sidecar.at, sidecar.length, format, &q, &names, NULL, error);
    CHECK(!status || (status == ISG_INVALID && *error->message), "%s: status %d", format, status);
    if (status)
        return status;
    for (int64_t i = 0; i < q.spins; i++)
        CHECK(isfinite(q.fields[i]));
    matrix_names_close(&names);
    problem_close(&q);
    return status;
}

/* A file that is cut off anywhere before its last line's end is refused with its sidecar: the hash tells. */
static void check_truncation(const char *format, bytes file, bytes sidecar)
{
    isg_error error;
    CHECK(sidecar.at != NULL, "%s", format);
    CHECK(!read_pair(file, sidecar, format, &error), "%s: %s", format, error.message);
    for (size_t n = 0; n < file.length; n++) {
        read_pair((bytes){file.at, n}, (bytes){0}, format, &error);
        CHECK(read_pair((bytes){file.at, n}, sidecar, format, &error), "%s cut at %zu of %zu", format, n, file.length);
    }
    for (size_t n = 0; n + 2 < sidecar.length; n++)
        CHECK(read_pair(file, (bytes){sidecar.at, n}, format, &error), "%s: sidecar cut at %zu", format, n);
}

static void check_damage(const char *format, bytes file, bytes sidecar, random_source *r)
{
    static const char alphabet[] = "0123456789-+.eE,:{}[]\"\\ \n\tcpn%#\xff";
    isg_error error;
    for (int k = 0; k < 1000; k++) {
        bytes damaged = {malloc(file.length), file.length};
        memcpy(damaged.at, file.at, file.length);
        for (int changes = 1 + random_below(r, 3); changes; changes--)
            damaged.at[random_below(r, (int)file.length)] = alphabet[random_below(r, sizeof alphabet - 1)];
        read_pair(damaged, (bytes){0}, format, &error);
        if (memcmp(damaged.at, file.at, file.length))
            CHECK(read_pair(damaged, sidecar, format, &error), "%s: damage unseen", format);
        free(damaged.at);
    }
}

/* Every allocation fails, once and for ever after. */
static void check_memory(const char *format, const problem *p, const matrix_names *names)
{
    isg_error error;
    const char *path = scratch_path("memory");
    for (int ever = 0; ever < 2; ever++)
        for (int phase = 0; phase < 2; phase++)
            for (long at = 1;; at++) {
                trap t = {.at = at, .ever_after = ever};
                isg_allocator a = trap_allocator(&t);
                isg_status status;
                if (phase) {
                    problem q;
                    matrix_names back;
                    status = matrix_read_named(&a, NULL, path, format, &q, &back, NULL, &error);
                    if (!status) {
                        matrix_names_close(&back);
                        problem_close(&q);
                    }
                } else {
                    problem mine;
                    trap quiet = {0};
                    isg_allocator of_copy = trap_allocator(&quiet);
                    problem from = *p;
                    from.allocator = &of_copy;
                    CHECK(!problem_copy(&mine, &from, &error));
                    mine.allocator = &a;
                    status = matrix_write_named(&a, NULL, path, format, &mine, names, &error);
                    mine.allocator = &of_copy;
                    problem_close(&mine);
                }
                CHECK(t.held_blocks == 0 && t.held_bytes == 0, "%s leaks at allocation %ld", format, at);
                CHECK(status == ISG_OK || status == ISG_NO_MEMORY, "%s at allocation %ld: %d", format, at, status);
                if (t.calls < at) {
                    CHECK(!status, "%s", format);
                    break;
                }
            }
}

/* Every call of the disk fails; a failed write leaves the old pair or a pair that is refused, never a wrong problem. */
static void check_disk(const char *format, const problem *p, const matrix_names *names)
{
    isg_error error;
    problem other, q;
    const char *path = scratch_path("disk");
    CHECK(!problem_copy(&other, p, &error));
    other.offset = 77;
    CHECK(!matrix_write_named(NULL, NULL, path, format, &other, names, &error), "%s", error.message);
    int files = scratch_count();
    for (int phase = 0; phase < 2; phase++)
        for (long at = 1;; at++) {
            io_trap t = {.trap = {.at = at}, .error = -EIO, .most = 50};
            isg_io io = io_trap_hook(&t);
            isg_status status;
            if (phase) {
                status = matrix_read_file(NULL, &io, path, format, &q, NULL, &error);
                if (!status)
                    problem_close(&q);
            } else {
                status = matrix_write_named(NULL, &io, path, format, p, names, &error);
                CHECK(scratch_count() == files, "%s leaves a temporary file at call %ld", format, at);
                isg_status then = matrix_read_file(NULL, NULL, path, format, &q, NULL, &error);
                CHECK(then == ISG_INVALID || q.offset == 77 || q.offset == p->offset, "%s at call %ld", format, at);
                if (!then)
                    problem_close(&q);
            }
            CHECK(t.open_files == 0, "%s leaves a file open at call %ld", format, at);
            if (t.trap.calls < at) {
                CHECK(!status, "%s: %s", format, error.message);
                break;
            }
            CHECK(status == ISG_IO || !status, "%s at call %ld: %d", format, at, status);
        }
    problem_close(&other);
}

static void check_formats(void)
{
    problem p;
    matrix_names names;
    isg_error error;
    random_source r = random_open(6);
    make_problem(&p, &names);
    for (int f = 0; matrix_format_names[f]; f++) {
        const char *format = matrix_format_names[f], *path = scratch_path("whole"), *beside = scratch_path("whole.isg.json");
        remove(beside);
        CHECK(!matrix_write_named(NULL, NULL, path, format, &p, &names, &error), "%s: %s", format, error.message);
        bytes file = load(path), sidecar = load(beside);
        if (sidecar.at) {
            check_truncation(format, file, sidecar);
            check_damage(format, file, sidecar, &r);
        } else {
            CHECK(!strcmp(format, "bqm-json"), "%s has no sidecar", format);
            for (size_t n = 0; n + 2 < file.length; n++)
                CHECK(read_pair((bytes){file.at, n}, sidecar, format, &error), "cut at %zu", n);
        }
        check_memory(format, &p, &names);
        check_disk(format, &p, &names);
        free(file.at);
        free(sidecar.at);
    }
    matrix_names_close(&names);
    problem_close(&p);
}

/* ---- results --------------------------------------------------------------------------------- */

static isg_status read_results(const char *text, int64_t length, matrix_results *r, isg_error *error)
{
    return matrix_read_results_bytes(NULL, "r.json", text, strlen(text), "kaiwu-json", length, r, error);
}

/* Three spins each: every beginning is refused, and memory that is lacking is told of and given back. */
static void check_cut(const char *good, size_t length, const char *format, long allocations)
{
    matrix_results r;
    isg_error error;
    for (size_t n = 0; n < length; n++)
        CHECK(matrix_read_results_bytes(NULL, "r.json", good, n, format, 3, &r, &error) == ISG_INVALID, "cut at %zu", n);
    for (long at = 1; at < allocations; at++) {
        trap t = {.at = at};
        isg_allocator a = trap_allocator(&t);
        isg_status status = matrix_read_results_bytes(&a, "r.json", good, length, NULL, 3, &r, &error);
        CHECK(status == (t.calls < at ? ISG_OK : ISG_NO_MEMORY));
        if (!status)
            matrix_results_close(&r);
        CHECK(t.held_blocks == 0);
    }
}

static void check_results(void)
{
    static const char good[] = "[{\"result\":1,\"quboValue\":-1,\"maxcutValue\":0,\"solutionVector\":[1,0,1]},"
                               "{\"solutionVector\":[0.0,0,1], \"extra\":{\"a\":[null]}}]";
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"[{\"solutionVector\":[1,0]}]", "r.json:1:20: 2 spins, not 3"},
        {"[{\"solutionVector\":[1,0,1,1]}]", "r.json:1:27: more than the 3 spins"},
        {"[{\"solutionVector\":[1,0,2]}]", "r.json:1:25: a spin is 2"},
        {"[{\"solutionVector\":[1,0,-1]}]", "r.json:1:25: both 0 and -1"},
        {"[{\"solutionVector\":[1,0,0.5]}]", "is not a whole number"},
        {"[{\"solutionVector\":[1,0,NaN]}]", "is not a finite number"},
        {"[{\"solutionVector\":[1,0,1]},{\"solutionVector\":[1]}]", "1 spins, not 3"},
        {"[{\"solutionVector\":[1,0,1],\"solutionVector\":[1,0,1]}]", "is given twice"},
        {"[{\"quboValue\":-1}]", "no \"solutionVector\""},
        {"[]", "no result in the file"},
        {"{}", "a file of results is a list"},
        {"[{\"solutionVector\":[1,0,1]}", "',' or ']' is missing"},
        {"[{\"solutionVector\":[1,0,1]}] x", "more after the end"},
        {"", "a file of results is a list"},
    };
    matrix_results r;
    isg_error error;
    int8_t state[3];
    CHECK(!read_results(good, 3, &r, &error), "%s", error.message);
    CHECK(r.count == 2 && r.length == 3 && r.binary);
    matrix_result_state(&r, 0, -1, state);
    CHECK(state[0] == 1 && state[1] == 0 && state[2] == 1);
    matrix_result_state(&r, 0, 1, state); /* its ancilla reads 0: all is the other way round */
    CHECK(state[0] == 0 && state[1] == 1 && state[2] == 0);
    matrix_results_close(&r);
    check_cut(good, sizeof good - 1, "kaiwu-json", 5);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(read_results(bad[i].text, 3, &r, &error) == ISG_INVALID, "%s", bad[i].text);
        CHECK(strstr(error.message, bad[i].message), "%s says: %s", bad[i].text, error.message);
    }
    CHECK(!read_results("[{\"solutionVector\":[-1,1]}]", -1, &r, &error) && !r.binary && r.length == 2);
    matrix_result_state(&r, 0, 0, state);
    CHECK(state[0] == 1 && state[1] == 0);
    matrix_results_close(&r);
}

/* ---- solutions in bqpjson -------------------------------------------------------------------- */

#define DOCUMENT(ids, domain, solutions)                                                                                         \
    "{\"version\":\"1.0.0\",\"solutions\":" solutions ",\"metadata\":{},\"scale\":1,\"offset\":0,\"linear_terms\":[],"           \
    "\"quadratic_terms\":[],\"variable_ids\":" ids ",\"variable_domain\":\"" domain "\"}"
#define ONE(assignment) "[{\"assignment\":" assignment "}]"

static isg_status read_document(const char *text, int64_t length, matrix_results *r, isg_error *error)
{
    return matrix_read_results_bytes(NULL, "r.json", text, strlen(text), NULL, length, r, error);
}

static void check_documents(void)
{
    static const char good[] = DOCUMENT("[7,3,20]", "boolean",
                                        "[{\"id\":0,\"assignment\":[{\"id\":3,\"value\":1.0},{\"value\":0,\"id\":20},"
                                        "{\"id\":7,\"value\":1,\"x\":[{}]}],\"evaluation\":-2.5},"
                                        "{\"assignment\":[{\"id\":20,\"value\":1},{\"id\":3,\"value\":0},{\"id\":7,\"value\":0}],"
                                        "\"evaluation\":null,\"id\":1}]");
    static const struct {
        const char *text, *message;
    } bad[] = {
        {DOCUMENT("[0,1]", "spin", ONE("[{\"id\":0,\"value\":1}]")), "r.json:1:47: 1 of 2 spins have a value"},
        {DOCUMENT("[0,1]", "spin", ONE("[{\"id\":0,\"value\":1},{\"id\":0,\"value\":1}]")), "the variable 0 is assigned twice"},
        {DOCUMENT("[0,1]", "spin", ONE("[{\"id\":0,\"value\":1},{\"id\":2,\"value\":1}]")), "identifier 2, which is not in"},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0,\"value\":0}]")), "r.json:1:64: a value is 0, and variable_domain is \"spin\""},
        {DOCUMENT("[0]", "boolean", ONE("[{\"value\":-1,\"id\":0}]")), "a value is -1, and variable_domain is \"boolean\""},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0,\"value\":2}]")), "a value is 2"},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0,\"value\":0.5}]")), "is not a whole number"},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0}]")), "needs id and value"},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0,\"value\":1,\"value\":1}]")), "is given twice"},
        {DOCUMENT("[0,0]", "spin", ONE("[]")), "variable_ids has 0 twice"},
        {DOCUMENT("[0]", "spin", "[{\"evaluation\":1}]"), "no \"assignment\""},
        {DOCUMENT("[0]", "spin", "[]"), "no solution in the file"},
        {DOCUMENT("[0]", "other", "[]"), "variable_domain is \"spin\" or \"boolean\""},
        {"{\"variable_ids\":[0],\"variable_domain\":\"spin\"}", "need variable_ids, variable_domain and solutions"},
        {DOCUMENT("[0]", "spin", ONE("[{\"id\":0,\"value\":1}]")) "x", "more after the end"},
    };
    static const int8_t expected[] = {1, 1, 0, 0, 0, 1};
    matrix_results r;
    isg_error error;
    CHECK(!read_document(good, 3, &r, &error), "%s", error.message);
    CHECK(r.document && r.binary && r.count == 2 && r.length == 3 && !memcmp(r.states, expected, sizeof expected));
    CHECK(r.claims[0] == -2.5 && r.claims[1] != r.claims[1]);
    matrix_results_close(&r);
    CHECK(read_document(good, 4, &r, &error) == ISG_INVALID && strstr(error.message, "3 spins, not 4"), "%s", error.message);
    CHECK(!read_document(DOCUMENT("[4,2]", "spin", ONE("[{\"id\":2,\"value\":-1},{\"id\":4,\"value\":1}]")), -1, &r, &error),
          "%s", error.message);
    CHECK(!r.binary && r.states[0] == 1 && r.states[1] == -1);
    matrix_results_close(&r);
    CHECK(!read_document(DOCUMENT("[]", "spin", ONE("[]")), -1, &r, &error) && !r.length && r.count == 1, "no spins");
    matrix_results_close(&r);
    check_cut(good, sizeof good - 1, NULL, 12);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(read_document(bad[i].text, -1, &r, &error) == ISG_INVALID, "%s", bad[i].text);
        CHECK(strstr(error.message, bad[i].message), "%s says: %s", bad[i].text, error.message);
    }
}

int main(void)
{
    check_formats();
    check_results();
    check_documents();
    return check_done();
}
