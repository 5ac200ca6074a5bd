/* emit.c - a program as a file's bytes (native.h). */
#include "backends/native/compile.h"
#include "backends/native/link.h"

#include <llvm-c/BitWriter.h>

#include <stdlib.h>
#include <string.h>

typedef struct emission {
    native_format format;
    char **bytes;
    size_t *length;
} emission;

static isg_status take_bytes(const emission *e, const char *from, size_t count, isg_error *error)
{
    *e->bytes = malloc(count ? count : 1);
    if (!*e->bytes)
        return native_fail(error, ISG_NO_MEMORY, "out of memory", NULL);
    memcpy(*e->bytes, from, count);
    *e->length = count;
    return ISG_OK;
}

static isg_status emit_text(native_compilation *c, const emission *e)
{
    char *text = LLVMPrintModuleToString(c->g.module);
    isg_status status = take_bytes(e, text, strlen(text), c->error);
    LLVMDisposeMessage(text);
    return status;
}

static isg_status emit(native_compilation *c, void *context)
{
    const emission *e = context;
    LLVMMemoryBufferRef buffer = NULL;
    isg_status status = ISG_OK;
    if (e->format == NATIVE_LLVM_TEXT)
        return emit_text(c, e);
    if (e->format == NATIVE_BITCODE)
        buffer = LLVMWriteBitcodeToMemoryBuffer(c->g.module);
    else
        status = native_generate(c, e->format == NATIVE_ASSEMBLY ? LLVMAssemblyFile : LLVMObjectFile, &buffer);
    if (status)
        return status;
    const char *from = LLVMGetBufferStart(buffer);
    size_t count = LLVMGetBufferSize(buffer);
    if (e->format == NATIVE_LIBRARY)
        status = native_link(c->triple, from, count, e->bytes, e->length, c->error);
    else
        status = take_bytes(e, from, count, c->error);
    LLVMDisposeMemoryBuffer(buffer);
    return status;
}

isg_status native_emit(const ir_module *m, const native_options *options, native_format format, char **bytes, size_t *length,
                       isg_error *error)
{
    emission e = {format, bytes, length};
    return native_with_code(m, options, false, emit, &e, error);
}

void native_bytes_free(char *bytes)
{
    free(bytes);
}
