/* text.c - the vocabulary of the text form (text.h). */
#include "ir/text.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const text_operator text_operators[EXPR_KIND_COUNT] = {
    [EXPR_OR] = {"or", PRECEDENCE_OR},
    [EXPR_AND] = {"and", PRECEDENCE_AND},
    [EXPR_EQUAL] = {"==", PRECEDENCE_COMPARISON},
    [EXPR_NOT_EQUAL] = {"!=", PRECEDENCE_COMPARISON},
    [EXPR_LESS] = {"<", PRECEDENCE_COMPARISON},
    [EXPR_LESS_EQUAL] = {"<=", PRECEDENCE_COMPARISON},
    [EXPR_GREATER] = {">", PRECEDENCE_COMPARISON},
    [EXPR_GREATER_EQUAL] = {">=", PRECEDENCE_COMPARISON},
    [EXPR_ADD] = {"+", PRECEDENCE_SUM},
    [EXPR_SUBTRACT] = {"-", PRECEDENCE_SUM},
    [EXPR_MULTIPLY] = {"*", PRECEDENCE_PRODUCT},
    [EXPR_DIVIDE] = {"/", PRECEDENCE_PRODUCT},
};

const text_function text_functions[EXPR_KIND_COUNT] = {
    [EXPR_SQRT] = {"sqrt", 1},     [EXPR_EXP] = {"exp", 1},     [EXPR_LOG] = {"log", 1},     [EXPR_ABS] = {"abs", 1},
    [EXPR_TANH] = {"tanh", 1},     [EXPR_MIN] = {"min", 2},     [EXPR_MAX] = {"max", 2},     [EXPR_DOT] = {"dot", 2},
    [EXPR_MEAN_ALL] = {"mean", 1}, [EXPR_SUM_ALL] = {"sum", 1}, [EXPR_MIN_ALL] = {"min", 1}, [EXPR_MAX_ALL] = {"max", 1},
    [EXPR_WHERE] = {"where", 2},
};

const char *const text_reductions[EXPR_KIND_COUNT] = {
    [EXPR_SUM_OVER] = "sum",
    [EXPR_MIN_OVER] = "min",
    [EXPR_MAX_OVER] = "max",
};

const char *const text_elems[IR_GROUP + 1] = {"?", "poison", "f32", "f64", "i32", "spin", "params"};
const char *const text_stages[STAGE_COUNT] = {"calls", "graph", "ising", "scheduled"};
const char *const text_function_kinds[FUNCTION_MODEL + 1] = {"fn", "hamiltonian", "model"};

bool text_is_reserved(const char *word)
{
    static const char *const others[] = {"and", "or", "not", "in", "poison"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(word, others[i]))
            return true;
    for (int kind = 0; kind < EXPR_KIND_COUNT; kind++)
        if (text_functions[kind].text && !strcmp(word, text_functions[kind].text))
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool text_is_name(const char *word)
{
    if (!is_letter(*word))
        return false;
    while (is_letter(*word) || is_digit(*word) || *word == '.')
        word++;
    return !*word;
}

bool text_is_path(const char *word)
{
    bool in_segment = false;
    for (; *word; word++) {
        if (*word == '.' ? !in_segment : !is_letter(*word) && !is_digit(*word))
            return false;
        in_segment = *word != '.';
    }
    return in_segment;
}

/* glibc's "C" locale is a constant, so making it neither fails nor needs to be undone. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Digits as d.ddd with the decimal exponent apart; as few as read back the same. */
static int shortest_digits(double number, char digits[24], int *exponent)
{
    char text[40];
    locale_t before = uselocale(c_locale());
    int precision = 0;
    do
        snprintf(text, sizeof text, "%.*e", precision, number);
    while (strtod(text, NULL) != number && ++precision < 17);
    uselocale(before);
    char *e = strchr(text, 'e');
    *exponent = atoi(e + 1);
    int count = 0;
    for (char *c = text; c < e; c++)
        if (is_digit(*c))
            digits[count++] = *c;
    return count;
}

/* Plain notation from 1e-4 to below 1e17, as a reader would write it, else d.ddde+XX. */
void text_format_number(char *out, double number)
{
    if (!isfinite(number)) {
        strcpy(out, isnan(number) ? "nan" : number < 0 ? "-inf" : "inf");
        return;
    }
    char digits[24];
    int exponent;
    if (signbit(number))
        *out++ = '-';
    int count = shortest_digits(fabs(number), digits, &exponent);
    if (exponent < -4 || exponent > 16) {
        *out++ = digits[0];
        if (count > 1)
            out += sprintf(out, ".%.*s", count - 1, digits + 1);
        sprintf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        sprintf(out, "0.%.*s%.*s", -exponent - 1, "000", count, digits);
    } else if (count <= exponent + 1) {
        sprintf(out, "%.*s%.*s", count, digits, exponent + 1 - count, "00000000000000000");
    } else {
        sprintf(out, "%.*s.%.*s", exponent + 1, digits, count - exponent - 1, digits + exponent + 1);
    }
}

bool text_read_number(const char *text, size_t length, double *out)
{
    char copy[512], *end; /* longer spellings say nothing a double can hold */
    if (!length || length >= sizeof copy || !is_digit(*text))
        return false;
    for (size_t i = 0; i < length; i++)
        if (!is_digit(text[i]) && !strchr(".eE+-", text[i]))
            return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *out = strtod_l(copy, &end, c_locale());
    return end == copy + length && isfinite(*out);
}
