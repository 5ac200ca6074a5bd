/* program.c - opening and closing programs, and what they take and give. */
#include "runtime/blas.h"
#include "runtime/error.h"
#include "runtime/file.h"
#include "runtime/library_check.h"
#include "runtime/program_check.h"
#include "runtime/program_state.h"
#include "runtime/weights.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

/* ---- from an ABI record ---------------------------------------------------------------------- */

static isg_port *make_ports(const isg_allocator *a, const isg_abi_tensor *tensors, uint64_t count)
{
    isg_port *ports = memory_take_zeroed(a, count, sizeof *ports);
    for (uint64_t i = 0; ports && i < count; i++) {
        ports[i] = (isg_port){.name = tensors[i].name, .dtype = (isg_dtype)tensors[i].dtype, .rank = tensors[i].rank};
        memcpy(ports[i].shape, tensors[i].shape, sizeof ports[i].shape);
    }
    return ports;
}

static isg_status copy_weights(isg_program *p, const isg_named_tensor *weights, size_t count, isg_error *error)
{
    p->weights = memory_take_aligned(&p->allocator, p->abi->weights_bytes);
    if (!p->weights.at)
        return error_no_memory(error);
    return weights_fill(p->abi->parameters, p->abi->parameter_count, weights, count, p->weights.at, error);
}

static isg_status fill_tables(isg_program *p, isg_error *error)
{
    p->tables = memory_take_aligned(&p->allocator, p->abi->tables_bytes);
    if (!p->tables.at)
        return error_no_memory(error);
    isg_abi_context context = {.weights = program_weights(p), .tables = p->tables.at, .services = blas_services()};
    if (p->abi->tables)
        p->abi->tables(&context);
    return ISG_OK;
}

static isg_status fill(isg_program *p, const isg_named_tensor *weights, size_t weight_count, isg_error *error)
{
    p->inputs = make_ports(&p->allocator, p->abi->inputs, p->abi->input_count);
    p->outputs = make_ports(&p->allocator, p->abi->outputs, p->abi->output_count);
    p->reports = memory_take_zeroed(&p->allocator, p->abi->hamiltonian_count, sizeof *p->reports);
    if (!p->inputs || !p->outputs || !p->reports)
        return error_no_memory(error);
    if (p->abi->weights && weight_count)
        return error_fail(error, ISG_INVALID, "program '%s' holds its weights; none are to be given", p->abi->model);
    isg_status status = p->abi->weights ? ISG_OK : copy_weights(p, weights, weight_count, error);
    return status ? status : fill_tables(p, error);
}

isg_status program_open_abi(const isg_abi_program *abi, const isg_named_tensor *weights, size_t weight_count,
                            const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error)
{
    (void)io;
    *out = NULL;
    isg_status status = program_check_abi(abi, error);
    if (!status)
        status = program_check_layout(abi, error);
    if (status)
        return status;
    allocator = allocator ? allocator : isg_default_allocator();
    isg_program *p = memory_take_zeroed(allocator, 1, sizeof *p);
    if (!p)
        return error_no_memory(error);
    p->allocator = *allocator;
    p->abi = abi;
    status = fill(p, weights, weight_count, error);
    if (status)
        isg_close(p);
    else
        *out = p;
    return status;
}

void isg_close(isg_program *p)
{
    if (!p)
        return;
    isg_allocator a = p->allocator;
    const isg_abi_program *abi = p->abi;
    memory_release(&a, p->inputs, abi->input_count, sizeof *p->inputs);
    memory_release(&a, p->outputs, abi->output_count, sizeof *p->outputs);
    memory_release(&a, p->reports, abi->hamiltonian_count, sizeof *p->reports);
    memory_release_aligned(&a, &p->weights);
    memory_release_aligned(&a, &p->tables);
    for (int i = 0; i < RUN_THREADS_MAX; i++) {
        memory_release_aligned(&a, &p->workers[i].frame);
        memory_release_aligned(&a, &p->workers[i].scratch);
    }
    void *library = p->library;
    memory_release(&a, p, 1, sizeof *p);
    if (library)
        dlclose(library);
}

/* ---- from a shared object -------------------------------------------------------------------- */

/* The record in the library, when the symbol is there and large enough to be one. */
static const isg_abi_program *find_stamp(void *library)
{
    void *address = dlsym(library, ISG_ABI_SYMBOL);
    Dl_info info;
    ElfW(Sym) *symbol = NULL;
    if (!address || !dladdr1(address, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol ||
        symbol->st_size < sizeof(isg_abi_program))
        return NULL;
    return address;
}

static isg_status open_library(const char *path, const isg_named_tensor *weights, size_t weight_count,
                               const isg_allocator *allocator, const isg_io *io, void *library, isg_program **out,
                               isg_error *error)
{
    const isg_abi_program *abi = find_stamp(library);
    isg_error inner;
    isg_status status = abi ? program_open_abi(abi, weights, weight_count, allocator, io, out, &inner)
                            : error_fail(&inner, ISG_INCOMPATIBLE, "not a compiled program (it has no stamp)");
    if (status)
        return error_fail(error, status, "%s: %.900s", path, inner.message);
    (*out)->library = library;
    return ISG_OK;
}

/* The loader looks for names without a slash elsewhere than in the working directory. */
static void *load(const char *path, const isg_allocator *a, isg_status *status, isg_error *error)
{
    size_t bytes = strlen(path) + 3;
    char *place = memory_take(a, bytes, 1);
    if (!place) {
        *status = error_no_memory(error);
        return NULL;
    }
    stpcpy(stpcpy(place, strchr(path, '/') ? "" : "./"), path);
    void *library = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    memory_release(a, place, bytes, 1);
    const char *reason = library ? NULL : dlerror();
    if (!library)
        *status = error_fail(error, ISG_INCOMPATIBLE, "%s: cannot be loaded: %.900s", path, reason ? reason : "unknown reason");
    return library;
}

isg_status isg_open_with_weights(const char *path, const isg_named_tensor *weights, size_t weight_count,
                                 const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error)
{
    *out = NULL;
    file_source s;
    isg_status status = file_source_open(&s, io, path, error);
    if (status)
        return status;
    status = library_check(&s, error);
    file_source_close(&s);
    if (status)
        return status;
    void *library = load(path, allocator ? allocator : isg_default_allocator(), &status, error);
    if (!library)
        return status;
    status = open_library(path, weights, weight_count, allocator, io, library, out, error);
    if (status)
        dlclose(library);
    return status;
}

isg_status isg_open(const char *path, const isg_allocator *allocator, const isg_io *io, isg_program **out, isg_error *error)
{
    return isg_open_with_weights(path, NULL, 0, allocator, io, out, error);
}

/* ---- ports and cancellation ------------------------------------------------------------------ */

const char *isg_program_name(const isg_program *program)
{
    return program->abi->model;
}

size_t isg_input_count(const isg_program *program)
{
    return program->abi->input_count;
}

size_t isg_output_count(const isg_program *program)
{
    return program->abi->output_count;
}

const isg_port *isg_input(const isg_program *program, size_t position)
{
    return position < program->abi->input_count ? &program->inputs[position] : NULL;
}

const isg_port *isg_output(const isg_program *program, size_t position)
{
    return position < program->abi->output_count ? &program->outputs[position] : NULL;
}

void isg_cancel(isg_program *program)
{
    int active = RUN_ACTIVE;
    atomic_compare_exchange_strong(&program->phase, &active, RUN_CANCELLED);
}

void program_set_solver(isg_program *program, program_solver solver, void *context)
{
    program->solver = solver;
    program->solver_context = context;
}
