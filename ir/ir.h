/* ir.h - the module: an attention model from its source text to the code generator.
 *
 * A module holds functions (fn, hamiltonian, model), each one block of operations in SSA form. Values,
 * expressions, index variables and operations are small handles into arrays that the module owns; 0 is
 * "none". Everything lives in the module's arena.
 *
 * Two levels. *Operations* compute whole tensors (ops.def has one row each). Where an operation is
 * given element by element - a `map`, a term of a Hamiltonian - it carries *expressions* in index
 * notation: trees over index variables, numbers and elements of values. This is how a Hamiltonian stays
 * a short list of terms.
 *
 * Stages: `calls` (fn and hamiltonian calls, shapes still by name), `graph` (one model function, no
 * calls), `ising` (Hamiltonians as terms in `anneal`), `scheduled`. The text form (print.c, parse.c)
 * is lossless at every stage.
 */
#ifndef IR_IR_H
#define IR_IR_H

#include "ir/diagnostic.h"

typedef uint32_t ir_value;
typedef uint32_t ir_expr;
typedef uint32_t ir_index;
typedef uint32_t ir_op;
typedef uint32_t ir_name; /* interned string */

/* ---- types ---------------------------------------------------------------------------------- */

typedef enum ir_elem {
    IR_UNKNOWN, /* not inferred yet */
    IR_POISON,  /* an error was reported here; silent from now on */
    IR_F32,
    IR_F64, /* tensors inside a Hamiltonian */
    IR_I32,
    IR_SPIN, /* values of a spin array */
    IR_GROUP /* a group of parameters, or a single one before `load`; rank 0 */
} ir_elem;

/* A dimension is a size >= 0, or a shape name: IR_DIM_NAMED(name) < 0. */
typedef struct ir_type {
    ir_elem elem;
    int32_t rank;
    int64_t dim[ISG_MAX_RANK];
} ir_type;
#define IR_DIM_NAMED(name) (-(int64_t)(name))
#define IR_DIM_NAME(dim) ((ir_name)(-(dim)))

#define IR_MAX_ELEMENTS (INT64_C(1) << 31)

/* ---- expressions in index notation ---------------------------------------------------------- */

/* An index variable, made afresh for each binder (map, spin, term, reduction). The extent is an
 * expression until infer-shapes puts a number there. */
typedef struct ir_index_data {
    ir_name name;   /* for people; the printer makes it unique in its scope */
    ir_expr extent; /* its range is 0 .. extent-1 */
    ir_span span;
} ir_index_data;

/* clang-format off */
typedef enum ir_expr_kind {
    EXPR_NUMBER, /* number */
    EXPR_SYMBOL, /* name: a shape name or option, printed $name; gone after inline */
    EXPR_INDEX,  /* index */
    EXPR_ELEMENT, /* value[args...]; with fewer subscripts than axes a tensor of the remaining axes (until
                     infer-shapes makes every access complete); no subscripts: the whole value, a scalar
                     when its rank is 0 */
    EXPR_NEGATE, EXPR_ADD, EXPR_SUBTRACT, EXPR_MULTIPLY, EXPR_DIVIDE,
    EXPR_SQRT, EXPR_EXP, EXPR_LOG, EXPR_ABS, EXPR_TANH, /* one argument */
    EXPR_MIN, EXPR_MAX,                                 /* two arguments */
    EXPR_DOT, EXPR_MEAN_ALL, EXPR_SUM_ALL, EXPR_MIN_ALL, EXPR_MAX_ALL, /* reduce all remaining axes; gone after
                                                                         infer-shapes */
    EXPR_SUM_OVER, EXPR_MIN_OVER, EXPR_MAX_OVER, /* indices, condition (or 0), args[0] the body; EXPR_SUM_OVER is the
                                                    language's sum[...]. Over nothing a sum is 0 */
    EXPR_WHERE,  /* args[0] condition, args[1] value: the value, or 0 without evaluating it */
    EXPR_EQUAL, EXPR_NOT_EQUAL, EXPR_LESS, EXPR_LESS_EQUAL, EXPR_GREATER, EXPR_GREATER_EQUAL, /* conditions */
    EXPR_AND, EXPR_OR, EXPR_NOT,
    EXPR_POISON,
    EXPR_KIND_COUNT
} ir_expr_kind;
/* clang-format on */

