/* test_runtime_program.c - opening programs: stamps, weights, shared objects whole and cut off; ids out of
 * range; the report; matrix products. */
#define DENSE_SPINS 6
#define DENSE_LOWEST 0
#define DENSE_GROUPS 1
#include "runtime_check.h"
#include "runtime_dense.h"

#include "runtime/blas.h"
#include "runtime/cpu.h"
#include "runtime/file.h"
#include "runtime/program.h"
#include "runtime/report.h"
#include "runtime/tensor.h"

#include <jansson.h>
#include <locale.h>

static const isg_abi_program abi = DENSE_PROGRAM;

/* ---- stamps ---------------------------------------------------------------------------------- */

static void refuse_stamp(isg_abi_program changed, const char *reason)
{
    isg_program *p;
    isg_error error = {0};
    isg_status status = program_open_abi(&changed, NULL, 0, NULL, NULL, &p, &error);
    CHECK(status == ISG_INCOMPATIBLE && strstr(error.message, reason), "%d '%s' lacks '%s'", status, error.message, reason);
    CHECK(!p);
}

static void test_stamps(void)
{
    isg_abi_program changed;
#define CHANGED(field, value, reason) (changed = abi, changed.field = value, refuse_stamp(changed, reason))
    CHANGED(magic, 0, "stamp");
    CHANGED(magic, ISG_ABI_MAGIC ^ 1, "stamp");
    CHANGED(version, 2, "version 2");
    CHANGED(version, 5, "version 5");
    CHANGED(struct_bytes, abi.struct_bytes - 8, "layout");
    CHANGED(hamiltonian_struct_bytes, 8, "layout");
    CHANGED(tensor_struct_bytes, 0, "layout");
    CHANGED(cpu_features, "no-such-feature", "'no-such-feature'");
    CHANGED(cpu_features, "sse2,,sse,x", "'x'");
    CHANGED(frame_bytes, offsetof(dense_frame, energy) + 3, "output 'energy'");
    CHANGED(frame_bytes, 0, "inconsistent");
    CHANGED(tables_bytes, 1, "inconsistent");
    isg_abi_step step = {.hamiltonian = 1};
    CHANGED(steps, &step, "a step");
    isg_abi_hamiltonian h = dense_hamiltonian;
    h.sweep = NULL;
    CHANGED(hamiltonians, &h, "Hamiltonian 'dense'");
    h = dense_hamiltonian;
    h.spins = UINT64_MAX;
    CHANGED(hamiltonians, &h, "Hamiltonian 'dense'");
    h.groups = 0;
    CHANGED(hamiltonians, &h, "Hamiltonian 'dense'");
}

static void test_features(void)
{
#if defined(__x86_64__)
    CHECK(cpu_has("sse2", 4) && cpu_has("fxsr", 4) && cpu_has("cmov", 4) && !cpu_has("sse", 2));
    CHECK(cpu_has("avx", 3) == !!__builtin_cpu_supports("avx"));
    CHECK(cpu_has("avx2", 4) == !!__builtin_cpu_supports("avx2"));
    CHECK(cpu_has("fma", 3) == !!__builtin_cpu_supports("fma"));
    CHECK(cpu_has("bmi2", 4) == !!__builtin_cpu_supports("bmi2"));
    CHECK(cpu_has("popcnt", 6) == !!__builtin_cpu_supports("popcnt"));
    CHECK(cpu_has("avx512f", 7) == !!__builtin_cpu_supports("avx512f"));
    CHECK(cpu_has("avx512vl", 8) == !!__builtin_cpu_supports("avx512vl"));
    CHECK(cpu_has("avx512vnni", 10) == !!__builtin_cpu_supports("avx512vnni"));
    CHECK(cpu_has("gfni", 4) == !!__builtin_cpu_supports("gfni"));
    CHECK(cpu_has("sse4a", 5) == !!__builtin_cpu_supports("sse4a"));
#endif
}

