/* index_range.c - scopes of indices, and trying their combinations (index_range.h). Linear bounds are
 * in index_bounds.c. */
#include "passes/index_range.h"
#include "ir/expr_apply.h"

#include <math.h>

void index_scope_enter(index_scope *s, const ir_index *indices, uint32_t count, ir_expr condition)
{
    for (uint32_t i = 0; i < count; i++)
        ARENA_PUSH(s->m->arena, &s->indices, indices[i]);
    if (!condition)
        return;
    const ir_expr_data data = *ir_expr_get(s->m, condition);
    if (data.kind != EXPR_AND) {
        ARENA_PUSH(s->m->arena, &s->conditions, condition);
        return;
    }
    for (uint32_t i = 0; i < data.arg_count; i++)
        index_scope_enter(s, NULL, 0, data.args[i]);
}

index_mark index_scope_mark(const index_scope *s)
{
    return (index_mark){s->indices.count, s->conditions.count};
}

void index_scope_leave(index_scope *s, index_mark to)
{
    s->indices.count = to.indices;
    s->conditions.count = to.conditions;
}

/* ---- expressions as code for a stack machine, since they are evaluated millions of times ---- */

typedef struct instruction {
    ir_expr_kind kind;
    uint32_t position; /* EXPR_INDEX: in the scope */
    double number;     /* EXPR_NUMBER */
} instruction;

typedef struct code {
    ARENA_LIST(instruction) list;
    uint32_t depth, deepest;
    uint64_t mask; /* positions of the indices it reads */
    bool failed;   /* holds something else than numbers, indices and arithmetic */
} code;

static bool find_position(const index_scope *s, ir_index index, uint32_t *out)
{
    for (uint32_t i = 0; i < s->indices.count; i++)
        if (s->indices.at[i] == index) {
            *out = i;
            return true;
        }
    return false;
}

static void compile(const index_scope *s, ir_expr e, code *c)
{
    const ir_expr_data data = *ir_expr_get(s->m, e);
    instruction i = {.kind = data.kind, .number = data.number};
    if (data.kind == EXPR_INDEX && find_position(s, data.index, &i.position))
        c->mask |= UINT64_C(1) << i.position;
    else if (data.kind != EXPR_NUMBER && !ir_expr_operands(data.kind))
        c->failed = true;
    for (uint32_t a = 0; a < data.arg_count && !c->failed; a++)
        compile(s, data.args[a], c);
    if (c->failed)
        return;
    c->depth = c->depth + 1 - data.arg_count;
    c->deepest = c->depth > c->deepest ? c->depth : c->deepest;
    ARENA_PUSH(s->m->arena, &c->list, i);
}

static double run(const code *c, const double *values, double *stack)
{
    double *top = stack; /* one past the last */
    for (uint32_t i = 0; i < c->list.count; i++) {
        const instruction *n = &c->list.at[i];
        if (n->kind == EXPR_NUMBER) {
            *top++ = n->number;
        } else if (n->kind == EXPR_INDEX) {
            *top++ = values[n->position];
        } else if (ir_expr_operands(n->kind) == 1) {
            top[-1] = ir_expr_apply(n->kind, top[-1], 0);
        } else {
            top--;
            top[-1] = ir_expr_apply(n->kind, top[-1], top[0]);
        }
    }
    return top[-1];
}

/* ---- the search ---- */

typedef struct search {
    index_scope *scope;
    code *conditions;
    double extents[INDEX_SCOPE_MAX], values[INDEX_SCOPE_MAX];
    double *stack;
    uint64_t mask;      /* the indices that matter */
    const code *tested; /* NULL for INDEX_ANY */
    index_test test;
    double size, value;
} search;

/* Long conditions use up the budget faster: it stands for time. */
static void spend(search *s, uint32_t instructions)
{
    *s->scope->trials_left -= instructions / 8;
}

static bool passes_test(search *s)
{
    if (!s->tested)
        return true;
    spend(s, s->tested->list.count);
    double v = s->value = run(s->tested, s->values, s->stack);
    switch (s->test) {
    case INDEX_OUTSIDE:
        return !(v >= 0 && v < s->size) || floor(v) != v;
    case INDEX_ZERO:
        return v == 0;
    case INDEX_NOT_FINITE:
        return !isfinite(v);
    default:
        return true;
    }
}

