/* diff.c - see diff.h. */
#include "inspect/diff.h"
#include "ir/number_text.h"

#include <math.h>
#include <string.h>

/* What is compared, in the order shown. */
static const struct {
    const char *what, *path;
} compared[] = {
    {"formula", "formula"},
    {"spins", "spins"},
    {"domain", "domain"},
    {"couplings", "couplings"},
    {"fields", "fields"},
    {"uncoupled parts", "independent_parts"},
    {"health", "health.line"},
    {"offset", "numbers.offset"},
    {"least coupling", "numbers.coupling.min"},
    {"greatest coupling", "numbers.coupling.max"},
    {"mean coupling", "numbers.coupling.mean"},
    {"rms coupling", "numbers.coupling.rms"},
    {"least field", "numbers.field.min"},
    {"greatest field", "numbers.field.max"},
    {"mean field", "numbers.field.mean"},
    {"rms field", "numbers.field.rms"},
    {"spins whose field outweighs their couplings", "numbers.ratio.above_one"},
    {"spins fixed by presolve", "numbers.fixed.count"},
    {"of these by their fields", "numbers.fixed.by_field"},
    {"of these by roof duality", "numbers.fixed.by_roof_duality"},
    {"bits needed", "numbers.bits.needed"},
    {"bits of the target", "numbers.bits.target"},
    {"couplings lost to the grid", "numbers.quantisation.couplings_lost"},
    {"fields lost to the grid", "numbers.quantisation.fields_lost"},
    {"energy error bound of the grid", "numbers.quantisation.error_bound"},
    {"ground state on the grid", "numbers.quantisation.verdict"},
    {"largest eigenvalue", "spectrum.largest"},
    {"smallest eigenvalue", "spectrum.smallest"},
    {"hot temperature", "spectrum.hot.temperature"},
    {"cold temperature", "spectrum.cold.temperature"},
    {"temperature from which relaxation is bounded", "spectrum.relaxation.threshold"},
    {"reads", "measured.reads"},
    {"sweeps", "measured.sweeps"},
    {"best energy", "measured.best"},
    {"lowest energy known", "measured.reference.energy"},
    {"how it is known", "measured.reference.kind"},
    {"success of a read", "measured.success.p"},
    {"sweeps to solution", "measured.tts99.sweeps.value"},
    {"autocorrelation of the energy, sweeps", "measured.autocorrelation.tau"},
    {"states of the lowest energy found", "landscape.degeneracy.states"},
    {"machine", "machine.target"},
    {"parts", "partition.rounds"},
    {"energy of the machine", "machine.energy"},
};
enum { COMPARED = sizeof compared / sizeof *compared };

const char *diff_check(const json_t *document)
{
    const json_t *list = value_at(document, "hamiltonians");
    if (value_count_at(document, "version") != 1)
        return "it has no version, or another one than 1";
    if (value_at(document, "diff"))
        return "it compares two inspections already";
    if (!json_is_object(value_at(document, "subject")) || !json_is_array(list))
        return "it has no subject, or no hamiltonians";
    for (size_t k = 0; k < json_array_size(list); k++)
        if (!json_is_object(json_array_get(list, k)))
            return "a hamiltonian is no object";
    return NULL;
}

/* NULL for what is absent. */
static const char *shown(arena *a, const json_t *hamiltonian, const char *path)
{
    const json_t *value = value_at(hamiltonian, path);
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_integer(value))
        return arena_format(a, "%lld", (long long)json_integer_value(value));
    return json_is_real(value) ? number_text_in(a, json_real_value(value), 6) : NULL;
}

/* Numbers differ where they do, even if they look alike in six digits; then all are shown. */
static bool differ(arena *a, const json_t *left, const json_t *right, const char *path, const char **l, const char **r)
{
    *l = shown(a, left, path);
    *r = shown(a, right, path);
    if (!*l || !*r)
        return *l || *r;
    double x = value_number_at(left, path), y = value_number_at(right, path);
    if (strcmp(*l, *r) || isnan(x) || isnan(y) || x == y)
        return strcmp(*l, *r) != 0;
    *l = arena_format(a, "%.17g", x);
    *r = arena_format(a, "%.17g", y);
    return true;
}

