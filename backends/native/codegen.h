/* codegen.h - inside the native backend: what the generators share.
 *
 * Names: l_* small helpers over the LLVM builder (build.c), v_* LLVM values, b_* blocks. Every generated
 * function takes the isg_abi_context first; `codegen` holds what its prologue loaded. Loops are emitted through
 * callbacks: the body is called once, with the induction variable.
 */
#ifndef BACKENDS_NATIVE_CODEGEN_H
#define BACKENDS_NATIVE_CODEGEN_H

#include "backends/native/kernels/exchange.h"
#include "backends/native/kernels/group_reads.h"
#include "backends/native/native.h"
#include "ir/ir.h"
#include "ir/spins.h"
#include "runtime/abi.h"

#include <llvm-c/Core.h>

typedef LLVMValueRef l_value;
typedef LLVMTypeRef l_type;
typedef LLVMBasicBlockRef l_block;

typedef enum slot_space { SLOT_FRAME, SLOT_WEIGHTS } slot_space;

/* Where a value lives. */
typedef struct slot {
    slot_space space;
    int64_t offset; /* bytes; -1: no storage */
} slot;

/* Index variables in scope, innermost last. */
typedef struct binding {
    ir_index index;
    l_value value;
} binding;
enum { BINDINGS_MAX = 512 };

/* A matrix product in place of a sum over a shared axis (product.c): rows x columns float32 in the frame. */
enum { PRODUCTS_MAX = 8 };
typedef struct product {
    const ir_expr_data *first, *second;  /* elements [batch..., row, inner] and [batch..., column, inner] */
    uint32_t batch;                      /* leading subscripts */
    ir_index batch_index[ISG_MAX_RANK];  /* what they are in the loop, of axes that vary */
    int64_t rows, columns, inner, place; /* place: bytes into the frame */
} product;

/* A map that is not stored: its elements are `factor` times the numbers of a term's rows, whose place is the slot. */
typedef struct row_map {
    const struct term_plan *term; /* NULL: stored, or evaluated where it is read */
    double factor;
} row_map;

typedef struct codegen {
    const ir_module *m;
    const ir_function *model;
    arena *arena;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    l_type void_type, i1, i8, i32, i64, f32, f64, ptr, context_type;

    const char *refused;                   /* why the program cannot be compiled: a limit of this backend; NULL: it can */
    const char *cpu_features;              /* what the code will need of its processor, for the ABI record */
    const isg_named_tensor *given_weights; /* to be embedded; NULL: none */
    size_t given_weight_count;
    const native_runs *runs; /* what the program will be asked; NULL: anything */
    bool needs_bodies;       /* set where a piece must be compiled for its shape: none that is ready will do */
    slot *slots;             /* by value */
    int64_t frame_bytes, weights_bytes, tables_bytes;

    /* the function being emitted */
    l_value function, v_context, v_frame, v_weights, v_tables, v_services;
    binding bindings[BINDINGS_MAX];
    uint32_t binding_count;
    product products[PRODUCTS_MAX]; /* computed where code is being emitted */
    uint32_t product_count;
    bool *inlined;     /* by value: a map that is evaluated where it is read */
    row_map *row_maps; /* by value */
} codegen;

/* ---- build.c ---- */

/* `module` has the prototypes of the pieces, and takes what is generated. */
void l_open(codegen *g, const ir_module *m, arena *a, LLVMContextRef context, LLVMModuleRef module);
l_value l_i64(codegen *g, int64_t n);
l_value l_i32(codegen *g, int32_t n);
l_value l_f64(codegen *g, double x);
l_value l_f32(codegen *g, double x);
l_value l_null(codegen *g);
l_value l_add(codegen *g, l_value a, l_value b); /* i64 */
l_value l_mul(codegen *g, l_value a, l_value b); /* i64 */
l_value l_add_scaled(codegen *g, l_value a, l_value index, int64_t stride);
l_value l_at(codegen *g, l_type element, l_value base, l_value index);
l_value l_bytes(codegen *g, l_value base, int64_t offset);
l_value l_load(codegen *g, l_type type, l_value address);
void l_store(codegen *g, l_value value, l_value address);
l_value l_load_at(codegen *g, l_type type, l_value base, l_value index);
void l_store_at(codegen *g, l_type type, l_value value, l_value base, l_value index);
void l_add_to(codegen *g, l_value address, l_value f64_value); /* *address += value */
l_block l_new_block(codegen *g, const char *name);
void l_enter(codegen *g, l_block block); /* continue emitting there */
l_value l_call(codegen *g, const char *piece, const l_value *args, unsigned count);

