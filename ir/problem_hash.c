/* problem_hash.c - see problem_hash.h. */
#include "ir/problem_hash.h"

#include <string.h>

static void add_word(sha256 *h, uint64_t word, int bytes)
{
    uint8_t out[8];
    for (int i = 0; i < bytes; i++)
        out[i] = (uint8_t)(word >> (8 * i));
    sha256_add(h, out, (size_t)bytes);
}

static void add_number(sha256 *h, double value)
{
    uint64_t word;
    value = value == 0 ? 0 : value;
    memcpy(&word, &value, sizeof word);
    add_word(h, word, 8);
}

void problem_hash(const problem *p, char text[SHA256_TEXT])
{
    static const char title[] = "isinglass problem 1\n";
    sha256 h;
    sha256_open(&h);
    sha256_add(&h, title, sizeof title - 1);
    add_word(&h, p->domain == PROBLEM_SPIN, 1);
    add_word(&h, (uint64_t)p->spins, 8);
    for (int64_t i = 0; i < p->spins; i++)
        add_number(&h, p->fields[i]);
    add_word(&h, (uint64_t)p->coupling_count, 8);
    for (int64_t k = 0; k < p->coupling_count; k++) {
        add_word(&h, p->couplings[k].first, 4);
        add_word(&h, p->couplings[k].second, 4);
        add_number(&h, p->couplings[k].value);
    }
    add_number(&h, p->offset);
    sha256_close(&h, text);
}
