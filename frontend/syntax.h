/* syntax.h - between the scanner and the parser: one file's state, the tokens as the parser gets them,
 * and the wording of syntax errors.
 *
 * Recovery. A syntax error ends its statement: the parser drops tokens until `;`, or until the filter
 * here sees a token that can only begin or end something else (a statement's keyword, a closing brace,
 * the end of the file); there it puts in RECOVER, which every error rule accepts, and then the token again.
 */
#ifndef FRONTEND_SYNTAX_H
#define FRONTEND_SYNTAX_H

#include "frontend/ast.h"

/* Byte offsets; the parser's location type. */
typedef struct ast_place {
    uint32_t begin, end;
} ast_place;

enum { SYNTAX_MAX_HELD = 4 };

typedef struct syntax {
    ir_module *module;
    arena *arena;
    diagnostics *diagnostics;
    ast_file *file;
    const char *text;
    size_t length;
    void *scanner;
    uint32_t offset; /* of the byte that the scanner reads next */

    /* the filter */
    int held[SYNTAX_MAX_HELD]; /* tokens to deliver before scanning on, all at held_place */
    uint32_t held_count;
    ast_place held_place;
    int previous;                           /* the last token delivered, and where it ended */
    ast_place previous_place, before_place; /* and the one before it */
    bool in_set;                            /* inside the braces of a spin's domain */
    uint32_t blocks;                        /* bodies open, by their braces */
    uint32_t brackets;                      /* ( and [ open */
    bool recovering;                        /* an error is being skipped */
    uint32_t skipped_braces;                /* opened since then */
    uint32_t last_error, repeats;           /* where the last error was, and how often it has come back */
    bool at_end;                            /* END was delivered */
} syntax;

/* Parses a file already added to the diagnostics; faults are reported and what could be read is returned. */
ast_file *syntax_parse(ir_module *m, uint32_t file, bool from_library);

ir_span syntax_span(const syntax *s, ast_place place);
void syntax_recovered(syntax *s);
/* The tokens that the grammar would have taken, by the names in parser.y. */
typedef struct syntax_expected {
    const char *tokens[100];
    int count;
} syntax_expected;
/* Reports that `token` is not one of them, and prepares the recovery. */
void syntax_error(syntax *s, int token, ast_place place, const syntax_expected *expected);
/* The expression, or a broken one when it is nested too deep (reported). */
ast_expr *syntax_limit(syntax *s, ast_expr *e);
/* A decimal number whatever the locale; false when it is not finite. */
bool syntax_number(const char *text, size_t length, double *out);

#endif
