/* test_runtime_npy.c - .npy files: what is read, what is refused and why, failing memory and I/O. */
#include "runtime_check.h"

#include "runtime/npy.h"
#include "runtime/tensor.h"

#include <math.h>

/* A version 1 file with this header text and these data bytes. */
static size_t make(char *file, const char *header, const void *data, size_t data_bytes)
{
    size_t length = strlen(header);
    memcpy(file, "\x93NUMPY\x01", 8);
    file[8] = (char)(length & 255);
    file[9] = (char)(length >> 8);
    memcpy(file + 10, header, length);
    if (data_bytes)
        memcpy(file + 10 + length, data, data_bytes);
    return 10 + length + data_bytes;
}

static isg_status read_text(const char *header, const void *data, size_t data_bytes, npy_array *out, isg_error *error)
{
    char *file = malloc(70000 + data_bytes);
    size_t length = make(file, header, data, data_bytes);
    char *exact = malloc(length); /* so that a sanitizer sees a read past the end */
    memcpy(exact, file, length);
    isg_status status = npy_read(NULL, "x.npy", exact, length, out, error);
    free(exact);
    free(file);
    return status;
}

static void refuse(const char *header, size_t data_bytes, const char *reason)
{
    static const char zeros[4096];
    npy_array array;
    isg_error error = {0};
    isg_status status = read_text(header, zeros, data_bytes, &array, &error);
    CHECK(status == ISG_INVALID && error.status == ISG_INVALID, "%s gave %d", header, status);
    CHECK(strstr(error.message, reason), "%s: '%s' lacks '%s'", header, error.message, reason);
    if (!status)
        npy_free(NULL, &array);
}

static void test_refusals(void)
{
#define REST "'fortran_order': False, 'shape': (2,), }"
    refuse("{'descr': '|O', " REST, 16, "Python objects");
    refuse("{'descr': '<c8', " REST, 16, "complex");
    refuse("{'descr': [('a', '<f4')], " REST, 8, "structured");
    refuse("{'descr': '|V4', " REST, 8, "structured");
    refuse("{'descr': '<U3', " REST, 24, "text");
    refuse("{'descr': '<M8[s]', " REST, 16, "dates");
    refuse("{'descr': '<f16', " REST, 32, "not supported");
    refuse("{'descr': '', " REST, 8, "not supported");
    refuse("{'descr': '<f4', " REST, 7, "truncated");
    refuse("{'descr': '<f4', " REST, 0, "truncated");
    refuse("{'descr': '<f4', " REST, 9, "trailing bytes");
    refuse("{'descr': 4, " REST, 8, "descr is not a string");
    refuse("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,), }", 8, "neither True nor False");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': 2, }", 8, "not a tuple");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }", 8, "not a tuple");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }", 24, "not a tuple");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8, "whole number");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,), }", 8, "tuple");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2,, }", 8, "whole number");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }", 8, "too large");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 8, "too large");
    refuse("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,), }", 8, "too large");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }", 8, "truncated");
    refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, "more than 8 axes");
    refuse("{'descr': '<f4', 'fortran_order': False, }", 8, "missing");
    refuse("{'descr': '<f4', 'descr': '<f4', " REST, 8, "repeated key");
    refuse("{'descr': '<f4', 'extra': 1, " REST, 8, "unknown key");
    refuse("{'descr': '<f4', " REST " x", 8, "follows the dictionary");
    refuse("{'descr': '<f4' " REST, 8, "comma");
    refuse("{'descr: '<f4', " REST, 8, "malformed");
    refuse("{'descr': '<f4", 8, "malformed");
    refuse("{", 8, "malformed");
    refuse("", 8, "not a dictionary");
    refuse("{'de\\x73cr': '<f4', " REST, 8, "a key is missing");
}

static void refuse_bytes(const char *bytes, size_t length, const char *reason)
{
    npy_array array;
    isg_error error = {0};
    char *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    isg_status status = npy_read(NULL, "x.npy", exact, length, &array, &error);
    CHECK(status == ISG_INVALID && strstr(error.message, reason), "%d '%s' lacks '%s'", status, error.message, reason);
    free(exact);
}

