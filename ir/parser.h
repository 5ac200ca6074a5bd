/* parser.h - inside the parser of the text form: the scanner's token and what is known so far.
 *
 * The first fault ends the parse: it is reported, and from then on every token is TOKEN_END, at which
 * all loops stop. So the parsing functions need no error results.
 */
#ifndef IR_PARSER_H
#define IR_PARSER_H

#include "ir/text.h"

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* elem */
    TOKEN_VALUE,  /* %x.1 */
    TOKEN_SYMBOL, /* $N */
    TOKEN_PATH,   /* @a.b.c */
    TOKEN_STRING, /* "..." */
    TOKEN_NUMBER,
    TOKEN_PUNCTUATION
} token_kind;

typedef struct token {
    token_kind kind;
    const char *text; /* without the sign in front or the quotes, unescaped; never NULL */
    ir_name name;     /* text, interned; of the kinds that carry a name */
    double number;
    ir_span span;
    bool first_in_line;
} token;

typedef struct named_index {
    ir_name name;
    ir_index index;
} named_index;

/* What a name stands for in the function of that number. */
typedef struct named_value {
    uint32_t function;
    ir_value value;
} named_value;

typedef struct parser {
    ir_module *module;
    arena *arena;
    uint32_t file;
    const char *text;
    size_t length, at;
    token token; /* the one to look at */
    uint32_t previous_end;
    bool failed;
    bool located; /* what has no location has none */

    uint32_t nesting;
    uint32_t function;              /* counts functions, from 1 */
    ARENA_LIST(named_value) values; /* by ir_name */
    ARENA_LIST(uint32_t) files;     /* by ir_name: the id of the file of that path, or 0 */
    ARENA_LIST(named_index) scope;  /* indices in scope, innermost last */
    ARENA_LIST(uint16_t) depths;    /* by ir_expr */
    const ir_spins *arrays;         /* of the operation being read */
    uint32_t array_count;
} parser;

/* scan.c */
void parser_error(parser *p, ir_span span, const char *format, ...) __attribute__((format(printf, 3, 4)));
void parser_advance(parser *p);
void parser_scan_file_name(parser *p);             /* the next token is a bare or quoted file name */
bool parser_at(const parser *p, const char *word); /* a name or punctuation spelled so */
bool parser_accept(parser *p, const char *word);
void parser_expect(parser *p, const char *word);
void parser_expected(parser *p, const char *what); /* reports what stands there instead */
ir_name parser_name(parser *p, const char *what);  /* a name or a string */
int64_t parser_integer(parser *p, int64_t most, const char *what);
bool parser_enter(parser *p); /* one bracket deeper; false after reporting too many */
void parser_leave(parser *p);
ir_span parser_span_from(const parser *p, uint32_t begin); /* to the end of the token before */

/* parse.c. A loc: false where there is none, and then *span stays as it is, a place in this text, unless the text says that all
 * locations are known, and it is nowhere. Sites: the innermost call first; 0 without any. */
bool parser_loc(parser *p, ir_span *span);
uint32_t parser_sites(parser *p);
ir_type parser_type(parser *p);

/* parse_attribute.c */
uint32_t parser_options(parser *p, const char *end, const ir_option **out); /* up to and with `end` */
void parser_attribute(parser *p, ir_attribute_kind kind, ir_attribute *a);

/* parse_expr.c */
ir_expr parser_expr(parser *p);
uint32_t parser_exprs(parser *p, const char *end, uint32_t most, const ir_expr **out); /* up to and with `end` */
uint32_t parser_indices(parser *p, uint32_t most, const ir_index **out);               /* brings them into scope */
ir_value parser_value(parser *p);                                                      /* a value already defined */

#endif
