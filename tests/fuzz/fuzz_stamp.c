/* fuzz_stamp.c - what is looked at before a program's code is called: the shared object's head and mark, and the stamp of its
 * record. The first byte says which; the rest are the bytes. */
#include "runtime/library_check.h"
#include "runtime/program.h"

#include <stdlib.h>
#include <string.h>

static void check_record(const uint8_t *data, size_t size)
{
    isg_abi_program record = {0};
    isg_error error;
    size_t head = offsetof(isg_abi_program, cpu_features), taken = size < head ? size : head;
    memcpy(&record, data, taken);
    char *features = calloc(size - taken + 1, 1);
    if (!features)
        return;
    memcpy(features, data + taken, size - taken);
    record.cpu_features = features;
    program_check_abi(&record, &error);
    free(features);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    isg_error error;
    if (!size)
        return 0;
    if (data[0] & 1) {
        check_record(data + 1, size - 1);
        return 0;
    }
    file_source s = file_source_memory("fuzz", data + 1, size - 1);
    library_check(&s, &error);
    return 0;
}