static void test_prefix(void)
{
    refuse_bytes("", 0, "not a .npy file");
    refuse_bytes("\x93NUMPY", 6, "not a .npy file");
    refuse_bytes("PK\x03\x04............", 16, "not a .npy file");
    refuse_bytes("\x93NUMPY\x04\x00\x00\x00\x00\x00", 12, "version 4.0");
    refuse_bytes("\x93NUMPY\x01\x01\x00\x00\x00\x00", 12, "version 1.1");
    refuse_bytes("\x93NUMPY\x01\x00\x10", 9, "cut off");
    refuse_bytes("\x93NUMPY\x01\x00\x10\x00{", 11, "cut off");
    refuse_bytes("\x93NUMPY\x02\x00\xff\xff\xff\xff{", 13, "more than the limit");
    refuse_bytes("\x93NUMPY\x03\x00\xff\xff\x00\x00{", 13, "cut off");
    npy_array array;
    isg_error error;
    CHECK(npy_read(NULL, "x", NULL, 0, &array, &error) == ISG_INVALID);
}

static float value_at(const npy_array *array, int64_t i)
{
    int64_t count = 0;
    float values[64];
    tensor_count(array->tensor.rank, array->tensor.shape, &count);
    isg_error error;
    CHECK(!tensor_to_f32(&array->tensor, (tensor_origin){"input", "x", -1}, values, &error), "%s", error.message);
    return values[i];
}

static void accept(const char *header, const void *data, size_t data_bytes, isg_dtype dtype, const float *expected, int count)
{
    npy_array array;
    isg_error error = {0};
    isg_status status = read_text(header, data, data_bytes, &array, &error);
    CHECK(!status, "%s: %s", header, error.message);
    if (status)
        return;
    CHECK(array.tensor.dtype == dtype, "%s", header);
    for (int i = 0; i < count; i++)
        CHECK(value_at(&array, i) == expected[i], "%s: [%d] is %g", header, i, (double)value_at(&array, i));
    npy_free(NULL, &array);
}

static void test_dtypes(void)
{
    const float two[] = {1, 2};
#define ACCEPT(descr, dtype, ...)                                                                                                \
    accept("{'descr': '" descr "', " REST "\n", (const char[]){__VA_ARGS__}, sizeof((const char[]){__VA_ARGS__}), dtype, two, 2)
    ACCEPT("<f4", ISG_F32, 0, 0, (char)0x80, 0x3f, 0, 0, 0, 0x40);
    ACCEPT("=f4", ISG_F32, 0, 0, (char)0x80, 0x3f, 0, 0, 0, 0x40);
    ACCEPT(">f4", ISG_F32, 0x3f, (char)0x80, 0, 0, 0x40, 0, 0, 0);
    ACCEPT("<f8", ISG_F64, 0, 0, 0, 0, 0, 0, (char)0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40);
    ACCEPT(">f8", ISG_F64, 0x3f, (char)0xf0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0);
    ACCEPT("<f2", ISG_F32, 0, 0x3c, 0, 0x40);
    ACCEPT(">f2", ISG_F32, 0x3c, 0, 0x40, 0);
    ACCEPT("|i1", ISG_I8, 1, 2);
    ACCEPT("u1", ISG_U8, 1, 2);
    ACCEPT("<i2", ISG_I16, 1, 0, 2, 0);
    ACCEPT(">u2", ISG_U16, 0, 1, 0, 2);
    ACCEPT("<i4", ISG_I32, 1, 0, 0, 0, 2, 0, 0, 0);
    ACCEPT(">u4", ISG_U32, 0, 0, 0, 1, 0, 0, 0, 2);
    ACCEPT("<i8", ISG_I64, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0);
    ACCEPT(">u8", ISG_U64, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2);
    const float ones[] = {1, 0};
    accept("{'descr': '|b1', " REST, "\x05\x00", 2, ISG_BOOL, ones, 2);
}

