/* number.h - numbers as text, whatever the locale. */
#ifndef BACKENDS_MATRIX_NUMBER_H
#define BACKENDS_MATRIX_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NUMBER_MOST = 1100, /* bytes of a number's text, in either direction */
};

typedef enum number_fault {
    NUMBER_GOOD,
    NUMBER_MALFORMED,
    NUMBER_NOT_FINITE, /* nan, inf */
    NUMBER_TOO_LARGE,
    NUMBER_TOO_SMALL /* not 0, but nearest to 0 */
} number_fault;

/* [sign] digits with or without a point [exponent]; the nearest double. text[length] is writable for the call. */
number_fault number_read(char *text, size_t length, double *out);
const char *number_fault_text(number_fault fault); /* what to say of it */

/* 17 significant digits, as few characters as %.17g; whole numbers below 2^53 without exponent, and no -0. */
size_t number_write(char *out, double value);
/* The same value without exponent, with 6 decimals or as many as it needs. */
size_t number_write_plain(char *out, double value);

#endif
