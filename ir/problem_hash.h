/* problem_hash.h - a name for a problem's numbers. */
#ifndef IR_PROBLEM_HASH_H
#define IR_PROBLEM_HASH_H

#include "ir/problem.h"
#include "ir/sha256.h"

/* SHA-256 of the problem in canonical form, so that files of any format that state the same problem share it: the line
 * "isinglass problem 1", a byte for the domain (0 binary, 1 spin), then little-endian the spins (64 bits), the fields
 * (doubles, zero without a sign), the number of couplings (64 bits), each as first, second (32 bits) and value, and the offset.
 */
void problem_hash(const problem *p, char text[SHA256_TEXT]);

#endif