typedef void (*l_body)(codegen *g, l_value index, void *context);
/* for (i64 i = 0; i < count; i++) body(i). Nothing is emitted for a constant count of 0. */
void l_loop(codegen *g, int64_t count, l_body body, void *context);
void l_loop_range(codegen *g, l_value from, l_value to, l_body body, void *context);
/* if (condition) body(). A NULL condition always holds. */
typedef void (*l_action)(codegen *g, void *context);
void l_if(codegen *g, l_value condition, l_action body, void *context);
/* A mutable variable (promoted to a register by the optimiser), created in the entry block. */
l_value l_variable(codegen *g, l_type type, l_value initial);

/* Begins a function of the program whose first parameter is the context; extra parameter types follow. */
l_value l_begin_function(codegen *g, const char *name, l_type result, const l_type *extra, unsigned extra_count);
void l_prefer_small(codegen *g);                              /* the function being emitted runs seldom: do not unroll it */
void l_end_function(codegen *g, l_value result);              /* NULL: void */
void l_fault_if(codegen *g, l_value position, int32_t fault); /* returns `fault` when position >= 0, having set it */
void l_bind(codegen *g, ir_index index, l_value value);
l_value l_bound(codegen *g, ir_index index); /* its innermost value; the verifier has seen that it has one */

/* Nested loops over indices in order, binding each; the body sees them in g->bindings. */
void l_loop_indices(codegen *g, const ir_index *indices, uint32_t count, l_action body, void *context);

/* ---- layout.c ---- */

/* Gives every value of the model a place in the frame or the weights. */
void layout_values(codegen *g);
int64_t layout_take(int64_t *total, int64_t bytes); /* 64-byte aligned */
int64_t layout_value_bytes(const codegen *g, ir_value v);
int64_t element_bytes(ir_elem elem);

/* ---- expression.c: index notation to code ---- */

l_value gen_expr(codegen *g, ir_expr e);      /* double */
l_value gen_condition(codegen *g, ir_expr e); /* i1; NULL for 0, "always" */
l_value gen_integer(codegen *g, ir_expr e);   /* i64; the expression is whole where it is evaluated */
l_value gen_value_address(codegen *g, ir_value v);

/* ---- product.c: sums of products as matrix products ---- */

/* As l_loop_indices, for a body that evaluates e: its sums of products are computed before the loops they do not depend on. */
void gen_loop_with_products(codegen *g, ir_expr e, const ir_index *indices, uint32_t count, l_action body, void *context);
/* The sum as an element of a product that is computed; NULL: it is none. */
l_value gen_product_element(codegen *g, const ir_expr_data *x);
bool map_is_inlined(const codegen *g, ir_op map);
/* Whether it may be read from rows: the couplings of the anneal behind it read it first, by plain subscripts, and none but maps
 * and readouts thereafter. */
bool map_may_be_rows(const codegen *g, uint32_t position);
l_value gen_inlined(codegen *g, const ir_expr_data *x); /* an element of an inlined map */

/* ---- tensors.c ---- */

void gen_tensor_op(codegen *g, ir_op op);

/* ---- terms.c: how the couplings of an anneal are stored, and loops over them ---- */

typedef enum term_form {
    TERM_ROWS,    /* subscripts are plain indices: coefficients in an array [shared, first only, second only] */
    TERM_UNIFORM, /* the same, with one coefficient for all */
    TERM_LIST     /* anything else: coefficients over the index space, neighbours in the list of all such terms */
} term_form;

/* Coefficients of one term, or of all in the neighbour list, which numbers them in 32 bits. */
#define TERM_COEFFICIENTS_MAX (INT64_C(1) << 31)

typedef struct term_plan {
    const ir_term *term;
    term_form form;
    bool symmetric;                   /* one array serves both directions */
    ir_index order[2 * ISG_MAX_RANK]; /* storage order of the term's indices */
    uint32_t order_count;
    uint32_t shared, first_only; /* how many of `order` are of which kind; the rest is of the second only */
    int64_t size;                /* elements of the coefficient array */
    int64_t coefficients;        /* frame offset: double[size], or one double; float[size] where narrow */
    bool narrow;                 /* rows of a product alone, in float32 as the product itself */
    int64_t transposed;          /* rows, not symmetric: the array [shared, second only, first only]; else -1 */
    int64_t list_first;          /* TERM_LIST: its first coefficient among those of the list */
} term_plan;

