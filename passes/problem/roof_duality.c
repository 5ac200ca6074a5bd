/* roof_duality.c - strong persistency by one maximum flow (Hammer, Hansen, Simeone, "Roof duality, complementation and
 * persistency in quadratic 0-1 optimization", Mathematical Programming 28 (1984); the network of Boros, Hammer and
 * Tavares, RUTCOR report RRR 10-2006).
 *
 * Each spin has two nodes, one for each of its values, the literals. In spins of -1 and 1 every arc's capacity is a plain
 * |coupling| or |field|. With a and b literals (1 when true), arc a -> b of capacity c stands for the cost c a (1 - b),
 * and
 *     sum over arcs c a (1 - b) = E + constant,    the root being true.
 * A flow f from the root to its opposite takes its value out of the sum and leaves costs by its residual network, whatever
 * flow it is. When the set R of literals that the residual network can reach from the root has no arc left that leaves
 * it, making all of R true raises no cost, and lowers some cost unless R was true.
 *
 * Rounded numbers: each literal of R must, besides, carry its slack to the opposite of the root. That flow is a bound on
 * what making it true gains, and it outweighs what rounding may have hidden (scaled.h).
 *
 * The library answers for the nodes that reach the target, so the network is built reversed: the root is the target. Its
 * answer is not trusted: `certify` proves it in integers, which doubles below 2^53 are.
 */
#include "passes/problem/roof_duality.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <igraph.h>
#include <pthread.h>

typedef struct network {
    const scaled *s;
    igraph_integer_t nodes, opposite, root; /* literals 2 i (s_i = -1) and 2 i + 1; then the two ends */
    igraph_vector_int_t arcs;               /* pairs: from, to */
    igraph_vector_t capacity, flow;
    igraph_vector_int_t reached; /* nodes on the root's side */
    char *is_reached;            /* [nodes] */
} network;

/* The library keeps a stack of its own for the whole process: one caller at a time. */
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

static igraph_error_t add_arc(network *n, igraph_integer_t from, igraph_integer_t to, int64_t capacity)
{
    igraph_error_t failed = igraph_vector_int_push_back(&n->arcs, from);
    if (!failed)
        failed = igraph_vector_int_push_back(&n->arcs, to);
    return failed ? failed : igraph_vector_push_back(&n->capacity, (double)capacity);
}

static igraph_error_t add_both(network *n, igraph_integer_t a, igraph_integer_t b, int64_t capacity)
{
    igraph_error_t failed = add_arc(n, a, b, capacity);
    return failed ? failed : add_arc(n, b, a, capacity);
}

static igraph_error_t add_spin(network *n, int64_t i, bool with_slack)
{
    const scaled *s = n->s;
    int64_t field = s->field[i], size = field < 0 ? -field : field;
    int wanted = field < 0; /* the value the field favours */
    igraph_error_t failed = IGRAPH_SUCCESS;
    if (field != 0) {
        failed = add_arc(n, 2 * i + wanted, n->root, size);
        if (!failed)
            failed = add_arc(n, n->opposite, 2 * i + !wanted, size);
    }
    for (int64_t k = s->row_start[i]; k < s->row_start[i + 1] && !failed; k++) {
        int64_t j = s->neighbour[k], coupling = s->coupling[k];
        if (j < i || coupling == 0)
            continue;
        int turned = coupling > 0;
        failed = add_both(n, 2 * i, 2 * j + turned, coupling < 0 ? -coupling : coupling);
        if (!failed)
            failed = add_both(n, 2 * i + 1, 2 * j + !turned, coupling < 0 ? -coupling : coupling);
    }
    for (int side = 0; side < 2 && with_slack && !failed; side++)
        if (n->is_reached[2 * i + side] && s->slack[i])
            failed = add_arc(n, n->opposite, 2 * i + side, s->slack[i]);
    return failed;
}

static igraph_error_t find_flow(network *n, bool with_slack)
{
    igraph_vector_int_clear(&n->arcs);
    igraph_vector_clear(&n->capacity);
    igraph_error_t failed = IGRAPH_SUCCESS;
    for (int64_t i = 0; i < n->s->spins && !failed; i++)
        failed = add_spin(n, i, with_slack);
    igraph_t graph;
    if (!failed)
        failed = igraph_create(&graph, &n->arcs, n->nodes, IGRAPH_DIRECTED);
    if (failed)
        return failed;
    failed = igraph_maxflow(&graph, NULL, &n->flow, NULL, NULL, &n->reached, n->opposite, n->root, &n->capacity, NULL);
    igraph_destroy(&graph);
    return failed;
}

