/* ast.h - the tree of an `.attn` file: what the grammar builds, what sema annotates and what build_ir reads.
 *
 * Nodes live in the module's arena; names are interned in the module. The parser fills everything but
 * the members under "filled by sema". A construct that was not understood is AST_BROKEN, or a statement
 * or item marked `broken`: it was reported already and is silent from there on.
 */
#ifndef FRONTEND_AST_H
#define FRONTEND_AST_H

#include "ir/ir.h"

enum {
    AST_MAX_NESTING = 256,   /* brackets, calls, sums and signs inside one another */
    AST_MAX_HEIGHT = 4000,   /* height of an expression's tree: operators in a row count too */
    AST_MAX_TOKEN = 4 * 1024 /* bytes */
};
#define AST_MAX_FILE ((size_t)16 << 20)

typedef struct symbol symbol;

typedef struct ast_name {
    ir_name name; /* 0: could not be read */
    ir_span span;
} ast_name;
typedef ARENA_LIST(ast_name) ast_names;

/* ---- expressions ---------------------------------------------------------------------------- */

typedef enum ast_kind {
    AST_BROKEN,
    AST_NUMBER,
    AST_NAME,
    AST_PATH,    /* @a.b.c; name is "a.b.c" */
    AST_CALL,    /* name(args), some of them by name */
    AST_ELEMENT, /* name[args] */
    AST_MEMBER,  /* args[0].name */
    AST_NEGATE,
    AST_ADD,
    AST_SUBTRACT,
    AST_MULTIPLY,
    AST_DIVIDE,
    AST_SUM,   /* sum[indices : condition] args[0] */
    AST_EQUAL, /* from here on: conditions */
    AST_NOT_EQUAL,
    AST_LESS,
    AST_LESS_EQUAL,
    AST_GREATER,
    AST_GREATER_EQUAL,
    AST_AND,
    AST_OR,
    AST_NOT
} ast_kind;

/* What an expression stands for. */
typedef enum ast_sort {
    SORT_POISON,   /* an error was reported */
    SORT_CONSTANT, /* known when the program is compiled: numbers, shape names, options */
    SORT_INTEGER,  /* in a Hamiltonian: of indices and constants */
    SORT_TENSOR,
    SORT_GROUP /* parameters of the weights: a group, or a single one not yet loaded */
} ast_sort;

typedef struct ast_expr ast_expr;
typedef ARENA_LIST(ast_expr *) ast_exprs;

struct ast_expr {
    ast_kind kind;
    ir_span span;        /* the whole expression */
    ast_name name;       /* of a name, path, call, element or member */
    double number;       /* AST_NUMBER */
    ast_exprs args;      /* operands, arguments or subscripts */
    ast_names labels;    /* AST_CALL: args.at[k] is given by name when labels.at[k].name is not 0 */
    ast_names indices;   /* AST_SUM */
    ast_expr *condition; /* AST_SUM; NULL: always */
    uint32_t nesting, height;

    /* filled by sema */
    ast_sort sort;
    bool is_number; /* a constant free of shape names and options: `number` is its value */
    bool has_spin;
    uint32_t size;  /* nodes that a constant has once names are replaced by what they stand for */
    symbol *symbol; /* what the name stands for; AST_CALL: the fn or hamiltonian, NULL for a built-in */
    const struct builtin *builtin;
    symbol **index_symbols; /* AST_SUM */
    uint32_t result;        /* AST_MEMBER of a call: which result */
};

typedef struct ast_type {
    ast_name name; /* f32, i32, params; 0: could not be read */
    ast_exprs dims;
    ir_span span;
    ir_type type; /* filled by sema */
} ast_type;

/* ---- statements ----------------------------------------------------------------------------- */

