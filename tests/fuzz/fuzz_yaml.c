/* fuzz_yaml.c - libFuzzer harness: any bytes as a target's YAML. What is accepted keeps the record's promises (target.h); what is
 * refused has a diagnostic with a place in the file. Memory is limited, as reliability.md promises, and none is left. */
#include "backends/target.h"
#include "tests/fuzz/limited.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { YAML_LIMIT = 64 << 20 };

static void check_values(const target_values *v)
{
    check(v->min < 0 && v->max > 0 && v->sum_min < 0 && v->sum_max > 0 && v->count >= 1);
    if (!v->bits)
        return;
    check(v->bits >= 2 && v->bits <= 64 && v->limited && isfinite(v->min) && isfinite(v->max));
    check(v->min == floor(v->min) && v->max == floor(v->max));
    check(target_levels(v) >= 3 && (v->bits > 54 || target_levels(v) <= UINT64_C(1) << v->bits));
}

static void check_target(arena *a, const target *t)
{
    int64_t chain;
    check(t->name && *t->name && strlen(t->name) <= 64);
    check(t->spins >= 2 && target_variables(t, true) >= 1 && t->spins <= topology_spins(t->topology));
    check(topology_couplings(t->topology) >= 0 && topology_complete_graph(t->topology, &chain) >= 0);
    check(target_format_find(t->format)->problems && (!t->results || target_format_find(t->results)->results));
    check(isnan(t->run_seconds) || (t->run_seconds > 0 && isfinite(t->run_seconds)));
    check(t->source_count > 0);
    for (uint32_t i = 0; i < t->source_count; i++)
        check(t->sources[i] && *t->sources[i]);
    check_values(&t->couplings);
    check_values(&t->field_values);
    target_topology_text(a, t->topology);
    target_values_text(a, &t->couplings);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t left = YAML_LIMIT;
    const isg_allocator allocator = {limited_resize, &left};
    jmp_buf no_memory;
    arena a;
    diagnostics d;
    arena_open(&a, &allocator, &no_memory);
    if (setjmp(no_memory) == 0) {
        diagnostics_open(&d, &a);
        uint32_t file = diagnostics_add_file(&d, "fuzz.yaml", arena_copy(&a, (const char *)bytes, length), length);
        const target *t = target_parse(&d, file);
        if (t)
            check_target(&a, t);
        check((t != NULL) == (d.error_count == 0));
        for (uint32_t i = 0; i < d.list.count; i++)
            check(d.list.at[i]->span.file == file && d.list.at[i]->span.begin <= d.list.at[i]->span.end &&
                  d.list.at[i]->span.end <= length);
        diagnostics_draw(&d);
    }
    arena_close(&a);
    check(left == YAML_LIMIT);
    return 0;
}
