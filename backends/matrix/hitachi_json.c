/* hitachi_json.c - King's graphs for Hitachi's CMOS annealers: `model` has rows [x0, y0, x1, y1, p] between neighbours
 * (also diagonal ones); a site with itself is a field; +p is antiferromagnetic, E = sum p s s + sum p s.
 *
 * Alone, a file's spins are the sites that it names, by rows, and called by their [x, y]. Writing, a spin stands at the site
 * that its name is, or all stand row by row in the width in which all couplings are between neighbours. */
#include "backends/matrix/format.h"
#include "backends/matrix/json_stream.h"
#include "backends/matrix/sidecar.h"

#include "runtime/error.h"
#include "runtime/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { KING_MOST = 65534 }; /* of a coordinate; a site is y << 16 | x */

typedef struct king_site {
    uint32_t site, spin;
} king_site;

static int by_site(const void *a, const void *b)
{
    uint32_t x = ((const king_site *)a)->site, y = ((const king_site *)b)->site;
    return x < y ? -1 : x > y;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_row(matrix_stream *s, matrix_draft *d)
{
    static const char *const what[] = {"x0", "y0", "x1", "y1"};
    int64_t at[4];
    double value;
    bool first = true;
    if (!json_open(s, '[', "a row of the model"))
        return false;
    for (int i = 0; i < 4; i++)
        if (!json_more(s, '[', &first) || !json_whole(s, what[i], 0, KING_MOST, &at[i]))
            return stream_fail(s, "a row is [x0, y0, x1, y1, p]");
    if (!json_more(s, '[', &first) || !json_number(s, "p", &value) || json_more(s, '[', &first))
        return stream_fail(s, "a row is [x0, y0, x1, y1, p]");
    if (llabs(at[0] - at[2]) > 1 || llabs(at[1] - at[3]) > 1)
        return stream_fail(s, "[%" PRId64 ", %" PRId64 "] and [%" PRId64 ", %" PRId64 "] are no neighbours on a King's graph",
                           at[0], at[1], at[2], at[3]);
    d->zeros += value == 0;
    if (s->status || !draft_grow(s, d, d->count + 1))
        return false;
    d->entries[d->count++] = (problem_coupling){(uint32_t)(at[1] << 16 | at[0]), (uint32_t)(at[3] << 16 | at[2]), value};
    return true;
}

static bool read_model(matrix_stream *s, matrix_draft *d)
{
    bool first = true;
    if (!json_open(s, '[', "model"))
        return false;
    while (json_more(s, '[', &first))
        if (!read_row(s, d))
            return false;
    return !s->status;
}

/* The sites of the spins as the sidecar has them. */
static bool sites_of_sidecar(matrix_stream *s, const matrix_sidecar *c, king_site *sites)
{
    if (!c->width && c->pair_count != c->spins)
        return stream_fail(s, "the sidecar says neither `width` nor the sites of all spins");
    for (int64_t i = 0; i < c->spins; i++) {
        int64_t x = c->width ? i % c->width : c->pairs[i].first, y = c->width ? i / c->width : c->pairs[i].second;
        if (x > KING_MOST || y > KING_MOST)
            return stream_fail(s, "the sidecar places spin %" PRId64 " beyond any King's graph", i);
        sites[i] = (king_site){(uint32_t)(y << 16 | x), (uint32_t)i};
    }
    qsort(sites, (size_t)c->spins, sizeof *sites, by_site);
    return true;
}

/* The sites that are named, by rows. */
static int64_t sites_of_entries(const matrix_draft *d, king_site *sites)
{
    int64_t count = 0;
    for (int64_t k = 0; k < d->count; k++) {
        sites[2 * k] = (king_site){d->entries[k].first, 0};
        sites[2 * k + 1] = (king_site){d->entries[k].second, 0};
    }
    qsort(sites, (size_t)d->count * 2, sizeof *sites, by_site);
    for (int64_t k = 0; k < 2 * d->count; k++)
        if (!count || sites[count - 1].site != sites[k].site) {
            sites[count] = (king_site){sites[k].site, (uint32_t)count};
            count++;
        }
    return count;
}

static bool name_sites(matrix_stream *s, matrix_draft *d, const king_site *sites, int64_t count)
{
    char text[32];
    for (int64_t i = 0; i < count; i++) {
        int length = snprintf(text, sizeof text, "[%" PRIu32 ",%" PRIu32 "]", sites[i].site & 0xffff, sites[i].site >> 16);
        if (!names_add(s, &d->names, text, (size_t)length))
            return false;
    }
    return true;
}

static bool find_site(matrix_stream *s, const king_site *sites, int64_t count, uint32_t *site)
{
    king_site key = {*site, 0}, *found = bsearch(&key, sites, (size_t)count, sizeof *sites, by_site);
    if (!found)
        return stream_fail(s, "the site [%" PRIu32 ", %" PRIu32 "] is none of the sidecar's", *site & 0xffff, *site >> 16);
    *site = found->spin;
    return true;
}

static bool place_entries(matrix_stream *s, matrix_draft *d, const king_site *sites, int64_t count)
{
    for (int64_t k = 0; k < d->count; k++) {
        problem_coupling *c = &d->entries[k];
        if (!find_site(s, sites, count, &c->first) || !find_site(s, sites, count, &c->second))
            return false;
        if (c->first > c->second)
            *c = (problem_coupling){c->second, c->first, c->value};
    }
    return true;
}

static bool resolve_sites(matrix_stream *s, matrix_draft *d)
{
    int64_t count = d->sidecar ? d->sidecar->spins : 2 * d->count;
    if (d->sidecar && !draft_declare(s, d, count))
        return false;
    king_site *sites = memory_take(d->allocator, (size_t)count, sizeof *sites);
    if (!sites)
        return stream_no_memory(s);
    bool good = d->sidecar ? sites_of_sidecar(s, d->sidecar, sites) : true;
    int64_t used = d->sidecar ? count : sites_of_entries(d, sites);
    good =
        good && (d->sidecar || (draft_declare(s, d, used) && name_sites(s, d, sites, used))) && place_entries(s, d, sites, used);
    memory_release(d->allocator, sites, (size_t)count, sizeof *sites);
    return good;
}

bool hitachi_json_read(matrix_stream *s, matrix_draft *d)
{
    char key[JSON_STRING];
    unsigned seen = 0;
    bool first = true;
    if (!json_open(s, '{', "a request"))
        return false;
    while (json_key(s, &first, key))
        if (!(strcmp(key, "model") ? json_skip(s) : json_once(s, &seen, 1, key) && read_model(s, d)))
            return false;
    return json_end(s) && (seen || stream_fail(s, "no \"model\"")) && resolve_sites(s, d);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool neighbours(sidecar_pair a, sidecar_pair b)
{
    return llabs((int64_t)a.first - b.first) <= 1 && llabs((int64_t)a.second - b.second) <= 1;
}

static sidecar_pair site_at(int64_t spin, int64_t width)
{
    return (sidecar_pair){(uint32_t)(spin % width), (uint32_t)(spin / width)};
}

static bool width_fits(const problem *p, int64_t width)
{
    if (width < 1 || width > KING_MOST || (p->spins - 1) / width > KING_MOST)
        return false;
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (!neighbours(site_at(p->couplings[k].first, width), site_at(p->couplings[k].second, width)))
            return false;
    return true;
}

/* The farthest coupling by index goes down one row: to the left, straight or to the right. 0: no width fits. */
static int64_t find_width(const problem *p)
{
    int64_t farthest = 0;
    for (int64_t k = 0; k < p->coupling_count; k++) {
        int64_t distance = (int64_t)p->couplings[k].second - p->couplings[k].first;
        farthest = distance > farthest ? distance : farthest;
    }
    const int64_t candidates[] = {p->spins, 1024, farthest - 1, farthest, farthest + 1};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (width_fits(p, candidates[i]))
            return candidates[i];
    return 0;
}

/* The names as sites: all of them [x, y], and no two alike. */
static bool sites_of_names(matrix_sidecar *c, const problem *p, const matrix_names *names, king_site *sorted)
{
    for (int64_t i = 0; i < p->spins; i++) {
        unsigned x, y;
        int end = 0;
        const char *text = matrix_names_at(names, i);
        if (strlen(text) > 16 || sscanf(text, "[%u,%u]%n", &x, &y, &end) != 2 || text[end] || !end || x > KING_MOST ||
            y > KING_MOST)
            return false;
        sorted[i] = (king_site){y << 16 | x, (uint32_t)i};
        if (!sidecar_add_pair(NULL, c, x, y))
            return false;
    }
    qsort(sorted, (size_t)p->spins, sizeof *sorted, by_site);
    for (int64_t i = 1; i < p->spins; i++)
        if (sorted[i].site == sorted[i - 1].site)
            return false;
    for (int64_t k = 0; k < p->coupling_count; k++)
        if (!neighbours(c->pairs[p->couplings[k].first], c->pairs[p->couplings[k].second]))
            return false;
    c->pairs_key = "sites";
    return true;
}

static bool place(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    matrix_sidecar *c = sheet->sidecar;
    c->needed = true;
    if (sheet->names) {
        king_site *sorted = memory_take(p->allocator, (size_t)p->spins, sizeof *sorted);
        if (!sorted) {
            o->status = error_no_memory(o->error);
            return false;
        }
        bool named = sites_of_names(c, p, sheet->names, sorted);
        memory_release(p->allocator, sorted, (size_t)p->spins, sizeof *sorted);
        if (named)
            return true;
        c->pair_count = 0;
    }
    c->width = p->spins ? find_width(p) : 1;
    return c->width || output_refuse(o, "in no width of rows are all coupled spins neighbours on a King's graph, and other "
                                        "couplings have no place in this format; bqpjson, mtx and coo hold any");
}

static void write_row(matrix_output *o, const matrix_sidecar *c, bool *any, int64_t i, int64_t j, double value)
{
    sidecar_pair a = c->width ? site_at(i, c->width) : c->pairs[i], b = c->width ? site_at(j, c->width) : c->pairs[j];
    output_format(o, "%s[%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRId64 "]", *any ? "," : "", a.first, a.second,
                  b.first, b.second, (int64_t)value);
    *any = true;
}

bool hitachi_json_write(matrix_output *o, const matrix_sheet *sheet)
{
    const problem *p = sheet->p;
    bool any = false;
    if (!place(o, sheet))
        return false;
    output_text(o, "{\"type\":5,\"model\":[");
    int64_t k = 0;
    for (int64_t i = 0; i < p->spins; i++) {
        for (; k < p->coupling_count && p->couplings[k].first == i; k++)
            write_row(o, sheet->sidecar, &any, i, p->couplings[k].second, p->couplings[k].value / sheet->unit);
        if (p->fields[i] != 0)
            write_row(o, sheet->sidecar, &any, i, i, p->fields[i] / sheet->unit);
    }
    output_text(o, "]}\n");
    return !o->status;
}
