/* cim.c - see cim.h.
 *
 * Reads advance side by side, CIM_LANES at a time: an amplitude is a row of lanes, one a read, so that every loop over lanes is
 * a vector operation, each lane's sums stay in index order, and one pass over the couplings serves all lanes. Amplitudes are
 * floats, as the machine is analog; energies of states are doubles.
 *
 * In units in which a row of couplings has norm 1 on average, with x the amplitudes, e the errors and s the signs of x:
 *   chaotic  dx_i/dt = (p - 1) x_i - x_i^3 - e_i strength sum_j J_ij x_j,   de_i/dt = -rate (x_i^2 - a) e_i,
 *            a and p fall as the state's energy exceeds the best one, which drives the state on
 *            (equations 1 to 3 of Leleu et al.); errors are kept in bounds, so that floats can hold them
 *   simple   x_i += pump(t) x_i - strength sum_j J_ij x_j + noise, cut off at -1 and 1 (equation 5 of Tiunov et al.)
 */
#include "runtime/cim.h"

#include "runtime/error.h"
#include "runtime/memory.h"
#include "runtime/philox.h"

#include <math.h>

enum { CIM_LANES = 16 };

typedef float lanes[CIM_LANES];
typedef float vector __attribute__((vector_size(CIM_LANES * sizeof(float)), aligned(4), may_alias));

/* The loops over lanes, compiled for wider vectors as well; the results are the same to the bit. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)
#define CIM_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CIM_WIDE
#endif

/* Chosen by random search on G1 of the G-set and on attention problems of 16 to 392 spins. */
static const struct {
    float step;                               /* of time */
    float pump, strength, target, rate;       /* p, the feedback's strength, a, the errors' rate */
    float sway_scale, sway_target, sway_pump; /* with d = scale * energy above the best: a and p fall by so much of d / (1 + d) */
    float error_least, error_most, amplitude_most;
} chaotic = {0.09f, -0.45f, 1.5f, 1, 1.4f, 0.035f, 0.1f, 0.15f, 0.01f, 20, 3};
static const struct {
    float pump_first, pump_last, strength, noise;
} simple = {-0.6f, 0.05f, 0.12f, 0.03f};

typedef struct machine {
    const problem *p;
    const cim_settings *settings;
    int64_t spins;      /* with the ancilla, if there are fields */
    int64_t ends;       /* of couplings, two each */
    int64_t *row_start; /* [spins + 2] */
    uint32_t *neighbour;
    double *coupling; /* [ends]: in spins of -1 and 1, times a power of two */
    float *weight;    /* [ends]: the same for the amplitudes, negated */
    double scale;     /* of weights from couplings: 1 / the norm of an average row */
    lanes *amplitude, *error, *feedback;
    double *local; /* [spins][CIM_LANES]: sum of couplings to the neighbours' signs */
    int8_t *sign;  /* [spins][CIM_LANES] */
    int8_t *best;  /* [spins][CIM_LANES] */
    double energy[CIM_LANES], best_energy[CIM_LANES];
    uint32_t key[CIM_LANES][2];
    int live; /* lanes that are reads */
} machine;

/* ---- the couplings ---- */

static double spin_field(const problem *p, const double *halves, int64_t i)
{
    return p->domain == PROBLEM_BINARY ? p->fields[i] / 2 + halves[i] : p->fields[i];
}

static void add_end(machine *m, int64_t *next, int64_t a, int64_t b, double value)
{
    m->neighbour[next[a]] = (uint32_t)b;
    m->coupling[next[a]++] = value;
}

/* fields [p->spins]: those in spins of -1 and 1. */
static void fill_rows(machine *m, const double *fields)
{
    const problem *p = m->p;
    double unit = p->domain == PROBLEM_BINARY ? 0.25 : 1;
    int64_t *next = m->row_start + 1;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        next[p->couplings[k].first + 1]++;
        next[p->couplings[k].second + 1]++;
    }
    for (int64_t i = 0; i < p->spins && m->spins > p->spins; i++)
        if (fields[i] != 0) {
            next[i + 1]++;
            next[p->spins + 1]++;
        }
    for (int64_t i = 0; i < m->spins; i++)
        next[i + 1] += next[i];
    for (int64_t k = 0; k < p->coupling_count; k++) {
        problem_coupling c = p->couplings[k];
        add_end(m, next, c.first, c.second, c.value * unit);
        add_end(m, next, c.second, c.first, c.value * unit);
    }
    for (int64_t i = 0; i < p->spins && m->spins > p->spins; i++)
        if (fields[i] != 0) {
            add_end(m, next, i, p->spins, fields[i]);
            add_end(m, next, p->spins, i, fields[i]);
        }
}

