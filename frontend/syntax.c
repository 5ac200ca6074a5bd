/* syntax.c - see syntax.h. */
#include "frontend/syntax.h"
#include "parser.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int attn_scan(ATTN_STYPE *value, ATTN_LTYPE *place, void *scanner);
void attn_scan_open(syntax *s, char *buffer, size_t size);
int attn_lex(ATTN_STYPE *value, ATTN_LTYPE *place, syntax *s);

ir_span syntax_span(const syntax *s, ast_place place)
{
    return (ir_span){s->file->file, place.begin, place.end};
}

bool syntax_number(const char *text, size_t length, double *out)
{
    (void)length;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* the C library's own "C", nothing is allocated */
    *out = strtod_l(text, NULL, c);
    freelocale(c);
    return isfinite(*out);
}

/* What is refused keeps its measure, so that what is around it is refused in silence. */
static ast_expr *too_large(syntax *s, const ast_expr *e)
{
    ast_expr *broken = ast_new(s->arena, AST_BROKEN, e->span);
    broken->nesting = e->nesting;
    broken->height = e->height;
    return broken;
}

static bool holds_too_large(const ast_expr *e)
{
    for (uint32_t i = 0; i < e->args.count; i++)
        if (e->args.at[i]->nesting > AST_MAX_NESTING || e->args.at[i]->height > AST_MAX_HEIGHT)
            return true;
    return e->kind == AST_BROKEN || (e->condition && e->condition->nesting > AST_MAX_NESTING);
}

ast_expr *syntax_limit(syntax *s, ast_expr *e)
{
    if (e->nesting <= AST_MAX_NESTING && e->height <= AST_MAX_HEIGHT)
        return e;
    if (holds_too_large(e))
        return too_large(s, e);
    if (e->nesting > AST_MAX_NESTING)
        diagnostics_error(s->diagnostics, e->span, "nested more than %d levels deep", AST_MAX_NESTING);
    else
        diagnostics_error(s->diagnostics, e->span, "the expression has more than %d operators in a row", AST_MAX_HEIGHT);
    return too_large(s, e);
}

/* ---- the filter ---- */

static bool begins_item(int token)
{
    return token == FN || token == HAMILTONIAN || token == MODEL;
}

/* Tokens that stand only at the beginning of a statement or item, or close what is around it. */
static bool is_sync(int token)
{
    switch (token) {
    case USE:
    case CONST:
    case INDEX:
    case SPIN:
    case LET:
    case MINIMIZE:
    case RETURN:
    case INPUT:
    case OUTPUT:
    case PARAM:
    case '}':
    case END:
        return true;
    default:
        return begins_item(token);
    }
}

/* Braces of a domain are tokens of their own, so that recovery does not take them for the end of a body. */
static int classify_brace(syntax *s, int token)
{
    if (token == '{' && s->previous == IN) {
        s->in_set = true;
        return SET_OPEN;
    }
    if (token == '}' && s->in_set) {
        s->in_set = false;
        return SET_CLOSE;
    }
    if (token == ';' || is_sync(token))
        s->in_set = false;
    return token;
}

static void hold(syntax *s, int token)
{
    if (s->held_count < SYNTAX_MAX_HELD)
        s->held[s->held_count++] = token;
}

/* What stands before `token` when it interrupts something broken: the end of the statement, and the end of
 * the body when the token cannot be inside one. */
static void interrupt(syntax *s, int token, bool leave_body)
{
    hold(s, RECOVER);
    if (leave_body) {
        hold(s, '}');
        s->blocks = 0;
    }
    hold(s, token);
}

static int scan(syntax *s, ATTN_STYPE *value, ATTN_LTYPE *place)
{
    for (;;) {
        int token = s->at_end ? ATTN_EOF : attn_scan(value, place, s->scanner);
        if (s->at_end)
            *place = s->previous_place;
        if (token == ATTN_EOF && !s->at_end) {
            s->at_end = true;
            *place = (ast_place){(uint32_t)s->length, (uint32_t)s->length};
            token = END;
        }
        if (token != ATTN_error)
            return token;
        if (!s->recovering) { /* reported by the scanner; the parser recovers in silence */
            s->recovering = true;
            return token;
        }
    }
}

static void count_brackets(syntax *s, int token)
{
    if (token == '(' || token == '[')
        s->brackets++;
    else if ((token == ')' || token == ']') && s->brackets)
        s->brackets--;
    else if (token == ';' || is_sync(token))
        s->brackets = 0;
    if (s->recovering && token == '{')
        s->skipped_braces++;
    if (token == '{')
        s->blocks++;
    else if (token == '}' && s->blocks)
        s->blocks--;
}

