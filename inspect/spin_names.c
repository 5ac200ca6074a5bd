/* spin_names.c - see spin_names.h. */
#include "inspect/spin_names.h"

#include <string.h>

static const char *index_name(const named_array *array, const char *base, arena *a)
{
    const char *name = *base ? base : "i";
    for (uint32_t k = 0, suffix = 1; k < array->rank; k++)
        if (!strcmp(array->index[k], name)) {
            name = arena_format(a, "%s.%u", *base ? base : "i", (unsigned)suffix++);
            k = UINT32_MAX; /* look again from the first */
        }
    return name;
}

spin_names spin_names_of_anneal(const ir_module *m, ir_op anneal, arena *a)
{
    const ir_attribute spins = *ir_op_attribute(m, anneal, "spins");
    const ir_spins *list = spins.list;
    named_array *arrays = ARENA_ARRAY(a, named_array, spins.count);
    spin_layout layout = spin_layout_of(m, anneal, a);
    for (uint32_t k = 0; k < spins.count; k++) {
        named_array *to = &arrays[k];
        const char *name = ir_text(m, list[k].name);
        *to = (named_array){.name = *name ? name : "s",
                            .first = layout.base[k],
                            .count = layout.size[k],
                            .lowest = list[k].lowest,
                            .span = list[k].span};
        for (uint32_t i = 0; i < list[k].index_count; i++) {
            to->index[i] = index_name(to, ir_text(m, ir_index_get(m, list[k].indices[i])->name), a);
            to->extent[i] = ir_index_extent(m, list[k].indices[i]);
            to->rank++;
        }
    }
    return (spin_names){arrays, spins.count, layout.count};
}

spin_names spin_names_of_problem(const problem *p, arena *a)
{
    named_array *array = ARENA_NEW(a, named_array);
    *array = (named_array){.name = p->domain == PROBLEM_BINARY ? "x" : "s",
                           .count = p->spins,
                           .lowest = p->domain == PROBLEM_BINARY ? 0 : -1,
                           .rank = 1,
                           .index = {"i"},
                           .extent = {p->spins}};
    return (spin_names){array, 1, p->spins};
}

const named_array *spin_array(const spin_names *names, int64_t spin)
{
    uint32_t k = 0;
    while (k + 1 < names->array_count && spin >= names->arrays[k].first + names->arrays[k].count)
        k++;
    return &names->arrays[k];
}

const char *spin_name(const spin_names *names, int64_t spin, arena *a)
{
    const named_array *array = spin_array(names, spin);
    int64_t position[ISG_MAX_RANK], rest = spin - array->first;
    for (uint32_t i = array->rank; i-- > 0;) {
        position[i] = rest % array->extent[i];
        rest /= array->extent[i];
    }
    const char *text = arena_format(a, "%s", array->name);
    for (uint32_t i = 0; i < array->rank; i++)
        text = arena_format(a, "%s%s%s=%lld", text, i ? ", " : "[", array->index[i], (long long)position[i]);
    return array->rank ? arena_format(a, "%s]", text) : text;
}