/* Scales the couplings by a power of two to sizes around 1, and from those makes the weights. False beyond double's range. */
static bool weigh(machine *m)
{
    double largest = 0, square = 0;
    for (int64_t k = 0; k < m->ends; k++)
        largest = fmax(largest, fabs(m->coupling[k]));
    for (int64_t k = 0; k < m->ends; k++)
        if (!isfinite(m->coupling[k]))
            return false;
    int exponent = largest > 0 ? ilogb(largest) : 0;
    for (int64_t k = 0; k < m->ends; k++) {
        m->coupling[k] = ldexp(m->coupling[k], -exponent);
        square += m->coupling[k] * m->coupling[k];
    }
    m->scale = largest > 0 ? 1 / sqrt(square / (double)m->spins) : 1;
    for (int64_t k = 0; k < m->ends; k++)
        m->weight[k] = (float)(-m->coupling[k] * m->scale);
    return true;
}

static void close_machine(machine *m)
{
    const isg_allocator *a = m->p->allocator;
    size_t spins = (size_t)m->spins, ends = (size_t)m->ends;
    memory_release(a, m->row_start, spins + 2, sizeof *m->row_start);
    memory_release(a, m->neighbour, ends, sizeof *m->neighbour);
    memory_release(a, m->coupling, ends, sizeof *m->coupling);
    memory_release(a, m->weight, ends, sizeof *m->weight);
    memory_release(a, m->amplitude, spins, sizeof *m->amplitude);
    memory_release(a, m->error, spins, sizeof *m->error);
    memory_release(a, m->feedback, spins, sizeof *m->feedback);
    memory_release(a, m->local, spins, CIM_LANES * sizeof *m->local);
    memory_release(a, m->sign, spins, CIM_LANES);
    memory_release(a, m->best, spins, CIM_LANES);
}

static bool open_machine(machine *m, const double *fields)
{
    const isg_allocator *a = m->p->allocator;
    int64_t coupled = 0;
    for (int64_t i = 0; i < m->p->spins; i++)
        coupled += fields[i] != 0;
    m->spins = m->p->spins + (coupled > 0);
    m->ends = 2 * (m->p->coupling_count + coupled);
    size_t spins = (size_t)m->spins, ends = (size_t)m->ends;
    m->row_start = memory_take_zeroed(a, spins + 2, sizeof *m->row_start);
    m->neighbour = memory_take(a, ends, sizeof *m->neighbour);
    m->coupling = memory_take(a, ends, sizeof *m->coupling);
    m->weight = memory_take(a, ends, sizeof *m->weight);
    m->amplitude = memory_take(a, spins, sizeof *m->amplitude);
    m->error = memory_take(a, spins, sizeof *m->error);
    m->feedback = memory_take(a, spins, sizeof *m->feedback);
    m->local = memory_take(a, spins, CIM_LANES * sizeof *m->local);
    m->sign = memory_take(a, spins, CIM_LANES);
    m->best = memory_take(a, spins, CIM_LANES);
    return m->row_start && m->neighbour && m->coupling && m->weight && m->amplitude && m->error && m->feedback && m->local &&
           m->sign && m->best;
}

/* ---- signs and their energies ---- */

CIM_WIDE static void measure(machine *m)
{
    memset(m->energy, 0, sizeof m->energy);
    for (int64_t i = 0; i < m->spins; i++)
        for (int l = 0; l < CIM_LANES; l++)
            m->sign[i * CIM_LANES + l] = m->amplitude[i][l] < 0 ? -1 : 1;
    for (int64_t i = 0; i < m->spins; i++) {
        double sum[CIM_LANES] = {0};
        for (int64_t k = m->row_start[i]; k < m->row_start[i + 1]; k++)
            for (int l = 0; l < CIM_LANES; l++)
                sum[l] += m->coupling[k] * m->sign[(int64_t)m->neighbour[k] * CIM_LANES + l];
        for (int l = 0; l < CIM_LANES; l++) {
            m->local[i * CIM_LANES + l] = sum[l];
            m->energy[l] += sum[l] * m->sign[i * CIM_LANES + l] / 2;
        }
    }
}

