/* lower_hamiltonian.c - from energies to terms.
 *
 * Requires: one model with every value typed, expressions complete (infer-shapes).
 * Establishes: stage `ising`. Each `spin`s + `minimize` is one `anneal`, a short list of terms in index
 * notation: offsets, linear and quadratic terms, each pair of spins once.
 * Breaks: scalar constants and dead maps are left behind for fold.
 *
 * How. The energy is expanded into monomials (polynomial.c): sums of coefficient * product of spins. Maps that read
 * spins are names for polynomials; they are substituted. The monomials are brought to canonical form and added up
 * (canonical.c). No coefficient is computed here and no matrix is ever made: J stays J[t, i, j].
 *
 * What stood before the minimize but reads spins is wanted after it, as numbers, so it moves behind the anneal.
 */
#include "passes/pass.h"
#include "passes/polynomial.h"

typedef struct lowering {
    ir_module *m;
    ARENA_LIST(ir_op) ops;      /* the new body */
    ARENA_LIST(ir_op) deferred; /* maps that read spins not annealed yet */
    ARENA_LIST(ir_value) spins; /* replaced: spins.at[i] -> annealed.at[i] */
    ARENA_LIST(ir_value) annealed;
    bool *reads;    /* by value: a result of `spin` without an anneal so far, or a map that reads one */
    bool *poisoned; /* by value: a map that reads what an error made meaningless */
    uint32_t value_count;
} lowering;

static ir_expr read_annealed(ir_module *m, ir_expr e, void *context)
{
    const lowering *l = context;
    ir_expr_data x = *ir_expr_get(m, e);
    if (x.kind != EXPR_ELEMENT)
        return e;
    for (uint32_t i = 0; i < l->spins.count; i++)
        if (l->spins.at[i] == x.value)
            return ir_element(m, l->annealed.at[i], x.args, x.arg_count, x.span);
    return e;
}

static void keep(lowering *l, ir_op op)
{
    ir_op_map_exprs(l->m, op, false, read_annealed, l);
    ARENA_PUSH(l->m->arena, &l->ops, op);
}

/* Describes the spin arrays of a minimize; false when one is not the result of `spin`. */
static bool describe_arrays(ir_module *m, const ir_op_data *minimize, ir_spins *arrays)
{
    for (uint32_t i = 0; i < minimize->operand_count; i++) {
        ir_value v = minimize->operands[i];
        ir_op op = ir_value_get(m, v)->op;
        if (!op || ir_op_get(m, op)->code != OP_SPIN || ir_value_get(m, v)->type.elem != IR_SPIN)
            return false;
        ir_attribute over = *ir_op_attribute(m, op, "over");
        arrays[i] = (ir_spins){.name = ir_value_get(m, v)->name,
                               .indices = over.list,
                               .index_count = over.count,
                               .lowest = (int32_t)ir_op_attribute(m, op, "domain")->number,
                               .span = ir_op_get(m, op)->span};
    }
    return true;
}

static ir_op new_anneal(ir_module *m, const ir_op_data *minimize, const ir_spins *arrays, term_list terms)
{
    ir_op op = ir_op_new(m, OP_ANNEAL, NULL, 0, minimize->operand_count, 0, minimize->span);
    ir_op_get(m, op)->site = minimize->site;
    *ir_op_attribute(m, op, "name") = (ir_attribute){.present = true, .name = minimize->attributes[0].name};
    *ir_op_attribute(m, op, "spins") = (ir_attribute){.present = true, .list = arrays, .count = minimize->operand_count};
    *ir_op_attribute(m, op, "terms") = (ir_attribute){.present = true, .list = terms.at, .count = terms.count};
    return op;
}

static bool is_poison(const ir_module *m, ir_value v)
{
    ir_op op = ir_value_get(m, v)->op;
    return ir_value_get(m, v)->type.elem == IR_POISON || (op && ir_op_get(m, op)->code == OP_POISON);
}

typedef struct poison_search {
    const lowering *l;
    bool found;
} poison_search;

static void look_for_poison(const ir_module *m, ir_expr e, void *context)
{
    poison_search *search = context;
    const ir_expr_data *x = ir_expr_get(m, e);
    bool known = x->kind == EXPR_ELEMENT && x->value < search->l->value_count;
    if (x->kind == EXPR_POISON || (x->kind == EXPR_ELEMENT && is_poison(m, x->value)) || (known && search->l->poisoned[x->value]))
        search->found = true;
}

