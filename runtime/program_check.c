/* program_check.c - is an ABI record one that this runtime on this processor can run? */
#include "runtime/program_check.h"
#include "runtime/cpu.h"
#include "runtime/error.h"
#include "runtime/program.h"
#include "runtime/tensor.h"

#include <string.h>

static isg_status check_features(const char *features, isg_error *error)
{
    for (const char *at = features; at && *at;) {
        size_t length = strcspn(at, ",");
        if (length && !cpu_has(at, length))
            return error_fail(error, ISG_INCOMPATIBLE, "the program needs the processor feature '%.*s', which is missing here",
                              (int)(length < 60 ? length : 60), at);
        at += length + (at[length] == ',');
    }
    return ISG_OK;
}

isg_status program_check_abi(const isg_abi_program *abi, isg_error *error)
{
    if (abi->magic != ISG_ABI_MAGIC)
        return error_fail(error, ISG_INCOMPATIBLE, "not a compiled program (its stamp is wrong)");
    if (abi->version != ISG_ABI_VERSION)
        return error_fail(error, ISG_INCOMPATIBLE,
                          "the program was built for version %u of the runtime interface; this is version %u", abi->version,
                          ISG_ABI_VERSION);
    if (abi->struct_bytes != sizeof(isg_abi_program) || abi->hamiltonian_struct_bytes != sizeof(isg_abi_hamiltonian) ||
        abi->tensor_struct_bytes != sizeof(isg_abi_tensor))
        return error_fail(error, ISG_INCOMPATIBLE, "the program was built for another layout of the runtime interface");
    return check_features(abi->cpu_features, error);
}

static isg_status inconsistent(const char *what, const char *name, isg_error *error)
{
    return error_fail(error, ISG_INCOMPATIBLE, "the program is inconsistent: %s '%s'", what, name ? name : "");
}

static bool fits(uint64_t offset, uint64_t count, uint64_t size, uint64_t space)
{
    uint64_t bytes;
    return !__builtin_mul_overflow(count, size, &bytes) && offset <= space && bytes <= space - offset;
}

static isg_status check_tensors(const char *what, const isg_abi_tensor *tensors, uint64_t count, uint64_t space, isg_error *error)
{
    for (uint64_t i = 0; i < count; i++) {
        const isg_abi_tensor *t = &tensors[i];
        int64_t elements;
        if (!t->name || (t->dtype != ISG_F32 && t->dtype != ISG_I32) || t->rank < 0 || t->rank > ISG_MAX_RANK ||
            !tensor_count(t->rank, t->shape, &elements) || !fits(t->offset, (uint64_t)elements, 4, space))
            return inconsistent(what, t->name, error);
    }
    return ISG_OK;
}

static isg_status check_hamiltonians(const isg_abi_program *abi, isg_error *error)
{
    for (uint64_t i = 0; i < abi->hamiltonian_count; i++) {
        const isg_abi_hamiltonian *h = &abi->hamiltonians[i];
        bool callable = h->coefficients && h->fields && h->descend && h->energy && h->moves && !h->start == !h->sweep &&
                        !h->start_reads == !h->sweep_reads && !h->start_reads == !h->finish_reads;
        bool placed = fits(h->state_offset, h->spins, 1, abi->frame_bytes) &&
                      fits(h->lowest_offset, h->spins, 1, abi->tables_bytes) &&
                      (h->groups == 1 || fits(h->group_offset, h->spins, 4, abi->tables_bytes));
        if (!h->name || !callable || !placed || h->groups < 1 || h->spins > (uint64_t)INT32_MAX * 4)
            return inconsistent("Hamiltonian", h->name, error);
    }
    return ISG_OK;
}

isg_status program_check_layout(const isg_abi_program *abi, isg_error *error)
{
    isg_status status = check_tensors("input", abi->inputs, abi->input_count, abi->frame_bytes, error);
    if (!status)
        status = check_tensors("output", abi->outputs, abi->output_count, abi->frame_bytes, error);
    if (!status)
        status = check_tensors("parameter", abi->parameters, abi->parameter_count, abi->weights_bytes, error);
    if (!status)
        status = check_hamiltonians(abi, error);
    for (uint64_t i = 0; !status && i < abi->step_count; i++)
        if (!abi->steps[i].run && abi->steps[i].hamiltonian >= abi->hamiltonian_count)
            status = inconsistent("a step", abi->model, error);
    return status;
}
