/* test_kernel_rows.c - fields from rows (kernels/rows.h) against one row after the other: the same to the bit, for sizes around
 * those of vectors and of groups of rows; nothing written beyond the fields. */
#include "backends/native/kernels/rows.h"
#include "tests/unit/problem_random.h"
#include "tests/unit/runtime_check.h"

enum { MOST = 100, GUARD = 64 };

static double wide[MOST * MOST];
static float narrow[MOST * MOST];
static int8_t state[MOST];
static double field[MOST + GUARD], wanted[MOST + GUARD];

/* Of `raised` in a hundred spins. */
static void make_problem(random_source *r, int n, int lowest, int raised)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            narrow[i * n + j] = narrow[j * n + i] = i == j ? 0 : (float)random_unit(r);
            wide[i * n + j] = wide[j * n + i] = i == j ? 0 : random_unit(r);
        }
    for (int i = 0; i < n; i++)
        state[i] = (int)random_below(r, 100) < raised ? 1 : (int8_t)lowest;
    for (int i = 0; i < MOST + GUARD; i++)
        field[i] = wanted[i] = random_unit(r);
}

static void add_singly(int n, bool in_f32)
{
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++)
            wanted[i] += (in_f32 ? (double)narrow[j * n + i] : wide[j * n + i]) * state[j];
}

static void test_sizes(random_source *r)
{
    static const int sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 49, 63, 64, 65, MOST};
    static const int raised[] = {0, 3, 50, 97, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int way = 0; way < 20; way++) {
            int n = sizes[k], lowest = -(way % 2), bytes = way / 2 % 2 ? 4 : 8;
            make_problem(r, n, lowest, raised[way / 4]);
            add_singly(n, bytes == 4);
            if (bytes == 4)
                rows_add_all(narrow, 4, state, field, n);
            else
                rows_add_all(wide, 8, state, field, n);
            CHECK(!memcmp(field, wanted, sizeof field), "%d spins, way %d", n, way);
        }
}

int main(void)
{
    random_source r = random_open(3);
    test_sizes(&r);
    return check_done();
}
