/* sha256.h - SHA-256 (FIPS 180-4), by which results name the problem that they answer. */
#ifndef IR_SHA256_H
#define IR_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_TEXT = 65 };

typedef struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} sha256;

void sha256_open(sha256 *h);
void sha256_add(sha256 *h, const void *bytes, size_t length);

/* The digest in lower-case hexadecimal digits, NUL-terminated. The hash is spent. */
void sha256_close(sha256 *h, char text[SHA256_TEXT]);

#endif
