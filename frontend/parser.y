/* parser.y - the grammar of `.attn`. Actions build the tree and nothing else; what a statement may mean
 * where it stands is for sema. Error rules keep the name that a broken statement would have bound, so
 * that its later uses are not faults of their own. */
%define api.pure full
%define api.prefix {attn_}
%define api.location.type {ast_place}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction consistent
%locations
%expect 0
%param {syntax *s}

%code requires {
#include "frontend/syntax.h"
}

%union {
    double number;
    ir_name name;
    ast_expr *expr;
    ast_exprs exprs;
    ast_name named;
    ast_names names;
    ast_type type;
    ast_expr call; /* arguments and labels only */
    ast_statement *statement;
    ast_statements statements;
    ast_result result;
    ast_results results;
    ast_parameter parameter;
    ast_parameters parameters;
    ast_header header;
    ast_item *item;
    int code;
}

%code {
#pragma GCC diagnostic ignored "-Wunused-but-set-variable" /* bison's count of errors */
#define YYLLOC_DEFAULT(current, right, count)                                                                          \
    do {                                                                                                               \
        (current).begin = (count) ? YYRHSLOC(right, 1).begin : YYRHSLOC(right, 0).end;                                  \
        (current).end = YYRHSLOC(right, (count) ? (count) : 0).end;                                                     \
    } while (0)
/* Parser stacks live in the arena too. Bison's look-ahead exploration has a stack of its own, made where no
 * parameter is in scope; it grows only with empty reductions in a row, of which this grammar has fewer
 * than the 20 it starts with. There `s` is this NULL, and growing would end the parse. */
static syntax *const s = NULL;
#define YYMALLOC(size) (s ? arena_take(s->arena, (size), 1) : NULL)
#define YYFREE(block) ((void)(block))
#define YYMAXDEPTH 20000

#define A s->arena
#define AT(place) syntax_span(s, place)
#define NAMED(n, place) ((ast_name){n, AT(place)})
#define BROKEN(place) ast_new(A, AST_BROKEN, AT(place))
#define RECOVERED                                                                                                      \
    do {                                                                                                               \
        yyerrok;                                                                                                       \
        syntax_recovered(s);                                                                                           \
    } while (0)

int attn_lex(ATTN_STYPE *value, ATTN_LTYPE *place, syntax *s);
static void attn_error(const ATTN_LTYPE *place, syntax *s, const char *message);

static ast_expr *binary(syntax *s, ast_kind kind, ast_expr *left, ast_expr *right)
{
    return syntax_limit(s, ast_binary(s->arena, kind, left, right));
}

static ast_expr *with_arguments(syntax *s, ast_kind kind, ast_name name, ast_place place, const ast_expr *arguments)
{
    ast_expr *e = ast_named(s->arena, kind, name, syntax_span(s, place));
    e->args = arguments->args;
    e->labels = arguments->labels;
    ast_measure(e);
    return syntax_limit(s, e);
}

static ast_expr *member(syntax *s, ast_expr *object, ast_name name, ast_place place)
{
    ast_expr *e = ast_unary(s->arena, AST_MEMBER, object, syntax_span(s, place));
    e->name = name;
    return syntax_limit(s, e);
}

static ast_expr *sum(syntax *s, ast_names indices, ast_expr *condition, ast_expr *body, ast_place place)
{
    ast_expr *e = ast_unary(s->arena, AST_SUM, body, syntax_span(s, place));
    e->indices = indices;
    e->condition = condition;
    ast_measure(e);
    return syntax_limit(s, e);
}

static ast_statement *named_statement(syntax *s, ast_statement_kind kind, ast_name name, ast_expr *value, ast_place place)
{
    ast_statement *made = ast_statement_new(s->arena, kind, syntax_span(s, place));
    made->name = name;
    made->value = value;
    return made;
}

static ast_statement *broken_statement(syntax *s, ast_statement_kind kind, ast_name name, ast_place place)
{
    ast_statement *made = named_statement(s, kind, name, NULL, place);
    made->broken = true;
    return made;
}

static ast_item *function(syntax *s, int kind, ast_name name, ast_header header, ast_statements body, ast_place place)
{
    ast_item *item = ast_item_new(s->arena, (ast_item_kind)kind, name, syntax_span(s, place));
    item->header = header;
    item->body = body;
    return item;
}

static ast_item *broken_item(syntax *s, int kind, ast_name name, ast_place place)
{
    ast_item *item = ast_item_new(s->arena, (ast_item_kind)kind, name, syntax_span(s, place));
    item->broken = item->header.broken = true;
    return item;
}
}