/* ---- weights and ids: y[i, j] = table[ids[i, j]] ---------------------------------------------- */

typedef struct lookup_frame {
    int32_t ids[2][3];
    float y[2][3];
} lookup_frame;

static int32_t lookup(isg_abi_context *c)
{
    lookup_frame *f = (lookup_frame *)(void *)c->frame;
    const float *table = (const float *)(const void *)(c->weights + 64);
    for (int k = 0; k < 6; k++) {
        if (f->ids[k / 3][k % 3] < 0 || f->ids[k / 3][k % 3] >= 4) {
            c->fault_position = k;
            return ISG_FAULT_ID_RANGE;
        }
        f->y[k / 3][k % 3] = table[f->ids[k / 3][k % 3]];
    }
    return ISG_FAULT_NONE;
}

static const isg_abi_tensor ids = {
    .name = "ids", .dtype = ISG_I32, .rank = 2, .shape = {2, 3}, .offset = offsetof(lookup_frame, ids)};
static const isg_abi_tensor y = {.name = "y", .dtype = ISG_F32, .rank = 2, .shape = {2, 3}, .offset = offsetof(lookup_frame, y)};
static const isg_abi_tensor table = {.name = "a.table", .dtype = ISG_F32, .rank = 1, .shape = {4}, .offset = 64};
static const isg_abi_step lookup_step = {.run = lookup};

static isg_abi_program lookup_abi(void)
{
    isg_abi_program p = abi;
    p.model = "lookup";
    p.input_count = p.output_count = p.parameter_count = p.step_count = 1;
    p.hamiltonian_count = 0;
    p.inputs = &ids;
    p.outputs = &y;
    p.parameters = &table;
    p.steps = &lookup_step;
    p.frame_bytes = sizeof(lookup_frame);
    p.weights_bytes = 64 + 16;
    p.tables_bytes = 0;
    p.tables = NULL;
    return p;
}

static void refuse_weights(const isg_named_tensor *weights, size_t count, const char *reason)
{
    isg_abi_program record = lookup_abi();
    isg_program *p;
    isg_error error = {0};
    isg_status status = program_open_abi(&record, weights, count, NULL, NULL, &p, &error);
    CHECK(status == ISG_INVALID && !strcmp(error.message, reason), "%d '%s', not '%s'", status, error.message, reason);
}