typedef struct ir_expr_data {
    ir_expr_kind kind;
    uint32_t arg_count;
    const ir_expr *args; /* operands; for EXPR_ELEMENT the subscripts */
    double number;
    ir_name name;
    ir_index index;
    ir_value value;
    const ir_index *indices; /* *_OVER */
    uint32_t index_count;
    ir_expr condition; /* *_OVER; 0: always */
    ir_span span;
} ir_expr_data;

/* ---- operations ----------------------------------------------------------------------------- */

typedef enum ir_opcode {
    OP_NONE,
#define OP(code, text, min_operands, max_operands, results, stages, attributes, doc) OP_##code,
#include "ir/ops.def"
#undef OP
    OP_COUNT
} ir_opcode;

typedef enum ir_stage { STAGE_CALLS, STAGE_GRAPH, STAGE_ISING, STAGE_SCHEDULED, STAGE_COUNT } ir_stage;

/* What an attribute holds; the printer and parser have one case a kind. */
typedef enum ir_attribute_kind {
    ATTR_EXPR,      /* expr: constant until shapes are inferred, element or condition */
    ATTR_NAME,      /* name, printed bare when an identifier, else quoted */
    ATTR_PATH,      /* name, printed @a.b.c */
    ATTR_INDICES,   /* list of ir_index: [t in 8, i in N] */
    ATTR_OPTIONS,   /* list of ir_option: {a = 1, b = $N} */
    ATTR_SIGNATURE, /* list of ir_parameter: (q: f32[T, N, D], p: params) */
    ATTR_DOMAIN,    /* number: 0 for {0, 1}, -1 for {-1, 1} */
    ATTR_COUNT,     /* number, a non-negative integer */
    ATTR_SPINS,     /* list of ir_spins */
    ATTR_PARTS,     /* list of ir_part, one a line, in braces */
    ATTR_TERMS      /* list of ir_term, one a line, in braces */
} ir_attribute_kind;

typedef struct ir_option {
    ir_name name;
    ir_expr value;
    ir_span span;
} ir_option;
typedef struct ir_parameter {
    ir_name name;
    ir_type type;
    ir_value value;
    ir_span span;
} ir_parameter;
/* A spin array of an anneal: x[t in 8, i in 49] in {0, 1}. */
typedef struct ir_spins {
    ir_name name;
    const ir_index *indices;
    uint32_t index_count;
    int32_t lowest; /* 0 or -1 */
    ir_span span;
} ir_spins;

/* One term: the sum over `indices` where `condition` of coefficient * (its spins). With two spins the term
 * never pairs a spin with itself; every index occurs in a subscript (others are summed inside the
 * coefficient). Coefficients are free of spins. */
typedef struct ir_spin_ref {
    uint32_t array;
    const ir_expr *subscripts;
    uint32_t subscript_count;
} ir_spin_ref;
typedef struct ir_term {
    uint32_t spin_count; /* 0: offset, 1: lin, 2: quad */
    ir_spin_ref spins[2];
    const ir_index *indices;
    uint32_t index_count;
    ir_expr condition; /* 0: always */
    ir_expr coefficient;
    ir_span span;
} ir_term;

/* A block of a spin array, x[0:8, 10:20], and the part of an anneal that holds such blocks: solved at once, in a round
 * beside other parts it is not coupled to. `severed` counts its couplings to other parts, a pair
 * as often as terms state it. */
typedef struct ir_box {
    uint32_t array;
    uint32_t rank;
    int64_t begin[ISG_MAX_RANK], end[ISG_MAX_RANK];
} ir_box;
typedef struct ir_part {
    uint32_t round;
    const ir_box *boxes;
    uint32_t box_count;
    int64_t severed;
} ir_part;

/* An attribute's value; `present` is false for an optional one left out. `list`/`count` hold the
 * kinds that are lists, of the element type named above. */
typedef struct ir_attribute {
    bool present;
    ir_expr expr;
    ir_name name;
    int64_t number;
    const void *list;
    uint32_t count;
} ir_attribute;

#define IR_MAX_ATTRIBUTES 5

typedef struct ir_attribute_row {
    const char *key;
    ir_attribute_kind kind;
    bool optional;
} ir_attribute_row;

