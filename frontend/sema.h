/* sema.h - what names stand for, and whether the program keeps the rules of language.md that can be
 * checked without shapes. Annotates the tree; a fault makes its node poison, so that nothing that depends
 * on it is reported again.
 */
#ifndef FRONTEND_SEMA_H
#define FRONTEND_SEMA_H

#include "frontend/ast.h"
#include "frontend/builtin.h"

typedef enum symbol_kind {
    SYMBOL_POISON, /* its definition was at fault */
    SYMBOL_CONST,  /* items */
    SYMBOL_FN,
    SYMBOL_HAMILTONIAN,
    SYMBOL_MODEL,
    SYMBOL_SHAPE, /* a shape name; from here on names inside a body */
    SYMBOL_OPTION,
    SYMBOL_TENSOR, /* parameter, input, let */
    SYMBOL_GROUP,  /* a parameter of type params, or a let of a group */
    SYMBOL_INDEX,
    SYMBOL_SPIN
} symbol_kind;

/* A spin that stands where an energy may not have it: in a divisor or a function. */
typedef struct spin_fault {
    ir_span span;        /* of the whole divisor or call */
    const char *message; /* NULL: no fault */
} spin_fault;

struct symbol {
    symbol_kind kind;
    ir_name name;
    ir_span span;        /* of the name where it is bound */
    diagnostic *unknown; /* a poison made by an unknown name: the report */
    bool repeated;       /* a second binding of its name: nothing refers to it */

    /* items */
    ast_file *file;
    ast_item *item;
    ast_statement *statement; /* const */
    enum { CONST_NEW, CONST_BUSY, CONST_DONE } state;
    bool broken_signature;
    ast_exprs calls; /* fn: the calls of other fns in its body */
    uint32_t visited, next_call;
    const symbol *recursion; /* the callee of a reported recursion */
    ir_function *function;

    /* a let or const of a constant expression */
    bool is_constant, is_number;
    double number;
    uint32_t size;
    ast_expr *value;

    /* names in a Hamiltonian */
    int rank; /* subscripts that it takes; -1: unknown */
    bool has_spin;
    ARENA_LIST(spin_fault) faults;
    ARENA_LIST(symbol *) uses; /* lets with spins that a let reads */
    bool bound;                /* index: inside a binder of it */
    ir_span bound_at;

    /* filled by build_ir */
    ir_value built;
    ir_index index;
    ir_expr expr; /* of a let's constant or an index's range, made once */
};

typedef enum sema_where { IN_FILE, IN_MODEL, IN_FN, IN_HAMILTONIAN } sema_where;

/* Namespaces of their own: outputs and results, paths of params. */
typedef enum sema_mark { MARK_RESULT, MARK_PARAM, MARK_COUNT } sema_mark;

typedef struct sema_first {
    uint32_t body;
    ir_span span;
} sema_first;

typedef ARENA_LIST(ir_span) sema_spans;

typedef struct sema {
    ir_module *module;
    arena *arena;
    diagnostics *diagnostics;
    ast_files files; /* imported before importing; the main file is the last */
    bool *sees;      /* [from * files.count + to]: from uses to, directly or not */
    bool names_lost; /* an import or an item could not be read: unknown functions and constants may be its */
    ir_name pi;

    /* by name */
    uint32_t name_count;
    symbol **item_of;
    symbol **local_of;
    uint32_t *local_body;          /* local_of holds in this body alone */
    sema_first *marks[MARK_COUNT]; /* where a name was given first, in that body alone */
    ARENA_LIST(symbol *) items;
    ARENA_LIST(symbol *) fns; /* in order of definition, for the search of recursion */

    /* the body being checked */
    sema_where where;
    ast_file *file;
    symbol *self;
    uint32_t body; /* number of the body */
    ARENA_LIST(symbol *) locals;
    uint32_t const_depth;
    sema_spans lost_items, lost; /* text that could not be read, of all files and of the body: names in it may be bound there */

    /* inside a Hamiltonian's expression */
    bool guarded;       /* a condition or a sum around it: it may never be evaluated */
    spin_fault barrier; /* the outermost divisor or function around it: what a spin there would be */
    symbol *faults_to;  /* the let, or the energy, that is being checked; NULL: spins are free */
} sema;

