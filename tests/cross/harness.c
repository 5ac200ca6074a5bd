/* harness.c - the least that runs a compiled program on another processor: the runtime's own code around it, without OpenBLAS
 * and files. Linked statically with an object file of `isg compile` and run by an emulator.
 *
 * usage: harness SAMPLES SEED READS SWEEPS < inputs > outputs; float32, every input of all samples in the program's order, and
 * every output likewise.
 */
#include "runtime/blas.h"
#include "runtime/program.h"

#include <stdio.h>
#include <stdlib.h>

extern const isg_abi_program isg_program_record;

/* ---- what the runtime expects of blas.c: products in index order ---- */

static void plain_sgemm(int32_t transposed_b, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                        int64_t ldb, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += a[i * lda + l] * (transposed_b ? b[j * ldb + l] : b[l * ldb + j]);
            c[i * ldc + j] = sum;
        }
}

const isg_abi_services *blas_services(void)
{
    static const isg_abi_services services = {.sgemm = plain_sgemm};
    return &services;
}

void blas_enter(void)
{
}

void blas_leave(void)
{
}

/* ---- tensors through stdin and stdout ---- */

enum { PORTS_MAX = 8 };

static isg_named_tensor make_tensor(const isg_port *port, int64_t samples)
{
    isg_named_tensor t = {port->name, {.dtype = ISG_F32, .rank = port->rank + 1, .shape = {samples}}};
    int64_t stride = sizeof(float);
    for (int i = port->rank; i > 0; i--) {
        t.tensor.shape[i] = port->shape[i - 1];
        t.tensor.strides[i] = stride;
        stride *= port->shape[i - 1];
    }
    t.tensor.strides[0] = stride;
    t.tensor.data = calloc((size_t)samples, (size_t)stride);
    return t;
}

static size_t tensor_bytes(const isg_named_tensor *t)
{
    return (size_t)(t->tensor.shape[0] * t->tensor.strides[0]);
}

static int run(isg_program *p, int64_t samples, const isg_run_options *options)
{
    isg_named_tensor inputs[PORTS_MAX], outputs[PORTS_MAX];
    size_t input_count = isg_input_count(p), output_count = isg_output_count(p);
    isg_error error;
    for (size_t i = 0; i < input_count && i < PORTS_MAX; i++) {
        inputs[i] = make_tensor(isg_input(p, i), samples);
        if (fread(inputs[i].tensor.data, 1, tensor_bytes(&inputs[i]), stdin) != tensor_bytes(&inputs[i]))
            return 2;
    }
    for (size_t i = 0; i < output_count && i < PORTS_MAX; i++)
        outputs[i] = make_tensor(isg_output(p, i), samples);
    if (isg_run(p, inputs, input_count, outputs, output_count, options, NULL, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    for (size_t i = 0; i < output_count; i++)
        fwrite(outputs[i].tensor.data, 1, tensor_bytes(&outputs[i]), stdout);
    return 0;
}

int main(int argc, char **argv)
{
    isg_program *p;
    isg_error error;
    if (argc != 5)
        return 2;
    isg_run_options options = {
        .seed = strtoull(argv[2], NULL, 10), .reads = atoi(argv[3]), .sweeps = atoi(argv[4]), .threads = 1};
    if (program_open_abi(&isg_program_record, NULL, 0, NULL, NULL, &p, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    int status = run(p, atoll(argv[1]), &options);
    isg_close(p);
    return status;
}
