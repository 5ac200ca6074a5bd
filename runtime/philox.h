/* philox.h - keyed random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011), a function of key and counter without any state.
 *
 * The runtime and the generated code draw from it alike:
 *   key of a read:  the first two words at counter (sample low, sample high, hamiltonian, read), key = seed
 *   a draw:         lane spin % 4 at counter (sweep, spin / 4, 0, 0), key of the read
 *   the start:      sweep PHILOX_START_SWEEP; the draw's top bit chooses the spin's upper value
 * Plain C without includes but stdint: the native backend compiles it to bitcode as well.
 */
#ifndef RUNTIME_PHILOX_H
#define RUNTIME_PHILOX_H

#include <stdint.h>

#define PHILOX_START_SWEEP 0xffffffffu

static inline void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The key of one read. */
static inline void philox_read_key(uint64_t seed, int64_t sample, uint32_t hamiltonian, uint32_t read, uint32_t key[2])
{
    uint32_t counter[4] = {(uint32_t)(uint64_t)sample, (uint32_t)((uint64_t)sample >> 32), hamiltonian, read};
    uint32_t seed_words[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, words[4];
    philox4x32(counter, seed_words, words);
    key[0] = words[0];
    key[1] = words[1];
}

/* The draws of spins 4 * block .. 4 * block + 3 in one sweep. */
static inline void philox_sweep_block(const uint32_t key[2], uint32_t sweep, uint32_t block, uint32_t out[4])
{
    uint32_t counter[4] = {sweep, block, 0, 0};
    philox4x32(counter, key, out);
}

#endif