/* The conditions whose last index is at `position` hold for the present values. */
static bool conditions_hold(search *s, uint32_t position)
{
    spend(s, s->scope->conditions.count);
    for (uint32_t c = 0; c < s->scope->conditions.count; c++) {
        const code *condition = &s->conditions[c];
        if (condition->failed || !(condition->mask >> position & 1) || condition->mask >> position >> 1)
            continue;
        spend(s, condition->list.count);
        if (run(condition, s->values, s->stack) == 0)
            return false;
    }
    return true;
}

/* Tries every value of the indices that matter from `position` on. */
static index_answer try_from(search *s, uint32_t position)
{
    while (position < s->scope->indices.count && !(s->mask >> position & 1))
        position++;
    if (position == s->scope->indices.count)
        return passes_test(s) ? INDEX_FOUND : INDEX_NEVER;
    for (double v = 0; v < s->extents[position]; v++) {
        if (--*s->scope->trials_left < 0)
            return INDEX_UNDECIDED;
        s->values[position] = v;
        if (!conditions_hold(s, position))
            continue;
        index_answer answer = try_from(s, position + 1);
        if (answer != INDEX_NEVER)
            return answer;
    }
    return INDEX_NEVER;
}

/* The indices that conditions tie to those of `mask`, directly or by way of others. */
static uint64_t connected(const search *s, uint64_t mask)
{
    for (bool grown = true; grown;) {
        grown = false;
        for (uint32_t c = 0; c < s->scope->conditions.count; c++) {
            uint64_t other = s->conditions[c].mask;
            grown |= (other & mask) && (other & ~mask);
            mask |= other & mask ? other : 0;
        }
    }
    return mask;
}

/* Whether the conditions that do not touch `done` can hold. */
static bool others_can_hold(search *s, uint64_t done)
{
    for (uint32_t c = 0; c < s->scope->conditions.count; c++) {
        const code *condition = &s->conditions[c];
        if (condition->failed || (condition->mask & done))
            continue;
        if (!condition->mask && run(condition, s->values, s->stack) == 0)
            return false;
        search other = *s;
        other.mask = connected(s, condition->mask);
        other.tested = NULL;
        if (condition->mask && try_from(&other, 0) == INDEX_NEVER)
            return false;
        done |= other.mask;
    }
    return true;
}

static const char *describe(const search *s, uint64_t mask)
{
    arena *a = s->scope->m->arena;
    const char *text = "";
    for (uint32_t i = 0; i < s->scope->indices.count; i++)
        if (mask >> i & 1)
            text = arena_format(a, "%s%s%s = %.0f", text, *text ? ", " : "",
                                ir_text(s->scope->m, ir_index_get(s->scope->m, s->scope->indices.at[i])->name), s->values[i]);
    return text;
}

static bool prepare(search *s, ir_expr e, code *tested)
{
    index_scope *scope = s->scope;
    if (scope->indices.count > INDEX_SCOPE_MAX)
        return false;
    for (uint32_t i = 0; i < scope->indices.count; i++)
        s->extents[i] = (double)ir_index_extent(scope->m, scope->indices.at[i]);
    s->conditions = ARENA_ARRAY(scope->m->arena, code, scope->conditions.count);
    uint32_t deepest = 1;
    for (uint32_t c = 0; c < scope->conditions.count; c++) {
        compile(scope, scope->conditions.at[c], &s->conditions[c]);
        if (s->conditions[c].failed)
            s->conditions[c].mask = 0;
        deepest = s->conditions[c].deepest > deepest ? s->conditions[c].deepest : deepest;
    }
    if (e) {
        compile(scope, e, tested);
        deepest = tested->deepest > deepest ? tested->deepest : deepest;
        s->tested = tested;
    }
    s->stack = ARENA_ARRAY(scope->m->arena, double, (size_t)deepest + 1);
    return !tested->failed;
}

index_answer index_scope_find(index_scope *scope, ir_expr e, index_test test, int64_t size, index_witness *out)
{
    search s = {.scope = scope, .test = test, .size = (double)size};
    code tested = {0};
    *out = (index_witness){.where = ""};
    if (!prepare(&s, e, &tested))
        return INDEX_UNDECIDED;
    for (uint32_t i = 0; i < scope->indices.count; i++)
        if (s.extents[i] <= 0)
            return INDEX_NEVER;
    s.mask = connected(&s, tested.mask);
    if (!others_can_hold(&s, s.mask))
        return INDEX_NEVER;
    index_answer answer = try_from(&s, 0);
    if (answer == INDEX_FOUND)
        *out = (index_witness){s.value, describe(&s, tested.mask)};
    return answer;
}