typedef struct ir_op_row {
    const char *text;                               /* its name in the text form */
    int min_operands, max_operands;                 /* -1: any number */
    int results;                                    /* -1: any number */
    unsigned stages;                                /* bit 1 << stage for every stage it is legal in */
    ir_attribute_row attributes[IR_MAX_ATTRIBUTES]; /* key NULL ends */
    const char *doc;
} ir_op_row;
extern const ir_op_row ir_op_rows[OP_COUNT];

/* Where an operation was inlined from: the call's span, and the call around that one. */
typedef struct ir_site {
    ir_span call;
    ir_name callee;
    uint32_t parent; /* position in module.sites; 0: none */
} ir_site;

typedef struct ir_op_data {
    ir_opcode code;
    const ir_value *operands; /* an optional operand left out is 0, printed _ */
    uint32_t operand_count;
    const ir_value *results;
    uint32_t result_count;
    ir_attribute attributes[IR_MAX_ATTRIBUTES]; /* in the row's order */
    const ir_span *operand_spans;               /* where each operand is written, for diagnostics (call, bind); may be NULL */
    ir_span span;
    uint32_t site;
} ir_op_data;

typedef struct ir_value_data {
    ir_type type;
    ir_name name; /* hint for the printer; may be 0 */
    ir_op op;     /* the defining op; 0 for a function parameter */
    ir_span span; /* where it was named or computed */
} ir_value_data;

/* ---- functions and modules ------------------------------------------------------------------ */

typedef enum ir_function_kind { FUNCTION_FN, FUNCTION_HAMILTONIAN, FUNCTION_MODEL } ir_function_kind;

typedef struct ir_result {
    ir_name name;
    ir_value value;
    ir_span span;
} ir_result;

typedef struct ir_function {
    ir_function_kind kind;
    ir_name name;
    ir_span span;
    ARENA_LIST(ir_parameter) parameters; /* for a model: its inputs, without the batch axis */
    ARENA_LIST(ir_option) options;       /* hamiltonian: names and defaults */
    ARENA_LIST(ir_op) ops;               /* in order of execution */
    ARENA_LIST(ir_result) results;       /* fn: one, unnamed (0); hamiltonian: return items; model: outputs */
} ir_function;

/* A parameter of the weights, known by `param` or from the weights file: @a.b.c : f32[...]. */
typedef struct ir_weight {
    ir_name path;
    ir_type type;
    ir_span span;
} ir_weight;

typedef struct ir_module {
    arena *arena;
    diagnostics *diagnostics;
    ir_stage stage;
    ARENA_LIST(ir_weight) weights;
    ARENA_LIST(ir_function *) functions; /* from STAGE_GRAPH on exactly one, the model */
    ARENA_LIST(ir_value_data) values;
    ARENA_LIST(ir_expr_data) exprs;
    ARENA_LIST(ir_index_data) indices;
    ARENA_LIST(ir_op_data) ops;
    ARENA_LIST(ir_site) sites;
    ARENA_LIST(const char *) names;
    uint32_t *name_table; /* open addressing over names */
    uint32_t name_table_size;
    bool weights_known; /* a weights file was read: a path not listed does not exist */
} ir_module;

/* ---- module.c: making and looking up -------------------------------------------------------- */

ir_module *ir_module_new(arena *a, diagnostics *d);

ir_name ir_intern(ir_module *m, const char *text, size_t length);
ir_name ir_intern_text(ir_module *m, const char *text);
const char *ir_text(const ir_module *m, ir_name name); /* "" for 0 */

/* Borrowed views, valid until the next of the same kind is made: copy the struct to keep it. */
ir_value_data *ir_value_get(const ir_module *m, ir_value v);
ir_expr_data *ir_expr_get(const ir_module *m, ir_expr e);
ir_index_data *ir_index_get(const ir_module *m, ir_index i);
ir_op_data *ir_op_get(const ir_module *m, ir_op op);

ir_value ir_value_new(ir_module *m, ir_type type, ir_name name, ir_span span);
ir_index ir_index_new(ir_module *m, ir_name name, ir_expr extent, ir_span span);

/* Copies operands; makes `result_count` values of type unknown, named `name` (may be 0). The op is
 * not yet in a function: push it to function->ops. Attributes are filled by the caller. */
ir_op ir_op_new(ir_module *m, ir_opcode code, const ir_value *operands, uint32_t operand_count, uint32_t result_count,
                ir_name name, ir_span span);
