/* number.c - see number.h. */
#include "backends/matrix/number.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* glibc's "C" locale is a constant, so making it neither fails nor needs to be undone. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef struct decimal {
    uint64_t digits;
    int count;     /* significant digits in `digits`, from the first that is not 0 */
    int64_t power; /* of ten */
    bool any, nonzero;
} decimal;

static const char *read_digits(const char *at, const char *end, decimal *d, bool fraction)
{
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        d->any = true;
        d->nonzero |= *at != '0';
        if (d->nonzero && d->count++ < 19)
            d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        d->power -= fraction;
    }
    return at;
}

static const char *read_exponent(const char *at, const char *end, decimal *d)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    bool negative = at < end && *at == '-';
    at += at < end && (*at == '-' || *at == '+');
    int64_t exponent = 0;
    if (at == end)
        return NULL;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        exponent = exponent < 100000 ? exponent * 10 + (*at - '0') : exponent;
    d->power += negative ? -exponent : exponent;
    return at;
}

static bool is_not_finite(const char *at, size_t length)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == length && !strncasecmp(at, words[i], length))
            return true;
    return false;
}

number_fault number_read(char *text, size_t length, double *out)
{
    /* Powers of ten that doubles hold; with at most 15 digits one rounding is left (Clinger 1990). */
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text, *end = text + length;
    bool negative = length && *at == '-';
    at += length && (*at == '-' || *at == '+');
    if (is_not_finite(at, (size_t)(end - at)))
        return NUMBER_NOT_FINITE;
    decimal d = {0};
    at = read_digits(at, end, &d, false);
    if (at < end && *at == '.')
        at = read_digits(at + 1, end, &d, true);
    at = d.any ? read_exponent(at, end, &d) : NULL;
    if (at != end)
        return NUMBER_MALFORMED;
    double value;
    if (d.count <= 15 && d.power >= -22 && d.power <= 22) {
        value = (double)d.digits;
        value = d.power < 0 ? value / powers[-d.power] : value * powers[d.power];
        *out = negative ? -value : value;
        return NUMBER_GOOD;
    }
    char after = text[length];
    text[length] = '\0';
    value = strtod_l(text, NULL, c_locale());
    text[length] = after;
    *out = value;
    return isinf(value) ? NUMBER_TOO_LARGE : value == 0 && d.nonzero ? NUMBER_TOO_SMALL : NUMBER_GOOD;
}

const char *number_fault_text(number_fault fault)
{
    static const char *const texts[] = {
        [NUMBER_GOOD] = "a number",
        [NUMBER_MALFORMED] = "is not a number",
        [NUMBER_NOT_FINITE] = "is not a finite number",
        [NUMBER_TOO_LARGE] = "is beyond double's range",
        [NUMBER_TOO_SMALL] = "is not 0, but nearer to it than any double",
    };
    return texts[fault];
}

/* ---- writing --------------------------------------------------------------------------------- */

static size_t write_whole(char *out, double value)
{
    char digits[24];
    size_t count = 0, length = 0;
    uint64_t rest = (uint64_t)fabs(value);
    do
        digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        out[length++] = '-';
    while (count)
        out[length++] = digits[--count];
    out[length] = '\0';
    return length;
}

static bool is_whole(double value)
{
    return fabs(value) < 0x1p53 && value == floor(value);
}

size_t number_write(char *out, double value)
{
    if (is_whole(value))
        return write_whole(out, value);
    locale_t before = uselocale(c_locale());
    int length = snprintf(out, NUMBER_MOST, "%.17g", value);
    uselocale(before);
    return (size_t)length;
}

size_t number_write_plain(char *out, double value)
{
    int decimals = 6;
    size_t length;
    if (is_whole(value)) {
        length = write_whole(out, value);
        memcpy(out + length, ".000000", 8);
        return length + 7;
    }
    locale_t before = uselocale(c_locale());
    int exponent;
    frexp(value, &exponent); /* the decimal exponent is at least floor((exponent - 1) log10(2)) */
    int digits = 17 - (int)floor((exponent - 1) * 0.30102999566398120);
    decimals = digits > decimals ? digits : decimals;
    length = (size_t)snprintf(out, NUMBER_MOST, "%.*f", decimals, value);
    uselocale(before);
    while (decimals > 6 && out[length - 1] == '0')
        length--, decimals--;
    out[length] = '\0';
    return length;
}
