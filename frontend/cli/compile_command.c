/* compile_command.c - isg compile: a model as a shared object, an object file, assembly, or LLVM's own forms. */
#include "backends/native/native.h"
#include "frontend/cli/compile.h"
#include "frontend/cli/options.h"
#include "runtime/file.h"

#include <stddef.h>
#include <string.h>

typedef struct compile_options {
    const char *weights, *target, *output;
} compile_options;

static const option_row rows[] = {
    {"weights", "FILE", "the parameters, a safetensors file; they become part of the program", OPTION_TEXT,
     offsetof(compile_options, weights), 0, 0},
    {"target", "NAME", "the processor: native (this one, the default) or native-<cpu>; isg targets native lists them",
     OPTION_TEXT, offsetof(compile_options, target), 0, 0},
    {"output", "OUT.(so|o|s|ll|bc)", "the file to write; its ending says what", OPTION_TEXT, offsetof(compile_options, output), 0,
     'o'},
    {0},
};

static const option_table table = {
    "MODEL.attn",
    "Compiles a model to machine code in a file. OUT.so is a program that isgrun and isg_open run, without this\n"
    "compiler; OUT.o is the same before the linker, OUT.s its assembly, OUT.ll and OUT.bc the code as LLVM has it.\n"
    "With --weights the program holds them; without, they are given when it is opened.",
    "examples:\n"
    "  isg compile digits.attn --weights digits.safetensors -o digits.so\n"
    "  isgrun digits.so --input patches=patches.npy\n"
    "  isg compile digits.attn --target native-x86-64-v3 -o digits.s",
    rows,
    true,
};

static const struct {
    const char *ending;
    native_format format;
} formats[] = {
    {".so", NATIVE_LIBRARY}, {".o", NATIVE_OBJECT}, {".s", NATIVE_ASSEMBLY}, {".ll", NATIVE_LLVM_TEXT}, {".bc", NATIVE_BITCODE},
};

static int choose_format(cli *c, const char *output, native_format *format)
{
    size_t length = output ? strlen(output) : 0;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t tail = strlen(formats[i].ending);
        if (length > tail && !strcmp(output + length - tail, formats[i].ending)) {
            *format = formats[i].format;
            return EXIT_DONE;
        }
    }
    if (!output)
        cli_fail(c, EXIT_USAGE, "-o is missing: where to write the program");
    else
        cli_fail(c, EXIT_USAGE, "'%s': the ending of -o says what to write: .so, .o, .s, .ll or .bc", output);
    return EXIT_USAGE;
}

/* Only processors: what a machine is sent is a problem, not a program. */
static int choose_processor(compilation *k, const char *name, native_options *native)
{
    int status = compile_find_target(k, name);
    if (status || !k->target)
        return status;
    if (k->target->kind != TARGET_NATIVE) {
        status = cli_fail(k->cli, EXIT_INPUT, "'%s' is a machine for problems; programs are compiled for processors", name);
        cli_hint(k->cli, "`isg targets native` lists the processors; `isg run --target %s` runs on a simulator", name);
    }
    native->processor = k->target->processor;
    return status;
}

static int write_program(compilation *k, const native_options *native, native_format format, const char *output)
{
    cli *c = k->cli;
    isg_error error = {.status = ISG_INTERNAL};
    char *bytes = NULL;
    size_t length = 0;
    if (native_emit(k->module, native, format, &bytes, &length, &error)) {
        if (error.status == ISG_INTERNAL)
            return compile_defect(k, "native", error.message, ir_print(k->module, true));
        int status = cli_fail_error(c, &error);
        if (error.status == ISG_IO && format == NATIVE_LIBRARY)
            cli_hint(c, "-o OUT.o needs no linker");
        return status;
    }
    isg_status status = file_write(c->allocator, c->io, output, bytes, length, &error);
    native_bytes_free(bytes);
    return status ? cli_fail_error(c, &error) : EXIT_DONE;
}

static int compile_steps(compilation *k, const compile_options *o, native_format format, const char *path)
{
    native_options native = {.optimise = 2};
    int status = choose_processor(k, o->target, &native);
    if (!status)
        status = compile_load_model(k, path, o->weights);
    if (!status)
        status = compile_to(k, STAGE_SCHEDULED);
    native.weights = k->weights.tensors;
    native.weight_count = k->weights.count;
    return status ? status : write_program(k, &native, format, o->output);
}

int cli_compile(cli *c, int argc, char **argv)
{
    compile_options o = {0};
    native_format format;
    const char *path;
    int status = options_parse(c, &table, argc, argv, &o, &path);
    if (status != OPTIONS_GO_ON)
        return status;
    status = choose_format(c, o.output, &format);
    if (status)
        return status;
    compilation k;
    compilation_open(&k, c);
    status = compile_steps(&k, &o, format, path);
    compilation_close(&k);
    return status;
}