static void test_lookup(void)
{
    double values[] = {1.5, -2, 3, 1e-3};
    int64_t shape[] = {4}, short_shape[] = {3}, batch[] = {2, 2, 3};
    isg_named_tensor weights[] = {{"other", tensor_contiguous(ISG_F64, 1, short_shape, values)},
                                  {"a.table", tensor_contiguous(ISG_F64, 1, shape, values)}};
    refuse_weights(weights, 1, "the weights have no parameter 'a.table'");
    weights[1].tensor.shape[0] = 3;
    refuse_weights(weights, 2, "parameter 'a.table' has shape [3] in the weights; the program needs [4]");
    weights[1].tensor.shape[0] = 4;
    values[2] = NAN;
    refuse_weights(weights, 2, "parameter 'a.table' at [2] is nan");
    values[2] = 3;

    isg_abi_program record = lookup_abi();
    isg_program *p = NULL;
    isg_error error = {0};
    CHECK(!program_open_abi(&record, weights, 2, NULL, NULL, &p, &error), "%s", error.message);
    CHECK(!strcmp(isg_program_name(p), "lookup") && isg_input_count(p) == 1 && isg_output_count(p) == 1 && !isg_input(p, 1) &&
          !isg_output(p, 1));
    CHECK(!strcmp(isg_input(p, 0)->name, "ids") && isg_input(p, 0)->dtype == ISG_I32 && isg_output(p, 0)->rank == 2);
    int64_t given[2][2][3] = {{{0, 1, 2}, {3, 0, 1}}, {{2, 2, 2}, {2, 2, 3}}};
    float got[2][2][3] = {0};
    isg_named_tensor input = {"ids", tensor_contiguous(ISG_I64, 3, batch, given)};
    isg_named_tensor output = {"y", tensor_contiguous(ISG_F32, 3, batch, got)};
    CHECK(!isg_run(p, &input, 1, &output, 1, NULL, NULL, &error), "%s", error.message);
    CHECK(got[0][0][0] == 1.5f && got[0][1][0] == 1e-3f && got[1][1][2] == 1e-3f);
    given[1][1][0] = 4;
    CHECK(isg_run(p, &input, 1, &output, 1, NULL, NULL, &error) == ISG_INVALID);
    CHECK(!strcmp(error.message, "sample 1: input 'ids' at [1, 1, 0] is 4, an embedding id out of range"), "%s", error.message);
    given[1][1][0] = INT64_C(1) << 40;
    CHECK(isg_run(p, &input, 1, &output, 1, NULL, NULL, &error) == ISG_INVALID);
    CHECK(!strcmp(error.message, "input 'ids' at [1, 1, 0] is 1099511627776, beyond the range of int32"), "%s", error.message);
    double fractions[2][2][3] = {{{0, 0.5, 0}}};
    input.tensor = tensor_contiguous(ISG_F64, 3, batch, fractions);
    CHECK(isg_run(p, &input, 1, &output, 1, NULL, NULL, &error) == ISG_INVALID);
    CHECK(!strcmp(error.message, "input 'ids' at [0, 0, 1] is 0.5, not a whole number"), "%s", error.message);
    fractions[0][0][1] = NAN;
    CHECK(isg_run(p, &input, 1, &output, 1, NULL, NULL, &error) == ISG_INVALID);
    CHECK(!strcmp(error.message, "input 'ids' at [0, 0, 1] is nan"), "%s", error.message);
    isg_close(p);
    isg_close(NULL);
}

/* ---- shared objects -------------------------------------------------------------------------- */

/* Compiles this folder's dense program; false where there is no C compiler. */
static bool build_library(const char *path, const char *record)
{
    char folder[512], source[600], command[2000];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(__FILE__, '/') - __FILE__), __FILE__);
    snprintf(source, sizeof source, "%s.c", path);
    FILE *file = fopen(source, "w");
    if (!file)
        return false;
    fprintf(file,
            "#define DENSE_SPINS 6\n#define DENSE_LOWEST 0\n#define DENSE_GROUPS 1\n#include <stddef.h>\n#include "
            "\"%s/runtime_dense.h\"\n%s\n",
            folder, record);
    fclose(file);
    snprintf(command, sizeof command, "cc -std=gnu11 -w -shared -fPIC -I%s/../.. %s -o %s -lm 2>/dev/null", folder, source, path);
    bool built = !system(command);
    remove(source);
    return built;
}

static void refuse_library(const char *path, const char *reason)
{
    isg_program *p;
    isg_error error = {0};
    isg_status status = isg_open(path, NULL, NULL, &p, &error);
    CHECK((status == ISG_INCOMPATIBLE || status == ISG_INVALID || status == ISG_IO) && !p && strstr(error.message, reason),
          "%d '%s' lacks '%s'", status, error.message, reason);
}

static void test_truncated(const char *path)
{
    const char *cut_path = scratch_path("cut.so");
    char *bytes;
    size_t length;
    isg_error error;
    CHECK(!file_read(NULL, NULL, path, 1 << 24, &bytes, &length, &error));
    CHECK(file_read(NULL, NULL, path, 100, &bytes, &length, &error) == ISG_INVALID && strstr(error.message, "limit"));
    for (size_t cut = 0; cut < length; cut += cut < 2000 ? 37 : 499) {
        CHECK(!file_write(NULL, NULL, cut_path, bytes, cut, &error), "%s", error.message);
        refuse_library(cut_path, cut < 4 ? "not a compiled program" : "cut off");
    }
    bytes[18] ^= 0x55; /* e_machine */
    CHECK(!file_write(NULL, NULL, cut_path, bytes, length, &error));
    refuse_library(cut_path, "another processor");
    file_free(NULL, bytes, length);
    remove(cut_path);
}

