/* test_runtime_safetensors.c - safetensors files: what is read, what is refused, failing memory and I/O. */
#include "runtime_check.h"

#include "runtime/file.h"
#include "runtime/safetensors.h"
#include "runtime/tensor.h"

static char *make(uint64_t header_length, const char *header, size_t data_bytes, size_t *length)
{
    size_t text = strlen(header);
    char *file = malloc(8 + text + data_bytes);
    for (int i = 0; i < 8; i++)
        file[i] = (char)(header_length >> (8 * i));
    memcpy(file + 8, header, text);
    for (size_t i = 0; i < data_bytes; i++)
        file[8 + text + i] = (char)i;
    *length = 8 + text + data_bytes;
    return file;
}

static void refuse_length(uint64_t header_length, const char *header, size_t data_bytes, const char *reason)
{
    size_t length;
    char *file = make(header_length, header, data_bytes, &length);
    safetensors weights;
    isg_error error = {0};
    isg_status status = safetensors_read(NULL, "w.safetensors", file, length, &weights, &error);
    CHECK(status == ISG_INVALID && strstr(error.message, reason), "%s: %d '%s' lacks '%s'", header, status, error.message,
          reason);
    if (!status)
        safetensors_free(NULL, &weights);
    free(file);
}

static void refuse(const char *header, size_t data_bytes, const char *reason)
{
    refuse_length(strlen(header), header, data_bytes, reason);
}

static void test_refusals(void)
{
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, "trailing bytes");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "outside the file");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "not as large as");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "hole");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_"
           "offsets\":[2,6]}}",
           6, "overlaps");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_"
           "offsets\":[6,8]}}",
           8, "hole");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_"
           "offsets\":[4,8]}}",
           8, "described twice");
    refuse("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "a key is repeated");
    refuse("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "not supported");
    refuse("{\"a\":{\"dtype\":4,\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "not a string");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]}}", 4, "not a list");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]}}", 4, "whole number");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4.0],\"data_offsets\":[0,4]}}", 4, "whole number");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,4]}}", 4, "more than 8 axes");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "too large");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0, "whole number");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]}}", 4, "outside");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-4,0]}}", 4, "two whole");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0]}}", 4, "two whole numbers");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]}}", 4, "two whole numbers");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,\"4\"]}}", 4, "two whole numbers");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4, "missing");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":0}}", 4, "a key other");
    refuse("{\"a\":[]}", 0, "not an object");
    refuse("{\"__metadata__\":{\"a\":1}}", 0, "map of strings");
    refuse("{\"__metadata__\":[]}", 0, "map of strings");
    refuse("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "JSON");
    refuse("{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "JSON");
    refuse("{\"a\\ud800\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "JSON");
    refuse("{\"a\n\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "JSON");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[04],\"data_offsets\":[0,4]}}", 4, "whole number");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[0,],\"data_offsets\":[0,0]}}", 0, "whole number");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},}", 0, "JSON");
    refuse("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "repeated");
    refuse("{\"a\":", 0, "not an object");
    refuse("{} x", 0, "JSON");
    refuse("[]", 0, "start with '{'");
    refuse(" {}", 0, "start with '{'");
    refuse("", 0, "start with '{'");
    refuse("{}", 4, "trailing bytes");
    refuse_length(100000001, "{}", 0, "more than the limit");
    refuse_length(UINT64_MAX, "{}", 0, "more than the limit");
    refuse_length(3, "{}", 0, "cut off");
    safetensors weights;
    isg_error error;
    for (size_t n = 0; n < 8; n++)
        CHECK(safetensors_read(NULL, "w", "\0\0\0\0\0\0\0", n, &weights, &error) == ISG_INVALID);
    CHECK(safetensors_read(NULL, "w", NULL, 0, &weights, &error) == ISG_INVALID);
}