static void test_layout(void)
{
    const float c_order[] = {1, 2, 3, 4, 5, 6}, transposed[] = {1, 3, 5, 2, 4, 6};
    accept("{\"shape\": (2L, 3L), 'fortran_order' : False , 'descr':'|u1'}", "\1\2\3\4\5\6", 6, ISG_U8, c_order, 6);
    accept("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}\n", "\1\2\3\4\5\6", 6, ISG_U8, transposed, 6);
    accept("{'descr': '|u1', 'fortran_order': True, 'shape': ()}", "\7", 1, ISG_U8, (const float[]){7}, 1);
    accept("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9223372036854775807, 3)}", "", 0, ISG_F64, NULL, 0);
}

/* Half precision, all 65536 of them, against the definition. */
static void test_halves(void)
{
    for (unsigned bits = 0; bits < 65536; bits++) {
        int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
        double value = exponent == 31 ? (fraction ? NAN : INFINITY)
                       : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                      : ldexp(fraction, -24);
        float got = float_from_half((uint16_t)bits), expected = (float)(bits >> 15 ? -value : value);
        CHECK(isnan(value) ? isnan(got) : got == expected && signbit(got) == signbit(expected), "%04x", bits);
    }
    CHECK(float_from_bfloat(0x3fc0) == 1.5f && float_from_bfloat(0xc000) == -2.0f);
}

/* ---- files ----------------------------------------------------------------------------------- */

static float numbers[3 * 20000];

static isg_tensor strided(void)
{
    isg_tensor t = {.dtype = ISG_F32, .rank = 2, .shape = {20000, 2}, .strides = {12, 4}, .data = numbers + 1};
    return t;
}

static void test_round_trip(void)
{
    isg_error error = {0};
    const char *path = scratch_path("a.npy");
    for (int i = 0; i < 3 * 20000; i++)
        numbers[i] = (float)i;
    isg_tensor t = strided();
    for (size_t most = 0; most < 3; most++) {
        io_trap quiet = {.most = most * 1000}; /* short writes and reads */
        isg_io io = io_trap_hook(&quiet);
        npy_array back;
        CHECK(!npy_write_file(NULL, &io, path, &t, &error), "%s", error.message);
        CHECK(!npy_read_file(NULL, &io, path, &back, &error), "%s", error.message);
        CHECK(back.tensor.rank == 2 && back.tensor.shape[0] == 20000 && back.tensor.shape[1] == 2);
        const float *got = back.memory;
        bool same = true;
        for (int i = 0; i < 20000; i++)
            same &= got[2 * i] == (float)(3 * i + 1) && got[2 * i + 1] == (float)(3 * i + 2);
        CHECK(same);
        npy_free(NULL, &back);
        CHECK(quiet.open_files == 0);
    }
    for (int dtype = ISG_F32; dtype <= ISG_BOOL; dtype++) {
        int64_t shape[] = {3};
        isg_tensor one = tensor_contiguous((isg_dtype)dtype, 1, shape, numbers);
        npy_array back;
        CHECK(!npy_write_file(NULL, NULL, path, &one, &error) && !npy_read_file(NULL, NULL, path, &back, &error), "%s",
              error.message);
        CHECK(back.tensor.dtype == one.dtype && back.tensor.shape[0] == 3 &&
              !memcmp(back.memory, numbers, 3 * dtype_size(one.dtype)));
        npy_free(NULL, &back);
    }
    isg_tensor wrong = {.dtype = ISG_F32, .rank = 9};
    CHECK(npy_write_file(NULL, NULL, path, &wrong, &error) == ISG_INVALID);
    remove(path);
}