static void test_open_failures(const char *path)
{
    isg_error error;
    for (int kind = 0; kind < 2; kind++)
        for (long at = 1;; at++) {
            trap memory = {.at = kind ? 0 : at};
            io_trap files = {.trap = {.at = kind ? at : 0}, .error = -EIO};
            isg_allocator allocator = trap_allocator(&memory);
            isg_io io = io_trap_hook(&files);
            isg_program *p;
            isg_status status = isg_open(path, &allocator, &io, &p, &error);
            long calls = atomic_load(kind ? &files.trap.calls : &memory.calls);
            bool harmless = calls < at || (kind && calls == at && !status); /* closing */
            CHECK(status == (harmless ? ISG_OK : kind ? ISG_IO : ISG_NO_MEMORY), "%d at %ld", status, at);
            isg_close(p);
            CHECK(memory.held_blocks == 0 && files.open_files == 0);
            if (calls < at)
                break;
        }
}

static void test_libraries(void)
{
    const char *path = scratch_path("dense.so"), *symbol = "const isg_abi_program isg_program_record = DENSE_PROGRAM;";
    refuse_library(scratch_path("missing.so"), "No such file");
    if (!build_library(path, symbol)) {
        fprintf(stderr, "no C compiler: shared objects are not tested\n");
        return;
    }
    isg_program *p = NULL;
    isg_error error = {0};
    CHECK(!isg_open(path, NULL, NULL, &p, &error), "%s", error.message);
    CHECK(p && isg_input_count(p) == 3 && !strcmp(isg_program_name(p), "dense"));
    isg_close(p);
    test_truncated(path);
    test_open_failures(path);
    CHECK(build_library(path, "int nothing;"));
    refuse_library(path, "no stamp");
    CHECK(build_library(path, "const unsigned long isg_program_record[3] = {0x31474c4953475349ul};"));
    refuse_library(path, "no stamp");
    CHECK(build_library(path, "const unsigned long isg_program_record[100] = {1};"));
    refuse_library(path, "stamp is wrong");
    CHECK(build_library(
        path, "void elsewhere(void); void f(void) { elsewhere(); } const unsigned long isg_program_record[100] = {1};"));
    refuse_library(path, "cannot be loaded");
    remove(path);
    refuse_library(__FILE__, "not a compiled program");
}

/* ---- the report ------------------------------------------------------------------------------ */

static trap json_memory;

static void *json_take(size_t size)
{
    return trap_springs(&json_memory) ? NULL : malloc(size);
}