typedef enum ast_statement_kind {
    STATEMENT_BROKEN, /* nothing of it could be read */
    STATEMENT_USE,
    STATEMENT_CONST,
    STATEMENT_INPUT,
    STATEMENT_PARAM,
    STATEMENT_LET,
    STATEMENT_OUTPUT,
    STATEMENT_INDEX,
    STATEMENT_SPIN,
    STATEMENT_MINIMIZE,
    STATEMENT_RETURN
} ast_statement_kind;

/* One of `y[t, i] = value where condition`, or of an fn's bare `value`. */
typedef struct ast_result {
    ast_expr *target; /* NULL: bare */
    ast_expr *value, *condition;
    symbol **index_symbols; /* filled by sema */
    bool repeated;          /* a second result of that name, or without one; filled by sema */
} ast_result;
typedef ARENA_LIST(ast_result) ast_results;

typedef struct ast_statement {
    ast_statement_kind kind;
    ir_span span;
    bool broken;      /* what follows the name could not be read */
    bool tuple;       /* let (a, b) = */
    bool subscripted; /* let x[...] = */
    ast_name name;    /* use: the path as written; param: the path */
    ast_names names;  /* index: its names; let (a, b): a and b; let x[i], spin x[i]: the indices */
    ast_type type;
    ast_expr *value; /* let, const, output, minimize; index: the range */
    ast_expr *condition;
    ast_exprs domain; /* spin */
    ast_results results;

    /* filled by sema */
    symbol *symbol;
    symbol **symbols; /* for names */
    int lowest;       /* spin: 0 or -1 */
    bool repeated;    /* output: a second one of that name */
} ast_statement;
typedef ARENA_LIST(ast_statement *) ast_statements;

/* ---- items and files ------------------------------------------------------------------------ */

typedef struct ast_parameter {
    ast_name name;
    ast_type type;
    ast_expr *value; /* the default of an option */
    symbol *symbol;  /* filled by sema */
} ast_parameter;
typedef ARENA_LIST(ast_parameter) ast_parameters;

typedef struct ast_header {
    ast_parameters parameters, options;
    bool broken;
    ir_span span; /* when broken: the text that could not be read */
} ast_header;

typedef enum ast_item_kind { ITEM_BROKEN, ITEM_STATEMENT, ITEM_STRAY_BRACE, ITEM_FN, ITEM_HAMILTONIAN, ITEM_MODEL } ast_item_kind;

typedef struct ast_item {
    ast_item_kind kind;
    ast_name name;
    ir_span span;
    ast_header header;
    ast_statements body;
    ast_statement *statement; /* ITEM_STATEMENT */
    bool broken;              /* its parameters or its body could not be read at all */
    symbol *symbol;           /* filled by sema */
} ast_item;

typedef struct ast_file {
    uint32_t file;     /* in the diagnostics */
    uint32_t position; /* among the files loaded */
    const char *path;
    bool from_library;
    ARENA_LIST(ast_item *) items;
    uint32_t syntax_errors;
    bool item_lost; /* the rest of the file could not be read: unknown names may be its */
    ARENA_LIST(struct ast_file *) uses;
} ast_file;
typedef ARENA_LIST(ast_file *) ast_files;

/* ---- ast.c: making nodes -------------------------------------------------------------------- */

ast_expr *ast_new(arena *a, ast_kind kind, ir_span span);
ast_expr *ast_named(arena *a, ast_kind kind, ast_name name, ir_span span);
ast_expr *ast_number(arena *a, double number, ir_span span); /* NaN: broken */
ast_expr *ast_unary(arena *a, ast_kind kind, ast_expr *operand, ir_span span);
ast_expr *ast_binary(arena *a, ast_kind kind, ast_expr *left, ast_expr *right);
/* Sets how deep and how high the tree is from its children. */
void ast_measure(ast_expr *e);

ast_statement *ast_statement_new(arena *a, ast_statement_kind kind, ir_span span);
ast_item *ast_item_new(arena *a, ast_item_kind kind, ast_name name, ir_span span);

ir_span ast_join(ir_span from, ir_span to);

#endif
