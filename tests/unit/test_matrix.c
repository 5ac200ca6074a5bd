/* test_matrix.c - problem files: written and read back, every format gives the same problem, number by number; foreign files
 * give the energies that their formats define; and what a format cannot hold is refused. */
#include "backends/matrix/matrix.h"

#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

#include <unistd.h>

/* The disk itself is not on trial: nothing waits for it. */
static int no_sync(void *context, int file)
{
    (void)context;
    (void)file;
    return 0;
}

static const isg_io *test_io(void)
{
    static isg_io io;
    io = *isg_default_io();
    io.sync = no_sync;
    return &io;
}

/* ---- exactly the same ------------------------------------------------------------------------ */

static bool same_problem(const problem *a, const problem *b)
{
    if (a->domain != b->domain || a->spins != b->spins || a->offset != b->offset || a->ancilla != b->ancilla ||
        a->coupling_count != b->coupling_count || a->origin_count != b->origin_count)
        return false;
    for (int64_t i = 0; i < a->spins; i++)
        if (a->fields[i] != b->fields[i])
            return false;
    for (int64_t k = 0; k < a->coupling_count; k++)
        if (a->couplings[k].first != b->couplings[k].first || a->couplings[k].second != b->couplings[k].second ||
            a->couplings[k].value != b->couplings[k].value)
            return false;
    for (int64_t i = 0; i < a->origin_count; i++)
        if (a->origins[i].spin != b->origins[i].spin || a->origins[i].value != b->origins[i].value ||
            a->origins[i].lowest != b->origins[i].lowest)
            return false;
    return true;
}

/* Grids refuse most random problems, ranges those whose numbers leave doubles with the domain. */
static bool may_refuse(const char *format, int kind)
{
    static const char *const grids[] = {"kaiwu-csv", "kaiwu-ising-csv", "hitachi-json"};
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++)
        if (!strcmp(format, grids[i]))
            return true;
    return kind == 6; /* from 2^-950 to 2^950 */
}

static void check_round_trip(const char *format, const problem *p, bool refusable, int *accepted)
{
    const char *path = scratch_path("trip");
    problem q;
    matrix_notes notes;
    isg_error error;
    isg_status status = matrix_write_file(NULL, test_io(), path, format, p, &error);
    if (status) {
        CHECK(refusable && status == ISG_INVALID, "%s: %s", format, error.message);
        return;
    }
    ++*accepted;
    status = matrix_read_file(NULL, test_io(), path, format, &q, &notes, &error);
    CHECK(!status, "%s: %s", format, error.message);
    if (status)
        return;
    CHECK(same_problem(p, &q), "%s: another problem came back", format);
    CHECK(!notes.duplicates && !strcmp(notes.format, format), "%s", format);
    problem_close(&q);
}

/* Moves the numbers to a small grid and the couplings to neighbours, so that grids take them too. */
static void tame(problem *p, random_source *r, double unit)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < p->spins; i++)
        p->fields[i] = random_below(r, 2) ? unit * (random_below(r, 15) - 7) : 0;
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (p->couplings[k].second - p->couplings[k].first == 1) {
            p->couplings[kept] = p->couplings[k];
            p->couplings[kept++].value = unit * (1 + random_below(r, 7));
        }
    p->coupling_count = kept;
    p->offset = random_unit(r);
}

static void check_random_problems(int count)
{
    int accepted[32] = {0};
    random_source r = random_open(4);
    for (int i = 0; i < count; i++) {
        int kind;
        problem p;
        isg_error error;
        CHECK(!random_problem(&r, NULL, random_below(&r, 13), &kind, &p, &error));
        if (i % 3 == 2) {
            tame(&p, &r, ldexp(1, random_below(&r, 9) - 4) * (1 + random_below(&r, 3)));
            p.domain = PROBLEM_SPIN;
            kind = 0;
        }
        for (int f = 0; matrix_format_names[f]; f++)
            check_round_trip(matrix_format_names[f], &p, may_refuse(matrix_format_names[f], kind), &accepted[f]);
        problem_close(&p);
    }
    for (int f = 0; matrix_format_names[f]; f++)
        CHECK(accepted[f] >= count / 4, "%s took %d of %d", matrix_format_names[f], accepted[f], count);
}

/* ---- the last bit of the file alone ----------------------------------------------------------- */

static double from_file_state(const problem *p, const int8_t *binary)
{
    int8_t state[64];
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = p->domain == PROBLEM_SPIN ? 2 * binary[i] - 1 : binary[i];
    return problem_energy(p, state);
}

/* Without its sidecar a file of integers still has every energy but for a constant and a scale; with an ancilla more, its
 * spin at 1. */
