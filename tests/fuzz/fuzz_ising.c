/* fuzz_ising.c - libFuzzer harness: any bytes as `.ising` text. What parses must print to a text that parses
 * and prints the same, and verifying it must not crash. Memory is limited, as reliability.md promises. */
#include "ir/ir.h"
#include "tests/fuzz/limited.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    size_t left = MEMORY_LIMIT;
    const isg_allocator allocator = {limited_resize, &left};
    jmp_buf no_memory;
    arena a;
    diagnostics d;
    arena_open(&a, &allocator, &no_memory);
    if (setjmp(no_memory) == 0) {
        diagnostics_open(&d, &a);
        ir_module *m =
            ir_parse(&a, &d, diagnostics_add_file(&d, "fuzz.ising", arena_copy(&a, (const char *)bytes, length), length));
        if (!m && !d.error_count)
            abort();
        if (!m)
            diagnostics_draw(&d);
        for (int locations = 0; m && locations < 2; locations++) {
            const char *text = ir_print(m, locations);
            ir_module *again = ir_parse(&a, &d, diagnostics_add_file(&d, "again.ising", text, strlen(text)));
            if (!again || strcmp(text, ir_print(again, locations)))
                abort();
        }
        if (m)
            ir_verify(m);
    }
    arena_close(&a);
    return 0;
}