static void keep_best(machine *m, int lane)
{
    m->best_energy[lane] = m->energy[lane];
    for (int64_t i = 0; i < m->spins; i++)
        m->best[i * CIM_LANES + lane] = m->sign[i * CIM_LANES + lane];
}

static void flip(machine *m, int64_t spin, int lane)
{
    int8_t *sign = &m->sign[spin * CIM_LANES + lane];
    m->energy[lane] -= 2 * *sign * m->local[spin * CIM_LANES + lane];
    *sign = (int8_t) - *sign;
    for (int64_t k = m->row_start[spin]; k < m->row_start[spin + 1]; k++)
        m->local[(int64_t)m->neighbour[k] * CIM_LANES + lane] += 2 * *sign * m->coupling[k];
}

/* Follows the amplitudes' signs, and keeps the best state of each lane. */
static void follow(machine *m)
{
    for (int64_t i = 0; i < m->spins; i++) {
        const float *x = m->amplitude[i];
        const int8_t *sign = &m->sign[i * CIM_LANES];
        int turned = 0;
        for (int l = 0; l < CIM_LANES; l++)
            turned |= (x[l] < 0) != (sign[l] < 0);
        for (int l = 0; l < m->live && turned; l++)
            if ((x[l] < 0) != (sign[l] < 0))
                flip(m, i, l);
    }
    for (int l = 0; l < m->live; l++)
        if (m->energy[l] < m->best_energy[l])
            keep_best(m, l);
}

/* ---- a step ---- */

CIM_WIDE static void feed_back(machine *m)
{
    for (int64_t i = 0; i < m->spins; i++) {
        vector sum = {0};
        for (int64_t k = m->row_start[i]; k < m->row_start[i + 1]; k++)
            sum += m->weight[k] * *(const vector *)m->amplitude[m->neighbour[k]];
        *(vector *)m->feedback[i] = sum;
    }
}

static float bounded(float value, float most)
{
    return value < -most ? -most : value > most ? most : value;
}

CIM_WIDE static void step_chaotic(machine *m)
{
    lanes target, gain;
    for (int l = 0; l < CIM_LANES; l++) {
        float above = (float)((m->energy[l] - m->best_energy[l]) * m->scale) * chaotic.sway_scale, sway = above / (1 + above);
        target[l] = chaotic.target - chaotic.sway_target * sway;
        gain[l] = chaotic.pump - 1 - chaotic.sway_pump * sway;
    }
    for (int64_t i = 0; i < m->spins; i++) {
        float *x = m->amplitude[i], *e = m->error[i];
        const float *z = m->feedback[i];
        for (int l = 0; l < CIM_LANES; l++) {
            float square = x[l] * x[l];
            float moved = x[l] + chaotic.step * ((gain[l] - square) * x[l] + e[l] * (chaotic.strength * z[l]));
            float error = e[l] - chaotic.step * chaotic.rate * (square - target[l]) * e[l];
            x[l] = bounded(moved, chaotic.amplitude_most);
            e[l] = error < chaotic.error_least ? chaotic.error_least : error > chaotic.error_most ? chaotic.error_most : error;
        }
    }
}

/* Four draws in [-1, 1) of each lane. */
static void draw(const machine *m, uint32_t step, uint32_t block, lanes out[4])
{
    for (int l = 0; l < CIM_LANES; l++) {
        uint32_t words[4];
        philox_sweep_block(m->key[l], step, block, words);
        for (int k = 0; k < 4; k++)
            out[k][l] = (float)(int32_t)words[k] * 0x1p-31f;
    }
}

CIM_WIDE static void step_simple(machine *m, int32_t step)
{
    float part = (float)step / (float)m->settings->steps;
    float pump = simple.pump_first + (simple.pump_last - simple.pump_first) * part;
    lanes noise[4];
    for (int64_t i = 0; i < m->spins; i++) {
        if (i % 4 == 0)
            draw(m, (uint32_t)step, (uint32_t)(i / 4), noise);
        float *x = m->amplitude[i];
        for (int l = 0; l < CIM_LANES; l++)
            x[l] = bounded(x[l] + pump * x[l] + simple.strength * m->feedback[i][l] + simple.noise * noise[i % 4][l], 1);
    }
}

/* ---- reads ---- */