static void check_alone(const char *format, const problem *p, random_source *r)
{
    char sidecar[300];
    const char *path = scratch_path("alone");
    problem q;
    isg_error error;
    if (matrix_write_file(NULL, test_io(), path, format, p, &error))
        return;
    snprintf(sidecar, sizeof sidecar, "%s.isg.json", path);
    unlink(sidecar);
    isg_status status = matrix_read_file(NULL, test_io(), path, format, &q, NULL, &error);
    if (status || q.spins < p->spins) { /* couplers, or sites that are not named */
        CHECK(!strcmp(format, "dwave-qp") || !strcmp(format, "hitachi-json"), "%s: %s", format, status ? error.message : "spins");
        if (!status)
            problem_close(&q);
        return;
    }
    double first[2] = {0}, scale = 0;
    for (int k = 0; k < 40; k++) {
        int8_t state[64];
        for (int64_t i = 0; i < q.spins; i++)
            state[i] = i < p->spins ? (k ? (int8_t)random_below(r, 2) : 0) : 1;
        double mine = from_file_state(p, state), its = from_file_state(&q, state);
        if (!k)
            first[0] = mine, first[1] = its;
        else if (scale == 0 && mine != first[0] && its != first[1])
            scale = (its - first[1]) / (mine - first[0]);
        else
            CHECK((its - first[1]) == scale * (mine - first[0]), "%s: %g is not %g x %g", format, its - first[1], scale,
                  mine - first[0]);
    }
    problem_close(&q);
}

static void check_files_alone(int count)
{
    random_source r = random_open(5);
    for (int i = 0; i < count; i++) {
        int kind;
        problem p;
        isg_error error;
        CHECK(!random_problem(&r, NULL, 2 + random_below(&r, 8), &kind, &p, &error));
        tame(&p, &r, 1);
        p.offset = 0;
        for (int f = 0; matrix_format_names[f]; f++)
            check_alone(matrix_format_names[f], &p, &r);
        problem_close(&p);
    }
}

/* ---- problems from passes: an ancilla, origins, names ----------------------------------------- */

static void check_ancilla_and_names(void)
{
    problem p, q;
    isg_error error;
    matrix_names names;
    CHECK(!problem_open(&p, NULL, PROBLEM_SPIN, 3, &error));
    CHECK(!problem_add_coupling(&p, 0, 2, 3, &error) && !problem_add_coupling(&p, 1, 2, -128, &error));
    p.ancilla = 2;
    p.offset = 0.1;
    p.origins[0].value = -1;
    for (int f = 0; matrix_format_names[f]; f++) {
        int accepted = 0;
        check_round_trip(matrix_format_names[f], &p, true, &accepted);
        CHECK(accepted || !strcmp(matrix_format_names[f], "hitachi-json") || !strncmp(matrix_format_names[f], "kaiwu", 5));
    }
    p.couplings[1].value = -127;
    int accepted = 0;
    check_round_trip("kaiwu-csv", &p, false, &accepted);
    problem_close(&p);
    static const char bqm[] =
        "{\"variable_type\":\"SPIN\",\"linear_biases\":[0.1,0.2,0],\"quadratic_biases\":[0.3],"
        "\"quadratic_head\":[2],\"quadratic_tail\":[0],\"variable_labels\":[\"a b\",[0, 1],7],\"offset\":1}";
    CHECK(!matrix_read_bytes(NULL, "x", bqm, sizeof bqm - 1, NULL, 0, "bqm-json", &p, &names, NULL, &error), "%s", error.message);
    CHECK(names.count == 3 && !strcmp(matrix_names_at(&names, 0), "\"a b\"") && !strcmp(matrix_names_at(&names, 1), "[0,1]"));
    for (int f = 0; matrix_format_names[f]; f++) {
        matrix_names back;
        const char *path = scratch_path("named");
        if (matrix_write_named(NULL, test_io(), path, matrix_format_names[f], &p, &names, &error))
            continue;
        CHECK(!matrix_read_named(NULL, test_io(), path, NULL, &q, &back, NULL, &error), "%s", error.message);
        CHECK(same_problem(&p, &q) && back.count == 3, "%s", matrix_format_names[f]);
        for (int i = 0; i < 3 && back.count == 3; i++)
            CHECK(!strcmp(matrix_names_at(&names, i), matrix_names_at(&back, i)), "%s", matrix_format_names[f]);
        matrix_names_close(&back);
        problem_close(&q);
    }
    matrix_names_close(&names);
    problem_close(&p);
}

/* ---- a sidecar of another file ---------------------------------------------------------------- */

static void check_sidecars(void)
{
    problem p, q;
    isg_error error;
    const char *path = scratch_path("pair.qubo"), *sidecar = scratch_path("pair.qubo.isg.json");
    CHECK(!problem_open(&p, NULL, PROBLEM_BINARY, 2, &error));
    p.offset = 1;
    CHECK(!matrix_write_file(NULL, test_io(), path, NULL, &p, &error) && !access(sidecar, F_OK));
    FILE *f = fopen(path, "a");
    fputs("c changed\n", f);
    fclose(f);
    CHECK(matrix_read_file(NULL, test_io(), path, NULL, &q, NULL, &error) == ISG_INVALID &&
              strstr(error.message, "another content"),
          "%s", error.message);
    p.offset = 0;
    CHECK(!matrix_write_file(NULL, test_io(), path, NULL, &p, &error) && access(sidecar, F_OK), "a stale sidecar stays");
    CHECK(matrix_write_file(NULL, test_io(), scratch_path("x.isg.json"), "coo", &p, &error) == ISG_INVALID);
    problem_close(&p);
}

int main(void)
{
    int count = getenv("ISG_TEST_FULL") ? 10000 : getenv("ISG_TEST_QUICK") ? 100 : 1000;
    check_random_problems(count);
    check_files_alone(count / 10);
    check_ancilla_and_names();
    check_sidecars();
    return check_done();
}
