/* yardstick_number.h - what depends on the type of number. Included by yardstick.c once for each, with NUMBER, NAMED(x), and
 * WHOLE 1 for integers. */

/* change[k] is 2 J: what a flip to +1 adds to the neighbour's field. */
static void NAMED(fields)(yardstick *y)
{
    NUMBER *field = y->work;
    const NUMBER *base = y->base, *change = y->change;
    for (int64_t i = 0; i < y->spins; i++) {
        NUMBER sum = 0;
        for (int64_t k = y->row_start[i]; k < y->row_start[i + 1]; k++)
            sum += change[k] * (NUMBER)y->spin[y->neighbour[k]];
        field[i] = base[i] + sum / 2;
    }
}

static inline void NAMED(flip)(yardstick *y, int64_t i)
{
    NUMBER *restrict field = y->work;
    const NUMBER *restrict change = y->change;
    const int32_t *restrict neighbour = y->neighbour;
    int64_t end = y->row_start[i + 1];
    y->spin[i] = (int8_t)-y->spin[i];
    if (y->spin[i] > 0)
        for (int64_t k = y->row_start[i]; k < end; k++)
            field[neighbour[k]] += change[k];
    else
        for (int64_t k = y->row_start[i]; k < end; k++)
            field[neighbour[k]] -= change[k];
}

/* A flip changes the energy by -2 s f: it is accepted when s f >= 0, else with probability exp(2 beta s f). */
static int64_t NAMED(sweep)(yardstick *y, double beta)
{
    const NUMBER *field = y->work;
    int64_t flips = 0;
#if WHOLE
    NUMBER limit = prepare_table(y, beta);
#else
    NUMBER limit = (NUMBER)(-largest_threshold / (2 * beta)), unit = (NUMBER)(-1 / (2 * beta));
#endif
    for (int64_t i = 0; i < y->spins; i++) {
        NUMBER gain = field[i] * (NUMBER)y->spin[i];
        if (gain < 0) {
            if (gain <= limit)
                continue;
#if WHOLE
            if (draw(y) >= y->accept[-gain])
                continue;
#else
            if (gain < (NUMBER)y->threshold[draw(y) >> (32 - THRESHOLD_BITS)] * unit)
                continue;
#endif
        }
        NAMED(flip)(y, i);
        flips++;
    }
    return flips;
}

static void NAMED(descend)(yardstick *y)
{
    const NUMBER *field = y->work;
    int64_t flips = 1;
    NAMED(fields)(y);
    for (int k = 0; k < MOST_DESCENTS && flips; k++) {
        flips = 0;
        for (int64_t i = 0; i < y->spins; i++)
            if (field[i] * (NUMBER)y->spin[i] > 0) {
                NAMED(flip)(y, i);
                flips++;
            }
    }
}

static void NAMED(fill)(yardstick *y, const double *coupling, const double *field)
{
    NUMBER *base = y->base, *change = y->change;
    for (int64_t i = 0; i < y->spins; i++)
        base[i] = (NUMBER)field[i];
    for (int64_t k = 0; k < y->row_start[y->spins]; k++)
        change[k] = (NUMBER)(2 * coupling[k]);
}
