/* kernel_number.h - what of the kernels depends on the type of number. Included by kernel.c once for each type, with
 * NUMBER and MEMBER (of lattice_numbers) defined, and NAMED(x) the name of x for this type. */

static inline void NAMED(flip)(const lattice *l, int64_t spin, NUMBER *restrict turn, NUMBER *restrict field)
{
    const NUMBER *change = l->change.MEMBER, step = turn[spin];
    for (int64_t k = l->row_start[spin]; k < l->row_start[spin + 1]; k++)
        field[l->neighbour[k]] += step * change[k];
    turn[spin] = -step;
}

static void NAMED(fields)(const lattice *l, kernel_state *s)
{
    NUMBER *field = s->field.MEMBER;
    const NUMBER *turn = s->turn.MEMBER, *change = l->change.MEMBER;
    if (l->padded)
        memcpy(field, l->base.MEMBER, (size_t)l->padded * sizeof *field);
    for (int64_t i = 0; i < l->spins; i++)
        if (turn[i] < 0)
            for (int64_t k = l->row_start[i]; k < l->row_start[i + 1]; k++)
                field[l->neighbour[k]] += change[k];
}

/* Most blocks hold no spin that flips, once it is cold: they are passed over after one look. */
KERNEL_WIDE
static int64_t NAMED(sweep_chunk)(const lattice *l, int64_t first, int64_t end, const kernel_state *s)
{
    NUMBER *turn = s->turn.MEMBER, *field = s->field.MEMBER;
    const NUMBER *limit = s->limit.MEMBER;
    int64_t flips = 0;
    for (int64_t block = first; block < end; block += LATTICE_BLOCK) {
        const NUMBER *bound = limit + (block - first);
        int any = 0;
        for (int lane = 0; lane < LATTICE_BLOCK; lane++)
            any |= turn[block + lane] * field[block + lane] <= bound[lane];
        if (!any)
            continue;
        for (int lane = 0; lane < LATTICE_BLOCK; lane++)
            if (turn[block + lane] * field[block + lane] <= bound[lane]) {
                NAMED(flip)(l, block + lane, turn, field);
                flips++;
            }
    }
    return flips;
}

static int64_t NAMED(descend)(const lattice *l, kernel_state *s)
{
    NUMBER *turn = s->turn.MEMBER, *field = s->field.MEMBER;
    int64_t flips = 0;
    for (int64_t i = 0; i < l->spins; i++)
        if (turn[i] * field[i] < 0) {
            NAMED(flip)(l, i, turn, field);
            flips++;
        }
    return flips;
}