static const char sample[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                             "\"w.b\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[4,12]},"
                             "\"empty\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[4,4]},"
                             "\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
                             "\"s\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[12,14]}}   ";

static void check_sample(const safetensors *weights)
{
    const isg_tensor *a = safetensors_find(weights, "a"), *b = safetensors_find(weights, "w.b"),
                     *empty = safetensors_find(weights, "empty"), *s = safetensors_find(weights, "s");
    CHECK(weights->count == 4 && a && b && empty && s && !safetensors_find(weights, "w") && !safetensors_find(weights, ""));
    if (check_failures)
        return;
    const unsigned char *bytes = a->data;
    CHECK(a->dtype == ISG_U8 && bytes[0] == 0 && bytes[3] == 3);
    float value;
    memcpy(&value, (char *)b->data + 4, sizeof value);
    CHECK(b->dtype == ISG_F32 && b->rank == 2 && value == float_from_half(0x0706));
    CHECK(empty->rank == 2 && empty->shape[0] == 0 && empty->shape[1] == 7);
    memcpy(&value, s->data, sizeof value);
    CHECK(s->rank == 0 && value == float_from_bfloat(0x0d0c));
    CHECK(!strcmp(weights->tensors[0].name, "a"));
}

static void test_reading(void)
{
    size_t length;
    char *file = make(strlen(sample), sample, 14, &length);
    safetensors weights;
    isg_error error = {0};
    CHECK(!safetensors_read(NULL, "w", file, length, &weights, &error), "%s", error.message);
    check_sample(&weights);
    safetensors_free(NULL, &weights);
    for (size_t cut = 0; cut < length; cut++) { /* any truncation is refused */
        char *exact = malloc(cut ? cut : 1);
        memcpy(exact, file, cut);
        CHECK(safetensors_read(NULL, "w", exact, cut, &weights, &error) == ISG_INVALID, "cut at %zu", cut);
        free(exact);
    }
    free(file);
    file = make(2, "{}", 0, &length);
    CHECK(!safetensors_read(NULL, "w", file, length, &weights, &error) && weights.count == 0 && !safetensors_find(&weights, "a"));
    safetensors_free(NULL, &weights);
    free(file);
}

/* Names with escapes come out as UTF-8. */
static void test_names(void)
{
    size_t length;
    const char *header =
        "{\"\\u0061\\n\\u00e9\\ud83d\\ude00\\\"\xc3\xa9\" : {\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}";
    char *file = make(strlen(header), header, 1, &length);
    safetensors weights;
    isg_error error = {0};
    CHECK(!safetensors_read(NULL, "w", file, length, &weights, &error), "%s", error.message);
    CHECK(weights.count == 1 && !strcmp(weights.tensors[0].name, "a\n\xc3\xa9\xf0\x9f\x98\x80\"\xc3\xa9"));
    safetensors_free(NULL, &weights);
    free(file);
}

static void test_failures(void)
{
    size_t length;
    char *file = make(strlen(sample), sample, 14, &length);
    const char *path = scratch_path("w.safetensors");
    isg_error error = {0};
    CHECK(!file_write(NULL, NULL, path, file, length, &error), "%s", error.message);
    free(file);
    for (int ever = 0; ever < 2; ever++)
        for (int kind = 0; kind < 2; kind++)
            for (long at = 1;; at++) {
                trap memory = {.at = kind == 0 ? at : 0, .ever_after = ever};
                io_trap files = {.trap = {.at = kind == 1 ? at : 0, .ever_after = ever}, .error = -EIO, .most = 50};
                isg_allocator allocator = trap_allocator(&memory);
                isg_io io = io_trap_hook(&files);
                safetensors weights;
                isg_status status = safetensors_read_file(&allocator, &io, path, &weights, &error);
                long calls = atomic_load(kind == 0 ? &memory.calls : &files.trap.calls);
                bool harmless = calls < at || (kind == 1 && calls == at && status == ISG_OK); /* closing after all was read */
                CHECK(status == (harmless    ? ISG_OK
                                 : kind == 1 ? ISG_IO
                                             : ISG_NO_MEMORY),
                      "kind %d: %d (%s) at %ld", kind, status, error.message, at);
                if (!status)
                    check_sample(&weights);
                safetensors_free(&allocator, &weights);
                CHECK(memory.held_blocks == 0 && memory.held_bytes == 0 && files.open_files == 0, "at %ld", at);
                if (calls < at)
                    break;
            }
    remove(path);
}

int main(void)
{
    test_refusals();
    test_reading();
    test_names();
    test_failures();
    return check_done();
}