ir_value ir_op_result(const ir_module *m, ir_op op, uint32_t position);
/* The attribute by its key in the op's row; NULL if the row has no such key. */
ir_attribute *ir_op_attribute(const ir_module *m, ir_op op, const char *key);

ir_expr ir_expr_new(ir_module *m, ir_expr_data data); /* copies args and indices */
ir_expr ir_number(ir_module *m, double number, ir_span span);
ir_expr ir_index_ref(ir_module *m, ir_index index, ir_span span);
ir_expr ir_element(ir_module *m, ir_value value, const ir_expr *subscripts, uint32_t count, ir_span span);
ir_expr ir_unary(ir_module *m, ir_expr_kind kind, ir_expr a, ir_span span);
ir_expr ir_binary(ir_module *m, ir_expr_kind kind, ir_expr a, ir_expr b, ir_span span);

ir_type ir_type_make(ir_elem elem, int32_t rank, const int64_t *dim);
bool ir_type_equal(ir_type a, ir_type b);
int64_t ir_type_elements(ir_type t); /* product of dimensions; -1 if one is a name, beyond IR_MAX_ELEMENTS, or unknown */

/* ---- expr.c: walking and rewriting expressions ---------------------------------------------- */

/* Rewrites bottom-up: `map` sees each node after its children were rewritten and returns the node to
 * stand in its place (usually itself). Binders are cloned with fresh indices when `fresh` is set, so
 * that the result can be placed beside the original. Shares nodes that did not change. */
typedef ir_expr (*ir_expr_mapper)(ir_module *m, ir_expr e, void *context);
ir_expr ir_expr_map(ir_module *m, ir_expr e, bool fresh, ir_expr_mapper map, void *context);

/* Replaces index from[k] by expression to[k], renaming bound indices. */
ir_expr ir_expr_substitute(ir_module *m, ir_expr e, const ir_index *from, const ir_expr *to, uint32_t count);

/* Calls `visit` on every node, children first, expressions inside binders included. */
void ir_expr_walk(const ir_module *m, ir_expr e, void (*visit)(const ir_module *m, ir_expr e, void *context), void *context);

bool ir_expr_uses_index(const ir_module *m, ir_expr e, ir_index index);
bool ir_expr_uses_value(const ir_module *m, ir_expr e, ir_value value);

/* Equality up to the names of bound indices; a_to_b pairs free indices (count may be 0). Spans do not count. */
bool ir_expr_equal(const ir_module *m, ir_expr a, ir_expr b, const ir_index *a_free, const ir_index *b_free, uint32_t count);

/* Evaluates an expression over numbers and indices given values (index_value[k] for free[k]); conditions
 * give 0 or 1. False when it meets a symbol, an element or poison, or after 2^24 steps (a sum too large to
 * fold). Non-finite results are returned as such. In evaluate.c. */
bool ir_expr_evaluate(const ir_module *m, ir_expr e, const ir_index *free_indices, const double *index_values, uint32_t count,
                      double *out);

/* The number an attribute or extent stands for after infer-shapes. */
bool ir_expr_is_number(const ir_module *m, ir_expr e, double *out);
int64_t ir_index_extent(const ir_module *m, ir_index i); /* -1 while it is not a number */

/* Every value that an op reads, operands and elements inside its expressions alike; may repeat. */
void ir_op_uses(const ir_module *m, ir_op op, void (*visit)(ir_value v, void *context), void *context);
/* Applies `map` to every expression of the op (attributes, terms, index extents). Without `fresh` the op's own
 * indices keep their handles and get the new extents; with it they and their uses in the op are renamed. */
void ir_op_map_exprs(ir_module *m, ir_op op, bool fresh, ir_expr_mapper map, void *context);

/* ---- text ----------------------------------------------------------------------------------- */

/* The whole module as text, in the arena. With `locations`, each line names its source place. */
const char *ir_print(const ir_module *m, bool locations);
const char *ir_print_expr(const ir_module *m, ir_expr e); /* for diagnostics and inspection */
/* Parses text (a file already added to diagnostics). NULL after reporting at least one error. */
ir_module *ir_parse(arena *a, diagnostics *d, uint32_t file);
/* Checks stage legality, operand and attribute forms, definition before use, index scopes, types from
 * STAGE_GRAPH's infer-shapes on. Returns NULL, or one line saying what is wrong (in the arena). */
const char *ir_verify(const ir_module *m);

#endif
