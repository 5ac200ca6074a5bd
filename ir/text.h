/* text.h - the vocabulary of the text form, shared by the printer and the parser (ir/README.md).
 *
 * Names are [A-Za-z_][A-Za-z0-9_.]*; what is not a name is quoted. Words of the expression grammar are
 * never index names in the text: the printer gives such an index a suffix.
 */
#ifndef IR_TEXT_H
#define IR_TEXT_H

#include "ir/ir.h"

enum {
    TEXT_MAX_NESTING = 256,   /* brackets within brackets */
    TEXT_MAX_DEPTH = 4096,    /* operators above one another, so that recursion stays shallow */
    TEXT_MAX_INDICES = 64,    /* of one reduction */
    TEXT_MAX_BYTES = 16 << 20 /* of a file */
};

typedef enum text_precedence {
    PRECEDENCE_OR = 1,
    PRECEDENCE_AND,
    PRECEDENCE_NOT,
    PRECEDENCE_COMPARISON, /* does not associate */
    PRECEDENCE_SUM,
    PRECEDENCE_PRODUCT,
    PRECEDENCE_UNARY,
    PRECEDENCE_PRIMARY
} text_precedence;

/* Infix operators, by kind: text NULL where the kind is none. */
typedef struct text_operator {
    const char *text;
    text_precedence precedence;
} text_operator;
extern const text_operator text_operators[EXPR_KIND_COUNT];

/* `name(arguments)`, by kind; the same name may stand for two kinds with different argument counts. */
typedef struct text_function {
    const char *text;
    uint32_t arg_count;
} text_function;
extern const text_function text_functions[EXPR_KIND_COUNT];

/* `name[indices : condition] (body)`, by kind. */
extern const char *const text_reductions[EXPR_KIND_COUNT];

extern const char *const text_elems[IR_GROUP + 1]; /* "?" for unknown */
extern const char *const text_stages[STAGE_COUNT];
extern const char *const text_function_kinds[FUNCTION_MODEL + 1];

bool text_is_reserved(const char *word); /* a word of the expression grammar */
bool text_is_name(const char *word);
bool text_is_path(const char *word); /* segments of [A-Za-z0-9_]+ joined by points */

/* The fewest digits that read back the same double, whatever the locale; out holds 32 bytes. */
void text_format_number(char *out, double number);
/* Reads digits[.digits][e[sign]digits]; false if it is not finite or there is more or less in the text. */
bool text_read_number(const char *text, size_t length, double *out);

#endif