%token USE "'use'" CONST "'const'" FN "'fn'" HAMILTONIAN "'hamiltonian'" MODEL "'model'" INDEX "'index'" SPIN "'spin'" LET "'let'"
%token MINIMIZE "'minimize'" RETURN "'return'" INPUT "'input'" OUTPUT "'output'" PARAM "'param'"
%token WHERE "'where'" IN "'in'" SUM "'sum'" AND "'and'" OR "'or'" NOT "'not'"
%token EQUAL "'=='" NOT_EQUAL "'!='" LESS_EQUAL "'<='" GREATER_EQUAL "'>='"
%token SET_OPEN "'{'" SET_CLOSE "'}'"
%token RECOVER "the end of a broken statement" END "the end of the file"
%token <name> NAME "a name" PATH "a path" MEMBER "a member" STRING "a string"
%token <number> NUMBER "a number"

%type <expr> expr product chain sum unary primary condition conjunction negation comparison where
%type <expr> sum_condition
%type <exprs> exprs
%type <names> names subscripts
%type <call> arguments argument_list
%type <type> type
%type <statement> statement let_head
%type <statements> statements body
%type <result> result
%type <results> results
%type <parameter> parameter option
%type <parameters> parameters parameter_list options
%type <header> header
%type <item> item
%type <code> comparator function_kind

%%

file: items END
;

items: %empty
| items item { ARENA_PUSH(A, &s->file->items, $2); }
;

item: statement { $$ = ast_item_new(A, ITEM_STATEMENT, $1->name, $1->span); $$->statement = $1; }
| function_kind NAME header body { $$ = function(s, $1, NAMED($2, @2), $3, $4, @$); }
| function_kind NAME error stop { $$ = broken_item(s, $1, NAMED($2, @2), @$); RECOVERED; }
| function_kind NAME '(' error RECOVER { $$ = broken_item(s, $1, NAMED($2, @2), @$); RECOVERED; }
| MODEL NAME body { $$ = function(s, ITEM_MODEL, NAMED($2, @2), (ast_header){0}, $3, @$); }
| MODEL NAME error stop { $$ = broken_item(s, ITEM_MODEL, NAMED($2, @2), @$); RECOVERED; }
| '}' { $$ = ast_item_new(A, ITEM_STRAY_BRACE, (ast_name){0}, AT(@1)); }
;

function_kind: FN { $$ = ITEM_FN; }
| HAMILTONIAN { $$ = ITEM_HAMILTONIAN; }
;

header: '(' parameter_list ')' { $$ = (ast_header){.parameters = $2}; }
| '(' parameter_list ';' options ')' { $$ = (ast_header){.parameters = $2, .options = $4}; }
| '(' error ')' { $$ = (ast_header){.broken = true, .span = AT(@$)}; RECOVERED; }
| '(' error { $$ = (ast_header){.broken = true, .span = AT(@$)}; RECOVERED; }
;

parameter_list: %empty { $$ = (ast_parameters){0}; }
| parameters
;

parameters: parameter { $$ = (ast_parameters){0}; ARENA_PUSH(A, &$$, $1); }
| parameters ',' parameter { $$ = $1; ARENA_PUSH(A, &$$, $3); }
;

parameter: NAME ':' type { $$ = (ast_parameter){.name = NAMED($1, @1), .type = $3}; }
;

options: option { $$ = (ast_parameters){0}; ARENA_PUSH(A, &$$, $1); }
| options ',' option { $$ = $1; ARENA_PUSH(A, &$$, $3); }
;

option: NAME '=' expr { $$ = (ast_parameter){.name = NAMED($1, @1), .value = $3}; }
;

type: NAME { $$ = (ast_type){.name = NAMED($1, @1), .span = AT(@$)}; }
| NAME '[' exprs ']' { $$ = (ast_type){.name = NAMED($1, @1), .dims = $3, .span = AT(@$)}; }
;

body: '{' statements '}' { $$ = $2; }
;

statements: %empty { $$ = (ast_statements){0}; }
| statements statement { $$ = $1; ARENA_PUSH(A, &$$, $2); }
;

stop: ';' | RECOVER
;

statement: USE STRING ';' { $$ = named_statement(s, STATEMENT_USE, NAMED($2, @2), NULL, @$); }
| USE error stop { $$ = broken_statement(s, STATEMENT_USE, (ast_name){0}, @$); RECOVERED; }

| CONST NAME '=' expr ';' { $$ = named_statement(s, STATEMENT_CONST, NAMED($2, @2), $4, @$); }
| CONST NAME error stop { $$ = broken_statement(s, STATEMENT_CONST, NAMED($2, @2), @$); RECOVERED; }

| INPUT NAME ':' type ';' { $$ = named_statement(s, STATEMENT_INPUT, NAMED($2, @2), NULL, @$); $$->type = $4; }
| INPUT NAME error stop { $$ = broken_statement(s, STATEMENT_INPUT, NAMED($2, @2), @$); RECOVERED; }