/* In recovery: whether the token is a brace that closes one skipped over. */
static bool closes_skipped(syntax *s, int token)
{
    if (!s->recovering || token != '}' || !s->skipped_braces)
        return false;
    s->skipped_braces--;
    s->blocks -= s->blocks > 0;
    return true;
}

static int next_token(syntax *s, ATTN_STYPE *value, ATTN_LTYPE *place)
{
    int token;
    do
        token = classify_brace(s, scan(s, value, place));
    while (closes_skipped(s, token));
    if (s->recovering && is_sync(token)) {
        s->held_place = *place;
        s->held_count = 0;
        interrupt(s, token, (begins_item(token) || token == END) && s->blocks > 0);
    }
    return token;
}

int attn_lex(ATTN_STYPE *value, ATTN_LTYPE *place, syntax *s)
{
    int token = s->held_count ? 0 : next_token(s, value, place);
    if (s->held_count) {
        token = s->held[0];
        s->held_count--;
        memmove(s->held, s->held + 1, s->held_count * sizeof *s->held);
        *place = s->held_place;
    }
    count_brackets(s, token);
    if (s->brackets > AST_MAX_NESTING && !s->recovering) {
        diagnostics_error(s->diagnostics, syntax_span(s, *place), "nested more than %d levels deep", AST_MAX_NESTING);
        s->file->syntax_errors++;
        s->recovering = true;
        return ATTN_error;
    }
    s->previous = token;
    s->before_place = s->previous_place;
    s->previous_place = *place;
    return token;
}

void syntax_recovered(syntax *s)
{
    s->recovering = false;
    s->skipped_braces = 0;
}

/* ---- the wording of errors ---- */

static bool expects(const syntax_expected *expected, const char *name)
{
    for (int i = 0; i < expected->count; i++)
        if (!strcmp(expected->tokens[i], name))
            return true;
    return false;
}

static const char *list_expected(syntax *s, const syntax_expected *expected, bool after_expression)
{
    static const char *const operators[] = {"'+'", "'-'", "'*'", "'/'", "'where'", "a member", "'and'", "'or'", "'('", "'['"};
    const char *kept[4];
    int count = 0;
    for (int i = 0; i < expected->count; i++) {
        bool skip = !strcmp(expected->tokens[i], "the end of a broken statement");
        for (size_t k = 0; after_expression && k < sizeof operators / sizeof *operators; k++)
            skip |= !strcmp(expected->tokens[i], operators[k]);
        if (skip)
            continue;
        if (count == 4)
            return NULL;
        kept[count++] = expected->tokens[i];
    }
    const char *text = count ? kept[0] : NULL;
    for (int i = 1; i < count; i++)
        text = arena_format(s->arena, "%s%s%s", text, i == count - 1 ? " or " : ", ", kept[i]);
    return text;
}

static const char *describe_expected(syntax *s, const syntax_expected *expected)
{
    if (expects(expected, "'fn'"))
        return "'use', 'const', 'fn', 'hamiltonian' or 'model'";
    if (expects(expected, "'let'"))
        return "a statement or '}'";
    if (expects(expected, "'=='"))
        return expects(expected, "')'") ? "a comparison or ')'" : "a comparison such as '<' or '!='";
    if (expects(expected, "'not'"))
        return "a condition";
    if (expects(expected, "a number"))
        return expects(expected, "')'") ? "an expression or ')'" : "an expression";
    bool after_expression = expects(expected, "'*'") || expects(expected, "'and'");
    const char *list = list_expected(s, expected, after_expression);
    if (!list)
        return after_expression ? "an operator" : "something else";
    return after_expression ? arena_format(s->arena, "%s after the expression", list) : list;
}

static const char *describe_found(syntax *s, int token, ast_place place)
{
    if (token == END || token == ATTN_EOF)
        return "the end of the file";
    uint32_t length = place.end - place.begin;
    const char *newline = memchr(s->text + place.begin, '\n', length);
    if (newline)
        length = (uint32_t)(newline - (s->text + place.begin));
    if (length > 40)
        return arena_format(s->arena, "'%.*s...'", 40, s->text + place.begin);
    return arena_format(s->arena, "'%.*s'", (int)length, s->text + place.begin);
}