static void start(machine *m, int32_t first)
{
    const cim_settings *s = m->settings;
    for (int l = 0; l < CIM_LANES; l++)
        philox_read_key(s->seed, s->sample, s->hamiltonian, (uint32_t)(s->first_read + first + l), m->key[l]);
    lanes draws[4];
    for (int64_t i = 0; i < m->spins; i++) {
        if (i % 4 == 0)
            draw(m, PHILOX_START_SWEEP, (uint32_t)(i / 4), draws);
        for (int l = 0; l < CIM_LANES; l++) {
            m->amplitude[i][l] = 0.1f * draws[i % 4][l];
            m->error[i][l] = 1;
        }
    }
    measure(m);
    for (int l = 0; l < CIM_LANES; l++)
        keep_best(m, l);
}

/* False when cancelled. */
static bool run_lanes(machine *m, int32_t first)
{
    const cim_settings *s = m->settings;
    m->live = s->reads - first < CIM_LANES ? s->reads - first : CIM_LANES;
    start(m, first);
    for (int32_t step = 0; step < s->steps; step++) {
        if (s->cancelled && s->cancelled(s->cancel_context))
            return false;
        feed_back(m);
        if (s->method == CIM_CHAOTIC)
            step_chaotic(m);
        else
            step_simple(m, step);
        follow(m);
    }
    return true;
}

static double energy_of(const problem *p, const int8_t *state)
{
    double energy = 0;
    for (int64_t i = 0; i < p->spins; i++)
        energy += p->fields[i] * state[i];
    for (int64_t k = 0; k < p->coupling_count; k++)
        energy += p->couplings[k].value * (state[p->couplings[k].first] * state[p->couplings[k].second]);
    return energy + p->offset;
}

/* The lane's best state in the problem's terms. */
static void read_out(const machine *m, int lane, int8_t *state)
{
    const problem *p = m->p;
    int8_t lowest = p->domain == PROBLEM_BINARY ? 0 : -1;
    int64_t relative = m->spins > p->spins ? p->spins : p->ancilla;
    int8_t up = relative >= 0 ? m->best[relative * CIM_LANES + lane] : 1;
    for (int64_t i = 0; i < p->spins; i++)
        state[i] = m->best[i * CIM_LANES + lane] == up ? 1 : lowest;
}

static isg_status run_reads(machine *m, int8_t *best_state, double *best_energy, isg_error *error)
{
    int8_t *state = memory_take(m->p->allocator, (size_t)m->p->spins, 1);
    if (!state)
        return error_no_memory(error);
    bool whole = true;
    for (int32_t first = 0; first < m->settings->reads && whole; first += CIM_LANES) {
        whole = run_lanes(m, first);
        for (int l = 0; l < m->live; l++) {
            read_out(m, l, state);
            double energy = energy_of(m->p, state);
            if ((first == 0 && l == 0) || energy < *best_energy) {
                *best_energy = energy;
                if (m->p->spins)
                    memcpy(best_state, state, (size_t)m->p->spins);
            }
        }
    }
    memory_release(m->p->allocator, state, (size_t)m->p->spins, 1);
    return whole ? ISG_OK : error_fail(error, ISG_INCOMPLETE, "cancelled: the best state so far is given");
}

isg_status cim_solve(const problem *p, const cim_settings *settings, int8_t *best_state, double *best_energy, isg_error *error)
{
    cim_settings filled = *settings;
    filled.reads = settings->reads ? settings->reads : CIM_DEFAULT_READS;
    filled.steps = settings->steps ? settings->steps : CIM_DEFAULT_STEPS;
    if (filled.reads < 0 || filled.steps < 0)
        return error_fail(error, ISG_INVALID, "%s must be positive", filled.reads < 0 ? "reads" : "steps");
    double *fields = memory_take_zeroed(p->allocator, (size_t)p->spins, sizeof *fields);
    if (!fields)
        return error_no_memory(error);
    for (int64_t k = 0; k < p->coupling_count && p->domain == PROBLEM_BINARY; k++) {
        fields[p->couplings[k].first] += p->couplings[k].value / 4;
        fields[p->couplings[k].second] += p->couplings[k].value / 4;
    }
    for (int64_t i = 0; i < p->spins; i++)
        fields[i] = spin_field(p, fields, i);
    machine m = {.p = p, .settings = &filled};
    isg_status status = ISG_NO_MEMORY;
    if (open_machine(&m, fields)) {
        fill_rows(&m, fields);
        status = weigh(&m) ? run_reads(&m, best_state, best_energy, error)
                           : error_fail(error, ISG_INVALID, "numbers too large: a field is beyond double's range");
    } else {
        error_no_memory(error);
    }
    close_machine(&m);
    memory_release(p->allocator, fields, (size_t)p->spins, sizeof *fields);
    return status;
}