/* Every call of the allocator or the I/O hook fails in turn; the old file must stay as it was. */
static void test_failures(void)
{
    const char *path = scratch_path("b.npy");
    isg_error error = {0};
    isg_tensor t = strided();
    int64_t shape[] = {4};
    isg_tensor old = tensor_contiguous(ISG_F32, 1, shape, numbers);
    CHECK(!npy_write_file(NULL, NULL, path, &old, &error), "%s", error.message);
    for (int ever = 0; ever < 2; ever++)
        for (int kind = 0; kind < 2; kind++)
            for (long at = 1;; at++) {
                trap memory = {.at = kind ? 0 : at, .ever_after = ever};
                io_trap files = {.trap = {.at = kind ? at : 0, .ever_after = ever}, .error = -ENOSPC};
                isg_allocator allocator = trap_allocator(&memory);
                isg_io io = io_trap_hook(&files);
                npy_array back = {0};
                isg_status written = npy_write_file(&allocator, &io, path, &t, &error);
                CHECK(memory.held_blocks == 0 && files.open_files == 0 && scratch_count() == 1, "at %ld", at);
                isg_status got = npy_read_file(NULL, NULL, path, &back, &error);
                CHECK(!got && back.tensor.shape[0] == (written ? 4 : 20000), "torn at %ld", at);
                npy_free(NULL, &back);
                bool sprung = atomic_load(kind ? &files.trap.calls : &memory.calls) >= at;
                CHECK(written == (!sprung ? ISG_OK : kind ? ISG_IO : ISG_NO_MEMORY), "status %d at %ld", written, at);
                CHECK(!npy_write_file(NULL, NULL, path, &old, &error));
                if (!sprung)
                    break;
            }
    for (int ever = 0; ever < 2; ever++)
        for (int kind = 0; kind < 2; kind++)
            for (long at = 1;; at++) {
                trap memory = {.at = kind ? 0 : at, .ever_after = ever};
                io_trap files = {.trap = {.at = kind ? at : 0, .ever_after = ever}, .error = -EIO, .most = 50};
                isg_allocator allocator = trap_allocator(&memory);
                isg_io io = io_trap_hook(&files);
                npy_array back = {0};
                isg_status got = npy_read_file(&allocator, &io, path, &back, &error);
                long calls = atomic_load(kind ? &files.trap.calls : &memory.calls);
                bool harmless = calls < at || (kind && calls == at && got == ISG_OK); /* closing after all was read */
                CHECK(got == (harmless ? ISG_OK : kind ? ISG_IO : ISG_NO_MEMORY), "status %d at %ld", got, at);
                npy_free(&allocator, &back);
                CHECK(memory.held_blocks == 0 && memory.held_bytes == 0 && files.open_files == 0, "at %ld", at);
                if (calls < at)
                    break;
            }
    remove(path);
}

/* EINTR once is repeated, EINTR for ever is an error, not a hang. */
static void test_interrupts(void)
{
    const char *path = scratch_path("c.npy");
    isg_error error = {0};
    isg_tensor t = strided();
    for (long at = 1; at < 8; at++) {
        io_trap files = {.trap = {.at = at}, .error = -EINTR};
        isg_io io = io_trap_hook(&files);
        isg_status status = npy_write_file(NULL, &io, path, &t, &error);
        CHECK(!status || strstr(error.message, "Interrupted"), "%s", error.message);
    }
    io_trap files = {.trap = {.at = 1, .ever_after = true}, .error = -EINTR};
    isg_io io = io_trap_hook(&files);
    CHECK(npy_write_file(NULL, &io, path, &t, &error) == ISG_IO);
    remove(path);
    CHECK(scratch_count() == 0);
    npy_array back;
    CHECK(npy_read_file(NULL, NULL, scratch_path("none.npy"), &back, &error) == ISG_IO && strstr(error.message, "No such file"));
    CHECK(npy_read_file(NULL, NULL, scratch_folder(), &back, &error) != ISG_OK);
    CHECK(npy_write_file(NULL, NULL, scratch_path("none/x.npy"), &t, &error) == ISG_IO);
    CHECK(npy_write_file(NULL, NULL, "/dev/null", &t, &error) == ISG_OK &&
          npy_write_file(NULL, NULL, "/dev/full", &t, &error) == ISG_IO);
}

int main(void)
{
    test_refusals();
    test_prefix();
    test_dtypes();
    test_layout();
    test_halves();
    test_round_trip();
    test_failures();
    test_interrupts();
    return check_done();
}