/* A misspelt keyword, a number that begins with its point, a number that names something. */
static void suggest(syntax *s, diagnostic *d, int token, ast_place place, const syntax_expected *expected)
{
    static const char *const items[] = {"use", "const", "fn", "hamiltonian", "model"};
    static const char *const statements[] = {"let", "input", "output", "param", "index", "spin", "minimize", "return"};
    const char *text = arena_copy(s->arena, s->text + place.begin, place.end - place.begin);
    const char *nearest = NULL;
    if (token == NAME && expects(expected, "'fn'"))
        nearest = diagnostics_nearest(s->arena, text, items, sizeof items / sizeof *items);
    else if (token == NAME && expects(expected, "'let'"))
        nearest = diagnostics_nearest(s->arena, text, statements, sizeof statements / sizeof *statements);
    if (nearest)
        diagnostic_hint(s->diagnostics, d, "did you mean '%s'?", nearest);
    else if (token == MEMBER && text[1] >= '0' && text[1] <= '9' && expects(expected, "a number"))
        diagnostic_hint(s->diagnostics, d, "write digits on both sides of the point: 0%s", text);
    else if (token >= USE && token <= NOT && expects(expected, "a name"))
        diagnostic_hint(s->diagnostics, d, "'%s' is a keyword and cannot be a name", text);
}

/* Where something was left out at the end of a line, the fault is there and not at the next line's token. */
static ast_place place_of_fault(const syntax *s, ast_place place, ast_place before)
{
    if (before.end <= place.begin && memchr(s->text + before.end, '\n', place.begin - before.end))
        return (ast_place){before.end, before.end};
    return place;
}

void syntax_error(syntax *s, int token, ast_place place, const syntax_expected *expected)
{
    bool again = s->file->syntax_errors && s->last_error == place.begin;
    s->repeats = again ? s->repeats + 1 : 0;
    s->last_error = place.begin;
    if (!again && token != RECOVER) {
        bool inside = !expects(expected, "'let'");
        ast_place fault = inside ? place_of_fault(s, place, s->before_place) : place;
        diagnostic *d = diagnostics_error(s->diagnostics, syntax_span(s, fault), "expected %s, found %s",
                                          describe_expected(s, expected), describe_found(s, token, place));
        suggest(s, d, token, place, expected);
    }
    s->file->syntax_errors++;
    s->recovering = true;
    s->skipped_braces = token == '{';
    if (!is_sync(token) || s->repeats > 2)
        return;
    s->held_place = place;
    s->held_count = 0;
    interrupt(s, token, (begins_item(token) || token == END) && (s->blocks > 0 || again));
}

/* ---- one file ---- */

static void check_encoding(syntax *s)
{
    const unsigned char *text = (const unsigned char *)s->text;
    for (size_t i = 0; i < s->length;) {
        size_t more = text[i] < 0x80                      ? 0
                      : text[i] >= 0xC2 && text[i] < 0xE0 ? 1
                      : (text[i] & 0xF0) == 0xE0          ? 2
                      : text[i] >= 0xF0 && text[i] < 0xF5 ? 3
                                                          : 4;
        bool good = more < 4 && i + more < s->length;
        for (size_t k = 1; good && k <= more; k++)
            good = (text[i + k] & 0xC0) == 0x80;
        if (!good) {
            diagnostics_error(s->diagnostics, syntax_span(s, (ast_place){(uint32_t)i, (uint32_t)i + 1}),
                              "the text is not UTF-8 here");
            s->file->syntax_errors++;
            return;
        }
        i += more + 1;
    }
}

ast_file *syntax_parse(ir_module *m, uint32_t file, bool from_library)
{
    source_file source = m->diagnostics->files.at[file - 1];
    syntax s = {.module = m, .arena = m->arena, .diagnostics = m->diagnostics, .text = source.text, .length = source.length};
    s.file = ARENA_NEW(m->arena, ast_file);
    s.file->file = file;
    s.file->path = source.path;
    s.file->from_library = from_library;
    check_encoding(&s);
    size_t skip = source.length >= 3 && !memcmp(source.text, "\xEF\xBB\xBF", 3) ? 3 : 0; /* a byte order mark */
    s.offset = (uint32_t)skip;
    char *buffer = arena_take(m->arena, source.length - skip + 2, 1); /* flex wants two zeros at the end, and writes in between */
    memcpy(buffer, source.text + skip, source.length - skip);
    attn_scan_open(&s, buffer, source.length - skip + 2);
    attn_parse(&s);
    return s.file;
}
