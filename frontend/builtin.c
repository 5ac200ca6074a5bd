/* builtin.c - see builtin.h. */
#include "frontend/builtin.h"

#include <math.h>
#include <string.h>

#define NOWHERE .one = EXPR_POISON, .two = EXPR_POISON
#define SCALAR(kind) .one = kind, .two = EXPR_POISON

static const builtin table[] = {
    {"linear", OP_LINEAR, "tp", NOWHERE},
    {"layernorm", OP_LAYERNORM, "tp", "eps", NAMED_OPTIONAL_NUMBER, 1e-5, NOWHERE},
    {"gelu", OP_GELU, "t", NOWHERE},
    {"relu", OP_RELU, "t", NOWHERE},
    {"tanh", OP_TANH, "t", SCALAR(EXPR_TANH)},
    {"exp", OP_EXP, "t", SCALAR(EXPR_EXP)},
    {"sqrt", OP_SQRT, "t", SCALAR(EXPR_SQRT)},
    {"softmax", OP_SOFTMAX, "t", NOWHERE},
    {"mean", OP_MEAN, "t", "axis", NAMED_NUMBER, .one = EXPR_MEAN_ALL, .two = EXPR_POISON, .reduces = true,
     .keeps_polynomials = true},
    {"sum", OP_SUM, "t", "axis", NAMED_NUMBER, .one = EXPR_SUM_ALL, .two = EXPR_POISON, .reduces = true,
     .keeps_polynomials = true},
    {"matmul", OP_MATMUL, "tt", NOWHERE},
    {"transpose", OP_TRANSPOSE, "t", NOWHERE},
    {"split_heads", OP_SPLIT_HEADS, "tn", "heads", NOWHERE},
    {"merge_heads", OP_MERGE_HEADS, "t", NOWHERE},
    {"attention", OP_ATTENTION, "ttt", "keys", NAMED_TENSOR, NOWHERE},
    {"embedding", OP_EMBEDDING, "tp", NOWHERE},
    {"dot", OP_NONE, .one = EXPR_POISON, .two = EXPR_DOT, .reduces = true, .keeps_polynomials = true},
    {"min", OP_NONE, .one = EXPR_MIN_ALL, .two = EXPR_MIN, .reduces = true},
    {"max", OP_NONE, .one = EXPR_MAX_ALL, .two = EXPR_MAX, .reduces = true},
    {"log", OP_NONE, SCALAR(EXPR_LOG)},
    {"abs", OP_NONE, SCALAR(EXPR_ABS)},
};

const builtin *builtin_at(uint32_t position)
{
    return position < sizeof table / sizeof *table ? &table[position] : NULL;
}

const builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].name, name))
            return &table[i];
    return NULL;
}

bool builtin_is_scalar(const builtin *b, uint32_t argument_count)
{
    if (argument_count == 2)
        return b->two == EXPR_MIN || b->two == EXPR_MAX;
    return argument_count == 1 && b->one != EXPR_POISON && !b->reduces;
}

double builtin_evaluate(const builtin *b, const double *x, uint32_t count)
{
    switch (count == 2 ? b->two : b->one) {
    case EXPR_SQRT:
        return sqrt(x[0]);
    case EXPR_EXP:
        return exp(x[0]);
    case EXPR_LOG:
        return log(x[0]);
    case EXPR_ABS:
        return fabs(x[0]);
    case EXPR_TANH:
        return tanh(x[0]);
    case EXPR_MIN:
        return x[1] < x[0] ? x[1] : x[0];
    case EXPR_MAX:
        return x[1] > x[0] ? x[1] : x[0];
    default:
        return NAN;
    }
}