/* The flow is one, within its capacities, and full across the cut around the reached nodes. balance [nodes], zeroed. */
static bool flow_holds(const network *n, double *balance)
{
    igraph_integer_t count = igraph_vector_size(&n->capacity);
    if (igraph_vector_size(&n->flow) != count)
        return false;
    for (igraph_integer_t k = 0; k < count; k++) {
        igraph_integer_t from = VECTOR(n->arcs)[2 * k], to = VECTOR(n->arcs)[2 * k + 1];
        double flow = VECTOR(n->flow)[k], capacity = VECTOR(n->capacity)[k];
        if (!(flow >= 0 && flow <= capacity) || flow != (double)(int64_t)flow)
            return false;
        if (n->is_reached[from] != n->is_reached[to] && flow != (n->is_reached[to] ? capacity : 0))
            return false;
        balance[from] -= flow;
        balance[to] += flow;
    }
    for (igraph_integer_t v = 0; v < n->nodes; v++)
        if (balance[v] != 0 && v != n->opposite && v != n->root)
            return false;
    return true;
}

/* Marks what is reached; false unless it is proven, and within `before` if there was such. */
static bool certify(network *n, const char *before, double *balance)
{
    memset(n->is_reached, 0, (size_t)n->nodes);
    for (igraph_integer_t k = 0; k < igraph_vector_int_size(&n->reached); k++)
        n->is_reached[VECTOR(n->reached)[k]] = 1;
    if (!n->is_reached[n->root] || n->is_reached[n->opposite])
        return false;
    for (int64_t i = 0; i < n->s->spins; i++) {
        if (n->is_reached[2 * i] && n->is_reached[2 * i + 1])
            return false;
        for (int side = 0; side < 2 && before; side++)
            if (n->is_reached[2 * i + side] && !before[2 * i + side])
                return false;
    }
    memset(balance, 0, (size_t)n->nodes * sizeof *balance);
    return flow_holds(n, balance);
}

static igraph_error_t solve(network *n, char *before, double *balance, bool *proven)
{
    igraph_error_t failed = find_flow(n, false);
    if (failed)
        return failed;
    *proven = certify(n, NULL, balance);
    if (n->s->exact || !*proven)
        return IGRAPH_SUCCESS;
    memcpy(before, n->is_reached, (size_t)n->nodes);
    failed = find_flow(n, true);
    if (!failed)
        *proven = certify(n, before, balance);
    return failed;
}

static igraph_error_t solve_with_library(network *n, char *before, double *balance, bool *proven)
{
    igraph_error_t failed = igraph_vector_int_init(&n->arcs, 0);
    if (failed)
        return failed;
    failed = igraph_vector_init(&n->capacity, 0);
    if (!failed) {
        failed = igraph_vector_init(&n->flow, 0);
        if (!failed) {
            failed = igraph_vector_int_init(&n->reached, 0);
            if (!failed) {
                failed = solve(n, before, balance, proven);
                igraph_vector_int_destroy(&n->reached);
            }
            igraph_vector_destroy(&n->flow);
        }
        igraph_vector_destroy(&n->capacity);
    }
    igraph_vector_int_destroy(&n->arcs);
    return failed;
}

isg_status roof_duality(const scaled *s, int8_t *value, roof_outcome *outcome, isg_error *error)
{
    memset(value, 0, (size_t)s->spins);
    bool fields = false;
    for (int64_t i = 0; i < s->spins; i++)
        fields |= s->field[i] != 0;
    *outcome = ROOF_NOTHING;
    if (!fields)
        return ISG_OK;
    network n = {.s = s, .nodes = 2 * s->spins + 2, .opposite = 2 * s->spins, .root = 2 * s->spins + 1};
    n.is_reached = memory_take_zeroed(s->allocator, (size_t)n.nodes, 1);
    char *before = memory_take(s->allocator, (size_t)n.nodes, 1);
    double *balance = memory_take(s->allocator, (size_t)n.nodes, sizeof *balance);
    bool proven = false, lacking = !n.is_reached || !before || !balance;
    if (!lacking) {
        pthread_mutex_lock(&one_at_a_time);
        igraph_error_handler_t *handler = igraph_set_error_handler(igraph_error_handler_ignore);
        lacking = solve_with_library(&n, before, balance, &proven) != IGRAPH_SUCCESS;
        igraph_set_error_handler(handler);
        pthread_mutex_unlock(&one_at_a_time);
    }
    for (int64_t i = 0; i < s->spins && proven && !lacking; i++)
        value[i] = n.is_reached[2 * i + 1] ? 1 : n.is_reached[2 * i] ? -1 : 0;
    *outcome = proven ? ROOF_DONE : ROOF_UNPROVEN;
    memory_release(s->allocator, n.is_reached, (size_t)n.nodes, 1);
    memory_release(s->allocator, before, (size_t)n.nodes, 1);
    memory_release(s->allocator, balance, (size_t)n.nodes, sizeof *balance);
    return lacking ? error_no_memory(error) : ISG_OK;
}