static bool reads_poison(const lowering *l, ir_expr e)
{
    poison_search search = {.l = l};
    ir_expr_walk(l->m, e, look_for_poison, &search);
    return search.found;
}

static ir_op lower_one(lowering *l, ir_op op)
{
    ir_module *m = l->m;
    ir_op_data minimize = *ir_op_get(m, op);
    ir_expr energy = ir_op_attribute(m, op, "energy")->expr;
    ir_spins *arrays = ARENA_ARRAY(m->arena, ir_spins, minimize.operand_count);
    bool poisoned = !describe_arrays(m, &minimize, arrays) || reads_poison(l, energy);
    spin_scope scope = {.m = m,
                        .spins = minimize.operands,
                        .spin_count = minimize.operand_count,
                        .arrays = arrays,
                        .span = ir_expr_get(m, energy)->span,
                        .reads = l->reads,
                        .value_count = l->value_count,
                        .exprs_before = m->exprs.count};
    term_list terms = {0};
    if (!poisoned)
        terms = polynomial_canonical(&scope, polynomial_expand(&scope, energy));
    if (poisoned || scope.failed)
        return ir_op_new(m, OP_POISON, NULL, 0, minimize.operand_count, 0, minimize.span);
    return new_anneal(m, &minimize, arrays, terms);
}

static void replace_minimize(lowering *l, ir_op op)
{
    ir_module *m = l->m;
    ir_op anneal = lower_one(l, op);
    ir_op_data minimize = *ir_op_get(m, op);
    bool poison = ir_op_get(m, anneal)->code == OP_POISON;
    for (uint32_t i = 0; i < minimize.operand_count; i++) {
        ir_value result = ir_op_result(m, anneal, i);
        ir_value_data old = *ir_value_get(m, minimize.operands[i]);
        ir_value_get(m, result)->type = poison ? (ir_type){.elem = IR_POISON} : old.type;
        ir_value_get(m, result)->name = old.name;
        ir_value_get(m, result)->span = old.span;
        l->reads[minimize.operands[i]] = false;
        ARENA_PUSH(m->arena, &l->spins, minimize.operands[i]);
        ARENA_PUSH(m->arena, &l->annealed, result);
    }
    ARENA_PUSH(m->arena, &l->ops, anneal);
    for (uint32_t i = 0; i < l->deferred.count; i++) {
        l->reads[ir_op_result(m, l->deferred.at[i], 0)] = false;
        keep(l, l->deferred.at[i]);
    }
    l->deferred.count = 0;
}

static void lower_map(lowering *l, ir_op op)
{
    spin_scope scope = {.m = l->m, .reads = l->reads, .value_count = l->value_count};
    ir_expr elem = ir_op_attribute(l->m, op, "elem")->expr;
    ir_value result = ir_op_result(l->m, op, 0);
    l->poisoned[result] = reads_poison(l, elem);
    l->reads[result] = spin_scope_reads(&scope, elem);
    if (l->reads[result])
        ARENA_PUSH(l->m->arena, &l->deferred, op);
    else
        keep(l, op);
}

static void lower_op(lowering *l, ir_op op)
{
    ir_module *m = l->m;
    switch (ir_op_get(m, op)->code) {
    case OP_SPIN:
        l->reads[ir_op_result(m, op, 0)] = true;
        break;
    case OP_MINIMIZE:
        replace_minimize(l, op);
        break;
    case OP_MAP:
        lower_map(l, op);
        break;
    default:
        keep(l, op);
    }
}

void pass_lower_hamiltonian(ir_module *m, const pass_options *options)
{
    (void)options;
    m->stage = STAGE_ISING;
    for (uint32_t f = 0; f < m->functions.count; f++) {
        ir_function *function = m->functions.at[f];
        lowering l = {.m = m, .value_count = m->values.count};
        l.reads = ARENA_ARRAY(m->arena, bool, l.value_count);
        l.poisoned = ARENA_ARRAY(m->arena, bool, l.value_count);
        for (uint32_t i = 0; i < function->ops.count; i++)
            lower_op(&l, function->ops.at[i]);
        function->ops.at = l.ops.at;
        function->ops.count = l.ops.count;
        function->ops.capacity = l.ops.capacity;
    }
}
