/* fuzz_matrix.c - libFuzzer harness of the readers of problem files and results: the first byte chooses the format, the
 * bytes up to a line of `%%` are the file, what follows is its sidecar. Memory is limited, as reliability.md promises, and
 * none is left; what is accepted is a sound problem. */
#include "backends/matrix/matrix.h"
#include "backends/matrix/results.h"
#include "tests/fuzz/limited.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_problem(const problem *p)
{
    check(isfinite(p->offset) && p->spins >= 0 && p->ancilla < p->spins);
    for (int64_t i = 0; i < p->spins; i++)
        check(isfinite(p->fields[i]));
    for (int64_t k = 0; k < p->coupling_count; k++) {
        const problem_coupling *c = &p->couplings[k];
        check(isfinite(c->value) && c->value != 0 && c->first < c->second && c->second < p->spins);
        check(!k || c[-1].first < c->first || (c[-1].first == c->first && c[-1].second < c->second));
    }
    for (int64_t i = 0; i < p->origin_count; i++)
        check(p->origins[i].spin == PROBLEM_NO_SPIN || p->origins[i].spin < p->spins);
}

static void check_results(const isg_allocator *allocator, const uint8_t *bytes, size_t length)
{
    matrix_results r;
    isg_error error;
    if (matrix_read_results_bytes(allocator, "input", bytes, length, NULL, -1, &r, &error))
        return;
    check(r.count > 0 && r.length >= 0 && r.count * r.length <= (int64_t)length);
    for (int64_t i = 0; i < r.count * r.length; i++)
        check(r.states[i] == 1 || r.states[i] == (r.binary ? 0 : -1));
    matrix_results_close(&r);
}

/* Gives a sidecar the hash of its file, which chance would never find. */
static char *with_hash(const uint8_t *sidecar, size_t length, const uint8_t *file, size_t file_length)
{
    static const char key[] = "\"hash\": \"";
    char *copy = malloc(length + 1), digits[17];
    memcpy(copy, sidecar, length);
    char *at = memmem(copy, length, key, sizeof key - 1);
    snprintf(digits, sizeof digits, "%016" PRIx64, matrix_hash(MATRIX_HASH_START, file, file_length));
    if (at && length - (size_t)(at - copy) >= sizeof key - 1 + 16)
        memcpy(at + sizeof key - 1, digits, 16);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (!length)
        return 0;
    int count = 0;
    while (matrix_format_names[count])
        count++;
    int choice = *bytes++ % (count + 2);
    length--;
    size_t left = MEMORY_LIMIT;
    isg_allocator allocator = {limited_resize, &left};
    const uint8_t *mark = memmem(bytes, length, "\n%%\n", 4);
    size_t file = mark ? (size_t)(mark - bytes) + 1 : length;
    size_t sidecar_length = mark ? length - file - 3 : 0;
    char *sidecar = mark ? with_hash(mark + 4, sidecar_length, bytes, file) : NULL;
    problem p;
    matrix_names names;
    matrix_notes notes;
    isg_error error = {0};
    if (choice == count + 1) {
        check_results(&allocator, bytes, length);
    } else if (!matrix_read_bytes(&allocator, "input", bytes, file, sidecar, sidecar_length, matrix_format_names[choice], &p,
                                  &names, &notes, &error)) {
        check_problem(&p);
        check(names.count == 0 || names.count == p.spins);
        matrix_names_close(&names);
        problem_close(&p);
    } else {
        check(error.status == ISG_INVALID && *error.message);
    }
    free(sidecar);
    check(left == MEMORY_LIMIT);
    return 0;
}