/* How sweeps change the spins of a Hamiltonian: chosen from its terms, in move_plan.c. */
typedef enum move_form {
    MOVES_SINGLE, /* any Hamiltonian: single flips in double; the workspace is the fields */
    MOVES_DENSE,  /* single flips over whole rows of couplings (kernels/dense.h) */
    MOVES_LISTS,  /* single flips over lists of neighbours, and exchanges (kernels/lists.h) */
    MOVES_GROUPS  /* heat bath over groups (kernels/group.h) */
} move_form;

typedef struct move_plan {
    move_form form;
    int64_t workspace_bytes;
    const char *text;         /* in plain words */
    group_shape shape;        /* MOVES_GROUPS */
    bool side_by_side;        /* reads can be annealed side by side (kernels/group_reads.h) */
    const term_plan *uniform; /* the penalty that ties the groups; MOVES_DENSE: what all pairs have, or NULL */
    const term_plan *rows;    /* the couplings between groups, or NULL; MOVES_DENSE: of all pairs, or NULL */
    bool gathers;             /* MOVES_DENSE: rows are gathered from the couplings of all terms, one by one */
    exchange_family
        families[EXCHANGE_FAMILIES_MAX]; /* of groups whose members are exchanged: MOVES_LISTS, MOVES_DENSE that gathers */
    uint32_t family_count;
    int64_t behind;         /* where in the workspace the exchanges are */
    int64_t capacity;       /* MOVES_LISTS: neighbours of all spins, at the most */
    bool crosses;           /* the first two families do */
    uint64_t few_couplings; /* as in isg_abi_hamiltonian */
} move_plan;

typedef struct hamiltonian_plan {
    ir_op op;
    spin_layout layout;
    uint32_t index;   /* among the program's Hamiltonians */
    term_plan *terms; /* quadratic ones */
    uint32_t term_count;
    int64_t list_size;                             /* coefficients of all TERM_LIST terms */
    int64_t list_coefficients;                     /* frame: double[list_size] */
    int64_t list_pairs;                            /* tables: int32_t[list_size][2], spin numbers; -1: no pair */
    int64_t list_start, list_neighbour, list_slot; /* tables: where a spin's neighbours begin; each, and its coefficient */
    int64_t fields;                                /* frame: double[count], h */
    int64_t offset;                                /* frame: double */
    int64_t thresholds;                            /* frame: float[count] */
    int64_t state;                                 /* frame: int8_t[count] */
    int64_t lowest, group;                         /* tables */
    int64_t groups;
    uint32_t *label;
    const ir_op *maps; /* the maps that stand right before it, computed with its coefficients */
    uint32_t map_count;
    move_plan moves;
} hamiltonian_plan;

/* All but the places of rows, and of maps that are rows: those wait for plan_maps_in_rows. */
void plan_hamiltonian(codegen *g, hamiltonian_plan *p, ir_op op);
void plan_term_places(codegen *g, hamiltonian_plan *h);
int64_t term_number_bytes(const term_plan *t); /* of a coefficient in rows */
/* The coefficient at a place of rows, as double. */
l_value gen_row_number(codegen *g, const term_plan *t, l_value base, l_value at);

/* ---- symmetric.c: rows that a matrix product gives outright ---- */

bool term_is_product(const codegen *g, const term_plan *t);
/* Whether it is the product times numbers of usual size, and nothing is added: float32 holds it as well as the product. */
bool term_is_narrow_product(const codegen *g, const term_plan *t);
/* Writes all rows of such a term, zeros included. Returns the address of an i64 that is not 0 when a number is not finite;
 * NULL, and nothing is emitted, for other terms. */
l_value gen_product_rows(codegen *g, const term_plan *t);
/* A map that is as symmetric as the rows that its product makes need not be stored: its slot becomes theirs, for what reads it
 * when they are written. Maps that find no such rows are stored as any others. First which maps, then their slots. */
void plan_maps_in_rows(codegen *g, const hamiltonian_plan *h);
void plan_map_places(codegen *g, const hamiltonian_plan *h);

/* Of a symmetric term in rows, or uniform: bit i: on axis i the two spins differ by indices of their own; on the others they
 * share one. 0 for other terms. */
uint32_t term_own_axes(const codegen *g, const term_plan *t);
/* Whether its condition lets through every pair of spins that agree on the shared axes, each in one order. */
bool term_meets_all(const codegen *g, const term_plan *t);