static void push_row(arena *a, json_t *rows, const char *hamiltonian, const char *what, const char *left, const char *right)
{
    json_t *row = value_object(a);
    value_put(a, row, "hamiltonian", value_text(a, hamiltonian));
    value_put(a, row, "what", value_text(a, what));
    value_put(a, row, "left", value_text(a, left));
    value_put(a, row, "right", value_text(a, right));
    value_push(a, rows, row);
}

/* Spins whose value in the best state is not the same, where both have as many. */
static void compare_states(arena *a, json_t *rows, const char *name, const json_t *left, const json_t *right)
{
    const json_t *l = value_at(left, "state"), *r = value_at(right, "state");
    size_t i = 0, k = 0, apart = 0;
    if (!json_is_array(l) || !json_is_array(r) || value_count_at(left, "spins") != value_count_at(right, "spins"))
        return;
    while (i < json_array_size(l) || k < json_array_size(r)) {
        json_int_t x = i < json_array_size(l) ? json_integer_value(json_array_get(l, i)) : INT64_MAX;
        json_int_t y = k < json_array_size(r) ? json_integer_value(json_array_get(r, k)) : INT64_MAX;
        apart += x != y;
        i += x <= y;
        k += y <= x;
    }
    if (apart)
        push_row(a, rows, name, "spins that differ in the best states", arena_format(a, "%zu", apart),
                 arena_format(a, "%zu", apart));
}

static void compare(arena *a, json_t *rows, const json_t *left, const json_t *right)
{
    const char *l = value_text_at(left, "name"), *r = value_text_at(right, "name");
    const char *name = l && r && strcmp(l, r) ? arena_format(a, "%s, %s", l, r) : l ? l : r ? r : "";
    if (!left || !right) {
        push_row(a, rows, name, "Hamiltonian", l, r);
        return;
    }
    for (int k = 0; k < COMPARED; k++)
        if (differ(a, left, right, compared[k].path, &l, &r))
            push_row(a, rows, name, compared[k].what, l, r);
    compare_states(a, rows, name, left, right);
}

json_t *diff_of(arena *a, json_t *left, json_t *right)
{
    const json_t *l = value_at(left, "hamiltonians"), *r = value_at(right, "hamiltonians");
    json_t *value = value_object(a), *rows = value_array(a), *diff = value_object(a);
    for (size_t k = 0; k < json_array_size(l) || k < json_array_size(r); k++)
        compare(a, rows, json_array_get(l, k), json_array_get(r, k));
    value_put(a, diff, "rows", rows);
    value_put(a, value, "version", value_count(a, 1));
    value_put(a, value, "diff", diff);
    value_put(a, value, "left", left);
    value_put(a, value, "right", right);
    return value;
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static const char *side_text(arena *a, const json_t *document, const char *side)
{
    const json_t *subject = value_at(value_at(document, side), "subject");
    return arena_format(a, "%s%s", text_or(value_text_at(subject, "file"), "-"),
                        json_is_false(value_at(subject, "complete")) ? ", interrupted: not all was measured" : "");
}

const char *diff_text(arena *a, const json_t *document)
{
    const json_t *rows = value_at(document, "diff.rows");
    ARENA_LIST(char) out = {0};
    const char *last = "";
    const char *line = arena_format(a, "left:  %s\nright: %s\n", side_text(a, document, "left"), side_text(a, document, "right"));
    for (size_t k = 0;; k++) {
        for (; *line; line++)
            ARENA_PUSH(a, &out, *line);
        if (k == json_array_size(rows))
            break;
        const json_t *row = json_array_get(rows, k);
        const char *name = value_text_at(row, "hamiltonian"), *what = value_text_at(row, "what");
        const char *left = text_or(value_text_at(row, "left"), "-"), *right = text_or(value_text_at(row, "right"), "-");
        const char *head = strcmp(name, last) ? arena_format(a, "\n%s\n", name) : "";
        bool lines = strlen(left) > 24 || strlen(right) > 24 || strchr(left, '\n') || strchr(right, '\n');
        line = lines ? arena_format(a, "%s  %s\n    left:  %s\n    right: %s\n", head, what, left, right)
                     : arena_format(a, "%s  %-46s %-24s %s\n", head, what, left, right);
        last = name;
    }
    if (!json_array_size(rows))
        for (line = "\nno difference\n"; *line; line++)
            ARENA_PUSH(a, &out, *line);
    ARENA_PUSH(a, &out, '\0');
    return out.at;
}