/* Checks all files; on return the tree is annotated. */
void sema_check(sema *s, ir_module *m, ast_files files, bool names_lost);

/* ---- scope.c ---- */
symbol *scope_new(sema *s, symbol_kind kind, ast_name name);
void scope_open(sema *s, sema_where where, symbol *self);
/* Binds a name in the body; a second binding is reported and gives an unreachable symbol. */
symbol *scope_bind(sema *s, symbol_kind kind, ast_name name);
/* The local or item that a value's name stands for, or NULL. */
symbol *scope_find(const sema *s, ir_name name);
symbol *scope_find_item(const sema *s, ir_name name);
symbol *scope_find_local(const sema *s, ir_name name);
/* Whether an item is the file's own or comes with what it uses. */
bool scope_sees(const sema *s, const symbol *item);
const char *scope_describe(const symbol *sym);

typedef enum scope_want { WANT_VALUE, WANT_FUNCTION, WANT_INDEX } scope_want;
void scope_suggest(sema *s, diagnostic *d, ir_name name, scope_want want);
/* The same among `count` names of a list. */
void scope_suggest_of(sema *s, diagnostic *d, ir_name name, ir_name (*at)(const void *list, uint32_t position), const void *list,
                      uint32_t count);
/* Reports an unknown name once a body and makes it poison there. */
/* Remembers text that could not be read: an unknown name that stands in it is not reported. */
void scope_lose(sema *s, ir_span span);
void scope_unknown(sema *s, ast_name name, scope_want want, const char *format);

/* False for a name that is given a second time in its namespace of this body, which is reported; `what` it is a second of. */
bool sema_once(sema *s, sema_mark mark, ast_name name, const char *what);

/* ---- sema_constant.c ---- */
void sema_const_item(sema *s, symbol *sym);
/* The expression must be a constant; `what` names it in the report. */
bool sema_constant(sema *s, ast_expr *e, const char *what);
/* The same, a whole number when it is known. `least` its lowest value. */
bool sema_whole(sema *s, ast_expr *e, const char *what, double least);
/* Computes a constant from its operands' numbers, and refuses what is not finite. */
void sema_fold(sema *s, ast_expr *e);
/* Resolves a type; in a parameter list a lone name that is no constant binds a shape name. */
void sema_type(sema *s, ast_type *type, bool binds);

/* ---- sema_expr.c ---- */
void sema_expr(sema *s, ast_expr *e);
void sema_poison(ast_expr *e);
diagnostic *sema_error(sema *s, ir_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *sema_text(const sema *s, ir_name name);

/* ---- sema_call.c: calls in models and fns ---- */
void sema_call(sema *s, ast_expr *e);
void sema_member(sema *s, ast_expr *e);
/* How many results a call gives, or 0 when that is not known. */
uint32_t sema_call_results(const ast_expr *call);
/* The results of a Hamiltonian in order: those of its one return. */
const ast_results *sema_results_of(const ast_item *item);
ast_name sema_result_name(const ast_result *result);

/* ---- sema_body.c: the statements of models and fns ---- */
void sema_parameters(sema *s, ast_item *item);
void sema_model(sema *s, ast_item *item);
void sema_fn(sema *s, ast_item *item);
/* Reports a statement that does not belong in this kind of body. */
void sema_misplaced(sema *s, const ast_statement *statement);

/* ---- sema_index.c: index notation ---- */
void sema_element(sema *s, ast_expr *e);
void sema_sum(sema *s, ast_expr *e);
void sema_index_call(sema *s, ast_expr *e);
void sema_condition(sema *s, ast_expr *e);
void sema_subscript(sema *s, ast_expr *e);
/* Opens the indices of a binder; positions of faulty ones are NULL. Close with sema_unbind. */
symbol **sema_bind_indices(sema *s, const ast_names *names);
void sema_unbind(symbol **indices, uint32_t count);
/* Notes that a spin, or a let that holds spins, stands where it is. */
void sema_spin_use(sema *s, const ast_expr *e, symbol *sym);

/* ---- sema_hamiltonian.c ---- */
void sema_hamiltonian(sema *s, ast_item *item);

#endif
