/* builtin.h - the functions that the language knows, one row each. */
#ifndef FRONTEND_BUILTIN_H
#define FRONTEND_BUILTIN_H

#include "ir/ir.h"

/* An argument given by name. */
typedef enum builtin_named { NAMED_NONE, NAMED_OPTIONAL_NUMBER, NAMED_NUMBER, NAMED_TENSOR } builtin_named;

typedef struct builtin {
    const char *name;
    ir_opcode code;       /* in models and fns; OP_NONE: not there */
    const char *operands; /* t tensor, p group of parameters, n number for the attribute `key` */
    const char *key;
    builtin_named named;
    double preset;          /* of an optional number */
    ir_expr_kind one, two;  /* in Hamiltonians, of one and of two arguments; EXPR_POISON: not there */
    bool reduces;           /* `one` reduces a tensor */
    bool keeps_polynomials; /* spins may stand in the arguments of an energy */
} builtin;

const builtin *builtin_find(const char *name);
/* Row `position`, NULL behind the last. */
const builtin *builtin_at(uint32_t position);
/* Whether it is a function of numbers, so that it gives a constant when its arguments are. */
bool builtin_is_scalar(const builtin *b, uint32_t argument_count);
double builtin_evaluate(const builtin *b, const double *arguments, uint32_t count);

#endif