/* Calls body for every coupling (v_first, v_second spin numbers, v_coefficient) in index order. */
typedef struct coupling {
    l_value first, second, coefficient;
} coupling;
typedef void (*coupling_body)(codegen *g, const coupling *c, void *context);
void gen_each_coupling(codegen *g, const hamiltonian_plan *h, const term_plan *t, coupling_body body, void *context);

/* field[q] += J_pq * v_delta for every neighbour q of the spin at the coordinates; rows_too: also those that gen_add_rows adds.
 */
void gen_update_fields(codegen *g, const hamiltonian_plan *h, uint32_t array, const l_value *coordinates, l_value v_spin,
                       l_value v_field, l_value v_delta, bool rows_too);
/* field += J state, for all spins and the terms that are whole rows of spins side by side. */
void gen_add_rows(codegen *g, const hamiltonian_plan *h, l_value v_state, l_value v_field);
l_value gen_spin_number(codegen *g, const hamiltonian_plan *h, const ir_spin_ref *ref); /* from the bindings */

/* ---- list.c: TERM_LIST terms ---- */

void plan_listed(hamiltonian_plan *h, term_plan *t, int64_t size); /* adds a term of so many coefficients to the list */
void plan_list(codegen *g, hamiltonian_plan *h);                   /* places the list once all terms are in it */
void gen_neighbour_list(codegen *g, const hamiltonian_plan *h);    /* fills its tables */
void gen_each_listed(codegen *g, const hamiltonian_plan *h, coupling_body body, void *context);
void gen_update_listed(codegen *g, const hamiltonian_plan *h, l_value v_spin, l_value v_field, l_value v_delta);
l_value gen_listed_spin(codegen *g, const hamiltonian_plan *h, l_value at); /* first spin of a place; negative ones stay */
/* A term without indices and with numbers alone, `0.5 * x[3] * x[8]`: its coefficient and spin numbers. */
bool term_is_single(codegen *g, const hamiltonian_plan *h, const ir_term *term, double *coefficient, uint32_t *spins);
/* Store the leading ones among `count` terms, linear or of the list, and return how many those are. `t` is the plan of the
 * first. */
uint32_t gen_single_fields(codegen *g, const hamiltonian_plan *h, const ir_term *terms, uint32_t count);
uint32_t gen_single_couplings(codegen *g, const hamiltonian_plan *h, const term_plan *t, const ir_term *terms, uint32_t count);

/* ---- flips.c ---- */

/* A loop over the spins of all arrays, with their coordinates, in order of their numbers. */
typedef struct spin_loop spin_loop;
typedef void (*spin_body)(codegen *g, spin_loop *s);
struct spin_loop {
    const hamiltonian_plan *h;
    uint32_t array, depth;
    l_value coordinates[ISG_MAX_RANK];
    l_value v_spin, v_state, v_field; /* the spin's number; the state and fields of all */
    spin_body body;
    void *context;
};
void gen_each_spin(codegen *g, spin_loop *s);
l_value gen_spin_value(codegen *g, const spin_loop *s); /* double */

l_value gen_fields(codegen *g, const hamiltonian_plan *h);
l_value gen_descend(codegen *g, const hamiltonian_plan *h);
l_value gen_single_flips(codegen *g, const hamiltonian_plan *h); /* the sweep of MOVES_SINGLE */

/* ---- move_plan.c ---- */

void plan_moves(codegen *g, hamiltonian_plan *h); /* after plan_term_places */

/* ---- moves.c ---- */

typedef struct move_functions {
    l_value prepare, start, sweep;
    l_value span;                                   /* NULL: from the scales */
    l_value lean;                                   /* NULL: none */
    l_value estimate;                               /* NULL: none */
    l_value start_reads, sweep_reads, finish_reads; /* NULL: none */
} move_functions;
/* With what gen_fields and gen_couplings gave. */
move_functions gen_moves(codegen *g, const hamiltonian_plan *h, l_value v_fields_of, l_value v_couplings_of);

/* ---- hamiltonian.c ---- */

typedef struct hamiltonian_functions {
    l_value coefficients, fields, descend, energy, scales, couplings;
    move_functions moves;
} hamiltonian_functions;
l_value gen_frame_at(codegen *g, int64_t offset);
const char *gen_function_name(codegen *g, const hamiltonian_plan *h, const char *part);
hamiltonian_functions gen_hamiltonian(codegen *g, const hamiltonian_plan *h);

/* ---- program.c ---- */

/* Emits the whole program into g->module: functions, and the ABI record. */
void gen_program(codegen *g);

#endif