| PARAM PATH ':' type ';' { $$ = named_statement(s, STATEMENT_PARAM, NAMED($2, @2), NULL, @$); $$->type = $4; }
| PARAM PATH error stop { $$ = broken_statement(s, STATEMENT_PARAM, NAMED($2, @2), @$); RECOVERED; }

| LET NAME '=' expr where ';' { $$ = named_statement(s, STATEMENT_LET, NAMED($2, @2), $4, @$); $$->condition = $5; }
| LET NAME error stop { $$ = broken_statement(s, STATEMENT_LET, NAMED($2, @2), @$); RECOVERED; }
| LET let_head '=' expr where ';' { $$ = $2; $$->value = $4; $$->condition = $5; $$->span = AT(@$); }
| LET let_head error stop { $$ = $2; $$->broken = true; $$->span = AT(@$); RECOVERED; }
| LET '(' names error stop {
    $$ = broken_statement(s, STATEMENT_LET, (ast_name){0}, @$);
    $$->tuple = true;
    $$->names = $3;
    RECOVERED;
}

| OUTPUT NAME '=' expr ';' { $$ = named_statement(s, STATEMENT_OUTPUT, NAMED($2, @2), $4, @$); }
| OUTPUT NAME error stop { $$ = broken_statement(s, STATEMENT_OUTPUT, NAMED($2, @2), @$); RECOVERED; }

| INDEX names IN expr ';' { $$ = named_statement(s, STATEMENT_INDEX, (ast_name){0}, $4, @$); $$->names = $2; }
| INDEX names error stop { $$ = broken_statement(s, STATEMENT_INDEX, (ast_name){0}, @$); $$->names = $2; RECOVERED; }

| SPIN NAME subscripts IN SET_OPEN exprs SET_CLOSE ';' {
    $$ = named_statement(s, STATEMENT_SPIN, NAMED($2, @2), NULL, @$);
    $$->names = $3;
    $$->domain = $6;
}
| SPIN NAME error stop { $$ = broken_statement(s, STATEMENT_SPIN, NAMED($2, @2), @$); RECOVERED; }

| MINIMIZE expr ';' { $$ = named_statement(s, STATEMENT_MINIMIZE, (ast_name){0}, $2, @$); }
| MINIMIZE error stop { $$ = broken_statement(s, STATEMENT_MINIMIZE, (ast_name){0}, @$); RECOVERED; }

| RETURN results ';' { $$ = ast_statement_new(A, STATEMENT_RETURN, AT(@$)); $$->results = $2; }
| RETURN error stop { $$ = broken_statement(s, STATEMENT_RETURN, (ast_name){0}, @$); RECOVERED; }

| error stop { $$ = broken_statement(s, STATEMENT_BROKEN, (ast_name){0}, @$); RECOVERED; }
;

let_head: NAME '[' names ']' {
    $$ = named_statement(s, STATEMENT_LET, NAMED($1, @1), NULL, @$);
    $$->subscripted = true;
    $$->names = $3;
}
| '(' names ')' {
    $$ = named_statement(s, STATEMENT_LET, (ast_name){0}, NULL, @$);
    $$->tuple = true;
    $$->names = $2;
}
;

subscripts: %empty { $$ = (ast_names){0}; }
| '[' names ']' { $$ = $2; }
;

names: NAME { $$ = (ast_names){0}; ARENA_PUSH(A, &$$, NAMED($1, @1)); }
| names ',' NAME { $$ = $1; ARENA_PUSH(A, &$$, NAMED($3, @3)); }
;

results: result { $$ = (ast_results){0}; ARENA_PUSH(A, &$$, $1); }
| results ',' result { $$ = $1; ARENA_PUSH(A, &$$, $3); }
;

result: expr where { $$ = (ast_result){.value = $1, .condition = $2}; }
| expr '=' expr where { $$ = (ast_result){.target = $1, .value = $3, .condition = $4}; }
;

where: %empty { $$ = NULL; }
| WHERE condition { $$ = $2; }
;

exprs: expr { $$ = (ast_exprs){0}; ARENA_PUSH(A, &$$, $1); }
| exprs ',' expr { $$ = $1; ARENA_PUSH(A, &$$, $3); }
;

expr: product
| expr '+' product { $$ = binary(s, AST_ADD, $1, $3); }
| expr '-' product { $$ = binary(s, AST_SUBTRACT, $1, $3); }
;

/* A sum takes the whole product after it, so it can only be the last factor. */
product: chain
| sum
| chain '*' sum { $$ = binary(s, AST_MULTIPLY, $1, $3); }
| chain '/' sum { $$ = binary(s, AST_DIVIDE, $1, $3); }
;

