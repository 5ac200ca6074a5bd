/* checksum.h - the mark that `isg compile` sets behind a shared object: that the file is whole.
 *
 * The loader maps what a file holds without a look at it; a damaged one crashes. So the last CHECKSUM_BYTES bytes are a magic
 * number, the count of the bytes before them, and a checksum of those, each little-endian in 64 bits. A file without the mark,
 * linked by hand from an object file, has none to check.
 */
#ifndef RUNTIME_CHECKSUM_H
#define RUNTIME_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CHECKSUM_BYTES = 24, CHECKSUM_BLOCK = 4096 };
#define CHECKSUM_MAGIC 0x454c4f4857475349ull /* "ISGWHOLE" */

/* Adds at most CHECKSUM_BLOCK bytes; all calls but the last take a whole block. Any change of one 64-bit word changes the sum:
 * each step is invertible. */
static inline uint64_t checksum_add(uint64_t sum, const char *bytes, size_t count)
{
    for (size_t at = 0; at < count; at += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, count - at < 8 ? count - at : 8);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 29;
    }
    return sum;
}

#endif