static void test_report(void)
{
    isg_hamiltonian_report h = {"qama", 392, 4, -0.1, NAN, 0, 1e8};
    isg_report report = {.samples = 3,
                         .reads = 16,
                         .sweeps = 128,
                         .threads = 2,
                         .seconds_anneal = 1.0 / 3,
                         .hamiltonian_count = 1,
                         .hamiltonians = &h};
    report_context context = {.model = "digits",
                              .target = "native",
                              .seed = 7,
                              .seconds_compile = 0.25,
                              .seconds_total = 2,
                              .has_accuracy = true,
                              .accuracy = 0.9466};
    isg_error error = {0};
    char *text = NULL;
    size_t length = 0;
    setlocale(LC_ALL, "de_DE.UTF-8"); /* a decimal comma, where it is installed */
    CHECK(!report_text(NULL, &report, &context, &text, &length, &error), "%s", error.message);
    setlocale(LC_ALL, "C");
    json_t *root = json_loadb(text, length, 0, NULL);
    CHECK(root && text[length] == '\0' && strlen(text) == length);
    json_t *seconds = json_object_get(root, "seconds"), *first = json_array_get(json_object_get(root, "hamiltonians"), 0);
    CHECK(json_object_size(root) == 10 && json_object_size(seconds) == 4 && json_object_size(first) == 7);
    CHECK(json_integer_value(json_object_get(root, "seed")) == 7 && json_integer_value(json_object_get(root, "samples")) == 3);
    CHECK(json_real_value(json_object_get(seconds, "anneal")) == 1.0 / 3 &&
          json_real_value(json_object_get(root, "accuracy")) == 0.9466);
    CHECK(json_real_value(json_object_get(first, "energy_mean")) == -0.1 && json_is_null(json_object_get(first, "energy_min")));
    json_decref(root);
    file_free(NULL, text, length);
    const char *path = scratch_path("report.json");
    for (int kind = 0; kind < 3; kind++)
        for (long at = 1;; at++) {
            trap memory = {.at = kind == 0 ? at : 0};
            io_trap files = {.trap = {.at = kind == 1 ? at : 0}, .error = -ENOSPC, .most = 100};
            json_memory = (trap){.at = kind == 2 ? at : 0};
            json_set_alloc_funcs(json_take, free);
            isg_allocator allocator = trap_allocator(&memory);
            isg_io io = io_trap_hook(&files);
            isg_status status = report_write(&allocator, &io, path, &report, &context, &error);
            long calls = atomic_load(kind == 0 ? &memory.calls : kind == 1 ? &files.trap.calls : &json_memory.calls);
            CHECK(status == (calls < at ? ISG_OK : kind == 1 ? ISG_IO : ISG_NO_MEMORY), "kind %d: %d at %ld", kind, status, at);
            CHECK(memory.held_blocks == 0 && files.open_files == 0 && scratch_count() == (status == ISG_OK));
            remove(path);
            if (calls < at)
                break;
        }
    json_set_alloc_funcs(malloc, free);
}

static void test_accuracy(void)
{
    float scores[4][3] = {{1, 2, 0}, {5, 5, 5}, {-1, -2, 0}, {0, 0, 1}};
    int64_t labels[] = {1, 0, 2, 0}, shape[] = {4, 3}, short_shape[] = {3};
    isg_tensor s = tensor_contiguous(ISG_F32, 2, shape, scores), l = tensor_contiguous(ISG_I64, 1, shape, labels);
    isg_error error = {0};
    double accuracy;
    CHECK(!report_accuracy(NULL, &s, &l, &accuracy, &error) && accuracy == 0.75, "%s", error.message);
    l = tensor_contiguous(ISG_I64, 1, short_shape, labels);
    CHECK(report_accuracy(NULL, &s, &l, &accuracy, &error) == ISG_INVALID);
}

/* ---- matrix products ------------------------------------------------------------------------- */

static void test_products(void)
{
    float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {7, 8, 9, 10, 11, 12}, c[4] = {9, 9, 9, 9};
    const isg_abi_services *s = blas_services();
    s->sgemm(0, 2, 2, 3, a, 3, b, 2, c, 2);
    CHECK(c[0] == 58 && c[1] == 64 && c[2] == 139 && c[3] == 154);
    s->sgemm(1, 2, 2, 3, a, 3, b, 3, c, 2);
    CHECK(c[0] == 50 && c[1] == 68 && c[2] == 122 && c[3] == 167);
    s->sgemm(0, 2, 2, 0, a, 0, b, 2, c, 2); /* a product over nothing is 0, without a word from the library */
    CHECK(c[0] == 0 && c[3] == 0);
    c[0] = 5;
    s->sgemm(0, 0, 2, 3, a, 3, b, 2, c, 2);
    s->sgemm(1, 2, 0, 3, a, 3, b, 3, c, 2);
    CHECK(c[0] == 5);
}

int main(void)
{
    test_stamps();
    test_features();
    test_lookup();
    test_libraries();
    test_report();
    test_accuracy();
    test_products();
    return check_done();
}