chain: unary
| chain '*' unary { $$ = binary(s, AST_MULTIPLY, $1, $3); }
| chain '/' unary { $$ = binary(s, AST_DIVIDE, $1, $3); }
;

sum: SUM '[' names sum_condition ']' product { $$ = sum(s, $3, $4, $6, @$); }
| '-' sum { $$ = syntax_limit(s, ast_unary(A, AST_NEGATE, $2, AT(@$))); }
;

sum_condition: %empty { $$ = NULL; }
| ':' condition { $$ = $2; }
;

unary: primary
| '-' unary { $$ = syntax_limit(s, ast_unary(A, AST_NEGATE, $2, AT(@$))); }
;

primary: NUMBER { $$ = ast_number(A, $1, AT(@1)); }
| NAME { $$ = ast_named(A, AST_NAME, NAMED($1, @1), AT(@1)); }
| PATH { $$ = ast_named(A, AST_PATH, NAMED($1, @1), AT(@1)); }
| NAME '(' arguments ')' { $$ = with_arguments(s, AST_CALL, NAMED($1, @1), @$, &$3); }
| SUM '(' arguments ')' { $$ = with_arguments(s, AST_CALL, NAMED(ir_intern_text(s->module, "sum"), @1), @$, &$3); }
| NAME '[' exprs ']' { $$ = with_arguments(s, AST_ELEMENT, NAMED($1, @1), @$, &(ast_expr){.args = $3}); }
| primary MEMBER { $$ = member(s, $1, NAMED($2, @2), @$); }
| '(' expr ')' { $$ = $2; $$->span = AT(@$); $$->nesting++; $$ = syntax_limit(s, $$); }
;

arguments: %empty { $$ = (ast_expr){0}; }
| argument_list
;

argument_list: expr { $$ = (ast_expr){0}; ARENA_PUSH(A, &$$.args, $1); ARENA_PUSH(A, &$$.labels, (ast_name){0}); }
| NAME '=' expr { $$ = (ast_expr){0}; ARENA_PUSH(A, &$$.args, $3); ARENA_PUSH(A, &$$.labels, NAMED($1, @1)); }
| argument_list ',' expr { $$ = $1; ARENA_PUSH(A, &$$.args, $3); ARENA_PUSH(A, &$$.labels, (ast_name){0}); }
| argument_list ',' NAME '=' expr { $$ = $1; ARENA_PUSH(A, &$$.args, $5); ARENA_PUSH(A, &$$.labels, NAMED($3, @3)); }
;

condition: conjunction
| condition OR conjunction { $$ = binary(s, AST_OR, $1, $3); }
;

conjunction: negation
| conjunction AND negation { $$ = binary(s, AST_AND, $1, $3); }
;

negation: comparison
| NOT negation { $$ = syntax_limit(s, ast_unary(A, AST_NOT, $2, AT(@$))); }
| '(' condition ')' { $$ = $2; $$->nesting++; $$ = syntax_limit(s, $$); }
;

comparison: expr comparator expr { $$ = binary(s, (ast_kind)$2, $1, $3); }
;

comparator: EQUAL { $$ = AST_EQUAL; }
| NOT_EQUAL { $$ = AST_NOT_EQUAL; }
| '<' { $$ = AST_LESS; }
| LESS_EQUAL { $$ = AST_LESS_EQUAL; }
| '>' { $$ = AST_GREATER; }
| GREATER_EQUAL { $$ = AST_GREATER_EQUAL; }
;

%%

/* Only the parser's own faults come here: its stack is full. */
static void attn_error(const ATTN_LTYPE *place, syntax *s, const char *message)
{
    (void)message;
    diagnostics_error(s->diagnostics, AT(*place), "nested more than %d levels deep", AST_MAX_NESTING);
    s->file->syntax_errors++;
    s->file->item_lost = true;
}

enum { MAX_EXPECTED = YYNTOKENS };

static int yyreport_syntax_error(const yypcontext_t *context, syntax *s)
{
    yysymbol_kind_t kinds[MAX_EXPECTED];
    int count = yypcontext_expected_tokens(context, kinds, MAX_EXPECTED);
    if (count < 0)
        return count;
    syntax_expected expected = {.count = 0};
    for (int i = 0; i < count; i++)
        expected.tokens[expected.count++] = yysymbol_name(kinds[i]);
    int found = ATTN_EMPTY;
    for (int token = 0; token <= YYMAXUTOK; token++)
        if (YYTRANSLATE(token) == yypcontext_token(context))
            found = token;
    syntax_error(s, found, *yypcontext_location(context), &expected);
    return 0;
}
